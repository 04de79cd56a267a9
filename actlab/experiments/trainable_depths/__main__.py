"""The command ``python -m actlab.experiments.trainable_depths``: trains the networks of every cell and records them."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import sklearn

from actlab import provenance
from actlab.experiments.trainable_depths.record import read, write
from actlab.experiments.trainable_depths.training import BATCH_SIZE, EXAMPLES, MOMENTUM, train_depth

SIGMA_B2 = 0.05
#: The middle one is nearly critical for tanh with these biases.
SIGMA_W2 = (1.0, 1.2, 1.4, 1.6, 1.76, 2.0, 2.5, 3.0, 4.0)
DEPTHS = (10, 20, 40, 60, 80, 120, 160)


def main(arguments: list[str] | None = None) -> None:
    """Train with the given arguments, by default those of the command line; what the output file holds is kept."""
    parser = argparse.ArgumentParser(prog="python -m actlab.experiments.trainable_depths", description=__doc__)
    parser.add_argument("--activations", nargs="+", default=["tanh"], metavar="NAME", help="default: tanh")
    parser.add_argument("--depths", nargs="+", type=int, default=DEPTHS, metavar="L", help="hidden layers")
    parser.add_argument("--sigma-w2", nargs="+", type=float, default=SIGMA_W2, metavar="V", help="variances")
    parser.add_argument("--networks", type=int, default=3, help="in each cell; default: 3")
    parser.add_argument("--epochs", type=int, default=20, help="default: 20")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    parser.add_argument("--output", type=Path, default=Path("trainable-depths.json"), help="default: %(default)s")
    options = parser.parse_args(arguments)
    source = provenance.of_run(parser.prog, np, sklearn, examples=EXAMPLES, momentum=MOMENTUM, batch_size=BATCH_SIZE)
    found = read(options.output) if options.output.exists() else []
    for activation in options.activations:
        for depth in options.depths:
            for sigma_w2 in options.sigma_w2:
                how = {"networks": options.networks, "epochs": options.epochs, "seed": options.seed}
                found.append(train_depth(activation, depth, sigma_w2=sigma_w2, sigma_b2=SIGMA_B2, **how))
                print(found[-1], flush=True)
                # Anew after each, so that an interrupted run leaves what it has found.
                write(found, source, options.output)


if __name__ == "__main__":
    main()
