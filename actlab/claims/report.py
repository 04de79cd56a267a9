"""The ledger as HTML for the book: all that is said beside what is measured, and what speaks for and against each.

The links are those of the built book, in which every page lies in a folder of its part.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from actlab import references
from actlab.catalogue import Table, chosen
from actlab.claims.ledger import CLAIMS, POSTS, STATEMENTS, Claim, Statement, Verdict
from actlab.core import Activation

#: The verdicts in the order in which they are shown, each with what it says of a belief.
VERDICTS: dict[Verdict, str] = {
    "false": "it is contradicted by what is measured",
    "imprecise": "the idea is right; a detail is wrong, or a condition is missing",
    "depends": "the answer depends on the task, on chance or on the implementation",
    "true": "it holds as it is said",
}
_AUDITED = "../claims/audited.html"


@dataclass(frozen=True)
class Audit:
    """Claims and statements as a table of HTML, a row for each with its id as the anchor.

    ``book/_static/claims.js`` puts the means to search it above it, and reads what can be chosen from the rows.
    """

    entries: tuple[Claim | Statement, ...]

    def __repr__(self) -> str:
        return f"Audit({len(self.entries)} entries)"

    def _repr_html_(self) -> str:
        # A style sheet may lay cells out below each other; without the roles a table would then be none.
        titles = "".join(f'<th role="columnheader" scope="col">{title}</th>' for title in ("said", "found", "where"))
        return (
            '<table class="claims" role="table" aria-label="All claims"><thead role="rowgroup">'
            f'<tr role="row">{titles}</tr></thead>\n<tbody role="rowgroup">\n'
            f"{''.join(map(_row, self.entries))}</tbody></table>"
        )


@dataclass(frozen=True)
class Balance:
    """For each of some activations the claims that speak for it and against it, as tables of HTML."""

    sides: tuple[tuple[Activation, tuple[Claim, ...], tuple[Claim, ...]], ...]

    def __repr__(self) -> str:
        return f"Balance({', '.join(activation.name for activation, _, _ in self.sides)})"

    def _repr_html_(self) -> str:
        return "\n".join(
            f'<table class="for-and-against" role="table"><caption><code>{activation.name}</code></caption>'
            '<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">for</th>'
            '<th role="columnheader" scope="col">against</th></tr></thead>\n<tbody role="rowgroup"><tr role="row">'
            f"{_side('for', pros)}{_side('against', cons)}</tr></tbody></table>"
            for activation, pros, cons in self.sides
        )


def audited() -> Audit:
    """All claims and statements, the false and the imprecise first, with the numbers measured now."""
    order = list(VERDICTS)
    entries = [*CLAIMS.values(), *STATEMENTS.values()]
    return Audit(tuple(sorted(entries, key=lambda entry: order.index(entry.verdict))))


def verdicts() -> Table:
    """The verdicts, what each says of a belief, and how many have it, with those that are only cited among them."""
    every = Counter(entry.verdict for which in (CLAIMS, STATEMENTS) for entry in which.values())
    cited = Counter(entry.verdict for entry in STATEMENTS.values())

    def counted(count: int, of_them: int) -> str:
        return f"{count}, {of_them} of them only cited" if of_them else f"{count}"

    rows = [(f"**{name}**", means, counted(every[name], cited[name])) for name, means in VERDICTS.items()]
    rows.append(("all", "", counted(every.total(), cited.total())))
    return Table(("verdict", "what it says of a belief", "how many"), tuple(rows))


def pros_and_cons(*which: str | Activation) -> Balance:
    """What speaks for and against the activations chosen, by names or families, as far as the ledger has something.

    A claim that compares speaks of the first activation that it is about.
    """
    sided = [claim for claim in CLAIMS.values() if claim.side]
    found = []
    for activation in chosen(which):
        ours = [claim for claim in sided if claim.about[0] == activation.name]
        pros, cons = (tuple(claim for claim in ours if claim.side == side) for side in ("pro", "con"))
        if ours:
            found.append((activation, pros, cons))
    if not found:
        raise ValueError(f"no claim speaks for or against {', '.join(map(str, which))}")
    return Balance(tuple(found))


def _row(entry: Claim | Statement) -> str:
    if isinstance(entry, Claim):
        found, how, cited = entry.sentence(), f"<b>Measured:</b> {escape(entry.how)}", ""
        # A narrow column breaks the path between its parts first.
        path = "<wbr>".join(re.split(r"(?<=/)|(?=:)", escape(entry.code)))
        code = f"<div><b>Code:</b> <code>{path}</code></div>"
    else:
        found, how, code = entry.text, f"<b>Not computed:</b> {escape(entry.why)}", ""
        cited = f" <b>See</b> {', '.join(map(_source, entry.cite))}." if entry.cite else ""
    chapter = entry.page.rpartition("/")[2].replace("-", " ")
    said_by = _list("source", map(_source, entry.sources) if entry.sources else ["heard often"])
    return (
        f'<tr role="row" id="{entry.id}"><th role="rowheader" scope="row">{_badge(entry.verdict)} '
        f'<span class="belief">{escape(entry.belief)}</span>{said_by}</th>\n'
        f'<td role="cell" data-label="found"><p>{escape(found)}</p><p class="how">{how}{cited}</p></td>\n'
        f'<td role="cell" data-label="where"><div><b>Id:</b> <a href="#{entry.id}">{entry.id}</a></div>'
        f"<div><b>About:</b> {_list('about', map(escape, entry.about))}</div>"
        f'<div><b>Chapter:</b> <a href="../{entry.page}.html">{escape(chapter)}</a></div>{code}</td></tr>\n'
    )


def _side(title: str, claims: tuple[Claim, ...]) -> str:
    items = "".join(
        f'<li><a href="{_AUDITED}#{claim.id}">{escape(claim.belief)}</a> {_badge(claim.verdict)} '
        f"{escape(claim.sentence())}</li>\n"
        for claim in claims
    )
    return f'<td role="cell" data-label="{title}">{f"<ul>{items}</ul>" if items else "<p>nothing measured</p>"}</td>'


def _badge(verdict: Verdict) -> str:
    return f'<span class="verdict verdict-{verdict}">{verdict}</span>'


def _list(kind: str, items: Iterable[str]) -> str:
    return f'<ul class="{kind}">{"".join(f"<li>{item}</li>" for item in items)}</ul>'


def _source(source: str) -> str:
    if source in POSTS:
        return f"post “{escape(POSTS[source])}”"
    reference = references.get(source)
    title = f' title="{escape(str(reference))}"'
    if reference.url:
        return f'<a href="{escape(reference.url)}"{title}>{escape(reference.short)}</a>'
    return f"<span{title}>{escape(reference.short)}</span>"
