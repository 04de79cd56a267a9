"""Where final losses pile up, and which thresholds fall between the piles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

#: The edges of the histograms' bins: a twentieth of a power of ten each.
EDGES = 10 ** np.linspace(-6, 1, 141)

# Two modes are apart if between them lies a bin with at most this part of the lower one's highest, and lower by more
# than so many standard deviations of the difference of two counts.
_DIP, _SURE = 0.5, 3
# What holds a smaller share of the networks is not called a mode.
_LEAST = 0.01


@dataclass(frozen=True)
class Mode:
    """Losses that many networks end at: ``share`` of them from ``low`` to ``high``, most in the bin ``peak``.

    Modes are next to each other: one's ``high`` is the next one's ``low``, in the middle of the gap between them.
    """

    low: float
    peak: tuple[float, float]
    high: float
    share: float


def histogram(losses: np.ndarray) -> tuple[int, ...]:
    """How many of the losses fall between the ``EDGES``; beyond them into the ends; nan and inf into none."""
    losses = np.asarray(losses, dtype=np.float64)
    inside = np.clip(losses[np.isfinite(losses)], EDGES[0], np.nextafter(EDGES[-1], 0))
    return tuple(int(count) for count in np.histogram(inside, EDGES)[0])


def modes(counts: Sequence[int]) -> tuple[Mode, ...]:
    """The modes of a histogram between the ``EDGES``, from the least loss on.

    Between two of them the histogram falls to half of the lower one or less, and by more than chance would have it, and
    each holds 1 % of the networks or more; of the ways to cut, those at shallow valleys are given up first.
    """
    counts = _checked(counts)
    found = []
    for start, stop in _regions(counts):
        fullest = start + int(counts[start:stop].argmax())
        peak = float(EDGES[fullest]), float(EDGES[fullest + 1])
        share = float(counts[start:stop].sum() / counts.sum())
        found.append(Mode(float(EDGES[start]), peak, float(EDGES[stop]), share))
    return tuple(found)


def separates(counts: Sequence[int], threshold: float) -> bool:
    """Whether a threshold falls between two modes: to where the histogram is at most half of the lower one's highest.

    A threshold on an edge is judged by the fuller one of the bins beside it.
    """
    counts = _checked(counts)
    if not EDGES[0] < threshold < EDGES[-1]:
        raise ValueError(f"threshold must be between {EDGES[0]:g} and {EDGES[-1]:g}; got {threshold!r}")
    regions = _regions(counts)
    # The edge of a rounded power of ten is met but for rounding.
    low, high = (np.searchsorted(EDGES, threshold * (1 + side), side="right") - 1 for side in (-1e-9, 1e-9))
    height = counts[[low, high]].max()
    peaks = [start + counts[start:stop].argmax() for start, stop in regions]
    before, after = [counts[peak] for peak in peaks if peak <= low], [counts[peak] for peak in peaks if peak >= high]
    return bool(before and after and height <= _DIP * min(before[-1], after[0]))


def _checked(counts: Sequence[int]) -> np.ndarray:
    counts = np.asarray(counts)
    if counts.shape != (len(EDGES) - 1,):
        raise ValueError(f"counts must be {len(EDGES) - 1} numbers; got the shape {counts.shape}")
    return counts


def _regions(counts: np.ndarray) -> list[tuple[int, int]]:
    """First bin of each mode, and the bin after its last."""
    from scipy.signal import find_peaks

    filled = np.flatnonzero(counts)
    peaks = list(find_peaks(np.pad(counts, 1))[0] - 1)
    while peaks:
        cuts = [_lowest(counts, left, right) for left, right in pairwise(peaks)]
        lower = [min(counts[left], counts[right]) for left, right in pairwise(peaks)]
        shallow = [_shallow(counts[cut], peak) for cut, peak in zip(cuts, lower, strict=True)]
        regions = list(pairwise([filled[0], *cuts, filled[-1] + 1]))
        held = [counts[start:stop].sum() for start, stop in regions]
        if max(shallow, default=0) > 1:
            left = int(np.argmax(shallow))
            peaks.pop(left if counts[peaks[left]] < counts[peaks[left + 1]] else left + 1)
        elif min(held) < _LEAST * counts.sum():
            peaks.pop(int(np.argmin(held)))
        else:
            return regions
    return []


def _shallow(valley: int, peak: int) -> float:
    """Above 1 for a valley that parts no modes: the more, the less it is one."""
    if valley == peak:
        return np.inf
    return max(valley / (_DIP * peak), _SURE * np.sqrt(valley + peak) / (peak - valley))


def _lowest(counts: np.ndarray, left: int, right: int) -> int:
    """The lowest bin between two peaks, the middle one of several."""
    lowest = left + np.flatnonzero(counts[left:right] == counts[left:right].min())
    return int(lowest[len(lowest) // 2])
