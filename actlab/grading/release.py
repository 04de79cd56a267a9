"""From a source to what students get: the same notebook without solutions, hidden tests and outputs."""

from __future__ import annotations

from pathlib import Path

from actlab.grading.notebooks import REGIONS, Assignment, released

_SOLUTION = REGIONS["solution"][0]


def release(source: str | Path) -> str:
    """Return the text of the released notebook; the same source gives the same bytes.

    Raises
    ------
    actlab.grading.notebooks.Unreadable
        If the source is no notebook with questions.
    ValueError
        If no answer cell holds a solution, as in a release, or a region of a cell does not end.
    """
    import nbformat

    if not any(_SOLUTION in question.answer.text for question in Assignment.read(source).questions):
        raise ValueError(
            f"{source}: no answer cell holds {_SOLUTION!r}; expected a source, not what was released from one"
        )
    notebook = nbformat.reads(Path(source).read_text("utf-8"), as_version=4)
    for cell in notebook.cells:
        try:
            cell.source = released(cell.source)
        except ValueError as error:
            raise ValueError(f"{source}: cell {cell.id}: {error}") from None
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return nbformat.writes(notebook) + "\n"


def write(source: str | Path, out: str | Path) -> None:
    """Write the released notebook to ``out``, over an earlier release but over no source.

    Raises
    ------
    ValueError
        If ``out`` holds solutions, or ``release`` refuses the source.
    """
    out = Path(out)
    if out.is_dir():
        raise ValueError(f"{out} is a folder; expected the name of the notebook to write")
    # Solutions and hidden tests exist nowhere else; whether it is this source, by another name, or a second one.
    if out.exists() and _SOLUTION.encode() in out.read_bytes():
        raise ValueError(f"{out} holds solutions, which would be lost; expected a new name, or that of a release")
    text = release(source)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, "utf-8")
