"""What the benchmark measures: all contestants and numpy's own calls by size, data of other kinds, memory."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from multiprocessing import get_context
from typing import Any

import numpy as np

from actlab import formulas
from actlab.core import Elementwise, get
from actlab.speed.contestants import contestants, load, pin
from actlab.speed.record import Measurement, Record, provenance
from actlab.speed.stopwatch import SPREAD, Call, best, best_alone, data

#: Numbers of elements at which the benchmark measures by default.
SIZES = (1, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)
_LARGEST_BACKWARD = 1_000_000  # beyond, the derivatives of the frameworks would take most of the run
_LEAST_ALONE = 100_000  # for shorter arrays memory does not matter, and a process for each line takes its time
_WORST_SIZE = 100_000
_MEMORY_SIZE = 10_000_000


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
            effort = _effort(n, rounds)
            seconds = best(_limits(x), *effort)
            if n >= _LEAST_ALONE:
                for name in ("exp, alone", "exp, alone again"):
                    seconds[name] = best_alone("def f(x):\n    return np.exp(x)\n", n, dtype, *effort)
            limits.append(Measurement("numpy", 0, dtype, n, seconds))
            for activation, order in product(activations, orders):
                others = frameworks if order == 0 or n <= _LARGEST_BACKWARD else ()
                seconds = best(contestants(activation, order, x, others), *effort)
                if dtype == "float64" and n >= _LEAST_ALONE:
                    seconds["textbook, alone"] = best_alone(formulas.typed(activation, order), n, dtype, *effort)
                timings.append(Measurement(activation.name, order, dtype, n, seconds))
            tell(f"{dtype}, {n} elements: done")
        worst_size, memory_size = min(_WORST_SIZE, max(sizes)), min(_MEMORY_SIZE, max(sizes))
        worst = [_worst(a, order, worst_size, rounds) for a, order in product(activations, orders)]
        tell("data of other kinds: done")
        memory = []
        for dtype in dtypes:
            x = data(memory_size, dtype)
            memory += [_memory(activation, order, x) for activation, order in product(activations, orders)]
    settings = {"data": f"normal, mean 0, standard deviation {SPREAD:g}", "clock": "processor time", "threads": 1}
    source = provenance(**settings, frameworks=list(frameworks), rounds=rounds or "by size")
    return Record(source, tuple(timings), tuple(limits), tuple(worst), tuple(memory))


def runs(
    count: int, functions: Sequence[str], *, frameworks: Sequence[str] | None = None, **how: Any
) -> Iterator[Record]:
    """Run the benchmark ``count`` times, each in a new process on one processor; ``how`` are the settings of ``run``.

    ``frameworks`` are by default all that are installed. What a call takes differs more between processes than within
    one, so that a run in the same process would tell little new.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as processes:
        for _ in range(count):
            yield processes.submit(_run_pinned, functions, frameworks, how).result()


def _run_pinned(functions: Sequence[str], frameworks: Sequence[str] | None, how: Mapping[str, Any]) -> Record:
    pin()
    return run(functions, frameworks=() if frameworks == [] else load(frameworks), **how)


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
    yield "left tail", data(n, "float64") / SPREAD - 30
    yield "right tail", data(n, "float64") / SPREAD + 30
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
