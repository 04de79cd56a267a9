"""Signals through many layers: what becomes of activations on the way forward and of gradients on the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from actlab.checks import whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.experiments.gradient_flow import check_slope
from actlab.initialisers import he_normal
from actlab.network import initialise


@dataclass(frozen=True, eq=False)
class DepthSignal:
    """What random networks make of a random batch, layer by layer.

    ``means`` and ``variances`` (depth + 1, networks) are those of the activations of a layer, over units and batch, the
    input first. ``gradients`` (depth, networks) is the root mean square of dL/dz in a layer, where L is a random linear
    function of the last layer's activations.
    """

    activation: Elementwise
    initialiser: str
    width: int
    means: np.ndarray
    variances: np.ndarray
    gradients: np.ndarray

    @property
    def mean_squares(self) -> np.ndarray:
        """The mean square of the activations, (depth + 1, networks), the input first."""
        return np.square(self.means) + self.variances

    @property
    def gradient_ratios(self) -> np.ndarray:
        """The gradient in the first layer over that in the last, (networks,)."""
        return self.gradients[0] / self.gradients[-1]

    def __repr__(self) -> str:
        depth, networks = self.gradients.shape
        rows = [
            ("mean", self.means[-1]),
            ("variance", self.variances[-1]),
            ("gradient, first over last layer:", self.gradient_ratios),
        ]
        return "\n".join(
            [
                f"{self.activation}, {self.initialiser}, {networks} networks, {depth} layers of width {self.width}",
                *(f"  {name} {_quantiles(values)}" for name, values in rows),
                "  (medians, in brackets 5 to 95 % of networks)",
            ]
        )


def _quantiles(values: np.ndarray) -> str:
    low, median, high = (
        # Rounded first: without that a median of -0.0004 would be printed as -0.
        f"{round(value, 3) + 0.0:g}" if abs(value) > 0.01 else f"{value:.1e}"
        for value in np.quantile(values, (0.05, 0.5, 0.95))
    )
    return f"{median} ({low} to {high})"


def signal_through_depth(
    activation: str | Elementwise,
    *,
    initialiser: Callable[[np.random.Generator, int, int], np.ndarray] = he_normal,
    depth: int = 30,
    width: int = 100,
    mean: float = 0.0,
    deviation: float = 1.0,
    batch: int = 20,
    networks: int = 50,
    seed: int = 0,
) -> DepthSignal:
    """Send normal inputs through untrained networks without biases, and a random gradient back.

    Parameters
    ----------
    activation
        The activation of every layer, the last one too, or its name.
    initialiser
        Draws the weights; see ``actlab.initialisers``.
    depth, width
        Layers, and units of each, the input included.
    mean, deviation
        Of the inputs, which are independent and normal.
    batch, networks, seed
        Inputs of each network, random networks, and the seed of both.
    """
    activation = get_elementwise(activation)
    check_slope(activation)
    whole_number("depth", depth, least=1)
    whole_number("batch", batch, least=1)
    start = initialise((width,) * (depth + 1), activation, networks=networks, seed=seed, initialiser=initialiser)
    network = replace(start, output=activation)
    # A generator of its own for each network, apart from the one that drew its weights.
    drawn = [np.random.default_rng((seed, number, 1)).normal(size=(2, batch, width)) for number in range(networks)]
    inputs, upstream = np.stack(drawn, axis=1)
    tape = network.forward(mean + deviation * inputs)
    gradients = np.empty((depth, networks))
    for layer in reversed(range(depth)):
        at_unit = upstream * activation.derivative(tape.pre_activations[layer])
        gradients[layer] = np.sqrt(np.mean(np.square(at_unit), axis=(1, 2)))
        upstream = at_unit @ network.weights[layer].swapaxes(1, 2)
    return DepthSignal(
        activation=activation,
        initialiser=initialiser.__name__,
        width=width,
        means=np.array([values.mean(axis=(1, 2)) for values in tape.activations]),
        variances=np.array([values.var(axis=(1, 2)) for values in tape.activations]),
        gradients=gradients,
    )
