"""Random initial weights: their distributions, and that the frameworks draw from the same ones."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

from actlab import initialisers
from actlab.initialisers import FRAMEWORK_DEFAULTS, INITIALISERS, Initialiser

FANS = [(1, 1), (4, 4), (30, 10), (10, 30)]
WEIGHTS, LAYERS = 60_000, 3000  # that a test draws, at most

each_rule = pytest.mark.parametrize("rule", INITIALISERS.values(), ids=repr)
each_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])


def rules(distribution: str) -> pytest.MarkDecorator:
    """Run a test with every rule of that distribution."""
    chosen = [rule for rule in INITIALISERS.values() if rule.distribution == distribution]
    return pytest.mark.parametrize("rule", chosen, ids=repr)


def draw(rule: Initialiser, fan_in: int, fan_out: int, dtype=np.float64) -> np.ndarray:
    """Return the weights of many layers, (layers, fan_in, fan_out)."""
    rng = np.random.default_rng(5)
    return np.array([rule(rng, fan_in, fan_out, dtype) for _ in range(min(LAYERS, WEIGHTS // (fan_in * fan_out)))])


def assert_moments(weights: np.ndarray, variance: float) -> None:
    """The mean is 0 and the variance what it should be, both within 5 standard errors."""
    weights = weights.astype(np.float64).ravel()
    assert abs(weights.mean()) < 5 * math.sqrt(variance / weights.size)
    squares = np.square(weights)
    assert abs(squares.mean() - variance) <= 5 * squares.std() / math.sqrt(weights.size)


# --- Distributions ----------------------------------------------------------------------------------------------------

# What the papers and the frameworks' pages say, for 30 inputs and 10 outputs.
VARIANCES = {
    "glorot_uniform": 1 / 20, "glorot_normal": 1 / 20, "glorot_truncated": 1 / 20,
    "he_uniform": 1 / 15, "he_normal": 1 / 15, "he_truncated": 1 / 15,
    "lecun_uniform": 1 / 30, "lecun_normal": 1 / 30, "lecun_truncated": 1 / 30,
    "pytorch_uniform": 1 / 90, "orthogonal": 1 / 30,
}  # fmt: skip


def test_variances_are_the_published_ones():
    assert {name: rule.variance(30, 10) for name, rule in INITIALISERS.items()} == pytest.approx(VARIANCES)
    assert {name: rule.sigma_w2(30, 10) for name, rule in INITIALISERS.items()} == pytest.approx(
        {name: 30 * variance for name, variance in VARIANCES.items()}
    )


@pytest.mark.parametrize(("fan_in", "fan_out"), FANS)
@each_rule
@each_dtype
def test_weights_have_their_variance(rule, fan_in, fan_out, dtype):
    weights = draw(rule, fan_in, fan_out, dtype)
    assert weights.shape[1:] == (fan_in, fan_out)
    assert weights.dtype == dtype
    assert_moments(weights, rule.variance(fan_in, fan_out))


@rules("uniform")
@each_dtype
def test_uniform_weights_fill_their_interval(rule, dtype):
    limit = math.sqrt(3 * rule.variance(30, 10))
    weights = draw(rule, 30, 10, dtype)
    assert 0.999 * limit < np.abs(weights).max() <= limit * (1 + np.finfo(dtype).eps)
    counts, _ = np.histogram(weights, bins=10, range=(-limit, limit))
    assert np.abs(counts - weights.size / 10).max() < 5 * math.sqrt(0.09 * weights.size)


def test_float32_weights_are_all_independent():
    """Two of them come from one 64-bit number: the next to each other do not correlate, also for an odd count."""
    weights = np.array([initialisers.lecun_uniform(np.random.default_rng(k), 3, 5, np.float32) for k in range(4000)])
    flat = weights.reshape(4000, 15) * math.sqrt(3)
    correlations = flat.T.astype(np.float64) @ flat / 4000
    assert np.abs(correlations - np.eye(15)).max() < 5 / math.sqrt(4000)
    assert len(np.unique(weights)) > 59_000


@rules("normal")
@each_dtype
def test_normal_weights_have_a_normal_kurtosis(rule, dtype):
    scaled = draw(rule, 30, 10, dtype) / math.sqrt(rule.variance(30, 10))
    assert abs(np.mean(scaled**4) - 3) < 5 * math.sqrt(96 / scaled.size)


@rules("truncated_normal")
@each_dtype
def test_truncated_weights_end_at_two_deviations(rule, dtype):
    """Of the normal distribution that is cut, whose deviation is larger than that of what is left."""
    from scipy.stats import kstest, truncnorm

    deviation = math.sqrt(rule.variance(30, 10)) / truncnorm(-2, 2).std()
    weights = draw(rule, 30, 10, dtype).ravel()
    assert 1.99 * deviation < np.abs(weights).max() <= 2 * deviation * (1 + np.finfo(dtype).eps)
    assert kstest(weights / deviation, truncnorm(-2, 2).cdf).pvalue > 1e-4


@pytest.mark.parametrize(("fan_in", "fan_out"), [(5, 5), (7, 3), (3, 7), (1, 4)])
@each_dtype
def test_orthogonal_weights(fan_in, fan_out, dtype):
    """Whichever side is shorter, its vectors are orthonormal."""
    weights = initialisers.orthogonal(np.random.default_rng(2), fan_in, fan_out, dtype)
    products = weights.T @ weights if fan_in >= fan_out else weights @ weights.T
    np.testing.assert_allclose(products, np.eye(min(fan_in, fan_out)), atol=20 * np.finfo(dtype).eps)
    tripled = initialisers.orthogonal.with_scale(9)(np.random.default_rng(2), fan_in, fan_out, dtype)
    np.testing.assert_allclose(tripled, 3 * weights, rtol=1e-6)


def test_all_orthogonal_matrices_are_equally_likely():
    """Half of those with one row and column are -1; the traces of larger ones have mean 0 and variance 1."""
    traces = np.trace(draw(initialisers.orthogonal, 4, 4), axis1=1, axis2=2)
    assert_moments(traces, 1.0)
    assert_moments(draw(initialisers.orthogonal, 1, 1), 1.0)


# --- Records ----------------------------------------------------------------------------------------------------------


@each_rule
def test_a_scaled_rule_has_its_variance_and_all_else(rule):
    scaled = rule.with_scale(1.7)
    assert scaled.variance(8, 2) == pytest.approx(1.7 / rule.scale * rule.variance(8, 2))
    assert (scaled.distribution, scaled.bias_scale) == (rule.distribution, rule.bias_scale)
    assert repr(scaled) == f"{rule.name}.with_scale(1.7)"
    assert scaled.with_scale(2).name == f"{rule.name}.with_scale(2)"
    ratio = math.sqrt(1.7 / rule.scale)
    weights, expected = (each(np.random.default_rng(3), 8, 2) for each in (scaled, rule))
    np.testing.assert_allclose(weights, ratio * expected, rtol=1e-12)


@pytest.mark.parametrize("scale", [0, -1.0, math.inf, math.nan, "2", None])
def test_a_scale_is_a_positive_number(scale):
    with pytest.raises(ValueError, match=f"scale must be a positive finite number; got {scale!r}"):
        initialisers.he_normal.with_scale(scale)


@each_rule
def test_rules_are_found_by_name(rule):
    assert initialisers.get(rule.name) is rule
    assert initialisers.get(rule) is rule
    assert getattr(initialisers, rule.name) is rule
    assert rule.__name__ == repr(rule) == rule.name
    assert rule.__doc__ == rule.text
    assert pickle.loads(pickle.dumps(rule)) == rule


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="unknown initialiser 'He_Norml'; did you mean he_normal"):
        initialisers.get("He_Norml")
    with pytest.raises(ValueError, match="did you mean he_uniform or he_normal or he_truncated"):
        initialisers.get("He")
    with pytest.raises(ValueError, match=r"unknown initialiser '%'; known are: glorot_uniform, .*, orthogonal"):
        initialisers.get("%")
    with pytest.raises(TypeError, match="by its name, a string; got 3"):
        initialisers.get(3)


@pytest.mark.parametrize("fan", [0, -3, 2.5, True])
@each_rule
def test_fans_are_whole_numbers_from_1(rule, fan):
    rng = np.random.default_rng(0)
    for method in (rule.variance, rule.sigma_w2, lambda *fans: rule(rng, *fans)):
        with pytest.raises(ValueError, match=f"fan_in must be a whole number of 1 or more; got {fan}"):
            method(fan, 4)
        with pytest.raises(ValueError, match=f"fan_out must be a whole number of 1 or more; got {fan}"):
            method(4, fan)
    with pytest.raises(ValueError, match=f"fan_in must be a whole number of 1 or more; got {fan}"):
        rule.bias_limit(fan)


@each_rule
def test_biases_are_zero_but_for_pytorch(rule):
    limit = rule.bias_limit(16)
    assert limit == (0.25 if rule is initialisers.pytorch_uniform else 0)


# --- The frameworks ---------------------------------------------------------------------------------------------------

# Keras' names of the rules; its normal ones are truncated.
KERAS = {
    "GlorotUniform": "glorot_uniform", "GlorotNormal": "glorot_truncated", "HeNormal": "he_truncated",
    "HeUniform": "he_uniform", "LecunNormal": "lecun_truncated", "LecunUniform": "lecun_uniform",
    "Orthogonal": "orthogonal",
}  # fmt: skip


@pytest.mark.parametrize(("name", "rule"), KERAS.items())
def test_keras_draws_from_the_same_distribution(name, rule):
    from actlab.tf import precision

    shape = (300, 200)
    with precision("float64") as keras:
        theirs = np.asarray(getattr(keras.initializers, name)(seed=1)(shape))
    ours = INITIALISERS[rule](np.random.default_rng(1), *shape)
    assert_moments(theirs, INITIALISERS[rule].variance(*shape))
    if INITIALISERS[rule].distribution == "orthogonal":
        np.testing.assert_allclose(theirs.T @ theirs, np.eye(200), atol=1e-10)
    else:
        assert np.abs(theirs).max() == pytest.approx(np.abs(ours).max(), rel=1e-3)


def test_what_keras_starts_a_dense_layer_from():
    from actlab.tf import precision

    with precision("float64") as keras:
        layer = keras.layers.Dense(200)
        layer.build((None, 300))
        weights, biases = layer.get_weights()
    rule = FRAMEWORK_DEFAULTS["keras.layers.Dense"]
    assert_moments(weights, rule.variance(300, 200))
    assert np.abs(weights).max() == pytest.approx(math.sqrt(3 * rule.variance(300, 200)), rel=1e-3)
    assert not biases.any()
    assert rule.bias_limit(300) == 0


def test_what_pytorch_starts_a_linear_layer_from():
    torch = pytest.importorskip("torch", reason="PyTorch is optional")
    torch.manual_seed(0)
    layers = [torch.nn.Linear(5, 7) for _ in range(1000)]
    rule = FRAMEWORK_DEFAULTS["torch.nn.Linear"]
    for drawn, limit in (
        ([layer.weight for layer in layers], math.sqrt(3 * rule.variance(5, 7))),
        ([layer.bias for layer in layers], rule.bias_limit(5)),
    ):
        numbers = torch.stack(drawn).detach().numpy()
        assert_moments(numbers, limit**2 / 3)
        assert 0.999 * limit < np.abs(numbers).max() <= limit * (1 + 1e-6)
