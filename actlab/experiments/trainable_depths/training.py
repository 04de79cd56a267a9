"""Training of deep networks on digits, from weights of a given variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from actlab.checks import whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.experiments.digits import digits
from actlab.initialisers import lecun_normal
from actlab.network import Network, initialise
from actlab.optimisers import SGD
from actlab.training import fit

EXAMPLES = 1024
MOMENTUM, BATCH_SIZE = 0.9, 32
#: Of the learning rates the one is taken with which a network learns best: depth shall fail, not a choice of ours.
RATES = (3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2)


@dataclass(frozen=True)
class DepthTraining:
    """Networks of one depth and start, trained with several learning rates.

    ``accuracies`` holds a row for each network: the share of the digits it was trained on that it then gets right, with
    each of ``rates``. Guessing gets a tenth of them right.
    """

    activation: Elementwise
    sigma_w2: float
    sigma_b2: float
    depth: int
    width: int
    epochs: int
    seed: int
    rates: tuple[float, ...]
    accuracies: tuple[tuple[float, ...], ...]

    @property
    def best(self) -> np.ndarray:
        """The accuracy of each network with the learning rate that suits it best, (networks,)."""
        return np.max(self.accuracies, axis=1)

    def __repr__(self) -> str:
        worst, median, best = np.quantile(self.best, (0, 0.5, 1))
        return (
            f"{self.activation}, sigma_w^2 = {self.sigma_w2:g}, sigma_b^2 = {self.sigma_b2:g}, {self.depth} layers of "
            f"width {self.width}, {len(self.accuracies)} networks, {self.epochs} epochs: "
            f"right {median:.0%} ({worst:.0%} to {best:.0%})"
        )


def train_depth(
    activation: str | Elementwise,
    depth: int,
    *,
    sigma_w2: float,
    sigma_b2: float,
    width: int = 100,
    networks: int = 3,
    epochs: int = 20,
    rates: Sequence[float] = RATES,
    seed: int = 0,
) -> DepthTraining:
    """Train networks of ``depth`` hidden layers to tell digits apart, each with every learning rate.

    Stochastic gradient descent with a momentum of 0.9 on the cross-entropy, 1024 digits in batches of 32, float32.

    Parameters
    ----------
    activation
        Of all hidden layers, or its name.
    depth, width
        Hidden layers, and units of each.
    sigma_w2, sigma_b2
        The weights are normal with variance ``sigma_w2`` / fan_in, the biases with variance ``sigma_b2``.
    networks, epochs, rates, seed
        Random starts, passes over the digits, learning rates, and the seed of the starts.
    """
    activation = get_elementwise(activation)
    for label, value in (("depth", depth), ("width", width), ("networks", networks), ("epochs", epochs)):
        whole_number(label, value, least=1)
    if not 0 <= sigma_b2 < np.inf:
        raise ValueError(f"sigma_b2 must be a finite number, 0 or more; got {sigma_b2!r}")
    x, y = (data[:EXAMPLES] for data in digits())
    start = _start(activation, (x.shape[1], *(width,) * depth, 10), networks, sigma_w2, sigma_b2, seed)
    accuracies = np.empty((networks, len(rates)))
    for column, rate in enumerate(rates):
        trained = fit(
            start, x, y, epochs=epochs, loss="softmax_cross_entropy", batch_size=BATCH_SIZE, seed=seed,
            optimiser=SGD(rate, momentum=MOMENTUM),
        ).network  # fmt: skip
        with np.errstate(all="ignore"):  # a network that diverged answers nan, and gets wrong what it gets wrong
            accuracies[:, column] = (trained(x).argmax(axis=-1) == y).mean(axis=1)
    return DepthTraining(
        activation,
        sigma_w2,
        sigma_b2,
        depth,
        width,
        epochs,
        seed,
        tuple(map(float, rates)),
        tuple(map(tuple, accuracies.tolist())),
    )


def _start(
    activation: Elementwise, widths: Sequence[int], networks: int, sigma_w2: float, sigma_b2: float, seed: int
) -> Network:
    start = initialise(widths, activation, networks=networks, seed=seed, initialiser=lecun_normal.with_scale(sigma_w2))
    # A generator of its own for each network, apart from the one that drew its weights.
    drawn = [np.random.default_rng((seed, number, 1)) for number in range(networks)]
    biases = tuple(
        np.sqrt(sigma_b2) * np.stack([rng.standard_normal(bias.shape[1:]) for rng in drawn]) for bias in start.biases
    )
    return replace(start, biases=biases)
