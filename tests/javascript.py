"""Runs JavaScript for the tests, in Node and in a browser without a window."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import chromium
import numpy as np
import pytest

_FOUND = {"node": shutil.which("node") or shutil.which("nodejs"), "browser": chromium.find()}

#: What is installed of "node" and "browser", with its path.
ENGINES = {kind: path for kind, path in _FOUND.items() if path}


def first_engine() -> str:
    """Name the engine that runs what names none; a test that asks for it is skipped where there is none."""
    if not ENGINES:
        pytest.skip("neither Node nor Chromium is installed")
    return next(iter(ENGINES))


def run(module: str, program: str, numbers: np.ndarray, folder: Path, engine: str | None = None) -> np.ndarray:
    """Run the text of an ES module, and lines after it that turn the Float64Array ``input`` into an array ``output``.

    The numbers pass as bytes, so that every nan, zero and subnormal number arrives as it is. The engine is the first
    that is installed unless one is named.
    """
    engine = engine or first_engine()
    given = base64.b64encode(np.ascontiguousarray(numbers, np.float64).tobytes()).decode()
    text = f"""{module}
let ANSWER = "";
{{
const input = new Float64Array(Uint8Array.from(atob("{given}"), (c) => c.charCodeAt(0)).buffer);
{program}
for (const byte of new Uint8Array(Float64Array.from(output).buffer)) ANSWER += byte.toString(16).padStart(2, "0");
}}
"""
    return np.frombuffer(bytes.fromhex(_node(text, folder) if engine == "node" else _browser(text, folder)))


def _node(text: str, folder: Path) -> str:
    file = folder / "program.mjs"
    file.write_text(f"{text}process.stdout.write(ANSWER);\n", encoding="utf-8")
    return _printed([ENGINES["node"], str(file)])


def _browser(text: str, folder: Path) -> str:
    file = folder / "program.html"
    shown = "document.body.textContent = `[${ANSWER}]`;"
    file.write_text(f'<!doctype html><body><script type="module">{text}{shown}</script>', encoding="utf-8")
    options = ["--headless", "--disable-gpu", f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    page = _printed([ENGINES["browser"], *options, *chromium.ARGUMENTS, file.as_uri()])
    assert "[" in page, f"the browser shows no answer, but {page[:300]}"
    return page.partition("[")[2].partition("]")[0]


def _printed(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
