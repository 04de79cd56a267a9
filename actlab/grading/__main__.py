"""The commands of graded exercises: ``python -m actlab.grading COMMAND --help``."""

from __future__ import annotations

import argparse
import functools
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

    test = commands.add_parser("mutants", help="test the tests of a source with wrong and right answers")
    test.add_argument("source", type=Path, help="a source; its bank of answers lies beside it, with the suffix .toml")
    test.add_argument("--question", action="append", default=[], metavar="ID", help="only this one; may be repeated")
    test.add_argument("--quick", action="store_true", help="try only a few answers where the bank calls them slow")
    test.add_argument("--workers", type=int, default=1, metavar="N", help="try so many answers at a time; default: 1")
    test.set_defaults(run=_mutants)

    scan = commands.add_parser("leaks", help="look for solutions and hidden tests in what is published")
    scan.add_argument("sources", type=Path, help="the folder with the sources and their banks")
    scan.add_argument("released", type=Path, nargs="+", help="files, or folders such as that of the built book")
    scan.add_argument(
        "--public", type=Path, action="append", default=[], metavar="PATH",
        help="chapters that are published anyway: their lines are no leaks; may be repeated",
    )  # fmt: skip
    scan.set_defaults(run=_leaks)

    arguments = parser.parse_args(argv)
    try:
        return arguments.run(arguments)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _release(arguments: argparse.Namespace) -> int:
    from actlab.grading.release import release

    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(release(arguments.source), "utf-8")
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


if __name__ == "__main__":
    sys.exit(main())
