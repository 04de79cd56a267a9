"""The cells of the table, what is kept of each one's networks, and the record that comes with the package."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from actlab.core import Elementwise, get
from actlab.experiments.cosine import CosineFits
from actlab.experiments.cosine_table.modes import EDGES, histogram
from actlab.experiments.cosine_table.settings import Settings, label
from actlab.statistics import Quantile, Share

#: The losses below which networks are counted. With two hidden units 0.08, 0.2 and 0.42 fall between modes of every
#: activation that has modes on both sides (see ``actlab.experiments.cosine_table.modes``); 0.49 is 3 % below the loss
#: of the best line, 0.505; 0.01 and 0.1 are round numbers.
THRESHOLDS = (0.01, 0.08, 0.1, 0.2, 0.42, 0.49)

#: A network has got there when the loss that its training reports is below this.
ARRIVED = 0.01

_RECORD = Path(__file__).parents[2] / "recorded" / "cosine.json"


@dataclass(frozen=True)
class Cell:
    """What is kept of many networks trained with the same settings.

    ``below`` has a share of networks for each of the ``THRESHOLDS``; a network that diverged, of which there are
    ``diverged``, is below none. ``born_dead`` and ``killed`` are shares of units: dead before the training, and alive
    before but dead after it (see ``CosineFits``); ``all_born_dead``, ``any_dead`` and ``all_dead`` are shares of
    networks, the last two after the training. ``losses`` are the quartiles of the final loss. ``arrival`` is the median
    of the epochs until a network reports a loss below 0.01, among the networks that ever do, looked at in every tenth
    epoch; None if none does. ``counts`` is the histogram of the final losses, see ``modes.histogram``.
    """

    settings: Settings
    seed: int
    networks: int
    diverged: int
    below: tuple[Share, ...]
    born_dead: Share
    killed: Share
    all_born_dead: Share
    any_dead: Share
    all_dead: Share
    losses: tuple[Quantile, Quantile, Quantile]
    arrival: Quantile | None
    counts: tuple[int, ...]

    @classmethod
    def of(cls, settings: Settings, fits: CosineFits) -> Cell:
        """The cell of networks that have been trained with these settings."""
        epochs = fits.epochs_to(ARRIVED)
        arrived = epochs[np.isfinite(epochs)]
        return cls(
            settings,
            fits.seed,
            fits.networks,
            int(fits.diverged.sum()),
            tuple(fits.success(threshold) for threshold in THRESHOLDS),
            # Nothing is shared before the training.
            Share.of(fits.born_dead),
            fits.unit_share(fits.killed),
            Share.of(fits.born_dead.all(axis=1)),
            fits.share(fits.dead.any(axis=1)),
            fits.share(fits.dead.all(axis=1)),
            tuple(_loss_quantile(fits, level) for level in (0.25, 0.5, 0.75)),
            Quantile.of(arrived) if arrived.size else None,
            histogram(fits.loss),
        )

    def success(self, threshold: float) -> Share:
        """The share of networks whose final loss is below one of the ``THRESHOLDS``."""
        if threshold not in THRESHOLDS:
            raise ValueError(f"threshold must be one of {', '.join(map(str, THRESHOLDS))}; got {threshold!r}")
        return self.below[THRESHOLDS.index(threshold)]

    def failure(self, threshold: float) -> Share:
        """The share of networks whose final loss is one of the ``THRESHOLDS`` or above, or that diverged."""
        success = self.success(threshold)
        return Share(success.n - success.count, success.n, success.design_effect)

    @property
    def median(self) -> Quantile:
        """The median of the final loss."""
        return self.losses[1]

    def __repr__(self) -> str:
        return f"Cell({self.settings}, networks={self.networks}, median loss={self.median.value:.3g})"


def _loss_quantile(fits: CosineFits, level: float) -> Quantile:
    loss = np.where(fits.diverged, np.inf, fits.loss)
    value = np.quantile(loss, level, method="inverted_cdf")
    return Quantile.of(loss, level, design_effect=fits.share(loss <= value).design_effect)


@dataclass(frozen=True)
class Table:
    """Cells, and where and with what they have been computed."""

    provenance: Mapping[str, Any]
    cells: tuple[Cell, ...]

    def cell(self, activation: str | Elementwise, hidden: int = 2, **settings: Any) -> Cell:
        """The cell of an activation, or its name, with these ``Settings``.

        Raises
        ------
        ValueError
            If there is none; the error says what there is.
        """
        wanted = Settings(get(activation), hidden, **settings)
        found = [cell for cell in self.cells if cell.settings == wanted]
        if not found:
            same = [cell.settings for cell in self.cells if cell.settings.activation == wanted.activation]
            held = [str(there) for there in same] or list(
                dict.fromkeys(label(cell.settings.activation) for cell in self.cells)
            )
            raise ValueError(f"the table has no cell of {wanted}; it has\n  " + "\n  ".join(held))
        return found[0]

    def save(self, path: Path) -> None:
        """Write the table as JSON, a line for each cell."""
        head = json.dumps(dict(self.provenance), indent=1)
        rows = ",\n".join(json.dumps(_packed(cell)) for cell in self.cells)
        Path(path).write_text(f'{{\n"provenance": {head},\n"cells": [\n{rows}\n]\n}}\n', encoding="utf-8")

    def __repr__(self) -> str:
        return f"Table({len(self.cells)} cells, {sum(cell.networks for cell in self.cells)} networks)"


@cache
def load(path: Path = _RECORD) -> Table:
    """The table that comes with the package, or one that ``python -m actlab.experiments.cosine_table`` wrote."""
    if not path.exists():
        raise ValueError(f"there is no table at {path.name!r}; python -m actlab.experiments.cosine_table makes one")
    read = json.loads(path.read_text(encoding="utf-8"))
    return Table(read["provenance"], tuple(_unpacked(row) for row in read["cells"]))


def _packed(cell: Cell) -> dict[str, Any]:
    """A cell in a form that JSON knows, the empty ends of its histogram left out."""
    settings = {field.name: getattr(cell.settings, field.name) for field in fields(Settings)}
    row = {field.name: _plain(getattr(cell, field.name)) for field in fields(Cell)}
    filled = np.flatnonzero(cell.counts)
    first, last = (filled[0], filled[-1]) if filled.size else (0, -1)
    return {
        **row,
        "settings": {**settings, "activation": [cell.settings.activation.name, dict(cell.settings.activation.values)]},
        "counts": [int(first), cell.counts[first : last + 1]],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Share | Quantile):
        return astuple(value)
    return [_plain(part) for part in value] if isinstance(value, tuple) else value


def _unpacked(row: dict[str, Any]) -> Cell:
    name, values = row["settings"]["activation"]
    first, counts = row["counts"]
    shares = {name: Share(*row[name]) for name in ("born_dead", "killed", "all_born_dead", "any_dead", "all_dead")}
    return Cell(
        Settings(**{**row["settings"], "activation": get(name).with_params(**values)}),
        row["seed"],
        row["networks"],
        row["diverged"],
        below=tuple(Share(*share) for share in row["below"]),
        **shares,
        losses=tuple(Quantile(*quantile) for quantile in row["losses"]),
        arrival=Quantile(*row["arrival"]) if row["arrival"] else None,
        counts=tuple([0] * first + counts + [0] * (len(EDGES) - 1 - first - len(counts))),
    )
