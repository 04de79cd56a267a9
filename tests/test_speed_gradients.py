"""The benchmark of gradient norms: all contestants compute the same, and the reading of timings."""

import numpy as np
import pytest

import actlab
from actlab.speed import gradients
from actlab.speed.training import Timing, read

SMALL = gradients.Setting(networks=6, depth=5, width=40, batch=8)


@pytest.mark.parametrize("name", gradients.CONTESTANTS)
def test_all_contestants_measure_the_same_norms(name):
    """Of other random networks: they agree within the spread of the networks."""
    from actlab.tf import precision

    with precision("float32"):
        import tensorflow as tf

        tf.random.set_seed(1)  # without one it refuses to draw where ``actlab.tf`` has set it up
        found = gradients.CONTESTANTS[name].run(actlab.tanh, SMALL)
    flow = actlab.experiments.gradient_flow("tanh", networks=40, depth=5, width=40, batch=8, seed=1)
    for ours, theirs in zip((flow.log_norms, flow.weight_log_norms), found, strict=True):
        assert theirs.shape == (6, 5)
        assert len(np.unique(theirs)) == 30
        errors = ours.std(axis=0, ddof=1) * np.sqrt(1 / 6 + 1 / 40)
        assert (np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) < 4.5 * errors).all()


def test_the_setting_is_that_of_gradient_flow():
    import inspect

    defaults = {
        name: param.default for name, param in inspect.signature(actlab.experiments.gradient_flow).parameters.items()
    }
    setting = gradients.Setting()
    assert {name: defaults[name] for name in ("networks", "depth", "width", "batch")} == vars(setting)


def made_up(durations):
    """Return a contestant that moves a clock by its durations, that clock, and the numbers of networks it was given."""
    now, seen = [0.0], []
    durations = iter(durations)

    def run(activation, setting):
        now[0] += next(durations)
        seen.append(setting.networks)

    return run, lambda: now[0], seen


def test_the_fastest_block_is_measured_and_the_first_run_is_apart():
    # First and second run in blocks of 2 (two calls each), the same in one block of 4, then two rounds.
    run, clock, seen = made_up([9, 1, 2, 3, 7, 4, 6, 5])
    found = gradients.measure(actlab.relu, {"a": gradients.Contestant(run, (2, 4))}, rounds=2, networks=4, clock=clock)
    assert seen == [2, 2, 2, 2, 4, 4, 4, 4]
    assert found == [Timing("relu", "a", 4, first=7, seconds=(6, 5))]


def timed(**medians):
    """Return timings of tanh whose rounds are half, once and twice a median."""
    return [Timing("tanh", name, 20, 1.0, (m / 2, m, 2 * m)) for name, m in medians.items()]


def test_goals_are_measured_against_the_best_graph():
    graph, xla = gradients.GRAPHS
    fast, slow = (
        timed(**{"actlab": 1.0, gradients.LOOP: loop, graph: 4.0, xla: other})
        for loop, other in ((6.0, 1.5), (4.0, 0.5))
    )
    assert [row[1:] for row in gradients.goals(fast).rows] == [("tanh 6", "yes"), ("tanh 1.5", "yes")]
    assert [row[1:] for row in gradients.goals(slow).rows] == [("tanh 4", "**no**"), ("tanh 0.5", "**no**")]
    assert [row[1:] for row in gradients.goals(timed(actlab=1.0)).rows] == [("", "not measured")] * 2


def test_seconds_have_the_spread_of_the_rounds():
    table = gradients.seconds(timed(actlab=0.25))
    assert table.columns == ("measured by", "`tanh`")
    assert table.rows == (("actlab", "0.25 (0.12 to 0.5)"),)


def test_the_command_records_what_it_measures(tmp_path, monkeypatch, capsys):
    run, _, _ = made_up([0.0] * 100)
    monkeypatch.setattr(gradients, "CONTESTANTS", {"actlab": gradients.Contestant(run, (20,))})
    monkeypatch.setattr(gradients, "pin", lambda: None)
    monkeypatch.setattr(gradients, "load", lambda: False)
    path = tmp_path / "gradients.json"
    gradients.main(["--activations", "tanh", "--rounds", "2", "--output", str(path)])
    (timing,) = read(path)
    assert (timing.activation, timing.contestant, timing.block, len(timing.seconds)) == ("tanh", "actlab", 20, 2)
    assert "tanh" in capsys.readouterr().out


def test_the_record_holds_every_contestant():
    recorded = read(gradients.RECORD)
    assert {timing.contestant for timing in recorded} == gradients.CONTESTANTS.keys()
    assert {timing.activation for timing in recorded} == {activation.name for activation in gradients.ACTIVATIONS}
    assert "not measured" not in str(gradients.goals(recorded).rows)
