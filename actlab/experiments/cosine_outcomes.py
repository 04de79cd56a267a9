"""How cosine fits end: outcomes by their final loss, typical networks of each, and which hidden units bend."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from actlab.experiments.cosine import CosineFits, cosine_data

#: The outcomes, each with the final losses from the first number up to, not including, the second. The line through the
#: target's mean has the loss 0.505, and a network that follows half of the wave about 0.35.
OUTCOMES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"fit": (0.0, 0.01), "rough fit": (0.01, 0.1), "half": (0.1, 0.49), "level": (0.49, np.inf)}
)

# A unit bends if its contribution deviates by more than this, as a root mean square, from the straight line that is
# closest to it; the target itself deviates by 0.71.
_BEND = 0.05


def ended(fits: CosineFits, outcome: str) -> np.ndarray:
    """Which networks have the outcome, (networks,); those that diverged have none."""
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome must be one of {', '.join(OUTCOMES)}; got {outcome!r}")
    low, high = OUTCOMES[outcome]
    return (fits.loss >= low) & (fits.loss < high)


def typical(fits: CosineFits, outcome: str) -> int:
    """The number of the network with the median loss among those with the outcome, of two the one with the less.

    Raises
    ------
    ValueError
        If no network has it.
    """
    (having,) = np.nonzero(ended(fits, outcome))
    if not having.size:
        raise ValueError(f"none of {fits.networks} networks of {fits.activation} has the outcome {outcome!r}")
    return int(having[np.argsort(fits.loss[having], kind="stable")[(having.size - 1) // 2]])


def bends(fits: CosineFits) -> np.ndarray:
    """Which units add something other than a straight line over the data, (networks, hidden)."""
    x, _ = cosine_data()
    line = np.column_stack([np.ones_like(x), x])
    basis, _ = np.linalg.qr(line)
    contributions = fits.contributions(x)
    rest = contributions - basis @ (basis.T @ contributions)
    return np.sqrt(np.mean(np.square(rest), axis=1)) > _BEND
