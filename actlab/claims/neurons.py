"""Claims about neurons, multi-layer perceptrons and their vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from actlab import experiments, tf
from actlab.claims.ledger import Measured, Statement, claim, measured
from actlab.claims.nonlinearity import keras_dense, xor_loss
from actlab.core import get
from actlab.functions.linear import step
from actlab.initialisers import glorot_uniform
from actlab.network import Network, initialise

_Draw = Callable[[np.random.Generator, int, int], np.ndarray]


def one_to_one(rng: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
    """Weights (fan_in, fan_out) with which each unit reads at most one input."""
    return np.eye(fan_in, fan_out)


def _moved(network: Network, layer: int) -> np.ndarray:
    """Which pre-activations (fan_out,) of a layer move when one of its inputs (fan_in,) does, (fan_in, fan_out)."""
    weight, bias = network.weights[layer], network.biases[layer]
    alone = Network((weight,), (bias,), get("identity"))
    before = np.random.default_rng(1).normal(size=weight.shape[1])
    return alone(before + np.eye(len(before)))[0] != alone(before[np.newaxis])[0]


def _after(network: Network, layer: int) -> Network:
    """What a network does with the answers of a layer, counted from 0."""
    return replace(network, weights=network.weights[layer + 1 :], biases=network.biases[layer + 1 :])


@claim(
    belief="A neural network transforms data by layers of neurons, and so learns complex patterns.",
    about="network",
    verdict="true",
    sources="003",
    says="Without a hidden layer no threshold unit is right at more than {best} of the four corners of XOR. With two "
    "hidden {hidden} units, Glorot's start and 3000 steps of gradient descent at 0.1, the share of networks that learn "
    "all four is {learnt}: layers make it possible, and chance decides whether it happens.",
    unlike={"hidden": "identity"},
    page="foundations/why-nonlinearity",
)
def nn_multilayer(hidden: str = "tanh", networks: int = 300) -> Measured:
    """Random threshold units, and trainings of 2-2-1 networks, which have learnt at a mean squared error below 0.01."""
    best = experiments.separate_corners().best_on_xor
    learnt = experiments.learn_xor(hidden, networks=networks).learnt
    return measured(best < 4 and learnt.interval[0] > 0.5, best=best, hidden=hidden, learnt=learnt)


Statement(
    id="hidden-layer-def",
    belief="The layers between the input and the output are called hidden.",
    about=("network",),
    verdict="true",
    sources=("003",),
    text="So they are called: the data say what goes in and what should come out, and nothing about what the units in "
    "between should answer. A network 3-4-2 has one hidden layer, of four units.",
    why="It is a definition.",
    cite=("rumelhart1986learning",),
    page="foundations/why-nonlinearity",
)


@claim(
    belief="Neural networks are unique in that they find complex relations which other algorithms can hardly model.",
    about="network",
    verdict="imprecise",
    sources="003",
    says="Networks are able, but not unique. Kernel ridge regression with the {kernel} kernel, in which there is no "
    "neuron but a coefficient for each of 100 points, comes within {within:g} of cos x + 1 at 1000 points between "
    "them, where the best network found of two sigmoid units is off by up to {network:.2f}.",
    unlike={"kernel": "linear"},
    page="experiments/cosine-fit",
)
def nn_unique_ability(kernel: str = "Gaussian") -> Measured:
    """Solves for the coefficients with a ridge of 1e-9 (Gaussian of deviation 1), and takes the largest errors."""
    kernels = {"Gaussian": lambda d, p: np.exp(-np.square(d) / 2), "linear": lambda d, p: 1 + p}
    x, y = experiments.cosine_data()
    between = np.linspace(0, 2 * np.pi, 1001)[:-1] + np.pi / 1000

    def values(a: np.ndarray) -> np.ndarray:
        return kernels[kernel](a[:, np.newaxis] - x, a[:, np.newaxis] * x)

    answers = values(between) @ np.linalg.solve(values(x) + 1e-9 * np.eye(len(x)), y)
    target = np.cos(between) + 1
    largest = float(np.abs(answers - target).max())
    network = float(np.abs(experiments.floor("sigmoid", 2).predict(between) - target).max())
    within = 1e-5  # the equations are so ill-conditioned that rounding has a part in the rest
    return measured(largest < within < network / 10, kernel=kernel, within=within, network=network)


@claim(
    belief="A multi-layer perceptron has at least three layers: input, hidden and output.",
    about=("network", "framework"),
    verdict="depends",
    sources="003",
    says="How many layers there are depends on whether the input counts as one, though it computes nothing. Keras does "
    "both: the network {shape} has {sequential} layers as a Sequential, and {functional} as a Model of the same "
    "weights. With one hidden layer the count is three only if the input is counted.",
    unlike={"hidden": (4, 4)},
    page="foundations/why-nonlinearity",
    slow=True,
    needs="tensorflow",
)
def mlp_three_layers(hidden: Sequence[int] = (4,)) -> Measured:
    """Builds the network both ways in Keras and asks for the number of its layers."""
    keras = tf.keras()
    start = keras.Input((3,))
    dense = [keras.layers.Dense(units, kernel_initializer="zeros") for units in (*hidden, 2)]
    end = start
    for layer in dense:
        end = layer(end)
    sequential, functional = (len(it.layers) for it in (keras.Sequential([start, *dense]), keras.Model(start, end)))
    shape = "-".join(map(str, (3, *hidden, 2)))
    return measured(sequential < 3 <= functional, shape=shape, sequential=sequential, functional=functional)


@claim(
    belief="In a multi-layer perceptron a weight connects every node to every node of the next layer.",
    about="network",
    verdict="true",
    sources="003",
    says="In a network {shape}, whose weights are drawn by Glorot's rule, moving one node moves every node of the next "
    "layer, in all {pairs} of {possible} pairs. Each pair has its weight and each node that computes its bias: "
    "{parameters} numbers to learn.",
    unlike={"initialiser": one_to_one},
    page="foundations/why-nonlinearity",
)
def mlp_fully_connected(initialiser: _Draw = glorot_uniform, widths: Sequence[int] = (3, 4, 2)) -> Measured:
    """Raises each input of each layer by 1 and looks which pre-activations change; and counts the parameters."""
    network = initialise(widths, "tanh", initialiser=initialiser)
    pairs = sum(int(_moved(network, layer).sum()) for layer in range(len(widths) - 1))
    possible = sum(before * after for before, after in pairwise(widths))
    parameters = network.parameter_count
    return measured(
        pairs == possible == parameters - sum(widths[1:]),
        shape="-".join(map(str, widths)), pairs=pairs, possible=possible, parameters=parameters,
    )  # fmt: skip


Statement(
    id="deep-learning-def",
    belief="Deep learning means models that are built of many hidden layers.",
    about=("depth", "network"),
    verdict="true",
    sources=("003",),
    text="That is how the word is used. From how many layers on a network is deep nobody has fixed, so a text that "
    "says something of deep networks should say how deep they are.",
    why="It is a definition, and one without a number.",
    cite=("zhang2023dive",),
    page="foundations/why-nonlinearity",
)


@claim(
    belief="An artificial neuron is also called a perceptron.",
    about=("neuron", "step"),
    verdict="imprecise",
    sources=("003", "minsky1969perceptrons"),
    says="The perceptron is the neuron with a step, and with a rule of its own for learning. By that rule a perceptron "
    "of two inputs learns {easy}: pass {passes} over the four corners is the first without a mistake. With {hard} none "
    "of {limit:,} passes is, since no straight line parts its answers. Neurons with other activations learn by their "
    "slopes.",
    unlike={"hard": "OR"},
    page="foundations/why-nonlinearity",
)
def neuron_equals_perceptron(easy: str = "AND", hard: str = "XOR", limit: int = 1000) -> Measured:
    """The perceptron rule from weights 0, until a pass over the corners brings no mistake."""
    passes, endless = _perceptron_passes(easy, limit), _perceptron_passes(hard, limit)
    return measured(passes <= limit < endless, easy=easy, passes=passes, hard=hard, limit=limit)


def _perceptron_passes(task: str, limit: int) -> float:
    """The passes up to and with the first one without a mistake, infinity if there are more than ``limit``."""
    ones = experiments.CORNERS.sum(axis=1)
    labels = {"AND": ones == 2, "OR": ones >= 1, "XOR": ones == 1}[task].astype(float)
    rows = np.column_stack([np.ones(4), experiments.CORNERS])
    weights = np.zeros(3)
    for done in range(1, limit + 1):
        mistakes = 0
        for row, label in zip(rows, labels, strict=True):
            error = label - float(step(weights @ row))
            weights += error * row
            mistakes += error != 0
        if not mistakes:
            return done
    return np.inf


@claim(
    belief="A neuron adds up its inputs times their weights and passes the sum through its activation.",
    about="neuron",
    verdict="true",
    sources=("002", "003"),
    says="The answers of Keras' Dense(5, tanh) to {inputs} inputs of three numbers are those of tanh(w . x + b), which "
    "numpy computes in one line, to within {within:g}. The bias b belongs to the sum.",
    unlike={"with_bias": False},
    page="foundations/why-nonlinearity",
    slow=True,
    needs="tensorflow",
)
def neuron_formula(with_bias: bool = True, inputs: int = 200) -> Measured:
    """The largest difference between a layer of Keras in double precision, with random weights, and the formula."""
    rng = np.random.default_rng(0)
    weights, biases, x = rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(inputs, 3))
    ours = np.tanh(x @ weights + (biases if with_bias else 0))
    gap = float(np.abs(keras_dense(weights, biases, "tanh")(x) - ours).max())
    within = 1e-14  # rounding
    return measured(gap < within, inputs=inputs, within=within)


@claim(
    belief="A neuron's computation starts with the linear equation; the non-linearity comes after it.",
    about="neuron",
    verdict="true",
    sources="003",
    says="On a straight path through the inputs of a random network 3-4-2 of tanh units, the pre-activations of the "
    "first layer change evenly, to within {within:g}; their activations do not, their steps along the path differ by "
    "up to {after:.2f}. So the first step is linear up to the bias, and the bend comes after it.",
    unlike={"layer": 1},
    page="foundations/why-nonlinearity",
)
def neuron_linear_first(layer: int = 0) -> Measured:
    """The range of the 40 steps between neighbours on the path, before and after the activation."""
    network = initialise((3, 4, 2), "tanh", seed=0, bias_limit=1.0)
    path = np.linspace(-4, 4, 41)[:, np.newaxis] * np.random.default_rng(2).normal(size=3)
    tape = network.forward(path)
    before, after = (
        float(np.ptp(np.diff(values[0], axis=0), axis=0).max())
        for values in (tape.pre_activations[layer], tape.activations[1])
    )
    within = 1e-12  # rounding
    return measured(before < within and after > 0.1, within=within, after=after)


@claim(
    belief="The inputs of a neuron are raw features, or what the neurons of the layer before it have answered.",
    about="neuron",
    verdict="true",
    sources="003",
    says="In {networks} random networks 3-4-4-2 the layers after the first need nothing but its answers: given these "
    "alone, they return the output of the whole network to the last bit for {equal} of {inputs} inputs. Only the first "
    "layer reads the features.",
    unlike={"given": "pre_activations"},
    page="foundations/why-nonlinearity",
)
def neuron_inputs(given: str = "activations", networks: int = 20) -> Measured:
    """Runs the later layers of tanh networks on what the first one has left, and compares the outputs."""
    network = initialise((3, 4, 4, 2), "tanh", networks=networks, seed=0, bias_limit=1.0)
    tape = network.forward(np.random.default_rng(0).normal(size=(50, 3)))
    first = {"activations": tape.activations[1], "pre_activations": tape.pre_activations[0]}[given]
    alike = (_after(network, 0)(first) == tape.activations[-1]).all(axis=-1)
    return measured(alike.all(), networks=networks, equal=int(alike.sum()), inputs=alike.size)


@claim(
    belief="Each layer has a bias b.",
    about=("neuron", "framework"),
    verdict="imprecise",
    sources="003",
    says="Not a layer but each of its neurons has a bias: Keras' Dense({units}) keeps {biases} of them, beside "
    "{weights} weights for 3 inputs. So each neuron can bend at a place of its own.",
    unlike={"units": 1},
    page="foundations/why-nonlinearity",
    slow=True,
    needs="tensorflow",
)
def bias_per_layer(units: int = 5) -> Measured:
    """Builds the layer in Keras and counts its numbers."""
    layer = tf.keras().layers.Dense(units, kernel_initializer="zeros")
    layer.build((None, 3))
    weights, biases = (array.size for array in layer.get_weights())
    return measured(biases == units > 1, units=units, biases=biases, weights=weights)


def _wave(x: np.ndarray) -> np.ndarray:
    return np.cos(x) + 1


@claim(
    belief="The bias helps a network to fit the data better.",
    about="neuron",
    verdict="true",
    sources="003",
    says="At 100 points of cos x + 1 from 0 to one period, the best line has the mean squared error {line:.3f}, and "
    "{origin:.3f} without a bias. Two hidden ReLUs without biases of their own are straight for x above 0 and get no "
    "further than the line, {unbiased:.3f}; with biases {biased:.4f} is reached.",
    unlike={"target": np.abs},
    page="experiments/cosine-fit",
)
def bias_helps(target: Callable[[np.ndarray], np.ndarray] = _wave) -> Measured:
    """Least squares with and without a constant, and with relu(x) and relu(-x); the last is a recorded least loss."""
    x, _ = experiments.cosine_data()
    y, relu, one = target(x), get("relu"), np.ones_like(x)

    def loss(*columns: np.ndarray) -> float:
        design = np.column_stack(columns)
        return float(np.mean(np.square(design @ np.linalg.lstsq(design, y, rcond=None)[0] - y)))

    line, origin, unbiased = loss(x, one), loss(x), loss(relu(x), relu(-x), one)
    biased = experiments.floor("relu", 2).loss
    return measured(
        line < 0.9 * origin and abs(unbiased - line) < 1e-12 and biased < 0.1 * unbiased,
        line=line, origin=origin, unbiased=unbiased, biased=biased,
    )  # fmt: skip


@claim(
    belief="A neuron hands its answer to all neurons of the next layer that it is connected with, or it is the output.",
    about="neuron",
    verdict="true",
    sources="003",
    says="In {networks} random networks 3-4-2, a change of one hidden neuron's answer reaches {reached} of the "
    "{possible} pre-activations in the next layer, two for each hidden neuron. What the two neurons of the last layer "
    "answer is what the network returns.",
    unlike={"initialiser": one_to_one},
    page="foundations/why-nonlinearity",
)
def neuron_output_passed(initialiser: _Draw = glorot_uniform, networks: int = 20) -> Measured:
    """Raises the answer of each hidden neuron by 1, looks which sums move, and compares the output with the tape."""
    start = initialise((3, 4, 2), "tanh", networks=networks, seed=0, initialiser=initialiser)
    reached = sum(int(_moved(start.select(number), 1).sum()) for number in range(networks))
    x = np.random.default_rng(0).normal(size=(50, 3))
    returned = np.array_equal(start(x), start.forward(x).activations[-1])
    return measured(reached == 8 * networks and returned, networks=networks, reached=reached, possible=8 * networks)


@claim(
    belief="The linear activation is a straight line of constant slope; its values may become very large, and alone it "
    "cannot capture complex patterns.",
    about="identity",
    verdict="true",
    sources="003",
    says="The identity has the slope {slope:g} everywhere, its range is {range}, and two hidden units with it come no "
    "nearer to XOR than a mean squared error of {loss:.2f}, which is that of the answer 1/2 to everything; with two "
    "ReLUs the error is {bent:.2f}.",
    unlike={"name": "tanh"},
    page="foundations/why-nonlinearity",
    side="con",
)
def linear_act_003(name: str = "identity") -> Measured:
    """The measured properties of the function, and least squares at the four corners."""
    found = get(name).properties
    loss, bent = xor_loss(get(name)), xor_loss(get("relu"))
    straight = found.slopes.low == found.slopes.high
    unbounded = found.range.low == -np.inf and found.range.high == np.inf
    return measured(
        straight and unbounded and abs(loss - 0.25) < 1e-12 and bent < 1e-12,
        slope=found.slopes.high, range=str(found.range), loss=loss, bent=bent,
    )  # fmt: skip
