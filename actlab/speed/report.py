"""What a record of the benchmark says: ratios and their means, the goals and whether they are met, tables.

No ratio is judged that is within the error of the stopwatch, see ``stopwatch_error``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal

from actlab import accuracy
from actlab.catalogue import Table
from actlab.speed.record import Measurement, Record

OURS = "actlab"

#: What the columns of the tables are called.
TITLES: Mapping[str, str] = {
    OURS: "actlab", "actlab, out=": "actlab, `out=`", "actlab, whole": "actlab, in one block",
    "textbook": "textbook numpy", "textbook, alone": "the same without actlab", "scipy": "scipy.special",
    "keras": "Keras on TensorFlow", "torch": "PyTorch", "jax": "JAX", "jax.jit": "JAX, compiled",
}  # fmt: skip
Verdict = Literal["met", "within the error", "not met", "not measured"]
_ORDERS = ("f", "f\N{PRIME}", "f\N{DOUBLE PRIME}")

# The calls of numpy that a function cannot do without, and the part of actlab's time that they should make up.
_FLOORS: Mapping[str, tuple[tuple[str, ...], float]] = {
    "sigmoid": (("exp",), 0.45), "silu": (("exp",), 0.45), "gaussian": (("exp",), 0.45), "elu": (("expm1",), 0.45),
    "mish": (("exp",), 0.35), "gelu_tanh": (("exp",), 0.35), "tanh": (("tanh",), 0.95),
    "softplus": (("exp", "log1p"), 0.7), "log_sigmoid": (("exp", "log1p"), 0.7),
}  # fmt: skip
_LISTED = 5  # how many of the slow ones a goal names; ``slower_table`` has all
_PLAIN = ("relu", "relu6", "hard_tanh")
_ALONE = ("textbook, alone",)  # who is timed in a process of its own
_OPPONENTS = {
    "textbook": "its textbook formula",
    "textbook, alone": "its textbook formula in a process that has loaded numpy alone",
}

# What a line that is faster pays for it with; the first that is true counts, and the last one always is.
_PRICES: Mapping[str, Callable[[accuracy.Cell], bool]] = {
    "it answers a number to nan": lambda cell: "nan" in cell.specials,
    "it answers nan or infinity where a number is due, or misses a limit": lambda c: c.wrong > 0 or c.specials != "",
    "it misses our goal for digits, or loses the sign of -0.0": lambda cell: accuracy.over_goal(cell) != "",
    "nothing": lambda cell: True,
}


def geometric_mean(ratios: Iterable[float]) -> float:
    """The mean for ratios: that of r and 1/r is 1. Of no ratios it is nan."""
    logarithms = [math.log(ratio) for ratio in ratios]
    return math.exp(math.fsum(logarithms) / len(logarithms)) if logarithms else math.nan


@dataclass(frozen=True)
class Comparison:
    """How many times as long others take, by function: more than 1 where actlab is faster, but for the ``error``."""

    ratios: Mapping[str, float]
    error: float

    @property
    def mean(self) -> float:
        """The geometric mean over the functions."""
        return geometric_mean(self.ratios.values())

    @property
    def wins(self) -> int:
        """The number of functions at which actlab is faster by more than the stopwatch errs."""
        return sum(ratio > self.error for ratio in self.ratios.values())

    def __str__(self) -> str:
        if not self.ratios:
            return "not measured"
        low, high = min(self.ratios.values()), max(self.ratios.values())
        count = len(self.ratios)
        return f"{_two(self.mean)} ({_two(low)} to {_two(high)}; faster at {self.wins} of {count})"


@dataclass(frozen=True)
class Goal:
    """A goal, what was measured, and whether that meets it."""

    text: str
    measured: str
    verdict: Verdict


def stopwatch_error(record: Record, *, dtype: str, n: int, theirs: str = "textbook") -> float:
    """How many times as long one of two equal calls seems to take: numpy's exp, timed as two contestants, 1 or more.

    Against ``theirs`` that are timed in processes of their own, so are the two. That is one difference, seen once. The
    mean of many ratios errs less, but nobody has measured by how much, so that it is judged as a single ratio is.
    Without numpy's calls at this size it is nan, and nothing is judged.
    """
    name = "exp, alone" if theirs in _ALONE else "exp"
    for limit in _select(record.limits, dtype=dtype, n=n):
        if name in limit.values:
            once, again = limit.values[name], limit.values[f"{name} again"]
            return max(once / again, again / once)
    return math.nan


def error_table(record: Record) -> Table:
    """By how many per cent the stopwatch errs, by dtype and number of elements."""
    dtypes, sizes = (tuple(dict.fromkeys(getattr(m, field) for m in record.limits)) for field in ("dtype", "n"))
    rows = [
        (dtype, *(f"{100 * (stopwatch_error(record, dtype=dtype, n=n) - 1):.1f}" for n in sizes)) for dtype in dtypes
    ]
    return Table(("error, %", *map(_power, sizes)), tuple(rows))


def compare(record: Record, theirs: str, *, order: int, dtype: str, n: int, ours: str = OURS) -> Comparison:
    """Compare with ``theirs``, a name among the timings, over the functions that both have."""
    found = _select(record.timings, order=order, dtype=dtype, n=n)
    both = [timing for timing in found if {ours, theirs} <= timing.values.keys()]
    ratios = {timing.function: timing.values[theirs] / timing.values[ours] for timing in both}
    return Comparison(ratios, stopwatch_error(record, dtype=dtype, n=n, theirs=theirs))


def shares_of_copy(record: Record, *, order: int, dtype: str, n: int) -> dict[str, dict[str, float]]:
    """By function and contestant, the seconds of a copy divided by those of the function."""
    (limit,) = _select(record.limits, dtype=dtype, n=n)
    found = _select(record.timings, order=order, dtype=dtype, n=n)
    return {t.function: {name: limit.values["copy"] / value for name, value in t.values.items()} for t in found}


def slowdown(before: Record, after: Record, *, n: int, dtype: str = "float64") -> dict[str, float]:
    """How many times as long a second run takes: numpy's own functions, then the means over all functions."""
    found = {}
    for old in _select(before.limits, dtype=dtype, n=n):
        for new in _select(after.limits, dtype=dtype, n=n):
            found |= {name: new.values[name] / old.values[name] for name in ("copy", "exp", "expm1", "log1p", "tanh")}
    for order, name in product((0, 1, 2), (OURS, "textbook")):
        old = {t.function: t.values[name] for t in _select(before.timings, order=order, dtype=dtype, n=n)}
        new = {t.function: t.values[name] for t in _select(after.timings, order=order, dtype=dtype, n=n)}
        mean = geometric_mean(new[function] / old[function] for function in old.keys() & new.keys())
        found[f"{name} {_ORDERS[order]}, mean"] = mean
    return found


def goals(record: Record) -> list[Goal]:
    """Every goal that the project has set itself for speed, with its verdict."""
    judged = (
        *(_never_slower(record, theirs) for theirs in _OPPONENTS), _against_peers(record), _floors(record),
        _plain(record), _against_numpy(record), _calls(record), _space(record), _bad_data(record),
    )  # fmt: skip
    return [goal for goals_of_a_kind in judged for goal in goals_of_a_kind]


def goal_table(record: Record) -> Table:
    """The goals, one a row."""
    words = {"met": "yes", "not met": "**no**"}
    rows = tuple((goal.text, goal.measured, words.get(goal.verdict, goal.verdict)) for goal in goals(record))
    return Table(("goal", "measured", "met?"), rows)


def summary(record: Record, *, dtype: str, order: int) -> Table:
    """The comparisons with everybody at every size."""
    present = {name for timing in _select(record.timings, dtype=dtype, order=order) for name in timing.values}
    others = [name for name in TITLES if name in present and not name.startswith(OURS)]
    sizes = sorted({timing.n for timing in _select(record.timings, dtype=dtype, order=order)})
    rows = [
        (TITLES[name], *(_mean_and_wins(compare(record, name, order=order, dtype=dtype, n=n)) for n in sizes))
        for name in others
    ]
    return Table((f"{_ORDERS[order]}, {dtype}", *(_power(n) for n in sizes)), tuple(rows))


def functions_table(record: Record, *, dtype: str, order: int, n: int) -> Table:
    """Millions of numbers a second, one function a row."""
    found = _select(record.timings, dtype=dtype, order=order, n=n)
    names = [name for name in TITLES if any(name in timing.values for timing in found)]
    rows = []
    for timing in found:
        rates = [f"{n / timing.values[name] / 1e6:.3g}" if name in timing.values else "" for name in names]
        rows.append((f"`{timing.function}`", *(f"{float(rate):.0f}" if rate else "" for rate in rates)))
    return Table(("function", *(TITLES[name] for name in names)), tuple(rows))


def limits_table(record: Record, n: int) -> Table:
    """What numpy's own functions do, in millions of numbers a second, for ``n`` numbers."""
    found = _select(record.limits, n=n)
    rows = [(name, *(f"{n / limit.values[name] / 1e6:.0f}" for limit in found)) for name in found[0].values]
    return Table(("call", *(limit.dtype for limit in found)), tuple(rows))


def slower_table(record: Record, *, dtype: str, least: int = 100_000, theirs: str = "textbook") -> Table:
    """Every function that the textbook formula beats at ``least`` numbers or more: the smallest ratio and its size.

    A size at which the ratio is within the error of the stopwatch does not count.
    """
    rows: dict[str, list[str]] = {}
    for (function, order), ratios in _textbook_ratios(record, dtype, least, theirs).items():
        if slow := _slower(record, dtype, ratios, theirs):
            n, worst = min(slow.items(), key=lambda item: item[1])
            rows.setdefault(function, ["", "", ""])[order] = f"{_below_one(worst)} at {_power(n)}"
    return Table(("function", *_ORDERS), tuple((f"`{function}`", *cells) for function, cells in rows.items()))


def slower_prices(
    record: Record, exactness: accuracy.Record, *, least: int = 100_000, theirs: str = "textbook"
) -> Table:
    """The float64 functions of ``slower_table``, grouped by what the faster line pays for its speed with."""
    groups: dict[str, list[str]] = {price: [] for price in _PRICES}
    for (function, order), ratios in _textbook_ratios(record, "float64", least, theirs).items():
        if _slower(record, "float64", ratios, theirs):
            cell = exactness.cell(function, order, "float64", "textbook")
            price = next(price for price, paid in _PRICES.items() if paid(cell))
            groups[price].append(f"`{function}` {_ORDERS[order]}")
    rows = [(price, str(len(slower)), ", ".join(slower)) for price, slower in groups.items()]
    return Table(("what the faster line pays", "how many", "which"), tuple(rows))


def conditions(record: Record) -> str:
    """Machine, versions and date in a few lines."""
    known = record.provenance
    versions = [f"{name} {number}" for name, number in known["versions"].items()]
    lines = (
        f"{known['processor']}, {known['system']}, {known['threads']} thread; {known['date']}",
        f"numpy's exp for {known['numpy_exp']}; clock: {known['clock']}",
        f"data: {known['data']}",
        ", ".join(versions[:4]),
        ", ".join(versions[4:]),
    )
    return "\n".join(line for line in lines if line)


# --- The goals --------------------------------------------------------------------------------------------------------


def _never_slower(record: Record, theirs: str) -> list[Goal]:
    ratios = _textbook_ratios(record, "float64", 100_000, theirs)
    text = f"float64, 1e5 numbers and more: no function or derivative slower than {_OPPONENTS[theirs]}"
    if not ratios:
        return [Goal(text, "not measured", "not measured")]
    found = {key: _slower(record, "float64", by_size, theirs) for key, by_size in ratios.items()}
    slow = sorted((min(by.values()), f"{name} {_ORDERS[order]}") for (name, order), by in found.items() if by)
    listed = ", ".join(f"{name} {_below_one(ratio)}" for ratio, name in slow[:_LISTED])
    listed += f" and {len(slow) - _LISTED} more" if len(slow) > _LISTED else ""
    verdicts = {
        _verdict(ratio, stopwatch_error(record, dtype="float64", n=n, theirs=theirs))
        for by_size in ratios.values() for n, ratio in by_size.items()
    }  # fmt: skip
    verdict = next(v for v in ("not met", "not measured", "within the error", "met") if v in verdicts)
    return [Goal(text, f"{len(slow)} of {len(ratios)} slower{': ' if slow else ''}{listed}", verdict)]


def _against_peers(record: Record) -> list[Goal]:
    found = []
    for dtype, order, theirs, least in (
        ("float64", 1, "torch", 1.4), ("float64", 1, "keras", 2.5), ("float64", 1, "jax", 5.0),
        ("float32", 1, "torch", 1.4), ("float32", 1, "keras", 2.5), ("float32", 1, "jax", 5.0),
        ("float64", 0, "torch", 0.75), ("float32", 0, "torch", 0.3),
    ):  # fmt: skip
        comparison = compare(record, theirs, order=order, dtype=dtype, n=1_000_000)
        text = f"{_ORDERS[order]}, {dtype}, 1e6: {least:g} times as fast as {TITLES[theirs]}, in the mean"
        found.append(_at_least(text, comparison, least))
    return found


def _floors(record: Record) -> list[Goal]:
    found = []
    for limit in _select(record.limits, dtype="float64", n=100_000):
        for timing in _select(record.timings, order=0, dtype="float64", n=100_000):
            if timing.function in _FLOORS:
                parts, least = _FLOORS[timing.function]
                share = sum(limit.values[part] for part in parts) / timing.values[OURS]
                text = f"{timing.function}, float64, 1e5: {least:g} of its time is numpy's {' and '.join(parts)}"
                verdict = _verdict(share / least, stopwatch_error(record, dtype="float64", n=100_000))
                found.append(Goal(text, _two(share), verdict))
    text = "one-exponential functions: part of the time that is numpy's exp"
    return found or [Goal(text, "not measured", "not measured")]


def _plain(record: Record) -> list[Goal]:
    found = _select(record.timings, order=0, dtype="float64", n=1_000_000)
    shares = {t.function: v["actlab"] for t in found for v in [t.values] if t.function in _PLAIN}
    goals = []
    for limit in _select(record.limits, dtype="float64", n=1_000_000) if shares else []:
        shares = {name: limit.values["copy"] / seconds for name, seconds in shares.items()}
        measured = ", ".join(f"{name} {_two(share)}" for name, share in shares.items())
        verdict = _verdict(min(shares.values()) / 0.7, stopwatch_error(record, dtype="float64", n=1_000_000))
        goals.append(Goal("relu, relu6, hard_tanh, float64, 1e6: 0.7 of a copy's speed", measured, verdict))
    return goals


def _against_numpy(record: Record) -> list[Goal]:
    found = []
    for theirs, dtype, least in (("textbook", "float64", 2), ("textbook", "float32", 1.5), ("scipy", "float64", 1.5)):
        text = f"f, {dtype}, 1e6: {least:g} times as fast as {TITLES[theirs]}, in the mean"
        found.append(_at_least(text, compare(record, theirs, order=0, dtype=dtype, n=1_000_000), least))
    return found


def _calls(record: Record) -> list[Goal]:
    found = []
    for timing in _select(record.timings, order=0, dtype="float64", n=1):
        most = 2 if timing.function == "relu" else 6
        if timing.function == "relu" or _FLOORS.get(timing.function, ((), 0))[0] == ("exp",):
            micro = 1e6 * timing.values[OURS]
            verdict = _verdict(most / micro, stopwatch_error(record, dtype="float64", n=1))
            found.append(Goal(f"{timing.function}, one number: {most} µs", f"{_two(micro)} µs", verdict))
    return found


def _space(record: Record) -> list[Goal]:
    text = "with out=, 1e7 numbers: 2 MB beside the result at the peak"
    largest = max((m for m in record.memory if m.n >= 10_000_000), key=lambda m: m.values["peak"], default=None)
    if largest is None:
        return [Goal(text, "not measured", "not measured")]
    mega = largest.values["peak"] / 1e6
    name = f"{largest.function} {_ORDERS[largest.order]} {largest.dtype}"
    return [Goal(text, f"{_two(mega)} MB at most ({name})", "met" if mega <= 2 else "not met")]


def _bad_data(record: Record) -> list[Goal]:
    found = []
    for text, most, wanted in (
        ("data of one kind (tails, nan, -inf): at most 10 times as slow", 10, lambda kind: kind != "subnormal results"),
        ("subnormal results: at most 35 times as slow", 35, lambda kind: kind == "subnormal results"),
    ):
        slowed = [
            (seconds / m.values["ordinary"], f"{m.function} {_ORDERS[m.order]}, {kind}", m)
            for m in record.worst
            for kind, seconds in m.values.items()
            if kind != "ordinary" and wanted(kind)
        ]
        if not slowed:
            found.append(Goal(text, "not measured", "not measured"))
            continue
        worst, name, m = max(slowed, key=lambda entry: entry[:2])
        verdict = _verdict(most / worst, stopwatch_error(record, dtype=m.dtype, n=m.n))
        found.append(Goal(text, f"{_two(worst)} ({name})", verdict))
    return found


def _at_least(text: str, comparison: Comparison, least: float) -> Goal:
    return Goal(text, str(comparison), _verdict(comparison.mean / least, comparison.error))


def _verdict(ratio: float, error: float) -> Verdict:
    """Whether a ratio to the goal, better where it is larger, is beyond the error, and on which side of 1."""
    if math.isnan(ratio * error):
        return "not measured"
    return "met" if ratio >= error else "not met" if ratio * error < 1 else "within the error"


# --- Selecting and writing --------------------------------------------------------------------------------------------


def _select(measurements: Iterable[Measurement], **wanted: object) -> list[Measurement]:
    return [m for m in measurements if all(getattr(m, name) == value for name, value in wanted.items())]


def _textbook_ratios(record: Record, dtype: str, least: int, theirs: str) -> dict[tuple[str, int], dict[int, float]]:
    """By function and order, the seconds of the textbook's line over ours at each size from ``least`` on."""
    ratios: dict[tuple[str, int], dict[int, float]] = {}
    for timing in _select(record.timings, dtype=dtype):
        if timing.n >= least and theirs in timing.values:
            by_size = ratios.setdefault((timing.function, timing.order), {})
            by_size[timing.n] = timing.values[theirs] / timing.values[OURS]
    return ratios


def _slower(record: Record, dtype: str, ratios: Mapping[int, float], theirs: str) -> dict[int, float]:
    """Of the ratios to the textbook by size, those at which actlab is slower by more than the stopwatch errs."""
    errors = {n: stopwatch_error(record, dtype=dtype, n=n, theirs=theirs) for n in ratios}
    verdicts = {n: _verdict(ratio, errors[n]) for n, ratio in ratios.items()}
    return {n: ratios[n] for n, verdict in verdicts.items() if verdict == "not met"}


def _mean_and_wins(comparison: Comparison) -> str:
    if not comparison.ratios:
        return ""
    return f"{_two(comparison.mean)} ({comparison.wins}/{len(comparison.ratios)})"


def _two(value: float) -> str:
    """Two significant digits, or all before the point."""
    return f"{value:.0f}" if value >= 10 else f"{value:.2f}" if 0.1 <= value < 1 else f"{value:.2g}"


def _below_one(ratio: float) -> str:
    """A ratio below 1 that does not look like 1: two digits, or three, the last one cut and not rounded."""
    return _two(ratio) if ratio < 0.995 else f"{math.floor(1000 * ratio) / 1000:.3f}"


def _power(n: int) -> str:
    return f"1e{len(str(n)) - 1}" if n > 1 and str(n).rstrip("0") == "1" else str(n)
