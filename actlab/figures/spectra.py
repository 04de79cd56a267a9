"""Figures of Jacobians: how far apart the directions at the input are stretched."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from actlab.figures.style import PART_STYLES, colour, stable


def singular_value_histograms(
    results, ax: Axes, *, labels: Sequence[str] | None = None, bins_per_decade: int = 5, low: float = -6.0
) -> Axes:
    """Draw histograms of log10 of the singular values of several Jacobians, told apart by the kind of line.

    ``results`` are ``JacobianSpectrum``; a line's height is the share of all singular values, of all the networks of a
    result, in a bin. What lies below ``low``, in decades, or is lost in the rounding is not drawn: the legend says how
    much that is. Heights are logarithmic, since one spectrum may fill a single bin and another one a hundred.
    """
    results = list(results)
    labels = [f"{result.activation}, {result.initialiser}" for result in results] if labels is None else labels
    if not results or len(labels) != len(results):
        raise ValueError(f"each of one result or more needs one label; got {len(results)} and {len(labels)}")
    # The whole numbers lie in the middle of a bin, so that values that are all alike do not fall on both sides of an
    # edge. Rounded, because two processors differ in the last bits.
    decades = [stable(result.log_singular_values / math.log(10)) for result in results]
    drawn = np.concatenate([each[each >= low] for each in decades])
    first, last = (math.floor(bins_per_decade * end(drawn, initial=0) + 0.5) for end in (np.min, np.max))
    edges = (np.arange(first, last + 2) - 0.5) / bins_per_decade
    styles = ("-", *PART_STYLES)
    # An empty bin is drawn at the foot of the axis: half of what a single value would be.
    floor = 0.5 / max(values.size for values in decades)
    for number, (result, label, values) in enumerate(zip(results, labels, decades, strict=True)):
        shares = np.histogram(values, edges)[0] / values.size
        hidden = float(np.mean(values < edges[0]))
        ax.stairs(
            np.maximum(stable(shares), floor), edges, baseline=floor, linewidth=2,
            color=colour(result.activation), linestyle=styles[number % len(styles)],
            label=f"{label} ({hidden:.0%} lower)" if hidden >= 0.005 else label,
        )  # fmt: skip
    ax.set(
        yscale="log",
        ylim=(floor, None),
        xlabel="$\\log_{10}$ of the singular value",
        ylabel="share of the singular values",
    )
    # Above the axes: a narrow spectrum is a column as high as they are, wherever it stands.
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))
    return ax
