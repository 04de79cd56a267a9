"""Tails of functions in short formats."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from actlab.figures.style import COLOURS, significant

_POINTS = 300
_STYLES = ("-", "--")


def tails(results: Sequence, ax: Axes, *, low: float, high: float) -> Axes:
    """Draw the sizes of |f| or |f'| as computed at the numbers of short formats from ``low`` to ``high``.

    ``results`` are ``experiments.SixteenBits`` of one function and order, whose exact values are drawn in grey. A line
    ends at a cross where the answers become 0 and stay it.
    """
    for result, colour, style in zip(results, COLOURS[:4:3], _STYLES, strict=False):
        inside = np.flatnonzero((result.x >= low) & (result.x <= high))
        inside = inside[:: max(1, len(inside) // _POINTS)]
        x, size = result.x[inside], np.abs(result.computed[inside])
        if result is results[0]:
            ax.plot(x, significant(np.abs(result.exact[inside])), color="0.6", linewidth=5, label="exact")
        outwards = np.argsort(np.abs(x))
        last = outwards[np.flatnonzero(size[outwards])[-1]]
        shown = (np.abs(x) <= abs(x[last])) & (size > 0)
        ax.plot(x[shown], significant(size[shown]), color=colour, linestyle=style, label=result.format)
        if np.abs(x[last]) < np.abs(x).max():
            ax.plot(x[last], significant(size[last]), "x", color=colour, markersize=9, markeredgewidth=2)
    ax.set(xlabel="x", yscale="log")
    return ax
