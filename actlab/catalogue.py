"""The registry as tables of Markdown, for the book and for notebooks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from actlab import calls
from actlab.core import ACTIVATIONS, Activation, Elementwise, Vectorwise
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


def check_vectors(z: Sequence[float] = (1.0, 2.0, 4.0)) -> Table:
    """Outputs of every vector activation at ``z``, and the diagonal of its Jacobian, to ten digits."""
    rows = [
        (f"`{activation.name}`", _row(activation(z)), _row(np.diagonal(activation.jacobian(z))))
        for activation in vectorwise()
    ]
    return Table(("function", f"outputs at ({', '.join(f'{v:g}' for v in z)})", "their own slopes"), tuple(rows))


def _row(values: Iterable[float]) -> str:
    return ", ".join(_digits(value) for value in values)


def _digits(value: float) -> str:
    # Ten digits: all that two processors agree on, and more than any wrong constant could hide behind.
    return f"{value + 0.0:.10g}"


def _number(value: float) -> str:
    if math.isinf(value):
        return "$-\\infty$" if value < 0 else r"$\infty$"
    return f"{round(value, 4) + 0.0:g}"


def frameworks(*families: str) -> Table:
    """What Keras, PyTorch and JAX call each activation, and what they do otherwise; of some families, or of all."""
    rows = []
    for activation in ACTIVATIONS.values():
        if families and activation.family not in families:
            continue
        called = {framework: calls.declared(activation, framework) for framework in calls.FRAMEWORKS}
        # As users of PyTorch write it; the long path makes the table wider than a page.
        names = [f"`{call}`".replace("nn.functional.", "F.") if call else "" for call in called.values()]
        rows.append((f"`{activation.name}`", *names, "; ".join(_differences(activation, called))))
    return Table(("function", *calls.FRAMEWORKS.values(), "what they do otherwise"), tuple(rows))


def _differences(activation: Activation, called: Mapping[str, calls.Call | None]) -> list[str]:
    found = []
    for framework, title in calls.FRAMEWORKS.items():
        fixed = called[framework].missing(activation) if called[framework] else []
        sentences = [f"`{parameter}` is fixed" for parameter in fixed]
        sentences += [activation.differs[framework].text] if framework in activation.differs else []
        if sentences:
            found.append(f"{title}: {', '.join(sentences)}")
    return found
