"""A planted secret is found in every place and form in which it can be published, and nothing else is."""

import html
import json
import re

import pytest
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from actlab.grading.__main__ import main
from actlab.grading.leaks import Leak, leaks
from actlab.grading.release import release
from tests import grading_sources as sources

SECRET = "slope = np.where(x >= 0, 1.0, alpha)"
TEST = "expect.value(leaky, x, 3.0, gives=np.where(x > 0, x, 3.0 * x))"


@pytest.fixture
def book(tmp_path):
    """A folder of sources, a release of it, and an empty page."""
    sources.write(tmp_path / "source")
    (tmp_path / "built").mkdir()
    (tmp_path / "built" / "leaky.ipynb").write_text(release(tmp_path / "source" / "leaky" / "leaky.ipynb"), "utf-8")
    (tmp_path / "built" / "page.html").write_text("<p>x &gt; 0</p>\n", "utf-8")
    return tmp_path


def scan(book, **how):
    return leaks(book / "source", [book / "built"], **how)


def planted(book, name: str, text: str, **how) -> set[tuple[str, str]]:
    """Put a file among what is published; return the (question, line) of the leaks in it."""
    path = book / "built" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    found = scan(book, **how).found
    assert {leak.file for leak in found} <= {path}
    return {(leak.question, leak.line) for leak in found}


def test_a_release_leaks_nothing(book):
    found = scan(book)
    assert found.found == ()
    assert found.files == 2
    assert found.lines > 10
    assert str(found).endswith("no leaks")


def highlighted(text: str) -> str:
    return highlight(text, PythonLexer(), HtmlFormatter(linenos="inline"))


FORMS = {
    "plain": lambda text: text,
    "indented": lambda text: f"        {text}   # mine",
    "other spaces": lambda text: text.replace(" ", "").replace("=np", " =  np"),
    "escaped": html.escape,
    "escaped twice": lambda text: html.escape(html.escape(text)),
    "highlighted": highlighted,
    "highlighted in JSON": lambda text: json.dumps({"html": highlighted(text)}),
    "JSON": lambda text: json.dumps({"source": [f"def f():\n    {text}\n", "pass"]}),
    "JSON in JSON": lambda text: json.dumps(json.dumps(f"def f():\n    {text}\n")),
    "unicode escapes": lambda text: text.replace(">", "\\u003e").replace("'", "\\u0027"),
    "attribute": lambda text: f'<button data-code="{html.escape(text)}">',
    "script": lambda text: f"<script>var s = {json.dumps(text)};</script>",
    "comment": lambda text: f"<!-- {text} -->",
}


@pytest.mark.parametrize("suffix", [".html", ".ipynb", ".md", ".txt", ".js", ".json", ".py", ""])
@pytest.mark.parametrize("form", FORMS)
def test_a_line_of_a_solution_is_found_in_every_form(book, form, suffix):
    assert ("leaky/leaky", SECRET) in planted(book, f"_sources/deep/page{suffix}", FORMS[form](SECRET))


@pytest.mark.parametrize("form", FORMS)
def test_a_line_of_a_hidden_test_is_found_in_every_form(book, form):
    assert ("leaky/leaky", TEST) in planted(book, "page2.html", FORMS[form](TEST))


@pytest.mark.parametrize("text", ["return slope * x", "    return  slope*x\n"])
@pytest.mark.parametrize("page", ["<pre>def f(x):\n{}\n</pre>", '{{"source": ["def f(x):\\n", "{}"]}}', "{}"])
def test_a_short_line_is_found_where_it_is_a_whole_line(book, text, page):
    name = "page2.ipynb" if page.startswith("{{") else "page2.html"
    text = text.strip("\n")
    assert planted(book, name, page.format(text)) == {("leaky/leaky", "return slope * x")}


def test_a_short_line_within_another_is_no_leak(book):
    assert planted(book, "page2.html", "<pre>w = v(return slope * x + 1)</pre>") == set()


def test_a_line_that_is_released_too_is_no_leak(book):
    assert planted(book, "page2.html", highlighted(sources.LEAKY.split("\n")[0] + "\n    pass")) == set()


@pytest.mark.parametrize("mark", ["### BEGIN SOLUTION", "#BEGIN  HIDDEN TESTS"])
def test_a_mark_of_a_region_is_found(book, mark):
    ((question, line),) = planted(book, "page2.html", f"<span>{mark}</span>")
    assert question == ""
    assert line in mark.replace("  ", " ")


def test_a_page_that_explains_the_marks_is_no_leak(book):
    chapters = book / "chapters"
    chapters.mkdir()
    (chapters / "teaching.md").write_text("Write `### BEGIN SOLUTION` above it.", "utf-8")
    page = "<p>Write <code>### BEGIN SOLUTION</code> above it.</p>"
    assert planted(book, "chapters/teaching.html", page, public=[chapters]) == set()
    assert planted(book, "chapters/learning.html", page, public=[chapters]) == {("", "BEGIN SOLUTION")}


@pytest.mark.parametrize(
    "line", ["Right for alpha up to 1 only.", "return np.maximum(x, alpha * x)", "At 0 both slopes give 0."]
)
def test_a_line_of_the_bank_is_found(book, line):
    assert ("leaky/leaky", line) in planted(book, "page2.html", html.escape(line))


def test_the_source_and_the_bank_themselves_are_found(book):
    source = book / "source" / "leaky" / "leaky.ipynb"
    assert {("leaky/leaky", SECRET), ("", "BEGIN SOLUTION")} <= planted(book, "copy.ipynb", source.read_text("utf-8"))
    (book / "built" / "copy.ipynb").unlink()
    assert ("leaky/leaky", "Right for alpha up to 1 only.") in planted(
        book, "copy.toml", source.with_suffix(".toml").read_text("utf-8")
    )


def test_a_line_of_a_public_chapter_is_no_leak(book):
    chapter = book / "chapter.md"
    chapter.write_text(f"It can be computed by\n\n    {SECRET}\n", "utf-8")
    assert planted(book, "page2.html", highlighted(SECRET)) != set()
    assert planted(book, "page2.html", highlighted(SECRET), public=[chapter]) == set()
    # What is looked at, or lies among the sources, cannot excuse itself.
    assert planted(book, "page2.html", highlighted(SECRET), public=[book / "built", book / "source"]) != set()


def test_the_search_index_is_read_as_words_and_pages(book):
    index = 'Search.setIndex({{"docnames":["index"{}],"terms":{{"leaky":0{}}}}})'
    assert planted(book, "searchindex.js", index.format("", "")) == set()
    found = planted(book, "searchindex.js", index.format(',"book/source/leaky/leaky"', ""))
    assert found == {("", "source/leaky/leaky")}


def test_a_name_of_a_solution_in_the_search_index_is_found(book):
    cells = sources.leaky_cells(solution=sources.LEAKY.replace("slope", "chosen_slope"))
    (book / "source" / "leaky" / "leaky.ipynb").write_text(sources.notebook(cells), "utf-8")
    assert ("leaky/leaky", "chosen_slope") in planted(book, "searchindex.js", '{"terms":{"chosen_slope":[1, 2]}}')
    (book / "chapter.md").write_text("`chosen_slope`", "utf-8")
    assert planted(book, "searchindex.js", '{"terms":{"chosen_slope":[1, 2]}}', public=[book / "chapter.md"]) == set()


def test_mathjax_and_what_is_no_text_are_not_looked_at(book):
    assert planted(book, "_static/mathjax/tex.js", SECRET) == set()
    (book / "built" / "picture.png").write_bytes(b"\0" + SECRET.encode())
    assert scan(book).found == ()


def test_findings_are_frozen_and_say_where(book):
    planted(book, "page2.html", SECRET)
    (leak,) = scan(book).found
    assert leak == Leak(book / "built" / "page2.html", "leaky/leaky", SECRET)
    assert re.search(r"page2\.html: leaky/leaky: slope = ", str(leak))
    with pytest.raises(AttributeError):
        leak.line = ""


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sources": "nowhere"}, "nowhere: no such file or folder; expected a folder of sources"),
        ({"sources": "built/page.html"}, "no notebook is in it"),
        ({"published": "nowhere"}, "nowhere: no such file or folder; expected a release"),
        ({"published": "empty"}, "no text file is in it"),
        ({"public": "nowhere"}, "nowhere: no such file or folder; expected a chapter"),
    ],
)
def test_what_is_missing_is_named(book, wrong, said):
    (book / "empty").mkdir()
    paths = {"sources": "source", "published": "built", "public": "built"} | wrong
    with pytest.raises(ValueError, match=said):
        leaks(book / paths["sources"], [book / paths["published"]], public=[book / paths["public"]])


def test_the_command_fails_if_something_leaks(book, capsys):
    arguments = ["leaks", str(book / "source"), str(book / "built")]
    assert main(arguments) == 0
    assert "no leaks" in capsys.readouterr().out
    (book / "built" / "page2.html").write_text(highlighted(SECRET), "utf-8")
    assert main(arguments) == 1
    assert f"leaky/leaky: {SECRET}" in capsys.readouterr().out
    (book / "chapter.md").write_text(SECRET, "utf-8")
    assert main([*arguments, "--public", str(book / "chapter.md")]) == 0
    assert main(["leaks", str(book / "nowhere"), str(book / "built")]) == 2
