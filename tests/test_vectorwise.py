"""Vector activations: outputs and Jacobian against the formula at 50 digits, axes, infinities, what is refused."""

import warnings
from functools import cache

import mpmath
import numpy as np
import pytest

import actlab
from actlab import core, formulas
from tests.cases import DTYPES, LARGEST, SMALLEST, VECTORWISE, each_case, each_dtype, each_vectorwise, fitting
from tests.test_functions import clip, ulp

# The functions of the two families treat infinite entries and nan in two ways.
each_output = pytest.mark.parametrize("case", [case for case in VECTORWISE if case.family == "output"], ids=repr)
each_merging = pytest.mark.parametrize("case", [case for case in VECTORWISE if case.family == "merging"], ids=repr)


def vectors():
    """List vectors that are flat, spread, dominated by one entry, tied, of one entry, and with very large entries."""
    random = np.random.default_rng(0)
    spread = [scale * random.normal(size=n) for scale in (1e-3, 1, 20, 200) for n in (2, 3, 5)]
    dominated = [np.array([lead, 1 / 3, -1 / 3]) for lead in (1, 17, 36, 38, 300, 740, 745, 800)]
    others = [[0.7], [2, 2, 2], [0, -0.0], [-40, 3, 3], [1e4, 1e4 - 1e-3], [-1e15, 1 - 1e15], [1e20, 3, -1e20]]
    thresholds = [[0.5, 1.5, 0], [0.25, -0.75 + 2**-50, -0.75], [0.25, -0.75, -0.75 - 2**-50], [1, 1, 0.5, 0.5]]
    return [*spread, *dominated, *map(np.array, [*others, *thresholds])]


def shown(z):
    """Return a readable id."""
    return f"{z.dtype}{z.astype(float).round(3).tolist()}"


def typed_vectors():
    """List the vectors in each dtype that has room for them and for the difference of their entries."""
    return [z.astype(dtype) for dtype in DTYPES for z in vectors() if np.abs(z).max() <= np.finfo(dtype).max / 2]


each_vector = pytest.mark.parametrize("z", vectors(), ids=shown)
each_typed_vector = pytest.mark.parametrize("z", typed_vectors(), ids=shown)


# In units of what rounding costs anyway, where it is not 4.
BOUNDS = {"softmax": 3}


@cache
def exact_jacobian(case, z):
    """Return the rows of the exact Jacobian at a tuple of numbers."""
    return formulas.exact_jacobian(case, z)


def errors(computed, values, sensitivity, z):
    """Return the errors in units of the rounding of the result and, in float64, of the input (``sensitivity``)."""
    steps = np.zeros(len(values)) if z.dtype != np.float64 else sensitivity
    too_large = mpmath.ldexp(1, int(np.finfo(z.dtype).maxexp))
    columns = zip(computed.ravel().tolist(), values, ulp(values, z.dtype).tolist(), steps, strict=True)
    return [
        float(abs(clip(got, too_large) - clip(value, too_large)) / (unit + step)) for got, value, unit, step in columns
    ]


@each_typed_vector
@each_vectorwise
def test_the_outputs_are_as_exact_as_the_input_allows(case, z):
    z = fitting(case, z)
    dtype = z.dtype
    values, slopes = formulas.exact_vector(case, z), exact_jacobian(case, tuple(z.tolist()))
    steps = ulp(z, dtype).tolist()
    sensitivity = [sum(abs(slope) * step / 2 for slope, step in zip(row, steps, strict=True)) for row in slopes]
    computed = case(z)
    assert computed.dtype == dtype
    assert max(errors(computed, values, sensitivity, z)) <= (BOUNDS.get(case.name, 4) if dtype == np.float64 else 0.6)


@each_typed_vector
@each_vectorwise
def test_the_jacobian_is_as_exact_as_the_input_allows(case, z):
    z = fitting(case, z)
    dtype = z.dtype
    values = [entry for row in exact_jacobian(case, tuple(z.tolist())) for entry in row]
    # A change of the scores by d changes probabilities, and so these Jacobians, by no more than twice d of themselves.
    sensitivity = [abs(value) * ulp(z, dtype).sum() for value in values]
    computed = case.jacobian(z)
    assert computed.shape == (case.outputs(len(z)), len(z))
    assert computed.dtype == dtype
    assert max(errors(computed, values, sensitivity, z)) <= (6 if dtype == np.float64 else 0.6)


@each_vector
@each_vectorwise
def test_the_product_with_a_vector_is_the_product_with_the_jacobian(case, z):
    z = fitting(case, z)
    g = np.random.default_rng(1).normal(size=case.outputs(len(z)))
    rows = np.array(exact_jacobian(case, tuple(z.tolist())), dtype=object)
    product = [mpmath.fdot(zip(g.tolist(), column, strict=True)) for column in rows.T]
    np.testing.assert_allclose(case.vjp(z, g), np.array(product, dtype=float), rtol=1e-9, atol=1e-15 * abs(g).sum())


# Entries at which a factor underflows or overflows that the product does not need to.
REACH = [LARGEST, 1e300, 1415.0, 1000.25, 745.5, 708.25, 37.5, 4 / 3, 1e-8, 1e-300, 1e-310, SMALLEST, 0.0]


@each_merging
def test_merging_is_exact_in_every_tail(case):
    entries = np.array([*REACH, *np.negative(REACH)])
    copies = case.inputs_per_output(**case.values)
    rows = np.stack(np.meshgrid(*[entries] * min(copies, 2)), axis=-1).reshape(-1, min(copies, 2))
    rows = np.concatenate([rows] * (copies // rows.shape[1]), axis=-1)
    for z, value, slopes in zip(rows, case(rows), case.jacobian(rows), strict=True):
        exact, (exact_slopes,) = formulas.exact_vector(case, z), exact_jacobian(case, tuple(z.tolist()))
        steps = ulp(z, z.dtype) / 2
        sensitivity = sum(abs(slope) * step for slope, step in zip(exact_slopes, steps.tolist(), strict=True))
        assert max(errors(value, exact, [sensitivity], z)) <= 4, z
        # What the rounding of beta z costs the slopes: a share of themselves, of the size of the exponent.
        exponent = min(abs(z).max(), 750) * case.values.get("beta", 1.0) * np.finfo(float).eps
        assert max(errors(slopes, exact_slopes, [abs(slope) * exponent for slope in exact_slopes], z)) <= 6, z


# --- Axes -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def block():
    """Return random numbers, of which every case accepts every axis."""
    return np.random.default_rng(2).normal(size=(4, 8, 12))


def weights(case, z, axis=-1):
    """Return numbers, of the shape of the outputs for z."""
    return np.cos(1 + np.arange(case(z, axis=axis).size)).reshape(case(z, axis=axis).shape)


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3, np.int64(1)])
@each_vectorwise
def test_every_line_along_the_axis_is_a_vector_of_its_own(case, block, axis):
    g = weights(case, block, axis)
    outputs, products, slopes = case(block, axis=axis), case.vjp(block, g, axis=axis), case.jacobian(block, axis=axis)
    count = case.outputs(block.shape[axis])
    assert products.shape == block.shape
    assert outputs.shape == tuple(np.where(np.arange(3) == axis % 3, count, block.shape))
    lines, outputs, products, g = (np.moveaxis(a, axis, -1) for a in (block, outputs, products, g))
    assert slopes.shape == (*lines.shape[:-1], count, lines.shape[-1])
    for index in np.ndindex(lines.shape[:-1]):
        np.testing.assert_allclose(outputs[index], case(lines[index]), rtol=1e-15)
        np.testing.assert_allclose(products[index], case.vjp(lines[index], g[index]), rtol=1e-13, atol=1e-16)
        np.testing.assert_allclose(slopes[index], case.jacobian(lines[index]), rtol=1e-14)


@each_vectorwise
def test_many_rows_give_what_few_of_them_give(case):
    # Three blocks, of which the last is not full.
    z = np.random.default_rng(3).normal(scale=3, size=(core._BLOCK // 6 + 7, 12))
    g = weights(case, z)
    few = [slice(start, start + 100) for start in range(0, len(z), 100)]
    np.testing.assert_array_equal(case(z), np.concatenate([case(z[part]) for part in few]))
    np.testing.assert_array_equal(case.vjp(z, g), np.concatenate([case.vjp(z[part], g[part]) for part in few]))
    np.testing.assert_array_equal(case.jacobian(z), np.concatenate([case.jacobian(z[part]) for part in few]))


@each_vectorwise
def test_the_axis_is_the_last_one_unless_said_otherwise(case, block):
    np.testing.assert_array_equal(case(block), case(block, axis=2))
    g = weights(case, block)
    np.testing.assert_array_equal(case.vjp(block, g), case.vjp(block, g, axis=2))
    np.testing.assert_array_equal(case.jacobian(block), case.jacobian(block, axis=2))


@each_vectorwise
def test_the_product_has_the_dtype_of_the_input(case, block):
    for dtype in DTYPES:
        for other in (*DTYPES, int):
            assert case.vjp(block.astype(dtype), weights(case, block).astype(other)).dtype == dtype


# --- Infinities and nan -----------------------------------------------------------------------------------------------


@each_dtype
@each_output
def test_nan_spoils_its_own_row_and_no_other(case, dtype):
    z = np.array([[1, 2, np.nan], [1, 2, 3]], dtype)
    for result in (case(z), case.vjp(z, np.ones((2, 3))), case.jacobian(z)):
        assert np.isnan(result[0]).all()
        assert np.isfinite(result[1]).all()


@each_dtype
@each_merging
def test_nan_spoils_the_output_that_it_reaches_and_no_other(case, dtype):
    n = 3 * case.inputs_per_output(**case.values)
    whole = np.linspace(-2, 3, n).astype(dtype)
    inputs = inputs_of(case, n)
    for place in range(n):
        z = whole.copy()
        z[place] = np.nan
        reached = inputs[:, place]
        assert reached.sum() == 1
        slopes, product = case.jacobian(z), case.vjp(z, np.ones(3))
        np.testing.assert_array_equal(np.isnan(case(z)), reached)
        np.testing.assert_array_equal(np.isnan(slopes), inputs & reached[:, np.newaxis])
        np.testing.assert_array_equal(np.isnan(product), inputs[reached][0])
        np.testing.assert_array_equal(case(z)[~reached], case(whole)[~reached])
        np.testing.assert_array_equal(slopes[~reached], case.jacobian(whole)[~reached])


def inputs_of(case, n):
    """Say for each output, as a row, on which of the n inputs it depends: which ones, made larger, change it."""
    return (case(np.ones(n) + 8 * np.eye(n)) != case(np.ones(n))).T


@pytest.mark.parametrize("row", [[np.inf, 0], [0, np.inf], [np.inf, np.inf, 0], [np.inf, -np.inf], [-np.inf, -np.inf]])
@each_output
def test_an_infinite_maximum_gives_nan(case, row):
    row = np.multiply(row, direction(case))
    for result in (case(row), case.vjp(row, np.ones(len(row))), case.jacobian(row)):
        assert np.isnan(result).all()


def direction(case):
    """Return 1 where the larger of two entries has the larger output, -1 where it has the smaller one."""
    return np.sign(case([1, 0])[0] - case([0, 1])[0])


@each_dtype
@each_output
def test_minus_infinity_is_an_entry_that_does_not_count(case, dtype):
    z = (direction(case) * np.array([0.5, -np.inf, 2])).astype(dtype)
    far = case(direction(case) * np.array([0, -1e300]))[1]
    without = [0, 2]
    outputs, slopes = case(z), case.jacobian(z)
    assert outputs[1] == (-np.inf if far < 0 else 0)
    np.testing.assert_array_equal(outputs[without], case(z[without]))
    np.testing.assert_array_equal(slopes[np.ix_(without, without)], case.jacobian(z[without]))


INF = np.inf


@pytest.mark.parametrize(
    ("name", "z", "value"),
    [
        ("glu", (2.0, INF), 2.0),
        ("glu", (2.0, -INF), 0.0),
        ("glu", (INF, 1.0), INF),
        ("glu", (-INF, -2000.0), -INF),
        ("glu", (INF, INF), INF),
        ("glu", (INF, -INF), np.nan),
        ("swiglu", (-INF, 3.0), 0.0),
        ("swiglu", (-INF, -3e4), 0.0),
        ("swiglu", (INF, 2.0), INF),
        ("swiglu", (INF, -2.0), -INF),
        ("swiglu", (INF, 0.0), np.nan),
        ("swiglu", (-2000.0, INF), -INF),
        ("swiglu", (2.0, -INF), -INF),
        ("swiglu", (0.0, INF), np.nan),
        ("swiglu", (-INF, INF), np.nan),
        ("maxout", (-INF, 3.0), 3.0),
        ("maxout", (INF, 3.0), INF),
    ],
)
def test_at_infinity_merging_gives_the_limit_where_there_is_one(name, z, value):
    for dtype in DTYPES:
        np.testing.assert_array_equal(actlab.get(name)(np.array(z, dtype)), [value])


@pytest.mark.parametrize(
    ("name", "z", "slopes"),
    [
        ("glu", (2.0, INF), (1.0, 0.0)),
        ("glu", (2.0, -INF), (0.0, 0.0)),
        ("glu", (-INF, 1.0), (actlab.sigmoid(1.0), -INF)),
        ("glu", (INF, -2000.0), (0.0, INF)),
        ("swiglu", (-INF, 3.0), (0.0, 0.0)),
        ("swiglu", (INF, 3.0), (3.0, INF)),
        ("maxout", (-INF, 3.0), (0.0, 1.0)),
    ],
)
def test_at_infinity_slopes_are_the_limits_too(name, z, slopes):
    # With another pair beside it: what is infinite in one output must not make 0 * inf in another.
    (first, second), others = z, (1.0, 0.5)
    z, own = ([first, others[0], second, others[1]], [0, 2]) if name != "maxout" else ([first, second, *others], [0, 1])
    row, other_row = actlab.get(name).jacobian(z)
    np.testing.assert_allclose(row[own], slopes)
    np.testing.assert_array_equal(np.delete(row, own), [0, 0])
    np.testing.assert_array_equal(other_row[own], [0, 0])


@pytest.mark.parametrize("pieces", [1, 2, 3, 7])
@pytest.mark.parametrize("tied", [0.0, 2.0, -INF, INF])
def test_of_equal_pieces_the_first_has_the_slope(pieces, tied):
    slopes = actlab.maxout.jacobian(np.full(2 * pieces, tied), pieces=pieces)
    np.testing.assert_array_equal(slopes, np.eye(2 * pieces)[::pieces])
    after = np.append(np.full(pieces, -1.0), tied)
    if tied > -1:
        np.testing.assert_array_equal(actlab.maxout.jacobian(after, pieces=pieces + 1), [[*np.zeros(pieces), 1]])


@each_dtype
@each_vectorwise
def test_no_row_raises_a_warning_or_changes_how_numpy_warns(case, dtype):
    numbers = [np.nan, np.inf, -np.inf, LARGEST, -LARGEST, SMALLEST, -SMALLEST, 0.0, -0.0, 1.0, -750.0, 30.0]
    with np.errstate(all="ignore"):
        numbers = np.array(numbers).astype(dtype)
        rows = fitting(case, np.stack(np.meshgrid(numbers, numbers, numbers), axis=-1))
    g = rows[..., : case.outputs(rows.shape[-1])]
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        before = np.geterr()
        case(rows), case.vjp(rows, g), case.jacobian(rows)
        assert np.geterr() == before


@each_vectorwise
def test_a_finite_row_gives_no_nan(case):
    numbers = np.array([LARGEST, -LARGEST, SMALLEST, 0.0, -1.0])
    rows = fitting(case, np.stack(np.meshgrid(numbers, numbers, numbers), axis=-1))
    for result in (case(rows), case.vjp(rows, np.ones(case(rows).shape)), case.jacobian(rows)):
        assert not np.isnan(result).any()


@each_vectorwise
def test_an_axis_without_entries_has_no_outputs(case):
    z = np.zeros((2, 0, 4))
    assert case(z, axis=1).shape == case.vjp(z, z, axis=1).shape == (2, 0, 4)
    assert case.jacobian(z, axis=1).shape == (2, 4, 0, 0)


# --- What is refused --------------------------------------------------------------------------------------------------


@each_vectorwise
def test_a_single_number_is_refused(case):
    for call in (case, case.jacobian, lambda z: case.vjp(z, z)):
        for number in (2.5, np.array(2.5)):
            with pytest.raises(ValueError, match=rf"^{case.name} maps a vector; got the single number .*2\.5"):
                call(number)


@pytest.mark.parametrize("axis", [2, -3, 1.0, None, "0", (0, 1)])
@each_vectorwise
def test_an_axis_that_is_not_there_is_refused(case, axis):
    z = np.zeros((4, 4))
    for call in (case, case.jacobian, lambda z, axis: case.vjp(z, z, axis=axis)):
        with pytest.raises(ValueError, match="axis must be") as caught:
            call(z, axis=axis)
        assert str(caught.value) == f"{case.name}: axis must be a whole number from -2 to 1; got {axis!r}"


@each_merging
def test_a_length_that_does_not_fit_is_refused(case):
    each = case.inputs_per_output(**case.values)
    for n in {1, each - 1, each + 1, 3 * each - 1} - {0, *range(0, 99, each)}:
        z, g = np.zeros((2, n)), np.zeros((2, 1))
        for call in (case, case.jacobian, lambda z, g=g: case.vjp(z, g), lambda z: case(z.T, axis=0)):
            with pytest.raises(ValueError, match="length") as caught:
                call(z)
            assert str(caught.value) == f"{case.name}: the axis must have a length that {each} divides; got {n}"
        with pytest.raises(ValueError, match=rf"that {each} divides; got {n}"):
            case.outputs(n)


@pytest.mark.parametrize("n", [-3, 2.0, "3"])
def test_a_length_is_a_whole_number(n):
    for case in (actlab.softmax, actlab.maxout):
        with pytest.raises(ValueError, match=rf"^{case.name}: n must be a whole number of 0 or more; got {n!r}$"):
            case.outputs(n)


def test_the_length_is_counted_with_the_parameters_of_the_call():
    z = np.arange(6.0)
    np.testing.assert_array_equal(actlab.maxout(z, pieces=3), [2, 5])
    assert actlab.maxout.outputs(6, pieces=3) == 2
    assert actlab.maxout.jacobian(z, pieces=3).shape == (2, 6)
    with pytest.raises(ValueError, match="maxout: the axis must have a length that 4 divides; got 6"):
        actlab.maxout(z, pieces=4)


@pytest.mark.parametrize("record", [r for r in VECTORWISE if r.parameters and actlab.get(r.name) is r], ids=repr)
def test_a_vector_activation_takes_one_number_for_a_parameter(record):
    for name, param in record.parameters.items():
        for call in (record, record.jacobian, lambda z, **p: record.vjp(z, z, **p)):
            with pytest.raises(TypeError, match=f"^{record.name} takes one number for {name}; got an array$"):
                call([1.0, 2.0], **{name: [param.low, param.high]})


@pytest.mark.parametrize("shape", [(3,), (4, 8, 1), (1, 8), (4, 16), (2, 8), (8, 4), ()])
@pytest.mark.parametrize("axis", [0, 1])
@each_vectorwise
def test_a_product_needs_a_factor_of_the_shape_of_the_outputs(case, shape, axis):
    z = np.ones((4, 8))
    needed = case(z, axis=axis).shape
    assert case.vjp(z, np.ones(needed), axis=axis).shape == z.shape
    if shape == needed:
        return
    with pytest.raises(ValueError, match="must have the shape of the outputs") as caught:
        case.vjp(z, np.ones(shape), axis=axis)
    assert str(caught.value) == f"{case.name}.vjp: g must have the shape of the outputs, {needed}; got {shape}"


@each_vectorwise
def test_the_second_factor_is_checked_like_the_first(case):
    z = np.arange(8.0)
    count = case.outputs(8)
    for wrong in (["1"] * count, [1j] * count, np.ma.masked_array([1.0] * count, mask=[True] * count)):
        with pytest.raises(TypeError, match=rf"{case.name}.vjp: g: (the input has dtype|a masked array)"):
            case.vjp(z, wrong)


@each_case
def test_only_vector_activations_have_an_axis(case):
    if not hasattr(case, "jacobian"):
        with pytest.raises(TypeError, match="has no parameter 'axis'"):
            case([1.0], axis=0)
