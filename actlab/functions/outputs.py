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
    """Softmax: turns scores into probabilities; they are positive and sum to 1.

    For images, ``axis=-3`` is what ``torch.nn.Softmax2d`` computes.
    """
    return _softmax(z)


@vectorwise(
    formula="exp(-z[i])/Sum(exp(-z[j]), (j, 1, n))",
    family="output",
    vjp=lambda z, g: -_softmax_vjp(-z, g),
    torch="nn.functional.softmin",
)
def softmin(z):
    """Softmin: softmax of the negated scores, so that the smallest, such as a distance, gets the largest share."""
    return _softmax(-z)


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
    others = np.exp(shifted)
    if z.shape[-1]:
        top = shifted.argmax(axis=-1, keepdims=True)
        np.put_along_axis(others, top, 0.0 * np.take_along_axis(shifted, top, axis=-1), axis=-1)
    return shifted - np.log1p(others.sum(axis=-1, keepdims=True))


def _support(z):
    """The outputs, at most 1 below the maximum; True where they are positive; and how many those are, in each row."""
    top = z.max(axis=-1, keepdims=True, initial=-np.inf)
    # An entry 1 or more below the maximum has no share. Cut off there, no sum overflows; an infinite maximum is nan.
    z = np.maximum(z - top, -1.0) + 0.0 * top
    falling = -np.sort(-z, axis=-1)
    ranks = np.arange(1, z.shape[-1] + 1)
    # The k largest belong to the support as long as the k-th exceeds the threshold that they would have by themselves.
    inside = 1 + ranks * falling > np.cumsum(falling, axis=-1)
    count = inside.sum(axis=-1, keepdims=True)
    last = np.where(inside, falling, np.inf).min(axis=-1, keepdims=True, initial=np.inf)
    support = z >= last
    threshold = (np.where(support, z, 0.0).sum(axis=-1, keepdims=True) - 1) / count
    return np.where(support, z - threshold, np.abs(0.0 * z)), support, count


def _sparsemax_vjp(z, g):
    y, support, count = _support(z)
    mean = np.where(support, g, 0.0).sum(axis=-1, keepdims=True) / count
    return np.where(support, g - mean, 0.0 * y)


@vectorwise(
    formula="Piecewise((z[i] - tau(z), tau(z) < z[i]), (0, True))",
    family="output",
    vjp=_sparsemax_vjp,
    cite="martins2016softmax",
)
def sparsemax(z):
    """Sparsemax: the probabilities nearest to the scores; those of low scores are exactly 0.

    The threshold ``tau(z)`` is the number that makes the outputs sum to 1. A score that equals it has slope 0.
    """
    return _support(z)[0]


@elementwise(
    formula="exp(x)",
    family="output",
    df=lambda x, out=None: np.exp(x, out=out),
    d2f=lambda x, out=None: np.exp(x, out=out),
    keras="exponential", torch="exp", jax="numpy.exp",
)  # fmt: skip
def exponential(x, out=None):
    """Exponential: turns any number into a positive one, such as a rate."""
    return np.exp(x, out=out)
