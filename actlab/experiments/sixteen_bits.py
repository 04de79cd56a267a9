"""What half the bits leave of a function: TensorFlow's answers to all numbers of float16 or bfloat16."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actlab import peers
from actlab.core import Elementwise, get_elementwise

#: The formats of two bytes, few enough numbers to try them all.
FORMATS = ("float16", "bfloat16")


@dataclass(frozen=True, eq=False)
class SixteenBits:
    """All finite numbers of a format, and what TensorFlow makes of them; arrays of float64, ``x`` ascending.

    ``computed`` is f or, of ``order`` 1, f', computed in the format; ``exact`` is that of ``actlab`` in float64.
    """

    activation: Elementwise
    format: str
    order: int
    x: np.ndarray
    computed: np.ndarray
    exact: np.ndarray

    def lost_from(self, sign: int) -> float | None:
        """The number from which on, as far as the format can hold the answer, more than half of it is wrong.

        None if at the far end it is right. ``sign`` says on which side of 0 to look, 1 or -1.
        """
        outwards = self._held(sign)
        wrong = ~(np.abs(self.computed - self.exact) <= 0.5 * np.abs(self.exact))[outwards]
        right = np.flatnonzero(~wrong)
        first = right[-1] + 1 if len(right) else 0
        return None if first == len(outwards) else float(self.x[outwards[first]])

    def nan_from(self, sign: int) -> float | None:
        """The number nearest to 0 on one side at which the answer is nan, None if there is none."""
        bad = self.x[np.isnan(self.computed) & (np.sign(self.x) == _side(sign))]
        return float(min(bad, key=abs)) if len(bad) else None

    @property
    def right_to_the_ends(self) -> bool:
        """Whether nothing is lost on either side, and nothing is nan."""
        return all(edge(sign) is None for edge in (self.lost_from, self.nan_from) for sign in (-1, 1))

    def _held(self, sign: int) -> np.ndarray:
        """Indices from 0 outwards, without those whose answer is too small or too large for the format."""
        limits = _limits(self.format)
        size = np.abs(self.exact)
        held = (size >= float(limits.tiny)) & (size <= float(limits.max)) & (np.sign(self.x) == _side(sign))
        return np.flatnonzero(held)[::sign]

    def __repr__(self) -> str:
        said = []
        for lost, nan in ((self.lost_from(sign), self.nan_from(sign)) for sign in (-1, 1)):
            if nan is not None and nan == lost:
                said.append(f"{nan:.3g} (nan)")
            elif lost is not None:
                said.append(f"{lost:.2g}" + (f" (nan from {nan:.3g})" if nan is not None else ""))
            elif nan is not None:
                said.append(f"{nan:.3g} (nan at first)")
        ends = f"lost from {' and '.join(said)}" if said else "right to the ends"
        return self.activation.name + "\N{PRIME}" * self.order + f", {self.format}: {ends}"


def sixteen_bits(activation: str | Elementwise, format: str, *, order: int = 0) -> SixteenBits:
    """Have TensorFlow compute f or f' at all finite numbers of a format of two bytes, as mixed precision does.

    Raises
    ------
    ValueError
        If the format is none of ``FORMATS``, or Keras has no such function.
    """
    if format not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}; got {format!r}")
    activation = get_elementwise(activation)
    with np.errstate(invalid="ignore"):  # some patterns are a nan that signals when it is converted
        numbers = np.arange(2**16, dtype=np.uint16).view(_limits(format).dtype).astype(np.float64)
    x = np.sort(numbers[np.isfinite(numbers)])
    computed = peers.function("keras", activation, dtype=_limits(format).dtype, order=order)(x)
    exact = (activation, activation.derivative)[order](x)
    return SixteenBits(activation, format, order, x, computed.astype(np.float64), exact)


def _limits(format: str):
    """The limits of a format, of which numpy itself knows only one."""
    import ml_dtypes

    return ml_dtypes.finfo(format)


def _side(sign: int) -> int:
    if sign not in (1, -1):
        raise ValueError(f"sign must be 1 or -1; got {sign!r}")
    return sign
