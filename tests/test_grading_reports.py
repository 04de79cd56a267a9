"""The reports of a class run: exact columns, escaped text, no two learners in one file."""

import csv
import html.parser
import io
import json
import os
import unicodedata

import pytest

from actlab.grading import reports
from actlab.grading.notebooks import Assignment
from actlab.grading.reports import Row, page, page_names, table, write
from tests.grading import exercise

NAMES = [
    "=cmd()",
    "+1",
    "\uff1d1",
    "-1",
    "@a",
    "\tb",
    "\rc",
    "a\nb",
    "\"q\", 'r'",
    "Zoë 木",
    "..",
    "<script>",
    os.fsdecode(b"\xe9"),
    "x\0y",
]


@pytest.fixture(scope="module")
def assignment(tmp_path_factory):
    return Assignment.read(exercise.write(tmp_path_factory.mktemp("source") / "leaky.ipynb"))


def row(learner="ann", **told):
    points = {"leaky_values": 2.0, "leaky_hidden": 0.0, "slope_values": 2.0, "slope_hidden": 2.0}
    points |= {"dead_range": 0.5, "dead_count": 0.0}
    told = {"points": points, "reasons": {"leaky_hidden": "leaky_relu(-1.0) gave <b>7</b>"}} | told
    return Row(learner, **{"status": "graded", "file": f"{learner}.ipynb", "sha256": "0" * 64} | told)


class Tags(html.parser.HTMLParser):
    """The tags of a page, with their attributes, and the text between them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], "", []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


# --- The table --------------------------------------------------------------------------------------------------------


def test_the_columns_are_the_questions_and_the_points_their_sums(assignment):
    lines = list(csv.reader(io.StringIO(table(assignment, [row(notes=("one", "two, three"))]))))
    assert lines == [
        ["learner", "leaky", "slope", "dead", "total", "max", "status", "notes"],
        ["ann", "2", "4", "0.5", "6.5", "10", "graded", "one; two, three"],
    ]


def test_a_total_of_many_parts_is_printed_as_it_is_meant(assignment):
    tenths = row(points={"leaky_values": 0.1, "leaky_hidden": 0.2})
    assert table(assignment, [tenths]).splitlines()[1].startswith("ann,0.3,0,0,0.3,10,")


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_is_a_formula(assignment, name):
    text = table(assignment, [row(name, status=name, notes=(name,))])
    text.encode()
    (_, line) = csv.reader(io.StringIO(text, newline=""))
    for cell in (line[0], line[-2], line[-1]):
        assert cell[0] not in "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
        assert cell.removeprefix("'") == reports.printable(name)
    assert line[1:6] == ["2", "4", "0.5", "6.5", "10"]


def test_names_that_are_no_text_stay_apart():
    names = [os.fsdecode(bytes([byte])) for byte in range(0x80, 0x100)]
    assert len({reports.printable(name) for name in names}) == len(set(page_names(names))) == len(names)


# --- The details ------------------------------------------------------------------------------------------------------


def test_the_details_say_what_each_check_found(assignment):
    told = json.loads(reports.details(assignment, [row()], {"seed": 7}, {"ann": "ann.html"}))
    assert (told["assignment"], told["max"], told["seed"]) == ("leaky", 10, 7)
    assert told["checks"][1] == {
        "check": "leaky_hidden",
        "question": "leaky",
        "max": 2,
        "hint": "Try other slopes, above 1, too.",
    }
    (ann,) = told["learners"]
    assert (ann["learner"], ann["total"], ann["status"], ann["sha256"]) == ("ann", 6.5, "graded", "0" * 64)
    assert (ann["file"], ann["feedback"]) == ("ann.ipynb", "feedback/ann.html")
    assert ann["checks"][1]["reason"] == "leaky_relu(-1.0) gave <b>7</b>"
    assert [check["points"] for check in ann["checks"]] == [2, 0, 2, 2, 0.5, 0]


# --- The pages --------------------------------------------------------------------------------------------------------


def test_a_page_says_points_reason_hint_and_errors(assignment):
    told = page(assignment, row(notes=("late",), errors={"leaky": "hello", "own": "mine"}))
    text = Tags(told).text
    for part in ("6.5 of 10 points", "leaky: 2 of 4 points", "leaky_relu(-1.0) gave <b>7</b>", "late", "hello", "mine"):
        assert part in text
    assert "Hint: Try other slopes, above 1, too." in text
    assert "Hint: Which slope" not in text  # its points were earned
    assert "expect." not in told


def test_who_is_not_graded_is_told_so(assignment):
    told = Tags(page(assignment, Row("ann", "not graded: unreadable", ("the file is empty",), {"leaky_values": 0.0})))
    assert "Not a grade yet. not graded: unreadable" in told.text
    assert "the file is empty" in told.text
    assert "table" not in {tag for tag, _ in told.tags}


@pytest.mark.parametrize("bad", ["</pre><script>alert(1)</script>\"'&", "\ud800\udce9\0\x1b[31m\ufffe\u202e"])
def test_a_page_holds_any_text_as_text(assignment, bad):
    told = page(
        assignment,
        row(bad, notes=(bad,), reasons={"leaky_values": bad, "slope_hidden": bad}, errors={"leaky": bad, bad: bad}),
    )
    told.encode()
    page_of_text = Tags(told)
    plain = Tags(page(assignment, row(notes=("n",), reasons={"leaky_values": "r", "slope_hidden": "r"},
                                      errors={"leaky": "o", "own": "o"})))  # fmt: skip
    assert [tag for tag, _ in page_of_text.tags] == [tag for tag, _ in plain.tags]
    assert not set(told) & set("\0\x1b\ufffe")
    assert page_of_text.open == []


def test_a_page_loads_nothing_and_can_be_read_by_everybody(assignment):
    told = Tags(page(assignment, row(errors={"leaky": "hello"})))
    tags = {tag for tag, _ in told.tags}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not {name for _, given in told.tags for name in given} & {"src", "href", "onclick", "onload"}
    assert ("html", {"lang": "en"}) in told.tags
    assert {"title", "main", "h1", "caption"} <= tags
    assert {given.get("scope") for tag, given in told.tags if tag == "th"} == {"row", "col"}
    policy = [given["content"] for tag, given in told.tags if given.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    assert "color-scheme: light dark" in told.text


def test_a_long_message_is_cut(assignment):
    told = page(assignment, row(errors={"leaky": "begin" + "x" * 10**6}))
    assert len(told) < 10_000
    assert "begin" in told
    assert "characters are left out]</bdi>" in told


# --- Their names ------------------------------------------------------------------------------------------------------


def test_no_two_pages_have_one_name():
    alike = ["Ann", "ann", "ANN", "a/b", "a_b", "a?b", "con", "CON", "x" * 300, "x" * 301, "Zoë", "Zoe\u0308", "", " "]
    alike += NAMES
    names = page_names(alike)
    # As macOS and Windows compare them.
    assert len({unicodedata.normalize("NFC", name).casefold() for name in names}) == len(alike)
    for learner, name in zip(alike, names, strict=True):
        assert name.endswith(".html")
        assert len(name.encode()) <= 255
        assert not set(name) & set('/\\:*?"<>|\n\r\t\0')
        assert name[0] not in ".- "
        assert name.split(".")[0].lower() != "con", learner


def test_an_ordinary_name_is_kept():
    assert page_names(["ann", "j.smith", "Zoë 木"]) == ["ann.html", "j.smith.html", "Zoë 木.html"]


def test_the_files_are_written_and_old_pages_are_removed(assignment, tmp_path):
    rows = [row(name) for name in [*NAMES, "gone"]]
    write(tmp_path, assignment, rows, {})
    assert len(list((tmp_path / "feedback").iterdir())) == len(rows)
    write(tmp_path, assignment, rows[:-1], {})
    told = json.loads((tmp_path / "results.json").read_text("utf-8"))
    named = {learner["feedback"] for learner in told["learners"]}
    assert named == {f"feedback/{path.name}" for path in (tmp_path / "feedback").iterdir()}
    assert [learner["learner"] for learner in told["learners"]] == NAMES
    assert {path.name for path in tmp_path.iterdir()} == {"grades.csv", "results.json", "feedback"}
