"""S-curves."""

from __future__ import annotations

import numpy as np

from actlab.core import elementwise
from actlab.functions.kernels import below, logistic, patched


def _sigmoid_d(x):
    # sigma(x) * sigma(-x), never sigma * (1 - sigma): the difference is 0 from x = 37 on.
    e = np.exp(-np.abs(x))
    return e / np.square(1 + e)


def _sigmoid_native(x):
    e = np.exp(x, out=x)
    whole = e + 1
    try:
        with np.errstate(invalid="raise"):
            np.divide(e, whole, out=e)
    except FloatingPointError:  # inf / inf; to cut beforehand what overflows would be a pass more for all
        e[np.isinf(whole)] = 1
    np.divide(e, whole, out=whole)
    return e, whole


@elementwise(
    formula="sigma(x)",
    family="sigmoidal",
    df=_sigmoid_d,
    d2f=lambda x: -np.tanh(0.5 * x) * _sigmoid_d(x),
    native=_sigmoid_native,
    keras="sigmoid", torch="nn.functional.sigmoid", jax="nn.sigmoid", aliases=("logistic",),
)  # fmt: skip
def sigmoid(x):
    """Logistic sigmoid: an S-shaped curve from 0 to 1."""
    return logistic(x)


def _tanh_d(x):
    # Never 1 - tanh(x)^2: the difference is 0 from x = 19 on.
    return np.square(1 / np.cosh(x))


def _tanh_native(x):
    y = np.tanh(x, out=x)
    slope = y * y  # loses the digits of a slope near 0, as it does in the frameworks
    np.subtract(1, slope, out=slope)
    return y, slope


@elementwise(
    formula="tanh(x)",
    family="sigmoidal",
    df=_tanh_d,
    d2f=lambda x: -2 * np.tanh(x) * _tanh_d(x),
    native=_tanh_native,
    keras="tanh", torch="nn.functional.tanh", jax="nn.tanh",
)  # fmt: skip
def tanh(x, out=None):
    """Hyperbolic tangent: an S-shaped curve from -1 to 1, through the origin with slope 1."""
    return np.tanh(x, out=out)


def _softsign_d2(x):
    r = 1 / (1 + np.abs(x))
    return (2 - 4 * (x > 0).astype(np.float64)) * (r * r * r)  # of a single number, ** 3 rounds otherwise


@elementwise(
    formula="Piecewise((x/(1 + x), x > 0), (x/(1 - x), True))",
    family="sigmoidal",
    # The power of the reciprocal, not the reciprocal of the power, which overflows.
    df=lambda x: np.square(1 / (1 + np.abs(x))),
    d2f=_softsign_d2,
    kinks={0.0: "left"},
    cite=("turian2009quadratic", "glorot2010understanding"),
    textbook=("x/(1 + np.abs(x))", "1/np.square(1 + np.abs(x))", "-2*np.sign(x)*(r := 1/(1 + np.abs(x)))*r*r"),
    keras="softsign", torch="nn.functional.softsign", jax="nn.soft_sign", aliases=("soft_sign",),
)  # fmt: skip
def softsign(x):
    """Softsign: an S-curve from -1 to 1 that approaches its ends like 1/x, far more slowly than tanh."""
    # Every step of 1 / (1/x + 1) rises with x. In x / (1 + |x|) two roundings compete: now and then it falls.
    curve = 1 / (1 / x + np.copysign(1.0, x))
    return patched(curve, np.abs(x) < 2.0**-1000, lambda: x)  # where 1/x would overflow


@elementwise(
    formula="log(sigma(x))",
    family="sigmoidal",
    df=lambda x: logistic(-x),
    d2f=lambda x: -_sigmoid_d(x),
    textbook=("-np.log(1 + np.exp(-x))",),
    keras="log_sigmoid", torch="nn.functional.logsigmoid", jax="nn.log_sigmoid", aliases=("logsigmoid",),
)  # fmt: skip
def log_sigmoid(x):
    """Logarithm of the sigmoid, in one step: exact also where the sigmoid itself rounds to 0 or 1."""
    # Far to the left e^-x overflows, and nothing but x is left of the sum.
    return patched(-np.log1p(np.exp(-x)), below(x, -700), lambda: x)
