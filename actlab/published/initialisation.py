"""Initial weights: Glorot and Bengio (2010), He et al. (2015), and the gains that PyTorch's users are given."""

from __future__ import annotations

import math

import numpy as np

from actlab import meanfield
from actlab.core import Elementwise
from actlab.experiments.gradient_flow import GradientFlow, gradient_flow
from actlab.experiments.jacobian import layer_singular_values
from actlab.functions.linear import identity
from actlab.functions.rectifiers import leaky_relu, relu, selu
from actlab.functions.sigmoidal import sigmoid, tanh
from actlab.initialisers import Initialiser, glorot_uniform, he_normal, pytorch_uniform
from actlab.published.record import Finding, Near, Rounded, published
from actlab.statistics import Mean

_GLOROT = "glorot2010understanding"
_HE = "he2015delving"
_PYTORCH = "pytorch2019gain"
_E_IN_A_HUNDRED = "one per cent a layer is a factor of e in a hundred layers"
_TEN_LAYERS = "a tenth of what a layer changes without the equation"


@published(
    _GLOROT,
    where="equation 16",
    quantity="Variance of a weight of the normalised initialisation times half the sum of fan_in and fan_out.",
    claim=Near(1.0, 0.01, "one per cent of a sample of 150,000 weights"),
)
def glorot_variance(seed=0):
    """Mean square of the weights of one layer of 300 inputs and 500 outputs."""
    weights = glorot_uniform(np.random.default_rng(seed), 300, 500)
    return Mean.of(weights.ravel() ** 2 * 400)


@published(
    _GLOROT,
    where="equations 1 and 15",
    quantity="Variance of a weight of the usual heuristic, uniform within 1 / sqrt(n), times n: 1/3.",
    claim=Near(1 / 3, 0.0033, "one per cent of a sample of 150,000 weights", "1/3"),
)
def glorot_heuristic(seed=0):
    """Mean square of the weights of one layer of 300 inputs and 500 outputs, by PyTorch's rule, which is the same."""
    weights = pytorch_uniform(np.random.default_rng(seed), 300, 500)
    return Mean.of(weights.ravel() ** 2 * 300)


def _mean_singular_value(rule: Initialiser, seed: int) -> Mean:
    return layer_singular_values(
        identity, depth=1, width=500, networks=20, initialiser=rule, seed=seed
    ).mean_singular_value


@published(
    _GLOROT,
    where="section 4.2",
    quantity="Average singular value of a layer's Jacobian with the normalised initialisation.",
    claim=Rounded("0.8"),
)
def glorot_singular_value(seed=0):
    """Mean over 20 matrices of width 500, without the slope, which is 1 for tanh near 0."""
    return _mean_singular_value(glorot_uniform, seed)


@published(
    _GLOROT,
    where="section 4.2",
    quantity="Average singular value of a layer's Jacobian with the usual heuristic.",
    claim=Rounded("0.5"),
)
def glorot_heuristic_singular_value(seed=0):
    """Mean over 20 matrices of width 500, without the slope, which is 1 for tanh near 0."""
    return _mean_singular_value(pytorch_uniform, seed)


def _tanh_flow(seed: int) -> GradientFlow:
    """tanh networks with the heuristic's weights, with signals so small that the slope is 1, as the paper supposes."""
    return gradient_flow(
        tanh, depth=10, width=200, networks=40, initialiser=pytorch_uniform, sigma_b2=0.0, q0=1e-4, seed=seed
    )


@published(
    _GLOROT,
    where="section 4.2.1, the heuristic",
    quantity="Logarithm of the factor of the back-propagated gradient's variance in each layer, "
    "with the usual heuristic: ln(1/3).",
    claim=Near(math.log(1 / 3), 0.1, _TEN_LAYERS, "-1.0986, ln(1/3)"),
)
def glorot_backpropagated(seed=0):
    """Mean slope over ten layers of 40 networks of width 200; logarithms, since products over layers are skewed."""
    return _tanh_flow(seed).log_chi_between(1, 10)


@published(
    _GLOROT,
    where="equation 14",
    quantity="Logarithm of the factor of the weight gradient's variance in each layer, all the same: it is equal "
    "in all layers although the back-propagated gradient shrinks.",
    claim=Near(0.0, 0.1, _TEN_LAYERS),
)
def glorot_weight_gradients(seed=0):
    """Mean slope over ten layers of 40 networks of width 200; logarithms, since products over layers are skewed."""
    logs = _tanh_flow(seed).weight_log_norms
    return Mean.of(2 * (logs[:, 0] - logs[:, -1]) / 9)


@published(
    _HE,
    where="equation 10",
    quantity="Variance of a weight times fan_in that keeps the mean square through ReLUs: 2.",
    claim=Near(2.0, 1e-9, "the quadrature"),
)
def he_variance():
    """One over the mean square of the ReLU of a standard normal number, by integration."""
    return float(meanfield.gain(relu)) ** 2


@published(
    _HE,
    where="equation 15",
    quantity="The same for a PReLU of slope a = 0.25 below 0: 2 / (1 + a^2).",
    claim=Near(2 / (1 + 0.25**2), 1e-9, "the quadrature", "1.88235"),
)
def he_prelu_variance():
    """One over the mean square of the leaky ReLU of a standard normal number, by integration."""
    return float(meanfield.gain(leaky_relu.with_params(negative_slope=0.25))) ** 2


@published(
    _HE,
    where="section 2.2",
    quantity="Deviation of the weights for 3 x 3 filters and 64 channels.",
    claim=Rounded("0.059"),
)
def he_filters():
    """The square root of the rule's variance for 9 x 64 inputs."""
    return math.sqrt(he_normal.variance(9 * 64, 64))


@published(
    _HE,
    where="section 2.2",
    quantity="How much smaller the gradient in conv2 of a VGG with ten layers is "
    "if all weights have a deviation of 0.01.",
    claim=Rounded("1.7e4"),
)
def he_vgg():
    """The product over the layers of the deviation that the rule asks for, over 0.01."""
    layers = {64: 1, 128: 2, 256: 2, 512: 4}
    return math.prod((math.sqrt(he_normal.variance(9 * n, n)) / 0.01) ** count for n, count in layers.items())


def _log_growth(rule: Initialiser, seed: int) -> Mean:
    flow = gradient_flow(relu, depth=30, width=300, networks=80, initialiser=rule, batch=4, seed=seed)
    return Mean.of(np.log(flow.mean_squares[:, -1] * 2 / flow.q[:, 0]))


_SPREAD = "the logarithm of such a product lies 2.5 L / n, here 0.25, below that of its mean (Hanin and Nica), twice"


@published(
    _HE,
    where="section 2.2, against the initialisation of Glorot and Bengio",
    quantity="Logarithm of the mean square that thirty ReLU layers leave with that initialisation: half in each layer.",
    claim=Near(-29 * math.log(2), 0.6, _SPREAD, "-20.10, that of 2^-29 from the first layer on"),
)
def he_thirty_layers_glorot(seed=0):
    """Mean over 80 networks of width 300, from the first layer to the last."""
    return _log_growth(glorot_uniform, seed)


@published(
    _HE,
    where="equation 10",
    quantity="Logarithm of the mean square that thirty ReLU layers leave with the paper's initialisation: all of it.",
    claim=Near(0.0, 0.6, _SPREAD),
)
def he_thirty_layers(seed=0):
    """Mean over 80 networks of width 300, from the first layer to the last."""
    return _log_growth(he_normal, seed)


@published(
    _PYTORCH,
    where="calculate_gain, leaky ReLU",
    quantity="PyTorch's gain for the leaky ReLU of slope 0.2: the root of 2 / (1 + 0.2^2).",
    claim=Near(math.sqrt(2 / 1.04), 1e-9, "the quadrature", "1.38675"),
)
def pytorch_leaky_gain():
    """The gain that keeps the mean square of a standard normal number, by integration."""
    return float(meanfield.gain(leaky_relu.with_params(negative_slope=0.2)))


@published(
    _PYTORCH,
    where="calculate_gain, tanh",
    quantity="The gain for tanh that keeps a mean square of 1.",
    claim=Near(5 / 3, 0.0167, "one per cent", "5/3"),
    finding=Finding(Rounded("1.593"), "5/3 is larger: the mean square of a signal settles above 1."),
)
def pytorch_tanh_gain():
    """One over the root of the mean square for a standard normal number, by integration."""
    return float(meanfield.gain(tanh))


@published(
    _PYTORCH,
    where="calculate_gain, tanh",
    quantity="Factor of the mean squared gradient in each layer with PyTorch's gain for tanh, 5/3.",
    claim=Near(1.0, 0.01, _E_IN_A_HUNDRED, "1, if the gain keeps gradients"),
    finding=Finding(Rounded("1.210"), "The gradient grows by a fifth in each layer, which no depth settles."),
)
def pytorch_tanh_gradient():
    """chi_1 at the fixed point of the length map, for weights of variance (5/3)^2 / fan_in."""
    return meanfield.analyse(tanh, sigma_w2=(5 / 3) ** 2).chi1


@published(
    _PYTORCH,
    where="calculate_gain, SELU",
    quantity="Factor of the mean squared gradient in each layer with PyTorch's gain for SELU, 3/4, "
    "which was chosen since gradients through a hundred layers stay.",
    claim=Near(1.0, 0.01, _E_IN_A_HUNDRED),
)
def pytorch_selu():
    """chi_1 at the fixed point of the length map, for weights of variance (3/4)^2 / fan_in."""
    return meanfield.analyse(selu, sigma_w2=0.75**2).chi1


def _centred_gain(activation: Elementwise) -> float:
    return activation.properties.variance**-0.5


_CENTRED = (
    "The list divides by the deviation, from which the mean is taken off. "
    "The next layer receives the mean too, so that it is the mean square which has to be kept."
)


@published(
    _PYTORCH,
    where="the list of gains",
    quantity="The gain for the ReLU that keeps the mean square.",
    claim=Near(1.7068, 0.017, "one per cent of a sample of 100,000 numbers"),
    finding=Finding(Rounded("1.4142"), _CENTRED),
)
def pytorch_relu_gain():
    """One over the root of the mean square for a standard normal number, by integration."""
    return float(meanfield.gain(relu))


@published(
    _PYTORCH,
    where="the list of gains",
    quantity="The gain for the sigmoid that keeps the mean square.",
    claim=Near(4.8091, 0.048, "one per cent of a sample of 100,000 numbers"),
    finding=Finding(Rounded("1.8462"), _CENTRED),
)
def pytorch_sigmoid_gain():
    """One over the root of the mean square for a standard normal number, by integration."""
    return float(meanfield.gain(sigmoid))


@published(
    _PYTORCH,
    where="the list of gains",
    quantity="The gain for the ReLU that keeps the deviation about the mean, which the list computes.",
    claim=Near(1.7068, 0.017, "one per cent of a sample of 100,000 numbers"),
)
def pytorch_relu_centred():
    """One over the deviation for a standard normal number, by integration."""
    return _centred_gain(relu)


@published(
    _PYTORCH,
    where="the list of gains",
    quantity="The gain for tanh, whose mean is 0, so that both readings agree.",
    claim=Near(1.5976, 0.016, "one per cent of a sample of 100,000 numbers"),
)
def pytorch_tanh_listed():
    """One over the root of the mean square for a standard normal number, by integration."""
    return float(meanfield.gain(tanh))
