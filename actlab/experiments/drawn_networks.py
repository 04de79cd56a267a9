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

# Activations are evaluated at sizes from 2^-_END to 2^_END, inside the range of floats. One that has the same slopes at
# 2^_LINE as at 2^_END is taken to be a straight line from there on.
_LINE, _END = 500, 900


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
        length = math.sqrt(self.q - self.sigma_b2) / math.sqrt(self.initialiser.sigma_w2(self.width, self.width))
        x *= length * math.sqrt(self.width) / np.linalg.norm(x)
        return x, self._layers(network, x, rng)

    def _layers(self, network: int, x: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the weights (width, width) and the slopes f'(z) (width,) of each layer."""
        draws_weights = np.random.default_rng((self.seed, network))  # as actlab.network.initialise does
        exponent = 0  # the activations are x times 2 to this power
        for layer in range(1, self.depth + 1):
            weights = self.initialiser(draws_weights, self.width, self.width)
            biases = math.sqrt(self.sigma_b2) * rng.standard_normal(self.width)
            z = x @ weights + np.ldexp(biases, -exponent)
            x, slopes = _values_and_slopes(self.activation, z, exponent)
            if not np.isfinite(x).all():
                raise OverflowError(
                    f"the activations of layer {layer} leave the range of floats, in a way that scaling cannot undo: "
                    f"{self.activation} is no straight line there"
                )
            x, power = scaled(x)
            exponent += power
            yield weights, slopes


def scaled(array: np.ndarray) -> tuple[np.ndarray, int]:
    """The array divided by the power of 2 that brings its largest entry between 1/2 and 1, and the power."""
    power = math.frexp(float(np.max(np.abs(array))))[1]
    return np.ldexp(array, -power), power


def _values_and_slopes(activation: Elementwise, z: np.ndarray, exponent: int) -> tuple[np.ndarray, np.ndarray]:
    """f(z 2^exponent) / 2^exponent and f'(z 2^exponent), also where z 2^exponent leaves the range of floats.

    Beyond 2^900 and below 2^-900 an activation is a straight line through 0 on either side, as exactly as floats can
    tell: there f(t x) = t f(x) takes the argument back to these ends. Where f is no such line far out, values are nan.
    """
    digits, powers = np.frexp(z)
    inside = np.clip(powers + exponent, -_END, _END)
    beyond = powers + exponent - inside
    arguments = np.ldexp(digits, inside)
    values, slopes = activation(arguments), activation.derivative(arguments)
    if beyond.max() > 0:
        near, far = activation.derivative(np.ldexp([[-1.0, 1.0]], [[_LINE], [_END]]))
        if not np.all(np.abs(far - near) <= 1e-9 * np.max(np.abs(near))):
            values = np.full_like(values, np.nan)
    return np.ldexp(values, beyond - exponent), slopes
