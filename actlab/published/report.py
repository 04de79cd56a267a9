"""The registry as tables, one for each paper."""

from __future__ import annotations

from collections.abc import Iterable

from actlab import references
from actlab.catalogue import Table
from actlab.published.record import ROWS, Comparison, Published


def sources() -> tuple[str, ...]:
    """The keys of the papers that the rows come from, by year."""
    return tuple(sorted({row.source for row in ROWS.values()}, key=lambda key: (references.get(key).year, key)))


def table(rows: str | Iterable[Published]) -> Table:
    """What is published, and what we measure: the rows of a paper, by its key, or the rows given.

    Ours has its 95 % interval where chance has a part. Three columns, since a telephone has room for no more.
    """
    if isinstance(rows, str):
        if rows not in sources():
            raise ValueError(f"no row is from {rows!r}; rows are from {', '.join(sources())}")
        rows = [row for row in ROWS.values() if row.source == rows]
    return Table(("quantity", "published", "here"), tuple(_cells(row.compare()) for row in rows))


def _cells(comparison: Comparison) -> tuple[str, str, str]:
    row = comparison.row
    tolerance = getattr(row.claim, "tolerance", None)
    published = [f"**{row.claim}**", row.where]
    if tolerance is not None:
        published.append(f"± {tolerance:.2g}: {row.claim.why}")
    low, high = map(comparison.shown, comparison.interval)
    ours = [f"**{comparison.shown(comparison.value)}**"]
    if comparison.n is not None:
        ours.append(f"{low} to {high}, n = {comparison.n:,}, seed {row.seed}")
    ours += [comparison.status, row.how]
    if row.finding:
        ours.append(row.finding.text)
    return row.quantity, "<br>".join(published), "<br>".join(ours).replace("|", "\\|")
