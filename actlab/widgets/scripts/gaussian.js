// Means over normal numbers, as actlab/meanfield/gaussian.py has them: sums over panels of Gauss and Legendre's nodes. A
// panel ends wherever the integrand has a kink, and panels become shorter towards 0, near which activations bend.
// Nodes come with the square roots of their weights: f(x) times a root stays a float where f(x)^2 would not.

const ORDER = 14;
const ORDINARY = 9; // a standard normal number is beyond this with a probability of 2e-19
const FARTHEST = 45; // the root of a weight is a normal float up to here
const HALVINGS = 4; // of the panels beside 0: the shortest resolves what bends within 1/100

// The nodes of Gauss and Legendre from -1 to 1 and their weights: the roots of a Legendre polynomial, by Newton's method.
export const legendre = (order) => {
  const points = [];
  const weights = [];
  for (let i = 0; i < order; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (order + 0.5));
    let slope = 0;
    for (let step = 0; step < 8; step++) {
      let before = 0;
      let here = 1;
      for (let k = 0; k < order; k++) [before, here] = [here, ((2 * k + 1) * x * here - k * before) / (k + 1)];
      slope = (order * (before - x * here)) / (1 - x * x);
      x -= here / slope;
    }
    points.push(x);
    weights.push(2 / ((1 - x * x) * slope * slope));
  }
  return { points, weights };
};

const PANEL = legendre(ORDER);

const fill = (edges) => {
  const z = [];
  const roots = [];
  for (let i = 1; i < edges.length; i++) {
    const half = (edges[i] - edges[i - 1]) / 2;
    for (let k = 0; k < ORDER; k++) {
      const at = edges[i - 1] + half * (1 + PANEL.points[k]);
      z.push(at);
      roots.push(Math.sqrt((half * PANEL.weights[k]) / Math.sqrt(2 * Math.PI)) * Math.exp((-at * at) / 4));
    }
  }
  return { z, roots };
};

const panels = (kinks, halvings, farthest) => {
  const right = [1, 2.5, 5];
  for (let end = ORDINARY; end <= farthest; end += 4) right.push(end);
  for (let k = 1; k <= halvings; k++) right.push(2 ** -k);
  const edges = [0, ...right, ...right.map((end) => -end), ...kinks.filter((at) => Math.abs(at) < farthest)];
  return fill(edges.sort((a, b) => a - b));
};

const withoutKinks = new Map();

// Points and the roots of their weights for the mean of g(root z)^2, where g has its kinks at `kinks`.
export const nodes = (kinks, root) => {
  const halvings = HALVINGS + Math.max(0, Math.ceil(Math.log2(Math.max(root, 1))));
  const farthest = ORDINARY + 4 * Math.ceil(Math.min(2 * root, FARTHEST - ORDINARY) / 4);
  const elsewhere = kinks.filter((kink) => kink !== 0).map((kink) => kink / root);
  if (elsewhere.length) return panels(elsewhere, halvings, farthest);
  const key = 100 * halvings + farthest;
  if (!withoutKinks.has(key)) withoutKinks.set(key, panels([], halvings, farthest));
  return withoutKinks.get(key);
};

// E g(root z)^2, and E g(root z)^2 (z^2 - 1), from which comes its derivative by the variance, whatever kinks g has.
export const meanSquares = (g, { z, roots }, root) => {
  let plain = 0;
  let tilted = 0;
  for (let i = 0; i < z.length; i++) {
    const part = (g(root * z[i]) * roots[i]) ** 2;
    plain += part;
    tilted += part * (z[i] * z[i] - 1);
  }
  return { plain, tilted };
};
