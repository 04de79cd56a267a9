// Random numbers from seeds, the same in every browser.

// A function that gives one 32-bit number after the other: Chris Doty-Humphrey's sfc32. Each triple of seeds has a
// sequence of its own.
export const generator = (first, second = 0, third = 0) => {
  let [a, b, c, counter] = [first | 0, second | 0, third | 0, 1];
  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 20; i++) next(); // until the seeds are mixed
  return next;
};

// A number between -1 and 1.
const signed = (next) => (next() + 0.5) / 2 ** 31 - 1;

// Fill an array with uniform numbers of mean 0 and this deviation.
export const fillUniform = (next, array, deviation = 1) => {
  const limit = Math.sqrt(3) * deviation;
  for (let i = 0; i < array.length; i++) array[i] = limit * signed(next);
  return array;
};

// Fill an array with normal numbers of mean 0 and this deviation, by Marsaglia's polar method.
export const fillNormal = (next, array, deviation = 1) => {
  for (let i = 0; i < array.length; i += 2) {
    let u = 0;
    let v = 0;
    let square = 0;
    do {
      u = signed(next);
      v = signed(next);
      square = u * u + v * v;
    } while (square >= 1);
    const factor = deviation * Math.sqrt((-2 * Math.log(square)) / square);
    array[i] = u * factor;
    if (i + 1 < array.length) array[i + 1] = v * factor;
  }
  return array;
};
