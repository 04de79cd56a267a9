"""Hard functions: S-curves and gates made of straight pieces and parabolas, for cheap or fixed-point arithmetic."""

from __future__ import annotations

import numpy as np

from actlab.core import Difference, elementwise
from actlab.functions.kernels import constant, select


def _inside(x, low, high):
    """1 between ``low`` and ``high``, 0 outside and at the ends."""
    return ((x > low) & (x < high)).astype(np.float64)


@elementwise(
    formula="Piecewise((0, x <= -3), ((x + 3)/6, x < 3), (1, True))",
    family="hard",
    df=lambda x: _inside(x, -3, 3) / 6,
    d2f=lambda x, out=None: constant(x, 0.0, out),
    kinks={-3.0: "left", 3.0: "right"},
    cite="howard2019searching",
    textbook=("np.clip(x + 3, 0, 6)/6", "(np.abs(x) < 3)*x.dtype.type(1/6)"),
    keras="hard_sigmoid", torch="nn.functional.hardsigmoid", jax="nn.hard_sigmoid",
    aliases=("hardsigmoid",),
    differs={
        "torch": Difference("the slope of 1/6 is rounded to float32", slopes={1.0: 0.1666666716337204}),
    },
)  # fmt: skip
def hard_sigmoid(x):
    """Hard sigmoid: a straight ramp from 0 at -3 to 1 at 3."""
    ramp = (x + 3).clip(0.0, 6.0)
    ramp /= 6
    return ramp


@elementwise(
    formula="Piecewise((-1, x < -1), (x, x <= 1), (1, True))",
    family="hard",
    # At the ends the slope of Keras and JAX; PyTorch has 0 there.
    df=lambda x: (np.abs(x) <= 1).astype(np.float64),
    d2f=lambda x, out=None: constant(x, 0.0, out),
    kinks={-1.0: "right", 1.0: "left"},
    cite="collobert2004large",
    textbook=("np.clip(x, -1, 1)", "(np.abs(x) <= 1).astype(x.dtype)"),
    keras="hard_tanh", torch="nn.functional.hardtanh", jax="nn.hard_tanh", aliases=("hardtanh",),
    differs={"torch": Difference("the slope at -1 and at 1 is 0", slopes={-1.0: 0.0, 1.0: 0.0})},
)  # fmt: skip
def hard_tanh(x, out=None):
    """Hard tanh: the identity, stopped at -1 and at 1."""
    return x.clip(-1.0, 1.0, out=out)


@elementwise(
    formula="Piecewise((0, x <= -3), (x*(x + 3)/6, x < 3), (x, True))",
    family="hard",
    df=lambda x: select(np.abs(x) < 3, (2 * x + 3) / 6, x >= 3),
    d2f=lambda x: _inside(x, -3, 3) / 3,
    kinks={-3.0: "left", 3.0: "right"},
    cite="howard2019searching",
    textbook=("x*np.clip(x + 3, 0, 6)/6",),
    keras="hard_silu", torch="nn.functional.hardswish", jax="nn.hard_silu",
    aliases=("hard_swish", "hardswish"),
)  # fmt: skip
def hard_silu(x):
    """Hard SiLU, also hard swish: x gated by its own hard sigmoid."""
    # Stopped at -3 first: further left the product would be -inf * 0.
    stopped = x.clip(-3.0, np.inf)
    return stopped * ((stopped + 3).clip(0.0, 6.0) / 6)


@elementwise(
    formula="Piecewise((0, x <= -1), ((x + 1)/2, x < 1), (1, True))",
    family="hard",
    df=lambda x: _inside(x, -1, 1) / 2,
    d2f=lambda x, out=None: constant(x, 0.0, out),
    kinks={-1.0: "left", 1.0: "right"},
    cite=("martins2016softmax", "blondel2020learning"),
    textbook=("np.clip(x + 1, 0, 2)/2", "(np.abs(x) < 1)*x.dtype.type(0.5)"),
    keras="sparse_sigmoid", jax="nn.sparse_sigmoid",
    differs={"jax": Difference("the slope at -1 and at 1 is the mean of both sides", slopes={-1.0: 0.25, 1.0: 0.25})},
)  # fmt: skip
def sparse_sigmoid(x):
    """Sparse sigmoid: a straight ramp from 0 at -1 to 1 at 1; the first entry of the sparsemax of (x, 0)."""
    ramp = (x + 1).clip(0.0, 2.0)
    ramp /= 2
    return ramp
