"""What the kernels share: choices without jumps, and products whose rounding is known."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from actlab.functions.kernels import negative_part, patched, positive_part, product, quotient, select

SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 5e-324, -1.5, 1.5])
exponents = st.floats(-800, 800).filter(lambda x: abs(x) > 1e-200)
factors = st.floats(1e-3, 1e3)


@pytest.mark.parametrize("yes", [SPECIAL, 2.0, np.float64(-0.0)])
@pytest.mark.parametrize("no", [SPECIAL[::-1], np.inf, 7])
def test_select_chooses_like_where_in_every_bit(yes, no):
    condition = np.arange(8) % 3 == 0
    expected = np.where(condition, yes, no).astype(np.float64)
    np.testing.assert_array_equal(select(condition, yes, no).view(np.int64), expected.view(np.int64))


def test_select_takes_a_single_number_and_broadcasts():
    assert select(np.array(0.5) > 0, 1.0, 2.0) == 1.0
    choices = select(SPECIAL > 0, np.array([[1.0], [3.0]]), 2.0)
    np.testing.assert_array_equal(choices, np.where(SPECIAL > 0, np.array([[1.0], [3.0]]), 2.0))


def test_the_two_parts_add_up_to_every_bit_and_keep_nan():
    for x in (SPECIAL, np.tile(SPECIAL, 9), *SPECIAL.reshape(-1, 1)):
        total = positive_part(x) + negative_part(x)
        np.testing.assert_array_equal(total, x)
        np.testing.assert_array_equal(np.signbit(total[x == 0]), np.signbit(x[x == 0]))


def test_a_patch_is_computed_only_where_it_is_needed():
    x = np.arange(3.0)
    assert patched(x, x > 9, lambda: pytest.fail("computed for nothing")) is x
    np.testing.assert_array_equal(patched(x, x > 1, lambda: -x), [0, 1, -2])


@given(a=factors, x=exponents)
def test_a_product_and_what_it_leaves_are_the_product(a, x):
    nearest, rest = product(a, np.array(x))
    assume(abs(nearest) < 2000)
    exact = Fraction(a) * Fraction(x)
    assert nearest == float(exact)
    assert abs(Fraction(float(nearest)) + Fraction(float(rest)) - exact) <= abs(exact) * Fraction(2) ** -100


@given(a=factors, x=exponents)
def test_a_quotient_and_what_it_leaves_are_the_quotient(a, x):
    nearest, rest = quotient(np.array(x), a)
    assume(abs(nearest) < 2000)
    exact = Fraction(x) / Fraction(a)
    assert nearest == float(exact)
    assert abs(Fraction(float(nearest)) + Fraction(float(rest)) - exact) <= abs(exact) * Fraction(2) ** -100


def test_what_is_left_is_a_small_number_even_beyond_the_largest():
    x = np.array([np.inf, -np.inf, 1e308, -1e308, 5e-324, 0.0])
    for a in (1e-320, 5e-324, 0.3, 1e300):
        with np.errstate(all="ignore"):  # as the record calls its kernels
            rests = product(a, x)[1], quotient(x, a)[1]
        assert (np.abs(rests) < 1e-12).all()
