"""The commands of graded exercises: ``python -m actlab.grading COMMAND --help``."""

from __future__ import annotations

import argparse
import functools
import sys
from pathlib import Path

from actlab.commands import whole


def main(argv: list[str] | None = None) -> int:
    """Run a command; return 0 if it did what it is for, 1 if it found something, 2 if it could not be run."""
    parser = argparse.ArgumentParser(prog="python -m actlab.grading", description="Graded exercises.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    make = commands.add_parser("release", help="make what students get from a source")
    make.add_argument("source", type=Path, help="a notebook with solutions and hidden tests")
    make.add_argument("out", type=Path, help="the notebook to write; no file with solutions is overwritten")
    make.set_defaults(run=_release)

    test = commands.add_parser("mutants", help="test the tests of a source with wrong and right answers")
    test.add_argument("source", type=Path, help="a source; its bank of answers lies beside it, with the suffix .toml")
    test.add_argument("--question", action="append", default=[], metavar="ID", help="only this one; may be repeated")
    test.add_argument("--quick", action="store_true", help="try only a few answers where the bank calls them slow")
    test.add_argument(
        "--workers", type=whole(1), default=1, metavar="N", help="try so many answers at a time; default: 1"
    )
    test.set_defaults(run=_mutants)

    scan = commands.add_parser("leaks", help="look for solutions and hidden tests in what is published")
    scan.add_argument("sources", type=Path, help="the folder with the sources and their banks")
    scan.add_argument("released", type=Path, nargs="+", help="files, or folders such as that of the built book")
    scan.add_argument(
        "--public", type=Path, action="append", default=[], metavar="PATH",
        help="chapters that are published anyway: their lines are no leaks; may be repeated",
    )  # fmt: skip
    scan.set_defaults(run=_leaks)

    _add_grade(commands)

    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _release(arguments: argparse.Namespace) -> int:
    from actlab.grading.release import write

    write(arguments.source, arguments.out)
    return 0


def _mutants(arguments: argparse.Namespace) -> int:
    from actlab.grading.mutants import measure

    report = measure(
        arguments.source,
        arguments.question,
        quick=arguments.quick,
        workers=arguments.workers,
        tell=functools.partial(print, flush=True),
    )
    print(*report.faults, report, sep="\n")
    return int(not report.is_sound)


def _leaks(arguments: argparse.Namespace) -> int:
    from actlab.grading.leaks import leaks

    scan = leaks(arguments.sources, arguments.released, public=arguments.public)
    print(*scan.found, scan, sep="\n")
    return int(bool(scan.found))


def _add_grade(commands) -> None:
    from dataclasses import fields

    from actlab.grading.limits import Limits

    command = commands.add_parser("grade", help="grade what a class has handed in")
    command.add_argument("source", type=Path, help="a notebook with solutions and hidden tests")
    command.add_argument("submissions", type=Path, help="a folder with a file or a folder for each learner")
    command.add_argument("out", type=Path, help="the folder for grades.csv, results.json and feedback")
    command.add_argument("--seed", type=whole(0), default=0, help="a secret number on which hidden inputs depend")
    command.add_argument("--workers", type=whole(1), help="how many submissions are graded at a time")
    command.add_argument("--afresh", action="store_true", help="use no marks that an earlier run has left in OUT")
    command.add_argument("--unprotected", action="store_true", help="go on where this system lacks a protection")
    limits = command.add_argument_group("limits of one submission")
    for limit in fields(Limits):
        seconds = isinstance(limit.default, float)
        limits.add_argument(
            f"--{limit.name.replace('_', '-')}{'-seconds' * seconds}",
            dest=f"limit_{limit.name}",
            type=float if seconds else int,
            default=limit.default,
            metavar="SECONDS" if seconds else "N",
            help=f"{limit.default:g} unless said otherwise" if seconds else f"{limit.default} unless said otherwise",
        )
    command.set_defaults(run=_grade)


def _grade(arguments: argparse.Namespace) -> int:
    from dataclasses import fields

    from actlab.grading.limits import Limits
    from actlab.grading.running import grade

    limits = Limits(**{limit.name: getattr(arguments, f"limit_{limit.name}") for limit in fields(Limits)})
    try:
        found = grade(
            arguments.source,
            arguments.submissions,
            arguments.out,
            limits=limits,
            seed=arguments.seed,
            workers=arguments.workers,
            resume=not arguments.afresh,
            unprotected=arguments.unprotected,
        )
    except KeyboardInterrupt:
        print("interrupted: what was graded is kept; the same command goes on from there", file=sys.stderr)
        return 130
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
