"""Many submissions on an executor: one that breaks its task costs only itself, and finished marks are kept.

If a task takes the process of its pool down, all that ran in the pool breaks. These tasks are then repeated one at a
time, and only what breaks again is left ungraded. An executor that belongs to somebody else cannot be started anew:
what it did not finish is left to the next run.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from pathlib import Path

from actlab.grading.notebooks import Unreadable
from actlab.grading.reports import UNGRADED, put

# How many submissions an executor holds at a time: enough for a cluster, few enough for the memory of this process.
_AHEAD = 100

#: Marks of one submission as plain data, with the fields of ``reports.Row`` that a task knows.
Outcome = dict


def run(
    task: Callable[[bytes], Outcome],
    submissions: Sequence[Callable[[], bytes]],
    place: Executor | Pool,
    kept: Kept,
    finished: Callable[[], object] = lambda: None,
) -> list[Outcome]:
    """Return what the task gives for each submission, in their order.

    Parameters
    ----------
    submissions
        Each a function that reads it, called when its turn comes; it may raise ``Unreadable``.
    finished
        Called after each.
    """
    work = _Work(task, submissions, kept, finished)
    if isinstance(place, Pool):
        _on_pool(work, place)
    else:
        _on_executor(work, place)
    return [work.found[number] for number in range(len(submissions))]


def ungraded(why: object) -> Outcome:
    """Return the outcome of a submission that has no marks."""
    return {"status": f"{UNGRADED}: grading failed", "notes": [str(why)], "points": {}, "reasons": {}, "errors": {}}


class _Work:
    """What is to be done and what was found, by the numbers of the submissions."""

    def __init__(self, task, submissions, kept: Kept, finished: Callable[[], object]):
        self.task, self.kept, self.finished = task, kept, finished
        self.found: dict[int, Outcome] = {}
        self._waiting = iter(enumerate(submissions))

    def next(self) -> tuple[int, bytes] | None:
        """Return the next submission without marks, or None at the end."""
        for number, read in self._waiting:
            try:
                data = read()
            except Unreadable as error:
                self.put(number, ungraded(error))
                continue
            before = self.kept.load(data)
            if before is None:
                return number, data
            self.put(number, before)
        return None

    def put(self, number: int, outcome: Outcome) -> None:
        self.found[number] = outcome
        self.finished()

    def collect(self, number: int, data: bytes, future: Future) -> None:
        """Take what a task gave; that it failed is told, and not kept.

        Raises
        ------
        BrokenExecutor
            If the process of the task has ended.
        """
        try:
            outcome = future.result()
        except BrokenExecutor:
            raise
        except Exception as error:
            return self.put(number, ungraded(f"{type(error).__name__}: {error}"))
        self.kept.store(data, outcome)
        self.put(number, outcome)


# --- An executor ------------------------------------------------------------------------------------------------------


def _on_executor(work: _Work, executor: Executor) -> None:
    running: dict[Future, tuple[int, bytes]] = {}

    def collect(futures: Iterable[Future]) -> None:
        for future in futures:
            number, data = running.pop(future)
            try:
                work.collect(number, data, future)
            except BrokenExecutor as error:
                work.put(number, ungraded(f"the executor broke: {first_sentence(error)}"))

    try:
        while (following := work.next()) is not None:
            try:
                running[executor.submit(work.task, following[1])] = following
            except BrokenExecutor as error:
                work.put(following[0], ungraded(f"the executor broke: {first_sentence(error)}"))
            if len(running) >= _AHEAD:
                collect(wait(running, return_when=FIRST_COMPLETED).done)
        while running:
            collect(wait(running, return_when=FIRST_COMPLETED).done)
    except BaseException:
        for future in running:
            future.cancel()
        # What was finished meanwhile is kept all the same.
        collect([future for future in running if future.done() and not future.cancelled()])
        raise


# --- A pool -----------------------------------------------------------------------------------------------------------


class Pool:
    """A pool of processes that can be ended and begun anew; ``actlab.sweep`` says why it is loky's.

    Parameters
    ----------
    workers
        How many processes; as many as this process may use processors if None.
    seconds
        After how many seconds a task counts as hanging.
    """

    def __init__(self, workers: int | None, seconds: float):
        from loky import cpu_count

        self.workers, self.seconds = workers or cpu_count(), seconds

    def __enter__(self) -> Pool:
        from loky import ProcessPoolExecutor

        self._pool = ProcessPoolExecutor(self.workers, initializer=_follow_the_parent, initargs=(os.getpid(),))
        return self

    def __exit__(self, kind, *_) -> None:
        self._pool.shutdown(kill_workers=kind is not None)

    def submit(self, task: Callable, data: bytes) -> Future:
        """Begin a task."""
        return self._pool.submit(task, data)

    def renew(self) -> None:
        """End all that runs, and go on with new processes."""
        self._pool.shutdown(kill_workers=True)
        self.__enter__()

    def finished(self, running: dict[Future, float]) -> set[Future]:
        """Return one finished task at least, of those that have begun at these times.

        Raises
        ------
        BrokenExecutor
            If a task hangs.
        """
        end = min(running.values()) + self.seconds
        done = wait(running, max(0.0, end - time.monotonic()), return_when=FIRST_COMPLETED).done
        if not done:
            raise BrokenExecutor(f"it was not finished after {self.seconds:g} seconds")
        return done


def _follow_the_parent(parent: int) -> None:
    """Let a worker live as long as the parent does: on at Ctrl-C, until the parent ends it in order, and no longer."""
    # A handler rather than SIG_IGN: that one would be inherited by the learner's process, which must be interruptible.
    signal.signal(signal.SIGINT, lambda *_: None)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    # A parent that was killed ends nothing. The process of a learner ends with the worker that has started it.
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def _on_pool(work: _Work, pool: Pool) -> None:
    suspects: list[tuple[int, bytes]] = []
    running: dict[Future, tuple[int, bytes]] = {}
    began: dict[Future, float] = {}
    while True:
        # No more than there are workers, so that one which breaks the pool is among few, and each begins at once.
        while len(running) < pool.workers and (following := work.next()) is not None:
            future = pool.submit(work.task, following[1])
            running[future], began[future] = following, time.monotonic()
        if not running:
            break
        try:
            for future in pool.finished(began):
                work.collect(*running[future], future)
                del running[future], began[future]
        except BrokenExecutor:
            for future, (number, data) in running.items():
                if future.done() and future.exception() is None:
                    work.collect(number, data, future)
                else:
                    suspects.append((number, data))
            running, began = {}, {}
            pool.renew()
    for number, data in suspects:
        try:
            with Pool(1, pool.seconds) as alone:
                future = alone.submit(work.task, data)
                alone.finished({future: time.monotonic()})
                work.collect(number, data, future)
        except BrokenExecutor as error:
            work.put(number, ungraded(f"the process that graded it ended: {first_sentence(error)}"))


def first_sentence(error: BaseException) -> str:
    """Return the beginning of a message; what comes behind it may hold numbers of processes."""
    return str(error).split("\n")[0].split(". ")[0].rstrip(".") or type(error).__name__


# --- What is kept -----------------------------------------------------------------------------------------------------


class Kept:
    """Finished marks in a folder, each in a file that is named by the digest of all that they depend on.

    Parameters
    ----------
    common
        What they depend on beside the submission.
    resume
        Whether what is there already is used.
    """

    def __init__(self, folder: Path, common: Iterable[bytes | str], resume: bool = True):
        self.folder, self.common, self.resume = folder, digest_of(common), resume
        self.folder.mkdir(parents=True, exist_ok=True)

    def _path(self, data: bytes) -> Path:
        return self.folder / f"{digest_of([self.common, data])}.json"

    def load(self, data: bytes) -> Outcome | None:
        """Return the marks of a submission, or None if they are not there, or damaged."""
        if not self.resume:
            return None
        try:
            found = json.loads(self._path(data).read_bytes())
            text = found["marks"]
            return json.loads(text) if digest_of([text]) == found["digest"] else None
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def store(self, data: bytes, marks: Outcome) -> None:
        """Keep the marks of a submission."""
        text = json.dumps(marks)
        put(self._path(data), json.dumps({"marks": text, "digest": digest_of([text])}))


def digest_of(parts: Iterable[bytes | str]) -> str:
    """Return one SHA-256 of several texts, which differs where they are cut otherwise."""
    digest = hashlib.sha256()
    for part in parts:
        part = part.encode() if isinstance(part, str) else part
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
