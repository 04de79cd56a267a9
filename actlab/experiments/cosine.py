"""The cosine fit: networks of a few hidden units learn cos(x) + 1 over one period, thousands of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from os import PathLike
from typing import Literal

import numpy as np

from actlab import orders, sweep
from actlab.checks import whole_number
from actlab.core import Activation, Elementwise, get
from actlab.initialisers import glorot_uniform
from actlab.network import initialise
from actlab.optimisers import Adam
from actlab.statistics import Share
from actlab.training import Backend, fit

POINTS = 100
LEARNING_RATE = 0.04
BATCH_SIZE = 32

Inputs = Literal["given", "centred", "standardised"]

#: What is done to x before the networks see it.
INPUTS: dict[Inputs, Callable[[np.ndarray], np.ndarray]] = {
    "given": lambda x: x,
    "centred": lambda x: x - np.pi,
    "standardised": lambda x: (x - np.pi) / _SPREAD,
}

# Networks trained by one task of a sweep: whole groups of those that share a shuffle, as many as two hidden units let
# be trained together.
_TASK = 12 * orders.GROUP
# Of the epochs' losses every so many are kept.
_KEPT = 10


def cosine_data() -> tuple[np.ndarray, np.ndarray]:
    """The training set: x and cos(x) + 1 at 100 evenly spaced points from 0 to 2 pi, each (points,)."""
    x = np.linspace(0, 2 * np.pi, POINTS)
    return x, np.cos(x) + 1


_SPREAD = float(np.std(cosine_data()[0]))


@dataclass(frozen=True, eq=False)
class CosineFits:
    """Many trained networks of one hidden layer.

    ``numbers`` (networks,) tells them apart among all that belong to the seed. ``loss`` (networks,) is the mean squared
    error over all points after the training; nan or infinity where it diverged. ``dead`` and ``born_dead`` (networks,
    hidden) say whether a unit's derivative is 0 at every point, after the training and before it. ``hidden_weights``,
    ``hidden_biases`` and ``output_weights`` are (networks, hidden), ``output_biases`` (networks,). ``course``
    (recorded, networks) holds the loss that the training reported for the epochs in ``recorded``. ``order`` is the
    order of the batches, see ``actlab.orders``.
    """

    activation: Elementwise
    seed: int
    learning_rate: float
    order: orders.Order
    inputs: Inputs
    recorded: np.ndarray
    numbers: np.ndarray
    loss: np.ndarray
    dead: np.ndarray
    born_dead: np.ndarray
    course: np.ndarray
    hidden_weights: np.ndarray
    hidden_biases: np.ndarray
    output_weights: np.ndarray
    output_biases: np.ndarray

    @property
    def networks(self) -> int:
        """How many were trained."""
        return len(self.loss)

    @property
    def hidden(self) -> int:
        """Hidden units of each network."""
        return self.dead.shape[1]

    @property
    def epochs(self) -> int:
        """Passes over the data."""
        return int(self.recorded[-1])

    @property
    def killed(self) -> np.ndarray:
        """The units that were alive before the training and are dead after it, (networks, hidden)."""
        return self.dead & ~self.born_dead

    @property
    def diverged(self) -> np.ndarray:
        """The networks whose loss is no finite number, (networks,)."""
        return ~np.isfinite(self.loss)

    @property
    def bend_places(self) -> np.ndarray:
        """The x as in ``cosine_data`` at which a unit's pre-activation is 0, (networks, hidden)."""
        seen = -self.hidden_biases / self.hidden_weights
        x, _ = cosine_data()
        low, high = INPUTS[self.inputs](x)[[0, -1]]
        return x[0] + (seen - low) * (x[-1] - x[0]) / (high - low)

    def share(self, outcomes: np.ndarray) -> Share:
        """The share of networks for which ``outcomes`` (networks,) is true.

        Where networks share shuffles in groups, its interval takes account of that.
        """
        if np.shape(outcomes) != (self.networks,):
            raise ValueError(f"outcomes must be ({self.networks},), one for each network; got {np.shape(outcomes)}")
        if self.order != "reshuffled":
            return Share.of(outcomes)
        # Hundreds of starts lie between two networks of one shuffle: where none differs, they count as independent.
        return Share.of(outcomes, groups=self.numbers // orders.GROUP, supposed=1.0)

    def unit_share(self, outcomes: np.ndarray, among: np.ndarray | bool = True) -> Share:
        """The share of units for which ``outcomes`` (networks, hidden) is true, of those for which ``among`` is.

        Its interval takes account of units that belong to one network, or to networks that share shuffles.
        """
        if np.shape(outcomes) != self.dead.shape:
            raise ValueError(f"outcomes must be {self.dead.shape}, one for each unit; got {np.shape(outcomes)}")
        among = np.broadcast_to(among, self.dead.shape)
        together = orders.GROUP if self.order == "reshuffled" else 1
        numbers = self.numbers[np.nonzero(among)[0]]
        # Where none differs, networks count as independent, as in ``share``, but not the units of one network.
        alike = len(numbers) / max(1, len(np.unique(numbers)))
        return Share.of(outcomes[among], groups=numbers // together, supposed=alike)

    def success(self, threshold: float) -> Share:
        """The share of networks whose final loss is below ``threshold``."""
        if not threshold > 0:
            raise ValueError(f"threshold must be above 0; got {threshold!r}")
        return self.share(self.loss < threshold)

    def epochs_to(self, threshold: float) -> np.ndarray:
        """The first recorded epoch whose loss is below ``threshold``, (networks,); infinity where there is none."""
        below = self.course < threshold
        return np.where(below.any(axis=0), self.recorded[below.argmax(axis=0)], np.inf)

    def pre_activations(self, x: np.ndarray) -> np.ndarray:
        """w x + b of each hidden unit, (networks, points, hidden), for ``x`` (points,) as in ``cosine_data``."""
        seen = INPUTS[self.inputs](np.asarray(x, dtype=np.float64))
        return seen[:, np.newaxis] * self.hidden_weights[:, np.newaxis] + self.hidden_biases[:, np.newaxis]

    def contributions(self, x: np.ndarray) -> np.ndarray:
        """What each hidden unit adds to the output, (networks, points, hidden)."""
        return self.activation(self.pre_activations(x)) * self.output_weights[:, np.newaxis]

    def predict(self, x: np.ndarray) -> np.ndarray:
        """The outputs (networks, points) for ``x`` (points,)."""
        return self.contributions(x).sum(axis=2) + self.output_biases[:, np.newaxis]

    def select(self, which: np.ndarray) -> CosineFits:
        """Some of the networks, by an array of booleans or of numbers."""
        which = np.arange(self.networks)[which]
        kept = {name: getattr(self, name)[which] for name in _PER_NETWORK}
        return CosineFits(**{**self.__dict__, **kept, "course": self.course[:, which]})

    def __repr__(self) -> str:
        return (
            f"CosineFits({self.activation}, hidden={self.hidden}, networks={self.networks}, epochs={self.epochs}, "
            f"learning_rate={self.learning_rate:g}, order={self.order!r}, inputs={self.inputs!r}, seed={self.seed}, "
            f"median loss={np.median(self.loss):.3g})"
        )


_PER_NETWORK = (
    "numbers", "loss", "dead", "born_dead", "hidden_weights", "hidden_biases", "output_weights", "output_biases",
)  # fmt: skip


def cosine_fit(
    activation: str | Activation,
    hidden: int = 2,
    networks: int = 10_000,
    epochs: int = 300,
    learning_rate: float = LEARNING_RATE,
    order: orders.Order = "reshuffled",
    seed: int = 0,
    executor: Executor | None = None,
    *,
    inputs: Inputs = "given",
    initialiser: Callable[[np.random.Generator, int, int], np.ndarray] = glorot_uniform,
    bias_limit: float | Sequence[float] = 0.0,
    dtype: str = "float32",
    backend: Backend = "numpy",
    progress: bool = False,
    save: str | PathLike | None = None,
) -> CosineFits:
    """Train ``networks`` networks of one hidden layer on the cosine: mean squared error, Adam, batches of 32.

    As in Keras the weights start from Glorot's uniform distribution and the biases from 0, unless ``initialiser`` and
    ``bias_limit`` say otherwise (see ``actlab.network.initialise``). Network i of a seed is the same however many are
    trained, and wherever.

    Parameters
    ----------
    activation
        The hidden units' activation, or its name: any that maps each number on its own.
    hidden, networks, epochs, seed
        Whole numbers: hidden units, networks, passes over the data, and the seed of weights and orders.
    learning_rate
        That of Adam.
    order
        The order of the batches: "reshuffled", "independent", "fixed" or "ascending", see ``actlab.orders``.
    executor, progress, save
        Where it is computed, whether a bar shows how far it is, and a folder that keeps what is done, so that an
        interrupted call goes on from there; see ``actlab.sweep.run``.
    inputs
        Whether the networks see x as it is "given", from 0 to 2 pi, "centred" at 0, or "standardised" to deviation 1.
    initialiser, bias_limit
        How weights and biases are drawn, see ``actlab.network.initialise``.
    dtype, backend
        "float32" or "float64", in numpy or compiled by "numba"; see ``actlab.training.fit``.
    """
    activation = get(activation)
    if not isinstance(activation, Elementwise):
        raise ValueError(f"hidden units need an activation that maps each number on its own; got {activation}")
    for name, value in (("hidden", hidden), ("networks", networks), ("epochs", epochs)):
        whole_number(name, value, least=1)
    whole_number("seed", seed, least=0)
    orders.check(order)
    if np.ndim(learning_rate):
        raise ValueError(f"learning_rate must be one number; got {learning_rate!r}")
    if inputs not in INPUTS:
        raise ValueError(f"inputs must be one of {', '.join(INPUTS)}; got {inputs!r}")
    task = partial(
        _train, activation=activation, hidden=hidden, epochs=epochs, optimiser=Adam(learning_rate), order=order,
        seed=seed, inputs=inputs, initialiser=initialiser, bias_limit=bias_limit, dtype=dtype,
        backend=backend,
    )  # fmt: skip
    found = sweep.run(task, networks, block=_TASK, executor=executor, progress=progress, save=save)
    recorded = _recorded(epochs)
    return CosineFits(
        activation, seed, float(learning_rate), order, inputs, recorded, np.arange(networks),
        **{**found, "course": found["course"].T},
    )  # fmt: skip


def _recorded(epochs: int) -> np.ndarray:
    """The epochs whose losses are kept, counted from 1: every tenth, and the last."""
    return np.unique([*range(_KEPT, epochs + 1, _KEPT), epochs])


def _train(
    first: int, count: int, *,
    activation, hidden, epochs, optimiser, order, seed, inputs, initialiser, bias_limit, dtype, backend,
) -> dict[str, np.ndarray]:  # fmt: skip
    x, y = cosine_data()
    x = INPUTS[inputs](x)[:, np.newaxis]
    start = initialise(
        (1, hidden, 1), activation, networks=count, seed=seed, first=first, initialiser=initialiser,
        bias_limit=bias_limit,
    )  # fmt: skip
    done = fit(
        start, x, y, epochs=epochs, optimiser=optimiser, batch_size=BATCH_SIZE, order=order, seed=seed, first=first,
        dtype=dtype, backend=backend, snapshots=(0, epochs),
    )  # fmt: skip
    before, after = done.snapshots
    (hidden_weights, output_weights), (hidden_biases, output_biases) = done.network.weights, done.network.biases
    return {
        "loss": after.loss,
        "dead": after.dead[0],
        "born_dead": before.dead[0],
        "course": done.losses[_recorded(epochs) - 1].T,
        "hidden_weights": hidden_weights[:, 0],
        "hidden_biases": hidden_biases[:, 0],
        "output_weights": output_weights[:, :, 0],
        "output_biases": output_biases[:, 0, 0],
    }
