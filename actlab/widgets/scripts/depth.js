// The depth explorer: gradients of networks that are drawn in the page beside those of theory, and the map of phases.

import { bands } from "./bands.js";
import { control, element, menu } from "./controls.js";
import { FUNCTIONS } from "./functions.js";
import { analyse, correlation, depthScale, expectedFlow, wide } from "./meanfield.js";
import { COLOURS } from "./palette.js";
import { phaseMap } from "./phases.js";
import { plot, shown, ticks } from "./plot.js";
import { draw, propagate } from "./propagation.js";
import { inSlices } from "./slices.js";

const SHOWN_EACH = 5; // networks after which the band is drawn anew
const QUIET = 250; // milliseconds of rest after which a change is told to those who do not see it

// Natural logarithms as powers of ten, that of the last layer being 0; infinite ones stay.
const decades = (logNorms) =>
  logNorms.map((each) => (each - (Number.isFinite(each) ? logNorms.at(-1) : 0)) / Math.LN10);

// Draw the networks, and call `progress` with the gradients of those that are done.
function* measure(f, how, progress) {
  const found = [];
  while (found.length < how.networks) {
    const network = yield* draw(how, found.length);
    found.push(decades((yield* propagate(f, network)).logNorms));
    if (found.length % SHOWN_EACH === 0 && found.length < how.networks) progress(found);
  }
  return found;
}

// Round ends for an axis that shows all the numbers, 0, and 1 on either side.
const ends = (numbers) => {
  const finite = numbers.filter(Number.isFinite);
  const [low, high] = [Math.min(-1, ...finite), Math.max(1, ...finite)];
  const marks = ticks({ low, high }, 4);
  const step = marks[1] - marks[0];
  return { low: step * Math.floor(low / step + 1e-9), high: step * Math.ceil(high / step - 1e-9) };
};

const gradients = (axes, { name, depth, theory, measured }) => {
  const layers = Array.from({ length: depth }, (_, layer) => layer + 1);
  const finite = (values) => values.map((value) => (Number.isFinite(value) ? value : NaN));
  const line = { kind: "curve", xs: layers, ys: finite(theory), dash: "6 4", name: "theory of wide layers" };
  const x = { low: 1, high: depth, label: "layer" };
  const label = "gradient, power of ten";
  if (!measured) {
    axes.draw({ x, y: { ...ends(theory), label }, layers: [line] });
    return;
  }
  const { lows, medians, highs } = bands(measured);
  const colour = COLOURS[name];
  axes.draw({
    x,
    y: { ...ends([...theory, ...lows, ...highs]), label },
    layers: [
      { kind: "curve", xs: layers, ys: finite(medians), colour, name: `median of ${measured.length} networks` },
      { kind: "band", xs: layers, lows, highs, colour, name: "nine tenths of them" },
      line,
    ],
  });
};

// --- The map ---------------------------------------------------------------------------------------------------------

// Polygons or lines as one path, with gaps between them.
const joined = (parts) => {
  const places = parts.flatMap((part) => [...part, { x: NaN, y: NaN }]);
  return { xs: places.map(({ x }) => x), ys: places.map(({ y }) => y) };
};

// Strokes from corner to corner of whole cells.
const hatching = (cells) =>
  joined(cells.filter((cell) => cell.length === 4).map(([first, , third]) => [first, third]));

const map = (axes, { name, fields, sigmaW, sigmaB, phases }) => {
  const layers = [];
  if (phases) {
    const { chaotic, unbounded, labels } = phases;
    const leaps = chaotic.lines.filter((line) => line.some(({ leap }) => leap));
    const edges = chaotic.lines.filter((line) => !leaps.includes(line));
    const colour = COLOURS[name];
    if (chaotic.cells.length) layers.push({ kind: "area", ...joined(chaotic.cells) });
    if (unbounded.cells.length) layers.push({ kind: "curve", ...hatching(unbounded.cells), width: 0.6 });
    if (edges.length) layers.push({ kind: "curve", ...joined(edges), width: 3, colour, name: "χ₁ = 1" });
    if (leaps.length) {
      layers.push({ kind: "curve", ...joined(leaps), width: 3, dash: "2 3", colour, name: "χ₁ leaps over 1" });
    }
    layers.push(...labels.map(({ phase, x, y }) => ({ kind: "text", text: phase, x, y })));
  }
  layers.push({ kind: "points", xs: [sigmaW], ys: [sigmaB], radius: 7 });
  const [x, y] = [
    { ...fields.sigma_w, label: "σ_w, weights" },
    { ...fields.sigma_b, label: "σ_b, biases" },
  ];
  axes.draw({ x, y, layers });
};

// --- Words -----------------------------------------------------------------------------------------------------------

const PHASES = {
  ordered: "ordered, gradients vanish",
  critical: "the edge of chaos, gradients keep their size",
  chaotic: "chaotic, gradients explode",
  unbounded: "unbounded, the signal itself grows without limit",
};

const change = (powers) => {
  if (powers === -Infinity) return "vanishes altogether";
  if (powers === Infinity) return "cannot be computed, for the signal leaves the floating-point numbers";
  if (Math.abs(powers) < 0.005) return "keeps its size";
  return `${powers < 0 ? "falls" : "grows"} by ${shown(Math.abs(powers), 2)} powers of ten`;
};

const sentence = ({ phase, chi1, depth, theory, measured }) => {
  const found = measured && bands(measured);
  const [low, median, high] = found ? [found.lows[0], found.medians[0], found.highs[0]] : [];
  const band = [low, high].every(Number.isFinite)
    ? ` (nine tenths of them: ${shown(low, 2)} to ${shown(high, 2)} powers of ten)`
    : "";
  const said = measured ? ` In the median of the ${measured.length} networks it ${change(median)}${band}.` : "";
  return (
    `χ₁ = ${shown(chi1)}: ${PHASES[phase]}. ` +
    `In theory the gradient ${change(theory[0])} from layer ${depth} back to layer 1.${said}`
  );
};

const facts = (list, { q, chi1, pair }) => {
  const scale = depthScale(chi1);
  const told = {
    "length q* of signals, the fixed point": shown(q),
    "χ₁, a layer's factor of the mean squared gradient": shown(chi1),
    [`layers in which that ${scale < 0 ? "grows" : "falls"} by a factor e`]: shown(Math.abs(scale)),
    "correlation c* of two inputs, the fixed point": pair ? shown(pair.c) : "…",
    "depth scale ξ of correlations, in layers": pair ? shown(pair.scale) : "…",
  };
  const entries = Object.entries(told).flatMap(([name, value]) => [
    element("dt", { textContent: name }),
    element("dd", { textContent: value }),
  ]);
  list.replaceChildren(...entries);
};

// --- The starts ------------------------------------------------------------------------------------------------------

const OWN = "your own";

// What a named rule for the first weights makes of the two deviations.
const deviations = ({ weights, biases }, width) => [Math.sqrt(weights), Math.sqrt(biases / width)];

const startMenu = (model) => {
  const starts = model.get("starts");
  const named = () => Object.entries(starts).map(([name, scales]) => [name, deviations(scales, model.get("width"))]);
  const names = Object.fromEntries(named().map(([name, [sigmaW]]) => [name, `${name}: ${shown(sigmaW)}`]));
  const chosen = (name) => {
    const [, [sigmaW, sigmaB]] = named().find(([each]) => each === name);
    model.set("sigma_w", sigmaW);
    model.set("sigma_b", sigmaB);
    model.save_changes();
  };
  const start = menu({ label: "Initialisation", values: Object.keys(starts), names, none: OWN, chosen });
  const follow = () => {
    const [sigmaW, sigmaB] = [model.get("sigma_w"), model.get("sigma_b")];
    start.show(named().find(([, [weights, biases]]) => weights === sigmaW && biases === sigmaB)?.[0]);
  };
  for (const name of ["sigma_w", "sigma_b", "width"]) model.on(`change:${name}`, follow);
  follow();
  return start.element;
};

// --- The figure ------------------------------------------------------------------------------------------------------

export const render = ({ model, el }) => {
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const fields = model.get("fields");
  const left = plot({ label: "" });
  const right = plot({
    label: "",
    drag: (sigmaW, sigmaB) => {
      const rounded = (value, { low, step }) => Number((low + step * Math.round((value - low) / step)).toPrecision(12));
      model.set("sigma_w", rounded(sigmaW, fields.sigma_w));
      model.set("sigma_b", rounded(sigmaB, fields.sigma_b));
      model.save_changes();
    },
  });
  const list = element("dl", { className: "live-facts" });
  const status = element("p", { className: "live-status", role: "status" });

  const known = new Map();
  const activation = (name) => known.get(name) ?? known.set(name, wide(FUNCTIONS[name])).get(name);
  const maps = new Map();
  let state = null;
  let stop = () => {};
  let stopMap = () => {};
  let telling = 0;
  let frame = 0;

  const show = () => {
    gradients(left, state);
    map(right, state);
    facts(list, state);
    const text = sentence(state);
    left.describe(`Gradient over ${state.depth} layers, in powers of ten, that of the last being 1. ${text}`);
    const { sigmaW, sigmaB, phase } = state;
    const place = `at σ_w = ${shown(sigmaW)}, σ_b = ${shown(sigmaB)}`;
    right.describe(`Map of the phases of ${state.name}. The point ${place} is ${phase}.`);
    clearTimeout(telling);
    telling = setTimeout(() => {
      status.textContent = text;
      status.ariaBusy = String(state.measured?.length !== state.networks);
    }, QUIET);
  };

  const start = () => {
    frame = 0;
    stop();
    const name = model.get("activation");
    const [sigmaW, sigmaB] = [model.get("sigma_w"), model.get("sigma_b")];
    const [depth, width, seed] = ["depth", "width", "seed"].map((each) => model.get(each));
    const f = activation(name);
    const theory = decades(expectedFlow(f, { sigmaW, sigmaB }, depth).logNorms);
    const [networks, batch] = ["networks", "batch"].map((each) => model.get(each));
    state = { name, fields, sigmaW, sigmaB, depth, networks, theory, ...analyse(f, { sigmaW, sigmaB }) };
    state.phases = maps.get(name);
    show();
    const how = { sigmaW, sigmaB, depth, width, seed, networks, batch };
    const measured = (found) => {
      state.measured = found;
      show();
    };
    stop = inSlices(measure(f, how, still.matches ? () => {} : measured), (found) => {
      measured(found);
      stop = inSlices(correlation(f, state, { sigmaW, sigmaB }), (pair) => {
        state.pair = pair;
        facts(list, state);
      });
    });
  };

  const explore = () => {
    stopMap();
    const name = model.get("activation");
    if (maps.has(name)) return;
    stopMap = inSlices(phaseMap(activation(name), { sigmaW: fields.sigma_w, sigmaB: fields.sigma_b }), (phases) => {
      maps.set(name, phases);
      if (state.name !== name) return;
      state.phases = phases;
      show();
    });
  };

  const names = ["activation", "sigma_w", "sigma_b", "depth", "width", "seed"];
  const controls = names.map((name) => control(model, name, { group: (value) => FUNCTIONS[value].family }));
  controls.splice(1, 0, startMenu(model));
  el.classList.add("live");
  el.append(
    element("div", { className: "live-controls" }, ...controls),
    element("div", { className: "live-layout" }, left.element, right.element),
    status,
    list,
  );
  model.on("change:activation", explore);
  // Two deviations that change together are one change.
  const changed = () => {
    status.ariaBusy = "true";
    frame ||= requestAnimationFrame(start);
  };
  for (const name of names) model.on(`change:${name}`, changed);
  explore();
  start();
  return () => {
    cancelAnimationFrame(frame);
    stop();
    stopMap();
    clearTimeout(telling);
  };
};
