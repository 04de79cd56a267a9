"""By which instructions matrices are multiplied where the book is executed and tested."""

import os
from pathlib import Path


def processor() -> str:
    """Return what Linux says of this machine's processor; nothing where there is no Linux."""
    source = Path("/proc/cpuinfo")
    return source.read_text("utf-8") if source.exists() else ""


def pin() -> None:
    """Have OpenBLAS multiply by one thread and, where the processor can, as on a Haswell.

    It reads that when numpy is imported. Each kind of processor adds in another order, and so does each number of
    threads. A long training at a large rate enlarges the last bit until one network of a hundred ends elsewhere, and
    the stored results are those of one order.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if " avx2 " in processor():
        os.environ.setdefault("OPENBLAS_CORETYPE", "Haswell")
