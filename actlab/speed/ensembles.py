"""The ensemble of 1-h-1 networks as a user of TensorFlow, JAX or PyTorch can write it: all networks in one program.

What is written here is the fastest of what was tried: networks last, an epoch compiled as a whole, and the gradient
written by hand, unit by unit; in JAX, automatic differentiation of the loss of all networks took three times as long.
The arrays are those of ``actlab.compiled.train_block`` in float32, the activations those in ``RESPONSES``. A program is
compiled when it first meets an activation and the shapes of its arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from actlab.core import Elementwise

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]
_BATCH, _LEARNING_RATE, _BETA_1, _BETA_2, _EPSILON = 32, 0.04, 0.9, 0.999, 1e-7


class Operations(NamedTuple):
    """What a framework calls the operations that are no operators; ``total`` is the sum over the first axis."""

    sigmoid: Callable
    tanh: Callable
    sqrt: Callable
    where: Callable
    total: Callable
    stack: Callable


def _sigmoid(z: Any, of: Operations) -> tuple[Any, Any]:
    value = of.sigmoid(z)
    return value, value * (1 - value)


def _tanh(z: Any, of: Operations) -> tuple[Any, Any]:
    value = of.tanh(z)
    return value, 1 - value * value


def _leaky_relu(z: Any, of: Operations, negative_slope: float = 0.0) -> tuple[Any, Any]:
    slope = of.where(z > 0, 1.0, negative_slope)
    return z * slope, slope


#: The functions of a pre-activation, of ``Operations`` and of the activation's parameters that give value and slope.
RESPONSES = {"sigmoid": _sigmoid, "tanh": _tanh, "relu": _leaky_relu, "leaky_relu": _leaky_relu}


def torch_compile(arrays: Arrays, activation: Elementwise, hidden: int) -> np.ndarray:
    """The parameters after the training by PyTorch, each epoch a program of ``torch.compile``."""
    import torch

    epoch = _torch_epoch(activation, hidden)
    with torch.inference_mode():
        parameters, data, shuffles, rates = (torch.tensor(array) for array in (*arrays, _rates(arrays[2])))
        first, second = torch.zeros_like(parameters), torch.zeros_like(parameters)
        for order, rate in zip(shuffles, rates, strict=True):
            parameters, first, second = epoch(parameters, first, second, data, order, rate)
    return parameters.numpy()


def jax_jit(arrays: Arrays, activation: Elementwise, hidden: int) -> np.ndarray:
    """The parameters after the training by JAX, the whole of it a program of ``jax.jit`` that scans over the epochs."""
    train = _jax_training(activation, hidden)
    return np.asarray(train(*arrays, _rates(arrays[2])))


def tensorflow_graph(arrays: Arrays, activation: Elementwise, hidden: int) -> np.ndarray:
    """The parameters after the training by TensorFlow, the whole of it one graph.

    Compiled by the XLA that TensorFlow 2.21 brings, the same graph took two to eight times as long.
    """
    import tensorflow

    train = _tensorflow_training(activation, hidden)
    return train(*(tensorflow.constant(array) for array in (*arrays, _rates(arrays[2])))).numpy()


def _rates(shuffles: np.ndarray) -> np.ndarray:
    """The learning rate of every step with Adam's correction, (epochs, batches)."""
    epochs, points = shuffles.shape
    steps = np.arange(1, epochs * -(-points // _BATCH) + 1, dtype=np.float32)
    beta_1, beta_2 = np.float32(_BETA_1), np.float32(_BETA_2)
    rates = np.float32(_LEARNING_RATE) * np.sqrt(1 - beta_2**steps) / (1 - beta_1**steps)
    return rates.reshape(epochs, -1)


def _epoch(activation: Elementwise, hidden: int, of: Operations) -> Callable:
    """One epoch: parameters, both moments, the data in the order of the epoch, and a rate for each batch."""
    respond, constants = RESPONSES[activation.name], dict(activation.values)

    def gradient(parameters: Any, x: Any, y: Any) -> Any:
        error, answers = parameters[3 * hidden] - y, []
        for j in range(hidden):
            answers.append(respond(parameters[j] * x + parameters[hidden + j], of, **constants))
            error = error + parameters[2 * hidden + j] * answers[j][0]
        error = error * (2 / x.shape[0])
        reached = [error * slope * parameters[2 * hidden + j] for j, (_, slope) in enumerate(answers)]
        return of.stack([
            *(of.total(each * x) for each in reached),
            *(of.total(each) for each in reached),
            *(of.total(error * value) for value, _ in answers),
            of.total(error),
        ])  # fmt: skip

    def epoch(parameters: Any, first: Any, second: Any, data: Any, rates: Any) -> tuple[Any, Any, Any]:
        for batch, start in enumerate(range(0, data.shape[0], _BATCH)):
            points = data[start : start + _BATCH]
            slope = gradient(parameters, points[:, 0], points[:, 1])
            first = first + (slope - first) * (1 - _BETA_1)
            second = second + (slope * slope - second) * (1 - _BETA_2)
            parameters = parameters - first * rates[batch] / (of.sqrt(second) + _EPSILON)
        return parameters, first, second

    return epoch


@cache
def _torch_epoch(activation: Elementwise, hidden: int) -> Callable:
    import torch

    of = Operations(torch.sigmoid, torch.tanh, torch.sqrt, torch.where, lambda x: x.sum(0), torch.stack)
    epoch = _epoch(activation, hidden, of)
    # Otherwise it stops compiling after a few activations and sizes, and goes on tenfold slower.
    torch._dynamo.config.recompile_limit = 1000

    @torch.compile(dynamic=False)
    def ordered(parameters, first, second, data, order, rates):
        return epoch(parameters, first, second, data[order], rates)

    return ordered


@cache
def _jax_training(activation: Elementwise, hidden: int) -> Callable:
    import jax
    from jax import numpy as jnp

    of = Operations(jax.nn.sigmoid, jnp.tanh, jnp.sqrt, jnp.where, lambda x: x.sum(0), jnp.stack)
    epoch = _epoch(activation, hidden, of)

    @jax.jit
    def train(parameters, data, shuffles, rates):
        def ordered(state, now):
            order, rate = now
            return epoch(*state, data[order], rate), None

        zeros = jnp.zeros_like(parameters)
        state, _ = jax.lax.scan(ordered, (parameters, zeros, zeros), (shuffles, rates))
        return state[0]

    return train


@cache
def _tensorflow_training(activation: Elementwise, hidden: int) -> Callable:
    import tensorflow as tf

    of = Operations(tf.sigmoid, tf.tanh, tf.sqrt, tf.where, lambda x: tf.reduce_sum(x, 0), tf.stack)
    epoch = _epoch(activation, hidden, of)

    @tf.function(autograph=False)
    def train(parameters, data, shuffles, rates):
        def ordered(number, *state):
            in_order = tf.ensure_shape(tf.gather(data, shuffles[number]), data.shape)
            return number + 1, *epoch(*state, in_order, rates[number])

        zeros = tf.zeros_like(parameters)
        epochs = shuffles.shape[0]
        start = (tf.constant(0), parameters, zeros, zeros)
        return tf.while_loop(lambda number, *state: number < epochs, ordered, start, parallel_iterations=1)[1]

    return train
