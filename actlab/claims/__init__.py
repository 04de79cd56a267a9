"""The ledger: what is said of activations, each claim with a measurement, a counterexample and a verdict."""

from actlab.claims import (  # noqa: F401  (importing them fills the ledger)
    backpropagation,
    choosing,
    gelu,
    interfaces,
    neurons,
    nonlinearity,
    outputs,
    rectifiers,
    relu,
    rivals,
    sigmoid,
    silu,
    softmax,
    step,
    tanh,
)
from actlab.claims.guide import GUIDE, Branch, guide
from actlab.claims.ledger import CLAIMS, POSTS, STATEMENTS, Claim, Measured, Statement

__all__ = ["CLAIMS", "GUIDE", "POSTS", "STATEMENTS", "Branch", "Claim", "Measured", "Statement", "guide"]
