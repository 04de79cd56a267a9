"""Sweeps give the same wherever they are computed, survive errors and interrupts, and are resumed from a folder."""

import functools
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

import actlab
from actlab import checkpoints, sweep
from actlab.checkpoints import describe

with suppress(ImportError):
    import sklearn.datasets  # noqa: F401  (brings OpenMP, whose number of threads is each thread's own)

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Drawn:
    """A task whose results show which networks they are of, and who computed them."""

    seed: int = 0

    def __call__(self, first, count):
        draws = [np.random.default_rng((self.seed, i)).normal(size=2) for i in range(first, first + count)]
        return {"draws": np.array(draws), "even": np.arange(first, first + count) % 2 == 0}


def expected(networks, seed=0):
    draws = [np.random.default_rng((seed, i)).normal(size=2) for i in range(networks)]
    return {"draws": np.array(draws), "even": np.array([i % 2 == 0 for i in range(networks)])}


def assert_same(results, reference):
    assert results.keys() == reference.keys()
    for name, array in results.items():
        assert array.dtype == reference[name].dtype
        assert array.shape == reference[name].shape
        assert array.tobytes() == reference[name].tobytes()


def where(first, count):
    """Tell which process computed a block, and with how many threads its linear algebra may compute."""
    threads = max((library["num_threads"] for library in threadpool_info()), default=1)
    return {"process": np.full(count, os.getpid()), "threads": np.full(count, threads)}


class Counting:
    """A task that counts its calls, and raises ``error`` when it comes to the block beginning with ``at``."""

    def __init__(self, error=None, at=None):
        self.error, self.at, self.calls = error, at, []

    def __call__(self, first, count):
        self.calls.append((first, count))
        if first == self.at and self.error is not None:
            raise self.error
        return Drawn()(first, count)

    def __reduce__(self):  # all of these are the same task
        return Counting, ()


# --- Where blocks are computed ----------------------------------------------------------------------------------------


@pytest.fixture(params=["threads", "processes"])
def executor(request):
    kinds = {
        "threads": lambda: ThreadPoolExecutor(3),
        "processes": lambda: ProcessPoolExecutor(2, mp_context=get_context("spawn")),
    }
    with kinds[request.param]() as made:
        yield made


@pytest.mark.parametrize("block", [1, 7, 23, 100])
def test_the_blocks_are_put_together_in_the_order_of_networks(block, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    assert_same(sweep.run(Drawn(), 23, block=block), expected(23))


def test_any_executor_gives_the_same_and_is_left_running(executor):
    assert_same(sweep.run(Drawn(), 23, block=4, executor=executor), expected(23))
    assert executor.submit(max, 1, 2).result() == 2
    assert set(sweep.run(where, 4, block=1, executor=executor)["threads"]) == {1}


@pytest.mark.parametrize("processes", [False, True])
def test_a_dask_cluster_gives_the_same(processes):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=processes, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        executor = client.get_executor()
        assert_same(sweep.run(Drawn(), 23, block=4, executor=executor), expected(23))
        there = sweep.run(where, 4, block=1, executor=executor)
        assert set(there["threads"]) == {1}
        assert (os.getpid() in there["process"]) is not processes
        with pytest.raises(ZeroDivisionError) as caught:
            sweep.run(divided, 6, block=2, executor=executor)
        assert caught.value.__notes__ == ["This was in the block of networks 2 to 3."]


def test_the_default_is_a_pool_of_processes(monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")
    assert_same(sweep.run(Drawn(), 23, block=4), expected(23))
    there = sweep.run(where, 40, block=1)
    assert os.getpid() not in there["process"]
    assert len(set(there["process"])) <= 2
    assert set(there["threads"]) == {1}


@pytest.mark.parametrize(("processors", "block"), [("1", 2), ("2", 8)])
def test_a_small_run_or_a_single_processor_needs_no_pool(monkeypatch, processors, block):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", processors)
    before = [library["num_threads"] for library in threadpool_info()]
    there = sweep.run(where, 8, block=block)
    assert set(there["process"]) == {os.getpid()}
    assert set(there["threads"]) == {1}
    assert [library["num_threads"] for library in threadpool_info()] == before


def test_no_more_blocks_are_submitted_than_are_wanted(monkeypatch):
    monkeypatch.setattr(sweep, "_AHEAD", 3)
    lock, open_now, most = threading.Lock(), [0], [0]

    class Watched(ThreadPoolExecutor):
        def submit(self, function, /, *arguments):
            with lock:
                open_now[0] += 1
                most[0] = max(most[0], open_now[0])
            return super().submit(function, *arguments)

    def task(first, count):
        with lock:
            open_now[0] -= 1
        return Drawn()(first, count)

    with Watched(2) as executor:
        assert_same(sweep.run(task, 50, block=1, executor=executor), expected(50))
    assert most[0] == 3


SCRIPT = """
import sys
import numpy as np
from actlab import sweep

scale = 2.0
def task(first, count):
    return {"x": scale * np.arange(first, first + count)}

print(sweep.run(task, 10, block=3, progress="progress" in sys.argv)["x"].tolist())
"""


def script(tmp_path, text, *arguments, **options):
    path = tmp_path / "script.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    environment = {**os.environ, "LOKY_MAX_CPU_COUNT": "2", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", str(path), *map(str, arguments)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def test_a_script_needs_no_guard_and_may_define_the_task(tmp_path):
    run = script(tmp_path, SCRIPT)
    out, errors = run.communicate()
    assert (run.returncode, errors) == (0, "")
    assert out == f"{[2.0 * i for i in range(10)]}\n"


# --- Errors and interrupts --------------------------------------------------------------------------------------------


def divided(first, count):
    return {"x": np.full(count, 1 // (first - 2))}


def ended(first, count):
    os._exit(3)


@pytest.mark.parametrize("processors", ["1", "2"])
def test_a_failed_block_raises_the_tasks_own_error_with_a_note(monkeypatch, processors):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", processors)
    with pytest.raises(ZeroDivisionError) as caught:
        sweep.run(divided, 6, block=2)
    assert caught.value.__notes__ == ["This was in the block of networks 2 to 3."]
    assert_same(sweep.run(Drawn(), 6, block=2), expected(6))


def test_a_killed_worker_is_an_error_and_the_next_sweep_works(monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")
    with pytest.raises(RuntimeError) as caught:
        sweep.run(ended, 6, block=2)
    assert "This was in the block of networks" in caught.value.__notes__[-1]
    assert_same(sweep.run(Drawn(), 6, block=2), expected(6))


def one_fails_while_another_computes(folder, first, count):
    told = folder / "pid"
    if first == 0:
        told.with_suffix(".part").write_text(str(os.getpid()))
        told.with_suffix(".part").rename(told)
        time.sleep(100)
    while not told.exists():
        time.sleep(0.01)
    raise RuntimeError("no")


def test_no_worker_goes_on_after_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")
    with pytest.raises(RuntimeError, match="no"):
        sweep.run(functools.partial(one_fails_while_another_computes, tmp_path), 2, block=1)
    worker, limit = int((tmp_path / "pid").read_text()), time.monotonic() + 30
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < limit:
            os.kill(worker, 0)
            time.sleep(0.02)


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt()], ids=repr)
def test_after_a_failed_block_the_rest_is_cancelled(error):
    begun, go_on = [], threading.Event()

    def task(first, count):
        begun.append(first)
        if first == 0:
            raise error
        assert go_on.wait(60)
        return Drawn()(first, count)

    with ThreadPoolExecutor(2) as executor:
        with pytest.raises(type(error)):
            sweep.run(task, 100, block=1, executor=executor)
        go_on.set()
    assert set(begun) <= {0, 1, 2}


class Immediate(Executor):
    """Has computed every block before the first is asked for."""

    def submit(self, function, /, *arguments):
        future = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


def test_what_was_finished_when_a_block_failed_is_saved(tmp_path):
    with pytest.raises(RuntimeError):
        sweep.run(Counting(RuntimeError(), at=3), 12, block=3, executor=Immediate(), save=tmp_path)
    rest = Counting()
    assert_same(sweep.run(rest, 12, block=3, save=tmp_path), expected(12))
    assert rest.calls == [(3, 3)]


def test_an_interrupted_sweep_is_resumed(tmp_path, monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    with pytest.raises(KeyboardInterrupt):
        sweep.run(Counting(KeyboardInterrupt(), at=6), 20, block=3, save=tmp_path)
    rest = Counting()
    assert_same(sweep.run(rest, 20, block=3, executor=Immediate(), save=tmp_path), expected(20))
    assert rest.calls == [(first, min(3, 20 - first)) for first in range(6, 20, 3)]


# What a shell starts in the background ignores the keyboard's signal, and so would this script.
SLOW = """
import signal, sys, time
import numpy as np
from actlab import sweep

signal.signal(signal.SIGINT, signal.default_int_handler)

def task(first, count):
    time.sleep(0.05)
    return {"x": np.arange(first, first + count)}

results = sweep.run(task, int(sys.argv[2]), block=1, save=sys.argv[1])
print(results["x"].tolist())
"""


def test_a_script_is_interrupted_from_the_keyboard_and_resumed(tmp_path):
    folder = tmp_path / "saved"
    run = script(tmp_path, SLOW, folder, 10_000, start_new_session=True)
    limit = time.monotonic() + 60
    while len(list(folder.glob("*.npz"))) < 3:
        assert run.poll() is None and time.monotonic() < limit
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to the script and to its workers
    _, errors = run.communicate(timeout=60)
    assert run.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert not list(folder.glob("*.part"))
    there = {path: path.stat().st_mtime_ns for path in folder.glob("*.npz")}
    out, errors = script(tmp_path, SLOW, folder, len(there) + 2).communicate(timeout=60)
    assert errors == ""
    assert out == f"{list(range(len(there) + 2))}\n"
    assert there.items() <= {path: path.stat().st_mtime_ns for path in folder.glob("*.npz")}.items()


# --- The folder -------------------------------------------------------------------------------------------------------


def saved(folder, networks, block=3, task=None):
    task = task or Counting()
    results = sweep.run(task, networks, block=block, executor=Immediate(), save=folder)
    assert not list(Path(folder).glob("*.part"))
    return results, task.calls


def test_a_longer_sweep_computes_only_what_a_shorter_one_has_not(tmp_path):
    assert saved(tmp_path / "a" / "b", 8)[1] == [(0, 3), (3, 3), (6, 2)]
    results, calls = saved(str(tmp_path / "a" / "b"), 13)
    assert calls == [(6, 3), (9, 3), (12, 1)]
    assert_same(results, expected(13))


def test_a_shorter_sweep_computes_nothing(tmp_path):
    saved(tmp_path, 13)
    results, calls = saved(tmp_path, 8)
    assert calls == []
    assert_same(results, expected(8))
    assert saved(tmp_path, 13)[1] == []  # and takes nothing away


def test_results_come_back_as_they_were(tmp_path):
    def task(first, count):
        i = np.arange(first, first + count)
        return {
            "file": i.astype(np.float32),
            "allow_pickle": np.where(i[:, np.newaxis] > 1, [np.nan, -0.0, np.inf], 1),
            "whole": np.asfortranarray(np.stack([i, -i], axis=1)).astype(">i2"),
            "text": np.char.mod("%03d", i),
            "none": np.empty((count, 0)),
        }

    fresh = sweep.run(task, 7, block=3, executor=Immediate(), save=tmp_path)
    assert_same(fresh, sweep.run(task, 7, block=7))
    again = sweep.run(task, 7, block=3, executor=Immediate(), save=tmp_path)
    assert_same(again, fresh)


def test_another_task_is_refused_and_both_are_named(tmp_path):
    sweep.run(Drawn(1), 3, block=2, executor=Immediate(), save=tmp_path)
    with pytest.raises(ValueError, match="holds results of another task") as caught:
        sweep.run(Drawn(2), 3, block=2, executor=Immediate(), save=tmp_path)
    assert "Drawn" in str(caught.value) and "(seed=1)#" in str(caught.value) and "(seed=2)#" in str(caught.value)


def test_another_block_size_is_refused(tmp_path):
    saved(tmp_path, 8)
    with pytest.raises(ValueError, match=r"holds blocks of 3 networks; choose block=3 or another folder; got block=4"):
        saved(tmp_path, 8, block=4)


@pytest.mark.parametrize("text", ["", "[]", '{"task": "x"}', "\xff"])
def test_a_damaged_account_of_the_folder_is_refused(tmp_path, text):
    saved(tmp_path, 8)
    (tmp_path / "sweep.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"sweep\.json is damaged"):
        saved(tmp_path, 8)
    (tmp_path / "sweep.json").unlink()
    with pytest.raises(ValueError, match=r"holds \.npz files, but no sweep\.json"):
        saved(tmp_path, 8)


def test_a_damaged_block_is_computed_anew(tmp_path):
    """Whichever byte of it is wrong, or where it ends: what comes back is right, or counts as not there."""
    saved(tmp_path, 3)
    (path,) = tmp_path.glob("*.npz")
    whole = path.read_bytes()
    folder = checkpoints.Checkpoints(tmp_path, Counting(), 3)
    cut = [whole[:end] for end in range(len(whole))]
    flipped = [
        whole[:i] + bytes([byte ^ bits]) + whole[i + 1 :] for i, byte in enumerate(whole) for bits in (1, 0x80, 0xFF)
    ]
    for wrong in cut + flipped:
        path.write_bytes(wrong)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = folder.load(0, 3)
        if found is None:
            assert "networks-000000000.npz is damaged and is computed anew" in str(told[0].message)
        else:
            assert wrong not in cut
            assert_same(found, expected(3))
    path.write_bytes(cut[-1])
    with pytest.warns(RuntimeWarning, match="is damaged and is computed anew"):
        results, calls = saved(tmp_path, 3)
    assert calls == [(0, 3)]
    assert_same(results, expected(3))
    assert_same(folder.load(0, 3), expected(3))


def test_a_block_from_elsewhere_is_not_taken(tmp_path):
    saved(tmp_path, 6)
    sweep.run(Drawn(5), 6, block=3, executor=Immediate(), save=tmp_path / "other")
    first, second = sorted(tmp_path.glob("*.npz"))
    for strange in (first, tmp_path / "other" / second.name):
        second.write_bytes(strange.read_bytes())
        with pytest.warns(RuntimeWarning, match="does not hold what was written there"):
            assert_same(saved(tmp_path, 6)[0], expected(6))


class Trap:
    def __reduce__(self):
        return pytest.fail, ("a pickle was read",)


def test_no_pickle_is_read(tmp_path):
    saved(tmp_path, 3)
    (path,) = tmp_path.glob("*.npz")
    np.savez(path, draws=np.array([Trap()] * 3, dtype=object))
    with pytest.warns(RuntimeWarning, match="allow_pickle=False"):
        assert_same(saved(tmp_path, 3)[0], expected(3))


def test_a_file_is_replaced_wholly_or_not_at_all(tmp_path, monkeypatch):
    saved(tmp_path, 2)
    (path,) = tmp_path.glob("*.npz")
    before = path.read_bytes()

    def full(member, array, **options):
        member.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(checkpoints, "write_array", full)
    with pytest.raises(OSError, match="No space left"):
        saved(tmp_path, 3)
    assert [file.name for file in sorted(tmp_path.iterdir())] == [path.name, "sweep.json"]
    assert path.read_bytes() == before


# --- How tasks are told apart -----------------------------------------------------------------------------------------


def plain(first, count, scale=1.0):
    return {"x": np.full(count, scale)}


def closing(over):
    return lambda first, count: {"x": np.full(count, over)}


def recursive():
    def task(first, count):
        return task

    return task


def partials(*values):
    return [functools.partial(plain, scale=value) for value in values]


def in_a_notebook(text):
    """The function ``task`` that these cells define."""
    names = {"__name__": "__main__"}
    exec(textwrap.dedent(text), names)
    return names["task"]


CELLS = """
by = {by}
def half(i): return i / {divisor}
def task(i): return [half(i * by) for _ in range(2)] if i else task(i)
"""

DIFFERENT = {
    "dataclasses": [Drawn(1), Drawn(2), Drawn(1.0), Drawn(True)],
    "functions": [plain, divided, closing(1), closing(2), closing("1"), recursive()],
    "code": [lambda i: i + 1, lambda i: i + 2, lambda i: i - 1, lambda i: np.sin(i), lambda i: np.cos(i)],
    "nested code": [lambda i: (lambda: i + 1)(), lambda i: (lambda: i + 2)()],
    "defaults": [lambda i, by=1: i, lambda i, by=2: i, lambda i, *, by=1: i, lambda i, *, by=2: i],
    "partials": [*partials(1, 1.0, np.float32(1), True, "1", b"1", None), functools.partial(plain, 1)],
    "arrays": partials(
        np.zeros(2),
        np.array([0, 1e-300]),
        np.zeros(2, dtype=np.float32),
        np.zeros(2, dtype=np.int64),
        np.zeros((2, 1)),
        np.array([0, None]),
        np.array([1, None]),
        [0.0, 0.0],
        (0.0, 0.0),
    ),
    "activations": partials(actlab.relu, actlab.elu, actlab.elu.with_params(alpha=2.0)),
    "containers": partials({"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a", "b"}, {"a", "c"}, Path("a"), Path("b")),
    "notebooks": [in_a_notebook(CELLS.format(by=by, divisor=divisor)) for by in (1, 2) for divisor in (1, 2)],
    "names": partials(np, np.tanh, np.sinh, max, min, Path, Drawn),
    "methods": [Drawn(1).__call__, Drawn(2).__call__, Drawn(1).__repr__],
}


@pytest.mark.parametrize("kind", DIFFERENT)
def test_different_tasks_are_described_differently(kind):
    described = [describe(task) for task in DIFFERENT[kind]]
    assert len(set(described)) == len(described), described


def test_the_same_task_is_described_alike_in_every_process():
    show = "from tests.test_sweep import *; print([describe(task) for tasks in DIFFERENT.values() for task in tasks])"
    told = {
        subprocess.run(
            [sys.executable, "-c", show],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(told) == 1


def test_a_description_can_be_read():
    data = {"x": np.zeros((2, 3)), "by": (1, None)}
    text = describe(functools.partial(np.linspace, 0.5, [True, "a"], num=actlab.elu, data=data))
    assert re.sub("#[0-9a-f]{16}", "#", text) == (
        "partial(numpy.linspace, 0.5, [True, 'a'], data={'by': (1, None), 'x': array(<f8, (2, 3), #)}, "
        "num=actlab.core._restore#('elu', {'alpha': 1.0})#)"
    )
    assert re.sub("#[0-9a-f]{16}", "#", describe(Drawn(3))) == "tests.test_sweep.Drawn(seed=3)#"
    assert re.sub("#[0-9a-f]{16}", "#", describe(plain)) == "tests.test_sweep.plain#"


def test_a_task_that_cannot_be_pickled_cannot_be_saved(tmp_path):
    with pytest.raises(TypeError, match=r"a task whose results are saved must be one that can be pickled; got <.*lock"):
        saved(tmp_path, 3, task=functools.partial(plain, scale=threading.Lock()))


# --- Progress ---------------------------------------------------------------------------------------------------------


def test_progress_is_shown_only_when_asked_for(capfd, executor):
    sweep.run(Drawn(), 20, block=7, executor=executor)
    assert capfd.readouterr() == ("", "")
    sweep.run(Drawn(), 20, block=7, executor=executor, progress=True)
    out, shown = capfd.readouterr()
    assert out == ""
    assert "0/20" in shown and "20/20" in shown


def test_progress_begins_with_what_is_saved(capfd, tmp_path):
    saved(tmp_path, 9)
    sweep.run(Counting(), 15, block=3, executor=Immediate(), save=tmp_path, progress=True)
    shown = re.findall(r"(\d+)/15", capfd.readouterr().err)
    assert (shown[0], shown[-1]) == ("9", "15")


# --- Bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"networks": 0}, ValueError, "networks must be a whole number of 1 or more; got 0"),
        ({"networks": 2.0}, ValueError, r"networks must be a whole number of 1 or more; got 2\.0"),
        ({"block": 0}, ValueError, "block must be a whole number of 1 or more; got 0"),
        ({"task": "relu"}, TypeError, r"task must be callable as task\(first, count\); got 'relu'"),
        ({"executor": 4}, TypeError, r"executor must be a concurrent\.futures\.Executor, .*; got 4"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        sweep.run(**{"task": Drawn(), "networks": 4, "block": 2} | arguments)


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (lambda first, count: np.zeros(count), TypeError, "a task must return a dict of arrays by name, .*; got array"),
        (lambda first, count: {}, TypeError, r"a task must return a dict of arrays by name, .*; got \{\}"),
        (lambda first, count: {1: np.zeros(count)}, TypeError, "a task must return a dict of arrays by name"),
        (
            lambda first, count: {"x": np.zeros(3)},
            ValueError,
            r"x must have a leading axis of 2 networks; got shape \(3,\)",
        ),
        (lambda first, count: {"x": 1.0}, ValueError, r"x must have a leading axis of 2 networks; got shape \(\)"),
        (lambda first, count: {"x": np.array([None] * count)}, TypeError, "x must be of numbers, .*; got dtype object"),
    ],
)
def test_bad_results_are_refused(answer, error, message):
    with pytest.raises(error, match=message) as caught:
        sweep.run(answer, 4, block=2, executor=Immediate())
    assert caught.value.__notes__ == ["This was in the block of networks 0 to 1."]


@pytest.mark.parametrize(
    "other",
    [{"y": np.zeros(2)}, {"x": np.zeros((2, 1))}, {"x": np.zeros(2, bool)}, {"x": np.zeros(2), "y": np.zeros(2)}],
)
def test_blocks_of_different_arrays_are_refused(other):
    message = r"all blocks must give the same arrays; got .* after x \(float64, \(\) each\)"
    with pytest.raises(ValueError, match=message) as caught:
        sweep.run(lambda first, count: other if first else {"x": np.zeros(2)}, 4, block=2, executor=Immediate())
    assert caught.value.__notes__ == ["This was in the block of networks 2 to 3."]
