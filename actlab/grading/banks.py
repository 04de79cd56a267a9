"""The bank of an assignment: wrong and right answers written by hand, beside the source, to test its tests with.

A file of TOML, with the source's name and the suffix ``.toml``. For each question, by the ``grade_id`` of its answer
cell, ``[[id.wrong]]`` and ``[[id.right]]`` hold ``why`` and ``code``, a whole answer cell each; ``[[id.equivalent]]``
holds ``mutant``, the changed line of a mutation that no test can tell from the solution, and ``why`` that is so.
``slow``, above these, lists the questions whose answers take seconds; a quick run tries a few answers to these.
"""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from actlab.grading.notebooks import Assignment, Question, solution

#: How many answers of a kind a question needs.
LEAST = {"wrong": 4, "right": 2}
_FIELDS = {"wrong": {"why", "code"}, "right": {"why", "code"}, "equivalent": {"why", "mutant"}}


@dataclass(frozen=True)
class Entry:
    """An answer with its ``why``, or a mutant's line, ``code``, that computes what the solution computes."""

    why: str
    code: str = field(repr=False)


@dataclass(frozen=True)
class Bank:
    """The answers of a bank.

    Attributes
    ----------
    entries
        For each question and kind (wrong, right, equivalent) what stands there and can be used.
    slow
        The questions of which a quick run tries a few answers.
    faults
        Which rules the bank breaks.
    """

    entries: dict[str, dict[str, tuple[Entry, ...]]] = field(repr=False)
    slow: frozenset[str]
    faults: tuple[str, ...]

    def of(self, question: str, kind: str) -> tuple[Entry, ...]:
        """Return the entries of a kind for a question."""
        return self.entries.get(question, {}).get(kind, ())


def read(path: Path, assignment: Assignment) -> Bank:
    """Read a bank and hold it to the rules; entries that cannot be used are left out.

    Raises
    ------
    ValueError
        If the file cannot be read, or is not TOML.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; expected the bank of answers of {assignment.name}") from None
    except ValueError as error:
        raise ValueError(f"{path}: not TOML: {error}") from None
    known = {question.id: question for question in assignment.questions}
    slow = tables.pop("slow", [])
    slow = slow if isinstance(slow, list) else [slow]
    asked = [*tables, *map(str, slow)]
    faults = [f"{id}: no question has this id; the questions are {', '.join(known)}" for id in asked if id not in known]
    entries = {id: _entries(id, tables.get(id, {}), faults) for id in known}
    for id, question in known.items():
        faults += _breaches(question, entries[id])
    return Bank(entries, frozenset(map(str, slow)), tuple(faults))


def _entries(id: str, table, faults: list[str]) -> dict[str, tuple[Entry, ...]]:
    """Return the usable entries of a question; say of the others what they lack."""
    table = table if isinstance(table, dict) else {"": []}
    faults += [f"{id}.{kind}: unknown; expected one of {', '.join(_FIELDS)}" for kind in table if kind not in _FIELDS]
    found = {}
    for kind, fields in _FIELDS.items():
        listed = table.get(kind, [])
        usable = []
        for number, entry in enumerate(listed if isinstance(listed, list) else [listed], start=1):
            where = f"{id}.{kind} {number}"
            if not isinstance(entry, dict) or set(entry) != fields:
                faults.append(f"{where}: expected the fields {' and '.join(sorted(fields))} in [[{id}.{kind}]]")
            elif empty := [
                name for name in sorted(fields) if not isinstance(entry[name], str) or not entry[name].strip()
            ]:
                faults.append(f"{where}: {' and '.join(empty)} must be a text that is not empty")
            else:
                usable.append(Entry(entry["why"].strip(), entry["mutant" if kind == "equivalent" else "code"]))
        found[kind] = tuple(usable)
    return found


def _breaches(question: Question, entries: dict[str, tuple[Entry, ...]]) -> list[str]:
    """Say which rules the answers of a question break."""
    id, found = question.id, []
    for kind, least in LEAST.items():
        if len(entries[kind]) < least:
            found.append(f"{id}: {len(entries[kind])} {kind} answers; expected at least {least}")
    seen = {_plain(solution(question.answer.text)): "the solution"}
    for kind in LEAST:
        for number, entry in enumerate(entries[kind], start=1):
            where = f"{id}.{kind} {number}"
            try:
                text = _plain(entry.code)
            except (SyntaxError, ValueError) as error:
                found.append(f"{where}: not Python: {error}")
                continue
            if text in seen:
                found.append(f"{where}: the same as {seen[text]}")
            seen.setdefault(text, where)
    lines = [entry.code.strip() for entry in entries["equivalent"]]
    found += [f"{id}.equivalent: twice {line!r}" for line in sorted({line for line in lines if lines.count(line) > 1})]
    return found


def _plain(code: str) -> str:
    """Return code without comments, docstrings and differences in layout."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None and len(node.body) > 1:
            del node.body[0]
    return ast.unparse(tree)
