"""Claims about the ReLU: its values, its slopes, what it can express and what it costs."""

from __future__ import annotations

from collections import Counter

import numpy as np

from actlab import peers
from actlab.claims.costs import costs
from actlab.claims.ledger import Measured, claim, measured
from actlab.core import get
from actlab.experiments import CORNERS, XOR_LABELS, cosine_data
from actlab.functions.linear import identity
from actlab.initialisers import he_normal
from actlab.network import Network, initialise
from actlab.statistics import Quantile

_SIZES = np.geomspace(1e-300, 1e300, 5000)
#: Numbers of both signs and all sizes, both zeros, both infinities and nan.
_ALL = np.concatenate([-_SIZES, _SIZES, [-0.0, 0.0, -np.inf, np.inf, np.nan]])

#: The smallest model of each family of image classifiers in ``keras.applications``, before 2019 and since.
_EARLIER = (
    "VGG16", "InceptionV3", "ResNet50", "ResNet50V2", "InceptionResNetV2", "Xception", "DenseNet121", "NASNetMobile",
    "MobileNet", "MobileNetV2",
)  # fmt: skip
_LATER = ("MobileNetV3Small", "EfficientNetB0", "EfficientNetV2B0", "ConvNeXtTiny")


@claim(
    belief="ReLU is the larger one of 0 and x.",
    about="relu",
    verdict="true",
    sources=("000", "001", "002", "nair2010rectified"),
    says="ReLU is max(0, x): at {points} float64 numbers of all sizes, with both infinities and nan, this package, "
    "Keras and NumPy's maximum give equal answers. Python's own max(0, nan) is {builtin:g}; the others answer nan.",
    unlike={"activation": "softplus"},
    page="functions/rectifiers",
    needs="tensorflow",
)
def relu_formula(activation: str = "relu") -> Measured:
    """The activation here and in Keras beside numpy.maximum(x, 0), number by number."""
    expected = np.maximum(_ALL, 0)
    answers = (get(activation)(_ALL), peers.function("keras", activation)(_ALL))
    equal = all(np.array_equal(answer, expected, equal_nan=True) for answer in answers)
    builtin = max(0, float("nan"))
    return measured(equal and builtin == 0, points=_ALL.size, builtin=builtin)


@claim(
    belief="In NumPy, a ReLU can be typed as np.where(x < 0, 0, x).",
    about="relu",
    verdict="true",
    sources="002",
    says="Typed as np.where(x < 0, 0, x), ReLU differs from np.maximum(x, 0) at {differing} of {points} numbers of "
    "all sizes, with both zeros, infinities and nan. The mirror image np.where(x > 0, x, 0) differs at {mirrored}: it "
    "turns nan into 0.",
    unlike={"condition": "x > 0"},
    page="functions/rectifiers",
)
def relu_where_form(condition: str = "x < 0") -> Measured:
    """Both ways to type it with numpy.where beside numpy.maximum(x, 0), number by number."""
    x, expected = _ALL, np.maximum(_ALL, 0)
    typed = {"x < 0": np.where(x < 0, 0, x), "x > 0": np.where(x > 0, x, 0)}
    same = {key: (value == expected) | (np.isnan(value) & np.isnan(expected)) for key, value in typed.items()}
    differing, mirrored = int(np.sum(~same[condition])), int(np.sum(~same["x > 0"]))
    return measured(differing == 0 and mirrored > 0, points=x.size, differing=differing, mirrored=mirrored)


@claim(
    belief="ReLU is simple and widely used in deep models.",
    about="relu",
    verdict="true",
    sources=("000", "001"),
    says="Of the {families} families of image classifiers that come with Keras, {relu} have ReLU or ReLU6 as their "
    "most frequent hidden activation, counted in the smallest model of each. The others most often have {others}.",
    unlike={"models": _LATER},
    page="functions/at-a-glance",
    slow=True,
    needs="tensorflow",
)
def relu_simple_popular(models: tuple[str, ...] = _EARLIER + _LATER) -> Measured:
    """The activations of all layers in untrained models of keras.applications, the last layer and linear ones aside."""
    most = [_most_frequent(model) for model in models]
    relu = sum(name in ("relu", "relu6") for name in most)
    others = sorted({name for name in most if name not in ("relu", "relu6")})
    return measured(2 * relu > len(models), families=len(models), relu=relu, others=", ".join(others) or "no other")


def _most_frequent(model: str) -> str:
    from actlab.tf import keras

    found, library = Counter(), keras()
    with library.StatelessScope(initialize_variables=False):  # layers without the numbers of their weights
        layers = getattr(library.applications, model)(weights=None).layers[:-1]
    for layer in layers:
        if isinstance(layer, library.layers.ReLU):
            found["relu" if layer.max_value is None else f"relu{layer.max_value:g}"] += 1
        elif (activation := getattr(layer, "activation", None)) is not None:
            found[activation.__name__] += 1
    del found["linear"]
    return found.most_common(1)[0][0]


@claim(
    belief="The derivative of ReLU is 1 for positive x, and 0 for negative x and at 0.",
    about="relu",
    verdict="imprecise",
    sources=("001", "004"),
    says="ReLU is said to have the derivative 0 at x = 0. It has none there: difference quotients are {left:g} from "
    "the left and {right:g} from the right. The number {chosen:g} that TensorFlow returns at 0 is a convention; at "
    "1e-300 it returns {above:g} and at -1e-300 {below:g}.",
    unlike={"activation": "elu"},
    page="gradients/derivatives-and-backpropagation",
    needs="tensorflow",
)
def relu_derivative(activation: str = "relu") -> Measured:
    """Difference quotients on both sides of 0, and the slopes of TensorFlow's tape at 0 and next to it."""
    f, h = get(activation), 2.0**-40
    left, right = (f(0.0) - f(-h)) / h, (f(h) - f(0.0)) / h
    below, chosen, above = peers.function("keras", activation, order=1)(np.array([-1e-300, 0.0, 1e-300]))
    holds = right - left == 1 and (below, chosen, above) == (0, 0, 1)
    return measured(holds, left=left, right=right, below=below, chosen=chosen, above=above)


@claim(
    belief="The gradient of ReLU only ever takes two values, 0 and 1.",
    about="relu",
    verdict="true",
    sources="004",
    says="At {points} standard normal numbers, TensorFlow's slopes of ReLU take {count} values: {values}.",
    unlike={"activation": "leaky_relu"},
    page="gradients/derivatives-and-backpropagation",
    needs="tensorflow",
)
def relu_gradient_two_values(activation: str = "relu") -> Measured:
    """The distinct slopes that TensorFlow's tape returns at random numbers."""
    x = np.random.default_rng(0).normal(size=100_000)
    slopes = np.unique(peers.function("keras", activation, order=1)(x))
    values = " and ".join(f"{slope:g}" for slope in slopes[:2])
    return measured(slopes.tolist() == [0, 1], points=x.size, count=slopes.size, values=values)


@claim(
    belief="ReLU is faster and simpler to compute than a sigmoid, since it needs no exponential.",
    about="relu",
    verdict="depends",
    sources=("002", "004"),
    says="It is faster; by how much depends on who computes. On a million float32 numbers, on one thread, a call of "
    "ReLU takes {numpy:.0%} of the time of the sigmoid typed in NumPy, {keras:.0%} in Keras, {jit:.0%} in compiled JAX "
    "and {torch:.0%} in PyTorch (recorded benchmark: medians of {runs} runs, with intervals).",
    unlike={"function": "gelu_tanh"},
    page="practice/speed",
)
def relu_faster_compute(function: str = "relu") -> Measured:
    """Recorded processor time of one call, divided by that of the sigmoid in the same hands."""
    by = {"numpy": "textbook", "keras": "keras", "jit": "jax.jit", "torch": "torch"}
    shares = {name: costs(function, who, of="sigmoid") for name, who in by.items()}
    return measured(max(share.value for share in shares.values()) < 0.9, **shares, runs=shares["torch"].n)


@claim(
    belief="ReLU is non-linear.",
    about="relu",
    verdict="true",
    sources=("003", "004"),
    says="ReLU is not linear: f(3) + f(-3) is {sum:g}, and f(3 - 3) is {at_sum:g}.",
    unlike={"activation": "identity"},
    page="foundations/why-nonlinearity",
)
def relu_nonlinear(activation: str = "relu") -> Measured:
    """The sum of the answers to 3 and to -3, and the answer to their sum."""
    f = get(activation)
    together, at_sum = f(3.0) + f(-3.0), f(0.0)
    return measured(together != at_sum, sum=together, at_sum=at_sum)


@claim(
    belief="A function is non-linear exactly if its first derivative is not constant.",
    about=("activation", "linear", "step"),
    verdict="imprecise",
    sources="004",
    says="A function is said to be non-linear exactly if its derivative is not constant. The step's is {slope:g} "
    "wherever it has one, and still f(p + q) - f(p) - f(q) + f(0) reaches {gap:g} in size. The derivative of 2x + 3 "
    "is {line:g} everywhere, and still f(1) + f(2) is {sum:g} where f(3) is {at_sum:g}: the line is affine, but not "
    "linear.",
    unlike={"activation": "relu"},
    page="foundations/why-nonlinearity",
)
def relu_nonlinearity_definition(activation: str = "step") -> Measured:
    """Slopes at 1000 numbers, additivity on a grid of pairs, and both for the straight line 2x + 3."""
    f, x = get(activation), np.linspace(-3, 3, 1000)
    slopes = np.unique(f.derivative(x))
    gap = float(np.abs(f(x + x[:, None]) - f(x) - f(x)[:, None] + f(0.0)).max())
    a, b = 2.0, 3.0
    net = Network((np.array([[[a]]]),), (np.array([[[b]]]),), identity)
    one, two, three = net(np.array([[1.0], [2.0], [3.0]])).ravel()
    holds = slopes.size == 1 and gap > 0.5 and three - two == two - one == a and one + two != three
    return measured(holds, slope=slopes[0], gap=gap, line=two - one, sum=one + two, at_sum=three)


@claim(
    belief="The non-linearity of ReLU has a corner, where those of sigmoid and tanh are smooth.",
    about=("relu", "sigmoid", "tanh"),
    verdict="true",
    sources="004",
    says="Between points a millionth apart on [-3, 3] the slope of ReLU changes by up to {jump:g}: it jumps at 0. The "
    "slopes of sigmoid and tanh change by at most {smooth:.1e}.",
    unlike={"activation": "softplus"},
    page="functions/rectifiers",
)
def relu_not_smooth(activation: str = "relu") -> Measured:
    """The largest change of the slope from 6001 points on [-3, 3], 0 among them, to points a millionth to the right."""
    x, h = np.linspace(-3, 3, 6001), 1e-6
    jumps = {name: np.abs(np.diff(get(name).derivative([x, x + h]), axis=0)).max() for name in ("sigmoid", "tanh")}
    jump = np.abs(np.diff(get(activation).derivative([x, x + h]), axis=0)).max()
    smooth = max(jumps.values())
    return measured(smooth < h < 0.5 < jump, jump=jump, smooth=smooth)


@claim(
    belief="ReLU lets a network capture more complex patterns.",
    about="relu",
    verdict="true",
    sources="003",
    says="With {units} hidden ReLUs, relu(x + y) - 2 relu(x + y - 1) is exclusive or at the four corners of the unit "
    "square: the largest error is {error:g}. The best affine function has a mean squared error of {affine:.2f}, which "
    "is that of answering 1/2 everywhere.",
    unlike={"hidden": "identity"},
    page="foundations/why-nonlinearity",
    side="pro",
)
def relu_captures(hidden: str = "relu") -> Measured:
    """A network with two hidden units and weights given by hand, beside the least squares of an affine function."""
    weights = (np.array([[[1.0, 1.0], [1.0, 1.0]]]), np.array([[[1.0], [-2.0]]]))
    net = Network(weights, (np.array([[[0.0, -1.0]]]), np.zeros((1, 1, 1))), get(hidden))
    error = float(np.abs(net(CORNERS)[0, :, 0] - XOR_LABELS).max())
    columns = np.column_stack([CORNERS, np.ones(len(CORNERS))])
    best = columns @ np.linalg.lstsq(columns, XOR_LABELS)[0]
    affine = float(np.mean(np.square(best - XOR_LABELS)))
    return measured(error == 0 and affine > 0.2, units=net.widths[1], error=error, affine=affine)


@claim(
    belief="What a ReLU answers can become very large.",
    about="relu",
    verdict="true",
    sources="003",
    says="A ReLU has no ceiling: after {depth} layers of width {width}, with normal weights of three times He's "
    "deviation, the largest activation for 20 normal inputs is {median:.1e} in the median of {n} networks (95 % "
    "interval {low:.1e} to {high:.1e}). With ReLU6 it is {capped:g}.",
    unlike={"activation": "relu6"},
    page="functions/rectifiers",
    side="con",
)
def relu_unbounded(activation: str = "relu") -> Measured:
    """The largest activation in the last hidden layer of untrained networks without biases."""
    depth, width, networks = 20, 64, 40
    largest = {}
    for name in (activation, "relu6"):
        start = {"networks": networks, "initialiser": he_normal.with_scale(9 * he_normal.scale)}
        net = initialise((width,) * (depth + 2), name, **start)
        x = np.random.default_rng(1).normal(size=(20, width))
        largest[name] = net.forward(x).activations[-2].max(axis=(1, 2))
    middle, capped = Quantile.of(largest[activation]), float(largest["relu6"].max())
    return measured(
        middle.low > 1e6 and capped == 6,
        depth=depth, width=width, median=middle.value, n=middle.n, low=middle.low, high=middle.high, capped=capped,
    )  # fmt: skip


@claim(
    belief="Since ReLU lets no negative values through, it may miss some patterns.",
    about="relu",
    verdict="imprecise",
    sources="003",
    says="Hidden ReLUs miss nothing for want of negative answers, as output weights may be negative: relu(x) - "
    "relu(-x) is x and -relu(x) - relu(-x) is -|x|, with errors of {line:g} and {roof:g} at {points} points of [-10, "
    "10]. It is an output ReLU that misses: on cos(x) over a period it cannot get below a mean squared error of "
    "{floor:.3f}.",
    unlike={"activation": "relu6"},
    page="functions/rectifiers",
)
def relu_no_negatives_misses(activation: str = "relu") -> Measured:
    """Two sums of two units beside what they should be, and the error that the range of an output unit leaves."""
    f, x = get(activation), np.linspace(-10, 10, 2001)
    line = float(np.abs(f(x) - f(-x) - x).max())
    roof = float(np.abs(-f(x) - f(-x) + np.abs(x)).max())
    y = np.cos(cosine_data()[0])
    within = np.clip(y, f.properties.infimum, f.properties.supremum)
    floor = float(np.mean(np.square(y - within)))
    return measured(line == roof == 0 and floor > 0.2, line=line, roof=roof, floor=floor, points=x.size)


@claim(
    belief="What a ReLU answers is not centred at zero.",
    about="relu",
    verdict="true",
    sources=("002", "004", "clevert2016fast"),
    says="A ReLU's answers are not centred at 0: to standard normal numbers their mean is {mean:.4f}, which is 1 over "
    "the square root of 2 pi; that of tanh is {tanh:g}.",
    unlike={"activation": "tanh"},
    page="functions/rectifiers",
    side="con",
)
def relu_not_zero_mean(activation: str = "relu") -> Measured:
    """The mean of the activation of a standard normal number, as an integral."""
    mean, tanh = get(activation).properties.mean, get("tanh").properties.mean + 0.0
    holds = abs(mean - 1 / np.sqrt(2 * np.pi)) < 1e-12 and get("tanh").properties.zero_centred
    return measured(holds, mean=mean, tanh=round(tanh, 12))


@claim(
    belief="ReLU does away with the drawbacks of sigmoid and tanh.",
    about=("relu", "sigmoid", "tanh"),
    verdict="false",
    sources="002",
    says="ReLU is said to have none of the drawbacks of sigmoid and tanh. Two of them it keeps: it saturates on the "
    "left, with a slope of exactly 0 for {flat:.0%} of standard normal numbers, and its mean answer to these is not 0 "
    "but {mean:.3f}. That of sigmoid is {sigmoid:.3f}; tanh, whose mean is {tanh:g}, does not have this second "
    "drawback.",
    unlike={"activation": "tanh"},
    page="functions/rectifiers",
)
def relu_fixes_both(activation: str = "relu") -> Measured:
    """Saturation, and the mean answer and the share of zero slopes at standard normal numbers, from the properties."""
    found, sigmoid, tanh = (get(name).properties for name in (activation, "sigmoid", "tanh"))
    holds = found.saturates_left and found.dead_share > 0 and not found.zero_centred and tanh.zero_centred
    return measured(holds, flat=found.dead_share, mean=found.mean, sigmoid=sigmoid.mean, tanh=round(tanh.mean, 12))


@claim(
    belief="ReLU6 is ReLU cut off at 6: the smaller one of 6 and ReLU.",
    about="relu6",
    verdict="true",
    sources=("004", "krizhevsky2010convolutional"),
    says="ReLU6 is min(6, max(0, x)): at {points} float64 numbers of all sizes, with both infinities and nan, this "
    "package and Keras agree with it. Its slopes in TensorFlow at -1, 0, 3, 5.999, 6 and 7 are {slopes}.",
    unlike={"activation": "relu"},
    page="functions/rectifiers",
    needs="tensorflow",
)
def relu6_definition(activation: str = "relu6") -> Measured:
    """The activation here and in Keras beside NumPy's minimum and maximum, and slopes by TensorFlow's tape."""
    expected = np.minimum(6, np.maximum(0, _ALL))
    answers = (get(activation)(_ALL), peers.function("keras", activation)(_ALL))
    equal = all(np.array_equal(answer, expected, equal_nan=True) for answer in answers)
    slopes = peers.function("keras", activation, order=1)(np.array([-1.0, 0.0, 3.0, 5.999, 6.0, 7.0]))
    holds = equal and slopes.tolist() == [0, 0, 1, 1, 0, 0]
    return measured(holds, points=_ALL.size, slopes=", ".join(f"{slope:g}" for slope in slopes))
