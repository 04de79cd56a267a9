"""Trainings by the real Keras from given weights in a given order, held against loops that are written out here."""

import numpy as np
import pytest

import actlab
from actlab import tf
from actlab.keras_reference import Optimizer, epoch_orders, keras_trajectory

POINTS, BATCH, EPOCHS, UNITS = 10, 4, 6, 3
SGD = Optimizer("sgd", 0.05, momentum=0.9)

# Value, and derivative in terms of input and value, independent of the package.
BY_HAND = {
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z, h: h * (1 - h)),
    "tanh": (np.tanh, lambda z, h: 1 - h * h),
    "relu": (lambda z: np.maximum(z, 0), lambda z, h: z > 0),
}


def problem(seed=0):
    rng = np.random.default_rng(seed)
    # Numbers of float32, so that both precisions start from the same.
    parameters = [*rng.uniform(-1, 1, (3, UNITS)).astype(np.float32).astype(np.float64), 0.25]
    x = np.linspace(-2, 3, POINTS)
    order = np.array([rng.permutation(POINTS) for _ in range(EPOCHS)])
    return parameters, x, np.cos(x), order


def rounded(number):
    return float(np.float32(number))


def trained_by_hand(name, optimizer, parameters, x, y, order, constant=rounded, number=np.float64):
    """Train in float64; ``constant`` rounds the betas of the step size and the momentum, ``number`` the step size."""
    f, df = BY_HAND[name]
    parameters = [np.array(part, dtype=float) for part in parameters]
    first, second = ([np.zeros_like(part) for part in parameters] for _ in range(2))
    rate, momentum, step = optimizer.learning_rate, constant(optimizer.momentum), 0
    for epoch in order:
        for batch in np.split(epoch, range(BATCH, POINTS, BATCH)):
            w, b, v, c = parameters
            z = np.outer(x[batch], w) + b
            h = f(z)
            error = 2 * (h @ v + c - y[batch]) / len(batch)
            back = np.outer(error, v) * df(z, h)
            gradients = [x[batch] @ back, back.sum(axis=0), error @ h, error.sum()]
            step += 1
            for i, g in enumerate(gradients):
                if optimizer.name == "adam":
                    b1, b2 = (number(constant(beta)) ** number(step) for beta in (0.9, 0.999))
                    alpha = number(rate) * np.sqrt(1 - b2) / (1 - b1)
                    first[i] = first[i] + (g - first[i]) * (1 - 0.9)
                    second[i] = second[i] + (g * g - second[i]) * (1 - 0.999)
                    parameters[i] = parameters[i] - first[i] * alpha / (np.sqrt(second[i]) + 1e-7)
                else:
                    first[i] = momentum * first[i] - rate * g
                    ahead = momentum * first[i] - rate * g
                    parameters[i] = parameters[i] + (ahead if optimizer.nesterov else first[i])
    w, b, v, c = parameters
    return parameters, np.mean((f(np.outer(x, w) + b) @ v + c - y) ** 2)


def trained_by_keras(name, optimizer, given, **settings):
    parameters, x, y, order = given
    settings = {"after": (len(order),), "batch_size": BATCH, **settings}
    return keras_trajectory(name, *parameters, x, y, order, optimizer=optimizer, **settings)


def distance(found, parameters, mark=-1):
    """Return the largest difference of any parameter."""
    ours = (found.hidden_weights, found.hidden_biases, found.output_weights, found.output_bias)
    return max(np.abs(a[mark] - b).max() for a, b in zip(ours, parameters, strict=True))


@pytest.mark.parametrize("name", BY_HAND)
@pytest.mark.parametrize(
    "optimizer",
    [Optimizer(), SGD, Optimizer("sgd", 0.05, momentum=0.9, nesterov=True), Optimizer("sgd", 0.05)],
    ids=lambda o: f"{o.name}-{o.momentum}-{o.nesterov}",
)
def test_in_float64_keras_and_the_written_out_loop_are_one(name, optimizer):
    # 18 steps, a rounding error of 1e-16 in each: nothing but that may differ.
    parameters, x, y, order = given = problem()
    expected, loss = trained_by_hand(name, optimizer, parameters, x, y, order)
    found = trained_by_keras(name, optimizer, given, dtype="float64")
    assert distance(found, expected) < 1e-13
    assert found.losses[-1] == pytest.approx(loss, rel=1e-12)
    assert distance(found, parameters) > 0.05, "without a step everything agrees"


@pytest.mark.parametrize("name, momentum", [("adam", 0.0), ("sgd", 0.9)])
def test_with_exact_constants_nothing_passes_through_float32(name, momentum):
    parameters, x, y, order = given = problem()
    exact = Optimizer(name, 0.05, momentum=momentum, exact_constants=True)
    expected, _ = trained_by_hand("tanh", exact, parameters, x, y, order, constant=float)
    assert distance(trained_by_keras("tanh", exact, given, dtype="float64"), expected) < 1e-13
    usual = Optimizer(name, 0.05, momentum=momentum)
    assert distance(trained_by_keras("tanh", usual, given, dtype="float64"), expected) > 1e-9


@pytest.mark.parametrize("name", BY_HAND)
def test_in_float32_the_step_size_is_what_differs_most(name):
    """With Adam's step size computed in float32, the rest of the loop may as well be in float64."""
    parameters, x, y, order = given = problem()
    found = trained_by_keras(name, Optimizer(), given)
    assert found.hidden_weights.dtype == np.float32
    narrow, loss = trained_by_hand(name, Optimizer(), parameters, x, y, order, number=np.float32)
    wide, _ = trained_by_hand(name, Optimizer(), parameters, x, y, order)
    # 18 steps, each with a rounding error of half an ulp, 6e-8, in numbers up to 1.
    assert distance(found, narrow) < 18 * 6e-8
    assert distance(found, narrow) < distance(found, wide)
    assert found.losses[-1] == pytest.approx(loss, rel=2e-6)


def test_marks_on_the_way_change_nothing_and_a_model_starts_afresh():
    given = problem()
    whole = trained_by_keras("tanh", Optimizer(), given)
    marked = trained_by_keras("tanh", Optimizer(), given, after=(1, 4, EPOCHS))
    assert marked.after == (1, 4, EPOCHS)
    assert marked.hidden_weights.shape == marked.hidden_biases.shape == marked.output_weights.shape == (3, UNITS)
    assert marked.losses.shape == marked.output_bias.shape == (3,)
    np.testing.assert_array_equal(marked.hidden_weights[-1], whole.hidden_weights[-1])
    np.testing.assert_array_equal(marked.losses[-1], whole.losses[-1])
    parameters, x, y, order = given
    short = trained_by_keras("tanh", Optimizer(), (parameters, x, y, order[:4]))
    np.testing.assert_array_equal(marked.output_weights[1], short.output_weights[-1])


def test_the_precision_of_keras_is_given_back():
    config = tf.keras().config
    trained_by_keras("tanh", Optimizer(), problem())
    assert (config.floatx(), config.dtype_policy().name) == ("float64", "float64")
    with pytest.raises(ZeroDivisionError), tf.precision("float32") as keras:
        assert (config.floatx(), config.dtype_policy().name) == ("float32", "float32")
        assert keras.layers.Dense(1).compute_dtype == "float32"
        raise ZeroDivisionError
    assert (config.floatx(), config.dtype_policy().name) == ("float64", "float64")
    with (
        pytest.raises(ValueError, match="dtype must be 'float32' or 'float64'; got 'float16'"),
        tf.precision("float16"),
    ):
        pass


def test_with_a_seed_keras_shuffles_an_array_into_one_order_for_all_epochs():
    orders = epoch_orders(10, epochs=3, seed=1, batch_size=4)
    assert orders.shape == (3, 10)
    assert sorted(orders[0]) == list(range(10)) != orders[0].tolist()
    assert (orders == orders[0]).all()
    assert (epoch_orders(10, epochs=1, seed=2) != orders[0]).any()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"name": "rmsprop"}, "the optimizer must be 'adam' or 'sgd'; got 'rmsprop'"),
        ({"learning_rate": 0.0}, "learning_rate must be a finite number above 0; got 0.0"),
        ({"learning_rate": np.nan}, "learning_rate must be a finite number above 0; got nan"),
        ({"name": "sgd", "momentum": 1.5}, "momentum must be a number from 0 to 1; got 1.5"),
        ({"momentum": 0.5}, "momentum and nesterov belong to 'sgd'; got Optimizer"),
    ],
)
def test_a_bad_optimizer_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        Optimizer(**arguments)


@pytest.mark.parametrize(
    "position, value, message",
    [
        (0, "softmax", "each number on its own; got softmax"),
        (0, "prelu", "Keras has no twin of prelu"),
        (1, np.zeros(2), r"of one shape \(units,\); got \(2,\), \(3,\), \(3,\)"),
        (6, np.zeros(9), r"x and y must be of one shape \(points,\), not empty; got \(10,\) and \(9,\)"),
        (7, np.zeros((2, 9), int), r"order must be \(epochs, 10\), .* from 0 to 9 once; got int64 of shape \(2, 9\)"),
        (7, np.zeros((2, 10), int), "each row holding the whole numbers from 0 to 9 once"),
    ],
)
def test_a_bad_argument_is_named(position, value, message):
    parameters, x, y, order = problem()
    arguments = ["tanh", *parameters, x, y, order]
    arguments[position] = value
    with pytest.raises(ValueError, match=message):
        keras_trajectory(*arguments, after=(1,))


@pytest.mark.parametrize("after", [(), (0, 1), (2, 1), (1, 1), (7,), (1.5,)])
def test_marks_are_ascending_epochs(after):
    with pytest.raises(ValueError, match="after must be ascending numbers of epochs from 1 to 6; got"):
        trained_by_keras("tanh", Optimizer(), problem(), after=after)


def test_exact_constants_need_float64():
    with pytest.raises(ValueError, match="exact_constants need dtype 'float64'; got 'float32'"):
        trained_by_keras(actlab.tanh, Optimizer(exact_constants=True), problem())
