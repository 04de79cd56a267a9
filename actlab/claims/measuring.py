"""The ledger measured, in this process or in several."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

from actlab.claims.ledger import CLAIMS, Claim


@contextmanager
def measuring(claims: Sequence[Claim], workers: int = 1) -> Iterator[Iterator[tuple[bool, str] | None]]:
    """Whether each claim holds and what it says, in their order; None where the package that it needs is missing.

    They are measured one after the other, or by so many processes of one thread each. When the context is left, what
    has not begun does not begin.
    """
    if workers == 1:
        yield map(_measure, claims)
        return
    # Started anew: a fork would inherit the locks of threads that it does not have.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _one_thread)
    try:
        yield pool.map(_measure_named, [claim.id for claim in claims])
    finally:
        pool.shutdown(cancel_futures=True)


def _measure_named(id: str) -> tuple[bool, str] | None:
    """Another process has the claims of its own import: a function under a decorator cannot be sent there."""
    return _measure(CLAIMS[id])


def _measure(claim: Claim) -> tuple[bool, str] | None:
    try:
        return claim.holds, claim.sentence()
    except Exception as error:
        if isinstance(error, ImportError) and claim.needs:
            return None
        error.add_note(f"This was in the claim {claim.id}.")
        raise


def _one_thread() -> None:
    """Let a process compute in one thread and start no others: there are as many as there shall be."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    os.environ["LOKY_MAX_CPU_COUNT"] = "1"  # of which a sweep asks
