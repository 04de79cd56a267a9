"""Thousands of cosine fits: what is recorded of them, and the facts that are known exactly."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact

from actlab import orders
from actlab.experiments import cosine_data, cosine_fit
from actlab.experiments.cosine import INPUTS
from actlab.initialisers import glorot_uniform
from actlab.network import initialise
from actlab.optimisers import Adam
from actlab.statistics import Share
from actlab.training import fit

X, Y = cosine_data()

# A probability that a true statement is found untrue by chance; with the seeds that are fixed the answer never changes.
LEVEL = 0.001


@pytest.fixture(scope="module")
def executor():
    """One thread: processes would take longer to start than these trainings take."""
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture(scope="module")
def relu(executor):
    """The course's experiment with fewer networks."""
    return cosine_fit("relu", networks=1024, seed=1)


@pytest.mark.parametrize("inputs", INPUTS)
@pytest.mark.parametrize(("activation", "hidden"), [("tanh", 1), ("relu", 2), ("softplus", 3), ("gelu", 20)])
def test_predictions_are_those_whose_loss_is_recorded(activation, hidden, inputs):
    for dtype, digits in (("float32", 2e-5), ("float64", 1e-12)):
        fits = cosine_fit(activation, hidden, networks=20, epochs=12, inputs=inputs, dtype=dtype, bias_limit=0.5)
        assert fits.predict(X).shape == (20, 100)
        np.testing.assert_allclose(np.mean(np.square(fits.predict(X) - Y), axis=1), fits.loss, rtol=digits)
        assert np.ptp(fits.predict(X), axis=1).max() > 0.01
        parts = fits.contributions(X)
        assert parts.shape == (20, 100, hidden)
        np.testing.assert_allclose(parts.sum(axis=2) + fits.output_biases[:, np.newaxis], fits.predict(X))
        slopes = fits.activation.derivative(fits.pre_activations(X))
        np.testing.assert_array_equal(fits.dead, (slopes == 0).all(axis=1))


def test_what_the_networks_see_of_x():
    seen = {name: change(X) for name, change in INPUTS.items()}
    np.testing.assert_array_equal(seen["given"], X)
    assert seen["centred"].mean() == pytest.approx(0, abs=1e-14) and np.ptp(seen["centred"]) == pytest.approx(2 * np.pi)
    assert seen["standardised"].mean() == pytest.approx(0, abs=1e-14)
    assert seen["standardised"].std() == pytest.approx(1, rel=1e-14)


@pytest.mark.parametrize("order", ["reshuffled", "independent", "fixed", "ascending"])
def test_it_is_the_training_of_a_network_by_adam_in_batches_of_32(order):
    how = {"seed": 5, "bias_limit": 0.2, "initialiser": lambda rng, i, o: 2 * glorot_uniform(rng, i, o)}
    fits = cosine_fit("silu", 3, networks=9, epochs=25, learning_rate=0.02, order=order, **how)
    done = fit(
        initialise((1, 3, 1), "silu", networks=9, **how), X[:, np.newaxis], Y, epochs=25, optimiser=Adam(0.02),
        batch_size=32, order=order, seed=5,
    )  # fmt: skip
    np.testing.assert_array_equal(fits.hidden_weights, done.network.weights[0][:, 0])
    np.testing.assert_array_equal(fits.hidden_biases, done.network.biases[0][:, 0])
    np.testing.assert_array_equal(fits.output_weights, done.network.weights[1][:, :, 0])
    np.testing.assert_array_equal(fits.output_biases, done.network.biases[1][:, 0, 0])
    np.testing.assert_array_equal(fits.recorded, [10, 20, 25])
    np.testing.assert_array_equal(fits.course, done.losses[[9, 19, 24]])
    assert (fits.networks, fits.hidden, fits.epochs, fits.order) == (9, 3, 25, order)


def test_a_network_is_the_same_however_many_are_trained_and_wherever(executor):
    many = cosine_fit("tanh", networks=2100, epochs=1, executor=executor)
    few = cosine_fit("tanh", networks=4, epochs=1)
    for name in ("loss", "dead", "born_dead", "hidden_weights", "hidden_biases", "output_weights", "output_biases"):
        np.testing.assert_array_equal(getattr(many, name)[:4], getattr(few, name))
    np.testing.assert_array_equal(many.course[:, :4], few.course)
    late = initialise((1, 2, 1), "tanh", networks=3, first=2060)
    done = fit(late, X[:, np.newaxis], Y, epochs=1, optimiser=Adam(0.04), first=2060)
    np.testing.assert_array_equal(many.course[:, 2060:2063], done.losses)
    np.testing.assert_array_equal(many.hidden_weights[2060:2063], done.network.weights[0][:, 0])
    assert not np.array_equal(many.loss[:9], cosine_fit("tanh", networks=9, epochs=1, seed=1).loss)


# --- Facts ------------------------------------------------------------------------------------------------------------


def agrees(outcomes, probability):
    """Whether a count may come from independent trials of that probability, by an exact binomial test."""
    return binomtest(int(outcomes.sum()), outcomes.size, float(probability)).pvalue > LEVEL


def test_a_relu_unit_is_born_dead_in_one_half_of_all_cases_and_two_in_a_quarter(executor):
    """All x are at or right of 0 and the biases are 0: a unit is dead if its weight is not positive."""
    fits = cosine_fit("relu", networks=4096, epochs=1, seed=2, executor=executor)
    weights = initialise((1, 2, 1), "relu", networks=4096, seed=2).weights[0][:, 0]
    np.testing.assert_array_equal(fits.born_dead, weights <= 0)
    assert agrees(fits.born_dead[:, 0], Fraction(1, 2))
    assert agrees(fits.born_dead[:, 1], Fraction(1, 2))
    assert agrees(fits.born_dead.all(axis=1), Fraction(1, 4))


def test_around_zero_no_relu_unit_is_born_dead():
    assert not cosine_fit("relu", networks=500, epochs=1, inputs="centred").born_dead.any()
    assert not cosine_fit("leaky_relu", networks=500, epochs=1).born_dead.any()


def test_who_is_born_dead_stays_as_born(relu):
    assert relu.dead[relu.born_dead].all()
    weights = initialise((1, 2, 1), "relu", networks=1024, seed=1).weights[0][:, 0]
    np.testing.assert_array_equal(relu.hidden_weights[relu.born_dead], weights[relu.born_dead].astype(np.float32))
    assert not relu.hidden_biases[relu.born_dead].any()
    assert not relu.contributions(X).swapaxes(1, 2)[relu.dead].any()


def test_others_are_killed(relu):
    assert relu.killed.any()
    np.testing.assert_array_equal(relu.killed | relu.born_dead, relu.dead)
    assert not (relu.killed & relu.born_dead).any()


def test_without_a_living_unit_there_is_a_constant_left(relu):
    """Whose loss is no less than the variance of y, and little more."""
    lost = relu.select(relu.dead.all(axis=1))
    assert 200 < lost.networks < 700
    assert np.ptp(lost.predict(X), axis=1).max() == 0
    assert (lost.loss >= np.var(Y) * (1 - 1e-6)).all()
    constants = lost.output_biases.astype(float)
    np.testing.assert_allclose(lost.loss, np.var(Y) + (constants - Y.mean()) ** 2, rtol=1e-5)
    assert np.median(lost.loss) < np.var(Y) + 0.01


def test_a_line_does_no_better_than_a_constant(executor):
    """The best line is level; its loss is the variance of y, 0.5049."""
    fits = cosine_fit("linear", networks=256, epochs=150)
    assert np.var(Y) == pytest.approx(0.5049, abs=5e-5)
    assert (fits.loss >= np.var(Y) * (1 - 1e-6)).all()
    assert not fits.dead.any() and fits.success(0.5).count == 0


@pytest.mark.parametrize(
    ("activation", "hidden", "floor"), [("relu", 1, 0.346459629), ("relu", 2, 0.0055707), ("tanh", 2, 1.1619e-4)]
)
def test_no_training_beats_the_best_that_a_strong_optimiser_found(activation, hidden, floor):
    """The floors come from many restarts of a quasi-Newton method on the same data."""
    fits = cosine_fit(activation, hidden, networks=512, seed=3)
    assert fits.loss.min() > floor * (1 - 1e-4)
    assert fits.loss.min() < floor * 40


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_orders_that_share_a_shuffle_are_as_successful_as_independent_ones(activation, executor):
    """Two samples of 4096 networks of 100 epochs, with weights of their own, by Fisher's exact test."""
    shared = cosine_fit(activation, networks=4096, epochs=100, order="reshuffled", seed=4, executor=executor)
    independent = cosine_fit(activation, networks=4096, epochs=100, order="independent", seed=5, executor=executor)
    for reached in (lambda loss: loss < 0.1, lambda loss: loss > 0.49):
        one, other = reached(shared.loss), reached(independent.loss)
        table = [[one.sum(), (~one).sum()], [other.sum(), (~other).sum()]]
        assert fisher_exact(table).pvalue > LEVEL
        assert 50 < one.sum() < 4000
        assert shared.share(one).design_effect < 2
        assert independent.share(other).design_effect == 1


# --- Shares and parts -------------------------------------------------------------------------------------------------


def with_losses(fits, loss):
    """The same fits with other losses."""
    return replace(fits, loss=np.asarray(loss, float))


@pytest.fixture(scope="module")
def small():
    """600 networks, in groups of 256, 256 and 88 that share their shuffles."""
    return cosine_fit("tanh", hidden=1, networks=600, epochs=20, seed=6)


def test_success_is_the_share_of_losses_below_a_threshold(small):
    fits = with_losses(small, np.where(np.arange(600) % 6 == 0, 0.1, 0.5))
    assert (fits.success(0.2).count, fits.success(0.2).n) == (100, 600)
    assert fits.success(0.1).count == 0
    nowhere = with_losses(small, np.full(600, np.nan))
    assert nowhere.success(1.0).count == 0


def test_the_interval_knows_which_networks_share_a_shuffle(small):
    """The outcomes are synthetic: all of the second group."""
    second = (np.arange(600) // orders.GROUP) == 1
    expected = Share.of(second, groups=np.arange(600) // 256)
    assert expected.design_effect > 50
    assert small.share(second) == expected
    for order in ("independent", "fixed", "ascending"):
        assert replace(small, order=order).share(second) == Share.of(second)


def test_so_it_does_when_some_of_them_are_selected(small):
    chosen = np.arange(600) % 2 == 1
    second = (np.arange(600) // orders.GROUP) == 1
    part = small.select(chosen)
    assert part.share(second[chosen]) == Share.of(second[chosen], groups=(np.arange(600) // 256)[chosen])
    again = part.select(np.array([299, 0, 200]))
    assert again.share(np.array([True, False, True])) == Share.of(np.array([True, False, True]), groups=[2, 0, 1])


def test_select_takes_all_that_is_recorded_of_a_network(small):
    for which in (np.array([5, 2]), np.isin(np.arange(600), [2, 5]), slice(2, 6, 3)):
        part = small.select(which)
        numbers = np.arange(600)[which]
        assert part.networks == 2 and part.epochs == 20 and part.hidden == 1
        np.testing.assert_array_equal(part.predict(X), small.predict(X)[numbers])
        np.testing.assert_array_equal(part.course, small.course[:, numbers])
        for name in ("loss", "dead", "born_dead", "killed", "diverged"):
            np.testing.assert_array_equal(getattr(part, name), getattr(small, name)[numbers])


def test_epochs_to_a_threshold(small):
    course = np.array([[0.9, 0.1, np.nan, 0.1, np.inf], [0.2, 0.1, np.nan, 0.9, 0.2]])
    fits = replace(small.select(slice(5)), course=course)
    np.testing.assert_array_equal(fits.recorded, [10, 20])
    assert fits.epochs_to(0.5).tolist() == [20, 10, np.inf, 10, 20]
    assert fits.epochs_to(0.1).tolist() == [np.inf] * 5


def test_the_repr_names_the_experiment_and_its_outcome(small):
    text = repr(with_losses(small, np.full(600, 0.25)))
    assert text == (
        "CosineFits(tanh, hidden=1, networks=600, epochs=20, learning_rate=0.04, order='reshuffled', "
        "inputs='given', seed=6, median loss=0.25)"
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_run_that_diverges_is_counted(dtype):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fits = cosine_fit(
            "relu", networks=40, epochs=30, learning_rate=1e200 if dtype == "float64" else 1e25, dtype=dtype
        )
        assert fits.diverged[~fits.born_dead.all(axis=1)].all()
        assert fits.success(1e30).count == (~fits.diverged).sum()
        assert "median loss" in repr(fits)
        assert fits.predict(X).shape == (40, 100)
        assert fits.epochs_to(0.1).tolist() == [np.inf] * 40


# --- Refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"activation": "softmax"}, "hidden units need an activation that maps each number on its own; got softmax"),
        ({"activation": "rleu"}, "unknown activation 'rleu'; did you mean relu"),
        ({"hidden": 0}, "hidden must be a whole number of 1 or more; got 0"),
        ({"networks": 0}, "networks must be a whole number of 1 or more; got 0"),
        ({"networks": 2.5}, r"networks must be a whole number of 1 or more; got 2\.5"),
        ({"epochs": -1}, "epochs must be a whole number of 1 or more; got -1"),
        ({"learning_rate": 0}, "learning_rate must be above 0, .*; got 0"),
        ({"learning_rate": [0.1, 0.2]}, r"learning_rate must be one number; got \[0\.1, 0\.2\]"),
        ({"seed": -1}, "seed must be a whole number of 0 or more; got -1"),
        ({"order": "shuffled"}, "order must be one of reshuffled, independent, fixed, ascending; got 'shuffled'"),
        ({"inputs": "scaled"}, "inputs must be one of given, centred, standardised; got 'scaled'"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64; got 'float16'"),
        ({"bias_limit": -1}, "bias_limit must be a finite number, 0 or more; got -1"),
    ],
)
def test_cosine_fit_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        cosine_fit(**{"activation": "relu", "networks": 4, "epochs": 1} | arguments)


def test_what_is_asked_of_the_fits_must_fit(small):
    with pytest.raises(ValueError, match=r"threshold must be above 0; got 0"):
        small.success(0)
    with pytest.raises(ValueError, match=r"threshold must be above 0; got nan"):
        small.success(np.nan)
    for fits in (small, replace(small, order="fixed")):
        with pytest.raises(ValueError, match=r"outcomes must be \(600,\), one for each network; got \(600, 1\)"):
            fits.share(fits.dead)
