"""Outcomes of cosine fits, on fits made by hand, and the figures that show them."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import actlab
from actlab import figures
from actlab.experiments import OUTCOMES, CosineFits, bends, cosine_data, cosine_fit, ended, typical
from actlab.statistics import Share

X, TARGET = cosine_data()
CUTS = (0.01, 0.1, 0.49)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def fits(losses=(), weights=None, biases=None, outputs=None, activation=actlab.relu, **others):
    """Fits with given losses, or with given hidden units, put together here and not trained."""
    if weights is None:
        weights = np.ones((len(losses), 2))
    weights = np.asarray(weights, float)
    count = len(weights)
    none = np.zeros(weights.shape, bool)
    given = {
        "activation": activation, "seed": 0, "learning_rate": 0.04, "order": "fixed", "inputs": "given",
        "recorded": np.array([10, 20]), "numbers": np.arange(count), "loss": np.resize(losses or 1.0, count),
        "dead": none, "born_dead": none, "course": np.ones((2, count)), "hidden_weights": weights,
        "hidden_biases": np.zeros_like(weights) if biases is None else np.asarray(biases, float),
        "output_weights": np.ones_like(weights) if outputs is None else np.asarray(outputs, float),
        "output_biases": np.zeros(count),
    }  # fmt: skip
    return CosineFits(**given | others)


def test_every_loss_has_one_outcome_and_a_diverged_network_none():
    losses = [0.0, 0.0099, 0.01, 0.0999, 0.1, 0.4899, 0.49, 3.0, np.nan, np.inf]
    found = {outcome: np.flatnonzero(ended(fits(losses), outcome)).tolist() for outcome in OUTCOMES}
    assert found == {"fit": [0, 1], "rough fit": [2, 3], "half": [4, 5], "level": [6, 7]}


def test_the_cuts_part_a_line_half_of_the_wave_and_a_fit():
    best_line = np.var(TARGET)
    # The best step of two levels: half of the wave is nearer to the target than it is.
    one_step = min(
        sum(part.size * np.var(part) for part in np.split(TARGET, [place])) / X.size for place in range(1, X.size)
    )
    low, high = OUTCOMES["half"]
    assert low < one_step < high < best_line


def test_an_outcome_that_there_is_not():
    with pytest.raises(ValueError, match="outcome must be one of fit, rough fit, half, level; got 'good'"):
        ended(fits([0.5]), "good")


@pytest.mark.parametrize(
    ("losses", "number"),
    [([0.3], 0), ([0.9, 0.3, 0.2, 0.4], 1), ([0.9, 0.3, 0.001, 0.2], 3), ([0.45, 0.3, 0.2, 0.15, 0.4], 1)],
)
def test_the_typical_network_has_the_median_loss_of_its_outcome(losses, number):
    assert typical(fits(losses), "half") == number


def test_no_network_is_typical_of_what_none_has():
    with pytest.raises(ValueError, match="none of 2 networks of relu has the outcome 'fit'"):
        typical(fits([0.5, 0.3]), "fit")


def test_a_unit_bends_if_it_adds_more_than_a_straight_line():
    """Kinks left of the data, in the middle, right of the data, and a kink that the output weight makes invisible."""
    weights, biases = [[1, 1], [1, -1]], [[1, -np.pi], [-7, 0.5]]
    outputs = [[5, 1], [5, 0.01]]
    for activation in (actlab.relu, actlab.leaky_relu.with_params(negative_slope=0.2)):
        found = bends(fits(weights=weights, biases=biases, outputs=outputs, activation=activation))
        assert found.tolist() == [[False, True], [False, False]]
    # A straight line of any slope and height does not count, a curve does: cos itself deviates by sqrt(1/2) of it.
    assert not bends(fits(weights=[[3.0, -2.0]], biases=[[1, 2]], activation=actlab.identity)).any()
    assert bends(fits(weights=[[1e-3, 1.0]], activation=actlab.tanh)).tolist() == [[False, True]]


def test_a_unit_bends_from_a_deviation_of_a_twentieth_on():
    kink = np.maximum(X - np.pi, 0)
    deviation = np.std(kink - np.polyval(np.polyfit(X, kink, 1), X))
    outputs = np.array([[0.049, -0.051]]) / deviation
    assert bends(fits(weights=[[1, 1]], biases=[[-np.pi, -np.pi]], outputs=outputs)).tolist() == [[False, True]]


@pytest.mark.parametrize("inputs", ["given", "centred", "standardised"])
def test_at_its_bend_place_a_unit_has_the_pre_activation_0(inputs):
    found = fits(weights=[[2.0, -0.5]], biases=[[-1.0, 0.3]], inputs=inputs)
    places = found.bend_places[0]
    np.testing.assert_allclose(np.diagonal(found.pre_activations(places)[0]), 0, atol=1e-14)
    if inputs == "given":
        np.testing.assert_allclose(places, [0.5, 0.6], rtol=1e-14)


def test_a_share_of_units_is_taken_of_those_that_are_asked_for():
    dead = np.array([[True, True], [False, True], [False, False]])
    born = np.array([[True, False], [False, True], [False, False]])
    found = fits([1.0, 1.0, 1.0], dead=dead, born_dead=born)
    share = found.unit_share(born, among=dead)
    assert (share.count, share.n) == (2, 3)
    assert share == Share.of(np.array([True, False, True]), groups=[0, 0, 1])
    assert (found.unit_share(dead).count, found.unit_share(dead).n) == (3, 6)
    # In groups that share shuffles all of these belong together, and remember it when they are selected.
    far = replace(found, order="reshuffled", numbers=np.array([0, 300, 301]))
    assert far.unit_share(dead) == Share.of(dead.ravel(), groups=[0, 0, 1, 1, 1, 1])
    # Where none differs, units of a network count as one trial, and networks of one shuffle as several.
    assert far.unit_share(np.zeros((3, 2), bool)) == found.unit_share(np.zeros((3, 2), bool)) == Share(0, 6, 2.0)
    assert far.share(np.zeros(3, bool)) == Share(0, 3)
    with pytest.raises(ValueError, match=r"outcomes must be \(3, 2\), one for each unit; got \(3,\)"):
        found.unit_share(np.ones(3, bool))


# --- Figures ----------------------------------------------------------------------------------------------------------


def test_a_network_is_drawn_as_its_parts_and_their_sum():
    found = fits([0.5, 0.5], weights=[[1, 1], [1.0, -1.0]], biases=[[0, 0], [-2.0, -1.0]], outputs=[[1, 1], [3.0, 1.0]])
    found.dead[1] = [False, True]
    ax = figures.fit_parts(found, 1, X, TARGET, plt.subplots()[1])
    lines = {line.get_label(): line for line in ax.lines}
    np.testing.assert_allclose(lines["unit 1"].get_ydata(), 3 * np.maximum(X - 2, 0), atol=6e-4)
    np.testing.assert_array_equal(lines["unit 2"].get_ydata(), 0)
    np.testing.assert_allclose(lines["sum"].get_ydata(), found.predict(X)[1], atol=6e-4)
    dots = [line.get_xydata()[0].tolist() for line in ax.lines if line.get_marker() == "o"]
    assert dots == [[2.0, 0.0]]  # the other unit's place, -1, is not among the data
    assert [text.get_text() for text in ax.texts] == ["1 dead"]


def test_a_histogram_counts_every_network_and_says_the_shares_between_the_cuts():
    losses = [1e-6, 0.002, 0.005, 0.3, 0.3, 0.3, 0.505, 5.0]
    axes = plt.subplots(2, 1)[1]
    figures.loss_histograms([fits(losses), fits([0.02] * 5)], axes, cuts=CUTS, floors=[0.001, 1e-9])
    bars = axes[0].patches[0].get_data()
    assert bars.values.sum() == len(losses)
    assert bars.values[np.searchsorted(bars.edges, 0.3) - 1] == 3
    assert [text.get_text() for text in axes[0].texts] == ["38%", "0%", "38%", "25%"]
    assert [text.get_text() for text in axes[1].texts] == ["0%", "100%", "0%", "0%"]
    marks = [line for ax in axes for line in ax.lines if line.get_marker() in "^<"]
    assert [(mark.get_marker(), *np.round(mark.get_xdata(), 6)) for mark in marks] == [("^", 0.001), ("<", 5e-5)]


def test_the_course_shows_the_deciles():
    course = np.array([np.arange(1.0, 12.0), np.arange(1.0, 12.0) / 100])
    ax = figures.loss_course(fits([1.0] * 11, course=course), plt.subplots()[1])
    assert len(ax.lines) == 9
    for decile, line in enumerate(ax.lines, start=1):
        np.testing.assert_array_equal(line.get_xdata(), [10, 20])
        np.testing.assert_allclose(line.get_ydata(), [1 + decile, (1 + decile) / 100], rtol=2e-3)
    assert max(ax.lines, key=lambda line: line.get_linewidth()) is ax.lines[4]


def test_shares_are_drawn_with_their_intervals_a_row_for_each():
    table = {"first": {"a": Share(30, 100), "b": Share(0, 50)}, "second": {"b": Share(7, 7)}}
    ax = figures.shares(table, {"a": "black", "b": "C0"}, plt.subplots()[1])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["first", "second"]
    drawn = {bars.get_label(): bars for bars in ax.containers}
    np.testing.assert_allclose(drawn["a"].lines[0].get_xdata(), [30])
    np.testing.assert_allclose(drawn["b"].lines[0].get_xdata(), [0, 100])
    assert np.round(drawn["b"].lines[0].get_ydata()).tolist() == [0, 1]
    low, high = drawn["a"].lines[2][0].get_segments()[0][:, 0]
    np.testing.assert_allclose([low, high], 100 * np.array(Share(30, 100).interval), atol=1e-3)
    assert ax.get_ylim()[0] > ax.get_ylim()[1]  # the first row is at the top


def test_a_trained_ensemble_can_be_drawn():
    found = cosine_fit("relu", networks=8, epochs=20)
    figures.fit_parts(found, typical(found, "level"), X, TARGET, plt.subplots()[1])
    figures.loss_course(found, plt.subplots()[1])
