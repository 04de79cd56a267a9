"""The tables of the catalogue: complete, well-formed, and right to the digits they show."""

import math
import re

import pytest

import actlab
from actlab import catalogue, formulas

TABLES = [catalogue.formulas, catalogue.properties, catalogue.check_values, catalogue.check_vectors]


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
    assert named(catalogue.properties()) == named(catalogue.check_values())
    assert named(catalogue.check_values()) | named(catalogue.check_vectors()) == set(actlab.names())
    assert not named(catalogue.check_values()) & named(catalogue.check_vectors())


def test_the_digits_are_those_of_the_formula():
    by_name = {repr(activation): activation for activation in catalogue.elementwise()}
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
        low, high = row[1].split(" to ")
        facts = activation.properties
        for shown, bound in ((low, facts.infimum), (high, facts.supremum)):
            assert ("infty" in shown) == math.isinf(bound)
            assert math.isinf(bound) or float(shown) == pytest.approx(bound, abs=5e-5)
        assert (row[3] == "no") == (not facts.monotone)
        assert float(row[7]) == pytest.approx(facts.second_moment, abs=5e-5)
    assert {row[0]: row[5] for row in catalogue.properties().rows}["`relu`"] == "left"


def test_parameters_are_shown_with_their_symbols_and_defaults():
    rows = {row[0]: row for row in catalogue.formulas().rows}
    assert rows["`elu`"][2] == r"$\alpha = 1$"
    assert rows["`silu`"][3] == "swish"
