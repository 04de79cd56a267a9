"""Value, first and second derivative of every elementwise activation, against its formula at 50 digits."""

import itertools
import warnings

import mpmath
import numpy as np
import pytest
import sympy
from sympy.core.relational import Relational

import actlab
from actlab import formulas
from actlab.core import Elementwise
from tests.cases import (
    DTYPES,
    ELEMENTWISE,
    LARGEST,
    ORDERS,
    SMALLEST,
    accepts,
    each_dtype,
    each_elementwise,
    each_order,
    evaluator,
    exact,
    points,
)

FAR = 1e300
SPECIAL = [np.nan, np.inf, -np.inf, LARGEST, -LARGEST, SMALLEST, -SMALLEST, 0.0, -0.0]


def in_last_places(case, order):
    """Say whether errors are counted in units of the last place alone: of values, and of derivatives without a root.

    A root at 0 is none here, as 0 and its neighbours are exact numbers of every dtype. The sign of the values tells.
    """
    x, values = exact(actlab.get(case.name), order)
    left, right = (
        {value > 0 for at, value in zip(x, values, strict=True) if value and at * side > 0} for side in (-1, 1)
    )
    return order == 0 or len(left) <= 1 >= len(right)


def bound(case, order, dtype=np.float64):
    """Return the largest error accepted, in the units of ``errors``."""
    if dtype != np.float64:
        return 0.6
    if order == 0:
        return 5 if case.name == "gelu" else 4
    return 5 if in_last_places(case, order) else (6, 8)[order - 1]


def ulp(values, dtype):
    """Return the distance of neighbouring numbers of the dtype at each value; it is never less than its smallest."""
    limits = np.finfo(dtype)
    magnitude = np.array([float(min(abs(value), limits.max)) for value in values])
    exponent = np.where(magnitude == 0, limits.minexp, np.frexp(magnitude)[1] - 1)
    return np.ldexp(1.0, np.maximum(exponent, limits.minexp) - limits.nmant)


def errors(case, order, x, values, slopes):
    """Return the errors at the array x, given exact values and slopes, in units of what rounding costs anyway.

    That is the rounding of the result; near a root of a derivative, where no digit of the result is safe, that of the
    input counts too. float32 and float16 are computed in float64, where their input is as good as exact.
    """
    computed = evaluator(case, order)(x)
    assert computed.dtype == x.dtype
    exact_input = x.dtype != np.float64 or in_last_places(case, order)
    steps = np.zeros(len(x)) if exact_input else ulp(x, x.dtype) / 2
    # Infinity stands for the first number that is too large: the right answer to every value that rounds to it.
    too_large = mpmath.ldexp(1, int(np.finfo(x.dtype).maxexp))
    columns = zip(computed.tolist(), values, slopes, ulp(values, x.dtype).tolist(), steps.tolist(), strict=True)
    return [
        float(abs(clip(got, too_large) - clip(value, too_large)) / (unit + step * abs(slope)))
        for got, value, slope, unit, step in columns
    ]


def clip(value, limit):
    """Return the number nearest to the value from -limit to limit."""
    return max(-limit, min(limit, value))


@each_dtype
@each_order
@each_elementwise
def test_the_result_is_as_exact_as_the_input_allows(case, order, dtype):
    x, values = exact(case, order, dtype)
    _, slopes = exact(case, order + 1) if dtype == np.float64 else (x, values)
    found = errors(case, order, x, values, slopes)
    worst = int(np.argmax(found))
    assert found[worst] <= bound(case, order, dtype), f"error at x = {x[worst]!r}"


@each_dtype
@each_order
@each_elementwise
def test_a_result_too_small_for_the_dtype_keeps_its_sign(case, order, dtype):
    x, values = exact(case, order, dtype)
    computed = evaluator(case, order)(x)
    vanished = [bool(got == 0 and value != 0) for got, value in zip(computed, values, strict=True)]
    expected = [value < 0 for value in values]
    np.testing.assert_array_equal(np.signbit(computed[vanished]), np.array(expected)[vanished])


@each_order
@each_elementwise
def test_every_float16_is_the_rounded_float64(case, order):
    x = np.arange(2**16, dtype=np.uint16).view(np.float16)
    f = evaluator(case, order)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        expected = f(x.astype(np.float64)).astype(np.float16)
    np.testing.assert_array_equal(f(x), expected)


@each_order
@pytest.mark.parametrize("record", [r for r in actlab.ACTIVATIONS.values() if isinstance(r, Elementwise)], ids=repr)
def test_a_million_float32_are_the_rounded_float64(record, order):
    x = np.random.default_rng(0).integers(0, 2**32, 2**20, dtype=np.uint32).view(np.float32)
    f = evaluator(record, order)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        expected = f(x.astype(np.float64)).astype(np.float32)
    np.testing.assert_array_equal(f(x), expected)


@each_order
@each_elementwise
def test_a_kink_has_the_value_of_its_declared_side(case, order):
    for kink, side in case.kinks.items():
        beside = np.nextafter(kink, -np.inf if side == "left" else np.inf)
        (limit,) = formulas.exact(case, [beside], order)
        assert evaluator(case, order)(kink) == pytest.approx(float(limit), rel=1e-15, abs=1e-300), f"kink {kink}"


@pytest.mark.parametrize("record", [r for r in actlab.ACTIVATIONS.values() if isinstance(r, Elementwise)], ids=repr)
def test_kinks_are_declared_where_the_formula_jumps_and_nowhere_else(record):
    x = sympy.Symbol("x", real=True)
    conditions = formulas.expression(record).atoms(Relational)
    seams = {seam for condition in conditions for seam in sympy.solve(condition.lhs - condition.rhs, x)}
    cases = [case for case in ELEMENTWISE if case.name == record.name]

    def place(seam, case):
        symbols = {sympy.Symbol(p.symbol, real=True): case.values[name] for name, p in case.parameters.items()}
        return float(seam.subs(symbols))

    jumps = set()
    for case, seam in itertools.product(cases, seams):
        sides = [np.nextafter(place(seam, case), -np.inf), np.nextafter(place(seam, case), np.inf)]
        for order in ORDERS:
            left, right = formulas.exact(case, sides, order)
            if abs(left - right) > 1e-9:
                jumps.add(seam)
    for case in cases:
        assert set(case.kinks) == {place(seam, case) for seam in jumps}


@each_dtype
@each_elementwise
def test_the_sign_of_zero_is_kept_where_the_function_passes_through_the_origin(case, dtype):
    (value,), (slope,) = formulas.exact(case, [0.0]), formulas.exact(case, [0.0], 1)
    if value == 0 and slope != 0:
        assert np.signbit(case(dtype(-0.0))) == (slope > 0)
        assert np.signbit(case(dtype(0.0))) == (slope < 0)
    assert case(dtype(-0.0)) == case(dtype(0.0))
    # A float64 result may be the neighbour, where the value lies between two numbers.
    off = 0 if value == float(value) or dtype != np.float64 else np.spacing(abs(float(value)))
    assert abs(case(dtype(0.0)) - dtype(float(value))) <= off


@each_dtype
@each_order
@each_elementwise
def test_infinity_gives_the_limit(case, order, dtype):
    for infinity in (np.inf, -np.inf):
        halfway, far = formulas.exact(case, np.copysign([np.sqrt(FAR), FAR], infinity), order)
        limit = float(far)
        if abs(far) > 10 * abs(halfway):  # still growing
            limit = np.copysign(np.inf, limit)
        elif abs(far) < abs(halfway) / 10:  # still on its way to 0
            limit = 0.0
        assert evaluator(case, order)(dtype(infinity)) == dtype(limit), f"at {infinity}"


@each_dtype
@each_order
@each_elementwise
def test_nan_gives_nan(case, order, dtype):
    f = evaluator(case, order)
    assert np.isnan(f(dtype(np.nan)))
    np.testing.assert_array_equal(np.isnan(f(np.array([1, np.nan, -1], dtype))), [False, True, False])


@each_dtype
@each_order
@each_elementwise
def test_no_input_raises_a_warning_or_changes_how_numpy_warns(case, order, dtype):
    with np.errstate(all="ignore"):
        x = np.concatenate([points(case), SPECIAL]).astype(dtype)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        before = np.geterr()
        evaluator(case, order)(x)
        for number in x[-len(SPECIAL) :]:
            evaluator(case, order)(number)
        assert np.geterr() == before


@each_order
@pytest.mark.parametrize(
    "record", [r for r in actlab.ACTIVATIONS.values() if isinstance(r, Elementwise) and r.parameters], ids=repr
)
def test_values_beyond_the_ends_are_as_exact(record, order):
    x = np.concatenate([np.linspace(-9, 9, 54), [-300.1, 300.1, *record.kinks]])
    for name, param in record.parameters.items():
        for value in (param.low - 1.7, param.low / 1e6, param.high * 1.7, param.high + 17, param.high * 1e6):
            if accepts(param, value):
                case = record.with_params(**{name: value})
                found = errors(case, order, x, *(formulas.exact(case, x, n) for n in (order, order + 1)))
                assert max(found) <= bound(case, order), case


@each_order
@each_elementwise
def test_a_parameter_takes_every_accepted_value_without_losing_nan_or_inf(case, order):
    x = np.array([0.0, -0.0, 1.0, -1.0, LARGEST, -LARGEST, SMALLEST, -SMALLEST, np.inf, -np.inf])
    for name, param in case.parameters.items():
        for value in (0.0, SMALLEST, 1e-300, 1e300, LARGEST, -1.0):
            if accepts(param, value):
                result = evaluator(case, order)(x, **{name: value})
                assert not np.isnan(result).any(), f"{name} = {value}"


# Inputs at which a widely used library or the textbook formula gets half of the digits wrong, or all (issue trackers of
# PyTorch, TensorFlow and JAX). What is right is asked of the formula.
HARD_INPUTS = [
    ("gelu", 0, np.float32, -5.5),
    ("gelu", 0, np.float32, -6.0),
    ("gelu", 0, np.float64, -9.0),
    ("gelu", 0, np.float64, 1.0),
    ("gelu", 0, np.float64, -3.0),
    ("gelu", 0, np.float64, -37.0),
    ("gelu_tanh", 0, np.float32, -6.0),
    ("gelu_tanh", 0, np.float64, -8.0),
    ("gelu_tanh", 1, np.float64, 1e200),
    ("silu", 0, np.float32, -88.75),
    ("silu", 0, np.float64, -744.0),
    ("silu", 1, np.float64, -709.0),
    ("silu", 1, np.float32, -90.0),
    ("sigmoid", 1, np.float64, 37.429947750237048),
    ("sigmoid", 1, np.float32, 17.5),
    ("tanh", 1, np.float64, 19.0625),
    ("tanh", 1, np.float32, 10.0),
    ("elu", 0, np.float32, -1e-8),
    ("elu", 0, np.float64, -1e-17),
    ("elu", 1, np.float32, -20.0),
    ("elu", 1, np.float64, -40.0),
    ("elu", 2, np.float64, -1e-300),
    ("leaky_relu", 0, np.float64, -1.0),
    ("relu", 0, np.float64, 1e-310),
    ("relu", 1, np.float64, 1e-310),
    ("gaussian", 0, np.float64, -20.0),
    ("softplus", 0, np.float64, 20.1),
    ("softplus", 0, np.float64, 25.0),
    ("softplus", 1, np.float64, 20.1),
    ("softplus", 2, np.float64, 37.429947750237048),
    ("log_sigmoid", 2, np.float64, -37.429947750237048),
    ("selu", 0, np.float32, -1e-8),
    ("selu", 1, np.float64, -700.0),
    ("celu", 0, np.float64, -1e-20),
    ("celu", 1, np.float64, 0.0),
    ("mish", 1, np.float32, 100.0),
    ("mish", 1, np.float64, 1000.0),
    ("mish", 2, np.float64, 710.0),
    ("softsign", 1, np.float64, 1e10),
    ("softsign", 1, np.float64, 1e20),
    ("hard_sigmoid", 1, np.float64, 1.0),
    ("hard_silu", 0, np.float32, 1e38),
    ("hard_silu", 0, np.float16, 20000.0),
    ("hard_silu", 1, np.float64, -2.0),
    ("hard_silu", 1, np.float64, 3.0),
    ("hard_sigmoid", 0, np.float32, 1e8),
    ("relu6", 1, np.float64, 0.0),
    ("relu6", 1, np.float64, 6.0),
    ("sigmoid", 0, np.float32, 1000.0),
    ("softplus", 0, np.float16, 12.0),
    ("softplus", 0, np.float64, 1000.0),
]


@pytest.mark.parametrize(("name", "order", "dtype", "x"), HARD_INPUTS)
def test_an_input_that_others_get_wrong(name, order, dtype, x):
    case, x = actlab.get(name), np.array([x], dtype)
    value, slope = formulas.exact(case, x, order), formulas.exact(case, x, order + 1)
    assert errors(case, order, x, value, slope)[0] <= bound(case, order, dtype)


HARD_ENDS = [
    ("gelu", 0, np.float32, np.inf, np.inf),
    ("gelu", 0, np.float32, -np.inf, 0),
    ("gelu", 1, np.float64, np.inf, 1),
    ("gelu_tanh", 0, np.float32, -np.inf, 0),
    ("gelu_tanh", 1, np.float64, np.inf, 1),
    ("silu", 0, np.float64, -np.inf, 0),
    ("silu", 1, np.float64, np.inf, 1),
    ("mish", 0, np.float32, -np.inf, 0),
    ("mish", 1, np.float64, np.inf, 1),
    ("softsign", 0, np.float64, np.inf, 1),
    ("hard_silu", 0, np.float32, -np.inf, 0),
    ("hard_sigmoid", 0, np.float32, np.inf, 1),
    ("gaussian", 1, np.float64, np.inf, 0),
    ("relu", 0, np.float64, np.nan, np.nan),
    ("relu", 1, np.float64, np.nan, np.nan),
    ("elu", 1, np.float64, np.nan, np.nan),
    ("hard_tanh", 1, np.float64, np.nan, np.nan),
]


@pytest.mark.parametrize(("name", "order", "dtype", "x", "expected"), HARD_ENDS)
def test_an_infinity_or_nan_that_others_get_wrong(name, order, dtype, x, expected):
    np.testing.assert_array_equal(evaluator(actlab.get(name), order)(np.array([1, x], dtype))[1], expected)


@each_order
@each_elementwise
def test_a_result_does_not_depend_on_place_or_length(case, order):
    # numpy computes the last few elements of an array with other instructions than the others.
    f, x = evaluator(case, order), points(case)
    whole = f(x)
    for start in range(0, len(x) - 9, 5):
        for length in (1, 7, 9):
            np.testing.assert_array_equal(f(x[start : start + length]), whole[start : start + length])
    np.testing.assert_array_equal([f(number) for number in x[::7]], whole[::7])


@each_order
@each_elementwise
def test_parameter_arrays_broadcast_against_the_input(case, order):
    f, x = evaluator(case, order), np.linspace(-4, 4, 9)
    for name, param in case.parameters.items():
        values = np.array([param.low, param.default, param.high])
        for dtype in DTYPES:
            together = f(x.astype(dtype), **{name: values[:, np.newaxis]})
            one_by_one = [f(x.astype(dtype), **{name: value}) for value in values]
            assert together.dtype == dtype
            np.testing.assert_array_equal(together, one_by_one)
