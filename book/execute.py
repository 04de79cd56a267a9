"""Execute the book's notebooks from clean kernels, in place; a notebook whose results are the same keeps its bytes.

Of an assignment the source is executed, where the answers are; what students get is made from it and has no outputs.
"""

import argparse
import re
import sys
import time
from pathlib import Path

import blas
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal
from sphinx_external_toc.parsing import parse_toc_yaml

ROOT = Path(__file__).resolve().parent.parent
ASSIGNMENTS = ROOT / "book" / "exercises"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
# What nbformat (8 hex digits) and JupyterLab (a whole UUID) invent for a new cell.
RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8}")


def pages() -> list[str]:
    """Return the pages of the book in reading order, as `_toc.yml` writes them: without a suffix."""
    return list(parse_toc_yaml(ROOT / "_toc.yml"))


def releases() -> dict[Path, Path]:
    """Return the notebook that students get of each assignment, and the source that it is made from."""
    sources = sorted(ASSIGNMENTS.glob("source/*/*.ipynb"))
    return {ASSIGNMENTS / source.name: source for source in sources}


def notebooks() -> list[Path]:
    """Return the notebooks that are executed, in reading order: those of the pages, of assignments the sources."""
    paths = [ROOT / f"{page}.ipynb" for page in pages()]
    return [releases().get(path, path) for path in paths if path.exists()]


def complaints(nb: nbformat.NotebookNode) -> list[str]:
    """Say which cells raised, unless tagged `raises-exception`, or wrote to stderr: the book shows no warnings."""
    found = []
    for number, cell in enumerate(nb.cells, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", []):
                found.append(f"cell {number} ({cell.id}) raised {output.ename}: {output.evalue}")
            elif output.get("name") == "stderr":
                found.append(f"cell {number} ({cell.id}) wrote to stderr: {output.text}")
    return found


def keep_still(nb: nbformat.NotebookNode) -> None:
    """Drop what ties figures to a kernel that has ended: until they run anew, JupyterLab shows their still images."""
    nb.metadata.pop("widgets", None)
    for output in (output for cell in nb.cells for output in cell.get("outputs", []) if "data" in output):
        output.data.pop("application/vnd.jupyter.widget-view+json", None)


def execute(path: Path) -> list[str]:
    """Execute a notebook in its own folder, as JupyterLab does; save it if nothing is wrong, and return what is."""
    nb = nbformat.reader.reads(path.read_text("utf-8"))
    nb.nbformat_minor = 5  # the first format whose cells have ids
    ids = [cell.get("id", "") for cell in nb.cells]
    free = (name for n in range(1, 1000) if (name := f"cell-{n:02}") not in ids)
    for i, cell in enumerate(nb.cells):
        cell.metadata.pop("execution", None)  # times of day, left by other tools
        if not ids[i] or RANDOM_ID.fullmatch(ids[i]) or ids[i] in ids[:i]:
            cell.id = next(free)
    options = {
        "resources": {"metadata": {"path": path.parent}},
        "record_timing": False,
        "coalesce_streams": True,  # in how many pieces printed text arrives depends on timing
        "extra_arguments": ["--Application.log_level=ERROR"],  # else each kernel warns that it uses TCP
    }
    try:
        NotebookClient(nb, timeout=900, kernel_name="python3", **options).execute()
    except (CellControlSignal, RuntimeError) as error:  # a cell raised or took too long; the kernel died
        return complaints(nb) or [f"{type(error).__name__}: {error}"]
    for output in (output for cell in nb.cells for output in cell.get("outputs", []) if "traceback" in output):
        del output.traceback[:-1]  # its frames name folders of this machine; the message is the last entry
    keep_still(nb)
    nb.metadata.kernelspec = KERNELSPEC
    nb.metadata.language_info.pop("version", None)  # a patch release of Python does not change the book
    if not (found := complaints(nb)):
        nbformat.write(nb, path)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, epilog="A notebook that fails is left as it was.")
    parser.add_argument("notebook", nargs="*", type=Path, help="default: every notebook of _toc.yml")
    parser.add_argument("--pages", action="store_true", help="only print the pages of _toc.yml, one per line")
    args = parser.parse_args()
    if missing := [str(path) for path in args.notebook if path.suffix != ".ipynb" or not path.exists()]:
        parser.error(f"no such notebook: {', '.join(missing)}")
    if made := [str(path) for path in args.notebook if path.resolve() in releases()]:
        parser.error(f"made from a source by python -m actlab.grading release, and not executed: {', '.join(made)}")
    if args.pages:
        sys.exit(print(*pages(), sep="\n"))
    failed = []
    blas.pin()
    for path in args.notebook or notebooks():
        start = time.perf_counter()
        failed += (found := execute(path))
        print(f"{path.stem}: {'FAILED' if found else 'ok'}, {time.perf_counter() - start:.1f} s", *found, sep="\n  ")
    sys.exit(bool(failed))
