"""The experiments of the chapter "Rectifiers": that they measure what they say, and what they find."""

from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import actlab
from actlab import experiments, figures
from actlab.experiments.slopes import TARGETS
from actlab.initialisers import glorot_uniform, he_normal, lecun_normal
from actlab.network import initialise
from tests.test_exercises import run

LEAKY = actlab.leaky_relu.with_params(negative_slope=0.2)

X = np.linspace(-1, 1, 21)[:, np.newaxis]


@pytest.fixture
def axes():
    """Two axes of a figure of their own."""
    figure, axes = plt.subplots(1, 2)
    yield axes
    plt.close(figure)


# --- Signals through depth -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("initialiser", "factor"), [(he_normal, 1.0), (lecun_normal, 0.5)])
def test_relu_halves_the_mean_square_which_he_doubles(initialiser, factor):
    """Each layer multiplies the expected mean square by (n Var w) / 2, exactly: He et al. (2015), equation 9."""
    result = experiments.signal_through_depth("relu", initialiser=initialiser, depth=6, width=60, networks=200)
    for layer, values in enumerate(result.mean_squares):
        error = values.std() / np.sqrt(values.size)
        assert abs(values.mean() - factor**layer) < 5 * error


def test_gradient_is_that_of_the_random_linear_function():
    """Against finite differences, through the bias of the first layer, which moves the pre-activations of one input."""
    result = experiments.signal_through_depth("tanh", depth=3, width=4, batch=1, networks=2, seed=3)
    network = replace(
        initialise((4,) * 4, "tanh", networks=2, seed=3, initialiser=he_normal), output=actlab.tanh
    )  # fmt: skip
    drawn = [np.random.default_rng((3, number, 1)).normal(size=(2, 1, 4)) for number in range(2)]
    inputs, upstream = np.stack(drawn, axis=1)
    step, slopes = 1e-6, np.empty((2, 4))
    for unit in range(4):
        ends = []
        for sign in (-1, 1):
            bias = network.biases[0].copy()
            bias[..., unit] += sign * step
            moved = replace(network, biases=(bias, *network.biases[1:]))
            ends.append(np.sum(upstream * moved(inputs), axis=(1, 2)))
        slopes[:, unit] = (ends[1] - ends[0]) / (2 * step)
    np.testing.assert_allclose(result.gradients[0], np.sqrt(np.mean(slopes**2, axis=1)), rtol=1e-7)


def test_relu_with_he_passes_the_gradient_and_with_lecun_loses_it():
    he, lecun, tanh = (
        np.median(experiments.signal_through_depth(name, initialiser=initialiser, networks=20).gradient_ratios)
        for name, initialiser in (("relu", he_normal), ("relu", lecun_normal), ("tanh", lecun_normal))
    )
    assert 0.5 < he < 2
    assert lecun < 1e-4 < 0.05 < tanh


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (1.0, 3.0), (0.0, 0.2)])
@pytest.mark.parametrize("initialiser", [lecun_normal, glorot_uniform])
def test_selu_comes_to_mean_0_and_variance_1(mean, deviation, initialiser):
    result = experiments.signal_through_depth(
        "selu", initialiser=initialiser, width=200, depth=40, mean=mean, deviation=deviation, networks=10
    )
    assert abs(np.median(result.means[-1])) < 0.05
    assert abs(np.median(result.variances[-1]) - 1) < 0.05


def test_selu_with_he_leaves_its_fixed_point():
    result = experiments.signal_through_depth("selu", networks=10)
    assert np.median(result.variances[-1]) > 20
    assert "selu, he_normal, 10 networks, 30 layers of width 100" in repr(result)


def test_moments_are_those_of_the_activations():
    result = experiments.signal_through_depth("identity", depth=1, mean=2.0, deviation=3.0, networks=40)
    assert result.means[0].mean() == pytest.approx(2, abs=0.05)
    assert result.variances[0].mean() == pytest.approx(9, rel=0.02)
    assert result.mean_squares == pytest.approx(result.means**2 + result.variances)


# --- Dead units ------------------------------------------------------------------------------------------------------


def test_with_inputs_on_one_side_a_relu_is_born_dead_exactly_where_its_weight_is_negative():
    result = experiments.dead_units("relu", shift=1.0, steps=1, networks=200, seed=2)
    weight = initialise((1, 16, 1), "relu", networks=200, seed=2).weights[0][:, 0, :]
    np.testing.assert_array_equal(result.born == 0, weight <= 0)
    low, high = actlab.statistics.Share.of(result.born[:, 0] == 0).interval
    assert low < 0.5 < high


def test_around_zero_no_relu_is_born_dead():
    result = experiments.dead_units("relu", steps=1, networks=50)
    assert (result.born == 1).all()
    np.testing.assert_array_equal(result.struck, result.born)  # no large step was asked for


def test_a_large_step_kills_relus_and_none_comes_back():
    result = experiments.dead_units("relu", strike=5.0, networks=100)
    dead = result.struck == 0
    assert 0.3 < dead.mean() < 0.6
    assert result.revived == 0 and (result.final[dead] == 0).all()
    assert (result.final == 0).sum() > dead.sum()  # and the small steps kill more
    assert result.with_dead_units.value > 0.99
    assert "came back: 0;" in repr(result)


@pytest.mark.parametrize("slope", [0.01, 0.2])
def test_no_leaky_unit_dies_and_yet_as_many_networks_fail(slope):
    leaky = actlab.leaky_relu.with_params(negative_slope=slope)
    result = experiments.dead_units(leaky, strike=5.0)
    assert set(np.unique(result.final)) == {slope, 1.0}
    assert result.with_dead_units.count == 0
    low, _ = experiments.dead_units("relu", strike=5.0).failed.interval
    assert result.failed.value > low


def test_smooth_rectifiers_keep_a_slope_in_name_only():
    result = experiments.dead_units("softplus", strike=5.0, networks=100)
    assert np.mean((result.final > 0) & (result.final < 1e-3)) > 0.5
    assert np.mean(result.final == 0) < 0.01


def test_a_network_that_diverges_has_failed():
    result = experiments.dead_units("identity", strike=1e200, steps=5, networks=3)
    assert not np.isfinite(result.losses).any()
    assert result.failed.count == 3


# --- Learnt slopes ---------------------------------------------------------------------------------------------------


def loss_at(slope, networks):
    """The loss of the untrained networks on the wave with that slope, (networks,)."""
    prelu = actlab.prelu.with_params(alpha=slope)
    return np.mean(
        (initialise((1, 16, 1), prelu, networks=networks, bias_limit=1.0)(X) - np.sin(np.pi * X)) ** 2, (1, 2)
    )


def test_slope_moves_along_its_gradient():
    rate, step = 1e-3, 1e-6
    result = experiments.learned_slopes("wave", steps=1, learning_rate=rate, networks=5)
    slope = (loss_at(0.25 + step, 5) - loss_at(0.25 - step, 5)) / (2 * step)
    np.testing.assert_allclose((0.25 - result.slopes) / rate, slope, rtol=1e-6)


def test_weights_move_along_theirs():
    """A short step takes (learning rate) * (squared length of the whole gradient) off the loss."""
    rate = 1e-7
    result = experiments.learned_slopes("wave", steps=1, learning_rate=rate, networks=5)
    network = initialise((1, 16, 1), actlab.prelu, networks=5, bias_limit=1.0)
    tape = network.forward(X)
    error = tape.activations[-1] - np.sin(np.pi * X)
    found = network.backward(tape, 2 * error / len(X))
    squares = sum(np.sum(g**2, axis=(1, 2)) for g in (*found.weights, *found.biases))
    squares += ((0.25 - result.slopes) / rate) ** 2
    np.testing.assert_allclose((loss_at(0.25, 5) - result.losses) / rate, squares, rtol=1e-4)


def test_training_on_a_wave_makes_slopes_negative():
    result = experiments.learned_slopes("wave", networks=60)
    assert np.quantile(result.slopes, 0.95) < 0
    assert result.held_losses.shape == (3, 60)
    assert result.beats(0.25).value > 0.5
    assert "median loss" in repr(result)


@pytest.mark.parametrize("target", TARGETS)
def test_each_target_is_learnt(target):
    """Far better than by a constant, whose best loss is the variance of the target."""
    result = experiments.learned_slopes(target, networks=20)
    assert np.median(result.losses) < 0.2 * TARGETS[target](X).var()


# --- All of them -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: experiments.signal_through_depth("relu", depth=0), ValueError, "depth must be a whole number"),
        (lambda: experiments.signal_through_depth("relu", batch=0), ValueError, "batch must be a whole number"),
        (lambda: experiments.signal_through_depth("softmax"), TypeError, "elementwise activation"),
        (lambda: experiments.dead_units("relu", steps=0), ValueError, "steps must be a whole number"),
        (lambda: experiments.dead_units("relo"), ValueError, "did you mean relu"),
        (lambda: experiments.learned_slopes("cube"), ValueError, "one of wave, parabola, line; got 'cube'"),
        (lambda: experiments.learned_slopes("wave", steps=1.5), ValueError, "steps must be a whole number"),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    "measure",
    [
        lambda **options: experiments.signal_through_depth("selu", depth=3, width=5, **options).gradients[0],
        lambda **options: experiments.dead_units("relu", strike=2.0, steps=5, **options).losses,
        lambda **options: experiments.learned_slopes("wave", steps=5, **options).slopes,
    ],
    ids=["signal_through_depth", "dead_units", "learned_slopes"],
)
def test_network_i_gives_the_same_result_however_many_there_are(measure):
    np.testing.assert_array_equal(measure(networks=3, seed=4), measure(networks=7, seed=4)[:3])
    assert not np.array_equal(measure(networks=3, seed=4), measure(networks=3, seed=5))


@pytest.mark.parametrize(
    ("cell", "unsolved", "wrong", "right"),
    [
        ("exercise-gain", "gain = None", "gain = 2**0.5", "gain = (2 / 1.04)**0.5"),
        ("exercise-born", "d = None", "d = 6", "d = 7"),
        ("exercise-born", "d = None", "d = 8", "d = 7"),
        ("exercise-rrelu", "slope = None", "slope = 1 / 5.5", "slope = math.log(8 / 3) / 5"),
    ],
)
def test_exercises_accept_the_right_answer_only(cell, unsolved, wrong, right, capsys):
    for answer, verdict in ((unsolved, "not yet: "), (wrong, "not yet: "), (right, "right: ")):
        said = run("functions/rectifiers.ipynb", cell, capsys, (unsolved, answer), steep=LEAKY)
        assert said.startswith(verdict)


# --- Figures ---------------------------------------------------------------------------------------------------------


def test_depth_is_drawn_as_its_medians(axes):
    result = experiments.signal_through_depth("selu", initialiser=lecun_normal, depth=5, networks=7)
    figures.forward_through_depth(result, axes[0])
    np.testing.assert_allclose(axes[0].lines[0].get_ydata(), np.median(result.mean_squares, axis=1), rtol=1e-4)
    figures.backward_through_depth(result, axes[1])
    drawn = axes[1].lines[0]
    np.testing.assert_array_equal(drawn.get_xdata(), np.arange(1, 6))
    np.testing.assert_allclose(drawn.get_ydata()[0], np.median(result.gradient_ratios), rtol=1e-4)


def test_moments_are_drawn_for_each_result(axes):
    results = [
        experiments.signal_through_depth("selu", initialiser=lecun_normal, depth=5, networks=3, deviation=deviation)
        for deviation in (1.0, 2.0)
    ]
    figures.moments_through_depth(results, axes)
    for ax, values in zip(axes, ("means", "variances"), strict=True):
        for line, result in zip(ax.lines, results, strict=False):
            np.testing.assert_allclose(line.get_ydata(), np.median(getattr(result, values), axis=1), atol=1e-5)


def test_failures_are_drawn_with_their_intervals(axes):
    results = [experiments.dead_units("relu", strike=strike, networks=40) for strike in (0.0, 3.0)]
    figures.failures(results, axes[0])
    (container,) = axes[0].containers
    np.testing.assert_allclose(container.lines[0].get_ydata(), [r.failed.value for r in results], atol=1e-5)
    bars = np.array([segment[:, 1] for segment in container.lines[2][0].get_segments()])
    np.testing.assert_allclose(bars, [r.failed.interval for r in results], atol=1e-4)


def test_slopes_are_drawn_once_each(axes):
    result = experiments.learned_slopes("wave", networks=40)
    figures.learned_slopes(result, axes[0])
    inside = np.sum((result.slopes > -2) & (result.slopes < 1))
    assert sum(patch.get_height() for patch in axes[0].patches) == inside > 30


def test_a_signal_needs_a_slope_to_come_back_by():
    with pytest.raises(ValueError, match="step has slope 0 wherever it has one"):
        experiments.signal_through_depth("step", depth=3, networks=2)
