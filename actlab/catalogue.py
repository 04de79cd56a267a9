"""The registry as tables of Markdown, for the book and for notebooks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from actlab import calls
from actlab.core import ACTIVATIONS, Activation, Elementwise, Family, Vectorwise, get, names
from actlab.formulas import parameter_latex
from actlab.properties import Interval, number, settled

#: The names of the families.
FAMILIES: tuple[str, ...] = get_args(Family)


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


def elementwise(*which: str | Activation) -> list[Elementwise]:
    """The activations chosen that map each number on its own; without arguments all that are registered.

    ``which`` holds names of families, names of activations, or activations, which keep the parameter values that they
    have. A name that is both, such as "threshold", stands for the activation.
    """
    return _of_kind(Elementwise, which, "maps a vector")


def vectorwise(*which: str | Activation) -> list[Vectorwise]:
    """The activations chosen that map a whole vector; ``which`` is as in ``elementwise``."""
    return _of_kind(Vectorwise, which, "maps single numbers")


def chosen(which: Sequence[str | Activation]) -> list[Activation]:
    """The activations of both kinds that ``which``, as in ``elementwise``, stands for, in that order and each once."""
    families = {family: [a for a in ACTIVATIONS.values() if a.family == family] for family in FAMILIES}
    found = [] if which else list(ACTIVATIONS.values())
    for word in which:
        if isinstance(word, str) and word in families and word not in names(aliases=True):
            found += families[word]
        else:
            try:
                found.append(get(word))
            except ValueError as error:
                raise ValueError(f"{error}; families: {', '.join(families)}") from None
    return list(dict.fromkeys(found))


def formulas(*which: str | Activation) -> Table:
    """Name, formula, parameter defaults and other names of the activations chosen, as in ``elementwise``, or of all."""
    rows = []
    for activation in chosen(which):
        pairs = zip(activation.parameters.values(), activation.values.values(), strict=True)
        values = ", ".join(f"${parameter_latex(param)} = {value:.4g}$" for param, value in pairs)
        rows.append((f"`{activation.name}`", f"${activation.latex}$", values, ", ".join(activation.aliases)))
    return Table(("function", "formula", "parameters", "also called"), tuple(rows))


def properties(*which: str | Activation) -> Table:
    """Measured shape of the elementwise activations chosen, as in ``elementwise``, or of all.

    A round bracket says that a bound is approached, a square one that it is reached. "course" says that a function
    never turns back, or where it does: the value of a local extremum and its place. "jumps in" is the first of f, f'
    and f'' that jumps somewhere. A unit is saturated where its slope, without its sign, stays below 0.05
    out to infinity.
    """
    rows = []
    for activation in elementwise(*which):
        facts = activation.properties
        course = [facts.monotone] if facts.monotone else [f"{e.kind} {e}" for e in facts.extrema] or ["not monotone"]
        rows.append(
            (
                f"`{_label(activation)}`",
                _unbroken(facts.range),
                "<br>".join(filter(None, (facts.symmetry, *course))),
                number(facts.lipschitz),
                {-1: "f", 0: "f\N{PRIME}", 1: "f\N{DOUBLE PRIME}"}.get(facts.smoothness, "none"),
                "<br>".join(map(_unbroken, facts.saturation)),
            )
        )
    # Words, since a screen reader finds no text in a title that is a formula.
    return Table(("function", "range", "course", "largest slope", "jumps in", "saturated"), tuple(rows))


def moments(*which: str | Activation) -> Table:
    """What the elementwise activations chosen, as in ``elementwise``, or all, make of a standard normal number.

    The gains are the factors on the weights that keep the mean square of what goes forward through the function, and
    of the gradient that comes back through it. The shares are those of outputs, and of slopes, that are exactly 0.
    """
    rows = []
    for activation in elementwise(*which):
        facts = activation.properties
        values = (facts.mean, facts.second_moment, facts.slope_moment, facts.gain, facts.slope_gain)
        shares = (facts.zero_share, facts.dead_share)
        rows.append((f"`{_label(activation)}`", *(_decimals(value) for value in (*values, *shares))))
    titles = (
        "mean",
        "mean square",
        "mean squared slope",
        "gain",
        "slope gain",
        "share of zeros",
        "share of zero slopes",
    )
    return Table(("function", *titles), tuple(rows))


def frameworks(*which: str | Activation) -> Table:
    """What Keras, PyTorch and JAX call the activations chosen, as in ``elementwise``, or all, and do otherwise."""
    rows = []
    for activation in chosen(which):
        called = {framework: calls.declared(activation, framework) for framework in calls.FRAMEWORKS}
        # Below each other, and PyTorch's long path as its users write it: three columns of names need too much width.
        names = [
            f"{calls.FRAMEWORKS[framework]} `{call}`".replace("nn.functional.", "F.")
            for framework, call in called.items()
            if call
        ]
        rows.append((f"`{activation.name}`", "<br>".join(names), "<br>".join(_differences(activation, called))))
    return Table(("function", "called", "what they do otherwise"), tuple(rows))


def check_values(x: Sequence[float] = (-1.5, 0.5)) -> Table:
    """Value and derivatives of every elementwise activation at the points ``x``, to ten digits."""
    rows = []
    for activation in elementwise():
        for point in x:
            orders = (activation, activation.derivative, activation.second_derivative)
            rows.append((f"`{activation.name}`", f"{point:g}", *(_digits(order(point)) for order in orders)))
    return Table(("function", "x", "value", "derivative", "second derivative"), tuple(rows))


def check_vectors(z: Sequence[float] = (0.5, 1.0, -1.0, 0.8)) -> Table:
    """Outputs of every vector activation at ``z``, and the slopes of the first of them by each entry, to ten digits."""
    rows = [(f"`{activation!r}`", _row(activation(z)), _row(activation.jacobian(z)[0])) for activation in vectorwise()]
    point = ", ".join(f"{value:g}" for value in z)
    return Table(("function", f"outputs at ({point})", "slopes of the first output"), tuple(rows))


def _of_kind(kind: type, which: Sequence[str | Activation], otherwise: str) -> list:
    for word in which:
        # A family may hold both kinds; an activation asked for by its name must not be left out in silence.
        if (isinstance(word, Activation) or word in names(aliases=True)) and not isinstance(get(word), kind):
            raise ValueError(f"{get(word).name} {otherwise}")
    return [activation for activation in chosen(which) if isinstance(activation, kind)]


def _unbroken(interval: Interval) -> str:
    # Else a narrow column puts the sign of an infinity at the end of a line.
    return str(interval).replace(" ", "\N{NO-BREAK SPACE}").replace("-∞", "-\N{WORD JOINER}∞")


def _label(activation: Activation) -> str:
    """The name of an activation, with its parameters where they are not the defaults."""
    return activation.name if activation == get(activation.name) else repr(activation)


def _row(values: Iterable[float]) -> str:
    return ", ".join(_digits(value) for value in values)


def _digits(value: float) -> str:
    # Ten digits: all that two processors agree on, and more than any wrong constant could hide behind.
    return f"{value + 0.0:.10g}"


def _decimals(value: float) -> str:
    return number(value) if math.isinf(value) else f"{round(settled(value), 4) + 0.0:g}"


def _differences(activation: Activation, called: Mapping[str, calls.Call | None]) -> list[str]:
    found = []
    for framework, title in calls.FRAMEWORKS.items():
        fixed = called[framework].missing(activation) if called[framework] else []
        sentences = [f"`{parameter}` is fixed" for parameter in fixed]
        sentences += [activation.differs[framework].text] if framework in activation.differs else []
        if sentences:
            found.append(f"{title}: {', '.join(sentences)}")
    return found
