"""The registry, the records, and what a caller may pass: dtypes, shapes, parameters, and everything that is refused."""

import copy
import dataclasses
import inspect
import itertools
import pickle
import pydoc
import tracemalloc
from typing import get_args

import numpy as np
import pytest

import actlab
from actlab import core
from actlab.core import Elementwise, Param, Vectorwise
from tests.cases import (
    DTYPES,
    ELEMENTWISE,
    VECTORWISE,
    accepts,
    each_case,
    each_dtype,
    each_elementwise,
    each_order,
    each_record,
    evaluator,
    fitting,
)

EVERY = [*ELEMENTWISE, *VECTORWISE]


def calls(case):
    """Return every way to evaluate an activation at an array."""
    if isinstance(case, Elementwise):
        return [case, case.derivative, case.second_derivative]

    def product(z, **parameters):
        *rows, n = np.shape(z) or (1,)
        each = case.inputs_per_output(**case.values | {k: v for k, v in parameters.items() if isinstance(v, int)})
        return case.vjp(z, np.ones((*rows, n // each)), **parameters)

    return [case, product, case.jacobian]


def shape_of(call, case, shape):
    """Return the shape that a result has for an input of that shape."""
    if isinstance(case, Elementwise) or call not in (case, case.jacobian):
        return shape
    *rows, n = shape
    return (*rows, case.outputs(n)) if call is case else (*rows, case.outputs(n), n)


# --- Registry ---------------------------------------------------------------------------------------------------------


@each_record
def test_the_tests_run_over_every_record_and_both_ends_of_its_parameters(record):
    assert record in EVERY
    for name, param in record.parameters.items():
        tested = {case.values[name] for case in EVERY if case.name == record.name}
        assert tested == {param.low, param.default, param.high}


def test_every_name_and_alias_is_a_public_name_of_the_package():
    assert actlab.names() == tuple(actlab.ACTIVATIONS)
    for name in actlab.names(aliases=True):
        assert getattr(actlab, name) is actlab.get(name)
        assert name in actlab.__all__
        assert name in dir(actlab)


@each_record
def test_a_record_answers_to_its_name_its_aliases_and_itself(record):
    assert actlab.get(record.name) is record
    assert actlab.get(record) is record
    assert record.name in actlab.names()
    for alias in record.aliases:
        assert actlab.get(alias) is record
        assert alias not in actlab.names()
        assert alias in actlab.names(aliases=True)


def test_the_registry_cannot_be_changed_from_outside():
    with pytest.raises(TypeError):
        actlab.ACTIVATIONS["other"] = actlab.relu


@each_record
def test_a_misspelt_name_is_answered_with_the_right_one(record):
    swapped = record.name[:-2] + record.name[-1] + record.name[-2]
    for misspelt in (swapped, record.name.upper() + "x"):
        with pytest.raises(ValueError, match=rf"unknown activation '{misspelt}'; did you mean .*\b{record.name}\b"):
            actlab.get(misspelt)
        with pytest.raises(AttributeError, match=rf"no attribute '{misspelt}'; did you mean .*\b{record.name}\b"):
            getattr(actlab, misspelt)


def test_gleu_is_answered_with_gelu():
    with pytest.raises(ValueError, match=r"did you mean (glu or )?gelu"):
        actlab.get("gleu")
    with pytest.raises(AttributeError, match=r"did you mean (glu or )?gelu"):
        actlab.gleu  # noqa: B018


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("quizzes", "a module has this name: import actlab.quizzes"),
        ("grading", "a module has this name: import actlab.grading"),
        ("recorded", "registered names|did you mean"),  # a folder of data
        ("relu.tanh", "did you mean"),
    ],
)
def test_a_module_that_is_not_loaded_is_named(monkeypatch, name, hint):
    monkeypatch.delitem(vars(actlab), name, raising=False)  # another test may have loaded it
    with pytest.raises(AttributeError, match=rf"no attribute '{name}'; ({hint})"):
        getattr(actlab, name)


def test_a_name_near_to_nothing_is_answered_with_all_names():
    with pytest.raises(ValueError, match="registered names") as caught:
        actlab.get("7")
    assert all(name in str(caught.value) for name in actlab.names(aliases=True))


@pytest.mark.parametrize("name", [None, 3, np.tanh])
def test_a_name_is_a_string(name):
    with pytest.raises(TypeError, match="by its name, a string; got"):
        actlab.get(name)


@each_record
def test_a_record_belongs_to_a_known_family(record):
    assert record.family in get_args(core.Family)


# --- Registration -----------------------------------------------------------------------------------------------------


@pytest.fixture
def registry(monkeypatch):
    """Let a test register what it likes; afterwards the registry is as before."""
    monkeypatch.setattr(core, "_REGISTRY", dict(core._REGISTRY))
    monkeypatch.setattr(core, "_ALIASES", dict(core._ALIASES))


def double(x):
    """Twice the input."""
    return 2 * x


FACTS = {"family": "linear", "formula": "2*x", "df": lambda x: np.full_like(x, 2), "d2f": lambda x: np.zeros_like(x)}


@pytest.mark.usefixtures("registry")
def test_a_new_function_is_registered_by_its_declaration():
    record = core.elementwise(**FACTS, aliases=("twice",))(double)
    assert actlab.get("twice") is actlab.get("double") is record
    assert record(3) == 6
    assert record.derivative(3) == 2


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("taken", ["relu", *actlab.sigmoid.aliases])
def test_a_name_is_registered_once(taken):
    with pytest.raises(ValueError, match=f"'{taken}' is already registered"):
        core.elementwise(**FACTS, aliases=(taken,))(double)
    assert "double" not in actlab.names()


@pytest.mark.usefixtures("registry")
@pytest.mark.parametrize("kernel", ["df", "d2f"])
def test_every_kernel_takes_the_declared_parameters(kernel):
    with pytest.raises(TypeError, match=r"double: a kernel takes the parameters \['slope'\], but \[\] are declared"):
        core.elementwise(**FACTS | {kernel: lambda x, slope: x})(double)


@pytest.mark.parametrize(
    "wrong",
    [
        {"default": 0, "low": 1, "high": 2},
        {"default": 3, "low": 1, "high": 2},
        {"default": 1, "low": 0, "high": 2, "minimum": 0.5},
        {"default": 1, "low": 0, "high": 2, "maximum": 1.5},
    ],
)
def test_the_ends_of_a_parameter_are_in_order(wrong):
    with pytest.raises(ValueError, match="minimum <= low <= default <= high <= maximum"):
        Param(**wrong)


def test_a_positive_parameter_is_offered_no_zero():
    with pytest.raises(ValueError, match="a positive Param needs low above 0"):
        Param(1, low=0, high=2, positive=True)


# --- Records ----------------------------------------------------------------------------------------------------------


@each_case
def test_a_record_cannot_be_changed(case):
    with pytest.raises(dataclasses.FrozenInstanceError):
        case.formula = "x"
    for mapping in (case.parameters, case.values, getattr(case, "kinks", case.values)):
        with pytest.raises(TypeError):
            mapping["alpha"] = 1.0


@each_case
def test_a_pickled_or_copied_record_is_equal(case):
    for other in (pickle.loads(pickle.dumps(case)), copy.copy(case), copy.deepcopy(case)):
        assert other == case
        assert hash(other) == hash(case)
        assert repr(other) == repr(case)
    x = [0.5, -0.5, 2.0, 0.0]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(case))(x), case(x))


def test_records_are_equal_only_with_the_same_name_and_parameters():
    assert len(set(EVERY)) == len(EVERY)
    for one, other in itertools.combinations(EVERY, 2):
        assert one != other
    for case in EVERY:
        assert case != case.name
        assert case == case.with_params(**case.values)


@each_case
def test_help_shows_the_formula_the_parameters_and_the_signature(case):
    text = pydoc.render_doc(case, renderer=pydoc.plaintext)
    assert case.formula in text
    assert case.function.__doc__.splitlines()[0] in text
    for name, param in case.parameters.items():
        assert f"Parameter {name}: {param.accepted}, default {param.default:g}" in text
    for key in case.cite:
        assert key in text
    assert "TypeError" in text
    assert "ValueError" in text
    argument, *others = inspect.signature(case).parameters.values()
    assert argument.kind == argument.POSITIONAL_ONLY
    defaults = {parameter.name: parameter.default for parameter in others}
    assert defaults == case.values | ({"axis": -1} if isinstance(case, Vectorwise) else {"out": None})
    assert case.__name__ == case.name


@each_record
def test_with_params_binds_values_that_a_call_may_replace(record):
    x = np.linspace(-2, 2, 8)
    for name, param in record.parameters.items():
        bound = record.with_params(**{name: param.high})
        assert isinstance(bound, type(record))
        assert bound.values == {**record.values, name: param.high}
        assert repr(bound) == f"{record.name}({', '.join(f'{key}={value!r}' for key, value in bound.values.items())})"
        for ours, theirs in zip(calls(bound), calls(record), strict=True):
            np.testing.assert_array_equal(ours(x), theirs(x, **{name: param.high}))
            np.testing.assert_array_equal(ours(x, **{name: param.default}), theirs(x))
        assert record.values[name] == param.default


# --- Parameters that are refused --------------------------------------------------------------------------------------


@each_record
def test_an_unknown_parameter_is_named_beside_the_known_ones(record):
    known = ", ".join(record.parameters) or "none"
    for refuse in (lambda: record([1.0], gamma=1.0), lambda: record.with_params(gamma=1.0)):
        with pytest.raises(TypeError, match=rf"^{record.name} has no parameter 'gamma'; its parameters: {known}$"):
            refuse()


def parameters():
    """List each parameter of each record."""
    records = actlab.ACTIVATIONS.values()
    return [pytest.param(r, n, id=f"{r.name}-{n}") for r in records for n in r.parameters]


@pytest.mark.parametrize(("record", "name"), parameters())
def test_a_parameter_that_is_no_number_is_refused(record, name):
    accepted = record.parameters[name].accepted
    for value in ("1", None, True, 1j, [None], np.datetime64("2026-01-01"), np.array(["1"])):
        for call in (*calls(record), record.with_params):
            arguments = () if call == record.with_params else ([1.0],)
            with pytest.raises(TypeError) as caught:
                call(*arguments, **{name: value})
            assert str(caught.value) == f"{record.name}: {name} must be {accepted}; got {value!r}"


@pytest.mark.parametrize(("record", "name"), parameters())
def test_a_parameter_out_of_range_is_refused(record, name):
    param = record.parameters[name]
    beyond = [end for end in (np.nextafter(param.minimum, -np.inf), np.nextafter(param.maximum, np.inf))]
    for value in (np.nan, np.inf, -np.inf, [param.default, np.nan], *(end for end in beyond if np.isfinite(end))):
        for call in (*calls(record), record.with_params):
            arguments = () if call == record.with_params else ([1.0],)
            with pytest.raises(ValueError, match="must be") as caught:
                call(*arguments, **{name: value})
            assert str(caught.value) == f"{record.name}: {name} must be {param.accepted}; got {value!r}"


@pytest.mark.parametrize(("record", "name"), parameters())
def test_with_params_takes_one_number(record, name):
    values = [record.parameters[name].low, record.parameters[name].high]
    with pytest.raises(TypeError, match=f"{record.name}: with_params takes one number for {name}"):
        record.with_params(**{name: values})


@pytest.mark.parametrize(
    ("param", "words"),
    [
        (Param(1, low=0, high=2), "any finite number"),
        (Param(1, low=0, high=2, minimum=0), "a finite number, 0 or more"),
        (Param(1, low=0, high=2, minimum=0, maximum=2.5), "a number from 0 to 2.5"),
        (Param(1, low=0, high=2, maximum=2.5), "a finite number, 2.5 or less"),
        (Param(1, low=0.5, high=2, positive=True), "a positive number"),
        (Param(1, low=0.5, high=2, positive=True, maximum=2.5), "a positive number, 2.5 or less"),
        (Param(1, low=0, high=2, whole=True), "any whole number"),
        (Param(1, low=1, high=2, whole=True, minimum=1), "a whole number, 1 or more"),
        (Param(1, low=1, high=2, whole=True, maximum=3), "a whole number, 3 or less"),
        (Param(1, low=1, high=2, whole=True, minimum=0, maximum=9), "a whole number from 0 to 9"),
        (Param(1, low=1, high=2, whole=True, positive=True), "a positive whole number"),
    ],
)
def test_what_a_parameter_accepts_is_said_in_words_and_holds(param, words):
    assert param.accepted == words
    for value in (-5.0, 0.0, 2.5, 9.0, -np.inf, np.inf):
        for given in (value, [1.0, value]):
            if np.isfinite(value) and accepts(param, value):
                np.testing.assert_array_equal(param.check("slope", given), given)
            else:
                with pytest.raises(ValueError, match=f"^slope must be {words}; got"):
                    param.check("slope", given)


@pytest.mark.parametrize("wrong", [{"low": 0.5}, {"default": 1.5}, {"high": 2.5}])
def test_a_whole_parameter_is_offered_whole_numbers(wrong):
    with pytest.raises(ValueError, match="a whole Param needs whole low, default and high; got"):
        Param(**{"low": 1, "default": 1, "high": 2} | wrong, whole=True)


def test_a_parameter_is_finite_as_a_float():
    """A number of higher precision may be finite where the float64 nearest to it is not."""
    if np.finfo(np.longdouble).maxexp == np.finfo(np.float64).maxexp:
        pytest.skip("here a long double is a float64")
    for value in (np.longdouble("1e4000"), np.array([np.longdouble("1e4000")])):
        with pytest.raises(ValueError, match=r"elu: alpha must be .*finite number.*; got"):
            actlab.elu([1.0], alpha=value)


def test_a_whole_parameter_reaches_the_kernel_as_an_int():
    param = Param(1, low=0, high=2, whole=True)
    for value in (2, 2.0, np.int8(2), np.float16(2), np.array(2)):
        assert type(param.check("pieces", value)) is int


def test_a_parameter_reaches_the_kernel_as_a_float_or_as_float64():
    param = Param(1, low=0, high=2)
    for value in (2, np.int8(2), np.float16(2), np.array(2)):
        assert type(param.check("slope", value)) is float
    for values in ([1, 2], np.array([1, 2], np.uint8), np.array([1, 2], ">f4")):
        assert param.check("slope", values).dtype == np.float64


# --- Inputs that are refused ------------------------------------------------------------------------------------------

REFUSED = {
    "string": "1.0",
    "string array": np.array(["1.0", "2.0"]),
    "bytes": b"1",
    "none": None,
    "object array": np.array([1.0, None]),
    "fractions": np.array([1.0, 2.0], dtype=object),
    "complex": np.array([1j]),
    "datetime": np.array(["2026-01-01"], dtype="datetime64[D]"),
    "timedelta": np.array([1], dtype="timedelta64[s]"),
    "structured": np.zeros(2, dtype=[("x", float)]),
    "dictionary": {"x": 1.0},
}


@pytest.mark.parametrize("wrong", REFUSED.values(), ids=REFUSED)
@each_case
def test_an_input_that_is_no_real_number_is_refused(case, wrong):
    for call in calls(case):
        with pytest.raises(TypeError) as caught:
            call(wrong)
        dtype = np.asarray(wrong).dtype
        accepted = "accepted are float16, float32, float64, integers and booleans"
        assert str(caught.value) == f"{case.name}: the input has dtype {dtype}; {accepted}"


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="here long double is float64")
@each_case
def test_more_digits_than_float64_are_refused_not_lost(case):
    for call in calls(case):
        with pytest.raises(TypeError, match=f"{case.name}: the input has dtype {np.dtype(np.longdouble)}"):
            call(np.ones(3, np.longdouble))


@each_case
def test_a_masked_array_is_refused_because_its_mask_would_be_lost(case):
    masked = np.ma.masked_array([1.0, 2.0, 3.0], mask=[False, True, False])
    for call in calls(case):
        with pytest.raises(TypeError, match=rf"{case.name}: a masked array would lose its mask; pass x\.filled"):
            call(masked)


@each_case
def test_rows_of_different_lengths_are_refused(case):
    for call in calls(case)[:1]:
        with pytest.raises(ValueError, match="inhomogeneous"):
            call([[1.0, 2.0], [3.0]])


# --- dtypes and shapes ------------------------------------------------------------------------------------------------


@each_dtype
@each_case
def test_the_dtype_is_kept(case, dtype):
    x = np.linspace(-3, 3, 8, dtype=dtype)
    for call in calls(case):
        assert call(x).dtype == dtype
        swapped = x.astype(x.dtype.newbyteorder())
        assert call(swapped).dtype == dtype
        np.testing.assert_array_equal(call(swapped), call(x))


@each_dtype
@each_elementwise
def test_parameters_do_not_change_the_dtype(case, dtype):
    for name, value in case.values.items():
        for given in (value, np.float64(value), np.array([value]), 1):
            for call in calls(case):
                assert call(np.ones(3, dtype), **{name: given}).dtype == dtype


INTEGERS = [bool, np.int8, np.uint8, np.int32, np.uint64, np.int64]


@pytest.mark.parametrize("dtype", INTEGERS, ids=lambda dtype: dtype.__name__)
@each_case
def test_integers_and_booleans_become_float64(case, dtype):
    x = np.array([0, 1, 1, 0]).astype(dtype)
    for call in calls(case):
        assert call(x).dtype == np.float64
        np.testing.assert_array_equal(call(x), call(x.astype(np.float64)))


LAYOUTS = {
    "list": [1.0, -2.0, 3.0, 0.0],
    "nested list": [[1, -2, 3, 0], [4, 5, -6, 0]],
    "tuple": (0.5, -0.5, 0.0, 1.5),
    "range": range(-2, 2),
    "one element": [2.5],
    "empty": [],
    "four empty columns": np.zeros((0, 4)),
    "three empty rows": np.zeros((3, 0)),
    "three dimensions": np.linspace(-3, 3, 24).reshape(2, 3, 4),
    "Fortran order": np.asfortranarray(np.linspace(-3, 3, 12).reshape(3, 4)),
    "transposed": np.linspace(-3, 3, 12).reshape(4, 3).T,
    "every other": np.linspace(-3, 3, 16)[::2],
    "reversed": np.linspace(-3, 3, 12)[::-1],
    "zero strides, read-only": np.broadcast_to(np.array([1.0, -2.0, 0.0, 5.0]), (3, 4)),
    "unaligned": np.frombuffer(b"\0" + np.linspace(-3, 3, 8).tobytes(), dtype=np.float64, offset=1),
    "matrix subclass": np.linspace(-3, 3, 8).reshape(2, 4).view(np.recarray),
}


@pytest.mark.parametrize("x", LAYOUTS.values(), ids=LAYOUTS)
@each_case
def test_the_shape_is_kept_whatever_the_layout(case, x):
    plain = np.ascontiguousarray(np.asarray(x, dtype=np.float64))
    if plain.shape == (1,) and fitting(case, plain).shape != (1,):
        pytest.skip("this activation merges entries, and one is too few; test_vectorwise holds that it says so")
    for call in calls(case):
        result = call(x)
        assert type(result) is np.ndarray
        assert result.shape == shape_of(call, case, plain.shape)
        np.testing.assert_array_equal(result, call(plain))


@each_dtype
@each_elementwise
def test_one_number_gives_one_number(case, dtype):
    for call in calls(case):
        expected = call(np.array([dtype(-1.5)]))[0]
        for x in (dtype(-1.5), np.array(-1.5, dtype)):
            assert type(call(x)) is dtype
            assert call(x) == expected
        assert type(call(-1.5)) is np.float64
        assert type(call(2)) is np.float64
        assert type(call(True)) is np.float64


@each_case
def test_the_input_is_neither_changed_nor_shared(case):
    for dtype in DTYPES:
        with_nan = np.array([[-1.5, 0.0, np.nan, 2.0], [2.0, -0.0, 7.0, 1.0]], dtype)
        for x, call in itertools.product((with_nan, with_nan[1:]), calls(case)):
            before = x.copy()
            result = call(x)
            assert not np.shares_memory(result, x)
            assert result.flags.writeable
            result[...] = 5
            np.testing.assert_array_equal(x, before)


@each_elementwise
def test_an_empty_array_does_not_share_a_parameter_array(case):
    for name, value in case.values.items():
        given = np.array([value])
        for call in calls(case):
            result = call(np.array([-1.0]), **{name: given})
            assert not np.shares_memory(result, given)
            assert call([], **{name: given}).shape == (0,)


# --- Long arrays, and results written into an array of the caller -----------------------------------------------------

BLOCK, LONG = core._BLOCK, core._WHOLE + core._BLOCK + 77


def long_array(dtype):
    """Return an array of several blocks and a part of one, with special numbers at the seams."""
    x = np.random.default_rng(5).normal(scale=4, size=LONG).astype(dtype)
    special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], dtype)
    for seam in (0, BLOCK - 2, 2 * BLOCK - 2, len(x) - 5):
        x[seam : seam + 5] = special
    return x


@each_dtype
@each_order
@each_elementwise
def test_a_long_array_gives_what_its_parts_give(case, order, dtype):
    f, x = evaluator(case, order), long_array(dtype)
    parts = [f(part) for part in np.array_split(x, 7)]
    np.testing.assert_array_equal(f(x), np.concatenate(parts))
    np.testing.assert_array_equal(f(x[:, np.newaxis].T), f(x)[np.newaxis])
    np.testing.assert_array_equal(f(x[::-1]), f(x)[::-1])


@each_dtype
@each_order
@each_elementwise
def test_a_result_is_written_into_the_array_given(case, order, dtype):
    f = evaluator(case, order)
    for x in (long_array(dtype), long_array(dtype)[:10]):
        expected = f(x)
        strided = np.zeros((len(x), 2), dtype)
        for out in (np.zeros_like(x), strided[:, 1]):
            assert f(x, out=out) is out
            np.testing.assert_array_equal(out, expected)
        assert not strided[:, 0].any()
        assert f(x, out=x) is x
        np.testing.assert_array_equal(x, expected)


@each_order
@each_elementwise
def test_an_output_that_overlaps_the_input_changes_nothing(case, order):
    f, x = evaluator(case, order), long_array(np.float64)
    for into, of in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
        both = x.copy()
        expected = f(both[of])
        np.testing.assert_array_equal(f(both[of], out=both[into]), expected)


def test_one_number_repeated_may_be_the_first_of_the_output():
    out = np.full(LONG, -1.5)
    x = np.broadcast_to(out[:1], out.shape)
    np.testing.assert_array_equal(actlab.elu(x, out=out), np.full(LONG, actlab.elu(-1.5)))


def test_an_integer_input_may_lie_in_the_output():
    out = np.zeros(LONG)
    x = out.view(np.int64)
    x[:] = np.arange(len(x)) - BLOCK
    expected = actlab.relu(x)
    np.testing.assert_array_equal(actlab.relu(x, out=out), expected)


def test_parameter_arrays_may_be_written_over():
    alpha = np.linspace(0.1, 1, LONG)
    expected = actlab.elu(-np.ones(LONG), alpha=alpha)
    np.testing.assert_array_equal(actlab.elu(-np.ones(LONG), alpha=alpha, out=alpha), expected)


def test_an_output_that_does_not_fit_is_refused():
    x = np.zeros(3, np.float32)
    fixed = np.zeros(3, np.float32)
    fixed.flags.writeable = False
    for wrong, error, message in [
        (np.zeros(3), ValueError, r"the shape and dtype of the result, \(3,\) and float32; got \(3,\) and float64"),
        (np.zeros(4, np.float32), ValueError, r"got \(4,\) and float32"),
        ([0.0] * 3, TypeError, "out must be a numpy array; got list"),
        (np.ma.zeros(3, np.float32), TypeError, "got MaskedArray"),
        (fixed, ValueError, "out must be writeable"),
    ]:
        with pytest.raises(error, match=message):
            actlab.tanh(x, out=wrong)


def test_a_long_array_needs_little_memory_beyond_its_result():
    x, out = np.linspace(-5, 5, 40 * BLOCK, dtype=np.float32), np.empty(40 * BLOCK, np.float32)
    actlab.gelu(x, out=out)
    tracemalloc.start()
    try:
        actlab.gelu(x, out=out)
        assert tracemalloc.get_traced_memory()[1] < 16 * 8 * BLOCK
    finally:
        tracemalloc.stop()
