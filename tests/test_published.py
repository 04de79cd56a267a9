"""Every published number is measured anew, and a wrong one would be seen."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from actlab import published, references
from actlab.published import ROWS, Between, Comparison, Finding, Near, Published, Rounded
from actlab.published.record import ROWS as REGISTRY
from actlab.published.record import published as declare
from actlab.statistics import Mean

PAPERS = {
    "hanin2018which", "hanin2020products", "hendrycks2016gelu", "klambauer2017self", "misra2020mish",
    "ramachandran2017searching",
}  # fmt: skip

each_row = pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)


@each_row
def test_a_row_comes_to_what_it_declares(row):
    comparison = row.compare()
    assert comparison.status == ("not reproduced" if row.finding else "reproduced"), repr(comparison)
    assert comparison.finding_holds == (row.finding is not None), repr(comparison)


def wrong(comparison):
    """List claims that differ from the row's by what a reader would call another number."""
    claim = comparison.row.finding.claim if comparison.row.finding else comparison.row.claim
    if isinstance(claim, Between):
        if math.inf in (-claim.low, claim.high):
            # The inequality turned around.
            return [Between(claim.high, math.inf) if math.isinf(claim.low) else Between(-math.inf, claim.low)]
        return [Between(claim.high, 2 * claim.high - claim.low), Between(2 * claim.low - claim.high, claim.low)]
    if isinstance(claim, Rounded):
        # One more or less in the last digit that is printed, or two where ours lies near the middle between two digits.
        return [Near(claim.value + step * claim.tolerance, claim.tolerance, "wrong") for step in (-4, 4)]
    change = max(0.15 * abs(claim.value), 3 * claim.tolerance if claim.value == 0 else 0.0)
    return [Near(claim.value + sign * change, claim.tolerance, "wrong") for sign in (-1, 1)]


@each_row
def test_a_wrong_number_does_not_reproduce(row):
    comparison = row.compare()
    for claim in wrong(comparison):
        changed = Comparison(replace(row, claim=claim, finding=None), comparison.measured)
        assert changed.status != "reproduced", repr(changed)


@each_row
def test_a_wrong_finding_does_not_hold(row):
    if row.finding:
        comparison = row.compare()
        for claim in wrong(comparison):
            changed = replace(row, finding=Finding(claim, "wrong"))
            assert not Comparison(changed, comparison.measured).finding_holds


@each_row
def test_a_row_says_where_it_is_from_and_what_is_done(row):
    assert references.get(row.source)
    for text in (row.quantity, row.how, *([row.finding.text] if row.finding else [])):
        assert re.fullmatch(r"[A-Z0-9].*\.", text), text
    assert row.where
    assert (row.seed is None) == (row.compare().n is None)


def test_there_are_rows_enough_and_every_paper_has_some():
    assert len(ROWS) >= 30
    assert PAPERS <= {row.source for row in ROWS.values()}
    assert set(published.sources()) == {row.source for row in ROWS.values()}
    assert any(row.finding for row in ROWS.values())


# --- The comparison ---------------------------------------------------------------------------------------------------


def compared(claim, measured, finding=None):
    return Comparison(Published("name", "source", "where", "Quantity.", claim, lambda: measured, finding), measured)


@pytest.mark.parametrize(
    ("measured", "status"),
    [(0.14, "not reproduced"), (0.151, "reproduced"), (0.249, "reproduced"), (0.26, "not reproduced")],
)
def test_a_rounded_number_is_met_by_what_rounds_to_it(measured, status):
    assert compared(Rounded("0.2"), measured).status == status


def test_the_unit_of_the_last_digit_is_read_from_the_text():
    found = {text: Rounded(text).tolerance for text in ("3", "0.80", "-1.28", "1.7e4", "6e-5")}
    assert found == pytest.approx({"3": 0.5, "0.80": 0.005, "-1.28": 0.005, "1.7e4": 500, "6e-5": 5e-6})


@pytest.mark.parametrize(
    ("centre", "status"), [(1.0, "reproduced"), (1.09, "undecided"), (1.2, "not reproduced"), (0.8, "not reproduced")]
)
def test_the_whole_interval_must_agree(centre, status):
    sample = Mean.of(centre + np.tile([-0.1, 0.1], 50))
    assert sample.interval[1] - sample.interval[0] == pytest.approx(0.04, rel=0.01)
    assert compared(Near(1.0, 0.1, "test"), sample).status == status


def test_an_inequality_has_one_side():
    assert [compared(Between(low=1.0), value).status for value in (0.9, 1.1)] == ["not reproduced", "reproduced"]
    assert [compared(Between(high=1.0), value).status for value in (0.9, 1.1)] == ["reproduced", "not reproduced"]
    assert compared(Between(low=1.0), 1.1).deviation is None


def test_deviations_are_in_units_of_the_tolerance():
    assert compared(Near(2.0, 0.5, "test"), 2.25).deviation == (0.5, 0.5, 0.5)


def test_a_value_of_nan_agrees_with_nothing():
    assert compared(Near(2.0, 0.5, "test"), math.nan).status == "undecided"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Near(1.0, 0.0, "why"), "positive tolerance and a reason"),
        (lambda: Near(1.0, 0.1, ""), "positive tolerance and a reason"),
        (lambda: Near(math.nan, 0.1, "why"), "positive tolerance and a reason"),
        (lambda: Between(), "one of them finite"),
        (lambda: Between(2.0, 1.0), "low below high"),
    ],
)
def test_a_claim_that_says_nothing_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_name_is_given_once_and_the_measurement_says_what_it_computes():
    register = declare("klambauer2017self", where="here", quantity="One.", claim=Rounded("1"))

    def selu_alpha():
        """One."""

    with pytest.raises(ValueError, match="'selu_alpha' is already registered"):
        register(selu_alpha)

    def silent():
        return 1

    with pytest.raises(TypeError, match="silent: the docstring must say what is computed"):
        register(silent)
    assert "silent" not in REGISTRY


# --- The tables -------------------------------------------------------------------------------------------------------


def test_the_tables_hold_every_row_once():
    cells = [cells for source in published.sources() for cells in published.table(source).rows]
    assert sorted(cell[0] for cell in cells) == sorted(row.quantity for row in ROWS.values())
    text = "".join(here for _, _, here in cells)
    assert text.count("not reproduced") == sum(row.finding is not None for row in ROWS.values())


def test_a_table_shows_value_interval_and_finding():
    ((quantity, stated, here),) = published.table([ROWS["logistic_for_gelu"]]).rows
    assert (quantity, stated[:9]) == (ROWS["logistic_for_gelu"].quantity, "**1.702**")
    assert "**1.77293**" in here and ROWS["logistic_for_gelu"].finding.text in here
    comparison = ROWS["hanin_mean"].compare()
    assert f"n = {comparison.n:,}, seed 0" in published.table([ROWS["hanin_mean"]]).rows[0][2]


def test_a_paper_without_rows_is_answered_with_those_that_have_some():
    with pytest.raises(ValueError, match=r"no row is from 'nobody'; rows are from .*klambauer2017self"):
        published.table("nobody")
