"""No result is typed into the book's text: what is measured is printed by a cell, from a claim or from a catalogue."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from actlab import quizzes
from tests.test_book import BOOK, SOURCES, each_source, read

# Stands for what is no prose, character by character, so that a place in the prose is the same place in the text.
BLANK = "\0"
FENCE = re.compile(r"^(`{3,})(\{[\w-]+\})?(.*\n)((?:.*\n)*?)(\1`*[ ]*)$", re.M)
# The bodies of these directives are prose, those of others between backticks code, mathematics or data.
PROSE_BODY = {
    *("{admonition}", "{note}", "{tip}", "{hint}", "{important}", "{warning}", "{caution}", "{seealso}"),
    *("{margin}", "{sidebar}", "{dropdown}", "{exercise}", "{solution}"),
}
NOT_PROSE = [
    re.compile(r"<!--.*?-->", re.S),
    re.compile(r"^%.*$", re.M),
    re.compile(r"(?:(?<=\n\n)|\A)(?: {4}.*(?:\n|\Z))+"),
    re.compile(r"\$\$.*?\$\$", re.S),
    re.compile(r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", re.S),
    re.compile(r"^:[\w-]+:.*$", re.M),
    re.compile(r"(?:\{[\w:+.-]+\})?(`+)[^`].*?\1", re.S),
    re.compile(r"\]\([^)]*\)"),
    re.compile(r"^\([\w:.-]+\)=[ ]*$", re.M),
    re.compile(r"<[^>\s][^>\n]*>|\bhttps?://\S+"),
    re.compile(r"\b(?:figures?|fig\.|tables?|sections?|chapters?|equations?|eq\.|version)\s+\d[\d.]*\w?", re.I),
]
FORMULA = re.compile(r"(?<![\\$])\$(?!\$)(.+?)(?<!\\)\$", re.S)
# Between dollar signs, but a number in the middle of a sentence all the same; and what a formula is said to come to.
RELATION = r"(?:[=<>]|\\(?:approx|simeq|sim|leq?|geq?|ll|gg)\b)"
BARE = rf"(?:[\d\s.,+\-−{{}}^%]|\\[,;:!% ]|\\(?:times|cdot|pm)\b|{RELATION})+"
BARE_NUMBER = re.compile(BARE)
STATED = re.compile(rf"{RELATION}{BARE}(?=\$|[)\]]|\\(?:quad|text)\b)")

WORDS = (
    "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty seventy "
    "eighty ninety hundred thousand million billion dozen half quarter third fifth tenth"
)
DIGITS = r"\d+(?:[.,]\d+)*"
NUMBER = rf"(?:{DIGITS}|(?:{'|'.join(WORDS.split())})s?)"
GAP = r"(?:\s|-|\\[,;: ])"
TYPED = {
    "a decimal number": re.compile(r"(?<![\w.])\d*\.\d+(?:e[+-]?\d+)?(?![.\d]*\d)|(?<![\w.])\d+e[+-]?\d+\b"),
    "a percentage": re.compile(
        rf"{DIGITS}{GAP}*\\?%|\b{NUMBER}{GAP}+(?:of{GAP}+)?(?:an?{GAP}+)?(?:per{GAP}?cents?|percentage{GAP}+points?)\b",
        re.I,
    ),
    "a number with a thousands separator": re.compile(
        r"(?<![\w.,])\d{1,3}(?:(?:,|\{,\}|\\[,; ]|['\u2019_ \u00a0\u2009\u202f])\d{3})+(?![\d])"
    ),
    "a power of ten": re.compile(r"\b10\s*\^|\b10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]"),
    "a multiple": re.compile(
        rf"\b{NUMBER}{GAP}+(?:of{GAP}+)?times{GAP}+(?:as|more|less|the|larger|smaller|faster)\b"
        rf"|\b(?:{'|'.join(WORDS.split())}|\d+){GAP}?fold\b|\bfactor{GAP}+of{GAP}+(?:about{GAP}+)?{NUMBER}\b",
        re.I,
    ),
    "a share": re.compile(
        rf"\b{NUMBER}{GAP}+(?:in|out{GAP}+of){GAP}+(?:an?{GAP}+)?{NUMBER}\b"
        rf"|\b{NUMBER}{GAP}+of{GAP}+(?:ten|a{GAP}+hundred|a{GAP}+thousand|\d+00)\b"
        rf"|\b{NUMBER}{GAP}+(?:thirds|quarters|fifths|sixths|eighths|tenths|twentieths|hundredths|thousandths)\b",
        re.I,
    ),
}


@dataclass(frozen=True)
class Allowed:
    """A number that may be typed on a page, or on every page if that is ``*``, and why it is no result.

    ``cell`` is the code cell that it is a setting of, in which it must stand as well.
    """

    page: str
    text: str
    reason: str
    cell: str = ""

    def spans(self, page: str, text: str) -> list[tuple[int, int]]:
        """Where a passage of a page holds it."""
        if self.page not in ("*", page):
            return []
        return [found.span() for found in re.finditer(re.escape(self.text), text)]


LIST = Path(__file__).with_name("typed_numbers.toml")
ALLOWED = [Allowed(**entry) for entry in tomllib.loads(LIST.read_text("utf-8"))["number"]]


def prose(text: str) -> str:
    """Blank what is no prose in Markdown; a bare number stays, with dollar signs around it or without."""

    def blank(found: re.Match) -> str:
        return re.sub(r"[^\n]", BLANK, found[0])

    def fence(found: re.Match) -> str:
        ticks, directive, title, body, end = found.groups()
        if directive not in PROSE_BODY:
            return blank(found)
        return BLANK * len(ticks + directive) + title + FENCE.sub(fence, body) + BLANK * len(end)

    def formula(found: re.Match) -> str:
        if BARE_NUMBER.fullmatch(found[1]):
            return f"{BLANK}{found[1]}{BLANK}"
        shown = list(blank(found))
        for stated in STATED.finditer(found[0]):
            shown[slice(*stated.span())] = stated[0]
        return "".join(shown)

    text = FENCE.sub(fence, text)
    for pattern in NOT_PROSE:
        text = pattern.sub(blank, text)
    return FORMULA.sub(formula, text)


def typed(text: str) -> Iterator[tuple[str, re.Match]]:
    """Find what looks like a typed result, with what it is."""
    shown = prose(text)
    for what, pattern in TYPED.items():
        for found in pattern.finditer(shown):
            yield what, found


def asked(code: str) -> Iterator[tuple[str, str]]:
    """What a quiz says that a cell calls, without what it computes, and without answers whose numbers are measured."""
    for path in re.findall(r'\bQuiz\("[./]*([^"]+)"\)', code):
        for number, question in enumerate(quizzes.read(BOOK / path), 1):
            measured = [answer.text for answer in question.answer if answer.measured]
            texts = [question.text, *(text for answer in question.answer for text in (answer.text, answer.feedback))]
            for text in (text for text in texts if text not in measured):
                computed = [found for found in quizzes.PIECES.finditer(text) if found["expression"]]
                for found in computed:
                    text = text[: found.start()] + BLANK * len(found[0]) + text[found.end() :]
                yield f"{path}, question {number}", text


def passages(source: Path) -> Iterator[tuple[str, str]]:
    """What is read on a page, with its place: the text, the captions of the figures, and the quiz."""
    if source.suffix == ".md":
        yield "", (BOOK / source).read_text("utf-8")
        return
    for cell in read(source).cells:
        if cell.cell_type == "markdown":
            yield cell.id, cell.source
        elif caption := cell.metadata.get("mystnb", {}).get("figure", {}).get("caption"):
            yield f"{cell.id}, caption", caption
        if cell.cell_type == "code":
            yield from asked(cell.source)


def name(source: Path) -> str:
    """Name a page as `_toc.yml` does, from the folder of the book."""
    return source.with_suffix("").as_posix()


def missed(page: str, text: str, allowed: list[Allowed] = ALLOWED) -> Iterator[tuple[str, re.Match]]:
    """Find what is typed in a passage of a page and not allowed there."""
    free = [span for one in allowed for span in one.spans(page, text)]
    for what, found in typed(text):
        if not any(low <= found.start() and found.end() <= high for low, high in free):
            yield what, found


@each_source
def test_no_result_is_typed(source):
    """Print it in a cell beside the text, or say it without the number; what is no result is allowed with a reason."""
    complaints = []
    for place, text in passages(source):
        for what, found in missed(name(source), text):
            around = " ".join(text[max(0, found.start() - 50) : found.end() + 30].split())
            complaints.append(f"{place}: {what}, {found[0]!r} in '{around}'")
    assert not complaints, "\n".join(complaints)


def test_only_the_allowed_text_is_allowed_and_only_on_its_page():
    text = "a loss of 0.25 at a rate of 0.5, and 0.75"
    allowed = [Allowed("a/page", "rate of 0.5,", "a setting of the training")]
    assert [found[0] for _, found in missed("a/page", text, allowed)] == ["0.25", "0.75"]
    assert [found[0] for _, found in missed("another/page", text, allowed)] == ["0.25", "0.5", "0.75"]
    everywhere = [Allowed("*", "rate of 0.5,", "a setting of the training")]
    assert [found[0] for _, found in missed("another/page", text, everywhere)] == ["0.25", "0.75"]


@pytest.mark.parametrize("allowed", ALLOWED, ids=lambda allowed: f"{allowed.page}: {allowed.text}")
def test_what_is_allowed_is_there_and_says_why(allowed):
    """An entry outlives the sentence that it was for, and then allows another."""
    covered = [
        found[0]
        for source in SOURCES
        for _, text in passages(source)
        for low, high in allowed.spans(name(source), text)
        for _, found in typed(text)
        if low <= found.start() and found.end() <= high
    ]
    assert covered, "nothing that it allows is found"
    assert len(allowed.reason) >= 20, f"the reason {allowed.reason!r} says nothing"


@pytest.mark.parametrize("allowed", [one for one in ALLOWED if one.cell], ids=lambda one: f"{one.page}: {one.text}")
def test_a_setting_is_that_of_its_cell(allowed):
    """Who changes the cell changes the text."""
    (code,) = (cell.source for cell in read(Path(f"{allowed.page}.ipynb")).cells if cell.id == allowed.cell)
    passed = {float(literal) for literal in re.findall(r"(?<![\w.])\d[\d_]*\.?\d*(?:e[+-]?\d+)?", code)}
    spoken = [found[0] for _, found in typed(allowed.text)]
    numbers = [float(re.sub(r"\D*$", "", part.replace(",", ""))) for part in spoken if re.match(r"\.?\d", part)]
    assert numbers
    assert not [number for number in numbers if not passed & {number, number / 100}]


def test_nothing_is_allowed_twice():
    keys = [(allowed.page, allowed.text) for allowed in ALLOWED]
    assert len(keys) == len(set(keys))
    assert {page for page, _ in keys} <= {"*", *map(name, SOURCES)}


@pytest.mark.parametrize(
    "text",
    [
        "the loss is 0.25 at last",
        "a share of .5",
        "an error of 3e-7",
        "dead are 12 % of them",
        "dead are 12% of them",
        "dead are twelve per cent of them",
        "off by half a percent",
        "it fell by a third of a per cent",
        "too sure by 15 percentage points",
        "of 10,240 networks",
        "of 10 240 networks",
        "an error of 10⁻⁷",
        "three times as many",
        "tens of thousands of times as fast",
        "it grows tenfold",
        "by a factor of four",
        "one in three fails",
        "nine out of ten fail",
        "in nine of ten",
        "two thirds of them",
        "it is $0.25$ at last",
        "dead are $12\\,\\%$ of them",
        "an error of $10^{-7}$",
        "an error of $3 \\times 10^{-7}$",
        "so that $\\chi_1 \\approx 0.94$ here",
        "so that $\\chi_1 = 0.94$ here",
        "so that $p < 0.05$, $q > 0.5$ here",
        "of $10\\,240$ networks",
        ":::{admonition} In short\n- the loss is 0.25\n:::",
        "```{note}\nthe loss is 0.25\n```",
        "```{note}\na note\n```\nthe loss is 0.25\n```python\nx\n```",
        "````{note}\n```python\nx\n```\nthe loss is 0.25\n````",
        "see [a loss of 0.25](page)",
        "- **bold.** a loss\n  of 0.25",
    ],
)
def test_a_typed_result_is_found(text):
    assert list(typed(text))


@pytest.mark.parametrize(
    "text",
    [
        "in the year 1986",
        "three layers of 20 units, from 2 to 5",
        "the derivative $x \\cdot 0.5$ of $f(x) = 0.25 x^2$",
        "$$\ny = 0.25\n$$",
        "\\begin{align}\ny = 0.25\n\\end{align}",
        "call `f(0.25)` or ``f(0.5)``",
        "```python\nx = 0.25\n```",
        "```{code-block} python\nx = 0.25\n```",
        "run\n\n    python -m actlab --rate 0.25\n\nthen",
        "{cite:p}`author0.25` and {numref}`fig-0.25`",
        "[text](page-0.25)",
        "<!-- a loss of\n0.25 -->",
        "% a loss of 0.25\n",
        "<https://example.org/0.25>",
        "(anchor-0.25)=\n",
        ":width: 12 %",
        "Figure 1.2 and table 3.4, section 2.5",
        "version 3.15",
        "numpy 2.4.6",
        "many times as many, and two of three kinds",
    ],
)
def test_what_is_no_typed_result_passes(text):
    assert list(typed(text)) == []


def test_blanking_keeps_every_place():
    text = "a `b` $c$ 0.5\n$$\nd\n$$\n<!-- e\nf -->"
    assert len(prose(text)) == len(text)
    assert prose(text).count("\n") == text.count("\n")
    assert [found[0] for _, found in typed(text)] == ["0.5"]
