"""A floor, and the record of floors that comes with the package."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from actlab.checks import whole_number
from actlab.core import Activation, Elementwise, get

#: A restart is close that ends at most this part above the best.
CLOSE = 0.01

_RECORD = Path(__file__).parents[2] / "recorded" / "floors.json"


@dataclass(frozen=True, eq=False)
class Floor:
    """The least mean squared error found for ``hidden`` units, and the network that has it.

    ``loss`` is an upper bound of the infimum: these parameters have it, and others may have less. The parameters are
    ``hidden_weights``, ``hidden_biases`` and ``output_weights``, (hidden,), and the number ``output_bias``; none is
    beyond ``bound`` in magnitude.

    ``loss_beyond`` is what descents from here find with a bound ten times as large. The evidence: of ``restarts``
    independent restarts with the ``seed``, each of ``rounds`` rounds, ``close`` ended at most 1 % above ``loss``.
    """

    activation: Elementwise
    hidden: int
    loss: float
    hidden_weights: np.ndarray
    hidden_biases: np.ndarray
    output_weights: np.ndarray
    output_bias: float
    bound: float
    loss_beyond: float
    restarts: int
    close: int
    rounds: int
    seed: int

    @property
    def attained(self) -> bool:
        """Whether this is a minimum, and no descent without end: a larger bound gains less than a millionth.

        A minimum that descents from here do not leave, that is; whether a lower one exists elsewhere is not known.
        """
        layers = (self.hidden_weights, self.hidden_biases, self.output_weights, self.output_bias)
        inside = max(np.abs(layer).max() for layer in layers) < 0.99 * self.bound
        return bool(inside and self.loss_beyond >= self.loss * (1 - 1e-6))

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The network's outputs for inputs of any shape, of that shape."""
        pre_activations = np.multiply.outer(np.asarray(x, dtype=np.float64), self.hidden_weights) + self.hidden_biases
        return self.activation(pre_activations) @ self.output_weights + self.output_bias

    def __repr__(self) -> str:
        end = "" if self.attained else f" with parameters up to {self.bound:g}, less with larger ones"
        return (
            f"Floor({self.activation}, hidden={self.hidden}: at most {self.loss:.9g}{end}; "
            f"{self.close} of {self.restarts} restarts within {CLOSE:.0%})"
        )


def floor(activation: str | Elementwise, hidden: int) -> Floor:
    """The recorded floor of an activation, or its name, with so many hidden units.

    Raises
    ------
    ValueError
        If it is not recorded; ``find_floor`` searches for any.
    """
    activation = get(activation)
    whole_number("hidden", hidden, least=1)
    found = recorded_floors()
    if (activation, hidden) not in found:
        widths = sorted({units for known, units in found if known == activation})
        recorded = (
            f"{activation} is recorded with {', '.join(map(str, widths))} hidden units"
            if widths
            else f"recorded are {', '.join(dict.fromkeys(str(known) for known, _ in found))}"
        )
        raise ValueError(
            f"no floor of {activation} with {hidden} hidden units; {recorded}; find_floor searches for others"
        )
    return found[activation, hidden]


@cache
def recorded_floors() -> Mapping[tuple[Activation, int], Floor]:
    """All recorded floors by activation and hidden units, which ``python -m actlab.experiments.floors`` wrote."""
    return MappingProxyType(read(_RECORD))


def read(path: Path) -> dict[tuple[Activation, int], Floor]:
    """The floors in a file that ``write`` wrote, by activation and hidden units."""
    floors = [_floor(entry) for entry in json.loads(path.read_text(encoding="utf-8"))["floors"]]
    return {(found.activation, found.hidden): found for found in floors}


def write(floors: Iterable[Floor], provenance: Mapping[str, Any], path: Path) -> None:
    """Write floors as JSON, a line for each."""
    lines = ",\n".join(json.dumps(_entry(found)) for found in floors)
    path.write_text(
        f'{{\n"provenance": {json.dumps(dict(provenance), indent=1)},\n"floors": [\n{lines}\n]\n}}\n', encoding="utf-8"
    )


def _entry(found: Floor) -> dict[str, Any]:
    entry = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in vars(found).items()}
    return {**entry, "activation": found.activation.name, "parameters": dict(found.activation.values)}


def _floor(entry: Mapping[str, Any]) -> Floor:
    values = {name: np.array(value) if isinstance(value, list) else value for name, value in entry.items()}
    activation = get(values.pop("activation")).with_params(**values.pop("parameters"))
    return Floor(activation=activation, **values)
