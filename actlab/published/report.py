"""The registry as tables, one for each paper."""

from __future__ import annotations

from collections.abc import Iterable

from actlab import references
from actlab.catalogue import Table
from actlab.published.record import ROWS, Between, Comparison, Published


def sources() -> tuple[str, ...]:
    """The keys of the papers that the rows come from, by year."""
    return tuple(sorted({row.source for row in ROWS.values()}, key=lambda key: (references.get(key).year, key)))


def table(rows: str | Iterable[Published]) -> Table:
    """What is published, and what we measure: the rows of a paper, by its key, or the rows given.

    Ours has its 95 % interval where chance has a part. Three columns, since a telephone has room for no more.
    """
    if not isinstance(rows, str):
        return _table("quantity", [(f"{row.paper}. {row.quantity}", row) for row in rows])
    if rows not in sources():
        raise ValueError(f"no row is from {rows!r}; rows are from {', '.join(sources())}")
    found = [row for row in ROWS.values() if row.source == rows]
    return _table(found[0].paper, [(row.quantity, row) for row in found])


def _table(title: str, rows: list[tuple[str, Published]]) -> Table:
    return Table((title, "published", "here"), tuple(_cells(first, row.compare()) for first, row in rows))


def _cells(first: str, comparison: Comparison) -> tuple[str, str, str]:
    row = comparison.row
    published = [f"**{row.claim}**", f"{row.where}."]
    if not isinstance(row.claim, Between):
        published.append(f"Tolerance {row.claim.tolerance:.2g}: {row.claim.why}.")
    value, low, high = map(comparison.shown, (comparison.value, *comparison.interval))
    status = comparison.status if comparison.status == "reproduced" else f"**{comparison.status}**"
    ours = [f"**{value}**, {status}"]
    if comparison.n is not None:
        ours.append(f"{low} to {high} ({comparison.n:,} trials, seed {row.seed}).")
    ours += [row.how] + ([row.finding.text] if row.finding else [])
    return tuple(text.replace("|", "\\|") for text in (first, "<br>".join(published), "<br>".join(ours)))
