"""Means over normal numbers: of g(sqrt(q) z), and of f(u) f(v) for a pair u, v of which only the correlation matters.

All integrals are sums over panels of Gauss and Legendre's nodes. A panel ends wherever the integrand has a kink, and
panels become shorter towards 0, where the smooth functions bend. Nodes come with the square roots of their weights:
f(x) times a root stays a float where f(x)^2 would not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from actlab.core import Elementwise

Function = Callable[[np.ndarray], np.ndarray]

_ORDER = 16
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(_ORDER)
_ORDINARY = 9.0  # a standard normal number is beyond this with a probability of 2e-19
_FARTHEST = 45.0  # the root of a weight is a normal float up to here; e^(2 x) has its mass at 2 sqrt(q)
_HALVINGS = 6  # panels below 1 where q is 1: the shortest resolves what bends within 1/60
_ROWS = 128  # integrals at once, so that the nodes stay in the processor's cache


def nodes(breaks: np.ndarray, steepness: float) -> tuple[np.ndarray, np.ndarray]:
    """Points z and the square roots of their weights, both (rows, n), for the mean over a standard normal number.

    ``breaks`` (rows, kinks) are the kinks of the integrand in each row, in units of z. ``steepness`` is the factor on z
    in the argument of the activation, the largest of all rows: so much narrower than 1 is a bend of the integrand.
    """
    edges = _edges(*_extent(steepness))
    if breaks.shape[-1]:
        breaks = np.clip(breaks, edges[0], edges[-1])
        edges = np.sort(np.concatenate([np.broadcast_to(edges, (len(breaks), len(edges))), breaks], axis=1), axis=1)
        return _fill(edges)
    return _smooth_nodes(*_extent(steepness))


def _extent(steepness: float) -> tuple[int, int]:
    """How often the panel beside 0 is halved, and how many panels of width 4 follow on the ordinary ones."""
    halvings = _HALVINGS + max(0, math.ceil(math.log2(max(steepness, 1.0))))
    beyond = math.ceil(min(2 * steepness, _FARTHEST - _ORDINARY) / 4)
    return halvings, beyond


@cache
def _edges(halvings: int, beyond: int) -> np.ndarray:
    right = [*2.0 ** np.arange(-halvings, 1), 2.5, 5.0, *(_ORDINARY + 4.0 * np.arange(beyond + 1))]
    return np.array([*(-edge for edge in reversed(right)), 0.0, *right])


@cache
def _smooth_nodes(halvings: int, beyond: int) -> tuple[np.ndarray, np.ndarray]:
    return _fill(_edges(halvings, beyond)[np.newaxis])


def _fill(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    half = np.diff(edges, axis=1)[:, :, np.newaxis] / 2
    z = edges[:, :-1, np.newaxis] + half * (1 + _POINTS)
    roots = np.sqrt(half * _WEIGHTS / math.sqrt(2 * math.pi)) * np.exp(-z * z / 4)
    return z.reshape(len(z), -1), roots.reshape(len(z), -1)


def mean_square(activation: Elementwise, g: Function, root: np.ndarray) -> np.ndarray:
    """E g(r z)^2 for every r in ``root`` (rows,); g is the activation or one of its derivatives."""
    return _by_rows(activation, root, lambda r, z, h: np.sum(np.square(g(r * z) * h), axis=1))


def slope_in_variance(activation: Elementwise, root: np.ndarray) -> np.ndarray:
    """The derivative of E f(sqrt(q) z)^2 by q, for every positive root of q (rows,).

    It is E f(sqrt(q) z)^2 (z^2 - 1) / (2 q), by the derivative of the normal density: no derivative of f is needed, so
    that kinks and jumps need no care. Where f is smooth it equals E f'^2 + E f f'', by integration by parts.
    """
    # E (z^2 - 1) is 0: a constant may be subtracted, without which small q would leave a difference of equal numbers.
    level = float(activation(0.0)) ** 2

    def mean(r: np.ndarray, z: np.ndarray, h: np.ndarray) -> np.ndarray:
        scaled = activation(r * z) * h
        return np.sum((scaled * scaled - level * (h * h)) * (z * z - 1), axis=1)

    return _by_rows(activation, root, mean) / (2 * np.square(root))


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
            result[part] = mean(r, *nodes(np.where(kinks == 0, 0.0, kinks / r), float(r[-1, 0])))
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
    t, t_roots = (row[0] for row in nodes(meetings[np.newaxis], root))
    t_weights = np.square(t_roots)
    ordinary = np.abs(t) < _ORDINARY if c < 0 else (t > 0) & (t < _ORDINARY)
    t, t_weights = t[ordinary, np.newaxis], t_weights[ordinary]
    if c >= 0:  # u and v change places with the sign of t
        t_weights = 2 * t_weights
    s, roots = nodes(np.concatenate([(kinks - b * t) / a, (sign * kinks + b * t) / a], axis=1), root)
    with np.errstate(over="ignore", invalid="ignore"):
        inner = np.sum((f(root * (a * s + b * t)) * roots) * (f(sign * root * (a * s - b * t)) * roots), axis=1)
    return float(np.sum(t_weights * inner))
