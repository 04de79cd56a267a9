"""Experiments of the chapters on the families of functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from actlab.core import ACTIVATIONS
from actlab.figures.style import PART_STYLES, colour, quantile_band, significant, stable


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
        quantile_band(result.bits, stable(result.errors), ax, color=own, label=result.activation.name)
    ax.set(yscale="log", xlabel="bits", ylabel="error", xticks=result.bits)
    ax.minorticks_off()
    return ax


def denoising(results, ax: Axes) -> Axes:
    """Draw the mean error of each ``Denoising`` over the threshold; a dotted line is the error of shrinking nothing."""
    for result in results:
        own, mean = colour(result.activation), result.errors.mean(axis=1)
        ax.plot(result.thresholds, stable(mean), "o-", color=own, markersize=4, label=result.activation.name)
    ax.axhline(result.noise, color="0.5", linestyle=":", linewidth=1)
    ax.set(xlabel="threshold / standard deviation of the noise", ylabel="mean square error")
    return ax


def one_unit_fit(result, ax: Axes) -> Axes:
    """Draw the prediction of a ``OneUnitFit`` over its target."""
    ax.plot(result.x, stable(result.target), color="0.75", linewidth=6, solid_capstyle="round", label="target")
    # Three decimals: where the search stops depends on the last bits of a processor.
    ax.plot(result.x, np.round(result.prediction, 3), color=colour(result.activation), label=result.activation.name)
    ax.set(title=result.activation.name, xlabel="x")
    return ax


def forward_through_depth(result, ax: Axes, *, linestyle: str = "-") -> Axes:
    """Draw the mean squares of a ``DepthSignal`` over the layers: median and 90 % band over the networks."""
    layers = np.arange(len(result.means))
    label = f"{result.activation.name}, {result.initialiser}"
    own = colour(result.activation)
    quantile_band(layers, significant(result.mean_squares), ax, color=own, label=label, linestyle=linestyle)
    ax.set(yscale="log", xlabel="layer", title="mean square of activations")
    return ax


def backward_through_depth(result, ax: Axes, *, linestyle: str = "-") -> Axes:
    """Draw the gradients of a ``DepthSignal`` over the layers, the last layer's being 1: median and 90 % band."""
    layers = np.arange(1, len(result.means))
    ratios = significant(result.gradients / result.gradients[-1])
    quantile_band(layers, ratios, ax, color=colour(result.activation), label="", linestyle=linestyle)
    ax.set(yscale="log", xlabel="layer", title="gradient, last layer = 1")
    return ax


def moments_through_depth(results, axes) -> Sequence[Axes]:
    """Draw mean (left) and variance (right) of several ``DepthSignal`` results over the layers, medians only."""
    for result, style in zip(results, ("-", *PART_STYLES), strict=False):
        for values, ax in ((result.means, axes[0]), (result.variances, axes[1])):
            line = {"color": colour(result.activation), "linestyle": style}
            ax.plot(stable(np.median(values, axis=1)), **line)
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
        strikes, value, low, high = stable(shares)
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
    ax.hist(stable(result.slopes), bins=np.linspace(-2, 1, 31), color=colour(ACTIVATIONS["prelu"]))
    ax.axvline(result.start, color="0.4", linewidth=1, linestyle="--")
    ax.set(title=result.target, xlabel="slope learnt", xlim=(-2, 1), xticks=[-2, -1, 0, 1])
    return ax
