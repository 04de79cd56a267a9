"""What a claim is: what is said of activations, how it is measured here, and what the measurement says.

A claim is declared by a decorator around the function that measures it, one block for each. Whether it holds is never
written down: the function decides it from what it measures, and must decide otherwise for a declared counterexample.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal, get_args

#: What becomes of what is said: it holds as said; it is contradicted; it has the right idea and a wrong detail, or
#: lacks a condition; or the answer depends on the task, on chance or on the implementation.
Verdict = Literal["true", "false", "imprecise", "depends"]
#: Whether a claim speaks for an activation or against it.
Side = Literal["pro", "con"]

#: The posts from which the course grew.
POSTS: Mapping[str, str] = MappingProxyType(
    {
        "000": "Intuition, and the cosine fit in Keras",
        "001": "Functions and derivatives",
        "002": "A hands-on lecture on convolutional networks",
        "003": "Neurons and multi-layer perceptrons",
        "004": "A summary, from sigmoid to GELU",
    }
)

# What Markdown would take for more than text.
_MARKUP = re.compile(r"[\\`*_$<>\[\]|]")

_CLAIMS: dict[str, Claim] = {}
_STATEMENTS: dict[str, Statement] = {}

#: Every claim by its id, in the order of declaration.
CLAIMS: Mapping[str, Claim] = MappingProxyType(_CLAIMS)
#: What is said and not computed, by its id.
STATEMENTS: Mapping[str, Statement] = MappingProxyType(_STATEMENTS)


@dataclass(frozen=True)
class Measured:
    """What the measurement of a claim found: whether what our sentence says is so, and the numbers it prints."""

    holds: bool
    values: Mapping[str, Any]


def measured(holds: bool, /, **values: Any) -> Measured:
    """The result of a measurement, from a truth value and the numbers by the names that the sentence has for them."""
    return Measured(bool(holds), values)


@dataclass(frozen=True, eq=False)
class Claim:
    """One claim.

    ``belief`` is what is said, in our words, and ``sources`` by whom: numbers of posts or keys in ``references.bib``.
    ``about`` names activations of the registry, or a subject; ``side`` says whether the claim speaks for or against the
    first of them. ``template`` is what we say instead, with the measured numbers by name; ``unlike`` holds arguments
    for which the measurement must not bear that out. ``page`` is the chapter that shows it. ``differs`` says why our
    verdict is another than that of the list of the posts' claims. ``needs`` is the optional package without which it
    cannot be measured, by the name that is imported.
    """

    id: str
    belief: str
    about: tuple[str, ...]
    verdict: Verdict
    sources: tuple[str, ...]
    template: str
    measurement: Callable[..., Measured]
    unlike: Mapping[str, Any]
    page: str
    side: Side | None = None
    slow: bool = False
    differs: str = ""
    needs: str = ""

    def measure(self, **changed: Any) -> Measured:
        """Measure anew, with other arguments if some are given."""
        return self.measurement(**changed)

    @cached_property
    def found(self) -> Measured:
        """What is measured; once."""
        return self.measure()

    @property
    def holds(self) -> bool:
        """Whether what the sentence says is what is measured."""
        return self.found.holds

    def sentence(self) -> str:
        """What we say, with the measured numbers."""
        return self.template.format(**self.found.values)

    def _repr_markdown_(self) -> str:
        said, found = (_MARKUP.sub(r"\\\g<0>", text) for text in (self.belief, self.sentence()))
        return f"*What is said:* {said}\n\n*What is measured* (**{self.verdict}**): {found}"

    def __repr__(self) -> str:
        return f"Claim({self.id}, {self.verdict})"  # measures nothing, so that it is safe to show

    @property
    def how(self) -> str:
        """What is computed, in a sentence."""
        return inspect.getdoc(self.measurement) or ""

    @property
    def code(self) -> str:
        """The file in the package that measures it, and the line where that begins."""
        module = self.measurement.__module__.replace(".", "/")
        return f"{module}.py:{inspect.getsourcelines(self.measurement)[1]}"


@dataclass(frozen=True)
class Statement:
    """What is said and is no matter of computing: history, a definition, a result of a size that nobody re-runs here.

    ``text`` is what we say of it, ``cite`` the references that support it, ``why`` the reason why it is not computed.
    The other fields are those of ``Claim``.
    """

    id: str
    belief: str
    about: tuple[str, ...]
    verdict: Verdict
    sources: tuple[str, ...]
    text: str
    why: str
    cite: tuple[str, ...] = ()
    page: str = ""
    differs: str = ""

    def __post_init__(self) -> None:
        _check(self.id, self.verdict)
        _STATEMENTS[self.id] = self


def claim(
    *,
    belief: str,
    about: str | tuple[str, ...],
    verdict: Verdict,
    sources: str | tuple[str, ...],
    says: str,
    unlike: Mapping[str, Any],
    page: str,
    side: Side | None = None,
    slow: bool = False,
    differs: str = "",
    needs: str = "",
) -> Callable[[Callable[..., Measured]], Claim]:
    """Register a function as a claim, whose id is its name with hyphens.

    The function takes keyword arguments with defaults and returns what ``measured`` makes. ``says`` becomes the
    template; the other arguments are the fields of ``Claim``.
    """

    def register(measurement: Callable[..., Measured]) -> Claim:
        id = measurement.__name__.replace("_", "-")
        _check(id, verdict)
        unknown = set(unlike) - set(inspect.signature(measurement).parameters)
        if unknown or not unlike:
            raise ValueError(f"{id}: unlike must give other values of arguments; got {dict(unlike)}")
        if side not in (None, *get_args(Side)):
            raise ValueError(f"{id}: side must be pro, con or None; got {side!r}")
        subjects, said_by = (
            ((about,) if isinstance(about, str) else about),
            ((sources,) if isinstance(sources, str) else sources),
        )
        _CLAIMS[id] = Claim(
            id, belief, subjects, verdict, said_by, says, measurement, MappingProxyType(dict(unlike)), page, side, slow,
            differs, needs,
        )  # fmt: skip
        return _CLAIMS[id]

    return register


def _check(id: str, verdict: str) -> None:
    if id in _CLAIMS or id in _STATEMENTS:
        raise ValueError(f"there is a claim {id!r} already")
    if verdict not in get_args(Verdict):
        raise ValueError(f"{id}: the verdict must be one of {', '.join(get_args(Verdict))}; got {verdict!r}")
