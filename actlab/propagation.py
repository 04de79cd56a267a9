"""One untrained network of any depth: its activations on the way forward, the gradient of its outputs on the way back.

Matrix products are those of operands scaled to a mean square of 1, and the size of the gradient is kept as a logarithm.
So nothing underflows or overflows on the way back, however deep the network. With float32 weights a layer is computed
in float32 while sizes are moderate, else in float64 but for the product: activations may have any size of a float64.
In float64 values and slopes are the exact ones, in far tails, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from actlab.core import Elementwise
from actlab.initialisers import Initialiser

#: Added to the variance in a layer normalisation, as PyTorch does; Ba et al. (2016) have no such number.
LAYER_NORM_EPSILON = 1e-5
_MODERATE = 1e-9, 1e9  # root mean squares between which float32 has room on both sides
_TAIL = 87.0  # from here on exponentials leave float32, and the forms for trainings cut them off
_HELD = 2**28  # bytes of weights of one network that are kept for the way back; the others are drawn a second time

Rule = Callable[[np.random.Generator, int, int], np.ndarray]


class Weights:
    """The weights of one network after the other, drawn layer by layer and given out once more on the way back.

    As many layers as ``_HELD`` has room for are kept, the last ones; of the others the generator's state is, from which
    they are drawn again. Those of the first layer are needed only once.
    """

    def __init__(self, rule: Rule, fans: list[int], width: int, dtype: str) -> None:
        self.dtype = np.dtype(dtype)
        self._rule, self._fans, self._width = rule, fans, width
        depth = len(fans)
        self._first_kept = max(1, depth - _HELD // (self.dtype.itemsize * width * width))
        # One array for all networks: to copy into it is faster than to have the system find new memory for each layer.
        self._kept = np.empty((max(0, depth - self._first_kept), width, width), dtype)
        self._rng, self._states = None, {}

    def start(self, rng: np.random.Generator) -> None:
        """Go on to another network."""
        self._rng = rng

    def forward(self, layer: int) -> np.ndarray:
        """The weights (fan_in, width) of a layer, counted from 0; the layers come in their order."""
        if layer >= self._first_kept:
            kept = self._kept[layer - self._first_kept]
            kept[...] = weights = self._draw(layer)
            return weights
        self._states[layer] = self._rng.bit_generator.state
        return self._draw(layer)

    def backward(self, layer: int) -> np.ndarray:
        """The same weights once more, of any layer but the first."""
        if layer >= self._first_kept:
            return self._kept[layer - self._first_kept]
        self._rng.bit_generator.state = self._states[layer]
        return self._draw(layer)

    def _draw(self, layer: int) -> np.ndarray:
        shape = self._fans[layer], self._width
        precision = {"dtype": self.dtype} if isinstance(self._rule, Initialiser) else {}
        weights = np.asarray(self._rule(self._rng, *shape, **precision), self.dtype)
        if weights.shape != shape:
            raise ValueError(
                f"an initialiser must give weights of shape {shape}; got an array of shape {weights.shape}"
            )
        return weights


def propagate(
    activation: Elementwise,
    weights: Weights,
    biases: Sequence[np.ndarray],
    x: np.ndarray,
    upstream: np.ndarray,
    residual: bool,
    layer_norm: bool,
) -> np.ndarray:
    """The fields of ``experiments.GradientFlow`` for one network, (6, depth), in their order there.

    ``x`` are the inputs, and ``upstream`` is the gradient with respect to the last activations: (batch, features) and
    (batch, width). The biases are one array (width,) of the weights' precision for each layer.
    """
    depth = len(biases)
    log_norms, weight_log_norms, q, means, mean_squares, dead = found = np.empty((6, depth))
    found[:2], found[2:5], found[5] = -math.inf, math.inf, 0.0
    before, slopes, norms = [], [], []  # of each layer: what its weights multiply, f'(n(z)), and n(z) with deviations
    size = _root_mean_square(x)
    a, z = x, None
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for layer in range(depth):
            before.append(((a / (size or 1.0)).astype(weights.dtype, copy=False), size))
            drawn = weights.forward(layer)
            # A Python number leaves float32 as it is, a number of numpy makes it float64.
            product = before[-1][0] @ drawn * (size if _moderate(size) else np.float64(size)) + biases[layer]
            z = z + product if residual and layer else product
            size = _root_mean_square(z)
            if not math.isfinite(size):
                if not np.isfinite(drawn).all():
                    raise ValueError("an initialiser must give finite weights; got an array with nan or infinity in it")
                break
            q[layer] = np.square(size)
            if layer_norm:
                norms.append(_normalise(z, size))
            reaching = norms[-1][0] if layer_norm else z
            a, slope = _value_and_slope(activation, reaching)
            size = _root_mean_square(a)
            slopes.append(slope)
            if not math.isfinite(size):
                break
            means[layer], mean_squares[layer] = np.add.reduce(a, axis=None) / a.size, np.square(size)
            dead[layer] = 1 - np.count_nonzero(slope.any(axis=0)) / slope.shape[1]
        if not math.isfinite(size):
            found[:2] = math.inf
            return found

        log_size, reached, shortcut = 0.0, upstream, 0.0
        for layer in reversed(range(depth)):
            delta = reached * slopes[layer]
            if layer_norm:
                n, deviation = norms[layer]
                along = np.mean(delta * n, axis=1, keepdims=True)
                delta = (delta - delta.mean(axis=1, keepdims=True) - n * along) / deviation
            if residual:
                delta = delta + shortcut
            size = _root_mean_square(delta)
            if size == 0:
                break
            if not math.isfinite(size):  # float32 weights near the largest float32
                found[:2, : layer + 1] = math.inf
                break
            # From here on delta is dL/dz divided by exp(log_size), and its mean square is 1.
            delta /= size
            log_size += math.log(size)
            log_norms[layer] = log_size
            factor, factor_size = before[layer]
            rounded = delta.astype(weights.dtype, copy=False)
            # The squared norm of the product factor.T @ rounded, which is not needed itself.
            square = float(np.vdot(factor @ factor.T, rounded @ rounded.T)) / (factor.shape[1] * rounded.shape[1])
            if square > 0:
                weight_log_norms[layer] = log_size + math.log(factor_size) + math.log(square) / 2
            if layer > 0:
                reached = rounded @ weights.backward(layer).T
                if residual:
                    shortcut = delta
    return found


def _value_and_slope(activation: Elementwise, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """f(z) and f'(z): in float32 where that holds both and z is in no far tail, else the exact ones in float64."""
    if z.dtype == np.float32 and (activation.native is None or (z.max() < _TAIL and z.min() > -_TAIL)):
        a, slope = activation.value_and_derivative(z)
        if _moderate(_root_mean_square(a)) and _moderate(_root_mean_square(slope)):
            return a, slope
    z = z.astype(np.float64, copy=False)
    return activation(z), activation.derivative(z)


def _moderate(size: float) -> bool:
    return _MODERATE[0] < size < _MODERATE[1]


def _normalise(z: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
    """n(z) of a layer normalisation and the deviations (batch, 1) that it divides by; ``size`` is about that of z."""
    unit = z / (size or 1.0)
    unit -= unit.mean(axis=1, keepdims=True)
    deviation = np.hypot(size * unit.std(axis=1, keepdims=True), math.sqrt(LAYER_NORM_EPSILON))
    return unit * (size / deviation), deviation


def _root_mean_square(x: np.ndarray) -> float:
    """The root mean square, right also where the squares leave float64; inf where a number is not finite."""
    square = np.vdot(x, x) / x.size
    if 1e-30 < square < 1e30:  # float32 holds these too
        return math.sqrt(square)
    largest = float(np.abs(x).max())
    if not math.isfinite(largest):
        return math.inf
    return largest * math.sqrt(np.mean(np.square(x / largest))) if largest else 0.0
