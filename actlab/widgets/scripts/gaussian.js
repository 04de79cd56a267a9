// Means over normal numbers, as actlab/meanfield/gaussian.py has them: sums over panels of Gauss and Legendre's nodes.
// A panel ends wherever the integrand has a kink, and panels become shorter towards 0, near which activations bend.
// Nodes come with the square roots of their weights: f(x) times a root stays a float where f(x)^2 would not.

const ORDER = 14;
const ORDINARY = 9; // a standard normal number is beyond this with a probability of 2e-19
const FARTHEST = 45; // the root of a weight is a normal float up to here
const HALVINGS = 4; // of the panels beside 0: the shortest resolves what bends within 1/100

// The nodes of Gauss and Legendre from -1 to 1, the roots of a Legendre polynomial, by Newton's method, with weights.
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

const panels = (kinks, bends, halvings, farthest) => {
  const edges = [0, 1, 2.5, 5];
  for (let end = ORDINARY; end <= farthest; end += 4) edges.push(end);
  edges.push(...edges.map((end) => -end), ...kinks);
  for (const bend of bends) {
    edges.push(bend);
    for (let k = 0; k <= halvings; k++) edges.push(bend - 2 ** -k, bend + 2 ** -k);
  }
  return fill([...new Set(edges.filter((end) => Math.abs(end) <= farthest))].sort((a, b) => a - b));
};

const withoutKinks = new Map();

// Points and the roots of their weights for a mean over a standard normal number. The integrand has its kinks at
// `kinks`; at `bends` the argument of the activation is 0, and `root` is the factor on z in that argument.
export const nodes = (kinks, root, bends = [0]) => {
  const halvings = HALVINGS + Math.max(0, Math.ceil(Math.log2(Math.max(root, 1))));
  const farthest = ORDINARY + 4 * Math.ceil(Math.min(2 * root, FARTHEST - ORDINARY) / 4);
  const elsewhere = kinks.filter((kink) => kink !== 0);
  if (elsewhere.length || bends.length > 1) return panels(elsewhere, bends, halvings, farthest);
  const key = 100 * halvings + farthest;
  if (!withoutKinks.has(key)) withoutKinks.set(key, panels([], bends, halvings, farthest));
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

// E g(u) g(v) for normal u and v of deviation `root` and a correlation c from 0 to 1. With independent normal s and t,
// u = root (a s + b t) and v = root (a s - b t) have the correlation a^2 - b^2. The inner mean is over s, whose share
// is the larger one: it makes the kinks smooth, so that the outer mean has breaks only where kinks of g(u) and g(v)
// meet.
export const meanProduct = (g, kinks, root, c) => {
  const [a, b] = [Math.sqrt((1 + c) / 2), Math.sqrt((1 - c) / 2)];
  const places = kinks.map((kink) => kink / root);
  const meetings = places.flatMap((one) => places.map((other) => (one - other) / (2 * Math.max(b, 1e-150))));
  const outer = nodes(meetings, root);
  let mean = 0;
  outer.z.forEach((t, i) => {
    if (!(t > 0 && t < ORDINARY)) return; // u and v change places with the sign of t
    const breaks = places.flatMap((kink) => [(kink - b * t) / a, (kink + b * t) / a]);
    const { z, roots } = nodes(breaks, root, [(-b * t) / a, (b * t) / a]);
    let inner = 0;
    for (let k = 0; k < z.length; k++) {
      inner += g(root * (a * z[k] + b * t)) * roots[k] * (g(root * (a * z[k] - b * t)) * roots[k]);
    }
    mean += 2 * outer.roots[i] ** 2 * inner;
  });
  return mean;
};
