"""What initial weights make of depth: the factor of the gradient per layer, for every activation with every rule."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from actlab import meanfield
from actlab.checks import whole_number
from actlab.core import ACTIVATIONS, Elementwise, get_elementwise
from actlab.experiments.gradient_flow import GradientFlow, gradient_flow
from actlab.experiments.phases import ExpectedFlow, expected_flow
from actlab.initialisers import INITIALISERS, Initialiser, glorot_uniform
from actlab.initialisers import get as get_initialiser
from actlab.meanfield.lengths import jumps
from actlab.statistics import Mean


@dataclass(frozen=True, eq=False)
class ChiTable:
    """chi_1 of every activation with every start, in wide square layers without biases.

    Arrays are (activations, starts). The starts are the variances of the rules in ``initialisers``, smallest first,
    each under the names of those who use it; the last one is the activation's own gain, which keeps a length of 1.

    sigma_w2
        fan_in times the variance of a weight.
    q
        The length that signals of length 1 come to, inf if they grow without limit. Under the own gain it is 1.
    chi1
        The factor of the mean squared gradient per layer at that length.
    """

    activations: tuple[Elementwise, ...]
    starts: tuple[str, ...]
    sigma_w2: np.ndarray
    q: np.ndarray
    chi1: np.ndarray

    def __repr__(self) -> str:
        vanish, explode = int(np.sum(self.chi1 < 0.995)), int(np.sum(self.chi1 > 1.005))
        return (
            f"{len(self.activations)} activations, {len(self.starts)} starts, {self.chi1.size} cells:\n"
            f"  chi_1 below 0.995 in {vanish}, above 1.005 in {explode}, between in {self.chi1.size - vanish - explode}"
        )


def chi_table(activations: Iterable[str | Elementwise] | None = None) -> ChiTable:
    """The table of chi_1; without an argument, of every elementwise activation of the registry that has no jump."""
    if activations is None:
        activations = (a for a in ACTIVATIONS.values() if isinstance(a, Elementwise) and not jumps(a))
    activations = tuple(map(get_elementwise, activations))
    rules: dict[float, list[str]] = {}
    for rule in sorted(INITIALISERS.values(), key=lambda rule: rule.sigma_w2(1, 1)):
        authors = rules.setdefault(rule.sigma_w2(1, 1), [])
        if (author := rule.name.partition("_")[0]) not in authors:
            authors.append(author)
    given = np.array(list(rules))
    own = np.array([meanfield.gain(activation) ** 2 for activation in activations])
    sigma_w2 = np.column_stack([np.tile(given, (len(activations), 1)), own])
    q = np.ones_like(sigma_w2)
    for row, activation in enumerate(activations):
        q[row, :-1] = meanfield.fixed_point(activation, sigma_w2=given, sigma_b2=0.0, q0=1.0)
    chi1 = np.array([
        meanfield.chi(activation, q[row], sigma_w2=sigma_w2[row]) for row, activation in enumerate(activations)
    ])  # fmt: skip
    return ChiTable(activations, (*map(", ".join, rules.values()), "own gain"), sigma_w2, q, chi1)


@dataclass(frozen=True, eq=False)
class ChiComparison:
    """Mean-field theory beside a measured ``GradientFlow``.

    ``theory`` goes layer by layer from the inputs that the networks were given, and ``chi1`` is the factor at the end
    of this way, however far that is. ``measured`` and ``predicted`` are means of ln chi over the layers from ``first``
    to ``last``, the middle half of the network.
    """

    flow: GradientFlow
    theory: ExpectedFlow
    chi1: float

    @property
    def first(self) -> int:
        """The layer, counted from 1, at which the middle half begins."""
        return self.flow.depth // 4 + 1

    @property
    def last(self) -> int:
        """The layer, counted from 1, at which the middle half ends."""
        return self.flow.depth - self.flow.depth // 4

    @property
    def predicted(self) -> float:
        """Theory's mean of ln chi."""
        return self.theory.log_chi

    @property
    def measured(self) -> Mean:
        """The measured mean of ln chi, a mean over the networks."""
        return self.flow.log_chi_between(self.first, self.last)

    def __repr__(self) -> str:
        try:
            low, high = np.exp(self.measured.interval)
            found = f"{math.exp(self.measured.value):.4f} ({low:.4f} to {high:.4f}, n = {self.measured.n})"
        except ValueError:  # too few networks in which a gradient arrives
            found = "nothing, as a gradient arrives in less than two networks"
        return (
            f"{self.flow.activation.name}, {self.flow.initialiser}: chi_1 {self.chi1:.4f}\n"
            f"  layers {self.first} to {self.last}: theory {math.exp(self.predicted):.4f}, measured {found}"
        )


def compare_chi(
    activation: str | Elementwise,
    initialiser: str | Initialiser = glorot_uniform,
    *,
    depth: int = 50,
    width: int = 256,
    networks: int = 20,
    q0: float = 1.0,
    sigma_b2: float | None = None,
    seed: int = 0,
    dtype: str = "float64",
) -> ChiComparison:
    """Measure the gradient in untrained networks, and compute what mean-field theory says of the same networks.

    The arguments are those of ``gradient_flow``, but that a rule of ``actlab.initialisers`` is needed, whose variance
    the theory takes; ``depth`` is at least 4. Theory is exact in the limit of wide layers. In float64, unlike float32,
    two processors come to the same digits as far as they are printed or drawn.
    """
    activation, rule = get_elementwise(activation), get_initialiser(initialiser)
    whole_number("depth", depth, least=4)
    shape = {"depth": depth, "width": width, "networks": networks}
    flow = gradient_flow(activation, initialiser=rule, q0=q0, sigma_b2=sigma_b2, seed=seed, dtype=dtype, **shape)
    variances = {"sigma_w2": rule.sigma_w2(width, width)}
    variances["sigma_b2"] = rule.bias_scale / width if sigma_b2 is None else sigma_b2
    start = variances["sigma_w2"] * q0 + variances["sigma_b2"]
    limit = meanfield.fixed_point(activation, q0=start, **variances)
    chi1 = float(meanfield.chi(activation, limit, sigma_w2=variances["sigma_w2"]))
    return ChiComparison(flow, expected_flow(activation, q0=q0, depth=depth, **variances), chi1)
