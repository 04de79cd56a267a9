"""The decision guide: what to take for which layer, each advice with the claims of the ledger that it rests on."""

from __future__ import annotations

from dataclasses import dataclass

from actlab.catalogue import Table
from actlab.claims.ledger import CLAIMS


@dataclass(frozen=True)
class Branch:
    """One advice: the situation, what to take there, and the ids of the claims that say why."""

    situation: str
    advice: str
    claims: tuple[str, ...]


#: Hidden layers first, then the last layer.
GUIDE = (
    Branch(
        "one hidden layer, or a few",
        "ReLU, or nearly any other",
        ("one-hidden-layer-takes-nearly-any", "relu-arrives-before-sigmoid", "tanh-arrives-before-sigmoid"),
    ),
    Branch(
        "ten hidden layers or more, nothing between them",
        "first a start that suits the activation, then ELU or its like; not the sigmoid",
        (
            "the-start-matters-as-much-as-the-activation",
            "pytorchs-default-start-fails-deep-networks",
            "elu-against-relu-in-deep-networks",
            "sigmoid-layers-fail-when-there-are-ten",
        ),
    ),
    Branch(
        "the same with layer normalisation and residual connections",
        "the gradient no longer decides; choose by other grounds",
        ("normalised-residual-layers-carry-any-gradient",),
    ),
    Branch(
        "ReLU units die",
        "look at them before and after the training; a leak or a smooth gate is no cure for everything",
        (
            "deep-relu-networks-are-born-with-dead-units",
            "leaky-is-not-always-better",
            "swish-against-relu-in-deep-networks",
        ),
    ),
    Branch(
        "time is short",
        "measure the whole training, not the call",
        ("gelu-costs-little-of-a-training",),
    ),
    Branch(
        "eight bits",
        "a bounded rectifier where outliers occur",
        ("a-bound-protects-the-bits-from-outliers",),
    ),
    Branch(
        "the output is any number",
        "the identity",
        ("regression-wants-an-identity-at-the-end",),
    ),
    Branch(
        "the output is yes or no, or several of them",
        "a sigmoid for each, with the logarithmic loss",
        ("a-sigmoid-output-wants-the-logarithmic-loss",),
    ),
    Branch(
        "the output is one class of several",
        "softmax, with the cross-entropy from the logits in one step",
        ("take-the-loss-from-the-logits",),
    ),
)


def table(*ids: str) -> Table:
    """Claims by their ids as a table: what is said, what becomes of it, and what is measured."""
    rows = [(CLAIMS[id].belief, CLAIMS[id].verdict, CLAIMS[id].sentence()) for id in ids]
    return Table(("it is said", "verdict", "what is measured"), tuple(rows))


@dataclass(frozen=True)
class Guide:
    """Branches as notebooks and the book show them: situation and advice, and below them what is measured."""

    branches: tuple[Branch, ...]

    def __repr__(self) -> str:
        return f"Guide({len(self.branches)} branches)"

    def _repr_markdown_(self) -> str:
        return "\n\n".join(
            "\n".join([
                f"**{branch.situation[0].upper()}{branch.situation[1:]}:** *{branch.advice}.*",
                "",
                *(f"- {CLAIMS[id].sentence()}" for id in branch.claims),
            ])
            for branch in self.branches
        )  # fmt: skip


def guide() -> Guide:
    """The decision guide, with what is measured now."""
    return Guide(GUIDE)
