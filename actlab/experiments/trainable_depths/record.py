"""What the command has found, as a file."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from actlab.core import get
from actlab.experiments.trainable_depths.training import DepthTraining

RECORDED = Path(__file__).parents[2] / "recorded" / "trainable-depths.json"


def write(trainings: Iterable[DepthTraining], provenance: Mapping[str, Any], path: Path) -> None:
    """Write trainings to a JSON file, one in a line."""
    rows = [
        json.dumps({**vars(found), "activation": found.activation.name, "parameters": dict(found.activation.values)})
        for found in trainings
    ]
    head, lines = json.dumps(dict(provenance), indent=1), ",\n".join(rows)
    path.write_text(f'{{\n"provenance": {head},\n"trainings": [\n{lines}\n]\n}}\n', encoding="utf-8")


def read_provenance(path: Path) -> dict[str, Any]:
    """Where the trainings in a file come from."""
    return json.loads(path.read_text(encoding="utf-8"))["provenance"]


def read(path: Path = RECORDED) -> list[DepthTraining]:
    """The trainings in a file, by default those that the book shows."""
    return [_training(row) for row in json.loads(path.read_text(encoding="utf-8"))["trainings"]]


def _training(row: dict[str, Any]) -> DepthTraining:
    activation = get(row.pop("activation")).with_params(**row.pop("parameters"))
    rates, accuracies = tuple(row.pop("rates")), tuple(map(tuple, row.pop("accuracies")))
    return DepthTraining(activation=activation, rates=rates, accuracies=accuracies, **row)
