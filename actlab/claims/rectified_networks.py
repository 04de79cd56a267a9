"""Claims about networks of ReLUs: gradients through many layers, their remedies, sparsity, and speed of learning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np

from actlab import initialisers
from actlab.claims.ledger import Measured, claim, measured
from actlab.core import get
from actlab.experiments import clipped_gradients, cosine_table, gradient_flow, signal_through_depth, two_moons
from actlab.network import Network, initialise
from actlab.optimisers import Adam
from actlab.statistics import Mean, Quantile
from actlab.training import Fit, fit


def _decades(activation: str, initialiser: str | Callable, depth: int = 50, width: int = 128) -> Mean:
    """The gradient in the first layer over that in the last, in powers of ten: the mean over 20 networks."""
    found = gradient_flow(activation, initialiser=initialiser, depth=depth, width=width, networks=20)
    return Mean.of((found.log_norms[:, 0] - found.log_norms[:, -1]) / np.log(10))


def _chain(activation: str, weight: float, depth: int = 20, x: float = 1.0) -> float:
    """The derivative of a chain of layers of one unit and one weight, without biases, with respect to its input."""
    weights, biases = (np.full((1, 1, 1), weight),) * depth, (np.zeros((1, 1, 1)),) * depth
    net = Network(weights, biases, get(activation), get(activation))
    gradients = net.backward(net.forward(np.array([[x]])), np.ones((1, 1, 1)))
    return float(weight * gradients.biases[0].item())


@claim(
    belief="With ReLU the problem of vanishing gradients is solved, or at least eased.",
    about="relu",
    verdict="imprecise",
    sources=("001", "002", "004", "glorot2011deep"),
    says="With the right start, gradients of ReLU networks do not vanish: from the last to the first of {depth} "
    "untrained layers of width 128 they change by this power of ten: {he:.2f} with He's weights. ReLU alone does not "
    "do it, as it lets only half of the mean square pass: with Glorot's weights, of half the variance, it is "
    "{glorot:.2f}.",
    unlike={"activation": "sigmoid"},
    page="gradients/vanishing-and-exploding",
    side="pro",
)
def relu_solves_vanishing(activation: str = "relu") -> Measured:
    """The root mean square of the gradient in the first layer over that in the last, in untrained networks."""
    depth = 50
    he, glorot = (_decades(activation, name, depth) for name in ("he_normal", "glorot_normal"))
    holds = he.interval[0] > -0.5 and he.interval[1] < 0.5 and glorot.interval[1] < -5
    return measured(holds, depth=depth, he=he, glorot=glorot)


@claim(
    belief="A derivative of 1 for positive inputs makes training stable and lets gradients flow.",
    about="relu",
    verdict="imprecise",
    differs="The list calls it true and adds that it is stable only if the weights are; that is a condition.",
    sources="001",
    says="Where all units are active, ReLU takes nothing from a gradient: through {depth} layers of one unit with "
    "weights of 1 it arrives as {one:g}, through sigmoids as {sigmoid:.1e}. What is left is the product of the "
    "weights, and it is only as stable as they are: weights of 0.5 leave {half:.1e}, weights of 3 make it {three:.1e}.",
    unlike={"activation": "tanh"},
    page="gradients/vanishing-and-exploding",
    side="pro",
)
def relu_stability(activation: str = "relu") -> Measured:
    """The derivative of a chain of units by its input 1, by back-propagation, beside the product of its weights."""
    depth, weights = 20, (1.0, 0.5, 3.0)
    one, half, three = found = [_chain(activation, weight, depth) for weight in weights]
    holds = np.allclose(found, np.power(weights, depth), rtol=1e-12, atol=0)
    return measured(holds, depth=depth, one=one, sigmoid=_chain("sigmoid", 1.0, depth), half=half, three=three)


@claim(
    belief="ReLU keeps gradients from vanishing in the chain, but they then depend on the product of the weights, and "
    "may explode.",
    about="relu",
    verdict="true",
    sources=("004", "pascanu2013difficulty"),
    says="The gradient through ReLUs follows the scale of the weights, up and down. From the last to the first of 50 "
    "layers of width 128 it changes by this power of ten: {grows:.2f} with {factor:g} times He's deviation, "
    "{falls:.2f} with He's deviation divided by {factor:g}. The powers of {factor:g} alone make {theory:.2f}, either "
    "way.",
    unlike={"activation": "tanh"},
    page="gradients/vanishing-and-exploding",
    side="con",
)
def relu_explosion_weights(activation: str = "relu") -> Measured:
    """The gradient in the first layer over that in the last, with larger and smaller weights than He's."""
    factor, he, depth = 1.5, initialisers.he_normal, 50
    theory = float((depth - 1) * np.log10(factor))
    rules = (he.with_scale(he.scale * by**2) for by in (factor, 1 / factor))
    grows, falls = (_decades(activation, rule, depth) for rule in rules)
    holds = abs(grows.value - theory) < 0.5 and abs(falls.value + theory) < 0.5
    return measured(holds, factor=factor, grows=grows, falls=falls, theory=theory)


@claim(
    belief="To keep gradients from exploding, keep the weights between 0 and 1.",
    about="relu",
    verdict="false",
    sources="004",
    says="Weights between 0 and 1 are said to prevent exploding gradients. With such weights, drawn evenly, the "
    "gradient changes from the last to the first of 20 ReLU layers by this power of ten: {one:.1f} with one unit a "
    "layer, {ten:.1f} with 10, {many:.1f} with 100. The wider the layers, the smaller weights must be.",
    unlike={"power": 1.0},
    page="gradients/initialisation",
)
def fix_weights_01(power: float = 0.0) -> Measured:
    """The gradient in the first layer over that in the last, for uniform weights from 0 to 1 / width^power; power 0."""

    def positive(rng: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
        return rng.uniform(0, fan_in**-power, (fan_in, fan_out))

    found = []
    for width in (1, 10, 100):
        signal = signal_through_depth("relu", initialiser=positive, depth=20, width=width, networks=40)
        found.append(Mean.of(np.log10(signal.gradient_ratios)))
    one, ten, many = found
    holds = one.interval[1] < -5 and ten.interval[0] > 5 and many.interval[0] > ten.interval[1]
    return measured(holds, one=one, ten=ten, many=many)


@claim(
    belief="Gradient clipping, such as ReLU6, keeps gradients from exploding.",
    about="relu6",
    verdict="false",
    sources="004",
    says="ReLU6 is said to clip gradients; it clips activations. Through 20 one-unit layers with weights of 3, from "
    "an input of {size:g}, it lets the gradient grow to {six:.2e}, as ReLU does. In 20-layer ReLU6 networks of width "
    "64 with three times He's deviation, the gradient's norm is this power of ten: {norm:.2f}. Clipping by norm brings "
    "the norm itself to {clipped:g}.",
    unlike={"size": 1.0},
    page="gradients/vanishing-and-exploding",
)
def fix_relu6_gradient_clip(size: float = 1e-12) -> Measured:
    """The derivative of chains of both by a small input, and norms of all gradients of untrained ReLU6 networks."""
    six, relu = (_chain(name, 3.0, x=size) for name in ("relu6", "relu"))
    he = initialisers.he_normal
    wide = clipped_gradients("relu6", norm=1.0, width=64, initialiser=he.with_scale(9 * he.scale), networks=40)
    norm = Mean.of(np.log10(wide.norms))
    clipped = wide.norms * np.exp(wide.log_norms_by_norm - wide.log_norms)[:, 0]  # by one factor in all layers
    holds = six == relu > 1e9 and norm.interval[0] > 3 and np.allclose(clipped, 1, rtol=1e-9, atol=0)
    return measured(holds, size=size, six=six, norm=norm, clipped=round(float(clipped.max()), 9))


@claim(
    belief="ReLU gives sparse representations, since negative inputs become 0.",
    about="relu",
    verdict="true",
    sources=("004", "glorot2011deep"),
    says="In {layers} untrained ReLU layers of width 100 with He's weights, the share of activations that are exactly "
    "0 is {zeros:.1%}, and in each layer between {least:.1%} and {most:.1%} on average. With sigmoid, tanh and GELU "
    "it is {others:.0%}.",
    unlike={"activation": "leaky_relu"},
    page="functions/rectifiers",
    side="pro",
)
def relu_sparse(activation: str = "relu") -> Measured:
    """The share of zeros among the activations that 50 normal inputs leave in the hidden layers of 40 networks."""
    layers, x = 10, np.random.default_rng(1).normal(size=(50, 100))
    found = {}
    for name in (activation, "sigmoid", "tanh", "gelu"):
        start = {"networks": 40, "initialiser": initialisers.he_normal}
        tape = initialise((100,) * (layers + 1) + (1,), name, **start).forward(x)
        found[name] = np.array([np.mean(hidden == 0, axis=(1, 2)) for hidden in tape.activations[1:-1]])
    by_layer, zeros = found[activation].mean(axis=1), Mean.of(found[activation].mean(axis=0))
    others = max(found[name].max() for name in ("sigmoid", "tanh", "gelu"))
    holds = 0.45 < by_layer.min() and by_layer.max() < 0.55 and others == 0
    return measured(holds, layers=layers, zeros=zeros, least=by_layer.min(), most=by_layer.max(), others=others)


@cache
def _classifiers(activation: str, bias: float = 0.0) -> tuple[Network, Fit]:
    """50 networks with two hidden layers of 32 units, before and after 100 epochs on the two moons."""
    x, labels = two_moons()
    start = initialise((2, 32, 32, 2), activation, networks=50, initialiser=initialisers.he_uniform)
    start = replace(start, biases=(*(b + bias for b in start.biases[:-1]), start.biases[-1]))
    how = {"optimiser": Adam(0.01), "loss": "softmax_cross_entropy", "order": "independent"}
    return start, fit(start, x, labels, epochs=100, **how)


def _zeros(network: Network) -> np.ndarray:
    """The share of activations of all hidden units at the points of the moons that are 0, (networks,)."""
    hidden = np.concatenate(network.forward(two_moons()[0]).activations[1:-1], axis=2)
    return np.mean(hidden == 0, axis=(1, 2))


@claim(
    belief="The sparsity of ReLU removes noise and makes a model robust.",
    about="relu",
    verdict="imprecise",
    sources="004",
    says="ReLU's zeros are said to remove noise. Of pure normal noise of variance 1, a ReLU passes half of the mean "
    "square, {passed:.2f}. On points of the two moons with fresh noise, trained networks whose ReLUs are 0 in "
    "{zeros:.0%} of cases were right as often as with leaky ReLUs, which are never 0: the difference in share was "
    "{gap:.4f}.",
    unlike={"rival": "identity"},
    page="functions/rectifiers",
    slow=True,
)
def relu_sparsity_robust(rival: str = "leaky_relu") -> Measured:
    """The second moment that ReLU leaves of normal noise; right answers of networks 2-32-32-2 on new noisy points."""
    x, labels = two_moons(noise=0.0)
    x, labels = np.repeat(x, 20, axis=0), np.repeat(labels, 20)
    x = x + np.random.default_rng(1).normal(scale=0.3, size=x.shape)
    networks = [_classifiers(name)[1].network for name in ("relu", rival)]
    right = [np.mean(network(x).argmax(axis=2) == labels, axis=1) for network in networks]
    gap, passed = Mean.of(right[0] - right[1]), get("relu").properties.second_moment
    holds = abs(passed - 0.5) < 1e-12 and max(map(abs, gap.interval)) < 0.01
    return measured(holds, passed=passed, zeros=_zeros(networks[0]).mean(), gap=gap)


@claim(
    belief="Deep learning amounts to turning dense matrices into sparse ones.",
    about="relu",
    verdict="imprecise",
    sources="004",
    says="Deep learning is said to make dense matrices sparse. After training networks 2-32-32-2 of ReLUs on the two "
    "moons, the share of zeros among hidden activations is {activations:.1%}; among the {count} weights of all "
    "networks there are {weights}. Activations are sparse, the matrices of weights stay dense.",
    unlike={"activation": "tanh"},
    page="functions/rectifiers",
    slow=True,
)
def dl_dense_to_sparse(activation: str = "relu") -> Measured:
    """Zeros among activations and among weights after 100 epochs of Adam at a rate of 0.01."""
    network = _classifiers(activation)[1].network
    activations = Mean.of(_zeros(network))
    weights, count = (sum(int(f(w)) for w in network.weights) for f in (lambda w: np.sum(w == 0), np.size))
    holds = activations.interval[0] > 0.4 and weights == 0
    return measured(holds, activations=activations, weights=weights, count=count)


@claim(
    belief="The sparsity that ReLU brings adapts in training, and is sure to end at its best.",
    about="relu",
    verdict="imprecise",
    sources="004",
    says="The share of zeros does change in training, but to no best value. Networks 2-32-32-2 of ReLUs learnt the "
    "two moons from biases of 0, 1 and -0.5: zeros went from {before:.0%} to {none:.1%}, from {dense_before:.0%} to "
    "{dense:.1%}, and from {sparse_before:.0%} to {sparse:.1%} (means over {n} networks each; 95 % intervals of less "
    "than ±{width:.0%}). All {learnt} reached a loss below 0.2; where zeros end depends on where they begin.",
    unlike={"activation": "leaky_relu"},
    page="functions/rectifiers",
    slow=True,
)
def relu_sparsity_adaptive(activation: str = "relu") -> Measured:
    """Zeros among hidden activations before and after 100 epochs of Adam, from biases that make them rare or common."""
    runs = [_classifiers(activation, bias) for bias in (0.0, 1.0, -0.5)]
    before = [_zeros(start).mean() for start, _ in runs]
    none, dense, sparse = [Mean.of(_zeros(done.network)) for _, done in runs]
    losses = np.concatenate([done.losses[-1] for _, done in runs])
    change = [Mean.of(_zeros(done.network) - _zeros(start)) for start, done in runs]
    adapts = all(mean.interval[0] > 0 or mean.interval[1] < 0 for mean in change)
    apart = dense.interval[1] < none.interval[0] and none.interval[1] < sparse.interval[0]
    # Of the intervals a bound is printed, since their last digits depend on how a processor rounds.
    width, ends = 0.02, (none, dense, sparse)
    narrow = all(mean.value - mean.interval[0] < width for mean in ends)
    return measured(
        adapts and apart and narrow and losses.max() < 0.2,
        before=before[0], dense_before=before[1], sparse_before=before[2], none=none.value, dense=dense.value,
        sparse=sparse.value, n=none.n, width=width, learnt=losses.size,
    )  # fmt: skip


@claim(
    belief="Networks with ReLU converge faster than those with sigmoid or tanh.",
    about=("relu", "sigmoid", "tanh"),
    verdict="depends",
    sources="002",
    says="It depends on the task. On the two moons, networks 2-16-16-16-2 took {relu} epochs to a loss of 0.1 with "
    "ReLU and {tanh} with tanh (medians of {n}, 95 % intervals); with sigmoid, {sigmoid:.0%} got there in 150. Of "
    "networks with two hidden units that fit a cosine, {relu_cosine} ended below 0.1 with ReLU, {sigmoid_cosine} with "
    "sigmoid.",
    unlike={"rivals": ("leaky_relu", "identity")},
    page="experiments/cosine-fit",
    slow=True,
)
def relu_faster_convergence(rivals: tuple[str, str] = ("tanh", "sigmoid")) -> Measured:
    """Epochs of Adam at 0.01 on the moons, weights by He or Glorot; and the recorded cosine fits in 300 epochs."""
    first, *others = epochs = [_epochs_to_learn(name) for name in ("relu", *rivals)]
    middle = [Quantile.of(values) for values in epochs]
    table = cosine_table.load()
    cosine = [table.cell(name).success(0.1) for name in ("relu", *rivals)]
    faster = all(middle[0].high < rival.low for rival in middle[1:])
    worse = all(cosine[0].interval[1] < rival.interval[0] for rival in cosine[1:])
    return measured(
        faster and worse,
        relu=_median(middle[0]), tanh=_median(middle[1]), n=first.size, sigmoid=np.isfinite(others[1]).mean(),
        relu_cosine=cosine[0], sigmoid_cosine=cosine[2],
    )  # fmt: skip


def _median(of: Quantile) -> str:
    return f"{of.value:g} ({of.low:g} to {of.high:g})"


def _epochs_to_learn(activation: str) -> np.ndarray:
    """The first epoch with a loss below 0.1 on the moons, of 150, for 100 networks; infinity where there is none."""
    x, labels = two_moons()
    rectifier = get(activation).family == "rectifier"
    rule = initialisers.he_uniform if rectifier else initialisers.glorot_uniform
    start = initialise((2, 16, 16, 16, 2), activation, networks=100, initialiser=rule)
    how = {"optimiser": Adam(0.01), "loss": "softmax_cross_entropy", "order": "independent"}
    learnt = fit(start, x, labels, epochs=150, **how).losses < 0.1
    return np.where(learnt.any(axis=0), learnt.argmax(axis=0) + 1, np.inf)
