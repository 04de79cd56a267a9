"""What an activation is, and what it is for: claims about linear stacks and about expressiveness."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from actlab import experiments, tf
from actlab.claims.ledger import Measured, claim, measured
from actlab.core import Elementwise, get, names
from actlab.experiments import cosine_table
from actlab.functions.rectifiers import relu
from actlab.network import Network, collapse, initialise
from actlab.optimisers import Adam
from actlab.statistics import Share
from actlab.training import fit


def keras_dense(weights: np.ndarray, biases: np.ndarray, activation: str | None = None) -> Callable:
    """Keras' Dense in double precision with these weights (fan_in, fan_out) and biases (fan_out,), for numpy arrays."""
    with tf.precision("float64") as keras:
        # Zeros, because a random start would use up random numbers of the process, and is overwritten anyway.
        layer = keras.layers.Dense(len(biases), activation, kernel_initializer="zeros")
        layer.build((None, len(weights)))
        layer.set_weights([weights, biases])
    return lambda x: keras.ops.convert_to_numpy(layer(x))


def xor_loss(activation: Elementwise) -> float:
    """The least mean squared error on XOR of two hidden units that read s and s - 1, s being the sum of the inputs."""
    s = experiments.CORNERS.sum(axis=1)
    design = np.column_stack([activation(s), activation(s - 1), np.ones(4)])
    answers = design @ np.linalg.lstsq(design, experiments.XOR_LABELS, rcond=None)[0]
    return float(np.mean(np.square(answers - experiments.XOR_LABELS)))


def folded_pieces(layers: int, hidden: str = "relu") -> int:
    """Into how many linear pieces layers of two ReLUs each, which fold [0, 1] onto itself one by one, cut it."""
    out, read = np.array([[2.0], [-4.0]]), np.ones((1, 2))
    weights = (read, *[out @ read] * (layers - 1), out)
    biases = (*[np.array([[[0.0, -0.5]]])] * layers, np.zeros((1, 1, 1)))
    folding = Network(tuple(weight[np.newaxis] for weight in weights), biases, get(hidden))
    # Corners are multiples of 2^-layers, so that on this grid all numbers are exact.
    x = np.linspace(0, 1, 2 ** (layers + 3) + 1)
    return 1 + int(np.count_nonzero(np.diff(folding(x[:, np.newaxis])[0, :, 0], 2)))


def pieces_of_one_layer(units: int) -> int:
    """Into how many linear pieces one random layer of ReLUs cuts the line: its slopes between the corners."""
    rng = np.random.default_rng(0)
    weights, corners, out = rng.standard_normal(units), np.sort(rng.uniform(-1, 1, units)), rng.standard_normal(units)
    middles = np.concatenate([[-2], (corners[1:] + corners[:-1]) / 2, [2]])
    slopes = relu.derivative(weights * (middles[:, np.newaxis] - corners)) @ (weights * out)
    return 1 + int(np.count_nonzero(np.abs(np.diff(slopes)) > 1e-12))


@claim(
    belief="An activation is a non-linear function that every neuron applies to its weighted sum, and that makes the "
    "network non-linear.",
    about="activation",
    verdict="imprecise",
    sources=("000", "001", "002", "003"),
    says="A function is affine just if f(p + q) - f(p) - f(q) + f(0) is always 0. With p and q from -3 to 3 that gap "
    "exceeds {threshold} in {bent} of the {count} elementwise functions of this course; only the {straight} has the "
    "gap {gap:.0f}. Two of the source posts list it among the activations as well, so that by their own list not "
    "every activation is non-linear.",
    unlike={"listed": ("step", "sigmoid", "tanh", "relu")},
    page="foundations/why-nonlinearity",
)
def act_def_nonlinear_map(listed: Sequence[str] = names()) -> Measured:
    """The largest gap of each elementwise function on a grid of 49 by 49 pairs."""
    p = np.linspace(-3, 3, 49)  # multiples of 1/8: sums of them are exact
    q = p[:, np.newaxis]
    functions = [get(name) for name in listed if isinstance(get(name), Elementwise)]
    gaps = {f.name: float(np.abs(f(p + q) - f(p) - f(q) + f(0.0)).max()) for f in functions}
    threshold = 0.001
    straight = [name for name, gap in gaps.items() if gap <= threshold]
    return measured(
        straight == ["identity"] and gaps["identity"] == 0,
        threshold=threshold,
        bent=len(gaps) - len(straight),
        count=len(gaps),
        straight=", ".join(straight),
        gap=max((gaps[name] for name in straight), default=0.0),
    )


@claim(
    belief="An activation is applied to each neuron by itself.",
    about=("activation", "softmax"),
    verdict="imprecise",
    sources="000",
    says="Of the {count} activations of this course {alone} map every number by itself: when one of three inputs "
    "changes, the answers for the other two stay the same to the last bit. The rest map whole vectors, as "
    "softmax does: at three equal inputs the answer for one changes by {slope:.3f} for each unit by which another "
    "rises.",
    unlike={"name": "tanh"},
    page="functions/outputs-and-vectors",
)
def act_elementwise(name: str = "softmax") -> Measured:
    """Changes the second of three inputs and compares the other answers; for softmax a central difference."""
    before, after = np.array([0.3, -1.2, 2.1]), np.array([0.3, 1.7, 2.1])
    elementwise = [f for f in map(get, names()) if isinstance(f, Elementwise)]
    untouched = all(np.array_equal(f(before)[[0, 2]], f(after)[[0, 2]]) for f in elementwise)
    shift = np.array([0.0, 1e-5, 0.0])
    slope = float((get(name)(shift) - get(name)(-shift))[0] / 2e-5)
    return measured(untouched and abs(slope) > 0.01, alone=len(elementwise), count=len(names()), slope=slope)


@claim(
    belief="Without an activation a neuron answers w . x + b, which is a linear function.",
    about=("neuron", "identity"),
    verdict="imprecise",
    sources=("000", "002", "003"),
    says="A linear map answers a sum of inputs with the sum of its answers. A neuron 2 x + b without activation and "
    "with b = {bias:g} is off by {gap:g} for the inputs 1 and 4, which is its bias: it is affine, and linear in the "
    "strict sense only if the bias is 0.",
    unlike={"bias": 0.0},
    page="foundations/why-nonlinearity",
)
def no_act_affine(bias: float = 3.0) -> Measured:
    """The sum of a neuron's answers to 1 and 4, less its answer to 5."""
    neuron = Network((np.full((1, 1, 1), 2.0),), (np.full((1, 1, 1), bias),), get("identity"))
    one, four, five = neuron(np.array([[1.0], [4.0], [5.0]]))[0, :, 0]
    gap = float(one + four - five)
    return measured(gap == bias != 0, bias=bias, gap=gap)


@claim(
    belief="A stack of layers without activation functions can be replaced by one layer.",
    about="identity",
    verdict="true",
    sources=("000", "002"),
    says="Ten random layers without activation compute what one layer computes, to within {within:g} of the largest "
    "answer.",
    unlike={"hidden": "tanh"},
    page="foundations/why-nonlinearity",
    side="con",
)
def linear_stack_collapse(hidden: str = "identity") -> Measured:
    """Ten layers of width 4 beside the one that they collapse into, at 200 normal inputs."""
    stack = initialise((4,) * 11, hidden, seed=0, bias_limit=1.0)
    x = np.random.default_rng(0).normal(size=(200, 4))
    one = collapse(initialise((4,) * 11, "identity", seed=0, bias_limit=1.0))
    answers = stack(x)
    gap = float(np.abs(answers - one(x)).max() / np.abs(answers).max())
    within = 1e-12  # rounding
    return measured(gap < within, within=within)


@claim(
    belief="Without activations the last output depends linearly on the first input, however deep the network is.",
    about="linear",
    verdict="true",
    sources="002",
    says="One and the same step of the input, made from {starts} different inputs, changes the output of ten random "
    "layers of width 4 without activation by the same amount everywhere, to within {within:g} of that change. So the "
    "dependence is linear up to the constant that the biases add.",
    unlike={"hidden": "tanh"},
    page="foundations/why-nonlinearity",
)
def linear_in_out(hidden: str = "identity", starts: int = 200) -> Measured:
    """The differences between the changes of the output, relative to the largest change."""
    stack = initialise((4,) * 11, hidden, seed=0, bias_limit=1.0)
    rng = np.random.default_rng(0)
    x, step = rng.normal(size=(starts, 4)), rng.normal(size=4)
    changes = (stack(x + step) - stack(x))[0]
    gap = float(np.ptp(changes, axis=0).max() / np.abs(changes).max())
    within = 1e-12  # rounding
    return measured(gap < within, starts=starts, within=within)


@claim(
    belief="Without activations, further layers have no value at all.",
    about=("linear", "depth"),
    verdict="imprecise",
    sources=("002", "saxe2014exact"),
    says="Linear layers add no function, but depth is not without effect. It can take functions away: the widths 5-1-5 "
    "leave a map of rank {rank}. And it can change the training: when stacks 4 wide learn y = {strength:g} x "
    "from Glorot's start at rate 0.05, the share with less than 1 % of the loss after 70 steps is {one} with one "
    "layer, {two} with two.",
    unlike={"strength": 0.3},
    page="foundations/why-nonlinearity",
)
def depth_worthless_no_act(strength: float = 3.0) -> Measured:
    """The rank of a narrow stack, and gradient descent in 300 stacks of each depth."""
    rank = np.linalg.matrix_rank(collapse(initialise((5, 1, 5), "identity")).weights[0][0])
    trained = experiments.train_linear_stacks(strength, depths=(1, 2), steps=70, networks=300)
    one, two = trained.reached
    return measured(
        rank == 1 and two.interval[0] > one.interval[1], rank=int(rank), strength=strength, one=one, two=two
    )


@claim(
    belief="On the cosine, two hidden neurons with the linear activation fit no better than one: the fit is a straight "
    "line.",
    about="identity",
    verdict="true",
    sources="000",
    says="At 100 points of one period of cos x + 1 the best straight line has the mean squared error {line:.4f}. Two "
    "hidden units with the identity can do no better ({floor:.4f}): of such networks, trained by Adam for 300 epochs, "
    "{below} end below 0.49.",
    unlike={"activation": "relu"},
    page="experiments/cosine-fit",
    side="con",
)
def linear_neurons_equal_one(activation: str = "identity") -> Measured:
    """Least squares, the recorded least loss of two units, and the recorded trainings."""
    x, y = experiments.cosine_data()
    line = float(np.mean(np.square(np.polyval(np.polyfit(x, y, 1), x) - y)))
    floor = experiments.floor(activation, 2).loss
    below = cosine_table.load().cell(activation, 2).success(0.49)
    return measured(abs(floor - line) < 1e-12 and below.count == 0, line=line, floor=floor, below=below)


@claim(
    belief="The linear activation is the same as no activation.",
    about="identity",
    verdict="true",
    sources="000",
    says='In Keras, Dense(5, activation="linear") and Dense(5) with the same random weights answer {inputs} inputs '
    "alike: {equal} of {answers} answers are equal to the last bit.",
    unlike={"activation": "tanh"},
    page="practice/in-your-framework",
    slow=True,
    needs="tensorflow",
)
def linear_equals_none(activation: str = "linear") -> Measured:
    """Both layers of Keras at 200 normal inputs, in double precision."""
    rng = np.random.default_rng(0)
    weights, biases, x = rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(200, 3))
    with_it, without = keras_dense(weights, biases, activation)(x), keras_dense(weights, biases)(x)
    equal = int(np.sum(with_it == without))
    return measured(equal == with_it.size, inputs=len(x), equal=equal, answers=with_it.size)


@claim(
    belief="Non-linear activations give a network more expressive power, and better fits of non-linear relations.",
    about="activation",
    verdict="true",
    sources=("001", "002", "003", "minsky1969perceptrons"),
    says="XOR is 1 where just one of two inputs is 1. The best affine map has the mean squared error {affine:.2f} on "
    "its four corners, and none of {units:,} random affine units with a threshold is right at more than {best} of "
    "them. Two hidden {name} units have an error of {bent:.2f}.",
    unlike={"name": "identity"},
    page="foundations/why-nonlinearity",
)
def nonlinear_raises_expressiveness(name: str = "relu", units: int = 100_000) -> Measured:
    """Least squares on XOR, with and without two hidden units that read s and s - 1, s being the sum of the inputs."""
    affine, bent = xor_loss(get("identity")), xor_loss(get(name))
    best = experiments.separate_corners(units=units).best_on_xor
    return measured(
        abs(affine - 0.25) < 1e-12 and bent < 1e-12 and best == 3,
        affine=affine, units=units, best=best, name=name, bent=bent,
    )  # fmt: skip


@claim(
    belief="With a suitable activation a network can draw decision boundaries that are not straight.",
    about="activation",
    verdict="true",
    sources="001",
    says="Two classes lie on circles of radius 0.5 and 1 about one centre, with noise 0.1. After 100 epochs of Adam at "
    "0.01 from Glorot's start, the share of networks 2-16-2 that are right about more than 95 % of 200 fresh points is "
    "{bent} with {name}, and {straight} without activation.",
    unlike={"name": "identity"},
    page="foundations/why-nonlinearity",
    slow=True,
)
def nonlinear_decision_boundary(name: str = "relu", networks: int = 100) -> Measured:
    """Trains 100 classifiers from Glorot's uniform start on 200 points, and tests them on others."""
    bent, straight = (_circles_told(hidden, networks) for hidden in (name, "identity"))
    return measured(bent.interval[0] > 0.9 and straight.interval[1] < 0.1, bent=bent, name=name, straight=straight)


def _circles_told(hidden: str, networks: int) -> Share:
    start = initialise((2, 16, 2), hidden, networks=networks, seed=0)
    trained = fit(
        start, *_circles(0), epochs=100, optimiser=Adam(0.01), loss="softmax_cross_entropy", validation=_circles(1)
    )
    return Share.of(trained.accuracies[-1] > 0.95)


def _circles(seed: int, points: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Points (points, 2) by turns on the outer and the inner circle, with noise, and their labels 0 or 1 (points,)."""
    labels = np.arange(points) % 2
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    x = np.where(labels, 0.5, 1.0)[:, np.newaxis] * np.column_stack([np.cos(angles), np.sin(angles)])
    return x + 0.1 * np.random.default_rng(seed).normal(size=x.shape), labels


@claim(
    belief="Activations are what gives the depth of a network its meaning.",
    about=("activation", "depth"),
    verdict="true",
    sources=("002", "montufar2014number"),
    says="With ReLU, {layers} layers of two units can fold the numbers from 0 to 1 into {deep} linear pieces. One "
    "layer of all {units} units, drawn at random, makes {flat} pieces of the whole line, and none makes more: each "
    "unit bends it once. Without activation the same {layers} layers leave {straight} piece.",
    unlike={"hidden": "identity"},
    page="foundations/why-nonlinearity",
)
def act_makes_depth_meaningful(hidden: str = "relu", layers: int = 5) -> Measured:
    """Counts the changes of the slope, and adds one."""
    units = 2 * layers
    deep, straight, flat = folded_pieces(layers, hidden), folded_pieces(layers, "identity"), pieces_of_one_layer(units)
    return measured(
        deep == 2**layers > flat == units + 1 and straight == 1,
        layers=layers, units=units, deep=deep, flat=flat, straight=straight,
    )  # fmt: skip


@claim(
    belief="A convolutional network cannot do without activations.",
    about=("activation", "network"),
    verdict="imprecise",
    sources="002",
    says="Two 3x3 convolutions without activation between them are one 5x5 convolution, to within {within:g} of the "
    "largest answer. But max-pooling bends by itself: the pooled sum of two images and the sum of the two "
    "pooled ones differ by up to {bend:.1f}, with pixels of deviation 1. So a network with max-pooling is not linear "
    "even without activations.",
    unlike={"pool": "mean"},
    page="foundations/why-nonlinearity",
)
def act_indispensable_cnn(pool: str = "max") -> Measured:
    """Random kernels and 12x12 images of normal numbers; the pooling takes blocks of 2x2."""
    from scipy.signal import convolve2d

    rng = np.random.default_rng(0)
    image, other, first, second = *rng.normal(size=(2, 12, 12)), *rng.normal(size=(2, 3, 3))
    two = convolve2d(convolve2d(image, first, "valid"), second, "valid")
    one = convolve2d(image, convolve2d(first, second), "valid")
    gap = float(np.abs(two - one).max() / np.abs(one).max())

    def pooled(pixels: np.ndarray) -> np.ndarray:
        return getattr(pixels.reshape(6, 2, 6, 2), pool)(axis=(1, 3))

    bend = float(np.abs(pooled(image + other) - pooled(image) - pooled(other)).max())
    within = 1e-12  # rounding
    return measured(gap < within and bend > 0.1, within=within, bend=bend)


@claim(
    belief="A relation is linear if a change of one variable always brings about the same change of the other.",
    about="linear",
    verdict="true",
    sources="003",
    says="In y = 2 x + 3 each step of 1/4 in x, from -4 to 4, changes y by {change:g}, and no two of these changes "
    "differ by more than {spread:g}. Strictly, relations of this kind are called affine, and linear if y is 0 where "
    "x is.",
    unlike={"relation": "tanh"},
    page="foundations/why-nonlinearity",
)
def linear_constant_change(relation: str = "identity") -> Measured:
    """The changes of y = 2 f(x) + 3 along a grid, f being the identity."""
    changes = np.diff(2 * get(relation)(np.linspace(-4, 4, 33)) + 3)
    return measured(np.ptp(changes) == 0, change=float(changes[0]), spread=float(np.ptp(changes)))


@claim(
    belief="In a non-linear relation it looks unpredictable what a change of one variable does to the other.",
    about="activation",
    verdict="false",
    sources="003",
    says="What a change does in a non-linear relation can be foretold: in the {name}, from -10 to 10, the derivative "
    "tells the effect of every step of 0.01 to within {miss:.1e}, while these effects vary from {least:.1e} to "
    "{most:.1e}. So the effect is not of one size everywhere, but it keeps its sign, and the same input has the same "
    "answer.",
    unlike={"name": "step"},
    page="gradients/derivatives-and-backpropagation",
)
def nonlinear_looks_unpredictable(name: str = "sigmoid") -> Measured:
    """The change of f over a step beside the step times f' in its middle, at 2000 steps; and f asked twice."""
    f, x = get(name), np.linspace(-10, 10, 2001)
    effects = np.diff(f(x))
    foretold = np.diff(x) * f.derivative((x[1:] + x[:-1]) / 2)
    miss, least, most = map(float, (np.abs(effects - foretold).max(), effects.min(), effects.max()))
    alike = np.array_equal(f(x), f(x))
    return measured(alike and miss < 1e-4 * most and 0 < least < most / 2, name=name, miss=miss, least=least, most=most)
