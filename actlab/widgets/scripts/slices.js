// Long computations in slices, between which the page answers.

const SLICE = 12; // milliseconds

// Run a generator to its end, then call `done` with what it returns. Returns a function that stops it.
export const inSlices = (steps, done) => {
  let waiting = 0;
  const slice = () => {
    const end = performance.now() + SLICE;
    do {
      const step = steps.next();
      if (step.done) {
        done(step.value);
        return;
      }
    } while (performance.now() < end);
    waiting = setTimeout(slice);
  };
  waiting = setTimeout(slice);
  return () => clearTimeout(waiting);
};
