"""Gradient norms layer by layer: what depth does to a signal on its way forward and to a gradient on its way back.

All quantities follow the networks one at a time, so that a network's numbers depend on its seed and number alone, and
memory holds one network. Matrix products are those of the chosen precision, of operands scaled to at most 1; what is
done to single numbers is done in float64, and the size of a gradient is kept as a logarithm. So nothing underflows or
overflows on the way back, however deep the network; on the way forward activations may have any size that float64 has.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from actlab import initialisers
from actlab.checks import whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.initialisers import Initialiser
from actlab.statistics import Mean

# Added to the variance in a layer normalisation, as PyTorch's LayerNorm does; Ba et al. (2016) have no such number.
LAYER_NORM_EPSILON = 1e-5
_HELD = 2**28  # bytes of weights of one network that are kept for the way back; the others are drawn a second time

Rule = Callable[[np.random.Generator, int, int], np.ndarray]


@dataclass(frozen=True, eq=False)
class GradientFlow:
    """What untrained networks make of their inputs, and of the gradient of a random linear function L of their outputs.

    All arrays are (networks, depth), the first layer first; z are the pre-activations of a layer, and a mean is taken
    over its units and the batch.

    log_norms, weight_log_norms
        Natural logarithms of the root mean square of dL/dz, and of that of dL/dW over the layer's weights: -inf where
        no gradient arrives, +inf in all layers of a network whose activations exceed float64, which has no gradient.
    q
        The mean square of the pre-activations; mean-field theory calls it length or variance, their mean being 0.
    means, mean_squares
        Of the activations. These two and ``q`` are inf from the layer on where they exceed float64.
    dead
        The share of units that have slope 0 on the whole batch; 0 where the activations have overflowed before.
    """

    activation: Elementwise
    initialiser: str
    width: int
    log_norms: np.ndarray
    weight_log_norms: np.ndarray
    q: np.ndarray
    means: np.ndarray
    mean_squares: np.ndarray
    dead: np.ndarray

    @property
    def networks(self) -> int:
        """How many there are."""
        return self.log_norms.shape[0]

    @property
    def depth(self) -> int:
        """How many layers they have."""
        return self.log_norms.shape[1]

    @property
    def log_chi_layers(self) -> np.ndarray:
        """ln chi of each layer but the last, (networks, depth - 1): the factor of the mean squared dL/dz in that layer.

        It depends on the layer's own ``q``. Where no gradient arrives it is -inf, in an overflowed network +inf.
        """
        here, after = self.log_norms[:, :-1], self.log_norms[:, 1:]
        with np.errstate(invalid="ignore"):
            return np.where(np.isfinite(here), 2 * (here - after), here)

    def log_chi_between(self, first: int, last: int) -> Mean:
        """The mean over the networks of ln chi per layer, between two layers, counted from 1.

        Each network counts with the slope of ln(mean squared dL/dz) from layer ``last`` back to layer ``first``.
        Networks in which no gradient reaches ``first``, or whose activations overflow, are left out, of n too.
        """
        whole_number("first", first, least=1)
        whole_number("last", last, least=1)
        if not first < last <= self.depth:
            raise ValueError(f"ln chi needs layers first < last <= {self.depth}; got {first} and {last}")
        here, there = self.log_norms[:, first - 1], self.log_norms[:, last - 1]
        kept = np.isfinite(here)
        if kept.sum() < 2:
            raise ValueError(
                f"ln chi is a mean over two networks or more in which a gradient reaches layer {first}; "
                f"it does in {kept.sum()} of {self.networks}"
            )
        return Mean.of(2 * (here[kept] - there[kept]) / (last - first))

    @property
    def log_chi(self) -> Mean:
        """``log_chi_between`` the first and the last quarter of the layers, which are left out.

        Near the input q is still on its way to where it stays; near the output the gradient is still that of L.
        """
        return self.log_chi_between(self.depth // 4 + 1, self.depth - self.depth // 4)

    def __repr__(self) -> str:
        ratio = np.sort((self.log_norms[:, 0] - self.log_norms[:, -1])[np.isfinite(self.log_norms[:, 0])])
        reached = f"it reaches the first layer in {ratio.size} of {self.networks} networks"
        if ratio.size:
            median = np.quantile(ratio, 0.5, method="inverted_cdf") / math.log(10)
            reached = f"gradient, first over last layer: 10^{median:.2f} (median); {reached}"
        return (
            f"{self.activation}, {self.initialiser}, {self.networks} networks, {self.depth} layers of width "
            f"{self.width}\n  {reached}"
        )


def gradient_flow(
    activation: str | Elementwise,
    *,
    depth: int = 50,
    width: int = 256,
    networks: int = 20,
    initialiser: str | Rule = initialisers.glorot_uniform,
    seed: int = 0,
    batch: int = 32,
    q0: float = 1.0,
    inputs: np.ndarray | None = None,
    sigma_b2: float | None = None,
    residual: bool = False,
    layer_norm: bool = False,
    dtype: str = "float32",
) -> GradientFlow:
    """Send inputs through untrained networks, and the gradient of a random linear function of their outputs back.

    Layer l has the pre-activations z_l = a_(l-1) W_l + b_l and the activations a_l = f(z_l); a_0 are the inputs. L is
    the sum over the batch and the last layer's units of a_depth times independent standard normal numbers.

    Parameters
    ----------
    activation
        The activation f of every layer, the last one too, or its name; it must have a slope somewhere.
    depth, width, networks
        Layers, units of each, and how many networks. Network i of a seed is the same however many there are.
    initialiser
        Draws the weights: a rule of ``actlab.initialisers``, its name, or any function (rng, fan_in, fan_out) of them.
    seed, batch
        The seed of all, and the number of inputs of each network.
    q0
        The mean square of the inputs, which are independent normal numbers, as many as a layer has units.
    inputs
        Other inputs, the same for all networks: (batch, features); ``batch`` and ``q0`` then have no meaning.
    sigma_b2
        The variance of normal biases, as mean-field theory has it; if not given, biases follow the initialiser.
    residual
        The layers after the first add what they are given before its activation: z_l = z_(l-1) + a_(l-1) W_l + b_l, the
        identity shortcut and pre-activation of He et al. (2016). q then grows in each layer by sigma_w^2 E[f(z)^2]
        plus the variance of the biases: by a constant factor for ReLU, by about a constant for tanh.
    layer_norm
        a_l = f(n(z_l)), where n takes off the mean over the layer's units and divides by their deviation, for each
        input, as in Ba et al. (2016), with gain 1 and bias 0; with ``residual`` the shortcut passes by it.
    dtype
        "float32" or "float64": the precision of the weights and of the products with them.

    Raises
    ------
    ValueError
        If a number is outside what it may be, if inputs or weights are not finite, or if the activation has slope 0
        wherever it has one.
    TypeError
        If the activation is one of whole vectors.
    """
    activation = get_elementwise(activation)
    for label, value, least in (
        ("depth", depth, 1), ("width", width, 1), ("networks", networks, 1), ("batch", batch, 1), ("seed", seed, 0),
    ):  # fmt: skip
        whole_number(label, value, least=least)
    if dtype not in ("float32", "float64"):
        raise ValueError(f"dtype must be 'float32' or 'float64'; got {dtype!r}")
    _check_slope(activation)
    rule = initialisers.get(initialiser) if isinstance(initialiser, str) else initialiser
    if not callable(rule):
        raise TypeError(f"initialiser must be a rule, its name or a function of (rng, fan_in, fan_out); got {rule!r}")
    if not 0 < q0 < math.inf:
        raise ValueError(f"q0 must be a positive finite number; got {q0!r}")
    if sigma_b2 is not None and not 0 <= sigma_b2 < math.inf:
        raise ValueError(f"sigma_b2 must be a finite number of 0 or more; got {sigma_b2!r}")
    if inputs is not None:
        inputs = np.asarray(inputs, dtype=np.float64)
        if inputs.ndim != 2 or 0 in inputs.shape or not np.isfinite(inputs).all():
            raise ValueError(
                f"inputs must be (batch, features), finite numbers; got an array of shape {inputs.shape}"
                + ("" if np.isfinite(inputs).all() else " with nan or infinity in it")
            )
    features = width if inputs is None else inputs.shape[1]
    fans = [features] + [width] * (depth - 1)
    shape = (batch, width) if inputs is None else inputs.shape
    results = np.empty((6, networks, depth))
    for number in range(networks):
        # The weights are those that ``network.initialise`` draws from this seed, in float64 to the last bit.
        weights = _Weights(rule, np.random.default_rng((seed, number)), fans, width, dtype)
        rng = np.random.default_rng((seed, number, 1))
        x = math.sqrt(q0) * rng.standard_normal(shape) if inputs is None else inputs
        upstream = rng.standard_normal((shape[0], width))
        biases = list(_biases(np.random.default_rng((seed, number, 2)), rule, fans, width, sigma_b2))
        results[:, number] = _flow(activation, weights, biases, x, upstream, residual, layer_norm)
    log_norms, weight_log_norms, q, means, mean_squares, dead = results
    return GradientFlow(
        activation=activation, initialiser=getattr(rule, "__name__", repr(rule)), width=width,
        log_norms=log_norms, weight_log_norms=weight_log_norms, q=q, means=means, mean_squares=mean_squares, dead=dead,
    )  # fmt: skip


def _check_slope(activation: Elementwise) -> None:
    points = np.geomspace(1e-9, 1e9, 1000)
    if not activation.derivative(np.concatenate([-points, points])).any():
        raise ValueError(f"{activation} has slope 0 wherever it has one: no gradient passes through it")


def _biases(
    rng: np.random.Generator, rule: Rule, fans: list[int], width: int, sigma_b2: float | None
) -> Iterator[np.ndarray]:
    for fan_in in fans:
        if sigma_b2 is not None:
            yield math.sqrt(sigma_b2) * rng.standard_normal(width)
        else:
            limit = rule.bias_limit(fan_in) if isinstance(rule, Initialiser) else 0.0
            yield limit * rng.uniform(-1, 1, width)


class _Weights:
    """The weights of one network, drawn layer by layer on the way forward and given out once more on the way back.

    As many layers as ``_HELD`` has room for are kept, the last ones; of the others the generator's state is, from which
    they are drawn again.
    """

    def __init__(self, rule: Rule, rng: np.random.Generator, fans: list[int], width: int, dtype: str) -> None:
        self._rule, self._rng, self._fans, self._width = rule, rng, fans, width
        self.dtype = dtype
        room = _HELD // (np.dtype(dtype).itemsize * width * width)
        self._first_kept = max(0, len(fans) - room)
        self._kept: dict[int, np.ndarray] = {}
        self._states: dict[int, dict] = {}

    def forward(self, layer: int) -> np.ndarray:
        if layer >= self._first_kept:
            return self._kept.setdefault(layer, self._draw(layer))
        self._states[layer] = self._rng.bit_generator.state
        return self._draw(layer)

    def backward(self, layer: int) -> np.ndarray:
        if layer in self._kept:
            return self._kept.pop(layer)
        self._rng.bit_generator.state = self._states[layer]
        return self._draw(layer)

    def _draw(self, layer: int) -> np.ndarray:
        shape = self._fans[layer], self._width
        rounded = {"dtype": self.dtype} if isinstance(self._rule, Initialiser) else {}
        weights = np.asarray(self._rule(self._rng, *shape, **rounded), self.dtype)
        if weights.shape != shape or not np.isfinite(weights).all():
            raise ValueError(
                f"an initialiser must give finite weights of shape {shape}; got an array of shape {weights.shape}"
                + ("" if np.isfinite(weights).all() else " with nan or infinity in it")
            )
        return weights


def _flow(
    activation: Elementwise,
    weights: _Weights,
    biases: list[np.ndarray],
    x: np.ndarray,
    upstream: np.ndarray,
    residual: bool,
    layer_norm: bool,
) -> np.ndarray:
    """The rows log_norms, weight_log_norms, q, means, mean_squares and dead of one network, (6, depth)."""
    depth = len(biases)
    log_norms, weight_log_norms, q, means, mean_squares, dead = found = np.empty((6, depth))
    found[:2], found[2:5], found[5] = -math.inf, math.inf, 0.0
    before, slopes, norms = [], [], []  # of each layer: what its weights multiply, f'(n(z)), and n(z) with deviations
    size = _root_mean_square(x)
    a, z = x, None
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for layer in range(depth):
            before.append(((a / (size or 1.0)).astype(weights.dtype), size))
            product = before[-1][0] @ weights.forward(layer) * np.float64(size) + biases[layer]
            z = z + product if residual and layer else product
            size = _root_mean_square(z)
            if not math.isfinite(size):
                break
            q[layer] = np.square(size)
            if layer_norm:
                norms.append(_normalise(z, size))
            a, slope = activation.value_and_derivative(norms[-1][0] if layer_norm else z)
            slopes.append(slope)
            size = _root_mean_square(a)
            if not math.isfinite(size):
                break
            means[layer], mean_squares[layer] = a.mean(), np.square(size)
            dead[layer] = 1 - slope.any(axis=0).mean()
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
            delta = delta + shortcut
            size = _root_mean_square(delta)
            if size == 0:
                break
            # From here on delta is dL/dz divided by exp(log_size), and its mean square is 1.
            delta /= size
            log_size += math.log(size)
            log_norms[layer] = log_size
            factor, factor_size = before[layer]
            rounded = delta.astype(weights.dtype)
            # The squared norm of the product factor.T @ rounded, which is not needed itself.
            square = float(np.vdot(factor @ factor.T, rounded @ rounded.T)) / (factor.shape[1] * rounded.shape[1])
            if square > 0 and factor_size > 0:
                weight_log_norms[layer] = log_size + math.log(factor_size) + math.log(square) / 2
            if layer > 0:
                reached = rounded @ weights.backward(layer).T
                if residual:
                    shortcut = delta
    return found


def _normalise(z: np.ndarray, size: float) -> tuple[np.ndarray, np.ndarray]:
    """n(z) of a layer normalisation and the deviations (batch, 1) that it divides by; ``size`` is about that of z."""
    unit = z / (size or 1.0)
    unit -= unit.mean(axis=1, keepdims=True)
    deviation = np.hypot(size * unit.std(axis=1, keepdims=True), math.sqrt(LAYER_NORM_EPSILON))
    return unit * (size / deviation), deviation


def _root_mean_square(x: np.ndarray) -> float:
    """The root mean square, right also where the squares leave float64; inf where a number is not finite."""
    square = np.vdot(x, x) / x.size
    if 1e-250 < square < 1e250:
        return math.sqrt(square)
    largest = float(np.abs(x).max())
    if not math.isfinite(largest):
        return math.inf
    return largest * math.sqrt(np.mean(np.square(x / largest))) if largest else 0.0
