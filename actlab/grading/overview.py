"""The assignments of a folder as a table."""

from __future__ import annotations

import ast
from pathlib import Path

from actlab.catalogue import Table
from actlab.grading.notebooks import Assignment, Cell, Unreadable


def overview(folder: str | Path) -> Table:
    """Return a line for each assignment in a folder, by name: its questions, its points, and those of hidden tests.

    Notebooks without questions are left out.

    Raises
    ------
    ValueError
        If the folder holds no assignment.
    """
    rows = []
    for path in sorted(Path(folder).glob("*.ipynb")):
        try:
            assignment = Assignment.read(path)
        except Unreadable:
            continue
        hidden = sum(test.points for test in assignment.tests if is_hidden(test))
        numbers = (len(assignment.questions), assignment.maximum, hidden)
        rows.append((f"[{assignment.title}]({path.name})", *(f"{number:g}" for number in numbers)))
    if not rows:
        raise ValueError(f"no assignment in {str(folder)!r}; expected notebooks with nbgrader's metadata")
    return Table(("assignment", "questions", "points", "of these decided by hidden tests"), tuple(rows))


def is_hidden(test: Cell) -> bool:
    """Whether a test's points are decided by tests that the release leaves out: its check says ``hidden=True``."""
    calls = (node for node in ast.walk(ast.parse(test.text)) if isinstance(node, ast.Call))
    keywords = (keyword for call in calls for keyword in call.keywords)
    return any(k.arg == "hidden" and getattr(k.value, "value", None) is True for k in keywords)
