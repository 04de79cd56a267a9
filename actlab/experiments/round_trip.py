"""What becomes of an activation in a Keras model that is saved and loaded."""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from actlab import tf


@dataclass(frozen=True)
class RoundTrip:
    """A model of one number that was asked, saved, loaded and asked again.

    ``before`` is its answer at ``x``, ``after`` that of the loaded model, None where there is none; ``weights`` counts
    the numbers that the activation can learn. Where it failed, ``failed`` says at what ("saving" or "loading"), and
    ``error`` the name of the exception.
    """

    x: float
    before: float
    weights: int
    after: float | None
    failed: str = ""
    error: str = ""

    @property
    def kept(self) -> bool:
        """Whether the loaded model answers as the saved one did."""
        return self.after == self.before

    def __repr__(self) -> str:
        learns = f", {self.weights} weight{'s' * (self.weights > 1)}" if self.weights else ""
        end = f"{self.failed} fails: {self.error}" if self.failed else f"loaded: {self.after:.4g}"
        return f"f({self.x:g}) = {self.before:.4g}{learns}; {end}"


def round_trip(activation: Any, *, as_layer: bool = False, weight: float | None = None, x: float = -1.0) -> RoundTrip:
    """Save and load a Keras model that passes one number to an activation.

    Parameters
    ----------
    activation
        What ``Dense(activation=...)`` takes: a string, a function, or a layer.
    as_layer
        Give the activation a layer of its own: itself if it is a layer, else inside ``Activation``.
    weight
        What all weights of the activation are set to before the model is saved, as if they had been trained.
    x
        The number at which the model is asked.

    Raises
    ------
    ValueError
        If Keras knows no activation of that name.
    """
    keras = tf.keras()
    layers = keras.layers
    own = activation if isinstance(activation, layers.Layer) else layers.Activation(activation) if as_layer else None
    dense = layers.Dense(1, None if as_layer else activation, use_bias=False, kernel_initializer="ones")
    model = keras.Sequential([layers.Input((1,)), dense, *([own] if as_layer else [])])
    given = np.array([[x]])
    model(given)  # a layer makes its weights when it is first called
    learnable = [each for each in model.trainable_weights if each is not dense.kernel]
    for each in learnable if weight is not None else ():
        each.assign(np.full(each.shape, weight))
    before, count = model(given).numpy().item(), int(sum(np.prod(each.shape) for each in learnable))
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, of Keras, and its remarks on a lambda
        path = Path(folder) / "model.keras"
        try:
            stage = "saving"
            model.save(path)
            stage = "loading"
            loaded = keras.models.load_model(path)
        except (OSError, TypeError, ValueError) as error:  # OSError: a lambda whose source is not at hand
            return RoundTrip(x, before, count, None, stage, type(error).__name__)
        return RoundTrip(x, before, count, loaded(given).numpy().item())
