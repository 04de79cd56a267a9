"""Output functions: what a network's last layer is passed through."""

from __future__ import annotations

import numpy as np

from actlab.core import elementwise, vectorwise


def _softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True, initial=-np.inf))
    return e / e.sum(axis=-1, keepdims=True)


def _likeliest(z):
    """True at the largest entry of each row, once per row."""
    if z.shape[-1] == 0:
        return np.zeros(z.shape, dtype=bool)
    return np.arange(z.shape[-1]) == z.argmax(axis=-1)[..., np.newaxis]


def _softmax_vjp(z, g):
    y = _softmax(z)
    # A constant added to g changes nothing. With g = 0 at the likeliest entry the slope y (1 - y) of that entry comes
    # out as y times the sum of the others; 1 - y itself is 0 from a lead of 37 on.
    g = g - np.where(_likeliest(y), g, 0.0).sum(axis=-1, keepdims=True)
    return y * (g - (g * y).sum(axis=-1, keepdims=True))


@vectorwise(
    formula="exp(z[i])/Sum(exp(z[j]), (j, 1, n))",
    family="output",
    vjp=_softmax_vjp,
    cite="bridle1990probabilistic",
    keras="softmax", torch="nn.functional.softmax", jax="nn.softmax",
)  # fmt: skip
def softmax(z):
    """Softmax: turns scores into probabilities; they are positive and sum to 1."""
    return _softmax(z)


def _log_softmax_vjp(z, g):
    y = _softmax(z)
    # g - y sum(g), in which the likeliest entry has its 1 - y taken as the sum of the others.
    top = _likeliest(y)
    y_rest = np.where(top, 0.0, y).sum(axis=-1, keepdims=True)
    g_rest = np.where(top, 0.0, g).sum(axis=-1, keepdims=True)
    return np.where(top, g * y_rest - y * g_rest, g - y * g.sum(axis=-1, keepdims=True))


@vectorwise(
    formula="z[i] - log(Sum(exp(z[j]), (j, 1, n)))",
    family="output",
    vjp=_log_softmax_vjp,
    keras="log_softmax", torch="nn.functional.log_softmax", jax="nn.log_softmax",
)  # fmt: skip
def log_softmax(z):
    """Logarithm of softmax, in one step: exact also where softmax itself rounds to 0 or 1."""
    shifted = z - z.max(axis=-1, keepdims=True, initial=-np.inf)
    # The maximum contributes exactly 1 to the sum. Leaving it out and adding it in log1p keeps the log-probability of a
    # dominant class, which would otherwise be rounded to 0. An infinite maximum leaves nan.
    others = np.where(_likeliest(shifted), 0.0 * shifted, np.exp(shifted))
    return shifted - np.log1p(others.sum(axis=-1, keepdims=True))


@elementwise(
    formula="exp(x)",
    family="output",
    df=lambda x: np.exp(x),
    d2f=lambda x: np.exp(x),
    keras="exponential", torch="exp", jax="numpy.exp",
)  # fmt: skip
def exponential(x):
    """Exponential: turns any number into a positive one, such as a rate."""
    return np.exp(x)
