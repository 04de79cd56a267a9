"""Experiments: each returns a frozen result, which ``actlab.figures`` can draw."""

from actlab.experiments.classification import Calibration, LabelTraining, calibration, learn_labels
from actlab.experiments.cosine import CosineFits, cosine_data, cosine_fit
from actlab.experiments.cosine_outcomes import OUTCOMES, bends, ended, typical
from actlab.experiments.denoising import Denoising, denoise
from actlab.experiments.depth import DepthSignal, signal_through_depth
from actlab.experiments.dying import DeadUnits, dead_units
from actlab.experiments.edge import UnitTraining, first_float, relative_errors, train_sure_unit
from actlab.experiments.floors import Floor, find_floor, floor, recorded_floors
from actlab.experiments.keras_cosine import KerasCosineFit, keras_cosine_fit
from actlab.experiments.linear_stacks import CollapseErrors, LinearTraining, collapse_errors, train_linear_stacks
from actlab.experiments.movement import WeightMovement, weight_movement
from actlab.experiments.one_unit import OneUnitFit, fit_one_unit
from actlab.experiments.quantisation import QuantisationErrors, quantisation_errors, quantise
from actlab.experiments.round_trip import RoundTrip, round_trip
from actlab.experiments.saturation import (
    Conditioning,
    Recovery,
    SharedSigns,
    conditioning,
    recovery,
    shared_signs,
)
from actlab.experiments.shifted_units import ShiftedErrors, ShiftedFit, fit_shifted, shifted_errors, wave
from actlab.experiments.sixteen_bits import FORMATS, SixteenBits, sixteen_bits
from actlab.experiments.slopes import LearnedSlopes, learned_slopes
from actlab.experiments.xor import CORNERS, XOR_LABELS, Separators, XorTraining, learn_xor, separate_corners

__all__ = [
    "CORNERS", "FORMATS", "OUTCOMES", "XOR_LABELS", "Calibration", "CollapseErrors", "Conditioning", "CosineFits",
    "DeadUnits", "Denoising", "DepthSignal", "Floor", "KerasCosineFit", "LabelTraining", "LearnedSlopes",
    "LinearTraining", "OneUnitFit", "QuantisationErrors", "Recovery", "RoundTrip", "Separators", "SharedSigns",
    "ShiftedErrors", "ShiftedFit", "SixteenBits", "UnitTraining", "WeightMovement", "XorTraining", "bends",
    "calibration", "collapse_errors", "conditioning", "cosine_data", "cosine_fit", "dead_units", "denoise", "ended",
    "find_floor", "first_float", "fit_one_unit", "fit_shifted", "floor", "keras_cosine_fit", "learn_labels",
    "learn_xor", "learned_slopes", "quantisation_errors", "quantise", "recorded_floors", "recovery",
    "relative_errors", "round_trip", "separate_corners", "shared_signs", "shifted_errors", "signal_through_depth",
    "sixteen_bits", "train_linear_stacks", "train_sure_unit", "typical", "wave", "weight_movement",
]  # fmt: skip
