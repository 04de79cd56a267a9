"""Units of deep networks that die in training, and those that come back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from actlab.checks import whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.initialisers import Initialiser, he_uniform
from actlab.network import initialise
from actlab.optimisers import Adam, Optimiser
from actlab.statistics import Share
from actlab.training import fit

_DATA_SEED = 0


@dataclass(frozen=True, eq=False)
class Deaths:
    """Which hidden units of many networks are dead at which epoch of their training.

    A unit is dead if its activation has slope 0 at all points of the data. ``dead`` holds an array (looks, networks,
    units) for each hidden layer, ``epochs`` (looks,) says when, 0 being the start. ``losses`` (networks,) is the last
    epoch's loss. The shares are those of networks that have not diverged, None if there is nothing to take a share of.
    Units of a network share its fate, so the intervals count networks as groups.
    """

    activation: Elementwise
    optimiser: Optimiser
    epochs: np.ndarray
    dead: tuple[np.ndarray, ...]
    losses: np.ndarray

    @property
    def layers(self) -> int:
        """How many hidden layers the networks have."""
        return len(self.dead)

    @property
    def diverged(self) -> Share:
        """The share of networks whose loss is no number any more."""
        return Share.of(~np.isfinite(self.losses))

    def select(self, networks: slice | np.ndarray) -> Deaths:
        """Some of the networks."""
        return replace(self, dead=tuple(dead[:, networks] for dead in self.dead), losses=self.losses[networks])

    def share(self, layer: int | None = None, *, look: int = -1) -> Share | None:
        """The share of units of a hidden layer, counted from 1, or of all of them, that are dead at a look."""
        layers = range(1, self.layers + 1) if layer is None else (layer,)
        return _grouped(np.concatenate([self._of(number)[look] for number in layers], axis=1))

    def killed(self, layer: int) -> Share | None:
        """Of a layer's units that were alive at the start, the share that is dead at the end."""
        dead = self._of(layer)
        return _grouped(dead[-1], among=~dead[0])

    def revived(self, layer: int, *, born: bool | None = None) -> Share | None:
        """Of a layer's units that were dead at a look before the last, the share that was alive at a later one.

        ``born`` asks only for those that were dead at the start, if it is true, or for the others, if it is false.
        """
        dead = self._of(layer)
        died = dead[:-1].any(axis=0)
        if born is not None:
            died = died & (dead[0] == born)
        return _grouped((dead[:-1] & ~dead[1:]).any(axis=0), among=died)

    def alive_at_last(self, layer: int) -> Share | None:
        """Of the units that ``revived`` asks about, the share that is alive at the end: a unit may die again."""
        dead = self._of(layer)
        return _grouped(~dead[-1], among=dead[:-1].any(axis=0))

    def _of(self, layer: int) -> np.ndarray:
        whole_number("layer", layer, least=1)
        if layer > self.layers:
            raise ValueError(f"layer must be at most {self.layers}; got {layer}")
        return self.dead[layer - 1][:, np.isfinite(self.losses)]

    def __repr__(self) -> str:
        networks = len(self.losses)
        lines = [
            f"{self.activation}, {networks} networks, {self.epochs[-1]} epochs; dead at first, at last, came back:"
        ]
        for layer in range(1, self.layers + 1):
            shares = self.share(layer, look=0), self.share(layer), self.revived(layer)
            first, last, back = ("none" if share is None else f"{share.value:.1%}" for share in shares)
            lines.append(f"  layer {layer}: {first}, {last}, {back}")
        return "\n".join(lines)


def _grouped(outcomes: np.ndarray, *, among: np.ndarray | None = None) -> Share | None:
    """The share of true values of an array (networks, units), where ``among`` is true."""
    groups = np.broadcast_to(np.arange(len(outcomes))[:, np.newaxis], outcomes.shape)
    keep = np.ones_like(outcomes) if among is None else among
    return Share.of(outcomes[keep], groups=groups[keep]) if keep.any() else None


def two_moons(points: int = 128, *, noise: float = 0.2) -> tuple[np.ndarray, np.ndarray]:
    """Points (points, 2) of two interlocked half circles with noise, centred, and their labels 0 or 1 (points,)."""
    whole_number("points", points, least=2)
    angles = np.linspace(0, np.pi, points // 2)
    upper = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    angles = np.linspace(0, np.pi, points - points // 2)
    lower = np.stack([1 - np.cos(angles), 0.5 - np.sin(angles)], axis=1)
    x = np.concatenate([upper, lower]) - (0.5, 0.25)
    x += noise * np.random.default_rng(_DATA_SEED).normal(size=x.shape)
    return x, np.repeat([0, 1], [len(upper), len(lower)])


def follow_deaths(
    activation: str | Elementwise = "relu",
    *,
    width: int = 16,
    layers: int = 3,
    optimiser: Optimiser | None = None,
    epochs: int = 200,
    every: int = 1,
    batch_size: int = 32,
    initialiser: Initialiser = he_uniform,
    networks: int = 100,
    seed: int = 0,
) -> Deaths:
    """Train classifiers of the two moons and look after every so many epochs which units are dead.

    Parameters
    ----------
    activation
        The hidden units' activation, or its name.
    width, layers
        Units of each hidden layer, and hidden layers.
    optimiser
        By default Adam(0.01); its learning rate may be an array (networks,).
    epochs, every, batch_size
        Passes over the 128 points, after how many of them to look, and points in a batch.
    initialiser, networks, seed
        Random starts; biases are 0, unless the initialiser has some.
    """
    activation = get_elementwise(activation)
    whole_number("layers", layers, least=1)
    whole_number("epochs", epochs, least=1)
    whole_number("every", every, least=1)
    optimiser = Adam(0.01) if optimiser is None else optimiser
    x, labels = two_moons()
    widths = (2, *(width,) * layers, 2)
    limits = [initialiser.bias_limit(fan_in) for fan_in in widths[:-1]]
    start = initialise(widths, activation, networks=networks, seed=seed, initialiser=initialiser, bias_limit=limits)
    looks = sorted({*range(0, epochs, every), epochs})
    training = fit(
        start, x, labels, epochs=epochs, optimiser=optimiser, loss="softmax_cross_entropy", batch_size=batch_size,
        order="independent", seed=seed, snapshots=looks,
    )  # fmt: skip
    dead = tuple(np.stack([s.dead[layer] for s in training.snapshots]) for layer in range(layers))
    return Deaths(activation, optimiser, np.array(looks), dead, training.losses[-1])
