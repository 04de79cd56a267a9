"""Singular values of the Jacobian of random networks: what depth does to every direction at the input."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from actlab.checks import whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.experiments.drawn_networks import DrawnNetworks, scaled
from actlab.initialisers import Initialiser, glorot_uniform
from actlab.initialisers import get as get_initialiser
from actlab.properties import gaussian_mean
from actlab.statistics import Mean, Quantile


@dataclass(frozen=True, eq=False)
class JacobianSpectrum:
    """Singular values s of J = D_L W_L ... D_1 W_1, the Jacobian of a network at an input, for many networks.

    W_l are the weights of layer l and D_l is the diagonal matrix of the slopes f'(z) of its units: J leads from the
    network's input to the activations of its last layer. ``q`` is the mean square of the first pre-activations over all
    networks, ``sigma_b2`` the variance of the biases.

    ``log_singular_values`` (networks, width) are natural logarithms, the largest first: s itself may leave the range of
    floats. J is a product of matrices in float64, whose rounding blurs what is small beside the largest s: a value of
    -inf stands for every s below the network's ``log_floors``, which may be 0 or not. ``log_stretches`` (networks,) is
    ln |J v| for a random direction v, |v| = 1. ``inputs`` (networks, width) holds the inputs.
    """

    activation: Elementwise
    initialiser: Initialiser
    depth: int
    q: float
    sigma_b2: float
    log_singular_values: np.ndarray
    log_stretches: np.ndarray
    inputs: np.ndarray

    @property
    def networks(self) -> int:
        """How many there are."""
        return self.log_singular_values.shape[0]

    @property
    def width(self) -> int:
        """Units of each layer, the input included."""
        return self.log_singular_values.shape[1]

    @property
    def singular_values(self) -> np.ndarray:
        """The singular values, (networks, width), the largest first: 0 or inf where they leave the range of floats."""
        with np.errstate(over="ignore"):
            return np.exp(self.log_singular_values)

    @property
    def log_floors(self) -> np.ndarray:
        """ln of the largest s times sqrt(depth x width) 2.2e-16, (networks,): what lies below is lost in the rounding.

        The error of every s is about 2.2e-16 times the largest, so that those just above the floor are right to a few
        per cent, and others to more digits.
        """
        return self.log_singular_values[:, 0] + math.log(_floor(self.depth, self.width))

    @property
    def log_mean_squares(self) -> np.ndarray:
        """ln of the mean of s^2, (networks,): the mean square of the gradient that comes out of a random one."""
        return self._log_mean(2)

    @property
    def relative_variances(self) -> np.ndarray:
        """Variance of s^2 over its squared mean, (networks,): 0 where all directions are stretched alike."""
        with np.errstate(invalid="ignore"):  # nan for a Jacobian of 0
            return np.expm1(self._log_mean(4) - 2 * self._log_mean(2))

    @property
    def unresolved(self) -> float:
        """The share of all singular values that lie below the floor."""
        return float(np.mean(np.isneginf(self.log_singular_values)))

    @property
    def log_condition_numbers(self) -> np.ndarray:
        """ln of the largest over the smallest s, (networks,); inf where the smallest lies below the floor."""
        return self._tops[:, 0] - self.log_singular_values[:, -1]

    @property
    def mean_singular_values(self) -> np.ndarray:
        """The mean of s, (networks,)."""
        with np.errstate(over="ignore"):
            return np.exp(self._log_mean(1))

    @property
    def log_mean_square(self) -> Mean:
        """The mean of ``log_mean_squares`` over the networks, with its interval; none of them may be dead."""
        return Mean.of(self.log_mean_squares)

    @property
    def relative_variance(self) -> Mean:
        """The mean of ``relative_variances`` over the networks, with its interval."""
        return Mean.of(self.relative_variances)

    @property
    def log_condition_number(self) -> Quantile:
        """The median of ``log_condition_numbers`` over the networks, with its interval."""
        return Quantile.of(self.log_condition_numbers)

    @property
    def mean_singular_value(self) -> Mean:
        """The mean of ``mean_singular_values`` over the networks, with its interval."""
        return Mean.of(self.mean_singular_values)

    @property
    def log_stretch(self) -> Mean:
        """The mean of ``log_stretches`` over the networks, with its interval."""
        return Mean.of(self.log_stretches)

    @property
    def _tops(self) -> np.ndarray:
        """ln of the largest s, (networks, 1), with 0 instead of -inf where all are 0, so that differences exist."""
        tops = self.log_singular_values[:, :1]
        return np.where(np.isfinite(tops), tops, 0.0)

    def _log_mean(self, power: int) -> np.ndarray:
        """ln of the mean of s^power over the singular values, (networks,), without overflow."""
        means = np.mean(np.exp(power * (self.log_singular_values - self._tops)), axis=1)
        with np.errstate(divide="ignore"):
            return np.log(means) + power * self._tops[:, 0]

    def __repr__(self) -> str:
        decades = self.log_singular_values / math.log(10)
        rows = [
            ("largest", decades[:, 0]),
            ("median", np.median(decades, axis=1)),
            ("smallest", decades[:, -1]),
        ]
        floor = np.median(self.log_floors) / math.log(10)
        found = {name: np.median(values) for name, values in rows}
        medians = ", ".join(
            f"{name} {value:.3g}" if value > -math.inf or floor == -math.inf else f"{name} below {floor:.3g}"
            for name, value in found.items()
        )
        return (
            f"{self.activation}, {self.initialiser}: Jacobians of {self.networks} networks, {self.depth} layers of "
            f"width {self.width}\n  log10 of the singular values, medians over networks:\n  {medians}"
        )


@dataclass(frozen=True, eq=False)
class LayerSpectra:
    """Singular values of D_l W_l, the Jacobian of one layer, for each layer of many random networks.

    ``singular_values`` has the shape (networks, depth, width), the largest first.
    """

    activation: Elementwise
    initialiser: Initialiser
    q: float
    sigma_b2: float
    singular_values: np.ndarray

    @property
    def mean_singular_values(self) -> np.ndarray:
        """The mean singular value of each layer, (networks, depth)."""
        return self.singular_values.mean(axis=2)

    @property
    def mean_singular_value(self) -> Mean:
        """The mean over all layers, with its interval over the networks."""
        return Mean.of(self.mean_singular_values.mean(axis=1))

    def __repr__(self) -> str:
        networks, depth, width = self.singular_values.shape
        means = self.mean_singular_values.mean(axis=0)
        return (
            f"{self.activation}, {self.initialiser}: {networks} networks, {depth} layers of width {width}\n"
            f"  mean singular value of a layer: {means[0]:.3f} in the first, {means[-1]:.3f} in the last"
        )


def jacobian_spectrum(
    activation: str | Elementwise,
    *,
    depth: int,
    width: int = 200,
    networks: int = 10,
    initialiser: str | Initialiser = glorot_uniform,
    q: float = 1.0,
    sigma_b2: float = 0.0,
    seed: int = 0,
) -> JacobianSpectrum:
    """Measure the singular values of the Jacobian of random networks, each at a random input of its own.

    Parameters
    ----------
    activation
        The activation of every layer, the last one too, or its name.
    depth, width
        Layers, and units of each, the input included.
    networks, seed
        Random networks, and their seed: network i of a seed is the same however many are made, and has the weights that
        ``actlab.network.initialise`` draws.
    initialiser
        The rule for the weights; see ``actlab.initialisers``. What it may say of biases is left out.
    q
        The mean square of the pre-activations of the first layer, which the length of the input is chosen for. With
        the fixed point of the length map (``actlab.meanfield.analyse``) all layers of a wide network have it.
    sigma_b2
        The variance of the biases, which are normal; at most ``q``.

    Raises
    ------
    ValueError
        For numbers out of range, and for an activation whose derivative is 0 wherever it exists.
    TypeError
        For an activation that is not elementwise.
    OverflowError
        If activations leave the range of floats where the activation is no straight line, such as the exponential
        function; what stays in proportion is followed to any size.

    Notes
    -----
    After each layer the product so far is divided by a power of 2, which rounds nothing, and the powers are added up.
    Time grows like depth x width^3: a network of width 1000 takes about 0.1 s for each layer.
    """
    made = DrawnNetworks.checked(activation, initialiser, depth, width, networks, q, sigma_b2, seed)
    logs, inputs, stretches = np.empty((networks, width)), np.empty((networks, width)), np.empty(networks)
    for network in range(networks):
        inputs[network], layers = made.walk(network)
        product, exponent = np.eye(width), 0
        for weights, slopes in layers:
            with np.errstate(over="ignore", invalid="ignore"):
                product = product @ weights * slopes  # of shape (input, output), the transpose of J
            if not np.isfinite(product).all():
                raise OverflowError(f"weights times slopes of {made.activation} leave the range of floats")
            product, power = scaled(product)
            exponent += power
        direction = np.random.default_rng((seed, network, 2)).standard_normal(width)
        stretched = np.linalg.norm(direction @ product) / np.linalg.norm(direction)
        values = np.linalg.svd(product, compute_uv=False)
        values[values < _floor(depth, width) * values[0]] = 0
        with np.errstate(divide="ignore"):
            logs[network] = np.log(values) + exponent * math.log(2)
            stretches[network] = np.log(stretched) + exponent * math.log(2)
    return JacobianSpectrum(
        made.activation, made.initialiser, made.depth, made.q, made.sigma_b2, logs, stretches, inputs
    )


def layer_singular_values(
    activation: str | Elementwise,
    *,
    depth: int = 1,
    width: int = 200,
    networks: int = 10,
    initialiser: str | Initialiser = glorot_uniform,
    q: float = 1.0,
    sigma_b2: float = 0.0,
    seed: int = 0,
) -> LayerSpectra:
    """Measure the singular values of the Jacobian of each layer by itself, in the networks of ``jacobian_spectrum``.

    It takes the same arguments. Glorot and Bengio (2010) speak of the mean singular value of these matrices; for a
    large square matrix of independent weights, without an activation, it is 8 / (3 pi) times sqrt(width x variance).
    """
    made = DrawnNetworks.checked(activation, initialiser, depth, width, networks, q, sigma_b2, seed)
    values = np.empty((networks, depth, width))
    for network in range(networks):
        _, layers = made.walk(network)
        for layer, (weights, slopes) in enumerate(layers):
            values[network, layer] = np.linalg.svd(weights * slopes, compute_uv=False)
    return LayerSpectra(made.activation, made.initialiser, made.q, made.sigma_b2, values)


def wide_relative_variance(
    activation: str | Elementwise, *, depth: int, q: float = 1.0, initialiser: str | Initialiser = glorot_uniform
) -> float:
    """What ``relative_variances`` come to as the width grows, if the pre-activations of all layers have mean square q.

    It is a sum over the layers of the relative variance of the squared slopes, E f'^4 / (E f'^2)^2 - 1, and of that of
    the squared singular values of the weights: 1 for independent weights, 0 for orthogonal ones. Relative variances of
    random matrices add up in their product where the matrices are free, that is, where the directions of one have
    nothing to do with those of another; Pennington et al. (2017) take the factors of J to be free, and compute the
    whole distribution.
    """
    activation, initialiser = get_elementwise(activation), get_initialiser(initialiser)
    whole_number("depth", depth, least=1)
    if not 0 <= q < math.inf:
        raise ValueError(f"q must be a finite number, 0 or more; got {q!r}")
    second, fourth = (
        gaussian_mean(activation, lambda z, power=power: activation.derivative(z) ** power, math.sqrt(q))
        for power in (2, 4)
    )
    if second == 0:
        raise ValueError(f"{activation} has the derivative 0 almost everywhere where q is {q!r}: its Jacobian is 0")
    weights = 0 if initialiser.distribution == "orthogonal" else 1
    return depth * (weights + fourth / second**2 - 1)


def _floor(depth: int, width: int) -> float:
    """The least singular value of a product that rounding leaves readable, as a part of the largest."""
    return math.sqrt(depth * width) * float(np.finfo(np.float64).eps)
