"""Mean-field theory of wide random networks: lengths, correlations and gradients from layer to layer."""

from actlab.meanfield.analysis import MeanField, NoCriticalPoint, analyse, critical_sigma_w
from actlab.meanfield.correlations import correlation_course, correlation_map
from actlab.meanfield.lengths import chi, course, fixed_point, gain, length_map

__all__ = [
    "MeanField", "NoCriticalPoint", "analyse", "chi", "correlation_course", "correlation_map", "course",
    "critical_sigma_w", "fixed_point", "gain", "length_map",
]  # fmt: skip
