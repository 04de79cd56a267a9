"""Curves as sums of shifted copies of one function: the smallest pieces of a fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from actlab.checks import whole_number

_STEEPNESS = 4.0


def wave(x: np.ndarray) -> np.ndarray:
    """The curve that is fitted where no other is given: sin 2x + x/2."""
    return np.sin(2 * x) + x / 2


@dataclass(frozen=True, eq=False)
class ShiftedFit:
    """A curve fitted by a weighted sum of shifted copies of one function, and a constant.

    ``x`` and ``target`` are (points,), ``shifts`` and ``weights`` (units,). ``parts`` (points, units) holds what each
    unit contributes: its weight times its shifted copy.
    """

    function: Callable[[np.ndarray], np.ndarray]
    x: np.ndarray
    target: np.ndarray
    shifts: np.ndarray
    weights: np.ndarray
    constant: float
    parts: np.ndarray

    @property
    def prediction(self) -> np.ndarray:
        """The sum of all parts and the constant, (points,)."""
        return self.parts.sum(axis=1) + self.constant

    @property
    def error(self) -> float:
        """The root mean square difference between prediction and target."""
        return float(np.sqrt(np.mean(np.square(self.prediction - self.target))))

    def __repr__(self) -> str:
        return f"ShiftedFit({self.function.__name__}, units={self.shifts.size}, error={self.error:.2g})"


def fit_shifted(
    function: Callable[[np.ndarray], np.ndarray],
    units: int,
    *,
    target: Callable[[np.ndarray], np.ndarray] = wave,
    low: float = -3.0,
    high: float = 3.0,
) -> ShiftedFit:
    """Fit ``target`` on [low, high] by least squares with ``units`` shifted copies of ``function`` and a constant.

    The interval is cut into ``units`` equal parts of length h; the copy that starts at s is function(4 (x - s) / h).
    With the factor 4 the sigmoid's steepest slope, which is 1/4, rises by 1 over one part; to step and ReLU it makes no
    difference. The curves are compared at 1001 evenly spaced points.

    Parameters
    ----------
    function
        An elementwise activation, or any function of an array that keeps its shape.
    units
        Shifted copies, 1 or more.
    target
        The curve to fit.
    low, high
        The ends of the interval.
    """
    whole_number("units", units, least=1)
    if not low < high:
        raise ValueError(f"low must be below high; got {low} and {high}")
    x = np.linspace(low, high, 1001)
    shifts, length = np.linspace(low, high, units, endpoint=False, retstep=True)
    copies = function(_STEEPNESS * (x[:, np.newaxis] - shifts) / length)
    design = np.column_stack([copies, np.ones_like(x)])
    # Copies of a polynomial depend on each other; the cut-off leaves out what only rounding tells apart.
    weights = np.linalg.lstsq(design, target(x), rcond=1e-10)[0]
    return ShiftedFit(function, x, target(x), shifts, weights[:-1], float(weights[-1]), copies * weights[:-1])


@dataclass(frozen=True, eq=False)
class ShiftedErrors:
    """The error of the best fit by shifted copies, (functions, counts), for each function and number of units."""

    functions: tuple[Callable[[np.ndarray], np.ndarray], ...]
    counts: np.ndarray
    errors: np.ndarray

    @property
    def powers(self) -> np.ndarray:
        """For each function p, where the error falls like 1/units^p between the last two counts."""
        return np.log(self.errors[:, -2] / self.errors[:, -1]) / np.log(self.counts[-1] / self.counts[-2])

    def __repr__(self) -> str:
        first, last = self.counts[0], self.counts[-1]
        return "\n".join(
            # Adding 0.0 turns -0.0 into 0.0.
            f"{function.__name__}: error {errors[0]:.2g} with {first} units, {errors[-1]:.2g} with {last}, "
            f"like 1/units^{round(power, 1) + 0.0:.1f}"
            for function, errors, power in zip(self.functions, self.errors, self.powers, strict=True)
        )


def shifted_errors(
    functions: Sequence[Callable[[np.ndarray], np.ndarray]],
    *,
    counts: Sequence[int] = (8, 16, 32, 64, 128),
    target: Callable[[np.ndarray], np.ndarray] = wave,
) -> ShiftedErrors:
    """The error of ``fit_shifted`` for each function and each number of units, in ascending order."""
    counts = np.asarray(counts)
    if counts.size < 2 or np.any(np.diff(counts) <= 0):
        raise ValueError(f"counts must be at least two ascending numbers of units; got {counts.tolist()}")
    errors = [[fit_shifted(function, count, target=target).error for count in counts] for function in functions]
    return ShiftedErrors(tuple(functions), counts, np.array(errors))
