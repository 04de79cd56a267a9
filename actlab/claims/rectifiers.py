"""Claims about what leaky ReLU, PReLU and ELU are; what becomes of them in training is told by ``leaks``."""

from __future__ import annotations

import numpy as np

from actlab.agreement import recorded
from actlab.claims.ledger import Measured, claim, measured
from actlab.core import get
from actlab.experiments import floor
from actlab.functions.rectifiers import leaky_relu, prelu, relu


@claim(
    belief="A leaky ReLU gives positive input back as it is, and negative input times a small slope.",
    about="leaky_relu",
    verdict="true",
    sources=("000", "002", "003", "004", "maas2013rectifier"),
    says="For negative input a leaky ReLU is a line through 0, here of slope {slope:g}, and for positive input the "
    "input itself: at {points} points up to 5 on either side, f(x)/x varies by less than {within:g}. Keras' function, "
    "given this slope in float64, came out up to {keras:.1e} off, since the slope passes through float32.",
    unlike={"activation": "elu"},
    page="functions/rectifiers",
)
def leaky_formula(activation: str = "leaky_relu", points: int = 1000) -> Measured:
    """f(x)/x at even points on either side of 0, and the recorded difference of Keras' function from ours."""
    f = get(activation)
    x = np.linspace(5, 0, points, endpoint=False)
    left, right = f(-x) / -x, f(x) / x
    spread = float(max(np.ptp(left), np.ptp(right)))
    keras = max(
        entry.value
        for column in recorded()
        for entry in column.entries
        if column.framework == "keras" and entry.function == f.name and not entry.bare
    )
    within = 1e-15  # rounding
    straight = spread < within and right[0] == 1 and 0 < left[0] < 1
    return measured(straight and keras < 2e-8, slope=left[0], points=points, within=within, keras=keras)


@claim(
    belief="The slope of a leaky ReLU lies between 0 and 1.",
    about="leaky_relu",
    verdict="true",
    sources="002",
    says="Written as max(slope x, x), a leaky ReLU needs a slope of at most 1. For the slopes {slopes} this is what "
    "the two pieces give, at {points} points from -5 to 5 (largest difference {same:g}); for {steep:g} it is up to "
    "{beyond:g} off, as the larger of the two lines is then the wrong one.",
    unlike={"slopes": (0.2, 1.2)},
    page="functions/rectifiers",
)
def leaky_slope_01(slopes: tuple[float, ...] = (0.01, 0.2, 0.99), steep: float = 1.5, points: int = 1001) -> Measured:
    """The largest difference between max(slope x, x) and the function in two pieces, for several slopes."""
    x = np.linspace(-5, 5, points)

    def gap(slope: float) -> float:
        return float(np.abs(np.maximum(slope * x, x) - np.where(x > 0, x, slope * x)).max())

    same, beyond = max(map(gap, slopes)), gap(steep)
    return measured(
        same == 0 < beyond,
        slopes=", ".join(f"{slope:g}" for slope in slopes), points=points, same=same, steep=steep, beyond=beyond,
    )  # fmt: skip


@claim(
    belief="For negative input a leaky ReLU has a small negative slope.",
    about="leaky_relu",
    verdict="imprecise",
    sources="000",
    says="The slope of a leaky ReLU on the negative side is small and positive: with the parameter at {slope:g}, "
    "f'(-1) = {at:g}, and from f(-2) = {left:g} to f(-1) = {right:g} the function rises. Keras, PyTorch and JAX call "
    "the parameter negative_slope because it is the slope for negative input.",
    unlike={"slope": -0.2},
    page="functions/rectifiers",
)
def leaky_negative_slope_wording(slope: float = 0.2) -> Measured:
    """The derivative of a leaky ReLU at -1, and its values at -2 and -1."""
    f = leaky_relu.with_params(negative_slope=slope)
    at, (left, right) = float(f.derivative(-1.0)), f(np.array([-2.0, -1.0]))
    return measured(0 < at < 1 and left < right, slope=slope, at=at, left=left, right=right)


@claim(
    belief="The gradient of a leaky ReLU is not zero for negative input.",
    about="leaky_relu",
    verdict="true",
    sources=("002", "004", "maas2013rectifier"),
    says="The slope of a leaky ReLU is nowhere below {least:g}, its default on the negative side, so that some "
    "gradient always passes. A ReLU has slope 0 for {dead:.0%} of standard normal input.",
    unlike={"activation": "relu"},
    page="functions/rectifiers",
    side="pro",
)
def leaky_nonzero_gradient(activation: str = "leaky_relu") -> Measured:
    """The greatest lower bound of f', and the share of standard normal input for which the slope of the ReLU is 0."""
    found = get(activation).properties
    return measured(found.slopes.low > 0 and not found.dead, least=found.slopes.low, dead=relu.properties.dead_share)


@claim(
    belief="A leaky ReLU is less sparse than a ReLU.",
    about="leaky_relu",
    verdict="true",
    sources="004",
    says="Of its answers to standard normal input a leaky ReLU has {leaky:.0%} at exactly 0, a ReLU {relu:.0%}: the "
    "leak costs all of the sparsity.",
    unlike={"slope": 0.0},
    page="functions/rectifiers",
    side="con",
)
def leaky_less_sparse(slope: float = 0.01) -> Measured:
    """The probability that f(Z) is exactly 0 for a standard normal Z."""
    leaky, none = (f.properties.zero_share for f in (leaky_relu.with_params(negative_slope=slope), relu))
    return measured(leaky == 0 and leaky < none, leaky=leaky, relu=none)


@claim(
    belief="The values of a leaky ReLU can become very large.",
    about="leaky_relu",
    verdict="true",
    sources="003",
    says="A leaky ReLU has no bound on either side: f(1e6) = {high:g} and, with its default slope, f(-1e6) = {low:g}. "
    "A ReLU is bounded below, by {floor:g}.",
    unlike={"activation": "elu"},
    page="functions/rectifiers",
    side="con",
)
def leaky_unbounded(activation: str = "leaky_relu") -> Measured:
    """The bounds of f, and its values at a million on either side."""
    f = get(activation)
    unbounded = (f.properties.infimum, f.properties.supremum) == (-np.inf, np.inf)
    low, high = f(np.array([-1e6, 1e6]))
    return measured(unbounded, low=low, high=high, floor=relu.properties.infimum)


@claim(
    belief="A leaky ReLU is non-linear, so networks of it capture complex patterns.",
    about="leaky_relu",
    verdict="true",
    sources="003",
    says="For a linear f, f(a + b) = f(a) + f(b). For a leaky ReLU of slope {slope:g} and a, b from -3 to 3 the two "
    "are up to {gap:.3g} apart. Two such units can follow one period of a cosine to a mean squared error of {two:.2g}, "
    "where the best line leaves {line:.3g}.",
    unlike={"slope": 1.0},
    page="foundations/why-nonlinearity",
)
def leaky_nonlinear(slope: float = 0.2) -> Measured:
    """The largest gap to additivity on a grid, and the recorded floors of the cosine fit with two units."""
    f = leaky_relu.with_params(negative_slope=slope)
    a = np.linspace(-3, 3, 121)
    b = a[:, np.newaxis]
    gap = float(np.abs(f(a + b) - f(a) - f(b)).max())
    bend = "identity" if slope == 1 else f  # the floors are recorded by name
    two, line = floor(bend, 2).loss, floor("identity", 2).loss
    return measured(gap > 1e-12 and two < line / 10, slope=slope, gap=gap, two=two, line=line)


@claim(
    belief="A plot from -2 to 2 shows the leak of a leaky ReLU of slope 0.01.",
    about="leaky_relu",
    verdict="imprecise",
    sources="002",
    says="The leak is there and hardly to be seen: drawn from -{reach:g} to {reach:g}, a slope of {slope:g} takes up "
    "{part:.1%} of the height. On an axis two inches high that is {points:.1f} points, less than the width of a line "
    "of {line:g} points.",
    unlike={"slope": 0.2},
    page="functions/rectifiers",
)
def leaky_plot_invisible(slope: float = 0.01, reach: float = 2.0, line: float = 2.0) -> Measured:
    """What f falls below 0 at the left end of a plot, as a part of the height from its least value to its largest."""
    low, high = leaky_relu.with_params(negative_slope=slope)(np.array([-reach, reach]))
    part = float(-low / (high - low))
    points = 144 * part
    return measured(0 < points < line, reach=reach, slope=slope, part=part, points=points, line=line)


@claim(
    belief="The slope can be learnt together with the weights; the function is then called PReLU.",
    about="prelu",
    verdict="true",
    sources=("003", "he2015delving"),
    says="A PReLU that starts at slope {start:g} and is shown the answers of one of slope {true:g}, at {points} inputs "
    "from {low:g} to 2, has slope {learnt:.4f} after {steps} gradient steps. Its answer changes with the slope by "
    "min(x, 0), so it learns from negative input only.",
    unlike={"low": 0.0},
    page="functions/rectifiers",
)
def prelu_learned(
    start: float = 0.25, true: float = 0.37, low: float = -2.0, points: int = 100, steps: int = 300
) -> Measured:
    """Gradient descent at rate 0.1 on the mean squared error, over the slope of one PReLU."""
    x = np.linspace(low, 2, points)
    target, learnt = prelu(x, alpha=true), start
    for _ in range(steps):
        error = prelu(x, alpha=learnt) - target
        learnt -= 0.1 * 2 * float(np.mean(error * prelu.parameter_derivative("alpha", x, alpha=learnt)))
    close = abs(learnt - true) < 1e-4
    return measured(close, start=start, true=true, points=points, low=low, learnt=learnt, steps=steps)


@claim(
    belief="The ELU is one of the improved variants of the ReLU.",
    about="elu",
    verdict="true",
    sources=("001", "clevert2016fast"),
    says="The ELU improves on the ReLU in three respects: on paper it passes some gradient for every input, its slope "
    "does not jump at 0 (it is {left:g} on both sides), and its mean for standard normal input, {mean:.3f}, is nearer "
    "to 0 than {relu:.3f}, that of the ReLU. Below it is bounded by {floor:g}.",
    unlike={"activation": "softplus"},
    page="functions/rectifiers",
    side="pro",
)
def elu_named(activation: str = "elu") -> Measured:
    """The measured properties of the ELU with its default alpha, beside those of the ReLU."""
    f = get(activation)
    found, plain = f.properties, relu.properties
    left, right = f.derivative(np.array([-1e-12, 1e-12]))
    improved = found.strict and found.smoothness >= 1 and abs(found.mean) < plain.mean
    return measured(
        improved and abs(left - right) < 1e-9, left=left, mean=found.mean, relu=plain.mean, floor=found.infimum
    )
