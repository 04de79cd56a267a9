"""An activation in a Keras model, saved and loaded: what survives, what fails, and what comes back as another."""

import functools

import numpy as np
import pytest

import actlab
from actlab import experiments, peers

keras = actlab.tf.keras()
trip = experiments.round_trip


@keras.saving.register_keras_serializable(package="actlab-tests")
def half(x):
    return x / 2


def leaky_relu(x):
    return x / 3


def unregistered(x):
    return x / 2


def test_a_string_a_function_and_a_layer_survive():
    for given in ("elu", keras.activations.elu, keras.layers.ELU()):
        for as_layer in (False, True):
            result = trip(given, as_layer=as_layer, x=-2.0)
            assert result.before == pytest.approx(np.expm1(-2), rel=1e-12)
            assert (result.after, result.kept, result.weights) == (result.before, True, 0)


def test_a_layer_keeps_its_arguments_and_its_weights():
    assert trip(keras.layers.LeakyReLU(negative_slope=0.125)).after == -0.125
    for as_layer in (False, True):
        start = trip(keras.layers.PReLU(), as_layer=as_layer)
        assert (start.before, start.after, start.weights) == (0, 0, 1)
        trained = trip(keras.layers.PReLU(), as_layer=as_layer, weight=0.75)
        assert (trained.before, trained.after, trained.weights) == (-0.75, -0.75, 1)


def test_a_registered_function_survives():
    assert trip(half).after == -0.5


def test_what_fails_is_said_with_its_stage():
    partial = trip(functools.partial(keras.activations.leaky_relu, negative_slope=0.01))
    assert (partial.failed, partial.error, partial.after, partial.kept) == ("saving", "TypeError", None, False)
    for lost in (unregistered, lambda x: x / 2):
        result = trip(lost)
        assert (result.before, result.failed, result.after, result.kept) == (-0.5, "loading", None, False)
    assert repr(result) == "f(-1) = -0.5; loading fails: TypeError"


def test_a_name_that_keras_has_brings_back_the_function_of_keras():
    result = trip(leaky_relu)
    assert result.before == pytest.approx(-1 / 3)
    assert result.after == pytest.approx(-0.2, rel=1e-6)
    assert not result.kept
    assert repr(result) == "f(-1) = -0.3333; loaded: -0.2"


def test_an_unknown_name_is_refused_by_keras():
    with pytest.raises(ValueError, match="prelu"):
        trip("prelu")


def test_a_gradient_of_its_own_survives():
    import tensorflow as tf

    @tf.custom_gradient
    def backwards(x):
        return tf.sigmoid(x), lambda u: -7 * u

    @keras.saving.register_keras_serializable(package="actlab-tests")
    def stubborn(x):
        return backwards(x)

    assert trip(stubborn).kept
    restored = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(stubborn))
    assert peers.derivative("keras", restored, 1)(np.array([0.0, 2.0])).tolist() == [-7.0, -7.0]
