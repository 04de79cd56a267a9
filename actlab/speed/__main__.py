"""The command ``python -m actlab.speed``: measures, writes the record, and says which goals are met."""

from __future__ import annotations

import argparse
from functools import partial

from actlab.catalogue import elementwise
from actlab.commands import add_output, whole
from actlab.speed.measurement import SIZES, runs
from actlab.speed.record import Record, joined
from actlab.speed.report import conditions, goals


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark with the given arguments, by default those of the command line."""
    names = [activation.name for activation in elementwise()]
    parser = argparse.ArgumentParser(prog="python -m actlab.speed", description=__doc__)
    parser.add_argument(
        "--functions", nargs="+", default=names, metavar="NAME", choices=names, help="default: all elementwise ones"
    )
    parser.add_argument("--orders", nargs="+", type=int, default=(0, 1, 2), choices=(0, 1, 2))
    parser.add_argument("--dtypes", nargs="+", default=("float64", "float32"), choices=("float64", "float32"))
    parser.add_argument("--sizes", nargs="+", type=whole(1), default=SIZES, metavar="N")
    parser.add_argument("--frameworks", nargs="*", metavar="NAME", help="of keras, torch, jax; default: the installed")
    parser.add_argument("--rounds", type=whole(1), help="rounds for every size; default: fewer for more numbers")
    parser.add_argument("--runs", type=whole(1), default=1, help="so many, each in a new process; default: 1")
    add_output(parser, "speed.json")
    options = parser.parse_args(arguments)
    measured = []
    for record in runs(
        options.runs,
        options.functions,
        frameworks=options.frameworks,
        orders=options.orders,
        dtypes=options.dtypes,
        sizes=options.sizes,
        rounds=options.rounds,
        tell=partial(print, flush=True),
    ):
        measured.append(record)
        joined(measured).save(options.output)
        _tell(record)


def _tell(record: Record) -> None:
    print(conditions(record))
    words = {"not met": "NOT MET", "not measured": "-"}
    for goal in goals(record):
        print(f"{words.get(goal.verdict, goal.verdict):16} {goal.text}: {goal.measured}")


if __name__ == "__main__":
    main()
