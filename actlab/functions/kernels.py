"""What the kernels of several activations share; all of it takes and returns float64 arrays."""

from __future__ import annotations

import numpy as np

# Beyond this the factor exp(-z) takes every float64 to zero, whatever it is multiplied by.
FLUSHED = 1500.0


def logistic(z):
    """1 / (1 + e^-z), without overflow and with all digits for negative z."""
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1.0) / (1 + e)


def gate(x, z):
    """x * sigmoid(z). The factor e^z is multiplied in two halves, so that the product underflows only where due."""
    h = np.exp(-0.5 * np.abs(z))
    closed = np.where(z < -FLUSHED, np.copysign(0.0, x), (x * h) * h)
    return np.where(z < 0, closed, x) / (1 + h * h)


def gate_d(z, p):
    """d/dx of x * sigmoid(z(x)), given z and p = x * z'(x)."""
    h = np.exp(-0.5 * np.abs(z))
    e = h * h
    closed = (h * (1 + p / (1 + e))) * h
    opened = 1 + ((p * h) * h) / (1 + e)
    return np.where(z < 0, closed, opened) / (1 + e)


def gate_d2(z, q):
    """sigmoid'(z) * q: the second derivative, with q = 2 z' + x z'' - x z'^2 tanh(z/2)."""
    h = np.exp(-0.5 * np.abs(z))
    return ((h * q) * h) / np.square(1 + h * h)  # of a single number, ** 2 rounds otherwise


def times(a, x):
    """a * x with 0 * inf = 0: the limit of a * x for a = 0."""
    return np.where(a == 0, 0.0, a * x)
