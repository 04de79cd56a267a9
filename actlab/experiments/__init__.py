"""Experiments: each returns a frozen result, which ``actlab.figures`` can draw."""

from actlab.experiments.born_dead import (
    BornDead,
    asymmetric,
    born_dead,
    interval_bounds,
    narrow_networks,
    point_probability,
)
from actlab.experiments.classification import Calibration, LabelTraining, calibration, learn_labels
from actlab.experiments.cosine import CosineFits, cosine_data, cosine_fit
from actlab.experiments.cosine_outcomes import OUTCOMES, bends, ended, typical
from actlab.experiments.deaths import Deaths, follow_deaths, two_moons
from actlab.experiments.denoising import Denoising, denoise
from actlab.experiments.depth import DepthSignal, signal_through_depth
from actlab.experiments.derivative_checks import DerivativeErrors, derivative_errors
from actlab.experiments.dying import DeadUnits, dead_units
from actlab.experiments.edge import UnitTraining, first_float, relative_errors, train_sure_unit
from actlab.experiments.floors import Floor, find_floor, floor, recorded_floors
from actlab.experiments.gradient_clipping import ClippedGradients, clipped_gradients
from actlab.experiments.gradient_cost import GradientCost, gradient_cost
from actlab.experiments.gradient_flow import GradientFlow, gradient_flow
from actlab.experiments.jacobian import (
    JacobianSpectrum,
    LayerSpectra,
    jacobian_spectrum,
    layer_singular_values,
    wide_relative_variance,
)
from actlab.experiments.keras_cosine import KerasCosineFit, keras_cosine_fit
from actlab.experiments.linear_stacks import CollapseErrors, LinearTraining, collapse_errors, train_linear_stacks
from actlab.experiments.matrix_products import GaussianProducts, gaussian_exponents, gaussian_products, relu_growth
from actlab.experiments.movement import WeightMovement, weight_movement
from actlab.experiments.narrow import NarrowTraining, learn_absolute
from actlab.experiments.one_unit import OneUnitFit, fit_one_unit
from actlab.experiments.phases import ExpectedFlow, PhaseDiagram, expected_flow, phase_diagram
from actlab.experiments.quantisation import QuantisationErrors, quantisation_errors, quantise
from actlab.experiments.round_trip import RoundTrip, round_trip
from actlab.experiments.saturation import Conditioning, Recovery, SharedSigns, conditioning, recovery, shared_signs
from actlab.experiments.shifted_units import ShiftedErrors, ShiftedFit, fit_shifted, shifted_errors, wave
from actlab.experiments.sixteen_bits import FORMATS, SixteenBits, sixteen_bits
from actlab.experiments.slopes import LearnedSlopes, learned_slopes
from actlab.experiments.starts import ChiComparison, ChiTable, chi_table, compare_chi
from actlab.experiments.wrong_slopes import WrongSlope, wrong_slope
from actlab.experiments.xor import CORNERS, XOR_LABELS, Separators, XorTraining, learn_xor, separate_corners

__all__ = [
    "CORNERS", "FORMATS", "OUTCOMES", "XOR_LABELS", "BornDead", "Calibration", "ChiComparison", "ChiTable",
    "ClippedGradients", "CollapseErrors", "Conditioning", "CosineFits", "DeadUnits", "Deaths", "Denoising",
    "DepthSignal", "DerivativeErrors", "ExpectedFlow", "Floor", "GaussianProducts", "GradientCost", "GradientFlow",
    "JacobianSpectrum", "KerasCosineFit", "LabelTraining", "LayerSpectra", "LearnedSlopes", "LinearTraining",
    "NarrowTraining", "OneUnitFit", "PhaseDiagram", "QuantisationErrors", "Recovery", "RoundTrip", "Separators",
    "SharedSigns", "ShiftedErrors", "ShiftedFit", "SixteenBits", "UnitTraining", "WeightMovement", "WrongSlope",
    "XorTraining", "asymmetric", "bends", "born_dead", "calibration", "chi_table", "clipped_gradients",
    "collapse_errors", "compare_chi", "conditioning", "cosine_data", "cosine_fit", "dead_units", "denoise",
    "derivative_errors", "ended", "expected_flow", "find_floor", "first_float", "fit_one_unit", "fit_shifted",
    "floor", "follow_deaths", "gaussian_exponents", "gaussian_products", "gradient_cost", "gradient_flow",
    "interval_bounds", "jacobian_spectrum", "keras_cosine_fit", "layer_singular_values", "learn_absolute",
    "learn_labels", "learn_xor", "learned_slopes", "narrow_networks", "phase_diagram", "point_probability",
    "quantisation_errors", "quantise", "recorded_floors", "recovery", "relative_errors", "relu_growth", "round_trip",
    "separate_corners", "shared_signs", "shifted_errors", "signal_through_depth", "sixteen_bits",
    "train_linear_stacks", "train_sure_unit", "two_moons", "typical", "wave", "weight_movement",
    "wide_relative_variance", "wrong_slope",
]  # fmt: skip
