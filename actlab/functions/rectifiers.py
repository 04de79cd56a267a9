"""Rectifiers: one side passes, the other is held back."""

from __future__ import annotations

import numpy as np

from actlab.core import Difference, Param, elementwise
from actlab.functions.kernels import (
    below,
    constant,
    logistic,
    negative_part,
    opening,
    patched,
    positive_part,
    product,
    quotient,
    select,
    times,
)


def _clipped_native(x, inside, highest):
    return x.clip(0.0, highest, out=x), inside.astype(x.dtype)


@elementwise(
    formula="Piecewise((x, x > 0), (0, True))",
    family="rectifier",
    df=lambda x: (x > 0).astype(np.float64),
    d2f=lambda x, out=None: constant(x, 0.0, out),
    native=lambda x: _clipped_native(x, x > 0, np.inf),
    kinks={0.0: "left"},
    cite=("nair2010rectified", "glorot2011deep"),
    textbook=("np.maximum(x, 0)", "(x > 0).astype(x.dtype)"),
    keras="relu", torch="nn.functional.relu", jax="nn.relu",
)  # fmt: skip
def relu(x, out=None):
    """Rectified linear unit: keeps what is positive and answers 0 to the rest."""
    return x.clip(0.0, np.inf, out=out)  # np.maximum is three times slower against a single number


def _leaky(x, slope):
    if np.ndim(slope) == 0 and 0 < slope <= 1:
        return np.maximum(x, slope * x)
    return positive_part(x) + times(slope, negative_part(x))


def _leaky_d(x, slope):
    return select(x > 0, 1.0, slope)


def _leaky_native(x, slope):
    right = np.greater(x, 0)
    if slope > 1:
        return np.minimum(x, slope * x), np.where(right, 1, slope).astype(x.dtype)
    derivative = right.astype(x.dtype)
    derivative.clip(slope, 1.0, out=derivative)
    return np.multiply(derivative, x, out=x), derivative


@elementwise(
    formula="Piecewise((x, x > 0), (negative_slope*x, True))",
    family="rectifier",
    df=lambda x, negative_slope: _leaky_d(x, negative_slope),
    d2f=lambda x, negative_slope: np.zeros(np.broadcast(x, negative_slope).shape),
    native=lambda x, negative_slope: _leaky_native(x, negative_slope),
    params={"negative_slope": Param(0.01, low=0.0, high=0.5, symbol="alpha")},
    kinks={0.0: "left"},
    cite="maas2013rectifier",
    textbook=("np.maximum(x, negative_slope*x)",),
    keras="leaky_relu(negative_slope=negative_slope)",
    torch="nn.functional.leaky_relu(negative_slope=negative_slope)",
    jax="nn.leaky_relu(negative_slope=negative_slope)",
    differs={
        "keras": Difference(
            "the slope starts from 0.2, that of the layer LeakyReLU from 0.3, and passes through float32",
            values={"leaky_relu": {-1.0: -0.20000000298023224}, "layers.LeakyReLU()": {-1.0: -0.30000001192092896}},
        ),
        "jax": Difference("the slope at 0 is 1", slopes={0.0: 1.0}),
    },
)  # fmt: skip
def leaky_relu(x, negative_slope):
    """Leaky ReLU: negative input passes too, scaled by a small slope."""
    return _leaky(x, negative_slope)


@elementwise(
    formula="Piecewise((x, x > 0), (alpha*x, True))",
    family="rectifier",
    df=lambda x, alpha: _leaky_d(x, alpha),
    d2f=lambda x, alpha: np.zeros(np.broadcast(x, alpha).shape),
    native=lambda x, alpha: _leaky_native(x, alpha),
    parameter_df={"alpha": lambda x, alpha: negative_part(x) + 0.0 * alpha},
    params={"alpha": Param(0.25, low=0.0, high=1.0, learnable=True)},
    kinks={0.0: "left"},
    cite="he2015delving",
    textbook=("np.maximum(x, alpha*x)",),
    torch="nn.functional.prelu(weight=alpha)",
    differs={"keras": Difference("a layer only, whose slope starts from 0", values={"layers.PReLU()": {-1.0: 0.0}})},
)  # fmt: skip
def prelu(x, alpha):
    """Parametric ReLU: a leaky ReLU whose slope is learnt; 0.25 is where its authors start it."""
    return _leaky(x, alpha)


@elementwise(
    formula="Piecewise((0, x <= 0), (x, x < 6), (6, True))",
    family="rectifier",
    df=lambda x: ((x > 0) & (x < 6)).astype(np.float64),
    d2f=lambda x, out=None: constant(x, 0.0, out),
    native=lambda x: _clipped_native(x, (x > 0) & (x < 6), 6.0),
    kinks={0.0: "left", 6.0: "right"},
    cite=("krizhevsky2010convolutional", "sandler2018mobilenetv2"),
    textbook=("np.clip(x, 0, 6)", "((x > 0) & (x < 6)).astype(x.dtype)"),
    keras="relu6", torch="nn.functional.relu6", jax="nn.relu6",
)  # fmt: skip
def relu6(x, out=None):
    """ReLU that stops at 6, so that its output fits a short fixed-point number."""
    return x.clip(0.0, 6.0, out=out)


def _elu_slope(x, alpha, right):
    # e^x in two halves, so that a large alpha does not multiply the digits that underflow has taken.
    h = np.exp(0.5 * negative_part(x))
    return (select(x > 0, right, alpha) * h) * h


def _elu_native(x, right, left):
    below_zero = x.clip(-np.inf, 0.0)
    derivative = np.greater(x, 0, out=np.empty_like(x))
    derivative *= right - left
    derivative += left
    derivative *= np.exp(below_zero)
    y = np.expm1(below_zero, out=below_zero)
    y *= left
    x.clip(0.0, np.inf, out=x)
    x *= right
    y += x
    return y, derivative


@elementwise(
    formula="Piecewise((x, x > 0), (alpha*(exp(x) - 1), True))",
    family="rectifier",
    df=lambda x, alpha: _elu_slope(x, alpha, 1.0),
    d2f=lambda x, alpha: _elu_slope(x, alpha, 0.0),
    native=lambda x, alpha: _elu_native(x, 1.0, alpha),
    params={"alpha": Param(1.0, low=0.1, high=3.0, minimum=0.0)},
    kinks={0.0: "left"},
    cite="clevert2016fast",
    textbook=("np.maximum(x, 0) + alpha*(np.exp(np.minimum(x, 0)) - 1)",),
    keras="elu(alpha=alpha)", torch="nn.functional.elu(alpha=alpha)", jax="nn.elu(alpha=alpha)",
)  # fmt: skip
def elu(x, alpha):
    """Exponential linear unit: saturates at ``-alpha`` instead of 0."""
    return positive_part(x) + alpha * np.expm1(negative_part(x))


# The scale and the alpha for which mean 0 and variance 1 are a fixed point (Klambauer et al., 2017, equation 14), and
# their product, rounded once.
_SELU_SCALE = 1.0507009873554805
_SELU_LEFT = 1.7580993408473768


@elementwise(
    formula="1.0507009873554804934193349852946*Piecewise("
    "(x, x > 0), (1.67326324235437728481704299167179*(exp(x) - 1), True))",
    family="rectifier",
    df=lambda x: select(x > 0, _SELU_SCALE, _SELU_LEFT) * np.exp(negative_part(x)),
    d2f=lambda x: select(x > 0, 0.0, _SELU_LEFT) * np.exp(negative_part(x)),
    native=lambda x: _elu_native(x, _SELU_SCALE, _SELU_LEFT),
    kinks={0.0: "left"},
    cite="klambauer2017self",
    textbook=("1.0507009873554805*(np.maximum(x, 0) + 1.6732632423543772*(np.exp(np.minimum(x, 0)) - 1))",),
    keras="selu", torch="nn.functional.selu", jax="nn.selu",
    differs={"keras": Difference("the slope at 0 is that of the right side", slopes={0.0: 1.0507009873554805})},
)  # fmt: skip
def selu(x):
    """Scaled ELU: keeps mean 0 and variance 1 from layer to layer, in wide networks with LeCun's initialisation."""
    return _SELU_SCALE * positive_part(x) + _SELU_LEFT * np.expm1(negative_part(x))


def _celu(x, alpha):
    curve = positive_part(x) + alpha * np.expm1(negative_part(x) / alpha)
    # So near to 0 the two agree in all digits, and x has those that the quotient loses to underflow.
    return patched(curve, np.abs(x) < 2.0**-54 * alpha, lambda: x)


def _celu_d(x, alpha):
    z, rest = quotient(negative_part(x), alpha)
    return np.exp(z) * (1 + rest)


def _celu_d2(x, alpha):
    z, rest = quotient(negative_part(x), alpha)
    h = np.exp(0.5 * z)
    return select(x > 0, 0.0, (h / alpha) * h * (1 + rest))


@elementwise(
    formula="Piecewise((x, x > 0), (alpha*(exp(x/alpha) - 1), True))",
    family="rectifier",
    df=_celu_d,
    d2f=_celu_d2,
    params={"alpha": Param(1.0, low=0.1, high=3.0, minimum=0.0, positive=True)},
    kinks={0.0: "left"},
    cite="barron2017continuously",
    textbook=("np.maximum(x, 0) + alpha*(np.exp(np.minimum(x, 0)/alpha) - 1)", "np.exp(np.minimum(x, 0)/alpha)"),
    keras="celu(alpha=alpha)", torch="nn.functional.celu(alpha=alpha)", jax="nn.celu(alpha=alpha)",
    differs={"keras": Difference("the slope at 0 is 2, the sum of both sides", slopes={0.0: 2.0})},
)  # fmt: skip
def celu(x, alpha):
    """Continuously differentiable ELU: its slope at 0 is 1 for every ``alpha``."""
    return _celu(x, alpha)


def _softplus(x, beta):
    z = beta * x
    _, rest = product(beta, negative_part(x))  # to the right how z was rounded costs no more than any rounding
    curve = np.log1p(np.exp(z)) * ((1 + rest) / beta)
    # Far to the left it is e^z / beta. As a square it is divided by a small beta before underflow takes digits.
    far_left = below(z, -700) & (beta < 1)
    curve = patched(curve, far_left, lambda: np.square(np.exp(0.5 * z) / np.sqrt(beta)) * (1 + rest))
    return patched(curve, z > 700, lambda: x)


def _softplus_d(x, beta):
    _, rest = product(beta, negative_part(x))  # to the right the slope is 1 and forgets how z was rounded
    return logistic(beta * x) * (1 + rest)


def _softplus_d2(x, beta):
    z, rest = product(beta, np.abs(x))
    e = np.exp(-z)
    bend = patched(beta * e / np.square(1 + e), z > 700, lambda: np.square(np.exp(-0.5 * z) * np.sqrt(beta)))
    return bend * (1 - rest)


def _softplus_native(x, beta):
    z = beta * x
    _, slope = opening(z)
    y = np.abs(z)
    np.negative(y, out=y)
    np.exp(y, out=y)
    np.log1p(y, out=y)
    y += z.clip(0.0, np.inf)
    y /= beta
    return y, slope


@elementwise(
    formula="log(1 + exp(beta*x))/beta",
    family="rectifier",
    df=_softplus_d,
    d2f=_softplus_d2,
    native=_softplus_native,
    params={"beta": Param(1.0, low=0.1, high=10.0, symbol="beta", minimum=0.0, positive=True)},
    cite="dugas2001incorporating",
    keras="softplus", torch="nn.functional.softplus(beta=beta)", jax="nn.softplus",
    differs={
        "torch": Difference(
            "beyond a threshold of 20 it is x itself",
            values={"nn.functional.softplus": {20.1: 20.1}},
            slopes={20.1: 1.0},
        )
    },
)  # fmt: skip
def softplus(x, beta):
    """Softplus: a smooth ReLU whose slope is the sigmoid; ``beta`` says how closely it follows the ReLU."""
    return _softplus(x, beta)


_LARGEST = np.finfo(np.float64).max


def _outside(square):
    """Where a square, or what it is made of, has left the numbers that have all digits."""
    return (square < 1e-290) | (square > 1e300)


def _half_root(x, b):
    """sqrt(x^2 + b) / 2; hypot, eight times slower, serves only where squares do not."""
    square = np.square(0.5 * x) + b / 4
    return patched(np.sqrt(square), _outside(square), lambda: np.hypot(0.5 * x, 0.5 * np.sqrt(b)))


def _closing(x, b, root):
    """(sqrt(x^2 + b) - |x|) / 2 without that difference, which cancels."""
    return 0.25 * (b / (root + 0.5 * np.abs(x)))


def _squareplus_d(x, b):
    x = np.clip(x, -_LARGEST, _LARGEST)  # inf / inf would be nan
    root = _half_root(x, b)
    return 0.5 * (positive_part(x) + _closing(x, b, root)) / root


def _squareplus_d2(x, b):
    square = np.square(0.5 * x) + b / 4

    def by_roots():
        root = _half_root(x, b)
        return b / root / root / root

    return patched(b / square / np.sqrt(square), _outside(square), by_roots) / 16


@elementwise(
    formula="(x + sqrt(x**2 + b))/2",
    family="rectifier",
    df=_squareplus_d,
    d2f=_squareplus_d2,
    params={"b": Param(4.0, low=0.1, high=10.0, symbol="b", minimum=0.0, positive=True)},
    cite="barron2021squareplus",
    textbook=("(x + np.sqrt(x*x + b))/2",),
    keras="squareplus(b=b)", jax="nn.squareplus(b=b)",
)  # fmt: skip
def squareplus(x, b):
    """Squareplus: a smooth ReLU that needs a square root only, no exponential."""
    return positive_part(x) + _closing(x, b, _half_root(x, b))


@elementwise(
    formula="Piecewise((x, x > 0), ((lower + upper)/2*x, True))",
    family="rectifier",
    df=lambda x, lower, upper: _leaky_d(x, (lower + upper) / 2),
    d2f=lambda x, lower, upper: np.zeros(np.broadcast(x, lower, upper).shape),
    params={
        "lower": Param(1 / 8, low=0.0, high=0.25, symbol="l"),
        "upper": Param(1 / 3, low=0.3, high=0.5, symbol="u"),
    },
    kinks={0.0: "left"},
    cite="xu2015empirical",
    textbook=("np.maximum(x, (lower + upper)/2*x)",),
    torch="nn.functional.rrelu(lower=lower, upper=upper)",
    differs={
        "torch": Difference(
            "while training, the slope is drawn for every number",
            values={"nn.functional.rrelu(training=True)": {-1.0: None}},
        )
    },
)
def rrelu(x, lower, upper):
    """Randomised leaky ReLU as it is evaluated: training draws the slope from a range, evaluation takes its mean."""
    return _leaky(x, (lower + upper) / 2)


@elementwise(
    formula="Piecewise((x, x > threshold), (default_value, True))",
    family="rectifier",
    df=lambda x, threshold, default_value: (x > threshold).astype(np.float64) + 0.0 * default_value,
    d2f=lambda x, threshold, default_value: np.zeros(np.broadcast(x, threshold, default_value).shape),
    params={
        "threshold": Param(0.0, low=-1.0, high=2.0, symbol="theta"),
        "default_value": Param(0.0, low=-1.0, high=1.0, symbol="v"),
    },
    kinks=lambda threshold, default_value: {threshold: "left"},
    textbook=("np.where(x > threshold, x, default_value)", "(x > threshold).astype(x.dtype)"),
    keras="threshold(threshold=threshold, default_value=default_value)",
    torch="nn.functional.threshold(threshold=threshold, value=default_value)",
)  # fmt: skip
def threshold(x, threshold, default_value):
    """Threshold: keeps what is above ``threshold`` and answers ``default_value`` to the rest."""
    return select(x > threshold, x, default_value)


@elementwise(
    formula="Piecewise((0, x <= -1), ((x + 1)**2/4, x < 1), (x, True))",
    family="rectifier",
    df=lambda x: ((x + 1) / 2).clip(0.0, 1.0),
    d2f=lambda x: 0.5 * ((x > -1) & (x < 1)),
    kinks={-1.0: "left", 1.0: "right"},
    cite="blondel2020learning",
    textbook=(
        "np.square(np.clip(x + 1, 0, 2))/4 + np.maximum(x - 1, 0)",
        "np.clip((x + 1)/2, 0, 1)",
        "(np.abs(x) < 1)*x.dtype.type(0.5)",
    ),
    keras="sparse_plus", jax="nn.sparse_plus",
)  # fmt: skip
def sparse_plus(x):
    """Sparse plus: a ReLU whose corner is a parabola from -1 to 1, exactly 0 to the left of it."""
    # The parabola touches the straight line from above, so that the greater of the two is the right one.
    return np.maximum(np.square(0.5 * x.clip(-1.0, 1.0) + 0.5), x)
