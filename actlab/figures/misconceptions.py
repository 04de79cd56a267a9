"""Drawings for beliefs that fail: each is small, and shows the one place where its belief breaks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from actlab.figures.style import COLOURS, PART_STYLES, coarse, colour, stable


def additivity(f: Callable[[np.ndarray], np.ndarray], pair: tuple[float, float], ax: Axes, *, color) -> Axes:
    """Draw f around a pair of positive numbers, with dots at both and at their sum, and an open dot beside the last.

    The open dot is the sum of the values at the pair: for a linear f it would lie on the curve. Where f leaps by more
    than half of its range the curve is broken.
    """
    p, q = pair
    x = (p + q) * np.linspace(-0.3, 1.15, 400)
    curve = stable(f(x))
    leaps = np.flatnonzero(np.abs(np.diff(curve)) > np.ptp(curve) / 2)
    ax.plot(np.insert(x, leaps + 1, np.nan), np.insert(curve, leaps + 1, np.nan), color=color)
    places = np.array([p, q, p + q], dtype=float)
    values = f(places)
    asked = values[0] + values[1]
    ax.plot(places, values, "o", color=color, markersize=7)
    ax.plot(p + q, asked, "o", color="black", markerfacecolor="none", markersize=8, markeredgewidth=1.5)
    ax.vlines(p + q, *sorted((values[2], asked)), color="0.5", linestyle=":", linewidth=1.5)
    ax.set(
        xticks=[0, *places], xticklabels=[f"{place:g}" for place in (0, *places)], yticks=sorted({0, *values, asked})
    )
    return ax


def pieces(x: np.ndarray, target: np.ndarray, parts: Mapping[str, np.ndarray], ax: Axes, *, color) -> Axes:
    """Draw a target (points,) as a broad grey line, and over it what it is to be made of: a line for each label."""
    ax.plot(x, stable(target), color="0.75", linewidth=6, solid_capstyle="round")
    for (label, values), style in zip(parts.items(), ("-", *PART_STYLES), strict=False):
        ax.plot(x, stable(values), color=color, linestyle=style, label=label)
    ax.set(xlabel="x")
    return ax


def plus_signs(gradients: np.ndarray, ax: Axes, *, color) -> Axes:
    """Draw how many of the gradients of a unit's weights (units, inputs) are positive: per cent of the units."""
    inputs = gradients.shape[1]
    counts = np.bincount((gradients > 0).sum(axis=1), minlength=inputs + 1)
    ax.bar(np.arange(inputs + 1), coarse(100 * counts / len(gradients)), color=color, width=0.85)
    ax.set(xticks=[0, inputs // 2, inputs], xlabel="of them positive")
    return ax


def clipped(result, ax: Axes) -> Axes:
    """Draw the gradients of a ``ClippedGradients`` over the layers, as powers of ten: as they are, and clipped by norm.

    Lines are medians over the networks, and bands hold nine tenths of these.
    """
    layers = np.arange(1, result.log_norms.shape[1] + 1)
    own = {"color": colour(result.activation)}
    drawn = {"as it is": (result.log_norms, "-"), "clipped by norm": (result.log_norms_by_norm, "--")}
    for label, (logs, style) in drawn.items():
        low, median, high = coarse(np.quantile(logs / np.log(10), (0.05, 0.5, 0.95), axis=0))
        ax.fill_between(layers, low, high, alpha=0.2, linewidth=0, **own)
        ax.plot(layers, median, linestyle=style, label=label, **own)
    ax.set(xlabel="layer", ylabel="power of ten")
    return ax


def recorded_losses(counts: Sequence[int], edges: np.ndarray, cut: float, ax: Axes, *, color) -> Axes:
    """Draw a histogram of losses on a logarithmic axis, with the share of networks that lies on each side of ``cut``.

    ``counts`` are the networks between neighbours of ``edges``, one of which is at the cut.
    """
    counts, edges = np.asarray(counts), np.asarray(edges)
    at = int(np.abs(np.log(edges / cut)).argmin())
    if not np.isclose(edges[at], cut, rtol=1e-9):
        raise ValueError(f"cut must be one of the edges; got {cut:g}, and the next edge is {edges[at]:g}")
    filled = np.flatnonzero(counts)
    ax.stairs(counts, edges, fill=True, color=color)
    ax.axvline(cut, color="0.5", linestyle=":", linewidth=1.5)
    for part, place, side in ((counts[:at], -6, "right"), (counts[at:], 6, "left")):
        ax.annotate(
            f"{part.sum() / counts.sum():.1%}", (cut, 1), (place, 0), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha=side, va="top",
        )  # fmt: skip
    ax.set(xscale="log", xlim=(edges[filled[0]], edges[filled[-1] + 1]), yticks=[])
    return ax


def gaps(x: np.ndarray, differences: Mapping[str, np.ndarray], ax: Axes) -> Axes:
    """Draw differences from a function over ``x``, a line for each label, with a dot where each is largest in size."""
    ax.axhline(0, color="0.75", linewidth=1)
    for (label, values), own, style in zip(differences.items(), (COLOURS[0], COLOURS[3]), ("--", "-"), strict=True):
        values = stable(values)
        ax.plot(x, values, color=own, linestyle=style, label=label)
        widest = np.abs(values).argmax()
        ax.plot(x[widest], values[widest], "o", color=own, markersize=6)
    ax.set(xlabel="x")
    return ax
