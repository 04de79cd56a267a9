"""The length of a signal from layer to layer, and the factor by which a layer changes the mean squared gradient."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from actlab.checks import finite_number, finite_numbers, unmasked, whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.meanfield.gaussian import mean_square, slope_in_variance

#: The root of q that stands for 0: far below every scale on which an activation bends, and its square is a float.
TINY_ROOT = 1e-100


def length_map(activation: str | Elementwise, q: Any, *, sigma_w2: Any, sigma_b2: Any = 0.0) -> Any:
    """The variance of the next layer's pre-activations, sigma_w2 E f(sqrt(q) z)^2 + sigma_b2, where this layer's is q.

    All numbers may be arrays, which are broadcast. Source: Poole et al. (2016).
    """
    activation = get_elementwise(activation)
    moments = _second_moment(activation, finite_numbers("q", q, low=0))
    sigma_w2, sigma_b2 = finite_numbers("sigma_w2", sigma_w2, low=0), finite_numbers("sigma_b2", sigma_b2, low=0)
    return (weighted(sigma_w2, moments) + sigma_b2)[()]


def chi(activation: str | Elementwise, q: Any, *, sigma_w2: Any) -> Any:
    """The factor of the mean squared gradient in a layer whose pre-activations have variance q.

    It is sigma_w2 E f'(sqrt(q) z)^2. At q* this is chi_1, the slope of the correlation map at c = 1 (Poole et al.,
    2016; Schoenholz et al., 2017). q and ``sigma_w2`` may be arrays, which are broadcast; a q of 0 or of inf stands for
    the limit.

    Raises
    ------
    ValueError
        If the activation jumps, so that it has no derivative: the slope of its correlation map at 1 is infinite.
    """
    activation = get_elementwise(activation)
    if jumps(activation):
        places = ", ".join(f"{place:g}" for place in jumps(activation))
        raise ValueError(
            f"{activation!r} jumps at {places}, where it has no derivative, and chi_1 is infinite; "
            "an activation without jumps is needed, such as tanh"
        )
    sigma_w2 = finite_numbers("sigma_w2", sigma_w2, low=0)
    unbounded = unmasked("q", q) == np.inf
    q = finite_numbers("q", np.where(unbounded, 0.0, q) if unbounded.any() else q, low=0)
    # A root of 0 would put every node on a kink at 0, where f' has the value of one side.
    moments = _of_each(
        q, lambda flat: mean_square(activation, activation.derivative, np.maximum(np.sqrt(flat), TINY_ROOT))
    )
    if unbounded.any():
        with np.errstate(over="ignore"):
            moments = np.where(unbounded, np.mean(np.square(activation.derivative([-np.inf, np.inf]))), moments)
    return weighted(sigma_w2, moments)[()]


def gain(activation: str | Elementwise, q: Any = 1.0) -> Any:
    """The deviation of the weights, times sqrt(fan_in), that keeps the length q without biases: sqrt(q / E f^2).

    Infinite where f is 0 at almost every input. q may be an array.
    """
    activation = get_elementwise(activation)
    q = finite_numbers("q", q, low=0, low_open=True)
    with np.errstate(divide="ignore"):
        return np.sqrt(q / _second_moment(activation, q))[()]


def course(
    activation: str | Elementwise, *, sigma_w2: float, sigma_b2: float = 0.0, q0: float = 1.0, depth: int
) -> np.ndarray:
    """The lengths q_1 to q_depth (depth,), each the length map of the one before; q_1 is that of ``q0``.

    All are variances of pre-activations, ``q0`` too; the mean square of a network's inputs is none. A length that grows
    beyond all floats is inf from there on.
    """
    activation = get_elementwise(activation)
    whole_number("depth", depth, least=1)
    q = finite_number("q0", q0, low=0)
    lengths = np.full(depth, np.inf)
    for layer in range(depth):
        q = float(length_map(activation, q, sigma_w2=sigma_w2, sigma_b2=sigma_b2))
        if q == np.inf:
            break
        lengths[layer] = q
    return lengths


def length_slope(activation: Elementwise, q: float, sigma_w2: float) -> float:
    """The slope of the length map at its fixed point q: the factor of a small difference of lengths in a layer.

    For a smooth f it is chi_1 + sigma_w2 E f'' f, as Schoenholz et al. (2017) write it; at a kink f'' is no function,
    and the slope is computed without it.
    """
    if q == 0:
        return float(chi(activation, 0.0, sigma_w2=sigma_w2))  # f(0) is 0: the map is sigma_w2 E f'^2 q
    return float(weighted(np.asarray(sigma_w2), slope_in_variance(activation, np.sqrt([q]))[0]))


@lru_cache(maxsize=256)
def jumps(activation: Elementwise) -> tuple[float, ...]:
    """The declared kinks at which f itself jumps, in ascending order."""
    found = []
    for kink in activation.kinks:
        beside = 2.0**-30 * max(1.0, abs(kink))
        points = np.array([kink - beside, kink + beside])
        steepest = np.max(np.abs(activation.derivative(points)))
        if np.ptp(activation(points)) > 4 * beside * steepest + 1e-12 * max(1.0, abs(float(activation(kink)))):
            found.append(kink)
    return tuple(sorted(found))


def weighted(sigma_w2: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """Their product, in which weights of 0 make 0 of everything."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(sigma_w2 == 0, 0.0, sigma_w2 * moments)


def _second_moment(activation: Elementwise, q: np.ndarray) -> np.ndarray:
    return _of_each(q, lambda flat: mean_square(activation, activation, np.sqrt(flat)))


def _of_each(q: np.ndarray, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return function(np.ravel(q)).reshape(np.shape(q))
