"""Jacobians of random networks and products of random matrices, against exact results of random-matrix theory."""

import math
from dataclasses import replace

import matplotlib.pyplot as plt
import mpmath
import numpy as np
import pytest
from scipy.special import erf

import actlab
from actlab import figures, initialisers
from actlab.experiments import (
    gaussian_exponents,
    gaussian_products,
    jacobian_spectrum,
    layer_singular_values,
    relu_growth,
    wide_relative_variance,
)
from actlab.initialisers import glorot_uniform, he_normal, lecun_normal, orthogonal
from actlab.network import initialise
from actlab.properties import gaussian_mean
from actlab.statistics import Mean

# A function that grows a little faster than in proportion: it stays finite where its input nears the end of the floats.
STEEPER = replace(
    actlab.identity,
    name="steeper",
    function=lambda x: x * np.log1p(np.abs(x)),
    df=lambda x: np.log1p(np.abs(x)) + np.abs(x) / (1 + np.abs(x)),
)


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def z_score(values, expected):
    """How many standard errors the mean of ``values`` is away from what is expected: beyond 3.3 in 1 of 1000 runs."""
    found = Mean.of(np.ravel(values))
    return (found.value - expected) / (found.deviation / math.sqrt(found.n))


def jacobian(network, x):
    """J (outputs, inputs) of the only network at x, from the backward pass, an output at a time."""
    upstream = np.eye(network.widths[-1])[np.newaxis]
    tape = network.forward(np.broadcast_to(x, (x.size, x.size)))
    for layer in reversed(range(len(network.weights))):
        slopes = network.activation(layer).derivative(tape.pre_activations[layer])
        upstream = (upstream * slopes) @ network.weights[layer].swapaxes(1, 2)
    return upstream[0]


# --- the Jacobian is the one of the network ---


@pytest.mark.parametrize("sigma_b2", [0.0, 0.3])
@pytest.mark.parametrize("name", ["tanh", "gelu", "relu"])
def test_it_is_the_jacobian_of_the_network_that_initialise_draws(name, sigma_b2):
    depth, width = 4, 6
    found = jacobian_spectrum(
        name, depth=depth, width=width, networks=3, initialiser=he_normal, q=0.7, sigma_b2=sigma_b2, seed=5
    )
    for number in range(3):
        network = initialise((width,) * (depth + 1), name, seed=5, first=number, initialiser=he_normal)
        # The direction of the input is drawn first, then the biases.
        drawn = np.random.default_rng((5, number, 1)).standard_normal((depth + 1, width))
        biases = tuple(math.sqrt(sigma_b2) * drawn[1:, np.newaxis, np.newaxis])
        network = replace(network, biases=biases, output=network.hidden)
        x = found.inputs[number]
        by_hand = jacobian(network, x)
        values = np.linalg.svd(by_hand, compute_uv=False)
        assert values == pytest.approx(found.singular_values[number], rel=1e-9, abs=1e-14)
        step = 1e-6 * np.eye(width)
        differences = (network(x + step) - network(x - step))[0].T / 2e-6
        assert differences == pytest.approx(by_hand, abs=1e-8)
        # The backward pass of the package, for one output: the gradient of the weights is the outer product with x.
        gradients = network.backward(network.forward(x[np.newaxis]), np.eye(width)[np.newaxis, :1])
        assert gradients.weights[0][0] @ network.weights[0][0].T == pytest.approx(np.outer(x, by_hand[0]), abs=1e-12)


def test_the_first_pre_activations_have_the_mean_square_that_is_asked_for():
    # Orthogonal weights keep lengths, so that each network has it exactly.
    rule = orthogonal.with_scale(3)
    found = jacobian_spectrum("tanh", depth=1, width=40, networks=3, initialiser=rule, q=0.7, sigma_b2=0.1)
    assert np.mean(np.square(found.inputs), axis=1) * 3 == pytest.approx(0.6)
    # Of independent ones it holds on average.
    found = jacobian_spectrum("tanh", depth=1, width=40, networks=200, initialiser=he_normal, q=0.7)
    first = [initialise((40, 40), "tanh", first=number, initialiser=he_normal).weights[0][0] for number in range(200)]
    assert abs(z_score([np.mean(np.square(x @ w)) for x, w in zip(found.inputs, first, strict=True)], 0.7)) < 3.3


def test_biases_make_up_their_part_of_the_first_pre_activations():
    # Where they are all of it, the slopes of an orthogonal layer are the singular values: tanh'(b), b of variance q.
    found = jacobian_spectrum("tanh", depth=1, width=100, networks=50, initialiser=orthogonal, q=0.8, sigma_b2=0.8)
    assert not found.inputs.any()
    expected = gaussian_mean(actlab.tanh, lambda z: actlab.tanh.derivative(z) ** 2, math.sqrt(0.8))
    assert abs(z_score(found.singular_values**2, expected)) < 3.3


def test_a_network_does_not_depend_on_how_many_there_are():
    few = jacobian_spectrum("silu", depth=3, width=8, networks=2, sigma_b2=0.1, seed=3)
    many = jacobian_spectrum("silu", depth=3, width=8, networks=5, sigma_b2=0.1, seed=3)
    for name in ("log_singular_values", "log_stretches", "inputs"):
        assert np.array_equal(getattr(few, name), getattr(many, name)[:2])
    assert not np.isin(many.log_singular_values[1], many.log_singular_values[0]).any()
    other = jacobian_spectrum("silu", depth=3, width=8, networks=5, sigma_b2=0.1, seed=4)
    assert not np.isin(many.inputs, other.inputs).any()
    assert not np.isin(many.log_singular_values, other.log_singular_values).any()


# --- exact facts ---


def test_orthogonal_layers_without_activation_stretch_all_directions_alike():
    found = jacobian_spectrum("identity", depth=200, width=30, networks=2, initialiser=orthogonal.with_scale(1.3))
    assert found.log_singular_values == pytest.approx(np.full((2, 30), 100 * math.log(1.3)), rel=0, abs=1e-10)
    assert found.log_stretches == pytest.approx(np.full(2, 100 * math.log(1.3)), rel=0, abs=1e-10)
    assert found.log_mean_squares == pytest.approx(np.full(2, 200 * math.log(1.3)), rel=0, abs=1e-10)
    assert found.relative_variances == pytest.approx(np.zeros(2), abs=1e-10)
    assert found.log_condition_numbers == pytest.approx(np.zeros(2), abs=1e-10)


def test_properties_are_those_of_the_singular_values():
    found = jacobian_spectrum("tanh", depth=3, width=10, networks=4, initialiser=lecun_normal)
    s = found.singular_values
    assert (np.diff(s, axis=1) <= 0).all()
    assert found.unresolved == 0
    assert found.mean_singular_values == pytest.approx(s.mean(axis=1))
    assert found.log_mean_squares == pytest.approx(np.log(np.mean(s**2, axis=1)))
    assert found.relative_variances == pytest.approx(np.var(s**2, axis=1) / np.mean(s**2, axis=1) ** 2)
    assert found.log_condition_numbers == pytest.approx(np.log(s[:, 0] / s[:, -1]))
    for mean, values in (
        (found.mean_singular_value, found.mean_singular_values),
        (found.log_mean_square, found.log_mean_squares),
        (found.relative_variance, found.relative_variances),
        (found.log_stretch, found.log_stretches),
    ):
        assert mean == Mean.of(values)
    assert found.log_condition_number.value in found.log_condition_numbers


def test_one_gaussian_layer_follows_the_quarter_circle():
    width = 300
    found = jacobian_spectrum("identity", depth=1, width=width, networks=20, initialiser=lecun_normal)
    s = found.singular_values
    # The law of Marchenko and Pastur for a square matrix: s between 0 and 2, on a quarter of a circle.
    law = (s * np.sqrt(np.clip(4 - s**2, 0, None)) / 2 + 2 * np.arcsin(np.clip(s / 2, 0, 1))) / math.pi
    ranks = np.arange(width, 0, -1) / width
    assert np.abs(law - ranks).max() < 0.02
    # Johnstone (2001): the largest s^2 has this mean and scale of a number with Tracy and Widom's distribution, whose
    # mean is -1.2065 and whose deviation is 1.268.
    roots = math.sqrt(width - 1) + math.sqrt(width)
    scale = roots * (1 / math.sqrt(width - 1) + 1 / math.sqrt(width)) ** (1 / 3)
    assert abs(z_score((width * s[:, 0] ** 2 - roots**2) / scale, -1.2065)) < 3.3
    assert np.std((width * s[:, 0] ** 2 - roots**2) / scale) == pytest.approx(1.268, rel=0.4)


def expected_moments(depth, width, relu):
    """E mean(s^4) and E mean(s^2)^2 of a normal product with E mean(s^2) = 1, exactly.

    For A = W X W^T with normal W, E A_ij A_kl follows from Wick's rule; a ReLU's slopes are independent coins. Both
    numbers of a layer are linear in those of the layer before, and start from 1.
    """
    n = width
    u, v = 1.0, 1.0
    for _ in range(depth):
        if relu:  # W of variance 2/n, of whose rows half are kept
            u, v = (1 + 3 / n) * u + 2 * v, (4 / n**2) * u + (1 + 1 / n) * v
        else:
            u, v = (1 + 1 / n) * u + v, (2 / n**2) * u + v
    return u, v


@pytest.mark.parametrize(("name", "rule"), [("identity", lecun_normal), ("relu", he_normal)])
def test_moments_of_normal_products_are_exact_at_finite_width(name, rule):
    found = jacobian_spectrum(name, depth=4, width=24, networks=1500, initialiser=rule)
    squares = found.singular_values**2
    fourth, squared = expected_moments(4, 24, name == "relu")
    assert abs(z_score(squares.mean(axis=1), 1)) < 3.3
    assert abs(z_score(np.mean(squares**2, axis=1), fourth)) < 3.3
    assert abs(z_score(squares.mean(axis=1) ** 2, squared)) < 3.3


def test_expected_moments_have_the_limits_of_theory():
    for relu, per_layer in ((False, 1), (True, 2)):
        fourth, squared = expected_moments(7, 10**7, relu)
        assert fourth / squared - 1 == pytest.approx(per_layer * 7, rel=1e-5)
        rule = he_normal if relu else lecun_normal
        assert wide_relative_variance("relu" if relu else "identity", depth=7, initialiser=rule) == pytest.approx(
            per_layer * 7, rel=1e-12
        )


def test_the_limit_of_a_hard_function_is_that_of_its_share_of_slopes():
    # f' of hard_tanh is 1 with probability p and else 0: 1 / p - 1 for each orthogonal layer.
    p = erf(1 / math.sqrt(2 * 0.3))
    found = wide_relative_variance("hard_tanh", depth=3, q=0.3, initialiser=orthogonal)
    assert found == pytest.approx(3 * (1 / p - 1), rel=1e-12)
    assert wide_relative_variance("tanh", depth=3, q=0.0, initialiser=orthogonal) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("depth", [5, 10])
def test_orthogonal_weights_leave_relu_a_variance_of_the_depth(depth):
    found = jacobian_spectrum("relu", depth=depth, width=150, networks=10, initialiser=orthogonal.with_scale(2))
    # Theory is for infinite width; 2 % are left for what a width of 150 adds, which is of the order of 1 / width.
    low, high = found.relative_variance.interval
    assert low <= 1.02 * depth
    assert high >= 0.98 * depth
    assert found.unresolved > 0.4  # half of the first layer's units are off, and with each layer more are lost
    assert found.log_condition_number.value == math.inf


@pytest.mark.parametrize(("depth", "share"), [(1, 0.97), (2, 0.94), (5, 0.88)])
def test_the_largest_singular_value_of_a_linear_product_comes_near_its_limit(depth, share):
    found = jacobian_spectrum("identity", depth=depth, width=200, networks=10, initialiser=lecun_normal)
    limit = (depth + 1) ** (depth + 1) / depth**depth
    assert share * limit < np.mean(found.singular_values[:, 0] ** 2) < limit  # from below, and slowly


def fixed_point(q):
    """The variance of tanh's weights, times the width, at which q is the fixed point of the length map without biases.

    The length map is q -> sigma_w^2 E tanh(sqrt(q) Z)^2.
    """
    return q / gaussian_mean(actlab.tanh, lambda z: np.tanh(z) ** 2, math.sqrt(q))


def test_tanh_comes_to_isometry_with_orthogonal_weights_alone():
    spreads = {}
    for rule in (orthogonal, lecun_normal):
        for q in (0.25, 0.05, 0.01):  # sigma_w from 1.2 down to 1.01
            found = jacobian_spectrum(
                "tanh", depth=20, width=150, networks=5, initialiser=rule.with_scale(fixed_point(q)), q=q
            )
            spreads[rule, q] = found.relative_variance.value
            limit = wide_relative_variance("tanh", depth=20, q=q, initialiser=rule)
            assert found.relative_variance.value == pytest.approx(limit, rel=0.2)
    assert spreads[orthogonal, 0.01] < 0.03 < 0.2 < spreads[orthogonal, 0.05] < 2 < spreads[orthogonal, 0.25]
    assert min(spreads[lecun_normal, q] for q in (0.25, 0.05, 0.01)) > 15


def test_the_mean_square_grows_by_chi():
    q = 1.17848  # tanh's fixed point with PyTorch's gain of 5/3
    assert fixed_point(q) == pytest.approx(25 / 9, rel=1e-5)
    chi = 25 / 9 * gaussian_mean(actlab.tanh, lambda z: actlab.tanh.derivative(z) ** 2, math.sqrt(q))
    rule = lecun_normal.with_scale(25 / 9)
    found = jacobian_spectrum("tanh", depth=20, width=150, networks=15, initialiser=rule, q=q)
    assert found.log_mean_square.value / 20 == pytest.approx(math.log(chi), rel=0.05)


# --- the range of floats, and its precision ---


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "identity"])
def test_scaled_weights_shift_the_logarithms_of_homogeneous_networks(name):
    small = jacobian_spectrum(name, depth=20, width=12, networks=2, initialiser=he_normal)
    large = jacobian_spectrum(name, depth=20, width=12, networks=2, initialiser=he_normal.with_scale(2 * 4))
    finite = np.isfinite(small.log_singular_values)
    assert (np.isfinite(large.log_singular_values) == finite).all()
    shift = large.log_singular_values[finite] - small.log_singular_values[finite]
    assert shift == pytest.approx(np.full(finite.sum(), 20 * math.log(2)), rel=0, abs=1e-9)


# What each of them is, as exactly as floats can tell, far out and near 0: a ReLU, a leaky one, or a line with a slope.
@pytest.mark.parametrize(
    ("name", "power", "like", "slope"),
    [
        ("relu", 120, "relu", 1),
        ("leaky_relu", 120, "leaky_relu", 1),
        ("gelu", 120, "relu", 1),
        ("silu", 120, "relu", 1),
        ("elu", 120, "relu", 1),
        ("softplus", 120, "relu", 1),
        ("relu", -120, "relu", 1),
        ("leaky_relu", -120, "leaky_relu", 1),
        ("gelu", -120, "identity", 0.5),
        ("tanh", -120, "identity", 1),
    ],
)
def test_exploding_and_vanishing_networks_are_measured_without_a_warning(name, power, like, slope):
    shared = {"depth": 200, "width": 40, "networks": 2}
    rule = he_normal.with_scale(2 * 4.0**power)
    found = jacobian_spectrum(name, initialiser=rule, q=4.0**power, **shared)
    limit = jacobian_spectrum(like, initialiser=he_normal, **shared).log_stretches
    assert np.isfinite(limit).all()
    assert found.log_stretches == pytest.approx(limit + 200 * math.log(slope * 2.0**power), rel=0, abs=1e-6)
    assert "-inf" not in repr(found).partition("median ")[0]
    assert (found.singular_values[:, 0] == (math.inf if power > 0 else 0)).all()


def test_activations_are_evaluated_at_their_true_size():
    # Pre-activations of 2^200, which gelu hands on, and then, by weights of 2^-200, some of about 1. Against the
    # forward pass, where nothing overflows yet.
    rule = lecun_normal.with_scale(4.0**-200)
    found = jacobian_spectrum("gelu", depth=2, width=12, networks=1, initialiser=rule, q=4.0**200)
    network = initialise((12,) * 3, "gelu", initialiser=rule)
    network = replace(network, output=network.hidden)
    values = np.linalg.svd(jacobian(network, found.inputs[0]) * 4.0**200, compute_uv=False)
    told = np.isfinite(found.log_singular_values[0])
    assert told.sum() > 2
    assert found.log_singular_values[0][told] + 400 * math.log(2) == pytest.approx(np.log(values[told]), rel=1e-9)


def test_biases_keep_their_size_beside_scaled_activations():
    # Beside activations of 2^60 and more, which grow fourfold in a layer, biases of about 1 change no slope of a ReLU.
    shared = {"depth": 30, "width": 12, "networks": 3, "initialiser": he_normal.with_scale(2 * 4.0**2)}
    small = jacobian_spectrum("relu", q=4.0**60, sigma_b2=1.0, **shared)
    none = jacobian_spectrum("relu", q=4.0**60, **shared)
    assert small.log_stretches == pytest.approx(none.log_stretches, abs=1e-9)


@pytest.mark.parametrize(("name", "scale"), [("exponential", 2.0), ("steeper", 1e60)])
def test_activations_that_leave_the_range_otherwise_are_reported(name, scale):
    activation = STEEPER if name == "steeper" else name
    with pytest.raises(OverflowError, match=rf"of layer \d+ leave the range .*: {name} is no straight line there"):
        jacobian_spectrum(activation, depth=200, width=10, networks=1, initialiser=he_normal.with_scale(scale))


def test_a_slope_that_vanishes_at_0_takes_the_jacobian_to_0():
    found = jacobian_spectrum("tanh_shrink", depth=50, width=10, networks=1, initialiser=he_normal.with_scale(1e-8))
    assert np.isneginf(found.log_singular_values).all()


def test_a_slope_beyond_the_range_is_reported():
    steep = actlab.leaky_relu.with_params(negative_slope=1e200)
    with pytest.raises(OverflowError, match=r"weights times slopes of leaky_relu\(.*\) leave the range of floats"):
        jacobian_spectrum(steep, depth=1, width=10, networks=1, initialiser=he_normal.with_scale(1e307))


def test_singular_values_above_the_floor_are_right_and_those_below_are_not_told():
    depth, width = 40, 8
    found = jacobian_spectrum("identity", depth=depth, width=width, networks=1, initialiser=lecun_normal, seed=2)
    network = initialise((width,) * (depth + 1), "identity", initialiser=lecun_normal, seed=2)
    with mpmath.workdps(80):
        product = mpmath.eye(width)
        for weight in network.weights:
            product = product * mpmath.matrix(weight[0].tolist())
        exact = sorted((float(mpmath.log(s)) for s in mpmath.svd_r(product, compute_uv=False)), reverse=True)
    told = np.isfinite(found.log_singular_values[0])
    assert 2 <= told.sum() < width
    assert found.log_floors == pytest.approx(exact[0] + math.log(math.sqrt(depth * width) * 2.0**-52))
    assert found.log_singular_values[0][told] == pytest.approx(np.array(exact)[told], rel=0, abs=0.1)
    assert (np.array(exact)[told] > found.log_floors[0] - 0.1).all()
    assert (np.array(exact)[~told] < found.log_floors[0] + 0.1).all()
    assert found.unresolved == pytest.approx(1 - told.mean())


def test_a_dead_network_has_a_jacobian_of_zero():
    found = jacobian_spectrum("relu", depth=100, width=2, networks=3, initialiser=he_normal)
    assert np.isneginf(found.log_singular_values).all()
    assert np.isneginf(found.log_mean_squares).all()
    assert np.isneginf(found.log_stretches).all()
    assert not found.singular_values.any()
    assert not found.mean_singular_values.any()
    assert np.isnan(found.relative_variances).all()
    assert (found.log_condition_numbers == math.inf).all()
    assert "largest -inf" in repr(found)


# --- bad input ---


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depth": 0}, "depth must be a whole number of 1 or more; got 0"),
        ({"width": 0}, "width must be a whole number of 1 or more; got 0"),
        ({"networks": 0}, "networks must be a whole number of 1 or more; got 0"),
        ({"seed": -1}, "seed must be a whole number of 0 or more; got -1"),
        ({"q": -1.0}, "q must be a finite number, 0 or more; got -1.0"),
        ({"q": math.nan}, "q must be a finite number, 0 or more; got nan"),
        ({"q": math.inf}, "q must be a finite number, 0 or more; got inf"),
        ({"sigma_b2": -0.1}, "sigma_b2 must be a finite number, 0 or more; got -0.1"),
        ({"q": 0.1, "sigma_b2": 0.2}, "sigma_b2 must be at most q, which it is a part of; got 0.2 and q = 0.1"),
        ({"activation": "step"}, "step has the derivative 0 wherever it has one"),
        ({"initialiser": "he"}, "unknown initialiser 'he'; did you mean"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments, message):
    arguments = {"activation": "tanh", "depth": 2, "width": 3} | arguments
    for measure in (jacobian_spectrum, layer_singular_values):
        with pytest.raises(ValueError, match=message):
            measure(**arguments)


def test_vector_activations_are_refused():
    with pytest.raises(TypeError, match="an elementwise activation is needed"):
        jacobian_spectrum("softmax", depth=2)


def test_the_limit_refuses_what_has_none():
    with pytest.raises(ValueError, match="step has the derivative 0 almost everywhere where q is 1"):
        wide_relative_variance("step", depth=2, q=1)
    with pytest.raises(ValueError, match="q must be a finite number, 0 or more; got -2"):
        wide_relative_variance("tanh", depth=2, q=-2)
    with pytest.raises(ValueError, match="depth must be a whole number of 1 or more; got 0"):
        wide_relative_variance("tanh", depth=0)


# --- one layer ---


@pytest.mark.parametrize(("scale", "rounded"), [(1 / 3, 0.4901), (1.0, 0.8488)])
def test_the_mean_singular_value_of_a_layer_is_that_of_the_quarter_circle(scale, rounded):
    # Glorot and Bengio (2010): about 0.5 with the standard rule, 0.8 with the normalised one.
    expected = 8 / (3 * math.pi) * math.sqrt(scale)
    assert expected == pytest.approx(rounded, abs=5e-5)
    found = layer_singular_values("identity", width=300, networks=5, initialiser=glorot_uniform.with_scale(scale))
    assert found.mean_singular_value.value == pytest.approx(expected, rel=0.005)


def test_layers_by_themselves_are_those_of_the_whole_network():
    arguments = {"width": 12, "networks": 3, "initialiser": he_normal, "q": 0.5, "sigma_b2": 0.1}
    layers = layer_singular_values("tanh", depth=3, **arguments)
    assert layers.singular_values.shape == (3, 3, 12)
    whole = jacobian_spectrum("tanh", depth=1, **arguments)
    assert layers.singular_values[:, 0] == pytest.approx(whole.singular_values)
    # The determinant of a product is the product of the determinants.
    product = jacobian_spectrum("tanh", depth=3, **arguments)
    assert np.log(layers.singular_values).sum(axis=(1, 2)) == pytest.approx(product.log_singular_values.sum(axis=1))
    assert layers.mean_singular_value == Mean.of(layers.mean_singular_values.mean(axis=1))
    assert layers.mean_singular_values == pytest.approx(layers.singular_values.mean(axis=2))
    assert "3 networks, 3 layers of width 12" in repr(layers)


# --- products of matrices ---


@pytest.fixture(scope="module")
def products():
    return gaussian_products(4, steps=100, products=2000, seed=1)


def test_lyapunov_exponents_of_gaussian_products_are_newmans(products):
    expected = gaussian_exponents(4)
    assert expected[0] == pytest.approx(0.5579657, abs=1e-7)  # (ln 2 + 1 - Euler's constant) / 2
    assert expected[0] == pytest.approx((math.log(2) + 1 - np.euler_gamma) / 2, rel=1e-14)
    for number, mean in enumerate(products.mean_exponents):
        assert mean == Mean.of(products.exponents[:, number])
        assert abs(z_score(products.exponents[:, number], expected[number])) < 3.3


def test_the_norm_of_a_product_grows_at_the_first_exponent(products):
    # The norm is at least what becomes of the first direction, and at most a factor beyond it that does not grow.
    lead = products.log_norms - products.steps * products.exponents[:, 0]
    assert (lead >= -1e-9).all()
    assert Mean.of(lead).value < 2
    assert products.rate.value == pytest.approx(gaussian_exponents(4)[0], abs=0.02)
    assert math.log10(math.e) * products.log_norms.mean() == pytest.approx(24.7, abs=0.2)


def test_products_are_those_of_their_matrices():
    found = gaussian_products(3, steps=4, products=2, seed=7)
    matrices = np.random.default_rng(7).standard_normal((4, 2, 3, 3))
    for number in range(2):
        product = np.linalg.multi_dot(matrices[::-1, number])
        assert found.log_norms[number] == pytest.approx(math.log(np.linalg.norm(product)))
        assert 4 * found.exponents[number].sum() == pytest.approx(np.linalg.slogdet(product)[1])
        assert 4 * found.exponents[number, 0] == pytest.approx(math.log(np.linalg.norm(product[:, 0])))
    assert "2 products of 4 matrices, 3 x 3: log10 of the norm" in repr(found)


def test_long_products_neither_overflow_nor_vanish():
    found = gaussian_products(2, steps=5000, products=2)
    assert np.isfinite(found.log_norms).all()
    assert gaussian_products(50, steps=500, products=1).log_norms[0] > 800


@pytest.mark.parametrize("name", ["size", "steps", "products"])
def test_products_of_nothing_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be a whole number of 1 or more; got 0"):
        gaussian_products(**{name: 0})


def test_logarithms_of_relu_gradients_have_hanins_and_nicas_moments():
    depth, width = 5, 20
    found = jacobian_spectrum("relu", depth=depth, width=width, networks=3000, initialiser=he_normal, seed=1)
    logs = 2 * found.log_stretches[np.isfinite(found.log_stretches)]
    mean, variance = (depth * moment for moment in relu_growth(width))
    assert abs(z_score(logs, mean)) < 3.3
    assert abs(z_score((logs - mean) ** 2, variance)) < 3.3
    # The expectation itself is 1: the mean is carried by the few large ones.
    assert abs(z_score(np.exp(logs), 1)) < 3.3
    assert np.mean(logs < 0) > 0.65


def test_growth_of_wide_relu_layers_is_that_of_the_expansion():
    mean, variance = relu_growth(4000)
    assert mean == pytest.approx(-5 / 2 / 4000, rel=2e-3)
    assert variance == pytest.approx(5 / 4000, rel=2e-3)
    # One unit, if it is active, multiplies by 2 g^2: ln 2 - (Euler's constant + ln 2), and pi^2 / 2.
    assert relu_growth(1) == pytest.approx((-np.euler_gamma, math.pi**2 / 2))


# --- the figure ---


def test_histograms_hold_the_shares_and_tell_results_apart():
    results = [
        jacobian_spectrum("identity", depth=9, width=20, networks=2, initialiser=orthogonal),
        jacobian_spectrum("relu", depth=9, width=20, networks=2, initialiser=he_normal),
        jacobian_spectrum("relu", depth=9, width=20, networks=2, initialiser="glorot_uniform"),
    ]
    ax = figures.singular_value_histograms(results, plt.figure().gca(), low=-1.0)
    lines = ax.patches
    assert len({line.get_linestyle() for line in lines}) == 3
    one = lines[0].get_data()
    empty = 0.5 / 40  # of forty values half a one
    assert one.values.max() == pytest.approx(1.0) and np.sort(one.values)[-2] == pytest.approx(empty)
    bin_ = one.values.argmax()
    assert (one.edges[bin_] + one.edges[bin_ + 1]) / 2 == pytest.approx(0)
    ax.figure.draw_without_rendering()
    assert ax.get_legend().get_window_extent().y0 >= ax.bbox.y1, "a line may run through the legend"
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts[0] == "identity, orthogonal"
    for result, line, text in zip(results, lines, texts, strict=True):
        decades = result.log_singular_values / math.log(10)
        data = line.get_data()
        drawn = np.sum(data.values[data.values > empty])
        assert drawn == pytest.approx(np.mean(decades >= data.edges[0]), abs=1e-3)
        for low, high, value in zip(data.edges, data.edges[1:], data.values, strict=False):
            share = np.mean((decades >= low) & (decades < high))
            assert value == pytest.approx(max(share, empty), abs=1e-5)
        if drawn < 0.995:
            assert text.endswith(f"({1 - drawn:.0%} lower)")


def test_histograms_need_one_label_for_each_result():
    result = jacobian_spectrum("identity", depth=1, width=3, networks=1)
    ax = plt.figure().gca()
    with pytest.raises(ValueError, match="each of one result or more needs one label; got 1 and 2"):
        figures.singular_value_histograms([result], ax, labels=["one", "two"])
    with pytest.raises(ValueError, match="got 0 and 0"):
        figures.singular_value_histograms([], ax)


def test_every_rule_can_be_measured():
    for rule in initialisers.INITIALISERS:
        found = jacobian_spectrum("tanh", depth=2, width=10, networks=2, initialiser=rule, q=0.2)
        assert found.log_mean_square.value < 1.5
