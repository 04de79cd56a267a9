"""Measured properties against closed forms, and against an independent integrator."""

import math

import numpy as np
import pytest
from scipy import integrate, special

import actlab
from tests.cases import ELEMENTWISE


def density(z):
    return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=str)
def test_gaussian_moments_agree_with_adaptive_quadrature(activation):
    def mean(g):
        points = [kink for kink in activation.kinks if abs(kink) < 12]
        return integrate.quad(lambda z: g(z) * density(z), -12, 12, points=[0.0, *points], limit=400, epsabs=1e-13)[0]

    measured = activation.properties
    assert measured.mean == pytest.approx(mean(activation), abs=1e-10)
    assert measured.second_moment == pytest.approx(mean(lambda z: activation(z) ** 2), abs=1e-10)
    assert measured.slope_moment == pytest.approx(mean(lambda z: activation.derivative(z) ** 2), abs=1e-10)
    assert measured.gain == pytest.approx(measured.second_moment**-0.5)


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=str)
def test_bounds_hold_and_are_reached(activation):
    x = np.random.default_rng(0).uniform(-70, 70, 20_000)
    x = np.concatenate([x, *(np.nextafter(kink, [-np.inf, np.inf]) for kink in activation.kinks)])
    values, slopes = activation(x), np.abs(activation.derivative(x))
    facts = activation.properties
    assert (values >= facts.infimum - 1e-15).all() and (values <= facts.supremum + 1e-15).all()
    assert (slopes <= facts.lipschitz * (1 + 1e-15)).all()
    far = activation(np.array([-np.inf, np.inf]))
    near = [values.min(), values.max(), *far]
    for bound in (facts.infimum, facts.supremum):
        assert bound in far or min(abs(bound - value) for value in near) < 1e-4


@pytest.mark.parametrize("beta", [1e-3, 0.02, 50.0, 1e5])
def test_a_parameter_far_from_its_default_only_scales(beta):
    scaled, silu = actlab.silu.with_params(beta=beta).properties, actlab.silu.properties
    assert scaled.infimum == pytest.approx(silu.infimum / beta, rel=1e-12)
    assert scaled.lipschitz == pytest.approx(silu.lipschitz, rel=1e-12)
    assert not scaled.monotone


def test_extrema_with_closed_forms():
    w = special.lambertw(1 / math.e).real
    assert actlab.silu.properties.infimum == pytest.approx(-w, abs=1e-15)
    root_2 = math.sqrt(2)
    assert actlab.gelu.properties.lipschitz == pytest.approx(special.ndtr(root_2) + root_2 * density(root_2), abs=1e-14)
    assert actlab.gaussian.properties.lipschitz == pytest.approx(math.sqrt(2 / math.e), abs=1e-14)
    assert actlab.sigmoid.properties.lipschitz == 0.25
    assert actlab.elu.with_params(alpha=2.0).properties.infimum == -2.0
    assert actlab.step.properties.lipschitz == math.inf
    assert str(actlab.log_sigmoid.properties.supremum) == str(actlab.relu.properties.infimum) == "0.0"


def test_a_bound_that_a_jump_leaves_open_is_found():
    # Just right of its jump at -1 the function is nearly -1, at the jump itself 0.
    assert actlab.threshold.with_params(threshold=-1.0).properties.infimum == -1.0
    assert actlab.threshold.with_params(default_value=1.0).properties.infimum == 0.0
    assert actlab.threshold.with_params(default_value=-1.0).properties.infimum == -1.0


def test_moments_with_closed_forms():
    assert actlab.relu.properties.mean == pytest.approx(1 / math.sqrt(2 * math.pi), abs=1e-14)
    assert actlab.relu.properties.gain == pytest.approx(math.sqrt(2), abs=1e-14)
    assert actlab.gelu.properties.mean == pytest.approx(1 / (2 * math.sqrt(math.pi)), abs=1e-14)
    assert actlab.gelu.properties.second_moment == pytest.approx(1 / 3 + 1 / (2 * math.sqrt(3) * math.pi), abs=1e-14)
    assert actlab.gaussian.properties.second_moment == pytest.approx(1 / math.sqrt(5), abs=1e-14)


@pytest.mark.parametrize(
    ("fact", "value", "inside", "outside"),
    [
        ("symmetry", "odd", {"identity", "tanh"}, {"relu", "sigmoid", "gaussian"}),
        ("symmetry", "even", {"gaussian"}, {"tanh", "silu", "step"}),
        ("monotone", False, {"silu", "gelu", "gelu_tanh", "gaussian"}, {"relu", "sigmoid", "elu", "step"}),
        ("saturates_left", True, {"relu", "elu", "sigmoid", "gelu", "relu6"}, {"leaky_relu", "identity"}),
        ("saturates_right", True, {"sigmoid", "tanh", "relu6", "gaussian"}, {"relu", "elu", "gelu"}),
    ],
)
def test_shape_facts(fact, value, inside, outside):
    having = {name for name in inside | outside if getattr(actlab.get(name).properties, fact) == value}
    assert having == inside
