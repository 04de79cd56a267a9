"""The cosine fit with every activation, number of hidden units and setting of the experiment, as one recorded table.

``python -m actlab.experiments.cosine_table`` trains its networks anew.
"""

from actlab.experiments.cosine_table.modes import EDGES, Mode, modes, separates
from actlab.experiments.cosine_table.record import ARRIVED, THRESHOLDS, Cell, Table, load
from actlab.experiments.cosine_table.report import by_variation, by_width, deaths, outcomes, piles
from actlab.experiments.cosine_table.settings import (
    COSINE_ACTIVATIONS,
    HIDDEN,
    INITIALISATIONS,
    SETTINGS,
    VARIATIONS,
    VARIED,
    Settings,
    label,
)

__all__ = [
    "ARRIVED", "COSINE_ACTIVATIONS", "EDGES", "HIDDEN", "INITIALISATIONS", "SETTINGS", "THRESHOLDS", "VARIATIONS",
    "VARIED", "Cell", "Mode", "Settings", "Table", "by_variation", "by_width", "deaths", "label", "load", "modes",
    "outcomes", "piles", "separates",
]  # fmt: skip
