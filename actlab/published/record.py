"""What a reproduced result is: a number that a paper states or implies, how it is measured here, whether they agree.

A row of the registry is declared by a decorator around the function that computes our value, one block for each number.
Whether it is reproduced is never written down: ``Comparison`` decides it from the value, its interval and the claim.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from types import MappingProxyType
from typing import Literal

from actlab import references
from actlab.statistics import Mean, Share

Status = Literal["reproduced", "not reproduced", "does not follow", "undecided"]

#: How a source has a number: it states it of the same quantity; an equation of it gives the number, at a setting that
#: we may have chosen; or we read the number, or the quantity that it is to be of, into what the source says in words.
Basis = Literal["printed", "equation", "reading"]

_ROWS: dict[str, Published] = {}

#: Every row by its name, in the order of declaration.
ROWS: Mapping[str, Published] = MappingProxyType(_ROWS)


@dataclass(frozen=True)
class Near:
    """The number is ``value``; ours may differ by ``tolerance``, and ``why`` says where that comes from.

    ``text`` is the number as the paper has it, where that is not how it is printed here.
    """

    value: float
    tolerance: float
    why: str
    text: str = ""

    def __post_init__(self) -> None:
        if not (math.isfinite(self.value) and 0 < self.tolerance < math.inf and self.why):
            raise ValueError(f"a number needs a positive tolerance and a reason for it; got {self!r}")

    @property
    def band(self) -> tuple[float, float]:
        """The least and the largest value that agree."""
        return self.value - self.tolerance, self.value + self.tolerance

    def __str__(self) -> str:
        return self.text or f"{self.value:.10g}"


@dataclass(frozen=True)
class Rounded:
    """The number is printed as ``text``, such as "0.7877" or "1.7e4": all that rounds to it agrees."""

    text: str

    @property
    def value(self) -> float:
        """The printed number."""
        return float(self.text)

    @property
    def tolerance(self) -> float:
        """Half a unit of the last printed digit."""
        return 0.5 * 10.0 ** int(Decimal(self.text).as_tuple().exponent)

    @property
    def why(self) -> str:
        """Where the tolerance comes from."""
        return "half a unit of the last digit printed"

    @property
    def band(self) -> tuple[float, float]:
        """The least and the largest value that agree."""
        return self.value - self.tolerance, self.value + self.tolerance

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Between:
    """The number lies between ``low`` and ``high``, of which one may be infinite: an inequality, or an order.

    ``text`` is the claim as the paper has it, where that says more.
    """

    low: float = -math.inf
    high: float = math.inf
    text: str = ""

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.low, self.high) == (-math.inf, math.inf):
            raise ValueError(f"an inequality needs low below high, one of them finite; got {self!r}")

    @property
    def band(self) -> tuple[float, float]:
        """The least and the largest value that agree."""
        return self.low, self.high

    def __str__(self) -> str:
        if self.text:
            return self.text
        if math.isinf(self.low):
            return f"at most {self.high:.6g}"
        return f"at least {self.low:.6g}" if math.isinf(self.high) else f"{self.low:.6g} to {self.high:.6g}"


Claim = Near | Rounded | Between


@dataclass(frozen=True)
class Finding:
    """What is measured instead of a number that does not reproduce: the value as a claim of ours, and a sentence."""

    claim: Claim
    text: str


@dataclass(frozen=True, eq=False)
class Published:
    """One published number and how it is measured here.

    ``source`` is the key of the paper in ``references.bib``, ``where`` the place in it, as far as that is known, and
    ``basis`` how it has the number.
    ``quantity`` says in one sentence what the number is, ``how`` what we compute. A ``finding`` is declared where the
    number is expected not to reproduce. ``measure`` returns a number, or a ``Mean`` or ``Share`` where chance has a
    part.
    """

    name: str
    source: str
    where: str
    basis: Basis
    quantity: str
    claim: Claim
    measure: Callable[[], float | Mean | Share]
    finding: Finding | None = None

    @property
    def paper(self) -> str:
        """The source as it is cited in a text."""
        return references.get(self.source).short

    @property
    def how(self) -> str:
        """What is computed, in a sentence."""
        return inspect.cleandoc(self.measure.__doc__).replace("\n", " ")

    @property
    def seed(self) -> int | None:
        """The seed of a measurement in which chance has a part."""
        parameter = inspect.signature(self.measure).parameters.get("seed")
        return None if parameter is None else parameter.default

    def compare(self) -> Comparison:
        """Measure, once in a process, and hold the value against the claim."""
        return Comparison(self, _measured(self.measure))

    def __repr__(self) -> str:
        return f"Published({self.name}, {self.source}: {self.claim})"


@cache
def _measured(measure: Callable[[], float | Mean | Share]) -> float | Mean | Share:
    return measure()


@dataclass(frozen=True, eq=False)
class Comparison:
    """A published number beside ours."""

    row: Published
    measured: float | Mean | Share

    @cached_property
    def value(self) -> float:
        """Our value."""
        return float(getattr(self.measured, "value", self.measured))

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of our value, which is the value twice where chance has no part."""
        return getattr(self.measured, "interval", (self.value, self.value))

    @property
    def n(self) -> int | None:
        """How many independent trials the interval rests on."""
        return getattr(self.measured, "n", None)

    @property
    def status(self) -> Status:
        """Whether the whole interval agrees with the claim, or none of it; else the sample was too small to say.

        A reading that does not agree is not a number that fails to reproduce: it does not follow from the source.
        """
        found = _agreement(self.interval, self.row.claim)
        return "does not follow" if found == "not reproduced" and self.row.basis == "reading" else found

    @property
    def finding_holds(self) -> bool:
        """Whether we still measure what the row's finding says."""
        return self.row.finding is not None and _agreement(self.interval, self.row.finding.claim) == "reproduced"

    @property
    def deviation(self) -> tuple[float, float, float] | None:
        """Lower end, value and upper end of ours less the published number, in units of the tolerance.

        None for an inequality, which has no tolerance.
        """
        claim = self.row.claim
        if isinstance(claim, Between):
            return None
        low, high = self.interval
        return tuple((number - claim.value) / claim.tolerance for number in (low, self.value, high))

    def shown(self, number: float) -> str:
        """A number with the digits that matter: one more than the tolerance has, or five in all."""
        claim = self.row.finding.claim if self.row.finding else self.row.claim
        if isinstance(claim, Between):
            return f"{float(f'{number:.5g}') + 0.0:g}"
        decimals = max(0, 1 - math.floor(math.log10(claim.tolerance)))
        rounded = round(number, decimals)
        return f"{rounded:.{decimals}f}" if rounded else "0"

    def __repr__(self) -> str:
        low, high = map(self.shown, self.interval)
        chance = "" if self.n is None else f" ({low} to {high}, n = {self.n:,})"
        origin = "published" if self.row.basis == "printed" else "derived"
        return f"{self.row.name}: {origin} {self.row.claim}\n  here {self.shown(self.value)}{chance}: {self.status}"


def _agreement(interval: tuple[float, float], claim: Claim) -> Literal["reproduced", "not reproduced", "undecided"]:
    (low, high), (least, largest) = interval, claim.band
    if least <= low and high <= largest:
        return "reproduced"
    return "not reproduced" if high < least or largest < low else "undecided"


def published(
    source: str, *, where: str, basis: Basis, quantity: str, claim: Claim, finding: Finding | None = None
) -> Callable[[Callable[[], float | Mean | Share]], Published]:
    """Register the decorated function, whose docstring says what it computes, as the measurement of a number.

    Chance has a part where it returns a ``Mean`` or a ``Share``; it then takes ``seed``, with a default. The arguments
    are the fields of ``Published``.
    """

    def register(measure: Callable[[], float | Mean | Share]) -> Published:
        name = measure.__name__
        if name in _ROWS:
            raise ValueError(f"a result named {name!r} is already registered")
        if not measure.__doc__:
            raise TypeError(f"{name}: the docstring must say what is computed")
        _ROWS[name] = Published(name, source, where, basis, quantity, claim, measure, finding)
        return _ROWS[name]

    return register
