"""The results of the benchmark, as a record that a JSON file holds."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

RECORDED = Path(__file__).parents[1] / "recorded"


@dataclass(frozen=True)
class Measurement:
    """Numbers, by the name of what they belong to, for one function, order, dtype and number of elements."""

    function: str
    order: int
    dtype: str
    n: int
    values: Mapping[str, float]


@dataclass(frozen=True)
class Record:
    """One run of the benchmark, or several that were ``joined``.

    ``provenance`` says where the numbers come from. ``timings`` holds the seconds of one call by contestant,
    ``limits`` those of numpy's own functions, ``worst`` those of actlab on data of several kinds; ``memory`` the bytes
    that a call with ``out=`` needs at its peak.
    """

    provenance: Mapping[str, Any]
    timings: tuple[Measurement, ...] = ()
    limits: tuple[Measurement, ...] = ()
    worst: tuple[Measurement, ...] = ()
    memory: tuple[Measurement, ...] = ()

    def save(self, path: Path) -> None:
        """Write the record as JSON, a line for each measurement."""
        parts = [f'"provenance": {json.dumps(dict(self.provenance), indent=1)}']
        for name in _SECTIONS:
            lines = ",\n".join(json.dumps(asdict(measurement)) for measurement in getattr(self, name))
            parts.append(f'"{name}": [\n{lines}\n]')
        path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


_SECTIONS = ("timings", "limits", "worst", "memory")


def joined(runs: Sequence[Record]) -> Record:
    """One record of several runs with the same settings: the measurements of the first, then of the next, and so on."""
    sections = (tuple(chain.from_iterable(getattr(run, name) for run in runs)) for name in _SECTIONS)
    return Record({**runs[-1].provenance, "runs": len(runs)}, *sections)


def load(path: str | Path = "speed") -> Record:
    """The record in a JSON file; a bare name is that of one which the package holds.

    Raises
    ------
    ValueError
        If there is no such file.
    """
    path = RECORDED / f"{path}.json" if "." not in str(path) else Path(path)
    if not path.exists():
        held = ", ".join(sorted(file.stem for file in RECORDED.glob("speed*.json"))) or "none"
        raise ValueError(f"no recorded benchmark at {path.name!r}; held by the package: {held}")
    read = json.loads(path.read_text(encoding="utf-8"))
    sections = {name: tuple(Measurement(**entry) for entry in read[name]) for name in _SECTIONS}
    return Record(read["provenance"], **sections)


def provenance(**settings: Any) -> dict[str, Any]:
    """Machine, versions and date of a run that has just been made, beside the ``settings`` it had."""
    features = np.show_config(mode="dicts")["SIMD Extensions"]
    exponential = np.lib.introspect.opt_func_info(func_name="^exp$", signature="float64")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.machine()}",
        "numpy_features": [*features["baseline"], *features["found"]],
        "numpy_exp": exponential.get("exp", {}).get("dd", {}).get("current", "unknown"),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "versions": {"python": platform.python_version(), **_versions()},
        **settings,
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _versions() -> dict[str, str]:
    """The versions of what the run has loaded."""
    names = ("numpy", "scipy", "tensorflow", "keras", "torch", "jax", "numba")
    return {name: sys.modules[name].__version__ for name in names if name in sys.modules}
