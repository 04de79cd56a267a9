"""The hyperbolic tangent: claims about its formula, its range, its derivative, and how it trains beside the sigmoid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from actlab import experiments
from actlab.claims.backpropagation import gradient_ratio, median_epochs, moons_epochs
from actlab.claims.costs import cost
from actlab.claims.ledger import Measured, claim, measured
from actlab.core import get_elementwise
from actlab.experiments import cosine_table
from actlab.network import initialise
from actlab.optimisers import Adam
from actlab.properties import gaussian_mean
from actlab.statistics import Mean, Quantile, Share
from actlab.training import fit

_CURVES = "functions/s-curves"


def _quotient(x: np.ndarray, base: float = np.e) -> np.ndarray:
    """The formula as it stands in books, or with another base, in the precision of x."""
    x = np.asarray(x)
    with np.errstate(over="ignore", invalid="ignore"):
        up, down = (np.exp(sign * x.dtype.type(np.log(base)) * x) for sign in (1, -1))
        return (up - down) / (up + down)


@claim(
    belief="The hyperbolic tangent is the difference of e^x and e^-x, divided by their sum.",
    about="tanh",
    verdict="true",
    sources=("000", "002"),
    says="On {points} points from -10 to 10 the quotient (e^x - e^-x) / (e^x + e^-x), computed in float64, differs "
    "from the exact tanh by less than {within:g}. With powers of 2 in place of those of e it would be an S-curve, too, "
    "but another one, {other:.2f} away where they are furthest apart.",
    unlike={"base": 2.0},
    page=_CURVES,
)
def tanh_formula(base: float = np.e, points: int = 201) -> Measured:
    """The largest difference of the quotient in float64 and tanh to 50 digits."""
    from actlab import formulas

    x = np.linspace(-10, 10, points)
    exact = np.array(formulas.exact(get_elementwise("tanh"), x), float)
    gap, other = (float(np.abs(_quotient(x, b) - exact).max()) for b in (base, 2.0))
    within = 2e-15  # rounding
    return measured(gap < within, points=points, within=within, other=other)


@claim(
    belief="The formula of tanh can be coded as it is written.",
    about="tanh",
    verdict="imprecise",
    sources="002",
    says="Typed as (e^x - e^-x) / (e^x + e^-x), tanh returns nan from x = {single:.2f} on in float32 and from "
    "{double:.2f} on in float64, where e^x overflows and infinity is divided by infinity. Near 0 the difference loses "
    "digits: at x = {near:g} the relative error in float64 is {error:.0e}. NumPy's tanh does neither.",
    unlike={"formula": np.tanh},
    page="practice/numbers-at-the-edge",
)
def tanh_formula_overflow(formula: Callable = _quotient, near: float = 1e-10) -> Measured:
    """The first float at which the typed formula is nan, in two precisions, and its relative error near 0."""
    from actlab import formulas

    single, double = (_first_nan(formula, dtype) for dtype in (np.float32, np.float64))
    x, exact = np.array([near]), formulas.exact(get_elementwise("tanh"), [near])
    error, library = (float(experiments.relative_errors(f(x), exact)[0]) for f in (formula, np.tanh))
    # e^x overflows where x passes the logarithm of the largest number.
    ends = [float(np.log(np.float64(np.finfo(dtype).max))) for dtype in (np.float32, np.float64)]
    holds = np.allclose([single, double], ends, rtol=1e-4) and error > 1e-9 and library < 1e-15
    holds = holds and np.isfinite(np.tanh([single, double, 1e300])).all()
    return measured(holds, single=single, double=double, near=near, error=error)


def _first_nan(formula: Callable, dtype: type) -> float:
    """The first float above 1 at which a formula is nan; infinity if there is none."""

    def fails(x: np.floating) -> bool:
        return bool(np.isnan(formula(x)))

    largest = np.finfo(dtype).max
    return float(experiments.first_float(fails, 1, largest, dtype)) if fails(largest) else np.inf


@claim(
    belief="The output of tanh lies between -1 and 1, without either end.",
    about="tanh",
    verdict="true",
    sources=("000", "001", "004"),
    says="The range of tanh over the real numbers is the open interval {range}: it never reaches an end. Floats do, "
    "by rounding: in NumPy tanh(x) is exactly 1 from about x = {single:.0f} on in float32 and from about {double:.0f} "
    "on in float64.",
    unlike={"activation": "hard_tanh"},
    page=_CURVES,
)
def tanh_range_open(activation: str = "tanh") -> Measured:
    """The measured range, and the first float, in two precisions, whose answer is 1."""
    f = get_elementwise(activation)
    single, double = (
        float(experiments.first_float(lambda x: f(x) == 1, 0.5, 100, dtype)) for dtype in (np.float32, np.float64)
    )
    found = f.properties.range
    holds = (found.low, found.high, found.low_closed, found.high_closed) == (-1, 1, False, False)
    return measured(holds, range=found, single=single, double=double)


@claim(
    belief="Tanh compresses its input into the closed interval [-1, 1].",
    about="tanh",
    verdict="imprecise",
    sources="002",
    says="Only the ends are too much: tanh comes as near to 1 as you like without reaching it, so its range is "
    "{range}. At x = {x:g} it is still {short:.1e} short of 1.",
    unlike={"activation": "hard_tanh"},
    page=_CURVES,
)
def tanh_range_closed(activation: str = "tanh", x: float = 20.0) -> Measured:
    """The measured range, and the distance from 1 of the exact value, computed to 50 digits."""
    from actlab import formulas

    f = get_elementwise(activation)
    short = float(1 - formulas.exact(f, [x])[0])
    found = f.properties.range
    holds = (found.low, found.high) == (-1, 1) and not found.low_closed and not found.high_closed and short > 0
    return measured(holds, range=found, x=x, short=short)


@claim(
    belief="In shape tanh is very similar to the sigmoid.",
    about=("tanh", "sigmoid"),
    verdict="true",
    sources=("000", "001", "002"),
    says="More than similar: tanh is a sigmoid twice as steep, stretched from (0, 1) to (-1, 1). At {points} points "
    "from -10 to 10, to 50 digits, tanh(x) and 2 sigmoid(2x) - 1 differ by at most {gap:.0e}.",
    unlike={"activation": "softsign"},
    page=_CURVES,
)
def tanh_similar_sigmoid(activation: str = "tanh", points: int = 101) -> Measured:
    """The largest difference of the two sides, both computed to 50 digits."""
    import mpmath

    from actlab import formulas

    x = np.linspace(-10, 10, points)
    curve = formulas.exact(get_elementwise(activation), x)
    sigmoid = formulas.exact(get_elementwise("sigmoid"), 2 * x)
    with mpmath.workdps(50):
        gap = max(abs(float(one - (2 * other - 1))) for one, other in zip(curve, sigmoid, strict=True))
    return measured(gap < 1e-48, points=points, gap=gap)


@claim(
    belief="The graph of tanh is symmetric about the origin.",
    about="tanh",
    verdict="true",
    sources="000",
    says="Tanh is an {symmetry} function: at {points:,} random numbers, of sizes from {low:.0e} to {high:.0e}, "
    "tanh(-x) + tanh(x) is exactly {gap:g}, also in floating point.",
    unlike={"activation": "sigmoid"},
    page=_CURVES,
    side="pro",
)
def tanh_symmetric(activation: str = "tanh", points: int = 10_000, low: float = 1e-6, high: float = 1e3) -> Measured:
    """The measured symmetry, and the largest sum of the answers to x and to -x in float64."""
    f = get_elementwise(activation)
    x = np.exp(np.random.default_rng(0).uniform(np.log(low), np.log(high), size=points))
    gap = float(np.abs(f(-x) + f(x)).max())
    symmetry = f.properties.symmetry
    return measured(symmetry == "odd" and gap == 0, symmetry=symmetry, points=points, low=low, high=high, gap=gap)


@claim(
    belief="The output of tanh has mean 0, which mends the sigmoid's mean that is not.",
    about="tanh",
    verdict="imprecise",
    sources=("002", "004", "lecun1998efficient"),
    says="Tanh is centred where its input is: for a standard normal Z the mean of tanh(Z) is {centred:.0f}, while "
    "that of sigmoid(Z) is {sigmoid:.1f}. For an input of mean {shift:g} it is {shifted:.3f}: the function does not "
    "take a mean away, it only adds none.",
    unlike={"activation": "sigmoid"},
    page=_CURVES,
    side="pro",
)
def tanh_zero_mean(activation: str = "tanh", shift: float = 1.0) -> Measured:
    """Expectations of the answers to normal inputs of variance 1, by quadrature."""
    f = get_elementwise(activation)
    shifted = gaussian_mean(f, lambda z: f(z + shift))
    sigmoid = get_elementwise("sigmoid").properties.mean
    holds = f.properties.zero_centred and shifted > 0.1 and abs(sigmoid - 0.5) < 1e-12
    return measured(holds, centred=abs(f.properties.mean), sigmoid=sigmoid, shift=shift, shifted=shifted)


@claim(
    belief="The derivative of tanh is 1 - tanh(x)^2.",
    about="tanh",
    verdict="true",
    sources="004",
    says="Symbolic differentiation of tanh minus 1 - tanh(x)^2 leaves {rest}. Computed in float64 from the answer, 1 "
    "- tanh(x)^2 is within {within:g} of the exact slope at {points} points from -10 to 10; but from about x = "
    "{zero:.0f} on it is 0, where the slope is still {there:.0e}.",
    unlike={"candidate": "tanh(x)*(1 - tanh(x))"},
    page=_CURVES,
)
def tanh_derivative_formula(candidate: str = "1 - tanh(x)**2", points: int = 201) -> Measured:
    """The difference of two formulas, simplified, and that of the computed and the exact slope."""
    import sympy

    from actlab import formulas

    tanh, x = get_elementwise("tanh"), np.linspace(-10, 10, points)
    symbol = sympy.Symbol("x", real=True)
    formula = sympy.sympify(candidate, locals={"x": symbol})
    rest = sympy.simplify(formulas.expression(tanh, 1) - formula)
    typed = sympy.lambdify(symbol, formula, modules="numpy")
    gap = float(np.abs(typed(x) - np.array(formulas.exact(tanh, x, 1), float)).max())
    zero = float(experiments.first_float(lambda x: typed(x) == 0, 1.0, 100.0))
    within = 1e-15  # rounding
    holds = rest == 0 and gap < within
    return measured(holds, rest=rest, within=within, points=points, zero=zero, there=tanh.derivative(zero))


@claim(
    belief="Around 0 the derivative of tanh is larger than that of the sigmoid.",
    about="tanh",
    verdict="true",
    sources=("001", "004"),
    says="At 0 the slope of tanh is {ratio:g} times that of the sigmoid, and it is larger for all x within "
    "{cross:.3f} of 0. Beyond, it is smaller: at x = {far:g} by a factor of {tail:.0f}, because tanh also saturates "
    "twice as soon.",
    unlike={"other": "softsign"},
    page=_CURVES,
    side="pro",
)
def tanh_derivative_bigger_near_0(other: str = "sigmoid", far: float = 5.0) -> Measured:
    """The ratio of the slopes at 0 and far out, and the root of their difference between 1 and 3."""
    from scipy.optimize import brentq

    one, two = get_elementwise("tanh").derivative, get_elementwise(other).derivative
    cross = brentq(lambda x: one(x) - two(x), 1, 3, xtol=1e-12)
    x = np.linspace(0, 10, 10_001)
    inside = np.array_equal(one(x) > two(x), x < cross)
    ratio, tail = float(one(0.0) / two(0.0)), float(two(far) / one(far))
    return measured(inside and ratio > 2 and tail > 10, ratio=ratio, cross=cross, far=far, tail=tail)


@claim(
    belief="Thanks to its larger derivative a network of tanh units trains faster than one of sigmoid units.",
    about="tanh",
    verdict="depends",
    sources=("001", "002", "004", "lecun1998efficient"),
    says="Often, not always. With eight hidden layers of 32 units on two moons (Adam 0.003) tanh reaches 95 % "
    "accuracy after a median of {deep} epochs, sigmoid within 100 epochs in {sigmoid}. In the cosine fit the median "
    "network that gets below a loss of 0.01 is there after {few_tanh:g} epochs with {few} tanh units, {few_sigmoid:g} "
    "with sigmoids; with 8 units, {many_tanh:g} and {many_sigmoid:g}.",
    unlike={"few": 4},
    page="experiments/cosine-fit",
    slow=True,
)
def tanh_faster_than_sigmoid(few: int = 2) -> Measured:
    """Epochs to 95 % accuracy of 40 deep networks each, and the recorded cosine fits of 10,000 networks a cell."""
    deep, flat = (moons_epochs(name, "glorot_uniform") for name in ("tanh", "sigmoid"))
    table = cosine_table.load()
    arrivals = {(name, n): table.cell(name, n).arrival for name in ("tanh", "sigmoid") for n in (few, 8)}
    fewer, more = (tuple(arrivals[name, n] for name in ("tanh", "sigmoid")) for n in (few, 8))
    sigmoid = Share.of(np.isfinite(flat))
    holds = Share.of(np.isfinite(deep)).interval[0] > 0.8 and sigmoid.interval[1] < 0.2
    holds = holds and fewer[0].low > fewer[1].high and more[0].high < more[1].low
    return measured(
        holds, deep=median_epochs(deep), sigmoid=sigmoid, few=few, few_tanh=fewer[0].value,
        few_sigmoid=fewer[1].value, many_tanh=more[0].value, many_sigmoid=more[1].value,
    )  # fmt: skip


@claim(
    belief="The derivative of tanh lies in the open interval (0, 1).",
    about="tanh",
    verdict="imprecise",
    sources="004",
    says="One end belongs to it: the slopes of tanh are {slopes}, for at x = {at:g} the slope is {top:g}, exactly. "
    "The other end does not: the slope is positive everywhere.",
    unlike={"activation": "log_sigmoid"},
    page=_CURVES,
)
def tanh_derivative_range(activation: str = "tanh") -> Measured:
    """The measured range of the derivative, and where it takes its largest value."""
    found = get_elementwise(activation).properties
    slopes, at = found.slopes, found.slope_supremum_at
    holds = (slopes.low, slopes.high, slopes.low_closed, slopes.high_closed) == (0, 1, False, True) and at == 0
    return measured(holds, slopes=slopes, at=at, top=slopes.high)


@claim(
    belief="With tanh gradients vanish less than with the sigmoid, but they still vanish.",
    about="tanh",
    verdict="true",
    sources=("000", "001", "002", "003", "004", "glorot2010understanding"),
    says="Under Glorot's start and over layers of width 100, the gradient at the first layer is {twenty:.2g} times "
    "that at the last in 20 tanh layers and {fifty:.2g} times in 50; with the sigmoid it is {other_twenty:.1e} and "
    "{other_fifty:.1e} (medians of {networks} networks, with 95 % intervals). A saturated unit is worse off with tanh, "
    "though: at x = {far:g} its slope is {tanh:.1e}, the sigmoid's {sigmoid:.1e}.",
    unlike={"activation": "identity"},
    page="gradients/vanishing-and-exploding",
    side="con",
)
def tanh_vanishing_remains(activation: str = "tanh", far: float = 5.0, networks: int = 20) -> Measured:
    """The gradient at the first layer over that at the last in untrained networks, and slopes far from 0."""
    ours, sigmoid = (
        [gradient_ratio(name, depth, networks=networks) for depth in (20, 50)] for name in (activation, "sigmoid")
    )
    here, there = (float(get_elementwise(name).derivative(far)) for name in (activation, "sigmoid"))
    holds = ours[0].high < 0.5 and ours[1].high < ours[0].low and here < there
    holds = holds and all(one.low > other.high for one, other in zip(ours, sigmoid, strict=True))
    return measured(
        holds, twenty=ours[0], fifty=ours[1], other_twenty=sigmoid[0], other_fifty=sigmoid[1],
        networks=networks, far=far, tanh=here, sigmoid=there,
    )  # fmt: skip


@claim(
    belief="Tanh is expensive to compute.",
    about="tanh",
    verdict="depends",
    sources=("002", "004"),
    says="It depends on who computes it. In our recorded benchmark on a million float32 numbers tanh takes "
    "{numpy:.1f} times as long as ReLU in NumPy, {keras:.1f} times in Keras, {jax:.1f} in compiled JAX and "
    "{torch:.1f} in PyTorch. NumPy's tanh of float64 takes {wide:.1f} times as long with the vector instructions of "
    "AVX-512, {narrow:.0f} times without.",
    unlike={"activation": "elu"},
    page="practice/speed",
)
def tanh_cost(activation: str = "tanh") -> Measured:
    """Recorded times of one call over those of ReLU in the same hands, on one processor."""
    numpy, keras, jax, torch = (cost(activation, who) for who in ("textbook", "keras", "jax.jit", "torch"))
    wide, narrow = (cost(activation, "textbook", dtype="float64", of=of) for of in ("speed", "speed-avx2"))
    holds = min(numpy, keras, jax) < 1.25 and torch > 4 and narrow > 4 * wide
    return measured(holds, numpy=numpy, keras=keras, jax=jax, torch=torch, wide=wide, narrow=narrow)


@claim(
    belief="Where a problem is symmetric, tanh may do better than the sigmoid.",
    about="tanh",
    verdict="depends",
    sources="000",
    says="For the sine on [-pi, pi], an odd curve, yes: two hidden units trained by Adam at 0.04 for 300 epochs miss "
    "it (loss above 0.05) in {tanh} with tanh and {sigmoid} with sigmoid. For 1 - cos(x) there, an even one, no: of "
    "{recorded:,} recorded networks each, {even_tanh:.1%} with tanh and {even_sigmoid:.1%} with sigmoid get below "
    "0.01. Both can draw the same curves.",
    unlike={"low": 0.0, "raised": 1.0},
    page=_CURVES,
    slow=True,
)
def tanh_symmetric_problems(low: float = -np.pi, raised: float = 0.0, networks: int = 500) -> Measured:
    """Losses of trained 1-2-1 networks on a period of the sine, and the recorded fits of the cosine, centred."""
    x = np.linspace(low, low + 2 * np.pi, 100)[:, np.newaxis]
    odd, even = [], []
    for name in ("tanh", "sigmoid"):
        start = initialise((1, 2, 1), name, networks=networks, seed=0)
        training = fit(
            start, x, np.sin(x) + raised, epochs=300, optimiser=Adam(0.04), order="independent", dtype="float64"
        )
        odd.append(Share.of(~(training.losses[-1] <= 0.05)))
        # The record has cos(x) + 1 from 0 to 2 pi, with inputs moved by pi: 1 - cos(x) from -pi to pi.
        even.append(cosine_table.load().cell(name, inputs="centred").success(0.01))
    holds = odd[0].interval[1] < odd[1].interval[0] and even[0].interval[1] < even[1].interval[0]
    return measured(
        holds, tanh=odd[0], sigmoid=odd[1], recorded=even[0].n, even_tanh=even[0].value, even_sigmoid=even[1].value
    )


@claim(
    belief="For an ordinary classification use tanh in the hidden layers and a sigmoid at the output.",
    about="tanh",
    verdict="depends",
    sources="004",
    says="It works, and others work faster. With eight hidden layers of 32 units, two moons are learnt to 95 % "
    "accuracy by Adam at 0.003 after {tanh} epochs with tanh under Glorot's start, and {rival_epochs} with SiLU under "
    "He's (medians). The output is a softmax of two, which is a sigmoid of a difference; a sigmoid for each of more "
    "than two classes would not add up to 1.",
    unlike={"rival": "sigmoid"},
    page="functions/outputs-and-vectors",
    slow=True,
)
def tanh_hidden_sigmoid_output(rival: str = "silu") -> Measured:
    """The epochs until a network first has 95 % training accuracy, over 40 networks each, 100 epochs at most."""
    tanh, other = moons_epochs("tanh", "glorot_uniform"), moons_epochs(rival, "he_uniform")
    works = Share.of(np.isfinite(tanh)).interval[0] > 0.8
    return measured(
        works and Quantile.of(other).high < Quantile.of(tanh).low, tanh=median_epochs(tanh),
        rival_epochs=median_epochs(other),
    )  # fmt: skip


@claim(
    belief="Tanh is non-linear, so that it captures complex patterns, and its output is bounded.",
    about="tanh",
    verdict="true",
    sources="003",
    says="Both are so. One hidden layer of 16 tanh units, trained by Adam at 0.03 for 40 epochs, tells two rings, one "
    "inside the other, apart with a mean accuracy of {tanh:.1%}; without activation it is {linear:.1%}. And however "
    "large the pre-activations are, the answers stay in {range}.",
    unlike={"activation": "identity"},
    page="foundations/why-nonlinearity",
    side="pro",
)
def tanh_nonlinear_bounded(activation: str = "tanh", networks: int = 40) -> Measured:
    """The training accuracy of networks on 200 points in two rings of the radii 1 and 2, and the measured range."""
    ours, linear = (_ring_accuracy(name, networks) for name in (activation, "identity"))
    found = get_elementwise(activation).properties.range
    holds = np.isfinite([found.low, found.high]).all() and ours.interval[0] > 0.95 and linear.interval[1] < 0.7
    return measured(holds, tanh=ours, linear=linear, range=found)


def _ring_accuracy(activation: str, networks: int, points: int = 200) -> Mean:
    """The mean accuracy of networks of one hidden layer on two rings with some noise."""
    rng = np.random.default_rng(0)
    labels = np.arange(points) % 2
    angles, radii = rng.uniform(0, 2 * np.pi, points), 1 + labels + 0.1 * rng.normal(size=points)
    x = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    training = fit(
        initialise((2, 16, 2), activation, networks=networks, seed=0), x, labels, epochs=40, optimiser=Adam(0.03),
        loss="softmax_cross_entropy", order="independent", dtype="float64", validation=(x, labels),
    )  # fmt: skip
    return Mean.of(training.accuracies[-1])
