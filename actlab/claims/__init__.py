"""The ledger: what is said of activations, each claim with a measurement, a counterexample and a verdict."""

from actlab.claims import (  # noqa: F401  (importing them fills the ledger)
    backpropagation,
    building_blocks,
    dying,
    cosine_script,
    gelu,
    interfaces,
    leaks,
    neurons,
    nonlinearity,
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
from actlab.claims.ledger import CLAIMS, POSTS, STATEMENTS, Claim, Measured, Statement

__all__ = ["CLAIMS", "POSTS", "STATEMENTS", "Claim", "Measured", "Statement"]
