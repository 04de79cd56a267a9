// Puts a search and three choices above the table of claims. Without this script the whole table is there to be read.
window.addEventListener("DOMContentLoaded", () => {
  const table = document.querySelector("table.claims");
  if (!table) return;
  const textOf = (element) => element.textContent.trim().replace(/\s+/g, " ");
  const rows = [...table.tBodies[0].rows].map((row) => ({
    row,
    text: textOf(row).toLowerCase(),
    about: [...row.querySelectorAll(".about li")].map(textOf),
    verdict: [textOf(row.querySelector(".verdict"))],
    source: [...row.querySelectorAll(".source li")].map(textOf),
  }));

  const form = document.createElement("form");
  form.className = "claims-filter";
  form.setAttribute("role", "search");
  form.setAttribute("aria-label", "Claims");
  // A label around its control needs no id, which might stand on the page already.
  const labelled = (title, control) => {
    const label = document.createElement("label");
    label.append(title, control);
    form.append(label);
    return control;
  };

  const search = labelled("Search for", document.createElement("input"));
  search.type = "search";
  const choice = (title, key, sorted) => {
    const counts = new Map();
    rows.flatMap((entry) => entry[key]).forEach((value) => counts.set(value, (counts.get(value) ?? 0) + 1));
    const select = labelled(title, document.createElement("select"));
    select.add(new Option("all", ""));
    // The verdicts keep the order of the table.
    const values = sorted ? [...counts.keys()].sort((a, b) => a.localeCompare(b)) : [...counts.keys()];
    values.forEach((value) => select.add(new Option(`${value} (${counts.get(value)})`, value)));
    return [key, select];
  };
  const choices = [
    choice("Function or subject", "about", true),
    choice("Verdict", "verdict", false),
    choice("Said by", "source", true),
  ];
  const reset = document.createElement("button");
  reset.type = "reset";
  reset.textContent = "Show all";
  const count = document.createElement("p");
  count.setAttribute("role", "status");
  form.append(reset, count);
  table.before(form);

  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/);
    let shown = 0;
    rows.forEach((entry) => {
      const fits =
        words.every((word) => entry.text.includes(word)) &&
        choices.every(([key, select]) => !select.value || entry[key].includes(select.value));
      entry.row.hidden = !fits;
      shown += fits;
    });
    count.textContent = `${shown} of ${rows.length} shown`;
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  // The controls are empty only after the event.
  form.addEventListener("reset", () => setTimeout(show));
  // A link to a row that is hidden would lead nowhere.
  window.addEventListener("hashchange", () => {
    const row = document.querySelector("tr:target");
    if (!row?.hidden) return;
    form.reset();
    setTimeout(() => row.scrollIntoView());
  });
  show();
});
