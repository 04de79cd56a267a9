"""The command ``python -m actlab.experiments.choosing``: trains the networks of every cell and records them."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import sklearn
from joblib import Parallel, delayed, parallel_config
from tqdm import tqdm

from actlab import provenance
from actlab.commands import add_output, whole
from actlab.experiments.choosing.record import Record, load, write
from actlab.experiments.choosing.settings import Settings, cells
from actlab.experiments.choosing.training import EPOCHS, NETWORKS, Cell, train_cell


def main(arguments: list[str] | None = None) -> None:
    """Train with the given arguments, by default those of the command line; cells in the output file are kept.

    Unless they were made with other settings, versions or arithmetic, which the record could then not say of each.
    """
    parser = argparse.ArgumentParser(prog="python -m actlab.experiments.choosing", description=__doc__)
    parser.add_argument("--networks", type=whole(1), default=NETWORKS, help=f"in each cell; default: {NETWORKS}")
    parser.add_argument("--epochs", type=whole(1), default=EPOCHS, help=f"default: {EPOCHS}")
    parser.add_argument("--seed", type=whole(0), default=0, help="of every cell; default: 0")
    parser.add_argument("--cells", nargs="+", default=[""], metavar="TEXT", help="those whose name holds one of these")
    parser.add_argument(
        "--workers", type=whole(1), default=os.cpu_count(), help="processes; default: one per processor"
    )
    parser.add_argument("--afresh", action="store_true", help="train the chosen cells anew if the output file has them")
    add_output(parser, "choosing.json")
    options = parser.parse_args(arguments)
    chosen = [settings for settings in cells() if any(text in str(settings) for text in options.cells)]
    if not chosen:
        parser.error(f"no cell's name holds {' or '.join(options.cells)}; one is {cells()[0]}")
    how = {"networks": options.networks, "epochs": options.epochs, "seed": options.seed}
    source = provenance.of_run(parser.prog, np, sklearn, **how) | provenance.arithmetic()
    record = load(options.output) if options.output.exists() else Record({}, ())
    dropped = set(chosen) if options.afresh else set()
    held = {cell.settings: cell for cell in record.cells if cell.settings not in dropped}
    try:
        if held:
            provenance.check_addition(options.output, record.provenance, source)
    except ValueError as error:
        parser.error(str(error))
    todo = [settings for settings in chosen if settings not in held]
    print(f"{len(chosen) - len(todo)} of {len(chosen)} cells are in {options.output} (--afresh trains them anew)")
    for cell in _trained(todo, options.workers, how):
        held[cell.settings] = cell
        # Anew after each, so that an interrupted run goes on from there.
        write([held[settings] for settings in cells() if settings in held], source, options.output)


def _trained(todo: Sequence[Settings], workers: int, how: Mapping[str, int]) -> Iterator[Cell]:
    """The cells as they are finished, with a progress bar; each is trained by one thread."""
    with parallel_config("loky", n_jobs=workers, inner_max_num_threads=1):
        finished = Parallel(return_as="generator_unordered")(delayed(train_cell)(settings, **how) for settings in todo)
        yield from tqdm(finished, total=len(todo), unit="cell")


if __name__ == "__main__":
    main()
