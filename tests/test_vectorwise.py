"""Vector activations: outputs and Jacobian against the formula at 50 digits, axes, infinities, what is refused."""

import warnings
from functools import cache

import mpmath
import numpy as np
import pytest

from actlab import formulas
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
    # A relative change of probabilities by d(z_i - z_j) moves no entry of these Jacobians by more than twice that.
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


# --- Axes -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def block():
    """Return random numbers of shape (3, 4, 2)."""
    return np.random.default_rng(2).normal(size=(3, 4, 2))


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3, np.int64(1)])
@each_vectorwise
def test_every_line_along_the_axis_is_a_vector_of_its_own(case, block, axis):
    g = np.cos(block)
    outputs, products, slopes = case(block, axis=axis), case.vjp(block, g, axis=axis), case.jacobian(block, axis=axis)
    assert outputs.shape == products.shape == block.shape
    lines, outputs, products, weights = (np.moveaxis(a, axis, -1) for a in (block, outputs, products, g))
    assert slopes.shape == (*lines.shape, lines.shape[-1])
    for index in np.ndindex(lines.shape[:-1]):
        np.testing.assert_allclose(outputs[index], case(lines[index]), rtol=1e-15)
        np.testing.assert_allclose(products[index], case.vjp(lines[index], weights[index]), rtol=1e-13)
        np.testing.assert_allclose(slopes[index], case.jacobian(lines[index]), rtol=1e-14)


@each_vectorwise
def test_the_axis_is_the_last_one_unless_said_otherwise(case, block):
    np.testing.assert_array_equal(case(block), case(block, axis=2))
    np.testing.assert_array_equal(case.vjp(block, block), case.vjp(block, block, axis=2))
    np.testing.assert_array_equal(case.jacobian(block), case.jacobian(block, axis=2))


@each_vectorwise
def test_the_product_has_the_dtype_of_the_input(case, block):
    for dtype in DTYPES:
        for other in (*DTYPES, int):
            assert case.vjp(block.astype(dtype), block.astype(other)).dtype == dtype


# --- Infinities and nan -----------------------------------------------------------------------------------------------


@each_dtype
@each_vectorwise
def test_nan_spoils_its_own_row_and_no_other(case, dtype):
    z = np.array([[1, 2, np.nan], [1, 2, 3]], dtype)
    for result in (case(z), case.vjp(z, np.ones((2, 3))), case.jacobian(z)):
        assert np.isnan(result[0]).all()
        assert np.isfinite(result[1]).all()


@pytest.mark.parametrize("row", [[np.inf, 0], [0, np.inf], [np.inf, np.inf, 0], [np.inf, -np.inf], [-np.inf, -np.inf]])
@each_vectorwise
def test_an_infinite_maximum_gives_nan(case, row):
    for result in (case(row), case.vjp(row, np.ones(len(row))), case.jacobian(row)):
        assert np.isnan(result).all()


@each_dtype
@each_vectorwise
def test_minus_infinity_is_an_entry_that_does_not_count(case, dtype):
    z = np.array([0.5, -np.inf, 2], dtype)
    (far,) = set(case(np.array([0, -1e300]))[1:])
    without = [0, 2]
    outputs, slopes = case(z), case.jacobian(z)
    assert outputs[1] == (-np.inf if far < 0 else 0)
    np.testing.assert_array_equal(outputs[without], case(z[without]))
    np.testing.assert_array_equal(slopes[np.ix_(without, without)], case.jacobian(z[without]))


@each_dtype
@each_vectorwise
def test_no_row_raises_a_warning_or_changes_how_numpy_warns(case, dtype):
    numbers = [np.nan, np.inf, -np.inf, LARGEST, -LARGEST, SMALLEST, -SMALLEST, 0.0, -0.0, 1.0, -750.0, 30.0]
    with np.errstate(all="ignore"):
        numbers = np.array(numbers).astype(dtype)
    rows = np.stack(np.meshgrid(numbers, numbers, numbers), axis=-1)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        before = np.geterr()
        case(rows), case.vjp(rows, rows), case.jacobian(rows)
        assert np.geterr() == before


@each_vectorwise
def test_a_finite_row_gives_no_nan(case):
    numbers = np.array([LARGEST, -LARGEST, SMALLEST, 0.0, -1.0])
    rows = np.stack(np.meshgrid(numbers, numbers, numbers), axis=-1)
    for result in (case(rows), case.vjp(rows, np.ones(rows.shape)), case.jacobian(rows)):
        assert not np.isnan(result).any()


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
    z = np.zeros((2, 3))
    for call in (case, case.jacobian, lambda z, axis: case.vjp(z, z, axis=axis)):
        with pytest.raises(ValueError, match="axis must be") as caught:
            call(z, axis=axis)
        assert str(caught.value) == f"{case.name}: axis must be a whole number from -2 to 1; got {axis!r}"


@pytest.mark.parametrize("g", [np.ones(3), np.ones((3, 2)), np.ones((2, 1)), np.ones((1, 2, 3)), 1.0])
@pytest.mark.parametrize("axis", [0, 1])
@each_vectorwise
def test_a_product_needs_two_arrays_of_one_shape(case, g, axis):
    with pytest.raises(ValueError, match="must have the shape of z") as caught:
        case.vjp(np.ones((2, 3)), g, axis=axis)
    assert str(caught.value) == f"{case.name}.vjp: g must have the shape of z; got {np.shape(g)} and (2, 3)"


@each_vectorwise
def test_the_second_factor_is_checked_like_the_first(case):
    for wrong in (["1", "2"], [1j, 2], np.ma.masked_array([1.0, 2.0], mask=[True, False])):
        with pytest.raises(TypeError, match=case.name):
            case.vjp([1.0, 2.0], wrong)


@each_case
def test_only_vector_activations_have_an_axis(case):
    if not hasattr(case, "jacobian"):
        with pytest.raises(TypeError, match="has no parameter 'axis'"):
            case([1.0], axis=0)
