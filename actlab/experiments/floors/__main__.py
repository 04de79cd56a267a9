"""The command ``python -m actlab.experiments.floors``: searches for the floors and writes the record."""

from __future__ import annotations

import argparse
import time

import numpy as np
import scipy

from actlab import provenance
from actlab.commands import add_output, whole
from actlab.experiments.cosine_table.settings import COSINE_ACTIVATIONS, HIDDEN
from actlab.experiments.floors.record import Floor, read, write
from actlab.experiments.floors.search import find_floor


def main(arguments: list[str] | None = None) -> None:
    """Search with the given arguments, by default those of the command line, and print each floor as it is found.

    Of the floors that the output file already holds, those stay that are lower than what is found now.
    """
    names = list(dict.fromkeys(activation.name for activation in COSINE_ACTIVATIONS))
    parser = argparse.ArgumentParser(prog="python -m actlab.experiments.floors", description=__doc__)
    parser.add_argument("--activations", nargs="+", default=names, choices=names, metavar="NAME", help="default: all")
    parser.add_argument("--hidden", nargs="+", type=whole(1), default=HIDDEN, metavar="N", help="default: 1 2 3 4 8")
    parser.add_argument("--restarts", type=whole(1), help="for each floor; default: 120 divided by the hidden units")
    parser.add_argument("--rounds", type=whole(0), help="for each restart; default: 2 for a unit, 8 where f' jumps")
    parser.add_argument("--seed", type=whole(0), default=0, help="default: 0")
    add_output(parser, "floors.json")
    options = parser.parse_args(arguments)
    source = provenance.of_run(parser.prog, np, scipy)
    floors = read(options.output) if options.output.exists() else {}
    for activation in COSINE_ACTIVATIONS:
        for hidden in options.hidden if activation.name in options.activations else ():
            found = find_floor(activation, hidden, restarts=options.restarts, rounds=options.rounds, seed=options.seed)
            print(f"{time.process_time():5.0f} s  {found}", flush=True)
            floors[activation, hidden] = min(found, floors.get((activation, hidden), found), key=lambda f: f.loss)
            # Anew after each, so that an interrupted run leaves what it has found.
            write(sorted(floors.values(), key=_place), source, options.output)


def _place(found: Floor) -> tuple[int, int]:
    return COSINE_ACTIVATIONS.index(found.activation), found.hidden


if __name__ == "__main__":
    main()
