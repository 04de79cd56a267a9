// Shares with their intervals, and histograms.

const QUANTILE = 1.959963984540054; // of the normal distribution, at 97.5 %

// The ends of Wilson's 95 % interval for a probability, of which `count` of `n` independent trials tell.
export const wilson = (count, n) => {
  const square = QUANTILE ** 2;
  const share = count / n;
  const middle = (share + square / (2 * n)) / (1 + square / n);
  const half = Math.sqrt(square * ((share * (1 - share)) / n + square / (4 * n * n))) / (1 + square / n);
  return [count === 0 ? 0 : middle - half, count === n ? 1 : middle + half];
};

// How many of the numbers lie from each edge to the next; what lies beyond counts in the outermost, nan in the last.
export const histogram = (numbers, edges) => {
  const heights = new Array(edges.length - 1).fill(0);
  for (const number of numbers) {
    const above = edges.findIndex((edge) => number < edge);
    heights[above === -1 ? heights.length - 1 : Math.max(0, above - 1)] += 1;
  }
  return heights;
};
