// The function explorer: f above, f′ and f″ below, a place x that is dragged, and what is known of the functions.

import { button, control, element } from "./controls.js";
import { ORDERS, fitting, heights, sampled, shaded } from "./curves.js";
import { DIGITS, MARKS, tableFor, valuesAt } from "./explorer_table.js";
import { FLAT } from "./facts.js";
import { FUNCTIONS } from "./functions.js";
import { COLOURS, SERIES } from "./palette.js";
import { plot, shown } from "./plot.js";

const SWITCHES = ["f", "df", "d2f"];
const DASHES = [undefined, "7 4", "2 3"];
// The colour of a second function that would have that of the first.
const INSTEAD = [SERIES[12], SERIES[3]];
const QUIET = 400; // milliseconds without a change, after which the change is told

const ROLES = [
  { trait: "function", own: "parameters" },
  { trait: "compare", own: "compare_parameters" },
];

// What is drawn: one or two functions, the window, the place. What an address may hold and does not fit is left out.
const seen = (model) => {
  const reach = model.get("reach");
  const functions = ROLES.filter(({ trait }) => Object.hasOwn(FUNCTIONS, model.get(trait))).map(({ trait, own }) => {
    const name = model.get(trait);
    const record = FUNCTIONS[name];
    const p = fitting(record, model.get(own));
    const changed = Object.entries(p).filter(([key, value]) => value !== record.parameters[key].default);
    const values = changed.map(([key, value]) => `${key} = ${shown(value)}`).join(", ");
    return { name, record, p, changed: values, label: values ? `${name} (${values})` : name, colour: COLOURS[name] };
  });
  const [first, second] = functions;
  if (second) second.colour = [second.colour, ...INSTEAD].find(([light]) => light !== first.colour[0]);
  const x = Math.min(reach, Math.max(-reach, model.get("x")));
  return { functions, reach, x, orders: SWITCHES.map((name) => model.get(name)) };
};

// --- Drawing ---------------------------------------------------------------------------------------------------------

// Samples and shades of a function, kept until what they depend on changes: a drag of x leaves them as they are.
const keeper = () => {
  const kept = new Map();
  return ({ name, record, p }, reach) => {
    const key = JSON.stringify([name, p, reach]);
    if (!kept.has(key)) {
      if (kept.size > 8) kept.clear();
      const curves = ORDERS.map((order) => sampled(record, p, order, -reach, reach));
      kept.set(key, { curves, shades: shaded(record, p, FLAT) });
    }
    return kept.get(key);
  };
};

const layersOf = ({ functions, reach, x }, orders, keep, nameShade) => {
  const [back, layers, values] = [[], [{ kind: "rule", y: 0 }, { kind: "rule", x }], []];
  for (const each of functions) {
    const { record, p, colour, label } = each;
    const { curves, shades } = keep(each, reach);
    for (const [low, high] of shades) {
      back.push({ kind: "shade", low, high, colour });
    }
    for (const order of orders) {
      const { xs, ys, jumps } = curves[order];
      const ends = { kind: "points", xs: jumps.map(({ at }) => at), colour, radius: 3.5 };
      values.push(...ys);
      layers.push(
        { kind: "curve", xs, ys, colour, dash: DASHES[order], name: order ? `${label} ${MARKS[order]}` : label },
        { ...ends, ys: jumps.map(({ value }) => value) },
        { ...ends, ys: jumps.map(({ other }) => other), hollow: true },
        { kind: "points", xs: [x], ys: [record[ORDERS[order]](x, p)], colour, radius: 5 },
      );
    }
    if (orders.includes(0)) {
      const [height, slope] = [record.value(x, p), record.derivative(x, p)];
      const named = layers.some(({ name }) => name === "tangent");
      layers.push({
        kind: "curve", xs: [-reach, reach], ys: [-reach, reach].map((at) => height + slope * (at - x)),
        dash: "2 3", width: 1.5, name: named ? undefined : "tangent",
      });
    }
  }
  if (nameShade && back.length) back[0].name = `slope 0, or below ${FLAT} in size out to infinity`;
  const label = orders.map((order) => MARKS[order]).join(", ");
  return { layers: [...back, ...layers], y: { ...heights(values, reach), label } };
};

// --- Words -----------------------------------------------------------------------------------------------------------

const said = ({ functions, x }) =>
  functions
    .map((each) => {
      const [value, slope, second] = valuesAt(each, x);
      return `${each.label} at x = ${shown(x, DIGITS)}: value ${value}, slope ${slope}, second derivative ${second}.`;
    })
    .join(" ");

const description = (state, orders) => {
  const kinds = orders.map((order) => ["value", "slope", "second derivative"][order]).join(" and ");
  const courses = state.functions.map((each) => {
    const ends = [-state.reach, state.reach].map((x) => orders.map((order) => valuesAt(each, x)[order]).join(" and "));
    return `${each.label}, from ${ends[0]} at the left end to ${ends[1]} at the right`;
  });
  const window = `for x from ${shown(-state.reach)} to ${shown(state.reach)}`;
  return `Graph of the ${kinds}, ${window}: ${courses.join("; ")}. ${said(state)}`;
};

// --- Controls --------------------------------------------------------------------------------------------------------

// A number that is no trait of its own as a model of just that: `field` says its limits, `read` and `write` what it is.
const part = (model, trait, field, read, write) => {
  const listeners = [];
  return {
    get: (name) => (name === "fields" ? { part: field } : read()),
    set: (name, value) => write(value),
    save_changes: () => model.save_changes(),
    on(event, listener) {
      listeners.push(listener);
      model.on(`change:${trait}`, listener);
    },
    leave: () => listeners.forEach((listener) => model.off(`change:${trait}`, listener)),
  };
};

// Sliders for the parameters of the function that `trait` names, made anew when it names another.
const parameterControls = (model, { trait, own }) => {
  const box = element("div", { className: "live-controls live-parameters" });
  let parts = [];
  const build = () => {
    parts.forEach((each) => each.leave());
    const name = model.get(trait);
    const { parameters } = FUNCTIONS[name] ?? { parameters: {} };
    parts = Object.entries(parameters).map(([key, { low, high, default: initial }]) =>
      part(model, own, { kind: "number", low, high, label: `${name}: ${key}` },
        () => fitting(FUNCTIONS[name], model.get(own))[key] ?? initial,
        (value) => {
          const { [key]: _, ...others } = fitting(FUNCTIONS[name], model.get(own));
          model.set(own, value === initial ? others : { ...others, [key]: value });
        }));
    const reset = button("Defaults", () => {
      model.set(own, {});
      model.save_changes();
    });
    reset.setAttribute("aria-label", `Defaults of ${name}`);
    box.replaceChildren(...parts.map((each) => control(each, "part")), ...(parts.length ? [reset] : []));
  };
  // Parameters that the next function has too stay as they are, as in Python.
  model.on(`change:${trait}`, () => {
    const record = FUNCTIONS[model.get(trait)];
    model.set(own, record ? fitting(record, model.get(own)) : {});
    build();
  });
  build();
  return box;
};

// The slider of x, as wide as the axes above it, made anew when these reach less far or farther.
const placeControl = (model) => {
  const box = element("div", { className: "live-along" });
  let place = null;
  const build = () => {
    place?.leave();
    const reach = model.get("reach");
    const { step, ...field } = model.get("fields").x;
    const within = { ...field, low: -reach, high: reach };
    place = part(model, "x", within, () => seen(model).x, (value) => model.set("x", value));
    box.replaceChildren(control(place, "part"));
  };
  model.on("change:reach", () => {
    model.set("x", seen(model).x);
    build();
  });
  build();
  return box;
};

// A place as precise as a pixel of the window.
const placeOf = (x, reach) => Number(x.toFixed(Math.max(0, 2 - Math.floor(Math.log10(reach)))));

// --- The whole -------------------------------------------------------------------------------------------------------

export const render = ({ model, el }) => {
  const drag = (x) => {
    model.set("x", placeOf(x, model.get("reach")));
    model.save_changes();
  };
  const plots = [
    { all: [0], picture: plot({ label: "f", height: 240, drag }) },
    { all: [1, 2], picture: plot({ label: "f′ and f″", height: 200, drag }) },
  ];
  const { table, fill } = tableFor();
  const status = element("p", { className: "live-told", role: "status" });
  const keep = keeper();
  let told = 0;
  let frame = 0;

  const draw = () => {
    const state = seen(model);
    let first = true;
    for (const { all, picture } of plots) {
      const orders = all.filter((order) => state.orders[order]);
      picture.element.hidden = orders.length === 0;
      if (orders.length === 0) continue;
      picture.draw({ x: { low: -state.reach, high: state.reach }, ...layersOf(state, orders, keep, first) });
      first = false;
    }
    fill(state);
  };
  const describe = () => {
    const state = seen(model);
    for (const { all, picture } of plots) {
      picture.describe(description(state, all.filter((order) => state.orders[order])));
    }
  };
  const tell = () => {
    clearTimeout(told);
    told = setTimeout(() => {
      describe();
      status.textContent = said(seen(model));
    }, QUIET);
  };

  const byFamily = (name) => FUNCTIONS[name]?.family;
  const chosen = ROLES.flatMap((role) => [
    control(model, role.trait, { group: byFamily }),
    parameterControls(model, role),
  ]);
  const switches = SWITCHES.map((name) => control(model, name));
  el.classList.add("live");
  el.append(
    element("div", { className: "live-controls" }, ...chosen),
    element("div", { className: "live-controls" }, ...switches, control(model, "reach")),
    element("div", { className: "live-layout live-explorer" },
      element("div", {}, ...plots.map(({ picture }) => picture.element), placeControl(model)),
      table),
    status,
  );
  // All traits of one change are drawn at once.
  const soon = () => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      draw();
    });
  };
  for (const name of Object.keys(model.get("fields"))) {
    model.on(`change:${name}`, soon);
    model.on(`change:${name}`, tell);
  }
  draw();
  describe();
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(told);
  };
};
