"""A quiz that is taken in the page, and reads as text where nothing runs."""

from __future__ import annotations

import html
import re
from pathlib import Path

import traitlets

from actlab import quizzes
from actlab.widgets.base import Figure

_TAGS = {"code": "<code>{}</code>", "stress": "<em>{}</em>", "formula": r'<span class="math">\({}\)</span>'}


class Quiz(Figure, script="quiz"):
    """The questions of a file, whose format ``actlab.quizzes`` describes; what it computes is computed here."""

    questions = traitlets.List(help="The texts as HTML, the answers shuffled, by a seed that is the file's name.").tag(
        sync=True
    )

    def __init__(self, path: str | Path) -> None:
        self._asked = quizzes.shuffled(quizzes.read(path), seed=Path(path).stem)
        super().__init__(questions=[_shown(question) for question in self._asked])

    def still_data(self) -> dict[str, str]:
        """Questions and answers as text, with what is said to each answer folded away behind them."""
        asked = [_listed(question, "text") for question in self._asked]
        said = [_listed(question, "feedback") for question in self._asked]
        fold = ["<details>", "<summary>What is right, and why</summary>", "", *_numbered(said), "", "</details>"]
        return {"text/markdown": "\n".join([*_numbered(asked), "", *fold])}

    def __repr__(self) -> str:
        return f"Quiz of {len(self.questions)} questions"


def _shown(question: quizzes.Question) -> dict:
    def shown(text: str) -> str:
        return markup(question.computed(text))

    answers = [
        {"text": shown(answer.text), "feedback": shown(answer.feedback), "right": answer.right}
        for answer in question.answer
    ]
    return {"text": shown(question.text), "answers": answers}


def markup(text: str) -> str:
    """A text as HTML."""

    def tagged(piece: re.Match) -> str:
        kind = piece.lastgroup
        return _TAGS[kind].format(markup(piece[kind]) if kind == "stress" else html.escape(piece[kind], quote=False))

    pieces, end = [], 0
    for piece in quizzes.PIECES.finditer(text):
        pieces += [html.escape(text[end : piece.start()], quote=False), tagged(piece)]
        end = piece.end()
    return "".join([*pieces, html.escape(text[end:], quote=False)])


def _listed(question: quizzes.Question, field: str) -> list[str]:
    """A question's answers, or what is said to them, under letters; Markdown counts in numbers alone."""
    lines = [question.computed(question.text)] if field == "text" else []
    for letter, answer in zip("abcde", question.answer, strict=False):
        right = "**Right.** " if answer.right and field == "feedback" else ""
        lines.append(f"({letter}) {right}{question.computed(getattr(answer, field))}")
    return lines


def _numbered(items: list[list[str]]) -> list[str]:
    """Items of a numbered list, whose lines stand below each other."""
    return ["\\\n".join(lines).replace("\n", "\n   ") for lines in (["1. " + item[0], *item[1:]] for item in items)]
