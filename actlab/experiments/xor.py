"""Exclusive or at the four corners of a square: what an affine unit, and what two hidden units, make of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from actlab.checks import whole_number
from actlab.core import Elementwise, get
from actlab.functions.linear import step
from actlab.network import initialise
from actlab.statistics import Share
from actlab.training import gradient_descent

CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
XOR_LABELS = np.array([0.0, 1.0, 1.0, 0.0])
LEARNT = 0.01

#: The loss of a network that gives 2, 3 or 4 corners one answer, the mean of their labels, and is right at the others.
TIED_LOSSES = {2: 1 / 8, 3: 1 / 6, 4: 1 / 4}

_LABELLINGS = np.array(list(product((0.0, 1.0), repeat=4)))


@dataclass(frozen=True, eq=False)
class Separators:
    """Which labellings of the four corners random affine step units produce.

    ``labellings`` (16, 4) holds every way to label ``CORNERS`` with 0 and 1, and ``counts`` (16,) how many of the units
    produce it.
    """

    labellings: np.ndarray
    counts: np.ndarray

    @property
    def reached(self) -> np.ndarray:
        """The labellings that some unit produces, (reached, 4)."""
        return self.labellings[self.counts > 0]

    @property
    def missed(self) -> np.ndarray:
        """The labellings that no unit produces, (missed, 4)."""
        return self.labellings[self.counts == 0]

    @property
    def best_on_xor(self) -> int:
        """How many of the four corners the best of the units labels as XOR does."""
        return int((self.reached == XOR_LABELS).sum(axis=1).max())

    def __repr__(self) -> str:
        missed = " and ".join("".join(f"{label:.0f}" for label in labels) for labels in self.missed)
        return (
            f"{self.counts.sum()} random units: {len(self.reached)} of the {len(self.labellings)} labellings occur\n"
            f"  missing: {missed}\n  the best unit agrees with XOR at {self.best_on_xor} of 4 corners"
        )


def separate_corners(*, units: int = 100_000, seed: int = 0) -> Separators:
    """Draw affine units w.x + b with standard normal w and b, and record how step(w.x + b) labels the corners."""
    whole_number("units", units, least=1)
    whole_number("seed", seed, least=0)
    rng = np.random.default_rng(seed)
    weights, biases = rng.normal(size=(2, units)), rng.normal(size=units)
    answers = step(CORNERS @ weights + biases)
    # A labelling is the binary number that its four labels spell; product() lists them in that order.
    number = (np.array([8, 4, 2, 1]) @ answers).astype(int)
    return Separators(_LABELLINGS, np.bincount(number, minlength=len(_LABELLINGS)))


@dataclass(frozen=True, eq=False)
class XorTraining:
    """Trainings of 2-2-1 networks on XOR; ``losses`` (networks,) is the mean squared error after the last step."""

    activation: Elementwise
    steps: int
    learning_rate: float
    losses: np.ndarray

    @property
    def learnt(self) -> Share:
        """The share of networks whose loss is below ``LEARNT``, so that no output is off by more than 0.2."""
        return Share.of(self.losses < LEARNT)

    @property
    def tied(self) -> dict[int, int]:
        """How many networks end, within 0.005, at the loss of 2, 3 and 4 corners tied to one answer."""
        return {corners: int(np.sum(np.abs(self.losses - loss) < 0.005)) for corners, loss in TIED_LOSSES.items()}

    def __repr__(self) -> str:
        tied = ", ".join(f"{corners} in {count}" for corners, count in self.tied.items())
        return (
            f"{self.activation}, {self.steps} steps at learning rate {self.learning_rate:g}:\n"
            f"  XOR learnt by {self.learnt}\n"
            f"  corners that share one answer: {tied} networks"
        )


def learn_xor(
    activation: str | Elementwise, *, steps: int = 3000, learning_rate: float = 0.1, networks: int = 2000, seed: int = 0
) -> XorTraining:
    """Train 2-2-1 networks, whose output unit has no activation, on the four corners.

    Parameters
    ----------
    activation
        The hidden units' activation, or its name.
    steps, learning_rate
        Full-batch gradient steps on the mean squared error, and their size.
    networks, seed
        Random starts. Weights come from Glorot's uniform distribution, biases are 0.
    """
    activation = get(activation)
    start = initialise((2, 2, 1), activation, networks=networks, seed=seed)
    training = gradient_descent(start, CORNERS, XOR_LABELS[:, np.newaxis], learning_rate=learning_rate, steps=steps)
    return XorTraining(activation, steps, learning_rate, training.final)
