"""The cosine fit trained by the real Keras some hundred times for each activation, to confirm what the ensembles show.

``python -m actlab.confirmation --output actlab/recorded/keras-fits.json`` trains and writes the record. Each training
is one call of ``model.fit``, in Keras' default precision float32, from the initial weights that Keras draws for a new
model after ``keras.utils.set_random_seed(seed)``; ``tf.data`` shuffles all points anew for every epoch. Run epoch by
epoch with the default settings, the same batches give the same weights bit for bit.

Every training is made twice, the second time from initial weights that are one ulp larger. Where that changes the final
loss, the training passes a point from which rounding errors grow, and no other machine need repeat the loss.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from actlab import tf
from actlab.checks import whole_number
from actlab.commands import add_output, whole
from actlab.core import Elementwise, get
from actlab.experiments.cosine import BATCH_SIZE, LEARNING_RATE, cosine_data
from actlab.keras_reference import Model, Optimizer, compiled
from actlab.network import Network
from actlab.optimisers import Adam
from actlab.statistics import Share, same_probability
from actlab.training import fit

UNITS = 2
EPOCHS = 300
TRAININGS = 300
DTYPE = "float32"
COMMAND = "python -m actlab.confirmation"
_RECORD = Path(__file__).with_name("recorded") / "keras-fits.json"


@dataclass(frozen=True, eq=False)
class KerasFits:
    """The trainings of one activation: ``seeds`` and final ``losses`` at all points, (trainings,).

    ``born_dead`` and ``dead``, (trainings, units), say of which hidden units the derivative is 0 at every point before
    and after the training. ``ulps`` is by how many float32 numbers the initial weights were enlarged.
    """

    activation: Elementwise
    ulps: int
    seeds: np.ndarray
    losses: np.ndarray
    born_dead: np.ndarray
    dead: np.ndarray

    def below(self, threshold: float) -> Share:
        """The share of trainings whose final loss is below the threshold."""
        return Share.of(self.losses < threshold)

    def above(self, threshold: float) -> Share:
        """The share of trainings whose final loss is above the threshold."""
        return Share.of(self.losses > threshold)

    def with_dead(self, units: int, *, born: bool = False) -> Share:
        """The share of trainings with at least so many dead units at the end, or before the training."""
        whole_number("units", units, least=1)
        return Share.of((self.born_dead if born else self.dead).sum(axis=1) >= units)

    def __repr__(self) -> str:
        return f"KerasFits({self.activation}, ulps={self.ulps}, trainings={self.seeds.size})"


@dataclass(frozen=True)
class Comparison:
    """One question put to two samples: its answer in Keras and in the other, and Fisher's exact p-value of equality."""

    question: str
    keras: Share
    other: Share

    @property
    def p_value(self) -> float:
        """How often samples of one probability would be as far apart as these, or farther."""
        return same_probability(self.keras, self.other)

    def __str__(self) -> str:
        return f"{self.question}: Keras {self.keras}, other {self.other}, p = {self.p_value:.2g}"


@dataclass(frozen=True, eq=False)
class Record:
    """What the command wrote: where the trainings come from, and the trainings by activation and ``ulps``."""

    provenance: dict[str, Any]
    fits: tuple[KerasFits, ...]

    def of(self, activation: str | Elementwise, ulps: int = 0) -> KerasFits:
        """The trainings of one activation.

        Raises
        ------
        ValueError
            If there are none.
        """
        activation = get(activation)
        for found in self.fits:
            if found.activation == activation and found.ulps == ulps:
                return found
        held = ", ".join(f"{found.activation} with ulps={found.ulps}" for found in self.fits)
        raise ValueError(f"no trainings of {activation} with ulps={ulps} are recorded; recorded are {held}")

    def steady(self, activation: str | Elementwise, tolerance: float = 1e-4) -> np.ndarray:
        """Of which trainings, (trainings,), the final loss changes by so little, relatively, with the initial ulp."""
        one, other = self.of(activation).losses, self.of(activation, ulps=1).losses
        return np.abs(other - one) <= tolerance * one

    def save(self, path: Path) -> None:
        """Write the record as JSON, a line for each training."""
        blocks = []
        for fits in self.fits:
            columns = (fits.seeds, fits.losses, fits.born_dead.astype(int), fits.dead.astype(int))
            rows = ",\n".join(json.dumps(row) for row in zip(*(column.tolist() for column in columns), strict=True))
            head = {"activation": fits.activation.name, "parameters": dict(fits.activation.values), "ulps": fits.ulps}
            blocks.append(json.dumps(head)[:-1] + f', "trainings": [\n{rows}\n]}}')
        head = {"provenance": self.provenance, "columns": _COLUMNS}
        path.write_text(json.dumps(head, indent=1)[:-2] + ',\n "fits": [\n' + ",\n".join(blocks) + "\n]\n}\n", "utf-8")


_COLUMNS = ["seed", "loss", "born_dead", "dead"]


@cache
def load(path: Path = _RECORD) -> Record:
    """The record in a file, by default the one that comes with the package."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if data["columns"] != _COLUMNS:
        raise ValueError(f"{path.name} must have the columns {_COLUMNS}; it has {data['columns']}: run {COMMAND} anew")
    fits = []
    for block in data["fits"]:
        seeds, losses, born_dead, dead = (np.array(column) for column in zip(*block["trainings"], strict=True))
        activation = get(block["activation"]).with_params(**block["parameters"])
        fits.append(KerasFits(activation, block["ulps"], seeds, losses, born_dead == 1, dead == 1))
    return Record(data["provenance"], tuple(fits))


def train(activation: str | Elementwise, seeds: Iterable[int], *, ulps: int = 0) -> KerasFits:
    """Train the cosine fit with Keras once for each seed."""
    activation, seeds = get(activation), tuple(seeds)
    model = compiled(activation, UNITS, Optimizer(learning_rate=LEARNING_RATE), DTYPE)
    rows = [_train(model, activation, seed, ulps) for seed in seeds]
    losses, born_dead, dead = (np.array(column) for column in zip(*rows, strict=True))
    return KerasFits(activation, ulps, np.array(seeds), losses, born_dead, dead)


def _train(model: Model, activation: Elementwise, seed: int, ulps: int) -> tuple[float, np.ndarray, np.ndarray]:
    x, target = cosine_data()
    weights = initial_weights(seed)
    for _ in range(ulps):
        weights[::2] = [np.nextafter(weight, np.float32(np.inf)) for weight in weights[::2]]
    model.restart(weights)
    born_dead = _dead(activation, x, model.weights)
    model.fit(batches(x.astype(DTYPE), target.astype(DTYPE), seed=seed))
    return model.loss(x, target), born_dead, _dead(activation, x, model.weights)


def _dead(activation: Elementwise, x: np.ndarray, weights: Sequence[np.ndarray]) -> np.ndarray:
    return np.all(activation.derivative(x.astype(DTYPE)[:, np.newaxis] @ weights[0] + weights[1]) == 0, axis=0)


def initial_weights(seed: int) -> list[np.ndarray]:
    """The weights of a new Keras model after ``keras.utils.set_random_seed(seed)``."""
    with tf.precision(DTYPE) as keras:
        keras.utils.set_random_seed(seed)
        return keras.Sequential([keras.Input((1,)), keras.layers.Dense(UNITS), keras.layers.Dense(1)]).get_weights()


def batches(x: np.ndarray, y: np.ndarray, *, seed: int, epochs: int = EPOCHS) -> Any:
    """The ``tf.data.Dataset`` of a training: all points (points,), shuffled anew for every epoch, in batches of 32."""
    from tensorflow.data import Dataset

    tf.keras().utils.set_random_seed(seed)  # tf.data draws from both seeds
    points = Dataset.from_tensor_slices((x[:, np.newaxis], y[:, np.newaxis]))
    return points.shuffle(x.size, seed=seed, reshuffle_each_iteration=True).batch(BATCH_SIZE).repeat(epochs)


def from_same_starts(fits: KerasFits, *, repeats: int = 8) -> np.ndarray:
    """The final losses (trainings, repeats) of our own trainer from the initial weights of Keras' trainings.

    Each start is trained ``repeats`` times, in orders of its own, so that what the starts decide can be told from what
    the program does.
    """
    whole_number("repeats", repeats, least=1)
    parts = [np.stack(part) for part in zip(*map(initial_weights, fits.seeds.tolist()), strict=True)]
    hidden, biases, output, bias = (np.repeat(part, repeats, axis=0) for part in parts)
    start = Network((hidden, output), (biases[:, np.newaxis], bias[:, np.newaxis]), fits.activation)
    x, target = cosine_data()
    done = fit(
        start, x[:, np.newaxis], target, epochs=EPOCHS, optimiser=Adam(LEARNING_RATE), batch_size=BATCH_SIZE,
        dtype=DTYPE, snapshots=[EPOCHS],
    )  # fmt: skip
    return done.snapshots[0].loss.reshape(-1, repeats)


def compare(
    keras: KerasFits,
    losses: np.ndarray,
    born_dead: np.ndarray,
    dead: np.ndarray,
    *,
    below: Sequence[float] = (0.01, 0.1),
    above: Sequence[float] = (0.49,),
) -> tuple[Comparison, ...]:
    """Compare the shares of Keras with those of other, independent trainings of the same activation.

    Parameters
    ----------
    keras
        The trainings by Keras.
    losses, born_dead, dead
        Those of the others: final losses (networks,), and dead units (networks, units) before and after.
    below, above
        Thresholds of the final loss.
    """
    units = keras.dead.shape[1]
    losses = np.asarray(losses)
    if not np.shape(born_dead) == np.shape(dead) == (losses.size, units):
        raise ValueError(
            f"losses must be (networks,), born_dead and dead (networks, {units}); "
            f"got {losses.shape}, {np.shape(born_dead)} and {np.shape(dead)}"
        )
    other = KerasFits(keras.activation, 0, np.arange(losses.size), losses, np.asarray(born_dead), np.asarray(dead))
    questions = {f"final loss below {threshold}": partial(KerasFits.below, threshold=threshold) for threshold in below}
    questions |= {f"final loss above {threshold}": partial(KerasFits.above, threshold=threshold) for threshold in above}
    for least in range(1, units + 1):
        for moment, born in (("born dead", True), ("dead at the end", False)):
            questions[f"{least} or more units {moment}"] = partial(KerasFits.with_dead, units=least, born=born)
    return tuple(Comparison(question, answer(keras), answer(other)) for question, answer in questions.items())


def activations() -> tuple[Elementwise, ...]:
    """The four that are recorded; 0.2 is the slope of the leaky ReLU that Keras gives for the name alone."""
    leaky_relu = get("leaky_relu").with_params(negative_slope=0.2)
    return get("sigmoid"), get("tanh"), get("relu"), leaky_relu


def run(seeds: Sequence[int], tell: Callable[[str], None] = lambda line: None) -> Record:
    """Make all trainings of these seeds, with provenance; ``tell`` is given a line for each activation."""
    start, fits = time.perf_counter(), []
    for activation in activations():
        for ulps in (0, 1):
            begun = time.perf_counter()
            fits.append(train(activation, seeds, ulps=ulps))
            tell(f"{fits[-1]}: {time.perf_counter() - begun:.0f} s, loss below 0.01: {fits[-1].below(0.01)}")
    provenance = {
        "command": COMMAND,
        "date": date.today().isoformat(),
        "seconds": round(time.perf_counter() - start),
        "versions": {"python": platform.python_version(), "numpy": np.__version__, **_versions()},
        "machine": platform.machine(),
        "dtype": DTYPE,
        "seeds": f"{min(seeds)} to {max(seeds)}",
        "network": f"1-{UNITS}-1, glorot_uniform, biases 0",
        "optimizer": f"Adam({LEARNING_RATE}), {EPOCHS} epochs, mean squared error",
        "order": f"reshuffled before every epoch by tf.data, batches of {BATCH_SIZE} and the rest",
        "execution": "one model.fit per training, all its batches in one execution",
    }
    return Record(provenance, tuple(fits))


def _versions() -> dict[str, str]:
    keras = tf.keras()
    import tensorflow

    return {"keras": keras.__version__, "tensorflow": tensorflow.__version__}


def main(arguments: list[str] | None = None) -> None:
    """Train and write the record, with the given arguments, by default those of the command line."""
    parser = argparse.ArgumentParser(
        prog=COMMAND, description="Train the cosine fit with Keras and record the results."
    )
    parser.add_argument(
        "--trainings", type=whole(1), default=TRAININGS, help=f"for each activation; default: {TRAININGS}"
    )
    add_output(parser, "keras-fits.json")
    options = parser.parse_args(arguments)
    run(range(options.trainings), partial(print, flush=True)).save(options.output)
    print(f"written: {options.output}")


if __name__ == "__main__":
    main()
