"""Shares and means with their intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actlab.checks import real_array, unmasked


@dataclass(frozen=True)
class Share:
    """How many of ``n`` trials have a property, with Wilson's 95 % interval for the probability.

    The trials are independent, or fall into groups within which they are not. ``design_effect`` is then how many times
    as large the variance of the share is as that of independent trials; n divided by it is as many independent trials
    as these are worth.

    Source: Wilson (1927), the interval that stays inside [0, 1] and is right also near its ends.
    """

    count: int
    n: int
    design_effect: float = 1.0

    @classmethod
    def of(cls, outcomes, *, groups=None, supposed: float | None = None) -> Share:
        """The share of true values in an array of booleans; those with one number in ``groups`` belong together.

        The design effect is measured by how far the groups' shares are apart, and never taken below 1. If all outcomes
        are the same, or all groups one, nothing is apart and it cannot be measured. It is then ``supposed``, by default
        that of groups which are alike throughout: each group counts as one trial. Only who knows how little the groups
        have in common can suppose less.
        """
        outcomes = unmasked("outcomes", outcomes)
        if outcomes.dtype != bool or outcomes.size == 0:
            raise ValueError(
                f"a share is taken of a non-empty array of booleans; got {outcomes.dtype} of size {outcomes.size}"
            )
        count, n = int(outcomes.sum()), outcomes.size
        if groups is None:
            return cls(count, n)
        groups = unmasked("groups", groups)
        if groups.shape != outcomes.shape or outcomes.ndim != 1:
            raise ValueError(f"groups must give a number for each of {outcomes.shape} outcomes; got {groups.shape}")
        _, member = np.unique(groups, return_inverse=True)
        sizes, counts = np.bincount(member), np.bincount(member, weights=outcomes)
        if len(sizes) < 2 or count in (0, n):
            return cls(count, n, n / len(sizes) if supposed is None else float(supposed))
        share = count / n
        between = len(sizes) / (len(sizes) - 1) * np.sum(np.square(counts - share * sizes))
        return cls(count, n, max(1.0, float(between / (n * share * (1 - share)))))

    @property
    def value(self) -> float:
        """The share as a number from 0 to 1."""
        return self.count / self.n

    @property
    def interval(self) -> tuple[float, float]:
        """The lower and the upper end of Wilson's 95 % interval."""
        from scipy.special import ndtri

        worth, square = self.n / self.design_effect, float(ndtri(0.975)) ** 2
        middle = (self.value + square / (2 * worth)) / (1 + square / worth)
        spread = np.sqrt(square * (self.value * (1 - self.value) / worth + square / (4 * worth**2)))
        half = spread / (1 + square / worth)
        # At the ends the formula gives 0 and 1 but for rounding.
        return 0.0 if self.count == 0 else float(middle - half), 1.0 if self.count == self.n else float(middle + half)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.1%} ({self.count} of {self.n}; 95 % interval {low:.1%} to {high:.1%})"


def same_probability(one: Share, other: Share) -> float:
    """The p-value of Fisher's exact test that two shares of independent samples estimate one probability.

    Two-sided; if the probabilities are equal, it is at most p with a probability of at most p, for samples of any size.
    """
    from scipy.stats import fisher_exact

    table = [[share.count, share.n - share.count] for share in (one, other)]
    return float(fisher_exact(table).pvalue)


@dataclass(frozen=True)
class Mean:
    """The mean of ``n`` independent values, with Student's 95 % interval for their expectation.

    The interval supposes that the mean of so many values is close to normal, so it wants dozens of them.
    """

    value: float
    deviation: float
    n: int

    @classmethod
    def of(cls, values) -> Mean:
        """The mean of a one-dimensional array of two numbers or more."""
        values = real_array("values", values)
        if values.ndim != 1 or values.size < 2 or not np.isfinite(values).all():
            raise ValueError(f"a mean is taken of two finite numbers or more, in one dimension; got {values!r}")
        return cls(float(values.mean()), float(values.std(ddof=1)), values.size)

    @property
    def interval(self) -> tuple[float, float]:
        """The lower and the upper end of Student's 95 % interval."""
        from scipy.stats import t

        half = float(t.ppf(0.975, self.n - 1)) * self.deviation / np.sqrt(self.n)
        return float(self.value - half), float(self.value + half)

    def __format__(self, spec: str) -> str:
        low, high = self.interval
        return f"{self.value:{spec}} (n = {self.n}; 95 % interval {low:{spec}} to {high:{spec}})"

    def __str__(self) -> str:
        return f"{self:.3g}"


@dataclass(frozen=True)
class Quantile:
    """The value below which a share ``level`` of a distribution lies, as ``n`` values of it show.

    ``low`` and ``high`` are the ends of a 95 % interval for it, which supposes nothing about the distribution.

    Source: Woodruff (1952): the interval of the share below the quantile, read off the values in order.
    """

    level: float
    value: float
    low: float
    high: float
    n: int

    @classmethod
    def of(cls, values, level: float = 0.5, *, design_effect: float = 1.0) -> Quantile:
        """The quantile of a one-dimensional array, by default its median; infinity is a value like others.

        For the design effect of values that are not independent see ``Share``.
        """
        values = real_array("values", values)
        if values.ndim != 1 or values.size == 0 or np.isnan(values).any():
            raise ValueError(f"a quantile is taken of numbers in one dimension, one at least; got {values!r}")
        if not 0 < level < 1:
            raise ValueError(f"level must be between 0 and 1; got {level!r}")
        ends = Share(level * values.size, values.size, design_effect).interval
        found = np.quantile(values, [level, *ends], method="inverted_cdf")
        return cls(level, *map(float, found), values.size)

    def __format__(self, spec: str) -> str:
        """Return the value with the ends of its interval; how many values there were is for the text around it."""
        return f"{self.value:{spec}} ({self.low:{spec}} to {self.high:{spec}})"


@dataclass(frozen=True)
class Paired:
    """Two measurements of each of n things, compared: how far the first is above the second.

    ``better`` and ``worse`` count the pairs whose first is the larger or the smaller one; ``p_value`` is that of
    Wilcoxon's signed-rank test, two-sided: the probability of ranks as uneven as these if the sign of every difference
    were a toss of a coin. It supposes nothing about the distribution, so that a few wild pairs do not decide.

    Source: Wilcoxon (1945); pairs without a difference take part in the ranking, as in Pratt (1959).
    """

    difference: Mean
    better: int
    worse: int
    p_value: float

    @classmethod
    def of(cls, first, second) -> Paired:
        """Compare two arrays (n,) whose numbers at one place belong together; n is at least two.

        What is less than a millionth of a millionth of the largest number is taken for rounding, and for no difference.
        """
        first, second = real_array("first", first), real_array("second", second)
        if first.shape != second.shape:
            raise ValueError(f"pairs need as many first as second values; got {first.shape} and {second.shape}")
        largest = max(np.abs(first).max(initial=0), np.abs(second).max(initial=0))
        if not np.isfinite(largest):
            raise ValueError(f"pairs are compared of finite numbers; got {first!r} and {second!r}")
        # Rounding must not break ties, of which shares of few things have many. (10^309 is infinite.)
        decimals = min(12 - int(np.ceil(np.log10(largest))), 300) if largest else 0
        differences = np.round(first - second, decimals) + 0.0
        mean = Mean.of(differences)
        better, worse = int(np.sum(differences > 0)), int(np.sum(differences < 0))
        if not better + worse:
            return cls(mean, 0, 0, 1.0)
        from scipy.stats import wilcoxon

        return cls(mean, better, worse, float(wilcoxon(differences, zero_method="pratt").pvalue))

    @property
    def effect(self) -> float:
        """Cohen's d of paired values: the mean difference in standard deviations of the differences; 0 if all are 0."""
        return self.difference.value / self.difference.deviation if self.difference.deviation else 0.0


def holm(p_values) -> np.ndarray:
    """p-values (n,) made larger, so that they hold for n tests at once.

    If of all tests those are believed whose value is at most alpha here, then the probability of believing a wrong one
    is at most alpha. Source: Holm (1979).
    """
    p_values = real_array("p_values", p_values)
    if p_values.ndim != 1 or not ((p_values >= 0) & (p_values <= 1)).all():
        raise ValueError(f"p-values are numbers from 0 to 1 in one dimension; got {p_values!r}")
    order = np.argsort(p_values, kind="stable")
    stepped = np.minimum(1, np.maximum.accumulate(np.arange(p_values.size, 0, -1) * p_values[order]))
    adjusted = np.empty_like(p_values)
    adjusted[order] = stepped
    return adjusted
