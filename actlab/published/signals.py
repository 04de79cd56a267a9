"""Signals and gradients in wide random networks: Poole et al., Schoenholz et al., Hayou et al.

These papers print equations and curves rather than numbers. Where a row needs a number, it is what their equations come
to for a setting of theirs, and what is measured is a network, or the equations by another way than their solution.
"""

from __future__ import annotations

import math

import numpy as np

from actlab import meanfield
from actlab.experiments.gradient_flow import gradient_flow
from actlab.functions.rectifiers import relu
from actlab.functions.sigmoidal import tanh
from actlab.initialisers import lecun_normal
from actlab.published.record import Between, Near, published
from actlab.statistics import Mean

_POOLE = "poole2016exponential"
_SCHOENHOLZ = "schoenholz2017deep"
_HAYOU = "hayou2019impact"
_POOLE_BIAS = 0.3**2
_SCHOENHOLZ_BIAS = 0.05
_FINITE = "a width of 500 shifts means of logarithms by about 1 / 500 a layer"


def _poole(sigma_w: float) -> meanfield.MeanField:
    return meanfield.analyse(tanh, sigma_w2=sigma_w**2, sigma_b2=_POOLE_BIAS)


def _schoenholz(sigma_w2: float) -> meanfield.MeanField:
    return meanfield.analyse(tanh, sigma_w2=sigma_w2, sigma_b2=_SCHOENHOLZ_BIAS)


@published(
    _POOLE,
    where="setting sigma_w = 1.3, sigma_b = 0.3",
    basis="reading",
    quantity="The chi_1 of tanh in the ordered phase, below 1.",
    claim=Between(high=1.0, text="below 1"),
)
def poole_ordered():
    """The product of sigma_w^2 and the mean squared slope at the fixed point of the length map."""
    return _poole(1.3).chi1


@published(
    _POOLE,
    where="setting sigma_w = 2.5, sigma_b = 0.3",
    basis="reading",
    quantity="The chi_1 of tanh in the chaotic phase, above 1.",
    claim=Between(low=1.0, text="above 1"),
)
def poole_chaotic():
    """The product of sigma_w^2 and the mean squared slope at the fixed point of the length map."""
    return _poole(2.5).chi1


@published(
    _POOLE,
    where="settings sigma_w = 2.5 and 4.0, sigma_b = 0.3",
    basis="reading",
    quantity="The more chaotic the network, the less alike two signals end: c* of sigma_w = 4.0 over that of 2.5.",
    claim=Between(high=1.0, text="below 1"),
)
def poole_order_of_correlations():
    """The ratio of the stable fixed points of the correlation map."""
    return _poole(4.0).c / _poole(2.5).c


@published(
    _POOLE,
    where="length map, sigma_w = 2.5, sigma_b = 0.3",
    basis="equation",
    quantity="Mean square of the pre-activations deep in a network, over the fixed point of the length map.",
    claim=Near(1.0, 0.02, "two per cent: the theory is of infinite width"),
)
def poole_length(seed=0):
    """Layer 10 of 80 networks of width 500."""
    flow = gradient_flow(
        tanh, depth=10, width=500, networks=80, initialiser=lecun_normal.with_scale(2.5**2),
        sigma_b2=_POOLE_BIAS, batch=4, seed=seed,
    )  # fmt: skip
    return Mean.of(flow.q[:, -1] / _poole(2.5).q)


@published(
    _POOLE,
    where="correlation map, sigma_w = 2.5, sigma_b = 0.3",
    basis="equation",
    quantity="Correlation at which two unlike inputs end in the chaotic phase: the fixed point of the map.",
    claim=Near(0.1221, 0.02, "the scatter of networks of width 500", "0.1221"),
)
def poole_correlation(seed=0):
    """Mean over the pairs of eight independent inputs and the layers 11 to 30: 40 networks of width 500."""
    rule, found = lecun_normal.with_scale(2.5**2), []
    for network in range(40):
        rng = np.random.default_rng((seed, network))
        z = rng.standard_normal((8, 500))
        course = []
        for _ in range(30):
            z = tanh(z) @ rule(rng, 500, 500) + math.sqrt(_POOLE_BIAS) * rng.standard_normal(500)
            unit = z / np.linalg.norm(z, axis=1, keepdims=True)
            course.append((np.sum(unit @ unit.T) - 8) / 56)
        found.append(np.mean(course[10:]))
    return Mean.of(found)


def _measured_log_chi(sigma_w2: float, seed: int) -> Mean:
    """ln chi_1 of networks over that of the theory."""
    flow = gradient_flow(
        tanh, depth=24, width=500, networks=30, initialiser=lecun_normal.with_scale(sigma_w2),
        sigma_b2=_SCHOENHOLZ_BIAS, batch=4, seed=seed,
    )  # fmt: skip
    found, expected = flow.log_chi, math.log(_schoenholz(sigma_w2).chi1)
    return Mean(found.value / expected, found.deviation / abs(expected), found.n)


@published(
    _SCHOENHOLZ,
    where="gradients, ordered phase, sigma_w^2 = 1, sigma_b^2 = 0.05",
    basis="equation",
    quantity="Rate at which gradients vanish over ln chi_1.",
    claim=Near(1.0, 0.05, _FINITE),
)
def schoenholz_vanishing(seed=0):
    """Slope of the logarithm in the middle layers of 30 networks of 24 layers of width 500."""
    return _measured_log_chi(1.0, seed)


@published(
    _SCHOENHOLZ,
    where="gradients, chaotic phase, sigma_w^2 = 4, sigma_b^2 = 0.05",
    basis="equation",
    quantity="Rate at which gradients explode over ln chi_1.",
    claim=Near(1.0, 0.05, _FINITE),
)
def schoenholz_exploding(seed=0):
    """Slope of the logarithm in the middle layers of 30 networks of 24 layers of width 500."""
    return _measured_log_chi(4.0, seed)


@published(
    _SCHOENHOLZ,
    where="depth scale of correlations, ordered phase, sigma_w^2 = 1.4, sigma_b^2 = 0.05",
    basis="equation",
    quantity="Layers in which the distance of two signals falls by e, times -ln chi_1.",
    claim=Near(1.0, 1e-3, "the distance is still finite where it is measured"),
)
def schoenholz_correlation_scale():
    """From the correlation map, iterated from 0.9: the fall of 1 - c between the layers 60 and 80."""
    theory = _schoenholz(1.4)
    course = meanfield.correlation_course(tanh, sigma_w2=1.4, sigma_b2=_SCHOENHOLZ_BIAS, c0=0.9, q0=theory.q, depth=80)
    return 20 / math.log((1 - course[59]) / (1 - course[79])) * -math.log(theory.chi1)


@published(
    _HAYOU,
    where="edge of chaos of the ReLU",
    basis="printed",
    quantity="The only sigma_w at the edge of chaos of the ReLU, without biases: the root of 2.",
    claim=Near(math.sqrt(2), 1e-9, "rounding errors of a root that is searched for", "1.41421"),
)
def hayou_relu_edge():
    """The sigma_w at which chi_1 passes 1, by search."""
    return float(meanfield.critical_sigma_w(relu))


@published(
    _HAYOU,
    where="proposition on the rate of the ReLU",
    basis="equation",
    quantity="Limit of l^2 (1 - c_l), c_l being the correlation in layer l, "
    "for the ReLU at the edge of chaos: 9 pi^2 / 2.",
    claim=Near(4.5 * math.pi**2, 0.9, "two per cent; the next term of the expansion falls like ln(l) / l", "44.41"),
)
def hayou_relu_rate():
    """The correlation map, iterated from 0.5 to layer 3000."""
    course = meanfield.correlation_course(relu, sigma_w2=2.0, c0=0.5, depth=3000)
    return float(3000**2 * (1 - course[-1]))


@published(
    _HAYOU,
    where="proposition on the rate of smooth functions",
    basis="equation",
    quantity="Limit of l (1 - c_l) for tanh at the edge of chaos (sigma_b^2 = 0.05), "
    "over 2 E f'(z)^2 / (q E f''(z)^2).",
    claim=Near(1.0, 0.02, "two per cent; the next term of the expansion falls like ln(l) / l"),
)
def hayou_smooth_rate():
    """The correlation map, iterated from 0.5 to layer 1000, over the moments by Gauss-Hermite quadrature."""
    sigma_w2 = float(meanfield.critical_sigma_w(tanh, sigma_b2=_SCHOENHOLZ_BIAS)) ** 2
    q = _schoenholz(sigma_w2).q
    course = meanfield.correlation_course(tanh, sigma_w2=sigma_w2, sigma_b2=_SCHOENHOLZ_BIAS, c0=0.5, q0=q, depth=1000)
    z, weights = np.polynomial.hermite_e.hermegauss(101)
    slope, bend = (float(weights @ order(math.sqrt(q) * z) ** 2) for order in (tanh.derivative, tanh.second_derivative))
    return float(1000 * (1 - course[-1])) / (2 * slope / (q * bend))


@published(
    _HAYOU,
    where="comparison of smooth functions with the ReLU",
    basis="reading",
    quantity="Smooth functions keep signals apart for longer: 1 - c in layer 100 of tanh over that of the ReLU, "
    "both at the edge of chaos.",
    claim=Between(low=1.0, text="above 1"),
)
def hayou_order():
    """The correlation maps, iterated from 0.5."""
    sigma_w2 = float(meanfield.critical_sigma_w(tanh, sigma_b2=_SCHOENHOLZ_BIAS)) ** 2
    setting = {"sigma_w2": sigma_w2, "sigma_b2": _SCHOENHOLZ_BIAS, "q0": _schoenholz(sigma_w2).q}
    smooth = meanfield.correlation_course(tanh, **setting, c0=0.5, depth=100)
    kinked = meanfield.correlation_course(relu, sigma_w2=2.0, c0=0.5, depth=100)
    return float((1 - smooth[-1]) / (1 - kinked[-1]))
