"""Phases of deep networks, and what theory expects of their gradients."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

import actlab
from actlab import figures
from actlab.experiments import compare_chi, expected_flow, gradient_flow, phase_diagram
from actlab.initialisers import lecun_normal
from actlab.meanfield import NoCriticalPoint, analyse, critical_sigma_w


def gaussian_mean(function):
    return quad(lambda z: function(z) * norm.pdf(z), -12, 12, epsabs=1e-13, limit=200)[0]


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu"])
def test_a_diagram_holds_the_theory_of_each_pair(name):
    diagram = phase_diagram(name, sigma_w=[0.5, 1.2, 3.0], sigma_b=[0.0, 0.7])
    for row, sigma_b in enumerate((0.0, 0.7)):
        for column, sigma_w in enumerate((0.5, 1.2, 3.0)):
            found = analyse(name, sigma_w2=sigma_w**2, sigma_b2=sigma_b**2)
            assert diagram.q[row, column] == pytest.approx(found.q, rel=1e-9)
            assert diagram.chi1[row, column] == pytest.approx(found.chi1, rel=1e-9)
    assert name in repr(diagram)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sigma_w": [1.0]}, "sigma_w must be two or more increasing numbers"),
        ({"sigma_w": [1.0, 1.0]}, "sigma_w must be two or more increasing numbers"),
        ({"sigma_b": [[0.0, 1.0]]}, "sigma_b must be two or more increasing numbers"),
        ({"sigma_b": [-1.0, 1.0]}, "sigma_b"),
        ({"sigma_b": [0.0, np.nan]}, "sigma_b"),
    ],
)
def test_a_diagram_needs_increasing_deviations(wrong, message):
    with pytest.raises(ValueError, match=message):
        phase_diagram("tanh", **{"sigma_w": [1.0, 2.0], "sigma_b": [0.0, 1.0]} | wrong)


def test_the_expected_course_is_that_of_the_recursion():
    """By hand: the inputs' mean square goes into the first sums, the maps do the rest."""
    found = expected_flow("tanh", sigma_w2=2.5, sigma_b2=0.1, q0=0.7, depth=5)
    q, lengths, factors = 2.5 * 0.7 + 0.1, [], []
    for _ in range(5):
        lengths.append(q)
        factors.append(2.5 * gaussian_mean(lambda z, q=q: (1 - np.tanh(np.sqrt(q) * z) ** 2) ** 2))
        q = 2.5 * gaussian_mean(lambda z, q=q: np.tanh(np.sqrt(q) * z) ** 2) + 0.1
    np.testing.assert_allclose(found.q, lengths, rtol=1e-9)
    expected = [np.log(np.prod(factors[layer:4])) / 2 for layer in range(5)]
    np.testing.assert_allclose(found.log_norms, expected, atol=1e-9)
    assert found.log_chi == pytest.approx(np.log(factors[1] * factors[2]) / 2)


def test_a_single_layer_has_nothing_to_expect():
    found = expected_flow("tanh", sigma_w2=2.0, depth=1)
    assert found.q.tolist() == [2.0] and found.log_norms.tolist() == [0.0]


@pytest.mark.parametrize(("name", "variance"), [("sigmoid", 1.0), ("tanh", 2.0), ("softsign", 2.0), ("elu", 1.5)])
def test_networks_keep_to_the_expectation(name, variance):
    """Seven intervals out of ten million would miss by six deviations; what is left is the finite width."""
    rule = lecun_normal.with_scale(variance)
    flow = gradient_flow(name, depth=16, width=300, networks=8, initialiser=rule, seed=3)
    theory, measured = expected_flow(name, sigma_w2=variance, depth=16), flow.log_chi
    assert abs(measured.value - theory.log_chi) < 6 * measured.deviation / np.sqrt(measured.n)
    assert measured.deviation < 0.02
    assert (np.abs(flow.q.mean(axis=0) - theory.q) < 6 * flow.q.std(axis=0, ddof=1) / np.sqrt(8)).all()
    assert flow.q.std(axis=0, ddof=1).max() < 0.15 * theory.q.max()
    assert flow.decades == pytest.approx(theory.log_norms[0] / np.log(10), abs=0.2)


def test_decades_count_a_gradient_that_does_not_arrive():
    """Of chains of single ReLUs more than half are dead somewhere."""
    flow = gradient_flow("relu", depth=20, width=1, batch=1, networks=20)
    assert flow.decades == -np.inf
    assert np.isfinite(gradient_flow(actlab.leaky_relu, depth=20, width=1, batch=1, networks=20).decades)


def test_an_overflow_is_an_explosion():
    flow = gradient_flow("relu", depth=120, width=8, networks=3, initialiser=lecun_normal.with_scale(1e6))
    assert np.isposinf(flow.log_norms).all() and flow.decades == np.inf
    assert "it reaches the first layer in 0 of 3 networks; the activations overflow in 3" in repr(flow)
    compared = compare_chi("relu", lecun_normal.with_scale(1e6), depth=120, width=8, networks=3)
    assert "measured nothing, as a gradient arrives in less than two networks" in repr(compared)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sigma_w2": -1.0}, "sigma_w2 must be .* got -1.0"),
        ({"sigma_b2": -1.0}, "sigma_b2 must be .* got -1.0"),
        ({"q0": np.nan}, "q0 must be .* got nan"),
        ({"depth": 0}, "depth must be a whole number of 1 or more; got 0"),
    ],
)
def test_expectations_need_variances(wrong, message):
    with pytest.raises(ValueError, match=message):
        expected_flow("tanh", **{"sigma_w2": 1.0, "depth": 3} | wrong)


def drawn_edges(name):
    """The lines of a map with their style, without the white ones below them."""
    sigma_w, sigma_b = np.linspace(0.1, 4, 79), np.linspace(0, 1, 11)
    ax = figures.phases(phase_diagram(name, sigma_w=sigma_w, sigma_b=sigma_b), plt.figure().gca())
    lines = [line for line in ax.lines if line.get_color() != "white"]
    return [(line.is_dashed(), *line.get_data()) for line in lines]


def test_the_line_of_a_map_is_where_chi_is_one():
    (dashed, sigma_w, sigma_b), (dotted, leaps, _) = drawn_edges("tanh")
    assert (dashed, dotted) == (False, True) and np.isnan(leaps).all() and len(sigma_w) == 11
    for x, y in zip(sigma_w[1:], sigma_b[1:], strict=True):
        assert x == pytest.approx(critical_sigma_w("tanh", sigma_b2=y**2), abs=0.005)


def test_a_leap_is_dotted_and_the_sigmoid_has_no_line():
    (_, line, _), (_, leaps, sigma_b) = drawn_edges("gelu")
    for x, y, z in zip(leaps, sigma_b, line, strict=True):
        found = critical_sigma_w("gelu", sigma_b2=y**2)
        if isinstance(found, NoCriticalPoint) and y < 0.2:  # beyond that the leap is a small one
            assert x == pytest.approx(found.jump_at, abs=0.05) and np.isnan(z)
        elif y > 0.5:
            assert np.isnan(x) and z == pytest.approx(found, abs=0.01)
    assert all(len(x) == 0 for _, x, _ in drawn_edges("sigmoid"))
