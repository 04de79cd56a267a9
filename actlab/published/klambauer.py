"""Klambauer et al. (2017): the SELU's constants, its map of mean and variance, and the domains of the theorems."""

from __future__ import annotations

import math

import numpy as np

from actlab.functions.rectifiers import elu, selu
from actlab.properties import gaussian_mean
from actlab.published.record import Between, Finding, Near, Rounded, published

_SOURCE = "klambauer2017self"
_GAUSS = np.polynomial.legendre.leggauss(120)


def moments(mean, variance):
    """Mean and variance of SELU(Z) for a normal Z of this mean and variance, arrays of one shape."""
    mean, deviation = np.asarray(mean, float)[..., np.newaxis], np.sqrt(np.asarray(variance, float))[..., np.newaxis]
    nodes, weights = _GAUSS
    sums = [0.0, 0.0]
    # On either side of the kink the integrand is smooth; beyond twelve deviations nothing is left of it.
    low, high = mean - 12 * deviation, mean + 12 * deviation
    for start, stop in ((np.minimum(0, low), np.minimum(0, high)), (np.maximum(0, low), np.maximum(0, high))):
        half = (stop - start) / 2
        z = start + half * (1 + nodes)
        density = np.exp(-(((z - mean) / deviation) ** 2) / 2) / (deviation * math.sqrt(2 * math.pi))
        for power in (1, 2):
            sums[power - 1] += np.sum(half * weights * density * selu(z) ** power, axis=-1)
    return sums[0], sums[1] - sums[0] ** 2


def _jacobian(mean, variance, omega=0.0, tau=1.0, step=1e-4):
    """The derivatives of ``moments`` of the next layer by mean and variance of this one, (..., 2, 2)."""

    def mapped(a, b):
        return np.stack(moments(a * omega, b * tau), axis=-1)

    mean, variance = np.asarray(mean, float), np.asarray(variance, float)
    by_mean = (mapped(mean + step, variance) - mapped(mean - step, variance)) / (2 * step)
    by_variance = (mapped(mean, variance + step) - mapped(mean, variance - step)) / (2 * step)
    return np.stack([by_mean, by_variance], axis=-1)


def _domain(omega=0.1, *, mean, variance, tau, points=7):
    """A grid over the mean, weight sum, variance and weight square of a theorem's domain, its corners included."""
    axes = (np.linspace(*mean, points), np.linspace(-omega, omega, points))
    return np.meshgrid(*axes, np.linspace(*variance, 2 * points), np.linspace(*tau, points), indexing="ij")


_FIRST = {"mean": (-0.1, 0.1), "variance": (0.8, 1.5), "tau": (0.95, 1.1)}


def _image():
    mean, omega, variance, tau = _domain(**_FIRST)
    return moments(mean * omega, variance * tau)


def _constants() -> tuple[float, float]:
    """The alpha and the lambda for which SELU(Z) has mean 0 and variance 1 for a standard normal Z."""
    positive = 1 / math.sqrt(2 * math.pi)  # E max(Z, 0)
    negative = gaussian_mean(elu, elu) - positive
    alpha = -positive / negative
    unscaled = elu.with_params(alpha=alpha)
    return alpha, gaussian_mean(unscaled, lambda z: unscaled(z) ** 2) ** -0.5


@published(
    _SOURCE,
    where="section 2, fixed point (0, 1)",
    basis="printed",
    quantity="The SELU's alpha, which keeps mean 0 and variance 1.",
    claim=Rounded("1.6733"),
)
def selu_alpha():
    """Solved for from the Gaussian means of the ELU, by numerical integration."""
    return _constants()[0]


@published(
    _SOURCE,
    where="section 2, fixed point (0, 1)",
    basis="printed",
    quantity="The SELU's lambda, which keeps mean 0 and variance 1.",
    claim=Rounded("1.0507"),
)
def selu_lambda():
    """Solved for from the Gaussian mean square of the ELU with that alpha, by numerical integration."""
    return _constants()[1]


@published(
    _SOURCE,
    where="equation 6",
    basis="printed",
    quantity="How the next layer's variance answers to this layer's, at the fixed point.",
    claim=Rounded("0.782648"),
)
def selu_variance_slope():
    """Central difference of the integrals of SELU(Z) and its square."""
    return float(_jacobian(0.0, 1.0)[1, 1])


@published(
    _SOURCE,
    where="equation 6",
    basis="printed",
    quantity="How the next layer's mean answers to this layer's variance, at the fixed point.",
    claim=Rounded("0.088834"),
    finding=Finding(Rounded("0.088835"), "The printed number is cut off after its sixth decimal, not rounded."),
)
def selu_mean_slope():
    """Central difference of the integral of SELU(Z)."""
    return float(_jacobian(0.0, 1.0)[0, 1])


@published(
    _SOURCE,
    where="below equation 6",
    basis="printed",
    quantity="Spectral norm of the map's Jacobian at the fixed point; below 1, so that the point attracts.",
    claim=Rounded("0.7877"),
)
def selu_spectral_norm():
    """Largest singular value of the Jacobian by central differences."""
    return float(np.linalg.norm(_jacobian(0.0, 1.0), 2))


@published(
    _SOURCE,
    where="theorem 1",
    basis="printed",
    quantity="Least mean of a fixed point: the least one that a layer of the domain passes on.",
    claim=Rounded("-0.03106"),
)
def selu_least_mean():
    """Least value on a grid over the domain, corners included."""
    return float(_image()[0].min())


@published(
    _SOURCE,
    where="theorem 1",
    basis="printed",
    quantity="Largest mean of a fixed point: the largest one that a layer of the domain passes on.",
    claim=Rounded("0.06773"),
)
def selu_largest_mean():
    """Largest value on a grid over the domain, corners included."""
    return float(_image()[0].max())


@published(
    _SOURCE,
    where="theorem 1",
    basis="printed",
    quantity="Lower bound of the variance: the least second moment less the square of the largest mean.",
    claim=Rounded("0.80009"),
)
def selu_least_variance():
    """Extreme values on a grid over the domain, corners included."""
    mean, variance = _image()
    return float((variance + mean**2).min() - mean.max() ** 2)


@published(
    _SOURCE,
    where="theorem 1",
    basis="printed",
    quantity="Upper bound of the variance: the largest second moment.",
    claim=Near(1.48617, 1e-5, "rounded upwards, as a bound is"),
)
def selu_largest_variance():
    """Largest value on a grid over the domain, corners included."""
    mean, variance = _image()
    return float((variance + mean**2).max())


@published(
    _SOURCE,
    where="theorem 1, proof",
    basis="equation",
    quantity="Largest spectral norm of the map's Jacobian over the whole domain; below 1, so that the map contracts.",
    claim=Between(high=1.0),
)
def selu_contraction():
    """Largest singular value on a grid over the domain, corners included."""
    mean, omega, variance, tau = _domain(**_FIRST)
    return float(np.linalg.svd(_jacobian(mean, variance, omega, tau), compute_uv=False).max())


@published(
    _SOURCE,
    where="theorem 2",
    basis="equation",
    quantity="Largest factor by which a layer changes a variance from 3 to 16: it decreases.",
    claim=Between(high=1.0),
)
def selu_decreasing_variance():
    """Largest value on a grid over the domain, corners included."""
    mean, omega, variance, tau = _domain(mean=(-1, 1), variance=(3, 16), tau=(0.8, 1.25))
    return float((moments(mean * omega, variance * tau)[1] / variance).max())


@published(
    _SOURCE,
    where="theorem 3",
    basis="equation",
    quantity="Least factor by which a layer changes a variance from 0.02 to 0.16: it increases.",
    claim=Between(low=1.0),
)
def selu_increasing_variance():
    """Least value on a grid over the theorem's first domain, corners included."""
    mean, omega, variance, tau = _domain(mean=(-0.1, 0.1), variance=(0.02, 0.16), tau=(0.8, 1.25))
    return float((moments(mean * omega, variance * tau)[1] / variance).min())


@published(
    _SOURCE,
    where="abstract",
    basis="reading",
    quantity="Factor of the mean squared gradient in each layer at the fixed point: "
    "1 if gradients can neither vanish nor explode.",
    claim=Near(1.0, 0.01, "one per cent a layer is a factor of e in a hundred layers"),
    finding=Finding(
        Rounded("1.072"),
        "The theorems bound the variance of activations, and the gradient does not follow it: "
        "it grows, slowly, in each layer.",
    ),
)
def selu_gradient_factor():
    """E SELU'(Z)^2 for a standard normal Z, which is the factor for weights of variance 1 / fan_in."""
    return selu.properties.slope_moment
