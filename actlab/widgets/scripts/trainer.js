// The cosine-fit trainer: one network that is watched, many whose final losses are counted.

import { SETTINGS, cosineFit, followed } from "./cosine.js";
import { button, control, element } from "./controls.js";
import { FUNCTIONS } from "./functions.js";
import { ensemble } from "./ensemble.js";
import { shown } from "./plot.js";
import { pictures, unitStates } from "./trainer_plots.js";

const FRAMES = 300; // of a whole run that is watched
const SLICE = 12; // milliseconds of computing between two frames

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

export const render = ({ model, el }) => {
  let network = null;
  let frame = 0;
  let running = false;
  let reached = 0; // by the run itself

  const plots = pictures(model);
  const units = element("ul", { className: "live-units" });
  const numbers = element("p", { className: "live-numbers" });
  const status = element("p", { className: "live-status", role: "status" });

  const numbersText = () => `epoch ${network.epoch}, loss ${shown(network.course.at(-1))}`;

  const draw = () => {
    numbers.textContent = `At ${numbersText()}`;
    units.replaceChildren(...unitStates(network).map((text) => element("li", { textContent: text })));
    plots.draw(network);
  };

  // Said aloud, and so only when something has come to an end.
  const announce = () => {
    const lost = network.deadSince.filter((since) => since !== null).length;
    const dead = lost ? `, ${lost} of ${network.deadSince.length} units dead` : "";
    const done = Number.isFinite(network.course.at(-1)) ? "Trained" : "Diverged";
    status.textContent = `${network.epoch === 0 ? "Not trained yet" : done}: ${numbersText()}${dead}.`;
    plots.describe(network);
  };

  const restart = () => (network = followed(cosineFit(model)(model.get("network"))));

  // Train up to the epoch that is asked for, from the beginning where that is behind; the page stays awake.
  const approach = () => {
    cancelAnimationFrame(frame);
    const goal = model.get("epoch");
    if (network.epoch > goal) restart();
    const until = performance.now() + SLICE;
    while (network.epoch < goal && performance.now() < until) network.advance();
    const arrived = network.epoch === goal;
    if (arrived || !still()) draw();
    if (!arrived) frame = requestAnimationFrame(approach);
    else if (running) frame = requestAnimationFrame(onwards);
    else announce();
  };

  const onwards = () => {
    const epochs = model.get("epochs");
    const next = Math.min(epochs, model.get("epoch") + Math.ceil(epochs / FRAMES));
    if (next === epochs) stop();
    reached = next;
    model.set("epoch", next);
    if (next === epochs) model.save_changes();
  };

  const go = (epoch) => {
    stop();
    if (model.get("epoch") === epoch) approach();
    else model.set("epoch", epoch);
    model.save_changes(); // of the frames of a run, too
  };

  const start = () => {
    const epochs = model.get("epochs");
    if (still()) return go(epochs);
    if (model.get("epoch") >= epochs) model.set("epoch", 0);
    running = true;
    run.textContent = "Pause";
    status.textContent = `Training for ${epochs} epochs.`;
    onwards();
  };

  const stop = () => {
    running = false;
    run.textContent = "Run";
  };

  const run = button("Run", () => (running ? go(model.get("epoch")) : start()));
  const last = model.get("fields").epoch.high;
  const step = button("Step", () => go(Math.min(last, model.get("epoch") + 1)));
  const rewind = button("Rewind", () => go(0));
  const many = ensemble(model);

  for (const name of [...SETTINGS, "network"]) {
    model.on(`change:${name}`, () => {
      restart();
      approach();
    });
  }
  model.on("change:epoch", () => {
    if (model.get("epoch") !== reached) stop(); // a link, a slider or a kernel asks for another
    approach();
  });
  model.on("change:epochs", draw);

  const { activations } = model.get("experiment");
  el.classList.add("live");
  el.append(
    element(
      "div",
      { className: "live-controls" },
      control(model, "activation", { group: (name) => FUNCTIONS[activations[name].name].family }),
      ...["hidden", "initialiser", "inputs", "optimiser", "learning_rate"].map((name) => control(model, name)),
    ),
    element(
      "div",
      { className: "live-controls" },
      ...["seed", "network", "epochs"].map((name) => control(model, name)),
    ),
    element("div", { className: "live-controls" }, run, step, rewind, control(model, "epoch"), numbers),
    element("div", { className: "live-layout" }, ...plots.elements, element("div", {}, units, status)),
    many.element,
  );
  restart();
  approach();
  return () => {
    stop();
    cancelAnimationFrame(frame);
    many.end();
  };
};
