"""Shares with Wilson's interval, means with Student's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from actlab.statistics import Mean, Share, same_probability

# The 97.5 % point of the standard normal distribution, from a table.
Z = 1.959963984540054


def test_share_of_outcomes():
    share = Share.of(np.array([[True, False], [True, True]]))
    assert (share.count, share.n, share.value) == (3, 4, 0.75)


@pytest.mark.parametrize(("count", "n"), [(0, 10), (10, 10), (1, 2000), (437, 2000), (3, 7)])
def test_interval_is_wilsons(count, n):
    """Its ends are the two probabilities p whose distance from the share is z standard errors sqrt(p (1 - p) / n)."""
    share = Share(count, n)
    low, high = share.interval
    assert 0 <= low <= share.value <= high <= 1
    for end in (low, high):
        if 0 < end < 1:
            assert abs(share.value - end) == pytest.approx(Z * np.sqrt(end * (1 - end) / n), rel=1e-9)
    assert (low == pytest.approx(0, abs=1e-12)) == (count == 0)
    assert (high == pytest.approx(1, abs=1e-12)) == (count == n)


@pytest.mark.parametrize("p", [0.02, 0.2, 0.5, 0.93])
def test_interval_covers_the_probability_about_as_often_as_it_says(p, n=200):
    """Exact coverage: the probability of all counts whose interval holds p."""
    ends = [Share(count, n).interval for count in range(n + 1)]
    covered = sum(binom.pmf(count, n, p) for count, (low, high) in enumerate(ends) if low <= p <= high)
    assert 0.92 < covered < 0.98


def test_share_in_words():
    assert str(Share(437, 2000)) == "21.9% (437 of 2000; 95 % interval 20.1% to 23.7%)"


@pytest.mark.parametrize("outcomes", [[], [0, 1], [0.5], ["yes"]], ids=str)
def test_only_booleans_have_a_share(outcomes):
    with pytest.raises(ValueError, match=r"a share is taken of a non-empty array of booleans; got .* of size"):
        Share.of(outcomes)


def test_two_shares_are_compared_as_fisher_did():
    """The lady who named 3 of 4 cups right and so 1 of 4 wrong: 1 + 16 + 16 + 1 of 70 ways are as unlikely, or more."""
    assert same_probability(Share(3, 4), Share(1, 4)) == pytest.approx(34 / 70, rel=1e-12)
    assert same_probability(Share(4, 4), Share(0, 4)) == pytest.approx(2 / 70, rel=1e-12)
    assert same_probability(Share(5, 10), Share(5000, 10_000)) == pytest.approx(1)


@pytest.mark.parametrize("p", [0.03, 0.4, 0.76])
def test_equal_probabilities_are_seldom_told_apart(p, n=6, many=60):
    """Exact: the probability of all pairs of counts with a p-value of at most a."""
    counts, others = np.arange(n + 1), np.arange(many + 1)
    p_values = np.array(
        [[same_probability(Share(k, n), Share(m, many)) for m in others.tolist()] for k in counts.tolist()]
    )
    chance = np.outer(binom.pmf(counts, n, p), binom.pmf(others, many, p))
    for a in (0.001, 0.05, 0.5):
        assert 0 < chance[p_values <= a].sum() <= a


def test_mean_of_values():
    mean = Mean.of([1.0, 2.0, 6.0])
    assert (mean.value, mean.n) == (3.0, 3)
    # 97.5 % point of Student's t with two degrees of freedom, from a table.
    half = 4.302652729911275 * np.sqrt(7 / 3)
    assert mean.interval == pytest.approx((3 - half, 3 + half))


def test_mean_covers_the_expectation_about_as_often_as_it_says():
    """2000 samples of 10 normal values: Student's interval is exact for these."""
    samples = np.random.default_rng(0).normal(3, 2, size=(2000, 10))
    ends = np.array([Mean.of(sample).interval for sample in samples])
    low, high = Share.of((ends[:, 0] < 3) & (ends[:, 1] > 3)).interval
    assert low < 0.95 < high


def test_mean_in_words():
    assert f"{Mean.of([0.25, 0.5, 0.75]):.2f}" == "0.50 (n = 3; 95 % interval -0.12 to 1.12)"
    assert str(Mean.of([1.0, 1.0])) == "1 (n = 2; 95 % interval 1 to 1)"


@pytest.mark.parametrize("values", [[], [1.0], [1.0, np.nan], [[1.0, 2.0]]], ids=str)
def test_a_mean_wants_two_finite_numbers(values):
    with pytest.raises(ValueError, match="a mean is taken of two finite numbers or more, in one dimension; got"):
        Mean.of(values)
