"""Merging functions: several entries of a vector give one output, so that the vector becomes shorter.

What stands between them in a network, a linear map for each entry, is the network's and not theirs.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from actlab.core import Param, vectorwise
from actlab.functions.kernels import FLUSHED, gate, times


def _halves(z):
    return np.split(z, 2, axis=-1)


def _mended(share, value, careful, *entries):
    """``value`` where the ``share`` it was computed from has all its digits, elsewhere ``careful(*entries)``.

    What the textbook formula spoils is rare, and the formula fast: a share that is tiny, 0 or nan gives it away.
    """
    spoilt = ~(np.abs(share) > 1e-290)
    if spoilt.any():
        value[spoilt] = careful(*(entry[spoilt] for entry in entries))
    return value


def _gated_anywhere(a, b):
    return np.where(np.isfinite(a), gate(a, b), a * (b > -np.inf))


def _gated(a, b):
    """a * sigmoid(b), also where an entry is infinite; inf * 0, which has no limit, is nan."""
    share = a / (1 + np.exp(-b))
    return _mended(share, share, _gated_anywhere, a, b)


def _joined(z, g, slopes):
    """The slopes of both halves as one vector: nan in a pair that holds nan, 0 for an output that does not count."""
    missing = np.isnan(z).reshape(*g.shape[:-1], 2, g.shape[-1]).any(axis=-2)
    return np.concatenate([np.where(g == 0, 0.0, np.where(missing, np.nan, slope)) for slope in slopes], axis=-1)


def _glu_vjp(z, g):
    a, b = _halves(z)
    h = np.exp(-0.5 * np.abs(b))
    # e^-|b| in two halves, each with one of the factors, so that the product underflows only where due.
    near = (a * h) * (g * h) / np.square(1 + h * h)
    return _joined(z, g, (_gated(g, b), np.where(np.isinf(a), a * g * np.isfinite(b), near)))


@vectorwise(
    formula="z[i]*sigma(z[i + m])",
    family="merging",
    vjp=_glu_vjp,
    inputs_per_output=2,
    cite="dauphin2017language",
    keras="glu", torch="nn.functional.glu", jax="nn.glu",
)  # fmt: skip
def glu(z):
    """Gated linear unit: the first half of the vector, each entry gated by the sigmoid of its partner in the second."""
    return _gated(*_halves(z))


def _swish_times(a, b, beta):
    """a * sigmoid(beta a) * b, also where an entry is infinite; inf * 0, which has no limit, is nan."""
    share = a / (1 + np.exp(-beta * a))
    return _mended(share, share * b, lambda a, b: _swish_times_anywhere(a, b, beta), a, b)


def _swish_times_anywhere(a, b, beta):
    z = times(beta, a)
    h = np.exp(-0.5 * np.abs(z))
    # At -inf the exponential wins against a. Before that it does not win against an infinite b.
    limited = np.where(np.isinf(a) & (z < 0), np.sign(a), a)
    # In this order a product that ends in range neither overflows nor underflows on the way.
    a_first = np.abs(limited) > np.abs(b)
    large, small = np.where(a_first, limited, b), np.where(a_first, b, limited)
    closed = np.where(np.abs(small) < 1, ((large * h) * small) * h, (large * h) * (small * h)) / (1 + h * h)
    opened = (large / (1 + h * h)) * small
    return np.where(z < 0, np.where(np.isinf(b) & np.isfinite(a), a * b, closed), opened)


def _swiglu_vjp(z, g, beta):
    a, b = _halves(z)
    z_gate = np.clip(times(beta, a), -FLUSHED, FLUSHED)
    h = np.exp(-0.5 * np.abs(z_gate))
    e = h * h
    closed = ((b * h) * ((1 + z_gate / (1 + e)) / (1 + e))) * (g * h)
    opened = (b * ((1 + ((z_gate * h) * h) / (1 + e)) / (1 + e))) * g
    return _joined(z, g, (np.where(z_gate < 0, closed, opened), _swish_times(a, g, beta)))


@vectorwise(
    formula="z[i]*sigma(beta*z[i])*z[i + m]",
    family="merging",
    vjp=_swiglu_vjp,
    inputs_per_output=2,
    params={"beta": Param(1.0, low=0.1, high=10.0, symbol="beta")},
    cite="shazeer2020glu",
)
def swiglu(z, beta):
    """Swish-gated linear unit: the first half of the vector passes through Swish and multiplies the second half.

    This is Shazeer's order; in ``glu`` it is the second half that goes through the sigmoid.
    """
    return _swish_times(*_halves(z), beta)


def _groups(z, pieces):
    return z.reshape(*z.shape[:-1], z.shape[-1] // pieces, pieces)


def _maxout_vjp(z, g, pieces):
    groups, g = _groups(z, pieces), g[..., np.newaxis]
    first = groups.argmax(axis=-1)[..., np.newaxis]
    missing = np.isnan(groups).any(axis=-1, keepdims=True) & (g != 0)
    return np.where(missing, np.nan, np.where(np.arange(pieces) == first, g, 0.0)).reshape(z.shape)


@vectorwise(
    formula="largest(z[pieces*(i - 1) + j], (j, 1, pieces))",
    family="merging",
    vjp=_maxout_vjp,
    inputs_per_output=lambda pieces: pieces,
    params={"pieces": Param(2, low=1, high=4, symbol="k", minimum=1, whole=True)},
    cite="goodfellow2013maxout",
)
def maxout(z, pieces):
    """Maxout: the largest of every ``pieces`` consecutive entries; among equal ones the first has the slope 1."""
    # Piece by piece: numpy is slow at the maximum of many short rows.
    return reduce(np.maximum, np.moveaxis(_groups(z, pieces), -1, 0))
