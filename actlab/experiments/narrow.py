"""Very narrow and deep ReLU networks that are to learn abs(x), and become constant instead."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actlab.experiments.born_dead import Start, name_of, narrow_networks
from actlab.initialisers import Initialiser, he_normal
from actlab.optimisers import Adam, Optimiser
from actlab.statistics import Share
from actlab.training import Snapshot, fit

LEARNT = 0.01


@dataclass(frozen=True, eq=False)
class NarrowTraining:
    """Which networks are constant on the data, because some hidden layer is 0 at all of it.

    ``born`` and ``ended`` (networks,) say so before and after the training, ``losses`` (networks,) is the mean squared
    error after it.
    """

    width: int
    depth: int
    start: str
    born: np.ndarray
    ended: np.ndarray
    losses: np.ndarray

    @property
    def collapsed(self) -> Share:
        """The share of networks that are constant at the end."""
        return Share.of(self.ended)

    @property
    def killed(self) -> Share:
        """Of the networks that were alive at the start, the share that the training made constant."""
        return Share.of(self.ended[~self.born])

    @property
    def learnt(self) -> Share:
        """The share of networks with a loss below ``LEARNT``."""
        return Share.of(self.losses < LEARNT)

    def __repr__(self) -> str:
        return (
            f"abs(x), width {self.width}, depth {self.depth}, {self.start}:\n"
            f"  constant before {Share.of(self.born)}\n"
            f"  constant after  {self.collapsed}\n"
            f"  loss below {LEARNT:g} {self.learnt}"
        )


def learn_absolute(
    *,
    width: int = 2,
    depth: int = 10,
    start: Initialiser | Start = he_normal,
    optimiser: Optimiser | None = None,
    epochs: int = 500,
    networks: int = 1000,
    seed: int = 0,
) -> NarrowTraining:
    """Train networks on abs(x) at 128 even points of [-sqrt(3), sqrt(3)], in batches of 32.

    Lu et al. (2020) did so with 1000 networks. What of their data and training is not said here is our choice.

    Parameters
    ----------
    width, depth
        Units of each hidden layer, and layers with weights.
    start
        An initialiser, or a function such as ``asymmetric``.
    optimiser, epochs
        By default Adam(0.001), and passes over the data.
    networks, seed
        Random starts.
    """
    x = np.linspace(-np.sqrt(3), np.sqrt(3), 128)[:, np.newaxis]
    network = narrow_networks(width, depth, start=start, networks=networks, seed=seed)
    training = fit(
        network, x, np.abs(x), epochs=epochs, optimiser=Adam() if optimiser is None else optimiser,
        order="independent", seed=seed, snapshots=(0, epochs),
    )  # fmt: skip
    first, last = training.snapshots[0], training.snapshots[-1]
    return NarrowTraining(width, depth, name_of(start), _constant(first), _constant(last), last.loss)


def _constant(snapshot: Snapshot) -> np.ndarray:
    """Whether all units of some hidden layer are dead, (networks,)."""
    return np.any([dead.all(axis=1) for dead in snapshot.dead], axis=0)
