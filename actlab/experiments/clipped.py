"""Gradient clipping in deep networks: what is left of a gradient, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from actlab.checks import whole_number
from actlab.clipping import clip_by_norm, clip_by_value
from actlab.core import Elementwise, get_elementwise
from actlab.initialisers import Initialiser, he_normal
from actlab.network import Gradients, initialise


@dataclass(frozen=True, eq=False)
class ClippedGradients:
    """The gradients of all weights of untrained networks as they are, and clipped in two ways.

    ``by_norm`` and ``by_value`` were clipped at the limits ``norm`` and ``value``. The arrays ``log_norms`` and so on
    are (networks, depth): natural logarithms of the root mean square of dL/dW in each layer. ``cosines`` (2, networks)
    are those of the angle between the whole gradient and the one clipped by norm (first row) or by value.
    """

    activation: Elementwise
    initialiser: Initialiser
    norm: float
    value: float
    log_norms: np.ndarray
    by_norm: np.ndarray
    by_value: np.ndarray
    cosines: np.ndarray

    def __repr__(self) -> str:
        networks, depth = self.log_norms.shape
        lines = [f"{self.activation}, {self.initialiser}, {networks} networks of {depth} layers (medians):"]
        parts = (("as it is", self.log_norms), ("by norm", self.by_norm), ("by value", self.by_value))
        cosines = (1.0, *np.median(self.cosines, axis=1))
        for (label, logs), cosine in zip(parts, cosines, strict=True):
            ratio = np.median(logs[:, 0] - logs[:, -1]) / np.log(10)
            lines.append(f"  {label}: first over last layer 10^{ratio:.2f}, cosine {cosine:.2f}")
        return "\n".join(lines)


def clipped_gradients(
    activation: str | Elementwise,
    *,
    initialiser: Initialiser = he_normal,
    depth: int = 30,
    width: int = 64,
    batch: int = 32,
    networks: int = 20,
    norm: float = 1.0,
    value: float = 1e-3,
    seed: int = 0,
) -> ClippedGradients:
    """Clip the gradient of a random linear function of the outputs, of networks without biases.

    Parameters
    ----------
    activation
        The activation of every layer, the last one too, or its name.
    initialiser, depth, width, networks, seed
        The networks: their weights' rule, layers, units of each and number, and the seed of all.
    batch
        Inputs of each network, which are independent standard normal numbers.
    norm, value
        The largest norm of a network's whole gradient, and the largest absolute value of one of its numbers.
    """
    activation = get_elementwise(activation)
    whole_number("depth", depth, least=1)
    whole_number("batch", batch, least=1)
    start = initialise((width,) * (depth + 1), activation, networks=networks, seed=seed, initialiser=initialiser)
    network = replace(start, output=activation)
    drawn = [np.random.default_rng((seed, number, 1)).normal(size=(2, batch, width)) for number in range(networks)]
    inputs, upstream = np.stack(drawn, axis=1)
    whole = network.backward(network.forward(inputs), upstream)
    clipped = (clip_by_norm(whole, norm), clip_by_value(whole, value))
    return ClippedGradients(
        activation, initialiser, norm, value, _log_norms(whole), *map(_log_norms, clipped),
        np.array([_cosines(whole, part) for part in clipped]),
    )  # fmt: skip


def _log_norms(gradients: Gradients) -> np.ndarray:
    return np.stack([np.log(np.mean(np.square(weight), axis=(1, 2))) / 2 for weight in gradients.weights], axis=1)


def _cosines(one: Gradients, other: Gradients) -> np.ndarray:
    rows = [np.concatenate([w.reshape(len(w), -1) for w in gradients.weights], axis=1) for gradients in (one, other)]
    lengths = [np.linalg.norm(row, axis=1) for row in rows]
    return np.sum(rows[0] * rows[1], axis=1) / (lengths[0] * lengths[1])
