"""Kernels of infinitely wide layers: Williams (1998) for erf, Cho and Saul (2009) for step and ReLU."""

from __future__ import annotations

import math

import numpy as np

from actlab import meanfield
from actlab.functions.rectifiers import relu
from actlab.published.record import Near, published
from actlab.statistics import Share

_ANGLE = math.pi / 3  # between the two inputs, whose correlation is 1/2


@published(
    "cho2009kernel",
    where="arc-cosine kernel of degree 0",
    basis="equation",
    quantity="Kernel of the step at an angle of 60 degrees: 1 - angle / pi.",
    claim=Near(2 / 3, 0.005, "a sample of 400,000 units", "2/3"),
)
def arc_cosine_step(seed=0):
    """The share of random half-planes that hold both of two vectors or neither: 400,000 of them."""
    z = np.random.default_rng(seed).standard_normal((400_000, 2))
    other = z @ (math.cos(_ANGLE), math.sin(_ANGLE))
    return Share.of((z[:, 0] > 0) == (other > 0))


@published(
    "cho2009kernel",
    where="arc-cosine kernel of degree 1",
    basis="equation",
    quantity="Kernel of the ReLU at 60 degrees over that at 0: (sin t + (pi - t) cos t) / pi.",
    claim=Near(
        (math.sin(_ANGLE) + (math.pi - _ANGLE) * math.cos(_ANGLE)) / math.pi, 1e-9, "the quadrature", "0.608998"
    ),
)
def arc_cosine_relu():
    """The correlation map of the ReLU at 1/2, by integration."""
    return float(meanfield.correlation_map(relu, 0.5, 1.0, sigma_w2=2.0))


@published(
    "cho2009kernel",
    where="arc-cosine kernel of degree 1",
    basis="equation",
    quantity="Kernel of the ReLU for two orthogonal inputs over that of an input with itself: 1 / pi.",
    claim=Near(1 / math.pi, 1e-9, "the quadrature", "0.31831"),
)
def arc_cosine_relu_orthogonal():
    """The correlation map of the ReLU at 0, by integration."""
    return float(meanfield.correlation_map(relu, 0.0, 1.0, sigma_w2=2.0))


def _erf_kernel(q: float, c: float) -> float:
    """E erf(u) erf(v) for normal u and v of variance q and correlation c, by a product of Gauss-Hermite rules."""
    from scipy.special import erf

    z, weights = np.polynomial.hermite_e.hermegauss(101)
    weights = weights / weights.sum()
    u = math.sqrt(q) * z
    v = math.sqrt(q) * (c * z[:, np.newaxis] + math.sqrt(1 - c * c) * z)
    return float(weights @ (erf(u)[:, np.newaxis] * erf(v)) @ weights)


@published(
    "williams1998computation",
    where="covariance for erf",
    basis="equation",
    quantity="Mean square of erf of a standard normal number: (2 / pi) arcsin(2/3).",
    claim=Near(2 / math.pi * math.asin(2 / 3), 1e-9, "the quadrature", "0.464559"),
)
def erf_kernel_of_one():
    """Gauss-Hermite quadrature with 101 points in each direction."""
    return _erf_kernel(1.0, 1.0)


@published(
    "williams1998computation",
    where="covariance for erf",
    basis="equation",
    quantity="Mean product of erf of two standard normal numbers of correlation 1/2: (2 / pi) arcsin(1/3).",
    claim=Near(2 / math.pi * math.asin(1 / 3), 1e-9, "the quadrature", "0.216347"),
)
def erf_kernel_of_two():
    """Gauss-Hermite quadrature with 101 points in each direction."""
    return _erf_kernel(1.0, 0.5)
