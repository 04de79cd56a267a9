"""Checks of arguments that many functions take."""

from __future__ import annotations

import numpy as np


def whole_number(label: str, value: int, *, least: int) -> None:
    """Refuse what is not a whole number of ``least`` or more; the error names ``label`` and the value."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{label} must be a whole number of {least} or more; got {value!r}")
