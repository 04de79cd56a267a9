// A quiz: each question is a form of its own, and what is said to an answer is announced.

import { button, element, quiet } from "./controls.js";

// Typeset formulas: in JupyterLab by its own typesetter, in a page by MathJax, which loads after this script and cannot
// do two things at once.
const typeset = async (model, node) => {
  if (!node.querySelector(".math")) return;
  const ofLab = model.widget_manager?._rendermime?.latexTypesetter;
  if (ofLab) return ofLab.typeset(node);
  if (document.readyState !== "complete") await new Promise((done) => addEventListener("load", done, { once: true }));
  const { startup, typesetPromise } = window.MathJax ?? {};
  if (!startup) return;
  startup.promise = startup.promise.then(() => typesetPromise([node])).catch(console.error);
  return startup.promise;
};

const status = (className) => {
  const node = element("p", { className });
  node.setAttribute("role", "status");
  return node;
};

// The form of a question. `say(answer, place)` shows what is said to an answer, `heard(right)` counts the first one.
const questionForm = ({ text, answers }, number, { prepared, heard }) => {
  const inputs = answers.map(() => quiet(element("input", { type: "radio", name: "answer" })));
  const choices = answers.map((answer, place) =>
    element("label", { className: "live-answer" }, inputs[place], element("span", { innerHTML: answer.text })),
  );
  const said = status("live-said");
  const check = quiet(element("button", { type: "submit", textContent: "Check" }));
  const legend = element("legend", {}, `${number}. `, element("span", { innerHTML: text }));
  const form = element("form", {}, element("fieldset", {}, legend, ...choices), check, said);
  const say = (verdict, ...rest) => {
    said.replaceChildren(element("strong", { textContent: verdict }), ...rest);
    said.dataset.verdict = verdict;
  };
  const clear = () => {
    said.replaceChildren();
    delete said.dataset.verdict;
  };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const answer = answers[inputs.findIndex((input) => input.checked)];
    if (!answer) return say("Choose an answer first.");
    const feedback = await prepared(answer.feedback);
    // A reader may have chosen anew while the formulas were set.
    if (answer !== answers[inputs.findIndex((input) => input.checked)]) return;
    say(answer.right ? "Right." : "No.", " ", ...feedback);
    heard(Boolean(answer.right));
  });
  form.addEventListener("change", clear);
  form.addEventListener("reset", clear);
  return form;
};

export const render = ({ model, el }) => {
  const questions = model.get("questions");
  // Formulas are set here, out of sight, so that what is announced arrives whole.
  const workshop = element("div", { className: "live-unseen" });
  const prepared = async (html) => {
    const holder = element("span", { innerHTML: html });
    workshop.append(holder);
    await typeset(model, holder);
    holder.remove();
    return holder.childNodes;
  };

  const first = new Map(); // of each question, whether the first answer was right
  const score = status("live-score");
  const again = button("Start again", () => {
    first.clear();
    for (const form of forms) form.reset();
    count();
    forms[0].querySelector("input").focus();
  });
  const count = () => {
    const right = [...first.values()].filter(Boolean).length;
    const left = questions.length - first.size;
    score.textContent = first.size
      ? `Right at the first try: ${right} of ${first.size}. ${left ? `${left} to go.` : "That was the last question."}`
      : "";
    again.hidden = first.size === 0;
  };
  const forms = questions.map((question, place) =>
    questionForm(question, place + 1, {
      prepared,
      heard(right) {
        if (first.has(place)) return;
        first.set(place, right);
        count();
      },
    }),
  );
  count();
  const quiz = element("div", { className: "live live-quiz" }, ...forms, score, again, workshop);
  el.append(quiz);
  typeset(model, quiz);
};
