"""The training of one cell: a learning rate chosen on validation data, then many networks with it."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from actlab.experiments.choosing.settings import OPTIMISERS, Settings
from actlab.experiments.digits import Split, split
from actlab.training import fit

TUNING_NETWORKS, TUNING_EPOCHS = 5, 10
NETWORKS, EPOCHS, BATCH_SIZE = 30, 20, 32
#: A network has got there once it tells this share of the validation digits.
ARRIVED = 0.9
#: A network has failed to train if it tells less than this share of the test digits; guessing tells a tenth.
FAILED = 0.5


@dataclass(frozen=True)
class Cell:
    """What is kept of the networks of one cell.

    ``validation`` has, for each learning rate that was tried, the mean accuracy of the networks that tried it; ``rate``
    is the one that was taken. Network by network, the same number meaning the same start and order of examples in all
    cells: ``accuracies`` on the test digits, ``arrivals`` the epochs until nine tenths of the validation digits were
    told, infinity if they never were. ``gradients`` has two rows, before and after the training: for each layer the
    median over the networks of the norm of the gradient of the training loss. ``dead`` has the shares of hidden units
    without slope on all training digits, before and after; nan for units that are merged. ``seconds`` is the processor
    time of an epoch of a network.
    """

    settings: Settings
    rate: float
    validation: tuple[float, ...]
    accuracies: tuple[float, ...]
    arrivals: tuple[float, ...]
    gradients: tuple[tuple[float, ...], tuple[float, ...]]
    dead: tuple[float, float]
    seconds: float

    @property
    def failed(self) -> np.ndarray:
        """Which networks failed to train, (networks,)."""
        return np.array(self.accuracies) < FAILED


def train_cell(settings: Settings, *, networks: int = NETWORKS, epochs: int = EPOCHS, seed: int = 0) -> Cell:
    """Choose a learning rate and train ``networks`` networks with it.

    Each rate is tried on five networks of another seed for half as many epochs, at most ten; taken is the one whose
    networks tell the most validation digits in the mean. The test digits play no part in that.
    """
    data = split()
    make, rates = OPTIMISERS[settings.optimiser]
    how = {
        "loss": "softmax_cross_entropy",
        "batch_size": BATCH_SIZE,
        "validation": (data.x_validation, data.y_validation),
    }
    # All rates at once: each one's networks are the same five.
    tried = settings.networks(TUNING_NETWORKS, seed + 1).select(np.tile(np.arange(TUNING_NETWORKS), len(rates)))
    optimiser = make(np.repeat(rates, TUNING_NETWORKS))
    tuned = fit(tried, data.x, data.y, epochs=min(TUNING_EPOCHS, epochs), optimiser=optimiser, seed=seed + 1, **how)
    validation = tuned.accuracies[-1].reshape(len(rates), TUNING_NETWORKS).mean(axis=1).tolist()
    rate = rates[int(np.argmax(validation))]
    start = settings.networks(networks, seed)
    begun = time.process_time()
    found = fit(start, data.x, data.y, epochs=epochs, optimiser=make(rate), seed=seed, snapshots=(0, epochs), **how)
    seconds = (time.process_time() - begun) / networks / epochs
    arrived = found.accuracies >= ARRIVED
    arrivals = np.where(arrived.any(axis=0), arrived.argmax(axis=0) + 1.0, np.inf)
    return Cell(
        settings,
        rate,
        tuple(validation),
        tuple(_accuracies(found, data).tolist()),
        tuple(arrivals.tolist()),
        tuple(tuple(np.median(seen.gradient_norms, axis=0).tolist()) for seen in found.snapshots),
        tuple(_mean(np.concatenate(seen.dead, axis=1)) for seen in found.snapshots),
        seconds,
    )


def _mean(dead: np.ndarray) -> float:
    return float(dead.mean()) if dead.size else float("nan")


def _accuracies(found, data: Split) -> np.ndarray:
    """The share of the test digits that each network tells, (networks,)."""
    with np.errstate(all="ignore"):  # a network that diverged answers nan, which is no answer
        logits = found.network(data.x_test)
    right = (logits.argmax(axis=-1) == data.y_test) & ~np.isnan(logits).any(axis=-1)
    return right.mean(axis=1)
