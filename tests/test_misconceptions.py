"""The page of common misconceptions shows claims that are not true as said; its drawings are where they should be."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest

import actlab
from actlab import experiments, figures
from actlab.claims import CLAIMS
from tests.test_book import images, read

PAGE = Path("claims/misconceptions.ipynb")
SHOWN = re.compile(r'CLAIMS\["([\w-]+)"\]')


def entries():
    """The cells of the page below each heading of the third level, (text, code) for each."""
    found = []
    for cell in read(PAGE).cells:
        if cell.cell_type == "markdown" and re.search(r"^### ", cell.source, re.M):
            found.append(([], []))
        if found:
            found[-1][cell.cell_type == "code"].append(cell)
    return found


def shown(code):
    """The ids of the claims that code cells show."""
    return [match[1] for cell in code if (match := SHOWN.fullmatch(cell.source))]


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def test_the_page_has_fifteen_claims_none_of_which_is_true_as_it_is_said():
    ids = [id for _, code in entries() for id in shown(code)]
    assert len(ids) == len(set(ids)) == 15
    assert {CLAIMS[id].verdict for id in ids} == {"false", "imprecise", "depends"}


@pytest.mark.parametrize(("text", "code"), [pytest.param(*e, id=e[0][0].id) for e in entries()])
def test_an_entry_is_one_claim_one_figure_and_the_chapter_that_shows_more(text, code):
    (id,) = shown(code)
    assert sum(map(images, code)) == 1
    assert re.findall(r"\[\]\((.*?)\)", "\n".join(cell.source for cell in text)) == [f"../{CLAIMS[id].page}"]
    (output,) = code[0].outputs
    assert "".join(output.data["text/markdown"]) == CLAIMS[id]._repr_markdown_()


def test_an_open_dot_is_where_additivity_asks_for_the_sum(ax):
    figures.additivity(np.square, (1, 2), ax, color="k")
    curve, dots, asked = ax.lines
    np.testing.assert_array_equal(dots.get_xydata(), [(1, 1), (2, 4), (3, 9)])
    np.testing.assert_array_equal(asked.get_xydata(), [(3, 5)])
    assert np.isfinite(curve.get_ydata()).all()


def test_a_leap_breaks_the_curve(ax):
    figures.additivity(actlab.step, (1, 2), ax, color="k")
    drawn = ax.lines[0].get_ydata()
    assert np.isnan(drawn).sum() == 1 and set(drawn[np.isfinite(drawn)]) == {0, 1}


def test_pieces_lie_over_their_target(ax):
    x = np.linspace(-1, 1, 5)
    figures.pieces(x, x, {"up": actlab.relu(x), "down": -actlab.relu(-x)}, ax, color="k")
    target, up, down = (line.get_ydata() for line in ax.lines)
    np.testing.assert_array_equal(up + down, target)
    assert [line.get_label() for line in ax.lines[1:]] == ["up", "down"]
    assert ax.lines[1].get_linestyle() != ax.lines[2].get_linestyle()


def test_bars_count_the_gradients_that_are_positive(ax):
    figures.plus_signs(np.array([(1, 1), (1, -1), (-1, 1), (-1, 0)]), ax, color="k")
    assert [(bar.get_x() + bar.get_width() / 2, bar.get_height()) for bar in ax.patches] == [(0, 25), (1, 50), (2, 25)]


def test_clipping_by_norm_lowers_all_layers_alike(ax):
    result = experiments.clipped_gradients("relu", depth=4, width=8, networks=5)
    figures.clipped(result, ax)
    as_it_is, by_norm = ax.lines
    expected = np.median(result.log_norms, axis=0) / np.log(10)
    np.testing.assert_allclose(as_it_is.get_ydata(), expected, atol=1e-3)
    expected = np.median(result.log_norms_by_norm, axis=0) / np.log(10)
    np.testing.assert_allclose(by_norm.get_ydata(), expected, atol=1e-3)
    assert (as_it_is.get_ydata() > by_norm.get_ydata()).all()


def test_the_shares_on_both_sides_of_a_cut_are_printed(ax):
    edges = np.array([0.001, 0.01, 0.1, 1.0])
    figures.recorded_losses((3, 4, 1), edges, 0.1, ax, color="k")
    assert [text.get_text() for text in ax.texts] == ["87.5%", "12.5%"]
    with pytest.raises(ValueError, match=r"one of the edges; got 0.2, and the next edge is 0.1"):
        figures.recorded_losses((3, 4, 1), edges, 0.2, ax, color="k")


def test_a_dot_is_where_a_gap_is_largest(ax):
    x = np.arange(3)
    figures.gaps(x, {"a": np.array([0, 1, -2]), "b": np.array([0.5, 0, 0])}, ax)
    dots = [tuple(line.get_xydata()[0]) for line in ax.lines if line.get_marker() == "o"]
    assert dots == [(2, -2), (0, 0.5)]
