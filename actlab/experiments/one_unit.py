"""The best that one hidden unit can do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actlab.checks import whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.experiments.cosine import cosine_data


@dataclass(frozen=True, eq=False)
class OneUnitFit:
    """The curve v f(w x + b) + c that is nearest to the target; ``x``, ``target`` and ``prediction`` are (points,)."""

    activation: Elementwise
    weight: float
    bias: float
    loss: float
    x: np.ndarray
    target: np.ndarray
    prediction: np.ndarray

    def __repr__(self) -> str:
        return f"{self.activation.name}: least mean squared error found {self.loss:.4f}"


def fit_one_unit(activation: str | Elementwise, *, starts: int = 24, seed: int = 0) -> OneUnitFit:
    """Fit cos x + 1 on [0, 2 pi] with one hidden unit as well as it can be done, by least squares and not by training.

    For a given weight w and bias b the best v and c follow from linear least squares; the search runs over w and b
    alone, from the best of a grid and from random ``starts``. It finds a local minimum each time and keeps the lowest,
    so that a lower one may exist. Where a smooth valley fits best as a parabola, w runs towards 0 and v to infinity,
    and the loss found is that of the limit but for a tiny rest.
    """
    from scipy import optimize

    activation = get_elementwise(activation)
    whole_number("starts", starts, least=0)
    whole_number("seed", seed, least=0)
    x, target = cosine_data()

    def predict(point):
        design = np.column_stack([activation(point[0] * x + point[1]), np.ones_like(x)])
        return design @ np.linalg.lstsq(design, target, rcond=None)[0]

    def loss(point):
        return float(np.mean((predict(point) - target) ** 2))

    grid = [(w, b) for w in np.linspace(-4, 4, 17) for b in np.linspace(-12, 12, 25)]
    best_of_grid = sorted(grid, key=loss)[:4]
    random = np.random.default_rng(seed).uniform((-4, -12), (4, 12), size=(starts, 2))
    found = [optimize.minimize(loss, point, method="Nelder-Mead") for point in (*best_of_grid, *random)]
    best = min(found, key=lambda result: result.fun)
    return OneUnitFit(activation, *map(float, best.x), float(best.fun), x, target, predict(best.x))
