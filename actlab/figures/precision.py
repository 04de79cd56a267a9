"""Tails of functions in short formats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from actlab.figures.style import COLOURS, significant

_POINTS = 200
_MARKERS = ("o", "x")


def tails(results: Sequence, ax: Axes, *, low: float, high: float) -> Axes:
    """Draw the sizes of f or f' as computed at numbers of short formats from ``low`` to ``high``, with 0 at the bottom.

    ``results`` are ``experiments.SixteenBits`` of one function and order, whose exact values are a grey line. Of more
    than 200 numbers in the range 200 are drawn, for each format.
    """
    for result, colour, marker in zip(results, COLOURS[:4:3], _MARKERS, strict=False):
        inside = np.flatnonzero((result.x >= low) & (result.x <= high))
        inside = inside[np.linspace(0, len(inside) - 1, min(len(inside), _POINTS)).astype(int)]
        x, computed, exact = result.x[inside], np.abs(result.computed[inside]), np.abs(result.exact[inside])
        if result is results[0]:
            least = significant(exact[exact > 0].min())
            ax.plot(x, significant(exact), color="0.75", linewidth=5, label="exact")
        shown = np.where(computed > 0, significant(np.where(computed > 0, computed, 1)), 0.0)
        ax.plot(x, shown, marker, color=colour, markersize=3.5, label=result.format)
    ax.set_yscale("symlog", linthresh=least, linscale=0.4)
    ax.set(xlabel="x", ylim=(-0.1 * least, None))
    return ax
