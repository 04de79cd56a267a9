// The theory of wide random networks, as actlab/meanfield and actlab/experiments/phases.py have it: the length q of a
// signal from layer to layer, where it comes to rest, and chi, the factor by which a layer multiplies the mean squared
// gradient. `deviations` are { sigmaW, sigmaB }: of a weight, times the root of fan_in, and of a bias.

import { meanProduct, meanSquares, nodes } from "./gaussian.js";

const TINY_ROOT = 1e-100; // the root of q that stands for 0: far below every scale on which an activation bends
const ROUNDING = 1e-12; // by how much of itself a length must change in a layer for the change to be more than rounding
const CRITICAL = 1e-9; // a factor per layer this near to 1 counts as 1

// Where the length map is looked at for a fixed point: powers of 2 in steps of a quarter.
const FIRST = -44 * 4;
const LAST = 64 * 4;
const length = (step) => 2 ** (step / 4);

// An entry of FUNCTIONS as the functions here take it, with values `p` for its parameters.
export const wide = (activation, p) => ({
  value: (x) => activation.value(x, p),
  derivative: (x) => activation.derivative(x, p),
  kinks: activation.kinks(p).map(([place]) => place),
  table: new Map(),
});

const scaled = (f, root) => f.kinks.map((kink) => kink / root);
const weighted = (variance, moment) => (variance === 0 ? 0 : variance * moment);
const momentsOf = (g, f, root) => meanSquares(g, nodes(scaled(f, root), root), root);
const moments = (f, q) => momentsOf(f.value, f, Math.sqrt(q));

// The variance of the next layer's pre-activations, where this layer's is q.
export const lengthMap = (f, q, { sigmaW, sigmaB }) => weighted(sigmaW ** 2, moments(f, q).plain) + sigmaB ** 2;

// The factor of the mean squared gradient in a layer whose pre-activations have variance q; chi_1 where q is q*.
export const chi = (f, q, { sigmaW }) => {
  const ends = () => [-Infinity, Infinity].map((end) => f.derivative(end) ** 2 / 2);
  const root = Math.max(Math.sqrt(q), TINY_ROOT);
  const mean = q === Infinity ? ends()[0] + ends()[1] : momentsOf(f.derivative, f, root).plain;
  return weighted(sigmaW ** 2, mean);
};

// The length q* that signals of the length 1 come to, Infinity where they grow without limit.
export const fixedPoint = (f, { sigmaW, sigmaB }) => {
  const excess = (q, moment) => (weighted(sigmaW ** 2, moment) + sigmaB ** 2 - q) / q;
  const at = (step) => {
    if (!f.table.has(step)) f.table.set(step, moments(f, length(step)).plain);
    return excess(length(step), f.table.get(step));
  };
  const change = at(0);
  if (change > ROUNDING) {
    for (let step = 1; step <= LAST; step++) {
      if (at(step) < -ROUNDING) return crossing(f, sigmaW, sigmaB, length(step - 1), length(step));
    }
    return Infinity;
  }
  if (change < -ROUNDING) {
    for (let step = -1; step >= FIRST; step--) {
      if (at(step) > ROUNDING) return crossing(f, sigmaW, sigmaB, length(step), length(step + 1));
    }
    // Below the table the map is flat, next to its value at 0.
    const least = sigmaW ** 2 * f.value(0) ** 2 + sigmaB ** 2;
    return least === 0 ? 0 : crossing(f, sigmaW, sigmaB, least / 2, length(FIRST));
  }
  return 1;
};

// Where the length map falls below the diagonal between two lengths: Newton's method, fenced in.
const crossing = (f, sigmaW, sigmaB, low, high) => {
  let q = Math.sqrt(low) * Math.sqrt(high);
  let before = Infinity;
  for (let step = 0; step < 200; step++) {
    const { plain, tilted } = moments(f, q);
    const change = weighted(sigmaW ** 2, plain) + sigmaB ** 2 - q;
    if (change >= 0) low = q;
    if (change <= 0) high = q;
    const newton = q - change / (weighted(sigmaW ** 2, tilted / (2 * q)) - 1);
    const next = newton >= low && newton <= high ? newton : Math.sqrt(low) * Math.sqrt(high);
    const moved = Math.abs(next - q);
    // What is left is rounding, or it would shrink.
    const settled = moved <= 1e-14 * q || (moved <= 1e-10 * q && moved >= before / 2);
    before = moved;
    q = next;
    if (settled) break;
  }
  return q;
};

// In how many layers something falls by e that each layer multiplies by `factor`; negative where it grows.
export const depthScale = (factor) => {
  if (Math.abs(factor - 1) <= CRITICAL) return Infinity;
  return factor === 0 || factor === Infinity ? 0 : -1 / Math.log(factor);
};

// q*, chi_1 and the phase: "ordered", "critical" or "chaotic", or "unbounded" where signals grow without limit.
export const analyse = (f, deviations) => {
  const q = fixedPoint(f, deviations);
  const chi1 = chi(f, q, deviations);
  const near = Math.abs(chi1 - 1) <= CRITICAL ? "critical" : chi1 < 1 ? "ordered" : "chaotic";
  return { q, chi1, phase: q === Infinity ? "unbounded" : near };
};

// The correlation c* that two signals of the length q come to, and in how many layers their distance from it falls by a
// factor e; for what `analyse` has found. By Newton's method, which comes to c* from the left: the map of correlations
// is convex. A generator: it pauses after each mean.
export function* correlation(f, { q, chi1, phase }, { sigmaW, sigmaB }) {
  if (phase === "unbounded") return { c: NaN, scale: NaN };
  if (phase !== "chaotic") return { c: 1, scale: depthScale(chi1) };
  const root = Math.sqrt(q);
  let c = 0;
  let slope = 0;
  for (let count = 0; count < 100; count++) {
    slope = sigmaW ** 2 * meanProduct(f.derivative, f.kinks, root, c);
    yield;
    const excess = (sigmaW ** 2 * meanProduct(f.value, f.kinks, root, c) + sigmaB ** 2) / q - c;
    yield;
    const step = excess / (1 - slope);
    // Next to 1 both are small, and rounding may have either sign.
    if (!(slope < 1 && step > 1e-14)) break;
    c = Math.min(1, c + step);
  }
  return { c, scale: depthScale(Math.min(1, slope)) };
}

// Lengths layer by layer for inputs of mean square 1, and the natural logarithm of the root mean square gradient, which
// is that of the last layer plus half the sum of ln chi from there back.
export const expectedFlow = (f, deviations, depth) => {
  const q = [deviations.sigmaW ** 2 + deviations.sigmaB ** 2];
  while (q.length < depth) {
    const before = q[q.length - 1];
    q.push(before === Infinity ? Infinity : lengthMap(f, before, deviations));
  }
  const logNorms = new Array(depth).fill(0);
  for (let layer = depth - 2; layer >= 0; layer--) {
    logNorms[layer] = logNorms[layer + 1] + Math.log(chi(f, q[layer], deviations)) / 2;
  }
  return { q, logNorms };
};
