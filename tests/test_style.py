"""The code is formatted and free of what the linter finds, and the text of what a spelling checker knows."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    "command",
    [
        "ruff check --no-cache .",
        "ruff format --no-cache --check .",
        "codespell_lib actlab book tests README.md CONTRIBUTING.md CHANGELOG.md --skip *.svg,*.png,*/mathjax/*,*.ipynb",
    ],
)
def test_nothing_is_found(command):
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
