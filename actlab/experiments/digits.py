"""Real data that come with a library: 1797 images of handwritten digits, 8 by 8 pixels."""

from __future__ import annotations

import numpy as np


def digits() -> tuple[np.ndarray, np.ndarray]:
    """The images (1797, 64), in random order with their labels (1797,) from 0 to 9.

    Each pixel is centred over the images, and each image is scaled to a mean square of 1: in a wide random layer all
    of them then have pre-activations of one variance. The order is always the same.

    Source: Alpaydin and Kaynak (1998), the test set of it, from scikit-learn.

    Raises
    ------
    ImportError
        If scikit-learn is not installed; it comes with ``actlab[data]``.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError("the digits come with scikit-learn: pip install actlab[data]") from error
    x, y = load_digits(return_X_y=True)
    x = x - x.mean(axis=0)
    x /= np.sqrt(np.mean(np.square(x), axis=1, keepdims=True))
    order = np.random.default_rng(0).permutation(len(x))
    return x[order], y[order]
