"""Random networks of any depth at one input each, drawn layer by layer so that only one layer is held at a time."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from actlab.checks import whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.initialisers import Initialiser
from actlab.initialisers import get as get_initialiser

# Activations beyond 2^400 or below 2^-400 are scaled to 2^300 or 2^-300, far from both ends of the range of floats.
_FAR, _BACK = 400, 300


@dataclass(frozen=True)
class DrawnNetworks:
    """Random networks of one shape, which are drawn layer by layer and never held as a whole.

    The weights of one network of 200 layers of width 1000 would take 1.6 GB.
    """

    activation: Elementwise
    initialiser: Initialiser
    depth: int
    width: int
    q: float
    sigma_b2: float
    seed: int

    @classmethod
    def checked(cls, activation, initialiser, depth, width, networks, q, sigma_b2, seed) -> DrawnNetworks:
        """The networks that the arguments of ``jacobian_spectrum`` describe; bad arguments are refused."""
        activation, initialiser = get_elementwise(activation), get_initialiser(initialiser)
        if activation.family == "threshold":
            raise ValueError(f"{activation} has the derivative 0 wherever it has one: its Jacobian is 0")
        whole_number("depth", depth, least=1)
        whole_number("width", width, least=1)
        whole_number("networks", networks, least=1)
        whole_number("seed", seed, least=0)
        for label, value in (("q", q), ("sigma_b2", sigma_b2)):
            if not 0 <= value < math.inf:
                raise ValueError(f"{label} must be a finite number, 0 or more; got {value!r}")
        if sigma_b2 > q:
            raise ValueError(f"sigma_b2 must be at most q, which it is a part of; got {sigma_b2!r} and q = {q!r}")
        return cls(activation, initialiser, int(depth), int(width), float(q), float(sigma_b2), seed)

    def walk(self, network: int) -> tuple[np.ndarray, Iterator[tuple[np.ndarray, np.ndarray]]]:
        """The input (width,) of a network, and an iterator over the weights and slopes of its layers."""
        rng = np.random.default_rng((self.seed, network, 1))
        x = rng.standard_normal(self.width)
        mean_square = (self.q - self.sigma_b2) / self.initialiser.sigma_w2(self.width, self.width)
        x *= math.sqrt(self.width * mean_square) / np.linalg.norm(x)
        return x, self._layers(network, x, rng)

    def _layers(self, network: int, x: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the weights (width, width) and the slopes f'(z) (width,) of each layer."""
        draws_weights = np.random.default_rng((self.seed, network))  # as actlab.network.initialise does
        exponent = 0  # the activations are x times 2 to this power
        for layer in range(1, self.depth + 1):
            weights = self.initialiser(draws_weights, self.width, self.width)
            biases = math.sqrt(self.sigma_b2) * rng.standard_normal(self.width)
            z = x @ weights + np.ldexp(biases, -exponent)
            x, shift = _in_range(self.activation, self.activation(z), layer)
            exponent += shift
            yield weights, self.activation.derivative(z)


def _in_range(activation: Elementwise, x: np.ndarray, layer: int) -> tuple[np.ndarray, int]:
    """``x`` divided by a power of 2 that keeps it well inside the range of floats, and the power.

    Far out, and close to 0, most activations are straight lines through 0 on either side, as exactly as floats can
    tell. There scaling all activations of a layer scales those of the next and leaves its slopes as they are.
    """
    top = float(np.max(np.abs(x)))
    if top == 0 or 2.0**-_FAR <= top <= 2.0**_FAR:
        return x, 0
    if math.isfinite(top):
        shift = math.frexp(top)[1] - (_BACK if top > 1 else -_BACK)
        sides = np.concatenate([x, -x])
        scaled = np.ldexp(sides, -shift)
        here = np.array([activation(sides), activation.derivative(sides)])
        there = np.array([np.ldexp(activation(scaled), shift), activation.derivative(scaled)])
        # Of values and of slopes the largest matter.
        if np.all(np.abs(there - here) <= 1e-9 * np.max(np.abs(here), axis=1, keepdims=True)):
            return np.ldexp(x, -shift), shift
    raise OverflowError(
        f"the activations of {activation} leave the range of floats in layer {layer}, and scaling cannot bring them back"
    )
