"""The best fit of one hidden unit."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

import actlab
from actlab import experiments, figures


@pytest.mark.parametrize("name", ["relu", "silu", "gaussian"])
def test_the_prediction_is_one_unit_and_has_the_loss(name):
    fit = experiments.fit_one_unit(name, starts=4)
    unit = actlab.get(name)(fit.weight * fit.x + fit.bias)
    slope, intercept = np.polyfit(unit, fit.prediction, 1)
    # A gate is best where its weight is nearly 0 and the output weight huge, which magnifies the unit's last bit.
    rounding = 4 * abs(slope) * np.spacing(np.abs(unit).max())
    np.testing.assert_allclose(fit.prediction, slope * unit + intercept, rtol=0, atol=1e-9 + rounding)
    assert fit.loss == pytest.approx(np.mean((fit.prediction - fit.target) ** 2), rel=1e-12)
    np.testing.assert_allclose(fit.target, np.cos(fit.x) + 1)
    assert repr(fit) == f"{name}: least mean squared error found {fit.loss:.4f}"


def test_without_activation_the_fit_is_the_mean():
    fit = experiments.fit_one_unit("identity", starts=0)
    assert fit.loss == pytest.approx(np.var(fit.target), abs=1e-9)


def test_no_monotone_unit_does_better_than_the_best_monotone_curve():
    """The nearest non-increasing curve runs down to the middle and is flat from where its mean stays level."""
    losses = {name: experiments.fit_one_unit(name, starts=6).loss for name in ("relu", "elu", "sigmoid")}
    _, y = experiments.cosine_data()
    # Pool adjacent violators, once for falling and once for rising curves.
    floors = []
    for sign in (1, -1):
        means, counts = [], []
        for value in sign * y:
            means.append(value)
            counts.append(1)
            while len(means) > 1 and means[-2] > means[-1]:
                total = counts[-2] + counts[-1]
                means[-2:] = [(means[-2] * counts[-2] + means[-1] * counts[-1]) / total]
                counts[-2:] = [total]
        floors.append(np.mean((np.repeat(means, counts) - sign * y) ** 2))
    assert min(losses.values()) > min(floors)
    assert experiments.fit_one_unit("silu", starts=6).loss < min(floors) / 3


def test_more_starts_find_nothing_worse():
    few, more = (experiments.fit_one_unit("mish", starts=n, seed=2).loss for n in (1, 5))
    assert more <= few


def test_the_fit_is_drawn():
    _, ax = plt.subplots()
    fit = experiments.fit_one_unit("gaussian", starts=1)
    figures.one_unit_fit(fit, ax)
    np.testing.assert_allclose(ax.get_lines()[1].get_ydata(), fit.prediction, atol=1e-3)
    plt.close("all")
