"""Units that die in training and those that come back: the counting, and what is exact about it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import actlab
from actlab.experiments import Deaths, death_record, follow_deaths, two_moons
from actlab.initialisers import he_uniform, pytorch_uniform
from actlab.network import Network, initialise
from actlab.optimisers import SGD, Adam
from actlab.statistics import Share, same_probability
from actlab.training import fit, gradient_descent


@pytest.fixture
def made_up():
    """Three networks, four looks, one layer of two units; the third network has diverged."""
    courses = [["0001", "0111"], ["1100", "0101"], ["0011", "1111"]]
    dead = np.array([[[int(look) for look in unit] for unit in network] for network in courses], bool)
    losses = np.array([0.1, 0.2, np.nan])
    return Deaths(actlab.relu, SGD(), np.arange(4), (dead.transpose(2, 0, 1),), losses)


def test_the_counts_of_a_made_up_course(made_up):
    counted = {
        "first": made_up.share(1, look=0),
        "last": made_up.share(1),
        "all": made_up.share(),
        "killed": made_up.killed(1),
        "revived": made_up.revived(1),
        "born": made_up.revived(1, born=True),
        "other": made_up.revived(1, born=False),
        "alive at last": made_up.alive_at_last(1),
        "diverged": made_up.diverged,
    }
    assert {name: (share.count, share.n) for name, share in counted.items()} == {
        "first": (1, 4),
        "last": (3, 4),
        "all": (3, 4),
        "killed": (3, 3),
        "revived": (2, 3),
        "born": (1, 1),
        "other": (1, 2),
        "alive at last": (1, 3),
        "diverged": (1, 3),
    }


def test_where_there_is_nothing_there_is_no_share(made_up):
    assert made_up.select(slice(2, 3)).share() is None
    assert made_up.select(slice(0, 1)).revived(1, born=True) is None
    assert "layer 1: none, none, none" in repr(made_up.select(slice(2, 3)))


def test_some_networks_are_selected(made_up):
    second = made_up.select(np.array([1]))
    assert (second.share(look=0).count, second.share(look=0).n, second.losses.tolist()) == (1, 2, [0.2])


def test_units_of_a_network_are_one_group():
    dead = np.zeros((1, 40, 10), bool)
    dead[0, :20] = True  # all units of a network share its fate
    share = Deaths(actlab.relu, SGD(), np.zeros(1), (dead,), np.zeros(40)).share(1)
    assert share.n / share.design_effect == pytest.approx(40, rel=0.05)


def test_a_layer_that_is_not_there_is_refused(made_up):
    with pytest.raises(ValueError, match="layer must be at most 1; got 2"):
        made_up.share(2)
    with pytest.raises(ValueError, match="layer must be a whole number of 1 or more; got 0"):
        made_up.share(0)
    with pytest.raises(ValueError, match="every must be a whole number of 1 or more; got 0"):
        follow_deaths(every=0)


def test_the_moons_are_two_classes_about_the_middle():
    x, labels = two_moons()
    assert x.shape == (128, 2)
    np.testing.assert_array_equal(np.bincount(labels), [64, 64])
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=0.05)
    # Without noise each half circle has radius 1 about its own middle.
    x, labels = two_moons(noise=0)
    middles = np.where(labels[:, np.newaxis] == 0, (-0.5, -0.25), (0.5, 0.25))
    np.testing.assert_allclose(np.hypot(*(x - middles).T), 1)


@pytest.mark.parametrize("rule", [he_uniform, pytorch_uniform], ids=str)
def test_dead_is_what_the_exact_network_says(rule):
    deaths = follow_deaths(width=6, layers=2, epochs=3, networks=30, seed=2, initialiser=rule)
    limits = [rule.bias_limit(fan_in) for fan_in in (2, 6, 6)]
    start = initialise((2, 6, 6, 2), "relu", networks=30, seed=2, initialiser=rule, bias_limit=limits)
    tape = start.forward(two_moons()[0])
    for layer in (0, 1):
        np.testing.assert_array_equal(deaths.dead[layer][0], (tape.pre_activations[layer] <= 0).all(axis=1))
    assert deaths.dead[1][0].any()
    assert deaths.epochs.tolist() == [0, 1, 2, 3]
    assert "30 networks, 3 epochs" in repr(deaths)


def test_it_looks_as_often_as_asked_and_at_the_end():
    assert follow_deaths(epochs=5, every=3, networks=2).epochs.tolist() == [0, 3, 5]


# --- What is exact ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("optimiser", [SGD(1.0), Adam(0.1, beta_1=0.0)], ids=["sgd", "adam"])
def test_without_momentum_the_first_layer_never_comes_back(optimiser):
    deaths = follow_deaths(optimiser=optimiser, networks=60, epochs=60)
    assert deaths.revived(1).n > 10
    assert deaths.revived(1).count == 0
    assert deaths.revived(2).count > 10


def test_momentum_brings_some_units_of_the_first_layer_back():
    deaths = follow_deaths(optimiser=Adam(0.1), networks=60, epochs=60)
    assert deaths.revived(1).interval[0] > 0.02


def test_leaky_units_are_never_dead():
    deaths = follow_deaths("leaky_relu", optimiser=Adam(0.1), networks=5, epochs=20)
    assert [deaths.share(layer).count for layer in (1, 2, 3)] == [0, 0, 0]


def test_a_unit_comes_back_though_its_own_numbers_stay():
    """The second layer's second unit is dead until the first layer grows; its weights and bias never move."""
    network = Network(
        (np.ones((1, 1, 1)), np.array([[[1.0, 1.0]]]), np.array([[[1.0], [1.0]]])),
        (np.zeros((1, 1, 1)), np.array([[[0.0, -2.5]]]), np.zeros((1, 1, 1))),
        actlab.relu,
    )
    x = np.array([[1.0], [2.0]])
    states = [network]
    while not (alive := (states[-1].forward(x).pre_activations[1][0, :, 1] > 0).any()):
        states.append(gradient_descent(states[-1], x, 4 * x, learning_rate=0.01, steps=1).network)
        assert len(states) < 100
    assert alive and len(states) > 2
    for state in states:
        assert (state.weights[1][0, 0, 1], state.biases[1][0, 0, 1], state.weights[2][0, 1, 0]) == (1, -2.5, 1)
    later = gradient_descent(states[-1], x, 4 * x, learning_rate=0.01, steps=1).network
    assert later.weights[1][0, 0, 1] != 1


def test_a_dead_unit_of_the_first_layer_stays_bit_for_bit():
    x, labels = two_moons(32)
    start = initialise((2, 8, 2), "relu", networks=20, seed=1)
    biases = start.biases[0].copy()
    biases[:, :, 0] = -20  # dead on all data
    start = replace(start, biases=(biases, *start.biases[1:]))
    for optimiser in (SGD(0.5, momentum=0.9), Adam(0.1)):  # nothing has been remembered of it
        trained = fit(start, x, labels, epochs=20, optimiser=optimiser, loss="softmax_cross_entropy", dtype="float64")
        np.testing.assert_array_equal(trained.network.weights[0][:, :, 0], start.weights[0][:, :, 0])
        np.testing.assert_array_equal(trained.network.biases[0][:, :, 0], start.biases[0][:, :, 0])
        assert not np.array_equal(trained.network.weights[0][:, :, 1], start.weights[0][:, :, 1])


# --- The record -------------------------------------------------------------------------------------------------------

RECORD = death_record.load()


def test_the_record_has_what_the_tables_list():
    for name, rates in death_record.RATES.items():
        for width in death_record.WIDTHS:
            rows = RECORD.find(experiment="sweep", optimiser=name, width=width, asked="diverged")
            assert [row.settings["rate"] for row in rows] == list(rates)
    revivals = {row.settings["training"] for row in RECORD.find(experiment="revival")}
    assert revivals == set(death_record.REVIVALS)
    assert {row.settings["start"] for row in RECORD.find(experiment="absolute")} == set(death_record.STARTS)
    assert repr(RECORD) == f"DeathRecord({len(RECORD.rows)} shares, made {RECORD.made['date']})"


SAMPLES = [
    ("sweep", lambda: death_record.sweep("Adam", 8, networks=40, seed=11)),
    ("revival", lambda: death_record.revivals("Adam, rate 0.1", networks=40, seed=11)),
    ("absolute", lambda: death_record.absolute("he_normal", networks=150, seed=11)),
]


@pytest.mark.parametrize("sample", [sample for _, sample in SAMPLES], ids=[name for name, _ in SAMPLES])
def test_new_networks_confirm_the_record(sample):
    """Other seeds; counts are reduced to as many independent ones as they are worth."""
    compared = 0
    for row in sample():
        recorded = RECORD.share(**row.settings)
        effects = ((share, share.design_effect) for share in (row.share, recorded))
        pair = [Share(round(share.count / effect), round(share.n / effect)) for share, effect in effects]
        assert same_probability(*pair) > 1e-4, row
        compared += 1
    assert compared >= 4


def test_a_share_that_is_not_one_row_is_refused():
    with pytest.raises(ValueError, match=r"settings must be those of one row; .* are those of 0"):
        RECORD.share(experiment="none")


def test_shares_by_a_setting_are_those_of_the_rows():
    settings = {"experiment": "sweep", "optimiser": "SGD", "width": 8, "asked": "learnt"}
    found = RECORD.by("rate", **settings)
    assert list(found) == list(death_record.RATES["SGD"])
    assert found[0.3] == RECORD.share(rate=0.3, **settings)
    with pytest.raises(ValueError, match="settings must leave one row for each rate"):
        RECORD.by("rate", experiment="sweep", width=8)


def test_the_command_writes_what_read_reads(tmp_path, monkeypatch):
    monkeypatch.setattr(death_record, "RATES", {"SGD": (0.1,)})
    monkeypatch.setattr(death_record, "WIDTHS", (4,))
    monkeypatch.setattr(death_record, "REVIVALS", {"SGD, rate 0.3": SGD(0.3)})
    monkeypatch.setattr(death_record, "STARTS", {})
    path = tmp_path / "deaths.json"
    death_record.main(["--networks", "3", "--output", str(path)])
    record = death_record.read(path)
    expected = [*death_record.sweep("SGD", 4, networks=3), *death_record.revivals("SGD, rate 0.3", networks=3)]
    assert list(record.rows) == expected
    assert json.loads(path.read_text("utf-8"))["made"]["networks"] == 3
