"""Hanin (2018), Hanin and Nica (2020): how far the random norms of a ReLU network spread, by its widths.

The norms are products over the layers, and nearly log-normal: a mean of the squared norm rests on a few huge values
among very many. So the logarithm is compared, except where the spread is small.
"""

from __future__ import annotations

import numpy as np

from actlab.functions.rectifiers import relu
from actlab.initialisers import he_normal
from actlab.network import initialise
from actlab.published.record import Near, published
from actlab.statistics import Mean

_HANIN = "hanin2018which"
_NICA = "hanin2020products"


def log_growth(width: int, depth: int, networks: int, seed: int) -> np.ndarray:
    """ln of the squared norm of the last layer over that of the input, for random ReLU networks with He's weights.

    The weights of a layer are Gaussian, so that whatever comes in, its pre-activations are independent normal numbers
    of mean square 2 |h|^2 / width. Drawing these has the law of the network, without its matrices.
    """
    rng = np.random.default_rng(seed)
    total = np.zeros(networks)
    for _ in range(depth):
        total += np.log(2 * np.mean(relu(rng.standard_normal((networks, width))) ** 2, axis=1))
    return total


def _variance(values: np.ndarray) -> Mean:
    """The variance as a mean of squares, with its interval."""
    return Mean.of((values - values.mean()) ** 2 * values.size / (values.size - 1))


@published(
    _HANIN,
    where="theorem on the second moment",
    basis="equation",
    quantity="Mean of the squared norm of the last layer over that of the input, with He's weights, of any depth.",
    claim=Near(1.0, 0.1, "a tenth; the squared norm of ten layers of fifty units spreads by more than its mean"),
)
def hanin_mean(seed=0):
    """4000 networks of ten layers of fifty units, with their matrices."""
    ratios = []
    for first in range(0, 4000, 250):
        network = initialise((50,) * 11, relu, networks=250, seed=seed, first=first, initialiser=he_normal)
        x = np.random.default_rng((seed, first, 1)).standard_normal((250, 1, 50))
        last = relu(network(x))
        ratios.append(np.sum(last**2, axis=(1, 2)) / np.sum(x**2, axis=(1, 2)))
    return Mean.of(np.concatenate(ratios))


@published(
    _NICA,
    where="moments of the norm",
    basis="equation",
    quantity="Second moment of the squared norm after one layer of fifty units over that before: 1 + 5/n.",
    claim=Near(1.1, 0.01, "a tenth of 5/n; one layer, since the moment of many rests on a few huge values"),
)
def hanin_layer_second_moment(seed=0):
    """200,000 layers, by the normal pre-activations that they have."""
    return Mean.of(np.exp(2 * log_growth(50, 1, 200_000, seed)))


@published(
    _NICA,
    where="theorem on the logarithm",
    basis="equation",
    quantity="Variance of the logarithm of the squared norm with He's weights: the sum of 5/n over the layers.",
    claim=Near(1.0, 0.1, "a tenth, which holds the terms of the next order in 1/n"),
)
def hanin_log_variance(seed=0):
    """10,000 networks of 40 layers of 200 units, by the normal pre-activations that they have."""
    return _variance(log_growth(200, 40, 10_000, seed))


@published(
    _NICA,
    where="theorem on the logarithm",
    basis="equation",
    quantity="Mean of the logarithm of the squared norm with He's weights: minus half the sum of 5/n over the layers.",
    claim=Near(-0.5, 0.05, "a tenth, which holds the terms of the next order in 1/n"),
)
def hanin_log_mean(seed=0):
    """10,000 networks of 40 layers of 200 units, by the normal pre-activations that they have."""
    return Mean.of(log_growth(200, 40, 10_000, seed))


@published(
    _HANIN,
    where="abstract",
    basis="reading",
    quantity="Widths count only by the sum of their reciprocals: "
    "the spread of a network of twice the width and depth, over that of the first.",
    claim=Near(1.0, 0.1, "a tenth; twice the depth alone would give 2"),
)
def hanin_sum_of_reciprocals(seed=0):
    """Variances of the logarithm for 100 units and 20 layers, over that for 200 units and 40 layers: 20,000 each."""
    narrow, wide = (log_growth(100, 20, 20_000, seed), log_growth(200, 40, 20_000, seed + 1))
    # Pairs in the order drawn: the ratio of two means by a linear expansion about them.
    squares = [(values - values.mean()) ** 2 for values in (narrow, wide)]
    ratio = squares[0].mean() / squares[1].mean()
    return Mean.of(ratio + (squares[0] - ratio * squares[1]) / squares[1].mean())
