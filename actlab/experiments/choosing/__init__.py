"""Which activation to choose: every one of them on real digits, over depth, start and optimiser."""

from actlab.experiments.choosing.record import Record, load
from actlab.experiments.choosing.settings import DEPTHS, OPTIMISERS, STARTS, Settings, cells
from actlab.experiments.choosing.training import Cell, train_cell

__all__ = ["DEPTHS", "OPTIMISERS", "STARTS", "Cell", "Record", "Settings", "cells", "load", "train_cell"]
