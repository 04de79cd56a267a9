"""Training of many networks at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actlab.checks import whole_number
from actlab.network import Network


@dataclass(frozen=True, eq=False)
class Training:
    """A finished training: the networks after it, and the loss (steps + 1, networks) before, during and after it."""

    network: Network
    losses: np.ndarray

    @property
    def final(self) -> np.ndarray:
        """The loss of each network after the last step."""
        return self.losses[-1]


def gradient_descent(network: Network, x: np.ndarray, y: np.ndarray, *, learning_rate: float, steps: int) -> Training:
    """Full-batch gradient descent on the mean squared error, which is taken over batch and outputs.

    ``x`` is (batch, inputs) and ``y`` (batch, outputs); every network sees the same data.
    """
    x, y = (np.asarray(data, dtype=np.float64) for data in (x, y))
    if y.shape != (len(x), network.widths[-1]):
        # A y of shape (batch,) would broadcast against the outputs and give a loss between all pairs of points.
        raise ValueError(f"y must be (batch, outputs) = {(len(x), network.widths[-1])}; got {y.shape}")
    if not learning_rate > 0:
        raise ValueError(f"learning_rate must be above 0; got {learning_rate}")
    whole_number("steps", steps, least=0)
    losses = np.empty((steps + 1, network.networks))
    for step in range(steps + 1):
        tape = network.forward(x)
        error = tape.activations[-1] - y
        losses[step] = np.mean(np.square(error), axis=(1, 2))
        if step < steps:
            network = network.moved(network.backward(tape, 2 * error / error[0].size), learning_rate)
    return Training(network, losses)
