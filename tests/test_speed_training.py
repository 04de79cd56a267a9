"""The benchmark of the ensembles: the programs of the frameworks compute the same, and the reading of timings."""

import json

import numpy as np
import pytest

import actlab
from actlab.speed import ensembles, training
from tests.test_compiled import difference, oracle

PROGRAMS = {"torch": ensembles.torch_compile, "jax": ensembles.jax_jit, "tensorflow": ensembles.tensorflow_graph}


@pytest.mark.parametrize("framework", PROGRAMS)
def test_the_programs_of_the_frameworks_train_as_numpy_does(framework):
    pytest.importorskip(framework)
    arrays = training.block(20, epochs=3)
    for activation in training.ACTIVATIONS:
        expected, _ = oracle(*arrays, activation=activation, hidden=2, learning_rate=0.04)
        assert difference(PROGRAMS[framework](arrays, activation, 2), expected) < 5e-6, activation


def test_a_block_is_a_cosine_fit_for_each_network():
    parameters, data, shuffles = training.block(30, epochs=4)
    assert (parameters.dtype, parameters.shape, data.shape, shuffles.shape) == (
        np.float32,
        (7, 30),
        (100, 2, 30),
        (4, 100),
    )
    assert data.flags.c_contiguous
    assert np.array_equal(np.sort(shuffles, axis=1), np.tile(np.arange(100), (4, 1)))
    x, y = data.swapaxes(0, 1)
    assert np.allclose(np.sort(x, axis=0), np.linspace(0, 2 * np.pi, 100)[:, np.newaxis], atol=1e-6)
    assert np.allclose(y, np.cos(x) + 1, atol=1e-6)
    assert len(np.unique(x[0])) > 20  # each network has the points in another order
    assert not parameters[2:4].any()
    assert not parameters[6].any()
    assert np.sqrt(2) > np.abs(parameters[:2]).max() > 1.2


def made_up(durations):
    """Return a contestant that moves a clock by the next of its durations, and that clock."""
    now = [0.0]
    durations = iter(durations)

    def train(arrays, activation):
        now[0] += next(durations)

    return train, lambda: now[0]


def test_the_fastest_size_is_measured_and_the_first_call_is_apart():
    # Two calls for each size, first and second; then two rounds.
    train, clock = made_up([9, 8, 7, 4, 6, 2])
    found = training.measure(
        actlab.relu, {"a": training.Contestant(train, (2, 4))}, None, rounds=2, clock=clock, wall=clock
    )
    assert found == [training.Timing("relu", "a", 4, first=7, seconds=(1.5, 0.5))]
    assert found[0].median == 1


def test_the_stock_fit_takes_turns_and_times_itself():
    train, clock = made_up([9, 8, 7, 6])
    fits = iter([3.0, 4.0, 5.0])
    found = training.measure(
        actlab.relu, {"a": training.Contestant(train, (1,))}, lambda: next(fits), rounds=2, clock=clock, wall=clock
    )
    assert found[1] == training.Timing("relu", "model.fit", 1, first=0, seconds=(4, 5))


def test_short_trainings_are_repeated():
    train, clock = made_up([1.0, 0.1, *[0.1] * 4, 0.2])
    (found,) = training.measure(
        actlab.relu, {"a": training.Contestant(train, (1,))}, None, rounds=1, clock=clock, wall=clock
    )
    assert found.seconds == (pytest.approx(0.12),)


def test_the_table_counts_networks_in_the_time_of_one_fit():
    timings = [
        training.Timing("relu", "a", 256, 2.0, (0.25, 1.0, 0.125)),
        training.Timing("relu", "model.fit", 1, 20.0, (9.0, 11.0, 10.0)),
        training.Timing("tanh", "a", 256, 2.0, (0.25,)),
    ]
    rows = [line.split() for line in training.table(timings).splitlines()[1:]]
    assert rows[0] == ["relu", "a", "256", "4", "40", "2.00", "s"]
    assert rows[1][-3] == "1"
    assert rows[2][-3] == "-"


def test_networks_per_fit_have_the_spread_of_the_rounds():
    timings = [
        training.Timing("relu", "a", 256, 2.0, (0.25, 1.0, 0.125)),
        training.Timing("relu", "model.fit", 1, 20.0, (9.0, 11.0, 10.0)),
        training.Timing("tanh", "a", 256, 2.0, (0.25,)),
    ]
    table = training.per_fit(timings)
    assert table.columns == ("trained by", "`relu`", "`tanh`")
    assert table.rows == (("a", "40 (10 to 80)", ""),)


def test_a_goal_is_met_if_it_is_met_for_every_activation():
    def timed(activation, seconds):
        return [training.Timing(activation, name, 1, 1.0, (value,)) for name, value in seconds.items()]

    frameworks = {"model.fit": 1.0, "torch.compile": 9.0, "jax.jit": 4.0}
    fast = timed("relu", {"actlab": 1e-5, "train_block": 1.0, **frameworks})
    numpy, compiled, rivals = training.goals(fast).rows
    assert numpy[1:] == ("relu 100,000", "yes")
    assert compiled[1:] == ("", "not measured")
    assert rivals[1:] == ("relu 4", "yes")
    slow = timed("tanh", {"actlab": 1e-4, "train_block": 2.0, **frameworks})
    assert [row[1:] for row in training.goals(fast + slow).rows][::2] == [
        ("relu 100,000, tanh 10,000", "**no**"), ("relu 4, tanh 2", "**no**"),
    ]  # fmt: skip


def test_a_record_says_where_it_comes_from(tmp_path):
    timing = training.Timing("relu", "a", 256, 2.0, (0.25, 1.0))
    training.save(tmp_path / "training.json", [timing], rounds=2, threads=1)
    assert training.read(tmp_path / "training.json") == (timing,)
    said = training.conditions(tmp_path / "training.json")
    assert f"numpy {np.__version__}" in said and "float32" in said
    read = json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))
    assert read["provenance"]["rounds"] == 2
    assert read["provenance"]["versions"]["numpy"] == np.__version__
    assert read["timings"] == [
        {"activation": "relu", "contestant": "a", "block": 256, "first": 2.0, "seconds": [0.25, 1.0]}
    ]


def test_contestants_need_their_framework():
    numba = {name for name, contestant in training.CONTESTANTS.items() if contestant.framework == "numba"}
    assert training.installed(["torch"]).keys() - numba == {"actlab", "torch.compile"}
    assert training.installed([]).keys() - numba == {"actlab"}
