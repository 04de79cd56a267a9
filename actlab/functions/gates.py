"""Smooth gates: x times a number between 0 and 1 that depends on x."""

from __future__ import annotations

import numpy as np

from actlab.core import Difference, Param, elementwise
from actlab.functions.kernels import (
    FLUSHED,
    LARGEST,
    bend,
    beyond,
    decay,
    gate,
    gate_d,
    opening,
    patched,
    product,
    select,
    square,
    times,
)

_SQRT_2PI = np.sqrt(2 * np.pi)


def _silu_d(x, beta):
    z = times(beta, x)
    return gate_d(z, z)


def _silu_d2(x, beta):
    z = np.clip(times(beta, x), -FLUSHED, FLUSHED)
    return bend(z, 2.0, np.abs(z), beta)


def _silu_d_beta(x, beta):
    h = np.exp(-0.5 * np.abs(times(beta, x)))
    return np.square(np.clip(x, -LARGEST, LARGEST) * h / (1 + h * h))


def _silu_native(x, beta):
    e, share = opening(beta * x)
    y = x * share
    e *= beta * y
    e += 1
    e *= share
    return y, e


@elementwise(
    formula="x*sigma(beta*x)",
    family="gate",
    df=_silu_d,
    d2f=_silu_d2,
    native=_silu_native,
    parameter_df={"beta": _silu_d_beta},
    params={"beta": Param(1.0, low=0.1, high=10.0, symbol="beta", learnable=True)},
    cite=("hendrycks2016gelu", "elfwing2018sigmoid", "ramachandran2017searching"),
    keras="silu", torch="nn.functional.silu", jax="nn.silu", aliases=("swish",),
)  # fmt: skip
def silu(x, beta):
    """Sigmoid linear unit: x gated by its own sigmoid; with another ``beta`` than 1 it is known as Swish."""
    return gate(x, *product(beta, x))


# Beyond this exp(-t^2/2) takes every float64 that a GELU multiplies it by to zero; the clip spares 0 * inf.
_GELU_END = 60.0

# Chebyshev fit, by mpmath, of (t + 4) * Phi(-t) * exp(t^2/2) over 0 <= t <= 39 as a polynomial in s = (t - 4)/(t + 4),
# lowest power first; its relative error is below 1e-16. Phi(-t) times a growing factor never cancels, 1 + erf does.
MILLS = (
    0.7552851304157515, -0.6078966419718917, 0.3871374007422187, -0.18652185795969298, 0.0603965748907066,
    -0.0075401889656226675, -0.0034796923623715906, 0.0016308184422239424, 0.00013334425522449717,
    -0.0002310948203047214, -1.907873095933309e-06, 3.5144187813104215e-05, 7.150276513545111e-07,
    -5.918905080396581e-06, -6.251785640512302e-07, 1.0198152807723923e-06, 2.63742514249532e-07,
    -1.5426167593457165e-07, -7.642482978378022e-08, 1.4569488564608778e-08, 1.3938808852558355e-08,
    7.731895808625608e-11, -9.6615755481553e-10,
)  # fmt: skip


def _mills(t):
    """Phi(-t) * exp(t^2/2) for t >= 0, Phi being the normal distribution function."""
    end = t + 4
    s = (t - 4) / end
    total = np.full_like(s, MILLS[-1])
    for coefficient in MILLS[-2::-1]:
        total *= s
        total += coefficient
    return total / end


def _gelu_d(x):
    t = np.clip(np.abs(x), 0, _GELU_END)
    h = np.exp(-0.25 * t * t)
    left = (h * (_mills(t) - t / _SQRT_2PI)) * h
    return select(x > 0, 1 - left, left)


def _gelu_d2(x):
    square = np.square(np.clip(x, -_GELU_END, _GELU_END))
    h = np.exp(-0.25 * square)
    return (h * ((2 - square) / _SQRT_2PI)) * h


@elementwise(
    formula="x*Phi(x)",
    family="gate",
    df=_gelu_d,
    d2f=_gelu_d2,
    cite="hendrycks2016gelu",
    keras="gelu", torch="nn.functional.gelu", jax="nn.gelu(approximate=False)",
    differs={
        "keras": Difference("1/sqrt(2) passes through float32", values={"gelu": {-3.0: -0.0040496947775210314}}),
        "jax": Difference("by default the tanh form is computed", values={"nn.gelu": {-3.0: -0.003637392081773161}}),
    },
)  # fmt: skip
def gelu(x):
    """Gaussian error linear unit, exact: x times the probability that a standard normal number is below x."""
    t = np.clip(np.abs(x), 0, _GELU_END)
    t_squared, rest = square(t)
    e = np.exp(-0.5 * t_squared)
    closing = (t * _mills(t)) * (e - e * (0.5 * rest))
    return np.copysign(np.clip(x, 0, np.inf) - closing, x)  # of the sign of x, -0.0 too


# In the tanh form 1 + tanh(u) is 2 sigma(z) with z = 2u = a x + b x^3. At multiples of 1/256 the first digits of a and
# b, A1 and B1, give z without rounding; the others, A2 and B2, follow apart.
_TANH_A, _TANH_A1, _TANH_A2 = 1.5957691216057308, 1.5957691216026433, 3.0874305383944692e-12
_TANH_B, _TANH_B1, _TANH_B2 = 0.07135481627260025, 0.07135391235351562, 9.039190846237764e-07
_GELU_TANH_END = 30.0


def _tanh_argument(x):
    """z(x) in two parts: the float64 nearest to it, and what is left of it."""
    x = np.clip(x, -_GELU_TANH_END, _GELU_TANH_END)
    node = np.rint(x * 256) * (1 / 256)
    square = node * node
    at_node = node * (_TANH_A1 + _TANH_B1 * square)
    rest = (x - node) * (_TANH_A + _TANH_B * (x * (x + node) + square)) + node * (_TANH_A2 + _TANH_B2 * square)
    nearest = at_node + rest
    return nearest, rest - (nearest - at_node)


def _gelu_tanh_d(x):
    square = x * x
    return gate_d(x * (_TANH_A + _TANH_B * square), x * (_TANH_A + 3 * _TANH_B * square))


def _gelu_tanh_d2(x):
    x = np.clip(x, -_GELU_TANH_END, _GELU_TANH_END)
    a, b, square = _TANH_A, _TANH_B, x * x
    # z'^2 as a polynomial is rounded less than the square of z'.
    slope_squared = a * a + square * (6 * a * b + 9 * b * b * square)
    return bend(x * (a + b * square), 2 * a + 12 * b * square, np.abs(x) * slope_squared)


@elementwise(
    formula="x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))/2",
    family="gate",
    df=_gelu_tanh_d,
    d2f=_gelu_tanh_d2,
    cite="hendrycks2016gelu",
    keras="gelu(approximate=True)", torch="nn.functional.gelu(approximate='tanh')",
    jax="nn.gelu(approximate=True)",
    differs={
        "keras": Difference(
            "the constants pass through float32", values={"gelu(approximate=True)": {-3.0: -0.0036373923237907335}}
        )
    },
)  # fmt: skip
def gelu_tanh(x):
    """GELU in its tanh form: a close stand-in for the exact GELU that needs no error function; JAX's default."""
    return gate(x, *_tanh_argument(x))


_LOGISTIC_PROBIT = 1.702
_LOGISTIC_PROBIT_REST = 4.263256414560601e-17  # what the float64 leaves of the decimal number


def _gelu_sigmoid_d(x):
    return _silu_d(x, _LOGISTIC_PROBIT)


def _gelu_sigmoid_d2(x):
    return _silu_d2(x, _LOGISTIC_PROBIT)


@elementwise(
    formula="x*sigma(1.702*x)",
    family="gate",
    df=_gelu_sigmoid_d,
    d2f=_gelu_sigmoid_d2,
    cite="hendrycks2016gelu",
)
def gelu_sigmoid(x):
    """GELU in its sigmoid form: the coarser and cheaper of the two stand-ins."""
    return gate(x, *product(_LOGISTIC_PROBIT, x, _LOGISTIC_PROBIT_REST))


# With e = e^x, tanh(log(1 + e^x)) is n / d with n = e (e + 2) and d = n + 2. Beyond this |x| powers of e may overflow,
# and of the powers of e^-|x| only the lowest is not lost.
_MISH_FAR = 100.0


def _mish_d(x):
    e = np.exp(x)
    d = e * (e + 2) + 2
    near = e * ((e + 2) + 4 * x * (1 + e) / d) / d
    return patched(near, beyond(x, _MISH_FAR), lambda: np.where(x < 0, decay(x, 1 + x), 1.0))


def _mish_d2(x):
    e = np.exp(x)
    d = e * (e + 2) + 2
    near = 4 * e * (2 * (1 + e) * d + x * (2 + e * (2 - e * (3 + 2 * e)))) / (d * d * d)
    return patched(near, beyond(x, _MISH_FAR), lambda: np.where(x < 0, decay(x, 2 + x), decay(2 * x, 8 * (1 - x))))


def _mish_native(x):
    bounded = x.clip(-np.inf, 20.0)  # further right n / (n + 2) is 1, and powers of e might overflow
    e = np.exp(bounded)
    n = e * (e + 2)
    d = n + 2
    y = x * (n / d)
    e *= 1 + e
    e *= bounded
    e *= 4
    e /= d
    e += n
    e /= d
    return y, e


@elementwise(
    formula="x*tanh(log(1 + exp(x)))",
    family="gate",
    df=_mish_d,
    d2f=_mish_d2,
    native=_mish_native,
    cite="misra2020mish",
    keras="mish", torch="nn.functional.mish", jax="nn.mish",
)  # fmt: skip
def mish(x):
    """Mish: x gated by the tanh of its softplus; close to SiLU, with a slightly deeper valley."""
    e = np.exp(x)
    n = e * (e + 2)
    return patched(x * (n / (n + 2)), beyond(x, _MISH_FAR), lambda: np.where(x < 0, decay(x, x), x))
