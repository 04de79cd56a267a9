"""System calls of Linux that Python does not offer, by number or through ``prctl``."""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import sys

LINUX = sys.platform == "linux"
MACHINE = platform.machine()


@functools.cache
def libc() -> ctypes.CDLL:
    """Return the C library of this process."""
    return ctypes.CDLL(None, use_errno=True)


def syscall(*arguments) -> int:
    """Return what a system call returns; raise OSError where it fails."""
    result = libc().syscall(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"system call {arguments[0]}: {os.strerror(ctypes.get_errno())}")
    return result


def prctl(option: int, *arguments) -> None:
    """Set an attribute of this process; raise OSError where that fails."""
    # Variadic: all must be there, as wide as the kernel reads them; some options refuse others than 0.
    wide = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in (*arguments, 0, 0, 0, 0)[:4]]
    if libc().prctl(option, *wide) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")
