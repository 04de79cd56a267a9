// The table of the explorer: values at x, and below them what is measured.

import { element } from "./controls.js";
import { ORDERS } from "./curves.js";
import { FACTS } from "./facts.js";
import { shown } from "./plot.js";

export const MARKS = ["f", "f′", "f″"];
export const DIGITS = 4;

// What f, f′ and f″ of a function are at x, as they are read.
export const valuesAt = ({ record, p }, x) => ORDERS.map((order) => shown(record[order](x, p), DIGITS));

const row = (title, cells) => element("tr", {}, element("th", { scope: "row", textContent: title }), ...cells);

const heading = (node, columns) =>
  element("tr", {}, element("th", { scope: "rowgroup", colSpan: columns + 1 }, node));

const factCell = (lines) => element("td", {}, ...lines.map((text) => element("div", { textContent: text })));

// A table, and a function that fills it: what moves with x is written into the cells that are there.
export const tableFor = () => {
  const table = element("table", { className: "live-table" });
  const place = element("span");
  let cells = [];
  let columns = "";

  const build = (functions) => {
    const width = functions.length;
    const heads = functions.map(({ label }) => element("th", { scope: "col", textContent: label }));
    const measured = functions.some(({ changed }) => changed)
      ? "measured with the default parameters, not with those above"
      : "measured";
    cells = MARKS.map(() => functions.map(() => element("td")));
    const titles = Object.keys(FACTS[functions[0].name]);
    table.replaceChildren(
      element("thead", {}, element("tr", {}, element("td"), ...heads)),
      element("tbody", {}, heading(place, width), ...MARKS.map((mark, order) => row(`${mark}(x)`, cells[order]))),
      element("tbody", {}, heading(measured, width),
        ...titles.map((title) => row(title, functions.map(({ name }) => factCell(FACTS[name][title]))))),
    );
  };

  const fill = ({ functions, x }) => {
    const labels = JSON.stringify(functions.map(({ label }) => label));
    if (labels !== columns) build(functions);
    columns = labels;
    place.textContent = `at x = ${shown(x, DIGITS)}`;
    functions.forEach((each, column) =>
      valuesAt(each, x).forEach((text, order) => (cells[order][column].textContent = text)));
  };
  return { table, fill };
};
