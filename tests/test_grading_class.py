"""A class of bad submissions, graded in one run: each gets what it deserves and costs nobody else anything."""

import csv
import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from actlab.grading.limits import Limits
from actlab.grading.running import grade
from actlab.grading.sandbox import protections
from actlab.grading.supervisor import descendants
from tests.grading import exercise
from tests.grading.bench import LIMITS, ORDINARY, Bench, processes
from tests.grading.cases import CASES, RIGHT, answered, as_bytes

# Some of these kill and delete what they can reach.
pytestmark = pytest.mark.skipif(bool(protections().missing), reason="no sandbox that could hold these submissions")


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    made = Bench(tmp_path_factory.mktemp("class"))
    made.before = contents(made.folder)
    made.found, made.behind = made.run()
    made.rows = {row.learner: row for row in made.found.rows}
    return made


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_submission_gets_what_it_deserves(bench, case):
    row = bench.rows[case.name]
    assert case.low <= row.total <= case.high, (row.status, row.notes, row.reasons, row.errors)
    assert row.status.startswith("not graded: ") == case.ungraded


def test_the_bench_is_large_enough_and_everybody_has_a_row(bench):
    assert len(CASES) >= 60
    assert bench.rows.keys() == {*CASES, *ORDINARY, "linked"}


def test_ordinary_learners_among_them_lose_nothing(bench):
    assert [bench.rows[name].total for name in ORDINARY] == [10, 10, 10]
    assert [bench.rows[name].notes for name in ORDINARY] == [(), (), ()]


def test_another_learners_file_is_not_graded_by_a_link(bench):
    assert bench.rows["linked"].total == 0
    assert bench.rows["linked"].status == "not graded: nothing handed in"


def test_no_process_is_left_behind(bench):
    assert bench.behind == {}


def test_nothing_is_changed_or_left_outside_of_the_reports(bench):
    after = contents(bench.folder)
    out = bench.folder / "out"
    assert {path: data for path, data in after.items() if not path.is_relative_to(out)} == bench.before
    pages = {f"{name}.html" for name in bench.rows}
    assert {path.name for path in out.iterdir()} == {"grades.csv", "results.json", "feedback", "finished"}
    assert {path.name for path in (out / "feedback").iterdir()} == pages


def test_the_table_holds_what_was_found(bench):
    with (bench.folder / "out" / "grades.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert list(lines[0]) == ["learner", "leaky", "slope", "dead", "total", "max", "status", "notes"]
    for line in lines:
        row = bench.rows[line["learner"]]
        points = [float(line[question]) for question in ("leaky", "slope", "dead")]
        assert sum(points) == float(line["total"]) == row.total
        assert (line["max"], line["status"]) == ("10", row.status)


def test_a_page_shows_no_hidden_test_and_runs_nothing(bench):
    for page in (bench.folder / "out" / "feedback").iterdir():
        text = page.read_text("utf-8")
        assert "<script" not in text
        assert "http" not in text.replace("http-equiv", "")
        assert not any(hidden in text for hidden in ("expect.near", "rng", "HIDDEN", "earned()"))


def test_a_second_run_gives_the_same_bytes(bench):
    # Those that wait for a limit would take as long again.
    for name, case in CASES.items():
        if not case.slow:
            shutil.copytree(bench.folder / "submissions" / name, bench.folder / "again" / name)
    again = grade(
        bench.source, bench.folder / "again", bench.folder / "out 2", limits=LIMITS, workers=2, progress=False
    )
    assert len(again.rows) >= 60
    for row in again.rows:
        page = f"feedback/{row.learner}.html"
        assert (bench.folder / "out 2" / page).read_bytes() == (bench.folder / "out" / page).read_bytes(), row.learner
    first, second = (json.loads((bench.folder / out / "results.json").read_text()) for out in ("out", "out 2"))
    names = {row.learner for row in again.rows}
    assert second["learners"] == [learner for learner in first["learners"] if learner["learner"] in names]
    lines = (bench.folder / "out" / "grades.csv").read_text("utf-8").splitlines()
    assert set((bench.folder / "out 2" / "grades.csv").read_text("utf-8").splitlines()) <= set(lines)


def test_an_interrupted_run_leaves_no_process(tmp_path):
    small = Bench(tmp_path, {})
    waiting = f"import subprocess, time\nsubprocess.Popen(['sleep', '{small.place.mark}'])\ntime.sleep(100)"
    (tmp_path / "submissions" / "aab.ipynb").write_bytes(as_bytes(answered(small.place, first=waiting)))
    # The keyboard's signal, which may be off where tests run in the background.
    code = f"""
import signal
from actlab.grading.running import grade
signal.signal(signal.SIGINT, signal.default_int_handler)
grade({small.place.source!r}, {small.place.submissions!r}, {small.place.out!r}, workers=1, progress=False)
"""
    child = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        assert eventually(lambda: any(small.place.mark in what for _, what in processes()), seconds=100)
        os.killpg(child.pid, signal.SIGINT)
        assert child.communicate(timeout=100)[1].endswith("KeyboardInterrupt\n")
        assert eventually(lambda: not any(small.place.mark in what for _, what in processes()), seconds=20)
    finally:
        child.kill()
    # Ann's marks, and those of the source and of its release.
    assert len(list((tmp_path / "out" / "finished").iterdir())) == 3


def test_a_run_that_is_killed_leaves_no_process_and_no_folder(tmp_path):
    small = Bench(tmp_path, {})
    waiting = f"import subprocess, time\nsubprocess.Popen(['sleep', '{small.place.mark}'])\ntime.sleep(100)"
    (tmp_path / "submissions" / "aab.ipynb").write_bytes(as_bytes(answered(small.place, first=waiting)))
    code = f"""
from actlab.grading.running import grade
grade({small.place.source!r}, {small.place.submissions!r}, {small.place.out!r}, workers=1, progress=False)
"""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    child = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"TMPDIR": str(temporary)})
    try:
        assert eventually(lambda: any(small.place.mark in what for _, what in processes()), seconds=100)
        below = descendants(child.pid)
        assert len(below) >= 3
    finally:
        child.kill()
        child.wait()
    assert eventually(lambda: not any(Path(f"/proc/{number}").exists() for number in reaped(below)), seconds=20)
    assert list(temporary.glob("actlab-grading-*")) == []


def reaped(numbers):
    """Take note of the ends of processes that have become this one's, and return all numbers."""
    for number in numbers:
        try:
            os.waitpid(number, os.WNOHANG)
        except ChildProcessError:
            pass
    return numbers


def eventually(condition, seconds):
    deadline = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return holds


def test_answers_that_call_tensorflow(tmp_path):
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("needs tensorflow")
    small = Bench(tmp_path, {})
    relu = "def leaky_relu(x, alpha=0.01):\n    return tf.nn.leaky_relu(tf.constant(x), alpha)"
    inside = relu.replace("    return", "    import tensorflow as tf\n    return")
    for name, notebook in {
        "above": answered(small.place, first="import tensorflow as tf", leaky=relu),
        "inside": answered(small.place, leaky=inside),
    }.items():
        (tmp_path / "submissions" / f"{name}.ipynb").write_bytes(as_bytes(notebook))
    # It takes long to load, and longer on a machine that has other work.
    run, left = small.run(limits=Limits(cell=120.0, call=30.0, test=60.0, total=600.0))
    assert {row.learner: row.total for row in run.rows} == dict.fromkeys(("above", "inside", *ORDINARY), 10)
    assert left == {}


def test_the_right_answers_are_the_sources():
    # Else the deserved points would be those of another exercise.
    told = {id: text.strip("\n") for role, id, text, *_ in exercise.CELLS if role == "answer"}
    for id, answer in RIGHT.items():
        assert answer.splitlines()[-1].strip() in told[id]
