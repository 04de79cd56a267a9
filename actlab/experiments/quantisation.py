"""What few bits leave of an activation's answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from actlab.checks import whole_number
from actlab.core import Elementwise, get_elementwise


def quantise(values: np.ndarray, bits: int, low: float, high: float) -> np.ndarray:
    """Round to the nearest of 2^``bits`` levels, evenly spaced from ``low`` to ``high``; what lies beyond is clipped.

    The shape is kept; the levels include both ends.
    """
    whole_number("bits", bits, least=1)
    if not (np.isfinite(low) and np.isfinite(high) and low < high):
        raise ValueError(f"low and high must be finite numbers, low below high; got {low!r} and {high!r}")
    step = (high - low) / (2**bits - 1)
    return low + step * np.rint((np.clip(values, low, high) - low) / step)


@dataclass(frozen=True, eq=False)
class QuantisationErrors:
    """Root mean square errors of answers rounded to ``bits`` (counts,) bits: ``errors`` (counts, repeats).

    Each repeat rounds between the least and the largest answer that it saw; ``ranges`` (repeats,) is how far these are
    apart.
    """

    activation: Elementwise
    bits: tuple[int, ...]
    errors: np.ndarray
    ranges: np.ndarray

    @property
    def divided_by(self) -> float:
        """By what a further bit divides the median error: the geometric mean over the counts of bits."""
        medians = np.median(self.errors, axis=1)
        return float((medians[0] / medians[-1]) ** (1 / (self.bits[-1] - self.bits[0])))

    def __repr__(self) -> str:
        low, median, high = np.quantile(self.errors[-1], (0.05, 0.5, 0.95))
        return (
            f"{self.activation}: range {np.median(self.ranges):.3g}, "
            f"each further bit divides the error by {self.divided_by:.2f}\n"
            f"  at {self.bits[-1]} bits {median:.2g} "
            f"(5 to 95 % of {len(self.ranges)} repeats: {low:.2g} to {high:.2g})"
        )


def quantisation_errors(
    activation: str | Elementwise,
    *,
    bits: Sequence[int] = (3, 4, 5, 6, 7, 8),
    outlier: float = 0.0,
    samples: int = 1000,
    repeats: int = 200,
    seed: int = 0,
) -> QuantisationErrors:
    """Round the answers to standard normal inputs to few bits, over the range that is seen.

    The error is that of the answers to the normal inputs alone.

    Parameters
    ----------
    activation
        The activation or its name.
    bits
        Ascending counts of bits, at least two.
    outlier
        One further input of this size, where it is not 0; it only widens the range.
    samples, repeats, seed
        Inputs per repeat, and random repeats.
    """
    activation, bits = get_elementwise(activation), tuple(bits)
    if len(bits) < 2 or any(b <= a for a, b in pairwise(bits)):
        raise ValueError(f"bits must be at least two ascending whole numbers; got {bits}")
    whole_number("samples", samples, least=2)
    whole_number("repeats", repeats, least=1)
    whole_number("seed", seed, least=0)
    errors, ranges = np.empty((len(bits), repeats)), np.empty(repeats)
    for repeat in range(repeats):
        answers = activation(np.random.default_rng((seed, repeat)).normal(size=samples))
        seen = np.append(answers, activation(outlier)) if outlier else answers
        low, high = seen.min(), seen.max()
        ranges[repeat] = high - low
        for row, count in enumerate(bits):
            errors[row, repeat] = np.sqrt(np.mean((quantise(answers, count, low, high) - answers) ** 2))
    return QuantisationErrors(activation, bits, errors, ranges)
