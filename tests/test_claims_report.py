"""The ledger as pages show it: escaped, linked, in order, and filtered by a script that finds what it reads."""

import re
from collections import Counter
from html.parser import HTMLParser

import pytest

import actlab
from actlab import claims
from actlab.claims import CLAIMS, STATEMENTS, Statement, ledger, report
from tests.test_book import BOOK, NOTEBOOKS, SOURCES, read

ENTRIES = {**CLAIMS, **STATEMENTS}


class Page(HTMLParser):
    """Collect the rows, texts and links of HTML, and see that what is opened is closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.ids, self.links, self.classes, self.text = [], [], [], Counter(), ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"]] if "href" in attrs else []
        self.classes.update(attrs.get("class", "").split())
        if tag != "wbr":  # which has no end
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def few(monkeypatch):
    """A ledger of one claim for each verdict, and of a statement whose words are HTML."""
    chosen = {}
    for verdict in report.VERDICTS:
        chosen |= dict([next((id, it) for id, it in CLAIMS.items() if it.verdict == verdict and not it.slow)])
    monkeypatch.setattr(ledger, "_STATEMENTS", {})
    words = {"belief": 'Is <b onclick="x()">3 < 4 & so on.', "text": "No & <i>.", "why": "Why <u>?"}
    where = {"about": ("relu",), "sources": (), "cite": ("he2015delving",), "page": "functions/rectifiers"}
    odd = Statement("odd", verdict="false", **words, **where)
    monkeypatch.setattr(report, "CLAIMS", chosen)
    monkeypatch.setattr(report, "STATEMENTS", {"odd": odd})
    return [*chosen.values(), odd]


def test_every_entry_is_audited_the_false_first():
    audit = claims.audited()
    assert sorted(entry.id for entry in audit.entries) == sorted(ENTRIES)
    verdicts = [entry.verdict for entry in audit.entries]
    assert verdicts == sorted(verdicts, key=["false", "imprecise", "depends", "true"].index)


def test_a_row_says_everything_and_escapes_it(few):
    page = Page(claims.audited()._repr_html_())
    assert sorted(page.ids) == sorted(entry.id for entry in few)
    assert page.text.find(few[0].belief) < page.text.find(few[-2].belief)
    for entry in few:
        found = entry.text if isinstance(entry, Statement) else entry.sentence()
        how = entry.why if isinstance(entry, Statement) else entry.how
        for said in (entry.belief, found, how, *entry.about):
            assert said in page.text
        assert f"../{entry.page}.html" in page.links
        assert isinstance(entry, Statement) or entry.code in page.text
    assert "heard often" in page.text and "He et al. (2015)" in page.text
    assert "https://doi.org" in " ".join(page.links)


def test_the_script_finds_what_it_reads(few):
    script = (BOOK / "_static" / "claims.js").read_text("utf-8")
    read_by_script = set(re.findall(r'\("(?:table)?\.(\w+)', script))
    page = Page(claims.audited()._repr_html_())
    assert {"claims", "about", "verdict", "source"} <= read_by_script
    assert read_by_script <= page.classes.keys()
    assert page.classes["verdict"] == page.classes["about"] == page.classes["source"] == len(few)


def test_the_verdicts_are_counted(few):
    rows = claims.verdicts().rows
    assert [row[0] for row in rows] == ["**false**", "**imprecise**", "**depends**", "**true**", "all"]
    # The one statement of this ledger is false.
    cited = "1 of them only cited"
    assert [row[2] for row in rows] == [f"2, {cited}", "1", "1", "1", f"5, {cited}"]


def test_the_verdicts_add_up_to_the_rows_below_them():
    """Above the table a reader chooses among the verdicts, each with the number of its rows."""
    entries = claims.audited().entries
    together = {row[0].strip("*"): int(row[-1].split(",")[0]) for row in claims.verdicts().rows}
    assert together == Counter(entry.verdict for entry in entries) | {"all": len(entries)}


def test_pros_and_cons_are_those_of_the_ledger():
    balance = claims.pros_and_cons("rectifier", "softmax")
    assert [activation.name for activation, _, _ in balance.sides][-1] == "softmax"
    for activation, pros, cons in balance.sides:
        ours = [it for it in CLAIMS.values() if it.about[0] == activation.name and it.side]
        assert set(pros) | set(cons) == set(ours) and ours
        assert {it.side for it in pros} <= {"pro"} and {it.side for it in cons} <= {"con"}
    (relu,) = (side for side in balance.sides if side[0] is actlab.relu)
    assert CLAIMS["relu-sparse"] in relu[1] and CLAIMS["relu-unbounded"] in relu[2]


def test_pros_and_cons_are_printed_with_links_to_the_audit():
    balance = claims.pros_and_cons("gelu_sigmoid", "step")
    page = Page(balance._repr_html_())
    assert repr(balance) == "Balance(gelu_sigmoid, step)"
    assert page.classes["for-and-against"] == 2
    assert "nothing measured" in page.text
    for _, pros, cons in balance.sides:
        for it in (*pros, *cons):
            assert it.belief in page.text and it.sentence() in page.text
            assert f"../claims/audited.html#{it.id}" in page.links


def test_pros_and_cons_of_nothing_are_refused():
    with pytest.raises(ValueError, match="no claim speaks for or against rrelu"):
        claims.pros_and_cons("rrelu")


# --- In the book ------------------------------------------------------------------------------------------------------


def outputs(notebook, start):
    """The HTML that the cells of a notebook print that start in this way."""
    return "".join(
        output.data["text/html"]
        for cell in read(notebook).cells
        if cell.cell_type == "code" and cell.source.startswith(start)
        for output in cell.outputs
    )


def test_the_links_between_ledger_and_chapters_lead_somewhere():
    (audited,) = (path for path in NOTEBOOKS if path.stem == "audited")
    rows = Page(outputs(audited, "claims.audited"))
    assert rows.ids
    for notebook in NOTEBOOKS:
        for start in ("claims.audited", "claims.pros_and_cons"):
            for link in Page(outputs(notebook, start)).links:
                if not link.startswith("https://"):
                    page, _, anchor = link.partition("#")
                    target = (BOOK / notebook).parent / page.replace(".html", ".ipynb")
                    assert target.resolve().is_relative_to(BOOK) and target.exists(), link
                    assert not anchor or anchor in rows.ids, link


def test_every_side_is_shown_in_a_chapter():
    shown = "".join(outputs(notebook, "claims.pros_and_cons") for notebook in NOTEBOOKS)
    sided = {it.id for it in CLAIMS.values() if it.side and it.about[0] in actlab.names()}
    assert {id for id in sided if f"#{id}" not in shown} == set()


# A heading, an item of a list, a row of a table or a line in bold letters that sets out to weigh.
WEIGHING = re.compile(
    r"^\s*(?:#+|[-*+]|\d+\.|\||\*\*|:::).*\b(?:pros|cons|(?:dis)?advantages?|drawbacks?|for and against)\b", re.I | re.M
)


def weighed_by_hand(cells):
    """The places in Markdown cells that list pros and cons and are not followed by a call of the ledger."""
    following = [*cells[1:], None]
    return [
        found[0]
        for cell, after in zip(cells, following, strict=True)
        if cell.cell_type == "markdown" and not (after and "claims.pros_and_cons(" in after.source)
        for found in WEIGHING.finditer(cell.source)
    ]


@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_pros_and_cons_are_never_written_by_hand(source):
    if source.suffix == ".ipynb":
        assert weighed_by_hand(read(source).cells) == []
    else:
        assert WEIGHING.findall((BOOK / source).read_text("utf-8")) == []


@pytest.mark.parametrize(
    "text",
    ["## Pros and cons", "- Advantage: it is fast", "**Disadvantages**", "| pros | cons |", "text\n\n1. a drawback"],
)
def test_a_list_by_hand_would_be_seen(text):
    cell = type("Cell", (), {"cell_type": "markdown", "source": text})
    call = type("Cell", (), {"cell_type": "code", "source": 'claims.pros_and_cons("gate")'})
    assert len(weighed_by_hand([cell])) == 1
    assert weighed_by_hand([cell, call]) == []
    assert len(weighed_by_hand([cell, cell, call])) == 1
