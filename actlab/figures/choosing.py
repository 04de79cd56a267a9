"""Figures of the benchmark on digits: shares as heat maps, and differences from ReLU with their intervals."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from actlab.figures.style import colour, stable


def share_heat_map(shares: np.ndarray, rows: Sequence, columns: Sequence, ax: Axes, *, low: float = 0.0) -> Axes:
    """Draw ``shares`` (rows, columns) from 0 to 1 as cells with their percentage; the darker, the smaller.

    From ``low`` downwards all are as dark as can be. A cell that is nan stays empty.
    """
    shares = np.asarray(shares, dtype=np.float64)
    if shares.shape != (len(rows), len(columns)):
        raise ValueError(f"shares must be {(len(rows), len(columns))}, a number for each cell; got {shares.shape}")
    darkness = stable(1 - np.clip((shares - low) / (1 - low), 0, 1))
    ax.pcolormesh(np.ma.masked_invalid(darkness), cmap="Oranges", vmin=0, vmax=1.25, edgecolor="white", linewidth=0.5)
    for row, column in zip(*np.nonzero(~np.isnan(shares)), strict=True):
        ax.text(
            column + 0.5, row + 0.5, f"{100 * shares[row, column]:.0f}", ha="center", va="center", fontsize=9,
            color="white" if darkness[row, column] > 0.8 else "black",
        )  # fmt: skip
    ax.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    ax.set_yticks(np.arange(len(rows)) + 0.5, [str(row) for row in rows], fontsize=9)
    ax.set_xticks(np.arange(len(columns)) + 0.5, [str(column) for column in columns], fontsize=10)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return ax


def differences(compared: Sequence, ax: Axes) -> Axes:
    """Draw comparisons with one base: the mean difference in points and its interval, the best activation on top.

    A filled dot says that the difference is measurable once all comparisons are corrected for, a hollow one that it is
    not.
    """
    ordered = sorted(compared, key=lambda comparison: comparison.paired.difference.value)
    for row, comparison in enumerate(ordered):
        difference, hue = comparison.paired.difference, colour(comparison.cell.settings.activation)
        ax.plot(stable(100 * np.array(difference.interval)), (row, row), color=hue, linewidth=1.5)
        filled = hue if comparison.measurable else "white"
        value = stable(100 * difference.value)
        ax.plot(value, row, "o", color=hue, markerfacecolor=filled, markersize=5)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(range(len(ordered)), [c.cell.settings.activation.name for c in ordered], fontsize=9)
    ax.set(ylim=(-0.7, len(ordered) - 0.3), xlabel="test digits told, points against ReLU")
    ax.tick_params(axis="y", length=0)
    return ax


def layer_gradients(cells: Sequence, ax: Axes) -> Axes:
    """Draw the norms of the gradient of each layer's parameters, before the training solid and after it dashed.

    The cells differ in their activation, whose name stands at the end of the solid line. A norm of 0 is not drawn.
    """
    for cell in cells:
        hue = colour(cell.settings.activation)
        layers = np.arange(1, len(cell.gradients[0]) + 1)
        for norms, style in zip(cell.gradients, ("-", "--"), strict=True):
            drawn = np.where(np.array(norms) > 0, norms, np.nan)
            ax.plot(layers, drawn, style, color=hue, linewidth=1.8)
        ax.annotate(
            cell.settings.activation.name, (layers[0], cell.gradients[0][0]), (-4, 0), textcoords="offset points",
            ha="right", va="center", color=hue, fontsize=9,
        )  # fmt: skip
    ax.set(yscale="log", xlabel="layer", ylabel="norm of the gradient", xlim=(-4, None))
    ax.set_xticks([tick for tick in ax.get_xticks() if 0 < tick <= layers[-1]])
    return ax


def arrivals(cells: Sequence, ax: Axes, *, last: float) -> Axes:
    """Draw the share of a cell's networks that have arrived, over epochs up to the ``last``, as steps.

    The cells differ in their activation.
    """
    for cell in cells:
        reached = np.sort([0.0, *(epochs for epochs in cell.arrivals if np.isfinite(epochs))])
        shares = np.arange(len(reached)) / len(cell.arrivals)
        reached, shares = np.append(reached, last), np.append(shares, shares[-1])
        activation = cell.settings.activation
        ax.step(reached, shares, where="post", color=colour(activation), label=activation.name)
    ax.set(xlabel="epochs", ylabel="share of networks", xlim=(0, last), ylim=(-0.02, 1.02))
    ax.legend()
    return ax
