"""What the built book consists of: its files, its links, and what of it depends on the repository's address."""

import html
import re
import shutil

import execute
import nbformat
import pytest
from _ext import addresses, icons, unused_files
from fontTools.ttLib import TTFont
from sphinx.errors import ConfigError

from tests.browser import ROOT, build

REPOSITORY = "https://github.com/someone/a-course"
each_page = pytest.mark.parametrize("name", execute.pages())


def meta(text):
    """Return the properties of a page's head."""
    return {key: html.unescape(value) for key, value in re.findall(r'<meta \w+="([\w:]+)" content="([^"]*)" />', text)}


def letters(text):
    return re.sub(r"\W+", "", html.unescape(text))


@each_page
def test_a_page_says_what_it_is_about(book_folder, name):
    text = (book_folder / f"{name}.html").read_text("utf-8")
    found = meta(text)
    assert found["description"] == found["og:description"]
    assert len(found["description"]) >= 20 and found["description"][-1] in ".?"
    assert letters(found["description"]) in letters(re.sub(r"<[^>]+>", "", text.partition("<article")[2]))
    assert found["og:title"] in html.unescape(re.search(r"<title>(.*?)</title>", text)[1])
    assert found["og:site_name"] == "Activation functions, measured"


def test_no_two_pages_say_the_same(book_folder):
    said = [meta((book_folder / f"{name}.html").read_text("utf-8"))["description"] for name in execute.pages()]
    assert len(set(said)) == len(said)


@each_page
def test_a_page_leads_on_and_a_notebook_can_be_downloaded(book_folder, name):
    text = (book_folder / f"{name}.html").read_text("utf-8")
    pages = execute.pages()
    assert ('class="left-prev"' in text) == (name != pages[0])
    assert ('class="right-next"' in text) == (name != pages[-1])
    links = re.findall(r'href="([^"#]*_sources/[^"]*)"', text)
    sources = [(book_folder / f"{name}.html").parent.joinpath(link).resolve() for link in links]
    assert sources and all(source.exists() for source in sources)
    if (original := ROOT / f"{name}.ipynb").exists():
        assert [source.read_bytes() for source in sources] == [original.read_bytes()]


def test_nothing_is_published_that_no_page_uses(book_folder):
    static = [path for path in (book_folder / "_static").rglob("*") if path.is_file()]
    assert not [path for path in static if path.suffix in {".map", ".po", ".mo"} or path.name == "fontawesome.js"]
    assert {"book.css", "tex-chtml.js", "MathJax_Main-Regular.woff", "LICENSE"} <= {path.name for path in static}


def test_every_icon_of_a_page_has_its_picture(book_folder):
    sheet = (book_folder / "_static/styles/pydata-sphinx-theme.css").read_text("utf-8")
    pages = "".join((book_folder / f"{name}.html").read_text("utf-8") for name in execute.pages())
    shown = {name for icon in re.findall(r'class="([^"]*\bfa-[^"]*)"', pages) for name in icon.split()}
    fonts = [TTFont(path).getBestCmap() for path in book_folder.rglob("fontawesome/**/*.woff")]
    wanted = set().union(*(icons.glyphs(path.read_text("utf-8")) for path in book_folder.rglob("_static/**/*.css")))
    assert len(fonts) == 3 and {0xF0F3, 0xF019} <= wanted  # the bell beside *You will learn*, and the download
    assert {glyph for glyph in wanted if glyph > 0xE000} - set().union(*fonts) == set()
    found = re.findall(r'((?:\.fa-[\w-]+:before,?)+)\{content:"\\(\w+)"\}', sheet)
    rules = {name: code for names, code in found for name in re.findall(r"fa-[\w-]+", names)}
    assert {"fa-download", "fa-bars"} <= shown & rules.keys()
    assert {name for name in shown & rules.keys() if int(rules[name], 16) not in wanted} == set()


def test_the_root_leads_to_the_first_page_and_has_an_icon_that_is_there(book_folder):
    root = (book_folder / "index.html").read_text("utf-8")
    (icon,) = re.findall(r'<link rel="icon" href="([^"]+)"', root)
    targets = re.findall(r'url=([^"]+)"|<a href="([^"]+)"', root)
    assert (book_folder / icon).exists() and "<title>" in root and '<html lang="en' in root
    assert {target for pair in targets for target in pair if target} == {f"{execute.pages()[0]}.html"}


def test_a_file_is_used_if_a_page_names_it_or_something_that_is_used(tmp_path):
    (tmp_path / "_static" / "unused").mkdir(parents=True)
    (tmp_path / "page.html").write_text('<link href="_static/a.css?v=1">')
    written = {
        "a.css": "url(b.woff)",
        "b.woff": "",
        "b.js": "//# sourceMappingURL=b.js.map",
        "b.js.map": "",
        "LICENSE": "",
        "c.js": "",
    }
    for name, text in written.items():
        (tmp_path / "_static" / name).write_text(text)
    assert {path.name for path in unused_files.used(tmp_path)} == {"a.css", "b.woff", "LICENSE"}
    (tmp_path / "_static" / "a.css").write_text("url(b.woff) b.js")
    assert {path.name for path in unused_files.used(tmp_path)} == {"a.css", "b.woff", "b.js", "LICENSE"}


# --- With and without an address --------------------------------------------------------------------------------------


@each_page
def test_without_an_address_no_link_leads_nowhere(book_folder, name):
    if execute.ROOT.joinpath("_config.yml").read_text("utf-8").count('url: ""') == 0:
        pytest.skip("this copy of the book has an address")
    text = (book_folder / f"{name}.html").read_text("utf-8")
    assert not re.search(r"mybinder|colab\.research|og:url|og:image|rel=\"canonical\"", text)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Give a small book of two pages that is built with the book's own settings and an address."""
    source = tmp_path_factory.mktemp("course")
    for folder in ("_ext", "_static", "_templates"):
        shutil.copytree(ROOT / "book" / folder, source / "book" / folder)
    (source / "actlab").mkdir()
    shutil.copy(ROOT / "actlab" / "references.bib", source / "actlab")
    config = (ROOT / "_config.yml").read_text("utf-8")
    (source / "_config.yml").write_text(re.sub(r"^  url: .*$", f"  url: {REPOSITORY}", config, flags=re.M))
    (source / "_toc.yml").write_text("format: jb-book\nroot: book/index\nchapters:\n  - file: book/part/one\n")
    (source / "book" / "index.md").write_text("# A course\n\nWhat is in it? Much.\n")
    cells = [
        nbformat.v4.new_markdown_cell("# One\n\nThe first."),
        nbformat.v4.new_code_cell("1 + 1", execution_count=1),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": execute.KERNELSPEC})
    (source / "book" / "part").mkdir()
    nbformat.write(notebook, source / "book" / "part" / "one.ipynb")
    return build(source, tmp_path_factory.mktemp("built"))


def test_with_an_address_a_notebook_opens_in_binder_and_colab(published):
    page = (published / "book/part/one.html").read_text("utf-8")
    assert '"https://mybinder.org/v2/gh/someone/a-course/main?urlpath=lab/tree/book/part/one.ipynb"' in page
    assert '"https://colab.research.google.com/github/someone/a-course/blob/main/book/part/one.ipynb"' in page
    assert f"%pip install git+{REPOSITORY}" in page
    assert "mybinder" not in (published / "book/index.html").read_text("utf-8")


def test_with_an_address_a_page_has_one_and_a_picture(published):
    found = meta((published / "book/part/one.html").read_text("utf-8"))
    assert found["og:url"] == "https://someone.github.io/a-course/book/part/one.html"
    assert found["og:image"] == "https://someone.github.io/a-course/_static/page.png"
    assert (published / "_static/page.png").exists()
    assert (found["description"], found["og:title"], found["og:type"]) == ("The first.", "One", "article")
    assert meta((published / "book/index.html").read_text("utf-8"))["description"] == "What is in it?"


@pytest.mark.parametrize("url", ["github.com/a/b", "https://github.com/a", "https://example.org/a/b"])
def test_an_address_that_is_none_is_refused(url):
    with pytest.raises(ConfigError, match=re.escape(repr(url)) + ".*expected https://github.com/OWNER/NAME"):
        addresses._parts(url)
