"""Where the length of a signal comes to rest."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from actlab.checks import finite_numbers
from actlab.core import Elementwise, get_elementwise
from actlab.meanfield.gaussian import mean_square, slope_in_variance
from actlab.meanfield.lengths import weighted

# By how much of itself a length must change in a layer for the change to be more than rounding.
_ROUNDING = 1e-12
# Where the length map is looked at first: of two fixed points within a factor of 2^(1/4) neither may be seen.
_LENGTHS = 2.0 ** np.arange(-44, 64.25, 0.25)


def fixed_point(activation: str | Elementwise, *, sigma_w2: Any, sigma_b2: Any = 0.0, q0: Any = 1.0) -> Any:
    """The length q* that a signal of the length ``q0`` comes to: inf where it grows without limit.

    All numbers may be arrays, which are broadcast: a whole phase diagram is one call. Of several fixed points it is the
    first in the direction in which the length map moves ``q0``; if it does not move ``q0`` at all, to 1e-12, ``q0``.
    Fixed points are looked for up to 1e19, of variances that keep them below: of weights up to 1e12, biases up to 1e6.
    """
    activation = get_elementwise(activation)
    w, b, start = np.broadcast_arrays(
        finite_numbers("sigma_w2", sigma_w2, low=0, high=1e12),
        finite_numbers("sigma_b2", sigma_b2, low=0, high=1e6),
        finite_numbers("q0", q0, low=0, low_open=True),
    )
    return _first_fixed_points(activation, w.ravel(), b.ravel(), start.ravel()).reshape(w.shape)[()]


def _first_fixed_points(activation: Elementwise, w: np.ndarray, b: np.ndarray, q0: np.ndarray) -> np.ndarray:
    def excess(q: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """By how much of itself a length grows in a layer."""
        return (weighted(w, moments) + b - q) / q

    change = excess(q0, mean_square(activation, activation, np.sqrt(q0)))
    rising, falling = change > _ROUNDING, change < -_ROUNDING
    # (lengths, rows): those on the other side of a fixed point.
    lengths = _LENGTHS[:, np.newaxis]
    table = excess(lengths, _second_moments(activation)[:, np.newaxis])
    too_long = rising & (lengths > q0) & (table < -_ROUNDING)
    too_short = falling & (lengths < q0) & (table > _ROUNDING)

    result = q0.copy()
    rises, falls = too_long.any(axis=0), too_short.any(axis=0)
    result[rising & ~rises] = np.inf
    # Below the table the map is flat, next to its value at 0.
    at_0 = w * float(activation(0.0)) ** 2 + b
    result[falling & ~falls & (at_0 == 0)] = 0.0
    vanishes = falling & ~falls & (at_0 > 0)

    first = np.argmax(too_long, axis=0)
    last = len(_LENGTHS) - 1 - np.argmax(too_short[::-1], axis=0)
    ends = np.array([0.0, *_LENGTHS, np.inf])
    low = np.select([rises, falls], [np.maximum(q0, ends[first]), ends[last + 1]], at_0 / 2)
    high = np.select([rises, falls], [ends[first + 1], np.minimum(q0, ends[last + 2])], np.minimum(q0, _LENGTHS[0]))
    between = rises | falls | vanishes
    result[between] = _crossings(activation, *(array[between] for array in (w, b, low, high)))
    return result


@lru_cache(maxsize=256)
def _second_moments(activation: Elementwise) -> np.ndarray:
    return mean_square(activation, activation, np.sqrt(_LENGTHS))


def _crossings(activation: Elementwise, w: np.ndarray, b: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where the length map falls below the diagonal, in each row between two lengths: Newton's method, fenced in."""
    q = np.sqrt(low) * np.sqrt(high)
    unsettled = np.arange(len(q))
    # Halving alone, which Newton's method only cuts short, would need fewer.
    for _ in range(200):
        if not len(unsettled):
            break
        at, weight = q[unsettled], w[unsettled]
        root = np.sqrt(at)
        change = weighted(weight, mean_square(activation, activation, root)) + b[unsettled] - at
        low[unsettled] = least = np.where(change >= 0, at, low[unsettled])
        high[unsettled] = most = np.where(change <= 0, at, high[unsettled])
        newton = at - change / (weighted(weight, slope_in_variance(activation, root)) - 1)
        q[unsettled] = np.where((newton >= least) & (newton <= most), newton, np.sqrt(least) * np.sqrt(most))
        unsettled = unsettled[np.abs(q[unsettled] - at) > 1e-14 * at]
    return q
