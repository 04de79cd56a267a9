"""What a pair of variances makes of a deep random network: its phase, its depth scales, and where it is critical."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from actlab.checks import finite_number
from actlab.core import Elementwise, get_elementwise
from actlab.meanfield.correlations import stable_correlation
from actlab.meanfield.lengths import chi, fixed_point, length_slope

Phase = Literal["ordered", "critical", "chaotic", "unbounded"]

# A factor per layer this near to 1 counts as 1: over a billion layers it would be seen.
_CRITICAL = 1e-9


@dataclass(frozen=True)
class MeanField:
    """What the theory of wide random networks says of one activation with one pair of variances.

    A layer computes z = W a + b with independent normal weights of variance ``sigma_w2`` / fan_in and biases of
    variance ``sigma_b2``; a = f(z) enters the next one. The results are exact as the width grows without limit.

    Attributes
    ----------
    q : float
        The variance of a pre-activation that signals of the length ``q0`` come to; inf if it grows without limit.
    chi1 : float
        sigma_w2 E f'(sqrt(q) z)^2, the factor of the mean squared gradient in each layer. Where q is 0 or inf, this and
        what follows from it are limits.
    c : float
        The correlation that two signals come to: 1, unless the phase is chaotic. nan where q is inf.
    xi_q, xi_c : float
        In so many layers a difference from q, or from c, falls by a factor e. inf where it falls slower than any
        exponential, or not at all; nan, for xi_c, where q is inf. Where q is 0 correlations need not move: xi_c is then
        its limit for small ``sigma_b2``, which tells how fast the distance of two signals falls.
    xi_grad : float
        In so many layers the mean squared gradient falls by a factor e on its way back. Negative where it grows
        instead, inf where it stays.
    phase : "ordered", "critical", "chaotic" or "unbounded"
        chi1 is below 1, is 1 (to 1e-9), or is above 1; "unbounded" where q is inf, whatever chi1 is.
    q0 : float
        Where several q are possible, or every one, this has decided.

    Source: Poole et al. (2016); Schoenholz et al. (2017) for the depth scales.
    """

    activation: Elementwise
    sigma_w2: float
    sigma_b2: float
    q: float
    chi1: float
    c: float
    xi_q: float
    xi_c: float
    xi_grad: float
    phase: Phase
    q0: float = 1.0

    def __repr__(self) -> str:
        return (
            f"{self.activation!r}, sigma_w2 = {self.sigma_w2:g}, sigma_b2 = {self.sigma_b2:g}: {self.phase}\n"
            f"  q* = {self.q:.6g}, chi_1 = {self.chi1:.6g}, c* = {self.c:.6g}\n"
            f"  depth scales: xi_q = {self.xi_q:.4g}, xi_c = {self.xi_c:.4g}, xi_grad = {self.xi_grad:.4g} layers"
        )


@dataclass(frozen=True)
class NoCriticalPoint:
    """The statement that chi_1 passes 1 for no sigma_w from ``low`` to ``high``.

    ``smallest`` and ``largest`` are the extreme chi_1 found, at ``smallest_at`` and ``largest_at``. If q* jumps, and
    chi_1 with it over 1, ``jump_at`` is that sigma_w; otherwise it is None. As a number, ``float(...)``, this is nan.
    """

    activation: Elementwise
    sigma_b2: float
    low: float
    high: float
    smallest: float
    smallest_at: float
    largest: float
    largest_at: float
    jump_at: float | None = None

    def __float__(self) -> float:
        return math.nan

    def __repr__(self) -> str:
        found = (
            f"chi_1 jumps over 1 at {self.jump_at:.6g}"
            if self.jump_at is not None
            else f"chi_1 is at most {self.largest:.6g}, at {self.largest_at:.6g}"
            if self.largest < 1
            else f"chi_1 is at least {self.smallest:.6g}, at {self.smallest_at:.6g}"
        )
        return (
            f"{self.activation!r}, sigma_b2 = {self.sigma_b2:g}: "
            f"no critical sigma_w from {self.low:g} to {self.high:g}; {found}"
        )


def analyse(activation: str | Elementwise, *, sigma_w2: float, sigma_b2: float = 0.0, q0: float = 1.0) -> MeanField:
    """Fixed points, chi_1, depth scales and phase of deep networks with these variances.

    Parameters
    ----------
    activation
        An elementwise activation without jumps, or its name.
    sigma_w2, sigma_b2
        fan_in times the variance of a weight, and the variance of a bias.
    q0
        The variance of the pre-activations that signals start with.
    """
    activation = get_elementwise(activation)
    sigma_w2, sigma_b2 = finite_number("sigma_w2", sigma_w2, low=0), finite_number("sigma_b2", sigma_b2, low=0)
    q0 = finite_number("q0", q0, low=0, low_open=True)
    q = float(fixed_point(activation, sigma_w2=sigma_w2, sigma_b2=sigma_b2, q0=q0))
    chi1 = float(chi(activation, q, sigma_w2=sigma_w2))
    c, correlation_slope, xi_q = 1.0, chi1, math.inf
    if math.isinf(q):
        phase, c, xi_c = "unbounded", math.nan, math.nan
    else:
        phase = "critical" if abs(chi1 - 1) <= _CRITICAL else "ordered" if chi1 < 1 else "chaotic"
        if phase == "chaotic":
            c, correlation_slope = stable_correlation(activation, q, sigma_w2, sigma_b2)
        xi_q = depth_scale(abs(length_slope(activation, q, sigma_w2)))
        xi_c = depth_scale(correlation_slope)
    return MeanField(activation, sigma_w2, sigma_b2, q, chi1, c, xi_q, xi_c, depth_scale(chi1), phase, q0)


def depth_scale(factor: float) -> float:
    """In how many layers something falls by e that each layer multiplies by ``factor``; negative where it grows."""
    if abs(factor - 1) <= _CRITICAL:
        return math.inf
    return 0.0 if factor in (0.0, math.inf) else -1 / math.log(factor)


def critical_sigma_w(
    activation: str | Elementwise,
    *,
    sigma_b2: float = 0.0,
    low: float = 0.05,
    high: float = 10.0,
    q0: float = 1.0,
) -> float | NoCriticalPoint:
    """The least sigma_w (not squared) from ``low`` to ``high`` at which chi_1 rises to 1, to ten digits.

    q* is the fixed point that the length ``q0`` comes to. A result of the type ``NoCriticalPoint`` says that there is
    no such sigma_w and what was found instead. The range is searched in 200 steps of one ratio.
    """
    activation = get_elementwise(activation)
    sigma_b2 = finite_number("sigma_b2", sigma_b2, low=0)
    low = finite_number("low", low, low=0, low_open=True)
    high = finite_number("high", high, low=low, low_open=True)

    def chi1(sigma_w: np.ndarray) -> np.ndarray:
        q = fixed_point(activation, sigma_w2=np.square(sigma_w), sigma_b2=sigma_b2, q0=q0)
        return chi(activation, q, sigma_w2=np.square(sigma_w))

    grid = np.geomspace(low, high, 201)
    grid[0], grid[-1] = low, high
    values = chi1(grid)

    def none(jump_at: float | None = None) -> NoCriticalPoint:
        least, most = np.argmin(values), np.argmax(values)
        extremes = (float(number) for at in (least, most) for number in (values[at], grid[at]))
        return NoCriticalPoint(activation, sigma_b2, low, high, *extremes, jump_at)

    # Where q* rises from 0, as for tanh without biases, chi_1 comes to 1 steeply and goes on from there flatly: what is
    # sure is the last point below.
    reached = values >= 1 - 1e-12
    crossing = np.flatnonzero(reached[1:] & ~reached[:-1])
    if not len(crossing):
        return none()
    points, values_there = grid[crossing[0] : crossing[0] + 2], values[crossing[0] : crossing[0] + 2]
    while points[1] - points[0] > 1e-12 * points[1]:
        finer = np.linspace(*points, 12)
        values_there = chi1(finer)
        first = int(np.argmax(values_there >= 1 - 1e-12))
        points, values_there = finer[first - 1 : first + 1], values_there[first - 1 : first + 1]
    if values_there[1] - values_there[0] > 1e-4:
        return none(float(points[1]))
    return float(points[1])
