"""Published numbers beside ours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

_EDGE = 1.6  # tolerances; what lies farther away is drawn there, as an arrow


def deviations(comparisons: Sequence, ax: Axes) -> Axes:
    """Draw how far each measured number lies from the published one, in units of the tolerance, paper by paper.

    ``comparisons`` are those of ``actlab.published``; inequalities have no tolerance and are left out. A bar is the
    95 % interval of a measured number. A number that is not reproduced is an open mark, beyond the edge an arrow.
    """
    drawn = [comparison for comparison in comparisons if comparison.deviation is not None]
    papers = list(dict.fromkeys(comparison.row.paper for comparison in drawn))
    ax.axvspan(-1, 1, color="0.9", linewidth=0)
    ax.axvline(0, color="0.6", linewidth=1)
    for place, paper in enumerate(papers):
        group = [comparison for comparison in drawn if comparison.row.paper == paper]
        offsets = np.linspace(-0.36, 0.36, len(group)) if len(group) > 1 else [0.0]
        for comparison, offset in zip(group, offsets, strict=True):
            # Two decimals: what two processors leave different is far smaller.
            low, middle, high = np.round(comparison.deviation, 2)
            height = round(place + offset, 3)
            fill = "black" if comparison.status == "reproduced" else "white"
            if abs(middle) > _EDGE:
                mark, middle = ("<", -_EDGE) if middle < 0 else (">", _EDGE)
            else:
                mark = "o"
                ax.plot([low, high], [height, height], color="black", linewidth=1.2)
            ax.plot(middle, height, mark, color="black", markerfacecolor=fill, markersize=4.5, markeredgewidth=1)
        if place:
            ax.axhline(place - 0.5, color="0.85", linewidth=0.6)
    ax.set_yticks(range(len(papers)), papers)
    ax.tick_params(axis="y", length=0)
    ax.set(xlim=(-1.8, 1.8), ylim=(len(papers) - 0.5, -0.5), xlabel="ours less published, in tolerances")
    return ax
