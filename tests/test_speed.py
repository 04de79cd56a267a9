"""The benchmark: its stopwatch on a clock of our own, its reading of made-up timings. No test depends on a speed."""

import gc
import json
import math
import os
import platform
import subprocess
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import actlab
from actlab import accuracy, figures
from actlab.core import Elementwise
from actlab.speed import contestants, measurement, record, report, stopwatch
from actlab.speed.record import Measurement, Record
from tests.test_exercises import run

PEERS = ("textbook", "textbook, alone", "scipy", "keras", "torch", "jax")


# --- The stopwatch ----------------------------------------------------------------------------------------------------


class Bench:
    """A clock that only its calls move, each by the next of its durations."""

    def __init__(self, **durations):
        self.now, self.called = 0.0, []
        self.calls = {name: self.call(name, iter(values)) for name, values in durations.items()}

    def call(self, name, durations):
        def run():
            self.called.append(name)
            self.now += next(durations)

        return run

    def clock(self):
        return self.now


def test_the_best_round_counts_and_the_first_calls_do_not():
    bench = Bench(a=[0.5, 0.5, 3, 2, 4], b=[9, 1, 5, 7, 6])
    assert stopwatch.best(bench.calls, rounds=3, clock=bench.clock) == {"a": 2, "b": 5}


def test_contestants_take_turns_in_changing_order():
    bench = Bench(a=[1] * 22, b=[1] * 22)
    stopwatch.best(bench.calls, rounds=20, clock=bench.clock)
    rounds = ["".join(bench.called[k : k + 2]) for k in range(4, 44, 2)]
    assert set(rounds) == {"ab", "ba"}


def test_short_calls_are_repeated_and_share_the_time_of_their_turn():
    bench = Bench(short=[9, 1, 1, 2, 3, 4, 4, 4], long=[9, 5, 6, 7])
    assert stopwatch.best(bench.calls, rounds=2, span=3, clock=bench.clock) == {"short": 2, "long": 6}


def test_no_garbage_is_collected_while_the_clock_runs():
    seen = []
    stopwatch.best({"a": lambda: seen.append(gc.isenabled())}, rounds=2)
    assert len(seen) >= 4 and not any(seen)
    assert gc.isenabled()


def test_data_come_from_a_fixed_seed():
    x = stopwatch.data(10_000, "float32")
    assert x.dtype == np.float32
    assert np.array_equal(x, stopwatch.data(10_000, "float32"))
    assert abs(x.mean()) < 0.1 and abs(x.std() - 3) < 0.1


def test_a_line_is_timed_in_a_process_that_does_not_know_the_package():
    looks = "import sys\ndef f(x):\n    assert 'actlab' not in sys.modules and x.shape == (7,)\n    return np.exp(x)"
    assert 0 < stopwatch.best_alone(looks, 7, "float64", rounds=2) < 60
    with pytest.raises(RuntimeError, match=r"this function could not be timed: 'def f(.|\n)*ZeroDivisionError"):
        stopwatch.best_alone("def f(x):\n    return 1 // 0\n", 7, "float64", rounds=2)


def test_points_with_subnormal_results_are_found_where_there_are_some():
    points = measurement.subnormal_points(actlab.exponential)
    assert ((points < -708) & (points > -746)).all() and points.size
    assert measurement.subnormal_points(actlab.relu).size == 0


# --- Contestants ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [0, 1, 2])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_contestants_compute_the_same(order, dtype):
    x = np.linspace(-4, 4, 40).astype(dtype)
    calls = contestants.contestants(actlab.silu, order, x)
    whole = ["actlab, whole"] if (order, dtype) == (0, "float64") else []
    assert list(calls) == ["actlab", "actlab, out=", "textbook", *whole, "scipy"]
    results = [call() for call in calls.values()]
    assert all(result.dtype == dtype for result in results)
    for result in results[1:]:
        np.testing.assert_allclose(result, results[0], rtol=1e-4, atol=1e-6)
    assert calls["actlab, out="]() is results[1]
    assert results[0] is not calls["actlab"]()


def test_the_identity_of_the_frameworks_is_no_contestant():
    for order in (0, 1):
        assert "keras" not in contestants.contestants(actlab.identity, order, np.ones(3), ["keras"])


def test_a_function_without_sigma_and_phi_needs_no_scipy():
    assert "scipy" not in contestants.contestants(actlab.relu, 0, np.ones(3))


# --- The command ------------------------------------------------------------------------------------------------------


def run_command(*arguments):
    command = [sys.executable, "-m", "actlab.speed", *map(str, arguments)]
    return subprocess.run(command, cwd=Path(actlab.__file__).parents[1], capture_output=True, text=True, check=False)


def test_the_command_measures_and_writes_what_can_be_read_again(tmp_path):
    file = tmp_path / "a.json"
    done = run_command("--functions", "silu", "step", "--sizes", 1, 1000, "--rounds", 1, "--output", file)
    assert done.returncode == 0, done.stderr
    read = record.load(file)
    assert {(t.function, t.order, t.dtype, t.n) for t in read.timings} == {
        (name, order, dtype, n)
        for name in ("silu", "step")
        for order in (0, 1, 2)
        for dtype in ("float64", "float32")
        for n in (1, 1000)
    }
    ours = {"actlab", "actlab, out=", "textbook"}
    for timing in read.timings:
        silu = timing.function == "silu"
        frameworks = set(read.provenance["frameworks"]) if silu and timing.order < 2 else set()
        assert "keras" in frameworks or not frameworks
        expected = ours | frameworks | ({"scipy"} if silu else set()) | ({"jax.jit"} if "jax" in frameworks else set())
        expected |= {"actlab, whole"} if (timing.order, timing.dtype) == (0, "float64") else set()
        assert timing.values.keys() == expected
        assert all(seconds > 0 for seconds in timing.values.values())
    assert {(limit.dtype, limit.n) for limit in read.limits} == {
        (dtype, n) for dtype in ("float64", "float32") for n in (1, 1000)
    }
    kinds = [(m.function, m.order, "subnormal results" in m.values) for m in read.worst]
    assert ("silu", 0, True) in kinds and ("step", 0, False) in kinds
    assert all({"ordinary", "left tail", "right tail", "nan", "-inf"} <= m.values.keys() for m in read.worst)
    assert {(m.function, m.order, m.dtype) for m in read.memory} == {
        (t.function, t.order, t.dtype) for t in read.timings
    }
    assert all(m.values["peak"] >= 0 for m in read.memory)
    assert "not measured" in done.stdout


def test_runs_of_one_command_are_kept_one_after_the_other(tmp_path):
    file = tmp_path / "a.json"
    few = ["--functions", "relu", "--orders", 0, "--dtypes", "float32", "--sizes", 1000, "--rounds", 1, "--frameworks"]
    done = run_command(*few, "--runs", 3, "--output", file)
    assert done.returncode == 0, done.stderr
    read = record.load(file)
    assert [(t.function, t.n) for t in read.timings] == [("relu", 1000)] * 3
    assert len({tuple(t.values.values()) for t in read.timings}) > 1  # a copy would have the same times
    assert (len(read.limits), read.provenance["runs"]) == (3, 3)


def note_the_process(path, line):
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
    with path.open("a") as file:
        print(os.getpid(), processors, file=file)


def test_every_run_has_a_process_of_its_own_on_one_processor(tmp_path):
    how = {"orders": [0], "dtypes": ["float32"], "sizes": [10], "rounds": 1, "frameworks": []}
    tell = partial(note_the_process, tmp_path / "said")
    assert len(list(measurement.runs(2, ["relu"], tell=tell, **how))) == 2
    processes = {tuple(map(int, line.split())) for line in (tmp_path / "said").read_text().splitlines()}
    assert len({os.getpid()} | {process for process, _ in processes}) == 3
    assert {processors for _, processors in processes} == {1}


def test_the_command_refuses_a_framework_that_is_not_there(tmp_path):
    done = run_command("--frameworks", "numba", "--output", tmp_path / "a.json")
    assert "ValueError: no framework numba; installed are keras" in done.stderr
    assert not list(tmp_path.iterdir())


def test_only_elementwise_activations_are_measured():
    with pytest.raises(ValueError, match=r"the benchmark takes elementwise activations; got softmax$"):
        measurement.run(["relu", "softmax"])


# --- Records ----------------------------------------------------------------------------------------------------------


def test_a_record_survives_its_file(tmp_path):
    kept = Record({"date": "2026-01-01"}, *((Measurement(name, 1, "float32", 10, {"a": 0.5}),) for name in "wxyz"))
    kept.save(tmp_path / "a.json")
    assert record.load(tmp_path / "a.json") == kept
    lines = (tmp_path / "a.json").read_text().splitlines()
    assert sum(line.startswith('{"function": ') for line in lines) == 4


def test_a_record_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(ValueError, match=r"no recorded benchmark at 'sped\.json'; held by the package: .*speed"):
        record.load("sped")


def test_the_provenance_names_versions_and_processor_and_no_machine():
    known = record.provenance(rounds=3)
    assert known["rounds"] == 3
    assert known["versions"]["numpy"] == np.__version__
    assert known["processor"]
    assert set(known["numpy_features"]) and known["numpy_exp"]
    text = json.dumps(known)
    assert not platform.node() or platform.node() not in text
    assert str(Path.home()) not in text


@pytest.mark.parametrize("path", sorted(record.RECORDED.glob("speed*.json")), ids=lambda path: path.stem)
def test_what_the_package_holds_was_measured_of_its_functions(path):
    held = record.load(path)
    elementwise = {name for name, activation in actlab.ACTIVATIONS.items() if isinstance(activation, Elementwise)}
    assert {timing.function for timing in held.timings} <= elementwise
    assert {"date", "processor", "versions", "numpy_exp"} <= held.provenance.keys()
    assert all(value > 0 for timing in held.timings for value in timing.values.values())


# --- Reading ----------------------------------------------------------------------------------------------------------


def numpy_calls(error, *sizes):
    """Return what numpy's calls are in a record whose two rows of exp are as far apart as ``error`` says."""
    seconds = dict.fromkeys(("copy", "exp", "expm1", "log1p", "tanh", "exp, alone"), 1.0)
    seconds |= {"exp again": error, "exp, alone again": error}
    return tuple(Measurement("numpy", 0, "float64", n, seconds) for n in sizes)


def made_up(faster=4.0, n=1_000_000, peak=1e6, slowdown=5.0, error=1.0):
    """Return a record in which every other contestant takes ``faster`` times as long as actlab, whose exp is half.

    ``error`` is that of its stopwatch.
    """
    functions = ("relu", "relu6", "hard_tanh", "silu", "tanh", "softplus")
    seconds = {"actlab": 1e-6} | dict.fromkeys(PEERS, faster * 1e-6)
    timings = [
        Measurement(name, order, dtype, size, seconds)
        for name in functions
        for order in (0, 1, 2)
        for dtype in ("float64", "float32")
        for size in (1, 100_000, n)
    ]
    limits = [
        Measurement("numpy", 0, dtype, size, seconds | dict.fromkeys(("exp again", "exp, alone again"), again))
        for seconds in [dict.fromkeys(("copy", "exp", "exp, alone", "log1p", "tanh"), faster * 0.25e-6)]
        for again in [seconds["exp"] / error]
        for dtype in ("float64", "float32")
        for size in (1, 100_000, n)
    ]
    worst = [Measurement("silu", 0, "float64", n, {"ordinary": 1, "nan": slowdown, "subnormal results": 3 * slowdown})]
    memory = [Measurement("silu", 0, "float64", 10_000_000, {"peak": peak})]
    return Record({}, tuple(timings), tuple(limits), tuple(worst), tuple(memory))


def test_the_mean_of_ratios_is_geometric():
    assert report.geometric_mean([4, 0.25]) == pytest.approx(1)
    assert report.geometric_mean([1, 8, 27]) == pytest.approx(6)
    assert math.isnan(report.geometric_mean([]))


def test_a_comparison_counts_the_functions_that_both_have():
    timings = [
        Measurement("relu", 0, "float64", 10, {"actlab": 1, "torch": 8}),
        Measurement("silu", 0, "float64", 10, {"actlab": 4, "torch": 2}),
        Measurement("step", 0, "float64", 10, {"actlab": 4}),
        Measurement("elu", 0, "float32", 10, {"actlab": 4, "torch": 1}),
    ]
    found = report.compare(Record({}, tuple(timings), numpy_calls(1, 10)), "torch", order=0, dtype="float64", n=10)
    assert found.ratios == {"relu": 8, "silu": 0.5}
    assert found.mean == pytest.approx(2)
    assert found.wins == 1
    assert str(found) == "2 (0.50 to 8; faster at 1 of 2)"


def test_shares_of_a_copy():
    shares = report.shares_of_copy(made_up(faster=2), order=0, dtype="float64", n=1_000_000)
    assert shares["relu"] == {"actlab": 0.5} | dict.fromkeys(PEERS, pytest.approx(0.25))


def test_goals_are_met_by_a_fast_record_and_missed_by_a_slow_one():
    fast = report.goals(made_up(faster=6.0))
    slow = report.goals(made_up(faster=0.2, peak=3e6, slowdown=12.0))
    assert [goal.text for goal in fast] == [goal.text for goal in slow]
    assert all(goal.verdict == "met" for goal in fast), [goal for goal in fast if goal.verdict != "met"]
    kept = {goal.text for goal in slow if goal.verdict != "not met"}
    assert kept == {text for text in kept if "one number" in text}, kept


def test_goals_without_measurements_are_neither_met_nor_missed():
    for goal in report.goals(Record({})):
        assert (goal.measured, goal.verdict) == ("not measured", "not measured")


@pytest.mark.parametrize(("again", "error"), [(1.25, 1.25), (0.8, 1.25), (1.0, 1.0)])
def test_the_error_of_the_stopwatch_is_what_two_equal_calls_differ_by(again, error):
    limits = numpy_calls(again, 10) + numpy_calls(7.0, 100)
    found = Record({}, (), (*limits, Measurement("numpy", 0, "float32", 10, {"exp": 1.0, "exp again": 3.0})))
    assert report.stopwatch_error(found, dtype="float64", n=10) == error
    assert report.stopwatch_error(found, dtype="float32", n=10) == 3
    assert math.isnan(report.stopwatch_error(found, dtype="float64", n=1000))
    assert report.error_table(Record({}, (), limits)).rows == (("float64", f"{100 * (error - 1):.1f}", "600.0"),)


def test_of_what_is_within_the_error_of_the_stopwatch_no_goal_says_yes_or_no():
    # At the goals for one number this record is six times as fast as it should be, at the others it is nearer to 1.
    sharp, blunt = report.goals(made_up(faster=1.2)), report.goals(made_up(faster=1.2, error=6.2))
    assert {goal.verdict for goal in sharp} == {"met", "not met"}
    verdicts = {goal.text: goal.verdict for goal in blunt}
    memory = {text for text in verdicts if "MB" in text}
    assert len(memory) == 1 and {verdicts.pop(text) for text in memory} == {"met"}
    assert set(verdicts.values()) == {"within the error"}, verdicts
    assert {row[2] for row in report.goal_table(made_up(faster=1.2, error=6.2)).rows} == {"yes", "within the error"}


def test_no_goal_is_judged_at_a_size_of_which_the_error_is_not_known():
    known = made_up(faster=6.0)
    unknown = report.goals(Record({}, known.timings, (), known.worst, known.memory))
    assert {goal.verdict for goal in unknown if "MB" not in goal.text} == {"not measured"}


def test_nobody_is_faster_or_slower_within_the_error():
    timings = [Measurement(name, 0, "float64", 100_000, {"actlab": 1.0, "textbook": ratio})
               for name, ratio in (("relu", 0.8), ("silu", 0.95), ("elu", 1.05), ("gelu", 1.2))]  # fmt: skip
    blunt = Record({}, tuple(timings), numpy_calls(1.1, 100_000))
    compared = report.compare(blunt, "textbook", order=0, dtype="float64", n=100_000)
    assert compared.wins == 1 and str(compared).endswith("faster at 1 of 4)")
    assert [row[0] for row in report.slower_table(blunt, dtype="float64").rows] == ["`relu`"]
    assert sum(int(row[1]) for row in report.slower_prices(blunt, accuracy.recorded()).rows) == 1
    first = report.goals(blunt)[0]
    assert (first.measured, first.verdict) == ("1 of 4 slower: relu f 0.80", "not met")
    even = report.goals(Record({}, tuple(timings[1:]), blunt.limits))[0]
    assert (even.measured, even.verdict) == ("0 of 3 slower", "within the error")


def test_the_textbook_in_its_own_process_is_an_opponent_of_its_own():
    seconds = {"actlab": 1.0, "textbook": 2.0, "textbook, alone": 0.5}
    found = Record({}, (Measurement("elu", 0, "float64", 100_000, seconds),), numpy_calls(1, 100_000))
    assert [(goal.measured, goal.verdict) for goal in report.goals(found)[:2]] == [
        ("0 of 1 slower", "met"), ("1 of 1 slower: elu f 0.50", "not met"),
    ]  # fmt: skip
    assert report.slower_table(found, dtype="float64").rows == ()
    assert len(report.slower_table(found, dtype="float64", theirs="textbook, alone").rows) == 1
    prices = report.slower_prices(found, accuracy.recorded(), theirs="textbook, alone")
    assert sum(int(row[1]) for row in prices.rows) == 1
    # What two processes differ by is the error of this comparison, and of no other.
    (limit,) = found.limits
    apart = Record({}, found.timings, (replace(limit, values={**limit.values, "exp, alone again": 2.5}),))
    assert [goal.verdict for goal in report.goals(apart)[:2]] == ["met", "within the error"]


def test_one_slow_derivative_at_one_size_is_enough_to_miss_the_first_goal():
    good = made_up(faster=6.0)
    bad = Measurement("elu", 1, "float64", 10_000_000, {"actlab": 2.0, "textbook": 1.5})
    limits = (*good.limits, *numpy_calls(1, 10_000_000))
    first = report.goals(Record({}, (*good.timings, bad), limits))[0]
    assert (first.verdict, first.measured) == ("not met", "1 of 19 slower: elu f\N{PRIME} 0.75")
    small = Measurement("elu", 1, "float64", 10_000, {"actlab": 2.0, "textbook": 1.5})
    assert report.goals(Record({}, (*good.timings, small), limits))[0].verdict == "met"
    rows = report.slower_table(Record({}, (*good.timings, bad, small), limits), dtype="float64").rows
    assert rows == (("`elu`", "", "0.75 at 1e7", ""),)


@pytest.mark.parametrize(("ratio", "shown"), [(0.994, "0.99"), (0.9951, "0.995"), (0.99996, "0.999")])
def test_what_is_slower_by_a_hair_is_not_shown_as_equal(ratio, shown):
    timing = Measurement("elu", 0, "float64", 100_000, {"actlab": 1.0, "textbook": ratio})
    exact = Record({}, (timing,), numpy_calls(1, 100_000))
    assert report.slower_table(exact, dtype="float64").rows == (("`elu`", f"{shown} at 1e5", "", ""),)
    assert report.goals(exact)[0].measured == f"1 of 1 slower: elu f {shown}"


def test_what_a_faster_line_pays_is_what_the_accuracy_record_says_of_it():
    slow = {"relu": 1, "silu": 0, "sigmoid": 1, "exponential": 2, "relu6": 0}
    timings = [Measurement(name, k, "float64", 100_000, {"actlab": 2.0, "textbook": 1.0}) for name, k in slow.items()]
    fast = Measurement("gelu", 0, "float64", 100_000, {"actlab": 1.0, "textbook": 2.0})
    rows = report.slower_prices(Record({}, (*timings, fast), numpy_calls(1, 100_000)), accuracy.recorded()).rows
    assert [row[1:] for row in rows] == [
        ("1", "`relu` f\N{PRIME}"), ("1", "`silu` f"), ("1", "`sigmoid` f\N{PRIME}"),
        ("2", "`exponential` f\N{DOUBLE PRIME}, `relu6` f"),
    ]  # fmt: skip


def test_the_last_column_of_the_goals_answers_its_head():
    assert report.goal_table(made_up(faster=6.0)).columns == ("goal", "measured", "met?")
    assert {row[2] for row in report.goal_table(made_up(faster=6.0)).rows} == {"yes"}
    assert {row[2] for row in report.goal_table(Record({})).rows} == {"not measured"}


def test_of_many_slow_functions_the_goal_names_the_worst():
    first = report.goals(made_up(faster=0.25))[0]
    assert first.measured.startswith("18 of 18 slower: hard_tanh f 0.25, hard_tanh f\N{PRIME} 0.25")
    assert first.measured.endswith(" and 13 more")


def test_tables_have_a_column_for_each_contestant_that_was_measured():
    table = report.functions_table(made_up(), dtype="float64", order=0, n=1_000_000)
    assert table.columns == ("function", "actlab", *(report.TITLES[name] for name in PEERS))
    assert table.rows[0] == ("`relu`", "1000000", *["250000"] * len(PEERS))
    summary = report.summary(made_up(faster=4), dtype="float32", order=1)
    assert summary.columns == ("f\N{PRIME}, float32", "1", "1e5", "1e6")
    assert summary.rows[2] == ("scipy.special", "4 (6/6)", "4 (6/6)", "4 (6/6)")
    assert report.limits_table(made_up(faster=4), 1_000_000).rows[0] == ("copy", "1000000", "1000000")


def test_a_second_run_is_held_against_the_first():
    before, after = made_up(faster=2), made_up(faster=6)
    for limit in (*before.limits, *after.limits):
        limit.values.setdefault("expm1", 1.0)
    found = report.slowdown(before, after, n=1_000_000)
    assert found["exp"] == found["copy"] == pytest.approx(3)
    assert found["expm1"] == 1
    assert found["actlab f\N{PRIME}, mean"] == pytest.approx(1)
    assert found["textbook f\N{PRIME}, mean"] == pytest.approx(3)


def test_the_figure_orders_the_functions_by_the_first_contestant():
    shares = {"relu": {"actlab": 0.5, "torch": 0.1}, "silu": {"actlab": 0.1, "torch": 0.4}, "step": {"actlab": 0.3}}
    _, ax = plt.subplots()
    figures.speeds(shares, {"actlab": "ours", "torch": "theirs"}, ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["silu", "step", "relu"]
    assert ax.collections[0].get_offsets().tolist() == [[0.1, 0], [0.3, 1], [0.5, 2]]
    assert np.array_equal(ax.collections[0].get_facecolors()[2][:3], figures.colour(actlab.relu))
    (theirs,) = ax.lines
    assert np.transpose(theirs.get_data()).tolist() == [[0.4, 0], [0.1, 2]]
    plt.close()


# --- The chapter's exercises ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "old", "new", "right"),
    [
        ("exercise-passes", "None", "None", False),
        ("exercise-passes", "None", "8", False),
        ("exercise-passes", "None", "9", True),
        ("exercise-mask", "np.where(x > 0, x, 0.1 * x)", "np.where(x > 0, x, 0.1 * x)", False),
        ("exercise-mask", "np.where(x > 0, x, 0.1 * x)", "np.minimum(x, 0.1 * x)", False),
        ("exercise-mask", "np.where(x > 0, x, 0.1 * x)", "np.maximum(x, 0.1 * x)", True),
        ("exercise-mean", "None, None", "None, None", False),
        ("exercise-mean", "None, None", "1, 1", False),
        ("exercise-mean", "None, None", "1.25, 1", True),
    ],
)
def test_an_exercise_tells_right_answers_from_others(cell, old, new, right, capsys):
    said = run("practice/speed.ipynb", cell, capsys, (old, new))
    assert said.startswith("right" if right else "not yet: ")
