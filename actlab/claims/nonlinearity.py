"""What an activation is for: claims about linear stacks, expressiveness and decomposition."""

from __future__ import annotations

import numpy as np

from actlab.claims.ledger import Measured, claim, measured
from actlab.network import collapse, initialise


@claim(
    belief="A stack of layers without activation functions can be replaced by one layer.",
    about="identity",
    verdict="true",
    sources=("000", "002"),
    says="Ten random layers without activation compute what one layer computes: the largest difference, relative to "
    "the largest answer, is {gap:.1e}.",
    unlike={"hidden": "tanh"},
    page="foundations/why-nonlinearity",
    side="con",
)
def linear_stack_collapse(hidden: str = "identity") -> Measured:
    """Ten layers of width 4 beside the one that they collapse into, at 200 normal inputs."""
    stack = initialise((4,) * 11, hidden, seed=0, bias_limit=1.0)
    x = np.random.default_rng(0).normal(size=(200, 4))
    one = collapse(initialise((4,) * 11, "identity", seed=0, bias_limit=1.0))
    answers = stack(x)
    gap = float(np.abs(answers - one(x)).max() / np.abs(answers).max())
    return measured(gap < 1e-12, gap=gap)
