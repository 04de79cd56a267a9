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


if __name__ == "__main__":
    sys.exit(main())
