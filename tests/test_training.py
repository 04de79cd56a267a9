"""The training of many networks at once: its gradients, its records, and that a network's numbers are its own.

The same network trained alone, by plain loops through ``Network``, is what everything here is compared with.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import islice, pairwise

import numpy as np
import pytest

import actlab
from actlab import layouts, orders
from actlab.layouts import Lanes, Stacks
from actlab.network import Network, initialise, parameters_to_learn
from actlab.optimisers import SGD, Adam
from actlab.training import Fit, fit
from tests.cases import ELEMENTWISE, VECTORWISE

ORDERS = ("reshuffled", "independent", "fixed", "ascending")
each_order = pytest.mark.parametrize("order", ORDERS)
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


@pytest.fixture
def layout(request, monkeypatch):
    """Let the trainings of a test use one layout, whatever the widths."""
    monkeypatch.setattr(layouts, "choose", lambda shapes: request.param)
    return request.param


in_each_layout = pytest.mark.parametrize("layout", [Lanes, Stacks], ids=lambda kind: kind.__name__, indirect=True)


def data(inputs: int, outputs: int, points: int = 7, seed: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets that no network of these tests fits."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(points, inputs)), rng.normal(size=(points, outputs))


def arrays(network: Network) -> dict[str, np.ndarray]:
    """All arrays of numbers of the networks, by what they are."""
    found = {f"weights {layer}": array for layer, array in enumerate(network.weights)}
    found |= {f"biases {layer}": array for layer, array in enumerate(network.biases)}
    return found | {f"{name} {layer}": v for layer, values in enumerate(network.learnt) for name, v in values.items()}


# --- Gradients --------------------------------------------------------------------------------------------------------


def gradients_of_a_step(network, x, y, loss="mse"):
    """The gradients that a training uses: what one step of a large rate, over all points at once, takes away."""
    rate = 2.0**30
    one_step = {"epochs": 1, "optimiser": SGD(rate), "batch_size": len(x), "order": "ascending"}
    before, after = arrays(network), arrays(fit(network, x, y, loss=loss, dtype="float64", **one_step).network)
    return {name: (before[name] - after[name]) / rate for name in before}


def gradients_of_backward(network, x, upstream):
    """Those of ``Network``, given the loss's gradient as a function of the outputs."""
    tape = network.forward(x)
    found = network.backward(tape, upstream(tape.activations[-1]))
    learnt = found.learnt if network.learnt else ()
    return arrays(replace(network, weights=found.weights, biases=found.biases, learnt=learnt))


def squared(y):
    """The gradient of the mean squared error over points and outputs."""
    return lambda outputs: 2 * (outputs - y) / y.size


def assert_same_gradients(found, expected):
    """To rounding, relative to the largest number of each network's array, because sums cancel."""
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].shape == values.shape
        off = np.abs(found[name] - values).max(axis=(1, 2)) / np.abs(values).max(axis=(1, 2)).clip(1e-300)
        assert off.max() < 1e-12, name


def learnable(hidden):
    """Whether networks may learn parameters of the activation."""
    return bool(parameters_to_learn(hidden))


@in_each_layout
@pytest.mark.parametrize("hidden", [*ELEMENTWISE, *VECTORWISE], ids=repr)
def test_a_step_is_taken_along_the_gradient_of_backward(hidden, layout):
    for widths in ((1, 4, 1), (2, 8, 4, 8, 3)):
        network = initialise(widths, hidden, networks=3, seed=1, bias_limit=0.5)
        x, y = data(widths[0], widths[-1])
        expected = gradients_of_backward(network, x, squared(y))
        assert any(array.any() for array in expected.values())
        assert_same_gradients(gradients_of_a_step(network, x, y), expected)


@in_each_layout
@pytest.mark.parametrize("hidden", [*filter(learnable, ELEMENTWISE)], ids=repr)
def test_what_an_activation_learns_is_moved_along_its_gradient_too(hidden, layout):
    network = initialise((2, 3, 20, 2), hidden, networks=3, seed=2, bias_limit=0.5, learn=True)
    rng = np.random.default_rng(3)
    drawn = [{name: rng.normal(size=value.shape) for name, value in values.items()} for values in network.learnt]
    network = replace(network, learnt=tuple(drawn))
    x, y = data(2, 2)
    expected = gradients_of_backward(network, x, squared(y))
    assert {name.split()[0] for name in expected} == {"weights", "biases", *parameters_to_learn(hidden)}
    assert_same_gradients(gradients_of_a_step(network, x, y), expected)


@in_each_layout
@pytest.mark.parametrize("widths", [(2, 3), (2, 4, 3), (2, 30, 3)], ids=str)
@pytest.mark.parametrize("output", ["identity", "sigmoid", "softmax", "silu"])
def test_the_last_layer_may_have_an_activation(output, widths, layout):
    network = replace(initialise(widths, "tanh", networks=3, seed=4, bias_limit=0.5), output=actlab.get(output))
    x, y = data(2, 3)
    assert_same_gradients(gradients_of_a_step(network, x, y), gradients_of_backward(network, x, squared(y)))


@in_each_layout
@pytest.mark.parametrize("widths", [(2, 4), (2, 3, 4), (2, 30, 4)], ids=str)
def test_a_step_on_the_cross_entropy_is_that_of_softmax_minus_one(widths, layout):
    network = initialise(widths, "tanh", networks=3, seed=5, bias_limit=0.5)
    x, _ = data(2, 1, points=9)
    labels = np.arange(9) % 4

    def upstream(logits):
        share = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
        return (share - np.eye(4)[labels]) / 9

    expected = gradients_of_backward(network, x, upstream)
    for y in (labels, labels[:, np.newaxis]):
        assert_same_gradients(gradients_of_a_step(network, x, y, "softmax_cross_entropy"), expected)


# --- A network's numbers are its own ----------------------------------------------------------------------------------

POINTS = 11


def everything(done: Fit) -> dict[str, np.ndarray]:
    """All that a training has made, each array with the networks first."""
    found = arrays(done.network) | {"losses": done.losses.T}
    found |= {f"slot {number}": slot for number, slot in enumerate(done.state.slots)}
    for name, values in (("validation losses", done.validation_losses), ("accuracies", done.accuracies)):
        if values is not None:
            found[name] = values.T
    for seen in done.snapshots:
        named = {"loss": seen.loss, "norms": seen.gradient_norms} | {f"dead {n}": d for n, d in enumerate(seen.dead)}
        found |= {f"{name} after {seen.epoch}": array for name, array in named.items()}
    return found


def assert_identical(found: dict[str, np.ndarray], expected: dict[str, np.ndarray], part: slice = slice(None)):
    """Bit for bit."""
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values[part], err_msg=name)


def trained(network, first=0, **how):
    """Three epochs of an ensemble that nothing but its own numbers decides on, with all that is recorded."""
    x, y = data(network.widths[0], network.widths[-1], POINTS)
    usual = {"epochs": 3, "optimiser": Adam(0.02), "batch_size": 4, "snapshots": (0, 3), "seed": 6}
    return everything(fit(network, x, y, first=first, **usual | how))


@in_each_layout
@each_dtype
@each_order
def test_a_network_is_the_same_in_any_company(order, dtype, layout):
    network = initialise((2, 5, 1), "silu", networks=300, seed=7, bias_limit=0.5)
    how = {"order": order, "dtype": dtype}
    whole = trained(network, **how)
    assert len({row.tobytes() for row in whole["weights 0"]}) == 300
    for networks in (1, 2, 3, 17):
        assert_identical(trained(network.select(slice(networks)), **how), whole, slice(networks))
    for block in (7, 256, 1000):
        assert_identical(trained(network, block=block, **how), whole)
    assert_identical(trained(network.select(slice(100, 200)), first=100, **how), whole, slice(100, 200))
    assert_identical(trained(network.select(slice(255, 258)), first=255, block=1, **how), whole, slice(255, 258))


@in_each_layout
@each_dtype
@pytest.mark.parametrize("hidden", [actlab.softmax, actlab.maxout, actlab.prelu, actlab.gelu], ids=repr)
def test_so_it_is_for_every_kind_of_activation(hidden, dtype, layout):
    network = initialise((1, 4, 6, 3), hidden, networks=70, seed=8, learn=learnable(hidden))
    whole = trained(network, dtype=dtype)
    for part in (slice(1), slice(40, 43), slice(69, 70)):
        assert_identical(trained(network.select(part), first=part.start or 0, dtype=dtype), whole, part)


@pytest.mark.parametrize("points", [100, 300])
@in_each_layout
def test_so_it_is_where_the_sums_over_a_batch_are_long(points, layout):
    network = initialise((1, 2, 1), "tanh", networks=40, seed=8)
    x, y = data(1, 1, points)
    whole = everything(fit(network, x, y, epochs=2, batch_size=points, snapshots=[2]))
    for part in (slice(1), slice(37, 39)):
        few = network.select(part)
        found = everything(fit(few, x, y, epochs=2, batch_size=points, snapshots=[2], first=part.start or 0))
        assert_identical(found, whole, part)


@each_order
def test_another_seed_is_another_order(order):
    network = initialise((1, 3, 1), "tanh", networks=3, seed=9)
    one, other = (trained(network, order=order, seed=seed)["weights 0"] for seed in (0, 1))
    assert np.array_equal(one, other) == (order == "ascending")


def test_the_orders_differ_from_each_other():
    network = initialise((1, 3, 1), "tanh", networks=3, seed=9)
    results = {order: trained(network, order=order)["weights 0"].tobytes() for order in ORDERS}
    assert len(set(results.values())) == len(ORDERS)


@pytest.mark.parametrize(("widest", "kind"), [(2, Lanes), (12, Lanes), (13, Stacks), (64, Stacks)])
def test_the_layout_follows_from_the_widest_layer(widest, kind):
    for widths in ((1, widest, 1), (widest, 1), (1, widest)):
        assert layouts.choose([[pair, pair[1:]] for pair in pairwise(widths)]) is kind


# --- To go on ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "optimiser", [SGD(0.05), SGD(0.05, momentum=0.9), SGD(0.05, momentum=0.9, nesterov=True), Adam(0.02)], ids=repr
)
@in_each_layout
@each_order
def test_training_in_parts_is_training_in_one(order, layout, optimiser):
    network = initialise((2, 4, 1), "tanh", networks=40, seed=10)
    x, y = data(2, 1, POINTS)
    how = {"optimiser": optimiser, "order": order, "batch_size": 4, "seed": 3, "first": 240}
    whole = fit(network, x, y, epochs=5, snapshots=(0, 2, 3, 5), **how)
    part = fit(network, x, y, epochs=2, snapshots=(0, 2), **how)
    assert (part.state.epochs, part.state.steps) == (2, 6)
    rest = fit(part.network, x, y, epochs=3, snapshots=(3, 5), resume=part.state, **how)
    assert (rest.state.epochs, rest.state.steps) == (5, 15)
    assert [seen.epoch for seen in (*part.snapshots, *rest.snapshots)] == [0, 2, 3, 5]
    joined = replace(
        rest, losses=np.concatenate([part.losses, rest.losses]), snapshots=(*part.snapshots, *rest.snapshots)
    )
    assert_identical(everything(joined), everything(whole))


def test_no_epochs_leave_everything_as_it_is():
    network = initialise((2, 4, 1), "tanh", networks=5, seed=10)
    done = fit(network, *data(2, 1), epochs=0, snapshots=[0], dtype="float64")
    assert done.losses.shape == (0, 5)
    assert done.snapshots[0].loss.shape == (5,)
    assert_identical(arrays(done.network), arrays(network))


def test_a_state_of_something_else_is_refused():
    network = initialise((2, 4, 1), "tanh", networks=5, seed=10)
    x, y = data(2, 1)
    state = fit(network, x, y, epochs=1, optimiser=Adam()).state
    for other, optimiser in ((network, SGD()), (network.select(slice(4)), Adam()), (network, SGD(momentum=0.5))):
        with pytest.raises(
            ValueError, match=r"resume must be the state of these networks and this optimiser, .*got \(2"
        ):
            fit(other, x, y, epochs=1, optimiser=optimiser, resume=state)
    with pytest.raises(TypeError, match=r"resume must be the state of an earlier fit; got Fit"):
        fit(network, x, y, epochs=1, resume=fit(network, x, y, epochs=1))


def test_the_epochs_of_snapshots_may_come_from_any_iterable():
    network = initialise((2, 4, 1), "tanh", networks=5, seed=10)
    done = fit(network, *data(2, 1), epochs=4, block=2, snapshots=(epoch for epoch in (4, 0, 2, 2)))
    assert [seen.epoch for seen in done.snapshots] == [0, 2, 4]


# --- What is recorded -------------------------------------------------------------------------------------------------


def orders_met(order, seed, first, networks, points, epochs):
    """(epochs, networks, points): the order of the examples of each network."""
    arranged = orders.arrangements(order, seed, first, networks, points)
    found = []
    for shuffles in islice(orders.epochs(order, seed, first, networks, points), epochs):
        met = arranged.copy()
        for part, shuffle in shuffles:
            met[part] = np.take_along_axis(arranged[part], np.atleast_2d(shuffle), axis=1)
        found.append(met)
    return np.array(found)


def by_loops(network, x, y, rate, batch_size, met):
    """Plain gradient descent of one network through ``Network``; the epochs' losses as Keras reports them.

    Those are the batches' losses before their update, weighted by the examples in each.
    """
    losses = []
    for order in met:
        total = 0.0
        for start in range(0, len(order), batch_size):
            chosen = order[start : start + batch_size]
            tape = network.forward(x[chosen])
            error = tape.activations[-1] - y[chosen]
            total += np.mean(np.square(error)) * len(chosen)
            network = network.moved(network.backward(tape, 2 * error / error.size), rate)
        losses.append(total / len(order))
    return network, losses


@in_each_layout
@each_order
@pytest.mark.parametrize("hidden", [actlab.tanh, actlab.softmax, actlab.prelu], ids=repr)
def test_losses_are_those_of_the_batches_before_their_update(hidden, order, layout):
    """Eleven points in batches of 4, 4 and 3; a batch of 3 counts for less."""
    network = initialise((2, 4, 3), hidden, networks=3, seed=15, bias_limit=0.5, learn=learnable(hidden))
    x, y = data(2, 3, POINTS)
    done = fit(
        network, x, y, epochs=6, optimiser=SGD(0.1), batch_size=4, order=order, seed=2, first=254, dtype="float64"
    )
    met = orders_met(order, 2, 254, 3, POINTS, 6)
    assert done.losses.shape == (6, 3)
    for number in range(3):
        expected, losses = by_loops(network.select(number), x, y, 0.1, 4, met[:, number])
        np.testing.assert_allclose(done.losses[:, number], losses, rtol=1e-12)
        for name, array in arrays(expected).items():
            np.testing.assert_allclose(arrays(done.network)[name][[number]], array, rtol=0, atol=1e-12)


@pytest.mark.parametrize("epsilon", [1e-7, 1e-20])
@pytest.mark.parametrize("size", [1.0, 1e-7, 1e-14, 1e-18])
def test_moments_that_are_set_to_zero_would_have_moved_nothing(size, epsilon):
    """One bias learns a number of any size by Adam, whose rule is written here; twenty epochs of one step."""
    network = Network((np.zeros((1, 1, 1)),), (np.zeros((1, 1, 1)),), actlab.identity)
    optimiser = Adam(0.1 * size, epsilon=epsilon)
    done = fit(network, [[0.0]], [[size]], epochs=20, optimiser=optimiser, dtype="float64")
    bias = m = v = 0.0
    for t in range(1, 21):
        gradient = 2 * (bias - size)
        m, v = 0.9 * m + 0.1 * gradient, 0.999 * v + 0.001 * gradient**2
        bias -= 0.1 * size * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + epsilon)
    assert done.network.biases[0].item() == pytest.approx(bias, rel=1e-6, abs=0)


def test_moments_do_not_linger_as_subnormal_numbers():
    """Which would cost a hundred times as much to compute with: the gradient is 0 after the first step."""
    network = Network((np.zeros((1, 1, 1)),), (np.zeros((1, 1, 1)),), actlab.relu, actlab.relu)
    network = replace(network, biases=(np.full((1, 1, 1), 1e-3),))
    done = fit(network, [[0.0]], [[-1.0]], epochs=700, optimiser=Adam(0.1))
    assert done.network.biases[0].item() < 0
    mean = done.state.slots[0]
    assert not mean.any()


@in_each_layout
@pytest.mark.parametrize(
    "hidden",
    [actlab.relu, actlab.relu6, actlab.hard_tanh, actlab.hard_shrink, actlab.tanh, actlab.prelu, actlab.maxout],
    ids=repr,
)
def test_snapshots_show_the_networks_over_all_points(hidden, layout):
    widths = (2, 4, 6, 2)
    network = initialise(widths, hidden, networks=9, seed=16, bias_limit=1.5, learn=learnable(hidden))
    x, y = data(2, 2, POINTS)
    how = {"batch_size": 4, "optimiser": SGD(0.05), "dtype": "float64"}
    done = fit(network, x, y, epochs=4, snapshots=(0, 1, 4), **how)
    assert [seen.epoch for seen in done.snapshots] == [0, 1, 4]
    after_one = fit(network, x, y, epochs=1, **how).network
    for seen, there in zip(done.snapshots, (network, after_one, done.network), strict=True):
        tape = there.forward(x)
        np.testing.assert_allclose(
            seen.loss, np.mean(np.square(tape.activations[-1] - y), axis=(1, 2)), rtol=1e-12
        )  # fmt: skip
        found = gradients_of_backward(there, x, squared(y))
        for layer in range(3):
            of_layer = [array for name, array in found.items() if name.endswith(f" {layer}")]
            norm = np.sqrt(sum(np.square(array).sum(axis=(1, 2)) for array in of_layer))
            np.testing.assert_allclose(seen.gradient_norms[:, layer], norm, rtol=1e-10)
        assert seen.gradient_norms.shape == (9, 3)
        assert len(seen.dead) == 2
        for layer, dead in enumerate(seen.dead):
            if hidden == actlab.maxout:
                assert dead.shape == (9, 0)
                continue
            values = there.learnt[layer] if there.learnt else {}
            slope = hidden.derivative(tape.pre_activations[layer], **values)
            np.testing.assert_array_equal(dead, (slope == 0).all(axis=1))
    dead = [np.concatenate(seen.dead, axis=1) for seen in done.snapshots]
    flat = hidden in (actlab.relu, actlab.relu6, actlab.hard_tanh, actlab.hard_shrink)
    assert all(0 < d.mean() < 1 for d in dead) if flat else not any(d.any() for d in dead)


@in_each_layout
@each_dtype
def test_a_unit_is_dead_by_the_exact_derivative(dtype, layout):
    """Not by one that is rounded to 0: sigmoid's is 1e-87 where a float32 has no number left for it."""
    network = initialise((1, 2, 1), "sigmoid", networks=4, seed=1)
    network = replace(network, biases=(np.full((4, 1, 2), -200.0), network.biases[1]))
    done = fit(network, np.zeros((3, 1)), np.ones((3, 1)), epochs=0, snapshots=[0], dtype=dtype)
    assert not done.snapshots[0].dead[0].any()


def labelled(seed: int, points: int):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(points, 2)), rng.integers(0, 3, size=points)


@in_each_layout
@each_dtype
def test_validation_looks_at_other_data_after_every_epoch(dtype, layout):
    network = initialise((2, 4, 5, 3), "tanh", networks=40, seed=21, bias_limit=0.5)
    x, y = labelled(1, 12)
    others, labels = labelled(2, 9)
    how = {"loss": "softmax_cross_entropy", "batch_size": 5, "dtype": dtype, "seed": 4}
    done = fit(network, x, y, epochs=3, validation=(others, labels), **how)
    part, tolerance = None, 1e-12 if dtype == "float64" else 2e-6
    for epoch in range(3):
        start, resume = (network, None) if part is None else (part.network, part.state)
        part = fit(start, x, y, epochs=1, resume=resume, **how)
        logits = part.network(others)
        shifted = logits - logits.max(axis=-1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
        losses = -np.take_along_axis(logs, labels[np.newaxis, :, np.newaxis], axis=-1).mean(axis=(1, 2))
        np.testing.assert_allclose(done.validation_losses[epoch], losses, rtol=tolerance)
        right = (logits.argmax(axis=-1) == labels).mean(axis=1)
        np.testing.assert_allclose(done.accuracies[epoch], right, rtol=1e-6)
    assert 0 < np.std(done.accuracies) and done.accuracies.shape == (3, 40)


@in_each_layout
def test_validation_changes_nothing_and_depends_on_no_company(layout):
    network = initialise((2, 4, 3), "silu", networks=70, seed=22)
    x, y = labelled(1, 12)
    how = {"epochs": 2, "loss": "softmax_cross_entropy", "batch_size": 5}
    plain = everything(fit(network, x, y, **how))
    assert "accuracies" not in plain
    looked = everything(fit(network, x, y, validation=labelled(2, 9), **how))
    assert_identical({name: looked[name] for name in plain}, plain)
    assert_identical(everything(fit(network, x, y, validation=labelled(2, 9), block=30, **how)), looked)
    few = everything(fit(network.select(slice(2)), x, y, validation=labelled(2, 9), **how))
    assert_identical(few, looked, slice(2))


def test_without_labels_there_is_a_validation_loss_alone():
    network = initialise((1, 3, 1), "tanh", networks=2, seed=1)
    done = fit(network, np.ones((4, 1)), np.ones(4), epochs=1, validation=(np.zeros((5, 1)), np.full(5, 2.0)))
    assert done.accuracies is None
    expected = np.square(done.network(np.zeros((5, 1))) - 2).mean(axis=(1, 2))
    np.testing.assert_allclose(done.validation_losses[0], expected, rtol=1e-6)


def test_after_each_epoch_of_each_block_the_caller_is_told():
    network = initialise((1, 2, 1), "tanh", networks=5, seed=1)
    told = []
    fit(network, *data(1, 1), epochs=3, block=2, after_epoch=told.append)
    assert told == [1, 2, 3] * 3


def test_an_interrupt_is_not_held_up():
    def interrupt(epoch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(initialise((1, 2, 1), "tanh"), *data(1, 1), epochs=3, after_epoch=interrupt)


def test_the_repr_says_what_was_trained():
    network = initialise((1, 2, 1), "tanh", networks=5, seed=1)
    done = fit(network, *data(1, 1), epochs=3)
    assert repr(done) == "Fit(Network(5 x 1-2-1, hidden=tanh, output=identity), epochs=3)"
    again = fit(done.network, *data(1, 1), epochs=2, resume=done.state)
    assert repr(again).endswith("epochs=5)")


# --- Divergence -------------------------------------------------------------------------------------------------------


@in_each_layout
@each_dtype
@pytest.mark.parametrize(
    "hidden", [actlab.relu, actlab.identity, actlab.exponential, actlab.prelu, actlab.maxout], ids=repr
)
def test_a_network_that_diverges_says_so_and_leaves_the_others_alone(hidden, dtype, layout):
    network = initialise((1, 4, 2), hidden, networks=5, seed=3, bias_limit=0.5, learn=learnable(hidden))
    x, y = data(1, 2, POINTS)
    how = {"epochs": 60, "batch_size": 4, "dtype": dtype, "snapshots": (60,)}
    rates = np.array([0.01, 1e12, 0.01, 1e9, 0.01])
    calm = everything(fit(network, x, y, optimiser=SGD(0.01), **how))
    done = fit(network, x, y, optimiser=SGD(rates), **how)
    diverged = ~np.isfinite(done.losses[-1])
    assert diverged.tolist() == [False, True, False, True, False]
    assert (~np.isfinite(done.snapshots[0].loss) == diverged).all()
    mixed = everything(done)
    for number in (0, 2, 4):
        few = {name: array[[number]] for name, array in mixed.items()}
        assert_identical(few, calm, slice(number, number + 1))
    more = fit(done.network, x, y, optimiser=SGD(rates), **how | {"snapshots": ()}, resume=done.state)
    assert (~np.isfinite(more.losses[-1]) == diverged).all()


def test_cross_entropy_of_a_network_that_diverges():
    network = initialise((1, 4, 3), "relu", networks=2, seed=3)
    x, _ = data(1, 1, POINTS)
    how = {"epochs": 40, "batch_size": 4, "loss": "softmax_cross_entropy"}
    done = fit(network, x, np.arange(POINTS) % 3, optimiser=SGD([1e30, 0.01]), validation=(x, np.zeros(POINTS)), **how)
    assert np.isfinite(done.losses[-1]).tolist() == [False, True]
    assert np.isfinite(done.validation_losses[-1]).tolist() == [False, True]
    assert done.accuracies[-1, 0] == 0  # nan is no answer, not even 0


# --- Bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": -1}, "epochs must be a whole number of 0 or more; got -1"),
        ({"epochs": 1.5}, r"epochs must be a whole number of 0 or more; got 1\.5"),
        ({"batch_size": 0}, "batch_size must be a whole number of 1 or more; got 0"),
        ({"batch_size": 2.0}, r"batch_size must be a whole number of 1 or more; got 2\.0"),
        ({"seed": -1}, "seed must be a whole number of 0 or more; got -1"),
        ({"first": -1}, "first must be a whole number of 0 or more; got -1"),
        ({"block": 0}, "block must be a whole number of 1 or more; got 0"),
        ({"order": "random"}, "order must be one of reshuffled, independent, fixed, ascending; got 'random'"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64; got 'float16'"),
        ({"loss": "mae"}, "loss must be one of mse, softmax_cross_entropy; got 'mae'"),
        ({"x": np.zeros(4)}, r"x must be \(points, inputs\) with 2 inputs; got \(4,\)"),
        ({"x": np.zeros((4, 3))}, r"x must be \(points, inputs\) with 2 inputs; got \(4, 3\)"),
        ({"x": np.zeros((0, 2)), "y": np.zeros((0, 1))}, r"x must be \(points, inputs\) .*; got \(0, 2\)"),
        ({"y": np.zeros((3, 1))}, r"y must have a row for each of the 4 points; got the shape \(3, 1\)"),
        ({"y": np.zeros((4, 1, 1))}, r"y must have a row for each of the 4 points; got the shape \(4, 1, 1\)"),
        ({"y": np.zeros((4, 2))}, "y must have one number for each of the 1 outputs; got 2"),
        ({"x": np.array([[0, 1], [2, np.nan], [3, 4], [5, 6]])}, "x must be finite as float32; got nan"),
        ({"y": np.array([0, 1, -np.inf, 3])}, "y must be finite as float32; got -inf"),
        ({"x": np.full((4, 2), 1e300)}, r"x must be finite as float32; got 1e\+300"),
        ({"snapshots": [3]}, "snapshots must be epochs from 0 to 2; got 3"),
        ({"snapshots": [0, -1]}, "snapshots must be epochs from 0 to 2; got -1"),
        ({"snapshots": [0.5]}, r"snapshots must be epochs from 0 to 2; got 0\.5"),
        ({"validation": (np.zeros((4, 2)),)}, "validation must be a pair of arrays, x and y; got 1 of them"),
        ({"validation": np.zeros((2, 2))}, "validation must be a pair of arrays, x and y; got ndarray"),
        ({"snapshots": 1}, r"snapshots must be several epochs, such as \(0, 10\); got 1"),
        ({"snapshots": ["a", 1]}, "snapshots must be epochs from 0 to 2; got 'a'"),
        ({"validation": (np.zeros((4, 3)), np.zeros(4))}, r"validation: x must be \(points, inputs\) with 2 inputs"),
        ({"validation": (np.zeros((4, 2)), np.zeros(3))}, "validation: y must have a row for each of the 4 points"),
        ({"validation": (np.zeros((1, 2)), [np.nan])}, "validation: y must be finite as float32; got nan"),
        ({"loss": "softmax_cross_entropy", "y": np.ones(4)}, "labels must be whole numbers from 0 to 0; got 1"),
    ],
)  # fmt: skip
def test_fit_refuses(arguments, message):
    accepted = {"x": np.zeros((4, 2)), "y": np.zeros((4, 1)), "epochs": 2}
    network = initialise((2, 3, 1), "relu")
    fit(network, **accepted)
    with pytest.raises((TypeError, ValueError), match=message):
        fit(network, **accepted | arguments)


def test_what_is_far_out_for_float32_is_not_for_float64():
    done = fit(initialise((2, 3, 1), "tanh"), np.full((4, 2), 1e100), np.zeros(4), epochs=1, dtype="float64")
    assert np.isfinite(done.losses).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimiser": "adam"}, r"optimiser must be one of actlab\.optimisers, such as Adam\(0\.04\); got 'adam'"),
        ({"optimiser": Adam}, "optimiser must be one of actlab"),
        ({"network": "relu"}, "network must be a Network, such as network.initialise makes; got 'relu'"),
    ],
)
def test_what_is_no_optimiser_or_network_is_refused(arguments, message):
    given = {"network": initialise((1, 2, 1), "tanh"), "x": np.zeros((4, 1)), "y": np.zeros((4, 1)), "epochs": 1}
    with pytest.raises(TypeError, match=message):
        fit(**given | arguments)
