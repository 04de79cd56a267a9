"""Gradient clipping: what it makes of the gradients of all layers of untrained networks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from actlab import initialisers
from actlab.checks import finite_number, whole_number
from actlab.clipping import clip_by_norm, clip_by_value, global_norm
from actlab.core import Elementwise, get_elementwise
from actlab.network import Gradients, initialise
from actlab.propagation import Rule


@dataclass(frozen=True, eq=False)
class ClippedGradients:
    """The gradients of the weights of untrained networks, as they are and clipped in two ways.

    ``log_norms``, ``log_norms_by_norm`` and ``log_norms_by_value`` are (networks, depth): the natural logarithm of the
    root mean square of dL/dW in a layer. ``norms`` (networks,) is the norm of all of a network's gradients together,
    and ``cosines`` (networks,) the cosine of the angle by which clipping by value turns them; clipping by norm turns
    nothing.
    """

    activation: Elementwise
    initialiser: str
    norm: float
    value: float
    log_norms: np.ndarray
    log_norms_by_norm: np.ndarray
    log_norms_by_value: np.ndarray
    norms: np.ndarray
    cosines: np.ndarray

    def __repr__(self) -> str:
        networks, depth = self.log_norms.shape
        ratios = [
            f"{np.median(logs[:, 0] - logs[:, -1]) / np.log(10):.2f}"
            for logs in (self.log_norms, self.log_norms_by_norm, self.log_norms_by_value)
        ]
        return (
            f"{self.activation}, {self.initialiser}, {networks} networks of {depth} layers,\n"
            f"  clipped at norm {self.norm:g} or value {self.value:g}; medians:\n"
            f"  first over last layer: 10^{ratios[0]}; by norm 10^{ratios[1]}, by value 10^{ratios[2]}\n"
            f"  cosine of the gradient with that clipped by value: {np.median(self.cosines):.2f}"
        )


def clipped_gradients(
    activation: str | Elementwise,
    *,
    norm: float = 1.0,
    value: float = 0.01,
    depth: int = 20,
    width: int = 64,
    networks: int = 20,
    initialiser: str | Rule = initialisers.glorot_uniform,
    seed: int = 0,
    batch: int = 32,
) -> ClippedGradients:
    """Clip the gradients of the networks that ``gradient_flow`` has with these arguments, with biases of 0.

    Parameters
    ----------
    activation
        The activation of every layer, the last one too, or its name.
    norm, value
        The largest norm of all gradients of a network together, and the largest size of a single one.
    depth, width, networks, initialiser, seed, batch
        As in ``gradient_flow``. All weights of all networks are held in memory, so it is for networks of some hundred
        units.
    """
    activation = get_elementwise(activation)
    norm = finite_number("norm", norm, low=0, low_open=True)
    value = finite_number("value", value, low=0, low_open=True)
    whole_number("depth", depth, least=1)
    whole_number("batch", batch, least=1)
    rule = initialisers.get(initialiser) if isinstance(initialiser, str) else initialiser
    start = initialise((width,) * (depth + 1), activation, networks=networks, seed=seed, initialiser=rule)
    network = replace(start, output=activation)
    drawn = [np.random.default_rng((seed, number, 1)).standard_normal((2, batch, width)) for number in range(networks)]
    x, upstream = np.stack(drawn, axis=1)
    gradients = network.backward(network.forward(x), upstream)
    by_norm, by_value = clip_by_norm(gradients, norm), clip_by_value(gradients, value)
    products = [np.vecdot(a.reshape(networks, -1), b.reshape(networks, -1)) for a, b in _pairs(gradients, by_value)]
    return ClippedGradients(
        activation=activation, initialiser=getattr(rule, "__name__", repr(rule)), norm=norm, value=value,
        log_norms=_log_norms(gradients), log_norms_by_norm=_log_norms(by_norm), log_norms_by_value=_log_norms(by_value),
        norms=global_norm(gradients), cosines=sum(products) / (global_norm(gradients) * global_norm(by_value)),
    )  # fmt: skip


def _pairs(one: Gradients, other: Gradients) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(zip((*one.weights, *one.biases), (*other.weights, *other.biases), strict=True))


def _log_norms(gradients: Gradients) -> np.ndarray:
    with np.errstate(divide="ignore"):  # no gradient at all is -inf
        return np.stack([np.log(np.mean(np.square(w), axis=(1, 2))) / 2 for w in gradients.weights], axis=1)
