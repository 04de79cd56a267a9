"""The experiments of the chapter on hard functions: few bits, and shrinkage of noisy signals."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import integrate, stats

import actlab
from actlab import experiments, figures
from actlab.experiments import quantise

# --- Few bits ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "low", "high"), [(1, 0.0, 1.0), (3, -1.0, 2.5), (8, 0.0, 6.0)])
def test_a_number_goes_to_the_nearest_level_and_levels_stay(bits, low, high):
    levels = np.linspace(low, high, 2**bits)
    x = np.random.default_rng(0).uniform(low - 1, high + 1, 500)
    nearest = levels[np.abs(x[:, np.newaxis] - levels).argmin(axis=1)]
    np.testing.assert_allclose(quantise(x, bits, low, high), nearest, atol=1e-12)
    np.testing.assert_allclose(quantise(levels, bits, low, high), levels, atol=1e-12)


@pytest.mark.parametrize(("low", "high"), [(1.0, 1.0), (2.0, 1.0), (0.0, np.inf), (np.nan, 1.0)])
def test_levels_need_a_finite_range(low, high):
    with pytest.raises(ValueError, match="low and high must be finite numbers, low below high; got"):
        quantise([0.5], 8, low, high)


def test_the_error_is_a_step_over_the_root_of_twelve():
    found = experiments.quantisation_errors("identity", samples=20_000, repeats=5)
    steps = found.ranges / (2.0 ** np.array(found.bits)[:, np.newaxis] - 1)
    np.testing.assert_allclose(found.errors, steps / np.sqrt(12), rtol=0.05)
    assert found.divided_by == pytest.approx(((2**8 - 1) / (2**3 - 1)) ** (1 / 5), rel=0.01)
    assert "of 5 repeats:" in repr(found)


def test_one_outlier_widens_the_range_of_a_function_without_a_ceiling():
    relu, relu6 = (experiments.quantisation_errors(name, outlier=60.0, repeats=5) for name in ("relu", "relu6"))
    assert set(relu.ranges) == {60.0}
    assert set(relu6.ranges) == {6.0}
    np.testing.assert_array_less(relu6.errors * 2, relu.errors)


@pytest.mark.parametrize("bits", [(8,), (8, 4), (4, 4)])
def test_bits_are_compared_in_ascending_order(bits):
    with pytest.raises(ValueError, match="bits must be at least two ascending whole numbers; got"):
        experiments.quantisation_errors("relu", bits=bits)


def test_the_median_error_is_drawn_over_the_bits():
    _, ax = plt.subplots()
    found = experiments.quantisation_errors("relu6", repeats=9)
    figures.quantisation_errors([found], ax)
    np.testing.assert_allclose(ax.get_lines()[0].get_ydata(), np.median(found.errors, axis=1), atol=1e-5)
    plt.close("all")


# --- Denoising --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["soft_shrink", "hard_shrink"])
def test_the_error_is_the_expected_one(name):
    shrink, threshold = actlab.get(name).with_params(threshold=1.5), 1.5

    def risk(value):
        points = [p for p in (-threshold - value, threshold - value) if abs(p) < 12]
        return integrate.quad(
            lambda z: (shrink(value + z) - value) ** 2 * stats.norm.pdf(z), -12, 12, points=points, limit=200
        )[0]

    found = experiments.denoise(name, (threshold,), size=100, large=30, height=2.0, repeats=4000, seed=1)
    mean, half = found.mean_error(0)
    assert half < 0.01
    assert mean == pytest.approx(0.3 * risk(2.0) + 0.7 * risk(0.0), abs=2 * half)


def test_a_threshold_of_almost_nothing_leaves_the_noise_and_a_huge_one_the_signal():
    found = experiments.denoise("hard_shrink", (1e-9, 1.0, 50.0), size=50, large=10, height=3.0, repeats=2000)
    assert found.errors[0].mean() == pytest.approx(found.noise, rel=0.02)
    np.testing.assert_allclose(found.errors[2], 9 * 10 / 50)
    assert found.best in (1e-9, 1.0, 50.0)
    assert found.errors.mean(axis=1).min() == found.errors[list(found.thresholds).index(found.best)].mean()
    assert "2000 signals" in repr(found)


def test_what_has_no_threshold_or_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="needs an activation with the parameter threshold; got tanh_shrink"):
        experiments.denoise("tanh_shrink", (1.0,))
    with pytest.raises(ValueError, match="large must be at most size; got 11 of 10"):
        experiments.denoise("soft_shrink", (1.0,), size=10, large=11)


def test_the_mean_error_is_drawn_over_the_threshold():
    _, ax = plt.subplots()
    found = experiments.denoise("soft_shrink", (1.0, 2.0), repeats=5)
    figures.denoising([found], ax)
    np.testing.assert_allclose(ax.get_lines()[0].get_ydata(), found.errors.mean(axis=1), atol=1e-5)
    np.testing.assert_array_equal(ax.get_lines()[-1].get_ydata(), [1.0, 1.0])
    plt.close("all")
