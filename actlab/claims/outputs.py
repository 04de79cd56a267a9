"""Claims about the last layer, normalisation, cost and low precision: what a choice has to reckon with."""

from __future__ import annotations

import numpy as np

from actlab import functions
from actlab.claims.costs import cost
from actlab.claims.ledger import Measured, claim, measured
from actlab.core import get
from actlab.experiments import GradientFlow, gradient_flow, quantisation_errors
from actlab.experiments.cosine import cosine_data
from actlab.losses import SOFTMAX_CROSS_ENTROPY
from actlab.speed import digits as digits_speed
from actlab.statistics import Quantile

PAGE = "practice/choosing-an-activation"


@claim(
    belief="How well a gradient passes through a deep network is a matter of the activation's slope.",
    about=("depth", "gradient"),
    verdict="imprecise",
    sources="001",
    says="With layer normalisation and a residual connection in each of {depth} layers, the gradient at the first "
    "layer is within {within:.1f} decades of that at the last for all of {functions}; in the plain network, by "
    "Glorot's start, it has lost up to {plain:.1f} decades (medians of {networks} networks of width 128, with 95 % "
    "intervals, which the bound includes).",
    unlike={"layer_norm": False},
    page=PAGE,
)
def normalised_residual_layers_carry_any_gradient(layer_norm: bool = True) -> Measured:
    """Decades between the gradient norms at the first and the last of 50 layers, with and without both remedies."""
    names, how = ("sigmoid", "tanh", "relu", "gelu"), {"depth": 50, "width": 128, "networks": 10}
    mended = [_lost(gradient_flow(name, layer_norm=layer_norm, residual=True, **how)) for name in names]
    plain = max((_lost(gradient_flow(name, **how)) for name in names), key=lambda lost: lost.value)
    within = max(max(-lost.low, lost.high) for lost in mended)
    listed = ", ".join(names)
    sizes = {"depth": how["depth"], "networks": how["networks"]}
    return measured(within < 1 and plain.low > 5, within=within, plain=plain, functions=listed, **sizes)


def _lost(flow: GradientFlow) -> Quantile:
    """The decades by which the gradient norm at the first layer is below that at the last: the median network."""
    return Quantile.of((flow.log_norms[:, -1] - flow.log_norms[:, 0]) / np.log(10))


@claim(
    belief="A classifier ends with a softmax layer, and the loss is the logarithm of what that answers.",
    about="softmax",
    verdict="imprecise",
    sources="000",
    says="In float32, with the right class {gap:g} below the other one: softmax, then the logarithm, gives a loss of "
    "{two_steps:g} and a slope of {detour:g}; in one step, from the logits, the loss is {loss:g} and the slope "
    "{slope:g}, as it should be.",
    unlike={"gap": 5.0},
    page=PAGE,
)
def take_the_loss_from_the_logits(gap: float = 120.0) -> Measured:
    """Loss and slope by the right class' logit, from the probability as 1/p times its slope, and fused."""
    logits = np.array([[0.0, gap]], np.float32)
    loss, gradient = SOFTMAX_CROSS_ENTROPY.evaluate(logits, np.array([[0]]), -1)
    with np.errstate(all="ignore"):
        powers = np.exp(logits - logits.max())
        p = (powers / powers.sum())[0, 0]
        two_steps = -np.log(p)
        detour = -1 / p * (p * (1 - p))
    values = {"two_steps": two_steps, "detour": detour, "loss": loss[0, 0], "slope": gradient[0, 0]}
    right = abs(loss[0, 0] - gap) < 1e-3 and abs(gradient[0, 0] + 1) < 1e-3
    return measured(right and not np.isfinite(two_steps) and not np.isfinite(detour), gap=gap, **values)


@claim(
    belief="A sigmoid output goes with any loss.",
    about="sigmoid",
    verdict="false",
    sources=(),
    says="A sigmoid output that is wrong at a logit of {z:g} gets, from the squared error, a slope of {squared:.1e}, "
    "and from the logarithmic loss {logarithmic:.4f}: the squared error passes {times:,.0f} times less.",
    unlike={"z": -0.5},
    page=PAGE,
)
def a_sigmoid_output_wants_the_logarithmic_loss(z: float = -10.0) -> Measured:
    """Slopes by the logit of (s - 1)^2 and of -log s, where 1 would have been right."""
    s, slope = (f(z) for f in (functions.sigmoidal.sigmoid, functions.sigmoidal.sigmoid.derivative))
    squared = 2 * (s - 1) * slope
    logarithmic = -functions.sigmoidal.log_sigmoid.derivative(z)
    times = logarithmic / squared
    return measured(times > 100, z=z, squared=squared, logarithmic=logarithmic, times=times)


@claim(
    belief="An output unit can have the activation of the hidden layers.",
    about=("identity", "relu"),
    verdict="imprecise",
    sources=(),
    says="The best that an output unit with {activation} can do for targets cos x over one period is a mean squared "
    "error of {floor:.3f}; as an identity it can answer every number. Targets that take any value want the "
    "identity.",
    unlike={"activation": "identity"},
    page=PAGE,
)
def regression_wants_an_identity_at_the_end(activation: str = "relu") -> Measured:
    """The mean squared distance of cos x to the range of the activation, on the points of the cosine fit."""
    _, y = cosine_data()
    properties = get(activation).properties
    nearest = np.clip(y - 1, properties.infimum, properties.supremum)
    floor = float(np.mean(np.square(nearest - (y - 1))))
    return measured(floor > 0.01, activation=activation, floor=floor)


@claim(
    belief="ReLU6 is robust where numbers have few bits.",
    about=("relu6", "relu"),
    verdict="true",
    sources="sandler2018mobilenetv2",
    says="Answers to normal inputs, rounded to {bits} bits over the range that is seen: one outlier of {outlier:g} "
    "makes the error of ReLU {relu:.0f} times as large, that of {activation} {bounded:.1f} times; without "
    "outliers the two differ by a factor of {alike:.2f} (medians of {repeats} repeats, with 95 % intervals).",
    unlike={"activation": "leaky_relu"},
    page=PAGE,
)
def a_bound_protects_the_bits_from_outliers(activation: str = "relu6", outlier: float = 100.0) -> Measured:
    """Root mean square errors of rounded answers, with and without one large input in the range."""

    def errors(name: str, outlier: float) -> np.ndarray:
        return quantisation_errors(name, bits=(7, 8), outlier=outlier, repeats=repeats).errors[-1]

    bits, repeats = 8, 50
    relu, bounded = (Quantile.of(errors(name, outlier) / errors(name, 0.0)) for name in ("relu", activation))
    alike = Quantile.of(errors(activation, 0.0) / errors("relu", 0.0))
    settings = {"activation": activation, "outlier": outlier, "bits": bits, "repeats": repeats}
    held = relu.low > 5 * bounded.high and 0.5 < alike.low and alike.high < 2
    return measured(held, relu=relu, bounded=bounded, alike=alike, **settings)


@claim(
    belief="GELU is costly to compute.",
    about=("gelu", "relu"),
    verdict="depends",
    sources="004",
    says="A million float32 numbers cost GELU {lowest:.0f} to {highest:.0f} times as much as ReLU in TensorFlow, "
    "PyTorch and compiled JAX on one thread. A whole Keras training on digits, with {depths} hidden layers of 32 "
    "units, takes {least:.1f} to {most:.1f} times as long, which {rounds} rounds can hardly tell from one; our own "
    "training of many networks at once, where the activation weighs more, {ours:.1f} times (median over depths).",
    unlike={"activation": "leaky_relu"},
    page=PAGE,
)
def gelu_costs_little_of_a_training(activation: str = "gelu") -> Measured:
    """Recorded times of calls and of Keras trainings, each as a multiple of ReLU's in the same run."""
    calls = [cost(activation, by) for by in ("keras", "torch", "jax.jit")]
    pairs = {(pair.activation, pair.depth): pair for pair in digits_speed.read()}
    depths = sorted(depth for name, depth in pairs if name == "gelu")
    trainings = [np.median(pairs["gelu", d].keras) / np.median(pairs["relu", d].keras) for d in depths]
    values = {"lowest": min(calls), "highest": max(calls), "least": min(trainings), "most": max(trainings)}
    rounds = len(pairs["gelu", depths[0]].keras)
    ours = float(np.median([np.median(pairs["gelu", d].actlab) / np.median(pairs["relu", d].actlab) for d in depths]))
    held = min(calls) > 2 and max(trainings) < 1.5
    return measured(held and ours > 2, depths=f"{depths[0]} to {depths[-1]}", rounds=rounds, ours=ours, **values)
