// Optimisers, operation by operation as actlab/optimisers.py computes them: a Float64Array of parameters, of which
// `step` changes every number by the gradient's. `settle` is for the end of an epoch: it clears what has become too
// small to move a parameter.

const settle = (slots, negligible) => {
  for (const slot of slots) {
    for (let i = 0; i < slot.length; i++) if (Math.abs(slot[i]) < negligible) slot[i] = 0;
  }
};

// base ** t for t = 1, 2, ..., each the nearest float64: Math.pow is often off by a digit, of which 1 - base ** t would
// show much more. A number and its rest (Dekker 1971) have twice the digits.
export const powers = (base) => {
  const split = (a) => {
    const high = a * 134217729 - (a * 134217729 - a);
    return [high, a - high];
  };
  const [b1, b2] = split(base);
  let [number, rest] = [1, 0];
  return () => {
    const [a1, a2] = split(number);
    const product = number * base;
    const lost = a1 * b1 - product + a1 * b2 + a2 * b1 + a2 * b2 + rest * base;
    number = product + lost;
    rest = lost - (number - product);
    return number;
  };
};

const adam = (size, { learning_rate, beta_1, beta_2, epsilon, negligible }) => {
  const [mean, square] = [new Float64Array(size), new Float64Array(size)];
  const [power1, power2] = [powers(beta_1), powers(beta_2)];
  return {
    step(parameters, gradient) {
      const rate = learning_rate * (Math.sqrt(1 - power2()) / (1 - power1()));
      for (let i = 0; i < size; i++) {
        mean[i] += (gradient[i] - mean[i]) * (1 - beta_1);
        square[i] += (gradient[i] * gradient[i] - square[i]) * (1 - beta_2);
        parameters[i] -= (mean[i] / (Math.sqrt(square[i]) + epsilon)) * rate;
      }
    },
    settle: () => settle([mean, square], negligible),
  };
};

const sgd = (size, { learning_rate, momentum, negligible }) => {
  const velocity = new Float64Array(size);
  return {
    step(parameters, gradient) {
      for (let i = 0; i < size; i++) {
        velocity[i] = (momentum && velocity[i] * momentum) - gradient[i] * learning_rate;
        parameters[i] += velocity[i];
      }
    },
    settle: () => settle([velocity], negligible),
  };
};

const RULES = { Adam: adam, SGD: sgd };

// The optimiser for `size` parameters; its rule and its numbers have the names that they have in Python.
export const optimiser = (size, { rule, ...numbers }) => RULES[rule](size, numbers);
