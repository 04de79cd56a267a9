"""What the chapter on initialisation measures: the table of chi_1, theory beside measurement, and their figures."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

import actlab
from actlab import experiments, figures, initialisers, meanfield
from actlab.core import Elementwise

SMOOTH = ("tanh", "sigmoid", "silu", "gelu", "softplus", "gaussian")


@pytest.fixture(scope="module")
def table():
    return experiments.chi_table()


@pytest.fixture(scope="module")
def relu():
    return experiments.compare_chi("relu", "pytorch_uniform", depth=12, width=100, networks=10, q0=3.0)


@pytest.fixture
def axes():
    """Two axes of a figure of their own."""
    figure, axes = plt.subplots(1, 2)
    yield axes
    plt.close(figure)


def row(table, name):
    """The row of an activation, as a mapping of sigma_w2 and chi_1 by the first name of the start."""
    at = [activation.name for activation in table.activations].index(name)
    heads = [start.split(",")[0] for start in table.starts]
    return {head: (table.sigma_w2[at, i], table.chi1[at, i], table.q[at, i]) for i, head in enumerate(heads)}


def hermite_mean(values):
    """E values(Z) of a smooth function, by two hundred nodes of Gauss and Hermite."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    return float(weights @ values(nodes)) / math.sqrt(2 * math.pi)


# --- The table --------------------------------------------------------------------------------------------------------


def test_the_table_has_every_elementwise_activation_without_a_jump(table):
    missing = {a.name for a in actlab.ACTIVATIONS.values() if isinstance(a, Elementwise)}
    missing -= {activation.name for activation in table.activations}
    assert missing == {"step", "hard_shrink"}


def test_the_columns_are_the_variances_of_the_rules(table):
    """In square layers: 1/3, 1 and 2, and every rule under one of them."""
    np.testing.assert_allclose(table.sigma_w2[:, :-1], [[1 / 3, 1, 2]] * len(table.activations), rtol=1e-15)
    assert table.starts == ("pytorch", "glorot, lecun, orthogonal", "he", "own gain")
    for rule in initialisers.INITIALISERS.values():
        (column,) = (i for i, start in enumerate(table.starts) if rule.name.split("_")[0] in start.split(", "))
        assert table.sigma_w2[0, column] == pytest.approx(rule.sigma_w2(50, 50), rel=1e-15)


@pytest.mark.parametrize(
    ("name", "factor"),
    [("relu", 1 / 2), ("identity", 1.0), ("leaky_relu", (1 + 0.01**2) / 2), ("silu", 1 / 4), ("gelu", 1 / 4)],
)
def test_chi_is_a_multiple_of_the_variance_where_slopes_do_not_depend_on_length(name, factor):
    """He et al. (2015) for the rectifiers; the gates end at length 0 under these rules, where their slope is 1/2."""
    table = experiments.chi_table([name])
    np.testing.assert_allclose(table.chi1[0, :-1], factor * np.array([1 / 3, 1, 2]), rtol=1e-9)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_own_gain_against_quadrature(table, name):
    """With it the mean square stays 1, and chi is E f'^2 / E f^2."""
    activation = actlab.get(name)
    second = hermite_mean(lambda z: activation(z) ** 2)
    sigma_w2, chi1, q = row(table, name)["own gain"]
    assert (sigma_w2, q) == (pytest.approx(1 / second, rel=1e-9), 1.0)
    assert chi1 == pytest.approx(hermite_mean(lambda z: activation.derivative(z) ** 2) / second, rel=1e-9)


@pytest.mark.parametrize("start", ["pytorch", "glorot", "he"])
def test_the_sigmoid_stays_at_a_fixed_point(table, start):
    sigma_w2, chi1, q = row(table, "sigmoid")[start]
    assert q == pytest.approx(sigma_w2 * hermite_mean(lambda z: actlab.sigmoid(math.sqrt(q) * z) ** 2), rel=1e-9)
    slope = hermite_mean(lambda z: actlab.sigmoid.derivative(math.sqrt(q) * z) ** 2)
    assert chi1 == pytest.approx(sigma_w2 * slope, rel=1e-9)


def test_lengths_without_limit_are_told(table):
    assert math.isinf(row(table, "identity")["he"][2]) and not math.isinf(row(table, "relu")["he"][2])


def test_the_table_counts_its_cells():
    table = experiments.chi_table(["identity", "relu"])  # 1/3, 1, 2, 1 and 1/6, 1/2, 1, 1
    assert repr(table).splitlines() == [
        "2 activations, 4 starts, 8 cells:",
        "  chi_1 below 0.995 in 3, above 1.005 in 1, between in 4",
    ]


# --- Theory beside measurement ----------------------------------------------------------------------------------------


def test_the_course_of_relu_networks(relu):
    """A layer halves the mean square and the squared gradient, and multiplies both by 1/3."""
    bias, q = 1 / 300, [3 / 3 + 1 / 300]
    for _ in range(11):
        q.append(q[-1] / 6 + bias)
    np.testing.assert_allclose(relu.theory.q, q, rtol=1e-12)
    np.testing.assert_allclose(relu.theory.log_chi_layers, math.log(1 / 6), rtol=1e-12)
    np.testing.assert_allclose(
        relu.theory.log_norms, math.log(1 / 6) / 2 * np.arange(11, -1, -1), rtol=1e-12, atol=1e-12
    )
    assert (relu.predicted, relu.chi1) == (pytest.approx(math.log(1 / 6)), pytest.approx(1 / 6))


def test_what_is_predicted_are_the_layers_that_are_measured():
    """tanh, whose chi changes from layer to layer: those from ``first`` on, up to the one before ``last``."""
    found = experiments.compare_chi("tanh", "lecun_normal", depth=8, width=300, networks=10, sigma_b2=0.05, q0=1.5)
    q, chi = 1.55, []
    for _ in range(8):
        chi.append(hermite_mean(lambda z, q=q: actlab.tanh.derivative(math.sqrt(q) * z) ** 2))
        q = hermite_mean(lambda z, q=q: actlab.tanh(math.sqrt(q) * z) ** 2) + 0.05
    assert (found.first, found.last) == (3, 6)
    assert found.predicted == pytest.approx(np.log(chi[2:5]).mean(), rel=1e-6)
    np.testing.assert_allclose(np.diff(found.theory.log_norms), -np.log(chi[:-1]) / 2, rtol=1e-6)
    error = found.measured.deviation / math.sqrt(found.measured.n)
    assert abs(found.measured.value - found.predicted) < 5 * error < 0.1
    # The limit, at the fixed point, is another number.
    assert found.chi1 == pytest.approx(meanfield.analyse("tanh", sigma_w2=1.0, sigma_b2=0.05).chi1, rel=1e-9)


def test_a_comparison_tells_what_it_found(relu):
    low, middle, high = np.exp([relu.measured.interval[0], relu.measured.value, relu.measured.interval[1]])
    assert repr(relu) == (
        "relu, pytorch_uniform: chi_1 0.1667\n"
        f"  layers 4 to 9: theory 0.1667, measured {middle:.4f} ({low:.4f} to {high:.4f}, n = 10)"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"depth": 3}, "depth must be .*4.*3"), ({"initialiser": "xavier"}, "unknown initialiser 'xavier'")],
)
def test_impossible_comparisons(arguments, message):
    with pytest.raises(ValueError, match=message):
        experiments.compare_chi("tanh", **arguments)


# --- What the chapter says --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [a.name for a in actlab.ACTIVATIONS.values() if a.family == "gate"])
def test_a_gate_leaves_the_length_that_its_gain_keeps(name):
    sigma_w2 = meanfield.gain(name) ** 2
    above, below = (meanfield.length_map(name, q, sigma_w2=sigma_w2) for q in (1.01, 0.99))
    assert above > 1.01 and below < 0.99


def test_tanh_without_biases_is_critical_at_no_length_above_0():
    for sigma_w2 in (1.01, 1.2, 2.0, 10.0):
        found = meanfield.analyse("tanh", sigma_w2=sigma_w2)
        assert found.q > 0 and found.chi1 > 1


def test_the_gains_are_those_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    names = {"identity": "linear"}
    for name, gain in initialisers.TORCH_GAINS.items():
        assert gain == torch.nn.init.calculate_gain(names.get(name, name)), name


def test_pytorch_calls_a_function_of_he_and_gets_another_variance():
    """The cell with a = sqrt(5): He et al. (2015), equation 15, for a leaky ReLU of that slope."""
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    weights = torch.empty(400, 300)
    torch.manual_seed(0)
    torch.nn.init.kaiming_uniform_(weights, a=math.sqrt(5))
    assert 300 * float(weights.var()) == pytest.approx(2 / (1 + 5), rel=0.01)
    assert initialisers.pytorch_uniform.sigma_w2(300, 400) == pytest.approx(2 / (1 + 5), rel=1e-12)


# --- Figures ----------------------------------------------------------------------------------------------------------


def test_the_heat_map_prints_each_cell(table, axes):
    assert figures.chi_heat_map(table, axes[0]) is axes[0]
    texts = {(int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in axes[0].texts}
    assert len(texts) == table.chi1.size
    for cell, text in texts.items():
        number = text.strip("*").rstrip(" ↑↓")
        assert (math.inf if number == "∞" else float(number)) == pytest.approx(table.chi1[cell], rel=6e-3, abs=1e-9)
        assert ("*" in text) == math.isinf(table.q[cell])
        assert ("↓" in text, "↑" in text) == (table.chi1[cell] < 0.995, table.chi1[cell] > 1.005)
    assert [label.get_text() for label in axes[0].get_yticklabels()] == [a.name for a in table.activations]
    heads = [label.get_text() for label in axes[0].get_xticklabels()]
    assert heads[0] == "pytorch\n$\\sigma_w^2 = 1/3$" and heads[-1] == "own gain"


def test_the_heat_map_is_darker_the_further_from_1(axes):
    """As grey alone; and a number can be read on its cell."""
    table = experiments.chi_table(["identity", "relu", "sigmoid", "hard_tanh"])
    figures.chi_heat_map(table, axes[0])
    axes[0].figure.canvas.draw()
    mesh = axes[0].collections[0]
    shade = np.reshape(mesh.get_array(), table.chi1.shape)
    assert shade[0, 2] == -shade[1, 1] > 0  # chi_1 = 2 for the identity with He's weights, 1/2 for ReLU with Glorot's
    grey = (mesh.get_facecolors()[:, :3] @ [0.2126, 0.7152, 0.0722]).reshape(table.chi1.shape)
    for side in (table.chi1 <= 1, table.chi1 >= 1):
        far, light = np.abs(np.log(table.chi1[side])), grey[side]
        order = np.argsort(far)
        assert (np.diff(light[order]) <= 1e-9).all()
    for text, shade in zip(axes[0].texts, grey.ravel(), strict=True):
        assert abs((text.get_color() == "white") - shade) > 0.4


def test_theory_is_drawn_over_the_measured_band(relu, axes):
    assert figures.theory_over_band(relu, axes) is axes
    for ax, theory, measured in (
        (axes[0], np.log10(relu.theory.q), np.log10(np.median(relu.flow.q, axis=0))),
        (axes[1], relu.theory.log_norms / np.log(10), None),
    ):
        median, dashes = ax.lines
        np.testing.assert_allclose(dashes.get_ydata(), theory, atol=1e-4)
        for line in (median, dashes):
            assert (np.round(line.get_ydata(), 4) == line.get_ydata()).all()
        assert measured is None or np.allclose(median.get_ydata(), measured, atol=0.02)
        np.testing.assert_allclose(median.get_ydata(), theory, atol=0.3)
        assert "10^" in ax.yaxis.get_major_formatter()(-2, 0)
    assert axes[1].lines[0].get_ydata()[-1] == 0


def test_the_spread_leaves_out_networks_without_a_gradient(axes):
    """Layers of two ReLUs: with one input most networks of six layers are dead."""
    flow = experiments.gradient_flow("relu", depth=6, width=2, networks=60, batch=1, initialiser="he_normal")
    alive = int(np.isfinite(flow.log_norms[:, 0]).sum())
    assert 3 < alive < 60
    figures.gradient_spread(flow, axes[0], shown=3)
    median, *networks, _ = axes[0].lines
    assert len(networks) == 3 and axes[0].get_title() == "width 2"
    for line in (median, *networks):
        assert np.isfinite(line.get_ydata()).all() and line.get_ydata()[-1] == 0
