"""Which activation to choose: every one of them on real digits, over depth, start and optimiser."""

from actlab.experiments.choosing.record import Record, load
from actlab.experiments.choosing.report import Comparison, chosen, comparisons, grid, ranking, same_start
from actlab.experiments.choosing.settings import DEPTHS, OPTIMISERS, STARTS, Settings, cells
from actlab.experiments.choosing.training import Cell, train_cell

__all__ = [
    "DEPTHS", "OPTIMISERS", "STARTS", "Cell", "Comparison", "Record", "Settings", "cells", "chosen", "comparisons",
    "grid", "load", "ranking", "same_start", "train_cell",
]  # fmt: skip
