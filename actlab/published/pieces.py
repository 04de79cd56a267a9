"""Montufar et al. (2014): into how many linear pieces ReLU layers cut their inputs."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from actlab.functions.rectifiers import relu
from actlab.published.record import Near, published

_COUNT = "a count"


@published(
    "montufar2014number",
    where="regions of one layer, one input",
    basis="equation",
    quantity="Pieces of the line that five ReLUs make at most: 6.",
    claim=Near(6.0, 0.5, _COUNT),
)
def pieces_of_the_line():
    """Changes of the slope of a random layer along the line, counted between its kinks, and one more."""
    rng = np.random.default_rng(0)
    weights, kinks, out = rng.standard_normal(5), np.sort(rng.uniform(-1, 1, 5)), rng.standard_normal(5)
    middles = np.concatenate([[-2], (kinks[1:] + kinks[:-1]) / 2, [2]])
    slopes = relu.derivative(weights * (middles[:, np.newaxis] - kinks)) @ (weights * out)
    return 1.0 + np.count_nonzero(np.abs(np.diff(slopes)) > 1e-12)


@published(
    "montufar2014number",
    where="regions of one layer, by Zaslavsky's theorem",
    basis="equation",
    quantity="Regions of the plane that six ReLUs make at most: 1 + 6 + 15 = 22.",
    claim=Near(22.0, 0.5, _COUNT),
)
def regions_of_the_plane():
    """Different sets of active units of a random layer, looked up beside every crossing of two of its lines."""
    rng = np.random.default_rng(0)
    normals, offsets = rng.standard_normal((6, 2)), rng.standard_normal(6)
    # In general position every region touches a crossing, and four regions meet at each.
    around = 1e-6 * np.array([(np.cos(angle), np.sin(angle)) for angle in np.linspace(0, 2 * np.pi, 720)])
    found = set()
    for pair in map(list, combinations(range(6), 2)):
        crossing = np.linalg.solve(normals[pair], -offsets[pair])
        found |= {tuple(signs) for signs in (crossing + around) @ normals.T + offsets > 0}
    return float(len(found))


@published(
    "montufar2014number",
    where="folding by layers",
    basis="equation",
    quantity="Pieces of [0, 1] that five layers of two ReLUs make by folding: 2 to the power of 5.",
    claim=Near(32.0, 0.5, _COUNT),
)
def pieces_by_folding():
    """Changes of the slope of 2 relu(x) - 4 relu(x - 1/2), applied five times, on a grid, and one more."""
    x = (np.arange(1024) + 0.5) / 1024
    slope, y = np.ones_like(x), x
    for _ in range(5):
        slope = slope * (2 * relu.derivative(y) - 4 * relu.derivative(y - 0.5))
        y = 2 * relu(y) - 4 * relu(y - 0.5)
    return 1.0 + np.count_nonzero(np.diff(slope))
