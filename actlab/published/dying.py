"""Lu et al. (2020): how likely a deep and narrow ReLU network is constant before any training."""

from __future__ import annotations

from collections.abc import Callable

from actlab.experiments.born_dead import Domain, asymmetric, born_dead
from actlab.initialisers import he_normal
from actlab.published.record import Between, Near, Rounded, published
from actlab.statistics import Share

_LU = "lu2020dying"
_SAMPLE = "half a per cent, with 200,000 networks"


def _dead(
    width: int, depth: int, seed: int, *, domain: Domain = "interval", start: Callable = he_normal, networks=200_000
) -> Share:
    return born_dead(width, depth, domain=domain, start=start, networks=networks, seed=seed).share()


@published(
    _LU,
    where="theorem on a single input",
    basis="equation",
    quantity="Share of networks of ten layers of width 2 that are dead at one input: 1 - (1 - 2^-2)^9.",
    claim=Near(0.924915, 0.005, _SAMPLE, "0.9249"),
)
def dead_at_a_point(seed=0):
    """200,000 networks without biases, at the input 1."""
    return _dead(2, 10, seed, domain="point")


@published(
    _LU,
    where="theorem on a single input",
    basis="equation",
    quantity="The same for ten layers of width 5: 1 - (1 - 2^-5)^9.",
    claim=Near(0.248541, 0.005, _SAMPLE, "0.2485"),
)
def wider_dead_at_a_point(seed=0):
    """200,000 networks without biases, at the input 1."""
    return _dead(5, 10, seed, domain="point")


@published(
    _LU,
    where="theorem on a domain",
    basis="equation",
    quantity="Share of networks of ten layers of width 2 that are constant on an interval around 0.",
    claim=Between(0.870256, 0.924915),
)
def dead_on_an_interval(seed=0):
    """200,000 networks without biases; their two ends decide."""
    return _dead(2, 10, seed)


@published(
    _LU,
    where="theorem on a domain",
    basis="equation",
    quantity="The same for ten layers of width 5.",
    claim=Between(0.063985, 0.248541),
)
def wider_dead_on_an_interval(seed=0):
    """200,000 networks without biases; their two ends decide."""
    return _dead(5, 10, seed)


@published(
    _LU,
    where="theorem on a domain, three layers",
    basis="equation",
    quantity="The same for three layers of width 2, where the lower bound is the probability itself: 5/32.",
    claim=Near(0.15625, 0.005, _SAMPLE, "5/32"),
)
def dead_in_three_layers(seed=0):
    """200,000 networks without biases; their two ends decide."""
    return _dead(2, 3, seed)


@published(
    _LU,
    where="widths for ten layers",
    basis="printed",
    quantity="Share of networks of ten layers of width 10 that are born dead.",
    claim=Between(high=0.01, text="less than 1 %"),
)
def dead_of_width_ten(seed=0):
    """200,000 networks without biases on an interval around 0."""
    return _dead(10, 10, seed)


@published(
    _LU,
    where="widths for ten layers",
    basis="printed",
    quantity="Share of networks of ten layers of width 5 that are born dead.",
    claim=Between(low=0.1, text="more than 10 %"),
)
def dead_of_width_five(seed=0):
    """200,000 networks without biases on an interval around 0."""
    return _dead(5, 10, seed)


@published(
    _LU,
    where="widths for ten layers",
    basis="printed",
    quantity="Share of networks of ten layers of width 3 that are born dead.",
    claim=Rounded("0.6"),
)
def dead_of_width_three(seed=0):
    """200,000 networks without biases on an interval around 0."""
    return _dead(3, 10, seed)


@published(
    _LU,
    where="numerical example, fit of |x|",
    basis="reading",
    quantity="Share of trained networks of ten layers of width 2 that end constant, which those "
    "born dead are among: 91.9 % of 1000.",
    claim=Between(high=0.919, text="at most 91.9 %"),
)
def dead_of_those_that_collapse(seed=0):
    """Born dead are 200,000 networks without biases on an interval around 0."""
    return _dead(2, 10, seed)


@published(
    _LU,
    where="numerical example, fit of |x|",
    basis="reading",
    quantity="The same with the paper's randomised asymmetric initialisation: 29.2 % of 1000.",
    claim=Between(high=0.292, text="at most 29.2 %"),
)
def asymmetric_dead_of_those_that_collapse(seed=0):
    """Born dead are 40,000 networks with that initialisation on the interval from -1 to 1."""
    return _dead(2, 10, seed, start=asymmetric, networks=40_000)
