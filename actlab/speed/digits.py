"""The command ``python -m actlab.speed.digits``: a cell of the benchmark on digits beside a loop over Keras models.

Both train networks of hidden layers of 32 units on 1000 digits in batches of 32, with Adam, and look at 297 others
after every epoch, on one processor. Processor seconds per network are compared within one run.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from actlab import calls, provenance
from actlab.catalogue import Table
from actlab.commands import add_output, whole
from actlab.core import Elementwise, get
from actlab.experiments.choosing.settings import CLASSES, DEPTHS, INPUTS, WIDTH, Settings
from actlab.experiments.choosing.training import BATCH_SIZE, EPOCHS, NETWORKS
from actlab.experiments.digits import split
from actlab.optimisers import Adam
from actlab.speed.contestants import pin
from actlab.speed.gradients import load
from actlab.speed.record import RECORDED
from actlab.training import fit

RECORD = RECORDED / "digits-speed.json"
RATE = 1e-3
GOAL = 10  # how many times as many networks shall be trained in a second


@dataclass(frozen=True)
class Pair:
    """Processor seconds for a network of one activation and depth in each round, by ``actlab`` and by ``model.fit``."""

    activation: str
    depth: int
    epochs: int
    actlab: tuple[float, ...]
    keras: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """How many networks actlab trains while Keras trains one, in the median of the rounds."""
        return median(self.keras) / median(self.actlab)


def ours(activation: Elementwise, depth: int, epochs: int = EPOCHS) -> int:
    """Train the networks of a cell at one learning rate; return how many they are."""
    data = split()
    networks = Settings(activation, depth, "glorot", "Adam").networks(NETWORKS, seed=0)
    fit(
        networks, data.x, data.y, epochs=epochs, optimiser=Adam(RATE), loss="softmax_cross_entropy",
        batch_size=BATCH_SIZE, validation=(data.x_validation, data.y_validation),
    )  # fmt: skip
    return NETWORKS


def model_fit(activation: Elementwise, depth: int, epochs: int = EPOCHS) -> int:
    """Build, compile and fit a Keras model, as a user does; return 1."""
    import keras

    path, arguments = calls.bound(activation, "keras")
    native = partial(getattr(keras.activations, path), **arguments)
    data = split()
    x, x_validation = (images.astype(np.float32) for images in (data.x, data.x_validation))
    hidden = [keras.layers.Dense(WIDTH, native) for _ in range(depth)]
    model = keras.Sequential([keras.Input((INPUTS,)), *hidden, keras.layers.Dense(CLASSES)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss, metrics=["accuracy"])
    seen = (x_validation, data.y_validation)
    model.fit(x, data.y, epochs=epochs, batch_size=BATCH_SIZE, verbose=0, validation_data=seen)
    return 1


def measure(
    activation: Elementwise,
    depth: int,
    *,
    rounds: int = 3,
    epochs: int = EPOCHS,
    clock: Callable[[], float] = time.process_time,
) -> Pair:
    """Time both by turns, after one epoch of each that is not counted."""

    def timed(train: Callable[..., int], epochs: int) -> float:
        start = clock()
        count = train(activation, depth, epochs)
        return (clock() - start) / count

    for train in (ours, model_fit):
        timed(train, 1)
    found = [(timed(ours, epochs), timed(model_fit, epochs)) for _ in range(rounds)]
    return Pair(activation.name, depth, epochs, *zip(*found, strict=True))


def table(pairs: Iterable[Pair]) -> Table:
    """Networks that actlab trains while ``model.fit`` trains one, by depth, and whether the goal is met."""
    rows = [
        (f"`{pair.activation}`", str(pair.depth), f"{1 / median(pair.actlab):.3g}", f"{1 / median(pair.keras):.2g}",
         f"{pair.ratio:.0f}", "yes" if pair.ratio >= GOAL else "**no**")
        for pair in pairs
    ]  # fmt: skip
    heads = ("networks a second, actlab", "Keras loop", "times", f"{GOAL} times?")
    return Table(("activation", "hidden layers", *heads), tuple(rows))


def read(path: Path = RECORD) -> tuple[Pair, ...]:
    """What the command wrote, by default the record of the package."""
    rows = json.loads(path.read_text(encoding="utf-8"))["pairs"]
    return tuple(Pair(**{key: tuple(v) if isinstance(v, list) else v for key, v in row.items()}) for row in rows)


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark with the given arguments, by default those of the command line."""
    parser = argparse.ArgumentParser(prog="python -m actlab.speed.digits", description=__doc__)
    parser.add_argument("--activations", nargs="+", type=get, default=[get("relu"), get("gelu")])
    parser.add_argument("--depths", nargs="+", type=whole(1), default=DEPTHS)
    parser.add_argument("--rounds", type=whole(1), default=3, help="default: 3")
    parser.add_argument("--epochs", type=whole(1), default=EPOCHS, help=f"default: {EPOCHS}")
    add_output(parser, "digits-speed.json")
    options = parser.parse_args(arguments)
    pin()
    if not load():
        parser.error("the loop over Keras models needs TensorFlow: pip install actlab[keras]")
    import keras
    import tensorflow

    how = {"activations": [activation.name for activation in options.activations], "rounds": options.rounds}
    source = provenance.of_run(parser.prog, np, keras, tensorflow, networks=NETWORKS, **how)
    pairs = []
    for activation in options.activations:
        for depth in options.depths:
            pairs.append(measure(activation, depth, rounds=options.rounds, epochs=options.epochs))
            print(pairs[-1], f"{pairs[-1].ratio:.1f} times", flush=True)
    held = {"provenance": source, "pairs": [asdict(pair) for pair in pairs]}
    options.output.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
