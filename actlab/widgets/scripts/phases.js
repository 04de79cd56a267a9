// The map of an activation over the deviations of weights and biases: where gradients vanish, where they explode, where
// signals grow without limit, and the lines between.

import { contour } from "./contour.js";
import { chi, fixedPoint } from "./meanfield.js";

const REACHED = -1e-12; // from here on ln chi_1 counts as having reached 0
const LEAP = 0.01; // by so much ln chi_1 changes at a place only if q* leaps there
const COLUMNS = 40;
const ROWS = 20;

const at = ({ low, high }, part) => low + part * (high - low);

// `sigmaW` and `sigmaB` are the ranges, { low, high }. Returns `chaotic` and `unbounded`, regions as `contour` has them
// (places are { x, y }; with `leap` where chi_1 leaps over 1), and `labels`, { phase, x, y } where there is room.
// A generator: it pauses after each node and cell.
export function* phaseMap(f, { sigmaW, sigmaB }) {
  const place = ([column, row]) => ({ x: at(sigmaW, column / COLUMNS), y: at(sigmaB, row / ROWS) });
  const measure = ({ x, y }) => {
    const deviations = { sigmaW: x, sigmaB: y };
    const q = fixedPoint(f, deviations);
    return { growth: Math.log(chi(f, q, deviations)), limitless: q === Infinity };
  };
  const rows = [];
  for (let row = 0; row <= ROWS; row++) {
    rows.push([]);
    for (let column = 0; column <= COLUMNS; column++) {
      rows[row].push(measure(place([column, row])));
      yield;
    }
  }
  const node = ([column, row]) => rows[row][column];
  const part = (from, to, share) => ({ x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) });

  // Where ln chi_1 passes 0: halving and the secant by turns, the one for leaps and the other for all else.
  const passes = (one, other) => {
    const ends = [place(one), place(other)];
    let [low, high] = [0, 1];
    let [below, above] = [node(one).growth, node(other).growth];
    let share = 0.5;
    for (let step = 0; step < 24 && high - low > 1e-6; step++) {
      const secant = low + ((high - low) * below) / (below - above);
      share = step % 2 === 0 && secant > low && secant < high ? secant : 0.5 * (low + high);
      const { growth } = measure(part(...ends, share));
      if (Math.abs(growth) < 1e-9) return part(...ends, share);
      if (growth >= REACHED === below >= REACHED) [low, below] = [share, growth];
      else [high, above] = [share, growth];
    }
    return { ...part(...ends, share), leap: Math.abs(above - below) > LEAP };
  };
  const ceases = (one, other) => {
    const ends = [place(one), place(other)];
    let [low, high] = [0, 1];
    for (let step = 0; step < 10; step++) {
      const middle = 0.5 * (low + high);
      if (measure(part(...ends, middle)).limitless === node(one).limitless) low = middle;
      else high = middle;
    }
    return part(...ends, 0.5 * (low + high));
  };

  const holds = (condition) => rows.map((row) => row.map(condition));
  const chaotic = yield* contour(holds(({ growth }) => growth >= REACHED), place, passes);
  const unbounded = yield* contour(holds(({ limitless }) => limitless), place, ceases);
  const phase = ({ growth, limitless }) => (limitless ? "unbounded" : growth >= REACHED ? "chaotic" : "ordered");
  return { chaotic, unbounded, labels: roomiest(holds(phase)).map(({ node, phase }) => ({ phase, ...place(node) })) };
}

// A word is as wide as several cells.
const WIDTH = 3;
const ROOM = 2;

// For each value in a table of nodes the one that is farthest from all others and from the edges, where there is room.
const roomiest = (table) => {
  const best = new Map();
  table.forEach((row, r) =>
    row.forEach((phase, c) => {
      let room = Math.min(c / WIDTH, (COLUMNS - c) / WIDTH, r, ROWS - r);
      for (let s = 0; s <= ROWS && room > 0; s++) {
        for (let d = 0; d <= COLUMNS; d++) {
          if (table[s][d] !== phase) room = Math.min(room, Math.hypot((d - c) / WIDTH, s - r));
        }
      }
      if (room >= ROOM && room > (best.get(phase)?.room ?? 0)) best.set(phase, { room, phase, node: [c, r] });
    }),
  );
  return [...best.values()];
};
