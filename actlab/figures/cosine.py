"""The cosine fit: fits, losses and shares of many networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes

from actlab.figures.style import PART_STYLES, coarse, colour, significant, stable


def fit(result, ax: Axes) -> Axes:
    """Draw the prediction of a ``KerasCosineFit`` over its target."""
    ax.plot(result.x, result.target, color="0.75", linewidth=6, solid_capstyle="round", label="target")
    ax.plot(result.x, stable(result.prediction), color=colour(result.activation), label="prediction")
    ax.set(xlabel="x", ylim=(-0.45, 2.45), xticks=[0, np.pi, 2 * np.pi], xticklabels=["0", "π", "2π"], yticks=[0, 1, 2])
    return ax


def fit_parts(fits, number: int, x, target, ax: Axes) -> Axes:
    """Draw network ``number`` of ``CosineFits`` taken apart: what each hidden unit adds, the output bias, their sum.

    Its data are ``x`` and ``target``, (points,). A dot marks where a unit's pre-activation is 0, if that is among the
    data; the panel says how many units are dead.
    """
    one = fits.select([number])
    ax.plot(x, target, color="0.75", linewidth=6, solid_capstyle="round", label="target")
    places = one.bend_places[0]
    for unit, style in zip(range(one.hidden), PART_STYLES, strict=False):
        line = {"color": "0.35", "linewidth": 1.5}
        ax.plot(x, coarse(one.contributions(x)[0, :, unit]), linestyle=style, label=f"unit {unit + 1}", **line)
        if x[0] < places[unit] < x[-1]:
            ax.plot(*coarse((places[unit], one.contributions(places[[unit]])[0, 0, unit])), "o", markersize=5, **line)
    ax.axhline(coarse(one.output_biases[0]), color="0.35", linewidth=0.8, label="bias")
    ax.plot(x, coarse(one.predict(x)[0]), color=colour(one.activation), label="sum")
    if one.dead.any():
        ax.text(0.97, 0.97, f"{one.dead.sum()} dead", transform=ax.transAxes, ha="right", va="top")
    ax.set(xticks=[0, np.pi, 2 * np.pi], xticklabels=["0", "π", "2π"])
    return ax


_DECADE = 20  # bins


def loss_histograms(results, axes, *, cuts: Sequence[float], floors: Sequence[float]) -> Sequence[Axes]:
    """Draw how many networks of several ``CosineFits`` end at which loss: a row each, on one logarithmic axis.

    Dotted lines are the ``cuts`` between outcomes, and the percentages say how many networks lie between them. A
    triangle below the axis is the result's number in ``floors``, or points to where it lies.
    """
    low, high = 5e-5, 0.9
    edges = 10 ** (np.arange(np.floor(_DECADE * np.log10(low)), np.ceil(_DECADE * np.log10(high)) + 1) / _DECADE)
    for result, floor, ax in zip(results, floors, axes, strict=True):
        counts, _ = np.histogram(np.clip(result.loss, low, high), edges)
        ax.stairs(counts, edges, fill=True, color=colour(result.activation))
        mark = "^" if floor > low else "<"
        place = {"transform": ax.get_xaxis_transform(), "clip_on": False, "zorder": 3}
        ax.plot(max(significant(floor), low), -0.08, mark, color="black", markersize=6, **place)
        for cut in cuts:
            ax.axvline(cut, color="0.5", linestyle=":", linewidth=1)
        for left, right in pairwise([0, *cuts, np.inf]):
            share = np.mean((result.loss >= left) & (result.loss < right))
            middle = np.sqrt(max(left, low) * min(right, high))
            ax.text(middle, 1.02, f"{share:.0%}", transform=ax.get_xaxis_transform(), ha="center")
        ax.set(xscale="log", xlim=(low, high), yticks=[])
        ax.set_ylabel(result.activation.name, rotation=0, ha="right", va="center")
        ax.label_outer()
    axes[-1].set(xlabel="mean squared error after training")
    return axes


def loss_course(result, ax: Axes) -> Axes:
    """Draw the deciles of the loss of ``CosineFits`` over the epochs; the median is the thick line."""
    for decile in range(1, 10):
        values = np.quantile(result.course, decile / 10, axis=1)
        width = 2.5 if decile == 5 else 0.9
        ax.plot(result.recorded, 10 ** coarse(np.log10(values)), color=colour(result.activation), linewidth=width)
    ax.set(yscale="log", title=result.activation.name)
    return ax


def shares(table: Mapping[str, Mapping[str, object]], colours: Mapping[str, object], ax: Axes) -> Axes:
    """Draw shares with their 95 % intervals: a row for each key of ``table``, a mark for each key of its values.

    The values are ``actlab.statistics.Share``; ``colours`` has one for each mark, in the order of the legend.
    """
    for place, (name, own) in enumerate(colours.items()):
        rows, found = zip(*((row, line[name]) for row, line in enumerate(table.values()) if name in line), strict=True)
        # Below each other: equal shares stay visible.
        heights = np.array(rows) + 0.5 * ((place + 0.5) / len(colours) - 0.5)
        value, low, high = stable(np.array([(share.value, *share.interval) for share in found]).T)
        ax.errorbar(
            100 * value, heights, xerr=100 * np.clip([value - low, high - value], 0, None), color=own, linestyle="",
            marker="osD^v"[place % 5], markersize=4, capsize=0, linewidth=1.5, label=name,
        )  # fmt: skip
    ax.set(xlim=(-2, 102), ylim=(len(table) - 0.5, -0.5), xlabel="share of networks, per cent")
    ax.set_yticks(range(len(table)), list(table))
    ax.grid(axis="y", color="0.9", linewidth=0.8)
    ax.set_axisbelow(True)
    return ax
