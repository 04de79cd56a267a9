"""Shrinkage: answers 0, or nearly 0, to what is small."""

from __future__ import annotations

import numpy as np

from actlab.core import Param, elementwise

_THRESHOLD = Param(0.5, low=0.1, high=2.0, symbol="lambda", minimum=0.0, positive=True)


def _edges(threshold):
    return {-threshold: "right", threshold: "left"}


@elementwise(
    formula="Piecewise((x - threshold, x > threshold), (x + threshold, x < -threshold), (0, True))",
    family="shrinkage",
    df=lambda x, threshold: np.where(np.abs(x) > threshold, 1.0, 0.0),
    d2f=lambda x, threshold: np.zeros(np.broadcast(x, threshold).shape),
    params={"threshold": _THRESHOLD},
    kinks=_edges,
    cite="donoho1995noising",
    keras="soft_shrink(threshold=threshold)", torch="nn.functional.softshrink(lambd=threshold)",
    aliases=("softshrink",),
)  # fmt: skip
def soft_shrink(x, threshold):
    """Soft shrinkage: pulls every number towards 0 by ``threshold``, and the small ones onto it."""
    return np.where(np.abs(x) > threshold, x - np.copysign(threshold, x), 0.0)


@elementwise(
    formula="Piecewise((x, x > threshold), (x, x < -threshold), (0, True))",
    family="shrinkage",
    df=lambda x, threshold: np.where(np.abs(x) > threshold, 1.0, 0.0),
    d2f=lambda x, threshold: np.zeros(np.broadcast(x, threshold).shape),
    params={"threshold": _THRESHOLD},
    kinks=_edges,
    cite="donoho1994ideal",
    keras="hard_shrink(threshold=threshold)", torch="nn.functional.hardshrink(lambd=threshold)",
    aliases=("hardshrink",),
)  # fmt: skip
def hard_shrink(x, threshold):
    """Hard shrinkage: keeps numbers beyond ``threshold`` as they are and answers 0 to the others."""
    return np.where(np.abs(x) > threshold, x, 0.0)


# 2k / (2k + 1)! for k = 1, 2, ...: x cosh x - sinh x is the sum of these times x^(2k + 1), all of one sign.
_SERIES = tuple(float(2 * k) / float(np.prod(np.arange(1.0, 2 * k + 2))) for k in range(1, 14))


def _tanh_shrink(x):
    near = np.clip(x, -1.5, 1.5)
    square = near * near
    total = np.full_like(square, _SERIES[-1])
    for coefficient in _SERIES[-2::-1]:
        total = total * square + coefficient
    # Near 0 the difference x - tanh(x) cancels; the quotient (x cosh x - sinh x) / cosh x does not.
    return np.where(np.abs(x) < 1.5, (near * square) * total / np.cosh(near), x - np.tanh(x))


def _tanh_shrink_d2(x):
    h = np.exp(-np.abs(x))
    return ((8 * np.tanh(x) * h) * h) / np.square(1 + h * h)


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
