"""The search for the least loss of the cosine fit: least squares from many starts, not training.

For given hidden weights and biases the best output layer follows from linear least squares. So the search runs over
the hidden layer alone (variable projection; Golub and Pereyra, 1973), by a trust-region method with the derivative in
Kaufman's (1975) form, whose gradient is exact.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from actlab.checks import whole_number
from actlab.core import Elementwise, get
from actlab.experiments.cosine import cosine_data
from actlab.experiments.floors.record import CLOSE, Floor

# Of so many random replacements of units the search goes on from the best.
_CANDIDATES = 30

# Restarts with one hidden unit; with more there are fewer, since each takes longer.
_RESTARTS = 120

# Rounds of a restart for each hidden unit.
_ROUNDS = 2
_ROUNDS_WITH_CORNERS = 8

# Evaluations of one local search: few in the rounds, where most are given up; many for the best few at the end.
_EVALUATIONS = 150
_LAST_EVALUATIONS = 1500
_LAST = 3

# Where singular values of the hidden outputs are below this part of the largest, their directions are rounding noise.
_RANK = 1e-14


def find_floor(
    activation: str | Elementwise,
    hidden: int,
    *,
    restarts: int | None = None,
    rounds: int | None = None,
    bound: float = 1000.0,
    seed: int = 0,
) -> Floor:
    """Search for the least mean squared error of ``hidden`` units on cos x + 1 at the 100 points.

    Each restart begins at random hidden units, half of the time mirrored at the middle of the data as the target is,
    and goes down to a local minimum. Then, for ``rounds`` rounds, it replaces a unit or two at random, or shifts all a
    little, goes down again, and keeps what is lower. The lowest of all restarts is the answer: an upper bound of the
    infimum, since a lower minimum may exist that no restart has met.

    Parameters
    ----------
    activation
        The hidden units' activation, or its name.
    hidden, seed
        Whole numbers.
    restarts
        A whole number, by default 120 divided by ``hidden``, and at least 1. Restart i of a seed is the same however
        many there are.
    rounds
        A whole number, by default 2 for each hidden unit, and 8 where f' jumps: a unit whose corner lies on a data
        point can keep a descent from its minimum, and there are as many such traps as points.
    bound
        No parameter of the network is larger in magnitude. Some activations need it: two units that come together with
        output weights of opposite signs and ever larger, or one whose weight goes to 0, come closer and closer to a
        loss that they never reach.
    """
    activation = get(activation)
    if not isinstance(activation, Elementwise):
        raise ValueError(f"hidden units need an activation that maps each number on its own; got {activation}")
    whole_number("hidden", hidden, least=1)
    restarts = max(_RESTARTS // hidden, 1) if restarts is None else restarts
    whole_number("restarts", restarts, least=1)
    whole_number("seed", seed, least=0)
    if not 1 <= bound < np.inf:
        raise ValueError(f"bound must be a finite number, 1 or more; got {bound!r}")
    projection = _Projection(activation, hidden, bound)
    if rounds is None:
        rounds = hidden * (_ROUNDS_WITH_CORNERS if projection.has_corner else _ROUNDS)
    whole_number("rounds", rounds, least=0)

    found = [_restart(projection, np.random.default_rng((seed, i)), rounds) for i in range(restarts)]
    found.sort(key=projection.loss)
    last = [projection.descend(units, _LAST_EVALUATIONS) for units in found[:_LAST]]
    best = min(last, key=projection.loss)
    # Where the best is a step, or a bend of no width, only steeper units show what there is to gain beyond the bound.
    wider = _Projection(activation, hidden, 10 * bound)
    beyond = min((wider.descend(start, _LAST_EVALUATIONS) for start in (best, 10 * best)), key=wider.loss)
    if wider.largest_parameter(beyond) <= bound:
        best = min(best, beyond, key=projection.loss)
    best = projection.normalised(best)
    loss = projection.loss(best)
    layer = projection.output_layer(best)
    weights, biases = best.reshape(2, -1)
    return Floor(
        activation=activation,
        hidden=hidden,
        loss=loss,
        hidden_weights=weights,
        hidden_biases=biases,
        output_weights=layer[:-1],
        output_bias=float(layer[-1]),
        bound=float(bound),
        loss_beyond=min(loss, wider.loss(beyond)),
        restarts=restarts,
        close=sum(projection.loss(units) <= loss * (1 + CLOSE) for units in (*last, *found[_LAST:])),
        rounds=rounds,
        seed=seed,
    )


def _restart(projection: _Projection, rng: np.random.Generator, rounds: int) -> np.ndarray:
    """The lowest local minimum of one restart: hidden weights and, behind them, hidden biases, (2 hidden,)."""
    hidden = projection.hidden
    # Half of the restarts begin mirrored. Half begin anywhere: the best of many starts lies in the wide valleys only.
    mirrored, choose_from = rng.choice([0, hidden // 2]), rng.choice([1, _CANDIDATES])
    starts = [_units(rng, hidden, mirrored) for _ in range(choose_from)]
    best = projection.descend(min(starts, key=projection.loss), _EVALUATIONS)
    for done in range(rounds):
        if projection.has_corner and done % 2:
            start = _shifted(rng, best)
        else:
            start = min((_replaced(rng, best) for _ in range(_CANDIDATES)), key=projection.loss)
        best = min(best, projection.descend(start, _EVALUATIONS), key=projection.loss)
    return best


def _units(rng: np.random.Generator, hidden: int, mirrored: int) -> np.ndarray:
    """Random units, of which the last ``mirrored`` mirror the first: weights, then biases, (2 hidden,).

    Where w x + b = 0, a unit has its kink or its steepest place: anywhere in the data or somewhat beside. The weights'
    magnitudes spread over two and a half decades.
    """
    x, _ = cosine_data()
    free = hidden - mirrored
    places = rng.uniform(x[0] - 1, x[-1] + 1, size=free)
    weights = rng.choice([-1.0, 1.0], size=free) * 10 ** rng.uniform(-1.5, 1, size=free)
    # The image of a unit at the place p with the weight w has the weight -w, and its place as far from the other end.
    weights = np.concatenate([weights, -weights[:mirrored]])
    places = np.concatenate([places, x[0] + x[-1] - places[:mirrored]])
    return np.concatenate([weights, -weights * places])


def _replaced(rng: np.random.Generator, units: np.ndarray) -> np.ndarray:
    """The units with one or two replaced: by random ones, a mirrored pair if two, or one by almost a copy of another.

    Two units that are almost the same make the derivative of one, if their output weights are large and opposite.
    """
    hidden = units.size // 2
    changed = units.copy().reshape(2, -1)
    order = rng.permutation(hidden)
    if hidden > 1 and rng.random() < 1 / 3:
        changed[:, order[:1]] = _shifted(rng, changed[:, order[1:2]].ravel()).reshape(2, -1)
    else:
        chosen = order[: rng.integers(1, 3)]
        changed[:, chosen] = _units(rng, chosen.size, chosen.size // 2).reshape(2, -1)
    return changed.ravel()


def _shifted(rng: np.random.Generator, units: np.ndarray) -> np.ndarray:
    """All units a little beside their place and a little steeper or flatter; how little is random too."""
    weights, biases = units.reshape(2, -1)
    place, steepness = (rng.normal(scale=10 ** rng.uniform(-3, -0.5), size=weights.size) for _ in range(2))
    return np.concatenate([weights * np.exp(steepness), (biases + weights * place) * np.exp(steepness)])


class _Projection:
    """The loss as a function of the hidden units alone, the output layer being the best within the bound.

    ``units`` are the hidden weights and, behind them, the hidden biases, (2 hidden,).
    """

    def __init__(self, activation: Elementwise, hidden: int, bound: float):
        self.activation = activation
        self.hidden = hidden
        self.bound = bound
        self.x, self.target = cosine_data()
        self.has_corner = any(_jumps(activation.derivative, kink) for kink in activation.kinks)
        self._last: tuple[bytes, np.ndarray, np.ndarray, np.ndarray] | None = None

    def loss(self, units: np.ndarray) -> float:
        """The mean squared error."""
        return float(np.mean(np.square(self._residuals(units))))

    def output_layer(self, units: np.ndarray) -> np.ndarray:
        """The output weights and, last, the output bias, (hidden + 1,)."""
        return self._solve(units)[0]

    def descend(self, units: np.ndarray, evaluations: int) -> np.ndarray:
        """The units of a local minimum nearby, or as far as so many evaluations lead."""
        from scipy import optimize

        result = optimize.least_squares(
            self._residuals,
            np.clip(units, -self.bound, self.bound),
            self._jacobian,
            bounds=(-self.bound, self.bound),
            x_scale="jac",
            ftol=1e-12,
            xtol=1e-15,
            gtol=3e-16,
            max_nfev=evaluations,
        )
        return result.x

    def normalised(self, units: np.ndarray) -> np.ndarray:
        """The same network with hidden weights of 1 or -1, where the activation only scales with its input.

        A ReLU's hidden weight is arbitrary otherwise: what counts is where the kink is, and which side is flat.
        """
        z = self._pre_activations(units)
        if not np.array_equal(self.activation(2 * z), 2 * self.activation(z)):
            return units
        weights, biases = units.reshape(2, -1)
        scaled = np.concatenate([np.sign(weights), biases / np.abs(weights)])
        return scaled if self.largest_parameter(scaled) < self.bound else units

    def largest_parameter(self, units: np.ndarray) -> float:
        """The largest magnitude in the network, the best output layer included."""
        return float(max(np.abs(units).max(), np.abs(self.output_layer(units)).max()))

    def _pre_activations(self, units: np.ndarray) -> np.ndarray:
        weights, biases = units.reshape(2, -1)
        return np.multiply.outer(self.x, weights) + biases

    def _solve(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The output layer, the prediction, and a basis (points, rank) of the predictions that it may still change."""
        key = units.tobytes()
        if self._last is None or self._last[0] != key:
            outputs = np.column_stack([self.activation(self._pre_activations(units)), np.ones_like(self.x)])
            layer, basis = _least_squares(outputs, self.target)
            if np.abs(layer).max() > self.bound:
                layer, basis = _bounded_least_squares(outputs, self.target, self.bound)
            self._last = key, layer, outputs @ layer, basis
        return self._last[1:]

    def _residuals(self, units: np.ndarray) -> np.ndarray:
        return self._solve(units)[1] - self.target

    def _jacobian(self, units: np.ndarray) -> np.ndarray:
        layer, _, basis = self._solve(units)
        by_bias = self.activation.derivative(self._pre_activations(units)) * layer[:-1]
        jacobian = np.concatenate([self.x[:, np.newaxis] * by_bias, by_bias], axis=1)
        # What the output layer would make up for again does not count.
        return jacobian - basis @ (basis.T @ jacobian)


def _jumps(f: Callable[[float], float], place: float) -> bool:
    return abs(f(place + 1e-9) - f(place - 1e-9)) > 1e-6


def _least_squares(matrix: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The shortest solution of matrix @ solution = target in the sense of least squares, and a basis of the range."""
    u, s, vh = np.linalg.svd(matrix, full_matrices=False)
    rank = int((s > _RANK * s[0]).sum())
    basis = u[:, :rank]
    return vh[:rank].T @ ((basis.T @ target) / s[:rank]), basis


def _bounded_least_squares(matrix: np.ndarray, target: np.ndarray, bound: float) -> tuple[np.ndarray, np.ndarray]:
    """The same with no entry of the solution beyond the bound; the basis is that of the columns within it."""
    from scipy import optimize

    result = optimize.lsq_linear(matrix, target, (-bound, bound), method="bvls")
    _, basis = _least_squares(matrix[:, result.active_mask == 0], target)
    return result.x, basis
