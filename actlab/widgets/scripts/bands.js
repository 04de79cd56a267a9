// Quantiles of what many networks do, layer by layer.

// That of sorted numbers below which the share lies, in proportion between two of them; both may be infinite.
export const quantile = (sorted, share) => {
  const place = share * (sorted.length - 1);
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below === above ? below : below + (place % 1) * (above - below);
};

const LOW = 0.05;
const HIGH = 0.95;

// The middle and the ends of nine tenths of them, of lists of equal length: { lows, medians, highs }.
export const bands = (lists) => {
  const columns = lists[0].map((_, i) => lists.map((list) => list[i]).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  const [lows, medians, highs] = [LOW, 0.5, HIGH].map((share) => columns.map((column) => quantile(column, share)));
  return { lows, medians, highs };
};
