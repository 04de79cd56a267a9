"""Many multi-layer perceptrons of one shape at once: forward, backward.

Arrays have a leading axis of networks: weights (networks, fan_in, fan_out), biases (networks, 1, fan_out),
pre-activations and activations (networks, batch, width).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from actlab.checks import real_array, unmasked, whole_number
from actlab.core import Activation, Elementwise, Vectorwise, get
from actlab.functions.linear import identity
from actlab.initialisers import glorot_uniform


@dataclass(frozen=True, eq=False)
class Network:
    """N multi-layer perceptrons: ``hidden`` is the activation of all layers but the last, ``output`` the last one's.

    ``learnt`` holds, for each layer, the values of the activation's parameters that the networks learn, by name and of
    shape (networks, 1, fan_out): one for each unit. Empty, they are the numbers bound to the activation.
    """

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    hidden: Activation
    output: Activation = identity
    learnt: tuple[Mapping[str, np.ndarray], ...] = ()

    def __post_init__(self) -> None:
        for role, activation in (("hidden", self.hidden), ("output", self.output)):
            if not isinstance(activation, Activation):
                raise TypeError(f"{role} must be an activation, such as actlab.tanh; got {activation!r}")
        if not self.weights or len(self.weights) != len(self.biases):
            raise ValueError(f"a network needs one bias per weight; got {len(self.weights)} and {len(self.biases)}")
        fans = [weight.shape for weight in self.weights]
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            unmasked(f"layer {layer}: weights", weight)
            unmasked(f"layer {layer}: biases", bias)
            if weight.ndim != 3 or bias.shape != (weight.shape[0], 1, weight.shape[2]):
                raise ValueError(
                    f"layer {layer}: weights must be (networks, fan_in, fan_out) and biases (networks, 1, fan_out); "
                    f"got {weight.shape} and {bias.shape}"
                )
        if any(a[0] != b[0] or outputs(self.hidden, a[2]) != b[1] for a, b in pairwise(fans)):
            raise ValueError(
                "all layers must have as many networks, and each layer as much fan_in as the one before has outputs; "
                f"got the weight shapes {fans}"
            )
        outputs(self.output, self.widths[-1])  # refuses a width that does not fit
        if self.learnt and len(self.learnt) != len(self.weights):
            raise ValueError(f"learnt must have one mapping per layer, {len(self.weights)}; got {len(self.learnt)}")
        for layer, values in enumerate(self.learnt):
            known = parameters_to_learn(self.activation(layer))
            for name, value in values.items():
                unmasked(f"layer {layer}: {name}", value)
                if name not in known or np.shape(value) != self.biases[layer].shape:
                    raise ValueError(
                        f"layer {layer}: learnt values must be of {', '.join(known) or 'no parameter'} and of shape "
                        f"{self.biases[layer].shape}; got {name!r} of shape {np.shape(value)}"
                    )

    @property
    def widths(self) -> tuple[int, ...]:
        """Units per layer, the input first: numbers that go into each activation, of which it may make fewer."""
        return (self.weights[0].shape[1], *(weight.shape[2] for weight in self.weights))

    @property
    def networks(self) -> int:
        """How many there are."""
        return self.weights[0].shape[0]

    @property
    def parameter_count(self) -> int:
        """Weights, biases and learnt values of one network."""
        arrays = (*self.weights, *self.biases, *(value for values in self.learnt for value in values.values()))
        return sum(array[0].size for array in arrays)

    def __repr__(self) -> str:
        shape = "-".join(map(str, self.widths))
        return f"Network({self.networks} x {shape}, hidden={self.hidden}, output={self.output})"

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """The outputs (networks, batch, width) for inputs (batch, width) or (networks, batch, width)."""
        return self.forward(x).activations[-1]

    def forward(self, x: np.ndarray) -> Tape:
        """Run the inputs (batch, width) or (networks, batch, width) through, keeping every layer's values."""
        x = real_array("inputs", x)
        fan_in = self.widths[0]
        if x.shape[-1:] != (fan_in,) or x.shape[:-2] not in ((), (self.networks,)) or x.ndim < 2:
            raise ValueError(f"inputs must be (batch, {fan_in}) or ({self.networks}, batch, {fan_in}); got {x.shape}")
        pre, post = [], [np.broadcast_to(x, (self.networks, *x.shape[-2:]))]
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            pre.append(post[-1] @ weight + bias)
            activation = self.activation(layer)
            z, values = admissible(activation, pre[-1], self._values(layer))
            post.append(activation(z, **values))
        return Tape(tuple(pre), tuple(post))

    def backward(self, tape: Tape, upstream: np.ndarray) -> Gradients:
        """Gradients of a loss, given its gradient ``upstream`` = dL/d(output) of shape (networks, batch, width)."""
        unmasked("upstream", upstream)
        if np.shape(upstream) != (needed := tape.activations[-1].shape):
            raise ValueError(f"upstream must have the shape of the outputs, {needed}; got {np.shape(upstream)}")
        weights, biases, learnt = [], [], []
        for layer in reversed(range(len(self.weights))):
            activation = self.activation(layer)
            pre, values = admissible(activation, tape.pre_activations[layer], self._values(layer))
            learnt.append({
                name: (upstream * activation.parameter_derivative(name, pre, **values)).sum(axis=1, keepdims=True)
                for name in values
            })  # fmt: skip
            if isinstance(activation, Elementwise):
                upstream = upstream * activation.derivative(pre, **values)
            else:
                upstream = activation.vjp(pre, upstream)
            weights.append(tape.activations[layer].swapaxes(1, 2) @ upstream)
            biases.append(upstream.sum(axis=1, keepdims=True))
            if layer > 0:
                upstream = upstream @ self.weights[layer].swapaxes(1, 2)
        return Gradients(tuple(reversed(weights)), tuple(reversed(biases)), tuple(reversed(learnt)))

    def moved(self, gradients: Gradients, step: float) -> Network:
        """The networks after one gradient step: every parameter minus ``step`` times its gradient."""
        return replace(
            self,
            weights=tuple(w - step * g for w, g in zip(self.weights, gradients.weights, strict=True)),
            biases=tuple(b - step * g for b, g in zip(self.biases, gradients.biases, strict=True)),
            learnt=tuple(
                {name: value - step * found[name] for name, value in values.items()}
                for values, found in zip(self.learnt, gradients.learnt, strict=False)
            ),
        )

    def select(self, index: int | slice | np.ndarray) -> Network:
        """Some of the networks: one by its number, or several by a slice or an array."""
        keep = [index] if isinstance(index, int | np.integer) else index
        return replace(
            self,
            weights=tuple(w[keep] for w in self.weights),
            biases=tuple(b[keep] for b in self.biases),
            learnt=tuple({name: value[keep] for name, value in values.items()} for values in self.learnt),
        )

    def activation(self, layer: int) -> Activation:
        """The activation of a layer, counted from 0."""
        return self.output if layer == len(self.weights) - 1 else self.hidden

    def _values(self, layer: int) -> Mapping[str, np.ndarray]:
        return self.learnt[layer] if self.learnt else {}


@dataclass(frozen=True, eq=False)
class Tape:
    """What a forward pass leaves: ``pre_activations`` per layer; ``activations`` too, the input first."""

    pre_activations: tuple[np.ndarray, ...]
    activations: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Gradients:
    """Gradients of the loss, of the shapes of a network's weights, biases and learnt values."""

    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    learnt: tuple[Mapping[str, np.ndarray], ...]


def outputs(activation: Activation, width: int) -> int:
    """How many numbers an activation makes of a layer of ``width`` units."""
    return activation.outputs(width) if isinstance(activation, Vectorwise) else width


def admissible(
    activation: Activation, z: np.ndarray, learnt: Mapping[str, np.ndarray]
) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """Pre-activations and learnt values that the activation takes, which refuses a parameter of infinity or nan.

    A unit that has learnt such a value, because its network diverged, gets pre-activations of nan instead.
    """
    if not learnt:
        return z, learnt
    finite = np.logical_and.reduce([np.isfinite(value) for value in learnt.values()])
    if finite.all():
        return z, learnt
    bound = activation.values
    return np.where(finite, z, np.nan), {name: np.where(finite, value, bound[name]) for name, value in learnt.items()}


def parameters_to_learn(activation: Activation) -> tuple[str, ...]:
    """The names of an activation's learnable parameters."""
    return tuple(name for name, param in activation.parameters.items() if param.learnable)


def initialise(
    widths: Sequence[int],
    hidden: str | Elementwise,
    *,
    networks: int = 1,
    seed: int = 0,
    initialiser: Callable[[np.random.Generator, int, int], np.ndarray] = glorot_uniform,
    bias_limit: float | Sequence[float] = 0.0,
    first: int = 0,
    learn: bool = False,
) -> Network:
    """Random networks; network i of a seed is the same however many are made.

    ``widths`` are the units per layer, the input first: (1, 2, 1) is one input, two hidden units and one output. The
    biases are uniform within ``bias_limit`` of 0, one number for all layers or one for each; they are drawn after the
    weights, which so do not depend on it. ``first`` is the number of the first network to be made. With ``learn`` every
    hidden unit has learnable parameters of its own, which start from the values bound to ``hidden``.
    """
    hidden = get(hidden)
    widths = tuple(widths)
    if len(widths) < 2 or any(not isinstance(w, int | np.integer) or w < 1 for w in widths):
        raise ValueError(f"widths must be at least two whole numbers of 1 or more; got {widths}")
    whole_number("networks", networks, least=1)
    whole_number("seed", seed, least=0)
    whole_number("first", first, least=0)
    if not callable(initialiser):
        raise TypeError(f"initialiser must be a function such as initialisers.he_normal; got {initialiser!r}")
    if learn and not parameters_to_learn(hidden):
        raise ValueError(f"{hidden} has no learnable parameter")
    limits = (bias_limit,) * (len(widths) - 1) if np.ndim(bias_limit) == 0 else tuple(bias_limit)
    if len(limits) != len(widths) - 1:
        raise ValueError(f"bias_limit must be one number, or {len(widths) - 1}, one for each layer; got {bias_limit}")
    if not all(0 <= limit < np.inf for limit in limits):
        raise ValueError(f"bias_limit must be a finite number, 0 or more; got {bias_limit}")
    fans = list(pairwise(widths))
    fans[1:] = [(outputs(hidden, before), after) for before, after in fans[1:]]
    weights = tuple(np.empty((networks, fan_in, fan_out)) for fan_in, fan_out in fans)
    biases = tuple(np.zeros((networks, 1, fan_out)) for _, fan_out in fans)
    for network in range(networks):
        # A generator of its own for each network, from the pair (seed, network): independent of how many there are.
        rng = np.random.default_rng((seed, first + network))
        for weight, (fan_in, fan_out) in zip(weights, fans, strict=True):
            weight[network] = initialiser(rng, fan_in, fan_out)
        for bias, limit in zip(biases, limits, strict=True):
            if limit:
                bias[network] = rng.uniform(-limit, limit, size=bias[network].shape)
    if not learn:
        return Network(weights, biases, hidden)
    learnt = [
        {name: np.full(bias.shape, hidden.values[name]) for name in parameters_to_learn(hidden)} for bias in biases[:-1]
    ]
    return Network(weights, biases, hidden, learnt=(*learnt, {}))


def collapse(network: Network) -> Network:
    """The networks of one layer that compute what these networks without activation compute.

    A layer maps a row x to x V + b. Feeding one such layer into the next gives x (V1 V2) + (b1 V2 + b2), again a layer.

    Raises
    ------
    ValueError
        If ``hidden`` or ``output`` is another activation than the identity: such a network is no affine map.
    """
    if not network.hidden == network.output == identity:
        raise ValueError(f"only networks whose activations are the identity collapse; got {network}")
    weight, bias = network.weights[0], network.biases[0]
    for next_weight, next_bias in zip(network.weights[1:], network.biases[1:], strict=True):
        weight, bias = weight @ next_weight, bias @ next_weight + next_bias
    return Network((weight,), (bias,), identity)
