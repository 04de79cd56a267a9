"""What theory says of deep networks before any is made: phases, and gradients layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actlab.checks import finite_numbers
from actlab.core import Elementwise, get_elementwise
from actlab.meanfield import chi, course, fixed_point


@dataclass(frozen=True, eq=False)
class PhaseDiagram:
    """Where gradients vanish and where they explode, over the deviations of weights and biases.

    ``sigma_w`` is (n,), the square root of fan_in times the variance of a weight; ``sigma_b`` (m,) is the deviation of
    a bias. ``q`` and ``chi1`` are (m, n): the length that signals come to, inf where they grow without limit, and the
    factor of the mean squared gradient in a layer.
    """

    activation: Elementwise
    sigma_w: np.ndarray
    sigma_b: np.ndarray
    q: np.ndarray
    chi1: np.ndarray

    def __repr__(self) -> str:
        return (
            f"{self.activation}, sigma_w {self.sigma_w[0]:g} to {self.sigma_w[-1]:g}, sigma_b {self.sigma_b[0]:g} to "
            f"{self.sigma_b[-1]:g}: chi_1 {self.chi1.min():.3g} to {self.chi1.max():.3g}"
        )


def phase_diagram(activation: str | Elementwise, *, sigma_w, sigma_b) -> PhaseDiagram:
    """chi_1 of wide networks for all pairs of two increasing lists of deviations.

    Source: Poole et al. (2016) and Schoenholz et al. (2017), who draw it for tanh.
    """
    activation = get_elementwise(activation)
    sigma_w, sigma_b = finite_numbers("sigma_w", sigma_w, low=0), finite_numbers("sigma_b", sigma_b, low=0)
    for label, values in (("sigma_w", sigma_w), ("sigma_b", sigma_b)):
        if values.ndim != 1 or values.size < 2 or (np.diff(values) <= 0).any():
            raise ValueError(f"{label} must be two or more increasing numbers; got {values!r}")
    sigma_w2, sigma_b2 = np.square(sigma_w), np.square(sigma_b)[:, np.newaxis]
    q = fixed_point(activation, sigma_w2=sigma_w2, sigma_b2=sigma_b2, q0=1.0)
    return PhaseDiagram(activation, sigma_w, sigma_b, q, chi(activation, q, sigma_w2=sigma_w2))


def expected_log_norms(
    activation: str | Elementwise, *, sigma_w2: float, sigma_b2: float = 0.0, q0: float = 1.0, depth: int
) -> np.ndarray:
    """What mean-field theory has for ``GradientFlow.log_norms`` less those of the last layer, (depth,).

    In layer l the mean squared gradient is chi(q_l) times that in layer l + 1, q_l being the length of layer l.
    """
    lengths = course(activation, sigma_w2=sigma_w2, sigma_b2=sigma_b2, q0=q0, depth=depth)
    log_chi = np.log(chi(activation, lengths, sigma_w2=sigma_w2))
    return np.append(np.cumsum(log_chi[:-1][::-1])[::-1], 0.0) / 2
