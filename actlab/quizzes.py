r"""Quizzes: questions with one right answer, read from a file of TOML and held to rules that make them worth taking.

A file has three to five blocks like this::

    [[question]]
    text = 'Where is the slope of $\sigma$ largest?'
    given.slope = "actlab.sigmoid.derivative"

    [[question.answer]]
    text = "At 0, where it is {slope(0.0):.2f}"
    right = true
    measured = "actlab.sigmoid.properties.slope_supremum_at == 0"
    feedback = 'It is $\sigma(x)\,\sigma(-x)$, a product of numbers with the sum 1, and largest where they are equal.'

with two to four more answers. A text is one paragraph with `` `code` ``, ``*stress*`` and ``$formulas$``. Outside code
and formulas, what stands in braces is a Python expression with its format, as in an f-string, so that no result is
typed. ``measured`` is an expression that is true for the right answer and false for the others; a question has it in
each of its answers or in none. ``claim`` names an entry of the ledger that a question rests on.

Expressions may use ``actlab`` with all of its modules, ``np``, ``found("id")``, which gives the measured numbers of a
claim by name, and what the question names in ``given``, each computed once, in the order of the file.
"""

from __future__ import annotations

import pkgutil
import random
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

import actlab

#: How many questions a quiz has, and how many answers a question.
QUESTIONS = (3, 5)
ANSWERS = (3, 5)

# The pieces of a text: code and formulas stay as they are, and a formula's braces are its own.
PIECES = re.compile(
    r"`(?P<code>[^`]+)`|\$(?P<formula>[^$]+)\$|\*(?P<stress>\S(?:[^*]*\S)?)\*|\{(?P<expression>[^{}]+)\}"
)
_NEGATIVE = re.compile(r"-(?=[\d.])")
_DOTTED = re.compile(r"\bactlab(?:\.\w+)+")

_FIELDS = {
    "question": {"text": str, "answer": list, "claim": str, "given": dict},
    "answer": {"text": str, "feedback": str, "right": bool, "measured": str},
}
_NEEDED = {"question": ("text", "answer"), "answer": ("text", "feedback")}


@dataclass(frozen=True)
class Answer:
    """An answer, with what is said to whoever chooses it, and the expression that decides whether it is right."""

    text: str
    feedback: str
    right: bool = False
    measured: str = ""


@dataclass(frozen=True)
class Question:
    """A question, its answers, the claim that it rests on, if it does on one, and names for its expressions."""

    text: str
    answer: tuple[Answer, ...]
    claim: str = ""
    given: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _scope(self) -> dict[str, Any]:
        scope = {"actlab": actlab, "np": np, "found": found}
        for name, expression in self.given.items():
            scope[name] = _value(expression, expression, scope)
        return scope

    def computed(self, text: str) -> str:
        """Fill in what stands in braces outside code and formulas; a negative number gets the sign of mathematics."""

        def fill(piece: re.Match) -> str:
            if stress := piece["stress"]:
                return f"*{self.computed(stress)}*"
            if expression := piece["expression"]:
                return _NEGATIVE.sub("−", _value(f'f"""{{{expression}}}"""', expression, self._scope))
            return piece[0]

        return PIECES.sub(fill, text)

    def holds(self, answer: Answer) -> bool:
        """Whether what an answer measures is so."""
        value = _value(answer.measured, answer.measured, self._scope)
        if not isinstance(value, bool | np.bool_):
            raise ValueError(f"{answer.measured!r} must be true or false; got {value!r}")
        return bool(value)


def read(path: str | Path) -> tuple[Question, ...]:
    """Read the questions of a quiz.

    Raises
    ------
    ValueError
        If the file cannot be read or a question breaks a rule; the message lists every breach.
    """
    path = Path(path)
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}; expected a quiz, a file of TOML") from None
    except ValueError as error:
        raise ValueError(f"{path}: not TOML: {error}") from None
    faults = [f"{name!r} is unknown; a quiz has only [[question]]" for name in tables if name != "question"]
    listed = tables.get("question", [])
    listed = listed if isinstance(listed, list) else [listed]
    faults += _count("the quiz", "questions", listed, QUESTIONS)
    faults += [fault for n, table in enumerate(listed, 1) for fault in _faults(f"question {n}", "question", table)]
    if not faults:
        questions = tuple(map(_question, listed))
        faults += _twice("questions", [question.text for question in questions])
        faults += [fault for n, question in enumerate(questions, 1) for fault in _breaches(f"question {n}", question)]
    if faults:
        raise ValueError("\n  ".join([f"{path}:", *faults]))
    return questions


def shuffled(questions: tuple[Question, ...], seed: str) -> tuple[Question, ...]:
    """Shuffle the answers of each question, in the same way for the same seed; no place has most of the right ones."""
    rng = random.Random(seed)
    mixed = []
    for place, question in zip(rng.sample(range(len(questions)), len(questions)), questions, strict=True):
        (right,) = (answer for answer in question.answer if answer.right)
        answers = [answer for answer in question.answer if not answer.right]
        rng.shuffle(answers)
        answers.insert(place % len(question.answer), right)
        mixed.append(replace(question, answer=tuple(answers)))
    return tuple(mixed)


def found(claim: str) -> Mapping[str, Any]:
    """Return the measured numbers of a claim, by the names that its sentence has for them."""
    from actlab.claims import CLAIMS

    if claim not in CLAIMS:
        raise ValueError(f"no claim {claim!r}; `python -m actlab.claims` lists them")
    return CLAIMS[claim].found.values


def _value(source: str, expression: str, scope: dict[str, Any]) -> Any:
    if "__" in expression:
        raise ValueError(f"{expression!r} must not have a name with two underscores")
    try:
        for name in _DOTTED.findall(expression):
            pkgutil.resolve_name(name)  # imports the modules on the way
        return eval(source, scope)
    except Exception as error:
        raise ValueError(f"{expression!r} cannot be computed: {type(error).__name__}: {error}") from error


def _question(table: Mapping[str, Any]) -> Question:
    answers = tuple(Answer(**_one_line(answer)) for answer in table["answer"])
    return Question(**_one_line({**table, "answer": answers}))


def _one_line(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table whose texts are one line each: where the lines of the file end is its author's business."""
    return {name: " ".join(value.split()) if isinstance(value, str) else value for name, value in table.items()}


def _faults(where: str, kind: str, table: Any) -> list[str]:
    """Say which fields of a question or an answer are missing, unknown, empty or of another type."""
    fields = _FIELDS[kind]
    if not isinstance(table, dict):
        return [f"{where}: must be a table [[{kind}]]; got {table!r}"]
    faults = [f"{where}: {name!r} is unknown; expected {', '.join(fields)}" for name in table if name not in fields]
    faults += [f"{where}: no {name}" for name in _NEEDED[kind] if name not in table]
    for name in fields.keys() & table.keys():
        value = table[name]
        if not isinstance(value, fields[name]):
            faults.append(f"{where}: {name} must be of type {fields[name].__name__}; got {value!r}")
        elif fields[name] is str and not _is_text(value):
            faults.append(f"{where}: {name} is empty")
    if isinstance(given := table.get("given"), dict):
        faults += [f"{where}: given.{name} must be an expression" for name, text in given.items() if not _is_text(text)]
    if isinstance(answers := table.get("answer"), list):
        faults += _count(where, "answers", answers, ANSWERS)
        for number, answer in enumerate(answers, 1):
            faults += _faults(f"{where}, answer {number}", "answer", answer)
    return faults


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _breaches(where: str, question: Question) -> list[str]:
    """Say which rules a question breaks that has all its fields."""
    answers = question.answer
    faults = _twice(f"{where}: answers", [answer.text for answer in answers])
    if (right := sum(answer.right for answer in answers)) != 1:
        faults.append(f"{where}: {right} right answers; expected one")
    if len({bool(answer.measured) for answer in answers}) > 1:
        faults.append(f"{where}: measured must stand in every answer or in none")
    for text in [question.text, *(text for answer in answers for text in (answer.text, answer.feedback))]:
        if left := set(PIECES.sub("", text)) & set("{}$`"):
            faults.append(f"{where}: {' '.join(sorted(left))} without its partner in {text!r}")
    for number, answer in enumerate(answers, 1):
        # What reads a page aloud may say nothing where there is a formula alone.
        if not re.search(r"\w", PIECES.sub(lambda piece: "" if piece["formula"] else "x", answer.text)):
            faults.append(f"{where}, answer {number}: {answer.text!r} is a formula alone; say it in words as well")
    return faults


def _count(where: str, what: str, listed: list, bounds: tuple[int, int]) -> list[str]:
    low, high = bounds
    return [] if low <= len(listed) <= high else [f"{where}: {len(listed)} {what}; expected {low} to {high}"]


def _twice(what: str, texts: list[str]) -> list[str]:
    counts = Counter(text.casefold() for text in texts)
    return [f"{what} alike: {text!r}" for text, count in counts.items() if count > 1]
