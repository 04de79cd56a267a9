"""The record of trainings in which units die, and the command ``python -m actlab.experiments.death_record``.

A long training enlarges the last bits in which two processors differ, so the book reads what one has counted.
"""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np

from actlab.commands import add_output, whole
from actlab.experiments.born_dead import asymmetric
from actlab.experiments.deaths import follow_deaths
from actlab.experiments.narrow import learn_absolute
from actlab.initialisers import he_normal
from actlab.optimisers import SGD, Adam
from actlab.statistics import Share

#: Learning rates by optimiser, and units of each of the three hidden layers, of which all combinations are recorded.
RATES = {
    "SGD": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
    "Adam": (0.0001, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3),
}
WIDTHS = (8, 32)

#: The trainings of which revivals are recorded, by what the book calls them.
REVIVALS = {
    "SGD, rate 0.3": SGD(0.3),
    "SGD, rate 1": SGD(1.0),
    "Adam, rate 0.01": Adam(0.01),
    "Adam, rate 0.1": Adam(0.1),
    "Adam, rate 0.1, no momentum": Adam(0.1, beta_1=0.0),
}

#: The starts of the networks that are to learn abs(x).
STARTS = {start.__name__: start for start in (he_normal, asymmetric)}


@dataclass(frozen=True)
class Counted:
    """A share and what it was counted of: the names and values of its settings."""

    settings: Mapping[str, object]
    share: Share


@dataclass(frozen=True)
class DeathRecord:
    """Shares that were counted in trainings; ``made`` says when and with what."""

    made: Mapping[str, object]
    rows: tuple[Counted, ...]

    def find(self, **settings) -> list[Counted]:
        """All rows that have these settings, in the order of the record."""
        return [row for row in self.rows if settings.items() <= row.settings.items()]

    def share(self, **settings) -> Share:
        """The share of the only row that has these settings."""
        found = self.find(**settings)
        if len(found) != 1:
            raise ValueError(f"settings must be those of one row; {settings} are those of {len(found)}")
        return found[0].share

    def by(self, setting: str, **settings) -> dict[object, Share]:
        """The shares of the rows that have these settings, by the value of one setting more."""
        found = self.find(**settings)
        shares = {row.settings[setting]: row.share for row in found}
        if len(shares) != len(found):
            raise ValueError(f"settings must leave one row for each {setting}; {settings} are those of {len(found)}")
        return shares

    def __repr__(self) -> str:
        return f"DeathRecord({len(self.rows)} shares, made {self.made['date']})"


def sweep(name: str, width: int, *, networks: int, seed: int = 0, epochs: int = 100) -> Iterator[Counted]:
    """Dead units at the end, by learning rate, for an optimiser of ``RATES``; ``networks`` for each rate.

    They are also counted in networks that have learnt and in those that have not apart, whatever the layer.
    """
    optimiser = {"SGD": SGD, "Adam": Adam}[name]
    rates = RATES[name]
    deaths = follow_deaths(
        width=width, optimiser=optimiser(np.repeat(rates, networks)), epochs=epochs, every=epochs,
        networks=networks * len(rates), seed=seed,
    )  # fmt: skip
    for number, rate in enumerate(rates):
        part = deaths.select(slice(number * networks, (number + 1) * networks))
        settings = {"experiment": "sweep", "optimiser": name, "width": width, "rate": rate}
        yield Counted(settings | {"asked": "diverged"}, part.diverged)
        learnt = part.losses < 0.1
        yield Counted(settings | {"asked": "learnt"}, Share.of(learnt))
        for layer in (None, *range(1, part.layers + 1)):
            if (share := part.share(layer)) is not None:
                yield Counted(settings | {"asked": "dead", "layer": layer or "all"}, share)
        for which, among in (("learnt", learnt), ("not learnt", ~learnt)):
            if (share := part.select(among).share()) is not None:
                yield Counted(settings | {"asked": f"dead, {which}"}, share)


def revivals(name: str, *, networks: int, seed: int = 0, epochs: int = 100) -> Iterator[Counted]:
    """Which units came back, for a training of ``REVIVALS``; seen after every epoch."""
    deaths = follow_deaths(optimiser=REVIVALS[name], networks=networks, seed=seed, epochs=epochs)
    for layer in range(1, deaths.layers + 1):
        asked = {
            "dead at first": deaths.share(layer, look=0),
            "dead at last": deaths.share(layer),
            "killed": deaths.killed(layer),
            "revived": deaths.revived(layer),
            "revived, born dead": deaths.revived(layer, born=True),
            "revived, killed": deaths.revived(layer, born=False),
            "alive at last, of those seen dead": deaths.alive_at_last(layer),
        }
        for question, share in asked.items():
            if share is not None:
                settings = {"experiment": "revival", "training": name, "layer": layer, "asked": question}
                yield Counted(settings, share)


def absolute(name: str, *, networks: int, seed: int = 0) -> Iterator[Counted]:
    """What becomes of networks that are to learn abs(x), from a start of ``STARTS``."""
    training = learn_absolute(start=STARTS[name], networks=networks, seed=seed)
    asked = {
        "born dead": Share.of(training.born),
        "collapsed": training.collapsed,
        "killed": training.killed,
        "learnt": training.learnt,
    }
    for question, share in asked.items():
        yield Counted({"experiment": "absolute", "start": name, "asked": question}, share)


@cache
def load() -> DeathRecord:
    """The record that comes with the package."""
    return read(Path(__file__).parents[1] / "recorded" / "deaths.json")


def read(path: Path) -> DeathRecord:
    """A record from a file that the command has written."""
    found = json.loads(path.read_text("utf-8"))
    return DeathRecord(found["made"], tuple(Counted(row["settings"], Share(*row["share"])) for row in found["rows"]))


def write(record: DeathRecord, path: Path) -> None:
    """Write a record, a line for each share."""
    rows = [json.dumps({"settings": row.settings, "share": astuple(row.share)}) for row in record.rows]
    path.write_text(f'{{"made": {json.dumps(record.made)}, "rows": [\n' + ",\n".join(rows) + "\n]}\n", "utf-8")


def main(arguments: list[str] | None = None) -> None:
    """Count with the given arguments, by default those of the command line, and write the record."""
    parser = argparse.ArgumentParser(prog="python -m actlab.experiments.death_record", description=__doc__)
    parser.add_argument("--networks", type=whole(1), default=200, help="of each sweep's cell and revival; default: 200")
    parser.add_argument("--narrow", type=whole(1), default=1000, help="networks that learn abs(x); default: 1000")
    add_output(parser, "deaths.json")
    options = parser.parse_args(arguments)
    rows = [row for name in RATES for width in WIDTHS for row in sweep(name, width, networks=options.networks)]
    rows += [row for name in REVIVALS for row in revivals(name, networks=options.networks)]
    rows += [row for name in STARTS for row in absolute(name, networks=options.narrow)]
    made = {
        "command": parser.prog,
        "networks": options.networks,
        "numpy": np.__version__,
        "Python": platform.python_version(),
        "machine": platform.machine(),
        "date": date.today().isoformat(),
    }
    write(DeathRecord(made, tuple(rows)), options.output)


if __name__ == "__main__":
    main()
