"""Figures: each function draws a result on the axes it is given and returns them.

``use_style()`` applies the book's style; in a notebook it also makes figures SVG without a date, so that the stored
output of a cell changes only when the figure does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from actlab.core import ACTIVATIONS, Activation, Elementwise, Vectorwise
from actlab.properties import Extremum, number

#: The book's style, as ``matplotlib.style`` takes it.
STYLE = Path(__file__).with_name("actlab.mplstyle")

# Okabe and Ito's hues and six more, each dark enough for lines on white and, turned over, light enough on black.
_COLOURS = (
    "#005EA2", "#3B97D3", "#882255", "#D55E00", "#BD8C00", "#6A3FB0", "#6F7D00", "#7A4A12", "#2B8A9E", "#777777",
    "#009E73", "#CC6FA4", "#000000",
)  # fmt: skip
# The colour of each family's first member; those after it take the colours that follow. So the members of a family
# differ, and so do the first two or three of the families that are most often compared.
_FIRST = {
    "linear": 12, "threshold": 2, "sigmoidal": 0, "rectifier": 3, "gate": 10, "hard": 7, "shrinkage": 8, "bump": 11,
    "output": 5, "merging": 6,
}  # fmt: skip
# In a crowd a line shows between the dashes of one that lies on it.
_CROWD_STYLES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 1.5, 1.5, 1.5)))


def use_style() -> None:
    """Apply the book's style to all figures drawn from here on."""
    plt.style.use(STYLE)
    try:
        from IPython import get_ipython
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return  # outside a notebook there is no inline format to set
    if get_ipython() is not None:
        set_matplotlib_formats("svg", metadata={"Date": None})


def colour(activation: Activation) -> tuple[float, float, float]:
    """The colour that an activation has in every figure of the book."""
    rank = [a.name for a in ACTIVATIONS.values() if a.family == activation.family].index(activation.name)
    return to_rgb(_COLOURS[(_FIRST.get(activation.family, 0) + rank) % len(_COLOURS)])


def curve(activation: Elementwise, ax: Axes, *, low: float = -5.0, high: float = 5.0, order: int = 0) -> Axes:
    """Draw f (order 0, solid), f' (1, dashed) or f'' (2, dotted) of ``activation`` from ``low`` to ``high``.

    A jump is a gap in the line, with a dot at the value that the activation declares there.
    """
    evaluate = (activation, activation.derivative, activation.second_derivative)[order]
    line = {"color": colour(activation), "linestyle": ("-", "--", ":")[order]}
    ends = [low, *sorted(k for k in activation.kinks if low < k < high), high]
    for left, right in pairwise(ends):
        # Just inside the piece: at a kink itself the function belongs to one of the two sides.
        x = np.linspace(np.nextafter(left, high), np.nextafter(right, low), 200)
        ax.plot(x, _stable(evaluate(x)), **line)
    for kink in ends[1:-1]:
        sides = evaluate(np.nextafter(kink, [-np.inf, np.inf]))
        if abs(sides[0] - sides[1]) > 1e-6:
            ax.plot(kink, _stable(evaluate(kink)), "o", color=line["color"], markersize=5)
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
    side. Asymptotes are dotted. The background is grey where f' is 0, or stays below ``actlab.properties.FLAT`` out to
    infinity. Without ``low`` and ``high`` the window is symmetric about 0 and takes in every landmark.
    """
    if np.size(axes) != 2:
        raise ValueError(f"landmarks are drawn on two axes, one for f and one for f'; got {np.size(axes)}")
    facts = activation.properties
    reach = _reach(activation)
    low, high = -reach if low is None else low, reach if high is None else high
    x = np.linspace(low, high, 401)
    orders = ((activation, facts.extrema), (activation.derivative, facts.slope_extrema))
    for order, (ax, (g, extrema)) in enumerate(zip(np.ravel(axes), orders, strict=True)):
        _shade(activation, ax, low, high)
        ax.axhline(0, color="0.8", linewidth=1)
        curve(activation, ax, low=low, high=high, order=order)
        seen = [extremum for extremum in extrema if low < extremum.x < high]
        values = np.concatenate([g(x), [extremum.value for extremum in seen]])
        # Of what rises steeply the window shows only a part, else the landmarks near 0 could not be seen.
        bottom, top = max(values.min(), -0.6 * reach), min(values.max(), 0.6 * reach)
        space = 0.25 * (top - bottom) or 0.5  # room for the labels
        ax.set(xlim=(low, high), ylim=_stable((bottom - space, top + space)), ylabel=("f", "f '")[order])
        for extremum in seen:
            _mark(extremum, ax, colour(activation))
    for line, end in ((facts.asymptote_left, low), (facts.asymptote_right, high)):
        if line and abs(activation(end) - line.slope * end - line.intercept) > 1e-9:  # else f itself lies on it
            ends = [line.intercept, line.slope * end + line.intercept]
            np.ravel(axes)[0].plot([0, end], _stable(ends), ":", color="0.45", linewidth=1.2)
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
        ax.plot(x, _stable(values), color=colour(activation), linestyle=style)
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
        ylim=_stable((min(ax.get_ylim()[0], levels[0] - height), max(ax.get_ylim()[1], levels[-1] + height))),
    )
    for index, level in zip(order, levels, strict=True):
        ax.annotate(
            labels[index], (high if right else low, _stable(level)), (8 if right else -8, 0),
            textcoords="offset points", ha="left" if right else "right", va="center", color=colours[index],
        )  # fmt: skip


def _reach(activation: Elementwise) -> float:
    """Half the width of a window about 0 that takes in every landmark, 4 at least."""
    facts = activation.properties
    ends = [end for interval in (*facts.saturation, *facts.dead) for end in (interval.low, interval.high)]
    places = [*activation.kinks, *(e.x for e in (*facts.extrema, *facts.slope_extrema)), *ends]
    return float(np.ceil(1.3 * max((abs(place) for place in places if np.isfinite(place)), default=0) + 0.5).clip(4))


def _shade(activation: Elementwise, ax: Axes, low: float, high: float) -> None:
    """A grey background where a unit is dead or saturated."""
    facts = activation.properties
    x = np.unique([low, high, *(end for i in (*facts.saturation, *facts.dead) for end in (i.low, i.high))])
    for left, right in pairwise(x[(low <= x) & (x <= high)]):
        if any((left + right) / 2 in interval for interval in (*facts.saturation, *facts.dead)):
            ax.axvspan(*_stable([left, right]), color="0.5", alpha=0.15, linewidth=0)


def _mark(extremum: Extremum, ax: Axes, color) -> None:
    point = tuple(_stable((extremum.x, extremum.value)))
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


# --- The cosine fit ---------------------------------------------------------------------------------------------------


def fit(result, ax: Axes) -> Axes:
    """Draw the prediction of a ``KerasCosineFit`` over its target."""
    ax.plot(result.x, result.target, color="0.75", linewidth=6, solid_capstyle="round", label="target")
    ax.plot(result.x, _stable(result.prediction), color=colour(result.activation), label="prediction")
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
    for unit, style in zip(range(one.hidden), _PART_STYLES, strict=False):
        line = {"color": "0.35", "linewidth": 1.5}
        ax.plot(x, _coarse(one.contributions(x)[0, :, unit]), linestyle=style, label=f"unit {unit + 1}", **line)
        if x[0] < places[unit] < x[-1]:
            ax.plot(*_coarse((places[unit], one.contributions(places[[unit]])[0, 0, unit])), "o", markersize=5, **line)
    ax.axhline(_coarse(one.output_biases[0]), color="0.35", linewidth=0.8, label="bias")
    ax.plot(x, _coarse(one.predict(x)[0]), color=colour(one.activation), label="sum")
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
        ax.plot(max(_significant(floor), low), -0.08, mark, color="black", markersize=6, **place)
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
        ax.plot(result.recorded, 10 ** _coarse(np.log10(values)), color=colour(result.activation), linewidth=width)
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
        value, low, high = _stable(np.array([(share.value, *share.interval) for share in found]).T)
        ax.errorbar(
            100 * value, heights, xerr=100 * np.clip([value - low, high - value], 0, None), color=own, linestyle="",
            marker="osD^v"[place % 5], markersize=4, capsize=0, linewidth=1.5, label=name,
        )  # fmt: skip
    ax.set(xlim=(-2, 102), ylim=(len(table) - 0.5, -0.5), xlabel="share of networks, per cent")
    ax.set_yticks(range(len(table)), list(table))
    ax.grid(axis="y", color="0.9", linewidth=0.8)
    ax.set_axisbelow(True)
    return ax


_PART_STYLES = ("--", "-.", ":", (0, (5, 1)), (0, (1, 2)), (0, (3, 1, 1, 1)))


def _coarse(values):
    """Values to three decimals, for what a long training leaves: it enlarges the differences of two processors."""
    return np.round(values, 3)


def _stable(values):
    """Values to five decimals, so that bits in which two processors differ do not reach the figure."""
    return np.round(values, 5)


# --- Why nonlinearity matters ----------------------------------------------------------------------------------------

_DRAWN_UNITS = 8


def mlp_diagram(widths, ax: Axes) -> Axes:
    """Draw a multi-layer perceptron of these widths, the input first: its units, edges, biases and parameter counts.

    A bias is drawn as an edge from a unit that always answers 1. ``widths`` may have up to eight units per layer.
    """
    if len(widths) < 2 or not all(1 <= width <= _DRAWN_UNITS for width in widths):
        raise ValueError(f"a diagram shows two layers or more of 1 to {_DRAWN_UNITS} units each; got {tuple(widths)}")
    heights = [np.arange(width) - (width - 1) / 2 for width in widths]
    top = max(widths) / 2
    bottom = -top - 0.6
    for layer, (here, there) in enumerate(pairwise(heights)):
        edges = [[(layer, a), (layer + 1, b)] for a in here for b in there]
        biases = [[(layer, bottom), (layer + 1, b)] for b in there]
        ax.add_collection(LineCollection(edges, colors="0.6", linewidths=1))
        ax.add_collection(LineCollection(biases, colors="0.6", linewidths=1, linestyles="--"))
        ax.text(layer + 0.5, bottom - 0.8, f"{here.size}·{there.size} + {there.size}", ha="center", va="center")
    last = len(widths) - 1
    for layer, height in enumerate(heights):
        name = "inputs" if layer == 0 else "outputs" if layer == last else "hidden"
        face = "#56B4E9" if name == "hidden" else "white"
        ax.scatter(np.full(height.size, layer), height, s=320, color=face, edgecolors="black", linewidths=1.2, zorder=2)
        ax.text(layer, top + 0.2, name, ha="center", va="center")
        if layer < last:
            ax.scatter(layer, bottom, s=260, marker="s", color="white", edgecolors="black", linewidths=1.2, zorder=2)
            ax.text(layer, bottom, "1", ha="center", va="center", zorder=3)
    ax.set(xlim=(-0.3, last + 0.3), ylim=(bottom - 1.2, top + 0.6))
    ax.set_axis_off()
    return ax


def quantile_band(x, values, ax: Axes, *, color, label: str, linestyle: str = "-") -> Axes:
    """Draw the median of ``values`` (points, networks) over ``x``, and a band from the 5 to the 95 % quantile."""
    low, median, high = np.quantile(values, (0.05, 0.5, 0.95), axis=1)
    ax.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
    ax.plot(x, median, color=color, linestyle=linestyle, label=label)
    return ax


def linear_training(result, ax: Axes) -> Axes:
    """Draw the losses of a ``LinearTraining`` over the steps: median and 90 % band for each depth, down to 1e-6."""
    floor = 1e-6
    steps = np.arange(result.losses.shape[1])
    for index, (depth, losses) in enumerate(zip(result.depths, result.losses, strict=True)):
        # Far below the floor, rounding decides the values; they would differ between processors.
        quantile_band(steps, np.maximum(losses, floor / 10), ax, color=f"C{index}", label=f"depth {depth}")
    ax.set(yscale="log", ylim=(floor, 100), xlabel="step", title=f"target {result.strength:g} x")
    return ax


def separation(points, labels, weights, bias: float, ax: Axes) -> Axes:
    """Draw labelled points (n, 2) in a plane and shade where w.x + b > 0; a cross marks a point on the wrong side.

    Points labelled 1 are filled, points labelled 0 are open. Points that coincide are drawn once.
    """
    points, labels, weights = np.asarray(points), np.asarray(labels), np.asarray(weights)
    low, high = points.min(axis=0) - 0.5, points.max(axis=0) + 0.5
    corners = np.array([low, (high[0], low[1]), high, (low[0], high[1])])
    scores = corners @ weights + bias
    region = []
    for (a, score_a), (b, score_b) in pairwise([*zip(corners, scores, strict=True), (corners[0], scores[0])]):
        if score_a > 0:
            region.append(a)
        if (score_a > 0) != (score_b > 0):
            region.append(a + (b - a) * score_a / (score_a - score_b))
    if region:
        ax.fill(*np.transpose(region), color="#56B4E9", alpha=0.35, linewidth=0)
    wrong = (points @ weights + bias > 0) != (labels > 0.5)
    ax.scatter(*points.T, s=130, color=np.where(labels > 0.5, "black", "white"), edgecolors="black", zorder=2)
    ax.scatter(*points[wrong].T, s=420, marker="x", color="#D55E00", linewidths=2.5, zorder=3)
    ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    ax.set(xticks=np.unique(points[:, 0]), yticks=np.unique(points[:, 1]))
    return ax


def final_losses(result, ax: Axes) -> Axes:
    """Draw how many networks of an ``XorTraining`` end at which loss, from 0 to 0.26."""
    ax.hist(np.round(result.losses, 4), bins=np.linspace(-0.0025, 0.2625, 54), color=colour(result.activation))
    ax.set(title=result.activation.name, xlabel="loss after training", xticks=[0, 1 / 8, 1 / 6, 1 / 4])
    ax.set_xticklabels(["0", "1/8", "1/6", "1/4"])
    return ax


def layer_movement(result, ax: Axes) -> Axes:
    """Draw how far a ``WeightMovement`` moved hidden and output layer: medians and 90 % bands over the steps."""
    own = colour(result.activation)
    quantile_band(result.steps, _stable(result.output), ax, color="black", label="output layer", linestyle="--")
    quantile_band(result.steps, _stable(result.hidden), ax, color=own, label="hidden layer")
    ax.set(title=result.activation.name, xlabel="step", xticks=result.steps[[0, len(result.steps) // 2, -1]])
    return ax


def shifted_fit(result, ax: Axes) -> Axes:
    """Draw the prediction of a ``ShiftedFit`` over its target."""
    ax.plot(result.x, result.target, color="0.75", linewidth=6, solid_capstyle="round", label="target")
    ax.plot(result.x, _stable(result.prediction), color=_function_colour(result.function), label="sum of the units")
    return ax


def shifted_parts(result, ax: Axes) -> Axes:
    """Draw what each unit of a ``ShiftedFit`` contributes: its weight times its shifted copy, and the constant."""
    ax.axhline(_stable(result.constant), color="0.6", linewidth=1)
    ax.plot(result.x, _stable(result.parts), color=_function_colour(result.function), linewidth=1.5)
    return ax


def error_decay(result, ax: Axes) -> Axes:
    """Draw the errors of a ``ShiftedErrors`` over the number of units, both logarithmic; each line has its name."""
    for function, errors in zip(result.functions, result.errors, strict=True):
        own = _function_colour(function)
        ax.plot(result.counts, errors, "o-", color=own, markersize=5)
        end = (result.counts[-1], errors[-1])
        ax.annotate(function.__name__, end, (8, 0), textcoords="offset points", va="center", color=own)
    ax.set(xscale="log", yscale="log", xlabel="units", ylabel="error")
    ax.set_xticks(result.counts, [str(count) for count in result.counts])
    ax.minorticks_off()
    return ax


# --- Speed ------------------------------------------------------------------------------------------------------------

_OTHERS = ("|", "^", "s", "D", "v", "x")


def speeds(shares: Mapping[str, Mapping[str, float]], contestants: Mapping[str, str], ax: Axes) -> Axes:
    """Draw, a row for each function, how fast contestants are as parts of the speed of a copy.

    ``shares`` holds these parts by function and contestant, and ``contestants`` the names in the legend; the first is a
    dot in the function's colour, the others are marks in grey. The functions are ordered by the speed of the first.
    """
    first, *others = contestants
    ordered = sorted((name for name in shares if first in shares[name]), key=lambda name: shares[name][first])
    rows = range(len(ordered))
    for mark, other in zip(_OTHERS, others, strict=False):
        found = [(shares[name][other], row) for row, name in zip(rows, ordered, strict=True) if other in shares[name]]
        hollow = {} if mark in "|x" else {"markerfacecolor": "none"}
        ax.plot(*np.transpose(found), mark, color="0.45", markersize=5, label=contestants[other], **hollow)
    colours = [colour(ACTIVATIONS[name]) for name in ordered]
    ax.scatter([shares[name][first] for name in ordered], rows, s=40, color=colours, zorder=3)
    ax.scatter([], [], s=40, color="black", label=contestants[first])
    ends = (-0.7, len(ordered) - 0.3)
    ax.vlines(1, *ends, color="0.7", linewidth=0.8, zorder=0)
    ax.set(xscale="log", xlabel="speed of a copy = 1", ylim=ends)
    ax.set_yticks(rows, ordered)
    ax.grid(axis="y", color="0.9", linewidth=0.8)
    ax.set_axisbelow(True)
    return ax


def _function_colour(function):
    """The colour of an activation; black for any other function."""
    return colour(function) if isinstance(function, Activation) else "black"


def recovery_steps(results, ax: Axes) -> Axes:
    """Draw how many steps each ``Recovery`` of a list took, over the distance from 0 at which the unit started."""
    furthest = max(np.abs(result.starts[result.steps > 0]).max() for result in results)
    for result in results:
        own, back = colour(result.activation), result.steps > 0
        distance, steps = np.abs(result.starts[back]), result.steps[back]
        ax.plot(distance, steps, "o-", color=own, markersize=5)
        # A line that ends early has the others at its right: its name stands above its end.
        beside = distance[-1] == furthest
        ax.annotate(
            result.activation.name, (distance[-1], steps[-1]), (8, 0) if beside else (0, 8), color=own,
            textcoords="offset points", ha="left" if beside else "right", va="center" if beside else "bottom",
        )  # fmt: skip
    ax.set(yscale="log", xlabel="distance of the start from 0", ylabel="steps back")
    ax.minorticks_off()
    return ax


def quantisation_errors(results, ax: Axes) -> Axes:
    """Draw the median error of each ``QuantisationErrors`` over the bits, with a band of 90 % of the repeats."""
    for result in results:
        own = colour(result.activation)
        quantile_band(result.bits, _stable(result.errors), ax, color=own, label=result.activation.name)
    ax.set(yscale="log", xlabel="bits", ylabel="error", xticks=result.bits)
    ax.minorticks_off()
    return ax


def denoising(results, ax: Axes) -> Axes:
    """Draw the mean error of each ``Denoising`` over the threshold; a dotted line is the error of shrinking nothing."""
    for result in results:
        own, mean = colour(result.activation), result.errors.mean(axis=1)
        ax.plot(result.thresholds, _stable(mean), "o-", color=own, markersize=4, label=result.activation.name)
    ax.axhline(result.noise, color="0.5", linestyle=":", linewidth=1)
    ax.set(xlabel="threshold / standard deviation of the noise", ylabel="mean square error")
    return ax


def one_unit_fit(result, ax: Axes) -> Axes:
    """Draw the prediction of a ``OneUnitFit`` over its target."""
    ax.plot(result.x, _stable(result.target), color="0.75", linewidth=6, solid_capstyle="round", label="target")
    # Three decimals: where the search stops depends on the last bits of a processor.
    ax.plot(result.x, np.round(result.prediction, 3), color=colour(result.activation), label=result.activation.name)
    ax.set(title=result.activation.name, xlabel="x")
    return ax


# --- How exact they are -----------------------------------------------------------------------------------------------

# By who computes; the formula and the package frame the others.
_COMPUTERS = {
    "actlab": ("actlab", "black", "-", 3.0),
    "textbook": ("formula", "#999999", "-", 3.0),
    "keras": ("Keras", "#E69F00", "-", 1.5),
    "torch": ("PyTorch", "#D55E00", "--", 1.5),
    "jax": ("JAX", "#0072B2", ":", 2.0),
}


def accuracy_curve(result, ax: Axes, *, low: float = -20.0, high: float = 20.0) -> Axes:
    """Draw a ``Curve`` of accuracy from ``low`` to ``high``: the largest relative error in each stretch of x."""
    floor = float(np.finfo(result.dtype).eps) / 100
    for computer, errors in result.errors.items():
        label, own, style, width = _COMPUTERS[computer]
        drawn = np.maximum(errors, floor)
        ax.stairs(drawn, result.edges, baseline=None, color=own, linestyle=style, linewidth=width, label=label)
    ax.set(yscale="log", xlabel="x", ylabel="relative error", xlim=(low, high), ylim=(floor, 10))
    return ax


# --- Rectifiers -------------------------------------------------------------------------------------------------------


def forward_through_depth(result, ax: Axes, *, linestyle: str = "-") -> Axes:
    """Draw the mean squares of a ``DepthSignal`` over the layers: median and 90 % band over the networks."""
    layers = np.arange(len(result.means))
    label = f"{result.activation.name}, {result.initialiser}"
    own = colour(result.activation)
    quantile_band(layers, _significant(result.mean_squares), ax, color=own, label=label, linestyle=linestyle)
    ax.set(yscale="log", xlabel="layer", title="mean square of activations")
    return ax


def backward_through_depth(result, ax: Axes, *, linestyle: str = "-") -> Axes:
    """Draw the gradients of a ``DepthSignal`` over the layers, the last layer's being 1: median and 90 % band."""
    layers = np.arange(1, len(result.means))
    ratios = _significant(result.gradients / result.gradients[-1])
    quantile_band(layers, ratios, ax, color=colour(result.activation), label="", linestyle=linestyle)
    ax.set(yscale="log", xlabel="layer", title="gradient, last layer = 1")
    return ax


def moments_through_depth(results, axes) -> Sequence[Axes]:
    """Draw mean (left) and variance (right) of several ``DepthSignal`` results over the layers, medians only."""
    for result, style in zip(results, ("-", *_PART_STYLES), strict=False):
        for values, ax in ((result.means, axes[0]), (result.variances, axes[1])):
            line = {"color": colour(result.activation), "linestyle": style}
            ax.plot(_stable(np.median(values, axis=1)), **line)
    for ax, target, title in ((axes[0], 0, "mean"), (axes[1], 1, "variance")):
        ax.axhline(target, color="0.6", linewidth=1)
        ax.set(xlabel="layer", title=title)
    axes[1].set(yscale="log")
    return axes


def failures(results, ax: Axes) -> Axes:
    """Draw the share of networks that fail, of several ``DeadUnits``, over the first step; bars are 95 % intervals."""
    for place, activation in enumerate(dict.fromkeys(result.activation for result in results)):
        own = [result for result in results if result.activation == activation]
        shares = np.array([(r.strike, r.failed.value, *r.failed.interval) for r in own]).T
        strikes, value, low, high = _stable(shares)
        style, marker = (("-", "o"), ("--", "s"), (":", "^"))[place % 3]
        ax.errorbar(
            # Side by side: bars on one another could not be told apart.
            strikes + 0.06 * (place - 1), value, np.clip([value - low, high - value], 0, None), capsize=3,
            color=colour(activation), linestyle=style, marker=marker, label=f"{activation}",
        )  # fmt: skip
    ax.set(xlabel="learning rate of the first step", ylabel="share of networks that fail", ylim=(-0.03, 1.03))
    ax.set_xticks(sorted({result.strike for result in results}))
    return ax


def learned_slopes(result, ax: Axes) -> Axes:
    """Draw how many networks of a ``LearnedSlopes`` chose which slope, from -2 to 1, and where the slopes started."""
    ax.hist(_stable(result.slopes), bins=np.linspace(-2, 1, 31), color=colour(ACTIVATIONS["prelu"]))
    ax.axvline(result.start, color="0.4", linewidth=1, linestyle="--")
    ax.set(title=result.target, xlabel="slope learnt", xlim=(-2, 1), xticks=[-2, -1, 0, 1])
    return ax


def _significant(values):
    """Positive values to five digits, for logarithmic axes; see ``_stable``."""
    return 10 ** np.round(np.log10(values), 5)


# --- Numbers at the edge ---------------------------------------------------------------------------------------------


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
        ax.plot(*_stable(result.bins(cooled=cooled)), style, color=_COLOURS[0 if cooled else 3], label=label)
    ax.set(xlim=(0.3, 1.02), ylim=(0.3, 1.02), xlabel="confidence", ylabel="share right", aspect="equal")
    return ax


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
