"""Orders of the examples: uniform for every network, anew in every epoch where that is said, and its own."""

from __future__ import annotations

from itertools import islice, permutations
from typing import get_args

import numpy as np
import pytest
from scipy.stats import chi2

from actlab import orders

ORDERS = get_args(orders.Order)
each_order = pytest.mark.parametrize("order", ORDERS)
anew = pytest.mark.parametrize("order", ["reshuffled", "independent"])


def drawn(order, networks, epochs, points, seed=0, first=0):
    """In which order each network meets the examples, (epochs, networks, points)."""
    arranged = orders.arrangements(order, seed, first, networks, points)
    assert arranged.shape == (networks, points)
    found = []
    for shuffles in islice(orders.epochs(order, seed, first, networks, points), epochs):
        met = arranged.copy()
        for part, shuffle in shuffles:
            assert shuffle.shape in ((points,), met[part].shape)
            met[part] = np.take_along_axis(arranged[part], np.atleast_2d(shuffle), axis=1)
        found.append(met)
    return np.array(found)


@each_order
def test_every_order_has_every_example_once(order):
    for networks, first in ((1, 0), (300, 0), (20, 250), (513, 255)):
        found = drawn(order, networks, 3, 9, first=first)
        np.testing.assert_array_equal(np.sort(found, axis=2), np.broadcast_to(np.arange(9), found.shape))


def test_ascending_is_as_the_data_come():
    np.testing.assert_array_equal(drawn("ascending", 5, 2, 7), np.broadcast_to(np.arange(7), (2, 5, 7)))


def test_fixed_is_the_same_in_every_epoch_and_another_in_each_network():
    found = drawn("fixed", 600, 3, 20)
    np.testing.assert_array_equal(found, found[:1].repeat(3, axis=0))
    assert len({row.tobytes() for row in found[0]}) == 600


@anew
def test_what_is_shuffled_anew_differs_between_epochs_and_networks(order):
    found = drawn(order, 600, 5, 20)
    assert len({row.tobytes() for row in found.reshape(-1, 20)}) == 5 * 600


@each_order
def test_a_network_has_its_order_however_many_there_are(order):
    whole = drawn(order, 700, 3, 8)
    for first, networks in ((0, 1), (0, 257), (100, 100), (255, 2), (256, 256), (699, 1)):
        np.testing.assert_array_equal(drawn(order, networks, 3, 8, first=first), whole[:, first : first + networks])


@each_order
def test_a_seed_repeats_and_another_differs(order):
    one, again, other = (drawn(order, 3, 2, 8, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.array_equal(one, other) == (order == "ascending")


def uniform(counts):
    """Whether counts may come from equal probabilities: Pearson's chi-square, refused in one of 1000 true cases.

    With the seed that is fixed the answer is always the same one.
    """
    expected = counts.sum() / counts.size
    assert expected > 5
    return np.sum(np.square(counts - expected)) / expected < chi2.ppf(0.999, counts.size - 1)


RANK = {order: rank for rank, order in enumerate(permutations(range(3)))}


def ranks(found):
    """Which of the 6 orders of three examples each is."""
    return np.apply_along_axis(lambda order: RANK[tuple(order.tolist())], -1, found)


@anew
def test_one_network_meets_all_orders_equally_often_and_each_after_each(order):
    """One that is first in its group, and one in its midst: of 3000 epochs, and of 1500 pairs of epochs."""
    for network in (0, 77):
        found = ranks(drawn(order, 1, 3000, 3, seed=1, first=network))[:, 0]
        assert uniform(np.bincount(found, minlength=6))
        assert uniform(np.bincount(6 * found[0::2] + found[1::2], minlength=36))


@pytest.mark.parametrize("order", ["reshuffled", "independent", "fixed"])
def test_in_one_epoch_networks_have_independent_orders(order):
    """6000 networks: the orders of all in one epoch, and the pairs of neighbours, most of them of one group."""
    found = ranks(drawn(order, 6000, 2, 3, seed=2))
    for epoch in found:
        assert uniform(np.bincount(epoch, minlength=6))
        assert uniform(np.bincount(6 * epoch[0::2] + epoch[1::2], minlength=36))


def test_what_a_group_shares_is_how_the_orders_change():
    """From one epoch to another: by one permutation of the places in a group, and by others in other groups."""
    found = drawn("reshuffled", 2 * orders.GROUP, 2, 6, seed=3)
    changes = [tuple(after.tolist().index(example) for example in before) for before, after in zip(*found, strict=True)]
    assert len({*changes[: orders.GROUP]}) == len({*changes[orders.GROUP :]}) == 1
    assert changes[0] != changes[-1]
    independent = drawn("independent", 2 * orders.GROUP, 2, 6, seed=3)
    changes = {tuple(b.tolist().index(example) for example in a) for a, b in zip(*independent, strict=True)}
    assert len(changes) > 300  # of 720


def test_how_many_shuffles_are_drawn_by_one_call_changes_none_of_them(monkeypatch):
    epochs = 2 * orders._AHEAD + 1
    found = drawn("reshuffled", 300, epochs, 7, seed=4)
    monkeypatch.setattr(orders, "_AHEAD", 1)
    np.testing.assert_array_equal(drawn("reshuffled", 300, epochs, 7, seed=4), found)


@pytest.mark.parametrize(("first", "count"), [(0, 1), (0, 256), (0, 257), (255, 2), (300, 900)])
def test_groups_cover_all_networks_once(first, count):
    found = orders.groups(first, count)
    numbers = [number for group, part in found for number in range(first + part.start, first + part.stop)]
    assert numbers == list(range(first, first + count))
    assert all((first + part.start) // 256 == (first + part.stop - 1) // 256 == group for group, part in found)


def test_orders_and_initial_weights_of_one_seed_are_drawn_from_different_streams():
    """Which numpy would not do by itself: it takes the seeds (5, 1) and (5, 1, 0) for one."""
    networks = 4 * orders.GROUP
    arranged = orders.arrangements("fixed", 5, 0, networks, 30)[:: orders.GROUP]
    (shuffles,) = islice(orders.epochs("reshuffled", 5, 0, networks, 30), 1)
    found = {row.tobytes() for row in (*arranged, *(shuffle for _, shuffle in shuffles))}
    assert len(found) == 8
    for number in range(networks):
        rows = np.tile(np.arange(30), (2, 1))
        first_row = np.random.default_rng((5, number)).permuted(rows, axis=1)[0]
        permutation = np.random.default_rng((5, number)).permutation(30)
        assert not found & {first_row.tobytes(), permutation.tobytes()}, f"network {number}"


def test_an_unknown_order_is_answered_with_the_known_ones():
    with pytest.raises(
        ValueError, match=r"order must be one of reshuffled, independent, fixed, ascending; got 'random'"
    ):
        orders.check("random")
