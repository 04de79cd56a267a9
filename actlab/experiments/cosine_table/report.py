"""The table of cosine fits as tables that the book prints."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from actlab import catalogue
from actlab.experiments.cosine_table.modes import modes, separates
from actlab.experiments.cosine_table.record import THRESHOLDS, Cell, Table
from actlab.experiments.cosine_table.settings import COSINE_ACTIVATIONS, HIDDEN, VARIATIONS, VARIED, Settings, label
from actlab.statistics import Quantile, Share


def by_width(table: Table, of: Callable[[Cell], Share]) -> catalogue.Table:
    """One share of each cell, such as ``lambda cell: cell.success(0.01)``, by activation and hidden units."""
    held = {cell.settings: cell for cell in table.cells}
    rows = []
    for activation in COSINE_ACTIVATIONS:
        cells = [held.get(Settings(activation, hidden)) for hidden in HIDDEN]
        rows.append((f"`{label(activation)}`", *(percent(of(cell)) if cell else "" for cell in cells)))
    titles = [f"{hidden} hidden unit{'s' if hidden > 1 else ''}" for hidden in HIDDEN]
    return catalogue.Table(("activation", *titles), tuple(rows))


def by_variation(table: Table, of: Callable[[Cell], Share]) -> catalogue.Table:
    """One share of each cell with two hidden units, by variation of the experiment and activation."""
    held = {cell.settings: cell for cell in table.cells}
    rows = []
    for variation in ({}, *VARIATIONS):
        cells = [held.get(Settings(activation, **variation)) for activation in VARIED]
        name = ", ".join(f"{key} {value}" for key, value in variation.items()).replace("_", " ") or "as it is"
        rows.append((name, *(percent(of(cell)) if cell else "" for cell in cells)))
    return catalogue.Table(("experiment", *(f"`{label(activation)}`" for activation in VARIED)), tuple(rows))


def outcomes(table: Table, hidden: int = 2, **settings: Any) -> catalogue.Table:
    """For each activation the final losses, how many networks end where, and how many epochs the good ones take."""
    rows = []
    for cell in _cells(table, hidden, **settings):
        low, middle, high = (f"{quartile.value:.3g}" for quartile in cell.losses)
        rows.append(
            (
                f"`{label(cell.settings.activation)}`",
                f"{middle} ({low} to {high})",
                *(percent(cell.success(threshold)) for threshold in (0.01, 0.1)),
                percent(cell.failure(0.49)),
                _epochs(cell.arrival),
            )
        )
    titles = ("median loss (quartiles)", "below 0.01", "below 0.1", "0.49 or above", "epochs to 0.01")
    return catalogue.Table(("activation", *titles), tuple(rows))


def deaths(table: Table, hidden: int = 2, **settings: Any) -> catalogue.Table:
    """For each activation of which units die: shares of units born dead and killed, of networks with dead units."""
    rows = []
    for cell in _cells(table, hidden, **settings):
        shares = (cell.born_dead, cell.killed, cell.any_dead, cell.all_born_dead, cell.all_dead)
        if any(share.count for share in shares):
            rows.append((f"`{label(cell.settings.activation)}`", *map(percent, shares)))
    titles = (
        "units born dead",
        "units killed",
        "networks with a dead unit",
        "born with all dead",
        "ended with all dead",
    )
    return catalogue.Table(("activation", *titles), tuple(rows))


def piles(table: Table, hidden: int = 2, **settings: Any) -> catalogue.Table:
    """For each activation the modes of the final loss, by their peaks, and which ``THRESHOLDS`` fall between two."""
    rows = []
    for cell in _cells(table, hidden, **settings):
        found = [f"{mode.share:.1%} around {math.sqrt(math.prod(mode.peak)):.2g}" for mode in modes(cell.counts)]
        between = [f"{threshold:g}" for threshold in THRESHOLDS if separates(cell.counts, threshold)]
        rows.append((f"`{label(cell.settings.activation)}`", "<br>".join(found), ", ".join(between)))
    return catalogue.Table(("activation", "piles, by their fullest place", "cuts between them"), tuple(rows))


def percent(share: Share) -> str:
    """A share with its interval, in percent."""
    low, high = share.interval
    return f"{share.value:.1%} ({100 * low:.1f} to {100 * high:.1f})"


def _cells(table: Table, hidden: int, **settings: Any) -> list[Cell]:
    return [cell for cell in table.cells if cell.settings == Settings(cell.settings.activation, hidden, **settings)]


def _epochs(arrival: Quantile | None) -> str:
    if arrival is None:
        return "never"
    return f"{arrival.value:.0f} ({arrival.low:.0f} to {arrival.high:.0f}; n = {arrival.n})"
