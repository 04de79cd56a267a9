"""The cosine fit in Keras: short trainings, since what is tested here does not depend on their length."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import actlab
from actlab import tf
from actlab.experiments import KerasCosineFit, cosine_data, keras_cosine_fit

LEAKY_OF_KERAS = actlab.leaky_relu.with_params(negative_slope=0.2)
ACTIVATIONS = [actlab.linear, actlab.sigmoid, actlab.tanh, actlab.relu, LEAKY_OF_KERAS, actlab.swish]


def by_hand(hidden_weights, hidden_biases, activation=actlab.relu):
    """A fit with given hidden weights whose prediction is put together here, not by the package."""
    x, target = cosine_data()
    weights, biases = np.array(hidden_weights, float), np.array(hidden_biases, float)
    output_weights = np.arange(1.0, weights.size + 1)
    prediction = sum(v * activation(w * x + b) for v, w, b in zip(output_weights, weights, biases, strict=True)) + 0.5
    return KerasCosineFit(activation, 0, x, target, prediction, np.array([1.0]), weights, biases, output_weights, 0.5)


def test_the_data_is_one_wave_from_zero_to_two():
    x, target = cosine_data()
    assert x.shape == target.shape == (100,)
    assert x[0] == 0 and x[-1] == 2 * np.pi
    assert np.ptp(np.diff(x)) < 1e-14
    assert target.max() == 2 and 0 <= target.min() < 1e-3  # no point lies on pi itself


def test_the_best_line_is_level_and_its_loss_is_the_variance():
    x, target = cosine_data()
    slope, height = np.polyfit(x, target, 1)
    assert abs(slope) < 1e-12
    assert np.mean((slope * x + height - target) ** 2) == pytest.approx(np.var(target), rel=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=str)
def test_the_parts_add_up_to_what_keras_predicts(activation):
    fit = keras_cosine_fit(activation, units=3, epochs=2, seed=3)
    assert fit.contributions.shape == (100, 3)
    assert fit.losses.shape == (2,)
    np.testing.assert_allclose(fit.rebuilt, fit.prediction, rtol=0, atol=1e-6)
    assert np.ptp(fit.contributions, axis=0).max() > 1e-3, "a fit of constants would pass for any activation"


def test_the_training_is_that_of_a_plain_keras_script():
    keras = tf.keras()
    x, target = cosine_data()
    keras.utils.set_random_seed(5)
    layers = [keras.layers.Dense(2, activation="leaky_relu"), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((1,)), *layers])
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(0.04))
    history = model.fit(x.reshape(-1, 1), target.reshape(-1, 1), epochs=4, batch_size=32, verbose=0)

    fit = keras_cosine_fit(LEAKY_OF_KERAS, epochs=4, seed=5)
    np.testing.assert_array_equal(fit.losses, history.history["loss"])
    np.testing.assert_array_equal(fit.hidden_weights, model.get_weights()[0][0])
    np.testing.assert_array_equal(fit.output_bias, model.get_weights()[3][0])


def test_a_seed_repeats_and_another_differs():
    one, again, other = (keras_cosine_fit("tanh", epochs=2, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.prediction, again.prediction)
    assert not np.allclose(one.prediction, other.prediction)


def test_losses_fall_over_a_training():
    losses = keras_cosine_fit("sigmoid", epochs=60, seed=0).losses
    assert losses[-1] < 0.45 < losses[0]  # below the best straight line


def test_a_born_dead_relu_unit_never_moves():
    early, late = (keras_cosine_fit("relu", units=8, epochs=epochs, seed=0) for epochs in (1, 4))
    born_dead = early.dead
    assert 0 < born_dead.sum() < 8
    np.testing.assert_array_equal(early.hidden_weights[born_dead], late.hidden_weights[born_dead])
    np.testing.assert_array_equal(late.hidden_biases[born_dead], 0)
    assert (early.hidden_weights[~born_dead] != late.hidden_weights[~born_dead]).all()


def test_dead_means_no_derivative_at_any_point():
    fit = by_hand([-1.0, 1.0, 1.0, -1.0], [0.0, 0.0, -2 * np.pi, 0.1])
    assert fit.dead.tolist() == [True, False, True, False]
    assert not by_hand([-1.0], [0.0], actlab.leaky_relu).dead.any()


def test_loss_is_the_mean_squared_error_over_all_points():
    fit = by_hand([1.0, -1.0], [0.0, 1.0])
    assert replace(fit, prediction=fit.target + 0.5).loss == pytest.approx(0.25)
    np.testing.assert_allclose(fit.rebuilt, fit.prediction, rtol=1e-15)


def test_the_repr_names_activation_size_and_outcome():
    text = repr(by_hand([-1.0, -1.0], [0.0, 0.0]))
    assert "relu" in text and "units=2" in text and "dead units=2" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "units must be a whole number of 1 or more; got 0"),
        ({"epochs": 1.5}, "epochs must be a whole number of 1 or more; got 1.5"),
        ({"seed": -1}, "seed must be a whole number of 0 or more; got -1"),
    ],
)
def test_a_bad_number_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        keras_cosine_fit("relu", **arguments)


def test_an_activation_that_keras_lacks_is_refused():
    with pytest.raises(ValueError, match=r"Keras has no twin of prelu.*relu"):
        keras_cosine_fit("prelu")
    with pytest.raises(ValueError, match="each number on its own; got softmax"):
        keras_cosine_fit("softmax")
    with pytest.raises(ValueError, match="silu has no parameter beta"):
        keras_cosine_fit(actlab.silu.with_params(beta=2.0))


def test_importing_keras_prints_nothing():
    code = "from actlab import tf; k = tf.keras(); k.ops.ones(3); print(k.config.floatx())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("float64\n", "")
