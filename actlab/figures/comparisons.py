"""Ours beside others: speed and accuracy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from actlab.core import ACTIVATIONS
from actlab.figures.style import colour

_OTHERS = ("|", "^", "s", "D", "v", "x")


def speeds(shares: Mapping[str, Mapping[str, float]], contestants: Mapping[str, str], ax: Axes) -> Axes:
    """Draw, a row for each function, how fast contestants are as parts of the speed of a copy.

    ``shares`` holds these parts by function and contestant, and ``contestants`` the names in the legend; the first is a
    dot in the function's colour, the others are marks in grey. The functions are ordered by the speed of the first.
    """
    first, *others = contestants
    ordered = sorted((name for name in shares if first in shares[name]), key=lambda name: shares[name][first])
    rows = range(len(ordered))
    for mark, other in zip(_OTHERS, others, strict=False):
        found = [(shares[name][other], row) for row, name in zip(rows, ordered, strict=True) if other in shares[name]]
        hollow = {} if mark in "|x" else {"markerfacecolor": "none"}
        ax.plot(*np.transpose(found), mark, color="0.45", markersize=5, label=contestants[other], **hollow)
    colours = [colour(ACTIVATIONS[name]) for name in ordered]
    ax.scatter([shares[name][first] for name in ordered], rows, s=40, color=colours, zorder=3)
    ax.scatter([], [], s=40, color="black", label=contestants[first])
    ends = (-0.7, len(ordered) - 0.3)
    ax.vlines(1, *ends, color="0.7", linewidth=0.8, zorder=0)
    ax.set(xscale="log", xlabel="speed of a copy = 1", ylim=ends)
    ax.set_yticks(rows, ordered)
    ax.grid(axis="y", color="0.9", linewidth=0.8)
    ax.set_axisbelow(True)
    return ax


# By who computes; the formula and the package frame the others.
_COMPUTERS = {
    "actlab": ("actlab", "black", "-", 3.0),
    "textbook": ("formula", "#999999", "-", 3.0),
    "keras": ("Keras", "#E69F00", "-", 1.5),
    "torch": ("PyTorch", "#D55E00", "--", 1.5),
    "jax": ("JAX", "#0072B2", ":", 2.0),
}


def accuracy_curve(result, ax: Axes, *, low: float = -20.0, high: float = 20.0) -> Axes:
    """Draw a ``Curve`` of accuracy from ``low`` to ``high``: the largest relative error in each stretch of x."""
    floor = float(np.finfo(result.dtype).eps) / 100
    for computer, errors in result.errors.items():
        label, own, style, width = _COMPUTERS[computer]
        drawn = np.maximum(errors, floor)
        ax.stairs(drawn, result.edges, baseline=None, color=own, linestyle=style, linewidth=width, label=label)
    ax.set(yscale="log", xlabel="x", ylabel="relative error", xlim=(low, high), ylim=(floor, 10))
    return ax
