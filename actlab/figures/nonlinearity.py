"""What layers can and cannot compute: stacks without activation, separations, units that move."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from actlab.figures.style import colour, function_colour, quantile_band, stable

_DRAWN_UNITS = 8


def mlp_diagram(widths, ax: Axes) -> Axes:
    """Draw a multi-layer perceptron of these widths, the input first: its units, edges, biases and parameter counts.

    A bias is drawn as an edge from a unit that always answers 1. ``widths`` may have up to eight units per layer.
    """
    if len(widths) < 2 or not all(1 <= width <= _DRAWN_UNITS for width in widths):
        raise ValueError(f"a diagram shows two layers or more of 1 to {_DRAWN_UNITS} units each; got {tuple(widths)}")
    heights = [np.arange(width) - (width - 1) / 2 for width in widths]
    top = max(widths) / 2
    bottom = -top - 0.6
    for layer, (here, there) in enumerate(pairwise(heights)):
        edges = [[(layer, a), (layer + 1, b)] for a in here for b in there]
        biases = [[(layer, bottom), (layer + 1, b)] for b in there]
        ax.add_collection(LineCollection(edges, colors="0.6", linewidths=1))
        ax.add_collection(LineCollection(biases, colors="0.6", linewidths=1, linestyles="--"))
        ax.text(layer + 0.5, bottom - 0.8, f"{here.size}·{there.size} + {there.size}", ha="center", va="center")
    last = len(widths) - 1
    for layer, height in enumerate(heights):
        name = "inputs" if layer == 0 else "outputs" if layer == last else "hidden"
        face = "#56B4E9" if name == "hidden" else "white"
        ax.scatter(np.full(height.size, layer), height, s=320, color=face, edgecolors="black", linewidths=1.2, zorder=2)
        ax.text(layer, top + 0.2, name, ha="center", va="center")
        if layer < last:
            ax.scatter(layer, bottom, s=260, marker="s", color="white", edgecolors="black", linewidths=1.2, zorder=2)
            ax.text(layer, bottom, "1", ha="center", va="center", zorder=3)
    ax.set(xlim=(-0.3, last + 0.3), ylim=(bottom - 1.2, top + 0.6))
    ax.set_axis_off()
    return ax


def linear_training(result, ax: Axes) -> Axes:
    """Draw the losses of a ``LinearTraining`` over the steps: median and 90 % band for each depth, down to 1e-6."""
    floor = 1e-6
    steps = np.arange(result.losses.shape[1])
    for index, (depth, losses) in enumerate(zip(result.depths, result.losses, strict=True)):
        # Far below the floor, rounding decides the values; they would differ between processors.
        quantile_band(steps, np.maximum(losses, floor / 10), ax, color=f"C{index}", label=f"depth {depth}")
    ax.set(yscale="log", ylim=(floor, 100), xlabel="step", title=f"target {result.strength:g} x")
    return ax


def separation(points, labels, weights, bias: float, ax: Axes) -> Axes:
    """Draw labelled points (n, 2) in a plane and shade where w.x + b > 0; a cross marks a point on the wrong side.

    Points labelled 1 are filled, points labelled 0 are open. Points that coincide are drawn once.
    """
    points, labels, weights = np.asarray(points), np.asarray(labels), np.asarray(weights)
    low, high = points.min(axis=0) - 0.5, points.max(axis=0) + 0.5
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    scores = corners @ weights + bias
    region = []
    for (a, score_a), (b, score_b) in pairwise([*zip(corners, scores, strict=True), (corners[0], scores[0])]):
        if score_a > 0:
            region.append(a)
        if (score_a > 0) != (score_b > 0):
            region.append(a + (b - a) * score_a / (score_a - score_b))
    if region:
        ax.fill(*np.transpose(region), color="#56B4E9", alpha=0.35, linewidth=0)
    wrong = (points @ weights + bias > 0) != (labels > 0.5)
    ax.scatter(*points.T, s=130, color=np.where(labels > 0.5, "black", "white"), edgecolors="black", zorder=2)
    ax.scatter(*points[wrong].T, s=420, marker="x", color="#D55E00", linewidths=2.5, zorder=3)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    ax.set(xticks=np.unique(points[:, 0]), yticks=np.unique(points[:, 1]))
    return ax


def final_losses(result, ax: Axes) -> Axes:
    """Draw how many networks of an ``XorTraining`` end at which loss, from 0 to 0.26."""
    ax.hist(np.round(result.losses, 4), bins=np.linspace(-0.0025, 0.2625, 54), color=colour(result.activation))
    ax.set(title=result.activation.name, xlabel="loss after training", xticks=[0, 1 / 8, 1 / 6, 1 / 4])
    ax.set_xticklabels(["0", "1/8", "1/6", "1/4"])
    return ax


def layer_movement(result, ax: Axes) -> Axes:
    """Draw how far a ``WeightMovement`` moved hidden and output layer: medians and 90 % bands over the steps."""
    own = colour(result.activation)
    quantile_band(result.steps, stable(result.output), ax, color="black", label="output layer", linestyle="--")
    quantile_band(result.steps, stable(result.hidden), ax, color=own, label="hidden layer")
    ax.set(title=result.activation.name, xlabel="step", xticks=result.steps[[0, len(result.steps) // 2, -1]])
    return ax


def shifted_fit(result, ax: Axes) -> Axes:
    """Draw the prediction of a ``ShiftedFit`` over its target."""
    ax.plot(result.x, result.target, color="0.75", linewidth=6, solid_capstyle="round", label="target")
    ax.plot(result.x, stable(result.prediction), color=function_colour(result.function), label="sum of the units")
    return ax


def shifted_parts(result, ax: Axes) -> Axes:
    """Draw what each unit of a ``ShiftedFit`` contributes: its weight times its shifted copy, and the constant."""
    ax.axhline(stable(result.constant), color="0.6", linewidth=1)
    ax.plot(result.x, stable(result.parts), color=function_colour(result.function), linewidth=1.5)
    return ax


def error_decay(result, ax: Axes) -> Axes:
    """Draw the errors of a ``ShiftedErrors`` over the number of units, both logarithmic; each line has its name."""
    for function, errors in zip(result.functions, result.errors, strict=True):
        own = function_colour(function)
        ax.plot(result.counts, errors, "o-", color=own, markersize=5)
        end = (result.counts[-1], errors[-1])
        ax.annotate(function.__name__, end, (8, 0), textcoords="offset points", va="center", color=own)
    # Whole powers of ten: no last bit of an error moves the axes.
    decades = 10.0 ** np.array([np.floor(np.log10(result.errors.min())), np.ceil(np.log10(result.errors.max()))])
    ax.set(xscale="log", yscale="log", xlabel="units", ylabel="error", ylim=decades)
    ax.set_xticks(result.counts, [str(count) for count in result.counts])
    ax.minorticks_off()
    return ax
