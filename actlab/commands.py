"""What the commands have in common: the option that says where a record is written to, and numbers that are counts."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path


def add_output(parser: argparse.ArgumentParser, default: str | Path, *, help: str | None = None) -> None:
    """Add ``--output`` to a command; a file that could not be written is refused before anything is computed."""
    # argparse passes a default through `type` if it is text, so that the default is checked as well.
    parser.add_argument(
        "--output", type=_to_write, default=str(default), metavar="FILE", help=help or f"default: {default}"
    )


def whole(least: int) -> Callable[[str], int]:
    """A ``type`` of argparse's options: whole numbers of ``least`` or more."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = None
        if number is None or number < least:
            raise argparse.ArgumentTypeError(f"must be a whole number of {least} or more; got {text!r}")
        return number

    return read


def _to_write(text: str) -> Path:
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{path} is a folder; expected the name of a file")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}; expected a file in one that exists")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{path} cannot be written; expected a file that can")
    return path
