"""Random initial weights of dense layers."""

from __future__ import annotations

import numpy as np


def glorot_uniform(rng: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
    """Weights of shape (fan_in, fan_out), uniform within sqrt(6 / (fan_in + fan_out)) of 0; Keras' default for Dense.

    Source: Glorot and Bengio (2010), equation 16. Their variance is 2 / (fan_in + fan_out).
    """
    limit = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, size=(fan_in, fan_out))


def he_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
    """Weights of shape (fan_in, fan_out), normal with mean 0 and variance 2 / fan_in; made for the ReLU.

    Source: He et al. (2015), equation 10. Not cut off at two deviations, as Keras' initialiser of that name is.
    """
    return rng.normal(scale=np.sqrt(2 / fan_in), size=(fan_in, fan_out))


def lecun_normal(rng: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
    """Weights of shape (fan_in, fan_out), normal with mean 0 and variance 1 / fan_in; made for the SELU.

    Source: Klambauer et al. (2017), section "Initialization". Not cut off, as Keras' initialiser of that name is.
    """
    return rng.normal(scale=np.sqrt(1 / fan_in), size=(fan_in, fan_out))


def pytorch_uniform(rng: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
    """Weights of shape (fan_in, fan_out), uniform within 1 / sqrt(fan_in) of 0; PyTorch's default for Linear.

    Their variance is 1 / (3 fan_in). PyTorch draws the biases of the layer within the same limit.
    """
    limit = np.sqrt(1 / fan_in)
    return rng.uniform(-limit, limit, size=(fan_in, fan_out))
