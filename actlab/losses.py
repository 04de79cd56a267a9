"""Loss functions, each with its gradient: what a training makes smaller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np


class Evaluate(Protocol):
    """How a loss is computed, see ``Loss``."""

    def __call__(
        self, outputs: np.ndarray, targets: np.ndarray, axis: int, *, examples: int = 1, overwrite: bool = False
    ) -> tuple[np.ndarray, np.ndarray]:
        """The loss of each example, and the gradient of their mean with respect to the outputs."""


@dataclass(frozen=True)
class Loss:
    """A loss of single examples; that of a batch is their mean.

    ``evaluate(outputs, targets, axis, *, examples=1, overwrite=False)`` returns the loss of each example, of the shape
    of ``outputs`` with ``axis`` reduced to 1, and the gradient of the mean over so many ``examples``, of the shape of
    the outputs; with ``overwrite`` it may be written over them. ``columns(outputs)`` is how many numbers a target has
    for that many outputs, and ``check(y, outputs)`` refuses targets that do not fit. ``right(outputs, targets, axis)``,
    of the shape of the losses, says which examples are told rightly; None where that is not a question.
    """

    name: str
    evaluate: Evaluate
    columns: Callable[[int], int]
    check: Callable[[np.ndarray, int], None]
    right: Callable[[np.ndarray, np.ndarray, int], np.ndarray] | None = None


def _squared_error(
    outputs: np.ndarray, targets: np.ndarray, axis: int, *, examples: int = 1, overwrite: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    error, count = np.subtract(outputs, targets, out=outputs if overwrite else None), outputs.shape[axis]
    loss = np.square(error) if count == 1 else np.mean(np.square(error), axis=axis, keepdims=True)
    if count > 1:
        error *= 2 / count
    error /= examples if count > 1 else examples / 2
    return loss, error


def _check_numbers(y: np.ndarray, outputs: int) -> None:
    if y.shape[-1] != outputs:
        raise ValueError(f"y must have one number for each of the {outputs} outputs; got {y.shape[-1]}")


def _cross_entropy(
    logits: np.ndarray, labels: np.ndarray, axis: int, *, examples: int = 1, overwrite: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    # Both at once from the logits: a probability that underflows to 0 has no logarithm, its logit still has a loss.
    shifted = logits - logits.max(axis=axis, keepdims=True)
    powers = np.exp(shifted)
    total = powers.sum(axis=axis, keepdims=True)
    labels = labels.astype(np.intp)
    loss = np.log(total) - np.take_along_axis(shifted, labels, axis)
    powers /= total
    np.put_along_axis(powers, labels, np.take_along_axis(powers, labels, axis) - 1, axis)
    powers /= examples
    return loss, powers


def _most_likely(logits: np.ndarray, labels: np.ndarray, axis: int) -> np.ndarray:
    # nan, from a network that diverged, is no answer: argmax would take it for the largest number.
    return (logits.argmax(axis=axis, keepdims=True) == labels) & ~np.isnan(logits).any(axis=axis, keepdims=True)


def _check_labels(y: np.ndarray, outputs: int) -> None:
    if y.shape[-1] != 1:
        raise ValueError(f"labels must be one whole number for each example; got {y.shape[-1]} numbers")
    wrong = (y != np.round(y)) | (y < 0) | (y >= outputs)
    if wrong.any():
        raise ValueError(f"labels must be whole numbers from 0 to {outputs - 1}; got {y[wrong][0]:g}")


MEAN_SQUARED_ERROR = Loss("mse", _squared_error, lambda outputs: outputs, _check_numbers)
#: Softmax and cross-entropy in one, of logits and of labels counted from 0.
SOFTMAX_CROSS_ENTROPY = Loss("softmax_cross_entropy", _cross_entropy, lambda outputs: 1, _check_labels, _most_likely)

LOSSES = {loss.name: loss for loss in (MEAN_SQUARED_ERROR, SOFTMAX_CROSS_ENTROPY)}
