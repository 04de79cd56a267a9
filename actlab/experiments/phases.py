"""What theory says of deep networks before any is made: phases, and gradients layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actlab.checks import finite_number, finite_numbers, whole_number
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


@dataclass(frozen=True, eq=False)
class ExpectedFlow:
    """What theory has for a ``GradientFlow`` of very wide layers.

    ``q`` and ``log_chi_layers`` are (depth,): the variance of the pre-activations of each layer, and ln of the factor
    by which it multiplies the mean squared gradient.
    """

    activation: Elementwise
    q: np.ndarray
    log_chi_layers: np.ndarray

    @property
    def log_norms(self) -> np.ndarray:
        """The logarithm of the root mean square of dL/dz less that in the last layer, (depth,)."""
        return np.append(np.cumsum(self.log_chi_layers[-2::-1])[::-1], 0.0) / 2

    @property
    def log_chi(self) -> float:
        """ln chi per layer in the mean over the layers that ``GradientFlow.log_chi`` takes, of two layers or more.

        Their last one has no part in it, since its factor acts on what lies before.
        """
        depth = len(self.q)
        return float(self.log_chi_layers[depth // 4 : depth - depth // 4 - 1].mean())

    def __repr__(self) -> str:
        return f"{self.activation}, {len(self.q)} layers: ln chi {self.log_chi:.4f}, q at last {self.q[-1]:.4g}"


def expected_flow(
    activation: str | Elementwise, *, sigma_w2: float, sigma_b2: float = 0.0, q0: float = 1.0, depth: int
) -> ExpectedFlow:
    """Lengths and gradients layer by layer, for inputs of mean square ``q0``.

    In layer l the mean squared gradient is chi(q_l) times that in layer l + 1, q_l being the length of layer l.
    """
    activation = get_elementwise(activation)
    whole_number("depth", depth, least=1)
    sigma_w2, sigma_b2 = finite_number("sigma_w2", sigma_w2, low=0), finite_number("sigma_b2", sigma_b2, low=0)
    q0 = finite_number("q0", q0, low=0)
    # The inputs go into the first sums as they are; only from there on lengths follow the map.
    lengths = np.array([sigma_w2 * q0 + sigma_b2])
    if depth > 1:
        how = {"sigma_w2": sigma_w2, "sigma_b2": sigma_b2, "q0": lengths[0], "depth": depth - 1}
        lengths = np.append(lengths, course(activation, **how))
    with np.errstate(divide="ignore"):  # a chi of 0 is one of the answers
        return ExpectedFlow(activation, lengths, np.log(chi(activation, lengths, sigma_w2=sigma_w2)))
