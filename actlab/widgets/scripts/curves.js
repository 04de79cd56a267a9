// What the explorer draws of a function: its curves with a gap at each jump, and where it is saturated or dead.

const POINTS = 400;
const BESIDE = 1e-9; // this near to a kink a function has the value that it tends to
const JUMP = 1e-6;

export const ORDERS = ["value", "derivative", "second"];

// The values of parameters that the function has, within the ends of their sliders; others are left out, and so have
// their defaults.
export const fitting = (record, given) => {
  const taken = {};
  for (const [name, { low, high }] of Object.entries(record.parameters)) {
    if (Number.isFinite(given[name])) taken[name] = Math.min(high, Math.max(low, given[name]));
  }
  return taken;
};

// One order of a function from low to high: arrays xs and ys with nan at each jump, and the jumps, each with its place,
// the value that is taken there, and the limit that is not.
export const sampled = (record, p, order, low, high) => {
  const g = (x) => record[order](x, p);
  const xs = Array.from({ length: POINTS + 1 }, (_, i) => low + ((high - low) * i) / POINTS);
  const jumps = [];
  for (const [at, side] of record.kinks(p)) {
    if (!(low < at && at < high)) continue;
    const [left, right] = [g(at - BESIDE), g(at + BESIDE)];
    if (Math.abs(left - right) > JUMP) jumps.push({ at, value: g(at), other: side === "left" ? right : left });
    xs.push(at - BESIDE, at, at + BESIDE);
  }
  xs.sort((a, b) => a - b);
  const broken = new Set(jumps.map(({ at }) => at));
  return { xs, ys: xs.map((x) => (broken.has(x) ? NaN : g(x))), jumps };
};

const FAR = 120; // beyond it no function bends, with any parameters of its sliders
const STEP = 0.05;

// Where a condition that holds at `inside` and not at `outside` ceases to.
const edge = (holds, inside, outside) => {
  for (let i = 0; i < 50; i++) {
    const middle = (inside + outside) / 2;
    if (holds(middle)) inside = middle;
    else outside = middle;
  }
  return (inside + outside) / 2;
};

// The intervals [low, high] on which the slope stays below `flat` in size out to infinity, and those on which it is 0.
export const shaded = (record, p, flat) => {
  const slope = (x) => Math.abs(record.derivative(x, p));
  const isFlat = (x) => slope(x) < flat;
  const found = [];
  for (const side of [-1, 1]) {
    let x = side * FAR;
    if (!isFlat(side * 1e8)) continue;
    while (isFlat(x) && Math.abs(x) <= FAR) x -= side * STEP;
    const end = Math.abs(x) > FAR ? -side * Infinity : edge(isFlat, x + side * STEP, x);
    found.push(side < 0 ? [-Infinity, end] : [end, Infinity]);
    if (!Number.isFinite(end)) return found; // flat everywhere
  }
  const kinks = record.kinks(p).map(([at]) => at).sort((a, b) => a - b);
  for (let i = 1; i < kinks.length; i++) {
    const [low, high] = [kinks[i - 1], kinks[i]];
    const dead = [0.25, 0.5, 0.75].every((part) => slope(low + part * (high - low)) === 0);
    if (dead && !found.some(([from, to]) => from <= low && high <= to)) found.push([low, high]);
  }
  return found.sort((a, b) => a[0] - b[0]);
};

// The ends of a vertical axis: all values, but of what rises steeply only a part. explorer.py has the same.
export const heights = (values, reach) => {
  const most = Math.max(reach, 2);
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  [low, high] = [Math.max(low, -most), Math.min(high, most)];
  const space = 0.08 * (high - low) || 0.5;
  return { low: low - space, high: high + space };
};
