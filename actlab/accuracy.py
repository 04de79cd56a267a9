"""How exact the activations are: ours, the textbook formula in numpy, and those of TensorFlow, PyTorch and JAX.

Everything is compared with the formula at more than twenty digits, over numbers of float64, float32 and float16 from
the smallest to the largest. ``python -m actlab.accuracy`` measures and writes ``recorded/accuracy.json``, from which
the book prints; where PyTorch or JAX is not installed, its columns are missing.

Errors have two units. An *ulp* is the distance of neighbouring numbers at the exact value. A *K-ulp* adds what half an
ulp of the input costs anyway: near a root of the function nobody can do better than that.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from datetime import date
from functools import cache
from pathlib import Path

import mpmath
import numpy as np

from actlab import calls, formulas, peers
from actlab.catalogue import Table, elementwise
from actlab.commands import add_output
from actlab.core import Elementwise, get

#: Who computes: the names of the columns, by how they are recorded.
COMPUTERS = {"actlab": "actlab", "textbook": "formula", **calls.FRAMEWORKS}
DTYPES = ("float64", "float32", "float16")
ORDERS = (0, 1, 2)
_ORDER_NAMES = ("value", "derivative", "second derivative")
COMMAND = "python -m actlab.accuracy"

# What is drawn: where three frameworks lose a derivative, and where forms of one function lose their tails.
CURVES = (("sigmoid", 1, "float32"), ("gelu", 0, "float32"))

_RECORD = Path(__file__).with_name("recorded") / "accuracy.json"

# The largest error that we allow ourselves, by dtype and order. In float64 a value is held to the strict measure, a
# derivative to K-ulp; float32 and float16 are computed in float64, where their input is as good as exact.
_GOALS = {("float64", 0): ("ulp", 4.0), ("float64", 1): ("k", 6.0), ("float64", 2): ("k", 8.0)}
_NARROW_GOAL = ("ulp", 0.6)
_SUBNORMAL_GOAL = 4.0

# Cells of ours that are over their goal, and why: (function, order, dtype) -> a sentence.
REASONS = {
    (
        "mish",
        1,
        "float32",
    ): "at the float32 nearest to its root the float64 answer has hardly more digits than a float32",
}


@dataclass(frozen=True)
class Cell:
    """One measurement: a function, an order of derivative, a dtype, and who computes.

    ``ulp`` and ``k`` are the largest errors in ulp and K-ulp, at the inputs ``ulp_at`` and ``k_at``, where neither
    input nor answer is subnormal; ``subnormal`` is the largest in ulp, at ``subnormal_at``, where one of them is.
    ``wrong`` counts finite inputs with a finite answer at which nan or infinity came instead; ``wrong_at`` is the one
    nearest to 0. ``specials`` names the inputs among -inf, inf and nan that got a wrong answer, ``zero`` says that
    -0.0 lost its sign. ``half`` and ``all`` are the inputs nearest to 0 at which more than half of the digits are lost,
    or all, though neither the function's own condition explains it nor a root or a kink within 0.06; None if there are
    none.
    """

    function: str
    order: int
    dtype: str
    by: str
    points: int
    ulp: float
    ulp_at: float
    k: float
    k_at: float
    subnormal: float
    subnormal_at: float
    wrong: int
    wrong_at: float | None
    specials: str
    zero: bool
    half: float | None
    all: float | None


@dataclass(frozen=True)
class Curve:
    """The largest relative error of one function in each stretch between two ``edges``, for each who computes it.

    Where the exact value is subnormal, an error does not count.
    """

    function: str
    order: int
    dtype: str
    edges: tuple[float, ...]
    errors: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class Record:
    """What ``python -m actlab.accuracy`` wrote: where and with what it was measured, the cells, and the curves."""

    provenance: dict[str, str]
    formulas: dict[str, str]
    cells: tuple[Cell, ...]
    curves: tuple[Curve, ...]

    def cell(self, function: str, order: int, dtype: str, by: str) -> Cell | None:
        """The cell of one function, or None where there is none: not recorded, or not computed by them."""
        return self._cells.get((function, order, dtype, by))

    @property
    def _cells(self) -> dict[tuple, Cell]:
        return {(cell.function, cell.order, cell.dtype, cell.by): cell for cell in self.cells}


# --- Exact values -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Exact:
    """Exact values as ``(high + low) / 2**shift``, two float64 each, so that nothing under- or overflows."""

    high: np.ndarray
    low: np.ndarray
    shift: np.ndarray

    @classmethod
    def of(cls, values: Sequence[mpmath.mpf]) -> Exact:
        """From numbers of many digits."""
        parts = []
        with mpmath.workdps(40):
            for value in values:
                exponent = mpmath.frexp(value)[1] if value else 0
                shift = -600 if exponent > 600 else 600 if exponent < -600 else 0
                scaled = mpmath.ldexp(value, shift)
                high = float(scaled)
                parts.append((high, float(scaled - high) if math.isfinite(high) else 0.0, shift))
        high, low, shift = np.array(parts).reshape(-1, 3).T
        return cls(high, low, shift.astype(int))

    def __getitem__(self, index) -> Exact:
        return Exact(self.high[index], self.low[index], self.shift[index])

    def size(self) -> np.ndarray:
        """The absolute values, as float64."""
        with np.errstate(over="ignore", under="ignore"):
            return np.abs(np.ldexp(self.high, -self.shift))

    def ulp(self, dtype: str) -> np.ndarray:
        """The distance of neighbouring numbers of the dtype at each value, times 2**shift."""
        return np.ldexp(1.0, _ulp_exponent(self.high, self.shift, dtype) + self.shift)

    def end(self, dtype: str) -> np.ndarray:
        """The first number too large for the dtype, times 2**shift; infinity where that is too large for float64."""
        with np.errstate(over="ignore"):
            return np.ldexp(np.ldexp(1.0, np.finfo(dtype).maxexp - 1), self.shift) * 2

    def distance(self, computed: np.ndarray, dtype: str) -> np.ndarray:
        """How far computed numbers are off, times 2**shift; infinity counts as the first number too large."""
        with np.errstate(over="ignore", invalid="ignore"):
            end = self.end(dtype)
            got = np.clip(np.ldexp(computed.astype(np.float64), self.shift), -end, end)
            inside = np.abs(self.high) < end
            return np.abs(np.where(inside, (got - self.high) - self.low, got - np.copysign(end, self.high)))


def _ulp_exponent(values: np.ndarray, shift: np.ndarray | int, dtype: str) -> np.ndarray:
    """The exponents e for which 2**e is the distance of neighbouring numbers of the dtype at values / 2**shift."""
    limits = np.finfo(dtype)
    exponent = np.where(values == 0, limits.minexp, np.frexp(values)[1] - 1 - shift)
    return np.clip(exponent, limits.minexp, limits.maxexp - 1) - limits.nmant


def errors(exact: Exact, slope: Exact, x: np.ndarray, computed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The errors of ``computed``, of the dtype of ``x``, in ulp and in K-ulp."""
    dtype = x.dtype.name
    distance, unit = exact.distance(computed, dtype), exact.ulp(dtype)
    with np.errstate(over="ignore", under="ignore"):
        half_step = np.ldexp(0.5, _ulp_exponent(x.astype(np.float64), 0, dtype))
        moved = np.ldexp(half_step * slope.size(), exact.shift)
        return distance / unit, distance / (unit + moved)


# --- Where to look ----------------------------------------------------------------------------------------------------


@cache
def grid(activation: Elementwise, dtype: str, density: float = 1.0) -> np.ndarray:
    """Finite numbers of the dtype, ascending: dense near 0, out to both ends, and close to kinks, roots and seams.

    Kinks themselves are left out: what a derivative is there is a convention. ``density`` scales the number of points.
    """

    def count(points: int) -> int:
        return max(2, round(points * density))

    limits = np.finfo(dtype)
    smallest, largest = float(limits.smallest_subnormal), float(limits.max)
    with np.errstate(over="ignore", under="ignore"):
        positive = [
            np.linspace(0, 20, count(200)) + 1 / 3,
            np.random.default_rng(0).uniform(0, 20, count(150)),
            np.linspace(20, 110, count(90)),  # float32 exponentials underflow, 1 - sigmoid does
            np.linspace(700, 750, count(25)),  # float64 exponentials do
            np.geomspace(20, 3e4, count(50)),
            np.geomspace(float(limits.tiny), 1e-3, count(30)),
            np.geomspace(20, largest / 1.01, count(30)),
            smallest * 2.0 ** np.arange(0, limits.nmant, max(1, round(8 / density))),
            [0.0, largest],
        ]
        positive = np.concatenate(positive)
        offsets = np.geomspace(1e-9, 0.03, count(8))
        places = _places(activation)
        near = [place + sign * offsets * max(abs(place), 0.1) for place in places for sign in (-1, 1)]
        x = np.concatenate([positive, -positive, *near])
        x = np.unique(x[np.abs(x) <= largest].astype(dtype))
    return x[~np.isin(x, np.array(list(activation.kinks), dtype))]


def _places(activation: Elementwise) -> np.ndarray:
    """Kinks, and roots of f, f' and f''."""
    return np.array([*activation.kinks, *_roots(activation)])


@cache
def _roots(activation: Elementwise) -> list[float]:
    """Where f, f' and f'' change their sign, to about 1e-9."""
    found = []
    for f in _orders(activation):
        x = np.linspace(-20, 20, 2000)
        left = np.flatnonzero(np.diff(np.sign(f(x))))
        for low, high in zip(x[left], x[left + 1], strict=True):
            while high - low > 1e-9:
                middle = (low + high) / 2
                low, high = (middle, high) if np.sign(f(middle)) == np.sign(f(low)) else (low, middle)
            found.append((low + high) / 2)
    return found


def _orders(activation: Elementwise) -> tuple[Callable, Callable, Callable]:
    return activation, activation.derivative, activation.second_derivative


# --- Measuring --------------------------------------------------------------------------------------------------------


def computer(by: str, activation: Elementwise, order: int, dtype: str) -> Callable[[np.ndarray], np.ndarray] | None:
    """The function that somebody of ``COMPUTERS`` computes with, or None where they have none."""
    if by == "actlab":
        return _orders(activation)[order]
    if by == "textbook":
        return formulas.textbook(activation, order)
    try:
        return peers.function(by, activation, dtype=dtype, order=order)
    except (ValueError, ImportError):
        return None


def exact_at(activation: Elementwise, x: np.ndarray, order: int) -> Exact:
    """The exact values of f, f', f'' or f''' at numbers of any dtype."""
    return Exact.of(formulas.exact(activation, x, order, digits=25))


def measure(activation: Elementwise, order: int, by: str, x: np.ndarray, exact: Exact, slope: Exact) -> Cell | None:
    """Compare what ``by`` computes at ``x``, whose dtype says in which, with exact values and slopes there.

    None if they do not compute this.
    """
    dtype = x.dtype.name
    f = computer(by, activation, order, dtype)
    if f is None:
        return None
    with np.errstate(all="ignore"):
        computed = np.asarray(f(x))
        specials, zero = _wrong_specials(activation, order, f, dtype), _loses_zero(activation, order, f, dtype)
        size, distance = exact.size(), exact.distance(computed, dtype)
        ulp, k = errors(exact, slope, x, computed)
        # Infinity is the right answer to what rounds to it.
        finite = np.abs(exact.high) < exact.end(dtype) * (1 - np.finfo(dtype).epsneg / 2)
    wrong = finite & ~np.isfinite(computed)
    ulp, k = np.where(wrong, 0.0, ulp), np.where(wrong, 0.0, k)
    normal = (np.abs(x) >= np.finfo(dtype).tiny) & (size >= np.finfo(dtype).tiny)
    everyday = normal & finite & (np.min(np.abs(x[:, None] - _places(activation)), axis=1, initial=np.inf) > 0.06)
    with np.errstate(all="ignore"):
        relative = np.where(wrong, np.inf, np.ldexp(distance, -exact.shift) / size)
    half_of_digits = 2.0 ** ((np.finfo(dtype).nmant + 1) / 2)
    ill = everyday & ((k > half_of_digits) | wrong)

    def first(bad: np.ndarray) -> float | None:
        return float(min(x[bad], key=abs)) if bad.any() else None

    def largest(errors: np.ndarray) -> tuple[float, float]:
        return float(f"{errors.max():.3g}"), float(x[errors.argmax()])

    return Cell(
        activation.name,
        order,
        dtype,
        by,
        len(x),
        *largest(np.where(normal, ulp, 0.0)),
        *largest(np.where(normal, k, 0.0)),
        *largest(np.where(normal, 0.0, ulp)),
        int(wrong.sum()),
        first(wrong),
        " ".join(specials),
        zero,
        first(ill & (relative > 1 / half_of_digits)),
        first(ill & (relative > 0.5)),
    )


_FAR = 1e300


def _wrong_specials(activation: Elementwise, order: int, f: Callable, dtype: str) -> list[str]:
    """The inputs of -inf, inf and nan with a wrong answer."""
    answers = f(np.array([-np.inf, np.inf, np.nan], dtype))
    found = []
    for sign, answer in zip((-1, 1), answers, strict=False):
        (far,) = formulas.exact(activation, [sign * _FAR], order, digits=25)
        growing, vanishing = abs(far) > _FAR / 1e10, abs(far) < 1e10 / _FAR
        limit = float(mpmath.sign(far)) * np.inf if growing else 0.0 if vanishing else float(far)
        if not np.isclose(answer, limit, rtol=float(np.finfo(dtype).eps) * 4, atol=0):
            found.append("inf" if sign > 0 else "-inf")
    return found if np.isnan(answers[2]) else [*found, "nan"]


def _loses_zero(activation: Elementwise, order: int, f: Callable, dtype: str) -> bool:
    """Say whether -0.0 gives 0.0 though the function passes through the origin, rising or falling."""
    if order:
        return False
    (value,), (slope,) = (formulas.exact(activation, [0.0], n, digits=25) for n in (0, 1))
    return bool(value == 0 and slope != 0 and np.signbit(f(np.array([-0.0], dtype))[0]) != (slope > 0))


def measure_all(activation: Elementwise, by: Sequence[str], *, density: float = 1.0) -> list[Cell]:
    """All cells of one activation: three dtypes, f, f' and f'', for those of ``by`` who compute them."""
    found = []
    for dtype in DTYPES:
        x = grid(activation, dtype, density)
        exact = [exact_at(activation, x, order) for order in (*ORDERS, 3)]
        cells = [measure(activation, n, who, x, exact[n], exact[n + 1]) for n in ORDERS for who in by]
        found += [cell for cell in cells if cell]
    return found


def curve(function: str, order: int, dtype: str, by: Sequence[str]) -> Curve:
    """The relative errors of one function from -20 to 20, for those of ``by`` who compute it."""
    activation = get(function)
    edges = np.linspace(-20, 20, 81)
    # Off the middle by a third: no round number, at which a formula may be right by luck.
    x = (edges[:-1, np.newaxis] + (np.arange(8) + 1 / 3) / 16).astype(dtype)
    exact = exact_at(activation, x.ravel(), order)
    found = {}
    for who in by:
        f = computer(who, activation, order, dtype)
        if f is not None:
            with np.errstate(all="ignore"):
                distance = np.ldexp(exact.distance(np.asarray(f(x.ravel())), dtype), -exact.shift)
                relative = np.where(exact.size() < np.finfo(dtype).tiny, 0.0, distance / exact.size())
            found[who] = tuple(float(f"{error:.2g}") for error in relative.reshape(x.shape).max(axis=1))
    return Curve(function, order, dtype, tuple(edges.tolist()), found)


# --- Goals ------------------------------------------------------------------------------------------------------------


def over_goal(cell: Cell) -> str:
    """What a cell of ours misses of the goals, in words; nothing if it keeps them."""
    measure, limit = _GOALS.get((cell.dtype, cell.order), _NARROW_GOAL)
    missed = []
    if getattr(cell, measure) > limit:
        unit = {"ulp": "ulp", "k": "K-ulp"}[measure]
        missed.append(
            f"{getattr(cell, measure):g} {unit} at x = {getattr(cell, measure + '_at')!r}, the goal is {limit:g}"
        )
    if cell.subnormal > _SUBNORMAL_GOAL:
        missed.append(f"{cell.subnormal:g} ulp at x = {cell.subnormal_at!r}, where a number is subnormal")
    if cell.wrong:
        missed.append(f"nan or infinity at {cell.wrong} finite inputs, the first {cell.wrong_at!r}")
    if cell.specials:
        missed.append(f"a wrong answer to {cell.specials}")
    if cell.zero:
        missed.append("the sign of -0.0 is lost")
    return "; ".join(missed)


def missed() -> Table:
    """The recorded cells of ours that are over a goal, what they miss, and why."""
    rows = [
        (f"`{cell.function}`", _ORDER_NAMES[cell.order], cell.dtype, over_goal(cell), REASONS.get(_key(cell), ""))
        for cell in recorded().cells
        if cell.by == "actlab" and over_goal(cell)
    ]
    return Table(("function", "order", "dtype", "over the goal", "why"), tuple(rows))


def _key(cell: Cell) -> tuple[str, int, str]:
    return cell.function, cell.order, cell.dtype


# --- Tables -----------------------------------------------------------------------------------------------------------


def errors_table(order: int, dtype: str) -> Table:
    """The largest recorded errors, in ulp of a value and in K-ulp of a derivative, and what else is wrong.

    Bold, if somewhere all digits are lost. After the error: n ``nan`` for n finite inputs with nan or infinity as
    answer, ``lim`` for a wrong limit at infinity, ``hid`` for a nan that is not passed on, ``-0`` for a lost sign.
    """
    record = recorded()
    by = [who for who in COMPUTERS if any(cell.by == who for cell in record.cells)]
    rows = []
    for activation in elementwise():
        cells = [record.cell(activation.name, order, dtype, who) for who in by]
        ours = ["not recorded"] if cells[0] is None else [_marked(cells[0])]
        rows.append((f"`{activation.name}`", *ours, *(_marked(cell) if cell else "" for cell in cells[1:])))
    return Table(("function", *(COMPUTERS[who] for who in by)), tuple(rows))


def _marked(cell: Cell) -> str:
    error = cell.k if cell.order else cell.ulp
    marks = [
        f"{cell.wrong} nan" if cell.wrong else "",
        "lim" if "inf" in cell.specials else "",
        "hid" if "nan" in cell.specials else "",
        "-0" if cell.zero else "",
    ]
    text = f"{error:.1f}" if error < 100 else f"{error:.0e}".replace("e+0", "e").replace("e+", "e")
    return " ".join([f"**{text}**" if cell.all is not None else text, *filter(None, marks)])


def losses(order: int, dtype: str) -> Table:
    """The input nearest to 0 at which all digits are lost, of each function that somebody computes in this way."""
    record, others = recorded(), [who for who in COMPUTERS if who != "actlab"]
    rows = []
    for activation in elementwise():
        cells = [record.cell(activation.name, order, dtype, who) for who in others]
        if any(cell and cell.all is not None for cell in cells):
            places = [f"{cell.all:.3g}" if cell and cell.all is not None else "" for cell in cells]
            rows.append((f"`{activation.name}`", *places))
    return Table(("function", *(COMPUTERS[who] for who in others)), tuple(rows))


# --- The record -------------------------------------------------------------------------------------------------------


@cache
def recorded() -> Record:
    """The record that comes with the package."""
    data = json.loads(_RECORD.read_text(encoding="utf-8"))
    names = [field.name for field in fields(Cell)]
    assert data["columns"] == names, f"the record has other columns: run {COMMAND}"
    curves = [
        Curve(**{**c, "edges": tuple(c["edges"]), "errors": {k: tuple(v) for k, v in c["errors"].items()}})
        for c in data["curves"]
    ]
    return Record(data["provenance"], data["formulas"], tuple(Cell(*row) for row in data["cells"]), tuple(curves))


def _provenance() -> dict[str, str]:
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    versions = {calls.FRAMEWORKS[name]: version for name, version in peers.versions().items()}
    import tensorflow

    return {
        "numpy": np.__version__,
        **versions,
        "TensorFlow": f"{tensorflow.__version__}, without oneDNN",
        "Python": platform.python_version(),
        "machine": platform.machine(),
        "numpy dispatches to": " ".join(name for name in __cpu_dispatch__ if __cpu_features__[name]),
        "date": date.today().isoformat(),
    }


def _write(record: Record, path: Path) -> None:
    rows = ",\n".join(json.dumps(astuple(cell)) for cell in record.cells)
    head = {"provenance": record.provenance, "formulas": record.formulas, "columns": [f.name for f in fields(Cell)]}
    curves = ",\n".join(json.dumps(asdict(curve)) for curve in record.curves)
    text = json.dumps(head, indent=1)[:-2] + f',\n "curves": [\n{curves}\n],\n "cells": [\n{rows}\n]\n}}\n'
    path.write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> None:
    """Measure everything and write the record, printing each function as it is done."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=main.__doc__)
    add_output(parser, _RECORD, help="default: the record that the book reads")
    options = parser.parse_args(arguments)
    by = [who for who in COMPUTERS if who not in calls.FRAMEWORKS or who in peers.frameworks()]
    print("measuring", *by)
    cells = []
    for activation in elementwise():
        start = time.perf_counter()
        cells += measure_all(activation, by)
        print(f"{activation.name}: {time.perf_counter() - start:.0f} s", flush=True)
    curves = tuple(curve(*what, by) for what in CURVES)
    formulas_of = {activation.name: activation.formula for activation in elementwise()}
    _write(Record(_provenance(), formulas_of, tuple(cells), curves), options.output)
    print(f"{len(cells)} cells in {options.output.name}")


if __name__ == "__main__":
    main()
