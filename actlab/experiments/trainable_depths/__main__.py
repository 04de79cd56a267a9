"""The command ``python -m actlab.experiments.trainable_depths``: trains the networks of every cell and records them."""

from __future__ import annotations

import argparse
import itertools

import numpy as np
import sklearn

from actlab import provenance
from actlab.commands import add_output, whole
from actlab.core import Elementwise, get_elementwise
from actlab.experiments.trainable_depths.record import read, read_provenance, write
from actlab.experiments.trainable_depths.training import BATCH_SIZE, EXAMPLES, MOMENTUM, DepthTraining, train_depth

SIGMA_B2 = 0.05
#: The middle one is nearly critical for tanh with these biases.
SIGMA_W2 = (1.0, 1.2, 1.4, 1.6, 1.76, 2.0, 2.5, 3.0, 4.0)
DEPTHS = (10, 20, 40, 60, 80, 120)


def main(arguments: list[str] | None = None) -> None:
    """Train with the given arguments, by default those of the command line; what the output file holds is kept.

    Unless it was made with other settings or versions, which the record could then not say of each cell.
    """
    parser = argparse.ArgumentParser(prog="python -m actlab.experiments.trainable_depths", description=__doc__)
    parser.add_argument("--activations", nargs="+", default=["tanh"], metavar="NAME", help="default: tanh")
    parser.add_argument("--depths", nargs="+", type=whole(1), default=DEPTHS, metavar="L", help="hidden layers")
    parser.add_argument("--sigma-w2", nargs="+", type=float, default=SIGMA_W2, metavar="V", help="variances")
    parser.add_argument("--networks", type=whole(1), default=3, help="in each cell; default: 3")
    parser.add_argument("--epochs", type=whole(1), default=20, help="default: 20")
    parser.add_argument("--seed", type=whole(0), default=0, help="default: 0")
    parser.add_argument("--afresh", action="store_true", help="train the chosen cells anew if the output file has them")
    add_output(parser, "trainable-depths.json")
    options = parser.parse_args(arguments)
    how = {"networks": options.networks, "epochs": options.epochs, "seed": options.seed}
    constants = {"examples": EXAMPLES, "momentum": MOMENTUM, "batch_size": BATCH_SIZE}
    source = provenance.of_run(parser.prog, np, sklearn, **constants, **how)
    try:
        activations = [get_elementwise(name) for name in options.activations]
        chosen = dict.fromkeys(itertools.product(activations, options.depths, options.sigma_w2))
        found = {_cell(each): each for each in (read(options.output) if options.output.exists() else ())}
        if options.afresh:
            found = {cell: each for cell, each in found.items() if cell not in chosen}
        if found:
            provenance.check_addition(options.output, read_provenance(options.output), source)
    except (TypeError, ValueError) as error:
        parser.error(str(error))
    for cell in chosen:
        if cell in found:
            print(f"in {options.output} (--afresh trains it anew): {found[cell]}")
            continue
        activation, depth, sigma_w2 = cell
        found[cell] = train_depth(activation, depth, sigma_w2=sigma_w2, sigma_b2=SIGMA_B2, **how)
        print(found[cell], flush=True)
        # Anew after each, so that an interrupted run leaves what it has found.
        write(found.values(), source, options.output)


def _cell(found: DepthTraining) -> tuple[Elementwise, int, float]:
    return found.activation, found.depth, found.sigma_w2


if __name__ == "__main__":
    main()
