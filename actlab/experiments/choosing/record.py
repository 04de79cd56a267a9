"""What the command has found, as a file with a line for each cell."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from actlab.core import Activation, get
from actlab.experiments.choosing.settings import Settings
from actlab.experiments.choosing.training import Cell

RECORDED = Path(__file__).parents[2] / "recorded" / "choosing.json"


@dataclass(frozen=True)
class Record:
    """Cells, and where they come from."""

    provenance: Mapping[str, Any]
    cells: tuple[Cell, ...]

    def cell(self, activation: str | Activation, depth: int, start: str, optimiser: str) -> Cell:
        """The cell with these settings; ValueError if there is none."""
        wanted = Settings(get(activation), depth, start, optimiser)
        for cell in self.cells:
            if cell.settings == wanted:
                return cell
        raise ValueError(f"there is no cell of {wanted}")

    def __repr__(self) -> str:
        return f"Record({len(self.cells)} cells, {sum(len(cell.accuracies) for cell in self.cells)} networks)"


def write(cells: Iterable[Cell], provenance: Mapping[str, Any], path: Path) -> None:
    """Write cells as JSON."""
    head = json.dumps(dict(provenance), indent=1)
    rows = ",\n".join(json.dumps(_packed(cell), separators=(",", ":")) for cell in cells)
    path.write_text(f'{{\n"provenance": {head},\n"cells": [\n{rows}\n]\n}}\n', encoding="utf-8")


@cache
def load(path: Path = RECORDED) -> Record:
    """The record that comes with the package, or one that the command wrote."""
    read = json.loads(path.read_text(encoding="utf-8"))
    return Record(read["provenance"], tuple(map(_unpacked, read["cells"])))


def _packed(cell: Cell) -> dict[str, Any]:
    settings = {
        **vars(cell.settings),
        "activation": [cell.settings.activation.name, dict(cell.settings.activation.values)],
    }
    # Five digits tell more than thirty networks do.
    gradients = [[float(f"{norm:.5g}") for norm in norms] for norms in cell.gradients]
    validation = [float(f"{share:.5g}") for share in cell.validation]
    arrivals = [int(epochs) if math.isfinite(epochs) else None for epochs in cell.arrivals]
    dead = [None if math.isnan(share) else float(f"{share:.5g}") for share in cell.dead]
    seconds = float(f"{cell.seconds:.3g}")
    rounded = {"validation": validation, "dead": dead, "gradients": gradients, "seconds": seconds}
    return {**vars(cell), "settings": settings, "arrivals": arrivals, **rounded}


def _unpacked(row: dict[str, Any]) -> Cell:
    name, values = row["settings"]["activation"]
    settings = Settings(**{**row["settings"], "activation": get(name).with_params(**values)})
    row["arrivals"] = [math.inf if epochs is None else float(epochs) for epochs in row["arrivals"]]
    row["dead"] = [math.nan if share is None else share for share in row["dead"]]
    return Cell(**{key: _tuples(value) for key, value in row.items() if key != "settings"}, settings=settings)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
