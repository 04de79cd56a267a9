"""Real data that come with a library: 1797 images of handwritten digits, 8 by 8 pixels.

Source: Alpaydin and Kaynak (1998), the test set of theirs, as scikit-learn has it. Without scikit-learn, which comes
with ``actlab[data]``, ImportError is raised.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np


@dataclass(frozen=True, eq=False)
class Split:
    """Digits to train on, to choose a learning rate by, and to judge by: images (n, 64) and labels (n,)."""

    x: np.ndarray
    y: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def digits() -> tuple[np.ndarray, np.ndarray]:
    """The images (1797, 64), in random order with their labels (1797,) from 0 to 9.

    Each pixel is centred over the images, and each image is scaled to a mean square of 1: in a wide random layer all
    of them then have pre-activations of one variance. The order is always the same.
    """
    x, y = _shuffled()
    return _of_one_length(x - x.mean(axis=0)), y


@cache
def split() -> Split:
    """1000 digits to train on, 297 to choose by and 500 to judge by, always the same; scaled like ``digits``.

    The pixels are centred by their means over the first 1000: nothing of the others enters the training.
    """
    x, y = _shuffled()
    x = _of_one_length(x - x[:1000].mean(axis=0))
    return Split(x[:1000], y[:1000], x[1000:1297], y[1000:1297], x[1297:], y[1297:])


def _shuffled() -> tuple[np.ndarray, np.ndarray]:
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError("the digits come with scikit-learn: pip install actlab[data]") from error
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    return x[order], y[order]


def _of_one_length(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt(np.mean(np.square(x), axis=1, keepdims=True))
