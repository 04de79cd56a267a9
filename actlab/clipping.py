"""Gradient clipping: what keeps one step of gradient descent from being too long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from actlab.checks import finite_number
from actlab.network import Gradients


def global_norm(gradients: Gradients) -> np.ndarray:
    """The Euclidean norm of all gradients of a network together, (networks,)."""
    arrays = _arrays(gradients)
    # Scaled by the largest entry, whose square may leave float64 where the norm does not.
    largest = np.max([np.abs(array).max(axis=(1, 2), initial=0.0) for array in arrays], axis=0)
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1.0)
    squares = [np.square(array / scale[:, np.newaxis, np.newaxis]).sum(axis=(1, 2)) for array in arrays]
    return scale * np.sqrt(np.sum(squares, axis=0))


def clip_by_norm(gradients: Gradients, limit: float) -> Gradients:
    """Shorten the gradient of each network whose norm exceeds ``limit`` to it, and keep its direction.

    All layers of a network are multiplied by one factor, as by ``global_clipnorm`` of an optimizer in Keras, so one
    layer's gradient over another's stays what it is. Source: Pascanu et al. (2013).
    """
    limit = finite_number("limit", limit, low=0, low_open=True)
    norms = global_norm(gradients)
    factors = (limit / np.maximum(norms, limit))[:, np.newaxis, np.newaxis]
    return _each(lambda array: array * factors, gradients)


def clip_by_value(gradients: Gradients, limit: float) -> Gradients:
    """Replace entries beyond ``limit`` of 0 by the limit, as ``clipvalue`` of an optimizer in Keras does.

    Layers with larger gradients lose more, so they become more even, and the direction changes.
    """
    limit = finite_number("limit", limit, low=0, low_open=True)
    return _each(lambda array: np.clip(array, -limit, limit), gradients)


def _arrays(gradients: Gradients) -> list[np.ndarray]:
    return [*gradients.weights, *gradients.biases, *(value for each in gradients.learnt for value in each.values())]


def _each(change: Callable[[np.ndarray], np.ndarray], gradients: Gradients) -> Gradients:
    return replace(
        gradients,
        weights=tuple(map(change, gradients.weights)),
        biases=tuple(map(change, gradients.biases)),
        learnt=tuple(
            MappingProxyType({name: change(value) for name, value in each.items()}) for each in gradients.learnt
        ),
    )
