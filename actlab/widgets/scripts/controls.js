// Labelled inputs for the traits of a figure, as its `fields` describe them: limits and choices stand in Python alone.

import { shown } from "./plot.js";

export const element = (name, properties = {}, ...children) => {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
};

// JupyterLab would take the arrow keys for itself, unless the input says otherwise.
export const quiet = (node) => {
  node.dataset.lmSuppressShortcuts = "true";
  return node;
};

const change = (model, name, value) => {
  if (Object.is(model.get(name), value)) return;
  model.set(name, value);
  model.save_changes();
};

// The input says its value itself: to a screen reader this one would be part of the label, and news at every step.
const shownValue = () => {
  const output = element("output");
  output.setAttribute("aria-hidden", "true");
  return output;
};

const labelled = (field, ...inputs) =>
  element("label", { className: "live-control" }, element("span", { textContent: field.label }), ...inputs);

const bound = (model, name, show) => {
  model.on(`change:${name}`, show);
  show();
};

const choice = (model, name, field, { group }) => {
  const select = quiet(element("select"));
  const groups = new Map();
  for (const value of field.values) {
    const option = element("option", { value, textContent: field.names?.[value] ?? value });
    const key = group?.(value);
    if (key === undefined) select.append(option);
    else {
      if (!groups.has(key)) groups.set(key, element("optgroup", { label: key }));
      groups.get(key).append(option);
    }
  }
  select.append(...groups.values());
  select.addEventListener("change", () => change(model, name, select.value));
  bound(model, name, () => (select.value = model.get(name)));
  return labelled(field, select);
};

const STEPS = 400; // positions of a logarithmic slider

// The largest of 1, 2 or 5 times a power of ten that is no more than a number: steps between which round numbers lie.
const roundDown = (rough) => {
  const power = 10 ** Math.floor(Math.log10(rough) + 1e-9);
  return [5, 2, 1].find((factor) => factor * power <= rough * (1 + 1e-9)) * power;
};

const slider = (model, name, field) => {
  const { low, high, log } = field;
  const step = field.step ?? (field.kind === "whole" ? 1 : roundDown((high - low) / 160));
  const toSlider = log
    ? (value) => Math.round((STEPS * Math.log(value / low)) / Math.log(high / low))
    : (value) => value;
  const fromSlider = log
    ? (place) => Number((low * (high / low) ** (place / STEPS)).toPrecision(3))
    : (place) => Number(place.toPrecision(12));
  const range = log ? { min: 0, max: STEPS, step: 1 } : { min: low, max: high, step };
  const input = quiet(element("input", { type: "range", ...range }));
  const output = shownValue();
  input.addEventListener("input", () => change(model, name, fromSlider(input.valueAsNumber)));
  bound(model, name, () => {
    const value = model.get(name);
    input.value = toSlider(value);
    output.textContent = shown(value);
    input.setAttribute("aria-valuetext", shown(value));
  });
  return labelled(field, input, output);
};

// Whole numbers of a wide range are typed rather than found on a slider.
const entry = (model, name, field) => {
  const input = quiet(element("input", { type: "number", min: field.low, max: field.high, step: 1, required: true }));
  input.addEventListener("change", () => {
    const value = admissible(field, input.valueAsNumber);
    if (value !== undefined) change(model, name, value);
    input.value = model.get(name);
  });
  bound(model, name, () => (input.value = model.get(name)));
  return labelled(field, input);
};

const tick = (model, name, field) => {
  const input = quiet(element("input", { type: "checkbox" }));
  input.addEventListener("change", () => change(model, name, input.checked));
  bound(model, name, () => (input.checked = model.get(name)));
  return labelled(field, input);
};

const WIDE = 1000;
const CONTROLS = {
  choice,
  number: slider,
  whole: (model, name, field) => (field.high - field.low > WIDE ? entry : slider)(model, name, field),
  switch: tick,
};

// The control of a trait. `group(value)` gives the heading under which a choice is listed; `label` another label.
export const control = (model, name, { group, label } = {}) => {
  const field = model.get("fields")[name];
  return CONTROLS[field.kind](model, name, label ? { ...field, label } : field, { group });
};

// A choice among what is no trait of its own: `chosen(value)` is called with it. `show(value)` of the result shows one
// as chosen, and, where it is given none, the words `none`.
export const menu = ({ label, values, names, none, chosen }) => {
  const select = quiet(element("select"));
  select.append(
    element("option", { value: "", textContent: none, disabled: true }),
    ...values.map((value) => element("option", { value, textContent: names[value] })),
  );
  select.addEventListener("change", () => chosen(select.value));
  return { element: labelled({ label }, select), show: (value = "") => (select.value = value) };
};

export const button = (text, pressed) => {
  const node = quiet(element("button", { type: "button", className: "live-button", textContent: text }));
  node.addEventListener("click", pressed);
  return node;
};

// The value that a field takes for one that a link or a person gave: within its limits, a whole number on a step of its
// slider; undefined where there is none.
export const admissible = (field, value) => {
  if (field.kind === "choice") return field.values.includes(value) ? value : undefined;
  if (field.kind === "switch") return typeof value === "boolean" ? value : undefined;
  if (field.kind === "numbers") return Object.values(value).every(Number.isFinite) ? value : undefined;
  if (typeof value !== "number" || Number.isNaN(value)) return undefined;
  const within = Math.min(field.high, Math.max(field.low, value));
  const { low, step = 1 } = field;
  return field.kind === "whole" ? low + step * Math.round((within - low) / step) : within;
};
