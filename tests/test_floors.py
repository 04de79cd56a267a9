"""The floors of the cosine fit: the record, the search, and what can be known of a floor without a search."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import optimize

import actlab
from actlab.experiments import cosine_data, find_floor, floor, recorded_floors
from actlab.experiments.floors import __main__ as command
from actlab.experiments.floors import record, search

X, Y = cosine_data()
LEAKY = [actlab.leaky_relu.with_params(negative_slope=slope) for slope in (0.01, 0.2, 0.3)]
CELLS = pytest.mark.parametrize("recorded", recorded_floors().values(), ids=lambda f: f"{f.activation}-{f.hidden}")


def least_loss(*columns):
    """The least mean squared error of a sum of a constant and multiples of the columns, by numpy's own solver."""
    design = np.column_stack([np.ones_like(X), *columns])
    return np.mean((design @ np.linalg.lstsq(design, Y, rcond=None)[0] - Y) ** 2)


# --- The record -------------------------------------------------------------------------------------------------------


def test_every_cell_of_the_experiment_is_recorded():
    assert set(recorded_floors()) == {(f, hidden) for f in command.COSINE_ACTIVATIONS for hidden in (1, 2, 3, 4, 8)}
    assert len(recorded_floors()) == 15 * 5


@CELLS
def test_the_recorded_network_has_the_recorded_loss(recorded):
    terms = [
        v * recorded.activation(w * X + b)
        for w, b, v in zip(recorded.hidden_weights, recorded.hidden_biases, recorded.output_weights, strict=True)
    ]
    prediction = sum(terms) + recorded.output_bias
    # What rounding can change at a point: a few ulp of each term, and of w x and b times the slope of the term.
    inner = np.abs(np.multiply.outer(X, recorded.hidden_weights)) + np.abs(recorded.hidden_biases)
    slopes = recorded.activation.derivative(np.multiply.outer(X, recorded.hidden_weights) + recorded.hidden_biases)
    size = np.abs(terms).sum(axis=0) + np.abs(slopes * inner) @ np.abs(recorded.output_weights) + 2
    rounding = 4 * np.finfo(float).eps * size
    # The root mean square is a norm: it changes by no more than the root mean square of the changes.
    root = np.sqrt(np.mean((prediction - Y) ** 2))
    assert abs(root - np.sqrt(recorded.loss)) <= np.sqrt(np.mean(rounding**2))
    assert (np.abs(recorded.predict(X) - prediction) <= rounding).all()


@CELLS
def test_no_parameter_is_beyond_the_bound_and_the_evidence_is_whole(recorded):
    layers = (recorded.hidden_weights, recorded.hidden_biases, recorded.output_weights)
    assert {layer.shape for layer in layers} == {(recorded.hidden,)}
    assert max(np.abs(layer).max() for layer in (*layers, recorded.output_bias)) <= recorded.bound == 1000
    assert 0 <= recorded.close <= recorded.restarts
    assert 0 <= recorded.loss_beyond <= recorded.loss


@pytest.mark.parametrize("activation", command.COSINE_ACTIVATIONS, ids=str)
def test_more_units_have_no_higher_floor(activation):
    losses = [floor(activation, hidden).loss for hidden in (1, 2, 3, 4, 8)]
    assert all(more <= fewer * (1 + 1e-12) for fewer, more in pairwise(losses))


@pytest.mark.parametrize("activation", command.COSINE_ACTIVATIONS, ids=str)
def test_no_output_layer_does_better_than_the_recorded_one(activation):
    """Where no output weight is at the bound, linear least squares gains nothing."""
    for hidden in (1, 2):
        recorded = floor(activation, hidden)
        if np.abs(recorded.output_weights).max() < 0.99 * recorded.bound:
            columns = activation(np.multiply.outer(X, recorded.hidden_weights) + recorded.hidden_biases)
            assert least_loss(columns) == pytest.approx(recorded.loss, rel=1e-9)


def test_a_floor_is_found_by_name_alias_or_record():
    assert floor("swish", 2) is floor(actlab.silu, 2) is recorded_floors()[actlab.silu, 2]
    assert floor("leaky_relu", 2) is floor(LEAKY[0], 2) is not floor(LEAKY[1], 2)


def test_the_repr_says_what_is_known():
    recorded = floor("relu", 2)
    assert repr(recorded) == (
        f"Floor(relu, hidden=2: at most 0.00557065909; {recorded.close} of {recorded.restarts} restarts within 1%)"
    )
    endless = replace(recorded, loss_beyond=recorded.loss / 2)
    assert recorded.attained and not endless.attained
    assert not replace(recorded, output_bias=-recorded.bound).attained
    assert "at most 0.00557065909 with parameters up to 1000, less with larger ones;" in repr(endless)


# --- Exact facts ------------------------------------------------------------------------------------------------------


def test_a_line_has_the_loss_of_a_constant_which_is_the_variance():
    # The 100 cosines sum to 1, as x = 2 pi counts beside x = 0, and their squares to (100 + sum of cos 2x) / 2 = 50.5.
    assert np.var(Y) == pytest.approx(50.5 / 100 - (1 / 100) ** 2, rel=1e-14)
    # The target is even about pi and the line's slope odd: no line does better than its height.
    np.testing.assert_allclose(Y, Y[::-1], rtol=0, atol=1e-15)
    for hidden in (1, 2, 3, 4, 8):
        assert floor("identity", hidden).loss == pytest.approx(0.5049, rel=1e-12)


def bends(places, *, line=False):
    """The least loss of one bend at each place, or two, and a constant; of one ReLU each, or with a line beside."""
    return least_loss(*(np.maximum(X - place, 0) for place in places), *([X] if line else []))


def test_one_relu_is_best_at_one_place():
    best = optimize.minimize_scalar(lambda place: bends([place]), bounds=(3.5, 5.5), options={"xatol": 1e-9})
    assert floor("relu", 1).loss == pytest.approx(best.fun, rel=1e-9)
    assert floor("relu", 1).loss == pytest.approx(0.346459629, abs=5e-10)
    # Nowhere else lower; that the flat side is right instead of left mirrors it.
    assert min(bends([place]) for place in np.linspace(-1, 7, 801)) > floor("relu", 1).loss


def test_two_units_of_any_slope_are_as_good_as_any_curve_with_two_bends():
    """The best such curve falls, is level and rises: a slope to the left of the bend costs nothing there."""
    places = np.linspace(0, 2 * np.pi, 100)
    curves = [bends((one, other), line=True) for i, one in enumerate(places) for other in places[i + 1 :]]
    best = floor("relu", 2).loss
    assert best == pytest.approx(0.0055707, abs=5e-8)
    assert best < min(curves) < 1.02 * best
    width = optimize.minimize_scalar(
        lambda half: least_loss(np.maximum(np.abs(X - np.pi) - half, 0)), bounds=(0.3, 1.5), options={"xatol": 1e-9}
    )
    assert best == pytest.approx(width.fun, rel=1e-9)
    for leaky in LEAKY:
        assert floor(leaky, 2).loss == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize("hidden", [2, 4])
@pytest.mark.parametrize("leaky", LEAKY, ids=str)
def test_a_mirrored_network_of_relu_is_one_of_leaky_units_too(leaky, hidden):
    """A leaky unit bends by 1 - slope; the slopes that it adds beside cancel between a unit and its mirror image."""
    relu = floor("relu", hidden)
    np.testing.assert_allclose(relu.predict(X), relu.predict(X)[::-1], rtol=0, atol=1e-6)
    bend = 1 - leaky.values["negative_slope"]
    curve = replace(relu, activation=leaky, output_weights=relu.output_weights / bend).predict(X)
    assert np.ptp(curve - relu.predict(X)) < 1e-6  # the same curve but for its height
    assert floor(leaky, hidden).loss == pytest.approx(relu.loss, rel=1e-9)


def test_one_leaky_unit_is_the_worse_the_less_it_bends():
    losses = [floor(f, 1).loss for f in ("relu", *LEAKY, "identity")]
    assert losses == sorted(losses)
    assert all(2 * (b - a) > 1e-3 for a, b in pairwise(losses))


@pytest.mark.parametrize("hidden", [1, 2])
def test_tanh_is_a_sigmoid_in_other_units(hidden):
    """tanh(z) = 2 sigmoid(2 z) - 1: the same networks, as long as no bound is met."""
    sigmoid, tanh = floor("sigmoid", hidden), floor("tanh", hidden)
    assert sigmoid.attained and tanh.attained
    assert tanh.loss == pytest.approx(sigmoid.loss, rel=1e-9)
    as_tanh = replace(
        sigmoid,
        activation=actlab.tanh,
        hidden_weights=sigmoid.hidden_weights / 2,
        hidden_biases=sigmoid.hidden_biases / 2,
        output_weights=sigmoid.output_weights / 2,
        output_bias=sigmoid.output_bias + sigmoid.output_weights.sum() / 2,
    )
    np.testing.assert_allclose(as_tanh.predict(X), sigmoid.predict(X), rtol=0, atol=1e-13)


def test_one_bump_stands_at_the_middle():
    best = optimize.minimize_scalar(
        lambda w: least_loss(np.exp(-np.square(w * (X - np.pi)))), bounds=(0.2, 1.0), options={"xatol": 1e-9}
    )
    found = floor("gaussian", 1)
    assert found.loss == pytest.approx(best.fun, rel=1e-9)
    assert found.loss == pytest.approx(4.12497e-4, abs=5e-10)
    assert -found.hidden_biases[0] / found.hidden_weights[0] == pytest.approx(np.pi, abs=1e-4)


def test_a_gate_comes_as_close_to_a_parabola_as_the_bound_allows():
    parabola = least_loss(X, X**2)
    for name in ("silu", "gelu", "mish"):
        found = floor(name, 1)
        assert not found.attained
        assert np.abs(found.output_weights).max() == pytest.approx(found.bound, rel=1e-6)
        assert parabola < found.loss_beyond < found.loss < 1.03 * parabola


def test_what_bends_smoothly_comes_close_to_one_relu_and_never_there():
    relu = floor("relu", 1).loss
    for name in ("elu", "selu", "softplus"):
        found = floor(name, 1)
        assert not found.attained
        assert relu < found.loss_beyond < found.loss < relu * (1 + 1e-5)


def test_a_ceiling_helps_one_unit():
    assert floor("relu6", 1).loss == pytest.approx(0.344893655, abs=5e-10)
    assert floor("relu6", 1).loss < floor("relu", 1).loss


# --- The search -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("identity", 2),
        ("sigmoid", 1),
        ("sigmoid", 2),
        ("tanh", 2),
        ("relu", 1),
        ("relu", 2),
        ("relu6", 1),
        ("silu", 1),
        ("gaussian", 1),
    ],
)
def test_a_short_search_finds_the_recorded_floor_again(name, hidden):
    found = find_floor(name, hidden, restarts=6, seed=1)
    assert found.loss == pytest.approx(floor(name, hidden).loss, rel=1e-7)
    assert found.close >= 2
    assert (found.activation, found.hidden, found.restarts, found.seed) == (actlab.get(name), hidden, 6, 1)


@pytest.mark.parametrize(
    ("name", "hidden"), [("elu", 2), ("selu", 2), ("relu", 3), ("relu6", 2), ("gelu", 2), ("gaussian", 2)]
)
def test_a_short_search_finds_nothing_below_the_record(name, hidden):
    assert find_floor(name, hidden, restarts=3, seed=2).loss > floor(name, hidden).loss * (1 - 1e-6)


def test_a_seed_repeats_another_differs_and_more_restarts_are_no_worse():
    one, again, more, other = (
        find_floor("selu", 2, restarts=n, rounds=1, seed=seed) for n, seed in ((1, 0), (1, 0), (3, 0), (1, 1))
    )
    np.testing.assert_array_equal(one.hidden_weights, again.hidden_weights)
    assert one.loss == again.loss
    assert more.loss <= one.loss
    assert not np.allclose(one.hidden_weights, other.hidden_weights)


def test_rounds_lead_out_of_poor_minima():
    poor, better = (find_floor("relu", 4, restarts=1, rounds=rounds, seed=1) for rounds in (0, 16))
    assert better.loss < poor.loss / 2
    without, some = (find_floor("relu", 4, restarts=4, rounds=rounds, seed=3) for rounds in (0, 16))
    assert some.close > without.close == 1
    assert find_floor("relu", 2, restarts=1).rounds > find_floor("elu", 2, restarts=1).rounds > 0


@pytest.mark.parametrize("hidden", [2, 3, 6])
def test_mirrored_units_see_the_data_backwards(hidden):
    pairs = hidden // 2
    weights, biases = search._units(np.random.default_rng(0), hidden, pairs).reshape(2, -1)
    outputs = actlab.softplus(np.multiply.outer(X, weights) + biases)
    np.testing.assert_allclose(outputs[::-1, hidden - pairs :], outputs[:, :pairs], rtol=1e-12)
    places = -biases / weights
    assert places.min() >= X[0] - 1 and places.max() <= X[-1] + 1


def test_a_replacement_changes_one_unit_or_two_and_a_shift_all_a_little():
    units = search._units(np.random.default_rng(0), 5, 0)
    changed = set()
    for seed in range(50):
        other = search._replaced(np.random.default_rng(seed), units)
        changed.add(int((other.reshape(2, -1) != units.reshape(2, -1)).any(axis=0).sum()))
        weights, biases = search._shifted(np.random.default_rng(seed), units).reshape(2, -1)
        assert (weights * units[:5] > 0).all()
        assert 0 < np.abs(biases / weights - units[5:] / units[:5]).max() < 5 * 10**-0.5
    assert changed == {1, 2}


def test_the_bound_holds_and_costs():
    tight, loose = (find_floor("silu", 1, restarts=2, bound=bound) for bound in (10, 100))
    assert np.abs(tight.output_weights).max() == pytest.approx(10)
    assert loose.loss < tight.loss and not tight.attained
    assert tight.loss_beyond == pytest.approx(loose.loss, rel=1e-6)


def test_beyond_the_bound_a_bend_is_ten_times_narrower():
    """An ELU's distance from the ReLU that it comes close to goes with the width of its bend."""
    found = find_floor("elu", 1, restarts=2)
    relu = floor("relu", 1).loss
    assert 0 < found.loss_beyond - relu < (found.loss - relu) / 5


def test_the_weight_of_a_unit_that_scales_with_its_input_is_one():
    for f in (actlab.relu, LEAKY[1]):
        np.testing.assert_array_equal(np.abs(find_floor(f, 2, restarts=1, rounds=0).hidden_weights), 1.0)
    assert abs(find_floor("elu", 1, restarts=1, rounds=0).hidden_weights[0]) != 1.0


# --- The command ------------------------------------------------------------------------------------------------------


def test_the_command_writes_a_record_that_is_read_back(tmp_path: Path, monkeypatch, capsys):
    path = tmp_path / "floors.json"
    monkeypatch.setattr(command, "COSINE_ACTIVATIONS", (LEAKY[1],))
    command.main(["--hidden", "1", "2", "--restarts", "2", "--seed", "3", "--output", str(path)])
    assert "leaky_relu(negative_slope=0.2), hidden=2: at most 0.00557" in capsys.readouterr().out
    found = record.read(path)
    fresh = find_floor(LEAKY[1], 2, restarts=2, seed=3)
    assert list(found) == [(LEAKY[1], 1), (LEAKY[1], 2)]
    for name, value in vars(fresh).items():
        np.testing.assert_array_equal(vars(found[LEAKY[1], 2])[name], value)
    assert json.loads(path.read_text("utf-8"))["provenance"]["numpy"] == np.__version__


def test_the_command_keeps_the_lower_floor_of_two_runs(tmp_path):
    path = tmp_path / "floors.json"
    poor, good = (find_floor("relu", 4, restarts=restarts, rounds=0, seed=3) for restarts in (1, 4))
    assert good.loss < poor.loss
    record.write([poor, replace(poor, loss=1e-9, hidden=2), floor("tanh", 1)], {}, path)
    command.main([*"--activations relu --hidden 4 2 --restarts 4 --rounds 0 --seed 3 --output".split(), str(path)])
    kept = record.read(path)
    assert [(f.name, hidden) for f, hidden in kept] == [("tanh", 1), ("relu", 2), ("relu", 4)]
    assert [found.loss for found in kept.values()] == [floor("tanh", 1).loss, 1e-9, good.loss]


# --- Bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": 0}, "hidden must be a whole number of 1 or more; got 0"),
        ({"hidden": 1.5}, r"hidden must be a whole number of 1 or more; got 1\.5"),
        ({"restarts": 0}, "restarts must be a whole number of 1 or more; got 0"),
        ({"rounds": -1}, "rounds must be a whole number of 0 or more; got -1"),
        ({"seed": -1}, "seed must be a whole number of 0 or more; got -1"),
        ({"bound": 0.5}, r"bound must be a finite number, 1 or more; got 0\.5"),
        ({"bound": float("inf")}, "bound must be a finite number, 1 or more; got inf"),
        ({"bound": float("nan")}, "bound must be a finite number, 1 or more; got nan"),
    ],
)
def test_a_bad_number_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        find_floor("relu", **{"hidden": 1, **arguments})


def test_a_vector_has_no_hidden_unit():
    with pytest.raises(ValueError, match="an activation that maps each number on its own; got softmax"):
        find_floor("softmax", 1)


def test_what_is_not_recorded_is_answered_with_what_is():
    with pytest.raises(ValueError, match=r"no floor of relu with 5 hidden units; relu is recorded with 1, 2, 3, 4, 8"):
        floor("relu", 5)
    with pytest.raises(ValueError, match=r"no floor of softsign with 2 hidden units; recorded are identity, sigmoid,"):
        floor("softsign", 2)
    with pytest.raises(ValueError, match=r"no floor of leaky_relu\(negative_slope=0.05\)"):
        floor(actlab.leaky_relu.with_params(negative_slope=0.05), 2)
    with pytest.raises(ValueError, match="hidden must be a whole number of 1 or more; got 0"):
        floor("relu", 0)
