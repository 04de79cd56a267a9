"""Hard functions: S-curves and gates made of straight pieces and parabolas, for cheap or fixed-point arithmetic."""

from __future__ import annotations

import numpy as np

from actlab.core import Difference, elementwise


def _inside(x, low, high):
    return (x > low) & (x < high)


@elementwise(
    formula="Piecewise((0, x <= -3), ((x + 3)/6, x < 3), (1, True))",
    family="hard",
    df=lambda x: np.where(_inside(x, -3, 3), 1 / 6, 0.0),
    d2f=lambda x: np.zeros_like(x),
    kinks={-3.0: "left", 3.0: "right"},
    cite="howard2019searching",
    keras="hard_sigmoid", torch="nn.functional.hardsigmoid", jax="nn.hard_sigmoid",
    aliases=("hardsigmoid",),
    differs={
        "torch": Difference("the slope of 1/6 is rounded to float32", slopes={1.0: 0.1666666716337204}),
    },
)  # fmt: skip
def hard_sigmoid(x):
    """Hard sigmoid: a straight ramp from 0 at -3 to 1 at 3."""
    return np.clip(x + 3, 0, 6) / 6


@elementwise(
    formula="Piecewise((-1, x < -1), (x, x <= 1), (1, True))",
    family="hard",
    # At the ends the slope of Keras and JAX; PyTorch has 0 there.
    df=lambda x: np.where((x >= -1) & (x <= 1), 1.0, 0.0),
    d2f=lambda x: np.zeros_like(x),
    kinks={-1.0: "right", 1.0: "left"},
    cite="collobert2004large",
    keras="hard_tanh", torch="nn.functional.hardtanh", jax="nn.hard_tanh", aliases=("hardtanh",),
    differs={"torch": Difference("the slope at -1 and at 1 is 0", slopes={-1.0: 0.0, 1.0: 0.0})},
)  # fmt: skip
def hard_tanh(x):
    """Hard tanh: the identity, stopped at -1 and at 1."""
    return np.clip(x, -1, 1)


@elementwise(
    formula="Piecewise((0, x <= -3), (x*(x + 3)/6, x < 3), (x, True))",
    family="hard",
    df=lambda x: np.where(x < 3, np.where(x > -3, (2 * x + 3) / 6, 0.0), 1.0),
    d2f=lambda x: np.where(_inside(x, -3, 3), 1 / 3, 0.0),
    kinks={-3.0: "left", 3.0: "right"},
    cite="howard2019searching",
    keras="hard_silu", torch="nn.functional.hardswish", jax="nn.hard_silu",
    aliases=("hard_swish", "hardswish"),
)  # fmt: skip
def hard_silu(x):
    """Hard SiLU, also hard swish: x gated by its own hard sigmoid."""
    # Stopped at -3 first: further left the product would be -inf * 0.
    stopped = np.maximum(x, -3)
    return stopped * (np.minimum(stopped + 3, 6) / 6)


@elementwise(
    formula="Piecewise((0, x <= -1), ((x + 1)/2, x < 1), (1, True))",
    family="hard",
    df=lambda x: np.where(_inside(x, -1, 1), 0.5, 0.0),
    d2f=lambda x: np.zeros_like(x),
    kinks={-1.0: "left", 1.0: "right"},
    cite=("martins2016softmax", "blondel2020learning"),
    keras="sparse_sigmoid", jax="nn.sparse_sigmoid",
    differs={"jax": Difference("the slope at -1 and at 1 is the mean of both sides", slopes={-1.0: 0.25, 1.0: 0.25})},
)  # fmt: skip
def sparse_sigmoid(x):
    """Sparse sigmoid: a straight ramp from 0 at -1 to 1 at 1; the first entry of the sparsemax of (x, 0)."""
    return np.clip(x + 1, 0, 2) / 2
