"""Stacks of linear layers: they collapse into one layer, yet train at another speed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actlab.checks import whole_number
from actlab.network import collapse, initialise
from actlab.statistics import Share
from actlab.training import gradient_descent

REACHED = 0.01
_INPUTS = 4


@dataclass(frozen=True, eq=False)
class CollapseErrors:
    """How far random stacks of linear layers are from the one layer they collapse into.

    ``errors`` (depths, networks) is, for each stack, the largest difference of an output over all inputs, relative to
    the largest output.
    """

    depths: tuple[int, ...]
    width: int
    errors: np.ndarray

    @property
    def bound(self) -> float:
        """The power of ten just above the largest error, which does not depend on how a processor rounds."""
        return float(10.0 ** np.ceil(np.log10(self.errors.max())))

    def __repr__(self) -> str:
        return (
            f"{self.errors.size} stacks of {', '.join(map(str, self.depths))} linear layers of width {self.width}:\n"
            f"  no output differs by more than {self.bound:.0e} of the largest"
        )


def collapse_errors(
    *, depths: Sequence[int] = (2, 5, 10), width: int = 8, networks: int = 1000, seed: int = 0
) -> CollapseErrors:
    """Collapse random stacks of linear layers and compare the outputs at 100 standard normal inputs, in float64.

    Parameters
    ----------
    depths, width
        Layers of a stack, and units of each layer, the input included.
    networks, seed
        Stacks of each depth. Weights come from Glorot's uniform distribution, biases are uniform between -1 and 1.
    """
    whole_number("seed", seed, least=0)
    x = np.random.default_rng(seed).normal(size=(100, width))
    errors = []
    for depth in depths:
        stacks = initialise((width,) * (depth + 1), "identity", networks=networks, seed=seed, bias_limit=1.0)
        outputs = stacks(x)
        difference = np.abs(outputs - collapse(stacks)(x))
        errors.append(difference.max(axis=(1, 2)) / np.abs(outputs).max(axis=(1, 2)))
    return CollapseErrors(tuple(depths), width, np.array(errors))


@dataclass(frozen=True, eq=False)
class LinearTraining:
    """Gradient descent in stacks of linear layers that learn y = ``strength`` x.

    ``losses`` (depths, steps + 1, networks) is the mean squared error divided by the mean square of the target, so that
    1 is the loss of the answer 0.
    """

    strength: float
    depths: tuple[int, ...]
    learning_rate: float
    losses: np.ndarray

    @property
    def reached(self) -> tuple[Share, ...]:
        """For each depth, the share of networks whose loss is below ``REACHED`` after the last step."""
        return tuple(Share.of(losses[-1] < REACHED) for losses in self.losses)

    @property
    def diverged(self) -> tuple[int, ...]:
        """For each depth, how many networks have a last loss that is no finite number."""
        return tuple(int(np.sum(~np.isfinite(losses[-1]))) for losses in self.losses)

    @property
    def median_steps(self) -> tuple[float, ...]:
        """For each depth, the first step at which half of the networks' losses are below ``REACHED``; inf if never."""
        found = []
        for losses in self.losses:
            below = np.flatnonzero(np.mean(losses < REACHED, axis=1) >= 0.5)
            found.append(float(below[0]) if below.size else np.inf)
        return tuple(found)

    def __repr__(self) -> str:
        half = [f"{steps:.0f}" if steps < np.inf else "never" for steps in self.median_steps]
        lines = [
            f"target {self.strength:g} x, {self.losses.shape[1] - 1} steps at learning rate {self.learning_rate:g}; "
            f"loss below {REACHED:.0%}:",
            *(f"  depth {depth}: {share}" for depth, share in zip(self.depths, self.reached, strict=True)),
            f"  half of the networks by step {', '.join(half)}",
        ]
        if any(self.diverged):
            lines.append(f"  diverged: {', '.join(map(str, self.diverged))} of {self.losses.shape[2]}")
        return "\n".join(lines)


def train_linear_stacks(
    strength: float,
    *,
    depths: Sequence[int] = (1, 2, 3),
    steps: int = 200,
    learning_rate: float = 0.05,
    networks: int = 1000,
    seed: int = 0,
) -> LinearTraining:
    """Train stacks of linear layers, each four units wide, on y = ``strength`` x by full-batch gradient descent.

    The eight inputs are uncorrelated and have mean square 1, so that all directions are learnt alike; the theory of
    Saxe et al. (2014) assumes the same.

    Parameters
    ----------
    strength
        The factor between input and target.
    depths
        Layers of a stack.
    steps, learning_rate
        Gradient steps on the mean squared error, and their size.
    networks, seed
        Stacks of each depth. Weights start from Glorot's uniform distribution, biases from 0.
    """
    x = np.sqrt(_INPUTS) * np.vstack([np.eye(_INPUTS), -np.eye(_INPUTS)])
    y = strength * x
    losses = []
    for depth in depths:
        stacks = initialise((_INPUTS,) * (depth + 1), "identity", networks=networks, seed=seed)
        with np.errstate(over="ignore", invalid="ignore"):  # at a large rate stacks diverge, which their losses tell
            losses.append(gradient_descent(stacks, x, y, learning_rate=learning_rate, steps=steps).losses)
    return LinearTraining(strength, tuple(depths), learning_rate, np.array(losses) / np.mean(np.square(y)))
