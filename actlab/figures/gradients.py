"""Gradients through depth: measured beside theory, phases, and the depths that can be trained."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from actlab.figures.style import coarse, colour, quantile_band, stable

_LEAP = 6.0  # a power of sigma_w: where chi_1 is continuous it passes 1 with powers of about 2 at most, a leap has more
_PHASES = (-4.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 4.0)


def gradients(result, ax: Axes, *, expected=None, linestyle="-") -> Axes:
    """Draw the gradients of a ``GradientFlow`` over the layers, the last layer's being 1, as powers of ten.

    The band holds nine tenths of the networks, the line is their median; dashed is an ``ExpectedFlow``.
    """
    layers = np.arange(1, result.depth + 1)
    values = (result.log_norms - result.log_norms[:, -1:]).T / np.log(10)
    own = colour(result.activation)
    quantile_band(layers, coarse(values), ax, color=own, label=result.activation.name, linestyle=linestyle)
    if expected is not None:
        ax.plot(layers, stable(expected.log_norms / np.log(10)), color="black", linestyle=(0, (2, 2)), linewidth=1)
    ax.set(xlabel="layer", ylabel="gradient, last layer = 1 (power of ten)")
    return ax


def remedies(results: Mapping[str, object], ax: Axes, *, styles: Mapping[str, object]) -> Axes:
    """Draw the median gradients of several ``GradientFlow``, by their labels, as in ``gradients``; all in one axes.

    ``styles`` has the line style of each label, so that a remedy looks the same in two figures.
    """
    for label, result in results.items():
        values = np.median(result.log_norms - result.log_norms[:, -1:], axis=0) / np.log(10)
        layers = np.arange(1, result.depth + 1)
        ax.plot(layers, coarse(values), linestyle=styles[label], color=colour(result.activation), label=label)
    ax.set(xlabel="layer", ylabel="gradient (power of ten)")
    return ax


def phases(result, ax: Axes) -> Axes:
    """Draw a ``PhaseDiagram``: shades of chi_1, and the line where it is 1, if it is 1 anywhere on the map.

    The line is dotted where chi_1 leaps from below 1 to above 1. Hatched is where the length of signals grows without
    limit.
    """
    log_chi = np.clip(np.log(result.chi1), _PHASES[0] + 0.01, _PHASES[-1] - 0.01)
    where = (result.sigma_w, result.sigma_b, stable(log_chi))
    ax.contourf(*where, levels=_PHASES, cmap="Greys", vmin=-5, vmax=6)
    if np.isinf(result.q).any():
        ax.contourf(result.sigma_w, result.sigma_b, np.isinf(result.q), levels=[0.5, 1], colors="none", hatches=["///"])
    _edge(result, ax)
    ax.set_title(result.activation.name, fontsize="medium")
    return ax


def _edge(result, ax: Axes) -> None:
    """Draw for each deviation of the biases the first deviation of the weights at which chi_1 passes 1."""
    log_chi = np.log(result.chi1)
    rows, columns = np.nonzero((log_chi[:, :-1] < -1e-9) & (log_chi[:, 1:] >= -1e-9))
    _, first = np.unique(rows, return_index=True)
    rows, columns = rows[first], columns[first]
    below, above = log_chi[rows, columns], log_chi[rows, columns + 1]
    sigma_w = result.sigma_w[columns] + np.diff(result.sigma_w)[columns] * below / (below - above)
    leaps = above - below > _LEAP * np.diff(np.log(result.sigma_w))[columns]
    # A white line below: the grey of a colour may be that of the shade.
    for part, style in ((~leaps, "-"), (leaps, (0, (1, 1)))):
        line = stable(np.where(part, sigma_w, np.nan))
        ax.plot(line, result.sigma_b[rows], color="white", linewidth=4.5)
        ax.plot(line, result.sigma_b[rows], color=colour(result.activation), linewidth=2.5, linestyle=style)


def trainable(results, ax: Axes, *, limits: np.ndarray, critical: float) -> Axes:
    """Draw the best accuracy of every ``DepthTraining`` over variance and depth, with its number.

    The line is ``limits`` (variances, 2): a variance and the depth that theory has for it; dotted is ``critical``.
    """
    variances = sorted({result.sigma_w2 for result in results})
    depths = sorted({result.depth for result in results})
    found = {(result.depth, result.sigma_w2): np.median(result.best) for result in results}
    grid = np.array([[found[depth, variance] for variance in variances] for depth in depths])
    # No shade is darker than half, so that the numbers stay legible.
    ax.pcolormesh(grid, cmap="Greys", vmin=-0.2, vmax=2.2, edgecolors="white", linewidth=1)
    for (row, column), share in np.ndenumerate(grid):
        ax.text(column + 0.5, row + 0.5, f"{share:.0%}".rstrip("%"), ha="center", va="center", fontsize="small")

    def place(values, ticks):
        """Where numbers stand on an axis whose cells are ``ticks``, in proportion between their middles."""
        return np.interp(values, ticks, np.arange(len(ticks)) + 0.5, left=np.nan, right=np.nan)

    ax.plot(place(limits[:, 0], variances), stable(place(limits[:, 1], depths)), color="#D55E00", linewidth=2.5)
    ax.axvline(place(critical, variances), color="#005EA2", linestyle=":", linewidth=2)
    ax.set(xlabel="variance of the weights, times fan_in", ylabel="hidden layers")
    ax.set_xticks(np.arange(len(variances)) + 0.5, [f"{variance:g}" for variance in variances])
    ax.set_yticks(np.arange(len(depths)) + 0.5, depths)
    ax.tick_params(length=0)
    return ax
