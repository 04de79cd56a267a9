"""Optimisers against the formulas that Keras 3 documents, written here for one number at a time."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from actlab.network import initialise
from actlab.optimisers import SGD, Adam
from actlab.training import fit

STEPS = 400


def sgd(rate, momentum=0.0, nesterov=False):
    """The rule of ``keras.optimizers.SGD``: of (parameter, gradient, memory, step) the new parameter and memory."""

    def rule(w, g, memory, t):
        if momentum == 0:
            return w - rate * g, memory
        velocity = momentum * memory[0] - rate * g
        return w + (momentum * velocity - rate * g if nesterov else velocity), [velocity]

    return rule


def adam(rate, beta_1=0.9, beta_2=0.999, epsilon=1e-7):
    """The rule of ``keras.optimizers.Adam``."""

    def rule(w, g, memory, t):
        m, v = memory
        alpha = rate * sqrt(1 - beta_2**t) / (1 - beta_1**t)
        m = m + (g - m) * (1 - beta_1)
        v = v + (g * g - v) * (1 - beta_2)
        return w - m * alpha / (sqrt(v) + epsilon), [m, v]

    return rule


RULES = [
    (SGD(0.1), sgd(0.1)),
    (SGD(0.03, momentum=0.9), sgd(0.03, 0.9)),
    (SGD(0.03, momentum=0.5, nesterov=True), sgd(0.03, 0.5, True)),
    (Adam(0.04), adam(0.04)),
    (Adam(), adam(0.001)),
    (Adam(0.2, beta_1=0.5, beta_2=0.9, epsilon=1e-3), adam(0.2, 0.5, 0.9, 1e-3)),
    (Adam(0.2, beta_1=0.0, beta_2=0.0), adam(0.2, 0.0, 0.0)),
]
each_rule = pytest.mark.parametrize(("optimiser", "rule"), RULES, ids=lambda value: repr(value).split(" at ")[0])


def gradients():
    """(STEPS, 6): noise of several sizes around a drift, a part that stops, and one that never was."""
    noise = np.random.default_rng(3).normal(0.3, 1.0, size=(STEPS, 6))
    noise[STEPS // 2 :, 4] = 0
    return noise * [1e-6, 0.01, 1.0, 3.0, 100.0, 0.0]


# float32 has 1 - beta_2 to 3e-5, of which the square root counts, and Keras has it so too.
@each_rule
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-13), ("float32", 2e-5)])
def test_the_steps_are_those_of_keras(optimiser, rule, dtype, tolerance):
    start = np.array([0.5, -2.0, 1.0, 0.0, 3.0, 1.0])
    parameters, slots = start.astype(dtype), [np.zeros(6, dtype) for _ in range(optimiser.slots)]
    ours = []
    for t, gradient in enumerate(gradients().astype(dtype), 1):
        optimiser.step(parameters, gradient, slots, t, np.asarray(optimiser.learning_rate, dtype))
        ours.append(parameters.copy())
    assert parameters.dtype == dtype
    theirs = np.empty((STEPS, 6))
    for number, w in enumerate(start.tolist()):
        memory = [0.0] * optimiser.slots
        for t, g in enumerate(gradients()[:, number].tolist(), 1):
            w, memory = rule(w, g, memory, t)
            theirs[t - 1, number] = w
    way = np.abs(np.diff(theirs, axis=0)).sum(axis=0)
    assert (way[:5] > 0).all()
    np.testing.assert_allclose((ours - theirs) / np.maximum(way, np.abs(start)), 0, rtol=0, atol=tolerance)


@pytest.mark.parametrize("momentum", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}], ids=repr)
def test_the_first_steps_by_hand(momentum):
    """Two steps along a gradient of 1, at a rate of 0.1."""
    optimiser = SGD(0.1, **momentum)
    parameters, slots = np.zeros(1), [np.zeros(1)] * optimiser.slots
    found = []
    for t in (1, 2):
        optimiser.step(parameters, np.ones(1), slots, t, np.asarray(0.1))
        found.append(parameters.item())
    # Velocities -0.1 and -0.19; looking ahead adds 0.9 times the velocity and the step itself.
    by_hand = {0: [-0.1, -0.2], 1: [-0.1, -0.29], 2: [-0.19, -0.19 - 0.171 - 0.1]}
    assert found == pytest.approx(by_hand[len(momentum)], rel=1e-14)


def test_the_first_step_of_adam_is_the_learning_rate():
    """Whatever the gradient's size, as long as epsilon is small beside it."""
    parameters = np.zeros(3)
    Adam(0.04).step(parameters, np.array([1e-3, -2.0, 1e5]), [np.zeros(3), np.zeros(3)], 1, np.asarray(0.04))
    # sqrt(v) is the gradient times sqrt(0.001): beside the least of these epsilon counts for 0.3 %.
    np.testing.assert_allclose(parameters[1:], [0.04, -0.04], rtol=2e-6)
    assert parameters[0] == pytest.approx(-0.04 / (1 + 1e-7 / sqrt(0.001) / 1e-3), rel=1e-9)


@pytest.mark.parametrize("widths", [(1, 4, 1), (1, 20, 1)], ids=str)
@pytest.mark.parametrize("kind", [SGD, lambda rate: SGD(rate, momentum=0.9), Adam])
def test_a_rate_for_each_network_is_that_of_its_own_training(kind, widths):
    rates = [0.001, 0.02, 0.1]
    network = initialise(widths, "tanh", networks=3, seed=1)
    x = np.linspace(-1, 1, 20)[:, np.newaxis]
    how = {"epochs": 3, "batch_size": 6, "snapshots": [3]}
    together = fit(network, x, np.cos(3 * x), optimiser=kind(rates), block=2, **how)
    for number, rate in enumerate(rates):
        alone = fit(network.select(number), x, np.cos(3 * x), optimiser=kind(rate), first=number, **how)
        np.testing.assert_array_equal(together.losses[:, [number]], alone.losses)
        np.testing.assert_array_equal(together.network.weights[0][[number]], alone.network.weights[0])
    assert len(set(together.losses[-1])) == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SGD(0.0), r"learning_rate must be above 0, one number or one for each network; got 0\.0"),
        (lambda: Adam(-1), "learning_rate must be above 0, .*; got -1"),
        (lambda: Adam(np.nan), "learning_rate must be above 0, .*; got nan"),
        (lambda: Adam(np.inf), "learning_rate must be above 0, .*; got inf"),
        (lambda: SGD("fast"), "learning_rate must be above 0, .*; got 'fast'"),
        (lambda: SGD([0.1, 0.0]), r"learning_rate must be above 0, .*; got \[0\.1, 0\.0\]"),
        (lambda: SGD([[0.1]]), r"learning_rate must be above 0, .*; got \[\[0\.1\]\]"),
        (lambda: SGD(momentum=1.0), r"momentum must be finite, 0 or more and below 1; got 1\.0"),
        (lambda: SGD(momentum=-0.1), r"momentum must be finite, 0 or more and below 1; got -0\.1"),
        (lambda: SGD(momentum="a"), "momentum must be a number or an array of numbers; got 'a'"),
        (lambda: SGD(momentum=[0.5]), r"momentum must be one number; got an array of the shape \(1,\)"),
        (lambda: SGD(nesterov=True), "nesterov needs a momentum above 0; got 0"),
        (lambda: Adam(beta_1=1.0), r"beta_1 must be finite, 0 or more and below 1; got 1\.0"),
        (lambda: Adam(beta_2=np.nan), "beta_2 must be finite, 0 or more and below 1; got nan"),
        (lambda: Adam(epsilon=0.0), r"epsilon must be finite, above 0; got 0\.0"),
        (lambda: Adam(epsilon=np.inf), "epsilon must be finite, above 0; got inf"),
    ],
)
def test_what_no_optimiser_can_use_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


@pytest.mark.parametrize("rates", [[0.1], [0.1, 0.2], [0.1] * 4, []], ids=len)
def test_as_many_rates_as_networks(rates):
    network = initialise((1, 2, 1), "tanh", networks=3)
    x = np.zeros((4, 1))
    with pytest.raises(ValueError, match=rf"one number for each of 3 networks; got {len(rates)}"):
        fit(network, x, x, epochs=1, optimiser=Adam(rates))
