"""What squashing costs: the way back from saturation, shared signs, and conditioning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from actlab.checks import finite_number, whole_number
from actlab.core import Elementwise, get_elementwise
from actlab.statistics import Share


@dataclass(frozen=True, eq=False)
class Recovery:
    """Gradient steps that a saturated unit needs to come back; all arrays are (starts,).

    ``starts`` are pre-activations, ``steps`` counts the steps until the pre-activation is within ``near`` of 0; -1
    where ``limit`` steps were not enough.
    """

    activation: Elementwise
    starts: np.ndarray
    steps: np.ndarray
    near: float
    limit: int

    def __repr__(self) -> str:
        counts = [str(count) if count >= 0 else f"more than {self.limit}" for count in self.steps]
        pairs = [f"{start:g}: {count}" for start, count in zip(self.starts, counts, strict=True)]
        return f"{self.activation}, steps back from " + ", ".join(pairs)


def recovery(
    activation: str | Elementwise,
    starts: Sequence[float] = (-2.0, -3.0, -4.0, -5.0, -6.0),
    *,
    learning_rate: float = 1.0,
    near: float = 1.0,
    limit: int = 100_000,
) -> Recovery:
    """Pull one unit back from each of ``starts`` by gradient descent on its pre-activation z.

    The loss is (f(z) - f(0))^2 / 2: the unit should answer as it does at 0. Nothing is drawn at random.

    Parameters
    ----------
    activation
        The unit's activation f, or its name.
    starts
        Pre-activations, beyond ``near`` on either side.
    learning_rate, near, limit
        Size of a step, distance from 0 that counts as back, and the number of steps after which to stop counting.
    """
    activation = get_elementwise(activation)
    learning_rate = finite_number("learning_rate", learning_rate, low=0, low_open=True)
    near = finite_number("near", near, low=0)
    whole_number("limit", limit, least=1)
    z = np.array(starts, dtype=float)
    if z.ndim != 1 or not (np.isfinite(z) & (np.abs(z) > near)).all():
        raise ValueError(f"starts must be finite numbers further from 0 than near = {near:g}; got {starts!r}")
    target, steps = activation(0.0), np.full(len(z), -1)
    for step in range(1, limit + 1):
        away = np.flatnonzero(steps < 0)
        z[away] -= learning_rate * (activation(z[away]) - target) * activation.derivative(z[away])
        steps[away[np.abs(z[away]) <= near]] = step
        if (steps >= 0).all():
            break
    return Recovery(activation, np.array(starts, dtype=float), steps, near, limit)


@dataclass(frozen=True)
class SharedSigns:
    """In which directions the weights of units that read activations are moved.

    ``same`` is the share of units all of whose weight gradients have one sign, ``positive`` the share of these whose
    sign is plus, None where there is no such unit.
    """

    activation: Elementwise
    inputs: int
    same: Share
    positive: Share | None

    def __repr__(self) -> str:
        signs = "" if self.positive is None else f"\n  of these, plus in {self.positive}"
        return f"{self.activation}, {self.inputs} inputs, all gradients of one sign in\n  {self.same}{signs}"


def shared_signs(activation: str | Elementwise, *, inputs: int = 10, units: int = 10_000, seed: int = 0) -> SharedSigns:
    """Draw units that read ``inputs`` activations of standard normal numbers and an error of either sign.

    The gradient of weight i is error times input i, so that inputs of one sign give gradients of one sign.
    """
    activation = get_elementwise(activation)
    whole_number("inputs", inputs, least=1)
    whole_number("units", units, least=1)
    whole_number("seed", seed, least=0)
    rng = np.random.default_rng(seed)
    gradients = activation(rng.normal(size=(units, inputs))) * rng.normal(size=(units, 1))
    plus, minus = (gradients > 0).all(axis=1), (gradients < 0).all(axis=1)
    same = plus | minus
    return SharedSigns(activation, inputs, Share.of(same), Share.of(plus[same]) if same.any() else None)


@dataclass(frozen=True, eq=False)
class Conditioning:
    """How hard least squares on activations is for gradient descent.

    ``condition`` (repeats,) is the condition number of the features' second-moment matrix, ``steps`` (repeats,) the
    number of gradient steps that divide the loss by ``factor``.
    """

    name: str
    condition: np.ndarray
    steps: np.ndarray
    factor: float

    def __repr__(self) -> str:
        numbers, steps = (np.quantile(a, (0.05, 0.5, 0.95)) for a in (self.condition, self.steps))
        return (
            f"{self.name}: condition number {numbers[1]:.3g} ({numbers[0]:.3g} to {numbers[2]:.3g}),\n"
            f"  {steps[1]:.0f} steps ({steps[0]:.0f} to {steps[2]:.0f}) to a loss {self.factor:,.0f} times smaller, "
            f"{len(self.steps)} repeats"
        )


def conditioning(
    activation: str | Elementwise,
    *,
    shift: float = 0.0,
    features: int = 10,
    samples: int = 2000,
    repeats: int = 200,
    factor: float = 1e6,
    seed: int = 0,
) -> Conditioning:
    """Gradient descent on a linear unit that reads f(z) + ``shift`` for standard normal z, from weights 0.

    The target is a random linear map of the features, without noise, and the learning rate is the best one constant
    rate, 2 / (largest + smallest eigenvalue). Half of the repeats lie below the median that the result prints, nine
    tenths within the range in brackets.

    Parameters
    ----------
    activation
        f, or its name.
    shift
        What is added to each feature; -E f(z) centres them.
    features, samples, repeats, seed
        Inputs of the unit, examples, and random data sets.
    factor
        By how much the loss shall fall.
    """
    activation = get_elementwise(activation)
    for label, value in (("features", features), ("samples", samples), ("repeats", repeats)):
        whole_number(label, value, least=1)
    whole_number("seed", seed, least=0)
    condition, steps = np.empty(repeats), np.empty(repeats, dtype=int)
    for repeat in range(repeats):
        rng = np.random.default_rng((seed, repeat))
        x = activation(rng.normal(size=(samples, features))) + shift
        values, vectors = np.linalg.eigh(x.T @ x / samples)
        # In the eigenvectors' coordinates every component of the error shrinks by a factor of its own.
        weights = (vectors.T @ rng.normal(size=features)) ** 2 * values
        shrink = (1 - 2 * values / (values[-1] + values[0])) ** 2
        condition[repeat] = values[-1] / values[0]
        steps[repeat] = _steps_to(weights, shrink, 1 / factor)
    name = f"{activation.name} {shift:+.3g}" if shift else activation.name
    return Conditioning(name, condition, steps, factor)


def _steps_to(weights: np.ndarray, shrink: np.ndarray, share: float) -> int:
    """The smallest t at which sum(weights * shrink^t) is at most ``share`` of what it is at t = 0."""
    low, high = 0, 1
    while weights @ shrink**high > share * weights.sum():
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if weights @ shrink**middle <= share * weights.sum() else (middle, high)
    return high
