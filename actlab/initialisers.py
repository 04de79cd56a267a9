"""Random initial weights of dense layers."""

from __future__ import annotations

import numpy as np


def glorot_uniform(rng: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
    """Weights of shape (fan_in, fan_out), uniform within sqrt(6 / (fan_in + fan_out)) of 0; Keras' default for Dense.

    Source: Glorot and Bengio (2010), equation 16. Their variance is 2 / (fan_in + fan_out).
    """
    limit = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, size=(fan_in, fan_out))
