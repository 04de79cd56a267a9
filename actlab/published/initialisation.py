"""Initial weights: Glorot and Bengio (2010), He et al. (2015), and gains that PyTorch and a user of it give."""

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
_PYTORCH = "pytorch2026init"
_LIST = "andreaskoepf2019gains"
_E_IN_A_HUNDRED = "one per cent a layer is a factor of e in a hundred layers"
_DRAWN = "one per cent of a sample of 100,000 numbers"
_TEN_LAYERS = "a tenth of what a layer changes without the equation"


@published(
    _GLOROT,
    where="equation 16",
    basis="equation",
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
    basis="equation",
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
    basis="printed",
    quantity="Average singular value of a layer's Jacobian with the normalised initialisation.",
    claim=Rounded("0.8"),
)
def glorot_singular_value(seed=0):
    """Mean over 20 matrices of width 500, without the slope, which is 1 for tanh near 0."""
    return _mean_singular_value(glorot_uniform, seed)


@published(
    _GLOROT,
    where="section 4.2",
    basis="printed",
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
    where="section 4.2, the heuristic",
    basis="equation",
    quantity="Logarithm of the factor of the back-propagated gradient's variance in each layer, "
    "with the usual heuristic: ln(1/3).",
    claim=Near(math.log(1 / 3), 0.1, _TEN_LAYERS, "-1.0986"),
)
def glorot_backpropagated(seed=0):
    """Mean slope over ten layers of 40 networks of width 200; logarithms, since products over layers are skewed."""
    return _tanh_flow(seed).log_chi_between(1, 10)


@published(
    _GLOROT,
    where="equation 14",
    basis="equation",
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
    basis="equation",
    quantity="Variance of a weight times fan_in that keeps the mean square through ReLUs: 2.",
    claim=Near(2.0, 1e-9, "the quadrature"),
)
def he_variance():
    """One over the mean square of the ReLU of a standard normal number, by integration."""
    return float(meanfield.gain(relu)) ** 2


@published(
    _HE,
    where="equation 15",
    basis="equation",
    quantity="The same for a PReLU of slope a = 0.25 below 0: 2 / (1 + a^2).",
    claim=Near(2 / (1 + 0.25**2), 1e-9, "the quadrature", "1.88235"),
)
def he_prelu_variance():
    """One over the mean square of the leaky ReLU of a standard normal number, by integration."""
    return float(meanfield.gain(leaky_relu.with_params(negative_slope=0.25))) ** 2


@published(
    _HE,
    where="section 2.2",
    basis="printed",
    quantity="Deviation of the weights for 3 x 3 filters and 64 channels.",
    claim=Rounded("0.059"),
)
def he_filters():
    """The square root of the rule's variance for 9 x 64 inputs."""
    return math.sqrt(he_normal.variance(9 * 64, 64))


@published(
    _HE,
    where="section 2.2",
    basis="printed",
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
    basis="equation",
    quantity="Logarithm of the mean square that thirty ReLU layers leave with that initialisation, "
    "from the first to the last: 29 ln(1/2).",
    claim=Near(-29 * math.log(2), 0.5, _SPREAD, "-20.10"),
)
def he_thirty_layers_glorot(seed=0):
    """Mean over 80 networks of width 300, from the first layer to the last."""
    return _log_growth(glorot_uniform, seed)


@published(
    _HE,
    where="equation 10",
    basis="equation",
    quantity="Logarithm of the mean square that thirty ReLU layers leave with the paper's initialisation, "
    "from the first to the last: 0.",
    claim=Near(0.0, 0.5, _SPREAD),
)
def he_thirty_layers(seed=0):
    """Mean over 80 networks of width 300, from the first layer to the last."""
    return _log_growth(he_normal, seed)


@published(
    _PYTORCH,
    where="calculate_gain, leaky ReLU",
    basis="equation",
    quantity="PyTorch's gain for the leaky ReLU of slope 0.2: the root of 2 / (1 + 0.2^2).",
    claim=Near(math.sqrt(2 / 1.04), 1e-9, "the quadrature", "1.38675"),
)
def pytorch_leaky_gain():
    """The gain that keeps the mean square of a standard normal number, by integration."""
    return float(meanfield.gain(leaky_relu.with_params(negative_slope=0.2)))


@published(
    _PYTORCH,
    where="calculate_gain, tanh",
    basis="reading",
    quantity="PyTorch's recommended gain for tanh, if it is to keep a mean square of 1.",
    claim=Near(5 / 3, 0.0167, "one per cent", "5/3"),
    finding=Finding(Rounded("1.593"), "5/3 is larger: the mean square of a pre-activation settles above 1."),
)
def pytorch_tanh_gain():
    """One over the root of the mean square for a standard normal number, by integration."""
    return float(meanfield.gain(tanh))


@published(
    _PYTORCH,
    where="calculate_gain, tanh",
    basis="reading",
    quantity="Factor of the mean squared gradient in each layer with PyTorch's gain for tanh, 5/3: "
    "1 if it is to keep gradients too.",
    claim=Near(1.0, 0.01, _E_IN_A_HUNDRED),
    finding=Finding(Rounded("1.210"), "The gradient grows by a fifth in each layer, which no depth settles."),
)
def pytorch_tanh_gradient():
    """The chi_1 at the fixed point of the length map, for weights of variance (5/3)^2 / fan_in."""
    return meanfield.analyse(tanh, sigma_w2=(5 / 3) ** 2).chi1


@published(
    _PYTORCH,
    where="calculate_gain, SELU",
    basis="reading",
    quantity="Factor of the mean squared gradient in each layer with PyTorch's gain for SELU, 3/4, "
    "which is said to make the flow of gradients more stable: 1 if it keeps them.",
    claim=Near(1.0, 0.01, _E_IN_A_HUNDRED),
)
def pytorch_selu():
    """The chi_1 at the fixed point of the length map, for weights of variance (3/4)^2 / fan_in."""
    return meanfield.analyse(selu, sigma_w2=0.75**2).chi1


def _centred_gain(activation: Elementwise) -> float:
    return activation.properties.variance**-0.5


@published(
    _LIST,
    where="list of gains",
    basis="printed",
    quantity="The ReLU's gain that keeps the deviation about the mean.",
    claim=Near(1.7068, 0.017, _DRAWN),
)
def listed_relu_gain():
    """One over the deviation for a standard normal number, by integration."""
    return _centred_gain(relu)


@published(
    _LIST,
    where="list of gains",
    basis="printed",
    quantity="The sigmoid's gain that keeps the deviation about the mean.",
    claim=Near(4.8091, 0.048, _DRAWN),
)
def listed_sigmoid_gain():
    """One over the deviation for a standard normal number, by integration."""
    return _centred_gain(sigmoid)


@published(
    _LIST,
    where="list of gains",
    basis="printed",
    quantity="The gain of tanh that keeps the deviation; its mean is 0, so that this keeps the mean square too.",
    claim=Near(1.5976, 0.016, _DRAWN),
)
def listed_tanh_gain():
    """One over the root of the mean square for a standard normal number, by integration."""
    return float(meanfield.gain(tanh))
