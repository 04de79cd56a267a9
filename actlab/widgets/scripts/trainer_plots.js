// What is drawn of one network of the cosine fit: its fit, what its units add, its loss.

import { contributions } from "./cosine.js";
import { COLOURS, SERIES } from "./palette.js";
import { plot, shown } from "./plot.js";

const GREY = ["#8c8c8c", "#757575"];
const DASHES = [undefined, "8 4", "2 4", "12 3 2 3"];
// Of the palette, so that neighbours are easily told apart.
const UNITS = [0, 10, 5, 4, 2, 8, 7, 9, 3];

// In words, what became of each unit.
export const unitStates = ({ deadSince, bornDead, network }) => {
  const state = (since, unit) => {
    if (network.lost(unit)) return "no longer a number";
    if (since === null) return bornDead[unit] ? "alive again" : "alive";
    return since === 0 ? "dead, born so" : `dead since epoch ${since}`;
  };
  return deadSince.map((since, unit) => `Unit ${unit + 1}: ${state(since, unit)}`);
};

// Beyond, an axis would end at infinity.
const HUGE = 1e300;

// From the last power of ten below the least of these numbers to the first above the largest.
const decades = (numbers) => {
  const finite = numbers.filter((number) => number > 0 && number < HUGE);
  const [least, largest] = [Math.min(...finite), Math.max(...finite)].map(Math.log10);
  return { low: 10 ** Math.floor(least), high: 10 ** Math.max(Math.ceil(largest), Math.floor(least) + 1) };
};

// A round number no smaller than any of these, nor than 1.
const ceiling = (numbers) => {
  const number = Math.max(1, ...numbers.map(Math.abs).filter((each) => each < HUGE));
  const power = 10 ** Math.floor(Math.log10(number));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= number);
};

export const pictures = (model) => {
  const { x, seen, target, success, activations } = model.get("experiment");
  const fit = plot({ label: "Target and fit" });
  const units = plot({ label: "What each unit adds" });
  const loss = plot({ label: "Loss over the epochs", height: 220 });
  const across = { low: x[0], high: x.at(-1), label: "x" };

  const drawUnits = ({ deadSince, network }, added, bias, own) => {
    const free = UNITS.map((place) => SERIES[place]).filter((colour) => String(colour) !== String(own));
    const top = ceiling([bias, ...added.flatMap((ys) => [...ys])]);
    const inputs = seen[model.get("inputs")];
    const layers = added.flatMap((ys, unit) => {
      const dead = deadSince[unit] !== null;
      const style = { colour: free[unit], name: `unit ${unit + 1}${dead ? ", dead" : ""}` };
      const curve = { kind: "curve", xs: x, ys, dash: DASHES[unit % DASHES.length], ...style };
      const marks = [...x.keys()].filter((i) => i % 11 === 5 && dead && Number.isFinite(ys[i]));
      const place = network.zero(unit);
      // Where the pre-activation passes 0 there lies the kink of a ReLU, the middle of an S-curve.
      const part = (place - inputs[0]) / (inputs.at(-1) - inputs[0]);
      const at = Math.round(part * (x.length - 1));
      const inside = part > 0 && part < 1;
      return [
        curve,
        { kind: "crosses", xs: marks.map((i) => x[i]), ys: marks.map((i) => ys[i]), colour: style.colour },
        ...(inside ? [{ kind: "points", xs: [x[at]], ys: [ys[at]], colour: style.colour }] : []),
      ];
    });
    if (Number.isFinite(bias)) layers.unshift({ kind: "rule", y: bias, dash: "3 4", name: "output bias" });
    units.draw({ x: across, y: { low: -top, high: top, label: "added to the output" }, layers });
  };

  return {
    elements: [fit.element, units.element, loss.element],
    draw(followed) {
      const { course } = followed;
      const { added, bias } = contributions(followed, Float64Array.from(seen[model.get("inputs")]));
      const colour = COLOURS[activations[model.get("activation")].name];
      const sum = x.map((_, i) => added.reduce((total, ys) => total + ys[i], bias));
      fit.draw({
        x: across,
        y: { low: -0.5, high: 2.5, label: "output" },
        layers: [
          { kind: "curve", xs: x, ys: target, width: 7, colour: GREY, name: "target" },
          { kind: "curve", xs: x, ys: sum, colour, name: "network" },
        ],
      });
      drawUnits(followed, added, bias, colour);
      const end = Math.max(model.get("epochs"), followed.epoch);
      const now = course.at(-1);
      const place = Number.isFinite(now) ? [{ kind: "points", xs: [followed.epoch], ys: [now], colour }] : [];
      loss.draw({
        x: { low: 0, high: end, label: "epoch" },
        y: { ...decades([...course, success / 2]), log: true, label: "loss" },
        layers: [
          { kind: "rule", y: success },
          { kind: "text", x: end, y: success * 1.2, text: "a fit lies below", anchor: "end" },
          { kind: "curve", xs: course.map((_, epoch) => epoch), ys: course, colour },
          ...place,
        ],
      });
    },
    describe(followed) {
      const now = `after ${followed.epoch} epochs`;
      const last = shown(followed.course.at(-1));
      fit.describe(`Target, one wave of a cosine, and the network's output ${now}; loss ${last}.`);
      units.describe(`What each unit adds to the output ${now}. ${unitStates(followed).join(". ")}.`);
      loss.describe(`Loss over the epochs, from ${shown(followed.course[0])} to ${last}.`);
    },
  };
};
