"""Curves of the functions themselves: values, slopes, landmarks, Jacobians."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes

from actlab.core import Elementwise, Vectorwise
from actlab.figures.style import colour, stable
from actlab.properties import Extremum, number

# In a crowd a line shows between the dashes of one that lies on it.
_CROWD_STYLES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 1.5, 1.5, 1.5)))


def curve(
    activation: Elementwise, ax: Axes, *, low: float = -5.0, high: float = 5.0, order: int = 0, color=None
) -> Axes:
    """Draw f (order 0, solid), f' (1, dashed) or f'' (2, dotted) of ``activation`` from ``low`` to ``high``.

    A jump is a gap in the line, with a dot at the value that the activation declares there. Without a ``color`` it is
    that which the activation has in all figures.
    """
    evaluate = (activation, activation.derivative, activation.second_derivative)[order]
    line = {"color": color or colour(activation), "linestyle": ("-", "--", ":")[order]}
    ends = [low, *sorted(k for k in activation.kinks if low < k < high), high]
    for left, right in pairwise(ends):
        # Just inside the piece: at a kink itself the function belongs to one of the two sides.
        x = np.linspace(np.nextafter(left, high), np.nextafter(right, low), 200)
        ax.plot(x, stable(evaluate(x)), **line)
    for kink in ends[1:-1]:
        sides = evaluate(np.nextafter(kink, [-np.inf, np.inf]))
        if abs(sides[0] - sides[1]) > 1e-6:
            ax.plot(kink, stable(evaluate(kink)), "o", color=line["color"], markersize=5)
    return ax


def gallery(activations: Sequence[Elementwise], axes: np.ndarray) -> np.ndarray:
    """Draw f (solid) and f' (dashed) of one activation in each of the ``axes``; those left over are taken away."""
    for ax, activation in zip(axes.flat, activations, strict=False):
        ax.axhline(0, color="0.85", linewidth=1)
        curve(activation, ax, low=-4, high=4)
        curve(activation, ax, low=-4, high=4, order=1)
        ax.set(title=activation.name, ylim=(-1.6, 2.6), xticks=[-4, 0, 4], yticks=[-1, 0, 1, 2])
        ax.label_outer()
    for ax in axes.flat[len(activations) :]:
        ax.remove()
    return axes


def landmarks(
    activation: Elementwise, axes: Sequence[Axes], *, low: float | None = None, high: float | None = None
) -> Sequence[Axes]:
    """Draw f on the first of two axes and f' on the second, with what is measured of them.

    Local extrema are dots, labelled with value and place. A kink is a break of the line, with a dot on the declared
    side. Asymptotes are dotted. The background is grey where f' is 0, or stays below ``actlab.properties.FLAT`` in size
    out to infinity. Without ``low`` and ``high`` the window is symmetric about 0 and takes in every landmark.
    """
    if np.size(axes) != 2:
        raise ValueError(f"landmarks are drawn on two axes, one for f and one for f'; got {np.size(axes)}")
    facts = activation.properties
    reach = _reach(activation)
    low, high = -reach if low is None else low, reach if high is None else high
    x = np.linspace(low, high, 401)
    orders = ((activation, facts.extrema), (activation.derivative, facts.slope_extrema))
    for order, (ax, (g, extrema)) in enumerate(zip(np.ravel(axes), orders, strict=True)):
        shade(activation, ax, low=low, high=high)
        ax.axhline(0, color="0.8", linewidth=1)
        curve(activation, ax, low=low, high=high, order=order)
        seen = [extremum for extremum in extrema if low < extremum.x < high]
        values = np.concatenate([g(x), [extremum.value for extremum in seen]])
        # Of what rises steeply the window shows only a part, else the landmarks near 0 could not be seen.
        bottom, top = max(values.min(), -0.6 * reach), min(values.max(), 0.6 * reach)
        space = 0.25 * (top - bottom) or 0.5  # room for the labels
        ax.set(xlim=(low, high), ylim=stable((bottom - space, top + space)), ylabel=("f", "f '")[order])
        for extremum in seen:
            _mark(extremum, ax, colour(activation))
    for line, end in ((facts.asymptote_left, low), (facts.asymptote_right, high)):
        if line and abs(activation(end) - line.slope * end - line.intercept) > 1e-9:  # else f itself lies on it
            ends = [line.intercept, line.slope * end + line.intercept]
            np.ravel(axes)[0].plot([0, end], stable(ends), ":", color="0.45", linewidth=1.2)
    return axes


def landmarks_text(activation: Elementwise) -> str:
    """What ``landmarks`` shows, in words, for those who do not see it."""
    facts = activation.properties
    parts = [f"{activation.name} as a solid line, values in {facts.range}"]
    parts += [f"{extremum.kind} {extremum}" for extremum in facts.extrema]
    parts += [f"kink at {number(kink)}" for kink in sorted(activation.kinks)]
    parts += [f"saturated in {interval}" for interval in facts.saturation]
    parts.append(f"the derivative as a dashed line, values in {facts.slopes}")
    parts += [f"{extremum.kind} {extremum}" for extremum in facts.slope_extrema]
    return "; ".join(parts)


def family(activations: Sequence[Elementwise], ax: Axes, *, low: float = -4.0, high: float = 4.0) -> Axes:
    """Draw f of several activations: up to four are labelled beside their lines, more in a legend and by line style."""
    few = len(activations) <= 4
    for index, activation in enumerate(activations):
        lines = len(ax.lines)
        curve(activation, ax, low=low, high=high)
        for line in [] if few else ax.lines[lines:]:
            if line.get_marker() == "None":
                line.set_linestyle(_CROWD_STYLES[index % len(_CROWD_STYLES)])
        ax.lines[lines].set_label(activation.name)
    ax.set(xlim=(low, high), xlabel="x")
    if few:
        x = np.array([low, high])
        lines = np.array([activation(x) for activation in activations])
        _label_ends([a.name for a in activations], [colour(a) for a in activations], x, lines, ax)
    else:
        ax.legend(loc="upper left", ncols=2, fontsize="small")
    return ax


def outputs(activation: Vectorwise, ax: Axes, others: Sequence[float] = (1.0, 0.0, -1.0)) -> Axes:
    """Draw every output of a vector activation as its first input runs from -5 to 5 and the ``others`` stay."""
    x = np.linspace(-5, 5, 201)
    y = activation(np.column_stack([x, np.broadcast_to(others, (x.size, len(others)))]))
    for index, values in enumerate(y.T):
        style = _CROWD_STYLES[index % len(_CROWD_STYLES)]
        ax.plot(x, stable(values), color=colour(activation), linestyle=style)
    _label_ends([f"output {index + 1}" for index in range(y.shape[1])], [colour(activation)] * y.shape[1], x, y.T, ax)
    ax.set(xlabel="first input")
    return ax


def _label_ends(labels: Sequence[str], colours: Sequence, x: np.ndarray, lines: np.ndarray, ax: Axes) -> None:
    """Write a label beside the end of each line, at the side where the ends lie farther apart."""
    gaps = [np.round(np.diff(np.sort(lines[:, end])).min(initial=np.inf), 5) for end in (0, -1)]
    right = gaps[1] > gaps[0]
    ends = lines[:, -1 if right else 0]
    order = np.argsort(np.round(ends, 5), kind="stable")
    levels = np.round(ends[order], 5)
    height = 0.09 * np.diff(ax.get_ylim())[0]  # of a line of text
    for _ in range(40):
        for i in range(levels.size - 1):
            push = max(0.0, height - (levels[i + 1] - levels[i])) / 2
            levels[i : i + 2] += -push, push
    low, high = float(x[0]), float(x[-1])
    room = 0.28 * (high - low)
    ax.set(
        xlim=(low, high + room) if right else (low - room, high),
        xticks=[tick for tick in ax.get_xticks() if low <= tick <= high],
        ylim=stable((min(ax.get_ylim()[0], levels[0] - height), max(ax.get_ylim()[1], levels[-1] + height))),
    )
    for index, level in zip(order, levels, strict=True):
        ax.annotate(
            labels[index], (high if right else low, stable(level)), (8 if right else -8, 0),
            textcoords="offset points", ha="left" if right else "right", va="center", color=colours[index],
        )  # fmt: skip


def _reach(activation: Elementwise) -> float:
    """Half the width of a window about 0 that takes in every landmark, 4 at least."""
    facts = activation.properties
    ends = [end for interval in (*facts.saturation, *facts.dead) for end in (interval.low, interval.high)]
    places = [*activation.kinks, *(e.x for e in (*facts.extrema, *facts.slope_extrema)), *ends]
    return float(np.ceil(1.3 * max((abs(place) for place in places if np.isfinite(place)), default=0) + 0.5).clip(4))


def shade(activation: Elementwise, ax: Axes, *, low: float, high: float, color="0.5") -> Axes:
    """Colour the background where a unit is dead or saturated."""
    facts = activation.properties
    x = np.unique([low, high, *(end for i in (*facts.saturation, *facts.dead) for end in (i.low, i.high))])
    for left, right in pairwise(x[(low <= x) & (x <= high)]):
        if any((left + right) / 2 in interval for interval in (*facts.saturation, *facts.dead)):
            ax.axvspan(*stable([left, right]), color=color, alpha=0.15, linewidth=0)
    return ax


def _mark(extremum: Extremum, ax: Axes, color) -> None:
    point = tuple(stable((extremum.x, extremum.value)))
    ax.plot(*point, "o", color=color, markersize=5)
    up = extremum.kind == "maximum"
    # Near a side of the window the label reaches inwards, so that it crosses no axis.
    low, high = ax.get_xlim()
    share = (extremum.x - low) / (high - low)
    ax.annotate(
        str(extremum), point, (0, 6 if up else -6), textcoords="offset points",
        ha="left" if share < 0.4 else "right" if share > 0.6 else "center",
        va="bottom" if up else "top", fontsize="small",
    )  # fmt: skip


def jacobian(activation: Vectorwise, z: Sequence[float], ax: Axes) -> Axes:
    """Draw the Jacobian of a vector activation at ``z`` as a map with its numbers: row i has the slopes of output i."""
    entries = np.round(activation.jacobian(z), 2) + 0.0  # no minus before a zero
    scale = 2 * max(np.abs(entries).max(), 0.5)
    # No slope exceeds half of the scale, so that black numbers stay legible.
    ax.pcolormesh(entries, cmap="PuOr", vmin=-scale, vmax=scale, edgecolors="white", linewidth=1)
    for (row, column), entry in np.ndenumerate(entries):
        ax.text(column + 0.5, row + 0.5, f"{entry:.2f}".replace("-", "−"), ha="center", va="center", fontsize="small")
    rows, columns = (np.arange(size) for size in entries.shape)
    ax.set(title=activation.name, aspect="equal", xlabel="score", ylabel="output", ylim=(rows.size, 0))
    ax.set_xticks(columns + 0.5, columns + 1)
    ax.set_yticks(rows + 0.5, rows + 1)
    ax.tick_params(length=0)
    return ax
