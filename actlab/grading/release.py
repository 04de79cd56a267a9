"""From a source to what students get: the same notebook without solutions, hidden tests and outputs."""

from __future__ import annotations

from pathlib import Path

from actlab.grading.notebooks import Assignment, released


def release(source: str | Path) -> str:
    """Return the text of the released notebook; the same source gives the same bytes.

    Raises
    ------
    actlab.grading.notebooks.Unreadable
        If the source is no notebook with questions.
    ValueError
        If a region of a cell does not end.
    """
    import nbformat

    Assignment.read(source)
    notebook = nbformat.reads(Path(source).read_text("utf-8"), as_version=4)
    for cell in notebook.cells:
        try:
            cell.source = released(cell.source)
        except ValueError as error:
            raise ValueError(f"{source}: cell {cell.id}: {error}") from None
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nbformat.writes(notebook) + "\n"
