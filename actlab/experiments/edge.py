"""Where floats end: the first float at which a formula fails, how wrong it is, and how a wrong slope trains a unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from actlab.checks import whole_number
from actlab.functions.sigmoidal import sigmoid


def first_float(holds: Callable[[np.floating], bool], low: float, high: float, dtype=np.float64) -> np.floating:
    """The first float of ``dtype``, on the way from ``low`` to ``high``, at which ``holds`` is true.

    The bits of floats of one sign, read as whole numbers, have the order of their sizes. So the search halves a range
    of whole numbers, and ends between two neighbouring floats after about as many tests as a float has bits.

    Parameters
    ----------
    holds
        A condition on one float that is false from ``low`` on and, once it is true, stays true up to ``high``.
    low, high
        The ends, of one sign. ``high`` may be below ``low``: then the search goes downwards.
    dtype
        Any binary format that numpy knows, that of ``ml_dtypes`` included.

    Raises
    ------
    ValueError
        If the ends have different signs, or if the condition does not change between them.
    """
    ends = np.array([low, high], dtype)
    if np.isnan(ends).any() or np.signbit(ends[0]) != np.signbit(ends[1]):
        raise ValueError(f"low and high must be numbers of the same sign; got {low!r} and {high!r}")
    if holds(ends[0]) or not holds(ends[1]):
        raise ValueError(f"the condition must be false at low and true at high; it is not at {low!r} and {high!r}")
    bits = np.dtype(f"u{ends.itemsize}")
    before, after = (int(pattern) for pattern in ends.view(bits))
    while abs(after - before) > 1:
        middle = (before + after) // 2
        if holds(np.array(middle, bits).view(dtype)[()]):
            after = middle
        else:
            before = middle
    return np.array(after, bits).view(dtype)[()]


def relative_errors(computed: Sequence[float], exact: Sequence) -> np.ndarray:
    """|computed - exact| / |exact| for each pair, as float64; the differences are taken with the digits of ``exact``.

    ``exact`` holds multiple-precision numbers other than 0, such as ``actlab.formulas.exact`` returns.
    """
    if not all(exact):
        raise ValueError("a relative error needs exact values other than 0; got 0 among them")
    pairs = zip(computed, exact, strict=True)
    return np.array([abs(float((float(value) - true) / true)) for value, true in pairs])


@dataclass(frozen=True, eq=False)
class UnitTraining:
    """The way of one sigmoid unit; ``pre_activations`` (steps + 1,) holds z before the first step and after each."""

    pre_activations: np.ndarray

    @property
    def turned(self) -> int | None:
        """The first step after which the unit's answer is below 1/2; None if there is none."""
        below = np.flatnonzero(self.pre_activations < 0)
        return int(below[0]) if below.size else None

    def __repr__(self) -> str:
        start, end = self.pre_activations[[0, -1]]
        answer = "never" if self.turned is None else f"after {self.turned} steps"
        return f"z goes from {start:.1f} to {end:.1f} in {self.pre_activations.size - 1} steps; below 1/2 {answer}"


# The constants of Adam that its authors recommend (kingma2015adam).
_ADAM_MEAN, _ADAM_SQUARE, _ADAM_EPSILON = 0.9, 0.999, 1e-8


def train_sure_unit(
    slope: Callable[[np.float32], np.float32],
    *,
    start: float = 20.0,
    steps: int = 600,
    learning_rate: float = 0.1,
) -> UnitTraining:
    """Train the pre-activation z of one sigmoid unit towards the answer 0, on the loss sigma(z)^2, in float32.

    Parameters
    ----------
    slope
        How the derivative of the sigmoid is computed, float32 to float32.
    start
        z before the first step; where it is large the unit is sure of the wrong answer.
    steps, learning_rate
        Steps of Adam, and their size.
    """
    whole_number("steps", steps, least=1)
    z, mean, square = np.float32([start, 0, 0])
    path = [z]
    for step in range(1, steps + 1):
        gradient = 2 * sigmoid(z) * slope(z)
        mean = _ADAM_MEAN * mean + (1 - _ADAM_MEAN) * gradient
        square = _ADAM_SQUARE * square + (1 - _ADAM_SQUARE) * gradient * gradient
        size = np.sqrt(square / (1 - _ADAM_SQUARE**step)) + _ADAM_EPSILON
        z = z - learning_rate * mean / (1 - _ADAM_MEAN**step) / size
        path.append(z)
    return UnitTraining(np.array(path))
