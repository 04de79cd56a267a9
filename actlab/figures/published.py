"""Published numbers beside ours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

_EDGE = 1.6  # tolerances; what lies farther away is drawn there, as an arrow


def deviations(comparisons: Mapping[int, object], ax: Axes) -> Axes:
    """Draw how far each measured number lies from the published one, in units of the tolerance, a line for each.

    ``comparisons`` are those of ``actlab.published`` by the numbers of their rows, which stand at the right, those of
    a paper beside each other; inequalities have no tolerance and are left out. A bar is the 95 % interval of a
    measured number. A number that is not reproduced is an open mark, beyond the edge an arrow.
    """
    drawn = {number: found for number, found in comparisons.items() if found.deviation is not None}
    papers = [comparison.row.paper for comparison in drawn.values()]
    ax.axvspan(-1, 1, color="0.9", linewidth=0)
    ax.axvline(0, color="0.6", linewidth=1)
    for line, comparison in enumerate(drawn.values()):
        # Two decimals: what two processors leave different is far smaller.
        low, middle, high = np.round(comparison.deviation, 2)
        mark = "o"
        if abs(middle) > _EDGE:
            mark, middle = ("<", -_EDGE) if middle < 0 else (">", _EDGE)
        else:
            ax.plot([low, high], [line, line], color="black", linewidth=1.2)
        fill = "black" if comparison.status == "reproduced" else "white"
        ax.plot(middle, line, mark, color="black", markerfacecolor=fill, markersize=4.5, markeredgewidth=1)
        if line and papers[line] != papers[line - 1]:
            ax.axhline(line - 0.5, color="0.7", linewidth=0.6)
    groups = dict.fromkeys(papers)
    middles = [np.mean([line for line, paper in enumerate(papers) if paper == group]) for group in groups]
    ax.set_yticks(middles, groups)
    ax.tick_params(axis="y", length=0)
    numbers = ax.secondary_yaxis("right")
    numbers.set_yticks(range(len(drawn)), map(str, drawn), fontsize=8)
    numbers.tick_params(length=0)
    numbers.spines[:].set_visible(False)
    ax.set(xlim=(-1.8, 1.8), ylim=(len(drawn) - 0.5, -0.5), xlabel="ours less published or derived, in tolerances")
    return ax
