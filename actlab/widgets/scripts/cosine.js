// The networks of the cosine fit that a figure's settings describe, and what a figure follows of one of them.

import { FUNCTIONS } from "./functions.js";
import { initial, parts, preActivations, training } from "./network.js";
import { optimiser } from "./optimisers.js";
import { orders } from "./orders.js";

// Settings that make a network another one, beside its number.
export const SETTINGS = ["activation", "hidden", "initialiser", "inputs", "optimiser", "learning_rate", "seed"];

// A function of a network's number that gives its training, before the first epoch.
export const cosineFit = (model) => {
  const [name, hidden, initialiser, inputs, method, learning_rate, seed] = SETTINGS.map((each) => model.get(each));
  const { activations, optimisers, limits, seen, target, batchSize } = model.get("experiment");
  const activation = FUNCTIONS[activations[name].name];
  const { values } = activations[name];
  const [x, y] = [Float64Array.from(seen[inputs]), Float64Array.from(target)];
  const order = orders(seed, x.length);
  return (number) => {
    const parameters = initial(hidden, seed, number, limits[initialiser][hidden - 1]);
    return training({
      activation, values, parameters, x, y, batchSize,
      optimiser: optimiser(parameters.length, { ...optimisers[method], learning_rate }),
      order: (epoch) => order(number, epoch),
    });
  };
};

// A training with what a figure shows of its course: the loss over all examples at each epoch, from before the first,
// and since which epoch each unit is dead; null where it is not.
export const followed = (network) => {
  const { hidden } = parts(network.parameters);
  const course = [];
  const deadSince = new Array(hidden).fill(null);
  const look = () => {
    course.push(network.loss());
    network.dead().forEach((dead, unit) => (deadSince[unit] = dead ? (deadSince[unit] ?? course.length - 1) : null));
  };
  look();
  const bornDead = deadSince.map((since) => since === 0);
  return {
    network, course, deadSince, bornDead,
    get epoch() {
      return course.length - 1;
    },
    advance() {
      network.epoch();
      look();
    },
  };
};

// What each hidden unit adds to the output at the inputs `seen`, arrays one after the other, and the output's bias.
export const contributions = ({ network: { parameters, activation, values } }, seen) => {
  const layer = parts(parameters);
  const z = preActivations(layer, seen);
  const added = Array.from({ length: layer.hidden }, (_, unit) =>
    Float64Array.from(seen, (_, i) => layer.outputs[unit] * activation.value(z[unit * seen.length + i], values)),
  );
  return { added, bias: layer.bias[0] };
};
