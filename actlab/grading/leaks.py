"""Looks for solutions, hidden tests and banks of answers in what is published: releases, built pages, search index.

A secret is a line of a solution, of a hidden test, or of a bank's answer. A line that stands in the released part of a
source too, such as the head of a function, is none, and neither is one of a chapter that is published anyway
(``public``). Files are compared as text without white space, quotes and backslashes, after tags are removed and
escapes of HTML and JSON undone, so that highlighting, indentation and nested escapes hide nothing. A secret of at least
16 characters is found anywhere, also within a line; a shorter one, such as ``n_dead = 2``, is found where it is a whole
line of a page, because such few characters stand in longer lines by chance. Below 5 characters nothing is told.

The search index holds words instead of lines: there, a name of a secret that no public line has is a leak, and so is a
page that lies among the sources.
"""

from __future__ import annotations

import html
import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from actlab.grading.notebooks import REGIONS, Assignment, released

_LONG, _SHORT = 16, 5
#: The program that draws formulas, 9 of 10 MB of a built book, is copied as it is and made from no page.
SKIPPED = ("mathjax",)
# Programs and style sheets of the theme hold no page; a short line of code may stand there by chance.
_PAGES = {".html", ".htm", ".ipynb", ".json", ".md", ".py", ".rst", ".toml", ".txt", ".xml"}
_MARKS = tuple(begin.removeprefix("### ") for begin, _ in REGIONS.values())
_SQUEEZED = re.compile(r"[\s\\\"'`]+")
_WORD = re.compile(r"[A-Za-z_]\w{2,}")


@dataclass(frozen=True)
class Leak:
    """A line that is published and should not be.

    Attributes
    ----------
    file
        Where it stands.
    question
        Which question it belongs to: the answer cell's ``grade_id`` behind the assignment's name; empty for a mark of
        a region.
    line
        The line of the source or of the bank.
    """

    file: Path
    question: str
    line: str

    def __str__(self) -> str:
        return f"{self.file}: {self.question or 'a mark'}: {self.line}"


@dataclass(frozen=True)
class Scan:
    """What was found, and of how many files and secret lines."""

    found: tuple[Leak, ...]
    files: int
    lines: int

    def __str__(self) -> str:
        return f"{self.lines} secret lines, {self.files} files: {len(self.found) or 'no'} leaks"


@dataclass(frozen=True)
class _Secret:
    question: str
    line: str
    words: frozenset[str] = field(repr=False)

    @property
    def squeezed(self) -> str:
        return _squeeze(self.line)


def leaks(sources: str | Path, published: Iterable[str | Path], *, public: Iterable[str | Path] = ()) -> Scan:
    """Look for secrets of all sources in a folder.

    Parameters
    ----------
    sources
        The folder with the source notebooks and their banks, at any depth.
    published
        Files, and folders with all text files in them at any depth.
    public
        Files and folders whose lines are no secrets, such as the chapters of the book. What lies among the sources or
        is one of the ``published`` files is not read as such.

    Raises
    ------
    ValueError
        If a path does not exist, there is no source, or no file to look at.
    """
    sources = Path(sources)
    published = [Path(path) for path in published]
    notebooks = [path for path in _files([sources], "a folder of sources") if path.suffix == ".ipynb"]
    if not notebooks:
        raise ValueError(f"{sources}: no notebook is in it; expected sources with solutions")
    files = list(_files(published, "a release or a folder of them"))
    if not files:
        raise ValueError(f"{', '.join(map(str, published))}: no text file is in it; expected a release or a built book")
    skipped = {path.resolve() for path in files}
    among = sources.resolve()
    chapters = [
        path
        for path in _files(map(Path, public), "a chapter or a folder of them")
        if path.resolve() not in skipped and among not in path.resolve().parents
    ]
    known = _Known([text for path in chapters for text in _texts(path)])
    secrets = _secrets(notebooks, known)
    marked = {(path.parent.name, _stem(path)) for path in chapters if _has_mark(path)}
    pages = [Path(sources.name, path.relative_to(sources)).with_suffix("").as_posix() for path in notebooks]
    found = [leak for path in files for leak in _search(path, secrets, known, marked, pages)]
    return Scan(tuple(found), len(files), len(secrets))


# --- What is secret ---------------------------------------------------------------------------------------------------


class _Known:
    """What is public: a long text if it stands anywhere in it, a short one if it is a whole line."""

    def __init__(self, texts: Iterable[str]):
        self.lines: set[str] = set()
        self.words: set[str] = set()
        self.text = ""
        for text in texts:
            self.add(text)

    def add(self, text: str) -> None:
        self.lines.update(map(_squeeze, text.split("\n")))
        self.text += f"\n{_squeeze(text)}"
        self.words.update(word.lower() for word in _WORD.findall(text))

    def __contains__(self, squeezed: str) -> bool:
        return squeezed in (self.text if len(squeezed) >= _LONG else self.lines)


def _secrets(notebooks: Sequence[Path], known: _Known) -> list[_Secret]:
    """Return the secret lines of sources and banks, once each."""
    lines: list[tuple[str, str]] = []
    for path in notebooks:
        assignment = Assignment.read(path)
        question = ""
        for cell in assignment.cells:
            public = released(cell.text)
            known.add(public)
            question = cell.id if cell.role == "answer" else question
            # What is not in a region is released, and `known` has it.
            lines += [(f"{assignment.name}/{question}", line) for line in cell.text.split("\n")]
        bank = path.with_suffix(".toml")
        if bank.exists():
            lines += [(f"{assignment.name}/{question}", line) for question, line in _bank_lines(bank)]
    begins = {mark for pair in REGIONS.values() for mark in pair}
    found: dict[str, _Secret] = {}
    for question, line in lines:
        squeezed = _squeeze(line)
        if len(squeezed) >= _SHORT and squeezed not in known and line.strip() not in begins:
            found.setdefault(squeezed, _Secret(question, line.strip(), frozenset(_WORD.findall(line))))
    return list(found.values())


def _bank_lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not TOML: {error}") from None
    for question, table in tables.items():
        if question == "slow":  # names of questions
            continue
        for text in _strings(table):
            yield from ((question, line) for line in text.split("\n"))


# --- Where it might stand ---------------------------------------------------------------------------------------------


def _search(path: Path, secrets: Sequence[_Secret], known: _Known, marked: set, pages: Sequence[str]) -> Iterator[Leak]:
    """Yield the leaks of one file, in the order of the secrets."""
    views = _texts(path)
    squeezed = [_squeeze(view) for view in views]
    lines = {_squeeze(line) for view in views for line in view.split("\n")} if path.suffix in _PAGES else set()
    words = {word for view in views for word in _WORD.findall(view)}
    if (path.parent.name, _stem(path)) not in marked:
        for mark in _MARKS:
            if any(_squeeze(mark) in view for view in squeezed):
                yield Leak(path, "", mark)
    if path.name == "searchindex.js":
        yield from _search_index(path, views[0], words, secrets, known, pages)
    for secret in secrets:
        text = secret.squeezed
        # The words are a quick look: what lacks one of them does not hold the line.
        long = len(text) >= _LONG and secret.words <= words and any(text in view for view in squeezed)
        if long or text in lines:
            yield Leak(path, secret.question, secret.line)


def _search_index(
    path: Path, text: str, words: set[str], secrets: Sequence[_Secret], known: _Known, pages: Sequence[str]
) -> Iterator[Leak]:
    yield from (Leak(path, "", page) for page in pages if page in text)
    terms = {word.lower() for word in words}
    for secret in secrets:
        # Long names alone: the index holds stems of words, and a short one may be the stem of another word.
        names = {word.lower() for word in secret.words if len(word) >= 6} - known.words
        for name in sorted(names & terms):
            yield Leak(path, secret.question, name)


def _texts(path: Path) -> list[str]:
    """Return the readings of a file: as it stands, with its JSON unpacked, and without tags, escapes undone."""
    raw = path.read_text("utf-8", errors="replace")
    texts = [raw]
    if path.suffix in (".ipynb", ".json"):
        try:
            texts.append("\n".join(_strings(json.loads(raw))))
        except (ValueError, RecursionError):
            pass  # a broken file is read as plain text
    views = []
    for text in texts:
        text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
        # A line break that JSON or JavaScript wrote as \n, however often it was packed.
        text = re.sub(r"\\+n", "\n", text) if path.suffix not in (".html", ".htm") or "\\n" in text else text
        plain = _unescaped(text)
        views += [plain, _unescaped(_without_tags(text)), _without_tags(plain)]
    return list(dict.fromkeys(views))


def _strings(value) -> Iterator[str]:
    """Yield all texts in plain data; a list of lines, as notebooks have it, as one text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and value and all(isinstance(line, str) for line in value):
        yield "".join(value)
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _strings(part)


def _without_tags(text: str) -> str:
    return re.sub(r"<[^<>]*>", "", text)


def _unescaped(text: str) -> str:
    while (plain := html.unescape(text)) != text:
        text = plain
    return text


def _squeeze(text: str) -> str:
    return _SQUEEZED.sub("", text)


def _has_mark(path: Path) -> bool:
    return any(_squeeze(mark) in _squeeze(text) for text in _texts(path) for mark in _MARKS)


def _stem(path: Path) -> str:
    return path.name.split(".")[0]


def _files(paths: Iterable[Path], expected: str) -> Iterator[Path]:
    """Yield the text files among and below some paths, sorted."""
    for path in paths:
        if not path.exists():
            raise ValueError(f"{path}: no such file or folder; expected {expected}")
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in below:
            parts = file.relative_to(path).parts if path.is_dir() else ()
            hidden = any(part.startswith(".") for part in parts)
            if file.is_file() and not hidden and not set(SKIPPED) & set(parts) and _is_text(file):
                yield file


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        return b"\0" not in file.read(4096)
