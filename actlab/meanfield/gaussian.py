"""Means over normal numbers: of g(sqrt(q) z)^2, and of f(u) f(v) for a pair u, v of any correlation.

All integrals are sums over panels of Gauss and Legendre's nodes. A panel ends wherever the integrand has a kink, and
panels become shorter towards where the argument of the activation is 0, near which the smooth functions bend. Nodes
come with the square roots of their weights: f(x) times a root stays a float where f(x)^2 would not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from actlab.core import Elementwise

Function = Callable[[np.ndarray], np.ndarray]

_ORDER = 14
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(_ORDER)
_ORDINARY = 9.0  # a standard normal number is beyond this with a probability of 2e-19
_FARTHEST = 45.0  # the root of a weight is a normal float up to here; e^(2 x) has its mass at 2 sqrt(q)
_HALVINGS = 4  # of the panels beside a bend: the shortest resolves what bends within 1/100
_ROWS = 128  # integrals at once, so that the nodes stay in the processor's cache

_AT_0 = np.zeros((1, 1))


def nodes(kinks: np.ndarray, bends: np.ndarray, steepness: float) -> tuple[np.ndarray, np.ndarray]:
    """Points z and the square roots of their weights, both (rows, n), for the mean over a standard normal number.

    ``kinks`` and ``bends`` (rows, ...) are where the integrand of a row has a kink, and where the argument of the
    activation is 0. ``steepness`` is the factor on z in that argument, the largest of all rows: so much narrower is a
    bend of the integrand than one of the activation.
    """
    halvings = _HALVINGS + max(0, math.ceil(math.log2(max(steepness, 1.0))))
    farthest = _ORDINARY + 4 * math.ceil(min(2 * steepness, _FARTHEST - _ORDINARY) / 4)
    if bends is _AT_0 and not kinks.size:
        return _nodes_at_0(halvings, farthest)
    return _fill(_edges(kinks, bends, halvings, farthest))


def _edges(kinks: np.ndarray, bends: np.ndarray, halvings: int, farthest: float) -> np.ndarray:
    right = np.array([1.0, 2.5, 5.0, *np.arange(_ORDINARY, farthest + 1, 4)])
    beside = 2.0 ** np.arange(-halvings, 1)
    around = bends[:, :, np.newaxis] + np.concatenate([-beside, [0.0], beside])
    parts = [np.concatenate([-right, [0.0], right])[np.newaxis], around.reshape(len(bends), -1), kinks]
    rows = max(map(len, parts))
    edges = np.concatenate([np.broadcast_to(part, (rows, part.shape[1])) for part in parts], axis=1)
    return np.sort(np.clip(edges, -farthest, farthest), axis=1)


@cache
def _nodes_at_0(halvings: int, farthest: float) -> tuple[np.ndarray, np.ndarray]:
    # Each edge once: a panel of no width has weights of 0, and 0 times what has overflowed is no number.
    return _fill(np.unique(_edges(np.empty((1, 0)), _AT_0, halvings, farthest))[np.newaxis])


def _fill(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    half = np.diff(edges, axis=1)[:, :, np.newaxis] / 2
    z = edges[:, :-1, np.newaxis] + half * (1 + _POINTS)
    roots = np.sqrt(half * (_WEIGHTS / math.sqrt(2 * math.pi))) * np.exp(-z * z / 4)
    return z.reshape(len(z), -1), roots.reshape(len(z), -1)


def mean_square(activation: Elementwise, g: Function, root: np.ndarray) -> np.ndarray:
    """E g(r z)^2 for every r in ``root`` (rows,); g is the activation or one of its derivatives."""
    return _by_rows(activation, root, lambda r, z, h: np.sum(np.square(g(r * z) * h), axis=1))


def slope_in_variance(activation: Elementwise, root: np.ndarray) -> np.ndarray:
    """The derivative of E f(sqrt(q) z)^2 by q, for every positive root of q (rows,).

    It is E f(sqrt(q) z)^2 (z^2 - 1) / (2 q), by the derivative of the normal density: no derivative of f is needed, so
    that kinks and jumps need no care. Where f is smooth it equals E f'^2 + E f f'', by integration by parts.
    """
    scaled = _by_rows(activation, root, lambda r, z, h: np.sum(np.square(activation(r * z) * h) * (z * z - 1), axis=1))
    return scaled / (2 * np.square(root))


def _by_rows(activation: Elementwise, root: np.ndarray, mean: Callable[..., np.ndarray]) -> np.ndarray:
    kinks = np.array(list(activation.kinks))
    result = np.empty(len(root))
    # The steepest rows need the most panels: side by side they do not lengthen the others.
    order = np.argsort(root)
    # Growth beyond all floats is an answer, inf.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for start in range(0, len(root), _ROWS):
            part = order[start : start + _ROWS]
            r = root[part, np.newaxis]
            result[part] = mean(r, *nodes(np.where(kinks == 0, 0.0, kinks / r), _AT_0, float(r[-1, 0])))
    return result


def mean_product(activation: Elementwise, f: Function, root: float, c: float) -> float:
    """E f(u) f(v) for normal u and v of deviation ``root`` and correlation ``c``; f is the activation or its slope.

    With independent normal s and t, u = r (a s + b t) and v = r (a s - b t) have the correlation a^2 - b^2; for a
    negative one v changes its sign. The inner mean is over s, whose share in u and v is the larger one: it makes the
    kinks smooth, so that the outer mean over t has breaks only where kinks of f(u) and f(v) meet.
    """
    sign = 1.0 if c >= 0 else -1.0
    a, b = math.sqrt((1 + abs(c)) / 2), math.sqrt((1 - abs(c)) / 2)
    kinks = np.array(list(activation.kinks)) / root
    meetings = (kinks[:, np.newaxis] - sign * kinks).ravel() / (2 * max(b, 1e-150))
    t, t_roots = (row[0] for row in nodes(meetings[np.newaxis], _AT_0, root))
    t_weights = np.square(t_roots)
    ordinary = np.abs(t) < _ORDINARY if c < 0 else (t > 0) & (t < _ORDINARY)
    t, t_weights = t[ordinary, np.newaxis], t_weights[ordinary]
    if c >= 0:  # u and v change places with the sign of t
        t_weights = 2 * t_weights
    bends = np.concatenate([-b * t / a, b * t / a], axis=1)
    s, roots = nodes(np.concatenate([(kinks - b * t) / a, (sign * kinks + b * t) / a], axis=1), bends, root)
    with np.errstate(over="ignore", invalid="ignore"):
        inner = np.sum((f(root * (a * s + b * t)) * roots) * (f(sign * root * (a * s - b * t)) * roots), axis=1)
        return float(np.sum(t_weights * inner))
