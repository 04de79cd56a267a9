"""A book that is built once more: its pages ask for the scripts that lie beside them."""

import re
import zlib

import nbformat
import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

from actlab.widgets import bundle
from actlab.widgets.base import MIME
from actlab.widgets.pages import IMAGE, STYLESHEET

SETTINGS = """
project = "probe"
extensions = ["myst_nb", "actlab.widgets.pages"]
nb_execution_mode = "off"
html_theme = "basic"
"""


@pytest.fixture
def book(tmp_path):
    """Give a function that builds a book, one page of which has a figure, and returns the folder."""
    state = {"script": "quiz", "state": {"questions": [], "fields": {}}}
    data = {MIME: state, IMAGE: '<svg xmlns="http://www.w3.org/2000/svg"/>', "text/plain": "a figure"}
    code = nbformat.v4.new_code_cell("figure", outputs=[nbformat.v4.new_output("display_data", data)])
    language = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
    cells = [nbformat.v4.new_markdown_cell("# A figure"), code]
    source, built = tmp_path / "source", tmp_path / "built"
    source.mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=language), source / "moving.ipynb")
    (source / "index.md").write_text("# Contents\n\n```{toctree}\nmoving\nwords\n```\n", "utf-8")
    (source / "words.md").write_text("# Words\n", "utf-8")
    (source / "conf.py").write_text(SETTINGS, "utf-8")

    def build():
        with patch_docutils(), docutils_namespace():
            Sphinx(source, source, built, tmp_path / "read", "html", status=None).build()
        return built

    return build


def asked(built, name):
    """Return the version of a file that the page with the figure asks for, and that of the file that is there."""
    (version,) = re.findall(rf'_static/{re.escape(name)}\?v=(\w+)"', (built / "moving.html").read_text("utf-8"))
    return version, f"{zlib.crc32((built / '_static' / name).read_bytes()):08x}"


def written(built):
    """Return when the page with the figure was written, and one without."""
    return [(built / page).stat().st_mtime_ns for page in ("moving.html", "words.html")]


@pytest.mark.parametrize(("name", "source"), [("quiz.js", "script"), (STYLESHEET, "stylesheet")])
def test_a_page_that_is_not_changed_asks_for_a_script_that_is(name, source, book, monkeypatch):
    built = book()
    first, there = asked(built, name)
    assert first == there
    moving, words = written(built)
    before = getattr(bundle, source)
    monkeypatch.setattr(bundle, source, lambda *given: before(*given) + "\n/* changed */\n")
    book()
    second, there = asked(built, name)
    assert second == there != first
    assert written(built)[0] > moving
    assert written(built)[1] == words


def test_where_no_script_has_changed_no_page_is_written(book):
    before = written(book())
    assert written(book()) == before
