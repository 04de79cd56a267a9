"""No activation, and the step."""

from __future__ import annotations

import numpy as np

from actlab.core import elementwise
from actlab.functions.kernels import constant


@elementwise(
    formula="x",
    family="linear",
    df=lambda x, out=None: constant(x, 1.0, out),
    d2f=lambda x, out=None: constant(x, 0.0, out),
    native=lambda x: (x.copy(), np.ones_like(x)),
    keras="linear", torch="nn.Identity", jax="nn.identity", aliases=("linear",),
)  # fmt: skip
def identity(x, out=None):
    """Identity: the unit answers with its pre-activation, as if it had no activation."""
    if out is None:
        return x.copy()
    np.copyto(out, x)
    return out


@elementwise(
    formula="Piecewise((1, x > 0), (0, True))",
    family="threshold",
    df=lambda x, out=None: constant(x, 0.0, out),
    d2f=lambda x, out=None: constant(x, 0.0, out),
    kinks={0.0: "left"},
    cite="mcculloch1943logical",
    textbook=("(x > 0).astype(x.dtype)",),
)
def step(x):
    """Step: the unit fires (1) or does not (0). Its derivative is 0 wherever there is one."""
    return (x > 0).astype(np.float64)
