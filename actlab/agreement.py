"""Whether Keras, PyTorch and JAX compute our functions: every name that they have for one, called and compared.

Two kinds of calls are compared, in float64. The call that a record declares gets the record's parameter values. A
*bare* call is a name as a user types it, without an argument, in each place where a framework keeps activations; in
Keras these are ``keras.activations``, ``keras.layers`` and ``tf.nn``.

``python -m actlab.agreement`` compares with all frameworks that are installed and writes ``recorded/agreement.json``,
which says of each framework in which version it was asked, and when; the others keep what the file says of them.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from actlab import calls, peers
from actlab.catalogue import Table
from actlab.commands import add_output
from actlab.core import ACTIVATIONS, Activation, Elementwise, get

COMMAND = "python -m actlab.agreement"

#: Where a framework keeps its activations: what a user types before a name, and the path inside the framework.
PLACES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "keras": {"keras.activations": "activations", "keras.layers": "layers", "tf.nn": "tf.nn"},
        "torch": {"F": "nn.functional", "torch.nn": "nn"},
        "jax": {"jax.nn": "nn"},
    }
)

#: A smaller difference than this is rounding; between slopes at a kink one smaller than the second, for a constant that
#: passes through float32 shows on both sides of the kink as well.
SAME, SAME_AT_KINK = 1e-12, 1e-6

#: Where bare calls are asked for their answers; the first place at which two of them differ is shown.
PROBES = (-1.0, 1.0, -3.0, 3.0)

_RECORD = Path(__file__).with_name("recorded") / "agreement.json"

# No round numbers, at which a wrong function may be right by luck; for vector functions a batch of vectors in three
# dimensions, since PyTorch guesses the axis by their number.
_BATCH = np.random.default_rng(0).normal(size=(2, 3, 4))
_POINTS = np.linspace(-5, 8, 131) + 1 / 300


@dataclass(frozen=True)
class Entry:
    """One call beside our function, in float64.

    ``value``, ``slope`` and ``curvature`` are the largest differences of f, f' and f'' from ours at 131 points from -5
    to 8, divided by ours where that is above 1; None where the framework has no such derivative, or draws its answer
    anew. ``kinks`` holds (x, our slope, their slope) where these differ, ``answers`` the answers at ``PROBES``.

    A vector function is compared on 2 x 3 vectors of 4 numbers along the last axis; ``slope`` is then the difference of
    the gradients of the sum of f^2, ``curvature`` None, and ``PROBES`` one vector.
    """

    function: str
    call: str
    bare: bool
    value: float | None
    slope: float | None
    curvature: float | None
    kinks: tuple[tuple[float, float, float], ...]
    answers: tuple[float, ...]

    @property
    def same(self) -> bool:
        """Whether value, slope and curvature differ by rounding only, and no slope at a kink differs."""
        gaps = (self.value, self.slope, 0.0 if self.curvature is None else self.curvature)
        return not self.kinks and all(gap is not None and gap <= SAME for gap in gaps)


@dataclass(frozen=True)
class Column:
    """All calls of one framework, with the versions that were asked, and the day."""

    framework: str
    versions: Mapping[str, str]
    date: str
    entries: tuple[Entry, ...]

    def __repr__(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"Column({versions}, {self.date}: {len(self.entries)} calls)"


# --- Comparing --------------------------------------------------------------------------------------------------------


def compare(framework: str) -> Column:
    """Compare all calls of an installed framework with ours.

    Raises
    ------
    ImportError
        If the framework is not installed.
    """
    entries = [compare_call(framework, *call) for call in (*_declared(framework), *_bare(framework))]
    found = {calls.FRAMEWORKS[framework]: peers.versions()[framework]}
    if framework == "keras":
        import tensorflow

        found["TensorFlow"] = tensorflow.__version__
    return Column(framework, found, date.today().isoformat(), tuple(entry for entry in entries if entry))


def _declared(framework: str) -> Iterator[tuple[Activation, str, bool, Any]]:
    """The calls that records declare and that pass something; those that pass nothing are bare calls."""
    for record in ACTIVATIONS.values():
        call = calls.declared(record, framework)
        if call and (call.constants or call.takes):
            yield record, _typed(framework, call, call.arguments(record)), False, peers.native(framework, record)


def _bare(framework: str) -> Iterator[tuple[Activation, str, bool, Any]]:
    """Every name in the framework's places that is a name of ours, whatever its capitals and underscores."""
    ours = {_plain(name): record for record in ACTIVATIONS.values() for name in (record.name, *record.aliases)}
    for record in ACTIVATIONS.values():
        call = calls.declared(record, framework)
        # A name all its own, such as `numpy.exp`.
        if call and not (call.constants or call.takes) and _plain(call.path.rpartition(".")[2]) not in ours:
            yield record, _typed(framework, call, {}), True, peers.called(framework, call.path, {})
    for typed, path in PLACES[framework].items():
        for name in sorted(dir(peers.at(framework, path))):
            # PyTorch's functions that end in an underscore overwrite their input.
            if _plain(name) in ours and not name.startswith("_") and not name.endswith("_"):
                try:
                    function = peers.called(framework, f"{path}.{name}", {})
                except TypeError:  # a layer that must be given something
                    continue
                yield ours[_plain(name)], f"{typed}.{name}", True, function


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _typed(framework: str, call: calls.Call, arguments: Mapping[str, Any]) -> str:
    """A declared call as a user types it."""
    place, _, name = call.path.rpartition(".")
    if framework == "keras" and not place:
        place = "activations"
    titles = {path: typed for typed, path in PLACES[framework].items()}
    written = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
    typed = f"{titles.get(place, '.'.join(filter(None, (framework, place))))}.{name}"
    return f"{typed}({written})" if written else typed


def compare_call(framework: str, record: Activation, call: str, bare: bool, theirs: Any) -> Entry | None:
    """Compare one call; None for a function that must be given more than its input."""
    if hasattr(theirs, "double"):  # a layer of PyTorch, whose own numbers are float32 at first
        theirs = theirs.double()
    single = isinstance(record, Elementwise)
    probes = np.array(PROBES)[:, np.newaxis] if single else np.array([[PROBES]])
    try:
        answers = _computed(framework, theirs, probes)
    except TypeError as error:
        if not ("required" in str(error) or "missing" in str(error)):
            raise
        return None
    if not np.array_equal(answers, _computed(framework, theirs, probes)):
        return Entry(record.name, call, bare, None, None, None, (), ())
    gaps, kinks = _elementwise_gaps(framework, record, theirs) if single else _vector_gaps(framework, record, theirs)
    return Entry(record.name, call, bare, *gaps, kinks, tuple(answers.ravel().tolist()))


def _computed(framework: str, f: Any, x: np.ndarray, order: int = 0) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Implicit dimension choice")  # PyTorch's; what it chose is measured
        return peers.derivative(framework, f, order)(x)


def _elementwise_gaps(framework: str, record: Activation, theirs: Any) -> tuple:
    kinks = np.array(list(record.kinks), float)[:, np.newaxis]
    x = _POINTS[~np.isin(_POINTS, kinks), np.newaxis]
    gaps = [
        _gap(_computed(framework, theirs, x, order), ours(x))
        if peers.has_derivative(framework, theirs, order)
        else None
        for order, ours in enumerate((record, record.derivative, record.second_derivative))
    ]
    slopes = np.hstack([kinks, record.derivative(kinks), _computed(framework, theirs, kinks, 1)]) if len(kinks) else ()
    return gaps, tuple(
        (x, ours, other) for x, ours, other in map(np.ndarray.tolist, slopes) if abs(ours - other) > SAME_AT_KINK
    )


def _vector_gaps(framework: str, record: Activation, theirs: Any) -> tuple:
    ours = record(_BATCH)
    value = _gap(_computed(framework, theirs, _BATCH), ours)
    gradient = _computed(framework, lambda z: theirs(z) * theirs(z), _BATCH, 1)
    return (value, _gap(gradient, record.vjp(_BATCH, 2 * ours)), None), ()


def _gap(theirs: Any, ours: Any) -> float:
    """The largest difference, divided by ours where that is above 1; to two digits, and 0 where it is rounding."""
    gap = float(np.max(np.abs(theirs - ours) / np.maximum(1, np.abs(ours))))
    return 0.0 if gap <= SAME else float(f"{gap:.2g}")


# --- The record -------------------------------------------------------------------------------------------------------


@cache
def recorded() -> tuple[Column, ...]:
    """What ``recorded/agreement.json`` says, one column for each framework."""
    found = []
    for column in json.loads(_RECORD.read_text(encoding="utf-8")):
        entries = []
        for entry in column.pop("entries"):
            entry["kinks"] = tuple(map(tuple, entry["kinks"]))
            entries.append(Entry(**{**entry, "answers": tuple(entry["answers"])}))
        found.append(Column(**column, entries=tuple(entries)))
    return tuple(found)


def write(columns: Iterable[Column], path: Path) -> None:
    """Write columns as ``recorded`` reads them, one call a line."""
    texts = []
    for column in columns:
        head = {"framework": column.framework, "versions": dict(column.versions), "date": column.date}
        lines = ",\n".join(f"  {json.dumps(asdict(entry))}" for entry in column.entries)
        texts.append(f'{json.dumps(head)[:-1]}, "entries": [\n{lines}\n]}}')
    path.write_text("[\n" + ",\n".join(texts) + "\n]\n", encoding="utf-8")


# --- Tables -----------------------------------------------------------------------------------------------------------


def checked() -> Table:
    """Which versions were asked, when, and how many of their calls do as ours do."""
    rows = []
    for column in recorded():
        versions = ", ".join(f"{name} {version}" for name, version in column.versions.items())
        same = sum(entry.same for entry in column.entries)
        rows.append((versions, column.date, str(len(column.entries)), str(same), str(len(column.entries) - same)))
    return Table(("asked", "on", "calls", "do the same", "do not"), tuple(rows))


def differences() -> Table:
    """Every recorded call that does otherwise than ours: by how much, and where its slope at a kink is another.

    A call that passes nothing is compared with our defaults. A difference below 1e-12 is rounding. Calls that do the
    same stand together.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for function in ACTIVATIONS:
        for entry in (entry for column in recorded() for entry in column.entries):
            if entry.function == function and not entry.same:
                groups.setdefault((function, _otherwise(entry)), []).append(_shown(entry.call))
    rows = [("<br>".join(found), said) for (_, said), found in groups.items()]
    return Table(("call", "differs from ours by"), tuple(rows))


def _otherwise(entry: Entry) -> str:
    """What a call does otherwise, in words."""
    if entry.value is None:
        return "answers are drawn anew"
    gaps = {"value": entry.value, "slope": entry.slope, "second derivative": entry.curvature}
    said = [", ".join(f"{name} {gap:.1g}" for name, gap in gaps.items() if gap)]
    said += [f"at {x:g} slope {theirs:.4g}, ours {ours:.4g}" for x, ours, theirs in entry.kinks]
    return "<br>".join(filter(None, said))


def _shown(call: str) -> str:
    # In two pieces, between which a line may end.
    name, _, arguments = call.partition("(")
    return f"`{name}` with `{arguments[:-1]}`" if arguments else f"`{name}`"


def bare_calls(function: str) -> list[Entry]:
    """The recorded bare calls of one function, in all frameworks."""
    return [entry for column in recorded() for entry in column.entries if entry.bare and entry.function == function]


def traps() -> Table:
    """The names that answer differently in different places when they are given nothing but the input.

    They are grouped by their answers at the first of ``PROBES`` where two of them are further apart than 1e-6; of a
    vector function to the vector of all ``PROBES``, by the first output that does.
    """
    rows = []
    for function in ACTIVATIONS:
        entries = bare_calls(function)
        fixed = [entry for entry in entries if entry.answers]
        drawn = [entry.call for entry in entries if not entry.answers]
        answers = np.array([entry.answers for entry in fixed])
        apart = np.flatnonzero(np.ptp(answers, axis=0) > 1e-6) if fixed else ()
        if not len(apart) and not drawn:
            continue
        probe = int(apart[0]) if len(apart) else 0
        groups: dict[str, list[str]] = {}
        for entry in fixed:
            groups.setdefault(f"{entry.answers[probe]:.4g}", []).append(entry.call)
        if drawn:
            groups["drawn anew"] = drawn
        said = [f"{answer}: {', '.join(f'`{call}`' for call in found)}" for answer, found in groups.items()]
        single = isinstance(get(function), Elementwise)
        asked = f"{PROBES[probe]:g}" if single else f"({', '.join(f'{x:g}' for x in PROBES)})"
        rows.append((f"`{function}`", asked, "<br>".join(said)))
    return Table(("function", "given", "answers"), tuple(rows))


def main(arguments: list[str] | None = None) -> None:
    """Compare all calls of the installed frameworks with ours, and write the record."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=main.__doc__)
    add_output(parser, _RECORD, help="default: the record that the book reads")
    options = parser.parse_args(arguments)
    columns = {column.framework: column for column in recorded()} if _RECORD.exists() else {}
    for framework in peers.frameworks():
        columns[framework] = compare(framework)
        print(columns[framework])
    write([columns[framework] for framework in calls.FRAMEWORKS if framework in columns], options.output)


if __name__ == "__main__":
    main()
