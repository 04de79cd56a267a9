"""The registry as tables, one for each paper."""

from __future__ import annotations

import re
from collections.abc import Iterable

from actlab import references
from actlab.catalogue import Table
from actlab.published.record import ROWS, Between, Comparison, Published

# What the rows write in letters, as LaTeX.
_SYMBOLS = {
    "sigma_w^2": r"\sigma_w^2", "sigma_b^2": r"\sigma_b^2", "sigma_w": r"\sigma_w", "sigma_b": r"\sigma_b",
    "chi_1": r"\chi_1", "xi_c": r"\xi_c", "c_l": "c_l", "l^2": "l^2", "9 pi^2 / 2": r"9 \pi^2 / 2",
}  # fmt: skip
_BASES = {"printed": "printed", "equation": "from an equation", "reading": "our reading"}
_SYMBOL = re.compile("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in _SYMBOLS))


def sources() -> tuple[str, ...]:
    """The keys of the papers that the rows come from, by year."""
    return tuple(sorted({row.source for row in ROWS.values()}, key=lambda key: (references.get(key).year, key)))


def numbered() -> dict[int, Published]:
    """Every row by its number, from 1: sources by year, the rows of each in the order of declaration."""
    order = sources()
    return dict(enumerate(sorted(ROWS.values(), key=lambda row: order.index(row.source)), start=1))


def table(rows: str | Iterable[Published]) -> Table:
    """What is published or derived, and what we measure: the rows of a paper, by its key, or the rows given.

    Each row has the number that ``numbered`` gives it. Ours has its 95 % interval where chance has a part. Two columns,
    words and numbers, since a telephone has room for no more.
    """
    if not isinstance(rows, str):
        return _table("number", [(f"{row.paper}. ", row) for row in rows])
    if rows not in sources():
        raise ValueError(f"no row is from {rows!r}; rows are from {', '.join(sources())}")
    found = [row for row in ROWS.values() if row.source == rows]
    return _table(found[0].paper, [("", row) for row in found])


def _table(title: str, rows: list[tuple[str, Published]]) -> Table:
    places = {row.name: number for number, row in numbered().items()}
    cells = [(_words(row, f"**{places[row.name]}.** {before}"), _numbers(row.compare())) for before, row in rows]
    return Table((title, "published or derived, here"), tuple(cells))


def _words(row: Published, before: str) -> str:
    lines = [f"{before}{row.quantity}", f"*There:* {row.where} ({_BASES[row.basis]}).", f"*Here:* {row.how}"]
    if not isinstance(row.claim, Between):
        lines.append(f"*Tolerance:* {row.claim.why}.")
    if row.finding:
        lines.append(f"*Found:* {row.finding.text}")
    text = "<br>".join(lines).replace("|", "\\|")
    return _SYMBOL.sub(lambda found: f"${_SYMBOLS[found[0]]}$", text)


def _numbers(comparison: Comparison) -> str:
    claim = comparison.row.claim
    value, low, high = map(comparison.shown, (comparison.value, *comparison.interval))
    lines = [f"**{claim}**"]
    if not isinstance(claim, Between):
        lines.append(f"± {_short(claim.tolerance)}")
    lines.append(f"here **{value}**")
    if comparison.n is not None:
        lines += [f"{low} to {high}", f"n = {comparison.n:,}, seed {comparison.row.seed}"]
    lines.append(comparison.status if comparison.status == "reproduced" else f"**{comparison.status}**")
    return "<br>".join(lines)


def _short(tolerance: float) -> str:
    """A tolerance with two digits, and with a power of ten only where it is very small."""
    return f"{tolerance:.1e}" if tolerance < 1e-5 else f"{float(f'{tolerance:.2g}'):.6f}".rstrip("0").rstrip(".")
