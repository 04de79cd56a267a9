"""Every published number is measured anew, and a wrong one would be seen."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from actlab import figures, published, references
from actlab.published import ROWS, Between, Comparison, Finding, Near, Published, Rounded
from actlab.published.klambauer import moments
from actlab.published.record import ROWS as REGISTRY
from actlab.published.record import published as declare
from actlab.statistics import Mean

PAPERS = {
    "cho2009kernel", "glorot2010understanding", "hanin2018which", "hanin2020products", "hayou2019impact",
    "he2015delving", "hendrycks2016gelu", "klambauer2017self", "lu2020dying", "misra2020mish", "montufar2014number",
    "pennington2017resurrecting", "poole2016exponential", "ramachandran2017searching", "saxe2014exact",
    "schoenholz2017deep", "williams1998computation",
}  # fmt: skip

each_row = pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.name)


@each_row
def test_a_row_comes_to_what_it_declares(row):
    comparison = row.compare()
    failing = "does not follow" if row.basis == "reading" else "not reproduced"
    assert comparison.status == (failing if row.finding else "reproduced"), repr(comparison)
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
    assert len(ROWS) >= 60
    assert PAPERS <= {row.source for row in ROWS.values()}
    assert set(published.sources()) == {row.source for row in ROWS.values()}
    assert any(row.finding for row in ROWS.values())


# --- The comparison ---------------------------------------------------------------------------------------------------


def compared(claim, measured, basis="printed"):
    return Comparison(Published("name", "source", "where", basis, "Quantity.", claim, lambda: measured), measured)


@pytest.mark.parametrize(
    ("measured", "status"),
    [(0.14, "not reproduced"), (0.151, "reproduced"), (0.249, "reproduced"), (0.26, "not reproduced")],
)
def test_a_rounded_number_is_met_by_what_rounds_to_it(measured, status):
    assert compared(Rounded("0.2"), measured).status == status


@pytest.mark.parametrize(
    ("basis", "said"), [("printed", "not reproduced"), ("equation", "not reproduced"), ("reading", "does not follow")]
)
def test_a_reading_that_fails_does_not_follow(basis, said):
    assert compared(Near(1.0, 0.1, "test"), 2.0, basis).status == said
    assert compared(Near(1.0, 0.1, "test"), 1.0, basis).status == "reproduced"
    assert ("published 1\n" if basis == "printed" else "derived 1\n") in repr(compared(Rounded("1"), 2.0, basis))


def test_a_number_that_is_printed_has_its_digits_from_the_source():
    """A tolerance of rounding supposes printed digits; those of a reading are printed, but of another quantity."""
    assert not [row.name for row in ROWS.values() if isinstance(row.claim, Rounded) and row.basis == "equation"]
    assert {row.basis for row in ROWS.values()} == {"printed", "equation", "reading"}


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
    register = declare("klambauer2017self", where="here", basis="printed", quantity="One.", claim=Rounded("1"))

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
    tables = [published.table(source) for source in published.sources()]
    assert len({table.columns[0] for table in tables}) == len(tables)
    assert sum(len(table.rows) for table in tables) == len(ROWS)
    numbers = [numbers for table in tables for _, numbers in table.rows]
    failing = [text for text in numbers if "**not reproduced**" in text or "**does not follow**" in text]
    assert len(failing) == sum(row.finding is not None for row in ROWS.values())
    words = [words for table in tables for words, _ in table.rows]
    for number, row in published.numbered().items():
        ((alone, _),) = published.table([row]).rows
        assert alone.startswith(f"**{number}.** {row.paper}. ")
        assert words[number - 1] == alone.replace(f" {row.paper}. ", " ", 1)
    assert not any("|" in cell.replace("\\|", "") for table in tables for row in table.rows for cell in row)


def test_a_table_shows_place_tolerance_value_interval_and_finding():
    row, measured = ROWS["logistic_for_gelu"], ROWS["dead_in_three_layers"]
    ((words, numbers),) = published.table([row]).rows
    for text in (
        "Hendrycks and Gimpel (2016)",
        row.quantity,
        f"{row.where} (our reading)",
        row.how,
        row.claim.why,
        row.finding.text,
    ):
        assert text in words
    assert numbers == "**1.702**<br>± 0.0005<br>here **1.77293**<br>**does not follow**"
    ((_, numbers),) = published.table([measured]).rows
    low, high = measured.compare().interval
    assert numbers.startswith("**5/32**<br>± 0.005<br>here **0.15")
    assert numbers.endswith(f"<br>{low:.4f} to {high:.4f}<br>n = 200,000, seed 0<br>reproduced")


def test_symbols_become_formulas():
    ((words, _),) = published.table([ROWS["schoenholz_correlation_scale"]]).rows
    assert r"-ln $\chi_1$" in words and r"$\sigma_b^2$ = 0.05" in words


def test_a_paper_without_rows_is_answered_with_those_that_have_some():
    with pytest.raises(ValueError, match=r"no row is from 'nobody'; rows are from .*klambauer2017self"):
        published.table("nobody")


# --- The figure -------------------------------------------------------------------------------------------------------


def test_the_figure_has_a_mark_for_each_number_with_a_tolerance():
    import matplotlib.pyplot as plt

    rows = [ROWS[name] for name in ("selu_alpha", "selu_contraction", "hanin_mean", "pytorch_tanh_gain")]
    comparisons = [row.compare() for row in rows]
    _, ax = plt.subplots()
    figures.deviations(dict(zip((3, 5, 7, 11), comparisons, strict=True)), ax)
    marks = [line for line in ax.lines if line.get_marker() not in ("None", None, "")]
    assert [mark.get_marker() for mark in marks] == ["o", "o", "<"]
    assert [mark.get_markerfacecolor() for mark in marks] == ["black", "black", "white"]
    assert [float(mark.get_xdata()[0]) for mark in marks[:2]] == [
        round(comparisons[index].deviation[1], 2) for index in (0, 2)
    ]
    assert [label.get_text() for label in ax.get_yticklabels()] == [rows[index].paper for index in (0, 2, 3)]
    (numbers,) = ax.child_axes
    assert [label.get_text() for label in numbers.get_yticklabels()] == ["3", "7", "11"]
    bars = [line for line in ax.lines if len(set(line.get_xdata())) == 2 and len(set(line.get_ydata())) == 1]
    assert any(np.allclose(bar.get_xdata(), np.round(comparisons[2].deviation, 2)[[0, 2]]) for bar in bars)
    plt.close()


def test_a_paper_is_cited_by_its_authors_and_year():
    cited = {row.source: row.paper for row in ROWS.values()}
    assert cited["klambauer2017self"] == "Klambauer et al. (2017)"
    assert cited["hanin2020products"] == "Hanin and Nica (2020)"
    assert cited["misra2020mish"] == "Misra (2020)"


def test_the_moments_of_selu_are_those_of_equations_4_and_5_of_its_paper():
    from scipy.special import erf, erfc

    m, v = np.meshgrid([-0.8, 0.0, 0.5], [0.1, 1.0, 3.0])
    a, scale = 1.6732632423543772, 1.0507009873554805
    root = np.sqrt(2 * v)
    bell = np.sqrt(2 / np.pi) * np.sqrt(v) * np.exp(-(m**2) / (2 * v))
    tail = np.exp(m + v / 2) * erfc((m + v) / root)
    mean = scale / 2 * (m * erf(m / root) + a * tail - a * erfc(m / root) + bell + m)
    bend = np.exp(2 * (m + v)) * erfc((m + 2 * v) / root) - 2 * tail + erfc(m / root)
    square = scale**2 / 2 * ((m**2 + v) * (2 - erfc(m / root)) + a**2 * bend + m * bell)
    found = moments(m, v)
    assert np.allclose(found[0], mean, rtol=0, atol=1e-12)
    assert np.allclose(found[1], square - mean**2, rtol=0, atol=1e-12)
