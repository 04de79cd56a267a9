"""The experiments of the chapter "Why nonlinearity matters": that they measure what they say, and what they find."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError, is_dataclass, replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection

import actlab
from actlab import experiments, figures
from actlab.experiments import CORNERS, XOR_LABELS, linear_stacks
from actlab.network import collapse, initialise
from actlab.training import gradient_descent

CHAPTER = Path(__file__).parent.parent / "book" / "foundations" / "why-nonlinearity.ipynb"


@pytest.fixture(scope="module")
def xor():
    """Trainings of ReLU and of tanh networks, fewer than in the chapter."""
    return {name: experiments.learn_xor(name, networks=400, seed=1) for name in ("relu", "tanh")}


@pytest.fixture(scope="module")
def linear():
    """Trainings for the weak and for the strong target, fewer than in the chapter."""
    return {strength: experiments.train_linear_stacks(strength, networks=200, seed=1) for strength in (0.3, 3.0)}


@pytest.fixture(scope="module")
def movement():
    """Trainings behind a step and behind a sigmoid, fewer than in the chapter."""
    return {name: experiments.weight_movement(name, networks=100, seed=1) for name in ("step", "sigmoid")}


@pytest.fixture
def ax():
    """Axes of a figure of their own."""
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


# --- Linear stacks ---------------------------------------------------------------------------------------------------


def test_collapse_is_exact_but_for_rounding():
    result = experiments.collapse_errors(networks=100, seed=1)
    assert result.errors.shape == (3, 100)
    assert 0 < result.errors.max() <= result.bound <= 1e-14
    assert f"more than {result.bound:.0e} of" in repr(result)


def test_collapse_errors_sees_a_wrong_collapse(monkeypatch):
    """Without the biases the collapsed network is another one."""

    def without_biases(stack):
        return collapse(replace(stack, biases=tuple(np.zeros_like(bias) for bias in stack.biases)))

    monkeypatch.setattr(linear_stacks, "collapse", without_biases)
    assert experiments.collapse_errors(networks=10).bound > 0.01


def test_single_linear_layer_follows_its_closed_form(linear):
    """With inputs of covariance I, a step takes 2 * learning_rate / outputs off the error; outputs are 4."""
    for result in linear.values():
        expected = result.losses[0, 0] * (1 - 2 * result.learning_rate / 4) ** (2 * np.arange(201))[:, np.newaxis]
        np.testing.assert_allclose(result.losses[0], expected, rtol=1e-8)


def test_linear_losses_are_relative_to_the_target(linear):
    """The answer 0 has the loss 1: initial weights are small beside a strong target."""
    assert experiments.train_linear_stacks(1e6, networks=5, steps=0).losses == pytest.approx(1.0, rel=1e-4)


def test_depth_speeds_up_a_strong_target_and_slows_down_a_weak_one(linear):
    weak, strong = linear[0.3], linear[3.0]
    assert strong.median_steps[0] > 1.3 * max(strong.median_steps[1:])
    assert weak.median_steps[0] < np.inf
    assert weak.median_steps[1:] == (np.inf, np.inf)
    assert weak.reached[0].value == 1 and max(share.value for share in weak.reached[1:]) < 0.05
    # Yet some deep stacks are late even for the strong target.
    assert strong.reached[2].value < 1 == strong.reached[0].value
    assert "half of the networks by step" in repr(strong) and "never" in repr(weak)


# --- XOR -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_affine_units_miss_xor_and_its_complement_only(seed):
    result = experiments.separate_corners(units=20_000, seed=seed)
    assert result.counts.sum() == 20_000
    assert result.missed.tolist() == [XOR_LABELS.tolist(), (1 - XOR_LABELS).tolist()]
    assert len(result.reached) == 14
    assert result.best_on_xor == 3
    assert "missing: 0110 and 1001" in repr(result)


def test_labellings_are_counted_under_their_own_labels():
    """The units below answer 1 at (1, 1) only, or everywhere."""
    result = experiments.separate_corners(units=20_000)
    rng = np.random.default_rng(0)
    weights, biases = rng.normal(size=(2, 20_000)), rng.normal(size=20_000)
    answers = (CORNERS @ weights + biases > 0).T
    for labels, count in zip(result.labellings, result.counts, strict=True):
        assert count == np.all(answers == labels, axis=1).sum()


def test_two_relus_are_xor():
    s = CORNERS.sum(axis=1)
    assert np.array_equal(actlab.relu(s) - 2 * actlab.relu(s - 1), XOR_LABELS)
    assert np.array_equal(actlab.step(s - 0.5) - actlab.step(s - 1.5), XOR_LABELS)


def test_most_relu_networks_miss_xor_and_most_tanh_networks_learn_it(xor):
    assert xor["relu"].learnt.interval[1] < 0.5 < xor["tanh"].learnt.interval[0]
    assert xor["relu"].learnt.n == 400


def test_relu_networks_end_learnt_or_at_a_tied_loss(xor):
    result = xor["relu"]
    assert result.learnt.count + sum(result.tied.values()) == 400
    assert min(result.tied.values()) > 0


def test_tied_corners_are_those_where_both_relus_are_off():
    """At four tied corners the units may also be on at all of them, and so affine."""
    start = initialise((2, 2, 1), "relu", networks=400, seed=1)
    trained = gradient_descent(start, CORNERS, XOR_LABELS[:, np.newaxis], learning_rate=0.1, steps=3000)
    off = np.all(trained.network.forward(CORNERS).activations[1] == 0, axis=2).sum(axis=1)
    for corners, loss in ((2, 1 / 8), (3, 1 / 6)):
        assert np.all(off[np.abs(trained.final - loss) < 0.005] == corners)
    assert set(off[np.abs(trained.final - 1 / 4) < 0.005]) == {0, 4}


# --- A step gets no gradient -----------------------------------------------------------------------------------------


def test_step_units_never_move(movement):
    result = movement["step"]
    assert np.all(result.hidden == 0)
    assert result.hidden_moved.count == 0 and result.output_moved.count == 100


def test_sigmoid_units_move_and_end_better(movement):
    result = movement["sigmoid"]
    assert result.hidden_moved.count == result.output_moved.count == 100
    assert np.median(result.losses) < np.median(movement["step"].losses)


def test_movement_is_the_distance_of_all_parameters_of_a_layer():
    """Against one training in one go."""
    result = experiments.weight_movement("tanh", width=3, steps=40, networks=4)
    x = np.linspace(-1, 1, 11)[:, np.newaxis]
    start = initialise((1, 3, 1), "tanh", networks=4, bias_limit=1.0)
    end = gradient_descent(start, x, np.sin(np.pi * x), learning_rate=0.1, steps=40)
    assert result.steps[[0, -1]].tolist() == [0, 40] and not result.hidden[0].any()
    np.testing.assert_allclose(result.losses, end.final)
    for found, layer in ((result.hidden, 0), (result.output, 1)):
        moved = [np.ravel(end.network.weights[layer] - start.weights[layer]).reshape(4, -1)]
        moved.append(np.ravel(end.network.biases[layer] - start.biases[layer]).reshape(4, -1))
        np.testing.assert_allclose(found[-1], np.sqrt(np.mean(np.square(np.hstack(moved)), axis=1)))


# --- Shifted units ---------------------------------------------------------------------------------------------------


def test_parts_are_shifted_copies_and_add_up():
    fit = experiments.fit_shifted(actlab.sigmoid, 6)
    np.testing.assert_allclose(fit.shifts, [-3, -2, -1, 0, 1, 2])
    np.testing.assert_allclose(fit.parts[:, 2], fit.weights[2] * actlab.sigmoid(4 * (fit.x + 1)), atol=1e-12)
    np.testing.assert_allclose(fit.prediction, fit.parts.sum(axis=1) + fit.constant)
    assert fit.error == pytest.approx(np.sqrt(np.mean((fit.prediction - experiments.wave(fit.x)) ** 2)))


def test_fit_is_the_best_of_its_kind():
    """The residual of least squares is orthogonal to every unit and to the constant."""
    fit = experiments.fit_shifted(actlab.gelu, 7, target=np.cos, low=0.0, high=2.0)
    residual = fit.prediction - np.cos(fit.x)
    assert abs(residual.sum()) < 1e-8
    assert np.abs(residual @ fit.parts).max() < 1e-8


def test_a_rate_that_one_layer_stands_breaks_deeper_stacks(linear):
    """Without a warning: that they diverge is a result."""
    found = experiments.train_linear_stacks(3.0, learning_rate=1.0, networks=200)
    assert [share.count for share in found.reached] == [200, 0, 0]
    assert found.diverged == (0, 200, 200)
    assert repr(found).endswith("diverged: 0, 200, 200 of 200")
    assert "diverged" not in repr(linear[3.0])


def test_more_units_help_unless_the_activation_is_a_polynomial():
    functions = [actlab.step, actlab.sigmoid, actlab.relu, np.square]
    result = experiments.shifted_errors(functions)
    step, sigmoid, relu, square = result.powers
    assert step == pytest.approx(1, abs=0.1)
    assert relu == pytest.approx(2, abs=0.15)
    assert step < sigmoid < relu
    assert square == pytest.approx(0, abs=1e-6)
    assert repr(result).splitlines()[-1].endswith("like 1/units^0.0")


@pytest.mark.parametrize("degree", [2, 3])
def test_a_polynomial_stops_helping_after_as_many_units_as_its_degree(degree):
    """With the constant they make every polynomial of that degree."""
    fewer, enough, more = (
        experiments.fit_shifted(lambda x: x**degree, units).error for units in (degree - 1, degree, degree + 5)
    )
    x = np.linspace(-3, 3, 1001)
    best = np.polynomial.Polynomial.fit(x, experiments.wave(x), degree)(x) - experiments.wave(x)
    assert fewer > 1.02 * enough
    assert [enough, more] == pytest.approx([np.sqrt(np.mean(best**2))] * 2, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: experiments.fit_shifted(actlab.relu, 0), "units must be a whole number of 1 or more; got 0"),
        (lambda: experiments.fit_shifted(actlab.relu, 2.0), "units must be a whole number of 1 or more; got 2.0"),
        (lambda: experiments.fit_shifted(actlab.relu, 2, low=1, high=1), "low must be below high; got 1 and 1"),
        (lambda: experiments.shifted_errors([np.tanh], counts=(4, 2)), r"ascending numbers of units; got \[4, 2\]"),
        (lambda: experiments.learn_xor("xor"), "unknown activation 'xor'"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- Figures ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("widths", [(1, 1), (3, 4, 4, 2), (8, 8)], ids=str)
def test_diagram_has_one_line_per_parameter(widths, ax):
    figures.mlp_diagram(widths, ax)
    lines = sum(
        len(collection.get_segments()) for collection in ax.collections if isinstance(collection, LineCollection)
    )
    assert lines == initialise(widths, "tanh").parameter_count


@pytest.mark.parametrize("widths", [(3,), (2, 9), (0, 2)], ids=str)
def test_diagram_refuses_what_nobody_could_read(widths, ax):
    with pytest.raises(ValueError, match="two layers or more of 1 to 8 units each"):
        figures.mlp_diagram(widths, ax)


@pytest.mark.parametrize(
    ("weights", "bias", "area", "crosses"),
    [
        ((1, 1), -0.5, 4 - 1.5**2 / 2, 1),
        ((-1, -1), 1.5, 4 - 1.5**2 / 2, 1),
        ((0, 1), -0.5, 2, 2),
        ((0, 0), -1, 0, 2),
        ((0, 0), 1, 4, 2),
        ((1, -2), -0.5, 1, 1),
    ],
)
def test_separation_shades_the_half_plane_and_crosses_what_is_wrong(weights, bias, area, crosses, ax):
    """The plane shown is the square from -0.5 to 1.5, of area 4."""
    figures.separation(CORNERS, XOR_LABELS, weights, bias, ax)
    corners = ax.patches[0].get_xy()[:-1] if ax.patches else np.zeros((1, 2))
    x, y = corners.T
    assert abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2 == pytest.approx(area)
    assert len(ax.collections[-1].get_offsets()) == crosses


def test_band_is_the_quantiles(ax):
    values = np.random.default_rng(0).normal(size=(4, 99))
    figures.quantile_band(np.arange(4), values, ax, color="C0", label="x")
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.median(values, axis=1))
    edge = ax.collections[0].get_paths()[0].vertices
    for point in range(4):
        at = edge[edge[:, 0] == point, 1]
        assert [at.min(), at.max()] == pytest.approx(np.quantile(values[point], [0.05, 0.95]))


# --- All of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "run",
    [
        lambda **options: experiments.collapse_errors(**options).errors[1],
        lambda **options: experiments.train_linear_stacks(1.0, steps=5, **options).losses[1, -1],
        lambda **options: experiments.learn_xor("tanh", steps=5, **options).losses,
        lambda **options: experiments.weight_movement("tanh", steps=5, **options).losses,
    ],
    ids=["collapse_errors", "train_linear_stacks", "learn_xor", "weight_movement"],
)
def test_network_i_gives_the_same_result_however_many_there_are(run):
    np.testing.assert_array_equal(run(networks=3, seed=4), run(networks=7, seed=4)[:3])
    assert not np.array_equal(run(networks=3, seed=4), run(networks=3, seed=5))


def test_results_are_frozen(xor):
    assert is_dataclass(xor["relu"])
    with pytest.raises(FrozenInstanceError):
        xor["relu"].steps = 1


@pytest.mark.parametrize(
    ("exercise", "right", "wrong"),
    [("exercise-parity", "third = 2", "third = 1"), ("exercise-rank", "rank = 2", "rank = 3"),
     ("exercise-units", "units = 21", "units = 22"), ("exercise-units", "units = 21", "units = 20")],
)  # fmt: skip
def test_exercises_accept_the_right_answer_only(exercise, right, wrong, capsys):
    cells = {cell["id"]: "".join(cell["source"]) for cell in json.loads(CHAPTER.read_text("utf-8"))["cells"]}
    unsolved, _, check = cells[exercise].partition("\n")
    assert unsolved == f"{right.split()[0]} = None"
    for answer, verdict in ((unsolved, "not yet"), (wrong, "not yet"), (right, "right")):
        exec(f"{answer}\n{check}", {"actlab": actlab, "np": np, "experiments": experiments})
        assert capsys.readouterr().out.startswith(verdict)
