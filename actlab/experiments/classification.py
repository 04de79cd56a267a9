"""Classifiers: which loss brings a unit back that is sure and wrong, and whether probabilities can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from actlab.checks import finite_number, whole_number
from actlab.functions.outputs import log_softmax, softmax
from actlab.functions.sigmoidal import sigmoid
from actlab.network import Network, initialise
from actlab.statistics import Share

# dL/dz of one example, from the score z and the label t. The squared error is halved, as usual.
_LOSSES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "cross-entropy": lambda z, t: sigmoid(z) - t,
    "squared error": lambda z, t: (sigmoid(z) - t) * sigmoid.derivative(z),
}

_CLASSES = 3


@dataclass(frozen=True)
class LabelTraining:
    """How many sigmoid units have all their examples on the right side, ``before`` and ``after`` training."""

    loss: str
    scale: float
    before: Share
    after: Share

    def __repr__(self) -> str:
        return f"{self.loss}, starts of size {self.scale:g}: all right\n  before {self.before}\n  after  {self.after}"


def learn_labels(
    loss: str,
    *,
    scale: float = 10.0,
    units: int = 1000,
    examples: int = 20,
    learning_rate: float = 1.0,
    steps: int = 1000,
    seed: int = 0,
) -> LabelTraining:
    """Train sigmoid units of two inputs by gradient descent, each on labels that a straight line separates.

    The inputs are standard normal, the label is the sign of the first one, which is moved away from 0 by 1/2. Units of
    one ``seed`` have the same starts and data whatever the loss.

    Parameters
    ----------
    loss
        ``"cross-entropy"`` or ``"squared error"``; the gradient is averaged over the examples.
    scale
        Standard deviation of the weights at the start; the biases start at 0.
    units, examples, learning_rate, steps, seed
        How many units, how many examples each, and the training.
    """
    if loss not in _LOSSES:
        raise ValueError(f"loss must be {' or '.join(map(repr, _LOSSES))}; got {loss!r}")
    if not 0 < scale < np.inf:
        raise ValueError(f"scale must be a positive finite number; got {scale!r}")
    for label, value in (("units", units), ("examples", examples)):
        whole_number(label, value, least=1)
    network = initialise(
        (2, 1), "identity", networks=units, seed=seed,
        initialiser=lambda rng, fan_in, fan_out: rng.normal(scale=scale, size=(fan_in, fan_out)),
    )  # fmt: skip
    x = np.random.default_rng((seed, 0, 1)).normal(size=(units, examples, 2))
    t = (x[..., :1] > 0).astype(float)
    x[..., :1] += t - 0.5
    trained = _descend(network, x, lambda z: _LOSSES[loss](z, t), learning_rate, steps)
    before, after = (Share.of(((net(x) > 0) == (t > 0)).all(axis=(1, 2))) for net in (network, trained))
    return LabelTraining(loss, scale, before, after)


@dataclass(frozen=True, eq=False)
class Calibration:
    """How sure classifiers are and how often they are right, on examples that they have not seen.

    ``confidence`` and ``right`` are (networks, tested): the probability of the likeliest class, and whether it is the
    true one. ``temperatures`` (networks,) are those by which dividing the scores makes the labels of further examples
    likeliest; ``cooled`` is the confidence that is left then.
    """

    hidden: int
    examples: int
    confidence: np.ndarray
    right: np.ndarray
    temperatures: np.ndarray
    cooled: np.ndarray

    def excess(self, *, cooled: bool = False) -> tuple[float, float]:
        """Confidence minus share of right answers: the mean over the networks, and half its 95 % interval."""
        confidence = self.cooled if cooled else self.confidence
        gaps = (confidence - self.right).mean(axis=1)
        return float(gaps.mean()), float(1.96 * gaps.std(ddof=1) / np.sqrt(gaps.size))

    def bins(self, count: int = 8, *, cooled: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Mean confidence and share of right answers in ``count`` equal groups of answers of like confidence."""
        confidence = np.ravel(self.cooled if cooled else self.confidence)
        whole_number("count", count, least=1)
        if count > confidence.size:
            raise ValueError(f"count must be at most the number of answers, {confidence.size}; got {count}")
        groups = np.array_split(np.argsort(confidence, kind="stable"), count)
        means = [(confidence[group].mean(), np.ravel(self.right)[group].mean()) for group in groups]
        return tuple(np.transpose(means))

    def __repr__(self) -> str:
        shape = f"{self.hidden} hidden units" if self.hidden else "no hidden layer"
        count = len(self.temperatures)
        lines = [f"{shape}, {self.examples} examples, {count} networks: right {self.right.mean():.1%},"]
        temperature = f", T = {np.median(self.temperatures):.2f}"
        for label, cooled in (("as trained", False), ("cooled", True)):
            confidence = (self.cooled if cooled else self.confidence).mean()
            mean, half = self.excess(cooled=cooled)
            lines.append(
                f"  {label}: sure {confidence:.1%}, too sure by {100 * mean:.1f} ± {100 * half:.1f} points"
                f"{temperature if cooled else ''}"
            )
        return "\n".join(lines)


def calibration(
    hidden: int,
    *,
    examples: int = 40,
    networks: int = 50,
    tested: int = 500,
    learning_rate: float = 0.25,
    steps: int = 2000,
    seed: int = 0,
) -> Calibration:
    """Train networks that end in a softmax, by cross-entropy, and compare their confidence with their success.

    Three classes are normal clouds in the plane, of variance 1, whose centres have distance 1.5 from 0 and equal
    distances from each other. The true probabilities are a softmax of linear scores, so a network without a hidden
    layer can give them exactly. Each network has its own examples, each of a class drawn at random.

    Parameters
    ----------
    hidden
        Number of hidden tanh units; 0 for no hidden layer.
    examples, tested
        Examples to learn from, and to be tested on. As many as are tested serve to find the temperature.
    networks, learning_rate, steps, seed
        How many networks, and their training by gradient descent on all examples at once. At a learning rate of 1 the
        losses of hidden layers swing, and differences in the last bit, such as between processors, grow to be seen.
    """
    whole_number("hidden", hidden, least=0)
    whole_number("networks", networks, least=2)
    for label, value in (("examples", examples), ("tested", tested)):
        whole_number(label, value, least=1)
    widths = (2, hidden, _CLASSES) if hidden else (2, _CLASSES)
    network = initialise(widths, "tanh", networks=networks, seed=seed)
    rng = np.random.default_rng((seed, 0, 1))
    (x, t), (x_held, t_held), (x_test, t_test) = (_clouds(rng, networks, n) for n in (examples, tested, tested))
    network = _descend(network, x, lambda z: softmax(z) - t, learning_rate, steps)
    z_held, z = network(x_held), network(x_test)
    grid = np.geomspace(0.3, 30, 81)
    losses = [-np.sum(t_held * log_softmax(z_held / temperature), axis=(1, 2)) for temperature in grid]
    temperatures = grid[np.argmin(losses, axis=0)]
    right = z.argmax(axis=-1) == t_test.argmax(axis=-1)
    cooled = softmax(z / temperatures[:, np.newaxis, np.newaxis]).max(axis=-1)
    return Calibration(hidden, examples, softmax(z).max(axis=-1), right, temperatures, cooled)


def _clouds(rng: np.random.Generator, networks: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Points (networks, n, 2) and the classes they were drawn from, as rows of one 1 and zeros."""
    classes = rng.integers(_CLASSES, size=(networks, n))
    angles = 2 * np.pi * classes / _CLASSES
    centres = 1.5 * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return centres + rng.normal(size=(networks, n, 2)), np.eye(_CLASSES)[classes]


def _descend(
    network: Network, x: np.ndarray, gradient: Callable[[np.ndarray], np.ndarray], learning_rate: float, steps: int
) -> Network:
    """Gradient descent on the mean over the examples of a loss whose gradient by the scores is ``gradient``."""
    learning_rate = finite_number("learning_rate", learning_rate, low=0, low_open=True)
    whole_number("steps", steps, least=0)
    for _ in range(steps):
        tape = network.forward(x)
        network = network.moved(network.backward(tape, gradient(tape.activations[-1]) / x.shape[1]), learning_rate)
    return network
