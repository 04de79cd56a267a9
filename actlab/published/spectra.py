"""Singular values of random networks and of products of random matrices."""

from __future__ import annotations

import math

import numpy as np

from actlab.experiments.jacobian import jacobian_spectrum
from actlab.experiments.matrix_products import gaussian_products
from actlab.functions.linear import identity
from actlab.functions.rectifiers import relu
from actlab.functions.sigmoidal import tanh
from actlab.initialisers import glorot_normal, he_normal, orthogonal
from actlab.published.record import Between, Near, published
from actlab.statistics import Mean

_PENNINGTON = "pennington2017resurrecting"
_D2L = "zhang2023dive"
_FINITE = "a tenth: the theory is of infinite width, and the moment of a finite one is larger by some per cent"


@published(
    _PENNINGTON,
    where="ReLU with Gaussian weights at criticality",
    basis="equation",
    quantity="Variance of the squared singular values of five ReLU layers over their squared mean: 2 L.",
    claim=Near(10.0, 1.0, _FINITE),
)
def pennington_relu_gaussian(seed=0):
    """Jacobians of 20 networks of width 200."""
    return jacobian_spectrum(relu, depth=5, width=200, networks=20, initialiser=he_normal, seed=seed).relative_variance


@published(
    _PENNINGTON,
    where="ReLU with orthogonal weights at criticality",
    basis="equation",
    quantity="Variance of the squared singular values of five ReLU layers with orthogonal weights "
    "over their squared mean: L.",
    claim=Near(5.0, 0.5, _FINITE),
)
def pennington_relu_orthogonal(seed=0):
    """Jacobians of 20 networks of width 200."""
    return jacobian_spectrum(
        relu, depth=5, width=200, networks=20, initialiser=orthogonal.with_scale(2.0), seed=seed
    ).relative_variance


@published(
    _PENNINGTON,
    where="deep linear networks",
    basis="equation",
    quantity="Variance of the squared singular values of ten linear layers with Gaussian weights "
    "over their squared mean: L.",
    claim=Near(10.0, 1.0, _FINITE),
)
def pennington_linear_gaussian(seed=0):
    """Jacobians of 20 networks of width 200."""
    return jacobian_spectrum(
        identity, depth=10, width=200, networks=20, initialiser=glorot_normal, seed=seed
    ).relative_variance


@published(
    _PENNINGTON,
    where="deep linear networks",
    basis="equation",
    quantity="Largest squared singular value of two linear layers with Gaussian weights: (L + 1)^(L + 1) / L^L.",
    claim=Near(6.75, 0.3, "the edge of a finite matrix lies inside that of the limit by some per cent", "27/4"),
)
def pennington_linear_edge(seed=0):
    """Jacobians of 20 networks of width 600."""
    spectrum = jacobian_spectrum(identity, depth=2, width=600, networks=20, initialiser=glorot_normal, seed=seed)
    return Mean.of(spectrum.singular_values[:, 0] ** 2)


@published(
    _PENNINGTON,
    where="tanh with orthogonal weights near sigma_w = 1",
    basis="reading",
    quantity="Dynamical isometry: the same variance for ten layers of tanh with orthogonal weights "
    "and small signals, near 0 against 10 for Gaussian weights.",
    claim=Between(high=0.1, text="near 0"),
)
def pennington_tanh_orthogonal(seed=0):
    """Jacobians of 20 networks of width 200, with pre-activations of mean square 0.01."""
    return jacobian_spectrum(
        tanh, depth=10, width=200, networks=20, initialiser=orthogonal, q=0.01, seed=seed
    ).relative_variance


@published(
    "saxe2014exact",
    where="orthogonal initial weights",
    basis="reading",
    quantity="Largest over smallest singular value of fifty linear layers with orthogonal weights: 1 at any depth.",
    claim=Near(1.0, 1e-9, "rounding errors of fifty products"),
)
def saxe_orthogonal():
    """The median of ten Jacobians of width 100."""
    spectrum = jacobian_spectrum(identity, depth=50, width=100, networks=10, initialiser=orthogonal)
    return math.exp(spectrum.log_condition_number.value)


@published(
    "saxe2014exact",
    where="scaled Gaussian initial weights",
    basis="reading",
    quantity="Most directions vanish in a product of Gaussian matrices that keeps the mean square: "
    "share of the singular values of twenty layers that are below a hundredth.",
    claim=Between(low=0.5, text="most"),
)
def saxe_gaussian(seed=0):
    """The mean share over 20 Jacobians of width 100."""
    spectrum = jacobian_spectrum(identity, depth=20, width=100, networks=20, initialiser=glorot_normal, seed=seed)
    return Mean.of(np.mean(spectrum.log_singular_values < math.log(0.01), axis=1))


@published(
    "newman1986distribution",
    where="exponents of Gaussian matrices",
    basis="equation",
    quantity="Logarithm by which each of many 4 x 4 matrices of standard normal numbers stretches a vector: "
    "(ln 2 + psi(2)) / 2.",
    claim=Near(0.557966, 0.006, "one per cent", "0.55797"),
)
def newman_exponent(seed=0):
    """Mean over 2000 products of 100 matrices."""
    return gaussian_products(4, steps=100, products=2000, seed=seed).mean_exponents[0]
