"""Dead units: born so, killed by one large step, or alive in name only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actlab.checks import whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.network import Network, initialise
from actlab.statistics import Share
from actlab.training import gradient_descent

FAINT = 1e-3
FAILED = 0.1


@dataclass(frozen=True, eq=False)
class DeadUnits:
    """Hidden units before training, after one large step, and after the small steps that follow.

    ``born``, ``struck`` and ``final`` (networks, width) are the largest abs(f') of each unit over all inputs, at those
    three moments: a unit with 0 gets no gradient. ``losses`` (networks,) is the final mean squared error.
    """

    activation: Elementwise
    shift: float
    strike: float
    born: np.ndarray
    struck: np.ndarray
    final: np.ndarray
    losses: np.ndarray

    @property
    def failed(self) -> Share:
        """The share of networks that end with a loss of ``FAILED`` or more, or that diverge."""
        return Share.of(~(self.losses < FAILED))

    @property
    def revived(self) -> int:
        """How many units were dead after the large step and are not at the end."""
        return int(np.sum((self.struck == 0) & (self.final > 0)))

    @property
    def with_dead_units(self) -> Share:
        """The share of networks that end with at least one dead unit; units of one network are not independent."""
        return Share.of(np.any(self.final == 0, axis=1))

    def __repr__(self) -> str:
        networks, width = self.born.shape
        born, struck, final = (f"{np.mean(slopes == 0):.1%}" for slopes in (self.born, self.struck, self.final))
        faint = np.mean((self.final > 0) & (self.final < FAINT))
        return (
            f"{self.activation}, {networks} networks of {width} units, "
            f"inputs {self.shift - 1:g} to {self.shift + 1:g}:\n"
            f"  dead units: {born} at first, {struck} after a step of {self.strike:g}, {final} at last\n"
            f"  came back: {self.revived}; at last slope below {FAINT:g} but not 0: {faint:.1%}\n"
            f"  any dead unit: {self.with_dead_units}\n"
            f"  loss {FAILED:g} or more: {self.failed}"
        )


def dead_units(
    activation: str | Elementwise,
    *,
    shift: float = 0.0,
    strike: float = 0.0,
    width: int = 16,
    steps: int = 400,
    learning_rate: float = 0.1,
    networks: int = 300,
    seed: int = 0,
) -> DeadUnits:
    """Train 1-``width``-1 networks on one wave of a sine, after one gradient step that is much too large.

    The inputs are 21 even points of [-1, 1], all moved by ``shift``; the targets do not move with them.

    Parameters
    ----------
    activation
        The hidden units' activation, or its name.
    shift
        What is added to all inputs; with 1 or more none is negative.
    strike
        The learning rate of the first step; 0 leaves it out.
    width, steps, learning_rate
        Hidden units, and the full-batch gradient steps that follow.
    networks, seed
        Random starts. Weights come from Glorot's uniform distribution, biases are 0.
    """
    activation = get_elementwise(activation)
    whole_number("steps", steps, least=1)
    centred = np.linspace(-1, 1, 21)[:, np.newaxis]
    x, y = centred + shift, np.sin(np.pi * centred)
    start = struck = initialise((1, width, 1), activation, networks=networks, seed=seed)
    # A network that diverges overflows; its loss says so, and it counts as failed.
    with np.errstate(over="ignore", invalid="ignore"):
        if strike != 0:
            struck = gradient_descent(start, x, y, learning_rate=strike, steps=1).network
        training = gradient_descent(struck, x, y, learning_rate=learning_rate, steps=steps)
        born, struck, final = (_largest_slopes(network, x) for network in (start, struck, training.network))
    return DeadUnits(activation, shift, strike, born, struck, final, training.final)


def _largest_slopes(network: Network, x: np.ndarray) -> np.ndarray:
    """The largest abs(f') of each hidden unit over the inputs, (networks, width)."""
    slopes = network.hidden.derivative(network.forward(x).pre_activations[0])
    return np.abs(slopes).max(axis=1)
