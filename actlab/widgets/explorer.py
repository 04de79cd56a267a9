"""The function explorer: an activation, its two derivatives and a tangent, beside a second activation if asked for."""

from __future__ import annotations

import numpy as np
import traitlets
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from actlab import figures
from actlab.core import ACTIVATIONS, Elementwise
from actlab.figures import style
from actlab.properties import number
from actlab.widgets.base import Figure
from actlab.widgets.settings import Activation, Number

_RECORDS = {name: record for name, record in ACTIVATIONS.items() if isinstance(record, Elementwise)}
#: What stands for no second function.
NOTHING = "none"
_ORDERS = ("f", "df", "d2f")
# The colour of a second function that would have that of the first.
_INSTEAD = (style.COLOURS[12], style.COLOURS[3])
_TANGENT = {"color": "0.45", "linewidth": 1.2, "linestyle": (0, (1, 1))}


class _Function(Activation):
    """The name of an elementwise activation, whose parameters are set beside it."""

    def __init__(self, default: str) -> None:
        super().__init__(_RECORDS, default)

    def expected(self) -> str:
        return "parameters have traits of their own"


class _Second(_Function):
    """The same, or nothing."""

    def __init__(self) -> None:
        super().__init__(NOTHING)
        self.values = [NOTHING, *_RECORDS]

    def validate(self, obj, value):
        return NOTHING if value is None else super().validate(obj, value)


class FunctionExplorer(Figure, script="explorer"):
    """An activation with its first and second derivative, at any parameters, with a tangent that can be moved.

    >>> FunctionExplorer("elu", compare="silu", parameters={"alpha": 0.5}, x=-1.0)  # doctest: +SKIP

    Parameters
    ----------
    function, compare : str or Elementwise
        What is drawn, and what it is compared with, if anything. An activation brings the parameter values it has.
    parameters, compare_parameters : dict
        Their parameters by name, within the ends of the sliders; those that are left out have their defaults. After a
        change of the function those remain that it has, too.
    x : float
        Where the tangent touches, from -reach to reach.
    reach : float
        Half the width of the window, from 1 to 100.
    f, df, d2f : bool
        Whether the function, its first and its second derivative are drawn.
    """

    function = _Function("gelu").tag(sync=True, label="Function")
    parameters = traitlets.Dict().tag(sync=True, label="Parameters")
    compare = _Second().tag(sync=True, label="Compare with", names={NOTHING: "nothing"})
    compare_parameters = traitlets.Dict().tag(sync=True, label="Its parameters")
    x = Number(1.0, min=-100, max=100).tag(sync=True, label="x", step=0.05)
    reach = Number(4.0, min=1, max=100).tag(sync=True, label="Window, x up to ±", log=True)
    f = traitlets.Bool(True).tag(sync=True, label="f")
    df = traitlets.Bool(True).tag(sync=True, label="f′, the slope")
    d2f = traitlets.Bool(False).tag(sync=True, label="f″")

    def __init__(self, function: str | Elementwise = "gelu", compare: str | Elementwise | None = None, **settings):
        for key, chosen, own in (("function", function, "parameters"), ("compare", compare, "compare_parameters")):
            if isinstance(chosen, Elementwise):
                given = {name: value for name, value in chosen.values.items() if value != _default(chosen, name)}
                settings[own] = given | settings.get(own, {})
                chosen = chosen.name
            settings[key] = chosen
        super().__init__(**settings)

    @traitlets.validate("parameters", "compare_parameters")
    def _check_parameters(self, proposal) -> dict[str, float]:
        name = self.function if proposal.trait.name == "parameters" else self.compare
        try:
            return {key: _within(name, key, value) for key, value in proposal.value.items()}
        except (TypeError, ValueError) as error:
            raise traitlets.TraitError(str(error)) from None

    @traitlets.validate("x")
    def _check_x(self, proposal) -> float:
        if not abs(proposal.value) <= self.reach:
            raise traitlets.TraitError(
                f"x must lie within the window, from {-self.reach:g} to {self.reach:g}; got {proposal.value!r}. "
                "A larger reach widens the window"
            )
        return proposal.value

    @traitlets.observe("function", "compare")
    def _drop_parameters(self, change) -> None:
        own = "parameters" if change.name == "function" else "compare_parameters"
        setattr(self, own, {key: value for key, value in getattr(self, own).items() if _fits(change.new, key, value)})

    @traitlets.observe("reach")
    def _keep_x_in_the_window(self, change) -> None:
        self.x = min(change.new, max(-change.new, self.x))

    def still(self, figure) -> None:
        """Draw f with its tangent, and below it f' and f''."""
        records = [ACTIVATIONS[self.function].with_params(**self.parameters)]
        if self.compare != NOTHING:
            records.append(ACTIVATIONS[self.compare].with_params(**self.compare_parameters))
        rows = [orders for orders in (self._shown(0), self._shown(1, 2)) if orders]
        figure.set_size_inches(5.6, 0.9 + 2.1 * len(rows))
        axes = figure.subplots(max(1, len(rows)), 1, sharex=True, squeeze=False)[:, 0]
        handles = [handle for ax, orders in zip(axes, rows, strict=False) for handle in self._draw(ax, records, orders)]
        handles.append(Patch(color="0.5", alpha=0.3, linewidth=0, label="saturated, or slope 0"))
        figure.legend(handles=handles, loc="outside upper left", ncols=3, fontsize="small")
        axes[-1].set(xlim=(-self.reach, self.reach), xlabel="x")

    def _shown(self, *orders: int) -> list[int]:
        return [order for order in orders if getattr(self, _ORDERS[order])]

    def _draw(self, ax, records: list[Elementwise], orders: list[int]) -> list[Line2D]:
        """Draw some orders of all functions on one pair of axes, with the place x, and return what the legend shows."""
        x, low, high = self.x, -self.reach, self.reach
        grid = np.linspace(low, high, 401)
        values, handles = [], []
        ax.axhline(0, color="0.85", linewidth=1)
        ax.axvline(x, color="0.6", linewidth=1)
        for record, colour in zip(records, _colours(records), strict=True):
            figures.shade(record, ax, low=low, high=high, color=colour)
            for order in orders:
                figures.curve(record, ax, low=low, high=high, order=order, color=colour)
                g = (record, record.derivative, record.second_derivative)[order]
                values.append(g(grid))
                ax.plot(x, style.stable(g(x)), "o", color=colour, markersize=6)
                label = _label(record) + ("", " f′", " f″")[order]
                handles.append(Line2D([], [], color=colour, linestyle=("-", "--", ":")[order], label=label))
            if orders == [0]:
                ax.axline((x, style.stable(record(x))), slope=style.stable(record.derivative(x)), **_TANGENT)
        if orders == [0]:
            handles.append(Line2D([], [], label=f"tangent at x = {number(x)}", **_TANGENT))
        ax.set(ylim=style.stable(_heights(values, self.reach)), ylabel="f" if orders == [0] else "")
        return handles


def _heights(values: list[np.ndarray], reach: float) -> tuple[float, float]:
    """The ends of the vertical axis: all values, but of what rises steeply only a part. curves.js has the same."""
    most = max(reach, 2.0)
    low, high = max(np.min(values), -most), min(np.max(values), most)
    space = 0.08 * (high - low) or 0.5
    return low - space, high + space


def _colours(records: list[Elementwise]) -> list[str]:
    """The colours of the functions, a second one another than that of the first."""
    first, *others = [to_hex(figures.colour(record)) for record in records]
    return [first, *(next(c for c in (own, *_INSTEAD) if c.lower() != first) for own in others)]


def _label(record: Elementwise) -> str:
    return record.name if record == ACTIVATIONS[record.name] else repr(record)


def _default(record: Elementwise, name: str) -> float:
    return record.parameters[name].default


def _within(function: str, key: str, value) -> float:
    """A parameter's value, if the function has it and its slider reaches that far."""
    if function == NOTHING:
        raise ValueError(f"compare_parameters are those of a second function, and there is none; got {key}={value!r}")
    record = ACTIVATIONS[function]
    bound = record.with_params(**{key: value}).values[key]
    param = record.parameters[key]
    if not param.low <= bound <= param.high:
        raise ValueError(
            f"{function}: {key} must be from {param.low:g} to {param.high:g}, the ends of its slider; got {value!r}"
        )
    return bound


def _fits(function: str, key: str, value) -> bool:
    try:
        _within(function, key, value)
    except (TypeError, ValueError):
        return False
    return True
