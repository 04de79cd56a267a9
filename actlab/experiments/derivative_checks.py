"""Derivatives from values alone: how exact difference quotients and the complex step are, over the step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from actlab.checks import whole_number


@dataclass(frozen=True, eq=False)
class DerivativeErrors:
    """Relative errors of numerical derivatives; all arrays are (steps,).

    ``steps`` holds the step h, a power of two each time and descending. The others are medians over the points: of
    (f(x + h) - f(x)) / h, of (f(x + h) - f(x - h)) / 2h, and of Im f(x + ih) / h.
    """

    points: int
    steps: np.ndarray
    one_sided: np.ndarray
    central: np.ndarray
    complex_step: np.ndarray

    def best(self, way: str) -> tuple[float, float]:
        """The step with the least error, and that error, of "one_sided", "central" or "complex_step"."""
        ways = ("one_sided", "central", "complex_step")
        if way not in ways:
            raise ValueError(f"way must be one of {', '.join(ways)}; got {way!r}")
        errors = getattr(self, way)
        place = int(np.argmin(errors))
        return float(self.steps[place]), float(errors[place])

    def __repr__(self) -> str:
        rows = [f"medians over {self.points} points"]
        for way in ("one_sided", "central"):
            step, error = self.best(way)
            rows.append(f"  {way.replace('_', '-')}: best h = 2^{np.log2(step):.0f}, relative error {error:.0e}")
        exact = self.steps[self.complex_step <= 2 * np.finfo(float).eps]
        found = f"every h up to 2^{np.log2(exact.max()):.0f}" if exact.size else "no h"
        return "\n".join([*rows, f"  complex step: median error at most 2 eps for {found}"])


def derivative_errors(
    function: Callable[[np.ndarray], np.ndarray],
    slope: Callable[[np.ndarray], np.ndarray],
    *,
    low: float = -2.0,
    high: float = 2.0,
    points: int = 1001,
    last: int = 70,
    seed: int = 0,
) -> DerivativeErrors:
    """Differentiate a function numerically, with the steps 1, 1/2, 1/4 down to 2^-``last``.

    Parameters
    ----------
    function
        f, which must take arrays of real and of complex numbers.
    slope
        The exact f', by which the errors are divided; it must not be 0.
    low, high, points, seed
        Where f is differentiated: so many random points between the two numbers.
    last
        The power of the smallest step.

    Source: Squire and Trapp (1998) for the complex step.
    """
    whole_number("points", points, least=1)
    whole_number("last", last, least=1)
    whole_number("seed", seed, least=0)
    if not low < high:
        raise ValueError(f"low must be less than high; got {low} and {high}")
    x = np.random.default_rng(seed).uniform(low, high, size=points)
    exact = np.asarray(slope(x))
    if not (np.isfinite(exact) & (exact != 0)).all():
        raise ValueError("slope must be finite and not 0 at all points, for relative errors are asked for")
    steps = 2.0 ** -np.arange(last + 1)

    def error(derivative: Callable[[float], np.ndarray]) -> np.ndarray:
        return np.array([np.median(np.abs(derivative(h) / exact - 1)) for h in steps])

    return DerivativeErrors(
        points,
        steps,
        error(lambda h: (function(x + h) - function(x)) / h),
        error(lambda h: (function(x + h) - function(x - h)) / (2 * h)),
        error(lambda h: np.imag(function(x + 1j * h)) / h),
    )
