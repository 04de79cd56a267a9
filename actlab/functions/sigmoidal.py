"""S-curves."""

from __future__ import annotations

import numpy as np

from actlab.core import elementwise
from actlab.functions.kernels import gate_d2, logistic


@elementwise(
    formula="sigma(x)",
    family="sigmoidal",
    # sigma(x) * sigma(-x), never sigma * (1 - sigma): the difference is 0 from x = 37 on.
    df=lambda x: gate_d2(x, 1.0),
    d2f=lambda x: gate_d2(x, -np.tanh(0.5 * x)),
    keras="sigmoid", torch="nn.functional.sigmoid", jax="nn.sigmoid", aliases=("logistic",),
)  # fmt: skip
def sigmoid(x):
    """Logistic sigmoid: an S-shaped curve from 0 to 1."""
    return logistic(x)


def _tanh_d(x):
    # 1 - tanh(x)^2 = 4 sigma(2x) sigma(-2x); the difference is 0 from x = 19 on.
    return gate_d2(2 * x, 4.0)


@elementwise(
    formula="tanh(x)",
    family="sigmoidal",
    df=_tanh_d,
    d2f=lambda x: -2 * np.tanh(x) * _tanh_d(x),
    keras="tanh", torch="nn.functional.tanh", jax="nn.tanh",
)  # fmt: skip
def tanh(x):
    """Hyperbolic tangent: an S-shaped curve from -1 to 1, through the origin with slope 1."""
    return np.tanh(x)


def _softsign_d2(x):
    r = 1 / (1 + np.abs(x))
    return np.where(x > 0, -2.0, 2.0) * (r * r * r)  # of a single number, ** 3 rounds otherwise


def _softsign(x):
    # 1 / (1 + 1/|x|) for large |x|, where |x| / (1 + |x|) would be inf / inf in the end.
    t = np.abs(x)
    return np.copysign(np.where(t > 1, 1 / (1 + 1 / t), t / (1 + t)), x)


@elementwise(
    formula="Piecewise((x/(1 + x), x > 0), (x/(1 - x), True))",
    family="sigmoidal",
    # The power of the reciprocal, not the reciprocal of the power, which overflows.
    df=lambda x: np.square(1 / (1 + np.abs(x))),
    d2f=_softsign_d2,
    kinks={0.0: "left"},
    cite=("turian2009quadratic", "glorot2010understanding"),
    keras="softsign", torch="nn.functional.softsign", jax="nn.soft_sign", aliases=("soft_sign",),
)  # fmt: skip
def softsign(x):
    """Softsign: an S-curve from -1 to 1 that approaches its ends like 1/x, far more slowly than tanh."""
    return _softsign(x)


@elementwise(
    formula="log(sigma(x))",
    family="sigmoidal",
    df=lambda x: logistic(-x),
    d2f=lambda x: -gate_d2(x, 1.0),
    keras="log_sigmoid", torch="nn.functional.logsigmoid", jax="nn.log_sigmoid", aliases=("logsigmoid",),
)  # fmt: skip
def log_sigmoid(x):
    """Logarithm of the sigmoid, in one step: exact also where the sigmoid itself rounds to 0 or 1."""
    # Minus 0, not 0: where the logarithm underflows, the result is a zero that keeps its sign.
    return np.minimum(x, -0.0) - np.log1p(np.exp(-np.abs(x)))
