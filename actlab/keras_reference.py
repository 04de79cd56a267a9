"""Networks 1-h-1 trained by the real Keras from given weights, batch by batch in a given order.

Each training is a call of ``model.fit`` on a compiled model. The model is built once for each activation, width and
optimizer, and one call runs all its batches in one execution, which is several times as fast as epoch by epoch.

What the optimizers of Keras 3 compute, with the gradient g of a parameter w in step t = 1, 2, ..., in this order:

    Adam    alpha = learning_rate * sqrt(1 - b2**t) / (1 - b1**t)
            m += (g - m) * (1 - beta_1)
            v += (g**2 - v) * (1 - beta_2)
            w -= m * alpha / (sqrt(v) + epsilon)

    SGD     v = momentum * v - learning_rate * g
            w += v, or with nesterov: w += momentum * v - learning_rate * g

So the correction of the bias is part of the step size, and epsilon is added to sqrt(v) before that correction. Three
roundings show in a comparison:

* On TensorFlow b1, b2 and momentum pass through float32 in every precision: b1 is beta_1 rounded to float32, though
  1 - beta_1 is not. In float64 this makes alpha wrong by 7e-6, relatively, and the weights of the cosine fit by some
  1e-6 to 1e-5; with ``exact_constants`` it does not happen.
* In float32 alpha is computed in float32, and 1 - b2**t cancels: alpha is wrong by up to 3e-6 in the first steps. Who
  computes it in float64 is ten times as far from Keras after one epoch as who does as Keras.
* TensorFlow rounds the slope of the leaky ReLU, and a constant of the exact GELU, to float32. In float64 their losses
  are off the formula's by up to 1e-7, relatively, those of the other activations by 1e-14.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from actlab import tf
from actlab.checks import whole_number
from actlab.core import Elementwise, get

# More batches than any call has: the execution then ends with the data.
_STEPS_PER_EXECUTION = 1_000_000


@dataclass(frozen=True)
class Optimizer:
    """An optimizer of Keras: "adam", or "sgd" with its ``momentum`` and ``nesterov``.

    With ``exact_constants`` Keras is given the betas, or the momentum, as float64, which it does not round; this is for
    trainings in float64.
    """

    name: str = "adam"
    learning_rate: float = 0.04
    momentum: float = 0.0
    nesterov: bool = False
    exact_constants: bool = False

    def __post_init__(self) -> None:
        if self.name not in ("adam", "sgd"):
            raise ValueError(f"the optimizer must be 'adam' or 'sgd'; got {self.name!r}")
        if not 0 < self.learning_rate < np.inf:
            raise ValueError(f"learning_rate must be a finite number above 0; got {self.learning_rate}")
        if not 0 <= self.momentum <= 1:
            raise ValueError(f"momentum must be a number from 0 to 1; got {self.momentum}")
        if self.name == "adam" and (self.momentum or self.nesterov):
            raise ValueError(f"momentum and nesterov belong to 'sgd'; got {self}")

    def build(self) -> Any:
        """A new Keras optimizer, in Keras' default precision of the moment."""
        number = np.float64 if self.exact_constants else float
        optimizers = tf.keras().optimizers
        if self.name == "adam":
            return optimizers.Adam(self.learning_rate, beta_1=number(0.9), beta_2=number(0.999))
        return optimizers.SGD(self.learning_rate, momentum=number(self.momentum), nesterov=self.nesterov)


ADAM = Optimizer()


class Model:
    """A compiled Keras model of one input, ``units`` hidden units and one output, which can be trained many times.

    Its loss is the mean squared error. Weights are given and returned as Keras does: hidden weights (1, units), hidden
    biases (units,), output weights (units, 1), output bias (1,).
    """

    def __init__(self, activation: Elementwise, units: int, optimizer: Optimizer, dtype: str) -> None:
        if optimizer.exact_constants and dtype != "float64":
            raise ValueError(f"exact_constants need dtype 'float64'; got {dtype!r}")
        self.dtype = dtype
        with tf.precision(dtype) as keras:
            # Zeros, because a random start would use up random numbers of the process, and is overwritten anyway.
            layers = (
                keras.layers.Dense(units, tf.twin(activation), kernel_initializer="zeros"),
                keras.layers.Dense(1, kernel_initializer="zeros"),
            )
            self._model = keras.Sequential([keras.Input((1,)), *layers])
            self._model.compile(loss="mse", optimizer=optimizer.build(), steps_per_execution=_STEPS_PER_EXECUTION)
            self._model.optimizer.build(self._model.trainable_variables)
        self._state = [variable.numpy() for variable in self._model.optimizer.variables]

    def restart(self, weights: Sequence[np.ndarray]) -> None:
        """Set the weights, and the optimizer to where it was before its first step."""
        self._model.set_weights(weights)
        for variable, value in zip(self._model.optimizer.variables, self._state, strict=True):
            variable.assign(value)

    def fit(self, batches: Any) -> None:
        """Train on a finite ``tf.data.Dataset`` of batches (x, y), each (batch, 1), in the order in which they come."""
        with tf.precision(self.dtype):  # the first call traces the optimizer and the loss
            self._model.fit(batches, shuffle=False, verbose=0)

    def loss(self, x: np.ndarray, y: np.ndarray) -> float:
        """The mean squared error at all points; the predictions are Keras', the mean is taken in float64."""
        with tf.precision(self.dtype) as keras:
            prediction = keras.ops.convert_to_numpy(self._model(x.astype(self.dtype)[:, np.newaxis]))[:, 0]
        return float(np.mean(np.square(prediction.astype(np.float64) - y)))

    @property
    def weights(self) -> list[np.ndarray]:
        """The weights as they are now."""
        return self._model.get_weights()


@cache
def compiled(activation: Elementwise, units: int, optimizer: Optimizer = ADAM, dtype: str = "float32") -> Model:
    """The model for these, built when it is first asked for: to trace it takes longer than to train it."""
    return Model(activation, units, optimizer, dtype)


@dataclass(frozen=True, eq=False)
class KerasTrajectory:
    """A network after each of some epochs, ``after``: the loss at all points, (marks,), and the parameters.

    ``hidden_weights``, ``hidden_biases`` and ``output_weights`` are (marks, units), ``output_bias`` is (marks,).
    """

    after: tuple[int, ...]
    losses: np.ndarray
    hidden_weights: np.ndarray
    hidden_biases: np.ndarray
    output_weights: np.ndarray
    output_bias: np.ndarray


def keras_trajectory(
    activation: str | Elementwise,
    hidden_weights: np.ndarray,
    hidden_biases: np.ndarray,
    output_weights: np.ndarray,
    output_bias: float,
    x: np.ndarray,
    y: np.ndarray,
    order: np.ndarray,
    *,
    after: Sequence[int] = (1, 10, 100, 300),
    batch_size: int = 32,
    optimizer: Optimizer = ADAM,
    dtype: str = "float32",
) -> KerasTrajectory:
    """Train one network with Keras from these parameters, in this order of the points.

    Parameters
    ----------
    activation
        The hidden units' activation, or its name; it must be one that Keras has.
    hidden_weights, hidden_biases, output_weights, output_bias
        The initial parameters: three arrays (units,) and a number.
    x, y
        The data, (points,).
    order
        (epochs, points): the numbers of the points in the order in which each epoch takes them. The last batch of an
        epoch is smaller where ``batch_size`` does not divide the points.
    after
        The epochs after which loss and parameters are recorded, ascending, up to the epochs of ``order``.
    optimizer, dtype
        The optimizer, and "float32" or "float64" for everything that Keras computes.
    """
    activation = get(activation)
    if not isinstance(activation, Elementwise):
        raise ValueError(f"hidden units need an activation that maps each number on its own; got {activation}")
    start = [np.asarray(part, dtype=np.float64) for part in (hidden_weights, hidden_biases, output_weights)]
    if start[0].ndim != 1 or not start[0].shape == start[1].shape == start[2].shape != (0,):
        raise ValueError(
            "hidden_weights, hidden_biases and output_weights must be of one shape (units,); "
            f"got {', '.join(str(part.shape) for part in start)}"
        )
    x, y, order = np.asarray(x), np.asarray(y), np.asarray(order)
    if x.ndim != 1 or x.shape != y.shape or x.size == 0:
        raise ValueError(f"x and y must be of one shape (points,), not empty; got {x.shape} and {y.shape}")
    if order.shape[1:] != x.shape or not np.array_equal(np.sort(order), np.tile(np.arange(x.size), (len(order), 1))):
        raise ValueError(
            f"order must be (epochs, {x.size}), each row holding the whole numbers from 0 to {x.size - 1} once; "
            f"got {order.dtype} of shape {order.shape}"
        )
    whole_number("batch_size", batch_size, least=1)
    after = tuple(after)
    if not after or list(after) != sorted(set(after)) or not set(after) <= set(range(1, len(order) + 1)):
        raise ValueError(f"after must be ascending numbers of epochs from 1 to {len(order)}; got {after}")

    model = compiled(activation, start[0].size, optimizer, dtype)
    model.restart([start[0][np.newaxis], start[1], start[2][:, np.newaxis], np.array([output_bias])])
    losses, weights = [], []
    for first, last in zip((0, *after), after, strict=False):
        model.fit(_batches(x.astype(dtype), y.astype(dtype), order[first:last], batch_size))
        losses.append(model.loss(x, y))
        weights.append(model.weights)
    parts = [np.array([mark[part].ravel() for mark in weights]) for part in range(4)]
    return KerasTrajectory(after, np.array(losses), *parts[:3], output_bias=parts[3][:, 0])


def _batches(x: np.ndarray, y: np.ndarray, order: np.ndarray, batch_size: int) -> Any:
    """The batches of all epochs, one after the other."""
    from tensorflow.data import Dataset
    from tensorflow.data.experimental import assert_cardinality

    epochs = Dataset.from_tensor_slices((x[order][..., np.newaxis], y[order][..., np.newaxis]))
    batches = epochs.flat_map(lambda *epoch: Dataset.from_tensor_slices(epoch).batch(batch_size))
    # Keras warns of data that end before it expects, unless it is told how many there are.
    return batches.apply(assert_cardinality(len(order) * -(-x.size // batch_size)))


def epoch_orders(points: int, *, epochs: int, seed: int, batch_size: int = 32) -> np.ndarray:
    """In which order ``model.fit`` takes the points of an array in each epoch, (epochs, points), with a seed set.

    It is observed, not assumed: a loss that is called with the points themselves writes them down. In Keras 3.15 all
    epochs have one order, because TensorFlow starts its random numbers afresh from ``keras.utils.set_random_seed`` for
    every epoch; without a seed they differ.
    """
    for label, value, least in (("points", points, 1), ("epochs", epochs, 1), ("seed", seed, 0)):
        whole_number(label, value, least=least)
    seen = []

    def write_down(target, prediction):
        seen.extend(target.numpy().ravel())
        return 0 * keras.ops.mean(prediction)

    with tf.precision("float64") as keras:
        keras.utils.set_random_seed(seed)
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile(loss=write_down, optimizer="sgd", run_eagerly=True)
        numbers = np.arange(points, dtype=np.float64)[:, np.newaxis]
        model.fit(numbers, numbers, epochs=epochs, batch_size=batch_size, verbose=0)
    return np.array(seen, dtype=int).reshape(epochs, points)
