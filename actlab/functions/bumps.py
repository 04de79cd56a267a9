"""Bumps: an answer near one place only."""

from __future__ import annotations

import numpy as np

from actlab.core import elementwise
from actlab.functions.kernels import square


def _near(x):
    """x, cut off where exp(-x^2) has long been zero: the square is finite then."""
    return np.clip(x, -60.0, 60.0)


def _gaussian_d(x):
    x = _near(x)
    x_squared, rest = square(x)
    h = np.exp(-0.5 * x_squared)
    return (-2 * x * h) * (h * (1 - rest))


def _gaussian_d2(x):
    x_squared = np.square(_near(x))
    h = np.exp(-0.5 * x_squared)
    return ((4 * x_squared - 2) * h) * h


def _gaussian_native(x):
    y = _near(x)
    slope = -2 * y
    y *= y
    np.negative(y, out=y)
    np.exp(y, out=y)
    slope *= y
    return y, slope


@elementwise(
    formula="exp(-x**2)",
    family="bump",
    df=_gaussian_d,
    d2f=_gaussian_d2,
    native=_gaussian_native,
    cite="broomhead1988multivariable",
)
def gaussian(x):
    """Gaussian bump: answers only near 0, so that a unit answers to one place."""
    # The rounding of the square alone would cost hundreds of units in the last place, far out.
    x_squared, rest = square(_near(x))
    e = np.exp(-x_squared)
    return e - e * rest
