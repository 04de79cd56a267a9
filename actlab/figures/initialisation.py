"""What initial weights make of depth: the table of chi_1 as a heat map, and signals and gradients beside theory."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from actlab.figures.style import colour, stable

_DARKEST = np.log(16)  # the |ln chi_1| from which a cell is as dark as can be
_ONE = 0.005  # a chi_1 this near to 1 is printed without an arrow


def chi_heat_map(table, ax: Axes) -> Axes:
    """Draw a ``ChiTable``: a row for each activation, a column for each start, the number in each cell.

    The colour is that of ln chi_1, pale at chi_1 = 1; an arrow in each cell says by which side it is dark, for those
    who see the lightness alone. A star marks lengths that grow without limit. Lines part the families.
    """
    with np.errstate(divide="ignore"):
        shade = stable(np.clip(np.log(table.chi1) / _DARKEST, -1, 1))
    rows, columns = table.chi1.shape
    ax.pcolormesh(shade, cmap="PuOr_r", vmin=-1, vmax=1, edgecolor="white", linewidth=0.5)
    for row, column in np.ndindex(rows, columns):
        chi1, dark = table.chi1[row, column], abs(shade[row, column]) > 0.55
        ax.text(
            column + 0.5, row + 0.5, _cell_text(chi1, table.q[row, column]), ha="center", va="center", fontsize=9.5,
            color="white" if dark else "black",
        )  # fmt: skip
    families = [activation.family for activation in table.activations]
    for row in range(1, rows):
        if families[row] != families[row - 1]:
            ax.axhline(row, color="black", linewidth=1.5)
    ax.set(xlim=(0, columns), ylim=(rows, 0), xticks=np.arange(columns) + 0.5, yticks=np.arange(rows) + 0.5)
    ax.set_yticklabels([activation.name for activation in table.activations], fontsize=9.5)
    ax.set_xticklabels([_heading(table, column) for column in range(columns)], fontsize=10)
    ax.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    ax.spines[:].set_visible(False)
    return ax


def _cell_text(chi1: float, q: float) -> str:
    number = "∞" if np.isinf(chi1) else f"{chi1:.3g}"
    arrow = " ↓" if chi1 < 1 - _ONE else " ↑" if chi1 > 1 + _ONE else ""
    return number + arrow + ("*" if np.isinf(q) else "")


def _heading(table, column: int) -> str:
    values = table.sigma_w2[:, column]
    if np.ptp(values) > 0:
        return table.starts[column]
    number = f"{values[0]:g}" if values[0] >= 1 else f"1/{1 / values[0]:g}"
    return "\n".join([*table.starts[column].split(", "), rf"$\sigma_w^2 = {number}$"])


def theory_over_band(result, axes, *, label: str | None = None, linestyle: str = "-"):
    """Draw a ``ChiComparison`` over the layers: lengths on the first of two axes, gradients on the second.

    Lines and bands are the measured median and 5 to 95 % of the networks; thin black dashes are the theory. Gradients
    are relative to the last layer.
    """
    flow, own = result.flow, colour(result.flow.activation)
    layers = np.arange(1, flow.depth + 1)
    label = flow.activation.name if label is None else label
    gradients = (flow.log_norms - flow.log_norms[:, -1:]) / np.log(10)
    drawn = (np.log10(flow.q), np.log10(result.theory.q)), (gradients, result.theory.log_norms / np.log(10))
    titles = "length $q$", "gradient, last layer = 1"
    for ax, (measured, theory), title in zip(axes, drawn, titles, strict=True):
        # Logarithms, drawn on a linear axis: powers of ten that float64 does not hold are no obstacle.
        _band(layers, measured, ax, color=own, label=label, linestyle=linestyle)
        ax.plot(layers, np.round(theory, 4), color="black", linestyle=(0, (2, 2)), linewidth=1)
        ax.set(xlabel="layer", title=title)
        _powers_of_ten(ax)
    return axes


def gradient_spread(flow, ax: Axes, *, shown: int = 8) -> Axes:
    """Draw the gradients of a ``GradientFlow`` relative to the last layer: ``shown`` networks over the 90 % band.

    Networks in which no gradient reaches the first layer are left out.
    """
    layers, own = np.arange(1, flow.depth + 1), colour(flow.activation)
    reached = flow.log_norms[np.isfinite(flow.log_norms[:, 0])]
    gradients = (reached - reached[:, -1:]) / np.log(10)
    _band(layers, gradients, ax, color=own, label="median")
    ax.plot(layers, np.round(gradients[:shown].T, 4), color="0.35", linewidth=0.6)
    ax.axhline(0, color="black", linestyle=(0, (2, 2)), linewidth=1)
    ax.set(xlabel="layer", title=f"width {flow.width}")
    _powers_of_ten(ax)
    return ax


def _band(layers: np.ndarray, values: np.ndarray, ax: Axes, *, color, label: str, linestyle: str = "-") -> None:
    """Median and 5 to 95 % of ``values`` (networks, layers), each an observed one: rounded they stay so."""
    low, median, high = np.round(np.quantile(values, (0.05, 0.5, 0.95), axis=0, method="inverted_cdf"), 4)
    ax.fill_between(layers, low, high, color=color, alpha=0.2, linewidth=0)
    ax.plot(layers, median, color=color, label=label, linestyle=linestyle)


def _powers_of_ten(ax: Axes) -> None:
    """Label a linear axis of logarithms by whole powers of ten."""
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    ax.yaxis.set_major_formatter(lambda value, position: rf"$10^{{{value:g}}}$")
