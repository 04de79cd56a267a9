"""Checks of arguments that many functions take."""

from __future__ import annotations

from typing import Any

import numpy as np


def whole_number(label: str, value: int, *, least: int) -> None:
    """Refuse what is not a whole number of ``least`` or more; the error names ``label`` and the value."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{label} must be a whole number of {least} or more; got {value!r}")


def unmasked(label: str, value: Any) -> np.ndarray:
    """``value`` as an array; a masked one is refused, since numpy would go on with what lies under the mask."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{label}: a masked array would lose its mask; pass x.filled(...) or x.compressed()")
    return np.asarray(value)


def real_array(label: str, value: Any) -> np.ndarray:
    """``value`` as an array of float64, if it has real numbers or booleans."""
    array = unmasked(label, value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{label} must be real numbers; got an array of dtype {array.dtype}")
    return array if array.dtype == np.float64 else as_float64(array)


def as_float64(array: np.ndarray) -> np.ndarray:
    """A copy of real numbers as float64; of higher precision they may become infinite or 0, without a warning."""
    with np.errstate(over="ignore", under="ignore"):
        return array.astype(np.float64)


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

    Accepted are finite numbers from ``low`` to ``high``; ``low_open`` leaves ``low`` itself out, ``high_open`` the
    other end.
    """
    array = unmasked(label, value)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{label} must be a number or an array of numbers; got {value!r}")
    array = as_float64(array)
    inside = np.isfinite(array) & ((array > low) if low_open else (array >= low))
    inside &= (array < high) if high_open else (array <= high)
    if not inside.all():
        accepted = f"above {low:g}" if low_open else f"{low:g} or more"
        accepted += f" and below {high:g}" if high_open else f" and {high:g} or less" if high < np.inf else ""
        raise ValueError(f"{label} must be finite, {accepted}; got {float(array[~inside].flat[0])!r}")
    return array
