"""Training with a wrong derivative: the forward pass as it is, another f' in the backward pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from actlab.checks import whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.network import Network, initialise
from actlab.statistics import Quantile, Share
from actlab.training import gradient_descent


@dataclass(frozen=True, eq=False)
class WrongSlope:
    """Trainings whose backward pass uses a slope of its own.

    ``losses`` (networks,) are mean squared errors after the training, nan or infinite where it diverged. ``cosines``
    (networks,) are those of the angles, at the start, between the direction that the slope gives to the parameters of
    the hidden layers and their gradient; nan where one of the two is 0.
    """

    activation: Elementwise
    losses: np.ndarray
    cosines: np.ndarray

    def below(self, loss: float) -> Share:
        """The share of networks that end below a loss; one that diverged does not."""
        return Share.of(self.losses < loss)

    @property
    def diverged(self) -> Share:
        """The share of networks whose loss is no finite number."""
        return Share.of(~np.isfinite(self.losses))

    @property
    def cosine(self) -> Quantile | None:
        """The median cosine at the start; None where there is no direction to compare."""
        known = self.cosines[np.isfinite(self.cosines)]
        return Quantile.of(known) if known.size else None

    def __repr__(self) -> str:
        angle = "" if self.cosine is None else f"; cosine to the gradient at the start {self.cosine.value:.2f}"
        return f"{self.activation}: loss below 0.03 in {self.below(0.03)}{angle}"


def wrong_slope(
    activation: str | Elementwise,
    slope: Callable[[np.ndarray], np.ndarray] | None = None,
    *,
    width: int = 8,
    layers: int = 2,
    steps: int = 1000,
    learning_rate: float = 0.1,
    networks: int = 200,
    seed: int = 0,
) -> WrongSlope:
    """Teach networks sin(pi x) at 21 even points of [-1, 1], with ``slope`` in place of f' on the way back.

    Parameters
    ----------
    activation
        f of the hidden layers, or its name.
    slope
        What the backward pass multiplies with, a function of the pre-activations; without it f' itself.
    width, layers
        Units of a hidden layer, and hidden layers; there is one input and one output.
    steps, learning_rate
        Full-batch gradient steps on the mean squared error, and their size.
    networks, seed
        Random starts, the same for every slope. Weights come from Glorot's uniform distribution; biases are uniform
        between -1 and 1.
    """
    right = get_elementwise(activation)
    whole_number("layers", layers, least=1)
    if slope is not None and not callable(slope):
        raise TypeError(f"slope must be a function of an array, or None for f' itself; got {slope!r}")
    used = right if slope is None else replace(right, df=lambda x, **_: np.asarray(slope(x), dtype=float))
    x = np.linspace(-1, 1, 21)[:, np.newaxis]
    y = np.sin(np.pi * x)
    start = initialise((1, *(width,) * layers, 1), right, networks=networks, seed=seed, bias_limit=1.0)
    altered = replace(start, hidden=used)
    with np.errstate(all="ignore"):  # a wrong slope may let a training diverge, which its loss tells
        training = gradient_descent(altered, x, y, learning_rate=learning_rate, steps=steps)
        one, other = (_hidden_gradient(network, x, y) for network in (start, altered))
        lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
        cosines = np.sum(one * other, axis=1) / lengths  # 0 / 0 is nan
    return WrongSlope(right, training.final, cosines)


def _hidden_gradient(network: Network, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The gradient by the parameters of the hidden layers as the backward pass gives it, (networks, parameters)."""
    tape = network.forward(x)
    found = network.backward(tape, 2 * (tape.activations[-1] - y) / y.size)
    arrays = (*found.weights[:-1], *found.biases[:-1])
    return np.concatenate([array.reshape(network.networks, -1) for array in arrays], axis=1)
