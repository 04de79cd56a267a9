"""What the record of accuracy claims, held against the formulas and against the frameworks that are installed."""

import json
import math
from dataclasses import fields, replace

import matplotlib.pyplot as plt
import mpmath
import numpy as np
import pytest

import actlab
from actlab import accuracy, calls, catalogue, figures, peers
from actlab.accuracy import Cell, Exact
from tests.cases import DTYPES, each_order
from tests.test_exercises import run

RECORD = accuracy.recorded()
RECORDED = [name for name in RECORD.formulas if name in actlab.names()]
UNRECORDED = [record for record in catalogue.elementwise() if record.name not in RECORD.formulas]
each_dtype = pytest.mark.parametrize("dtype", accuracy.DTYPES)
each_recorded = pytest.mark.parametrize("name", RECORDED)
stale = f"run {accuracy.COMMAND} where PyTorch and JAX are installed"


def cells(**what):
    """List the recorded cells whose fields have these values."""
    return [cell for cell in RECORD.cells if all(getattr(cell, key) == value for key, value in what.items())]


def measured_at(cell, x, by):
    """Measure anew, at some inputs."""
    activation, x = actlab.get(cell.function), np.array(x, cell.dtype)
    exact, slope = (accuracy.exact_at(activation, x, order) for order in (cell.order, cell.order + 1))
    return accuracy.measure(activation, cell.order, by, x, exact, slope)


# --- The record and the registry --------------------------------------------------------------------------------------


def test_the_record_is_of_the_functions_that_there_are():
    for name, formula in RECORD.formulas.items():
        assert name in actlab.names(), f"{name} is no longer registered: {stale}"
        assert actlab.get(name).formula == formula, f"{name} was recorded with another formula: {stale}"
    assert len(RECORDED) > 20


def test_every_cell_of_ours_is_there():
    found = {(cell.function, cell.order, cell.dtype) for cell in cells(by="actlab")}
    expected = {(name, order, dtype) for name in RECORDED for order in accuracy.ORDERS for dtype in accuracy.DTYPES}
    assert found == expected


@pytest.mark.parametrize("by", calls.FRAMEWORKS)
def test_every_framework_that_has_a_function_is_in_the_record(by):
    for name in RECORDED:
        known = calls.declared(actlab.get(name), by) is not None
        assert bool(cells(function=name, by=by, order=0)) == known, f"{name}: {stale}"


def test_the_record_says_where_it_comes_from():
    assert {"numpy", "Keras", "PyTorch", "JAX", "TensorFlow", "numpy dispatches to", "date"} <= RECORD.provenance.keys()
    assert all(cell.points > 500 for cell in RECORD.cells)


# --- Ours -------------------------------------------------------------------------------------------------------------


@each_recorded
def test_a_recorded_cell_of_ours_keeps_its_goals_or_says_why_not(name):
    for cell in cells(function=name, by="actlab"):
        key = (name, cell.order, cell.dtype)
        missed = accuracy.over_goal(cell)
        assert bool(missed) == (key in accuracy.REASONS), f"{key}: {missed or 'keeps its goals; take its reason away'}"


@each_recorded
def test_ours_keeps_its_goals_where_anyone_was_worst(name):
    for cell in cells(function=name, by="actlab"):
        others = cells(function=name, order=cell.order, dtype=cell.dtype)
        x = [other for c in others for other in (c.ulp_at, c.k_at, c.subnormal_at, c.wrong_at, c.half, c.all)]
        x = sorted({point for point in x if point is not None})
        if (name, cell.order, cell.dtype) not in accuracy.REASONS:
            assert accuracy.over_goal(measured_at(cell, x, "actlab")) == ""


@each_order
@pytest.mark.parametrize("record", UNRECORDED or [actlab.sigmoid], ids=repr)
def test_a_function_that_is_not_recorded_keeps_the_goals_on_a_small_grid(record, order):
    for dtype in accuracy.DTYPES:
        x = accuracy.grid(record, dtype, density=0.1)
        exact, slope = (accuracy.exact_at(record, x, n) for n in (order, order + 1))
        cell = accuracy.measure(record, order, "actlab", x, exact, slope)
        assert accuracy.over_goal(cell) == ""


# --- The others -------------------------------------------------------------------------------------------------------


@each_recorded
@pytest.mark.parametrize("by", calls.FRAMEWORKS)
def test_what_the_others_lose_they_still_lose(name, by):
    if by not in peers.frameworks():
        pytest.skip(f"{calls.FRAMEWORKS[by]} is optional and not installed")
    for cell in cells(function=name, by=by):
        # Many times, so that the frameworks compute it as in a long array; of a few numbers some round otherwise.
        if cell.all is not None:
            no_digit = 2.0 ** (np.finfo(cell.dtype).nmant - 1)
            again = measured_at(cell, [cell.ulp_at] * 64, by)
            assert again.wrong or again.ulp > min(cell.ulp, no_digit) / 10, f"{cell}: {stale}"
        if cell.wrong:
            assert measured_at(cell, [cell.wrong_at] * 64, by).wrong == 64, f"{cell}: {stale}"


def test_the_formula_loses_what_we_keep():
    # At the least the derivative of the sigmoid: 1 - sigmoid has no digit from 37 on.
    (cell,) = cells(function="sigmoid", order=1, dtype="float64", by="textbook")
    assert 36 < cell.all < 38
    assert measured_at(cell, [cell.all], "textbook").all == cell.all
    assert measured_at(cell, [cell.all], "actlab").all is None


# --- How errors are measured ------------------------------------------------------------------------------------------

EDGES = [
    "1e-330",
    "4.9406564584124654e-324",
    "2.2250738585072014e-308",
    "1e-200",
    "0.1",
    "1",
    "3e200",
    "1.7976931348623157e308",
]


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_error_is_that_of_many_digits(dtype):
    rng = np.random.default_rng(0)
    with mpmath.workdps(60), np.errstate(over="ignore", under="ignore"):
        values = [mpmath.mpf(text) * sign * (1 + mpmath.mpf(1) / 7) for text in EDGES for sign in (1, -1)]
        values = [value for value in values if abs(value) <= float(np.finfo(dtype).max)]
        exact = Exact.of(values)
        got = np.array([float(v) for v in values]).astype(dtype)
        got = np.where(rng.random(len(got)) < 0.5, np.nextafter(got, dtype(0)), got)
        expected = [abs(mpmath.mpf(float(g)) - v) / exact_ulp(v, dtype) for g, v in zip(got, values, strict=True)]
        x = np.ones(len(values), dtype)
        zero = Exact.of([mpmath.mpf(0)] * len(values))
        ulp, k = accuracy.errors(exact, zero, x, got)
    np.testing.assert_allclose(ulp, [float(e) for e in expected], rtol=1e-9)
    np.testing.assert_array_equal(ulp, k)


def exact_ulp(value, dtype):
    """Return the distance of neighbouring numbers, by bits rather than by floats."""
    limits = np.finfo(dtype)
    exponent = max(int(mpmath.frexp(value)[1]) - 1, limits.minexp) if value else limits.minexp
    return mpmath.ldexp(1, min(exponent, limits.maxexp - 1) - limits.nmant)


def test_infinity_is_right_for_what_is_too_large_and_wrong_for_what_is_not():
    exact = Exact.of([mpmath.mpf("1e400"), mpmath.mpf("1e39"), mpmath.mpf("1e300")])
    zero = Exact.of([mpmath.mpf(0)] * 3)
    ulp, _ = accuracy.errors(exact, zero, np.ones(3), np.array([np.inf, 1e39, np.inf]))
    assert ulp[0] == 0
    assert ulp[1] < 1
    assert ulp[2] > 1e9
    ulp, _ = accuracy.errors(exact, zero, np.ones(3, np.float32), np.full(3, np.inf, np.float32))
    np.testing.assert_array_equal(ulp, 0)


def test_a_k_ulp_forgives_what_the_input_costs():
    # exp at 700: half an ulp of the input moves the result by 2^-44 of it, some 360 ulp.
    x = np.array([700.0])
    exact = accuracy.exact_at(actlab.exponential, x, 0)
    ulp, k = accuracy.errors(exact, exact, x, np.exp(np.nextafter(x, 0)))
    assert 200 < ulp < 1000
    assert 1 < k < 3


@pytest.fixture
def measure(monkeypatch):
    """Return a function that measures the sigmoid as computed by another."""

    def measured(f, order=0, dtype="float64"):
        monkeypatch.setattr(accuracy, "computer", lambda *_: f)
        x = accuracy.grid(actlab.sigmoid, dtype)
        exact, slope = (accuracy.exact_at(actlab.sigmoid, x, n) for n in (order, order + 1))
        return accuracy.measure(actlab.sigmoid, order, "textbook", x, exact, slope)

    return measured


def test_lost_digits_are_seen_where_they_are_lost(measure):
    def until_ten(x):
        return np.where(
            x < -10, 0.0, np.where(x < -5, np.float32(1) * actlab.sigmoid(x).astype(np.float32), actlab.sigmoid(x))
        )

    cell = measure(until_ten)
    assert -10.2 < cell.all < -10
    assert cell.half is None or -10.2 < cell.half <= -10
    assert cell.ulp > 1e15
    assert cell.wrong == 0
    assert "ulp at x" in accuracy.over_goal(cell)


def test_half_of_the_digits_are_seen(measure):
    cell = measure(lambda x: actlab.sigmoid(x) * np.where(x > 3, 1 + 1e-6, 1))
    assert 3 < cell.half < 3.2
    assert cell.all is None


def test_wrong_numbers_limits_and_zeros_are_counted(measure):
    def broken(x):
        return np.where(x > 100, np.nan, np.where(np.isnan(x), 0.5, actlab.sigmoid(x)))

    cell = measure(broken)
    x = accuracy.grid(actlab.sigmoid, "float64")
    assert cell.wrong == np.sum(x > 100)
    assert cell.wrong_at == x[x > 100][0] == cell.all
    assert cell.specials == "inf nan"
    missed = accuracy.over_goal(cell)
    assert f"nan or infinity at {cell.wrong} finite inputs" in missed
    assert "wrong answer to inf nan" in missed


def test_what_a_subnormal_number_and_a_zero_lose_is_over_the_goal():
    cell = RECORD.cell("sigmoid", 0, "float64", "actlab")
    assert accuracy.over_goal(cell) == ""
    assert "the sign of -0.0" in accuracy.over_goal(replace(cell, zero=True))
    assert "99 ulp at x = 1e-320, where a number is subnormal" in accuracy.over_goal(
        replace(cell, subnormal=99.0, subnormal_at=1e-320)
    )


def test_an_infinity_that_is_right_is_not_counted():
    x = np.array([88.0, 88.8], np.float32)
    exact, slope = (accuracy.exact_at(actlab.exponential, x, n) for n in (0, 1))
    assert np.isinf(actlab.exponential(x)).tolist() == [False, True]
    assert accuracy.measure(actlab.exponential, 0, "actlab", x, exact, slope).wrong == 0


def test_the_sign_of_zero_is_looked_at():
    x = np.array([1.0])
    exact, slope = (accuracy.exact_at(actlab.tanh, x, n) for n in (0, 1))
    assert not accuracy.measure(actlab.tanh, 0, "actlab", x, exact, slope).zero
    assert accuracy._loses_zero(actlab.tanh, 0, lambda x: np.tanh(x) + 0.0, "float64")
    assert not accuracy._loses_zero(actlab.sigmoid, 0, actlab.sigmoid, "float64")


@each_dtype
def test_the_grid_is_of_numbers_of_the_dtype_and_leaves_kinks_out(dtype):
    x = accuracy.grid(actlab.relu6, dtype)
    assert x.dtype == dtype
    assert (np.diff(x) > 0).all()
    assert not np.isin([0, 6], x).any()
    assert np.isin([np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal], x).all()
    assert np.sum((x > 6) & (x < 6.2)) >= 3
    assert np.sum((x > 5.8) & (x < 6)) >= 3


def test_roots_are_found():
    roots = accuracy._places(actlab.silu)
    assert any(math.isclose(root, -1.2784645427610738, abs_tol=1e-8) for root in roots)


@pytest.mark.parametrize("field", [f.name for f in fields(Cell)])
def test_a_cell_of_the_record_has_every_field(field):
    assert any(getattr(cell, field) not in (None, "", False, 0) for cell in RECORD.cells)


def test_what_is_written_is_what_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(accuracy, "_RECORD", tmp_path / "a" / "b.json")
    (tmp_path / "a").mkdir()
    few = replace(RECORD, cells=RECORD.cells[:3], curves=RECORD.curves[:1])
    accuracy._write(few, tmp_path / "a" / "b.json")
    json.loads((tmp_path / "a" / "b.json").read_text())
    assert accuracy.recorded.__wrapped__() == few


def test_asking_for_help_measures_nothing(capsys, monkeypatch):
    monkeypatch.setattr(accuracy, "measure_all", lambda *_: pytest.fail("measured"))
    with pytest.raises(SystemExit) as ended:
        accuracy.main(["--help"])
    assert ended.value.code == 0 and "--output" in capsys.readouterr().out


# --- As tables --------------------------------------------------------------------------------------------------------


@each_order
@each_dtype
def test_the_table_has_a_row_for_every_function(order, dtype):
    table = accuracy.errors_table(order, dtype)
    assert [row[0].strip("`") for row in table.rows] == [record.name for record in catalogue.elementwise()]
    assert {len(row) for row in table.rows} == {len(table.columns)}
    rows = {row[0].strip("`"): row for row in table.rows}
    for record in UNRECORDED:
        assert rows[record.name][1] == "not recorded"
    ours = RECORD.cell("sigmoid", order, dtype, "actlab")
    assert rows["sigmoid"][1] == f"{ours.k if order else ours.ulp:.1f}"


def test_what_is_wrong_is_marked():
    rows = {row[0]: row for row in accuracy.errors_table(1, "float64").rows}
    keras = accuracy.errors_table(1, "float64").columns.index("Keras")
    assert rows["`sigmoid`"][keras].startswith("**")
    assert rows["`silu`"][keras].endswith(" lim")
    assert rows["`relu`"][keras].endswith(" hid")


def test_losses_are_listed_where_they_begin():
    table = accuracy.losses(1, "float32")
    rows = {row[0].strip("`"): dict(zip(table.columns[1:], row[1:], strict=True)) for row in table.rows}
    (cell,) = cells(function="sigmoid", order=1, dtype="float32", by="keras")
    assert rows["sigmoid"]["Keras"] == f"{cell.all:.3g}"
    assert "relu" not in rows
    assert "actlab" not in table.columns


def test_what_is_over_a_goal_is_listed_with_its_reason():
    rows = accuracy.missed().rows
    assert len(rows) == len(accuracy.REASONS)
    assert all(row[3] and row[4] for row in rows)


def test_curves_are_of_everyone_who_computes():
    for curve in RECORD.curves:
        assert set(curve.errors) == set(accuracy.COMPUTERS)
        assert {len(errors) for errors in curve.errors.values()} == {len(curve.edges) - 1}
        assert max(curve.errors["actlab"]) < 1e-7
        assert max(curve.errors["keras"]) > 0.1


def test_a_curve_is_of_the_largest_errors():
    # That it is the same to a factor of ten, on another processor too, no smallest or mean error would be.
    curve = accuracy.curve("sigmoid", 1, "float32", ["actlab", "textbook", "keras"])
    assert curve.edges == RECORD.curves[0].edges
    for by, errors in curve.errors.items():
        ratio = np.array(errors) / RECORD.curves[0].errors[by]
        assert ((ratio > 0.1) & (ratio < 10)).all()


def test_a_curve_is_drawn_for_everyone():
    _, ax = plt.subplots()
    figures.accuracy_curve(RECORD.curves[0], ax, low=-5)
    drawn = {patch.get_label(): patch.get_data() for patch in ax.patches}
    assert set(drawn) == set(accuracy.COMPUTERS.values())
    assert max(drawn["Keras"].values) == max(RECORD.curves[0].errors["keras"])
    assert ax.get_xlim() == (-5, 20)
    plt.close("all")


@pytest.mark.parametrize(
    ("answer", "start"),
    [("1 - np.tanh(x) ** 2", "not yet: 0;"), ("1 / np.cosh(x) ** 2", "right"), ("1.0", "not yet: 1;")],
)
def test_the_exercise_knows_right_from_wrong(answer, start, capsys):
    said = run("practice/accuracy.ipynb", "exercise", capsys, ("1 - np.tanh(x) ** 2", answer))
    assert said.startswith(start)
