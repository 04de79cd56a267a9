"""Where recorded results come from."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np


def of_run(command: str, *packages: ModuleType, **settings: Any) -> dict[str, Any]:
    """What is recorded beside the results of ``command``: settings, versions of packages, kind of machine, date."""
    return {
        "command": command,
        **settings,
        **{package.__name__: package.__version__ for package in packages},
        "Python": platform.python_version(),
        "machine": platform.machine(),
        "date": date.today().isoformat(),
    }


def check_addition(path: Path, held: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Refuse to add to the record at ``path`` what is made otherwise than its provenance, ``held``, says of all of it.

    Date and version of Python, which change no number, may be others: they are those of the last addition.

    Raises
    ------
    ValueError
        With each setting that differs, as it was and as it would be.
    """
    apart = [
        f"{name} was {held.get(name)}, would be {value}"
        for name, value in now.items()
        if name not in ("date", "Python") and held.get(name) != value
    ]
    if apart:
        raise ValueError(
            f"{path} holds results that were made otherwise ({'; '.join(apart)}); expected the same, another --output, "
            "or all of them --afresh"
        )


def arithmetic() -> dict[str, Any]:
    """By which instructions numpy computes here: where they are the same, so is every bit of a result by one thread.

    ``numpy_features`` are the processor's extensions that numpy uses, ``blas`` the kernels of its matrix products.
    """
    from threadpoolctl import threadpool_info

    # Libraries of threads, which scikit-learn loads too, multiply nothing.
    blas = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return {
        "numpy_features": np.show_config(mode="dicts")["SIMD Extensions"].get("found", []),
        "blas": sorted({f"{pool['internal_api']} {pool.get('architecture', '')}" for pool in blas}),
    }
