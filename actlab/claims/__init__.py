"""The ledger: what is said of activations, each claim with a measurement, a counterexample and a verdict."""

from actlab.claims import (  # noqa: F401  (importing them fills the ledger)
    backpropagation,
    building_blocks,
    choosing,
    cosine_script,
    dying,
    gelu,
    interfaces,
    leaks,
    neurons,
    nonlinearity,
    outputs,
    rectified_networks,
    rectifiers,
    relu,
    rivals,
    sigmoid,
    sigmoid_training,
    silu,
    softmax,
    step,
    tanh,
)
from actlab.claims.guide import GUIDE, Branch, guide, table
from actlab.claims.ledger import CLAIMS, POSTS, STATEMENTS, Claim, Measured, Statement
from actlab.claims.report import audited, pros_and_cons, verdicts

__all__ = [
    "CLAIMS", "GUIDE", "POSTS", "STATEMENTS", "Branch", "Claim", "Measured", "Statement", "audited", "guide",
    "pros_and_cons", "table", "verdicts",
]  # fmt: skip
