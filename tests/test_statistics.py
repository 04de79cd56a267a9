"""Shares with Wilson's interval, means with Student's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from actlab.statistics import Mean, Paired, Quantile, Share, holm, same_probability

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


def test_a_design_effect_by_hand():
    """Four trials in two groups of opposite outcomes: counts of 2 and 0, where 1 is expected with a variance of 1/2."""
    share = Share.of(np.array([True, False, False, True]), groups=np.array([7, 3, 3, 7]))
    # Squared deviations 1 + 1, times 2 / (2 - 1) for the share that was estimated, over n p (1 - p) = 1.
    assert (share.count, share.n, share.design_effect) == (2, 4, 4.0)


def test_the_interval_of_grouped_trials_is_that_of_as_many_independent_ones_as_they_are_worth():
    assert Share(300, 1000, design_effect=2.5).interval == pytest.approx(Share(120, 400).interval, rel=1e-12)
    assert Share(0, 1000, design_effect=2.0).interval == pytest.approx(Share(0, 500).interval, rel=1e-12)


def test_groups_that_are_alike_show_no_effect():
    outcomes = np.array([True, False] * 4)
    assert Share.of(outcomes, groups=[0, 0, 1, 1] * 2) == Share.of(outcomes)


@pytest.mark.parametrize(
    ("outcomes", "groups", "together"),
    [([True, False] * 4, [0] * 8, 8), ([True] * 8, [0, 1] * 4, 4), ([False] * 8, [0, 0, 0, 3, 3, 3, 5, 5], 8 / 3)],
    ids=["one group", "all", "none"],
)
def test_what_cannot_be_measured_is_supposed(outcomes, groups, together):
    """With nothing to compare, groups are the trials, unless the caller knows that they have little in common."""
    count, n = sum(outcomes), len(outcomes)
    assert Share.of(np.array(outcomes), groups=groups) == Share(count, n, together)
    assert Share.of(np.array(outcomes), groups=groups, supposed=1.0) == Share(count, n)


def test_what_is_measured_is_not_supposed():
    outcomes, groups = np.array([True, False, False, True]), np.array([7, 3, 3, 7])
    assert Share.of(outcomes, groups=groups, supposed=1.0) == Share.of(outcomes, groups=groups)


def test_none_of_many_groups_that_are_alike_throughout_covers():
    """Exact: 0 of 200 groups of 16 is as likely as 0 of 200 trials, so of n / 16 the upper end must be that of 200."""
    share = Share.of(np.zeros(3200, bool), groups=np.repeat(np.arange(200), 16))
    assert share.interval == pytest.approx(Share(0, 200).interval, rel=1e-12)


SIMULATIONS = 1500


def grouped_shares(p, effect, sizes, seed=5):
    """Shares of ``SIMULATIONS`` experiments whose groups have probabilities of their own, about p (beta-binomial).

    Two trials of a group of m have the correlation rho, and the variance of the share 1 + (m - 1) rho times that of
    independent trials.
    """
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    rho = (effect - 1) / (np.sum(np.square(sizes)) / len(groups) - 1)
    found = []
    for _ in range(SIMULATIONS):
        own = (
            rng.beta(p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho, size=len(sizes)) if rho else np.full(len(sizes), p)
        )
        found.append(Share.of(rng.random(len(groups)) < own[groups], groups=groups))
    return found


def covered(shares, p):
    """How often the interval holds p."""
    return Share.of(np.array([low <= p <= high for low, high in (share.interval for share in shares)]))


@pytest.mark.parametrize("sizes", [[256] * 40, [256] * 20 + [100] * 20], ids=["equal groups", "two sizes"])
@pytest.mark.parametrize("p", [0.05, 0.4])
def test_a_known_design_effect_is_found_and_the_interval_covers(p, sizes):
    """1500 experiments with an effect of 3: without it the intervals cover in about 74 % of them.

    With 40 groups the estimate varies by about a quarter, so that its mean is known to 1 %; the coverage of the
    95 % interval must agree with 93 to 96 % on a level of 95 %.
    """
    shares = grouped_shares(p, 3.0, sizes)
    effects = np.array([share.design_effect for share in shares])
    assert abs(effects.mean() - 3.0) < 4 * effects.std() / np.sqrt(SIMULATIONS)
    low, high = covered(shares, p).interval
    assert low < 0.96 and high > 0.93
    assert covered([Share(share.count, share.n) for share in shares], p).value < 0.8


def test_independent_trials_lose_little_by_groups():
    """The effect is never taken below 1, so that its mean is a little above: intervals are wider by 4 %."""
    shares = grouped_shares(0.3, 1.0, [256] * 40)
    assert 1.0 < np.mean([share.design_effect for share in shares]) < 1.12
    low, high = covered(shares, 0.3).interval
    assert low < 0.965 and high > 0.945


@pytest.mark.parametrize("groups", [np.zeros(3), np.zeros((4, 1)), 5], ids=np.shape)
def test_groups_are_given_for_every_outcome(groups):
    with pytest.raises(ValueError, match=r"groups must give a number for each of \(4,\) outcomes; got"):
        Share.of(np.array([True, False, True, True]), groups=groups)


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


@pytest.mark.parametrize("level", [0.25, 0.5, 0.9])
def test_a_quantile_has_the_share_below_it_that_it_says(level):
    values = np.random.default_rng(1).exponential(size=1001)
    quantile = Quantile.of(values, level)
    assert np.sum(values < quantile.value) == np.floor(1001 * level)
    assert (quantile.n, quantile.level) == (1001, level)
    # Woodruff's ends: values between which lie as many as Wilson's interval of the share spans.
    low, high = Share(1001 * level, 1001).interval
    assert np.mean(values <= quantile.low) == pytest.approx(low, abs=1 / 1001)
    assert np.mean(values <= quantile.high) == pytest.approx(high, abs=1 / 1001)


def test_a_quantile_is_printed_with_its_interval():
    median = Quantile.of(np.arange(1.0, 101.0))
    assert f"{median:.1f}" == f"50.0 ({median.low:.1f} to {median.high:.1f})"
    assert median.low < 50 < median.high


@pytest.mark.parametrize(("level", "n"), [(0.5, 50), (0.25, 200), (0.5, 2001), (0.75, 2000)])
def test_a_quantile_covers_about_as_often_as_it_says(level, n):
    """Exact coverage: the interval's ends have ranks, and the values below the true quantile are binomial."""
    quantile = Quantile.of(np.arange(1, n + 1), level)
    below, above = binom.cdf([quantile.low - 1, quantile.high - 1], n, level)
    assert 0.92 < above - below < 0.975


def test_values_that_depend_on_each_other_widen_a_quantile():
    values = np.arange(400.0)
    alone, grouped = Quantile.of(values), Quantile.of(values, design_effect=4.0)
    assert alone.value == grouped.value
    assert grouped.high - grouped.low == pytest.approx(2 * (alone.high - alone.low), rel=0.05)


def test_infinity_is_a_value():
    quantile = Quantile.of([1.0, 2.0, np.inf, np.inf, np.inf])
    assert (quantile.low, quantile.value, quantile.high) == (1.0, np.inf, np.inf)


def test_what_has_no_quantile_is_refused():
    for values in ([], [1.0, np.nan], [[1.0, 2.0]]):
        with pytest.raises(ValueError, match="a quantile is taken of numbers in one dimension, one at least; got"):
            Quantile.of(values)
    for level in (0, 1.0, np.nan):
        with pytest.raises(ValueError, match="level must be between 0 and 1; got"):
            Quantile.of([1.0, 2.0], level)


def signed_rank_p_value(differences):
    """By trying all signs: how often the sum of the ranks of positive ones is as far from its mean."""
    sizes = np.abs(differences)
    ranks = np.argsort(np.argsort(sizes)) + 1
    signs = np.array(np.meshgrid(*[[0, 1]] * len(sizes))).reshape(len(sizes), -1)
    middle = ranks.sum() / 2
    return np.mean(np.abs(ranks @ signs - middle) >= abs(ranks[differences > 0].sum() - middle))


@pytest.mark.parametrize("seed", range(4))
def test_pairs_are_compared_by_wilcoxons_signed_ranks(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(2, 10)) + np.array([[0.5], [0.0]])
    found = Paired.of(first, second)
    assert found.p_value == pytest.approx(signed_rank_p_value(first - second))
    assert (found.better, found.worse) == (np.sum(first > second), np.sum(first < second))
    assert found.difference.value == pytest.approx(np.mean(first) - np.mean(second))
    assert found.effect == pytest.approx(np.mean(first - second) / np.std(first - second, ddof=1))
    assert Paired.of(second, first).p_value == found.p_value


def test_pairs_without_a_difference_show_none():
    values = np.array([0.1 + 0.2, 0.7])
    found = Paired.of(values, [0.3, 0.7])  # one bit apart is rounding
    assert (found.better, found.worse, found.p_value, found.effect) == (0, 0, 1.0, 0.0)


@pytest.mark.parametrize("scale", [2.0**-400, 2.0**-43, 2.0**40, 2.0**400])
def test_what_is_rounding_depends_on_the_size_of_the_values(scale):
    first, second = np.random.default_rng(0).normal(size=(2, 10))
    found, scaled = (Paired.of(by * np.append(first, 0.3), by * np.append(second, 0.1 + 0.2)) for by in (1.0, scale))
    assert (scaled.better, scaled.worse, scaled.p_value) == (found.better, found.worse, found.p_value)
    assert scaled.better + scaled.worse == 10
    assert scaled.effect == pytest.approx(found.effect, rel=1e-9)


@pytest.mark.parametrize("wrong", [np.inf, np.nan])
def test_pairs_are_of_finite_numbers(wrong):
    with pytest.raises(ValueError, match="finite numbers"):
        Paired.of([1.0, wrong, 2.0], [1.0, wrong, 3.0])


def test_pairs_must_be_pairs():
    with pytest.raises(ValueError, match=r"as many first as second values; got \(2,\) and \(3,\)"):
        Paired.of([1, 2], [1, 2, 3])


def test_holm_multiplies_the_smallest_by_the_number_of_tests():
    assert holm([0.04, 0.001, 0.5, 0.03]) == pytest.approx([0.09, 0.004, 0.5, 0.09])
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])
    assert holm([]).size == 0


def test_holm_rarely_believes_what_is_not_so():
    """Of 20 tests of nothing at least one looks significant in 64 % of cases, and after the correction in 5 %."""
    p_values = np.random.default_rng(0).uniform(size=(2000, 20))
    believed = Share.of(np.array([holm(row).min() <= 0.05 for row in p_values]))
    low, high = believed.interval
    assert low < 1 - (1 - 0.05 / 20) ** 20 < high


@pytest.mark.parametrize("wrong", [[1.2], [np.nan], [[0.5]]])
def test_holm_refuses_what_is_no_probability(wrong):
    with pytest.raises(ValueError, match="p-values are numbers from 0 to 1 in one dimension; got"):
        holm(wrong)
