"""How far training moves the weights of each layer: not at all behind a step."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from actlab.checks import whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.network import initialise
from actlab.statistics import Share
from actlab.training import gradient_descent


@dataclass(frozen=True, eq=False)
class WeightMovement:
    """Root mean square distance of each layer's parameters, weights and biases, from where they started.

    ``steps`` (records,) counts gradient steps; ``hidden`` and ``output`` are (records, networks), and ``losses``
    (networks,) is the mean squared error after the last step.
    """

    activation: Elementwise
    steps: np.ndarray
    hidden: np.ndarray
    output: np.ndarray
    losses: np.ndarray

    @property
    def hidden_moved(self) -> Share:
        """The share of networks of which at least one hidden parameter has changed, by however little."""
        return Share.of(self.hidden[-1] > 0)

    @property
    def output_moved(self) -> Share:
        """The share of networks of which at least one output parameter has changed, by however little."""
        return Share.of(self.output[-1] > 0)

    def __repr__(self) -> str:
        low, median, high = np.quantile(self.losses, (0.05, 0.5, 0.95))
        return (
            f"{self.activation}, {self.steps[-1]} steps:\n"
            f"  hidden layer moved in {self.hidden_moved.count} of {self.hidden_moved.n} networks, "
            f"output layer in {self.output_moved.count}\n"
            f"  loss: median {median:.3f}, 5 to 95 % of networks {low:.3f} to {high:.3f}"
        )


def weight_movement(
    activation: str | Elementwise,
    *,
    width: int = 8,
    steps: int = 2000,
    learning_rate: float = 0.1,
    networks: int = 1000,
    seed: int = 0,
) -> WeightMovement:
    """Train 1-``width``-1 networks on y = sin(pi x) at 11 points of [-1, 1], recording each layer's movement.

    Up to thirty records are kept, evenly spaced over the steps, beside the start.

    Parameters
    ----------
    activation
        The hidden units' activation, or its name.
    width
        Hidden units.
    steps, learning_rate
        Full-batch gradient steps on the mean squared error, and their size.
    networks, seed
        Random starts. Weights come from Glorot's uniform distribution; biases are uniform between -1 and 1, so that the
        hidden units switch at different places.
    """
    whole_number("steps", steps, least=1)
    x = np.linspace(-1, 1, 11)[:, np.newaxis]
    y = np.sin(np.pi * x)
    activation = get_elementwise(activation)
    start = network = initialise((1, width, 1), activation, networks=networks, seed=seed, bias_limit=1.0)
    marks = np.unique(np.linspace(0, steps, 31, dtype=int))
    moved = [np.zeros((2, networks))]
    for before, after in pairwise(marks):
        training = gradient_descent(network, x, y, learning_rate=learning_rate, steps=after - before)
        network = training.network
        moved.append([_distance(start, network, layer) for layer in (0, 1)])
    hidden, output = np.array(moved).swapaxes(0, 1)
    return WeightMovement(activation, marks, hidden, output, training.final)


def _distance(start, network, layer: int) -> np.ndarray:
    """Root mean square difference of a layer's parameters, (networks,)."""
    pairs = [(start.weights, network.weights), (start.biases, network.biases)]
    squares = [np.square(after[layer] - before[layer]).reshape(network.networks, -1) for before, after in pairs]
    return np.sqrt(np.concatenate(squares, axis=1).mean(axis=1))
