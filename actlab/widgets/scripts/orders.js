// In which order a network meets the examples of an epoch: "reshuffled" of actlab/orders.py, bit for bit.

import { Generator } from "./numpy_random.js";

// Networks that share shuffles, and what their two streams of random numbers are for.
const GROUP = 256;
const [ARRANGEMENT, SHUFFLE] = [1, 2];

const ascending = (points) => Uint16Array.from({ length: points }, (_, i) => i);

// The i-th array that `draw` makes; what is drawn is kept.
const remembered = (draw) => {
  const drawn = [];
  return (i) => {
    while (drawn.length <= i) drawn.push(draw());
    return drawn[i];
  };
};

// The orders of all networks of a seed: a function of a network's number and of the epoch, counted from 0.
export const orders = (seed, points) => {
  const groups = new Map();
  const open = (group) => {
    const [own, shared] = [ARRANGEMENT, SHUFFLE].map((purpose) => new Generator(seed, group, purpose));
    groups.set(group, {
      arrangement: remembered(() => own.shuffle(ascending(points))),
      shuffle: remembered(() => shared.shuffle(ascending(points))),
    });
    return groups.get(group);
  };
  return (number, epoch) => {
    const group = Math.floor(number / GROUP);
    const { arrangement, shuffle } = groups.get(group) ?? open(group);
    const arranged = arrangement(number % GROUP);
    return shuffle(epoch).map((place) => arranged[place]);
  };
};
