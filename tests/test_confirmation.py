"""The recorded trainings by Keras: what must be true of them, and a small sample made anew."""

from dataclasses import replace

import numpy as np
import pytest

import actlab
from actlab import confirmation, tf
from actlab.confirmation import Comparison, KerasFits, compare, from_same_starts, load, train
from actlab.experiments import cosine_data
from actlab.keras_reference import Optimizer, compiled
from actlab.statistics import Share

AGAIN = 2  # recorded seeds that are trained a second time
FRESH = range(10_000, 10_006)  # seeds that are not recorded
BY_ACTIVATION = pytest.mark.parametrize("activation", confirmation.activations(), ids=str)

# The losses of the best networks with two hidden units and of the best line, from other sources than these trainings:
# the minima of a strong optimizer with many restarts, rounded down, and the variance of the target.
FLOORS = {"sigmoid": 1.161e-4, "tanh": 1.161e-4, "relu": 5.570e-3, "leaky_relu": 5.570e-3}
LINE = np.var(cosine_data()[1])


@pytest.fixture(scope="module")
def made_anew(tmp_path_factory):
    """Run the documented command for the first seeds, and read what it writes."""
    path = tmp_path_factory.mktemp("record") / "fits.json"
    confirmation.main(["--trainings", str(AGAIN), "--output", str(path)])
    return load(path)


# --- The record -------------------------------------------------------------------------------------------------------


def test_the_record_says_where_it_comes_from():
    provenance = load().provenance
    assert set(provenance["versions"]) == {"python", "numpy", "keras", "tensorflow"}
    assert provenance["dtype"] == "float32"
    assert provenance["date"] and provenance["seconds"] > 0
    assert "reshuffled before every epoch" in provenance["order"]
    assert len(load().fits) == 2 * len(confirmation.activations())


@BY_ACTIVATION
@pytest.mark.parametrize("ulps", [0, 1])
def test_the_record_holds_what_any_such_training_obeys(activation, ulps):
    fits = load().of(activation, ulps)
    trainings = len(fits.seeds)
    assert trainings >= 200
    assert len(set(fits.seeds)) == trainings
    assert not set(fits.seeds) & set(FRESH)
    assert fits.losses.shape == (trainings,)
    assert fits.born_dead.shape == fits.dead.shape == (trainings, 2)
    assert fits.losses.min() >= FLOORS[activation.name]
    assert fits.losses.max() < 1
    assert not (fits.born_dead & ~fits.dead).any(), "no gradient reaches a dead unit, so it stays dead"
    if activation.name == "relu":
        both = fits.born_dead.all(axis=1)
        assert (fits.losses[both] >= LINE * (1 - 1e-6)).all(), "without a hidden unit only a constant is left"
    else:
        assert not fits.dead.any()


def test_a_unit_is_born_dead_as_often_as_its_weight_is_negative():
    # All points but one, which is 0, are positive: a unit is dead at the start if its weight is negative.
    fits = load().of("relu")
    for share, probability in ((fits.with_dead(1, born=True), 3 / 4), (fits.with_dead(2, born=True), 1 / 4)):
        low, high = share.interval
        assert low < probability < high, share


@BY_ACTIVATION
def test_few_trainings_depend_on_how_numbers_are_rounded(activation):
    one, other = load().of(activation), load().of(activation, ulps=1)
    steady = load().steady(activation)
    assert (one.losses != other.losses).any(), "the ulp has an effect"
    assert steady.mean() > 0.8
    np.testing.assert_allclose(other.losses[steady], one.losses[steady], rtol=1e-4)
    assert (np.abs(other.losses / one.losses - 1)[~steady] > 1e-4).all()
    assert load().steady(activation, tolerance=10).all()


# --- Made anew --------------------------------------------------------------------------------------------------------


@BY_ACTIVATION
@pytest.mark.parametrize("ulps", [0, 1])
def test_the_recorded_seeds_give_the_recorded_trainings(made_anew, activation, ulps):
    found, recorded = made_anew.of(activation, ulps), load().of(activation, ulps)
    np.testing.assert_array_equal(found.seeds, recorded.seeds[:AGAIN])
    np.testing.assert_array_equal(found.born_dead, recorded.born_dead[:AGAIN])
    # Another processor may round otherwise, which acts as the ulp does: where that changed the loss by less than 1e-4,
    # a hundred times as much is left for errors that point elsewhere.
    steady = load().steady(activation)[:AGAIN]
    assert steady.any()
    np.testing.assert_allclose(found.losses[steady], recorded.losses[:AGAIN][steady], rtol=1e-2)


def test_the_ulp_is_there_and_is_small(made_anew):
    change = np.abs(made_anew.of("sigmoid", ulps=1).losses / made_anew.of("sigmoid").losses - 1)
    assert ((0 < change) & (change < 1e-3)).all()


@BY_ACTIVATION
def test_fresh_seeds_have_the_recorded_shares(activation):
    """Two samples and Fisher's exact test for each question, at 99.9 %."""
    fresh = train(activation, FRESH)
    for comparison in compare(load().of(activation), fresh.losses, fresh.born_dead, fresh.dead):
        assert comparison.p_value >= 0.001, comparison


def test_stock_keras_gives_the_same_bits():
    """The plainest script with the same batches: one step in each execution, epoch after epoch."""
    activation, epochs, seed = actlab.leaky_relu.with_params(negative_slope=0.2), 5, 4
    x, target = (part.astype(np.float32) for part in cosine_data())
    batches = confirmation.batches(x, target, seed=seed, epochs=epochs)
    with tf.precision("float32") as keras:
        keras.utils.set_random_seed(seed)
        layers = [keras.layers.Dense(2, activation="leaky_relu"), keras.layers.Dense(1)]
        stock = keras.Sequential([keras.Input((1,)), *layers])
        for ours, start in zip(confirmation.initial_weights(seed), stock.get_weights(), strict=True):
            np.testing.assert_array_equal(ours, start)
        stock.compile(loss="mse", optimizer=keras.optimizers.Adam(0.04))
        stock.fit(batches, epochs=epochs, steps_per_epoch=4, shuffle=False, verbose=0)

    model = compiled(activation, 2, Optimizer(learning_rate=0.04), "float32")
    model.restart(confirmation.initial_weights(seed))
    model.fit(confirmation.batches(x, target, seed=seed, epochs=epochs))
    for ours, theirs, start in zip(model.weights, stock.get_weights(), confirmation.initial_weights(seed), strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert (ours != start).all()


def test_every_epoch_has_all_points_in_an_order_of_its_own():
    numbers = np.arange(100.0)
    sizes, orders = [], []
    for seed in (0, 1):
        read = [x.numpy().ravel() for x, _ in confirmation.batches(numbers, numbers, seed=seed, epochs=20)]
        sizes += [part.size for part in read]
        orders += list(np.concatenate(read).reshape(20, 100))
    assert sizes == [32, 32, 32, 4] * 40
    assert (np.sort(orders, axis=1) == numbers).all()
    assert len({tuple(order) for order in orders}) == 40


# --- Shares and comparisons -------------------------------------------------------------------------------------------


def four():
    losses = np.array([0.001, 0.05, 0.3, 0.5])
    born = np.array([[1, 0], [0, 0], [1, 1], [0, 0]], bool)
    return KerasFits(actlab.relu, 0, np.arange(4), losses, born, born | [[0, 1], [0, 0], [0, 0], [1, 0]])


def test_shares_count_losses_and_dead_units():
    fits = four()
    assert fits.below(0.05) == Share(1, 4)
    assert fits.above(0.05) == Share(2, 4)
    assert [fits.with_dead(units, born=True) for units in (1, 2)] == [Share(2, 4), Share(1, 4)]
    assert [fits.with_dead(units) for units in (1, 2)] == [Share(3, 4), Share(2, 4)]
    with pytest.raises(ValueError, match="units must be a whole number of 1 or more; got 0"):
        fits.with_dead(0)


def test_a_comparison_puts_the_same_questions_to_both():
    fits, dead = four(), np.ones((50, 2), bool)
    found = {c.question: c for c in compare(fits, np.full(50, 0.6), ~dead, dead, below=(0.01,), above=(0.4,))}
    assert [(question, c.keras, c.other) for question, c in found.items()] == [
        ("final loss below 0.01", Share(1, 4), Share(0, 50)),
        ("final loss above 0.4", Share(1, 4), Share(50, 50)),
        ("1 or more units born dead", Share(2, 4), Share(0, 50)),
        ("1 or more units dead at the end", Share(3, 4), Share(50, 50)),
        ("2 or more units born dead", Share(1, 4), Share(0, 50)),
        ("2 or more units dead at the end", Share(2, 4), Share(50, 50)),
    ]
    assert found["final loss above 0.4"].p_value < 1e-3
    assert "Keras 25.0% (1 of 4;" in str(found["final loss above 0.4"])


def test_equal_samples_do_not_differ():
    fits = load().of("tanh")
    assert [c.p_value for c in compare(fits, fits.losses, fits.born_dead, fits.dead)] == pytest.approx([1] * 7)


def test_a_sample_that_trains_too_slowly_is_told_apart():
    # Losses above the threshold, as with a tenth of the learning rate.
    fits = load().of("sigmoid")
    found = compare(fits, np.full(len(FRESH), 0.4), np.zeros((len(FRESH), 2), bool), np.zeros((len(FRESH), 2), bool))
    assert isinstance(found[0], Comparison)
    assert found[0].p_value < 1e-3


def test_bad_arguments_are_named(capsys):
    with pytest.raises(ValueError, match=r"got \(4,\), \(4, 3\) and \(4, 2\)"):
        compare(four(), np.ones(4), np.ones((4, 3), bool), np.ones((4, 2), bool))
    with pytest.raises(ValueError, match=r"no trainings of gelu with ulps=0 are recorded; recorded are sigmoid with"):
        load().of("gelu")
    with pytest.raises(SystemExit):
        confirmation.main(["--trainings", "0"])
    assert "--trainings: must be a whole number of 1 or more; got '0'" in capsys.readouterr().err


def test_a_record_of_other_columns_is_refused(tmp_path):
    path = tmp_path / "old.json"
    path.write_text('{"columns": ["seed"], "provenance": {}, "fits": []}', encoding="utf-8")
    with pytest.raises(ValueError, match=r"old.json must have the columns .* it has \['seed'\]: run python -m actlab"):
        load(path)


def test_our_networks_start_where_those_of_keras_started():
    """What is born dead stays level, whoever trains it; of the others some go down to half of the wave or further."""
    relu = load().of("relu")
    few = replace(relu, seeds=relu.seeds[:40], born_dead=relu.born_dead[:40])
    losses = from_same_starts(few, repeats=3)
    lost = few.born_dead.all(axis=1)
    assert losses.shape == (40, 3) and 3 <= lost.sum() <= 20
    assert losses[lost].min() > 0.5048
    assert (losses[~lost].min(axis=1) < 0.4).mean() > 0.3
    assert np.ptp(losses[~lost], axis=1).max() > 1e-3  # each start is trained in several orders
