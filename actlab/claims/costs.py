"""What a call costs, as the recorded benchmark has it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from actlab.speed import record
from actlab.statistics import Quantile

MILLION = 1_000_000


@cache
def _timings(of: str) -> dict[tuple[str, str, int], dict[str, float]]:
    return {(m.function, m.dtype, m.n): dict(m.values) for m in record.load(of).timings if m.order == 0}


def seconds(function: str, by: str, *, n: int = MILLION, dtype: str = "float32", of: str = "speed") -> float:
    """Processor seconds of one call on ``n`` numbers, on one thread; "keras" is eager TensorFlow, "jax.jit" compiled.

    ``of`` is the record: "speed", or "speed-avx2" of numpy without its widest instructions.
    """
    return _timings(of)[function, dtype, n][by]


def cost(function: str, by: str, *, n: int = MILLION, dtype: str = "float32", of: str = "speed") -> float:
    """The time of a call as a multiple of ReLU's."""
    how = {"n": n, "dtype": dtype, "of": of}
    return seconds(function, by, **how) / seconds("relu", by, **how)


def costs(function: str, by: str, *, of: str = "relu", n: int = MILLION, dtype: str = "float32") -> Quantile:
    """The time of a call as a multiple of ``of``'s, in the median of the runs in the record "speed-again".

    Each run has a process of its own; one run's ratio differs from the next one's by a third.
    """
    ours, theirs = ([run[by] for run in _runs(name, n, dtype)] for name in (function, of))
    return Quantile.of(np.divide(ours, theirs))


@cache
def _runs(function: str, n: int, dtype: str) -> list[Mapping[str, float]]:
    held = record.load("speed-again").timings
    return [m.values for m in held if (m.function, m.order, m.dtype, m.n) == (function, 0, dtype, n)]
