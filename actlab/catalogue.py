"""The registry as tables of Markdown, for the book and for notebooks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from actlab.core import ACTIVATIONS, Elementwise, Vectorwise
from actlab.formulas import parameter_latex


@dataclass(frozen=True)
class Table:
    """A table that notebooks and the book show as Markdown: column titles, and rows of cells that are Markdown too."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def _repr_markdown_(self) -> str:
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def __repr__(self) -> str:
        return f"Table({len(self.rows)} rows: {', '.join(self.columns)})"


def elementwise() -> list[Elementwise]:
    """The registered activations that map each number on its own, in the order of declaration."""
    return [activation for activation in ACTIVATIONS.values() if isinstance(activation, Elementwise)]


def vectorwise() -> list[Vectorwise]:
    """The registered activations that map a whole vector, in the order of declaration."""
    return [activation for activation in ACTIVATIONS.values() if isinstance(activation, Vectorwise)]


def formulas() -> Table:
    """Name, formula, parameter defaults and other names of every registered activation."""
    rows = []
    for activation in ACTIVATIONS.values():
        parameters = activation.parameters.values()
        defaults = ", ".join(f"${parameter_latex(param)} = {param.default:.4g}$" for param in parameters)
        rows.append((f"`{activation.name}`", f"${activation.latex}$", defaults, ", ".join(activation.aliases)))
    return Table(("function", "formula", "default", "also called"), tuple(rows))


def properties() -> Table:
    """Measured properties of every elementwise activation with its default parameters."""
    rows = []
    for activation in elementwise():
        facts = activation.properties
        saturates = {(True, True): "both", (True, False): "left", (False, True): "right", (False, False): ""}
        rows.append(
            (
                f"`{activation.name}`",
                f"{_number(facts.infimum)} to {_number(facts.supremum)}",
                _number(facts.lipschitz),
                "yes" if facts.monotone else "no",
                facts.symmetry or "",
                saturates[facts.saturates_left, facts.saturates_right],
                _number(facts.mean),
                _number(facts.second_moment),
            )
        )
    # Words, since a screen reader finds no text in a title that is a formula.
    facts = ("values", "largest slope", "monotone", "symmetry", "saturates", "mean", "mean square")
    return Table(("function", *facts), tuple(rows))


def check_values(x: Sequence[float] = (-1.5, 0.5)) -> Table:
    """Value and derivatives of every elementwise activation at the points ``x``, to ten digits."""
    rows = []
    for activation in elementwise():
        for point in x:
            orders = (activation, activation.derivative, activation.second_derivative)
            rows.append((f"`{activation!r}`", f"{point:g}", *(_digits(order(point)) for order in orders)))
    return Table(("function", "x", "value", "derivative", "second derivative"), tuple(rows))


def check_vectors(z: Sequence[float] = (0.5, 1.0, -1.0, 0.8)) -> Table:
    """Outputs of every vector activation at ``z``, and the slopes of the first of them by each entry, to ten digits."""
    rows = [(f"`{activation!r}`", _row(activation(z)), _row(activation.jacobian(z)[0])) for activation in vectorwise()]
    point = ", ".join(f"{value:g}" for value in z)
    return Table(("function", f"outputs at ({point})", "slopes of the first output"), tuple(rows))


def _row(values: Iterable[float]) -> str:
    return ", ".join(_digits(value) for value in values)


def _digits(value: float) -> str:
    # Ten digits: all that two processors agree on, and more than any wrong constant could hide behind.
    return f"{value + 0.0:.10g}"


def _number(value: float) -> str:
    if math.isinf(value):
        return "$-\\infty$" if value < 0 else r"$\infty$"
    return f"{round(value, 4) + 0.0:g}"
