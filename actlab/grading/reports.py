"""What a class run leaves: ``grades.csv``, ``results.json``, and a page of feedback for each learner.

The files hold no times, and the same marks give the same bytes. Names, messages and outputs are a learner's text: it is
escaped in the pages, and a cell of the table in which a spreadsheet would see a formula begins with an apostrophe.
"""

from __future__ import annotations

import ast
import csv
import hashlib
import html
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from uuid import uuid4

from actlab.grading.notebooks import Assignment, Cell, Question

#: A status; the other begins like this, and says in which way nothing could be graded.
GRADED, UNGRADED = "graded", "not graded"

# So many characters of a message are shown on a page.
_SHOWN = 1000


@dataclass(frozen=True)
class Row:
    """What the run found for one learner.

    Attributes
    ----------
    status
        ``"graded"``, or ``"not graded: "`` and why; whoever is not graded has no points, and may deserve some.
    notes
        What whoever grades should know.
    points, reasons
        By the names of the checks; a reason only where points were not earned.
    errors
        How cells of the learner ended that failed, in one line each, by their ids.
    file, sha256
        The file that was graded, from the folder of all on, and its digest; None if there is none.
    """

    learner: str
    status: str
    notes: tuple[str, ...] = ()
    points: Mapping[str, float] = field(default_factory=dict, repr=False)
    reasons: Mapping[str, str] = field(default_factory=dict, repr=False)
    errors: Mapping[str, str] = field(default_factory=dict, repr=False)
    file: str | None = None
    sha256: str | None = None

    @property
    def total(self) -> float:
        """The sum of the points."""
        return sum(self.points.values())

    def of(self, question: Question) -> float:
        """The points of one question."""
        return sum(self.points.get(test.id, 0.0) for test in question.tests)


def write(out: str | Path, assignment: Assignment, rows: Iterable[Row], about: Mapping[str, object]) -> None:
    """Write all reports into a folder, and remove pages there of learners that are no longer in the class.

    Parameters
    ----------
    about
        What is told beside the results in ``results.json``, such as the seed; plain data.
    """
    out, rows = Path(out), tuple(rows)
    pages = dict(zip((row.learner for row in rows), page_names(row.learner for row in rows), strict=True))
    (out / "feedback").mkdir(parents=True, exist_ok=True)
    put(out / "grades.csv", table(assignment, rows))
    put(out / "results.json", details(assignment, rows, about, pages))
    for row in rows:
        put(out / "feedback" / pages[row.learner], page(assignment, row))
    for old in (out / "feedback").glob("*.html"):
        if old.name not in pages.values():
            old.unlink()


def put(path: Path, text: str) -> None:
    """Write a file that is there wholly or not at all."""
    beside = path.with_name(f".{uuid4().hex}.part")
    try:
        beside.write_bytes(text.encode())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


# --- The table --------------------------------------------------------------------------------------------------------


def table(assignment: Assignment, rows: Iterable[Row]) -> str:
    """Return ``grades.csv``: learner, the points of each question, total, max, status, notes."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["learner", *(question.id for question in assignment.questions), "total", "max", "status", "notes"])
    for row in rows:
        points = [*map(row.of, assignment.questions), row.total, assignment.maximum]
        words = [row.status, "; ".join(row.notes)]
        writer.writerow([_no_formula(row.learner), *(f"{p:.10g}" for p in points), *map(_no_formula, words)])
    return text.getvalue()


def _no_formula(text: str) -> str:
    text = printable(text)
    return f"'{text}" if text.startswith(tuple("=+-@\t\n\uff1d\uff0b\uff0d\uff20")) else text


def printable(text: str) -> str:
    """Return a text that can be written as UTF-8: bytes that were none, and control characters, as escapes.

    A carriage return is among them: the csv module writes it without quotes, and readers see a new line there.
    """
    text = text.encode("utf-8", "backslashreplace").decode()
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", lambda c: f"\\x{ord(c[0]):02x}", text)


# --- The details ------------------------------------------------------------------------------------------------------


def details(assignment: Assignment, rows: Iterable[Row], about: Mapping[str, object], pages: Mapping[str, str]) -> str:
    """Return ``results.json``: what each check gives, and for each learner what each check found."""
    checks = [
        {"check": test.id, "question": question.id, "max": test.points, "hint": hint(test)}
        for question in assignment.questions
        for test in question.tests
    ]
    learners = []
    for row in rows:
        plain = asdict(row) | {"total": row.total, "feedback": f"feedback/{pages[row.learner]}"}
        points, reasons = plain.pop("points"), plain.pop("reasons")
        plain["checks"] = [
            {"check": test.id, "points": points.get(test.id, 0.0), "max": test.points, "hint": hint(test)}
            | {"reason": reasons.get(test.id, "")}
            for test in assignment.tests
        ]
        learners.append(plain)
    everything = {"assignment": assignment.name, "max": assignment.maximum, **about}
    everything |= {"checks": checks, "learners": learners}
    # In ASCII a byte that is no text, in a name, stands as what Python makes of it.
    return json.dumps(everything, indent=1) + "\n"


def hint(test: Cell) -> str:
    """Return the hint that stands in a test cell; empty if there is none."""
    for node in ast.walk(ast.parse(test.text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "check":
            for keyword in node.keywords:
                if keyword.arg == "hint" and isinstance(keyword.value, ast.Constant):
                    return str(keyword.value.value)
    return ""


# --- The pages --------------------------------------------------------------------------------------------------------

_STYLE = """
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 }
caption { text-align: left; font-weight: 600; padding: .3rem 0 }
th, td { border-bottom: 1px solid; padding: .3rem .6rem; text-align: left; vertical-align: top }
td, li { overflow-wrap: anywhere }
.points { text-align: right; white-space: nowrap }
"""


def page(assignment: Assignment, row: Row) -> str:
    """Return a learner's page: one file that loads nothing and runs nothing."""
    title = f"{assignment.name}: feedback for {_text(row.learner)}"
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
        f"<h1>{_text(assignment.name)}: feedback for {_learners(row.learner)}</h1>",
    ]
    if row.status == GRADED:
        parts.append(f"<p><strong>{row.total:g} of {assignment.maximum:g} points.</strong></p>")
    else:
        parts.append(f"<p><strong>Not a grade yet.</strong> {_learners(row.status)}</p>")
    if row.notes:
        parts.append("<ul>" + "".join(f"<li>{_learners(note)}</li>" for note in row.notes) + "</ul>")
    if row.status == GRADED:
        for question in assignment.questions:
            parts.append(_table(question, row))
    if row.errors:
        lines = (
            f'<tr><th scope="row">{_text(id)}</th><td>{_learners(error)}</td></tr>' for id, error in row.errors.items()
        )
        parts.append(
            "<table>\n<caption>Cells that did not run to their end</caption>\n"
            '<tr><th scope="col">cell</th><th scope="col">what happened</th></tr>\n' + "\n".join(lines) + "\n</table>"
        )
    if row.sha256:
        parts.append(f"<p>Graded file: {_learners(row.file or '')}, SHA-256 {row.sha256}</p>")
    return "\n".join([*parts, "</main>\n</body>\n</html>\n"])


def _named(question: Question) -> str:
    return f"{question.title} ({question.id})" if question.title else question.id


def _table(question: Question, row: Row) -> str:
    lines = []
    for test in question.tests:
        points, reason = row.points.get(test.id, 0.0), row.reasons.get(test.id, "")
        said = _learners(reason) if reason else "right" if points else ""
        if reason and (advice := hint(test)):
            said += f"<br>Hint: {_text(advice)}"
        lines.append(
            f'<tr><th scope="row">{_text(test.id)}</th><td class="points">{points:g} of {test.points:g}</td>'
            f"<td>{said}</td></tr>"
        )
    return (
        f"<table>\n<caption>{_text(_named(question))}: {row.of(question):g} of {question.points:g} points</caption>\n"
        '<tr><th scope="col">check</th><th scope="col" class="points">points</th><th scope="col">what was found</th>'
        "</tr>\n" + "\n".join(lines) + "\n</table>"
    )


def _learners(text: str) -> str:
    """Return a text of a learner's making, cut where it is long; it cannot turn around the letters beside it."""
    text = text if len(text) <= _SHOWN else f"{text[:_SHOWN]} [{len(text) - _SHOWN} characters are left out]"
    return f"<bdi>{_text(text)}</bdi>"


def _text(text: str) -> str:
    return html.escape(printable(text))


def page_names(learners: Iterable[str]) -> list[str]:
    """Return a file name for each learner: legible, safe in every file system, and no two alike.

    A name that had to be changed, or that differs from another's in upper and lower case alone, gets a digest.
    """
    used: set[str] = set()
    names = []
    for learner in learners:
        legible = re.sub(r"[^\w.()@ -]", "_", unicodedata.normalize("NFC", printable(learner)))[:60].strip(" .-") or "_"
        digest = hashlib.sha256(learner.encode("utf-8", "surrogatepass")).hexdigest()
        reserved = re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", legible)
        choices = [f"{legible}-{digest[:8]}", f"{legible}-{digest}"]
        if legible == learner and not reserved:
            choices.insert(0, legible)
        name = next(choice for choice in choices if _folded(choice) not in used)
        used.add(_folded(name))
        names.append(f"{name}.html")
    return names


def _folded(name: str) -> str:
    # As the file systems of macOS and Windows compare names.
    return unicodedata.normalize("NFKC", name).casefold()
