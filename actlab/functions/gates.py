"""Smooth gates: x times a number between 0 and 1 that depends on x."""

from __future__ import annotations

import numpy as np

from actlab.core import Difference, Param, elementwise
from actlab.functions.kernels import FLUSHED, gate, gate_d, gate_d2, times

_SQRT_2PI = np.sqrt(2 * np.pi)


def _silu_d(x, beta):
    z = np.clip(times(beta, x), -FLUSHED, FLUSHED)
    return gate_d(z, z)


def _silu_d2(x, beta):
    z = np.clip(times(beta, x), -FLUSHED, FLUSHED)
    return beta * gate_d2(z, 2 - z * np.tanh(0.5 * z))


@elementwise(
    formula="x*sigma(beta*x)",
    family="gate",
    df=_silu_d,
    d2f=_silu_d2,
    params={"beta": Param(1.0, low=0.1, high=10.0, symbol="beta")},
    cite=("hendrycks2016gelu", "elfwing2018sigmoid", "ramachandran2017searching"),
    keras="silu", torch="nn.functional.silu", jax="nn.silu", aliases=("swish",),
)  # fmt: skip
def silu(x, beta):
    """Sigmoid linear unit: x gated by its own sigmoid; with another ``beta`` than 1 it is known as Swish."""
    return gate(x, times(beta, x))


# Beyond this exp(-t^2/2) takes every float64 the GELU multiplies it by to zero; the clip spares 0 * inf.
_GELU_END = 60.0

# Chebyshev fit, by mpmath, of (t + 5.5) * Phi(-t) * exp(t^2/2) over t >= 0 as a polynomial in s = (t - 5.5)/(t + 5.5),
# lowest power first; its relative error is below 1e-16. Phi(-t) times a growing factor never cancels, 1 + erf does.
_MILLS = (
    0.7737696342764068, -0.6851834205743369, 0.5355964890624925, -0.36704906529373427, 0.21787243285805646,
    -0.10970308995562769, 0.04509758081334374, -0.013923510604434685, 0.002442982686037974, 0.00026960427246933556,
    -0.00032452269086963135, 7.141368423044527e-05, 1.6319996316326574e-05, -1.2115687203731879e-05,
    4.467022739827017e-07, 1.4781473526388254e-06, -2.690710473582149e-07, -1.7119959856106512e-07,
    5.242071866032022e-08, 1.8838657266329626e-08, -7.480539179912658e-09, -1.4270575873081903e-09,
    6.275261778365239e-10,
)  # fmt: skip


def _mills(t):
    """Phi(-t) * exp(t^2/2) for t >= 0, Phi being the normal distribution function."""
    s = (t - 5.5) / (t + 5.5)
    total = np.full_like(s, _MILLS[-1])
    for coefficient in _MILLS[-2::-1]:
        total *= s
        total += coefficient
    return total / (t + 5.5)


def _gelu_d(x):
    t = np.minimum(np.abs(x), _GELU_END)
    h = np.exp(-0.25 * t * t)
    lower = (h * (_mills(t) - t / _SQRT_2PI)) * h
    return np.where(x < 0, lower, 1 - lower)


def _gelu_d2(x):
    t = np.minimum(np.abs(x), _GELU_END)
    h = np.exp(-0.25 * t * t)
    return (h * ((2 - t * t) / _SQRT_2PI)) * h


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
    near = np.clip(x, -_GELU_END, _GELU_END)
    t = np.abs(near)
    h = np.exp(-0.25 * t * t)
    share = ((near * h) * _mills(t)) * h
    return np.where(x > 0, x - share, share)


# z(x) = a x + b x^3 of the tanh form, in which 1 + tanh(u) is written as 2 sigma(2u).
_TANH_A = 2 * np.sqrt(2 / np.pi)
_TANH_B = _TANH_A * 0.044715
_GELU_TANH_END = 30.0


def _gelu_tanh_d(x):
    x = np.clip(x, -_GELU_TANH_END, _GELU_TANH_END)
    square = x * x
    return gate_d(x * (_TANH_A + _TANH_B * square), x * (_TANH_A + 3 * _TANH_B * square))


def _gelu_tanh_d2(x):
    x = np.clip(x, -_GELU_TANH_END, _GELU_TANH_END)
    square = x * x
    z = x * (_TANH_A + _TANH_B * square)
    dz = _TANH_A + 3 * _TANH_B * square
    return gate_d2(z, 2 * dz + 6 * _TANH_B * square - x * dz * dz * np.tanh(0.5 * z))


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
    return gate(x, x * (_TANH_A + _TANH_B * (x * x)))


_LOGISTIC_PROBIT = 1.702


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
    return gate(x, _LOGISTIC_PROBIT * x)


# Mish in e = exp(-|x|), in which nothing overflows: tanh(log(1 + e^x)) is a rational function of e on either side.
_MISH_END = 1500.0


def _mish(x):
    h = np.exp(-0.5 * np.abs(x))
    e = h * h
    left = (np.maximum(x, -_MISH_END) * h) * (1 + e / 2) * h / (1 + e + e * e / 2)
    right = x * ((1 + 2 * e) / (1 + 2 * e + 2 * e * e))
    return np.where(x < 0, left, right)


def _mish_d(x):
    x = np.clip(x, -_MISH_END, _MISH_END)
    h = np.exp(-0.5 * np.abs(x))
    e = h * h
    d = 1 + e + e * e / 2
    left = (h * ((1 + e / 2) * d + x * (1 + e))) * h / np.square(d)
    w = 1 + 2 * e + 2 * e * e
    right = (1 + 2 * e) / w + 4 * (x * e) * e * (1 + e) / np.square(w)
    return np.where(x < 0, left, right)


def _mish_d2(x):
    x = np.clip(x, -_MISH_END, _MISH_END)
    h = np.exp(-0.5 * np.abs(x))
    e = h * h
    d = 1 + e + e * e / 2
    left = (h * (2 * (1 + e) * d + x * (1 + e - 1.5 * e * e - e * e * e))) * h / (d * d * d)
    w = 1 + 2 * e + 2 * e * e
    right = 8 * (e * ((1 + e) * w + x * (e * e * e + e * e - 1.5 * e - 1))) * e / (w * w * w)
    return np.where(x < 0, left, right)


@elementwise(
    formula="x*tanh(log(1 + exp(x)))",
    family="gate",
    df=_mish_d,
    d2f=_mish_d2,
    cite="misra2020mish",
    keras="mish", torch="nn.functional.mish", jax="nn.mish",
)  # fmt: skip
def mish(x):
    """Mish: x gated by the tanh of its softplus; close to SiLU, with a slightly deeper valley."""
    return _mish(x)
