// One network of one input, a few hidden units and one output, and its training: operation by operation, and in the
// same order, as actlab/training.py computes it in float64.

import { Generator } from "./numpy_random.js";

// Parameters stand in one array: weights and biases of the hidden units, their output weights, the output's bias.
export const parts = (parameters) => {
  const hidden = (parameters.length - 1) / 3;
  const part = (i) => parameters.subarray(i * hidden, (i + 1) * hidden);
  return { hidden, weights: part(0), biases: part(1), outputs: part(2), bias: parameters.subarray(3 * hidden) };
};

// The parameters of network `number` of a seed, uniform within limits [weights, biases, outputs, bias] of 0. Biases are
// drawn after all weights, and only where their limit is above 0.
export const initial = (hidden, seed, number, limits) => {
  const rng = new Generator(seed, number);
  const { weights, biases, outputs, bias } = parts(new Float64Array(3 * hidden + 1));
  const [within, biasesWithin, outputsWithin, biasWithin] = limits;
  const fill = (array, limit) => array.forEach((_, i) => (array[i] = 2 * limit * rng.random() - limit));
  fill(weights, within);
  fill(outputs, outputsWithin);
  const shift = (array, limit) => limit && array.forEach((_, i) => (array[i] = -limit + 2 * limit * rng.random()));
  shift(biases, biasesWithin);
  shift(bias, biasWithin);
  return new Float64Array(weights.buffer);
};

// What the hidden units get at the inputs x, unit by unit.
export const preActivations = ({ hidden, weights, biases }, x) => {
  const z = new Float64Array(hidden * x.length);
  for (let k = 0, at = 0; k < hidden; k++) {
    for (let i = 0; i < x.length; i++, at++) z[at] = weights[k] * x[i] + biases[k];
  }
  return z;
};

// A training by minibatches on the mean squared error. `activation` is an entry of FUNCTIONS, `values` those of its
// parameters, `order` maps the epoch, counted from 0, to the numbers of the examples. `parameters` change in place.
export const training = ({ activation, values, parameters, x, y, batchSize, optimiser, order }) => {
  const { hidden, weights, biases, outputs, bias } = parts(parameters);
  const gradient = new Float64Array(parameters.length);
  const into = parts(gradient);
  const room = hidden * Math.max(batchSize, x.length);
  const [z, value, slope, error] = Array.from({ length: 4 }, () => new Float64Array(room));
  const losses = [];

  // Run the examples through, and return the sum of their losses. Sums start from the first example and the first unit.
  const forward = (examples) => {
    const count = examples.length;
    for (let k = 0, at = 0; k < hidden; k++) {
      for (let i = 0; i < count; i++, at++) z[at] = weights[k] * x[examples[i]] + biases[k];
    }
    const used = hidden * count;
    activation.fast(z.subarray(0, used), value, slope, values);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      let output = 0;
      for (let k = 0, at = i; k < hidden; k++, at += count) output += outputs[k] * value[at];
      error[i] = output + bias[0] - y[examples[i]];
      sum += error[i] * error[i];
    }
    return sum;
  };

  const step = (examples) => {
    const count = examples.length;
    const sum = forward(examples);
    gradient.fill(0);
    for (let i = 0; i < count; i++) {
      const upstream = (2 * error[i]) / count;
      into.bias[0] += upstream;
      for (let k = 0, at = i; k < hidden; k++, at += count) {
        into.outputs[k] += value[at] * upstream;
        const back = outputs[k] * upstream * slope[at];
        into.weights[k] += x[examples[i]] * back;
        into.biases[k] += back;
      }
    }
    optimiser.step(parameters, gradient);
    return sum;
  };

  const everything = Uint16Array.from(x, (_, i) => i);
  return {
    activation,
    values,
    parameters,
    // Of each epoch the mean loss of its examples when their batch's turn came, as Keras reports it.
    losses,
    epoch() {
      const examples = order(losses.length);
      let total = 0;
      for (let start = 0; start < x.length; start += batchSize) {
        total += step(examples.subarray(start, start + batchSize));
      }
      losses.push(total / x.length);
      optimiser.settle();
    },
    // The loss over all examples as the network is now.
    loss: () => forward(everything) / x.length,
    // The input at which what a unit gets is 0.
    zero: (unit) => -biases[unit] / weights[unit],
    // Whether a unit has a parameter that is no number any more; so has then its output, whatever comes in.
    lost: (unit) => [weights, biases, outputs].some((each) => Number.isNaN(each[unit])),
    // For each unit, whether the derivative is 0 at every input, so that no gradient reaches it.
    dead() {
      const all = preActivations({ hidden, weights, biases }, x);
      const flat = (z) => activation.derivative(z, values) === 0;
      return Array.from({ length: hidden }, (_, k) => all.subarray(k * x.length, (k + 1) * x.length).every(flat));
    },
  };
};
