"""Facts of an elementwise activation that are measured from its values, not declared."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from actlab.core import Elementwise

# Dense where the functions bend with ordinary parameters.
_SPAN = 60.0
_FAR = np.geomspace(1e-8, 1e8, 8001)  # for parameters that make a function bend far out, or very near to 0
_GRID = np.unique(np.concatenate([-_FAR, np.linspace(-_SPAN, _SPAN, 240_001), _FAR]))
_ENDS = np.array([-np.inf, np.inf])
_BESIDE = 2.0**-30


@dataclass(frozen=True)
class Properties:
    """What was measured of an activation.

    ``infimum`` and ``supremum`` bound the values over all real x (they need not be attained); ``lipschitz`` is the
    supremum of abs(f'), infinite where f jumps; ``monotone`` says that f never turns back; ``symmetry`` is "odd",
    "even" or None; ``saturates_left`` and ``saturates_right`` say that f' tends to 0 on that side. ``mean``,
    ``second_moment`` and ``slope_moment`` are E f(Z), E f(Z)^2 and E f'(Z)^2 for a standard normal Z.
    """

    infimum: float
    supremum: float
    lipschitz: float
    monotone: bool
    symmetry: str | None
    saturates_left: bool
    saturates_right: bool
    mean: float
    second_moment: float
    slope_moment: float

    @property
    def gain(self) -> float:
        """The factor on weights of variance 1 / fan_in that keeps the second moment of a standard normal input."""
        return 1 / math.sqrt(self.second_moment)


@cache
def measure(activation: Elementwise) -> Properties:
    """Measure an elementwise activation with the parameter values that it has."""
    values = activation(_GRID)
    rises = np.diff(values[np.isfinite(values)])  # exp overflows on the grid
    left, right = activation.derivative(_ENDS)
    return Properties(
        infimum=0.0 - _supremum(activation, -1),  # a zero bound is 0, never -0
        supremum=0.0 + _supremum(activation, 1),
        lipschitz=_lipschitz(activation),
        # Rounding may lower a value that has all but reached its limit by a unit in the last place.
        monotone=bool((rises >= -1e-15).all() or (rises <= 1e-15).all()),
        symmetry=_symmetry(activation),
        saturates_left=bool(left == 0),
        saturates_right=bool(right == 0),
        mean=gaussian_mean(activation, lambda z: activation(z)),
        second_moment=gaussian_mean(activation, lambda z: activation(z) ** 2),
        slope_moment=gaussian_mean(activation, lambda z: activation.derivative(z) ** 2),
    )


def gaussian_mean(activation: Elementwise, integrand) -> float:
    """E g(Z) for a standard normal Z, where g is smooth between the kinks of ``activation``.

    Gauss-Legendre on short panels that end at the kinks, out to 13 standard deviations: plain Gauss-Hermite would
    converge only like 1/n at a kink.
    """
    edges = np.unique([*np.linspace(-13, 13, 105), *(kink for kink in activation.kinks if abs(kink) < 13)])
    nodes, weights = np.polynomial.legendre.leggauss(16)
    half = np.diff(edges)[:, np.newaxis] / 2
    z = edges[:-1, np.newaxis] + half * (1 + nodes)
    return float(np.sum(half * weights * integrand(z) * np.exp(-z * z / 2)) / np.sqrt(2 * np.pi))


def _supremum(activation: Elementwise, sign: int) -> float:
    """The least upper bound of sign * f over the real line."""
    values = sign * activation(_GRID)
    best = int(values.argmax())
    candidates = [values[best], *(sign * activation(_ENDS))]
    for kink in (kink for kink in activation.kinks if _jumps(activation, kink)):
        # The grid misses what f tends to beside a jump; the straight line through two points there reaches it.
        for step in (-_BESIDE, _BESIDE):
            candidates.append(sign * (2 * activation(kink + step) - activation(kink + 2 * step)))
    if 0 < best < _GRID.size - 1:
        candidates.append(sign * activation(_bisect(activation.derivative, _GRID[best - 1], _GRID[best + 1])))
    return float(max(candidates))


def _lipschitz(activation: Elementwise) -> float:
    if any(_jumps(activation, kink) for kink in activation.kinks):
        return math.inf
    steepness = np.abs(activation.derivative(_GRID))
    best = int(steepness.argmax())
    candidates = [steepness[best], *np.abs(activation.derivative(_ENDS))]
    if 0 < best < _GRID.size - 1:
        candidates.append(
            abs(activation.derivative(_bisect(activation.second_derivative, _GRID[best - 1], _GRID[best + 1])))
        )
    return float(max(candidates))


def _jumps(activation: Elementwise, kink: float) -> bool:
    below, above = activation(np.nextafter(kink, _ENDS))
    return bool(abs(above - below) > 1e-9)


def _bisect(f, low: float, high: float) -> float:
    """A point between ``low`` and ``high`` where f changes sign; ``low`` if it does not."""
    if f(low) * f(high) > 0:
        return low
    rising = f(high) > f(low)
    while np.nextafter(low, high) < high:
        middle = low + (high - low) / 2
        if (f(middle) > 0) == rising:
            high = middle
        else:
            low = middle
    return low


def _symmetry(activation: Elementwise) -> str | None:
    x = _GRID[_GRID > 0]
    right, left = activation(x), activation(-x)
    # A few units in the last place: symmetric functions need not be evaluated by a symmetric formula.
    if np.allclose(left, -right, rtol=1e-14, atol=0):
        return "odd"
    if np.allclose(left, right, rtol=1e-14, atol=0):
        return "even"
    return None
