"""Rectifiers: one side passes, the other is held back."""

from __future__ import annotations

import numpy as np

from actlab.core import Difference, Param, elementwise
from actlab.functions.kernels import gate_d2, logistic, times


@elementwise(
    formula="Piecewise((x, x > 0), (0, True))",
    family="rectifier",
    df=lambda x: np.where(x > 0, 1.0, 0.0),
    d2f=lambda x: np.zeros_like(x),
    kinks={0.0: "left"},
    cite=("nair2010rectified", "glorot2011deep"),
    keras="relu", torch="nn.functional.relu", jax="nn.relu",
)  # fmt: skip
def relu(x):
    """Rectified linear unit: keeps what is positive and answers 0 to the rest."""
    return np.maximum(x, 0.0)


def _leaky(x, slope):
    return np.where(x > 0, x, times(slope, x))


def _leaky_d(x, slope):
    return np.where(x > 0, 1.0, slope)


@elementwise(
    formula="Piecewise((x, x > 0), (negative_slope*x, True))",
    family="rectifier",
    df=lambda x, negative_slope: _leaky_d(x, negative_slope),
    d2f=lambda x, negative_slope: np.zeros(np.broadcast(x, negative_slope).shape),
    params={"negative_slope": Param(0.01, low=0.0, high=0.5, symbol="alpha")},
    kinks={0.0: "left"},
    cite="maas2013rectifier",
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
    params={"alpha": Param(0.25, low=0.0, high=1.0, learnable=True)},
    kinks={0.0: "left"},
    cite="he2015delving",
    torch="nn.functional.prelu(weight=alpha)",
    differs={"keras": Difference("a layer only, whose slope starts from 0", values={"layers.PReLU()": {-1.0: 0.0}})},
)  # fmt: skip
def prelu(x, alpha):
    """Parametric ReLU: a leaky ReLU whose slope is learnt; 0.25 is where its authors start it."""
    return _leaky(x, alpha)


@elementwise(
    formula="Piecewise((0, x <= 0), (x, x < 6), (6, True))",
    family="rectifier",
    df=lambda x: np.where((x > 0) & (x < 6), 1.0, 0.0),
    d2f=lambda x: np.zeros_like(x),
    kinks={0.0: "left", 6.0: "right"},
    cite=("krizhevsky2010convolutional", "sandler2018mobilenetv2"),
    keras="relu6", torch="nn.functional.relu6", jax="nn.relu6",
)  # fmt: skip
def relu6(x):
    """ReLU that stops at 6, so that its output fits a short fixed-point number."""
    return np.minimum(np.maximum(x, 0.0), 6.0)


@elementwise(
    formula="Piecewise((x, x > 0), (alpha*(exp(x) - 1), True))",
    family="rectifier",
    df=lambda x, alpha: np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0))),
    d2f=lambda x, alpha: np.where(x > 0, 0.0, alpha * np.exp(np.minimum(x, 0))),
    params={"alpha": Param(1.0, low=0.1, high=3.0, minimum=0.0)},
    kinks={0.0: "left"},
    cite="clevert2016fast",
    keras="elu(alpha=alpha)", torch="nn.functional.elu(alpha=alpha)", jax="nn.elu(alpha=alpha)",
)  # fmt: skip
def elu(x, alpha):
    """Exponential linear unit: saturates at ``-alpha`` instead of 0."""
    return np.where(x > 0, x, alpha * np.expm1(np.where(x > 0, 0.0, x)))


# The scale and the alpha for which mean 0 and variance 1 are a fixed point (Klambauer et al., 2017, equation 14), and
# their product, rounded once.
_SELU_SCALE = 1.0507009873554805
_SELU_LEFT = 1.7580993408473768


@elementwise(
    formula="1.0507009873554804934193349852946*Piecewise("
    "(x, x > 0), (1.67326324235437728481704299167179*(exp(x) - 1), True))",
    family="rectifier",
    df=lambda x: np.where(x > 0, _SELU_SCALE, _SELU_LEFT * np.exp(np.minimum(x, 0))),
    d2f=lambda x: np.where(x > 0, 0.0, _SELU_LEFT * np.exp(np.minimum(x, 0))),
    kinks={0.0: "left"},
    cite="klambauer2017self",
    keras="selu", torch="nn.functional.selu", jax="nn.selu",
    differs={"keras": Difference("the slope at 0 is that of the right side", slopes={0.0: 1.0507009873554805})},
)  # fmt: skip
def selu(x):
    """Scaled ELU: keeps mean 0 and variance 1 from layer to layer, in wide networks with LeCun's initialisation."""
    return np.where(x > 0, _SELU_SCALE * x, _SELU_LEFT * np.expm1(np.where(x > 0, 0.0, x)))


def _celu(x, alpha):
    z = np.minimum(x, 0) / alpha
    # So near to 0 the two agree in all digits, and x has those that the quotient loses to underflow.
    return np.where(z > -(2.0**-54), x, alpha * np.expm1(z))


def _celu_d2(x, alpha):
    h = np.exp(0.5 * (np.minimum(x, 0) / alpha))
    return np.where(x > 0, 0.0, (h / alpha) * h)


@elementwise(
    formula="Piecewise((x, x > 0), (alpha*(exp(x/alpha) - 1), True))",
    family="rectifier",
    df=lambda x, alpha: np.exp(np.minimum(x, 0) / alpha),
    d2f=_celu_d2,
    params={"alpha": Param(1.0, low=0.1, high=3.0, minimum=0.0, positive=True)},
    kinks={0.0: "left"},
    cite="barron2017continuously",
    keras="celu(alpha=alpha)", torch="nn.functional.celu(alpha=alpha)", jax="nn.celu(alpha=alpha)",
    differs={"keras": Difference("the slope at 0 is 2, the sum of both sides", slopes={0.0: 2.0})},
)  # fmt: skip
def celu(x, alpha):
    """Continuously differentiable ELU: its slope at 0 is 1 for every ``alpha``."""
    return _celu(x, alpha)


def _softplus(x, beta):
    z = beta * x
    h = np.exp(-0.5 * np.abs(z))
    # Far to the left log1p(e^z) is e^z, which is divided between its two halves so as not to lose digits to underflow.
    tail = np.where(z < -700, (h / beta) * h, np.log1p(h * h) / beta)
    return np.maximum(x, 0) + tail


@elementwise(
    formula="log(1 + exp(beta*x))/beta",
    family="rectifier",
    df=lambda x, beta: logistic(beta * x),
    d2f=lambda x, beta: gate_d2(beta * x, beta),
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


def _closing(x, b):
    """(sqrt(x^2 + b) - |x|)/2 and sqrt(x^2 + b), for the square-root rectifier; the difference never cancels."""
    r = np.hypot(x, np.sqrt(b))
    # (b/2) / (r + |x|), in an order in which nothing overflows; the ratio of two infinities is 1 here.
    share = np.minimum(np.abs(x), _LARGEST) / np.minimum(r, _LARGEST)
    return (b / 2) / r / (1 + share), r


def _squareplus_d(x, b):
    closing, r = _closing(x, b)
    return np.where(x < 0, closing / r, 1 - closing / r)


def _squareplus_d2(x, b):
    r = np.hypot(x, np.sqrt(b))
    return (b / 2) / r / r / r


@elementwise(
    formula="(x + sqrt(x**2 + b))/2",
    family="rectifier",
    df=_squareplus_d,
    d2f=_squareplus_d2,
    params={"b": Param(4.0, low=0.1, high=10.0, symbol="b", minimum=0.0, positive=True)},
    cite="barron2021squareplus",
    keras="squareplus(b=b)", jax="nn.squareplus(b=b)",
)  # fmt: skip
def squareplus(x, b):
    """Squareplus: a smooth ReLU that needs a square root only, no exponential."""
    closing, r = _closing(x, b)
    return np.where(x < 0, closing, 0.5 * x + 0.5 * r)


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
    df=lambda x, threshold, default_value: np.where(x > threshold, 1.0, 0.0 * default_value),
    d2f=lambda x, threshold, default_value: np.zeros(np.broadcast(x, threshold, default_value).shape),
    params={
        "threshold": Param(0.0, low=-1.0, high=2.0, symbol="theta"),
        "default_value": Param(0.0, low=-1.0, high=1.0, symbol="v"),
    },
    kinks=lambda threshold, default_value: {threshold: "left"},
    keras="threshold(threshold=threshold, default_value=default_value)",
    torch="nn.functional.threshold(threshold=threshold, value=default_value)",
)  # fmt: skip
def threshold(x, threshold, default_value):
    """Threshold: keeps what is above ``threshold`` and answers ``default_value`` to the rest."""
    return np.where(x > threshold, x, default_value)


@elementwise(
    formula="Piecewise((0, x <= -1), ((x + 1)**2/4, x < 1), (x, True))",
    family="rectifier",
    df=lambda x: np.clip((x + 1) / 2, 0, 1),
    d2f=lambda x: np.where((x > -1) & (x < 1), 0.5, 0.0),
    kinks={-1.0: "left", 1.0: "right"},
    cite="blondel2020learning",
    keras="sparse_plus", jax="nn.sparse_plus",
)  # fmt: skip
def sparse_plus(x):
    """Sparse plus: a ReLU whose corner is a parabola from -1 to 1, exactly 0 to the left of it."""
    return np.where(x < 1, np.square(np.clip(x + 1, 0, 2)) / 4, x)
