"""The stopwatch: the best of several rounds, in which all contestants take turns."""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import product

import numpy as np

from actlab.core import Elementwise, get
from actlab.speed.contestants import Call, contestants
from actlab.speed.record import Measurement, Record, provenance

#: Numbers of elements at which the benchmark measures by default.
SIZES = (1, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)
_SPREAD = 3.0
_LARGEST_BACKWARD = 1_000_000  # beyond, the derivatives of the frameworks would take most of the run
_WORST_SIZE = 100_000
_MEMORY_SIZE = 10_000_000


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


def run(
    functions: Sequence[str],
    *,
    orders: Iterable[int] = (0, 1, 2),
    dtypes: Iterable[str] = ("float64", "float32"),
    sizes: Iterable[int] = SIZES,
    frameworks: Iterable[str] = (),
    rounds: int | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> Record:
    """Measure the named elementwise activations; ``rounds`` replaces the numbers that suit each size.

    The data are normal with mean 0 and standard deviation 3, from a fixed seed. ``tell`` is given a line now and then.
    """
    orders, dtypes, sizes, frameworks = tuple(orders), tuple(dtypes), tuple(sizes), tuple(frameworks)
    activations = [get(name) for name in functions]
    if vectors := [activation.name for activation in activations if not isinstance(activation, Elementwise)]:
        raise ValueError(f"the benchmark takes elementwise activations; got {', '.join(vectors)}")
    timings, limits = [], []
    with np.errstate(all="ignore"):
        for dtype, n in product(dtypes, sizes):
            x = data(n, dtype)
            limits.append(Measurement("numpy", 0, dtype, n, best(_limits(x), *_effort(n, rounds))))
            for activation, order in product(activations, orders):
                others = frameworks if order == 0 or n <= _LARGEST_BACKWARD else ()
                seconds = best(contestants(activation, order, x, others), *_effort(n, rounds))
                timings.append(Measurement(activation.name, order, dtype, n, seconds))
            tell(f"{dtype}, {n} elements: done")
        worst_size, memory_size = min(_WORST_SIZE, max(sizes)), min(_MEMORY_SIZE, max(sizes))
        worst = [_worst(a, order, worst_size, rounds) for a, order in product(activations, orders)]
        tell("data of other kinds: done")
        memory = []
        for dtype in dtypes:
            x = data(memory_size, dtype)
            memory += [_memory(activation, order, x) for activation, order in product(activations, orders)]
    settings = {"data": f"normal, mean 0, standard deviation {_SPREAD:g}", "clock": "processor time", "threads": 1}
    source = provenance(**settings, frameworks=list(frameworks), rounds=rounds or "by size")
    return Record(source, tuple(timings), tuple(limits), tuple(worst), tuple(memory))


def data(n: int, dtype: str) -> np.ndarray:
    """The ``n`` ordinary numbers of the benchmark."""
    return np.random.default_rng(20).normal(scale=_SPREAD, size=n).astype(dtype)


def subnormal_points(evaluate: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Points from 1 to 2000 on either side whose results are so small that they have lost digits; maybe none."""
    x = np.geomspace(1, 2000, 20_001)
    x = np.concatenate([-x, x])
    y = np.abs(evaluate(x))
    return x[(y > 0) & (y < np.finfo(np.float64).tiny)]


def _limits(x: np.ndarray) -> dict[str, Call]:
    out, positive, ascending = np.empty_like(x), np.abs(x), np.sort(x)
    return {
        "copy": lambda: np.copyto(out, x),
        "exp": lambda: np.exp(x),
        # The same once more: how far the two are apart says how good the stopwatch is.
        "exp again": lambda: np.exp(x),
        "exp, out=": lambda: np.exp(x, out=out),
        "expm1": lambda: np.expm1(x),
        "log1p": lambda: np.log1p(positive),
        "tanh": lambda: np.tanh(x),
        "maximum": lambda: np.maximum(x, 0),
        "where": lambda: np.where(x > 0, x, 0),
        "where, sorted": lambda: np.where(ascending > 0, ascending, 0),
    }


def _effort(n: int, rounds: int | None) -> tuple[int, float]:
    """Rounds, and the seconds of one turn: the clock is too coarse for a single short call."""
    usual = 20 if n <= 10_000 else 12 if n <= 100_000 else 6 if n <= 1_000_000 else 2
    return rounds or usual, 2e-4


def _worst(activation: Elementwise, order: int, n: int, rounds: int | None) -> Measurement:
    evaluate = (activation, activation.derivative, activation.second_derivative)[order]
    kinds = dict(_kinds(evaluate, n))
    out = np.empty(n)
    calls = {kind: partial(evaluate, x, out=out) for kind, x in kinds.items()}
    return Measurement(activation.name, order, "float64", n, best(calls, *_effort(n, rounds)))


def _kinds(evaluate: Callable[[np.ndarray], np.ndarray], n: int) -> Iterator[tuple[str, np.ndarray]]:
    yield "ordinary", data(n, "float64")
    yield "left tail", data(n, "float64") / _SPREAD - 30
    yield "right tail", data(n, "float64") / _SPREAD + 30
    yield "nan", np.full(n, np.nan)
    yield "-inf", np.full(n, -np.inf)
    if (points := subnormal_points(evaluate)).size:
        yield "subnormal results", np.resize(points, n)


def _memory(activation: Elementwise, order: int, x: np.ndarray) -> Measurement:
    evaluate, out = (activation, activation.derivative, activation.second_derivative)[order], np.empty_like(x)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        evaluate(x, out=out)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return Measurement(activation.name, order, x.dtype.name, x.size, {"peak": peak - before})
