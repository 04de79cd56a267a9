"""The command ``python -m actlab.experiments.cosine_table``: trains the networks of every cell and writes the table."""

from __future__ import annotations

import argparse
import re
import time
from pathlib import Path

import numpy as np

from actlab import orders, provenance
from actlab.commands import add_output, whole
from actlab.experiments.cosine_table.record import Cell, Table
from actlab.experiments.cosine_table.report import percent
from actlab.experiments.cosine_table.settings import NETWORKS, SETTINGS


def main(arguments: list[str] | None = None) -> None:
    """Train with the given arguments, by default those of the command line, and write the table after every cell."""
    parser = argparse.ArgumentParser(prog="python -m actlab.experiments.cosine_table", description=__doc__)
    parser.add_argument("--networks", type=whole(1), default=NETWORKS, help=f"in each cell; default: {NETWORKS}")
    parser.add_argument("--seed", type=whole(0), default=0, help="of every cell; default: 0")
    parser.add_argument("--dtype", default="float32", choices=("float32", "float64"), help="default: float32")
    parser.add_argument("--cells", nargs="+", default=[""], metavar="TEXT", help="those whose name holds one of these")
    parser.add_argument("--workers", type=whole(1), help="processes; default: one for each processor")
    parser.add_argument("--save", type=Path, help="a folder for what is done, to go on from after an interruption")
    add_output(parser, "cosine.json")
    options = parser.parse_args(arguments)
    chosen = [settings for settings in SETTINGS if any(text in str(settings) for text in options.cells)]
    if not chosen:
        parser.error(f"no cell's name holds {' or '.join(options.cells)}; one is {SETTINGS[0]}")
    how = {"dtype": options.dtype, "backend": "numpy"}
    start = time.perf_counter()
    cells: list[Cell] = []
    for settings in chosen:
        save = options.save and options.save / re.sub(r"[^\w.]+", "-", str(settings))
        fits = settings.fit(
            options.networks, options.seed, executor=_executor(options.workers), progress=True, save=save, **how
        )
        cells.append(Cell.of(settings, fits))
        settings_of_all = {
            "networks": options.networks,
            "networks sharing a shuffle": orders.GROUP,
            "seed": options.seed,
            **how,
            "workers": options.workers,
            "seconds": round(time.perf_counter() - start),
        }
        Table(provenance.of_run(parser.prog, np, **settings_of_all), tuple(cells)).save(options.output)
        print(f"{settings}: below 0.01 {percent(cells[-1].success(0.01))}", flush=True)


def _executor(workers: int | None):
    if workers is None:
        return None
    from loky import get_reusable_executor

    return get_reusable_executor(max_workers=workers)


if __name__ == "__main__":
    main()
