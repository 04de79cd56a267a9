"""What a submission may use."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Attributes
    ----------
    cell, call, test, total
        Seconds for a cell, for one call of a function, for one test, for the whole submission.
    memory
        Address space of each process, in bytes.
    output
        Bytes kept of what a cell prints.
    submission
        Bytes of the submitted file.
    file_size, folder
        Bytes of the largest file that a cell writes, and of all files in its folder, which is looked at every second.
    files
        Open files of a process.
    processes
        Processes and threads.
    """

    cell: float = 30.0
    call: float = 5.0
    test: float = 20.0
    total: float = 300.0
    memory: int = 8 << 30
    output: int = 100_000
    submission: int = 64 << 20
    file_size: int = 256 << 20
    folder: int = 1 << 30
    files: int = 256
    processes: int = 256

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            whole = name not in ("cell", "call", "test", "total")
            kinds = int | np.integer if whole else int | float | np.integer | np.floating
            if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < float("inf"):
                unit = "a positive whole number" if whole else "a positive number of seconds"
                raise ValueError(f"{name} must be {unit}; got {value!r}")
