"""What the commands that write a record have in common: the option that says where to."""

from __future__ import annotations

import argparse
import os
from pathlib import Path


def add_output(parser: argparse.ArgumentParser, default: str | Path, *, help: str | None = None) -> None:
    """Add ``--output`` to a command; a file that could not be written is refused before anything is computed."""
    # argparse passes a default through `type` if it is text, so that the default is checked as well.
    parser.add_argument(
        "--output", type=_to_write, default=str(default), metavar="FILE", help=help or f"default: {default}"
    )


def _to_write(text: str) -> Path:
    path = Path(text)
    if path.is_dir():
        raise argparse.ArgumentTypeError(f"{path} is a folder; expected the name of a file")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}; expected a file in one that exists")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{path} cannot be written; expected a file that can")
    return path
