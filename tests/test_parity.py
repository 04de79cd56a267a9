"""Parity: from the same weights, in the same order of the batches, the real Keras and our trainer go the same way.

How near they stay is stated by number of epochs, as the largest relative difference of the loss at all points. In
float64 it is that of rounding, 1e-15 or so, which a hundred epochs multiply by a hundred or a thousand. In float32 it
begins at 1e-7. Later it depends on the network: a training that passes a saddle magnifies every difference by orders of
magnitude, until two trainings that began one unit in the last place apart end in different places. The last test shows
that this happens to our own trainings too. So a comparison network by network ends there, and shares are compared
beyond (see test_confirmation).
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

import actlab
from actlab import keras_reference, orders, tf
from actlab.core import get
from actlab.experiments.cosine import LEARNING_RATE, cosine_data
from actlab.keras_reference import Optimizer, keras_trajectory
from actlab.network import initialise
from actlab.optimisers import SGD, Adam
from actlab.training import fit

AFTER = (1, 10, 100)
NETWORKS = 3
SEED = 11


def slope(value: float):
    """A leaky ReLU whose slope float32 holds exactly: TensorFlow rounds it to that in every precision."""
    return actlab.leaky_relu.with_params(negative_slope=float(np.float32(value)))


ACTIVATIONS = [
    get(name)
    for name in (
        "identity", "sigmoid", "tanh", "relu", "elu", "selu", "silu", "gelu", "softplus", "relu6", "mish", "gaussian",
    )
] + [slope(0.01), slope(0.2), slope(0.3)]  # fmt: skip


@pytest.fixture(autouse=True)
def gaussian_in_keras(monkeypatch):
    """Keras has no Gaussian of that name; written down in its operations it is differentiated by TensorFlow."""
    of_record = tf.twin

    def twin(activation):
        ops = tf.keras().ops
        return (lambda z: ops.exp(-z * z)) if activation.name == "gaussian" else of_record(activation)

    monkeypatch.setattr(tf, "twin", twin)
    yield
    keras_reference.compiled.cache_clear()


def differences(activation, ours, theirs, *, dtype, bias_limit=0.0, after=AFTER):
    """The relative differences of the losses, (networks, marks)."""
    x, y = cosine_data()
    network = initialise((1, 2, 1), activation, networks=NETWORKS, seed=SEED, bias_limit=bias_limit)
    network = replace(
        network,
        weights=tuple(array.astype(dtype) for array in network.weights),
        biases=tuple(array.astype(dtype) for array in network.biases),
    )
    epochs = after[-1]
    done = fit(network, x[:, np.newaxis], y, epochs=epochs, optimiser=ours, seed=SEED, dtype=dtype, snapshots=after)
    arranged = orders.arrangements("reshuffled", SEED, 0, NETWORKS, len(x))
    drawn = islice(orders.epochs("reshuffled", SEED, 0, NETWORKS, len(x)), epochs)
    shuffles = np.array([shuffle for ((_, shuffle),) in drawn])
    found = []
    for index in range(NETWORKS):
        (hidden, output), (hidden_bias, output_bias) = network.weights, network.biases
        trajectory = keras_trajectory(
            activation, hidden[index, 0], hidden_bias[index, 0], output[index, :, 0], output_bias[index, 0, 0], x, y,
            arranged[index][shuffles], after=after, dtype=dtype, optimizer=theirs,
        )  # fmt: skip
        mine = np.array([snapshot.loss[index] for snapshot in done.snapshots])
        found.append(np.abs(mine / trajectory.losses - 1))
    return np.array(found)


def start(activation) -> float:
    """A limit for the initial biases: 0 but for SELU, whose slope at x = 0 Keras takes from the right and we do not."""
    return 0.1 if activation.name == "selu" else 0.0


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_in_float64_they_differ_by_rounding(activation):
    theirs = Optimizer(learning_rate=LEARNING_RATE, exact_constants=True)
    ours = Adam(LEARNING_RATE)
    found = differences(activation, ours, theirs, dtype="float64", bias_limit=start(activation))
    # Keras' exact GELU has a constant that passes through float32.
    allowed = (1e-7, 1e-6, 1e-5) if activation.name == "gelu" else (1e-14, 1e-13, 1e-11)
    assert (found.max(axis=0) <= allowed).all(), found.max(axis=0)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=repr)
def test_in_float32_they_differ_by_rounding(activation):
    theirs = Optimizer(learning_rate=LEARNING_RATE)
    found = differences(activation, Adam(LEARNING_RATE), theirs, dtype="float32", bias_limit=start(activation))
    assert (found.max(axis=0) <= (1e-6, 1e-6, 2e-5)).all(), found.max(axis=0)


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_gradient_descent_with_momentum_is_that_of_keras(momentum, nesterov):
    ours = SGD(0.02, momentum=momentum, nesterov=nesterov)
    theirs = Optimizer("sgd", 0.02, momentum=momentum, nesterov=nesterov, exact_constants=True)
    found = differences(actlab.tanh, ours, theirs, dtype="float64", after=(1, 10))
    assert (found.max(axis=0) <= (1e-14, 1e-13)).all(), found.max(axis=0)


def test_chaos_takes_over_later_without_keras_too():
    """Trainings of ours from weights one unit in the last place apart: near at first, some far apart in the end."""
    x, y = cosine_data()
    network = initialise((1, 2, 1), actlab.tanh, networks=1024, seed=SEED)
    network = replace(network, weights=tuple(array.astype(np.float32) for array in network.weights))
    nudged = replace(network, weights=tuple(np.nextafter(array, np.float32(np.inf)) for array in network.weights))
    one, other = (
        fit(n, x[:, np.newaxis], y, epochs=300, optimiser=Adam(LEARNING_RATE), seed=SEED, snapshots=(10, 300))
        for n in (network, nudged)
    )
    early, late = (np.abs(a.loss / b.loss - 1) for a, b in zip(one.snapshots, other.snapshots, strict=True))
    assert np.quantile(early, 0.99) < 2e-6
    assert np.median(late) < 1e-4
    assert late.max() > 0.01
