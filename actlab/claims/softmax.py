"""Claims about softmax."""

from __future__ import annotations

import re

import numpy as np

from actlab import peers
from actlab.claims.families import keras_families, keras_version
from actlab.claims.ledger import Measured, claim, measured
from actlab.core import get
from actlab.experiments import calibration, first_float
from actlab.functions.sigmoidal import sigmoid


@claim(
    belief="Every output of a softmax lies between 0 and 1, and together they sum to 1.",
    about="softmax",
    verdict="true",
    sources="003",
    says="From {rows} rows of {classes} random float32 scores of deviation 3, softmax makes outputs between 0 and 1, "
    "and each row sums to 1 within {within:g}. On paper none is ever 0; in float32 the smaller of two is 0 once the "
    "scores are {gap:.1f} apart.",
    unlike={"activation": "sigmoid"},
    page="functions/outputs-and-vectors",
    side="pro",
)
def softmax_simplex(activation: str = "softmax", rows: int = 10_000, classes: int = 10) -> Measured:
    """The largest distance of a row's sum from 1, and the first gap of two float32 scores at which an output is 0."""
    f = get(activation)
    z = 3 * np.random.default_rng(0).standard_normal((rows, classes), np.float32)
    y = f(z)
    error = float(np.abs(y.sum(axis=1, dtype=np.float64) - 1).max())
    gap = first_float(lambda gap: f(np.array([0, -gap], np.float32))[1] == 0, 1, 1e3, np.float32)
    inside = bool((y >= 0).all() and (y <= 1).all())
    within = 1e-6  # rounding
    return measured(inside and error < within and gap > 80, rows=rows, classes=classes, within=within, gap=gap)


@claim(
    belief="A softmax can model a probability distribution over classes.",
    about="softmax",
    verdict="true",
    sources=("000", "003", "bridle1990probabilistic"),
    says="Every distribution without a 0 is within reach: given the logarithms of {count} random ones over {classes} "
    "classes, softmax returns them. With two classes it is the sigmoid of the difference of the scores. Both are so "
    "to within {within:g}.",
    unlike={"activation": "softmin"},
    page="functions/outputs-and-vectors",
    side="pro",
)
def softmax_distribution(activation: str = "softmax", count: int = 1000, classes: int = 5) -> Measured:
    """The largest difference between random distributions and what comes of their logarithms; and from a sigmoid."""
    f, rng = get(activation), np.random.default_rng(0)
    p = rng.dirichlet(np.ones(classes), count)
    error = float(np.abs(f(np.log(p)) - p).max())
    z = rng.normal(size=(count, 2))
    two = float(np.abs(f(z)[:, 0] - sigmoid(z[:, 0] - z[:, 1])).max())
    within = 1e-14  # rounding
    return measured(max(error, two) < within, count=count, classes=classes, within=within)


@claim(
    belief="A softmax gives the probability that the input belongs to each class.",
    about="softmax",
    verdict="imprecise",
    sources="000",
    says="A softmax gives normalised scores, which may be far too sure. Of {networks} networks with {hidden} hidden "
    "tanh units, each trained on {examples} examples of three classes, the likeliest class got {sure:.1%} on average "
    "and was right for {right:.1%} of new examples: {excess:.1f} points too much (95 % interval {low:.1f} to "
    "{high:.1f}). Only new examples tell whether scores are probabilities.",
    unlike={"hidden": 0, "examples": 1000, "learning_rate": 1.0, "steps": 200},
    page="functions/outputs-and-vectors",
    side="con",
    slow=True,
)
def softmax_gives_class_probability(
    hidden: int = 30, examples: int = 40, learning_rate: float = 0.25, steps: int = 2000
) -> Measured:
    """Confidence and share of right answers on 500 new examples for each of 50 networks trained by cross-entropy."""
    found = calibration(hidden, examples=examples, learning_rate=learning_rate, steps=steps)
    mean, half = found.excess()
    return measured(
        mean - half > 0.05, networks=len(found.temperatures), hidden=hidden, examples=examples,
        sure=found.confidence.mean(), right=found.right.mean(), excess=100 * mean, low=100 * (mean - half),
        high=100 * (mean + half),
    )  # fmt: skip


@claim(
    belief="Softmax is commonly used in the output layer of networks for several classes.",
    about="softmax",
    verdict="true",
    sources="000",
    says="Of the {families} source files in which Keras {version} defines its image networks, {ending} let them end "
    "in a softmax unless told otherwise.",
    unlike={"activation": "sigmoid"},
    page="functions/outputs-and-vectors",
    needs="tensorflow",
)
def softmax_output_multiclass(activation: str = "softmax") -> Measured:
    """How many of the files in keras.applications give ``classifier_activation`` that default."""
    files = keras_families()
    ending = sum(bool(re.search(rf"classifier_activation=\"{activation}\"", text)) for text in files.values())
    return measured(ending > len(files) / 2, families=len(files), version=keras_version(), ending=ending)


@claim(
    belief="Softmax is used in the output layer only, never inside a network.",
    about="softmax",
    verdict="false",
    sources="003",
    says="Attention is a softmax inside the network: each layer of a Transformer weighs its inputs by one (Vaswani et "
    "al., 2017). In Keras' MultiHeadAttention with {heads} heads over {tokens} random inputs, all {rows} rows of "
    "weights are positive and sum to 1 within {within:g}.",
    unlike={"layer": "sigmoid"},
    page="functions/outputs-and-vectors",
    needs="tensorflow",
)
def softmax_output_only(layer: str = "MultiHeadAttention", heads: int = 2, tokens: int = 6) -> Measured:
    """The attention weights of Keras' layer for random inputs; for another layer, its answers for the same inputs."""
    layers, start = peers.at("keras", "layers"), peers.at("keras", "initializers").GlorotUniform(seed=0)
    x = np.random.default_rng(0).normal(size=(1, tokens, 8))
    if layer == "MultiHeadAttention":
        _, weights = layers.MultiHeadAttention(heads, 4, kernel_initializer=start)(x, x, return_attention_scores=True)
    else:
        weights = layers.Dense(tokens, layer, kernel_initializer=start)(x)
    rows = np.asarray(weights).reshape(-1, tokens)
    error = float(np.abs(rows.sum(axis=1) - 1).max())
    within = 1e-6  # rounding
    holds = bool((rows > 0).all()) and error < within
    return measured(holds, heads=heads, tokens=tokens, rows=len(rows), within=within)
