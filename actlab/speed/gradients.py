"""The command ``python -m actlab.speed.gradients``: how fast the gradient norms of untrained networks are.

All contestants draw 20 networks of 50 layers of 256 units by Glorot's uniform rule, send 32 normal inputs through each
of them and the gradient of a random linear function of the outputs back, and return ln of the root mean square of dL/dz
and of dL/dW in every layer: in float32, on one processor.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from actlab import calls
from actlab.catalogue import Table
from actlab.commands import add_output, whole
from actlab.core import Elementwise, get
from actlab.experiments import gradient_flow
from actlab.speed.contestants import pin
from actlab.speed.record import RECORDED
from actlab.speed.training import Timing, save

ACTIVATIONS = (get("sigmoid"), get("tanh"), get("relu"))
RECORD = RECORDED / "gradients.json"
LOOP, GRAPHS = "Keras, GradientTape", ("tf.function", "tf.function, XLA")

Norms = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Setting:
    """How many networks of which depth and width, and how many inputs each of them has."""

    networks: int = 20
    depth: int = 50
    width: int = 256
    batch: int = 32


@dataclass(frozen=True)
class Contestant:
    """A function (activation, setting) that returns log-norms of dL/dz and dL/dW, (networks, depth) each.

    Of the ``blocks``, numbers of networks in one call, the fastest is measured, as many calls making up all networks.
    """

    run: Callable[[Elementwise, Setting], Norms]
    blocks: tuple[int, ...]
    framework: str | None = None


def _actlab(activation: Elementwise, setting: Setting) -> Norms:
    flow = gradient_flow(
        activation, depth=setting.depth, width=setting.width, networks=setting.networks, batch=setting.batch
    )
    return flow.log_norms, flow.weight_log_norms


def load() -> bool:
    """Load Keras with one thread, and say whether it is there.

    Not by ``actlab.tf``, nor by what uses that: it sets TensorFlow up for reproducibility, which is slower.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    try:
        import keras  # noqa: F401
        import tensorflow
    except ImportError:
        return False
    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    return True


def _native(activation: Elementwise) -> Callable:
    """The activation as a function of Keras tensors."""
    import keras

    path, arguments = calls.bound(activation, "keras")
    return partial(getattr(keras.activations, path), **arguments)


def keras_loop(activation: Elementwise, setting: Setting) -> Norms:
    """One Keras model after the other, and TensorFlow's tape for its gradients."""
    f = _native(activation)
    import keras
    import tensorflow as tf

    found = []
    for _ in range(setting.networks):
        dense = [keras.layers.Dense(setting.width) for _ in range(setting.depth)]
        a, zs = tf.random.normal((setting.batch, setting.width)), []
        for layer in dense:
            layer.build(a.shape)
        with tf.GradientTape() as tape:
            for layer in dense:
                zs.append(layer(a))
                a = f(zs[-1])
            value = tf.reduce_sum(a * tf.random.normal(a.shape))
        gradients = tape.gradient(value, zs + [layer.kernel for layer in dense])
        norms = [tf.math.log(tf.reduce_mean(tf.square(gradient))) / 2 for gradient in gradients]
        found.append(tf.stack(norms).numpy())
    return tuple(np.split(np.array(found), 2, axis=1))


def graph(compiled: bool) -> Callable[[Elementwise, Setting], Norms]:
    """One TensorFlow graph for all networks of a call, which draws their weights; ``compiled`` says whether by XLA."""
    return lambda activation, setting: tuple(part.numpy() for part in _program(activation, setting, compiled)())


@cache
def _program(activation: Elementwise, setting: Setting, compiled: bool) -> Callable[[], Any]:
    f = _native(activation)
    import tensorflow as tf

    limit = math.sqrt(3 / setting.width)
    signal = (setting.networks, setting.batch, setting.width)
    weight = (setting.networks, setting.width, setting.width)

    @tf.function(autograph=False, jit_compile=compiled)
    def run():
        a, multiplied, zs = tf.random.normal(signal), [], []
        with tf.GradientTape() as tape:
            for _ in range(setting.depth):
                multiplied.append(a)
                zs.append(a @ tf.random.uniform(weight, -limit, limit))
                tape.watch(zs[-1])
                a = f(zs[-1])
            value = tf.reduce_sum(a * tf.random.normal(signal))
        deltas = tape.gradient(value, zs)
        # The norm of dL/dW from products of two rows of the batch: cheaper than the gradient itself, as in actlab.
        grams = [
            tf.matmul(a, a, transpose_b=True) * tf.matmul(delta, delta, transpose_b=True)
            for a, delta in zip(multiplied, deltas, strict=True)
        ]
        norms = [tf.math.log(tf.reduce_mean(tf.square(delta), axis=(1, 2))) / 2 for delta in deltas]
        of_weights = [tf.math.log(tf.reduce_sum(gram, axis=(1, 2)) / setting.width**2) / 2 for gram in grams]
        return tf.stack(norms, axis=1), tf.stack(of_weights, axis=1)

    return run


#: Every way to measure the norms, by its name in the record.
CONTESTANTS = {
    "actlab": Contestant(_actlab, (20,)),
    LOOP: Contestant(keras_loop, (20,), "keras"),
    GRAPHS[0]: Contestant(graph(False), (1, 5, 20), "keras"),
    GRAPHS[1]: Contestant(graph(True), (1, 5, 20), "keras"),
}


def measure(
    activation: Elementwise,
    contestants: Mapping[str, Contestant],
    rounds: int = 5,
    networks: int = 20,
    clock: Callable[[], float] = time.process_time,
) -> list[Timing]:
    """Time the contestants by turns, in seconds of ``clock`` for all networks; first calls are timed apart."""

    def timed(name: str, block: int) -> float:
        start = clock()
        for _ in range(networks // block):
            contestants[name].run(activation, Setting(networks=block))
        return clock() - start

    firsts, blocks = {}, {}
    for name, contestant in contestants.items():
        best = math.inf
        for block in contestant.blocks:
            first, once = timed(name, block), timed(name, block)
            if once < best:
                best, firsts[name], blocks[name] = once, first, block
    seconds = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, found in seconds.items():
            found.append(timed(name, blocks[name]))
    return [Timing(activation.name, name, blocks[name], firsts[name], tuple(found)) for name, found in seconds.items()]


def seconds(timings: Iterable[Timing]) -> Table:
    """Seconds of one run: the median of the rounds, and in brackets the fastest and the slowest."""
    by = {(timing.activation, timing.contestant): timing for timing in timings}
    activations, names = (tuple(dict.fromkeys(key[k] for key in by)) for k in (0, 1))
    rows = []
    for name in names:
        found = [by[activation, name].seconds for activation in activations if (activation, name) in by]
        rows.append((name, *(f"{np.median(times):.2g} ({min(times):.2g} to {max(times):.2g})" for times in found)))
    return Table(("measured by", *(f"`{activation}`" for activation in activations)), tuple(rows))


def goals(timings: Iterable[Timing]) -> Table:
    """The goals that the project has set itself for gradient norms, what was measured, and whether it is met."""
    medians: dict[str, dict[str, float]] = {}
    for timing in timings:
        medians.setdefault(timing.activation, {})[timing.contestant] = timing.median
    rows = []
    for text, least, rivals in (
        ("5 times as fast as a loop over Keras models with `GradientTape`", 5, (LOOP,)),
        ("no slower than the faster one of the batched TensorFlow graphs", 1, GRAPHS),
    ):
        ratios = {
            activation: min(by[rival] for rival in rivals if rival in by) / by["actlab"]
            for activation, by in medians.items()
            if "actlab" in by and not by.keys().isdisjoint(rivals)
        }
        measured = ", ".join(f"{name} {ratio:.2g}" for name, ratio in ratios.items())
        met = "yes" if ratios and min(ratios.values()) >= least else "**no**" if ratios else "not measured"
        rows.append((text, measured, met))
    return Table(("goal", "measured", "met?"), tuple(rows))


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark with the given arguments, by default those of the command line."""
    names = [activation.name for activation in ACTIVATIONS]
    parser = argparse.ArgumentParser(prog="python -m actlab.speed.gradients", description=__doc__)
    parser.add_argument("--activations", nargs="+", default=names, choices=names)
    parser.add_argument("--rounds", type=whole(1), default=5)
    add_output(parser, "gradients.json")
    options = parser.parse_args(arguments)
    pin()
    frameworks = ("keras",) if load() else ()
    present = {name: each for name, each in CONTESTANTS.items() if each.framework in (None, *frameworks)}
    timings = []
    for activation in ACTIVATIONS:
        if activation.name in options.activations:
            # Numpy's linear algebra has been loaded with a thread for each processor, which would wait for each other.
            with threadpool_limits(1):
                timings += measure(activation, present, options.rounds)
            for timing in timings[-len(present) :]:
                print(f"{activation.name:12}{timing.contestant:22}{timing.block:4}{timing.median:9.3f} s", flush=True)
    save(options.output, timings, clock="processor time", threads=1, rounds=options.rounds, frameworks=list(frameworks))


if __name__ == "__main__":
    main()
