"""Gradient norms layer by layer: against exact gradients, against mean-field theory, in numbers of any size."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import actlab
from actlab import initialisers, meanfield, propagation
from actlab.experiments import expected_flow, gradient_flow
from actlab.network import initialise
from actlab.statistics import Mean
from tests.cases import ELEMENTWISE

FIELDS = ("log_norms", "weight_log_norms", "q", "means", "mean_squares", "dead")
SMALL = {"depth": 6, "width": 5, "networks": 3, "batch": 4, "seed": 3}
# All with a slope, but for the exponential, of which six layers leave float64.
SLOPED = [
    case for case in ELEMENTWISE if case.derivative(np.linspace(-9, 9, 1001)).any() and case != actlab.exponential
]


def drawn(number: int, shape: tuple[int, ...] = (2, 4, 5)) -> np.ndarray:
    """Return what ``gradient_flow`` draws for a network's inputs and for L, one behind the other."""
    return np.random.default_rng((3, number, 1)).standard_normal(shape)


def log_root_mean_square(arrays) -> np.ndarray:
    """Return ln of the root mean square of each network, (networks, layers)."""
    return np.stack([np.log(np.mean(np.square(array), axis=(1, 2))) / 2 for array in arrays], axis=1)


# --- The same as by other ways ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", SLOPED, ids=repr)
def test_it_is_what_the_networks_of_this_seed_compute(case):
    """``network.initialise`` draws the same weights; its tape has the activations, ``backward`` the gradients."""
    flow = gradient_flow(case, initialiser="lecun_normal", dtype="float64", **SMALL)
    start = initialise((5,) * 7, case, networks=3, seed=3, initialiser=initialisers.lecun_normal)
    network = replace(start, output=case)
    x, upstream = np.stack([drawn(number) for number in range(3)], axis=1)
    tape = network.forward(x)
    gradients = network.backward(tape, upstream)
    before_f, posts = tape.pre_activations, tape.activations[1:]
    close = {"rtol": 1e-6, "atol": 1e-13}  # the formulas for trainings give up digits in far tails
    np.testing.assert_allclose(flow.q.T, [np.mean(z**2, axis=(1, 2)) for z in before_f], **close)
    np.testing.assert_allclose(flow.means.T, [np.mean(a, axis=(1, 2)) for a in posts], **close)
    np.testing.assert_allclose(flow.mean_squares.T, [np.mean(a**2, axis=(1, 2)) for a in posts], **close)
    dead = [np.mean((case.derivative(z) == 0).all(axis=1), axis=1) for z in before_f]
    np.testing.assert_allclose(flow.dead.T, dead, atol=1e-15)
    with np.errstate(divide="ignore"):
        expected = log_root_mean_square(gradients.weights)
    squares = np.isfinite(expected) | np.isneginf(flow.weight_log_norms)  # the others are no float64
    assert squares[0].all()
    np.testing.assert_allclose(flow.weight_log_norms[squares], expected[squares], rtol=1e-6, atol=1e-6)


def central_differences(activation, *, residual: bool, layer_norm: bool) -> np.ndarray:
    """Return ln of the root mean square of dL/dz in each layer of network 0, by moving each z alone."""
    f = actlab.get(activation)
    x, upstream = drawn(0)
    rng = np.random.default_rng((3, 0))
    weights = [initialisers.he_uniform(rng, 5, 5) for _ in range(6)]
    biases = [math.sqrt(0.3) * row for row in np.random.default_rng((3, 0, 2)).standard_normal((6, 5))]

    def value(moved: np.ndarray) -> float:
        a, z = x, None
        for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
            z = a @ weight + bias + (z if residual and layer else 0.0) + moved[layer]
            centred = z - z.mean(axis=1, keepdims=True)
            n = centred / np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + propagation.LAYER_NORM_EPSILON)
            a = f(n if layer_norm else z)
        return float(np.sum(upstream * a))

    step, slopes = 1e-5, np.zeros((6, 4, 5))
    for index in np.ndindex(slopes.shape):
        moved = np.zeros(slopes.shape)
        moved[index] = step
        slopes[index] = (value(moved) - value(-moved)) / (2 * step)
    return np.log(np.mean(slopes**2, axis=(1, 2))) / 2


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("activation", ["tanh", "gelu"])
def test_gradients_agree_with_central_differences(activation, residual, layer_norm):
    remedies = {"residual": residual, "layer_norm": layer_norm}
    flow = gradient_flow(activation, initialiser="he_uniform", sigma_b2=0.3, dtype="float64", **remedies, **SMALL)
    np.testing.assert_allclose(flow.log_norms[0], central_differences(activation, **remedies), atol=1e-6)


@pytest.mark.parametrize("remedies", [{}, {"residual": True}, {"layer_norm": True}], ids=str)
def test_keras_computes_the_same(remedies):
    from actlab.tf import precision

    flow = gradient_flow("silu", dtype="float64", **remedies, **SMALL)
    x, upstream = drawn(0)
    rng = np.random.default_rng((3, 0))
    with precision("float64") as keras:
        import tensorflow as tf

        weights = [tf.Variable(initialisers.glorot_uniform(rng, 5, 5)) for _ in range(6)]
        norms = [keras.layers.LayerNormalization(epsilon=propagation.LAYER_NORM_EPSILON) for _ in range(6)]
        with tf.GradientTape() as tape:
            a, zs = tf.constant(x), []
            for weight, norm in zip(weights, norms, strict=True):
                shortcut = zs[-1] if zs and "residual" in remedies else 0.0
                zs.append(a @ weight + shortcut)
                a = keras.activations.silu(norm(zs[-1]) if "layer_norm" in remedies else zs[-1])
            loss = tf.reduce_sum(a * upstream)
        found = [gradient.numpy()[np.newaxis] for gradient in tape.gradient(loss, zs + weights)]
    np.testing.assert_allclose(flow.log_norms[:1], log_root_mean_square(found[:6]), atol=1e-10)
    np.testing.assert_allclose(flow.weight_log_norms[:1], log_root_mean_square(found[6:]), atol=1e-10)


# --- Against mean-field theory ----------------------------------------------------------------------------------------

DEPTH, WIDTH, NETWORKS = 14, 400, 10
WITH_THEORY = [
    ("tanh", 1.0, 0.05), ("tanh", 2.5, 0.05), ("relu", 2.0, 0.0), ("relu", 1 / 3, 0.0), ("gelu", 2.0, 0.5),
    ("gelu", 1.0, 0.0), ("silu", 2.0, 0.3), ("elu", 1.0, 0.1), ("selu", 1.0, 0.0), ("sigmoid", 1.0, 0.0),
]  # fmt: skip


@pytest.mark.parametrize(("activation", "sigma_w2", "sigma_b2"), WITH_THEORY)
def test_every_layer_multiplies_the_mean_squared_gradient_by_chi(activation, sigma_w2, sigma_b2):
    """chi at the layer's own q, and q along its course: from layer 1 on, where it is sigma_w^2 q0 + sigma_b^2."""
    rule = initialisers.lecun_uniform.with_scale(sigma_w2)
    flow = gradient_flow(
        activation, depth=DEPTH, width=WIDTH, networks=NETWORKS, initialiser=rule, sigma_b2=sigma_b2, q0=2.0
    )
    q1 = 2.0 * sigma_w2 + sigma_b2
    course = meanfield.course(activation, sigma_w2=sigma_w2, sigma_b2=sigma_b2, q0=q1, depth=DEPTH - 1)
    q = np.array([q1, *course])
    errors = np.log(flow.q / q)
    assert (np.abs(errors.mean(axis=0)) < 0.02 + 4 * errors.std(axis=0, ddof=1) / math.sqrt(NETWORKS)).all()
    expected = np.log(meanfield.chi(activation, q[:-1], sigma_w2=sigma_w2))
    first, last = 3, DEPTH - 2
    measured = flow.log_chi_between(first, last)
    theory = expected[first - 1 : last - 1].mean()
    # In 400 units a layer's factor strays by some per cent; what ten networks and nine factors leave of it shows in
    # their deviation, and is no fixed share of ln chi, which may be near 0: the next test has layers of full width.
    chance = 4 * measured.deviation / math.sqrt(measured.n)
    assert abs(measured.value - theory) < chance < 0.04
    for layer in (0, 1, DEPTH - 2):
        of_layer = Mean.of(flow.log_chi_layers[:, layer])
        assert abs(of_layer.value - expected[layer]) < 0.02 + 4 * of_layer.deviation / math.sqrt(of_layer.n)


@pytest.mark.parametrize(
    ("activation", "sigma_w2"),
    [
        ("tanh", 2.0), ("gelu", 1.5), ("silu", 1.5), ("elu", 1.0), ("selu", 1.0), ("sigmoid", 1.0), ("relu", 2.0),
    ],
)  # fmt: skip
def test_thirty_layers_of_a_thousand_units_are_within_two_per_cent_of_theory(activation, sigma_w2):
    """Of ln chi per layer along the course of q; 0.02 for ReLU, whose ln chi is 0. At 2 GELU's lengths would part."""
    rule = initialisers.lecun_uniform.with_scale(sigma_w2)
    measured = gradient_flow(activation, depth=30, width=1000, networks=20, initialiser=rule).log_chi
    theory = expected_flow(activation, sigma_w2=sigma_w2, depth=30).log_chi
    tolerance = 0.02 if activation == "relu" else 0.02 * abs(theory)
    assert abs(measured.value - theory) < tolerance
    low, high = measured.interval
    assert high - low < 2 * tolerance  # or chance would decide


def test_where_lengths_drift_apart_chi_is_that_of_each_network():
    """GELU with He's weights: at q = 2 lengths fall so slowly that chance moves them as much, and inputs part.

    With one input for each network the theory still holds, at the length that was measured.
    """
    flow = gradient_flow("gelu", depth=20, width=300, networks=30, initialiser="he_uniform", batch=1)
    assert flow.q[:, -1].max() > 3 * flow.q[:, -1].min()
    errors = flow.log_chi_layers - np.log(meanfield.chi("gelu", flow.q[:, :-1], sigma_w2=2.0))
    mean = Mean.of(errors[:, 2:].mean(axis=1))
    assert abs(mean.value) < 4 * mean.deviation / math.sqrt(30) < 0.04


def test_chi_of_a_residual_layer_is_one_more():
    """The shortcut adds the gradient as it is, and q grows by the variance of what is added."""
    flow = gradient_flow("tanh", depth=10, width=400, networks=8, initialiser="lecun_normal", residual=True)
    q = [1.0]
    for _ in range(9):
        q.append(q[-1] + meanfield.length_map("tanh", q[-1], sigma_w2=1.0))
    np.testing.assert_allclose(flow.q.mean(axis=0), q, rtol=0.03)
    expected = np.log1p(meanfield.chi("tanh", np.array(q[:-1]), sigma_w2=1.0))
    np.testing.assert_allclose(flow.log_chi_layers.mean(axis=0), expected, atol=0.03)


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_layer_normalisation_makes_chi_independent_of_the_weights(scale):
    """Its factor is E f'^2 / E f^2 at q = 1, whatever the variance of the weights: 1 for ReLU, whose f is x f'."""
    rule = initialisers.lecun_normal.with_scale(scale)
    flow = gradient_flow("relu", depth=10, width=400, networks=8, initialiser=rule, layer_norm=True)
    assert abs(flow.log_chi.value) < 0.03
    np.testing.assert_allclose(flow.q[:, 1:].mean(), scale / 2, rtol=0.03)


def test_orthogonal_weights_keep_every_norm_of_a_linear_network():
    flow = gradient_flow("identity", depth=30, width=40, networks=3, initialiser="orthogonal", dtype="float64")
    np.testing.assert_allclose(flow.log_norms, flow.log_norms[:, -1:] * np.ones(30), atol=1e-12)
    np.testing.assert_allclose(flow.q, flow.q[:, :1] * np.ones(30), rtol=1e-12)


def test_relu6_cuts_activations_and_gradients_explode_all_the_same():
    """Below 6 it is the ReLU; above, few units have a slope, and chi exceeds 1 still if weights are large."""
    rule = initialisers.lecun_uniform.with_scale(100.0)  # 50 times the variance of He et al. (2015)
    how = {"depth": 10, "width": 300, "networks": 8, "initialiser": rule}
    relu, relu6 = (gradient_flow(name, q0=1e-30, **how) for name in ("relu", "relu6"))
    np.testing.assert_array_equal(relu6.log_norms, relu.log_norms)
    assert relu6.log_chi.value == pytest.approx(math.log(50), abs=0.1)
    cut = gradient_flow("relu6", **how)
    assert (cut.mean_squares[:, 1:] < 36).all()
    expected = math.log(meanfield.analyse("relu6", sigma_w2=100.0).chi1)
    assert expected > 1.5
    assert cut.log_chi.value == pytest.approx(expected, abs=0.03)
    # Inputs that are large in themselves leave nearly every unit of the first layer without a slope.
    beyond = gradient_flow("relu6", q0=1e8, **how)
    assert (beyond.dead[:, 0] > 0.95).all() and (cut.dead[:, 0] < 0.05).all()


# --- Numbers of any size ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e-3, 1e5])
def test_gradients_far_beyond_floats_are_right(scale, dtype):
    """In a linear network of orthogonal weights every layer multiplies the gradient by one number."""
    rule = initialisers.orthogonal.with_scale(scale)
    inputs = np.random.default_rng(6).normal(size=(8, 20)) * (1e-300 if scale > 1 else 1e100)
    with np.errstate(all="raise", under="ignore"):
        flow = gradient_flow("identity", depth=200, width=20, networks=2, inputs=inputs, initialiser=rule, dtype=dtype)
    expected = flow.log_norms[:, -1:] + math.log(scale) / 2 * np.arange(200)[::-1]
    assert 600 < np.abs(expected).max() < np.inf
    np.testing.assert_allclose(flow.log_norms, expected, rtol=1e-6)


def test_a_gradient_does_not_underflow_within_a_layer():
    """Slopes of 1e-44, at 100, are no float32; their squares would be no float64 if there were some more of them."""
    flow = gradient_flow(
        "exponential", depth=3, width=4, networks=2, initialiser=lambda rng, i, o: np.full((i, o), 1e-3), q0=1e-6
    )
    assert np.isfinite(flow.log_norms).all()
    few = gradient_flow("exponential", depth=1, width=4, networks=2, inputs=np.full((1, 1), -400.0), initialiser=ones)
    upstream = np.random.default_rng((0, 0, 1)).standard_normal((1, 4))
    assert few.log_norms[0, 0] == pytest.approx(-400 + math.log(np.mean(upstream**2)) / 2, rel=1e-12)


def ones(rng: np.random.Generator, fan_in: int, fan_out: int) -> np.ndarray:
    """Return weights that are all 1."""
    return np.ones((fan_in, fan_out))


@pytest.mark.parametrize(
    ("scale", "dtype"), [(1e20, "float32"), (1e40, "float32"), (1e20, "float64"), (1e40, "float64"), (1e120, "float64")]
)
def test_in_far_tails_slopes_are_those_of_the_function(scale, dtype):
    """There SiLU and softplus are the ReLU, and a sigmoid is flat; the forms for trainings have slopes everywhere."""
    rule = initialisers.lecun_normal.with_scale(scale)
    how = {"depth": 5, "width": 20, "networks": 6, "batch": 2, "initialiser": rule, "dtype": dtype}
    relu = gradient_flow("relu", **how)
    assert np.isfinite(relu.log_norms).all() and (relu.dead > 0).any()
    for name in ("silu", "softplus"):
        for field in FIELDS:
            ours = getattr(gradient_flow(name, **how), field)
            np.testing.assert_allclose(ours, getattr(relu, field), rtol=1e-6, atol=1e-6)
    flat = gradient_flow("sigmoid", **how)
    assert (flat.dead == 1).all() and np.isneginf(flat.log_norms).all()


@pytest.mark.parametrize(("dtype", "rel"), [("float32", 1e-6), ("float64", 1e-12)])
@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_slopes_may_be_those_of_tails(name, dtype, rel):
    """At 150 a sigmoid has the slope 1e-65; here all inputs are there."""
    inputs = np.array([[150.0], [-150.0], [200.0]])
    f = actlab.get(name)
    flow = gradient_flow(name, depth=1, width=1, networks=1, inputs=inputs, initialiser=ones, dtype=dtype)
    upstream = np.random.default_rng((0, 0, 1)).standard_normal((3, 1))
    expected = math.log(np.sqrt(np.mean((upstream * f.derivative(inputs)) ** 2)))
    assert flow.log_norms[0, 0] == pytest.approx(expected, rel=rel)
    assert flow.means[0, 0] == pytest.approx(f(inputs).mean(), rel=rel)


@pytest.mark.filterwarnings("error")
def test_overflow_is_reported():
    rule = initialisers.he_normal.with_scale(1e40)
    flow = gradient_flow("relu", depth=40, width=10, networks=2, initialiser=rule, dtype="float64")
    assert np.isfinite(flow.q[:, :5]).all()
    assert np.isposinf(flow.q[:, -1]).all() and np.isposinf(flow.mean_squares[:, -1]).all()
    for field in FIELDS:
        values = getattr(flow, field)
        assert not np.isnan(values).any()
        infinite = np.isinf(values)
        assert (infinite[:, 1:] >= infinite[:, :-1]).all()
    assert np.isposinf(flow.log_norms).all() and np.isposinf(flow.weight_log_norms).all()
    assert np.isposinf(flow.log_chi_layers).all()
    assert "it reaches the first layer in 0 of 2 networks" in repr(flow)
    with pytest.raises(ValueError, match="a gradient reaches layer 11; it does in 0 of 2"):
        _ = flow.log_chi


@pytest.mark.filterwarnings("error")
def test_weights_may_be_so_large_that_only_the_way_back_overflows():
    """Unit 1 of layer 1 is always off; its weights of 3e38 meet nothing on the way forward."""
    layers = iter([np.diag([1.0, 0.0]), np.array([[1.0, 1.0], [3e38, 3e38]]), np.eye(2)])
    flow = gradient_flow(
        "relu", depth=3, width=2, networks=1, inputs=np.ones((9, 2)), initialiser=lambda *_: next(layers), seed=1
    )
    assert np.isfinite(flow.q).all() and np.isfinite(flow.log_norms[0, 1:]).all()
    assert np.isposinf(flow.log_norms[0, 0]) and np.isposinf(flow.weight_log_norms[0, 0])


@pytest.mark.filterwarnings("error")
def test_squares_may_leave_float64_where_activations_do_not():
    how = {"depth": 3, "width": 10, "networks": 2, "initialiser": "he_normal", "dtype": "float64"}
    large, small = (gradient_flow("relu", inputs=np.full((2, 10), value), **how) for value in (1e300, 1e-300))
    assert np.isposinf(large.q).all() and np.isfinite(large.means).all()
    assert not small.q.any() and small.means.all()
    np.testing.assert_allclose(large.log_norms, small.log_norms, rtol=1e-12)
    np.testing.assert_allclose(large.weight_log_norms - small.weight_log_norms, 600 * math.log(10), rtol=1e-12)


@pytest.mark.filterwarnings("error")
def test_where_no_gradient_arrives_the_norm_is_zero():
    """Every unit of a ReLU network is dead if all weights are negative, from the second layer on."""
    flow = gradient_flow(
        "relu", depth=4, width=8, networks=3, initialiser=lambda rng, i, o: -np.abs(rng.normal(size=(i, o)))
    )
    np.testing.assert_array_equal(flow.dead[:, 1], 1)
    assert np.isneginf(flow.log_norms).all()
    assert np.isneginf(flow.weight_log_norms).all() and np.isneginf(flow.log_chi_layers).all()


def test_networks_without_gradient_are_left_out_of_the_mean():
    flow = gradient_flow("relu", depth=12, width=4, networks=40, batch=1, initialiser="he_normal", seed=1)
    alive = np.isfinite(flow.log_norms[:, 3])
    assert 2 < alive.sum() < 40
    steps = 2 * (flow.log_norms[alive, 3] - flow.log_norms[alive, 8]) / 5
    assert (flow.log_chi.n, flow.log_chi.value) == (alive.sum(), pytest.approx(steps.mean()))


def test_inputs_of_nothing():
    flow = gradient_flow("tanh", depth=3, width=5, networks=2, inputs=np.zeros((4, 5)))
    np.testing.assert_array_equal(flow.q, 0)
    assert np.isfinite(flow.log_norms).all() and np.isneginf(flow.weight_log_norms).all()


# --- What it draws ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{}, {"initialiser": "pytorch_uniform"}, {"sigma_b2": 0.1, "residual": True}], ids=str
)
def test_network_i_of_a_seed_is_the_same_however_many_there_are(options):
    few, many = (gradient_flow("gelu", **{**SMALL, "networks": n}, **options) for n in (2, 5))
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(few, field), getattr(many, field)[:2])
    assert len(np.unique(many.log_norms[:, 0])) == 5
    other = gradient_flow("gelu", **{**SMALL, "seed": 4}, **options)
    assert not np.isin(other.log_norms, many.log_norms).any()


@pytest.mark.parametrize("initialiser", ["glorot_uniform", "glorot_truncated"])
@pytest.mark.parametrize("held", [0, 1, 3])
def test_weights_that_are_drawn_again_are_the_same(monkeypatch, held, initialiser):
    """With memory for few layers the others are drawn twice, which changes no bit."""
    expected = gradient_flow("tanh", initialiser=initialiser, **SMALL)
    monkeypatch.setattr(propagation, "_HELD", held * 4 * 5 * 5)
    found = gradient_flow("tanh", initialiser=initialiser, **SMALL)
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(found, field), getattr(expected, field))


def test_memory_holds_a_part_of_one_network(monkeypatch):
    import tracemalloc

    held = 2**21
    monkeypatch.setattr(propagation, "_HELD", held)
    tracemalloc.start()
    gradient_flow("relu", depth=40, width=200, networks=3, batch=4, initialiser="he_normal")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * held < 40 * 200 * 200 * 4


def test_biases_follow_the_initialiser_unless_their_variance_is_given():
    """With inputs of 0 the first layer's pre-activations are its biases."""
    how = {"depth": 1, "width": 1000, "networks": 3, "inputs": np.zeros((1, 100))}
    q = {
        "none": gradient_flow("tanh", **how).q,
        "PyTorch": gradient_flow("tanh", initialiser="pytorch_uniform", **how).q,
        "given": gradient_flow("tanh", initialiser="pytorch_uniform", sigma_b2=0.3, **how).q,
        "refused": gradient_flow("tanh", initialiser="pytorch_uniform", sigma_b2=0, **how).q,
    }
    assert not q["none"].any() and not q["refused"].any()
    # Uniform numbers have a fourth moment of 9/5 of the square of the second, normal ones 3 times it.
    assert q["PyTorch"].mean() == pytest.approx(1 / 300, rel=5 * math.sqrt(0.8 / 3000))
    assert q["given"].mean() == pytest.approx(0.3, rel=5 * math.sqrt(2 / 3000))


def test_inputs_may_be_given_and_of_another_size():
    inputs = np.random.default_rng(5).normal(size=(7, 30))
    flow = gradient_flow("tanh", depth=2, width=400, networks=30, inputs=inputs, initialiser="lecun_normal")
    assert flow.q[:, 0].mean() == pytest.approx(np.mean(inputs**2), rel=0.02)
    doubled = gradient_flow("identity", depth=1, width=300, networks=20, initialiser="lecun_normal", q0=3.0)
    assert doubled.q.mean() == pytest.approx(3, rel=0.02)


def test_any_function_may_draw_the_weights():
    def thirds(rng, fan_in, fan_out):
        return rng.choice([-1.0, 1.0], (fan_in, fan_out)) / math.sqrt(3 * fan_in)

    flow = gradient_flow("tanh", initialiser=thirds, **SMALL)
    assert "tanh, thirds, 3 networks, 6 layers of width 5" in repr(flow)
    assert gradient_flow("tanh", initialiser="he_normal", **SMALL).initialiser == "he_normal"


def test_float32_and_float64_agree_on_the_average():
    single, double = (
        gradient_flow("tanh", depth=20, width=100, networks=20, initialiser="lecun_normal", dtype=dtype).log_chi
        for dtype in ("float32", "float64")
    )
    spread = math.hypot(single.deviation, double.deviation) / math.sqrt(20)
    assert abs(single.value - double.value) < 4 * spread


# --- What is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        *(({name: 0}, ValueError, f"{name} must be a whole number of 1 or more; got 0")
          for name in ("depth", "width", "networks", "batch")),
        ({"depth": 2.5}, ValueError, "depth must be a whole number of 1 or more; got 2.5"),
        ({"seed": -1}, ValueError, "seed must be a whole number of 0 or more; got -1"),
        ({"activation": "step"}, ValueError, "step has slope 0 wherever it has one"),
        ({"activation": "softmax"}, TypeError, "an elementwise activation is needed"),
        ({"q0": 0}, ValueError, "q0 must be finite, above 0; got 0"),
        ({"q0": math.nan}, ValueError, "q0 must be finite, above 0; got nan"),
        ({"sigma_b2": -0.1}, ValueError, "sigma_b2 must be finite, 0 or more; got -0.1"),
        ({"inputs": [[1.0, math.nan]]}, ValueError, "inputs must be finite numbers.*got an array with nan or infinity"),
        ({"inputs": [[1.0, math.inf]]}, ValueError, "inputs must be finite numbers.*got an array with nan or infinity"),
        ({"inputs": [1.0, 2.0]}, ValueError, r"inputs must be .*\(batch, features\); got an array with shape \(2,\)"),
        ({"inputs": np.ones((0, 2))}, ValueError, r"\(batch, features\); got an array with shape \(0, 2\)"),
        ({"dtype": "float16"}, ValueError, "dtype must be 'float32' or 'float64'; got 'float16'"),
        ({"initialiser": "he"}, ValueError, "unknown initialiser 'he'"),
        ({"initialiser": 3}, TypeError, "must be a rule, its name or a function of"),
        ({"initialiser": lambda rng, i, o: np.full((i, o), np.nan)}, ValueError, "must give finite weights"),
        ({"initialiser": lambda rng, i, o: np.full((i, o), np.inf)}, ValueError, "must give finite weights"),
        ({"initialiser": lambda rng, i, o: np.ones(i)}, ValueError, r"weights of shape \(5, 5\); got .* shape \(5,\)"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(options, error, message):
    options = {"activation": "tanh", **SMALL, **options}
    with pytest.raises(error, match=message):
        gradient_flow(options.pop("activation"), **options)


@pytest.mark.parametrize(("first", "last"), [(3, 3), (4, 2), (1, 7)])
def test_layers_between_which_there_is_no_chi(first, last):
    flow = gradient_flow("tanh", **SMALL)
    with pytest.raises(ValueError, match=f"first < last <= 6; got {first} and {last}"):
        flow.log_chi_between(first, last)
    with pytest.raises(ValueError, match="first must be a whole number of 1"):
        flow.log_chi_between(0, 2)
    with pytest.raises(ValueError, match="first < last <= 1; got 1 and 1"):
        _ = gradient_flow("tanh", **{**SMALL, "depth": 1}).log_chi
