"""Gradients through depth: measured beside theory, phases, and the depths that can be trained."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from actlab.figures.style import coarse, colour, quantile_band, stable

_LINES = ("-", (0, (6, 2)), (0, (2, 1.5)), (0, (6, 1.5, 1.5, 1.5)), (0, (1, 1)), (0, (4, 1, 1, 1, 1, 1)))
_PHASES = (-4.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 4.0)


def gradients(result, ax: Axes, *, expected=None) -> Axes:
    """Draw the gradients of a ``GradientFlow`` over the layers, the last layer's being 1, as powers of ten.

    The band holds nine tenths of the networks, the line is their median; dashed is an ``ExpectedFlow``.
    """
    layers = np.arange(1, result.depth + 1)
    values = (result.log_norms - result.log_norms[:, -1:]).T / np.log(10)
    own = colour(result.activation)
    quantile_band(layers, coarse(values), ax, color=own, label=result.activation.name)
    if expected is not None:
        ax.plot(layers, stable(expected.log_norms / np.log(10)), color="black", linestyle="--", linewidth=1)
    ax.set(xlabel="layer", ylabel="gradient, last layer = 1 (power of ten)")
    return ax


def remedies(results: Mapping[str, object], ax: Axes) -> Axes:
    """Draw the median gradients of several ``GradientFlow``, by their labels, as in ``gradients``; all in one axes."""
    for (label, result), style in zip(results.items(), _LINES, strict=False):
        values = np.median(result.log_norms - result.log_norms[:, -1:], axis=0) / np.log(10)
        layers = np.arange(1, result.depth + 1)
        ax.plot(layers, coarse(values), linestyle=style, color=colour(result.activation), label=label)
    ax.set(xlabel="layer", ylabel="gradient (power of ten)")
    return ax


def phases(result, ax: Axes) -> Axes:
    """Draw a ``PhaseDiagram``: the line where chi_1 is 1, light where gradients vanish, dark where they explode.

    Hatched is where the length of signals grows without limit.
    """
    log_chi = np.clip(np.log(result.chi1), _PHASES[0] + 0.01, _PHASES[-1] - 0.01)
    where = (result.sigma_w, result.sigma_b, stable(log_chi))
    ax.contourf(*where, levels=_PHASES, cmap="Greys", vmin=-5, vmax=6)
    if np.isinf(result.q).any():
        ax.contourf(result.sigma_w, result.sigma_b, np.isinf(result.q), levels=[0.5, 1], colors="none", hatches=["///"])
    if log_chi.min() < 0 < log_chi.max():
        ax.contour(*where, levels=[0], colors=[colour(result.activation)], linewidths=2.5)
    ax.set_title(result.activation.name, fontsize="medium")
    return ax


def trainable(results, ax: Axes, *, limits: np.ndarray, critical: float) -> Axes:
    """Draw the best accuracy of every ``DepthTraining`` over variance and depth, with its number.

    The line is ``limits`` (variances, 2): a variance and the depth that theory has for it; dotted is ``critical``.
    """
    variances = sorted({result.sigma_w2 for result in results})
    depths = sorted({result.depth for result in results})
    found = {(result.depth, result.sigma_w2): np.median(result.best) for result in results}
    grid = np.array([[found[depth, variance] for variance in variances] for depth in depths])
    ax.pcolormesh(grid, cmap="Greys", vmin=-0.3, vmax=1.6, edgecolors="white", linewidth=1)
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
