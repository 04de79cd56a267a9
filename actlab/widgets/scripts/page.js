// A figure in a page of the book, where no kernel is: its state stands in the page, and what a reader changes goes into
// the address, so that a link shows what was seen.

import { addressOf, admitted, queryFor } from "./address.js";

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

// Give the model what an address says, and what the page had where it says nothing.
const apply = (model, stored, query) => {
  for (const [name, value] of Object.entries(admitted(stored, query))) model.set(name, value);
  model.save_changes();
};

// Browsers refuse to be told of every frame of a drag.
const QUIET = 200;

const follow = (id, model, stored, link) => {
  let waiting = 0;
  const write = () => {
    link.href = addressOf(id, stored, model.get);
    // On a file:// page, too, the part behind # may change.
    history.replaceState(history.state, "", link.href);
  };
  model.on("change", () => {
    clearTimeout(waiting);
    waiting = setTimeout(write, QUIET);
  });
  link.href = addressOf(id, stored, model.get);
};

// --- Mounting --------------------------------------------------------------------------------------------------------

const mount = (figure, render) => {
  const stored = JSON.parse(figure.querySelector("script[type='application/json']").textContent);
  const still = figure.querySelector("img, .live-still");
  const model = plainModel(stored);
  const given = queryFor(figure.id, location.hash);
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
  if (Object.keys(stored.fields).length === 0) return; // nothing that an address could hold
  const link = Object.assign(document.createElement("a"), { className: "live-link", textContent: "Link to this state" });
  follow(figure.id, model, stored, link);
  el.append(link);
  // Of the event, since `write` may have come between: then the address is another one already.
  addEventListener("hashchange", ({ newURL }) => {
    const next = queryFor(figure.id, new URL(newURL).hash);
    if (next) apply(model, stored, next);
  });
  if (given) figure.scrollIntoView();
};

// Start every figure of the page that is drawn by `render`.
export const start = (name, render) => {
  const figures = `.live-figure[data-figure="${name}"]`;
  const all = () => document.querySelectorAll(figures).forEach((figure) => mount(figure, render));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", all);
  else all();
};
