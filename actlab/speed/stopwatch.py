"""The stopwatch: the best of several rounds, in which all contestants take turns.

Of the package it imports nothing: run by its path it is a program that times a line of numpy in a process that has
loaded numpy alone. So the line is as fast as it is for somebody who does without the package.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

import numpy as np

Call = Callable[[], object]
SPREAD = 3.0  # the standard deviation of the benchmark's data


def best(
    calls: Mapping[str, Call], rounds: int, span: float = 0.0, clock: Callable[[], float] = time.process_time
) -> dict[str, float]:
    """The shortest seconds per call over ``rounds``, in each of which a contestant is called for ``span`` seconds.

    The clock is by default that of the time the processor spends on this process: what others run beside it then
    counts less. Contestants take turns, so that a slow moment hits all of them, in an order drawn anew for each round,
    because what stands before a call decides what it finds in the cache.
    """

    def timed(call: Call, repeats: int) -> float:
        start = clock()
        for _ in range(repeats):
            call()
        return (clock() - start) / repeats

    collecting = gc.isenabled()
    gc.disable()
    try:
        repeats = {}
        for name, call in calls.items():
            call()  # compiles, fills caches
            repeats[name] = max(1, min(1000, round(span / max(timed(call, 1), 1e-9))))
        seconds, names = dict.fromkeys(calls, np.inf), list(calls)
        turns = np.random.default_rng(1)
        for _ in range(rounds):
            for name in turns.permutation(names).tolist():
                seconds[name] = min(seconds[name], timed(calls[name], repeats[name]))
    finally:
        if collecting:
            gc.enable()
    return {name: float(f"{value:.4g}") for name, value in seconds.items()}  # more digits no repetition confirms


def data(n: int, dtype: str) -> np.ndarray:
    """The ``n`` ordinary numbers of the benchmark."""
    return np.random.default_rng(20).normal(scale=SPREAD, size=n).astype(dtype, copy=False)


def best_alone(source: str, n: int, dtype: str, rounds: int, span: float = 0.0) -> float:
    """What ``best`` gives for a function in a process of its own, on the same data and the same processor.

    ``source`` is the text of a function ``f`` of the data that may use numpy, as ``np`` or by its name, and scipy.

    Raises
    ------
    RuntimeError
        If the function cannot be computed; with what Python says of it.
    """
    task = {"source": source, "n": n, "dtype": dtype, "rounds": rounds, "span": span}
    # With -P the folder of this file, whose modules have everyday names, is not searched for what numpy imports.
    command = [sys.executable, "-P", __file__]
    done = subprocess.run(command, input=json.dumps(task), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"this function could not be timed: {source!r}: {done.stderr}")
    return float(done.stdout)


def _main(source: str, n: int, dtype: str, rounds: int, span: float) -> float:
    names = {"np": np, "numpy": np}
    if "scipy." in source:
        import scipy.special

        names["scipy"] = scipy
    exec(source, names)  # a formula of the benchmark
    x, f = data(n, dtype), names["f"]
    with np.errstate(all="ignore"):
        return best({"f": lambda: f(x)}, rounds, span)["f"]


if __name__ == "__main__":
    print(_main(**json.load(sys.stdin)))
