"""One submission, marked: the learner's cells run in a process of their own, the tests in this one.

Each test stands where the source has it, straight after its answer. What a test reads of the answers is fetched when
it begins, as plain data; a function is called in the learner's process. What a test expects never gets there.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from actlab.grading.checking import Sheet
from actlab.grading.expectations import Missed
from actlab.grading.host import Host
from actlab.grading.limits import Limits
from actlab.grading.notebooks import Assignment, Cell, Unreadable, loaded, released
from actlab.grading.session import Absent, Session

GRADED, UNREADABLE = "graded", "unreadable"
MOST_REASON = 900  # characters


@dataclass(frozen=True)
class Answer:
    """What came of a learner's cell: what it printed, and its error in one line."""

    output: str
    error: str


@dataclass(frozen=True)
class Marks:
    """What a submission has earned: plain data.

    Attributes
    ----------
    points
        Of each check, in the order of the source.
    total, maximum
        Their sum, and what could be earned.
    status
        ``"graded"``, also where nothing was earned, or ``"unreadable"``, where nothing could be.
    notes
        What whoever grades should know, one sentence each.
    reasons
        What each check said that did not give its points.
    hints
        Of the same checks.
    answers
        What came of each answer cell, by its id, and of the learner's own cells.
    """

    points: dict[str, float]
    maximum: float
    status: str
    notes: tuple[str, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict, repr=False)
    hints: dict[str, str] = field(default_factory=dict, repr=False)
    answers: dict[str, Answer] = field(default_factory=dict, repr=False)

    @property
    def total(self) -> float:
        """The points earned."""
        return sum(self.points.values())


def mark(
    assignment: Assignment, text: bytes | str, *, limits: Limits | None = None, seed: int = 0, host: Host | None = None
) -> Marks:
    """Mark one submitted notebook.

    Parameters
    ----------
    assignment
        The source, with solutions and hidden tests.
    text
        The content of the submitted file, whatever it holds.
    limits
        What it may use.
    seed
        The instructor's secret, on which hidden inputs depend.
    host
        A running supervisor with these limits, which is left running; without one its own is started and ended.

    Raises
    ------
    RuntimeError
        If no process can be set up for learners here. Nothing that is submitted raises anything.
    """
    limits = limits or Limits()
    nothing = {test.id: 0.0 for test in assignment.tests}
    if len(text) > limits.submission:
        note = f"the file is larger than {limits.submission >> 20} MB"
        return Marks(nothing, assignment.maximum, UNREADABLE, (note,))
    try:
        submission = assignment.fit(text)
    except Unreadable as error:
        return Marks(nothing, assignment.maximum, UNREADABLE, (str(error),))

    tests = _Tests(assignment, seed)
    answers: dict[str, Answer] = {}
    with _figures_closed(), Session(limits, host) as session:
        for cell in submission.cells:
            if cell.role == "test":
                tests.run(cell, session)
                continue
            if cell.role == "locked":
                tests.prepare(cell)
            ran = session.run(cell.id, released(cell.text) if cell.role == "locked" else cell.text)
            if cell.role != "locked":
                answers[cell.id] = Answer(ran.output, ran.error)
        notes = (*submission.notes, *session.notes)
    return Marks(
        points={**nothing, **tests.points},
        maximum=assignment.maximum,
        status=GRADED,
        notes=notes,
        reasons=tests.reasons,
        hints=tests.hints,
        answers=answers,
    )


def imports(assignment: Assignment) -> tuple[str, ...]:
    """Return the statements by which the locked cells of an assignment import something."""
    nodes = (
        node for cell in assignment.cells if assignment.is_trusted(cell) for node in ast.walk(ast.parse(cell.text))
    )
    return tuple(ast.unparse(node) for node in nodes if isinstance(node, ast.Import | ast.ImportFrom))


@contextmanager
def _figures_closed() -> Iterator[None]:
    """Close the figures that locked cells draw here: nobody sees them, and a class would fill the memory with them."""
    before = set(plt.get_fignums()) if (plt := sys.modules.get("matplotlib.pyplot")) else set()
    try:
        yield
    finally:
        if plt := sys.modules.get("matplotlib.pyplot"):
            for number in set(plt.get_fignums()) - before:
                plt.close(number)


class _Tests:
    """The tests of a source and the locked cells that they need, in a namespace that no learner's code reaches."""

    def __init__(self, assignment: Assignment, seed: int):
        self.assignment = assignment
        self.sheet = Sheet(secret=seed, tell=lambda text: None)
        self.needed = _needed(assignment)
        # Nobody reads what a locked cell prints here.
        self.namespace: dict[str, Any] = {"__name__": "__main__", "print": lambda *_, **__: None}
        self.points: dict[str, float] = {}
        self.reasons: dict[str, str] = {}
        self.hints: dict[str, str] = {}

    def prepare(self, cell: Cell) -> None:
        """Run a locked cell, if tests need what it makes."""
        if cell.id in self.needed:
            self._run(cell)

    def run(self, test: Cell, session: Session) -> None:
        """Run a test and keep what it found."""
        self.namespace |= {"check": self.sheet.check, "score": self.sheet.score}
        said = ""
        with session.testing():
            try:
                self._fetch(test, session)
                self._run(test)
            except Missed as missed:
                said = str(missed)
            except Exception as error:  # outside of the check
                said = f"{type(error).__name__}: {error}"
        found = self.sheet.found.get(test.id)
        self.points[test.id] = float(found.points) if found else 0.0
        if not self.points[test.id]:
            self.reasons[test.id] = _cut(session.clean(found.reason if found else said))
            self.hints[test.id] = found.hint if found else ""

    def _fetch(self, test: Cell, session: Session) -> None:
        for name in sorted(self.assignment.wanted(test)):
            self.namespace.pop(name, None)
            try:
                self.namespace[name] = session.fetch(name)
            except Absent:
                pass  # the test says so when it reads the name

    def _run(self, cell: Cell) -> None:
        exec(compile(cell.text, f"<{cell.id}>", "exec"), self.namespace)


def _cut(reason: str) -> str:
    """Return a sentence that fills no page: what a test shows of an answer may be a list of lists of lists."""
    return reason if len(reason) <= MOST_REASON else f"{reason[:MOST_REASON]} [and so on]"


def _needed(assignment: Assignment) -> frozenset[str]:
    """Return the ids of the locked cells that make what tests read, and what those cells read in turn."""
    wanted = set().union(*(loaded(test.text) for test in assignment.tests))
    found: set[str] = set()
    for cell in reversed(assignment.cells):
        if assignment.is_trusted(cell) and _makes(cell.text) & wanted:
            found.add(cell.id)
            wanted |= loaded(cell.text)
    return frozenset(found)


def _makes(text: str) -> frozenset[str]:
    """Return every name that a cell binds, also by an import, and those of whose values it may change a part."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            names |= {inner.id for inner in ast.walk(node.value) if isinstance(inner, ast.Name)}
    return frozenset(names)
