"""The cells of the benchmark: which networks are trained, and how."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from actlab.core import ACTIVATIONS, Activation, Elementwise
from actlab.initialisers import Initialiser, glorot_uniform, he_normal, lecun_normal, pytorch_uniform
from actlab.meanfield import NoCriticalPoint, critical_sigma_w
from actlab.network import Network, initialise
from actlab.optimisers import SGD, Adam, Optimiser

INPUTS, WIDTH, CLASSES = 64, 32, 10
DEPTHS = (1, 4, 10, 20)
#: Whose parameter is learnt; beta of the SiLU, which can be learnt too, is 1 in all frameworks.
LEARNING = ("prelu",)
#: Variance of the biases where the weights are critical; without biases many functions have no critical weights.
SIGMA_B2 = 0.05


@dataclass(frozen=True)
class Start:
    """How networks start: a rule for the weights, and the variance of the biases in a layer of so many inputs."""

    rule: Initialiser
    bias_variance: Callable[[int], float] = lambda fan_in: 0.0


def _pytorch(activation: Activation) -> Start:
    return Start(pytorch_uniform, lambda fan_in: pytorch_uniform.bias_scale / fan_in)


@cache
def _critical(activation: Activation) -> Start | None:
    if not isinstance(activation, Elementwise):
        return None  # the theory is that of units that do not see each other
    try:
        sigma_w = critical_sigma_w(activation, sigma_b2=SIGMA_B2, high=20.0)
    except ValueError:
        return None  # it jumps, and has no slope there whose mean square could be 1
    if isinstance(sigma_w, NoCriticalPoint):
        sigma_w = sigma_w.jump_at
    if sigma_w is None:
        return None
    # To six digits: two processors, which differ in the last ones, shall start alike.
    return Start(lecun_normal.with_scale(float(f"{sigma_w**2:.6g}")), lambda fan_in: SIGMA_B2)


#: By name, the start for an activation; None where there is none. "glorot" is Keras' default, "pytorch" PyTorch's;
#: "critical" is where the mean squared gradient's factor in a wide layer, chi_1, comes to 1 or jumps over it.
STARTS: dict[str, Callable[[Activation], Start | None]] = {
    "glorot": lambda activation: Start(glorot_uniform),
    "pytorch": _pytorch,
    "he": lambda activation: Start(he_normal),
    "lecun": lambda activation: Start(lecun_normal),
    "critical": _critical,
}

#: By name, an optimiser of a learning rate, and the rates that are tried.
OPTIMISERS: dict[str, tuple[Callable[[float], Optimiser], tuple[float, ...]]] = {
    "Adam": (Adam, (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)),
    "SGD": (lambda rate: SGD(rate, momentum=0.9), (1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1)),
}


@dataclass(frozen=True)
class Settings:
    """One cell: an activation in networks of ``depth`` hidden layers, their start and their optimiser by name."""

    activation: Activation
    depth: int
    start: str
    optimiser: str

    def networks(self, count: int, seed: int) -> Network:
        """Networks before the training.

        Those of one seed and start differ between elementwise activations in the scale of the weights at most.
        """
        start = STARTS[self.start](self.activation)
        # A layer makes as many outputs, whatever its activation; one that merges inputs has more of these.
        units = (
            WIDTH
            if isinstance(self.activation, Elementwise)
            else WIDTH * self.activation.inputs_per_output(**self.activation.values)
        )
        widths, fans_in = (INPUTS, *(units,) * self.depth, CLASSES), (INPUTS, *(WIDTH,) * self.depth)
        # The biases are uniform, as PyTorch's are.
        limits = [float(np.sqrt(3 * start.bias_variance(fan_in))) for fan_in in fans_in]
        how = {"initialiser": start.rule, "bias_limit": limits, "learn": self.activation.name in LEARNING}
        return initialise(widths, self.activation, networks=count, seed=seed, **how)

    def __str__(self) -> str:
        return f"{self.activation}, {self.depth} deep, {self.start}, {self.optimiser}"


def activations() -> tuple[Activation, ...]:
    """Every activation for hidden layers through which a gradient passes."""
    x = np.linspace(-8, 8, 1001)
    hidden = [activation for activation in ACTIVATIONS.values() if activation.family != "output"]
    return tuple(a for a in hidden if not isinstance(a, Elementwise) or a.derivative(x).any())


def cells() -> tuple[Settings, ...]:
    """All cells, those of one activation together."""
    return tuple(
        Settings(activation, depth, start, optimiser)
        for activation in activations()
        for depth in DEPTHS
        for start in STARTS
        if STARTS[start](activation) is not None
        for optimiser in OPTIMISERS
    )
