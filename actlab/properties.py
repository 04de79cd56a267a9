"""Facts of an elementwise activation that are measured from its values and derivatives, not declared.

Between two of its declared kinks an activation is smooth. So its extrema are where a derivative changes sign, which is
looked for on a grid and located by bisection, and its bounds are reached at these, at kinks, or at infinity.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Literal

import numpy as np

from actlab.core import Elementwise

#: Where abs(f') is below this, a unit passes on less than a twentieth of the gradient that reaches it: f is flat there.
FLAT = 0.05

#: The sizes of parameters, beside 0, with which properties are measured: others bend functions beyond the grid.
SIZES = (1e-5, 1e5)

# Dense where the functions bend with ordinary parameters.
_SPAN = 60.0
_FAR = np.geomspace(1e-8, 1e8, 8001)  # for parameters that make a function bend far out, or very near to 0
_GRID = np.unique(np.concatenate([-_FAR, np.linspace(-_SPAN, _SPAN, 240_001), _FAR]))
_ENDS = np.array([-np.inf, np.inf])
_BESIDE = 2.0**-30
# What a function may change within _BESIDE of a kink without a jump.
_JUMP = 1e-7
# Where two points are compared from which an asymptote is measured: f is on it, and its digits suffice to see that.
_ASYMPTOTIC = 2.0**26

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Interval:
    """The numbers from ``low`` to ``high``; an end is ``closed`` if it is one of them, and may be infinite."""

    low: float
    high: float
    low_closed: bool = False
    high_closed: bool = False

    def __contains__(self, x: float) -> bool:
        above = x >= self.low if self.low_closed else x > self.low
        return above and (x <= self.high if self.high_closed else x < self.high)

    def __str__(self) -> str:
        left, right = "[" if self.low_closed else "(", "]" if self.high_closed else ")"
        return f"{left}{number(self.low)}, {number(self.high)}{right}"


@dataclass(frozen=True)
class Extremum:
    """A point that lies strictly above (``kind`` "maximum") or below ("minimum") all points near to it."""

    x: float
    value: float
    kind: Literal["minimum", "maximum"]

    def __str__(self) -> str:
        return f"{number(self.value)} at {number(self.x)}"


@dataclass(frozen=True)
class Line:
    """The straight line y = slope * x + intercept."""

    slope: float
    intercept: float


@dataclass(frozen=True)
class Properties:
    """What was measured of an activation f, with the parameter values that it has; Z is a standard normal number.

    Attributes
    ----------
    range : Interval
        The values of f; an end is closed if f takes that value somewhere, open if f only approaches it.
    infimum_at, supremum_at : float
        Where f takes the ends of its range, or where it approaches them; this may be infinite, or a kink where f jumps.
        Of several points it is one nearest to 0.
    extrema : tuple of Extremum
        All strict local extrema of f, from left to right.
    slopes : Interval
        The values of f', closed and open as for ``range``. At a kink f' is that of the declared side.
    slope_infimum_at, slope_supremum_at : float
        Where f' takes or approaches the ends of ``slopes``.
    slope_extrema : tuple of Extremum
        All strict local extrema of f', from left to right: the points of inflection of f.
    lipschitz : float
        The smallest Lipschitz constant of f: the supremum of abs(f'), infinite where f jumps.
    monotone : "increasing", "decreasing" or None
        Whether f never falls, or never rises.
    strict : bool
        Whether f is monotone and nowhere constant.
    symmetry : "odd", "even" or None
        Of f, to a few units in the last place.
    smoothness : float
        The highest order up to which the derivatives are continuous, f itself counting as order 0: -1 if f jumps,
        infinite if no kink is declared. Jumps are looked for up to f'', so that 2 means 2 or more.
    saturates_left, saturates_right : bool
        Whether f' tends to 0 on that side.
    asymptote_left, asymptote_right : Line or None
        The straight line that f approaches on that side.
    flat : tuple of Interval
        Where abs(f') < 0.05 (``FLAT``), from left to right.
    dead : tuple of Interval
        The intervals on which f' is 0, so that no gradient passes at all. Underflow does not count.
    mean, second_moment, slope_moment : float
        E f(Z), E f(Z)^2 and E f'(Z)^2.
    zero_share, dead_share : float
        The probability that f(Z) is 0, which is the sparsity of f, and that f'(Z) is 0.
    """

    range: Interval
    infimum_at: float
    supremum_at: float
    extrema: tuple[Extremum, ...]
    slopes: Interval
    slope_infimum_at: float
    slope_supremum_at: float
    slope_extrema: tuple[Extremum, ...]
    lipschitz: float
    monotone: Literal["increasing", "decreasing"] | None
    strict: bool
    symmetry: Literal["odd", "even"] | None
    smoothness: float
    saturates_left: bool
    saturates_right: bool
    asymptote_left: Line | None
    asymptote_right: Line | None
    flat: tuple[Interval, ...]
    dead: tuple[Interval, ...]
    mean: float
    second_moment: float
    slope_moment: float
    zero_share: float
    dead_share: float

    @property
    def infimum(self) -> float:
        """The greatest lower bound of f."""
        return self.range.low

    @property
    def supremum(self) -> float:
        """The least upper bound of f."""
        return self.range.high

    @property
    def saturation(self) -> tuple[Interval, ...]:
        """The intervals of ``flat`` that reach to infinity; the others lie about an extremum, or about 0."""
        return tuple(interval for interval in self.flat if math.inf in (-interval.low, interval.high))

    @property
    def variance(self) -> float:
        """The variance of f(Z)."""
        return self.second_moment - self.mean**2

    @property
    def zero_centred(self) -> bool:
        """Whether E f(Z) is 0, to the accuracy of the integral."""
        return abs(self.mean) < 1e-12 * max(1.0, self.second_moment)

    @property
    def gain(self) -> float:
        """The factor on weights of variance 1 / fan_in that keeps the second moment of a standard normal input.

        Infinite if f(Z) is always 0.
        """
        return _inverse_root(self.second_moment)

    @property
    def slope_gain(self) -> float:
        """The factor on weights of variance 1 / fan_out that keeps a gradient's second moment through f at Z.

        Infinite if f'(Z) is always 0.
        """
        return _inverse_root(self.slope_moment)


def number(value: float) -> str:
    """A number as it is shown to a reader: four significant digits, no negative zero, and a sign for infinity."""
    if math.isinf(value):
        return "-∞" if value < 0 else "∞"
    return f"{settled(value):.4g}"


def settled(value: float) -> float:
    """A value to twelve digits, on which all processors agree: 0.53125 else rounds up on one and down on another."""
    return float(f"{value + 0.0:.12g}")


@cache
def measure(activation: Elementwise) -> Properties:
    """Measure an elementwise activation with the parameter values that it has.

    Raises
    ------
    ValueError
        If a parameter is not 0 and its size is outside of ``SIZES``.
    """
    least, most = SIZES
    for name, value in activation.values.items():
        if value and not least <= abs(value) <= most:
            raise ValueError(
                f"{activation.name}: properties are measured where {name} is 0 or from {least:.0e} to {most:.0e} "
                f"in size; got {value!r}"
            )
    f, df, d2f = _orders(activation)
    line = _Line(activation)
    extrema, slope_extrema = line.extrema(f, df), line.extrema(df, d2f)
    values, infimum_at, supremum_at = line.bounds(f, df, extrema)
    slopes, slope_infimum_at, slope_supremum_at = line.bounds(df, d2f, slope_extrema)
    smoothness = line.smoothness((f, df, d2f))
    monotone = line.monotone(f, df)
    dead = line.dead(df)
    left, right = df(_ENDS)
    return Properties(
        range=values,
        infimum_at=infimum_at,
        supremum_at=supremum_at,
        extrema=extrema,
        slopes=slopes,
        slope_infimum_at=slope_infimum_at,
        slope_supremum_at=slope_supremum_at,
        slope_extrema=slope_extrema,
        lipschitz=math.inf if smoothness < 0 else max(abs(slopes.low), abs(slopes.high)),
        monotone=monotone,
        strict=monotone is not None and not dead,
        symmetry=_symmetry(f),
        smoothness=smoothness,
        saturates_left=bool(left == 0),
        saturates_right=bool(right == 0),
        asymptote_left=_asymptote(f, df, -1),
        asymptote_right=_asymptote(f, df, 1),
        flat=line.where(lambda x: np.abs(df(x)) < FLAT),
        dead=dead,
        mean=gaussian_mean(activation, f),
        second_moment=gaussian_mean(activation, lambda z: f(z) ** 2),
        slope_moment=gaussian_mean(activation, lambda z: df(z) ** 2),
        # f is 0 on an interval only where it is constant; single zeros have no probability.
        zero_share=math.fsum(_probability(a, b) for a, b in line.constant(df) if f(_inside(a, b)) == 0),
        dead_share=math.fsum(_probability(a, b) for a, b in line.constant(df)),
    )


def cost(activation: Elementwise, *, size: int = 1_000_000, repeats: int = 20) -> float:
    """The time of one call on ``size`` standard normal numbers, as a multiple of the time that copying them takes.

    Both are the shortest of ``repeats`` times, measured by turns. The result is a timing: it varies from machine to
    machine and from run to run, and is therefore no part of ``Properties``.
    """
    if size < 1 or repeats < 1:
        raise ValueError(f"size and repeats must be 1 or more; got {size} and {repeats}")
    x = np.random.default_rng(0).standard_normal(size)
    out = np.empty_like(x)
    calls, copies = [], []
    for _ in range(repeats):
        start = time.perf_counter()
        activation(x, out=out)
        middle = time.perf_counter()
        np.copyto(out, x)
        calls.append(middle - start)
        copies.append(time.perf_counter() - middle)
    return min(calls) / min(copies)


def gaussian_mean(activation: Elementwise, integrand: Function, deviation: float = 1.0) -> float:
    """E g(X) for a normal X of mean 0 and that standard deviation; g is smooth between the kinks of ``activation``.

    Gauss-Legendre on short panels that end at the kinks, out to 13 standard deviations: plain Gauss-Hermite would
    converge only like 1/n at a kink. Towards 0 the panels become shorter still, since steep functions bend there.
    """
    near_0 = 2.0 ** np.arange(-40, -2)
    kinks = [kink / deviation for kink in activation.kinks if abs(kink) < 13 * deviation]
    edges = np.unique([*np.linspace(-13, 13, 105), *-near_0, *near_0, *kinks])
    nodes, weights = np.polynomial.legendre.leggauss(16)
    half = np.diff(edges)[:, np.newaxis] / 2
    z = edges[:-1, np.newaxis] + half * (1 + nodes)
    return float(np.sum(half * weights * integrand(deviation * z) * np.exp(-z * z / 2)) / np.sqrt(2 * np.pi))


class _Line:
    """The real line as the kinks of one activation divide it: the points that are looked at, and what is found there.

    ``x`` holds all points in ascending order, from -inf to inf; ``at_kink`` says which of them are kinks.
    """

    def __init__(self, activation: Elementwise) -> None:
        self.kinks = sorted(activation.kinks)
        gap = min(np.diff(self.kinks), default=math.inf)
        self.beside = min(_BESIDE, gap / 8)
        near = [point for kink in self.kinks for point in (kink - self.beside, kink, kink + self.beside)]
        self.x = np.unique([*_GRID, *near, *_ENDS])
        self.at_kink = np.isin(self.x, self.kinks)
        self.edges = [-math.inf, *self.kinks, math.inf]

    def limit(self, g: Function, kink: float, side: int) -> float:
        """What g tends to at a kink from the left (side -1) or right (1)."""
        # The straight line through two points beside the kink, extended to it: exact for a straight piece.
        return 2 * float(g(kink + side * self.beside)) - float(g(kink + 2 * side * self.beside))

    def jumps(self, g: Function, kink: float) -> list[int]:
        """The sides on which g does not tend to its value at the kink."""
        value = float(g(kink))
        return [side for side in (-1, 1) if abs(self.limit(g, kink, side) - value) > _JUMP * max(1.0, abs(value))]

    def smoothness(self, orders: tuple[Function, ...]) -> float:
        """The number of orders, from f on, without a jump, less one."""
        if not self.kinks:
            return math.inf
        rough = [order for order, g in enumerate(orders) if any(self.jumps(g, kink) for kink in self.kinks)]
        return float(min(rough, default=len(orders)) - 1)

    def constant(self, dg: Function) -> list[tuple[float, float]]:
        """The pieces between kinks on which g is constant. A smooth piece is so as a whole or nowhere."""
        slopes = dg(self.x)
        pieces = np.searchsorted(self.kinks, self.x)
        alive = set(pieces[(slopes != 0) & ~self.at_kink].tolist())
        return [ends for piece, ends in enumerate(pairwise(self.edges)) if piece not in alive]

    def dead(self, dg: Function) -> tuple[Interval, ...]:
        """The intervals on which g is constant; two that a kink of slope 0 joins are one."""
        pieces = self.constant(dg)

        def inside(x):
            return (dg(x) == 0) & np.any([(a <= x) & (x <= b) for a, b in pieces], axis=0)

        return self.where(inside) if pieces else ()

    def where(self, condition: Callable[[np.ndarray], np.ndarray]) -> tuple[Interval, ...]:
        """The intervals on which a condition on x holds."""
        holds = condition(self.x)
        starts = np.flatnonzero(holds & ~np.append(False, holds[:-1]))
        stops = np.flatnonzero(holds & ~np.append(holds[1:], False))
        found = []
        for start, stop in zip(starts, stops, strict=True):
            if start == stop and self.at_kink[start]:
                continue  # one point is no interval
            low, low_closed = self._end(condition, start, start - 1)
            high, high_closed = self._end(condition, stop, stop + 1)
            found.append(Interval(low, high, low_closed, high_closed))
        return tuple(found)

    def _end(self, condition: Callable, inside: int, outside: int) -> tuple[float, bool]:
        """Where a condition that holds at one point and not at its neighbour ceases to, and whether it holds there."""
        if not 0 <= outside < self.x.size:
            return float(self.x[inside]), False
        for index in (inside, outside):
            if self.at_kink[index]:
                return float(self.x[index]), bool(index == inside)
        low, high = sorted((self.x[inside], self.x[outside]))
        return float(_bisect(lambda x: np.where(condition(x), 1, -1), low, high)), False

    def extrema(self, g: Function, dg: Function) -> tuple[Extremum, ...]:
        """The strict local extrema of g, given its derivative."""
        x = self.x[~self.at_kink]
        signs = np.sign(dg(x))
        sloping = np.flatnonzero(signs)
        turns = np.flatnonzero(signs[sloping[:-1]] * signs[sloping[1:]] < 0)
        found = []
        for a, b in zip(sloping[turns], sloping[turns + 1], strict=True):
            if not any(x[a] < kink < x[b] for kink in self.kinks):
                found.append((x[a + 1] if b - a == 2 else _bisect(dg, x[a], x[b]), signs[a]))
        for kink in self.kinks:
            beside = np.array([kink - self.beside, kink + self.beside])
            rises = np.sign(float(g(kink)) - g(beside)) if self.jumps(g, kink) else np.sign(dg(beside)) * [1, -1]
            if rises[0] == rises[1] != 0:
                found.append((kink, rises[0]))
        return tuple(
            Extremum(float(place) + 0.0, float(g(place)) + 0.0, "maximum" if rise > 0 else "minimum")
            for place, rise in sorted(found)
        )

    def monotone(self, f: Function, df: Function) -> Literal["increasing", "decreasing"] | None:
        """Whether f never turns back, by the signs of its derivative and of its jumps."""
        steps = [df(self.x[~self.at_kink])]
        for kink in self.kinks:
            for side in self.jumps(f, kink):
                steps.append([side * (self.limit(f, kink, side) - float(f(kink)))])
        steps = np.concatenate(steps)
        if (steps >= 0).all():
            return "increasing"
        return "decreasing" if (steps <= 0).all() else None

    def bounds(self, g: Function, dg: Function, extrema: tuple[Extremum, ...]) -> tuple[Interval, float, float]:
        """The values of g, and where the lower and the upper end are taken or approached."""
        constant = self.constant(dg)
        taken = [(extremum.value, extremum.x) for extremum in extrema]
        taken += [(float(g(kink)), kink) for kink in self.kinks]
        taken += [(float(g(_inside(*ends))), _inside(*ends)) for ends in constant]
        approached = []
        for low, high in pairwise(self.edges):
            if (low, high) not in constant:
                for end, side in ((low, 1), (high, -1)):
                    if math.isinf(end):
                        approached.append((float(g(end)), end))
                    elif side in self.jumps(g, end):
                        approached.append((self.limit(g, end, side), end))
        low, low_at, low_closed = _least(taken, approached)
        high, high_at, high_closed = _least(*([(-value, at) for value, at in points] for points in (taken, approached)))
        return Interval(low, 0.0 - high, low_closed, high_closed), low_at, high_at


def _least(taken: list, approached: list) -> tuple[float, float, bool]:
    """The least of the values, where it is, and whether it is taken; of equal ones one that is taken, next to 0."""
    points = [(value, at, closed) for closed, some in ((True, taken), (False, approached)) for value, at in some]
    # Not a number: an oscillating function has no limit at infinity.
    value, at, closed = min(
        (point for point in points if point[0] == point[0]), key=lambda p: (p[0], not p[2], abs(p[1]))
    )
    return value + 0.0, at, closed


def _orders(activation: Elementwise) -> tuple[Function, Function, Function]:
    return activation, activation.derivative, activation.second_derivative


def _inside(low: float, high: float) -> float:
    """A number between two, which may be infinite."""
    if math.isinf(low) and math.isinf(high):
        return 0.0
    return high - 1 if math.isinf(low) else low + 1 if math.isinf(high) else (low + high) / 2


def _bisect(f: Function, low: float, high: float) -> float:
    """The float between ``low`` and ``high``, at which the signs of f differ, that is next to where f changes sign."""
    rising = f(high) > 0
    # Halving the count of floats in between, not the distance, also finds what lies near to 0 or towards infinity.
    low, high = _rank(low), _rank(high)
    while high - low > 1:
        middle = (low + high) // 2
        if (f(_unrank(middle)) > 0) == rising:
            high = middle
        else:
            low = middle
    return min(_unrank(low), _unrank(high), key=lambda x: abs(f(x)))


def _rank(x: float) -> int:
    """The place of a float among all floats in ascending order, that of 0 being 0."""
    bits = int(np.float64(abs(x)).view(np.int64))
    return bits if x >= 0 else -bits


def _unrank(rank: int) -> float:
    return math.copysign(float(np.int64(abs(rank)).view(np.float64)), rank)


def _symmetry(f: Function) -> Literal["odd", "even"] | None:
    x = _GRID[_GRID > 0]
    right, left = f(x), f(-x)
    # A few units in the last place: symmetric functions need not be evaluated by a symmetric formula.
    if np.allclose(left, -right, rtol=1e-14, atol=0):
        return "odd"
    if np.allclose(left, right, rtol=1e-14, atol=0):
        return "even"
    return None


def _asymptote(f: Function, df: Function, side: int) -> Line | None:
    slope, limit = float(df(side * math.inf)), float(f(side * math.inf))
    if math.isfinite(limit):
        return Line(0.0, limit + 0.0)
    if not math.isfinite(slope) or slope == 0:
        return None
    x = side * _ASYMPTOTIC * np.array([0.25, 0.5, 1.0])
    nearest, near, far = f(x) - slope * x
    if abs(near - far) >= 1e-6:
        near, far = 2 * near - nearest, 2 * far - near  # a rest that falls like 1 / x cancels
    return Line(slope, round(float(far), 6) + 0.0) if abs(near - far) < 1e-6 else None


def _probability(low: float, high: float) -> float:
    """The probability that a standard normal number lies between two numbers."""
    # In the half where the two do not both round to 1.
    if low > 0:
        low, high = -high, -low
    return (math.erfc(-high / math.sqrt(2)) - math.erfc(-low / math.sqrt(2))) / 2


def _inverse_root(value: float) -> float:
    return 1 / math.sqrt(value) if value else math.inf
