"""The experiments and the exercises of the chapter on outputs and vector functions."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pytest

import actlab
from actlab import experiments, figures
from actlab.experiments.classification import _CLASSES, _LOSSES, _clouds, _descend
from tests.test_exercises import run

NOTEBOOK = "functions/outputs-and-vectors.ipynb"


# --- Wrong units ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("cross-entropy", lambda z, t: actlab.softplus(z) - t * z),
        ("squared error", lambda z, t: (actlab.sigmoid(z) - t) ** 2 / 2),
    ],
)
def test_each_gradient_is_that_of_its_loss(name, loss):
    rng = np.random.default_rng(0)
    z, t, h = rng.normal(scale=3, size=100), rng.integers(2, size=100), 1e-5
    np.testing.assert_allclose(_LOSSES[name](z, t), (loss(z + h, t) - loss(z - h, t)) / (2 * h), atol=1e-9)


def test_the_training_is_gradient_descent_on_the_mean_over_the_examples():
    weight, bias, x = np.full((1, 1, 1), 3.0), np.full((1, 1, 1), -1.0), np.array([[[1.0], [2.0]]])
    network = actlab.network.Network((weight,), (bias,), actlab.identity)
    trained = _descend(network, x, lambda z: z, 0.1, 1)
    # The scores are 2 and 5; the gradients are their mean with and without the input.
    assert trained.weights[0].item() == pytest.approx(3 - 0.1 * (2 * 1 + 5 * 2) / 2)
    assert trained.biases[0].item() == pytest.approx(-1 - 0.1 * (2 + 5) / 2)


def test_only_the_squared_error_leaves_units_wrong():
    found = {loss: experiments.learn_labels(loss, units=200, steps=400, seed=5) for loss in _LOSSES}
    squared, entropy = found["squared error"], found["cross-entropy"]
    assert squared.before == entropy.before
    assert squared.before.value < squared.after.value
    assert squared.after.interval[1] < entropy.after.interval[0]
    assert str(entropy.after) in repr(entropy)


def test_without_steps_nothing_changes():
    found = experiments.learn_labels("squared error", units=50, steps=0)
    assert found.before == found.after


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": "hinge"}, "loss must be 'cross-entropy' or 'squared error'; got 'hinge'"),
        ({"loss": "squared error", "scale": 0}, "scale must be a positive finite number; got 0"),
        ({"loss": "squared error", "examples": 0}, "examples must be a whole number of 1 or more; got 0"),
        ({"loss": "squared error", "learning_rate": 0}, "learning_rate must be finite, above 0; got 0"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        experiments.learn_labels(**{"units": 2, **arguments})


# --- Calibration ------------------------------------------------------------------------------------------------------


def test_the_true_probabilities_are_a_softmax_of_linear_scores():
    """With equal spread and prior, log p(class | x) is x.centre up to a constant; then sure and right agree."""
    x, t = _clouds(np.random.default_rng(0), 1, 200_000)
    angles = 2 * np.pi * np.arange(_CLASSES) / _CLASSES
    p = actlab.softmax(1.5 * x @ [np.cos(angles), np.sin(angles)])
    assert np.mean(p.argmax(-1) == t.argmax(-1)) == pytest.approx(p.max(-1).mean(), abs=0.004)
    np.testing.assert_allclose(np.mean(p, axis=(0, 1)), 1 / _CLASSES, atol=0.004)


def test_many_examples_calibrate_a_linear_network():
    found = experiments.calibration(0, examples=2000, networks=10, tested=2000, learning_rate=1, steps=200)
    mean, half = found.excess()
    assert abs(mean) < 2 * half
    assert np.median(found.temperatures) == pytest.approx(1, abs=0.1)


def test_few_examples_make_a_flexible_network_too_sure_and_a_temperature_helps():
    found = experiments.calibration(20, examples=30, networks=10, seed=2)
    mean, half = found.excess()
    assert mean - half > 0.05
    assert found.temperatures.min() > 1
    assert abs(found.excess(cooled=True)[0]) < mean / 2
    assert repr(found).startswith("20 hidden units, 30 examples, 10 networks: right ")


def test_the_excess_has_the_interval_of_independent_networks():
    right = np.array([[True, False], [True, True], [False, True]])
    found = experiments.Calibration(0, 4, np.full((3, 2), 0.9), right, np.ones(3), np.full((3, 2), 0.5))
    assert found.excess() == pytest.approx((0.9 - 4 / 6, 1.96 * np.std([0.5, 1, 0.5], ddof=1) / math.sqrt(3)))
    assert found.excess(cooled=True)[0] == pytest.approx(0.5 - 4 / 6)


def test_bins_are_groups_of_like_confidence():
    confidence = np.array([[0.9, 0.4, 0.8], [0.5, 1.0, 0.6]])
    right = np.array([[True, False, False], [False, True, True]])
    found = experiments.Calibration(0, 3, confidence, right, np.ones(2), confidence - 0.1)
    sure, share = found.bins(3)
    np.testing.assert_allclose(sure, [0.45, 0.7, 0.95])
    np.testing.assert_allclose(share, [0, 0.5, 1])
    np.testing.assert_allclose(found.bins(3, cooled=True)[0], sure - 0.1)
    with pytest.raises(ValueError, match="count must be at most the number of answers, 6; got 7"):
        found.bins(7)


def test_the_bins_are_drawn():
    found = experiments.calibration(0, networks=2, tested=20, steps=5)
    _, ax = plt.subplots()
    figures.reliability(found, ax)
    assert [line.get_label() for line in ax.get_lines()[1:]] == ["as trained", "cooled"]
    for line, cooled in zip(ax.get_lines()[1:], (False, True), strict=True):
        np.testing.assert_allclose(line.get_xydata(), np.transpose(found.bins(cooled=cooled)), atol=1e-5)
    plt.close("all")


def test_a_network_needs_company():
    with pytest.raises(ValueError, match="networks must be a whole number of 2 or more; got 1"):
        experiments.calibration(0, networks=1)


# --- The map of a Jacobian --------------------------------------------------------------------------------------------


def test_the_map_shows_each_slope_at_its_row_and_column():
    z = [1.0, 0.2, -1.0, 0.9]
    _, ax = plt.subplots()
    figures.jacobian(actlab.glu, z, ax)
    slopes = actlab.glu.jacobian(z)
    shown = {text.get_position(): float(text.get_text().replace("−", "-")) for text in ax.texts}
    assert len(shown) == slopes.size
    for (row, column), slope in np.ndenumerate(slopes):
        assert shown[column + 0.5, row + 0.5] == pytest.approx(slope, abs=0.005)
    assert ax.get_ylim() == (2, 0)  # the first output on top
    plt.close("all")


# --- The exercises ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "edit", "right"),
    [
        ("exercise-lead", "lead = None", None),
        ("exercise-lead", "lead = 4.0", False),
        ("exercise-lead", "lead = 1.38", False),
        ("exercise-lead", "lead = np.log(4)", True),
        ("exercise-lead", "lead = 1.386294", True),
        ("exercise-zero", "x = None", None),
        ("exercise-zero", "x = 0.5", False),
        ("exercise-zero", "x = 2.0", False),
        ("exercise-zero", "x = 1.0", True),
        ("exercise-width", "units = None", None),
        ("exercise-width", "units = 4 * 768", False),
        ("exercise-width", "units = 2048", True),
        ("exercise-hat", "slopes, intercepts = None, None", None),
        ("exercise-hat", "slopes, intercepts = [-1, 0, 1], [0, 0, 0]", False),
        ("exercise-hat", "slopes, intercepts = [-1, 0, 1], [-1, 0, -1]", True),
    ],
)
def test_an_exercise_knows_its_answer(cell, edit, right, capsys):
    before = f"{edit.split(' = ')[0]} = None" + ", None" * edit.split(" = ")[0].count(",")
    said = run(NOTEBOOK, cell, capsys, (before, edit))
    assert said.startswith("right" if right else "not yet: ")
