"""Claims about the sigmoid itself: its range, its shape, its slope, and what it does to numbers that pass through."""

from __future__ import annotations

import numpy as np

from actlab import formulas, peers
from actlab.claims.ledger import Measured, claim, measured
from actlab.core import get
from actlab.experiments import first_float
from actlab.properties import FLAT, Interval, gaussian_mean
from actlab.statistics import Mean

# 20,001 numbers, 0 and the ends among them.
_LINE = np.linspace(-10, 10, 20_001)


@claim(
    belief="The sigmoid of x is 1 divided by the sum of 1 and e to the power of minus x.",
    about="sigmoid",
    verdict="true",
    sources=("000", "002"),
    says="Written out in numpy, 1 / (1 + e^-x) and TensorFlow's sigmoid agree within {within:.1e} at {points:,} points "
    "from -10 to 10, in float64.",
    unlike={"name": "hard_sigmoid"},
    page="functions/s-curves",
    slow=True,
    needs="tensorflow",
)
def sigmoid_formula(name: str = "sigmoid") -> Measured:
    """The largest difference between the formula in numpy and TensorFlow's function of this name."""
    gap = float(np.abs(1 / (1 + np.exp(-_LINE)) - peers.function("keras", name)(_LINE)).max())
    # On either side three roundings, each of about half a unit in the last place of a number near 1.
    within = 4 * 2.0**-53
    return measured(gap < within, within=within, points=_LINE.size)


@claim(
    belief="The sigmoid and the logistic function are the same thing.",
    about="sigmoid",
    verdict="true",
    sources=("000", "002"),
    says="The sigmoid is the logistic function, the curve of growth that slows down as it nears a limit: y' = y (1 - "
    "y) from y(0) = 1/2, integrated numerically from 0 to 10 and to -10, follows it within {gap:.0e}. In a wider "
    "sense tanh and other S-curves are called sigmoids, too.",
    unlike={"name": "tanh"},
    page="functions/s-curves",
)
def sigmoid_is_logistic(name: str = "sigmoid") -> Measured:
    """The logistic equation, solved by the Runge-Kutta method in steps of 1/100 from the function's value at 0."""
    f, h, gap = get(name), 0.01, 0.0

    def rate(y):
        return y * (1 - y)

    for step in (h, -h):
        y = f(0.0)
        for count in range(1, 1001):
            a = rate(y)
            b = rate(y + step / 2 * a)
            c = rate(y + step / 2 * b)
            y += step / 6 * (a + 2 * b + 2 * c + rate(y + step * c))
            gap = max(gap, abs(y - f(count * step)))
    # The method's error is of the order of the fourth power of a step, 1e-8, times a small constant.
    return measured(gap < 1e-9, gap=gap)


@claim(
    belief="The sigmoid maps every real number into the open interval from 0 to 1.",
    about="sigmoid",
    verdict="true",
    sources=("000", "001", "004"),
    says="Over the real numbers the range of the sigmoid is {range}, without its ends. Rounding reaches them: the "
    "float32 nearest to the sigmoid of x is exactly 1 from x = {one:.2f} on, and exactly 0 from x = {zero:.2f} "
    "downwards.",
    unlike={"name": "hard_sigmoid"},
    page="functions/s-curves",
)
def sigmoid_range_open(name: str = "sigmoid") -> Measured:
    """The measured range, and the first float32 on either side at which the function rounds to an end."""
    f = get(name)
    one = first_float(lambda x: f(x) == 1, 1.0, 1000.0, np.float32)
    zero = first_float(lambda x: f(x) == 0, -1.0, -1000.0, np.float32)
    found = f.properties.range
    return measured(found == Interval(0.0, 1.0), range=found, one=float(one), zero=float(zero))


@claim(
    belief="The sigmoid compresses values into the closed interval [0, 1].",
    about="sigmoid",
    verdict="imprecise",
    sources="002",
    says="The closed interval is said, but over the real numbers the sigmoid takes neither end: at -10 and 10 it is "
    "{low:.2e} and {high:.6f}, and even at -1000 and 1000, computed with {digits} digits, about 10^{exponent:.0f} is "
    "left to 0 and to 1. Only rounded numbers reach the ends.",
    unlike={"name": "hard_sigmoid"},
    page="functions/s-curves",
)
def sigmoid_range_closed(name: str = "sigmoid") -> Measured:
    """The function at 10 and at 1000 on both sides, the latter in arithmetic of 500 digits."""
    import mpmath

    f, digits = get(name), 500
    with mpmath.workdps(digits):
        left, right = formulas.exact(f, [-1000.0, 1000.0], digits=digits)
        rest = min(left, 1 - right)
        exponent = float(mpmath.log10(rest)) if rest > 0 else -np.inf
        inside = 0 < left < right < 1
    return measured(inside, low=f(-10.0), high=f(10.0), digits=digits, exponent=exponent)


@claim(
    belief="The graph of the sigmoid is an S, and it is continuous.",
    about="sigmoid",
    verdict="true",
    sources="001",
    says="The sigmoid's graph is one unbroken S: at all of {points:,} points from -10 to 10 it rises; it bends upwards "
    "at every point left of 0 and downwards at every point right of 0, and is steepest at x = {steepest:g}, with "
    "slope {slope:g}.",
    unlike={"name": "softplus"},
    page="functions/s-curves",
)
def sigmoid_s_shape(name: str = "sigmoid") -> Measured:
    """The signs of the first and the second derivative on a grid, and where the slope is largest."""
    f = get(name)
    facts, bend = f.properties, f.second_derivative(_LINE)
    is_s = bool((f.derivative(_LINE) > 0).all() and (np.sign(bend) == -np.sign(_LINE)).all())
    return measured(
        is_s and facts.strict and facts.smoothness >= 0,
        points=_LINE.size, steepest=facts.slope_supremum_at, slope=facts.slopes.high,
    )  # fmt: skip


@claim(
    belief="Because its output is bounded, the sigmoid keeps the data in a network steady: they fluctuate little.",
    about="sigmoid",
    verdict="imprecise",
    differs="That the data fluctuate little is true; the reason that is given, the bounded output, is not the reason.",
    sources="002",
    says="The sigmoid damps fluctuations, though not by its bounds: two inputs that differ by d have answers that "
    "differ by d/4 at most, and the largest ratio among {pairs:,} random pairs is {ratio:.5f}. Normal inputs of "
    "deviation 1 leave with deviation {deviation:.3f}. The reason is its largest slope, {lipschitz:g}.",
    unlike={"name": "relu"},
    page="functions/s-curves",
    side="pro",
)
def sigmoid_output_stable(name: str = "sigmoid") -> Measured:
    """The largest slope between two of many random points from -10 to 10, and the deviation for normal inputs."""
    f, pairs = get(name), 100_000
    a, b = np.random.default_rng(0).uniform(-10, 10, size=(2, pairs))
    # Between points nearer than this, rounding would show in the ratio.
    apart = np.abs(a - b) > 1e-4
    ratio = float((np.abs(f(a) - f(b))[apart] / np.abs(a - b)[apart]).max())
    facts = f.properties
    return measured(
        ratio <= 0.25 + 1e-9 and facts.lipschitz == 0.25,
        pairs=pairs, ratio=ratio, deviation=facts.variance**0.5, lipschitz=facts.lipschitz,
    )  # fmt: skip


@claim(
    belief="The outputs of a sigmoid are bounded, so they cannot grow large.",
    about="sigmoid",
    verdict="true",
    sources="003",
    says="However large its input, the sigmoid's answer stays between {low:g} and {high:g}: at {x:,.0f} it is "
    "{answer:g}, where ReLU answers {relu:,.0f}.",
    unlike={"name": "silu"},
    page="functions/s-curves",
    side="pro",
)
def sigmoid_bounded(name: str = "sigmoid") -> Measured:
    """The bounds of the range, and the answers of the function and of ReLU to a million."""
    f, x = get(name), 1e6
    bounds, answer = f.properties.range, f(x)
    return measured(
        (bounds.low, bounds.high) == (0, 1) and answer <= 1,
        low=bounds.low, high=bounds.high, x=x, answer=answer, relu=get("relu")(x),
    )  # fmt: skip


@claim(
    belief="Since it maps everything to numbers between 0 and 1, the sigmoid normalises the output of each neuron.",
    about="sigmoid",
    verdict="imprecise",
    sources="004",
    says="To squash is not to normalise, which would give mean 0 and deviation 1 whatever comes in. Normal inputs of "
    "mean 0 and deviation 1 leave the sigmoid with mean {mean:.3f} and deviation {deviation:.3f}; of mean 3 and "
    "deviation 5 with mean {far_mean:.3f} and deviation {far_deviation:.3f}.",
    unlike={"by": "standardisation"},
    page="functions/s-curves",
)
def sigmoid_normalises(by: str = "sigmoid") -> Measured:
    """Mean and deviation of what leaves the function, for 20,000 evenly spread quantiles of two normal laws."""
    from scipy.special import ndtri

    z = ndtri((np.arange(20_000) + 0.5) / 20_000)
    f = (lambda x: (x - x.mean()) / x.std()) if by == "standardisation" else get(by)
    near, far = f(z), f(3 + 5 * z)
    off = [max(abs(y.mean()), abs(y.std() - 1)) for y in (near, far)]
    return measured(
        min(off) > 0.1 and abs(near.mean() - far.mean()) > 0.1,
        mean=near.mean(), deviation=near.std(), far_mean=far.mean(), far_deviation=far.std(),
    )  # fmt: skip


@claim(
    belief="The sigmoid suits models whose output is a probability.",
    about="sigmoid",
    verdict="true",
    sources="004",
    says="Yes-or-no labels were drawn with probability sigma(2x - 1) for normal x, and a unit with a sigmoid was "
    "fitted to {examples:,} of them by cross-entropy. All its answers lie inside (0, 1), and its largest error of a "
    "probability for x from -2 to 2 is on average {error:.3f}.",
    unlike={"output": "identity"},
    page="functions/outputs-and-vectors",
    side="pro",
)
def sigmoid_probability(output: str = "sigmoid") -> Measured:
    """Newton's method for w and b of one unit under the loss that belongs to its output, for 100 drawn data sets."""
    f, sets, examples = get(output), 100, 2000
    rng = np.random.default_rng(0)
    x = rng.normal(size=(sets, examples))
    labels = rng.uniform(size=x.shape) < get("sigmoid")(2 * x - 1)
    features, weights = np.stack([x, np.ones_like(x)], axis=-1), np.zeros((sets, 2, 1))
    for _ in range(10):
        z = features @ weights
        gradient = features.swapaxes(1, 2) @ (f(z) - labels[..., np.newaxis])
        weights = weights - np.linalg.solve(features.swapaxes(1, 2) @ (f.derivative(z) * features), gradient)
    grid = np.linspace(-2, 2, 401)
    answers = f(weights[:, 0] * grid + weights[:, 1])
    error = Mean.of(np.abs(answers - get("sigmoid")(2 * grid - 1)).max(axis=1))
    inside = bool(((answers > 0) & (answers < 1)).all())
    return measured(inside and error.interval[1] < 0.05, examples=examples, error=error)


@claim(
    belief="The derivative of the sigmoid can be expressed by the sigmoid itself.",
    about="sigmoid",
    verdict="true",
    sources="001",
    says="Where the sigmoid answers s its slope is s (1 - s): at {points:,} points from -10 to 10 this is within "
    "{within:.1e} of the derivative by a complex step. In float32 the difference 1 - s is lost far to the right: from "
    "x = {end:.2f} on it is exactly 0, though the slope is {slope:.0e} there.",
    unlike={"name": "tanh"},
    page="gradients/derivatives-and-backpropagation",
)
def sigmoid_derivative_self(name: str = "sigmoid") -> Measured:
    """s(1 - s) beside Im f(x + ih) / h with h = 1e-20, and the first float32 at which it is 0."""
    f = formulas.textbook(get(name))
    s, h = f(_LINE), 1e-20
    gap = float(np.abs(s * (1 - s) - np.imag(f(_LINE + 1j * h)) / h).max())
    end = first_float(lambda x: 1 - get(name)(x) == 0, 1.0, 1000.0, np.float32)
    # A few roundings of numbers up to 1.
    within = 4 * 2.0**-53
    slope = get(name).derivative(end)
    return measured(gap < within, points=_LINE.size, within=within, end=float(end), slope=slope)


@claim(
    belief="The sigmoid is easy to differentiate.",
    about="sigmoid",
    verdict="true",
    sources=("002", "004"),
    says="Once the sigmoid's answer s is known, its slope costs one subtraction and one product, s (1 - s), and no "
    "further exponential. Fitted to the slope by least squares, the best a + b s + c s^2 has a = {a:.3f}, b = {b:.3f}, "
    "c = {c:.3f}, and misses it by less than {within:g}.",
    unlike={"name": "gelu"},
    page="gradients/derivatives-and-backpropagation",
    side="pro",
)
def sigmoid_easy_derivative(name: str = "sigmoid") -> Measured:
    """The slope at points from -10 to 10 as a quadratic polynomial of the function's value there."""
    f = get(name)
    s = f(_LINE)
    powers = np.stack([np.ones_like(s), s, s * s], axis=1)
    slope = f.derivative(_LINE)
    # Rounded and freed of the sign of 0, so that no -0.000 is printed.
    a, b, c = (round(float(value), 9) + 0.0 for value in np.linalg.lstsq(powers, slope, rcond=None)[0])
    rest = float(np.abs(a + b * s + c * s * s - slope).max())
    within = 1e-12  # rounding
    return measured(rest < within, a=a, b=b, c=c, within=within)


@claim(
    belief="The derivative of the sigmoid takes the values of [0, 0.25], or of (0, 0.25).",
    about="sigmoid",
    verdict="imprecise",
    sources="004",
    says="Each of the two has one end wrong. The slopes of the sigmoid are {slopes}: {top:g} is taken, at x = "
    "{place:g}; 0 is not, for at 1000 the slope, computed with {digits} digits, still is about 10^{exponent:.0f}.",
    unlike={"name": "hard_sigmoid"},
    page="functions/s-curves",
)
def sigmoid_derivative_max(name: str = "sigmoid") -> Measured:
    """The measured interval of slopes, and the slope at 1000 from the differentiated formula."""
    import mpmath

    f, digits = get(name), 50
    (far,) = formulas.exact(f, [1000.0], order=1, digits=digits)
    facts = f.properties
    return measured(
        facts.slopes == Interval(0.0, 0.25, high_closed=True) and far > 0,
        slopes=facts.slopes, top=facts.slopes.high, place=facts.slope_supremum_at, digits=digits,
        exponent=float(mpmath.log10(far)) if far > 0 else -np.inf,
    )  # fmt: skip


@claim(
    belief="Far from 0 the derivative of the sigmoid tends to 0.",
    about="sigmoid",
    verdict="true",
    sources=("000", "001", "002", "004"),
    says="The sigmoid saturates on both sides: its slope is {at_0:g} at 0, {at_5:.4f} at 5 and {at_10:.1e} at 10. "
    "Beyond {edge:.2f} on either side it is below {flat:g}.",
    unlike={"name": "silu"},
    page="functions/s-curves",
    side="con",
)
def sigmoid_derivative_tails(name: str = "sigmoid") -> Measured:
    """Slopes at 0, 5 and 10, and where the flat parts that reach to infinity begin."""
    f = get(name)
    facts = f.properties
    starts = [interval.low for interval in facts.saturation if interval.high == np.inf]
    slopes = f.derivative(np.array([0.0, 5.0, 10.0]))
    return measured(
        facts.saturates_left and facts.saturates_right and slopes[1] < 0.01 and slopes[2] < 1e-4,
        at_0=slopes[0], at_5=slopes[1], at_10=slopes[2], edge=starts[0] if starts else np.inf, flat=FLAT,
    )  # fmt: skip


@claim(
    belief="The sigmoid's derivative is near 0 when the input is too large or too small.",
    about="sigmoid",
    verdict="imprecise",
    sources=("000", "004"),
    says="The word small misleads: at the small number x = {small:g} the sigmoid's slope is {near:.6f}, to six digits "
    "as large as it gets. It is near 0 where x is far from 0, on either side: {far:.1e} at x = -10 and at x = 10.",
    unlike={"name": "soft_shrink"},
    page="functions/s-curves",
)
def sigmoid_too_small_wording(name: str = "sigmoid") -> Measured:
    """The slope at a millionth, and the larger one of the slopes at -10 and at 10."""
    f, small = get(name), 1e-6
    near, far = f.derivative(small), float(f.derivative(np.array([-10.0, 10.0])).max())
    return measured(near > (1 - 1e-6) * f.properties.slopes.high > 0 and far < 1e-4, small=small, near=near, far=far)


@claim(
    belief="The outputs of the sigmoid are not centred on zero.",
    about="sigmoid",
    verdict="true",
    sources=("002", "004"),
    says="All answers of the sigmoid are positive. For standard normal inputs their mean is {mean:.3f} and their "
    "variance {variance:.4f}; for inputs of mean -2 the mean still is {shifted:.3f}.",
    unlike={"name": "tanh"},
    page="functions/s-curves",
    side="con",
)
def sigmoid_not_zero_mean(name: str = "sigmoid") -> Measured:
    """Mean and variance for standard normal inputs, and the mean for normal inputs of mean -2, by quadrature."""
    f = get(name)
    facts = f.properties
    shifted = gaussian_mean(f, lambda z: f(z - 2))
    return measured(
        facts.range.low >= 0 and not facts.zero_centred and shifted > 0.1,
        mean=facts.mean, variance=facts.variance, shifted=shifted,
    )  # fmt: skip
