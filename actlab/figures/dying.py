"""Dead units: networks born dead by depth, and dead units by learning rate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from actlab.figures.style import COLOURS, stable

_MARKS = "osD^v"


def born_dead(
    results: Sequence, bounds: Callable[[int, int], tuple[float, float]], depths: Sequence[int], ax: Axes
) -> Axes:
    """Draw the share of dead networks over the depth for several ``BornDead``, with 95 % intervals.

    The band is what ``bounds(width, depth)`` returns, its upper end a broken line.
    """
    depths = np.asarray(depths)
    for place, result in enumerate(results):
        own = {"color": COLOURS[place]}
        low, high = stable(100 * np.array([bounds(result.width, depth) for depth in depths]).T)
        ax.fill_between(depths, low, high, alpha=0.15, linewidth=0, **own)
        ax.plot(depths, high, linestyle="--", linewidth=1, **own)
        ax.plot(depths, low, linestyle=":", linewidth=1, **own)
        _marked(depths, [result.share(depth) for depth in depths], place, f"{result.width} units", ax)
    ax.set(xlabel="layers", ylabel="dead networks, per cent", ylim=(-2, 102))
    return ax


def shares_by_rate(series: Mapping[str, Mapping[float, object]], ax: Axes) -> Axes:
    """Draw shares with their 95 % intervals over learning rates: for each label a mapping from rate to ``Share``."""
    for place, (label, shares) in enumerate(series.items()):
        line = _marked(np.array([*shares]), [*shares.values()], place, label, ax)
        line.set_linestyle(("-", "--")[place % 2])
    ax.set(xscale="log", ylim=(-3, 103))
    return ax


def _marked(x: np.ndarray, shares: Sequence, place: int, label: str, ax: Axes):
    """Shares in per cent with their intervals, in the colour and with the mark of a place; return their line."""
    value, low, high = stable(100 * np.array([(share.value, *share.interval) for share in shares]).T)
    drawn = ax.errorbar(
        x, value, yerr=np.clip([value - low, high - value], 0, None), color=COLOURS[place], marker=_MARKS[place],
        linestyle="", markersize=4, capsize=0, linewidth=1.5, label=label,
    )  # fmt: skip
    return drawn.lines[0]
