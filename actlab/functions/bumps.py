"""Bumps: an answer near one place only."""

from __future__ import annotations

import numpy as np

from actlab.core import elementwise

_GAUSSIAN_END = 60.0


def _gaussian_d(x):
    x = np.clip(x, -_GAUSSIAN_END, _GAUSSIAN_END)
    h = np.exp(-0.5 * x * x)
    return (-2 * x * h) * h


def _gaussian_d2(x):
    x = np.clip(x, -_GAUSSIAN_END, _GAUSSIAN_END)
    h = np.exp(-0.5 * x * x)
    return ((4 * x * x - 2) * h) * h


@elementwise(
    formula="exp(-x**2)",
    family="bump",
    df=_gaussian_d,
    d2f=_gaussian_d2,
    cite="broomhead1988multivariable",
)
def gaussian(x):
    """Gaussian bump: answers only near 0, so that a unit answers to one place."""
    return np.exp(-np.square(x))
