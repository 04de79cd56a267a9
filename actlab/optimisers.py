"""Optimisers, step for step as Keras 3 computes them, on parameters of many networks at once.

Parameters and gradients are arrays of one shape; what an optimiser remembers has that shape too. A learning rate is a
number or an array that broadcasts against them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from actlab.checks import finite_number, unmasked


class Optimiser(Protocol):
    """What a training asks of an optimiser."""

    learning_rate: float | np.ndarray
    #: How many arrays of the parameters' shape it remembers; they start from 0.
    slots: int
    #: A number in them may be set to 0 if it is smaller: it moves no parameter by what counts.
    negligible: float

    def step(
        self, parameters: np.ndarray, gradient: np.ndarray, slots: Sequence[np.ndarray], t: int, rate: np.ndarray
    ) -> None:
        """Change ``parameters`` and ``slots`` in place; ``t`` counts the steps from 1, ``rate`` is the learning rate.

        ``gradient`` may be overwritten.
        """


def _check_rate(rate: float | np.ndarray) -> None:
    array = unmasked("learning_rate", rate)
    if array.dtype.kind not in "iuf" or array.ndim > 1 or not (np.isfinite(array) & (array > 0)).all():
        raise ValueError(f"learning_rate must be above 0, one number or one for each network; got {rate!r}")


@dataclass(frozen=True, eq=False)
class SGD:
    """Stochastic gradient descent, with momentum if that is above 0, and then with Nesterov's look ahead if asked for.

    Source of the second: Sutskever et al. (2013), equations 3 and 4.
    """

    learning_rate: float | np.ndarray = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    negligible = 1e-30

    def __post_init__(self) -> None:
        _check_rate(self.learning_rate)
        finite_number("momentum", self.momentum, low=0, high=1, high_open=True)
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov needs a momentum above 0; got 0")

    @property
    def slots(self) -> int:
        """One velocity if there is momentum."""
        return int(self.momentum > 0)

    def step(self, parameters, gradient, slots, t, rate):
        """See ``Optimiser``."""
        gradient *= rate
        if not slots:
            parameters -= gradient
            return
        (velocity,) = slots
        velocity *= self.momentum
        velocity -= gradient
        if self.nesterov:
            parameters += self.momentum * velocity
            parameters -= gradient
        else:
            parameters += velocity


@dataclass(frozen=True, eq=False)
class Adam:
    """Adam, with the bias correction folded into the step size and ``epsilon`` added after that, as in Keras.

    Source: Kingma and Ba (2015), algorithm 1 and the remark on its efficiency in section 2.
    """

    learning_rate: float | np.ndarray = 0.001
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    slots = 2

    def __post_init__(self) -> None:
        _check_rate(self.learning_rate)
        finite_number("beta_1", self.beta_1, low=0, high=1, high_open=True)
        finite_number("beta_2", self.beta_2, low=0, high=1, high_open=True)
        finite_number("epsilon", self.epsilon, low=0, low_open=True)

    @property
    def negligible(self) -> float:
        """Of which the square root is lost beside ``epsilon``."""
        return min(1e-30, (1e-8 * self.epsilon) ** 2)

    def step(self, parameters, gradient, slots, t, rate):
        """See ``Optimiser``."""
        mean, square = slots
        one = parameters.dtype.type(1)  # powers in the parameters' own precision, as in Keras
        correction = np.sqrt(one - parameters.dtype.type(self.beta_2) ** t)
        correction /= one - parameters.dtype.type(self.beta_1) ** t
        change = gradient - mean
        change *= 1 - self.beta_1
        mean += change
        np.square(gradient, out=gradient)
        gradient -= square
        gradient *= 1 - self.beta_2
        square += gradient
        np.sqrt(square, out=gradient)
        gradient += self.epsilon
        np.divide(mean, gradient, out=gradient)
        gradient *= rate * correction
        parameters -= gradient
