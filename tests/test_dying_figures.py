"""Figures of dead units: marks, intervals and bounds are where the results are."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from actlab import figures
from actlab.experiments import born_dead, interval_bounds
from actlab.statistics import Share


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def ends(container):
    """The lower and upper ends of an error bar's bars, (points, 2)."""
    (bars,) = container.lines[2]
    return np.array([segment[:, 1] for segment in bars.get_segments()])


def test_born_dead_networks_are_marked_between_their_bounds(ax):
    depths = np.arange(2, 7)
    results = [born_dead(width, 6, networks=500) for width in (2, 3)]
    figures.born_dead(results, interval_bounds, depths, ax)
    assert [container.get_label() for container in ax.containers] == ["2 units", "3 units"]
    for result, container in zip(results, ax.containers, strict=True):
        marks = container.lines[0]
        np.testing.assert_array_equal(marks.get_xdata(), depths)
        shares = [result.share(depth) for depth in depths]
        np.testing.assert_allclose(marks.get_ydata(), [100 * share.value for share in shares], atol=1e-5)
        np.testing.assert_allclose(ends(container), [100 * np.array(share.interval) for share in shares], atol=1e-4)
    lines = {line.get_linestyle(): line.get_ydata() for line in ax.lines if len(line.get_ydata()) == len(depths)}
    expected = 100 * np.array([interval_bounds(3, depth) for depth in depths])
    np.testing.assert_allclose(lines[":"], expected[:, 0], atol=1e-5)
    np.testing.assert_allclose(lines["--"], expected[:, 1], atol=1e-5)


def test_shares_are_drawn_over_their_rates(ax):
    series = {"a": {0.1: Share(1, 4), 1.0: Share(4, 4)}, "b": {0.01: Share(0, 4)}}
    figures.shares_by_rate(series, ax)
    assert ax.get_xscale() == "log"
    one, other = ax.containers
    np.testing.assert_array_equal(one.lines[0].get_xdata(), [0.1, 1])
    np.testing.assert_allclose(one.lines[0].get_ydata(), [25, 100])
    np.testing.assert_allclose(ends(one)[1], 100 * np.array(Share(4, 4).interval), atol=1e-4)
    assert (one.get_label(), other.get_label()) == ("a", "b")
    assert one.lines[0].get_linestyle() != other.lines[0].get_linestyle()
    assert one.lines[0].get_marker() != other.lines[0].get_marker()
