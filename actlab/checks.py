"""Checks of arguments that many functions take."""

from __future__ import annotations

from typing import Any

import numpy as np


def whole_number(label: str, value: int, *, least: int) -> None:
    """Refuse what is not a whole number of ``least`` or more; the error names ``label`` and the value."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{label} must be a whole number of {least} or more; got {value!r}")


def finite_number(
    label: str, value: Any, *, low: float, high: float = np.inf, low_open: bool = False, high_open: bool = False
) -> float:
    """``value`` as a float, if it is one number that ``finite_numbers`` accepts."""
    number = finite_numbers(label, value, low=low, high=high, low_open=low_open, high_open=high_open)
    if number.ndim:
        raise TypeError(f"{label} must be one number; got an array of the shape {number.shape}")
    return float(number)


def finite_numbers(
    label: str, value: Any, *, low: float, high: float = np.inf, low_open: bool = False, high_open: bool = False
) -> np.ndarray:
    """``value``, a number or an array of them, as float64; the error names ``label`` and the first number refused.

    Accepted are finite numbers from ``low`` to ``high``; ``low_open`` leaves ``low`` itself out, ``high_open`` the other end.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{label} must be a number or an array of numbers; got {value!r}")
    array = array.astype(np.float64)
    inside = np.isfinite(array) & ((array > low) if low_open else (array >= low))
    inside &= (array < high) if high_open else (array <= high)
    if not inside.all():
        accepted = f"above {low:g}" if low_open else f"{low:g} or more"
        accepted += f" and below {high:g}" if high_open else f" and {high:g} or less" if high < np.inf else ""
        raise ValueError(f"{label} must be finite, {accepted}; got {float(array[~inside].flat[0])!r}")
    return array
