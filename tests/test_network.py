"""Networks, their initial weights, and their training by gradient descent."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

import actlab
from actlab.network import Network, collapse, initialise, parameters_to_learn
from actlab.training import gradient_descent
from tests.cases import ELEMENTWISE, VECTORWISE

RNG_SEED = 8
LEARNABLE = [record for record in ELEMENTWISE if parameters_to_learn(record)]


def data(inputs: int, outputs: int, batch: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets that no network of these tests fits."""
    rng = np.random.default_rng(RNG_SEED)
    return rng.normal(size=(batch, inputs)), rng.normal(size=(batch, outputs))


def loss(network: Network, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Half the summed squared error of each network."""
    return 0.5 * np.square(network(x) - y).sum(axis=(1, 2))


def nudged(network: Network, field: str, layer: int, index: tuple[int, int], by: float) -> Network:
    """Every network with one parameter changed."""
    arrays = [array.copy() for array in getattr(network, field)]
    arrays[layer][:, *index] += by
    return replace(network, **{field: tuple(arrays)})


def assert_agrees_with_central_differences(network: Network, inputs: int, outputs: int) -> None:
    """Every single weight and bias of every layer."""
    x, y = data(inputs, outputs)
    tape = network.forward(x)
    gradients = network.backward(tape, tape.activations[-1] - y)
    h = 1e-5
    for field in ("weights", "biases"):
        for layer, found in enumerate(getattr(gradients, field)):
            assert found.shape == getattr(network, field)[layer].shape
            for index in np.ndindex(found.shape[1:]):
                up, down = (loss(nudged(network, field, layer, index, by), x, y) for by in (h, -h))
                np.testing.assert_allclose(found[:, *index], (up - down) / (2 * h), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("output", ["identity", "sigmoid"])
@pytest.mark.parametrize("hidden", ["tanh", "sigmoid", "gelu", "silu", "relu", "elu", "gaussian"])
@pytest.mark.parametrize("widths", [(3, 2), (2, 4, 3), (1, 3, 2, 4, 2)], ids=str)
def test_gradients_agree_with_central_differences(widths, hidden, output):
    network = initialise(widths, hidden, networks=3, seed=RNG_SEED, bias_limit=0.5)
    network = replace(network, output=actlab.get(output))
    # No pre-activation is so near a kink that the difference steps over it.
    assert min(np.abs(pre).min() for pre in network.forward(data(widths[0], 1)[0]).pre_activations) > 1e-4
    assert_agrees_with_central_differences(network, widths[0], widths[-1])


@pytest.mark.parametrize("output", ["identity", "softmax", "maxout"])
@pytest.mark.parametrize("hidden", [*VECTORWISE], ids=repr)
def test_gradients_pass_through_activations_of_whole_layers(hidden, output):
    """Of which some make fewer numbers of a layer than it has units."""
    output = actlab.get(output)
    network = replace(initialise((2, 4, 8, 4), hidden, networks=3, seed=12, bias_limit=0.5), output=output)
    assert network.widths == (2, 4, 8, 4)
    each = hidden.inputs_per_output(**hidden.values)
    assert [weight.shape for weight in network.weights] == [(3, 2, 4), (3, 4 // each, 8), (3, 8 // each, 4)]
    assert_agrees_with_central_differences(network, 2, output.outputs(4) if output != actlab.identity else 4)


@pytest.mark.parametrize("hidden", LEARNABLE, ids=repr)
def test_gradients_of_what_an_activation_learns(hidden):
    """Every unit has its own value, in every hidden layer; it counts where it stands, not the number that is bound."""
    network = initialise((2, 3, 4, 2), hidden, networks=3, seed=13, bias_limit=0.5, learn=True)
    rng = np.random.default_rng(14)
    for values in network.learnt:
        for name in values:
            values[name] += rng.normal(size=values[name].shape)
    x, y = data(2, 2)
    tape = network.forward(x)
    gradients = network.backward(tape, tape.activations[-1] - y)
    assert network.learnt[-1] == gradients.learnt[-1] == {}
    h = 1e-5
    for layer, name in itertools.product((0, 1), hidden.parameter_df):
        found = gradients.learnt[layer][name]
        assert found.shape == network.biases[layer].shape
        assert found.any(axis=(1, 2)).all()
        for unit in range(found.shape[2]):
            sides = []
            for by in (h, -h):
                values = [{key: value.copy() for key, value in of_layer.items()} for of_layer in network.learnt]
                values[layer][name][:, :, unit] += by
                sides.append(loss(replace(network, learnt=tuple(values)), x, y))
            np.testing.assert_allclose(found[:, 0, unit], (sides[0] - sides[1]) / (2 * h), rtol=1e-6, atol=1e-8)
    assert_agrees_with_central_differences(network, 2, 2)


@pytest.mark.parametrize("hidden", LEARNABLE, ids=repr)
def test_what_is_learnt_starts_from_what_is_bound_and_moves(hidden):
    name = next(iter(hidden.parameter_df))
    fixed = initialise((2, 3, 2), hidden, networks=4, seed=13)
    network = initialise((2, 3, 2), hidden, networks=4, seed=13, learn=True)
    assert [{key: value.tolist() for key, value in values.items()} for values in network.learnt] == [
        {name: [[[hidden.values[name]] * 3]] * 4}, {},
    ]  # fmt: skip
    assert (network.parameter_count, fixed.parameter_count) == (2 * 3 + 3 + 3 + 3 * 2 + 2, 2 * 3 + 3 + 3 * 2 + 2)
    x, y = data(2, 2)
    np.testing.assert_array_equal(network(x), fixed(x))
    trained = gradient_descent(network, x, y, learning_rate=0.1, steps=20)
    assert (trained.network.learnt[0][name] != hidden.values[name]).all()
    few = trained.network.select(np.array([2, 0]))
    np.testing.assert_array_equal(few(x), trained.network(x)[[2, 0]])


def test_learnt_values_that_fit_no_parameter_are_refused():
    weights, biases = (np.zeros((2, 3, 4)),), (np.zeros((2, 1, 4)),)
    good = np.zeros((2, 1, 4))
    Network(weights, biases, actlab.relu, actlab.prelu, ({"alpha": good},))
    for output, learnt, message in (
        (actlab.prelu, ({"beta": good},), "layer 0: learnt values must be of alpha and of shape .*got 'beta'"),
        (actlab.prelu, ({"alpha": good[0]},), r"of shape \(2, 1, 4\); got 'alpha' of shape \(1, 4\)"),
        (actlab.elu, ({"alpha": good},), "must be of no parameter .*got 'alpha'"),
        (actlab.prelu, ({}, {}), "learnt must have one mapping per layer, 1; got 2"),
    ):
        with pytest.raises(ValueError, match=message):
            Network(weights, biases, actlab.relu, output, learnt)


def test_shapes():
    """All networks see the same batch, or each its own."""
    network = initialise((3, 4, 2), "tanh", networks=5, seed=1)
    assert (network.networks, network.widths) == (5, (3, 4, 2))
    shared = np.random.default_rng(2).normal(size=(6, 3))
    tape = network.forward(shared)
    assert [pre.shape for pre in tape.pre_activations] == [(5, 6, 4), (5, 6, 2)]
    assert [post.shape for post in tape.activations] == [(5, 6, 3), (5, 6, 4), (5, 6, 2)]
    np.testing.assert_array_equal(network(np.broadcast_to(shared, (5, 6, 3))), network(shared))
    np.testing.assert_array_equal(network.select(2)(shared)[0], network(shared)[2])
    np.testing.assert_array_equal(network.select(slice(1, 3))(shared), network(shared)[1:3])


def test_forward_by_hand():
    """One network, all of whose numbers are written down."""
    network = Network(
        weights=(np.array([[[1.0, -1.0], [2.0, 0.5]]]), np.array([[[3.0], [-2.0]]])),
        biases=(np.array([[[0.5, 1.0]]]), np.array([[[0.25]]])),
        hidden=actlab.relu,
    )
    # z = (1 + 4 + 0.5, -1 + 1 + 1) = (5.5, 1); then 3 * 5.5 - 2 * 1 + 0.25.
    assert network([[1.0, 2.0]]).tolist() == [[[14.75]]]


@pytest.mark.parametrize(
    ("widths", "count"), [((1, 2, 1), 2 + 2 + 2 + 1), ((3, 4, 4, 2), 46), ((784, 128, 10), 101770)], ids=str
)
def test_parameter_count(widths, count):
    """Of one network, however many there are."""
    assert initialise(widths, "relu", networks=2).parameter_count == count


def test_repr_names_the_shape():
    network = initialise((2, 3, 1), "elu", networks=4)
    assert repr(network) == "Network(4 x 2-3-1, hidden=elu(alpha=1.0), output=identity)"


def test_network_i_of_a_seed_is_the_same_however_many_there_are():
    """So a single run of a large experiment can be looked at alone."""
    few, many = (initialise((2, 3, 1), "tanh", networks=n, seed=11, bias_limit=0.3) for n in (2, 9))
    for a, b in zip((*few.weights, *few.biases), (*many.weights, *many.biases), strict=True):
        np.testing.assert_array_equal(a, b[:2])
    assert len({weights.tobytes() for weights in many.weights[0]}) == 9
    assert not np.array_equal(many.weights[0], initialise((2, 3, 1), "tanh", networks=9, seed=12).weights[0])
    last = initialise((2, 3, 1), "tanh", networks=4, seed=11, bias_limit=0.3, first=5)
    for a, b in zip((*last.weights, *last.biases), (*many.weights, *many.biases), strict=True):
        np.testing.assert_array_equal(a, b[5:])


def test_biases():
    """Zero unless asked for; asking for them changes no weight."""
    zero, drawn = (initialise((2, 50, 1), "tanh", networks=20, seed=3, bias_limit=limit) for limit in (0.0, 0.7))
    assert not any(bias.any() for bias in zero.biases)
    assert all(np.array_equal(a, b) for a, b in zip(zero.weights, drawn.weights, strict=True))
    largest = np.abs(drawn.biases[0]).max()
    assert 0.65 < largest <= 0.7


def test_biases_of_a_layer():
    """One limit for each layer, of which no other layer's biases know."""
    network = initialise((2, 50, 30, 1), "tanh", networks=20, seed=3, bias_limit=(0.7, 0.0, 3.0))
    assert 0.65 < np.abs(network.biases[0]).max() <= 0.7
    assert not network.biases[1].any()
    assert 1 < np.abs(network.biases[2]).max() <= 3
    every = initialise((2, 50, 30, 1), "tanh", networks=20, seed=3, bias_limit=0.7)
    np.testing.assert_array_equal(network.biases[0], every.biases[0])
    last = initialise((2, 50, 1), "tanh", networks=20, seed=3, bias_limit=(0.0, 2.0))
    assert not last.biases[0].any() and last.biases[1].all()


def test_another_initialiser_is_used():
    network = initialise((2, 3), "relu", initialiser=lambda rng, fan_in, fan_out: np.full((fan_in, fan_out), 9.0))
    assert np.all(network.weights[0] == 9)


@pytest.mark.parametrize("widths", [(4, 3), (5, 1, 5), (2, 7, 3, 4)], ids=str)
def test_collapse(widths):
    """One layer, the same answers."""
    stack = initialise(widths, "identity", networks=3, seed=8, bias_limit=1.0)
    one = collapse(stack)
    assert one.widths == (widths[0], widths[-1])
    x, _ = data(widths[0], 1)
    np.testing.assert_allclose(one(x), stack(x), rtol=0, atol=1e-13)


@pytest.mark.parametrize("role", ["hidden", "output"])
def test_only_linear_networks_collapse(role):
    network = replace(initialise((2, 2, 2), "identity"), **{role: actlab.relu})
    with pytest.raises(ValueError, match=r"only networks whose activations are the identity collapse; got .*relu"):
        collapse(network)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"widths": (3,)}, r"at least two whole numbers of 1 or more; got \(3,\)"),
        ({"widths": (3, 0)}, r"at least two whole numbers of 1 or more; got \(3, 0\)"),
        ({"widths": (3, 1.5)}, r"at least two whole numbers of 1 or more; got \(3, 1.5\)"),
        ({"networks": 0}, "networks must be a whole number of 1 or more; got 0"),
        ({"bias_limit": -1.0}, "bias_limit must be a finite number, 0 or more; got -1.0"),
        ({"bias_limit": np.nan}, "bias_limit must be a finite number, 0 or more; got nan"),
        ({"bias_limit": (-1.0,)}, r"bias_limit must be a finite number, 0 or more; got \(-1.0,\)"),
        ({"bias_limit": (1.0, 2.0)}, r"bias_limit must be one number, or 1, one for each layer; got \(1.0, 2.0\)"),
        ({"hidden": "rleu"}, "unknown activation 'rleu'; did you mean relu"),
        ({"first": -1}, "first must be a whole number of 0 or more; got -1"),
        ({"learn": True}, "relu has no learnable parameter"),
        ({"hidden": "maxout", "widths": (1, 3, 1)}, "maxout: the axis must have a length that 2 divides; got 3"),
    ],
)
def test_initialise_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        initialise(**{"widths": (2, 2), "hidden": "relu"} | arguments)


@pytest.mark.parametrize("shape", [(3,), (4, 2), (2, 4, 3), (1, 2, 4, 3)], ids=str)
def test_inputs_of_another_shape_are_refused(shape):
    network = initialise((3, 2), "relu", networks=5)
    with pytest.raises(ValueError, match=r"inputs must be \(batch, 3\) or \(5, batch, 3\); got"):
        network(np.zeros(shape))


@pytest.mark.parametrize("shape", [(4, 5, 1), (5, 3), (1, 5, 3)], ids=str)
def test_the_gradient_at_the_outputs_has_a_number_for_each_of_them(shape):
    network = initialise((2, 3), "tanh", networks=4)
    tape = network.forward(np.zeros((5, 2)))
    with pytest.raises(ValueError, match=r"upstream must have the shape of the outputs, \(4, 5, 3\); got"):
        network.backward(tape, np.ones(shape))


def test_a_network_that_does_not_fit_together_is_refused():
    first, second = np.zeros((2, 3, 4)), np.zeros((2, 5, 1))
    biases = np.zeros((2, 1, 4)), np.zeros((2, 1, 1))
    with pytest.raises(
        ValueError, match=r"as much fan_in as the one before has outputs; got .*\(2, 3, 4\), \(2, 5, 1\)"
    ):
        Network((first, second), biases, actlab.relu)
    with pytest.raises(ValueError, match=r"layer 0: .*got \(2, 3, 4\) and \(2, 1, 1\)"):
        Network((first,), biases[1:], actlab.relu)
    with pytest.raises(ValueError, match="one bias per weight; got 1 and 2"):
        Network((first,), biases, actlab.relu)
    with pytest.raises(TypeError, match=r"hidden must be an activation, such as actlab\.tanh; got <ufunc 'tanh'>"):
        Network((first,), biases[:1], np.tanh)
    with pytest.raises(TypeError, match=r"output must be an activation, such as actlab\.tanh; got 'tanh'"):
        Network((first,), biases[:1], actlab.relu, "tanh")
    with pytest.raises(ValueError, match="maxout: the axis must have a length that 2 divides; got 5"):
        Network((np.zeros((2, 3, 5)), np.zeros((2, 5, 1))), (np.zeros((2, 1, 5)), biases[1]), actlab.maxout)
    with pytest.raises(ValueError, match="maxout: the axis must have a length that 2 divides; got 1"):
        Network((np.zeros((2, 3, 1)),), biases[1:], actlab.relu, actlab.maxout)


def test_gradient_descent_by_hand():
    """One weight, one bias, two points: two steps written down."""
    network = Network((np.array([[[1.0]]]),), (np.array([[[0.0]]]),), actlab.identity)
    x, y = np.array([[1.0], [2.0]]), np.array([[3.0], [3.0]])
    training = gradient_descent(network, x, y, learning_rate=0.1, steps=1)
    # Errors -2 and -1: loss 2.5; gradients of the mean: w (2 * -2 * 1 + 2 * -1 * 2) / 2 = -4, b (-4 - 2) / 2 = -3.
    assert training.network.weights[0].item() == pytest.approx(1.4)
    assert training.network.biases[0].item() == pytest.approx(0.3)
    # Errors 1.7 - 3 and 3.1 - 3.
    np.testing.assert_allclose(training.losses[:, 0], [2.5, (1.3**2 + 0.1**2) / 2])
    assert training.final == training.losses[-1]


def test_training_in_parts_is_training_in_one():
    x, y = data(2, 2)
    start = initialise((2, 3, 2), "tanh", networks=4, seed=6)
    whole = gradient_descent(start, x, y, learning_rate=0.1, steps=30)
    half = gradient_descent(start, x, y, learning_rate=0.1, steps=12)
    rest = gradient_descent(half.network, x, y, learning_rate=0.1, steps=18)
    np.testing.assert_array_equal(whole.losses, np.concatenate([half.losses[:-1], rest.losses]))
    assert np.all(whole.final < whole.losses[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": np.zeros(4)}, r"y must be \(batch, outputs\) = \(4, 1\); got \(4,\)"),
        ({"steps": -1}, "steps must be a whole number of 0 or more; got -1"),
        ({"learning_rate": 0.0}, "learning_rate must be finite, above 0; got 0.0"),
        ({"learning_rate": np.inf}, "learning_rate must be finite, above 0; got inf"),
        ({"learning_rate": "a"}, "learning_rate must be a number or an array of numbers; got 'a'"),
    ],
)
def test_gradient_descent_refuses(arguments, message):
    """A target of shape (batch,) would otherwise broadcast into a loss between all pairs of points."""
    accepted = {"x": np.zeros((4, 2)), "y": np.zeros((4, 1)), "learning_rate": 0.1, "steps": 1}
    with pytest.raises((TypeError, ValueError), match=message):
        gradient_descent(initialise((2, 1), "relu"), **accepted | arguments)


def test_an_initialiser_is_a_function():
    with pytest.raises(TypeError, match=r"initialiser must be a function .* got 'he'"):
        initialise((1, 2, 1), "tanh", initialiser="he")
