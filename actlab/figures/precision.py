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
        if result is results[0]:
            wide = inside[:: max(1, len(inside) // _POINTS)]
            ax.plot(result.x[wide], significant(np.abs(result.exact[wide])), color="0.6", linewidth=5, label="exact")
        answered = inside[result.computed[inside] != 0]
        last = answered[np.abs(result.x[answered]).argmax()]
        # Thinned from the last one, so that it stays.
        drawn = (answered[::-1] if result.x[last] > 0 else answered)[:: max(1, len(answered) // _POINTS)]
        ax.plot(
            result.x[drawn],
            significant(np.abs(result.computed[drawn])),
            color=colour,
            linestyle=style,
            label=result.format,
        )
        if np.abs(result.x[last]) < np.abs(result.x[inside]).max():
            size = significant(np.abs(result.computed[last]))
            ax.plot(result.x[last], size, "x", color=colour, markersize=9, markeredgewidth=2)
    ax.set(xlabel="x", yscale="log")
    return ax
