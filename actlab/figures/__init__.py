"""Figures: each function draws a result on the axes it is given and returns them.

``use_style()`` applies the book's style; in a notebook it also makes figures SVG without a date, so that the stored
output of a cell changes only when the figure does.
"""

from actlab.figures.choosing import arrivals, differences, layer_gradients, share_heat_map
from actlab.figures.comparisons import accuracy_curve, speeds
from actlab.figures.cosine import fit, fit_parts, loss_course, loss_histograms, shares
from actlab.figures.derivatives import computation_graph, derivative_errors
from actlab.figures.dying import born_dead, shares_by_rate
from actlab.figures.edge import lost_digits, number_line, reliability, unit_paths
from actlab.figures.families import (
    backward_through_depth,
    denoising,
    failures,
    forward_through_depth,
    learned_slopes,
    moments_through_depth,
    one_unit_fit,
    quantisation_errors,
    recovery_steps,
)
from actlab.figures.functions import curve, family, gallery, jacobian, landmarks, landmarks_text, outputs, shade
from actlab.figures.gradients import gradients, phases, remedies, trainable
from actlab.figures.initialisation import chi_heat_map, gradient_spread, theory_over_band
from actlab.figures.misconceptions import additivity, clipped, gaps, pieces, plus_signs, recorded_losses
from actlab.figures.nonlinearity import (
    error_decay,
    final_losses,
    layer_movement,
    linear_training,
    mlp_diagram,
    separation,
    shifted_fit,
    shifted_parts,
)
from actlab.figures.precision import tails
from actlab.figures.published import deviations
from actlab.figures.spectra import singular_value_histograms
from actlab.figures.style import STYLE, colour, quantile_band, use_style

__all__ = [
    "STYLE", "accuracy_curve", "additivity", "arrivals", "backward_through_depth", "born_dead", "chi_heat_map",
    "clipped", "colour", "computation_graph", "curve", "denoising", "derivative_errors", "deviations", "differences",
    "error_decay", "failures", "family", "final_losses", "fit", "fit_parts", "forward_through_depth", "gallery",
    "gaps", "gradient_spread", "gradients", "jacobian", "landmarks", "landmarks_text", "layer_gradients",
    "layer_movement", "learned_slopes", "linear_training", "loss_course", "loss_histograms", "lost_digits",
    "mlp_diagram", "moments_through_depth", "number_line", "one_unit_fit", "outputs", "phases", "pieces",
    "plus_signs", "quantile_band", "quantisation_errors", "recorded_losses", "recovery_steps", "reliability",
    "remedies", "separation", "shade", "share_heat_map", "shares", "shares_by_rate", "shifted_fit", "shifted_parts",
    "singular_value_histograms", "speeds", "tails", "theory_over_band", "trainable", "unit_paths", "use_style",
]  # fmt: skip
