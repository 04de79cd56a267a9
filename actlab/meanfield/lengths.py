"""The length of a signal from layer to layer, and the factor by which a layer changes the mean squared gradient."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from actlab.checks import finite_number, finite_numbers, whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.meanfield.gaussian import mean_square, slope_in_variance

# Far below every scale on which an activation bends, and its square is a float.
TINY_ROOT = 1e-100
# By how much of its value q must change in a layer for the change to be more than rounding.
_ROUNDING = 1e-12
# Where fixed points are looked for first: two of them nearer to each other than a factor of 2^(1/4) may be missed.
_LENGTHS = 2.0 ** np.arange(-44, 64.25, 0.25)


def length_map(activation: str | Elementwise, q: Any, *, sigma_w2: Any, sigma_b2: Any = 0.0) -> Any:
    """The variance of the next layer's pre-activations, sigma_w2 E f(sqrt(q) z)^2 + sigma_b2, where this layer's is q.

    All numbers may be arrays, which are broadcast. Source: Poole et al. (2016).
    """
    activation = get_elementwise(activation)
    q = finite_numbers("q", q, low=0)
    sigma_w2, sigma_b2 = variances(sigma_w2, sigma_b2)
    return (_weighted(sigma_w2, second_moment(activation, q)) + sigma_b2)[()]


def chi(activation: str | Elementwise, q: Any, *, sigma_w2: Any) -> Any:
    """The factor of the mean squared gradient in a layer whose pre-activations have variance q.

    It is sigma_w2 E f'(sqrt(q) z)^2. At q* this is chi_1, the slope of the correlation map at c = 1 (Poole et al., 2016;
    Schoenholz et al., 2017). q and ``sigma_w2`` may be arrays, which are broadcast; a q of 0 or of inf stands for the
    limit.

    Raises
    ------
    ValueError
        If the activation jumps, so that it has no derivative: the slope of its correlation map at 1 is infinite.
    """
    activation = get_elementwise(activation)
    _refuse_jumps(activation)
    q = np.asarray(q)
    unbounded = np.isposinf(q) if q.dtype.kind == "f" else np.zeros(q.shape, bool)
    q = finite_numbers("q", np.where(unbounded, 0.0, q), low=0)
    (sigma_w2,) = variances(sigma_w2)
    moments = _of_each(q, lambda flat: _slope_moment(activation, flat))
    if unbounded.any():
        with np.errstate(over="ignore"):
            moments = np.where(unbounded, np.mean(np.square(activation.derivative([-np.inf, np.inf]))), moments)
    return _weighted(sigma_w2, moments)[()]


def gain(activation: str | Elementwise, q: Any = 1.0) -> Any:
    """The deviation of the weights, times sqrt(fan_in), that keeps the length q without biases: sqrt(q / E f^2).

    Infinite where f is 0 at almost every input.
    """
    activation = get_elementwise(activation)
    q = finite_numbers("q", q, low=0, low_open=True)
    with np.errstate(divide="ignore"):
        return np.sqrt(q / second_moment(activation, q))[()]


def course(
    activation: str | Elementwise, *, sigma_w2: float, sigma_b2: float = 0.0, q0: float = 1.0, depth: int
) -> np.ndarray:
    """The lengths q_1 to q_depth (depth,), each the length map of the one before; q_1 is that of ``q0``.

    A length that grows beyond all floats is inf from there on.
    """
    activation = get_elementwise(activation)
    whole_number("depth", depth, least=1)
    q = finite_number("q0", q0, low=0)
    sigma_w2, sigma_b2 = finite_number("sigma_w2", sigma_w2, low=0), finite_number("sigma_b2", sigma_b2, low=0)
    lengths = np.full(depth, np.inf)
    for layer in range(depth):
        q = _weighted(sigma_w2, second_moment(activation, q)) + sigma_b2
        if not np.isfinite(q):
            break
        lengths[layer] = q
    return lengths


def fixed_point(activation: str | Elementwise, *, sigma_w2: Any, sigma_b2: Any = 0.0, q0: Any = 1.0) -> Any:
    """The length q* that a signal of the length ``q0`` comes to: inf where it grows without limit.

    All numbers may be arrays, which are broadcast: a whole phase diagram is one call. Of several fixed points it is the
    first in the direction in which the length map moves ``q0``; if it does not move ``q0`` at all, to 1e-12, ``q0``.
    """
    activation = get_elementwise(activation)
    sigma_w2, sigma_b2 = variances(sigma_w2, sigma_b2)
    q0 = finite_numbers("q0", q0, low=0, low_open=True)
    w, b, q0 = np.broadcast_arrays(sigma_w2, sigma_b2, q0)
    return _first_fixed_points(activation, w.ravel(), b.ravel(), q0.ravel()).reshape(w.shape)[()]


def second_moment(activation: Elementwise, q: np.ndarray) -> np.ndarray:
    """E f(sqrt(q) z)^2, of the shape of ``q``."""
    return _of_each(q, lambda flat: mean_square(activation, activation, np.sqrt(flat)))


def length_slope(activation: Elementwise, q: float, sigma_w2: float) -> float:
    """The slope of the length map at its fixed point q: the factor of a small difference of lengths in a layer."""
    if q == 0:
        return float(chi(activation, 0.0, sigma_w2=sigma_w2))  # f(0) is 0: the map is sigma_w2 E f'^2 q
    return sigma_w2 * float(slope_in_variance(activation, np.sqrt([q]))[0])


def _slope_moment(activation: Elementwise, q: np.ndarray) -> np.ndarray:
    # A root of 0 would put every node on a kink at 0, where f' has the value of one side.
    return mean_square(activation, activation.derivative, np.maximum(np.sqrt(q), TINY_ROOT))


def _first_fixed_points(activation: Elementwise, w: np.ndarray, b: np.ndarray, q0: np.ndarray) -> np.ndarray:
    def excess(q: np.ndarray, moments: np.ndarray) -> np.ndarray:
        """By how much of itself a length grows in a layer."""
        return (_weighted(w, moments) + b - q) / q

    start = excess(q0, mean_square(activation, activation, np.sqrt(q0)))
    # (lengths, rows): whether the map of the row turns back there.
    table = excess(_LENGTHS[:, np.newaxis], _second_moments(activation)[:, np.newaxis])
    rising, falling = start > _ROUNDING, start < -_ROUNDING
    turn_down = (_LENGTHS[:, np.newaxis] > q0) & (table < -_ROUNDING)
    turn_up = (_LENGTHS[:, np.newaxis] < q0) & (table > _ROUNDING)

    first = np.argmax(turn_down, axis=0)  # above q0
    last = len(_LENGTHS) - 1 - np.argmax(turn_up[::-1], axis=0)  # below q0
    ends = np.array([0.0, *_LENGTHS, np.inf])
    low = np.where(rising, np.maximum(q0, ends[first]), ends[last + 1])
    high = np.where(rising, ends[first + 1], np.minimum(q0, ends[last + 2]))
    at_0 = w * float(activation(0.0)) ** 2 + b
    # Below the table the map is flat, next to its value at 0.
    vanishing = falling & ~turn_up.any(axis=0)
    low, high = np.where(vanishing, at_0 / 2, low), np.where(vanishing, np.minimum(q0, _LENGTHS[0]), high)

    result = q0.copy()
    result[rising & ~turn_down.any(axis=0)] = np.inf
    result[vanishing & (at_0 == 0)] = 0.0
    between = (rising & turn_down.any(axis=0)) | (falling & ~(vanishing & (at_0 == 0)))
    result[between] = _root(activation, w[between], b[between], low[between], high[between])
    return result


@lru_cache(maxsize=256)
def _second_moments(activation: Elementwise) -> np.ndarray:
    return mean_square(activation, activation, np.sqrt(_LENGTHS))


def _root(activation: Elementwise, w: np.ndarray, b: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Where the length map crosses the diagonal from above, in each row between two lengths: Newton's method."""
    low, high = low.copy(), high.copy()
    q = np.sqrt(low) * np.sqrt(high)
    open_ = np.arange(len(q))
    for _ in range(200):
        if not len(open_):
            break
        at, weight = q[open_], w[open_]
        roots = np.sqrt(at)
        change = weight * mean_square(activation, activation, roots) + b[open_] - at
        low[open_] = np.where(change >= 0, at, low[open_])
        high[open_] = np.where(change <= 0, at, high[open_])
        newton = at - change / (weight * slope_in_variance(activation, roots) - 1)
        inside = (newton > low[open_]) & (newton < high[open_])
        q[open_] = np.where(inside, newton, np.where(change == 0, at, np.sqrt(low[open_]) * np.sqrt(high[open_])))
        open_ = open_[np.abs(q[open_] - at) > 1e-15 * at]
    return q


def variances(sigma_w2: Any, sigma_b2: Any = None) -> tuple[np.ndarray, ...]:
    given = {"sigma_w2": sigma_w2} | ({} if sigma_b2 is None else {"sigma_b2": sigma_b2})
    return tuple(finite_numbers(label, value, low=0) for label, value in given.items())


def _weighted(sigma_w2: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Their product, in which weights of 0 make 0 of everything."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(sigma_w2 == 0, 0.0, sigma_w2 * moments)


def _of_each(q: np.ndarray, function) -> np.ndarray:
    return function(np.ravel(q)).reshape(np.shape(q))


@lru_cache(maxsize=256)
def _jumps(activation: Elementwise) -> tuple[float, ...]:
    found = []
    for kink in activation.kinks:
        beside = 2.0**-30 * max(1.0, abs(kink))
        points = np.array([kink - beside, kink + beside])
        step, steepest = np.ptp(activation(points)), np.max(np.abs(activation.derivative(points)))
        if step > 4 * beside * steepest + 1e-12 * max(1.0, abs(float(activation(kink)))):
            found.append(kink)
    return tuple(sorted(found))


def _refuse_jumps(activation: Elementwise) -> None:
    if _jumps(activation):
        places = ", ".join(f"{place:g}" for place in _jumps(activation))
        raise ValueError(
            f"{activation!r} jumps at {places}: it has no derivative there and chi_1 is infinite; "
            "an activation without jumps is needed, such as tanh"
        )
