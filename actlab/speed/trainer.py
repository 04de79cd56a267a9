"""The command ``python -m actlab.speed.trainer``: how long the figure of the cosine fit computes in a browser.

It trains networks of two and of eight hidden units in Chromium without a window, and prints for every activation that
is offered the milliseconds of one whole run. Nothing is drawn meanwhile: drawing takes what the browser leaves it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from actlab.catalogue import Table
from actlab.commands import whole
from actlab.experiments.cosine_table.settings import Settings
from actlab.widgets import CosineTrainer, bundle
from actlab.widgets.trainer import OFFERED

GOAL = 100  # milliseconds in which a run shall be computed
HIDDEN = (Settings.hidden, 8)
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")

# Of the runs of several networks the median, after a run that is not counted and compiles.
_PROGRAM = """
const settings = %s;
const measure = (changed) => {
  const all = { ...settings, ...changed };
  const make = cosine_js.cosineFit({ get: (name) => all[name] });
  const times = [];
  for (let number = 0; number < all.rounds; number++) {
    const start = performance.now();
    const followed = cosine_js.followed(make(number));
    while (followed.epoch < all.epochs) followed.advance();
    times.push(performance.now() - start);
  }
  return Math.min(...times);
};
document.body.textContent = `[${settings.cells.map(measure)}]`;
"""


def browser() -> str | None:
    """The path of a Chromium that is installed."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)


def measure(path: str, rounds: int) -> list[tuple[str, int, float]]:
    """Activation, hidden units and milliseconds of a run."""
    cells = [{"activation": activation, "hidden": hidden} for activation in OFFERED for hidden in HIDDEN]
    settings = {**CosineTrainer().page_state(), "rounds": rounds, "cells": cells}
    program = bundle.module("trainer") + _PROGRAM % json.dumps(settings)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.html")
        page.write_text(f'<!doctype html><body><script type="module">{program}</script>', encoding="utf-8")
        root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
        options = ["--headless", "--disable-gpu", f"--user-data-dir={folder}/profile", "--dump-dom", *root]
        done = subprocess.run([path, *options, page.as_uri()], capture_output=True, text=True, check=True)
    times = json.loads("[" + done.stdout.partition("<body>[")[2].partition("]")[0] + "]")
    return [(cell["activation"], cell["hidden"], time) for cell, time in zip(cells, times, strict=True)]


def table(found: list[tuple[str, int, float]]) -> Table:
    """The milliseconds of a run, with a row for each activation."""
    rows = {}
    for activation, _, milliseconds in found:
        rows.setdefault(activation, []).append(f"{milliseconds:.1f}")
    titles = [f"{hidden} units, ms" for hidden in HIDDEN]
    return Table(("activation", *titles), tuple((f"`{name}`", *times) for name, times in rows.items()))


def main(arguments: list[str] | None = None) -> None:
    """Run the benchmark with the given arguments, by default those of the command line."""
    parser = argparse.ArgumentParser(prog="python -m actlab.speed.trainer", description=__doc__)
    parser.add_argument("--rounds", type=whole(1), default=9, help="runs of which the shortest counts; default: 9")
    parser.add_argument("--browser", default=browser(), help="path of a Chromium; default: %(default)s")
    options = parser.parse_args(arguments)
    if options.browser is None:
        parser.error(f"no browser is installed under the names {', '.join(_BROWSERS)}")
    found = measure(options.browser, options.rounds)
    print(table(found)._repr_markdown_())
    slowest = max(found, key=lambda row: row[-1])
    print(f"\nThe slowest: {slowest[0]}, {slowest[1]} units, {slowest[2]:.1f} ms; the goal is {GOAL} ms.")


if __name__ == "__main__":
    main()
