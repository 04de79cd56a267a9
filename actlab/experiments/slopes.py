"""Learned slopes: which slope for negative input training chooses, and whether the choice pays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actlab.checks import whole_number
from actlab.functions.rectifiers import prelu
from actlab.network import initialise
from actlab.statistics import Mean, Share
from actlab.training import gradient_descent

#: The targets on offer, as functions of inputs between -1 and 1.
TARGETS = {
    "wave": lambda x: np.sin(np.pi * x),
    "parabola": np.square,
    "line": lambda x: x,
}


@dataclass(frozen=True, eq=False)
class LearnedSlopes:
    """Networks of PReLUs, one slope for each network, beside networks whose slope is held.

    ``slopes`` and ``losses`` (networks,) are those of the networks that learn their slope; ``held_losses`` (held,
    networks) those of the same starts with each slope of ``held``.
    """

    target: str
    start: float
    slopes: np.ndarray
    losses: np.ndarray
    held: tuple[float, ...]
    held_losses: np.ndarray

    def beats(self, slope: float) -> Share:
        """The share of starts from which the learnt slope ends at a lower loss than ``slope``, which was held."""
        return Share.of(self.losses < self.held_losses[self.held.index(slope)])

    def __repr__(self) -> str:
        low, high = np.quantile(self.slopes, (0.05, 0.95))
        held = ", ".join(
            f"at {slope:g}: {np.median(losses):.2g}" for slope, losses in zip(self.held, self.held_losses, strict=True)
        )
        return (
            f"{self.target}, slopes start at {self.start:g}:\n"
            f"  slope learnt: mean {Mean.of(self.slopes):.2f}\n"
            f"  5 to 95 % of networks: {low:.2f} to {high:.2f}\n"
            f"  median loss {np.median(self.losses):.2g}; held {held}"
        )


def learned_slopes(
    target: str,
    *,
    start: float = 0.25,
    held: Sequence[float] = (-1.0, 0.0, 0.25),
    width: int = 16,
    steps: int = 600,
    learning_rate: float = 0.1,
    networks: int = 200,
    seed: int = 0,
) -> LearnedSlopes:
    """Train 1-``width``-1 networks of PReLUs with one slope each, and the same networks with the slope held.

    Parameters
    ----------
    target
        What to fit at 21 even points of [-1, 1]: a name in ``TARGETS``.
    start
        Where the learnt slopes start.
    held
        The slopes that are not learnt.
    width, steps, learning_rate
        Hidden units, and full-batch gradient steps on the mean squared error, for the slope as for the weights.
    networks, seed
        Random starts. Weights come from Glorot's uniform distribution; biases are uniform between -1 and 1.
    """
    if target not in TARGETS:
        raise ValueError(f"target must be one of {', '.join(TARGETS)}; got {target!r}")
    whole_number("steps", steps, least=1)
    x = np.linspace(-1, 1, 21)[:, np.newaxis]
    y = TARGETS[target](x)
    begin = initialise((1, width, 1), prelu, networks=networks, seed=seed, bias_limit=1.0)
    (weight, out_weight), (bias, out_bias) = begin.weights, begin.biases
    slope = np.full((networks, 1, 1), float(start))
    for step in range(steps + 1):
        z = x @ weight + bias
        hidden = prelu(z, alpha=slope)
        error = hidden @ out_weight + out_bias - y
        if step == steps:
            break
        upstream = 2 * error / len(x)
        at_hidden = upstream @ out_weight.swapaxes(1, 2)
        at_unit = at_hidden * prelu.derivative(z, alpha=slope)
        out_weight = out_weight - learning_rate * (hidden.swapaxes(1, 2) @ upstream)
        out_bias = out_bias - learning_rate * upstream.sum(axis=1, keepdims=True)
        weight = weight - learning_rate * (x.T @ at_unit)
        bias = bias - learning_rate * at_unit.sum(axis=1, keepdims=True)
        # The output changes with the slope by min(z, 0): He et al. (2015), equation 3.
        slope = slope - learning_rate * np.sum(at_hidden * np.minimum(z, 0), axis=(1, 2), keepdims=True)
    held_losses = [
        gradient_descent(
            initialise((1, width, 1), prelu.with_params(alpha=value), networks=networks, seed=seed, bias_limit=1.0),
            x, y, learning_rate=learning_rate, steps=steps,
        ).final
        for value in held
    ]  # fmt: skip
    losses = np.mean(np.square(error), axis=(1, 2))
    return LearnedSlopes(target, float(start), slope[:, 0, 0], losses, tuple(held), np.array(held_losses))
