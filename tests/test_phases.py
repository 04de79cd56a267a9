"""Phases of deep networks, and what theory expects of their gradients."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

import actlab
from actlab.experiments import expected_flow, gradient_flow, phase_diagram
from actlab.initialisers import lecun_normal
from actlab.meanfield import analyse


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
