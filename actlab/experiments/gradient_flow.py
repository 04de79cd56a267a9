"""Gradient norms layer by layer: what depth does to a signal on its way forward and to a gradient on its way back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from actlab import initialisers
from actlab.checks import finite_number, whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.initialisers import Initialiser
from actlab.propagation import Rule, Weights, propagate
from actlab.statistics import Mean


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

        It depends on the layer's own ``q``, which inputs of a batch share where lengths come to a fixed point. Where no
        gradient arrives it is -inf, in an overflowed network +inf.
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

    @property
    def decades(self) -> float:
        """The gradient in the first layer over that in the last, in powers of ten: the median over the networks.

        -inf if no gradient reaches the first layer in most networks, inf if in most the activations overflow.
        """
        return float(np.quantile(self._log_ratios, 0.5, method="inverted_cdf") / math.log(10))

    @property
    def _log_ratios(self) -> np.ndarray:
        """First over last layer, (networks,): -inf where no gradient arrives, inf where the activations overflow."""
        first, last = self.log_norms[:, 0], self.log_norms[:, -1]
        with np.errstate(invalid="ignore"):
            return np.where(np.isfinite(first), first - last, first)

    def __repr__(self) -> str:
        ratios = self._log_ratios[np.isfinite(self._log_ratios)]
        said = [f"it reaches the first layer in {ratios.size} of {self.networks} networks"]
        if ratios.size:
            ratio = np.quantile(ratios, 0.5, method="inverted_cdf") / math.log(10)
            said.insert(0, f"gradient, first over last layer: 10^{ratio:.2f} (median)")
        if overflowed := int(np.sum(self._log_ratios == np.inf)):
            said.append(f"the activations overflow in {overflowed}")
        return (
            f"{self.activation}, {self.initialiser}, {self.networks} networks, {self.depth} layers of width "
            f"{self.width}\n  {'; '.join(said)}"
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
        The mean square of the inputs, which are independent normal numbers, as many as a layer has units. Mean-field
        theory has sigma_w^2 q0 + sigma_b^2 for q in the first layer, and goes on from there.
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
        "float32" or "float64": the precision. In either one numbers may have any size that float64 has.

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
    check_slope(activation)
    rule = initialisers.get(initialiser) if isinstance(initialiser, str) else initialiser
    if not callable(rule):
        raise TypeError(f"initialiser must be a rule, its name or a function of (rng, fan_in, fan_out); got {rule!r}")
    q0 = finite_number("q0", q0, low=0, low_open=True)
    if sigma_b2 is not None:
        sigma_b2 = finite_number("sigma_b2", sigma_b2, low=0)
    if inputs is not None:
        inputs = np.asarray(inputs, dtype=np.float64)
        if inputs.ndim != 2 or 0 in inputs.shape or not np.isfinite(inputs).all():
            found = "nan or infinity in it" if inputs.ndim == 2 and inputs.size else f"shape {inputs.shape}"
            raise ValueError(f"inputs must be finite numbers, (batch, features); got an array with {found}")
    features = width if inputs is None else inputs.shape[1]
    fans = [features] + [width] * (depth - 1)
    shape = (batch, width) if inputs is None else inputs.shape
    results = np.empty((6, networks, depth))
    weights = Weights(rule, fans, width, dtype)
    for number in range(networks):
        # The weights are those that ``network.initialise`` draws from this seed, in float64 to the last bit.
        weights.start(np.random.default_rng((seed, number)))
        rng = np.random.default_rng((seed, number, 1))
        x = math.sqrt(q0) * rng.standard_normal(shape) if inputs is None else inputs
        upstream = rng.standard_normal((shape[0], width))
        drawn = _biases(np.random.default_rng((seed, number, 2)), rule, fans, width, sigma_b2)
        biases = [bias.astype(dtype) for bias in drawn]
        results[:, number] = propagate(activation, weights, biases, x, upstream, residual, layer_norm)
    log_norms, weight_log_norms, q, means, mean_squares, dead = results
    return GradientFlow(
        activation=activation, initialiser=getattr(rule, "__name__", repr(rule)), width=width,
        log_norms=log_norms, weight_log_norms=weight_log_norms, q=q, means=means, mean_squares=mean_squares, dead=dead,
    )  # fmt: skip


def check_slope(activation: Elementwise) -> None:
    """Refuse an activation through which no gradient passes, such as the step."""
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
            yield rng.uniform(-limit, limit, width) if limit else np.zeros(width)
