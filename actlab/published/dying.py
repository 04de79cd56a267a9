"""Lu et al. (2020): how likely a deep and narrow ReLU network is constant, before any training and after one."""

from __future__ import annotations

from actlab.experiments import death_record
from actlab.experiments.born_dead import Domain, born_dead
from actlab.experiments.narrow import learn_absolute
from actlab.published.record import Between, Finding, Near, Rounded, published
from actlab.statistics import Share

_LU = "lu2020dying"
_SAMPLE = "half a per cent, with 200,000 networks"


def _dead(width: int, depth: int, seed: int, *, domain: Domain = "interval") -> Share:
    return born_dead(width, depth, domain=domain, networks=200_000, seed=seed).share()


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


def _collapsed(start: str, seed: int) -> Share:
    """The record holds the trainings of seed 0; those of another are made anew."""
    if seed == 0:
        return death_record.load().share(experiment="absolute", start=start, asked="collapsed")
    return learn_absolute(start=death_record.STARTS[start], networks=1000, seed=seed).collapsed


# The paper gives shares of a sample too: 1.96 sqrt(2 p (1 - p) / 1000) is how far two of these may differ.
_TRAINED = "95 % for the difference of two shares of 1000 networks"


@published(
    _LU,
    where="numerical example, fit of |x|",
    basis="printed",
    quantity="Share of trained networks of ten layers of width 2 that end as constants: 91.9 % of 1000.",
    claim=Near(0.919, 0.024, _TRAINED, "91.9 %"),
)
def collapsed_in_training(seed=0):
    """1000 networks from He's normal weights: Adam with the rate 0.001, batches of 32 of 128 points, 500 epochs."""
    return _collapsed("he_normal", seed)


@published(
    _LU,
    where="numerical example, fit of |x|",
    basis="printed",
    quantity="The same with the paper's randomised asymmetric initialisation: 29.2 % of 1000.",
    claim=Near(0.292, 0.04, _TRAINED, "29.2 %"),
    finding=Finding(
        Near(0.386, 0.043, _TRAINED),
        "Far fewer collapse than from He's weights, but more than in the paper; our data, batches and rate are not "
        "known to be theirs.",
    ),
)
def asymmetric_collapsed_in_training(seed=0):
    """The same trainings from that initialisation."""
    return _collapsed("asymmetric", seed)
