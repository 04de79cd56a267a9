"""ReLU networks that are constant before any training: how many, and what probability theory says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from actlab.checks import whole_number
from actlab.functions.rectifiers import relu
from actlab.initialisers import Initialiser, he_normal
from actlab.network import Network
from actlab.statistics import Share

Domain = Literal["point", "interval"]
#: Draws the weights (networks, fan_in, fan_out) and the biases (networks, 1, fan_out) of a layer.
Start = Callable[[np.random.Generator, int, int, int], tuple[np.ndarray, np.ndarray]]

_BLOCK = 1 << 22  # weights of one layer that are held at once
_RAI_DEVIATION = 0.6007


def point_probability(width: int, depth: int) -> float:
    """The probability that a network of ``depth`` layers, the output's included, is dead at one input other than 0.

    Whatever reaches a hidden layer, each of its units is negative with probability 1/2, and independently, if weights
    (and biases, if any) are independent and symmetric about 0. So a layer is dead with probability 2^-width.
    """
    _check_shape(width, depth)
    return float(-np.expm1((depth - 1) * np.log1p(-(2.0**-width))))


def interval_bounds(width: int, depth: int) -> tuple[float, float]:
    """Bounds for the probability that a network without biases is constant on an interval around 0.

    The upper one is that of a single input. The lower one lets the images of the two directions of the input be
    orthogonal until they are one. It is the probability itself for two or three layers, or for one unit a layer.

    Source: Lu et al. (2020). The lower bound holds for all weights that are independent and symmetric about 0.
    """
    _check_shape(width, depth)
    dead = 2.0**-width
    # For one direction of the input, and for two that differ: that a layer leaves them so.
    one, two = 1 - dead, 1 - 2 * dead - (width - 1) * dead**2
    part = (1 - 2 * dead) * (1 - dead) / (1 + (width - 1) * dead)
    return 1 - one ** (depth - 2) - part * (one ** (depth - 2) - two ** (depth - 2)), point_probability(width, depth)


def asymmetric(rng: np.random.Generator, networks: int, fan_in: int, fan_out: int) -> tuple[np.ndarray, np.ndarray]:
    """Randomised asymmetric initialisation: in each unit one number, a weight or the bias, is positive.

    The others are normal with deviation 0.6007 / sqrt(fan_in); the chosen one comes from the distribution Beta(2, 1).

    Source: Lu et al. (2020).
    """
    numbers = rng.normal(scale=_RAI_DEVIATION / np.sqrt(fan_in), size=(networks, fan_in + 1, fan_out))
    chosen = rng.integers(fan_in + 1, size=(networks, 1, fan_out))
    np.put_along_axis(numbers, chosen, rng.beta(2, 1, size=chosen.shape), axis=1)
    return numbers[:, :-1], numbers[:, -1:]


@dataclass(frozen=True, eq=False)
class BornDead:
    """Random ReLU networks, and where they are dead.

    ``died_at`` (networks,) is the first hidden layer, counted from 1, whose units are all 0 on the whole domain: from
    there on the network is constant, and no gradient passes. It is 0 if there is no such layer.
    """

    width: int
    depth: int
    domain: Domain
    start: str
    died_at: np.ndarray

    def share(self, depth: int | None = None) -> Share:
        """The share of dead networks; with ``depth`` what it would be if they had only so many layers, all included."""
        depth = self.depth if depth is None else depth
        whole_number("depth", depth, least=2)
        if depth > self.depth:
            raise ValueError(f"depth must be at most {self.depth}, that of the networks; got {depth}")
        return Share.of((self.died_at > 0) & (self.died_at < depth))

    def __repr__(self) -> str:
        return f"width {self.width}, depth {self.depth}, {self.start}, dead on the {self.domain}: {self.share()}"


def born_dead(
    width: int,
    depth: int,
    *,
    domain: Domain = "interval",
    start: Initialiser | Start = he_normal,
    bias: float | None = None,
    radius: float = 1.0,
    networks: int = 100_000,
    seed: int = 0,
) -> BornDead:
    """Draw ReLU networks of one input and see which are dead.

    The decision is exact but for rounding, not a matter of test inputs. Without biases a network is linear on either
    side of 0, so the two ends of an interval around 0 tell. With biases the hidden layers are piecewise linear, and
    every place where a piece ends is computed.

    Parameters
    ----------
    width, depth
        Units of each hidden layer, and layers with weights: ``depth - 1`` hidden ones and the output.
    domain
        "interval" from -``radius`` to ``radius``, or the "point" ``radius``.
    start
        An initialiser, with its own biases if it has some, or a function such as ``asymmetric``.
    bias
        What all biases are instead, if given.
    networks, seed
        How many are drawn, and from where.
    """
    _check_shape(width, depth)
    whole_number("networks", networks, least=1)
    whole_number("seed", seed, least=0)
    if domain not in get_args(Domain):
        raise ValueError(f"domain must be one of {', '.join(get_args(Domain))}; got {domain!r}")
    if not 0 < radius < np.inf:
        raise ValueError(f"radius must be positive and finite; got {radius!r}")
    if bias is not None and not np.isfinite(bias):
        raise ValueError(f"bias must be finite; got {bias!r}")
    draw = _drawing(start)
    rng = np.random.default_rng(seed)
    most = max(1, _BLOCK // width**2)
    sizes = [min(most, networks - done) for done in range(0, networks, most)]
    ends = (radius,) if domain == "point" else (-radius, radius)
    died_at = np.concatenate([_died_at(rng, size, width, depth, ends, draw, bias) for size in sizes])
    return BornDead(width, depth, domain, name_of(start), died_at)


def name_of(start: Initialiser | Start) -> str:
    """What a start is called."""
    return getattr(start, "__name__", repr(start))


def _check_shape(width: int, depth: int) -> None:
    whole_number("width", width, least=1)
    whole_number("depth", depth, least=2)


def narrow_networks(
    width: int, depth: int, *, start: Initialiser | Start = he_normal, networks: int = 1000, seed: int = 0
) -> Network:
    """ReLU networks of one input and one output as ``born_dead`` draws them, with the output's weights."""
    _check_shape(width, depth)
    whole_number("networks", networks, least=1)
    whole_number("seed", seed, least=0)
    draw, rng = _drawing(start), np.random.default_rng(seed)
    widths = (1, *(width,) * (depth - 1), 1)
    layers = [draw(rng, networks, fan_in, fan_out) for fan_in, fan_out in pairwise(widths)]
    return Network(*zip(*layers, strict=True), relu)


def _drawing(rule: Initialiser | Start) -> Start:
    """What draws a layer of many networks at once."""
    if not callable(rule):
        raise TypeError(f"start must be an initialiser or a function such as asymmetric; got {rule!r}")
    if not isinstance(rule, Initialiser):
        return rule

    def draw(rng, networks, fan_in, fan_out):
        if rule.distribution == "orthogonal":
            weights = np.stack([rule(rng, fan_in, fan_out) for _ in range(networks)])
        else:
            # One wide layer whose weights have the variance that those of the narrow ones should have.
            wide = rule.variance(fan_in, networks * fan_out) / rule.scale
            flat = rule.with_scale(rule.variance(fan_in, fan_out) / wide)(rng, fan_in, networks * fan_out)
            weights = flat.reshape(fan_in, networks, fan_out).swapaxes(0, 1)
        limit = rule.bias_limit(fan_in)
        return weights, rng.uniform(-limit, limit, (networks, 1, fan_out)) if limit else np.zeros(
            (networks, 1, fan_out)
        )

    return draw


def _died_at(rng, networks: int, width: int, depth: int, ends, draw: Start, bias: float | None) -> np.ndarray:
    died_at = np.zeros(networks, int)
    x = np.tile(np.array(ends, np.float64), (networks, 1))
    values = x[:, :, np.newaxis]
    for layer in range(1, depth):
        weights, biases = draw(rng, networks, values.shape[2], width)
        if bias is not None:
            biases = np.full_like(biases, bias)
        if biases.any():
            x, values = through_layer(x, values, weights, biases)
        else:
            values = np.maximum(values @ weights, 0)
        died_at[(died_at == 0) & ~values.any(axis=(1, 2))] = layer
    return died_at


def through_layer(
    x: np.ndarray, values: np.ndarray, weights: np.ndarray, biases: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What a ReLU layer makes of functions of one variable that are linear between given places.

    ``x`` (networks, places) ascends, and ``values`` (networks, places, units) are the functions there. Returns the
    same of the layer's units: places are added where a unit passes 0. Networks with fewer places repeat their last.
    """
    z = values @ weights + biases
    left, right = z[:, :-1], z[:, 1:]
    passes = np.sign(left) * np.sign(right) < 0
    if not passes.any():
        return x, np.maximum(z, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = np.where(passes, left / (left - right), np.nan)
    # (networks, gaps, unit that passes 0, units)
    added = left[:, :, np.newaxis] + part[..., np.newaxis] * (right - left)[:, :, np.newaxis]
    places = x[:, :-1, np.newaxis] + part * np.diff(x, axis=1)[..., np.newaxis]
    every = np.concatenate([x, places.reshape(len(x), -1)], axis=1)
    z = np.concatenate([z, added.reshape(len(x), -1, z.shape[2])], axis=1)
    counts = np.sum(~np.isnan(every), axis=1, keepdims=True)
    order = np.argsort(every, axis=1, kind="stable")  # those that are not places come last
    kept = np.minimum(np.arange(counts.max()), counts - 1)
    order = np.take_along_axis(order, kept, axis=1)
    chosen = np.take_along_axis(z, order[..., np.newaxis], axis=1)
    return np.take_along_axis(every, order, axis=1), np.maximum(chosen, 0)
