// The part of a map in which something holds, cell by cell of a grid, and the line around it.

const sides = (column, row) => [
  [column, row],
  [column + 1, row],
  [column + 1, row + 1],
  [column, row + 1],
];

// `holds[row][column]` says of each node whether it does; `between(a, b)` gives the place on the way from node a to
// node b, each [column, row], at which that changes. Returns `cells`, the polygon of each cell's part, and `lines`,
// pairs of places. A generator: it pauses after each cell.
export function* contour(holds, place, between) {
  const found = new Map();
  const crossing = (a, b) => {
    const key = [a, b].map(([column, row]) => row * holds[0].length + column).sort((one, other) => one - other).join();
    if (!found.has(key)) found.set(key, between(a, b));
    return found.get(key);
  };
  const cells = [];
  const lines = [];
  for (let row = 0; row + 1 < holds.length; row++) {
    for (let column = 0; column + 1 < holds[0].length; column++) {
      const corners = sides(column, row);
      const polygon = [];
      const crossings = [];
      corners.forEach((corner, i) => {
        const next = corners[(i + 1) % 4];
        const [here, there] = [corner, next].map(([c, r]) => holds[r][c]);
        if (here) polygon.push(place(corner));
        if (here !== there) {
          crossings.push(crossing(corner, next));
          polygon.push(crossings.at(-1));
        }
      });
      if (polygon.length) cells.push(polygon);
      for (let i = 0; i < crossings.length; i += 2) lines.push([crossings[i], crossings[i + 1]]);
      yield;
    }
  }
  return { cells, lines };
}
