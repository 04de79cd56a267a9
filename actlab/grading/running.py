"""Grade a class: each submission a task of its own on any executor, resumable, and the same bytes on every run.

A task marks one submission and starts a process of its own for the learner's cells. Finished marks are kept in the
folder of the reports, and serve again for the same submission, source, seed, limits and version of this package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from actlab.checkpoints import describe
from actlab.checks import whole_number
from actlab.grading.collecting import Submitted, collect
from actlab.grading.landlock import is_readable
from actlab.grading.limits import Limits
from actlab.grading.marking import Marks
from actlab.grading.notebooks import Assignment, Unreadable
from actlab.grading.release import release
from actlab.grading.reports import GRADED, UNGRADED, Row, write
from actlab.grading.sandbox import protections
from actlab.grading.tasks import Kept, Pool, digest_of, run
from actlab.grading.turns import dismiss, mark_in_turn

#: What marks one submission: ``mark(assignment, data, limits=limits, seed=seed)``.
Marking = Callable[..., Marks]

# Seconds that a task may take beyond those that the learner has, before its process is ended: it begins with imports.
_GRACE = 120.0


@dataclass(frozen=True)
class ClassRun:
    """What a class run found.

    Attributes
    ----------
    rows
        One for each learner, by name.
    out
        The folder with ``grades.csv``, ``results.json`` and ``feedback``.
    """

    assignment: str
    maximum: float
    rows: tuple[Row, ...] = field(repr=False)
    out: Path

    @property
    def graded(self) -> tuple[Row, ...]:
        """The learners who have a grade."""
        return tuple(row for row in self.rows if row.status == GRADED)

    @property
    def ungraded(self) -> tuple[Row, ...]:
        """The learners whom a person has to look at."""
        return tuple(row for row in self.rows if row.status != GRADED)

    def __str__(self) -> str:
        totals = sorted(row.total for row in self.graded)
        lines = [f"{self.assignment}: {len(totals)} of {len(self.rows)} learners graded"]
        if totals:
            middle = (totals[(len(totals) - 1) // 2] + totals[len(totals) // 2]) / 2
            lines[0] += f", median {middle:g} of {self.maximum:g} points"
        lines += [f"not graded: {row.learner!r}: {row.status}; {'; '.join(row.notes)}" for row in self.ungraded]
        return "\n".join([*lines, f"reports: {self.out}"])


def grade(
    source: str | Path,
    folder: str | Path,
    out: str | Path,
    *,
    executor: Executor | None = None,
    limits: Limits | None = None,
    seed: int = 0,
    workers: int | None = None,
    resume: bool = True,
    unprotected: bool = False,
    progress: bool = True,
    marking: Marking = mark_in_turn,
) -> ClassRun:
    """Grade what a class has handed in, and write the reports.

    Before anything else the source is graded, which must get all points, and its release, which must get none.

    Parameters
    ----------
    source
        The notebook with solutions and hidden tests.
    folder
        Holds a file or a folder for each learner.
    out
        The folder for the reports; it is made if it is not there.
    executor
        Any executor of ``concurrent.futures``, such as the ``get_executor()`` of a Dask client; it is left running, and
        each of its workers needs this package. None starts a pool of processes.
    limits
        Of time, memory and output for each submission.
    seed
        A secret whole number of at least 0 on which hidden inputs depend.
    workers
        How many processes the pool has; as many as this process may use processors if None. Not with an executor.
    resume
        Whether marks that an earlier run left in ``out`` are used.
    unprotected
        Whether to go on where ``sandbox.protections()`` says that a protection is missing.
    progress
        Whether to show a progress bar.
    marking
        What marks one submission; it is sent to the executor.

    Raises
    ------
    ValueError
        If an argument is none of these, the source is no good by its own tests, or a protection is missing.
    KeyboardInterrupt
        At an interrupt from the keyboard; what was finished is kept for the next run.
    """
    whole_number("seed", seed, least=0)
    if executor is not None and not isinstance(executor, Executor):
        raise TypeError(f"executor must be a concurrent.futures.Executor or None; got {executor!r}")
    if workers is not None:
        whole_number("workers", workers, least=1)
        if executor is not None:
            raise ValueError(f"workers belongs to the pool that is started without an executor; got {workers!r}")
    if missing := protections().missing:
        if not unprotected:
            raise ValueError(
                "this system does not protect against submissions as it should:\n  "
                + "\n  ".join(missing)
                + "\nGrade in a throw-away container, or say that this is wanted (unprotected=True, --unprotected)."
            )
    source, folder, out = Path(source), Path(folder), Path(out)
    _apart(source, folder, out)
    if not unprotected:
        _out_of_sight(source, folder, out)
    limits = Limits() if limits is None else limits
    assignment = Assignment.read(source)
    submitted = collect(folder, assignment, limits.submission)
    data = source.read_bytes()
    kept = Kept(out / "finished", [data, repr((seed, limits)), describe(marking), _version()], resume)
    task = partial(_mark, marking, assignment, limits, seed, unprotected)
    rows, read = {}, {}
    from tqdm.auto import tqdm  # a widget in a notebook, text in a terminal

    try:
        with nullcontext(executor) if executor else Pool(workers, limits.total + _GRACE) as place:
            _check_source(assignment, run(task, [lambda: data, lambda: release(source).encode()], place, kept))
            for one in submitted:
                try:
                    read[one] = hashlib.sha256(one.read(limits.submission)).hexdigest()
                except Unreadable as error:
                    what = "unreadable" if one.path else "nothing handed in"
                    rows[one] = Row(
                        one.learner, f"{UNGRADED}: {what}", (*one.notes, str(error)), file=_from(folder, one)
                    )
            # A file is read again when its turn comes: all of them at once might not fit into memory.
            todo = [partial(_reread, one, digest, limits.submission) for one, digest in read.items()]
            with tqdm(total=len(submitted), initial=len(rows), unit="submission", disable=not progress) as bar:
                found = run(task, todo, place, kept, bar.update)
    finally:
        dismiss()  # where tasks ran in this process
    for (one, digest), marks in zip(read.items(), found, strict=True):
        notes = (*one.notes, *marks.pop("notes"))
        rows[one] = Row(one.learner, notes=notes, file=_from(folder, one), sha256=digest, **marks)
    rows = tuple(rows[one] for one in submitted)
    about = {"source_sha256": hashlib.sha256(data).hexdigest(), "seed": seed, "limits": asdict(limits)}
    about |= {"package_sha256": _version(), "protections": asdict(protections())}
    write(out, assignment, rows, about)
    return ClassRun(assignment.name, assignment.maximum, rows, out)


# --- Before and after -------------------------------------------------------------------------------------------------


def _apart(source: Path, folder: Path, out: Path) -> None:
    """Refuse folders of which one lies in the other, and what is no folder."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; expected one with a file or a folder for each learner")
    if out.exists() and not out.is_dir():
        raise ValueError(f"{out} is a file; expected a folder for the reports, or a new name")
    submissions, reports = folder.resolve(), out.resolve()
    if reports.is_relative_to(submissions) or submissions.is_relative_to(reports):
        raise ValueError(f"the reports and the submissions must not lie in one another; got {out} and {folder}")
    if source.resolve().is_relative_to(submissions):
        raise ValueError(f"the source must not lie among the submissions; got {source}")


def _out_of_sight(*places: Path) -> None:
    """Refuse what lies where submissions may read, such as /usr: hidden tests, or the answers of others."""
    for place in places:
        if is_readable(place):
            raise ValueError(
                f"submissions can read {place}, for Python or system files lie in the same folder; expected another "
                "place, such as the home directory (or say that this is wanted: unprotected=True, --unprotected)"
            )


def _check_source(assignment: Assignment, found: Sequence[dict]) -> None:
    """Refuse a source that does not get all points from its own tests, or whose release gets some."""
    solved, empty = found
    for wanted, got, what in ((assignment.maximum, solved, "source itself"), (0.0, empty, "release, unanswered,")):
        total = sum(got["points"].values())
        if got["status"] != GRADED or total != wanted:
            why = [got["status"], *got["notes"]] * (got["status"] != GRADED)
            why += [f"{name}: {reason}" for name, reason in got["reasons"].items()] if got is solved else []
            why += [f"{name} gives {points:g}" for name, points in got["points"].items() if points and got is empty]
            raise ValueError(
                f"the {what} of {assignment.name} gets {total:g} of {assignment.maximum:g} points; expected {wanted:g}"
                + "".join(f"\n  {line}" for line in why)
            )


def _from(folder: Path, one: Submitted) -> str | None:
    return None if one.path is None else str(one.path.relative_to(folder))


def _reread(one: Submitted, digest: str, largest: int) -> bytes:
    data = one.read(largest)
    if hashlib.sha256(data).hexdigest() != digest:
        raise Unreadable("the file was changed during the run")
    return data


# --- One submission ---------------------------------------------------------------------------------------------------


def _mark(marking: Marking, assignment: Assignment, limits: Limits, seed: int, unprotected: bool, data: bytes) -> dict:
    """What an executor runs: marks as plain data."""
    from threadpoolctl import threadpool_limits

    # The worker of a cluster may run on another system than this.
    if protections().missing and not unprotected:
        raise RuntimeError(f"a worker is without protection: {protections().missing[0]}")
    with threadpool_limits(1):
        marks = marking(assignment, data, limits=limits, seed=seed)
    # What a cell prints stays away from the reports: times and random numbers would differ from run to run.
    errors = {id: answer.error for id, answer in marks.answers.items() if answer.error}
    plain = {"points": marks.points, "reasons": marks.reasons, "errors": errors, "notes": marks.notes}
    return plain | {"status": GRADED if marks.status == GRADED else f"{UNGRADED}: {marks.status}"}


def _version() -> str:
    """Return a digest of this package's files: a clone changes without a new number."""
    files = sorted(Path(__file__).parents[1].rglob("*.py"))
    return digest_of(path.read_bytes() for path in files)
