"""Runs JavaScript for the tests: in Node where that is found, else in a browser without a window."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@cache
def engine() -> tuple[str, str] | None:
    """The kind of what is found, "node" or "browser", and its path."""
    found = [("node", shutil.which("node")), *(("browser", shutil.which(name)) for name in _BROWSERS)]
    return next(((kind, path) for kind, path in found if path), None)


needs_javascript = pytest.mark.skipif(engine() is None, reason="neither node nor chromium is installed")


def run(module: str, program: str, numbers: np.ndarray, folder: Path, kind: str | None = None) -> np.ndarray:
    """Run an ES module and lines after it, which turn the Float64Array ``input`` into the Float64Array ``output``.

    The numbers pass as bytes, so that every nan, zero and subnormal number arrives as it is.
    """
    path = engine()[1] if kind is None else dict([engine()])[kind]
    data = base64.b64encode(np.ascontiguousarray(numbers, np.float64).tobytes()).decode()
    decode = f"new Float64Array(Uint8Array.from(atob({json.dumps(data)}), (c) => c.charCodeAt(0)).buffer)"
    encode = 'Array.from(new Uint8Array(output.buffer), (byte) => byte.toString(16).padStart(2, "0")).join("")'
    text = f"{module}\nlet ANSWER;\n{{\nconst input = {decode};\n{program}\nANSWER = {encode};\n}}\n"
    if Path(path).name.startswith("node"):
        file = folder / "program.mjs"
        file.write_text(text + "process.stdout.write(ANSWER);\n", encoding="utf-8")
        command = [path, str(file)]
    else:
        file = folder / "program.html"
        shown = "document.body.textContent = `=${ANSWER}=`;"
        file.write_text(f'<!doctype html><body><script type="module">{text}{shown}</script>', encoding="utf-8")
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        command = [path, "--headless", "--disable-gpu", *root, f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
        command.append(file.as_uri())
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    answer = done.stdout if Path(path).name.startswith("node") else done.stdout.partition("=")[2].partition("=")[0]
    return np.frombuffer(bytes.fromhex(answer), np.float64)
