"""The experiments of the chapter on derivatives and back-propagation, and its figures."""

from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import pytest

import actlab
from actlab import experiments, figures
from actlab.network import Network, initialise
from actlab.statistics import Share

EPS = np.finfo(float).eps


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


# --- Numerical derivatives --------------------------------------------------------------------------------------------


def of_exp(**options):
    return experiments.derivative_errors(np.exp, np.exp, **options)


def test_truncation_follows_the_taylor_series():
    """For exp every derivative is exp: the quotients miss by h/2 and h^2/6 of it, the complex step by h^2/6."""
    found = of_exp(points=11)
    assert found.steps[0] == 1 and found.steps[-1] == 2.0**-70
    for power in (6, 8, 10):
        h = found.steps[power]
        assert h == 2.0**-power
        assert found.one_sided[power] == pytest.approx(h / 2, rel=h)
        assert found.central[power] == pytest.approx(h**2 / 6, rel=h**2)
        assert found.complex_step[power] == pytest.approx(h**2 / 6, rel=h**2)


def test_the_best_steps_balance_truncation_and_rounding():
    found = of_exp()
    for way, power in (("one_sided", 1 / 2), ("central", 1 / 3)):
        step, error = found.best(way)
        assert EPS**power / 8 < step < EPS**power * 8
        assert EPS ** (1 - power) / 8 < error < EPS ** (1 - power) * 8
    assert (found.complex_step[found.steps < 1e-8] <= 2 * EPS).all()
    assert found.one_sided[-1] == found.central[-1] == 1  # both values round to one number
    assert "one-sided: best h = 2^-2" in repr(found)
    assert "complex step: median error at most 2 eps for every h" in repr(found)


def test_errors_are_medians_over_the_points_between_low_and_high():
    """The relative error of the central quotient of x^3 at x is h^2 / (3 x^2)."""
    found = experiments.derivative_errors(lambda x: x**3, lambda x: 3 * x**2, low=1.0, high=3.0, points=501, seed=4)
    x = np.random.default_rng(4).uniform(1.0, 3.0, size=501)
    assert found.central[8] == pytest.approx(np.median(2.0**-16 / (3 * x**2)), rel=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"points": 0}, "points must be a whole number of 1 or more; got 0"),
        ({"last": 1.5}, "last must be a whole number of 1 or more; got 1.5"),
        ({"low": 2.0}, "low must be less than high; got 2.0 and 2.0"),
    ],
)
def test_what_cannot_be_asked_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        of_exp(**options)


def test_no_relative_error_without_a_slope():
    with pytest.raises(ValueError, match="slope must be finite and not 0"):
        experiments.derivative_errors(np.exp, np.zeros_like)
    with pytest.raises(ValueError, match="way must be one of one_sided, central, complex_step; got 'forward'"):
        of_exp(points=1).best("forward")


def test_errors_are_drawn_over_the_step_and_not_below_eps():
    _, ax = plt.subplots()
    found = of_exp(points=101)
    assert figures.derivative_errors(found, ax) is ax
    lines = {line.get_label(): line for line in ax.lines if not line.get_label().startswith("_")}
    assert list(lines) == ["one-sided", "central", "complex step"]
    for line, errors in zip(lines.values(), (found.one_sided, found.central, found.complex_step), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), found.steps)
        np.testing.assert_allclose(np.log10(line.get_ydata()), np.log10(np.maximum(errors, EPS)), atol=0.051)
    marks = sorted(line.get_xdata()[0] for line in ax.lines if line.get_label().startswith("_"))
    assert marks == pytest.approx([EPS**0.5, EPS ** (1 / 3)])


# --- The graph --------------------------------------------------------------------------------------------------------


def test_every_forward_arrow_of_the_graph_has_a_backward_one_but_that_of_the_input():
    _, ax = plt.subplots()
    assert figures.computation_graph(ax) is ax
    arrows = [text.arrow_patch for text in ax.texts if getattr(text, "arrow_patch", None)]
    styles = [arrow.get_linestyle() for arrow in arrows]
    assert styles.count("-") == 8  # x, z, a, y, and four parameters
    assert styles.count("--") == 7
    names = {text.get_text() for text in ax.texts}
    assert {"$x$", "$z$", "$a$", "$y$", "$L$", "$W$", "$b$", "$V$", "$c$", r"$\odot\, f'(z)$"} <= names


# --- The cost ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("widths", [(2, 3, 1), (5, 4, 3, 2), (7, 2)])
@pytest.mark.parametrize("batch", [1, 6])
def test_the_counted_multiplications_are_those_of_the_formula(widths, batch):
    """Forwards each weight multiplies once per example; backwards twice, but once in the first layer."""
    weights = [a * b for a, b in pairwise(widths)]
    found = experiments.gradient_cost(widths, batch=batch)
    assert found.forward == batch * sum(weights)
    assert found.backward == batch * (2 * sum(weights) - weights[0])
    assert found.parameters == sum(weights) + sum(widths[1:])
    assert found.by_backpropagation == 1 + found.backward / found.forward <= 3
    assert found.by_differences == found.parameters + 1


def test_the_cost_is_told():
    assert repr(experiments.gradient_cost((2, 3, 1))) == (
        "2-3-1: 13 parameters; loss and gradient cost in forward passes\n"
        "  2.33 by back-propagation, 14 by one-sided differences"
    )
    with pytest.raises(ValueError, match="batch must be a whole number of 1 or more; got 0"):
        experiments.gradient_cost((2, 1), batch=0)


# --- Wrong slopes -----------------------------------------------------------------------------------------------------


def wrong(slope=None, activation="tanh", **options):
    return experiments.wrong_slope(activation, slope, **{"networks": 6, "steps": 40, "width": 4} | options)


def test_the_right_slope_is_no_change():
    one, same = wrong(), wrong(actlab.tanh.derivative)
    np.testing.assert_array_equal(one.losses, same.losses)
    np.testing.assert_allclose(one.cosines, 1, rtol=1e-14)


def test_a_slope_changes_the_way_back_only():
    """Without a step the losses are those of the activation, whatever the slope."""
    np.testing.assert_array_equal(wrong(steps=0).losses, wrong(np.ones_like, steps=0).losses)
    x = np.linspace(-1, 1, 21)[:, np.newaxis]
    start = initialise((1, 4, 4, 1), "tanh", networks=6, seed=0, bias_limit=1.0)
    np.testing.assert_allclose(wrong(steps=0).losses, np.mean((start(x) - np.sin(np.pi * x)) ** 2, axis=(1, 2)))


def test_with_one_hidden_layer_a_factor_leaves_the_direction():
    half = wrong(lambda z: actlab.tanh.derivative(z) / 2, layers=1)
    flipped = wrong(lambda z: -actlab.tanh.derivative(z), layers=1)
    np.testing.assert_allclose(half.cosines, 1, rtol=1e-14)
    np.testing.assert_allclose(flipped.cosines, -1, rtol=1e-14)
    assert half.cosine.value == pytest.approx(1)


def test_slope_1_trains_as_if_there_were_no_activation():
    """With one hidden layer its parameters move as in a linear network with the same errors at the output."""
    network = initialise((1, 4, 1), "tanh", networks=6, seed=0, bias_limit=1.0)
    x = np.linspace(-1, 1, 21)[:, np.newaxis]
    upstream = 2 * (network(x) - np.sin(np.pi * x)) / 21
    linear = Network(network.weights, network.biases, actlab.identity)
    own = network.backward(network.forward(x), upstream)
    other = linear.backward(network.forward(x), upstream)
    one, two = (np.concatenate([g.weights[0], g.biases[0]], axis=1).reshape(6, -1) for g in (own, other))
    expected = np.sum(one * two, axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(two, axis=1)
    np.testing.assert_allclose(wrong(np.ones_like, layers=1).cosines, expected, rtol=1e-12)


def test_no_slope_no_direction():
    found = wrong(np.zeros_like)
    assert np.isnan(found.cosines).all() and found.cosine is None
    assert "cosine" not in repr(found)
    assert wrong(activation="step").cosine is None


def test_divergence_is_reported_and_is_no_success():
    found = wrong(lambda z: 1 - z * z, networks=8, steps=1000, width=8)
    assert found.diverged == Share(8, 8)
    assert found.below(np.inf) == Share(0, 8)
    assert repr(found).startswith("tanh: loss below 0.03 in 0.0% (0 of 8;")


def test_a_network_learns_the_wave_only_if_errors_point_the_right_way():
    right, flipped = (
        experiments.wrong_slope("tanh", slope, networks=40) for slope in (None, lambda z: -actlab.tanh.derivative(z))
    )
    assert right.below(0.03).interval[0] > flipped.below(0.03).interval[1]


def test_what_is_no_slope_activation_or_layer_is_refused():
    with pytest.raises(TypeError, match="slope must be a function of an array, or None"):
        wrong(1.0)
    with pytest.raises(TypeError, match="softmax"):
        wrong(activation="softmax")
    with pytest.raises(ValueError, match="layers must be a whole number of 1 or more; got 0"):
        wrong(layers=0)
