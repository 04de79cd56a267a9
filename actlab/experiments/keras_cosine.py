"""The cosine fit as one meets it: a single network, trained by Keras."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from actlab import tf
from actlab.checks import whole_number
from actlab.core import Elementwise, get
from actlab.experiments.cosine import BATCH_SIZE, LEARNING_RATE, cosine_data


@dataclass(frozen=True, eq=False)
class KerasCosineFit:
    """One finished training.

    ``x``, ``target`` and ``prediction`` are (points,); ``losses`` (epochs,) is the loss that Keras reports after each
    epoch. The layers' weights are ``hidden_weights`` and ``hidden_biases``, (units,), and ``output_weights``, (units,),
    with the number ``output_bias``.
    """

    activation: Elementwise
    seed: int
    x: np.ndarray
    target: np.ndarray
    prediction: np.ndarray
    losses: np.ndarray
    hidden_weights: np.ndarray
    hidden_biases: np.ndarray
    output_weights: np.ndarray
    output_bias: float

    @property
    def loss(self) -> float:
        """The mean squared error of the trained network over all points."""
        return float(np.mean(np.square(self.prediction - self.target)))

    @property
    def pre_activations(self) -> np.ndarray:
        """w x + b of each hidden unit, (points, units)."""
        return self.x[:, np.newaxis] * self.hidden_weights + self.hidden_biases

    @property
    def contributions(self) -> np.ndarray:
        """What each hidden unit adds to the output, (points, units): its activation times its output weight."""
        return self.activation(self.pre_activations) * self.output_weights

    @property
    def rebuilt(self) -> np.ndarray:
        """The output put together again from its parts, (points,): the contributions and the output bias."""
        return self.contributions.sum(axis=1) + self.output_bias

    @property
    def dead(self) -> np.ndarray:
        """For each hidden unit, (units,), whether its derivative is 0 at every point and no gradient reaches it."""
        return np.all(self.activation.derivative(self.pre_activations) == 0, axis=0)

    def __repr__(self) -> str:
        return (
            f"KerasCosineFit({self.activation}, units={self.hidden_weights.size}, seed={self.seed}, "
            f"epochs={self.losses.size}, loss={self.loss:.4f}, dead units={self.dead.sum()})"
        )


def keras_cosine_fit(
    activation: str | Elementwise, *, units: int = 2, epochs: int = 300, seed: int = 0
) -> KerasCosineFit:
    """Train Dense(units, activation) and Dense(1) with Keras: mean squared error, Adam(0.04), batches of 32.

    The weights start from Glorot's uniform distribution and the biases from 0, which are Keras' defaults. With a seed
    set, Keras shuffles the points into the same order before every epoch.

    Parameters
    ----------
    activation
        The hidden units' activation, or its name; it must be one that Keras has.
    units, epochs, seed
        Whole numbers: hidden units, passes over the data, and the seed of weights and shuffling.
    """
    activation = get(activation)
    if not isinstance(activation, Elementwise):
        raise ValueError(f"hidden units need an activation that maps each number on its own; got {activation}")
    for label, value, least in (("units", units, 1), ("epochs", epochs, 1), ("seed", seed, 0)):
        whole_number(label, value, least=least)
    twin = tf.twin(activation)
    keras = tf.keras()
    x, target = cosine_data()

    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(units, twin), keras.layers.Dense(1)])
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(LEARNING_RATE))
    # Keras sees by itself how many steps an epoch has, but then prepares the data of each epoch twice, which takes most
    # of the time. The results are the same.
    steps = math.ceil(x.size / BATCH_SIZE)
    history = model.fit(
        x[:, np.newaxis], target[:, np.newaxis],
        epochs=epochs, batch_size=BATCH_SIZE, steps_per_epoch=steps, verbose=0,
    )  # fmt: skip

    (hidden_weights, hidden_biases), (output_weights, output_bias) = (layer.get_weights() for layer in model.layers)
    return KerasCosineFit(
        activation=activation,
        seed=seed,
        x=x,
        target=target,
        # Called, not asked to predict: predict compiles a function for each model, and TensorFlow warns of that.
        prediction=keras.ops.convert_to_numpy(model(x[:, np.newaxis]))[:, 0],
        losses=np.array(history.history["loss"]),
        hidden_weights=hidden_weights[0],
        hidden_biases=hidden_biases,
        output_weights=output_weights[:, 0],
        output_bias=float(output_bias[0]),
    )
