"""Shrinkage at the work it was made for: a few large numbers in noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actlab.checks import whole_number
from actlab.core import Elementwise, get


@dataclass(frozen=True, eq=False)
class Denoising:
    """Mean square error of a shrunken noisy signal, per number: ``errors`` (thresholds, repeats).

    ``noise`` is the variance of the noise, the error of leaving all as it is; ``thresholds`` (thresholds,) are in
    standard deviations of the noise.
    """

    activation: Elementwise
    thresholds: np.ndarray
    errors: np.ndarray
    noise: float = 1.0

    @property
    def best(self) -> float:
        """The threshold with the smallest mean error."""
        return float(self.thresholds[self.errors.mean(axis=1).argmin()])

    def mean_error(self, index: int) -> tuple[float, float]:
        """The mean over the repeats at one threshold, and the half width of its 95 % interval (normal)."""
        errors = self.errors[index]
        return float(errors.mean()), float(1.96 * errors.std(ddof=1) / np.sqrt(errors.size))

    def __repr__(self) -> str:
        lines = []
        for index, threshold in enumerate(self.thresholds):
            mean, half = self.mean_error(index)
            lines.append(f"  threshold {threshold:.2f}: {mean:.3f} ± {half:.3f}")
        return f"{self.activation.name}, {self.errors.shape[1]} signals, mean square error:\n" + "\n".join(lines)


def denoise(
    activation: str | Elementwise,
    thresholds: Sequence[float],
    *,
    size: int = 1000,
    large: int = 20,
    height: float = 5.0,
    repeats: int = 200,
    seed: int = 0,
) -> Denoising:
    """Shrink signals of ``size`` numbers, ``large`` of them ``height`` and the others 0, plus standard normal noise.

    Every threshold meets the same noise.

    Parameters
    ----------
    activation
        An activation with the parameter ``threshold``, or its name.
    thresholds
        Values of that parameter.
    size, large, height
        Numbers per signal, how many of them are not 0, and what these are.
    repeats, seed
        Random signals.
    """
    activation, thresholds = get(activation), np.array(thresholds, dtype=float)
    if "threshold" not in activation.parameters:
        raise ValueError(f"denoise needs an activation with the parameter threshold; got {activation!r}")
    for label, value in (("size", size), ("repeats", repeats)):
        whole_number(label, value, least=2)
    whole_number("large", large, least=0)
    whole_number("seed", seed, least=0)
    if large > size:
        raise ValueError(f"large must be at most size; got {large} of {size}")
    signal = np.where(np.arange(size) < large, height, 0.0)
    noisy = signal + np.random.default_rng(seed).normal(size=(repeats, size))
    errors = [((activation(noisy, threshold=value) - signal) ** 2).mean(axis=1) for value in thresholds]
    return Denoising(activation, thresholds, np.array(errors))
