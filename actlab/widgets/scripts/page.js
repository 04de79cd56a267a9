// A figure in a page of the book, where no kernel is: its state stands in the page, and what a reader changes goes into
// the address, so that a link shows what was seen.

import { admissible } from "./controls.js";

// What a widget's `render` needs of a model, and no kernel behind it.
const plainModel = (state) => {
  const values = { ...state };
  const listeners = new Map();
  const of = (event) => listeners.get(event) ?? listeners.set(event, new Set()).get(event);
  let changed = new Set();
  return {
    get: (name) => values[name],
    set(name, value) {
      if (Object.is(values[name], value)) return;
      values[name] = value;
      changed.add(name);
      for (const listener of [...of(`change:${name}`)]) listener();
    },
    save_changes() {
      if (changed.size === 0) return;
      changed = new Set();
      for (const listener of [...of("change")]) listener();
    },
    on: (event, listener) => of(event).add(listener),
    off: (event, listener) => (listener ? of(event).delete(listener) : of(event).clear()),
    send() {},
  };
};

// --- The address: #figure?name=value&..., with the values that differ from those of the page --------------------------

const read = (id) => {
  const [name, query] = decodeURI(location.hash.slice(1)).split("?");
  return name === id && query !== undefined ? new URLSearchParams(query) : null;
};

const written = (value) =>
  typeof value === "object" ? Object.entries(value).map(([key, number]) => `${key}:${number}`).join(",") : String(value);

const parsed = (field, text) => {
  if (field.kind === "choice") return text;
  if (field.kind === "numbers") return Object.fromEntries(text.split(",").map((part) => part.split(":")).map(([key, value]) => [key, Number(value)]));
  if (field.kind === "switch") return text === "true" ? true : text === "false" ? false : undefined;
  return text.trim() === "" ? undefined : Number(text);
};

// Apply what the address says. Of what is not admissible nothing is taken.
const apply = (model, stored, given) => {
  for (const [name, field] of Object.entries(stored.fields)) {
    const value = given.has(name) ? admissible(field, parsed(field, given.get(name))) : stored[name];
    if (value !== undefined) model.set(name, value);
  }
  model.save_changes();
};

const addressOf = (id, model, stored) => {
  const query = new URLSearchParams();
  for (const name of Object.keys(stored.fields)) {
    const value = model.get(name);
    if (written(value) !== written(stored[name])) query.set(name, written(value));
  }
  const text = String(query);
  return `#${id}${text ? `?${text}` : ""}`;
};

// Browsers refuse to be told of every frame of a drag.
const QUIET = 200;

const follow = (id, model, stored, link) => {
  let waiting = 0;
  const write = () => {
    link.href = addressOf(id, model, stored);
    // On a file:// page, too, the part behind # may change.
    history.replaceState(history.state, "", link.href);
  };
  model.on("change", () => {
    clearTimeout(waiting);
    waiting = setTimeout(write, QUIET);
  });
  link.href = addressOf(id, model, stored);
};

// --- Mounting ---------------------------------------------------------------------------------------------------------

const mount = (figure, render) => {
  const stored = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const still = figure.querySelector("img");
  const model = plainModel(stored);
  const given = read(figure.id);
  if (given) apply(model, stored, given);
  const el = document.createElement("div");
  try {
    render({ model, el });
  } catch (error) {
    console.error(error);
    figure.append(Object.assign(document.createElement("p"), {
      className: "live-failed", textContent: `This figure could not start, and stands still: ${error.message}`,
    }));
    return;
  }
  still.replaceWith(el);
  const link = Object.assign(document.createElement("a"), { className: "live-link", textContent: "Link to this state" });
  follow(figure.id, model, stored, link);
  el.append(link);
  addEventListener("hashchange", () => {
    const next = read(figure.id);
    if (next) apply(model, stored, next);
  });
  if (given) figure.scrollIntoView();
};

// Start every figure of the page that is drawn by `render`.
export const start = (name, render) => {
  const all = () => document.querySelectorAll(`.live-figure[data-figure="${name}"]`).forEach((figure) => mount(figure, render));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
};
