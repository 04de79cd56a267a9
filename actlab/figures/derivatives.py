"""Derivatives: the graph that they are passed back through, and the errors of numerical ones."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from actlab.figures.style import COLOURS

_BACK = COLOURS[3]
_SIZE = 14  # its formulas stay readable on a phone
# Of the graph: place and text of each value, then the links between values and what an error is multiplied with there.
_VALUES = {
    "x": (0, 0), "z": (1, 0), "a": (2, 0), "y": (3, 0), "L": (4, 0),
    "W": (0.62, -1), "b": (1.38, -1), "V": (2.62, -1), "c": (3.38, -1),
}  # fmt: skip
_ALONG = {("z", "a"): r"$\odot\, f'(z)$", ("a", "y"): r"$\cdot\, V^\top$", ("y", "L"): r"$y - t$"}
_DOWN = {("W", "z"): r"$x^\top \cdot$", ("b", "z"): "sum", ("V", "y"): r"$a^\top \cdot$", ("c", "y"): "sum"}


def computation_graph(ax: Axes) -> Axes:
    """Draw how a two-layer network computes its loss, and how the error returns.

    z = xW + b, a = f(z), y = aV + c; the loss L compares y with a target t. Solid arrows are the forward pass, dashed
    ones the backward pass, each with what an error is multiplied by on the way.
    """
    for one, other in (("x", "z"), *_ALONG):
        _arrow(one, other, ax, lift=-0.07)
    for one, other in _DOWN:
        _arrow(one, other, ax, lift=0)
    for (one, other), text in _ALONG.items():
        _arrow(other, one, ax, lift=-0.09, back=True)
        (left, height), (right, _) = _VALUES[one], _VALUES[other]
        ax.text((left + right) / 2, height + 0.33, text, ha="center", va="center", color=_BACK, fontsize=_SIZE)
    for (one, other), text in _DOWN.items():
        (left, low), (right, _) = _VALUES[one], _VALUES[other]
        side = np.sign(left - right)
        _arrow(other, one, ax, lift=0.09 * side, back=True)
        ax.text(
            left + 0.06 * side,
            low / 2,
            text,
            ha="right" if side < 0 else "left",
            va="center",
            color=_BACK,
            fontsize=_SIZE,
        )
    for name, place in _VALUES.items():
        shape = "s" if name in "WbVc" else "o"
        ax.scatter(*place, s=440, marker=shape, color="white", edgecolors="black", linewidths=1.2, zorder=3)
        ax.text(*place, f"${name}$", ha="center", va="center_baseline", zorder=4, fontsize=_SIZE)
    ax.set(xlim=(-0.3, 4.3), ylim=(-1.3, 0.55))
    ax.set_axis_off()
    return ax


def _arrow(one: str, other: str, ax: Axes, *, lift: float, back: bool = False) -> None:
    """An arrow between two values, moved ``lift`` to the side of the straight line between them."""
    start, end = np.array(_VALUES[one], float), np.array(_VALUES[other], float)
    along = (end - start) / np.linalg.norm(end - start)
    aside = lift * np.array([-along[1], along[0]])
    look = {"arrowstyle": "-|>", "shrinkA": 12, "shrinkB": 12, "linewidth": 1.4, "color": _BACK if back else "black"}
    look["linestyle"] = "--" if back else "-"
    ax.annotate("", end + aside, start + aside, arrowprops=look)


def derivative_errors(result, ax: Axes) -> Axes:
    """Draw the errors of a ``DerivativeErrors`` over the step, both logarithmic.

    Dotted lines stand at eps^(1/2) and eps^(1/3). Errors below eps are drawn at eps: what lies below is chance.
    """
    eps = np.finfo(float).eps
    for power, name in ((1 / 2, "1/2"), (1 / 3, "1/3")):
        ax.axvline(eps**power, color="0.45", linestyle=":", linewidth=1.2)
        ax.text(eps**power, 30, rf"$\varepsilon^{{{name}}}$", ha="center", va="bottom")
    curves = {"one-sided": result.one_sided, "central": result.central, "complex step": result.complex_step}
    for (label, errors), style, own in zip(curves.items(), ("-", "--", "-."), (3, 0, 12), strict=True):
        # To a tenth of a decade: the last bits are no matter of this figure.
        drawn = 10 ** np.round(np.log10(np.maximum(errors, eps)), 1)
        ax.plot(result.steps, drawn, style, color=COLOURS[own], label=label)
    ax.set(xscale="log", yscale="log", ylim=(eps / 5, 30), xlabel="step h", ylabel="relative error")
    return ax
