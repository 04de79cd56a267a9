"""Figures of activations: colours that can be told apart and seen, and landmarks where they were measured."""

from itertools import combinations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

import actlab
from actlab import catalogue, figures
from actlab.figures import style
from tests.cases import each_elementwise, each_record

DARK_PAGE = to_rgb("#14181e")  # pydata-sphinx-theme's background
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
# hue-rotate(180deg) of the filter specification
TURN = np.array([[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]])


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def pair():
    return plt.subplots(2, 1)[1]


def linear(rgb):
    rgb = np.asarray(rgb)
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """WCAG 2's contrast of two colours."""
    darker, lighter = sorted(linear(colour) @ LUMINANCE + 0.05 for colour in (one, other))
    return lighter / darker


@each_record
def test_a_line_stands_out_on_a_white_and_on_a_dark_page(record):
    drawn = np.array(figures.colour(record))
    assert contrast(drawn, (1, 1, 1)) >= 3
    assert contrast(np.clip(TURN @ (1 - drawn), 0, 1), DARK_PAGE) >= 3  # as book.css shows it


@pytest.mark.parametrize("family", catalogue.FAMILIES)
def test_members_of_a_family_differ_in_colour(family):
    colours = [figures.colour(a) for a in actlab.ACTIVATIONS.values() if a.family == family]
    distances = [np.linalg.norm(np.subtract(*pair)) for pair in combinations(colours[: len(style.COLOURS)], 2)]
    assert min(distances, default=1) > 0.2


def test_functions_that_are_often_compared_differ_in_colour():
    compared = (actlab.identity, actlab.sigmoid, actlab.tanh, actlab.relu, actlab.leaky_relu, actlab.silu, actlab.gelu)
    assert len({figures.colour(activation) for activation in compared}) == len(compared)


@each_elementwise
def test_landmarks_are_drawn_and_labelled_where_they_were_measured(case, pair):
    assert figures.landmarks(case, pair) is pair
    for ax, extrema in zip(pair, (case.properties.extrema, case.properties.slope_extrema), strict=True):
        assert [text.get_text() for text in ax.texts] == [str(extremum) for extremum in extrema]
        low, high = ax.get_xlim()
        assert all(low < kink < high for kink in case.kinks)
        (bottom, top), dots = ax.get_ylim(), [line.get_xydata()[0] for line in ax.lines if line.get_marker() == "o"]
        for extremum in extrema:
            assert low < extremum.x < high and bottom < extremum.value < top
            assert min(np.hypot(*(dot - (extremum.x, extremum.value))) for dot in dots) < 1e-5


@each_elementwise
def test_the_background_is_grey_where_a_unit_is_dead_or_saturated(case, pair):
    ax = figures.landmarks(case, pair)[0]
    bands = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches]
    facts = case.properties
    for x in np.linspace(*ax.get_xlim(), 200)[1:-1]:
        expected = any(x in interval for interval in (*facts.saturation, *facts.dead))
        assert any(low <= x <= high for low, high in bands) == expected


def test_a_window_may_be_given(pair):
    figures.landmarks(actlab.gelu, pair, low=-1, high=2)
    assert pair[0].get_xlim() == pair[1].get_xlim() == (-1, 2)
    assert [len(ax.texts) for ax in pair] == [1, 1]  # the slope's minimum lies outside


def test_an_asymptote_is_drawn_unless_the_function_lies_on_it(pair):
    def dotted(activation):
        pair[0].clear()
        figures.landmarks(activation, pair)
        return [line.get_ydata().tolist() for line in pair[0].lines if line.get_linestyle() == ":"]

    assert dotted(actlab.tanh) == [[-1, -1], [1, 1]]
    assert dotted(actlab.elu) == [[-1, -1]]
    assert dotted(actlab.relu) == []
    assert dotted(actlab.tanh_shrink) == [[1, -3], [-1, 3]]


def test_landmarks_need_two_axes():
    with pytest.raises(ValueError, match="two axes, one for f and one for f'; got 1"):
        figures.landmarks(actlab.relu, plt.subplots()[1])


@each_elementwise
def test_what_is_drawn_is_rounded(case, pair):
    figures.landmarks(case, pair)
    for ax in pair:
        for line in ax.lines:
            y = np.asarray(line.get_ydata(), dtype=float)
            assert (np.round(y, 5) == y).all()


@each_elementwise
def test_the_text_of_landmarks_names_each_of_them(case):
    text, facts = figures.landmarks_text(case), case.properties
    for landmark in (*facts.extrema, *facts.slope_extrema, *facts.saturation, facts.range, facts.slopes):
        assert str(landmark) in text
    assert text.count("kink at") == len(case.kinks)
    assert len(text) >= 40


def test_a_small_family_is_labelled_beside_its_lines():
    ax = figures.family(catalogue.elementwise("sigmoid", "tanh", "softsign", "log_sigmoid"), plt.subplots()[1])
    labels = {text.get_text(): text for text in ax.texts}
    assert set(labels) == {"sigmoid", "tanh", "softsign", "log_sigmoid"} and ax.get_legend() is None
    levels = sorted(text.xy[1] for text in ax.texts)
    assert min(np.diff(levels)) > 0.06 * np.diff(ax.get_ylim())[0]
    assert ax.get_ylim()[0] < levels[0] and levels[-1] < ax.get_ylim()[1]
    for name, text in labels.items():
        assert text.get_color() == figures.colour(actlab.get(name))
        assert text.xy[0] == -4  # where their ends lie farther apart than at 4
    assert labels["log_sigmoid"].xy[1] == pytest.approx(actlab.log_sigmoid(-4.0), abs=0.1)


def test_a_large_family_has_a_legend():
    members = catalogue.elementwise("rectifier")
    ax = figures.family(members, plt.subplots()[1])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [member.name for member in members]
    assert not list(ax.texts)
    assert len({handle.get_linestyle() for handle in ax.get_legend().get_lines()}) > 1
