"""The class run: a task that breaks costs only itself, what is finished is kept, and a bad start is refused."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from actlab.grading import landlock, running, tasks
from actlab.grading.__main__ import main
from actlab.grading.limits import Limits
from actlab.grading.marking import Marks
from actlab.grading.notebooks import Unreadable
from actlab.grading.release import release
from actlab.grading.running import grade
from tests.grading import exercise
from tests.grading.cases import Place, answered, as_bytes

ROOT = Path(__file__).parent.parent
NAMES = ("ann", "bob", "cat", "dan", "eve", "fay")


def marked(assignment, data, *, limits, seed, told=None):
    """Mark without running anything: all points where the answers are the source's, else what ``_do`` says."""
    text = data.decode()
    if told:
        with open(told, "a") as file:  # short lines are written wholly
            file.write(f"{os.getpid()}\n")
    for what, do in ACTIONS.items():
        if f"_do_{what}" in text:
            do()
    points = dict.fromkeys((test.id for test in assignment.tests), 0.0)
    if "np.where" in text:
        points = {test.id: test.points for test in assignment.tests}
    return Marks(points, assignment.maximum, "graded", notes=(f"seed {seed}",) if seed else ())


def fail():
    raise ArithmeticError("no way")


ACTIONS = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "exit": lambda: os._exit(3),
    "fail": fail,
    "hang": lambda: time.sleep(1000),
    "wait": lambda: time.sleep(0.3),
}


@pytest.fixture
def place(tmp_path):
    source = exercise.write(tmp_path / "source" / "leaky.ipynb")
    made = Place(release(source), str(source), str(tmp_path / "submissions"), str(tmp_path / "out"), "")
    (tmp_path / "submissions").mkdir()
    for name in NAMES:
        # No two are alike: the same file is marked once.
        put(made, name, "")
    return made


def put(place, name, what):
    path = Path(place.submissions) / f"{name}.ipynb"
    path.write_bytes(as_bytes(answered(place, last=f"'{name}'  # _do_{what}")))


def run(place, out="out", **told):
    told = {"marking": marked, "progress": False} | told
    if not told.keys() & {"executor", "workers"}:
        told["executor"] = ThreadPoolExecutor(1)
    return grade(place.source, place.submissions, Path(place.out).with_name(out), **told)


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- Where it runs ----------------------------------------------------------------------------------------------------


def test_every_executor_gives_the_same_bytes(place):
    run(place)
    expected = contents(Path(place.out))
    for number, make in enumerate(
        (lambda: ThreadPoolExecutor(3), lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")))
    ):
        with make() as executor:
            found = run(place, f"out {number}", executor=executor)
            assert executor.submit(max, 1, 2).result() == 2
        assert contents(found.out) == expected
    assert run(place, "out one", workers=2).rows == found.rows
    assert len(found.graded) == len(NAMES)


def test_a_dask_cluster_gives_the_same(place):
    distributed = pytest.importorskip("distributed")
    run(place)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        found = run(place, "out dask", executor=client.get_executor())
    assert contents(found.out) == contents(Path(place.out))


def test_who_ends_the_process_of_the_task_costs_only_itself(place):
    put(place, "bob", "kill")
    put(place, "eve", "exit")
    rows = {row.learner: row for row in run(place, workers=2).rows}
    assert {name for name, row in rows.items() if row.status == "graded"} == {"ann", "cat", "dan", "fay"}
    assert {row.total for row in rows.values()} == {0.0, 10.0}
    for name in ("bob", "eve"):
        assert rows[name].status == "not graded: grading failed"
        assert rows[name].notes[0].startswith("the process that graded it ended: ")
    first = contents(Path(place.out))
    run(place, "again", workers=2)
    assert contents(Path(place.out).with_name("again")) == first


def test_an_error_costs_only_itself_and_is_not_kept(place):
    put(place, "bob", "fail")
    rows = {row.learner: row for row in run(place).rows}
    assert (rows["bob"].status, rows["bob"].notes) == ("not graded: grading failed", ("ArithmeticError: no way",))
    assert [row.total for row in rows.values()] == [10, 0, 10, 10, 10, 10]
    assert len(list((Path(place.out) / "finished").iterdir())) == len(NAMES) - 1 + 2  # the source and its release


def test_who_hangs_is_ended(place, monkeypatch):
    monkeypatch.setattr(running, "_GRACE", 5.0)
    put(place, "cat", "hang")
    rows = {row.learner: row for row in run(place, limits=Limits(total=1.0), workers=2).rows}
    assert rows["cat"].notes == ("the process that graded it ended: it was not finished after 6 seconds",)
    assert [row.total for row in rows.values()] == [10, 10, 0, 10, 10, 10]


def test_an_executor_of_somebody_else_that_breaks_is_told(place):
    put(place, "ann", "wait")
    put(place, "bob", "kill")
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        found = run(place, executor=executor)
    assert len(found.rows) == len(NAMES)
    assert found.ungraded
    assert all(row.notes[0].startswith("the executor broke: ") for row in found.ungraded)
    put(place, "bob", "")
    assert len(run(place).graded) == len(NAMES)


# --- What is kept -----------------------------------------------------------------------------------------------------


def test_what_is_finished_is_not_marked_again(place, tmp_path):
    told = tmp_path / "told"
    told.touch()
    go = functools.partial(run, place, marking=functools.partial(marked, told=str(told)))

    def marked_now(**changes):
        before = len(told.read_text().splitlines())
        go(**changes)
        return len(told.read_text().splitlines()) - before

    everything = len(NAMES) + 2
    assert marked_now() == everything
    first = contents(Path(place.out))
    assert marked_now() == 0
    assert contents(Path(place.out)) == first
    put(place, "bob", "nothing")
    assert marked_now() == 1
    assert marked_now(resume=False) == everything
    assert marked_now(seed=1) == everything
    assert marked_now(limits=Limits(cell=29.0)) == everything
    assert marked_now() == 0
    exercise.write(Path(place.source), leave_out="expect.shape(leaky_relu, np.zeros((2, 3))")
    assert marked_now() == everything
    for path in (Path(place.out) / "finished").iterdir():
        path.write_text(path.read_text().replace("10", "11").replace("2.0", "9.0"))
    # The release is without points: nothing was replaced there.
    assert marked_now() >= everything - 1


def test_the_marks_depend_on_the_version_of_the_package(place, monkeypatch):
    run(place)
    kept = set((Path(place.out) / "finished").iterdir())
    monkeypatch.setattr(running, "_version", lambda: "another")
    run(place)
    assert len(set((Path(place.out) / "finished").iterdir())) == 2 * len(kept)


def test_an_interrupt_keeps_what_is_finished(place, tmp_path):
    for name in NAMES[1:]:
        put(place, name, "hang")
    code = f"""
import tests.test_grading_running as t
from actlab.grading.running import grade
if __name__ == "__main__":
    try:
        grade({place.source!r}, {place.submissions!r}, {place.out!r}, marking=t.marked, progress=False, workers=2)
    except KeyboardInterrupt:
        print("interrupted")
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    # A process group of its own, as a terminal gives it, and the keyboard's signal, which may be off in this one.
    child = subprocess.Popen(
        [sys.executable, "-c", f"import signal, runpy\nsignal.signal(2, signal.default_int_handler)\n"
         f"runpy.run_path({str(script)!r}, run_name='__main__')"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )  # fmt: skip
    finished = Path(place.out) / "finished"
    deadline = time.monotonic() + 60
    while (not finished.exists() or len(list(finished.glob("*.json"))) < 3) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.killpg(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert out == "interrupted\n", err
    kept = [json.loads(json.loads(path.read_text())["marks"]) for path in finished.glob("*.json")]
    assert sorted(sum(marks["points"].values()) for marks in kept) == [0, 10, 10]  # release, source, Ann


def test_a_file_that_changes_during_the_run_is_told(place, monkeypatch):
    def meddling(assignment, data, *, limits, seed):
        if b"'ann'" in data:
            put(place, "fay", "something")
        return marked(assignment, data, limits=limits, seed=seed)

    monkeypatch.setattr(tasks, "_AHEAD", 1)
    rows = {row.learner: row for row in run(place, marking=meddling).rows}
    assert rows["fay"].status == "not graded: grading failed"
    assert rows["fay"].notes == ("the file was changed during the run",)
    assert rows["ann"].total == 10


# --- What is refused --------------------------------------------------------------------------------------------------


def test_a_source_that_its_own_tests_do_not_give_all_points_is_refused(place):
    def no_points(assignment, data, *, limits, seed):
        return Marks({"leaky_values": 1.0}, 10.0, "graded", reasons={"leaky_hidden": "gave 1; expected 2"})

    with pytest.raises(ValueError, match=r"the source itself of leaky gets 1 of 10 points; expected 10\n.*gave 1"):
        run(place, marking=no_points, executor=ThreadPoolExecutor(1))
    assert not (Path(place.out) / "grades.csv").exists()


def test_a_release_that_gets_points_is_refused(place):
    def all_points(assignment, data, *, limits, seed):
        return Marks({test.id: test.points for test in assignment.tests}, 10.0, "graded")

    with pytest.raises(
        ValueError, match=r"the release, unanswered, of leaky gets 10 of 10 points; expected 0\n.*leaky"
    ):
        run(place, marking=all_points, executor=ThreadPoolExecutor(1))


class _Bare:
    missing = ("Anybody can read everything.",)


def test_a_system_without_protection_is_refused_unless_told_otherwise(place, monkeypatch):
    real = running.protections()
    monkeypatch.setattr(running, "protections", lambda: _Bare)
    with pytest.raises(ValueError, match=r"Anybody can read everything\.\n.*--unprotected"):
        run(place, executor=ThreadPoolExecutor(1))
    monkeypatch.setattr(running, "asdict", lambda value: {} if value is _Bare else vars(value))
    assert len(run(place, executor=ThreadPoolExecutor(1), unprotected=True).graded) == len(NAMES)
    # Here all is well, on the worker it is not.
    answers = iter([real])
    monkeypatch.setattr(running, "protections", lambda: next(answers, _Bare))
    with pytest.raises(ValueError, match="a worker is without protection: Anybody"):
        run(place, "other", executor=ThreadPoolExecutor(1))


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"seed": -1}, "seed must be a whole number of 0 or more; got -1"),
        ({"seed": 0.5}, "seed must be a whole number"),
        ({"workers": 0}, "workers must be a whole number of 1 or more; got 0"),
        ({"executor": 3}, "executor must be a concurrent.futures.Executor or None; got 3"),
    ],
)
def test_a_bad_argument_is_named(place, told, message):
    with pytest.raises((ValueError, TypeError), match=message):
        grade(place.source, place.submissions, place.out, **told)


def test_workers_and_an_executor_exclude_each_other(place):
    with pytest.raises(ValueError, match="workers belongs to the pool"):
        grade(place.source, place.submissions, place.out, executor=ThreadPoolExecutor(1), workers=2)


@pytest.mark.parametrize(
    ("source", "folder", "out", "message"),
    [
        ("source/leaky.ipynb", "nowhere", "out", "nowhere is no folder"),
        ("nowhere.ipynb", "submissions", "out", "nowhere.ipynb: No such file"),
        ("source/leaky.ipynb", "submissions", "submissions/out", "must not lie in one another"),
        ("source/leaky.ipynb", "submissions", "submissions", "must not lie in one another"),
        ("source/leaky.ipynb", "submissions", ".", "must not lie in one another"),
        ("source/leaky.ipynb", "source", "out", "the source must not lie among the submissions"),
        ("source/leaky.ipynb", "submissions", "source/leaky.ipynb", "is a file; expected a folder"),
    ],
)
def test_places_that_do_not_fit_are_refused(place, tmp_path, capsys, source, folder, out, message):
    assert main(["grade", *(str(tmp_path / name) for name in (source, folder, out))]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_source_that_submissions_could_read_is_refused(place, tmp_path, monkeypatch):
    monkeypatch.setattr(landlock, "readable", lambda: [tmp_path / "source"])
    with pytest.raises(ValueError, match=r"submissions can read .*leaky\.ipynb"):
        run(place)
    assert not Path(place.out).exists()


# --- The command ------------------------------------------------------------------------------------------------------


def test_the_command_grades_a_class(place, capsys):
    (Path(place.submissions) / "gus.ipynb").write_bytes(b"")
    arguments = ["grade", place.source, place.submissions, place.out, "--workers", "1", "--cell-seconds", "29"]
    assert main([*arguments, "--seed", "5"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"leaky: {len(NAMES)} of {len(NAMES) + 1} learners graded, median 10 of 10 points",
        "not graded: 'gus': not graded: unreadable; the file is empty",
        f"reports: {place.out}",
    ]
    told = json.loads((Path(place.out) / "results.json").read_text())
    assert (told["seed"], told["limits"]["cell"], told["limits"]["call"]) == (5, 29.0, 5.0)


def test_the_command_refuses_a_bad_limit(place, capsys):
    arguments = ["grade", place.source, place.submissions, place.out]
    assert main([*arguments, "--cell-seconds", "-1"]) == 2
    assert "cell must be a positive number of seconds; got -1.0" in capsys.readouterr().err


def test_what_cannot_be_read_has_an_outcome_of_its_own(tmp_path):
    def unreadable():
        raise Unreadable("gone")

    kept = tasks.Kept(tmp_path, [])
    (outcome,) = tasks.run(lambda data: {}, [unreadable], ThreadPoolExecutor(1), kept)
    assert (outcome["status"], outcome["notes"]) == ("not graded: grading failed", ["gone"])
