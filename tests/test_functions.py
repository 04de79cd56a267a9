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


# --- The derivative by a parameter that is learnt ---------------------------------------------------------------------

LEARNT = [(case, name) for case in ELEMENTWISE for name in case.parameter_df]
each_learnt = pytest.mark.parametrize(("case", "name"), LEARNT, ids=lambda value: repr(value).strip("'"))


@each_learnt
def test_the_derivative_by_a_learnable_parameter_is_that_of_the_formula(case, name):
    """Near its roots, too, and over both tails, in the units of ``errors``."""
    x = points(case)
    formula = sympy.diff(formulas.expression(case), symbol_of(case, name))
    values, slopes = (at_points(case, expr, x) for expr in (formula, sympy.diff(formula, sympy.Symbol("x", real=True))))
    units, steps = ulp(values, np.float64), ulp(x, np.float64) / 2
    found = case.parameter_derivative(name, x)
    off = [
        float(abs(clip(got, LARGEST) - clip(value, LARGEST)) / (unit + step * abs(slope)))
        for got, value, slope, unit, step in zip(found.tolist(), values, slopes, units, steps, strict=True)
    ]
    worst = int(np.argmax(off))
    assert off[worst] <= 6, f"error at x = {x[worst]!r}"
    with np.errstate(over="ignore", under="ignore"):
        few = x.astype(np.float32)
        expected = case.parameter_derivative(name, few.astype(np.float64)).astype(np.float32)
    np.testing.assert_array_equal(case.parameter_derivative(name, few), expected)


def symbol_of(case, name):
    """Return the parameter as it stands in the formula."""
    return sympy.Symbol(case.parameters[name].symbol, real=True)


def at_points(case, expression, x):
    """Return the values of an expression in which nothing cancels, with 50 digits."""
    arguments = [sympy.Symbol("x", real=True), *(symbol_of(case, name) for name in case.values)]
    logistic = {"sigma": lambda z: 1 / (1 + mpmath.exp(-z))}
    f = sympy.lambdify(arguments, expression, modules=[logistic, "mpmath"])
    with mpmath.workdps(50):
        return [mpmath.mpf(f(*map(mpmath.mpf, (point, *case.values.values())))) for point in x.tolist()]


@each_learnt
def test_the_derivative_by_a_parameter_at_the_ends_of_the_numbers(case, name):
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        found = case.parameter_derivative(name, np.array(SPECIAL))
    assert np.isnan(found[0])
    assert not np.isnan(found[1:]).any()
    # What grows has its limit at infinity, what vanishes has 0.
    far = case.parameter_derivative(name, np.array([FAR, -FAR]))
    np.testing.assert_array_equal(found[1:3], np.where(np.abs(far) > 1, np.copysign(np.inf, far), far))


@each_learnt
def test_every_unit_may_have_a_value_of_its_own(case, name):
    x = np.linspace(-3, 3, 12).reshape(2, 3, 2)
    value = np.array([0.3, 2.0])
    found = case.parameter_derivative(name, x, **{name: value})
    for unit in range(2):
        alone = case.with_params(**{name: value[unit]})
        np.testing.assert_array_equal(found[..., unit], alone.parameter_derivative(name, x[..., unit]))


def test_a_parameter_that_is_not_learnt_has_no_derivative():
    with pytest.raises(ValueError, match="elu has no learnable parameter 'alpha'; learnable are: none"):
        actlab.elu.parameter_derivative("alpha", [1.0])
    with pytest.raises(ValueError, match="silu has no learnable parameter 'alpha'; learnable are: beta"):
        actlab.silu.parameter_derivative("alpha", [1.0])


# --- The bare formulas that networks are trained by -------------------------------------------------------------------

NATIVE = [case for case in ELEMENTWISE if case.native]
each_native = pytest.mark.parametrize("case", NATIVE, ids=repr)


def close_together(dtype, far=1e30):
    """Return ascending numbers from -far to far: dense where functions bend, and down to the smallest."""
    positive = [np.linspace(0, 20, 9001) + 1 / 3000, np.linspace(20, 120, 3001), np.geomspace(120, far, 500)]
    positive = np.concatenate([*positive, np.random.default_rng(4).uniform(0, 20, 9000)])
    small = np.geomspace(float(np.finfo(dtype).smallest_subnormal), 1e-3, 500)
    return np.unique(np.concatenate([positive, -positive, small, -small, [0.0]]).astype(dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda dtype: dtype.__name__)
@each_native
def test_what_trains_networks_is_as_exact_as_arithmetic_of_the_dtype_allows(case, dtype):
    """Against the exact record in float64, in units of what rounding result and input to the dtype costs.

    A share of less than the smallest number of a float32 that is not subnormal counts as nothing, also where a large x
    and a parameter are multiplied by it; networks are trained with nothing so far out.
    """
    x = close_together(dtype)
    wide = x.astype(np.float64)
    value, slope = case.value_and_derivative(x)
    nothing = np.maximum(1e-36, 2e-38 * max([1, *case.values.values()]) * np.abs(wide))
    exactly = (case(wide), case.derivative(wide), case.second_derivative(wide))
    for found, expected, its_slope, limit in ((value, *exactly[:2], 3), (slope, *exactly[1:], 8)):
        assert found.dtype == dtype
        assert not np.may_share_memory(found, x)
        unit = ulp(expected, dtype) + ulp(wide, dtype) / 2 * np.abs(its_slope)
        accepted = np.maximum(limit * unit, nothing)
        if case == actlab.tanh and found is slope:
            # 1 - tanh^2, as in the frameworks, has the digits of the 1.
            accepted = np.maximum(accepted, 2 * np.finfo(dtype).eps)
        wrong = ~(np.abs(found.astype(np.float64) - expected) <= accepted)
        assert not wrong.any(), f"{found[wrong][0]!r} instead of {expected[wrong][0]!r} at x = {x[wrong][0]!r}"


@each_native
def test_what_trains_a_network_does_not_depend_on_how_far_out_others_are(case):
    x = close_together(np.float32)
    moderate = np.abs(x) < 88.7  # where e^x is a float32
    for among_all, alone in zip(case.value_and_derivative(x), case.value_and_derivative(x[moderate]), strict=True):
        np.testing.assert_array_equal(among_all[moderate], alone)


@each_native
def test_the_results_are_the_same_where_the_pre_activations_may_be_overwritten(case):
    x = close_together(np.float32)
    kept = case.value_and_derivative(x)
    value, slope = case.value_and_derivative(x.copy(), overwrite=True)
    np.testing.assert_array_equal((value, slope), kept)
    assert not np.may_share_memory(value, slope)
    np.testing.assert_array_equal(x, close_together(np.float32))


@each_native
def test_what_trains_networks_takes_the_declared_side_at_a_kink(case):
    x = np.array([*case.kinks], np.float32)
    value, slope = case.value_and_derivative(x)
    np.testing.assert_array_equal(value, case(x))
    np.testing.assert_array_equal(slope, case.derivative(x))


@each_native
def test_a_network_that_diverged_meets_neither_a_warning_nor_a_number_instead_of_nan(case):
    x = np.array([np.nan, np.inf, -np.inf, np.finfo(np.float32).max, np.finfo(np.float32).min], np.float32)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        value, _ = case.value_and_derivative(x)
    assert np.isnan(value[0])


@pytest.mark.parametrize("case", [case for case in ELEMENTWISE if not case.native], ids=repr)
def test_what_has_no_bare_formula_is_trained_by_the_exact_one(case):
    x = np.linspace(-3, 3, 20, dtype=np.float32)
    value, slope = case.value_and_derivative(x)
    np.testing.assert_array_equal(value, case(x))
    np.testing.assert_array_equal(slope, case.derivative(x))
    assert value.dtype == slope.dtype == np.float32


@pytest.mark.parametrize("negative_slope", [1.5, 7.0])
def test_a_leak_steeper_than_the_rest_too(negative_slope):
    """The larger of x and its multiple is the wrong one then."""
    x = np.array([-2.0, 0.0, 3.0], np.float32)
    value, slope = actlab.leaky_relu.value_and_derivative(x, negative_slope=negative_slope)
    np.testing.assert_array_equal(value, [-2 * negative_slope, 0, 3])
    np.testing.assert_array_equal(slope, [negative_slope, negative_slope, 1])


@pytest.mark.parametrize("x", [[1.0, 2.0], 1.0, np.arange(3), np.ones(3, np.float16), np.ones(3, bool)], ids=repr)
def test_networks_are_trained_on_arrays_of_two_dtypes(x):
    for case in (actlab.relu, actlab.tanh_shrink):
        with pytest.raises(TypeError, match=f"{case.name}.value_and_derivative takes an array of float32 or float64; "):
            case.value_and_derivative(x)
