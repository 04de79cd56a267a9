"""Notebooks of exercises as data: what each cell is for, and how a submission fits onto its source.

The format is nbgrader's (https://nbgrader.readthedocs.io, metadata of schema version 3): a cell is locked, an answer,
or a test, and a source marks solutions and hidden tests by lines between ``### BEGIN`` and ``### END``.
"""

from __future__ import annotations

import ast
import builtins
import functools
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

STUB = "# YOUR CODE HERE\npass"
REGIONS = {"solution": ("### BEGIN SOLUTION", "### END SOLUTION"),
           "hidden": ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")}  # fmt: skip

MOST_CELLS = 2000  # of a submission; each is run, and what it ends with stands in the reports


class Unreadable(ValueError):
    """A file is no notebook, or none of this assignment; the message says in which way."""


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook.

    Attributes
    ----------
    id
        Its ``grade_id`` where nbgrader's metadata give one, else its id.
    role
        ``"locked"`` (text, imports, data, figures), ``"answer"``, ``"test"``, or ``"extra"``: a student's own.
    is_code
        Whether it is executed.
    text
        Its source.
    points
        Of a test; 0 otherwise.
    """

    id: str
    role: str
    is_code: bool
    text: str
    points: float = 0.0


@dataclass(frozen=True)
class Question:
    """An answer cell, the tests that follow it, and the title in bold letters in the text above; empty without one."""

    answer: Cell
    tests: tuple[Cell, ...]
    title: str = ""

    @property
    def id(self) -> str:
        """The answer cell's id."""
        return self.answer.id

    @property
    def points(self) -> float:
        """What the tests give together."""
        return sum(test.points for test in self.tests)


@dataclass(frozen=True)
class Assignment:
    """A source notebook, read.

    Attributes
    ----------
    name
        The file's name without its suffix.
    cells
        In order, with solutions and hidden tests.
    """

    name: str
    cells: tuple[Cell, ...] = field(repr=False)

    @classmethod
    def read(cls, path: str | Path) -> Assignment:
        """Read a source notebook.

        Raises
        ------
        Unreadable
            If it is no notebook, has no questions, or two of its cells have one ``grade_id``.
        """
        path = Path(path)
        try:
            cells = tuple(_cells(path.read_bytes()))
        except OSError as error:
            raise Unreadable(f"{path}: {error.strerror}; expected a notebook") from None
        assignment = cls(path.stem, cells)
        graded = [cell.id for cell in cells if cell.role in ("answer", "test")]
        if twice := sorted({id for id in graded if graded.count(id) > 1}):
            raise Unreadable(f"{path}: more than one cell has the grade_id {', '.join(twice)}")
        if not assignment.questions:
            raise Unreadable(f"{path}: no answer cell with tests; expected nbgrader's metadata")
        return assignment

    @functools.cached_property
    def questions(self) -> tuple[Question, ...]:
        """The questions in order; a test belongs to the last answer above it."""
        found: list[Question] = []
        title = ""
        for cell in self.cells:
            if not cell.is_code and (bold := re.match(r"\*\*(.+?)\*\*", cell.text)):
                title = bold[1].rstrip(".")
            if cell.role == "answer":
                found.append(Question(cell, (), title))
            elif cell.role == "test" and found:
                found[-1] = replace(found[-1], tests=(*found[-1].tests, cell))
        return tuple(question for question in found if question.tests)

    @property
    def title(self) -> str:
        """What the first heading says, without "Exercises: "; the name where there is none."""
        found = re.search(r"^# (?:Exercises: )?(.+)$", "\n".join(c.text for c in self.cells if not c.is_code), re.M)
        return found[1].strip() if found else self.name

    @property
    def tests(self) -> tuple[Cell, ...]:
        """All test cells, in order."""
        return tuple(test for question in self.questions for test in question.tests)

    @property
    def maximum(self) -> float:
        """The points of all tests."""
        return sum(test.points for test in self.tests)

    @functools.cached_property
    def learners_names(self) -> frozenset[str]:
        """The names whose values come from answers: bound by answer cells, or by locked cells that use such names."""
        return self._names_above(None)

    def _names_above(self, end: Cell | None) -> frozenset[str]:
        names: set[str] = set()
        for cell in self.cells:
            if cell is end:
                break
            if cell.is_code and (cell.role == "answer" or (cell.role == "locked" and loaded(cell.text) & names)):
                names |= bound(cell.text)
        return frozenset(names)

    def is_trusted(self, cell: Cell) -> bool:
        """Whether a locked code cell can be executed beside the tests: it uses nothing that an answer above it binds.

        An answer below may use a name for something else, such as a variable of a function in the locked cell.
        """
        names = loaded(cell.text) | bound(cell.text)
        return cell.role == "locked" and cell.is_code and not names & self._names_above(cell)

    def wanted(self, cell: Cell) -> frozenset[str]:
        """The names that a test takes from the answers."""
        return loaded(cell.text) & self.learners_names

    def fit(self, data: bytes | str) -> Submission:
        """Lay a submitted notebook onto the source: its answers and its own cells, our locked cells and tests.

        A cell is known by its ``grade_id`` or id, or else by the text of the released cell. Of several copies of an
        answer, and of the parts of one that was split, each is run, so that the last counts. A student's own cell
        stays behind the known cell that it follows.

        Raises
        ------
        Unreadable
            If it is no notebook, has far too many cells, or none of the source's.
        """
        ours = {cell.id: cell for cell in self.cells}
        by_text = {released(cell.text).strip(): cell.id for cell in self.cells if cell.role != "answer"}
        answers: dict[str, Cell] = {}
        extras: dict[str | None, list[Cell]] = {}
        earlier: dict[str, list[Cell]] = {}  # copies of an answer, and what stood behind them
        changed: set[str] = set()
        known, last = 0, None
        for number, cell in enumerate(_cells(data)):
            if number >= MOST_CELLS:
                raise Unreadable(f"more than {MOST_CELLS} cells")
            id = (
                cell.id if cell.id in ours and ours[cell.id].is_code == cell.is_code else by_text.get(cell.text.strip())
            )
            if id is None:
                if cell.is_code:
                    extras.setdefault(last, []).append(replace(cell, role="extra", points=0.0))
                continue
            known, last = known + 1, id
            if ours[id].role != "answer" and cell.is_code and not _same(cell.text, ours[id].text):
                changed.add(id)
            if ours[id].role == "answer":
                if id in answers:
                    copy = replace(answers[id], id=f"{id} (copy {len(earlier.setdefault(id, [])) + 1})", role="extra")
                    earlier[id] += [copy, *extras.pop(id, [])]
                answers[id] = replace(ours[id], text=cell.text)
        if not known:
            raise Unreadable(f"no cell of it belongs to the assignment {self.name}")
        cells = list(extras.get(None, []))
        notes = [f"{id}: more than one answer cell, the last counts" for id in sorted(earlier)]
        if altered := [cell.id for cell in self.cells if cell.id in changed]:
            notes.append(f"cells that are no answers were changed, ours are run instead: {', '.join(altered)}")
        for cell in self.cells:
            if cell.role == "answer" and cell.id not in answers:
                notes.append(f"{cell.id}: the answer cell is missing")
                cells.append(replace(cell, text=""))
            else:
                cells += [*earlier.get(cell.id, []), answers.get(cell.id, cell)]
            cells += extras.get(cell.id, [])
        return Submission(tuple(cell for cell in cells if cell.is_code), tuple(notes))


@dataclass(frozen=True)
class Submission:
    """A submitted notebook laid onto its source: the code cells in the order in which they are run, and remarks."""

    cells: tuple[Cell, ...]
    notes: tuple[str, ...]


# --- Text -------------------------------------------------------------------------------------------------------------


def released(text: str) -> str:
    """Return a cell's text without its solution and its hidden tests, as nbgrader releases it.

    Raises
    ------
    ValueError
        If a region begins twice, or does not end.
    """
    lines, region = [], None
    for line in text.split("\n"):
        mark = line.strip()
        begins = [name for name, (begin, _) in REGIONS.items() if mark == begin]
        if begins:
            if region:
                raise ValueError(f"{mark!r} inside of another region; expected {REGIONS[region][1]!r} first")
            region = begins[0]
            if region == "solution":
                indent = line[: len(line) - len(line.lstrip())]
                lines += [indent + stub for stub in STUB.split("\n")]
        elif region and mark == REGIONS[region][1]:
            region = None
        elif not region:
            lines.append(line)
    if region:
        raise ValueError(f"{REGIONS[region][0]!r} without {REGIONS[region][1]!r}")
    return "\n".join(lines)


def _same(text: str, ours: str) -> bool:
    """Return whether a text is that of a cell of the source, or of its release, but for blanks around it."""
    return text.strip() in (ours.strip(), released(ours).strip())


def solution(text: str) -> str:
    """Return the text of an answer cell without the lines that mark its solution."""
    marks = REGIONS["solution"]
    return "\n".join(line for line in text.split("\n") if line.strip() not in marks)


def bound(text: str) -> frozenset[str]:
    """Return the names that a cell binds at its top level, imports aside; none where it is not Python."""
    return frozenset(_names(text)[0])


def loaded(text: str) -> frozenset[str]:
    """Return the names that a cell takes from elsewhere, at any depth; none where it is not Python."""
    return frozenset(_names(text)[1])


@functools.lru_cache(maxsize=1024)
def _names(text: str) -> tuple[frozenset[str], frozenset[str]]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset(), frozenset()
    binds: set[str] = set()
    for node in _top_level(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            binds.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            binds.add(node.id)
    loads = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    return frozenset(binds), frozenset(loads - set(dir(builtins)))


def _top_level(body: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes below some statements, without the insides of functions, classes and comprehensions."""
    closed = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
    closed |= ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
    for node in body:
        yield node
        if not isinstance(node, closed):
            yield from _top_level(ast.iter_child_nodes(node))


# --- Files ------------------------------------------------------------------------------------------------------------


def _cells(data: bytes | str) -> Iterator[Cell]:
    """Yield the cells of a notebook of format 4, whatever else is in the file.

    Raises
    ------
    Unreadable
        If there are none. A student's file may hold anything, hence no stricter reader here.
    """
    if not data.strip():
        raise Unreadable("the file is empty")
    try:
        notebook = json.loads(data)
    except RecursionError:
        raise Unreadable("not a notebook: nested too deeply") from None
    except (ValueError, UnicodeDecodeError):
        raise Unreadable("not a notebook: the file is not JSON, or cut off") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not any(isinstance(cell, dict) for cell in cells):
        raise Unreadable("not a notebook of format 4: it has no cells")
    for number, cell in enumerate(cells):
        if isinstance(cell, dict):
            yield _cell(cell, number)


def _cell(raw: dict, number: int) -> Cell:
    text = raw.get("source", "")
    if isinstance(text, list):
        text = "".join(line for line in text if isinstance(line, str))
    metadata = raw.get("metadata")
    grading = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    grading = grading if isinstance(grading, dict) else {}
    id = grading.get("grade_id") or raw.get("id")
    points = grading.get("points")
    role = "answer" if grading.get("solution") is True else "test" if grading.get("grade") is True else "locked"
    return Cell(
        id=id if isinstance(id, str) and re.fullmatch(r"[\w.-]{1,100}", id) else f"cell {number}",
        role=role,
        is_code=raw.get("cell_type") == "code",
        text=text.replace("\r\n", "\n") if isinstance(text, str) else "",
        points=float(points) if role == "test" and isinstance(points, int | float) else 0.0,
    )
