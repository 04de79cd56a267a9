"""Experiments: each returns a frozen result, which ``actlab.figures`` can draw."""

from actlab.experiments.classification import Calibration, LabelTraining, calibration, learn_labels
from actlab.experiments.cosine import CosineFit, cosine_data, cosine_fit
from actlab.experiments.denoising import Denoising, denoise
from actlab.experiments.linear_stacks import CollapseErrors, LinearTraining, collapse_errors, train_linear_stacks
from actlab.experiments.movement import WeightMovement, weight_movement
from actlab.experiments.quantisation import QuantisationErrors, quantisation_errors, quantise
from actlab.experiments.saturation import (
    Conditioning,
    GradientRatio,
    Recovery,
    SharedSigns,
    conditioning,
    gradient_ratio,
    recovery,
    shared_signs,
)
from actlab.experiments.shifted_units import ShiftedErrors, ShiftedFit, fit_shifted, shifted_errors, wave
from actlab.experiments.xor import CORNERS, XOR_LABELS, Separators, XorTraining, learn_xor, separate_corners

__all__ = [
    "CORNERS", "XOR_LABELS", "Calibration", "CollapseErrors", "Conditioning", "CosineFit", "Denoising", "GradientRatio",
    "LabelTraining", "LinearTraining", "QuantisationErrors", "Recovery", "Separators", "SharedSigns", "ShiftedErrors",
    "ShiftedFit", "WeightMovement", "XorTraining", "calibration", "collapse_errors", "conditioning", "cosine_data",
    "cosine_fit", "denoise", "fit_shifted", "gradient_ratio", "learn_labels", "learn_xor", "quantisation_errors",
    "quantise", "recovery", "separate_corners", "shared_signs", "shifted_errors", "train_linear_stacks", "wave",
    "weight_movement",
]  # fmt: skip
