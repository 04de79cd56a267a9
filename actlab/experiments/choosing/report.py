"""The benchmark read: which activation tells more digits than ReLU, and tables for the book."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from actlab.catalogue import Table
from actlab.core import Activation, get
from actlab.experiments.choosing.record import Record
from actlab.experiments.choosing.settings import DEPTHS, OPTIMISERS, STARTS, Settings
from actlab.experiments.choosing.training import Cell
from actlab.statistics import Mean, Paired, Quantile, Share, holm

BASE = get("relu")
LEVEL = 0.05


@dataclass(frozen=True)
class Comparison:
    """One cell against the cell of the ReLU, network by network, at the rate that validation digits gave to each.

    ``paired`` compares the accuracies on the test digits; ``p_value`` is its, corrected for all comparisons that were
    made together.
    """

    cell: Cell
    base: Cell
    paired: Paired
    p_value: float

    @property
    def measurable(self) -> bool:
        """Whether chance alone makes so large a difference too rarely: 5 % for all comparisons together."""
        return self.p_value <= LEVEL

    @property
    def correlation(self) -> float:
        """Of the accuracies in the pairs, from -1 to 1; nan where those of one side are all the same."""
        first, second = self.cell.accuracies, self.base.accuracies
        if min(np.ptp(first), np.ptp(second)) == 0:
            return math.nan
        return float(np.corrcoef(first, second)[0, 1])

    @property
    def verdict(self) -> str:
        """Better, worse, or no measurable difference."""
        if not self.measurable:
            return "no measurable difference"
        return "better" if self.paired.difference.value > 0 else "worse"

    def __repr__(self) -> str:
        difference, (low, high) = self.paired.difference, self.paired.difference.interval
        return (
            f"{self.cell.settings}: {100 * difference.value:+.2f} points against {self.base.settings.activation} "
            f"(95 % interval {100 * low:+.2f} to {100 * high:+.2f}; more digits in {self.paired.better} of "
            f"{difference.n} networks, fewer in {self.paired.worse}; corrected p = {self.p_value:.2g}): {self.verdict}"
        )


def chosen(record: Record, depth: int, optimiser: str) -> dict:
    """For each activation the cell of the start that told the most validation digits; test digits play no part."""
    found: dict = {}
    for cell in record.cells:
        if (cell.settings.depth, cell.settings.optimiser) == (depth, optimiser):
            held = found.get(cell.settings.activation)
            if held is None or max(cell.validation) > max(held.validation):
                found[cell.settings.activation] = cell
    return found


def comparisons(record: Record) -> list[Comparison]:
    """Every activation against ReLU, each with the start that suits it, for each depth and optimiser.

    The p-values are corrected for all of them together, by Holm's method.
    """
    pairs = []
    for depth in DEPTHS:
        for optimiser in OPTIMISERS:
            cells = chosen(record, depth, optimiser)
            pairs += [(cell, cells[BASE]) for activation, cell in cells.items() if activation != BASE]
    found = [Paired.of(cell.accuracies, base.accuracies) for cell, base in pairs]
    corrected = holm([paired.p_value for paired in found])
    return [
        Comparison(cell, base, paired, float(p_value))
        for (cell, base), paired, p_value in zip(pairs, found, corrected, strict=True)
    ]


def ranking(compared: Sequence[Comparison], depth: int, optimiser: str) -> Table:
    """The comparisons of one depth and optimiser as a table, the best activation first; ReLU has its own line.

    The interval is that of the mean difference, and the effect Cohen's d of pairs.
    """
    shown = [c for c in compared if (c.cell.settings.depth, c.cell.settings.optimiser) == (depth, optimiser)]
    lines = [(np.mean(c.cell.accuracies), c.cell, c) for c in shown]
    lines.append((np.mean(shown[0].base.accuracies), shown[0].base, None))
    rows = []
    for _, cell, comparison in sorted(lines, key=lambda line: -line[0]):
        low, high = (0.0, 0.0) if comparison is None else comparison.paired.difference.interval
        rows.append((
            f"`{cell.settings.activation.name}`",
            cell.settings.start,
            f"{100 * np.mean(cell.accuracies):.1f}",
            "" if comparison is None else f"{100 * low:+.1f} to {100 * high:+.1f}",
            "" if comparison is None else f"{comparison.paired.effect:+.1f}",
            "" if comparison is None else comparison.verdict,
        ))  # fmt: skip
    heads = ("activation", "start", "digits told, %", "against ReLU, points", "effect", "verdict")
    return Table(heads, tuple(rows))


def best_grid(record: Record, optimiser: str) -> np.ndarray:
    """Mean shares of test digits (activations, depths), each activation with its best start; nan where none trained."""
    by_depth = [chosen(record, depth, optimiser) for depth in DEPTHS]
    activations = dict.fromkeys(cell.settings.activation for cell in record.cells)
    return np.array([
        [np.mean(best[activation].accuracies) if activation in best else np.nan for best in by_depth]
        for activation in activations
    ])  # fmt: skip


def start_grid(record: Record, activation: str | Activation, optimiser: str) -> np.ndarray:
    """Mean shares of test digits (starts, depths) of one activation; nan where it has no such start."""
    held = {cell.settings: cell for cell in record.cells}
    cells = [[held.get(Settings(get(activation), depth, start, optimiser)) for depth in DEPTHS] for start in STARTS]
    return np.array([[np.nan if cell is None else np.mean(cell.accuracies) for cell in row] for row in cells])


def gaps(record: Record, first: str | Activation, second: str | Activation, depth: int | None = None) -> np.ndarray:
    """By how much the mean shares of test digits of two activations differ, in each of the cells that both have.

    With a ``depth`` only the cells of that depth count.
    """
    held = {cell.settings: cell for cell in record.cells}
    pairs = [
        (cell, held.get(replace(settings, activation=get(second))))
        for settings, cell in held.items()
        if settings.activation == get(first) and depth in (None, settings.depth)
    ]
    return np.array([np.mean(a.accuracies) - np.mean(b.accuracies) for a, b in pairs if b is not None])


def accuracy(cell: Cell) -> Mean:
    """The share of test digits told, in the mean over the networks."""
    return Mean.of(cell.accuracies)


def failures(cell: Cell) -> Share:
    """The share of networks that failed to train."""
    return Share.of(cell.failed)


def relative_cost(record: Record, activation: str | Activation) -> Quantile:
    """The processor time of an epoch, ReLU's in the same setting being 1: the median over the settings of both."""
    held = {cell.settings: cell for cell in record.cells}
    ratios = [
        cell.seconds / held[replace(settings, activation=BASE)].seconds
        for settings, cell in held.items()
        if settings.activation == get(activation) and replace(settings, activation=BASE) in held
    ]
    return Quantile.of(ratios)
