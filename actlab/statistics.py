"""Shares with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Share:
    """How many of ``n`` independent trials have a property, with Wilson's 95 % interval for the probability.

    Source: Wilson (1927), the interval that stays inside [0, 1] and is right also near its ends.
    """

    count: int
    n: int

    @classmethod
    def of(cls, outcomes) -> Share:
        """The share of true values in an array of booleans."""
        outcomes = np.asarray(outcomes)
        if outcomes.dtype != bool or outcomes.size == 0:
            raise ValueError(
                f"a share is taken of a non-empty array of booleans; got {outcomes.dtype} of size {outcomes.size}"
            )
        return cls(int(outcomes.sum()), outcomes.size)

    @property
    def value(self) -> float:
        """The share as a number from 0 to 1."""
        return self.count / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """The lower and the upper end of Wilson's 95 % interval."""
        from scipy.stats import binomtest

        found = binomtest(self.count, self.n).proportion_ci(method="wilson")
        return float(found.low), float(found.high)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.1%} ({self.count} of {self.n}; 95 % interval {low:.1%} to {high:.1%})"
