"""All numbers of a format, and where its answers are lost."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import actlab
from actlab import experiments, figures
from actlab.experiments import SixteenBits, sixteen_bits

PRIME = "\N{PRIME}"


def made(computed, exact, format="float16", order=0):
    """A result with given answers at -4, -3, -2, -1, 1, 2, 3, 4."""
    x = np.array([-4.0, -3, -2, -1, 1, 2, 3, 4])
    return SixteenBits(actlab.relu, format, order, x, np.array(computed, float), np.array(exact, float))


@pytest.mark.parametrize(("format", "exponents", "digits"), [("float16", 5, 11), ("bfloat16", 8, 8)])
def test_all_numbers_are_tried(format, exponents, digits):
    x = sixteen_bits("relu", format).x
    # One exponent is left to infinity and nan; both zeros are among the rest.
    assert len(x) == 2 * (2**exponents - 1) * 2 ** (digits - 1)
    assert np.all(np.diff(x) >= 0)
    assert len(np.unique(x)) == len(x) - 1
    assert x[-1] == -x[0] == (2 - 2.0 ** (1 - digits)) * 2.0 ** (2 ** (exponents - 1) - 1)


@pytest.mark.parametrize("format", experiments.FORMATS)
def test_what_only_compares_is_right(format):
    for order in (0, 1):
        result = sixteen_bits("relu", format, order=order)
        normal = np.abs(result.x) >= 2.0**-126 if format == "bfloat16" else slice(None)  # TensorFlow makes others 0
        np.testing.assert_array_equal(result.computed[normal], result.exact[normal])
        assert result.right_to_the_ends
        assert repr(result) == f"relu{PRIME * order}, {format}: right to the ends"


def test_the_slope_of_the_sigmoid_is_lost_where_one_minus_s_is():
    # s rounds to 1 where 1 - s is below half a gap, 2^-digits / 2: at digits * log 2. Steps around it may be coarser.
    for format, digits in (("float16", 11), ("bfloat16", 8)):
        lost = sixteen_bits("sigmoid", format, order=1).lost_from(1)
        assert lost == pytest.approx(digits * np.log(2), abs=0.5)
        assert sixteen_bits("sigmoid", format, order=1).lost_from(-1) is None


def test_the_tanh_form_squares_its_input():
    result = sixteen_bits("gelu_tanh", "float16", order=1)
    assert result.nan_from(1) == -result.nan_from(-1) == 256  # the first whose square is above 65504


def test_the_loss_is_the_outermost_stretch():
    exact = np.ones(8)
    result = made([0, 0.4, 1, 0, 1, 0, 1.6, 0.5], exact)
    assert result.lost_from(-1) == -3
    assert result.lost_from(1) is None  # half is left at 4
    assert not result.right_to_the_ends
    assert made(np.zeros(8), exact).lost_from(1) == 1
    assert repr(result) == "relu, float16: lost from -3"


def test_nan_is_lost_and_told():
    result = made([1, 1, 1, 1, 1, 1, np.nan, np.nan], np.ones(8), order=1)
    assert (result.lost_from(1), result.nan_from(1), result.nan_from(-1)) == (3, 3, None)
    assert repr(result) == f"relu{PRIME}, float16: lost from 3 (nan)"
    # Also where the answer is too small to be held.
    assert made([np.nan] + [1] * 7, [0] + [1] * 7).nan_from(-1) == -4
    inside = made([1, 1, 1, 1, 1, np.nan, 1, 1], np.ones(8))
    assert (inside.lost_from(1), inside.right_to_the_ends) == (None, False)
    assert repr(inside) == "relu, float16: lost from 2 (nan at first)"
    assert repr(made([np.nan, 0, 1, 1, 1, 1, 1, 0], np.ones(8))) == "relu, float16: lost from -3 (nan from -4) and 4"


def test_answers_that_the_format_cannot_hold_do_not_count():
    exact = [1e-9, 1, 1, 1, 1, 1, 1, 1e6]
    computed = [0, 1, 1, 1, 1, 1, 1, np.inf]
    assert made(computed, exact).right_to_the_ends
    assert made(computed, exact, "bfloat16").lost_from(-1) == -4
    assert made(computed, exact, "bfloat16").lost_from(1) == 4


def test_an_unknown_format_or_side_is_refused():
    with pytest.raises(ValueError, match="format must be one of float16, bfloat16; got 'float32'"):
        sixteen_bits("relu", "float32")
    with pytest.raises(ValueError, match="sign must be 1 or -1; got 0"):
        made(np.ones(8), np.ones(8)).lost_from(0)


def test_tails_are_drawn_down_to_zero():
    results = [made([1] * 4 + [8, 4, 2, 0], [1] * 4 + [8, 4, 2, 1]), made([1] * 8, [1] * 8, "bfloat16")]
    figure, ax = plt.subplots()
    assert figures.tails(results, ax, low=0, high=10) is ax
    exact, first, second = ax.lines
    np.testing.assert_allclose(exact.get_ydata(), [8, 4, 2, 1], rtol=1e-4)
    np.testing.assert_allclose(first.get_ydata(), [8, 4, 2, 0], rtol=1e-4)
    assert [line.get_label() for line in ax.lines] == ["exact", "float16", "bfloat16"]
    assert first.get_marker() != second.get_marker()
    assert ax.get_ylim()[0] < 0
    plt.close(figure)


def test_of_many_numbers_some_are_drawn_with_both_ends():
    result = sixteen_bits("sigmoid", "float16", order=1)
    figure, ax = plt.subplots()
    figures.tails([result], ax, low=2.0, high=8.0)
    x = ax.lines[1].get_xdata()
    assert (len(x), x[0], x[-1]) == (200, 2.0, 8.0)
    plt.close(figure)


@pytest.mark.parametrize(("format", "digits"), [("float16", 11), ("bfloat16", 8)])
def test_a_sigmoid_flickers_between_two_powers_of_two(format, digits):
    # exp(x) has gaps of 2 from 2^digits on, and exp(x) + 1 is rounded to either side; from 2^(digits + 1) on to itself.
    result = sixteen_bits("sigmoid", format)
    zeros = result.x[(result.computed == 1) & (result.x > 0)]
    below = result.x[(result.computed < 1)]
    assert zeros[0] == pytest.approx(digits * np.log(2), abs=0.04)
    assert below[-1] == pytest.approx((digits + 1) * np.log(2), abs=0.04)
