// What the formulas are made of. Each is right to the last digits or nearly so: nothing cancels, and nothing overflows
// on the way to a result that does not. MILLS, the coefficients of a polynomial, stands above.

// An exponential that loses digits by underflow says so in `tiny`, and is multiplied by `scale`: see `careful`.
let tiny = false;
let scale = 1;
const UP = 2 ** 200;

const exp = (u) => {
  if (!(u < -600)) return Math.exp(u);
  tiny = true;
  const half = Math.exp(0.5 * u);
  return half * scale * half;
};
const { abs, expm1, sqrt, tanh } = Math;
const square = (u) => u * u;

// 1 / (1 + e^-u), its derivative, and its integral log(1 + e^u).
const sigma = (u) => {
  const e = exp(-abs(u));
  return (u < 0 ? e : 1) / (1 + e);
};
const bell = (u) => {
  const e = exp(-abs(u));
  return e / square(1 + e);
};
const softplus = (u) => Math.max(u, 0) + Math.log1p(exp(-abs(u)));

// The normal distribution function. On the left it is e^(-u^2/2) / (4 - u) times a polynomial in s, which is right as
// far out as the exponential is not 0.
const Phi = (u) => {
  const t = abs(u);
  const s = (t - 4) / (t + 4);
  let sum = 0;
  for (let k = MILLS.length - 1; k >= 0; k--) sum = sum * s + MILLS[k];
  const tail = (exp(-0.5 * t * t) * sum) / (t + 4);
  return u < 0 ? tail : 1 - tail;
};

// u + sqrt(u^2 + c).
const rise = (u, c) => {
  const root = sqrt(u * u + c);
  return u < 0 ? c / (root - u) : u + root;
};

// A formula at x, right to the last digits also where an exponential in it has lost them and the result has not, which
// is so if they are all multiplied by the same. A result too small for any float64 is a zero of the right sign: that
// which the formula has nearer to 0.
const careful = (formula, x, p) => {
  tiny = false;
  const y = formula(x, p);
  if (!tiny || abs(y) > 1e-290) return y;
  scale = UP;
  const scaled = formula(x, p);
  scale = 1;
  let sign = scaled;
  for (let near = x; sign === 0 && abs(near) > 1e-9; sign = formula(near, p)) near /= 2;
  return scaled === 0 ? 0 * sign : scaled / UP;
};

// One order of a function at x. Beyond FAR all of them are powers of |x|, of a degree that two values tell. FAR is a
// power of two, so that x / FAR is exact, and its sixth power is finite.
const FAR = 2 ** 133;
const answer = (formula, x, p) => {
  if (x !== x) return NaN;
  const steps = abs(x) / FAR;
  if (!(steps > 1)) return careful(formula, x, p);
  const [end, before] = [FAR, FAR / 2].map((far) => careful(formula, x < 0 ? -far : far, p));
  const degree = Math.round(Math.log2(end / before));
  return degree && Number.isFinite(degree) ? end * steps ** degree : end;
};

const activation = ({ family, parameters, kinks, formulas, keepsZero, fast }) => {
  const defaults = {};
  for (const name in parameters) defaults[name] = parameters[name].default;
  const all = (p = {}) => {
    for (const name in p) {
      if (!(name in defaults)) {
        throw new TypeError(`no parameter "${name}"; there are: ${Object.keys(defaults).join(", ") || "none"}`);
      }
    }
    return { ...defaults, ...p };
  };
  return {
    family,
    parameters,
    kinks: (p) => kinks(all(p)),
    value: (x, p) => (keepsZero && x === 0 ? x : answer(formulas[0], x, all(p))),
    derivative: (x, p) => answer(formulas[1], x, all(p)),
    second: (x, p) => answer(formulas[2], x, all(p)),
    fast: (z, value, slope, p) => fast(z, value, slope, all(p)),
  };
};
