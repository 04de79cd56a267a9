"""What a call costs, as the recorded benchmark has it."""

from __future__ import annotations

from functools import cache

from actlab.speed import record

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
