"""Guards on the book where nbval and Sphinx are silent: both accept an unexecuted notebook and an undescribed image."""

import inspect
import re
from functools import cache
from pathlib import Path

import blas
import execute
import nbformat
import pytest
from threadpoolctl import threadpool_info

from actlab import figures
from actlab.grading.notebooks import released
from actlab.provenance import arithmetic

BOOK = execute.ROOT / "book"
FILES = sorted(path.relative_to(BOOK) for path in BOOK.rglob("*") if path.is_file())
# The sources of assignments are no pages: they hold the answers.
ANSWERED = [path.relative_to(BOOK) for path in execute.releases().values()]
SOURCES = [
    path
    for path in FILES
    if path.suffix in {".ipynb", ".md"} and path not in ANSWERED and not re.search(r"(^|/)[._]", path.as_posix())
]
RELEASED = [path.relative_to(BOOK) for path in execute.releases()]
NOTEBOOKS = [path.relative_to(BOOK) for path in execute.notebooks()]
# MathJax is left out: minified, and not ours. A picture loads nothing.
PARTS = [
    path
    for path in FILES
    if path.parts[0] in {"_static", "_templates"} and "mathjax" not in path.parts and path.suffix != ".png"
]

# Folders that only some machines have. What stands before the slash may not make it "and/or" or a relative path.
MACHINE_PATH = re.compile(r"(?<![\w.*])/(?:home|Users|root|tmp|private|work|opt|mnt|var)/\w+|[A-Za-z]:\\+Users")
# What makes a browser load something, with an address that is not the book's own.
REMOTE = re.compile(r"""(?:\b(?:src|href|action)\s*=|\burl\(|\b(?:import|from)\b)[\s"'(]*(?:https?:)?//[^\s"')]+""")
# The three ways to write an image in text, without a description.
UNDESCRIBED = re.compile(
    r"""!\[\s*\].*|<img\b(?![^>]*\balt=["']\s*\w)[^>]*>|^[`:]{3,}\{(?:image|figure)\}.*\n(?!(?::.*\n)*:alt: *\S)""",
    re.M,
)
MAPS = r"\.(?:imshow|contourf|pcolormesh)\("
UNCOMPARED = re.compile(r"nbval[-_](skip|ignore[-_]output)|PYTEST_VALIDATE_IGNORE_OUTPUT", re.I)

each_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS, ids=str)
each_source = pytest.mark.parametrize("source", SOURCES, ids=str)


@cache
def read(notebook: Path) -> nbformat.NotebookNode:
    """Read a notebook of the book."""
    return nbformat.read(BOOK / notebook, as_version=4)


def code(notebook: Path) -> list[nbformat.NotebookNode]:
    """Return the code cells of a notebook."""
    return [cell for cell in read(notebook).cells if cell.cell_type == "code"]


def images(cell: nbformat.NotebookNode) -> int:
    """Count the images among a cell's outputs."""
    return sum(any(mime.startswith("image/") for mime in output.get("data", {})) for output in cell.outputs)


def opening(notebook: Path) -> str:
    """Return the text of a notebook's first cell."""
    return read(notebook).cells[0].source


@each_notebook
def test_every_code_cell_has_been_executed_in_order(notebook):
    """Nbval passes a cell that was never run, and so a notebook stripped of its outputs."""
    counts = [cell.execution_count for cell in code(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    assert any(cell.outputs for cell in code(notebook)), "no cell has any output"


@each_notebook
def test_no_cell_raised_or_warned(notebook):
    """An error that is stored is one that nbval expects."""
    assert execute.complaints(read(notebook)) == []


@each_notebook
def test_each_figure_has_alt_text_and_a_caption(notebook):
    """Myst-nb gives a figure without alt text the name of its file. A cell has one alt text, hence one figure."""
    for cell in filter(images, code(notebook)):
        settings = cell.metadata.get("mystnb", {})
        alt = settings.get("image", {}).get("alt", "")
        assert images(cell) == 1, f"{cell.id}: {images(cell)} figures in one cell"
        assert len(alt) >= 40 and not alt.endswith((".svg", ".png")), f"{cell.id}: alt text {alt!r} shows nothing"
        assert settings.get("figure", {}).get("caption"), f"{cell.id}: no caption"


@each_notebook
def test_a_colour_map_keeps_its_lightness_in_the_dark(notebook):
    """In the dark theme `book.css` turns the lightness of a drawing over, unless the cell says that it is the data."""
    draw = dict(inspect.getmembers(figures, inspect.isfunction))
    drawn = {name for name in draw if re.search(MAPS, inspect.getsource(draw[name]))}
    assert drawn
    for cell in filter(images, code(notebook)):
        maps = re.search(MAPS, cell.source) or drawn & set(re.findall(r"\bfigures\.(\w+)\(", cell.source))
        classes = cell.metadata["mystnb"]["image"].get("classes", "").split()
        assert bool(maps) == ("colour-map" in classes), f"{cell.id}: {maps}"


@each_notebook
def test_each_drawing_in_html_is_described(notebook):
    """A drawing inside HTML has no alternative text: it is an image by its role, and has a label."""
    for cell in code(notebook):
        for output in cell.outputs:
            text = "".join(output.get("data", {}).get(kind, "") for kind in ("text/html", "text/markdown"))
            for tag in re.findall(r"<svg\b[^>]*>", text):
                label = re.search(r'aria-label="([^"]*)"', tag)
                assert 'role="img"' in tag and label and len(label[1]) >= 40, f"{cell.id}: {tag[:200]}"


@each_notebook
def test_code_is_short(notebook):
    """Longer code belongs in the package, where it is tested; hidden tests are not seen on a page."""
    lengths = {cell.id: len(released(cell.source).splitlines()) for cell in code(notebook)}
    assert {id: length for id, length in lengths.items() if length > 15} == {}


@each_notebook
def test_lines_of_code_fit_the_page(notebook):
    """A longer line scrolls sideways, also on a wide screen."""
    lines = [(cell.id, line) for cell in code(notebook) for line in cell.source.splitlines()]
    assert [(cell, line) for cell, line in lines if len(line) > 76] == []


@each_notebook
def test_a_cell_that_nbval_does_not_compare_says_why(notebook):
    """The reason stands in the cell's metadata, under the key `reason`."""
    for cell in code(notebook):
        found = UNCOMPARED.search("\n".join([cell.source, *cell.metadata.get("tags", [])]))
        assert not found or cell.metadata.get("reason", "").strip(), f"{cell.id}: {found[0]} without a reason"


@each_notebook
def test_notebook_starts_with_its_title_and_runs_on_python3(notebook):
    """The title names the page in the navigation; a kernel of another name exists on one machine only."""
    assert (read(notebook).cells[0].cell_type, read(notebook).cells[0].source[:2]) == ("markdown", "# ")
    assert read(notebook).metadata.kernelspec == execute.KERNELSPEC


@pytest.mark.parametrize("notebook", RELEASED, ids=str)
def test_a_released_notebook_has_no_outputs(notebook):
    """Nobody executes it here, so that it is what the command makes; that it runs is tested by nbval."""
    assert [cell.id for cell in code(notebook) if cell.outputs or cell.execution_count] == []


@pytest.mark.parametrize("notebook", RELEASED, ids=str)
def test_a_page_without_outputs_says_that_it_has_none(notebook):
    """Its texts speak of figures, which a reader of the page would look for."""
    said = re.search(
        r"before anybody has run it: (.*) when you \[run it yourself\]\(how-to\.ipynb\)", opening(notebook)
    )
    drawn = any("plt.show()" in cell.source for cell in code(notebook))
    assert said and ("figures" in said[1]) == drawn


@pytest.mark.parametrize("notebook", RELEASED, ids=str)
def test_a_chapter_leads_to_its_graded_exercises(notebook):
    """Who reads a chapter sees them in the contents of the book alone, six parts further down."""
    (chapter,) = re.findall(r"\]\(\.\./(\w+/[\w-]+\.ipynb)\)", opening(notebook))
    text = "\n".join(cell.source for cell in read(Path(chapter)).cells if cell.cell_type == "markdown")
    (section,) = re.findall(r"^## Exercises\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    assert f"](../{notebook.as_posix()})" in section


@each_source
def test_images_in_text_have_alt_text(source):
    """In pages and in the text cells of notebooks."""
    if source.suffix == ".ipynb":
        texts = [cell.source for cell in read(source).cells if cell.cell_type == "markdown"]
    else:
        texts = [(BOOK / source).read_text("utf-8")]
    assert [found[0] for text in texts for found in UNDESCRIBED.finditer(text)] == []


def glossary() -> list[tuple[list[str], str]]:
    """Return the entries of the glossary: the words of each, and the line that says what they mean."""
    text = (BOOK / "reference" / "glossary.md").read_text("utf-8")
    (body,) = re.findall(r"^```\{glossary\}\n(.*?)\n```$", text, re.M | re.S)
    entries = [entry.splitlines() for entry in body.split("\n\n")]
    return [(words, line.strip()) for *words, line in entries]


@pytest.mark.parametrize(("words", "line"), [pytest.param(*entry, id=entry[0][0]) for entry in glossary()])
def test_a_word_of_the_glossary_is_explained_where_its_link_leads(words, line):
    (page,) = re.findall(r"\]\(\.\./([\w/-]+\.ipynb)\)$", line)
    text = " ".join(cell.source for cell in read(Path(page)).cells)
    # Beginnings of the longest parts: saturation is explained by what saturates, and code writes fan_in.
    parts = [max(word.split(), key=len)[:6].replace("-", "[-_]") for word in words]
    assert any(re.search(rf"\b{part}|_{part}", text, re.I) for part in parts), f"{words} is not on {page}"


def test_the_glossary_is_in_order():
    first = [words[0].casefold() for words, _ in glossary()]
    assert first == sorted(first)


def test_the_table_of_contents_lists_every_page():
    """A page that is not listed is not published, and a page that is listed exists."""
    assert sorted(execute.pages()) == sorted(f"book/{path.with_suffix('').as_posix()}" for path in SOURCES)


@pytest.mark.skipif(" avx2 " not in blas.processor(), reason="this processor multiplies in another order")
def test_matrices_are_multiplied_as_where_the_results_were_stored():
    assert arithmetic()["blas"] == ["openblas Haswell"]
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}


@pytest.mark.parametrize("path", SOURCES + PARTS, ids=str)
def test_no_path_of_one_machine(path):
    """Neither typed nor printed: the book is built in another folder tomorrow."""
    text = (BOOK / path).read_text("utf-8")
    assert MACHINE_PATH.findall(text) == []
    assert f"{execute.ROOT}/" not in text


@pytest.mark.parametrize("path", PARTS, ids=str)
def test_nothing_is_loaded_from_another_host(path):
    """The book needs no network, and tells nobody who reads it."""
    assert REMOTE.findall((BOOK / path).read_text("utf-8")) == []
