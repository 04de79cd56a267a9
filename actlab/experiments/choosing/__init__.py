"""Which activation to choose: every one of them on real digits, over depth, start and optimiser."""

from actlab.experiments.choosing.record import Record, load
from actlab.experiments.choosing.report import (
    Comparison,
    accuracy,
    best_grid,
    chosen,
    comparisons,
    failures,
    gaps,
    ranking,
    relative_cost,
    start_grid,
)
from actlab.experiments.choosing.settings import DEPTHS, OPTIMISERS, STARTS, WIDTH, Settings, cells
from actlab.experiments.choosing.training import EPOCHS, Cell, train_cell

__all__ = [
    "DEPTHS", "EPOCHS", "OPTIMISERS", "STARTS", "WIDTH", "Cell", "Comparison", "Record", "Settings", "accuracy",
    "best_grid", "cells", "chosen", "comparisons", "failures", "gaps", "load", "ranking", "relative_cost",
    "start_grid", "train_cell",
]  # fmt: skip
