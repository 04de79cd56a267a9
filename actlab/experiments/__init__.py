"""Experiments: each returns a frozen result, which ``actlab.figures`` can draw."""

from actlab.experiments.cosine import CosineFit, cosine_data, cosine_fit
from actlab.experiments.edge import UnitTraining, first_float, relative_errors, train_sure_unit
from actlab.experiments.linear_stacks import CollapseErrors, LinearTraining, collapse_errors, train_linear_stacks
from actlab.experiments.movement import WeightMovement, weight_movement
from actlab.experiments.shifted_units import ShiftedErrors, ShiftedFit, fit_shifted, shifted_errors, wave
from actlab.experiments.xor import CORNERS, XOR_LABELS, Separators, XorTraining, learn_xor, separate_corners

__all__ = [
    "CORNERS", "XOR_LABELS", "CollapseErrors", "CosineFit", "LinearTraining", "Separators", "ShiftedErrors",
    "ShiftedFit", "UnitTraining", "WeightMovement", "XorTraining", "collapse_errors", "cosine_data", "cosine_fit",
    "first_float", "fit_shifted", "learn_xor", "relative_errors", "separate_corners", "shifted_errors",
    "train_linear_stacks", "train_sure_unit", "wave", "weight_movement",
]  # fmt: skip
