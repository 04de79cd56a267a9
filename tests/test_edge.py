"""What the chapter on floating point rests on: that an edge is the edge, and an error the error."""

from __future__ import annotations

import matplotlib.pyplot as plt
import mpmath
import numpy as np
import pytest
from ml_dtypes import bfloat16

import actlab
from actlab import experiments, figures, formulas
from actlab.experiments import first_float, relative_errors, train_sure_unit
from tests.test_exercises import run

CHAPTER = "practice/numbers-at-the-edge.ipynb"


def slope_of_the_answer(x):
    """The slope of the sigmoid from its own value, as frameworks compute it."""
    s = actlab.sigmoid(x)
    return s * (1 - s)


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


# --- The first float -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, bfloat16])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("threshold", [0.0, 3e-7, 0.3, 1.0, 1.01, 250.0])
def test_the_first_float_is_the_one_that_a_walk_through_all_finds(dtype, sign, threshold):
    infinity = np.array(np.inf, dtype).view(np.uint16)
    every = np.arange(infinity, dtype=np.uint16).view(dtype) * np.array(sign, dtype)

    def holds(x):
        return abs(float(x)) > threshold

    found = first_float(holds, every[0], every[-1], dtype)
    assert found == next(x for x in every if holds(x))
    assert found.dtype == every.dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_search_ends_between_neighbours_after_as_many_tests_as_bits(dtype):
    tested = []

    def holds(x):
        tested.append(x)
        return x * x > 2

    found = first_float(holds, 1e-15, 1e15, dtype)
    assert found * found > 2 >= np.nextafter(found, dtype(0)) ** 2
    assert len(tested) <= 8 * found.itemsize + 2


def test_the_search_goes_downwards_too():
    found = first_float(lambda x: np.exp(x) == 0, -1, -1000)
    assert np.exp(found) == 0 < np.exp(np.nextafter(found, 0))


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        (-1, 1, "of the same sign; got -1 and 1"),
        (0, np.nan, "of the same sign; got 0 and nan"),
        (1, 2, "false at low and true at high; it is not at 1 and 2"),
        (6, 7, "false at low and true at high; it is not at 6 and 7"),
    ],
)
def test_ends_without_an_edge_between_them_are_refused(low, high, message):
    with pytest.raises(ValueError, match=message):
        first_float(lambda x: x > 5, low, high)


# --- Relative errors -------------------------------------------------------------------------------------------------


def test_errors_are_taken_with_the_digits_of_the_exact_values():
    with mpmath.workdps(50):
        third = mpmath.mpf(1) / 3
    found = relative_errors([1 / 3, 0.0, 0.5, np.float32(1 / 3), np.nan], [third] * 5)
    # 1/3 is rounded down by 2^-54 of itself, as a float32 up by 2^-25 of itself.
    np.testing.assert_allclose(found, [2.0**-54, 1, 0.5, 2.0**-25, np.nan], rtol=1e-12)


def test_an_error_relative_to_nothing_is_refused():
    with pytest.raises(ValueError, match="exact values other than 0"):
        relative_errors([0.0], [mpmath.mpf(0)])


def test_every_value_has_an_exact_one():
    with pytest.raises(ValueError, match="shorter"):
        relative_errors([1.0, 2.0], [mpmath.mpf(1)])


# --- The unit that is sure and wrong ---------------------------------------------------------------------------------


def test_the_unit_is_trained_by_adam():
    """Against the sums that Adam's recursions stand for, in float64."""
    result = train_sure_unit(actlab.sigmoid.derivative, start=2.0, steps=40, learning_rate=0.05)
    assert result.pre_activations.dtype == np.float32
    z, gradients = 2.0, []
    for step in range(1, 41):
        gradients.append(2 * actlab.sigmoid(z) * actlab.sigmoid.derivative(z))
        age = np.arange(step)[::-1]
        mean = np.average(gradients, weights=0.9**age)
        square = np.average(np.square(gradients), weights=0.999**age)
        z -= 0.05 * mean / (np.sqrt(square) + 1e-8)
        assert result.pre_activations[step] == pytest.approx(z, abs=1e-5)


def test_a_slope_of_0_holds_the_unit_for_ever_and_the_true_one_lets_it_go():
    stuck, free = (train_sure_unit(slope) for slope in (slope_of_the_answer, actlab.sigmoid.derivative))
    assert np.all(stuck.pre_activations == 20) and stuck.turned is None
    assert repr(stuck).endswith("below 1/2 never")
    assert free.pre_activations[free.turned] < 0 <= free.pre_activations[free.turned - 1]
    assert f"after {free.turned} steps" in repr(free)


def test_below_the_edge_both_slopes_let_the_unit_go():
    assert train_sure_unit(slope_of_the_answer, start=10.0).turned is not None


def test_a_training_takes_a_step():
    with pytest.raises(ValueError, match="steps must be a whole number of 1 or more; got 0"):
        train_sure_unit(actlab.sigmoid.derivative, steps=0)


# --- The figures -----------------------------------------------------------------------------------------------------


def test_the_line_has_a_tick_at_every_float_of_the_format(ax):
    """float16 has 11 digits."""
    figures.number_line(11, (-1, 1), 1.0004, ax)
    ticks = [path.vertices[0, 0] for path in ax.collections[0].get_paths()]
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    assert ticks == sorted(every[(every >= 0.5) & (every <= 2)])
    assert ax.texts[0].xy[0] == np.float16(1.0004)


def test_the_largest_error_of_each_window_is_drawn(ax):
    x = np.arange(120.0)
    naive, repaired = np.full(120, 1e-4), np.zeros(120)
    naive[41] = 1.0
    figures.lost_digits(x, naive, repaired, ax, color="C0")
    expected = np.full(60, 1e-4)
    expected[20] = 1
    np.testing.assert_allclose(ax.lines[0].get_ydata(), expected)
    assert ax.lines[0].get_xdata()[20] == 40.5
    assert np.all(ax.lines[1].get_ydata() == ax.get_ylim()[0])
    assert [line.get_linestyle() for line in ax.lines] == ["--", "-"]


def test_the_paths_are_the_pre_activations(ax):
    paths = [train_sure_unit(slope, steps=5) for slope in (slope_of_the_answer, actlab.sigmoid.derivative)]
    figures.unit_paths(*paths, ax, color="C0")
    for line, path in zip(ax.lines[1:], paths, strict=True):
        np.testing.assert_allclose(line.get_ydata(), path.pre_activations, atol=0.005)


# --- The exercises ---------------------------------------------------------------------------------------------------

NAMES = {"formulas": formulas, "relative_errors": experiments.relative_errors}
STABLE = "np.log1p(np.exp(-np.abs(x)))"


@pytest.mark.parametrize(
    ("cell", "naive", "answer", "said"),
    [
        ("softplus", "np.log(1 + np.exp(x))", "np.log(1 + np.exp(x))", "not yet: wrong at [-700.  -40.  800.]"),
        ("softplus", "np.log(1 + np.exp(x))", "np.maximum(x, 0) + np.log(1 + np.exp(-np.abs(x)))", "not yet"),
        ("softplus", "np.log(1 + np.exp(x))", f"np.maximum(x, 0) + {STABLE}", "right"),
        ("loss", "np.log(1 - s)", "np.log(1 / (1 + np.exp(x)))", "not yet"),
        ("loss", "np.log(1 - s)", f"-np.maximum(x, 0) - {STABLE}", "right"),
        (
            "sum",
            "np.log(np.exp(z).sum())",
            "z.max() + np.log(np.exp(z - z.max()).sum())",
            "not yet: wrong at [  0. -40.]",
        ),
        ("sum", "np.log(np.exp(z).sum())", "z.max() + np.log1p(np.exp(z.min() - z.max()))", "right"),
        ("silu", "x / (1 + np.exp(-x))", "x * np.exp(x) / (1 + np.exp(x))", "not yet: wrong at"),
        ("silu", "x / (1 + np.exp(-x))", "actlab.silu(x.astype(float))", "not yet: in float64"),
        (
            "silu",
            "x / (1 + np.exp(-x))",
            "np.where(x < 0, x * np.exp(-np.abs(x) / 2) * np.exp(-np.abs(x) / 2), x) / (1 + np.exp(-np.abs(x)))",
            "right",
        ),
        ("mish", "x * np.tanh(np.log(1 + np.exp(x)))", "actlab.mish(x.astype(float))", "not yet: the answers must"),
        (
            "mish",
            "def mish(x):\n    return x * np.tanh(np.log(1 + np.exp(x)))",
            "def mish(x):\n    w = x.astype('f4')\n    return (w * np.tanh(np.log(1 + np.exp(w)))).astype('f2')",
            "not yet: 1",
        ),
        (
            "mish",
            "def mish(x):\n    return x * np.tanh(np.log(1 + np.exp(x)))",
            "def mish(x):\n    w = x.astype('f4')\n    return (w * np.tanh(np.log1p(np.exp(w)))).astype('f2')",
            "right",
        ),
        (
            "mish",
            "def mish(x):\n    return x * np.tanh(np.log(1 + np.exp(x)))",
            "def mish(x):\n    w = x.astype(float)\n    return (w * np.tanh(np.log1p(np.exp(w)))).astype('f2')",
            "right",
        ),
    ],
)
def test_an_exercise_takes_a_repair_and_nothing_less(cell, naive, answer, said, capsys):
    with np.errstate(all="ignore"):  # as the chapter sets it
        assert run(CHAPTER, f"exercise-{cell}", capsys, (naive, answer), **NAMES).startswith(said)
