// Untrained networks of any depth, as actlab/propagation.py has them: a signal on its way forward, the gradient of a
// linear function L of the outputs on its way back. Operands are scaled to a mean square of 1, and the size of the
// gradient is kept as a logarithm, so that nothing underflows or overflows on the way back, however deep the network.

import { fillNormal, fillUniform, generator } from "./random.js";

const rootMeanSquare = (array) => {
  let square = 0;
  for (const x of array) square += x * x;
  square /= array.length;
  if (square > 1e-30 && square < 1e30) return Math.sqrt(square);
  let largest = 0;
  for (const x of array) largest = Math.max(largest, Math.abs(x)); // NaN stays
  if (!Number.isFinite(largest)) return Infinity;
  if (largest === 0) return 0;
  square = 0;
  for (const x of array) square += (x / largest) ** 2;
  return largest * Math.sqrt(square / array.length);
};

// Send a batch through one network, and a gradient back. `weights` are one array (width x width, row by row, a row for
// each input) for each layer, `biases` one (width) each; `x` and `upstream`, the gradient with respect to the last
// activations, are (batch x width). A generator: it pauses after each layer, and returns `q`, the mean square of the
// pre-activations of each layer, and `logNorms`, the natural logarithm of the root mean square gradient there:
// -Infinity where none arrives, Infinity in a network whose activations leave the floats.
export function* propagate(f, { weights, biases, x, upstream }) {
  const depth = weights.length;
  const width = biases[0].length;
  const q = new Array(depth).fill(Infinity);
  const logNorms = new Array(depth).fill(-Infinity);
  const slopes = [];
  let a = x;
  let size = rootMeanSquare(a);
  for (let layer = 0; layer < depth; layer++) {
    const z = forward(a, size || 1, weights[layer], biases[layer]);
    size = rootMeanSquare(z);
    if (size === Infinity) return { q, logNorms: logNorms.fill(Infinity) };
    q[layer] = size * size;
    slopes.push(z.map((at) => f.derivative(at)));
    a = z.map((at) => f.value(at));
    size = rootMeanSquare(a);
    if (size === Infinity) return { q, logNorms: logNorms.fill(Infinity) };
    yield;
  }
  let reached = upstream;
  let logSize = 0;
  for (let layer = depth - 1; layer >= 0; layer--) {
    const slope = slopes[layer];
    const delta = reached.map((at, i) => at * slope[i]);
    size = rootMeanSquare(delta);
    if (size === 0) break;
    logSize += Math.log(size);
    logNorms[layer] = logSize;
    for (let i = 0; i < delta.length; i++) delta[i] /= size;
    if (layer > 0) reached = backward(delta, weights[layer], width);
    yield;
  }
  return { q, logNorms };
}

const forward = (a, size, weights, bias) => {
  const width = bias.length;
  const z = new Float64Array(a.length);
  for (let start = 0; start < a.length; start += width) {
    for (let i = 0; i < width; i++) {
      const factor = a[start + i] / size;
      const row = i * width;
      for (let j = 0; j < width; j++) z[start + j] += factor * weights[row + j];
    }
    for (let j = 0; j < width; j++) z[start + j] = z[start + j] * size + bias[j];
  }
  return z;
};

const backward = (delta, weights, width) => {
  const reached = new Float64Array(delta.length);
  for (let start = 0; start < delta.length; start += width) {
    for (let i = 0; i < width; i++) {
      const row = i * width;
      let sum = 0;
      for (let j = 0; j < width; j++) sum += delta[start + j] * weights[row + j];
      reached[start + i] = sum;
    }
  }
  return reached;
};

// Draw network `number` of a seed, with uniform weights and normal biases of these deviations, for inputs of mean
// square 1. Whatever the deviations, the numbers of one seed differ by them alone. A generator that pauses after each
// layer.
export function* draw({ sigmaW, sigmaB, depth, width, batch, seed }, number) {
  const [forWeights, forSignals, forBiases] = [0, 1, 2].map((stream) => generator(seed, number, stream));
  const weights = [];
  const biases = [];
  for (let layer = 0; layer < depth; layer++) {
    weights.push(fillUniform(forWeights, new Float64Array(width * width), sigmaW / Math.sqrt(width)));
    biases.push(fillNormal(forBiases, new Float64Array(width), sigmaB));
    yield;
  }
  const x = fillNormal(forSignals, new Float64Array(batch * width));
  const upstream = fillNormal(forSignals, new Float64Array(batch * width));
  return { weights, biases, x, upstream };
}
