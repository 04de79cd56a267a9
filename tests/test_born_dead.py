"""Networks that are constant before any training: probabilities by enumeration, and the decision by dense grids."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from scipy.stats import binom

from actlab import initialisers
from actlab.experiments import (
    asymmetric,
    born_dead,
    interval_bounds,
    learn_absolute,
    narrow_networks,
    point_probability,
)
from actlab.experiments.born_dead import through_layer
from actlab.optimisers import Adam


def within(share, probability, level=0.999):
    """Whether the count lies in the central ``level`` of the binomial distribution."""
    low, high = binom.interval(level, share.n, probability)
    return low <= share.count <= high


# --- What theory says -------------------------------------------------------------------------------------------------


def enumerated(width, depth):
    """The worst case of an interval around 0, by all sign patterns of all layers.

    A layer answers each direction of the input by the set of units that fire. Two directions whose sets are one and the
    same single unit are one direction from there on; others are taken to be orthogonal: signs are independent.
    """
    patterns = [frozenset(np.flatnonzero(signs)) for signs in product((0, 1), repeat=width)]
    one = Fraction(1, 2**width)
    everything = frozenset(range(width))
    states = {}
    for fired in patterns:  # the first layer: what one direction fires, the other does not
        key = "two" if fired and fired != everything else "one"
        states[key] = states.get(key, 0) + one
    for _ in range(depth - 2):
        after = {"two": Fraction(0), "one": Fraction(0), "none": states.get("none", Fraction(0))}
        after["none"] += states.get("one", 0) * one
        after["one"] += states.get("one", 0) * (1 - one)
        for plus, minus in product(patterns, repeat=2):
            merged = plus == minus and len(plus) == 1
            key = "none" if not plus | minus else "two" if plus and minus and not merged else "one"
            after[key] += states.get("two", 0) * one * one
        states = after
    return states.get("none", Fraction(0))


@pytest.mark.parametrize("depth", [2, 3, 4, 7])
@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_the_lower_bound_is_what_enumeration_finds(width, depth):
    assert interval_bounds(width, depth)[0] == pytest.approx(float(enumerated(width, depth)), abs=1e-14)


def test_two_units_and_three_layers_by_hand():
    # First layer: with probability 1/2 both units fire on one side, and the other side is dead. Then 1/4 of second
    # layers are dead on that side; else both sides must die, 1/16.
    assert interval_bounds(2, 3)[0] == pytest.approx(1 / 2 * 1 / 4 + 1 / 2 * 1 / 16)


@pytest.mark.parametrize(
    ("width", "depth", "probability"), [(1, 3, 3 / 4), (2, 2, 1 / 4), (2, 3, 7 / 16), (3, 2, 1 / 8)]
)
def test_the_probability_at_a_point(width, depth, probability):
    assert point_probability(width, depth) == pytest.approx(probability, abs=1e-15)
    assert interval_bounds(width, depth)[1] == point_probability(width, depth)


def test_a_tiny_probability_is_not_lost():
    assert point_probability(60, 2) == pytest.approx(2.0**-60, rel=1e-12)


# --- What is measured -------------------------------------------------------------------------------------------------

RULES = [initialisers.he_normal, initialisers.glorot_uniform, initialisers.pytorch_uniform, initialisers.orthogonal]


@pytest.mark.parametrize("rule", RULES, ids=str)
@pytest.mark.parametrize(("width", "depth"), [(1, 4), (2, 6), (4, 10)])
def test_at_a_point_every_symmetric_rule_has_the_exact_probability(width, depth, rule):
    found = born_dead(width, depth, domain="point", start=rule, networks=3000, seed=3)
    assert within(found.share(), point_probability(width, depth))


@pytest.mark.parametrize("depth", [2, 3])
@pytest.mark.parametrize("width", [1, 2, 3])
def test_up_to_three_layers_the_lower_bound_is_the_probability(width, depth):
    assert within(born_dead(width, depth, networks=40_000).share(), interval_bounds(width, depth)[0])


@pytest.mark.parametrize("width", [2, 4])
def test_on_an_interval_the_share_is_between_the_bounds(width):
    found = born_dead(width, 10, networks=50_000)
    low, high = found.share().interval
    lower, upper = interval_bounds(width, 10)
    assert lower < low < high < upper


def test_a_run_tells_all_lesser_depths():
    deep, shallow = (born_dead(2, depth, networks=20_000, seed=seed) for depth, seed in ((9, 1), (5, 2)))
    assert within(deep.share(5), shallow.share().value, level=0.9999)
    assert [deep.share(depth).count for depth in (2, 9)] == [0, deep.share().count]


def test_the_scale_of_the_weights_does_not_matter():
    he, lecun = (
        born_dead(3, 12, start=rule, networks=5000) for rule in (initialisers.he_normal, initialisers.lecun_normal)
    )
    np.testing.assert_array_equal(he.died_at, lecun.died_at)
    assert he.share().count > 0


def test_a_network_has_the_variance_that_its_rule_has():
    network = narrow_networks(5, 3, start=initialisers.glorot_uniform, networks=20_000)
    for weights, variance in zip(network.weights, (2 / 6, 2 / 10, 2 / 6), strict=True):
        assert weights.var() == pytest.approx(variance, rel=0.03)


def test_a_network_has_the_biases_that_its_rule_has():
    network = narrow_networks(3, 4, start=initialisers.pytorch_uniform, networks=20_000)
    for layer, fan_in in enumerate((1, 3, 3, 3)):
        for numbers in (network.weights[layer], network.biases[layer]):
            assert np.abs(numbers).max() <= 1 / np.sqrt(fan_in)
            assert numbers.var() == pytest.approx(1 / (3 * fan_in), rel=0.03)
    with pytest.raises(AssertionError):
        np.testing.assert_array_equal(network.weights[1][:, 0], network.weights[1][:, 1])


def test_the_asymmetric_start_has_a_positive_number_from_beta_in_each_unit():
    weights, biases = asymmetric(np.random.default_rng(0), 20_000, 2, 3)
    numbers = np.concatenate([weights, biases], axis=1)
    assert numbers.shape == (20_000, 3, 3)
    # The mean of Beta(2, 1) is 2/3; each of the three numbers is the chosen one equally often.
    np.testing.assert_allclose(numbers.mean(axis=(0, 2)), 2 / 9, atol=0.01)
    square = (2 * 0.6007**2 / 2 + 1 / 2) / 3  # E x^2 of Beta(2, 1) is 1/2
    np.testing.assert_allclose(np.square(numbers).mean(axis=(0, 2)), square, atol=0.01)


def test_it_makes_fewer_networks_die():
    assert born_dead(2, 10, start=asymmetric, networks=2000).share().interval[1] < interval_bounds(2, 10)[0] / 2


# --- The decision -----------------------------------------------------------------------------------------------------


def layers_of(network, x):
    """Places and values after each hidden layer, from the ends of an interval."""
    places = np.tile(np.array(x, float), (network.networks, 1))
    values = places[:, :, np.newaxis]
    for weights, biases in zip(network.weights[:-1], network.biases[:-1], strict=True):
        places, values = through_layer(places, values, weights, biases)
        yield places, values


def test_between_its_places_a_layer_is_linear():
    network = narrow_networks(3, 5, start=initialisers.pytorch_uniform, networks=50, seed=4)
    for layer, (places, values) in enumerate(layers_of(network, (-2, 2)), start=1):
        assert (np.diff(places, axis=1) >= 0).all()
        np.testing.assert_array_equal(places[:, [0, -1]], np.tile([-2.0, 2.0], (50, 1)))
        exact = network.forward(places[:, :, np.newaxis]).activations[layer]
        np.testing.assert_allclose(values, exact, atol=1e-12)
        middle = (places[:, 1:] + places[:, :-1]) / 2
        between = network.forward(middle[:, :, np.newaxis]).activations[layer]
        np.testing.assert_allclose((values[:, 1:] + values[:, :-1]) / 2, between, atol=1e-12)


def test_a_unit_that_fires_only_between_the_ends_is_found():
    # Of x in [-1, 1]: the first layer makes relu(x + 0.2) and relu(x - 0.2), the second fires around x = 0.2 alone.
    first = np.array([[[1.0, 1.0]]]), np.array([[[0.2, -0.2]]])
    second = np.array([[[1.0], [-3.0]]]), np.array([[[-0.3]]])
    places, values = through_layer(np.array([[-1.0, 1.0]]), np.array([[[-1.0], [1.0]]]), *first)
    np.testing.assert_allclose(places, [[-1, -0.2, 0.2, 1]])
    places, values = through_layer(places, values, *second)
    np.testing.assert_allclose(values.max(), 0.1)
    np.testing.assert_allclose(places[values[..., 0] > 0], 0.2)


@pytest.mark.parametrize("start", [initialisers.he_normal, initialisers.pytorch_uniform, asymmetric])
def test_a_fine_grid_decides_alike(start):
    settings = {"start": start, "networks": 400, "seed": 6}
    found, network = born_dead(2, 6, **settings), narrow_networks(2, 6, **settings)
    tape = network.forward(np.linspace(-1, 1, 2001)[:, np.newaxis])
    silent = np.array([(layer == 0).all(axis=(1, 2)) for layer in tape.activations[1:-1]])
    by_grid = np.where(silent.any(axis=0), silent.argmax(axis=0) + 1, 0)
    np.testing.assert_array_equal(found.died_at, by_grid)
    assert 0 < found.share().value < 1
    # The network is constant if and only if a layer is dead.
    constant = np.ptp(tape.activations[-1][..., 0], axis=1) == 0
    np.testing.assert_array_equal(found.died_at > 0, constant)


def test_a_bias_for_all_changes_the_share():
    assert born_dead(2, 6, bias=0.0, networks=500).share() == born_dead(2, 6, networks=500).share()
    assert (
        born_dead(2, 6, bias=-0.5, networks=500).share().value > born_dead(2, 6, bias=0.5, networks=500).share().value
    )


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="depth must be a whole number of 2 or more; got 1"):
        born_dead(2, 1)
    with pytest.raises(ValueError, match="width must be a whole number of 1 or more; got 0"):
        interval_bounds(0, 3)
    with pytest.raises(ValueError, match="domain must be one of point, interval; got 'line'"):
        born_dead(2, 3, domain="line")
    with pytest.raises(ValueError, match="radius must be positive and finite; got -1"):
        born_dead(2, 3, radius=-1)
    with pytest.raises(ValueError, match="bias must be finite; got nan"):
        born_dead(2, 3, bias=np.nan)
    with pytest.raises(TypeError, match="start must be an initialiser or a function such as asymmetric; got 'he'"):
        born_dead(2, 3, start="he")
    with pytest.raises(ValueError, match="depth must be at most 3, that of the networks; got 4"):
        born_dead(2, 3, networks=10).share(4)


def test_it_tells_what_it_found():
    assert repr(born_dead(2, 3, networks=100)).startswith("width 2, depth 3, he_normal, dead on the interval: ")


# --- Trained ----------------------------------------------------------------------------------------------------------


def test_networks_that_are_born_dead_end_constant():
    training = learn_absolute(networks=60, epochs=5)
    assert training.ended[training.born].all()
    assert 0 < training.born.sum() < 60
    assert within(training.killed, 0.5, level=1 - 1e-9)
    assert "abs(x), width 2, depth 10, he_normal" in repr(training)


def test_the_best_constant_has_the_variance_of_the_target():
    training = learn_absolute(networks=40, epochs=60, optimiser=Adam(0.03))
    variance = np.sqrt(3) ** 2 / 12  # of numbers that are even from 0 to sqrt(3)
    np.testing.assert_allclose(training.losses[training.ended], variance, rtol=0.03)


def test_wider_and_shallower_networks_learn():
    training = learn_absolute(width=16, depth=3, networks=20, epochs=60)
    assert training.learnt.value > 0.9
    assert training.collapsed.count == 0
