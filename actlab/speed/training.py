"""The command ``python -m actlab.speed.training``: how many networks are trained while Keras' ``model.fit`` trains one.

All contestants train the cosine fit: 1-2-1 networks, 100 points in batches of 32, 300 epochs, Adam at 0.04, float32, on
one processor. The points are in an order of its own for each network, and the networks of a block share the shuffles.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from actlab import calls
from actlab.catalogue import Table
from actlab.commands import add_output, whole
from actlab.core import Elementwise, get
from actlab.experiments.cosine import cosine_data
from actlab.network import Network
from actlab.optimisers import Adam
from actlab.speed import ensembles
from actlab.speed.contestants import load, pin
from actlab.speed.record import RECORDED, provenance
from actlab.training import fit as train_ensemble

ACTIVATIONS = (get("sigmoid"), get("tanh"), get("relu"), get("leaky_relu").with_params(negative_slope=0.2))
HIDDEN, POINTS, EPOCHS, BATCH_SIZE, LEARNING_RATE = 2, 100, 300, 32, 0.04
# What is aimed at: how many times as fast as the best of some contestants another one shall be, for every activation.
_GOALS = (
    ("numpy alone: 60,000 networks in the time of one `model.fit`", 60_000, "actlab", ("model.fit",)),
    ("compiled: 250,000 networks in the time of one `model.fit`", 250_000, "actlab, compiled", ("model.fit",)),
    (
        "the compiled loop: 3 times as fast as the best program of a framework", 3, "train_block",
        ("torch.compile", "jax.jit", "tf.function"),
    ),
)  # fmt: skip
STOCK = "model.fit"  # what Keras' own training is called in a record
_SECONDS = 0.5  # a shorter measurement is repeated until it has taken that long

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Contestant:
    """Who trains a block of networks, from the arrays that ``block`` makes.

    Of the ``sizes`` of a block the fastest is measured. ``framework`` is what must be installed, if anything.
    """

    train: Callable[[Arrays, Elementwise], object]
    sizes: tuple[int, ...]
    framework: str | None = None


def _fit(backend: str) -> Callable[[Arrays, Elementwise], object]:
    """The training as ``cosine_fit`` calls it, which arranges the data and draws the shuffles itself."""

    def train(arrays: Arrays, activation: Elementwise) -> object:
        parameters, _, shuffles = arrays
        hidden, biases, outputs, bias = (
            part.T[:, np.newaxis] for part in np.split(parameters, [HIDDEN, 2 * HIDDEN, 3 * HIDDEN])
        )
        start = Network((hidden, outputs.swapaxes(1, 2)), (biases, bias), activation)
        x, y = cosine_data()
        return train_ensemble(
            start, x[:, np.newaxis], y, epochs=len(shuffles),
            optimiser=Adam(LEARNING_RATE), batch_size=BATCH_SIZE, backend=backend,
        )  # fmt: skip

    return train


def _compiled(arrays: Arrays, activation: Elementwise) -> None:
    from actlab import compiled

    parameters, data, shuffles = arrays
    compiled.train_block(
        parameters.copy(), data, shuffles, activation=activation, hidden=HIDDEN, learning_rate=LEARNING_RATE
    )


def _program(train: Callable) -> Callable[[Arrays, Elementwise], object]:
    return lambda arrays, activation: train(arrays, activation, HIDDEN)


#: Every way to train an ensemble, by its name in the record.
CONTESTANTS = {
    "actlab": Contestant(_fit("numpy"), (3072, 6144)),
    "actlab, compiled": Contestant(_fit("numba"), (2048,), "numba"),
    "train_block": Contestant(_compiled, (256,), "numba"),
    "torch.compile": Contestant(_program(ensembles.torch_compile), (512, 1024, 2048), "torch"),
    "jax.jit": Contestant(_program(ensembles.jax_jit), (256, 512, 1024), "jax"),
    "tf.function": Contestant(_program(ensembles.tensorflow_graph), (1024, 2048, 4096), "keras"),
}


@dataclass(frozen=True)
class Timing:
    """Processor seconds per network in each round; ``first`` is how long the first one took, compiling included."""

    activation: str
    contestant: str
    block: int
    first: float
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The median of the rounds."""
        return statistics.median(self.seconds)


def block(networks: int, epochs: int = EPOCHS) -> Arrays:
    """Initial parameters, data and shuffles of a block, as ``actlab.compiled.train_block`` takes them, in float32."""
    rng = np.random.default_rng(4)
    limit = np.sqrt(6 / (1 + HIDDEN))  # of Glorot's uniform distribution; the biases start from 0
    parameters = np.zeros((3 * HIDDEN + 1, networks), np.float32)
    for rows in (slice(0, HIDDEN), slice(2 * HIDDEN, 3 * HIDDEN)):
        parameters[rows] = rng.uniform(-limit, limit, (HIDDEN, networks))
    x = np.linspace(0, 2 * np.pi, POINTS)
    orders = rng.permuted(np.tile(np.arange(POINTS), (networks, 1)), axis=1).T
    data = np.ascontiguousarray(np.stack([x[orders], np.cos(x[orders]) + 1], axis=1), np.float32)
    shuffles = rng.permuted(np.tile(np.arange(POINTS), (epochs, 1)), axis=1)
    return parameters, data, shuffles


def stock_fit(activation: Elementwise) -> float:
    """Train one network as a user of Keras does, a new model, ``compile`` and ``fit``; return the processor seconds.

    It must run in a process of its own: ``actlab.tf`` sets Keras up for reproducibility, which is slower.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.pop("TF_ENABLE_ONEDNN_OPTS", None)
    import keras
    import tensorflow

    if tensorflow.config.threading.get_intra_op_parallelism_threads() != 1:  # the first fit in this process
        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    path, arguments = calls.bound(activation, "keras")
    native = partial(getattr(keras.activations, path), **arguments)
    x = np.linspace(0, 2 * np.pi, POINTS, dtype=np.float32)[:, np.newaxis]
    start = time.process_time()
    layers = keras.layers
    model = keras.Sequential([keras.Input((1,)), layers.Dense(HIDDEN, native), layers.Dense(1)])
    model.compile(loss="mse", optimizer=keras.optimizers.Adam(LEARNING_RATE))
    model.fit(x, np.cos(x) + 1, epochs=EPOCHS, batch_size=BATCH_SIZE, verbose=0)
    return time.process_time() - start


def measure(
    activation: Elementwise,
    contestants: Mapping[str, Contestant],
    fit: Callable[[], float] | None,
    rounds: int = 5,
    clock: Callable[[], float] = time.process_time,
    wall: Callable[[], float] = time.perf_counter,
) -> list[Timing]:
    """Time the contestants in seconds of ``clock`` per network; ``fit``, which returns its own, takes turns with them.

    First calls are timed by ``wall``: PyTorch has another process compile for it.
    """

    def timed(call: Callable[[], object], clock: Callable[[], float] = clock) -> float:
        start = clock()
        call()
        return clock() - start

    programs, firsts = {}, {}
    for name, contestant in contestants.items():
        best = np.inf
        for size in contestant.sizes:
            arrays = block(size)
            call = lambda train=contestant.train, arrays=arrays: train(arrays, activation)  # noqa: E731
            first, once = timed(call, wall), timed(call)
            if once / size < best:
                best, firsts[name] = once / size, first
                programs[name] = (call, size, max(1, round(_SECONDS / max(once, 1e-9))))
    seconds = {name: [] for name in programs}
    if fit is not None:
        firsts[STOCK], seconds[STOCK] = timed(fit, wall), []
    for _ in range(rounds):
        for name, (call, size, repeats) in programs.items():
            seconds[name].append(sum(timed(call) for _ in range(repeats)) / repeats / size)
        if fit is not None:
            seconds[STOCK].append(fit())
    sizes = {name: size for name, (_, size, _) in programs.items()} | {STOCK: 1}
    return [Timing(activation.name, name, sizes[name], firsts[name], tuple(found)) for name, found in seconds.items()]


def table(timings: Iterable[Timing]) -> str:
    """Lines that say for each activation and contestant what was measured."""
    timings = list(timings)
    stock = {timing.activation: timing.median for timing in timings if timing.contestant == STOCK}
    lines = [f"{'activation':12}{'contestant':18}{'block':>6}{'networks/s':>12}{'per model.fit':>15}{'first call':>12}"]
    for timing in timings:
        ratio = f"{stock[timing.activation] / timing.median:,.0f}" if timing.activation in stock else "-"
        lines.append(
            f"{timing.activation:12}{timing.contestant:18}{timing.block:6}{1 / timing.median:12,.3g}"
            f"{ratio:>15}{timing.first:10.2f} s"
        )
    return "\n".join(lines)


def per_fit(timings: Iterable[Timing]) -> Table:
    """Networks trained in the time of one stock fit: the median of the rounds, and in brackets slowest and fastest."""
    by = {(timing.activation, timing.contestant): timing for timing in timings}
    activations, contestants = (tuple(dict.fromkeys(key[k] for key in by)) for k in (0, 1))
    rows = []
    for contestant in contestants:
        cells = []
        for activation in activations:
            stock, timing = by.get((activation, STOCK)), by.get((activation, contestant))
            times = (timing.median, max(timing.seconds), min(timing.seconds)) if stock and timing else ()
            counts = [f"{float(f'{stock.median / seconds:.2g}'):,.0f}" for seconds in times]
            cells.append(f"{counts[0]} ({counts[1]} to {counts[2]})" if counts else "")
        if contestant != STOCK:
            rows.append((contestant, *cells))
    return Table(("trained by", *(f"`{activation}`" for activation in activations)), tuple(rows))


def goals(timings: Iterable[Timing]) -> Table:
    """The goals that the project has set itself for ensembles, what was measured, and whether it is met."""
    medians: dict[str, dict[str, float]] = {}
    for timing in timings:
        medians.setdefault(timing.activation, {})[timing.contestant] = timing.median
    rows = []
    for text, least, ours, theirs in _GOALS:
        ratios = {}
        for activation, by in medians.items():
            rivals = [by[name] for name in theirs if name in by]
            if ours in by and rivals:
                ratios[activation] = min(rivals) / by[ours]
        measured = ", ".join(f"{name} {float(f'{ratio:.2g}'):,g}" for name, ratio in ratios.items())
        met = "yes" if ratios and min(ratios.values()) >= least else "**no**" if ratios else "not measured"
        rows.append((text, measured, met))
    return Table(("goal", "measured", "met?"), tuple(rows))


def read(path: Path = RECORDED / "training.json") -> tuple[Timing, ...]:
    """The timings that ``save`` wrote, by default those that the package holds."""
    held = json.loads(path.read_text(encoding="utf-8"))["timings"]
    return tuple(Timing(**{**timing, "seconds": tuple(timing["seconds"])}) for timing in held)


def conditions(path: Path = RECORDED / "training.json") -> str:
    """Machine, versions and date of the record that ``save`` wrote, in a few lines."""
    known = json.loads(path.read_text(encoding="utf-8"))["provenance"]
    versions = [f"{name} {number}" for name, number in known["versions"].items()]
    half = len(versions) // 2
    first = f"{known['processor']}, {known['system']}, {known['threads']} thread, float32; {known['date']}"
    return "\n".join((first, ", ".join(versions[:half]), ", ".join(versions[half:])))


def save(path: Path, timings: Iterable[Timing], **settings: Any) -> None:
    """Write the timings as JSON, with the settings, the machine and the versions they come from."""
    found = {"provenance": provenance(**settings), "timings": [asdict(timing) for timing in timings]}
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def installed(frameworks: Iterable[str]) -> dict[str, Contestant]:
    """The contestants that run with these frameworks, and with numba where that is installed."""
    try:
        from actlab import compiled  # noqa: F401
    except ImportError:
        present = {None, *frameworks}
    else:
        present = {None, "numba", *frameworks}
    return {name: contestant for name, contestant in CONTESTANTS.items() if contestant.framework in present}


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark with the given arguments, by default those of the command line."""
    names = [activation.name for activation in ACTIVATIONS]
    parser = argparse.ArgumentParser(prog="python -m actlab.speed.training", description=__doc__)
    parser.add_argument("--activations", nargs="+", default=names, choices=names)
    parser.add_argument("--contestants", nargs="+", choices=CONTESTANTS, help="default: all that are installed")
    parser.add_argument("--rounds", type=whole(1), default=5)
    parser.add_argument("--without-fit", action="store_true", help="do not train by model.fit, which takes longest")
    add_output(parser, "training.json")
    options = parser.parse_args(arguments)
    pin()
    frameworks = load()
    contestants = installed(frameworks)
    contestants = {name: contestants[name] for name in options.contestants or contestants if name in contestants}
    with_fit, timings = "keras" in frameworks and not options.without_fit, []
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        for activation in ACTIVATIONS:
            if activation.name in options.activations:
                fit = (lambda activation=activation: pool.submit(stock_fit, activation).result()) if with_fit else None
                found = measure(activation, contestants, fit, options.rounds)
                print(table(found), flush=True)
                timings += found
    settings = {"clock": "processor time", "threads": 1, "hidden": HIDDEN, "epochs": EPOCHS, "points": POINTS}
    save(options.output, timings, **settings, frameworks=list(frameworks), rounds=options.rounds)


if __name__ == "__main__":
    main()
