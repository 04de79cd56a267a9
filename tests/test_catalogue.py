"""The tables of the catalogue: complete, well-formed, and right to the digits they show."""

import math
import re

import pytest

import actlab
from actlab import catalogue, formulas

TABLES = [
    catalogue.formulas,
    catalogue.properties,
    catalogue.moments,
    catalogue.check_values,
    catalogue.check_vectors,
]


@pytest.mark.parametrize("table", TABLES)
def test_markdown_has_a_cell_for_every_column(table):
    text = table()._repr_markdown_()
    # A formula with a bar of its own would end a cell.
    counts = {line.count("|") for line in text.splitlines()}
    assert counts == {len(table().columns) + 1}
    assert text.splitlines()[1].strip("| -") == ""


def test_every_activation_is_in_the_tables():
    def named(table):
        return {re.match(r"`(\w+)", row[0])[1] for row in table.rows}

    assert named(catalogue.formulas()) == set(actlab.names())
    assert named(catalogue.properties()) == named(catalogue.moments()) == named(catalogue.check_values())
    assert named(catalogue.check_values()) | named(catalogue.check_vectors()) == set(actlab.names())
    assert not named(catalogue.check_values()) & named(catalogue.check_vectors())


def test_the_digits_are_those_of_the_formula():
    by_name = {activation.name: activation for activation in catalogue.elementwise()}
    rows = catalogue.check_values((-2.25, 0.75)).rows
    assert len(rows) == 2 * len(by_name)
    for name, x, *shown in rows:
        for order, digits in enumerate(shown):
            (value,) = formulas.exact(by_name[name.strip("`")], [float(x)], order)
            assert float(digits) == pytest.approx(float(value), rel=1e-9, abs=0), (name, x, order)


def test_the_digits_of_vectors_are_those_of_the_formula():
    z = (0.5, -1.0, 2.0, 1.75)
    for name, outputs, slopes in catalogue.check_vectors(z).rows:
        (activation,) = (case for case in catalogue.vectorwise() if repr(case) == name.strip("`"))
        jacobian = formulas.exact_jacobian(activation, z)
        assert [float(v) for v in outputs.split(", ")] == pytest.approx(
            [float(v) for v in formulas.exact_vector(activation, z)], rel=1e-9
        )
        assert [float(v) for v in slopes.split(", ")] == pytest.approx(
            [float(slope) for slope in jacobian[0]], rel=1e-9
        )


def test_properties_are_shown_as_measured():
    for row, activation in zip(catalogue.properties().rows, catalogue.elementwise(), strict=True):
        facts = activation.properties
        opening, low, high, closing = re.fullmatch(r"([\[(])(.*),\s(.*)([\])])", row[1]).groups()
        assert (opening == "[", closing == "]") == (facts.range.low_closed, facts.range.high_closed)
        for shown, bound in ((low, facts.infimum), (high, facts.supremum)):
            assert ("∞" in shown) == math.isinf(bound)
            assert math.isinf(bound) or float(shown) == pytest.approx(bound, rel=5e-4, abs=0)
        shown = [tuple(map(float, re.findall(r"-?[\d.]+", text))) for text in row[2].split("<br>") if "at" in text]
        assert shown == [pytest.approx((e.value, e.x), rel=5e-4, abs=0) for e in facts.extrema]
        assert row[2].count("minimum") == sum(extremum.kind == "minimum" for extremum in facts.extrema)
        assert ("increasing" in row[2]) == (facts.monotone == "increasing")
        assert float(row[3].replace("∞", "inf")) == pytest.approx(facts.lipschitz, rel=5e-4)
    rows = {row[0]: row for row in catalogue.properties().rows}
    assert rows["`relu`"][2:] == ("increasing", "1", "f\N{PRIME}", "(-\N{WORD JOINER}∞,\N{NO-BREAK SPACE}0]")
    assert rows["`tanh`"][2:5] == ("odd<br>increasing", "1", "none")
    assert rows["`gaussian`"][2] == "even<br>maximum 1 at 0"
    assert (rows["`softsign`"][4], rows["`step`"][4]) == ("f\N{DOUBLE PRIME}", "f")
    turning = actlab.threshold.with_params(default_value=1.0)
    assert catalogue.properties(turning).rows[0][2] == "not monotone"


def test_moments_are_shown_as_measured():
    names = ("mean", "second_moment", "slope_moment", "gain", "slope_gain", "zero_share", "dead_share")
    for row, activation in zip(catalogue.moments().rows, catalogue.elementwise(), strict=True):
        measured = [getattr(activation.properties, name) for name in names]
        assert [float(shown.replace("∞", "inf")) for shown in row[1:]] == pytest.approx(measured, abs=5e-5 + 1e-12)


def test_a_table_of_some_shows_these_in_the_order_given():
    rows = catalogue.formulas("gate", "relu", "swish").rows
    assert [row[0] for row in rows] == [f"`{a.name}`" for a in actlab.ACTIVATIONS.values() if a.family == "gate"] + [
        "`relu`"
    ]
    steep = actlab.elu.with_params(alpha=2.0)
    assert [row[0] for row in catalogue.moments(steep, "elu").rows] == ["`elu(alpha=2.0)`", "`elu`"]
    assert catalogue.formulas(steep).rows[0][2] == r"$\alpha = 2$"
    assert catalogue.elementwise("threshold") == [actlab.threshold]
    assert actlab.exponential in catalogue.elementwise("output") and actlab.softmax in catalogue.vectorwise("output")


@pytest.mark.parametrize("table", [catalogue.formulas, catalogue.properties, catalogue.moments])
def test_an_unknown_family_is_answered_with_the_known_ones(table):
    with pytest.raises(ValueError, match=r"unknown activation 'gates'.*; families: linear, .*gate, .*output"):
        table("gates")


def test_a_table_of_numbers_refuses_a_function_of_vectors():
    with pytest.raises(ValueError, match="softmax maps a vector"):
        catalogue.properties("softmax")
    with pytest.raises(ValueError, match="relu maps single numbers"):
        catalogue.vectorwise(actlab.relu)


def test_parameters_are_shown_with_their_symbols_and_defaults():
    rows = {row[0]: row for row in catalogue.formulas().rows}
    assert rows["`elu`"][2] == r"$\alpha = 1$"
    assert rows["`silu`"][3] == "swish"
