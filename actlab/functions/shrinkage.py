"""Shrinkage: answers 0, or nearly 0, to what is small."""

from __future__ import annotations

import numpy as np

from actlab.core import Param, elementwise
from actlab.functions.kernels import select

_THRESHOLD = Param(0.5, low=0.1, high=2.0, symbol="lambda", minimum=0.0, positive=True)


def _edges(threshold):
    return {-threshold: "right", threshold: "left"}


@elementwise(
    formula="Piecewise((x - threshold, x > threshold), (x + threshold, x < -threshold), (0, True))",
    family="shrinkage",
    df=lambda x, threshold: (np.abs(x) > threshold).astype(np.float64),
    d2f=lambda x, threshold: np.zeros(np.broadcast(x, threshold).shape),
    params={"threshold": _THRESHOLD},
    kinks=_edges,
    cite="donoho1995noising",
    textbook=("x - np.clip(x, -threshold, threshold)", "(np.abs(x) > threshold).astype(x.dtype)"),
    keras="soft_shrink(threshold=threshold)", torch="nn.functional.softshrink(lambd=threshold)",
    aliases=("softshrink",),
)  # fmt: skip
def soft_shrink(x, threshold):
    """Soft shrinkage: pulls every number towards 0 by ``threshold``, and the small ones onto it."""
    return x - x.clip(-threshold, threshold)


@elementwise(
    formula="Piecewise((x, x > threshold), (x, x < -threshold), (0, True))",
    family="shrinkage",
    df=lambda x, threshold: (np.abs(x) > threshold).astype(np.float64),
    d2f=lambda x, threshold: np.zeros(np.broadcast(x, threshold).shape),
    params={"threshold": _THRESHOLD},
    kinks=_edges,
    cite="donoho1994ideal",
    textbook=("x*(np.abs(x) > threshold)", "(np.abs(x) > threshold).astype(x.dtype)"),
    keras="hard_shrink(threshold=threshold)", torch="nn.functional.hardshrink(lambd=threshold)",
    aliases=("hardshrink",),
)  # fmt: skip
def hard_shrink(x, threshold):
    """Hard shrinkage: keeps numbers beyond ``threshold`` as they are and answers 0 to the others."""
    return x * (np.abs(x) > threshold)


# Lambert's fraction tanh(x) = x / (1 + y / (3 + y / (5 + ...))), y = x^2, cut after ten levels: x - tanh(x) is x y
# times the quotient of these polynomials in y, lowest power first. No coefficient is negative, so nothing cancels.
_LAMBERT_ABOVE = (218243025.0, 16081065.0, 289575.0, 1430.0, 1.0)
_LAMBERT_BELOW = (654729075.0, 310134825.0, 18918900.0, 315315.0, 1485.0, 1.0)


def _polynomial(coefficients, y):
    total = np.full_like(y, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        total *= y
        total += coefficient
    return total


def _tanh_shrink(x):
    near = x.clip(-1.05, 1.05)
    square = near * near
    fraction = _polynomial(_LAMBERT_ABOVE, square)
    fraction /= _polynomial(_LAMBERT_BELOW, square)
    return select(np.abs(x) < 1.05, near * square * fraction, x - np.tanh(x))


def _tanh_shrink_d2(x):
    # 2 tanh(x) / cosh(x)^2, in an order in which cosh overflows only where nothing is left.
    closing = 1 / np.cosh(x)
    return 2 * np.tanh(x) * (closing * closing)


@elementwise(
    formula="x - tanh(x)",
    family="shrinkage",
    df=lambda x: np.square(np.tanh(x)),
    d2f=_tanh_shrink_d2,
    keras="tanh_shrink", torch="nn.functional.tanhshrink", aliases=("tanhshrink",),
)  # fmt: skip
def tanh_shrink(x):
    """Tanh shrinkage: what tanh takes away from x; a cubic near 0, a shift by 1 far away."""
    return _tanh_shrink(x)
