"""The commands of graded exercises: ``python -m actlab.grading COMMAND --help``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path


def main(argv: list[str] | None = None) -> int:
    """Run a command; return 0 if it did what it is for, 1 if it found something, 2 if it could not be run."""
    parser = argparse.ArgumentParser(prog="python -m actlab.grading", description="Graded exercises.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    make = commands.add_parser("release", help="make what students get from a source")
    make.add_argument("source", type=Path, help="a notebook with solutions and hidden tests")
    make.add_argument("out", type=Path, help="the notebook to write")
    make.set_defaults(run=_release)

    _add_grade(commands)

    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _release(arguments: argparse.Namespace) -> int:
    from actlab.grading.release import release

    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(release(arguments.source), "utf-8")
    return 0


def _add_grade(commands) -> None:
    from dataclasses import fields

    from actlab.grading.limits import Limits

    command = commands.add_parser("grade", help="grade what a class has handed in")
    command.add_argument("source", type=Path, help="a notebook with solutions and hidden tests")
    command.add_argument("submissions", type=Path, help="a folder with a file or a folder for each learner")
    command.add_argument("out", type=Path, help="the folder for grades.csv, results.json and feedback")
    command.add_argument("--seed", type=int, default=0, help="a secret number on which hidden inputs depend")
    command.add_argument("--workers", type=int, help="how many submissions are graded at a time")
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
