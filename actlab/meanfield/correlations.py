"""The correlation of two signals from layer to layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from actlab.checks import finite_number, finite_numbers, whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.meanfield.gaussian import mean_product, mean_square
from actlab.meanfield.lengths import TINY_ROOT, second_moment


def correlation_map(activation: str | Elementwise, c: Any, q: Any, *, sigma_w2: float, sigma_b2: float = 0.0) -> Any:
    """The correlation of two signals in the next layer, where in this one it is ``c`` and both have the length ``q``.

    It is (sigma_w2 E f(u) f(v) + sigma_b2) / (sigma_w2 E f(u)^2 + sigma_b2), for normal u and v of variance q and
    correlation c. c and q may be arrays, which are broadcast. A q of 0 stands for the limit; nan where the next layer
    has no signal. Source: Poole et al. (2016), who write it for signals whose length is the fixed point.
    """
    activation = get_elementwise(activation)
    c, q = np.broadcast_arrays(finite_numbers("c", c, low=-1, high=1), finite_numbers("q", q, low=0))
    sigma_w2, sigma_b2 = finite_number("sigma_w2", sigma_w2, low=0), finite_number("sigma_b2", sigma_b2, low=0)
    result = [next_correlation(activation, *pair, sigma_w2, sigma_b2) for pair in zip(c.flat, q.flat, strict=True)]
    return np.array(result).reshape(c.shape)[()]


def correlation_course(
    activation: str | Elementwise,
    *,
    sigma_w2: float,
    sigma_b2: float = 0.0,
    c0: float,
    q0: float = 1.0,
    depth: int,
) -> np.ndarray:
    """The correlations c_1 to c_depth (depth,) of two signals of correlation ``c0`` and the length ``q0`` at first.

    Their lengths follow the length map; with the fixed point for ``q0`` they stay. nan from where a length is no float.
    """
    activation = get_elementwise(activation)
    whole_number("depth", depth, least=1)
    c, q = finite_number("c0", c0, low=-1, high=1), finite_number("q0", q0, low=0)
    sigma_w2, sigma_b2 = finite_number("sigma_w2", sigma_w2, low=0), finite_number("sigma_b2", sigma_b2, low=0)
    correlations = np.full(depth, np.nan)
    for layer in range(depth):
        c = correlations[layer] = next_correlation(activation, c, q, sigma_w2, sigma_b2)
        q = sigma_w2 * float(second_moment(activation, q)) + sigma_b2
        if not math.isfinite(q):
            break
    return correlations


def next_correlation(activation: Elementwise, c: float, q: float, sigma_w2: float, sigma_b2: float) -> float:
    """The correlation map at one point."""
    root = max(math.sqrt(q), TINY_ROOT)
    same = sigma_w2 * float(mean_square(activation, activation, np.array([root]))[0]) + sigma_b2
    if not same:
        return math.nan
    if c == 1:
        return 1.0  # not the quotient of two roundings
    product = sigma_w2 * mean_product(activation, activation, root, c) + sigma_b2
    return min(1.0, max(-1.0, product / same))


def stable_correlation(activation: Elementwise, q: float, sigma_w2: float, sigma_b2: float) -> tuple[float, float]:
    """The fixed point below 1 of the correlation map at the length q, whose chi_1 is above 1, and the slope there.

    The map is a power series in c with no negative coefficient, so it is convex from 0 to 1: if its slope at 1 is above
    1, it meets the diagonal once more, and Newton's method comes to that point from the left without a detour.
    """
    root = math.sqrt(q)
    c = 0.0
    for _ in range(100):
        slope = sigma_w2 * mean_product(activation, activation.derivative, root, c)
        excess = (sigma_w2 * mean_product(activation, activation, root, c) + sigma_b2) / q - c
        step = excess / (1 - slope)
        if not (slope < 1 and step > 1e-14):
            break
        c += step
    return c, slope
