"""Training of many networks at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal, get_args

import numpy as np

from actlab import layouts, orders
from actlab.checks import finite_number, real_array, whole_number
from actlab.core import Activation, Elementwise
from actlab.functions.linear import identity
from actlab.layouts import Layout
from actlab.losses import LOSSES, MEAN_SQUARED_ERROR, Loss
from actlab.network import Network, admissible, outputs
from actlab.optimisers import Adam, Optimiser

DTYPES = ("float32", "float64")
Backend = Literal["numpy", "numba"]
# Numbers of one array of activations in a block of networks: of fewer, calling numpy takes more of the time; of more,
# fetching them from memory. Measured.
_BLOCK = 196_608


@dataclass(frozen=True, eq=False)
class Training:
    """A finished training: the networks after it, and the loss (steps + 1, networks) before, during and after it."""

    network: Network
    losses: np.ndarray

    @property
    def final(self) -> np.ndarray:
        """The loss of each network after the last step."""
        return self.losses[-1]


def gradient_descent(network: Network, x: np.ndarray, y: np.ndarray, *, learning_rate: float, steps: int) -> Training:
    """Full-batch gradient descent on the mean squared error, which is taken over batch and outputs.

    ``x`` is (batch, inputs) and ``y`` (batch, outputs); every network sees the same data. All of it is computed by
    ``Network`` in float64 and by the exact activations, for experiments of a few hundred steps.
    """
    x, y = real_array("x", x), real_array("y", y)
    if y.shape != (len(x), network.widths[-1]):
        # A y of shape (batch,) would broadcast against the outputs and give a loss between all pairs of points.
        raise ValueError(f"y must be (batch, outputs) = {(len(x), network.widths[-1])}; got {y.shape}")
    learning_rate = finite_number("learning_rate", learning_rate, low=0, low_open=True)
    whole_number("steps", steps, least=0)
    losses = np.empty((steps + 1, network.networks))
    for step in range(steps + 1):
        tape = network.forward(x)
        error = tape.activations[-1] - y
        losses[step] = np.mean(np.square(error), axis=(1, 2))
        if step < steps:
            network = network.moved(network.backward(tape, 2 * error / error[0].size), learning_rate)
    return Training(network, losses)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The networks after an epoch, seen over all data at once.

    ``loss`` is (networks,), ``gradient_norms`` (networks, layers) the Euclidean norm of the gradient of that loss with
    respect to each layer's parameters, and ``dead`` holds an array (networks, units) for each hidden layer: True where
    the activation's derivative is 0 at every point, so that no gradient reaches the unit. Units of a vector activation
    are not judged: their array has no columns.
    """

    epoch: int
    loss: np.ndarray
    gradient_norms: np.ndarray
    dead: tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class State:
    """What a training needs beside the networks to go on: epochs and steps done, and the optimiser's memory.

    ``slots`` is (slots, networks, parameters of a network).
    """

    epochs: int
    steps: int
    slots: np.ndarray


@dataclass(frozen=True, eq=False)
class Fit:
    """A finished training by minibatches.

    ``losses`` is (epochs, networks): the mean over an epoch's examples of their loss when their batch's turn came, as
    Keras reports it. ``snapshots`` holds those that were asked for. ``state`` and ``network`` are what ``fit`` goes on
    from; there is no state after compiled training. A network that diverged is among them, with losses of infinity or
    nan. ``validation_losses`` is the mean loss on the validation data after each epoch, and ``accuracies`` the share of
    these data whose label has the largest logit, both (epochs, networks); None where there are no such data, or no
    labels.
    """

    network: Network
    losses: np.ndarray
    snapshots: tuple[Snapshot, ...]
    state: State | None
    validation_losses: np.ndarray | None = None
    accuracies: np.ndarray | None = None

    def __repr__(self) -> str:
        done = len(self.losses) if self.state is None else self.state.epochs
        return f"Fit({self.network}, epochs={done})"


def fit(
    network: Network,
    x: np.ndarray,
    y: np.ndarray,
    *,
    epochs: int,
    optimiser: Optimiser | None = None,
    loss: str | Loss = MEAN_SQUARED_ERROR,
    batch_size: int = 32,
    order: orders.Order = "reshuffled",
    seed: int = 0,
    first: int = 0,
    dtype: str = "float32",
    snapshots: Iterable[int] = (),
    block: int | None = None,
    resume: State | None = None,
    backend: Backend = "numpy",
    validation: tuple[np.ndarray, np.ndarray] | None = None,
    after_epoch: Callable[[int], None] = lambda epoch: None,
) -> Fit:
    """Train every network by minibatches on the same data.

    A network's numbers do not depend on how many others are trained, nor on how they are cut into blocks: what is
    random follows from ``seed`` and its number, which is ``first`` for the first of them.

    Parameters
    ----------
    network
        The networks before the training; with ``resume`` those that an earlier call left.
    x, y
        The data, (points, inputs) and (points, outputs). For ``loss="softmax_cross_entropy"`` the outputs are logits
        and ``y`` holds labels counted from 0, (points, 1) or (points,).
    epochs
        How many passes over the data, after those that ``resume`` has behind it.
    optimiser
        ``SGD`` or ``Adam`` of ``actlab.optimisers``, by default Adam(); its learning rate may be an array (networks,).
    loss
        "mse" or "softmax_cross_entropy", or a ``Loss``.
    batch_size
        Examples in a batch; the last one of an epoch has what is left.
    order
        The order of the examples, see ``actlab.orders``: "reshuffled" anew in every epoch, by "independent" draws of
        every network if asked for, one "fixed" permutation for each network, or "ascending" as they come.
    dtype
        "float32" or "float64", in which everything is computed.
    snapshots
        After which epochs, counted from the beginning, the networks are looked at over all data; 0 is before the first.
    block
        How many networks are computed together; by default as many as a cache holds.
    resume
        The ``state`` of an earlier fit with the same data, seed, first and order, to go on as if it had not stopped.
    backend
        "numpy", or "numba" for compiled code: one hidden layer with an activation of ``actlab.compiled.supported()``,
        one input and one output, mean squared error, Adam, no other order than one that groups share. Snapshots are
        then taken before the first epoch and after the last, and the training cannot be resumed.
    validation
        Further data, like x and y, on which the networks are looked at after every epoch; nothing is learnt from them.
    after_epoch
        Called with the number of epochs done after each epoch of each block; compiled code, which does all of them at
        once, is followed by one call.

    Raises
    ------
    ValueError
        If shapes do not fit, data are not finite, a number is out of range, or a backend cannot do what is asked.
    ImportError
        If the backend needs a package that is not installed.
    TypeError
        If ``resume`` is no state, ``validation`` no pair, or ``snapshots`` no epochs.
    """
    if not isinstance(network, Network):
        raise TypeError(f"network must be a Network, such as network.initialise makes; got {network!r}")
    optimiser = Adam() if optimiser is None else optimiser
    if isinstance(optimiser, type) or not hasattr(optimiser, "step"):
        raise TypeError(f"optimiser must be one of actlab.optimisers, such as Adam(0.04); got {optimiser!r}")
    loss = _loss(loss)
    if dtype not in DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(DTYPES)}; got {dtype!r}")
    x, y = _data(network, x, y, loss, dtype)
    if validation is not None:
        validation = _data(network, *_pair(validation), loss, dtype, of="validation: ")
    _check_numbers(epochs=(epochs, 0), batch_size=(batch_size, 1), seed=(seed, 0), first=(first, 0))
    orders.check(order)
    rate = np.broadcast_to(np.asarray(optimiser.learning_rate), np.shape(optimiser.learning_rate) or (1,))
    if np.ndim(optimiser.learning_rate) and len(rate) != network.networks:
        raise ValueError(f"learning_rate must have one number for each of {network.networks} networks; got {len(rate)}")
    rate = np.broadcast_to(rate, (network.networks,))
    if backend not in get_args(Backend):
        raise ValueError(f"backend must be one of {', '.join(get_args(Backend))}; got {backend!r}")
    shapes, rows = _shapes(network), _rows(network)
    resume = _start(network, rows, optimiser) if resume is None else _checked(resume, rows, optimiser)
    last = resume.epochs + epochs
    asked = _epochs(snapshots, resume.epochs, last)
    kind, trainers = layouts.choose(shapes), _Block
    if backend == "numba":
        _check_compiled(network, optimiser, loss, order, resume, asked - {0, last}, validation)
        kind, trainers = layouts.Lanes, _CompiledBlock
    if block is None:
        widest = max(max(layer[0]) for layer in shapes)
        block = max(1, _BLOCK // (widest * min(batch_size, len(x)) * orders.GROUP)) * orders.GROUP
    _check_numbers(block=(block, 1))
    parts = []
    for start in range(0, network.networks, block):
        part = np.arange(start, min(start + block, network.networks))
        # Company for the last network, where a block would be too small to be computed like others.
        seats = np.pad(part, (0, max(0, layouts.least(kind) - part.size)), mode="edge")
        trainer = trainers(network, kind(shapes, seats.size), rows[seats].astype(dtype), optimiser, rate[seats], loss)
        trainer.resume(resume, seats)
        trainer.train(x, y, _Schedule(order, seed, first + start, epochs, batch_size), asked, validation, after_epoch)
        parts.append(trainer.result(part.size))
    return _joined(network, parts, last)


def _check_compiled(
    network: Network,
    optimiser: Optimiser,
    loss: Loss,
    order: str,
    resume: State,
    between: frozenset[int],
    validation: tuple | None,
) -> None:
    able = (
        (
            len(network.widths) == 3 and network.widths[0] == network.widths[2] == 1,
            "one input, hidden layer and output",
        ),
        (network.output == identity and not network.learnt, "the identity as output and nothing learnt but weights"),
        (isinstance(optimiser, Adam), "Adam"),
        (loss is MEAN_SQUARED_ERROR, "the mean squared error"),
        (order != "independent", "an order that groups of networks share"),
        (resume.epochs == 0, "a training from the beginning"),
        (not between, "no snapshots between the first epoch and the last"),
        (validation is None, "no validation data"),
    )
    if missing := [what for can, what in able if not can]:
        raise ValueError(f'backend "numba" needs {", ".join(missing)}; use backend "numpy"')


@dataclass(frozen=True)
class _Schedule:
    order: orders.Order
    seed: int
    first: int
    epochs: int
    batch_size: int


class _Block:
    """The training of as many networks as are computed together."""

    def __init__(
        self, network: Network, layout: Layout, rows: np.ndarray, optimiser: Optimiser, rate: np.ndarray, loss: Loss
    ) -> None:
        self.network, self.layout, self.optimiser, self.loss = network, layout, optimiser, loss
        self.parameters = layout.pack(rows)
        self.gradient = np.empty_like(self.parameters)
        self.rate = layout.rate(rate.astype(rows.dtype))
        self.layers, self.gradients = layout.layers(self.parameters), layout.layers(self.gradient)
        self.activations = [network.activation(layer) for layer in range(len(self.layers))]
        self.losses: list[np.ndarray] = []
        self.snapshots: list[Snapshot] = []
        self.validated: list[tuple[np.ndarray, np.ndarray | None]] = []

    def resume(self, state: State, seats: np.ndarray) -> None:
        self.epochs, self.steps = state.epochs, state.steps
        self.slots = [self.layout.pack(slot[seats].astype(self.parameters.dtype)) for slot in state.slots]

    def train(
        self, x: np.ndarray, y: np.ndarray, plan: _Schedule, asked: frozenset[int],
        validation: tuple[np.ndarray, np.ndarray] | None, after_epoch: Callable[[int], None],
    ) -> None:  # fmt: skip
        layout, points = self.layout, len(x)
        arranged = orders.arrangements(plan.order, plan.seed, plan.first, layout.networks, points)
        data = layout.arrange(x, y, arranged)
        batches = [slice(start, start + plan.batch_size) for start in range(0, points, plan.batch_size)]
        shuffles = orders.epochs(plan.order, plan.seed, plan.first, layout.networks, points)
        with np.errstate(all="ignore"):  # a network may diverge
            if self.epochs in asked:
                self._look(x, y)
            for shuffle in islice(shuffles, self.epochs, self.epochs + plan.epochs):
                epoch, total = layout.epoch(data, shuffle), 0.0
                for batch in batches:
                    total = total + self._step(*layout.examples(epoch, batch))
                self.losses.append(total / points)
                # Once they were subnormal numbers, they would cost a hundred times as much to compute with;
                # TensorFlow's threads flush those too.
                for slot in self.slots:
                    small = np.abs(slot) < self.optimiser.negligible
                    if small.any():
                        slot[small] = 0
                self.epochs += 1
                if self.epochs in asked:
                    self._look(x, y)
                if validation is not None:
                    self.validated.append(self._validate(*validation))
                after_epoch(self.epochs)

    def result(self, count: int) -> tuple:
        """Of the first ``count`` networks: parameters in rows, losses, slots, snapshots, steps done, validation."""
        rows = self.layout.rows(self.parameters)[:count]
        losses = np.array([loss[:count] for loss in self.losses], self.parameters.dtype).reshape(-1, count)
        slots = np.array([self.layout.rows(slot)[:count] for slot in self.slots], rows.dtype).reshape(-1, *rows.shape)
        seen = [
            Snapshot(s.epoch, s.loss[:count], s.gradient_norms[:count], tuple(dead[:count] for dead in s.dead))
            for s in self.snapshots
        ]
        validated = [
            None if column[0] is None else np.array([values[:count] for values in column])
            for column in zip(*self.validated, strict=True)
        ]
        return rows, losses, slots, seen, self.steps, validated or [None, None]

    def _step(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """One step of every network; the sum of the batch's losses before it, (networks,)."""
        losses, _ = self._differentiate(x, y, overwrite=True)
        self.steps += 1
        self.optimiser.step(self.parameters, self.gradient, self.slots, self.steps, self.rate)
        return losses

    def _differentiate(
        self, x: np.ndarray, y: np.ndarray, *, overwrite: bool = False
    ) -> tuple[np.ndarray, list[tuple]]:
        """Write the gradient; return the sums of the losses, (networks,), and what went into each activation.

        Those are the pre-activations and the values of learnt parameters. With ``overwrite`` the memory of what is no
        longer needed is used again, also that of the pre-activations, so that more of it is in the cache.
        """
        layout, inputs, slopes, seen = self.layout, [x], [], []
        for layer in range(len(self.layers)):
            z, values, value, slope = self._layer(layer, inputs[-1], overwrite)
            seen.append((z, values))
            inputs.append(value)
            slopes.append(slope)
        examples = x.shape[layout.batch]
        losses, upstream = self.loss.evaluate(inputs[-1], y, layout.units, examples=examples, overwrite=overwrite)
        for layer in reversed(range(len(self.layers))):
            activation, (z, values) = self.activations[layer], seen[layer]
            weight_gradient, bias_gradient, *learnt_gradients = self.gradients[layer]
            for name, gradient in zip(values, learnt_gradients, strict=True):
                by_parameter = activation.parameter_derivative(name, z, **values)
                np.add.reduce(upstream * by_parameter, axis=layout.batch, keepdims=True, out=gradient)
            upstream = _backward(activation, z, slopes[layer], upstream, layout.units)
            layout.weight_gradient(inputs[layer], upstream, weight_gradient)
            np.add.reduce(upstream, axis=layout.batch, keepdims=True, out=bias_gradient)
            if layer:
                out = inputs[layer] if overwrite else np.empty_like(inputs[layer])
                upstream = layout.pull(upstream, self.layers[layer][0], out)
        return layout.by_network(np.add.reduce(losses, axis=layout.batch, keepdims=True)), seen

    def _layer(self, layer: int, inputs: np.ndarray, overwrite: bool = False) -> tuple:
        """Pre-activations, values of learnt parameters, outputs, and what ``_forward`` says of the way back."""
        weights, biases, *learnt = self.layers[layer]
        values = dict(zip(_learnt_names(self.network, layer), learnt, strict=True))
        z, values = admissible(self.activations[layer], self.layout.affine(inputs, weights, biases), values)
        return z, values, *_forward(self.activations[layer], z, values, self.layout.units, overwrite)

    def _validate(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        """The mean loss, and the share of right answers if the loss knows such, each (networks,)."""
        layout, outputs = self.layout, self.layout.everything(x)
        for layer in range(len(self.layers)):
            *_, outputs, _ = self._layer(layer, outputs)
        targets = layout.everything(y)

        def mean(values: np.ndarray) -> np.ndarray:
            return layout.by_network(np.add.reduce(values, axis=layout.batch, keepdims=True)) / len(x)

        losses, _ = self.loss.evaluate(outputs, targets, layout.units)
        right = self.loss.right
        return mean(losses), None if right is None else mean(right(outputs, targets, layout.units))

    def _look(self, x: np.ndarray, y: np.ndarray) -> None:
        layout = self.layout
        losses, seen = self._differentiate(layout.everything(x), layout.everything(y))
        gradient = layout.rows(self.gradient).astype(np.float64)
        ends = np.cumsum([sum(int(np.prod(shape)) for shape in layer) for layer in layout.shapes])
        norms = [np.linalg.norm(part, axis=1) for part in np.split(gradient, ends[:-1], axis=1)]
        dead = []
        for activation, (z, values) in zip(self.activations[:-1], seen, strict=False):
            if isinstance(activation, Elementwise):
                # By the exact derivative in float64: one that is only small may be 0 in the training.
                slope = activation.derivative(z.astype(np.float64), **values)
                dead.append(layout.by_unit(np.all(slope == 0, axis=layout.batch, keepdims=True)))
            else:
                dead.append(np.empty((layout.networks, 0), bool))
        self.snapshots.append(Snapshot(self.epochs, losses / len(x), np.stack(norms, axis=1), tuple(dead)))


class _CompiledBlock(_Block):
    """The same, all epochs in compiled code."""

    def train(self, x, y, plan, asked, validation, after_epoch):
        from actlab.compiled import train_block

        x, y = x.astype(self.parameters.dtype), y.astype(self.parameters.dtype)
        if 0 in asked:
            self._look(x, y)
        drawn_from = plan.order, plan.seed, plan.first, self.layout.networks
        data, *_ = self.layout.arrange(x, y, orders.arrangements(*drawn_from, len(x)))
        shared = np.tile(np.arange(len(x)), (plan.epochs, 1))
        epochs = list(islice(orders.epochs(*drawn_from, len(x)), plan.epochs))
        losses = np.empty((plan.epochs, self.layout.networks), self.parameters.dtype)
        for index, (_, part) in enumerate(orders.groups(plan.first, self.layout.networks)):
            parameters = np.ascontiguousarray(self.parameters[:, part])
            shuffles = np.array([epoch[index][1] for epoch in epochs]) if epochs and epochs[0] else shared
            losses[:, part] = train_block(
                parameters, np.ascontiguousarray(data[:, :, part]), shuffles, activation=self.network.hidden,
                hidden=self.network.widths[1], learning_rate=self.rate[part], batch_size=plan.batch_size,
                beta_1=self.optimiser.beta_1, beta_2=self.optimiser.beta_2, epsilon=self.optimiser.epsilon,
            )  # fmt: skip
            self.parameters[:, part] = parameters
        self.losses, self.epochs = list(losses), plan.epochs
        if plan.epochs in asked and plan.epochs:
            self._look(x, y)
        if plan.epochs:
            after_epoch(plan.epochs)

    def result(self, count):
        """As of the other blocks, but without what the optimiser remembers."""
        rows, losses, _, seen, _, validated = super().result(count)
        return rows, losses, None, seen, None, validated


def _forward(activation: Activation, z: np.ndarray, values: Mapping[str, np.ndarray], units: int, overwrite: bool):
    """The layer's outputs, and what multiplies the gradient on its way back, None where it stays as it is."""
    if activation == identity:
        return z, None
    if isinstance(activation, Elementwise):
        return activation.value_and_derivative(z, overwrite=overwrite, **values)
    return activation(z, axis=units), None


def _backward(activation: Activation, z: np.ndarray, slope: np.ndarray | None, upstream: np.ndarray, units: int):
    if isinstance(activation, Elementwise):
        if slope is not None:
            upstream *= slope
        return upstream
    return activation.vjp(z, upstream, axis=units)


def _learnt_names(network: Network, layer: int) -> tuple[str, ...]:
    return tuple(network.learnt[layer]) if network.learnt else ()


def _shapes(network: Network) -> list[list[tuple[int, ...]]]:
    """The shapes of one network's arrays, layer by layer: weights, biases, learnt values."""
    return [
        [weights.shape[1:], biases.shape[2:], *(biases.shape[2:] for _ in _learnt_names(network, layer))]
        for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True))
    ]


def _rows(network: Network) -> np.ndarray:
    """All numbers of each network in a row, (networks, parameters)."""
    found = []
    for layer, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
        found += [weights, biases, *(network.learnt[layer].values() if network.learnt else ())]
    return np.concatenate([array.reshape(network.networks, -1) for array in found], axis=1)


def _from_rows(network: Network, rows: np.ndarray) -> Network:
    """The network with other numbers."""
    start, arrays = 0, []
    for layer in _shapes(network):
        for shape in layer:
            stop = start + int(np.prod(shape))
            arrays.append(rows[:, start:stop].reshape(len(rows), *(shape if len(shape) == 2 else (1, *shape))))
            start = stop
    weights, biases, learnt = [], [], []
    for layer in range(len(network.weights)):
        weights.append(arrays.pop(0))
        biases.append(arrays.pop(0))
        learnt.append({name: arrays.pop(0) for name in _learnt_names(network, layer)})
    return replace(
        network, weights=tuple(weights), biases=tuple(biases), learnt=tuple(learnt) if network.learnt else ()
    )


def _start(network: Network, rows: np.ndarray, optimiser: Optimiser) -> State:
    return State(0, 0, np.zeros((optimiser.slots, *rows.shape)))


def _checked(state: State, rows: np.ndarray, optimiser: Optimiser) -> State:
    if not isinstance(state, State):
        raise TypeError(f"resume must be the state of an earlier fit; got {state!r}")
    if state.slots.shape != (optimiser.slots, *rows.shape):
        raise ValueError(
            "resume must be the state of these networks and this optimiser, with slots of shape "
            f"{(optimiser.slots, *rows.shape)}; got {state.slots.shape}"
        )
    return state


def _check_numbers(**numbers: tuple[int, int]) -> None:
    for name, (value, least) in numbers.items():
        whole_number(name, value, least=least)


def _epochs(snapshots: Iterable[int], first: int, last: int) -> frozenset[int]:
    if not isinstance(snapshots, Iterable):
        raise TypeError(f"snapshots must be several epochs, such as (0, 10); got {snapshots!r}")
    snapshots = tuple(snapshots)
    for epoch in snapshots:
        if epoch not in range(first, last + 1):
            raise ValueError(f"snapshots must be epochs from {first} to {last}; got {epoch!r}")
    return frozenset(snapshots)


def _pair(validation: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    if not isinstance(validation, tuple | list):
        raise TypeError(f"validation must be a pair of arrays, x and y; got {type(validation).__name__}")
    if len(validation) != 2:
        raise ValueError(f"validation must be a pair of arrays, x and y; got {len(validation)} of them")
    return validation


def _loss(loss: str | Loss) -> Loss:
    if isinstance(loss, Loss):
        return loss
    if loss not in LOSSES:
        raise ValueError(f"loss must be one of {', '.join(LOSSES)}; got {loss!r}")
    return LOSSES[loss]


def _data(
    network: Network, x: np.ndarray, y: np.ndarray, loss: Loss, dtype: str, of: str = ""
) -> tuple[np.ndarray, np.ndarray]:
    x, y = real_array(f"{of}x", x), real_array(f"{of}y", y)
    count = outputs(network.output, network.widths[-1])
    if y.ndim == 1 and loss.columns(count) == 1:
        y = y[:, np.newaxis]
    if x.ndim != 2 or x.shape[1] != network.widths[0] or not len(x):
        raise ValueError(f"{of}x must be (points, inputs) with {network.widths[0]} inputs; got {x.shape}")
    if y.ndim != 2 or len(y) != len(x):
        raise ValueError(f"{of}y must have a row for each of the {len(x)} points; got the shape {y.shape}")
    for name, data in (("x", x), ("y", y)):
        if (beyond := ~(np.abs(data) <= np.finfo(dtype).max)).any():
            raise ValueError(f"{of}{name} must be finite as {dtype}; got {data[beyond][0]}")
    loss.check(y, count)
    return x.astype(dtype), y.astype(dtype)


def _joined(network: Network, parts: Sequence[tuple], epochs: int) -> Fit:
    rows, losses, slots, seen, steps, validated = zip(*parts, strict=True)
    snapshots = [
        Snapshot(
            same[0].epoch,
            np.concatenate([s.loss for s in same]),
            np.concatenate([s.gradient_norms for s in same]),
            tuple(np.concatenate(dead) for dead in zip(*(s.dead for s in same), strict=True)),
        )
        for same in zip(*seen, strict=True)
    ]
    state = None if steps[0] is None else State(epochs, steps[0], np.concatenate(slots, axis=1))
    trained = _from_rows(network, np.concatenate(rows))
    found = [None if column[0] is None else np.concatenate(column, axis=1) for column in zip(*validated, strict=True)]
    return Fit(trained, np.concatenate(losses, axis=1), tuple(snapshots), state, *found)
