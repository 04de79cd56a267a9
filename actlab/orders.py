"""In which order a network meets the examples of an epoch.

Every network draws one permutation of its own, its arrangement. What is shuffled anew in every epoch is the same for a
group of ``GROUP`` networks: applied to independent arrangements it gives each network of the group a uniform order,
drawn anew in every epoch, and any two of them independent orders in each single epoch. So each network alone trains as
if all of its orders were its own, and gathering them costs little; only over several epochs together are two networks
of one group not quite independent, which is why a share over many networks is given an interval that knows the groups
(``actlab.statistics.Share.of``).

All of it follows from the seed and the number of the network, however many networks are trained together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

import numpy as np

Order = Literal["reshuffled", "independent", "fixed", "ascending"]

#: What each order is, in words for results.
ORDERS: dict[Order, str] = {
    "reshuffled": "shuffled anew in every epoch, by a shuffle that a group shares, of an arrangement of one's own",
    "independent": "shuffled anew in every epoch, by every network on its own",
    "fixed": "one permutation for each network, the same in every epoch",
    "ascending": "as the data come",
}
assert tuple(ORDERS) == get_args(Order)

GROUP = 256
_AHEAD = 50  # epochs whose shuffles are drawn by one call

# What a stream of random numbers is for, as the last number of its seed, and never 0: numpy takes (seed, n) and
# (seed, n, 0) for one, and with the first of them network n draws its weights.
_ARRANGEMENT, _SHUFFLE = 1, 2


def check(order: str) -> None:
    """Raise ValueError if there is no such order."""
    if order not in ORDERS:
        raise ValueError(f"order must be one of {', '.join(ORDERS)}; got {order!r}")


def groups(first: int, count: int) -> list[tuple[int, slice]]:
    """The groups that the networks ``first`` to ``first + count - 1`` belong to, each with its part of them."""
    last = first + count
    starts = range(first // GROUP * GROUP, last, GROUP)
    return [(start // GROUP, slice(max(start, first) - first, min(start + GROUP, last) - first)) for start in starts]


def arrangements(order: Order, seed: int, first: int, count: int, points: int) -> np.ndarray:
    """The networks' own permutations, (count, points); where the order needs none, those of the data as they come."""
    if order in ("ascending", "independent"):
        return np.broadcast_to(np.arange(points), (count, points))
    drawn = np.empty((count, points), np.intp)
    for group, part in groups(first, count):
        whole = np.tile(np.arange(points), (GROUP, 1))
        np.random.default_rng((seed, group, _ARRANGEMENT)).permuted(whole, axis=1, out=whole)
        offset = first + part.start - group * GROUP
        drawn[part] = whole[offset : offset + part.stop - part.start]
    return drawn


def epochs(order: Order, seed: int, first: int, count: int, points: int) -> Iterator[list[tuple[slice, np.ndarray]]]:
    """For one epoch after the other: parts of the networks, each with the shuffle of their arranged data.

    A shuffle is (points,), one for the whole part, or (networks of the part, points). An empty list leaves the data as
    they are arranged.
    """
    parts = groups(first, count)
    streams = [np.random.default_rng((seed, group, _SHUFFLE)) for group, _ in parts]
    while True:
        if order == "reshuffled":
            # Many at a time, row by row the same as one by one.
            several = np.tile(np.arange(points), (_AHEAD, 1))
            drawn = [rng.permuted(several, axis=1) for rng in streams]
            for epoch in range(_AHEAD):
                yield [(part, rows[epoch]) for rows, (_, part) in zip(drawn, parts, strict=True)]
        elif order == "independent":
            drawn = []
            for rng, (group, part) in zip(streams, parts, strict=True):
                whole = rng.permuted(np.tile(np.arange(points), (GROUP, 1)), axis=1)
                offset = first + part.start - group * GROUP
                drawn.append((part, whole[offset : offset + part.stop - part.start]))
            yield drawn
        else:
            yield []
