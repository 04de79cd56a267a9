"""Numbers at the edge of what floats hold."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from actlab.figures.style import COLOURS, stable


def number_line(bits: int, powers: tuple[int, int], point: float, ax: Axes) -> Axes:
    """Draw all floats of ``bits`` significant bits from 2^low to 2^high, ``powers`` being (low, high), as ticks.

    Powers of two have taller ticks; an arrow leads from the cross at ``point`` to the float that it is rounded to.
    """
    low, high = powers
    steps = 2 ** (bits - 1)
    floats = np.append(np.outer(2.0 ** np.arange(low, high), 1 + np.arange(steps) / steps), 2.0**high)
    heights = np.where(np.isin(floats, 2.0 ** np.arange(low, high + 1)), 1.0, 0.5)
    ax.axhline(0, color="0.6", linewidth=1)
    ax.vlines(floats, 0, heights, color="#0072B2", linewidth=2)
    nearest = floats[np.abs(floats - point).argmin()]
    ax.plot(point, 0.75, "x", color="#D55E00", markersize=8, markeredgewidth=2)
    ax.annotate("", (nearest, 0.75), (point, 0.75), arrowprops={"arrowstyle": "->", "color": "#D55E00", "linewidth": 2})
    ticks = 2.0 ** np.arange(low, high + 1)
    ax.set(ylim=(-0.1, 1.1), yticks=[], xticks=ticks, xticklabels=[f"{tick:g}" for tick in ticks])
    ax.spines["left"].set_visible(False)
    return ax


_ERROR_FLOOR = 1e-9

_ERROR_WINDOWS = 60


def lost_digits(x, naive, repaired, ax: Axes, *, color) -> Axes:
    """Draw relative errors of two formulas over ``x``, naive dashed and repaired solid: the largest in each window.

    ``naive`` and ``repaired`` have the shape of ``x`` (n,), which 60 windows cut into equal parts.
    """
    middles = [part.mean() for part in np.array_split(x, _ERROR_WINDOWS)]
    for errors, style, label in ((naive, "--", "naive"), (repaired, "-", "repaired")):
        largest = np.array([part.max() for part in np.array_split(errors, _ERROR_WINDOWS)])
        # To a tenth of a decade: the last bit, in which processors differ, is no matter of this figure.
        drawn = 10 ** np.round(np.log10(np.maximum(largest, _ERROR_FLOOR)), 1)
        ax.plot(middles, drawn, color=color, linestyle=style, label=label)
    ax.set(xlabel="x", yscale="log", ylim=(_ERROR_FLOOR, 10), ylabel="relative error")
    return ax


def unit_paths(naive, repaired, ax: Axes, *, color) -> Axes:
    """Draw the pre-activations of two ``UnitTraining`` over the steps, naive dashed and repaired solid."""
    ax.axhline(0, color="0.85", linewidth=1)
    for result, style, label in ((naive, "--", "naive"), (repaired, "-", "repaired")):
        ax.plot(np.round(result.pre_activations, 2), color=color, linestyle=style, label=label)
    ax.set(xlabel="step", ylabel="pre-activation")
    return ax


def reliability(result, ax: Axes) -> Axes:
    """Draw the share of right answers of a ``Calibration`` over its confidence, as trained and cooled.

    Each dot is one of eight groups of equal size; on the dotted line confidence and success agree.
    """
    ax.plot([0, 1], [0, 1], ":", color="0.45", linewidth=1.2)
    for label, cooled, style in (("as trained", False, "o-"), ("cooled", True, "s--")):
        ax.plot(*stable(result.bins(cooled=cooled)), style, color=COLOURS[0 if cooled else 3], label=label)
    ax.set(xlim=(0.3, 1.02), ylim=(0.3, 1.02), xlabel="confidence", ylabel="share right", aspect="equal")
    return ax
