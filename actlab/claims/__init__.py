"""The ledger: what is said of activations, each claim with a measurement, a counterexample and a verdict."""

from actlab.claims import (  # noqa: F401  (importing them fills the ledger)
    backpropagation,
    cosine_script,
    gelu,
    interfaces,
    neurons,
    nonlinearity,
    rectifiers,
    relu,
    rivals,
    sigmoid,
    silu,
    softmax,
    step,
    tanh,
)
from actlab.claims.ledger import CLAIMS, POSTS, STATEMENTS, Claim, Measured, Statement

__all__ = ["CLAIMS", "POSTS", "STATEMENTS", "Claim", "Measured", "Statement"]
