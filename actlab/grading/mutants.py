"""The tests of an assignment tested: what they let pass that is wrong, and what they deny that is right.

Wrong answers are those of the bank (`banks.py`) and every one-place mutation of the solution (`mutations.py`); none may
get all points of its question. The solution and the bank's right answers must get them, whatever the secret on which
hidden inputs depend, and the untouched release none.

All of this is our own text, hence no sandbox: one process runs the solved notebook, and for every answer a copy of it
is forked where the answer's turn comes, so that what stands above is executed once. That process is a new one, because
forking a process with threads, such as pytest's workers, can hang.
"""

from __future__ import annotations

import difflib
import gc
import json
import os
import select
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from actlab.checks import whole_number
from actlab.grading import banks
from actlab.grading.checking import Sheet, why
from actlab.grading.mutations import mutants
from actlab.grading.notebooks import Assignment, Cell, Question, released, solution

#: The secrets with which right answers are tried; wrong ones meet the first.
SECRETS = (0, 1, 2)
# Seconds of the processor for an answer, on top of so many times what the solution takes: an endless loop is a wrong
# answer. Not of the clock, or a busy machine would deny right ones; of the clock there is a limit for what sleeps.
_LIMITS = {"mutant": (1.0, 4.0), "by hand": (5.0, 20.0)}
_SOLUTION, _ASLEEP = 600.0, 300.0
# How many answers of each kind a quick run tries where they are slow.
_FEW = 2


@dataclass(frozen=True)
class Tested:
    """How the tests of one question did.

    Attributes
    ----------
    wrong, mutants
        How many answers were tried: those written by hand, and mutations of the solution.
    rejected
        How many of both were denied at least one point.
    equivalent
        How many mutants got all points and are marked as equivalent in the bank.
    survivors
        What got all points and should not: lines of mutants, and wrong answers by their ``why``.
    faults
        What else is amiss: right answers that were denied, points for the stub, marks that are out of date.
    """

    question: str
    points: float
    wrong: int
    mutants: int
    rejected: int
    equivalent: int
    survivors: tuple[str, ...]
    faults: tuple[str, ...]

    def __str__(self) -> str:
        counts = f"{self.wrong} wrong answers and {self.mutants} mutants: {self.rejected} rejected"
        lines = [f"{self.question}, {self.points:g} points: {counts}, {self.equivalent} equivalent"]
        lines += [f"  survives: {survivor}" for survivor in self.survivors]
        return "\n".join(lines + [f"  {fault}" for fault in self.faults])


@dataclass(frozen=True)
class Report:
    """How the tests of an assignment did; ``faults`` are breaches of the rules of its bank."""

    assignment: str
    questions: tuple[Tested, ...] = field(repr=False)
    faults: tuple[str, ...]

    @property
    def tried(self) -> int:
        """The number of wrong answers and mutants, without those that are equivalent."""
        return sum(q.wrong + q.mutants - q.equivalent for q in self.questions)

    @property
    def rejected(self) -> int:
        """How many of them were rejected."""
        return sum(q.rejected for q in self.questions)

    @property
    def score(self) -> float:
        """The mutation score: the rejected share of the wrong answers that are not equivalent."""
        return self.rejected / self.tried

    @property
    def is_sound(self) -> bool:
        """Whether nothing wrong survives, nothing right is denied, and the bank keeps its rules."""
        return not self.faults and not any(q.survivors or q.faults for q in self.questions)

    def __str__(self) -> str:
        return f"{self.assignment}: {self.rejected} of {self.tried} wrong answers rejected, {100 * self.score:.1f} %"


def measure(
    source: str | Path,
    questions: Sequence[str] = (),
    *,
    quick: bool = False,
    workers: int = 1,
    tell: Callable[[Tested], object] | None = None,
) -> Report:
    """Test the tests of an assignment with its bank and the mutations of its solutions.

    Parameters
    ----------
    source
        A source notebook; its bank has the suffix ``.toml``.
    questions
        Ids of questions; all by default.
    quick
        Whether to try only the first answers and a few mutants where the bank calls a question slow.
    workers
        How many answers are tried at a time.
    tell
        Called with each question's result as soon as it is there.

    Raises
    ------
    ValueError
        If the notebook or the bank cannot be read, a cell of ours raises, a question is unknown, or ``workers`` is
        below 1.
    """
    source = Path(source)
    if not hasattr(os, "fork"):
        raise ValueError("mutants are tried in forked processes, which this system does not have; use Linux or macOS")
    whole_number("workers", workers, least=1)
    assignment = Assignment.read(source)
    bank = banks.read(source.with_suffix(".toml"), assignment)
    known = [question.id for question in assignment.questions]
    if unknown := [id for id in questions if id not in known]:
        raise ValueError(f"{source}: no question {', '.join(unknown)}; the questions are {', '.join(known)}")
    # A forked copy has none of its parent's threads, so that linear algebra is done with one.
    settings = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MPLBACKEND": "agg"}
    environment = {**os.environ, **settings}
    environment.pop("NBGRADER_EXECUTION", None)  # where it is set, checks raise
    command = [sys.executable, "-m", __name__, json.dumps([str(source), list(questions) or known, quick, workers])]
    found = []
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, encoding="utf-8") as process:
        for line in process.stdout:
            told = json.loads(line)
            if "error" in told:
                raise ValueError(told["error"])
            found.append(Tested(**{name: tuple(v) if isinstance(v, list) else v for name, v in told.items()}))
            if tell:
                tell(found[-1])
    if process.returncode:
        raise ValueError(f"{source}: the process that tries the answers ended with status {process.returncode}")
    return Report(assignment.name, tuple(found), bank.faults)


# --- The process that tries the answers -------------------------------------------------------------------------------


def _serve(source: str, questions: list[str], quick: bool, workers: int) -> None:
    """Run a solved notebook, try the answers of each question at its place, and write a line of JSON for each."""
    report = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what cells print, and warn
        os.dup2(nothing, stream)
    warnings.simplefilter("ignore")
    assignment = Assignment.read(source)
    bank = banks.read(Path(source).with_suffix(".toml"), assignment)
    here = {question.id: question for question in assignment.questions if question.id in questions}
    namespace = {"__name__": "__main__"}
    try:
        for number, cell in enumerate(assignment.cells):
            if not cell.is_code or cell.role == "test":
                continue
            if cell.id in here and cell.role == "answer":
                gc.freeze()  # the copies share what is there, as long as no collector writes to it
                below = assignment.cells[number + 1 :]
                few = _FEW if quick and cell.id in bank.slow else None
                tested = _test(here[cell.id], below, namespace, bank, few, workers)
                report.write(json.dumps(asdict(tested)) + "\n")
                report.flush()
            _run(solution(cell.text), namespace, cell.id)
    except Exception as error:  # a cell of ours; whoever started this process tells it
        report.write(json.dumps({"error": f"{source}: cell {cell.id}: {why(error)}"}) + "\n")
    report.close()


def _run(text: str, namespace: dict, name: str) -> None:
    exec(compile(text, f"<{name}>", "exec"), namespace)


def _test(
    question: Question, below: Sequence[Cell], namespace: dict, bank: banks.Bank, few: int | None, workers: int
) -> Tested:
    """Try the answers of a question where its turn has come: all, or the first few and so many mutants."""
    id, text = question.id, question.answer.text
    last = max(below.index(test) for test in question.tests)
    cells = [cell for cell in below[: last + 1] if cell.is_code and cell.role in ("locked", "test")]

    # Inputs that are not drawn do not depend on the secret.
    all_secrets = SECRETS if few is None and any(".rng" in test.text for test in question.tests) else SECRETS[:1]

    def trials(texts: Iterable[str], limit: float, secrets=SECRETS[:1], hopeful: bool = True) -> list[dict]:
        jobs = [lambda text=text: _earned(text, cells, namespace, secrets, hopeful) for text in texts]
        return _forked(jobs, workers, limit)

    def is_full(outcome: dict) -> bool:
        return all(outcome["points"].get(test.id) == test.points for test in question.tests)

    faults = []
    stub, solved = *trials([released(text)], _SOLUTION), *trials([solution(text)], _SOLUTION, all_secrets)
    limits = {kind: base + times * solved["seconds"] for kind, (base, times) in _LIMITS.items()}
    right = bank.of(id, "right")[:few]
    tried = zip(right, trials([entry.code for entry in right], limits["by hand"], all_secrets), strict=True)
    for what, outcome in [("the solution", solved), *((f"right answer {e.why!r}", o) for e, o in tried)]:
        if not is_full(outcome):
            faults.append(f"denied: {what}: {outcome['reason'] or 'a check did not run'}")
    if sum(stub["points"].values()) or stub["raised"]:
        faults.append(f"the untouched release earns {stub['points']}; {stub['reason']}")

    wrong, mutated = bank.of(id, "wrong")[:few], mutants(text)
    lines = [mutant.line for mutant in mutated]
    if few is not None:
        mutated = mutated[:: max(1, len(mutated) // few)]
    by_hand = trials([entry.code for entry in wrong], limits["by hand"], hopeful=False)
    by_machine = trials([mutant.text for mutant in mutated], limits["mutant"], hopeful=False)
    survivors = [f"wrong answer {entry.why!r}" for entry, got in zip(wrong, by_hand, strict=True) if is_full(got)]
    passed = [mutant.line for mutant, got in zip(mutated, by_machine, strict=True) if is_full(got)]
    marked = {entry.code.strip() for entry in bank.of(id, "equivalent")}
    tried = {mutant.line for mutant in mutated}
    for mark in sorted(marked - set(passed)):
        if mark in tried or mark not in lines:
            faults.append(f"marked as equivalent: {mark!r}, but {_stale(mark, lines, passed)}")
    equivalent = sum(line in marked for line in passed)
    rejected = len(wrong) - len(survivors) + len(mutated) - len(passed)
    survivors += [line for line in passed if line not in marked]
    return Tested(
        id, question.points, len(wrong), len(mutated), rejected, equivalent, tuple(survivors), tuple(faults)
    )  # fmt: skip


def _stale(mark: str, lines: list[str], passed: list[str]) -> str:
    if mark in lines:
        return "it is rejected"
    near = difflib.get_close_matches(mark, passed, n=1, cutoff=0.0)
    return f"there is no such mutant{f'; one that survives is {near[0]!r}' if near else ''}"


def _earned(answer: str, cells: Sequence[Cell], namespace: dict, secrets: Iterable[int], hopeful: bool) -> dict:
    """Execute an answer and the cells below it; return the points of each test, the least over the secrets.

    ``reason`` is the first sentence that says why a point is missing, ``raised`` whether a test raised outside of its
    check. ``seconds`` are those of the processor. Without ``hopeful`` all ends where the first point is denied.
    """
    started = time.process_time()
    points: dict[str, float] = {}
    reason, raised = "", False
    try:
        _run(answer, namespace, "answer")
    except (Exception, SystemExit) as error:
        reason = f"the cell raised {why(error)}"
    for secret in secrets:
        sheet = Sheet(secret=secret, tell=lambda said: None)
        namespace |= {"check": sheet.check, "score": sheet.score}
        for cell in cells:
            if not hopeful and any(checked.points < checked.maximum for checked in sheet.found.values()):
                break
            try:
                _run(cell.text, namespace, cell.id)
            except (Exception, SystemExit) as error:
                # A locked cell that draws the answer fails where the answer does; a test tells what it finds.
                if cell.role == "test":
                    reason, raised = reason or f"{cell.id}: {why(error)}", True
        for name, checked in sheet.found.items():
            points[name] = min(checked.points, points.get(name, checked.points))
            if checked.reason or checked.undecided:
                reason = reason or f"{name}: {checked.reason or 'earned() was not called'} (with --seed {secret})"
    return {"points": points, "reason": reason[:500], "raised": raised, "seconds": time.process_time() - started}


# --- Forked copies ----------------------------------------------------------------------------------------------------


def _forked(jobs: Sequence[Callable[[], dict]], workers: int, limit: float) -> list[dict]:
    """Run each job in a copy of this process, so many at a time; one that does not come to its end has no points."""
    waiting: Iterator[tuple[int, Callable]] = iter(enumerate(jobs))
    ended = f"it ended its process, or took longer than {limit:.3g} s"
    found = [{"points": {}, "reason": ended, "raised": False, "seconds": limit}] * len(jobs)
    running: dict[int, tuple[int, int, float, list[bytes]]] = {}  # by pipe: number, process, start, what came
    while True:
        while len(running) < workers and (job := next(waiting, None)):
            pipe, pid = _fork(job[1], limit)
            running[pipe] = (job[0], pid, time.monotonic(), [])
        if not running:
            return found
        ready, _, _ = select.select(list(running), [], [], 1.0)
        for pipe in list(running):
            number, pid, start, came = running[pipe]
            data = os.read(pipe, 65536) if pipe in ready else None
            if data:
                came.append(data)
            elif data == b"" or time.monotonic() - start > _ASLEEP + limit:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                os.close(pipe)
                del running[pipe]
                if data == b"" and came:
                    found[number] = json.loads(b"".join(came))


def _fork(job: Callable[[], dict], limit: float) -> tuple[int, int]:
    """Start a copy of this process that writes what a job returns; return the pipe to read from, and its id."""
    to_read, to_write = os.pipe()
    if pid := os.fork():
        os.close(to_write)
        return to_read, pid
    try:
        os.close(to_read)
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # ends the process, whatever it is at, also in compiled code
        signal.setitimer(signal.ITIMER_PROF, limit)
        result = json.dumps(job()).encode()
        while result:
            result = result[os.write(to_write, result) :]
    finally:
        os._exit(0)  # no handler that was registered above runs twice


if __name__ == "__main__":
    _serve(*json.loads(sys.argv[1]))
