"""The networks that the page draws: exactly those of the package from the same weights, and as many kinds of them."""

import math

import numpy as np
import pytest
from scipy import stats

import actlab
from actlab import initialisers, propagation
from actlab.experiments import gradient_flow
from tests.javascript import first_engine, run, scripts
from tests.test_widget_meanfield import CASES

DEPTH, WIDTH, BATCH = 9, 7, 4

RUN = """
const finish = (steps) => {
  for (;;) {
    const { value, done } = steps.next();
    if (done) return value;
  }
};
const output = [];
"""


class Given:
    """Weights that are given instead of drawn, as ``propagation.propagate`` asks for them."""

    dtype = np.dtype(np.float64)

    def __init__(self, weights):
        self.forward = self.backward = weights.__getitem__


def page(program, numbers, folder, change=lambda text: text):
    """Run a program with everything that draws networks at hand."""
    names = {
        "functions": ["FUNCTIONS"],
        "meanfield": ["wide"],
        "propagation": ["draw", "propagate"],
        "bands": ["bands"],
        "random": ["fillNormal", "fillUniform", "generator"],
    }
    return run(scripts(names, change), RUN + program, numbers, folder, first_engine())


def from_page(cases, scale, folder, change=lambda text: text):
    """Return the weights and all, and what the page's networks make of them: q and the gradients, (cases, 2, DEPTH)."""
    rng = np.random.default_rng(5)
    weights = math.sqrt(scale / WIDTH) * rng.standard_normal((DEPTH, WIDTH, WIDTH))
    biases = 0.3 * rng.standard_normal((DEPTH, WIDTH)) * (scale == 1)
    x, upstream = rng.standard_normal((2, BATCH, WIDTH))
    parts = "".join(
        f"const {name} = take({array.size});\n"
        for name, array in [("w", weights), ("b", biases), ("x", x), ("upstream", upstream)]
    )
    program = f"""
let used = 0;
const take = (count) => input.subarray(used, (used += count));
{parts}
const layers = (array) => Array.from({{ length: {DEPTH} }}, (_, layer) => {{
  const size = array.length / {DEPTH};
  return array.subarray(layer * size, (layer + 1) * size);
}});
for (const [name, p] of {[[case.name, dict(case.values)] for case in cases]}) {{
  const network = {{ weights: layers(w), biases: layers(b), x, upstream }};
  const {{ q, logNorms }} = finish(propagate(wide(FUNCTIONS[name], p), network));
  output.push(...q, ...logNorms);
}}
"""
    given = weights, biases, x, upstream
    numbers = page(program, np.concatenate([np.ravel(part) for part in given]), folder, change)
    return given, numbers.reshape(len(cases), 2, DEPTH)


def differences(case, given, numbers):
    """Return by how much the page's lengths and gradients are off, the former relatively."""
    weights, biases, x, upstream = given
    log_norms, _, q, *_ = propagation.propagate(case, Given(weights), list(biases), x, upstream, False, False)
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.abs(numbers - [q, log_norms]) / [q, np.maximum(1, np.abs(log_norms))]
    return np.where(numbers == [q, log_norms], 0.0, np.nan_to_num(errors, nan=np.inf))


@pytest.mark.parametrize("scale", [1.0, 1e-8, 30.0])
def test_from_the_same_weights_come_the_same_gradients(scale, tmp_path):
    """Nine layers, so that what rounds is not enlarged to more."""
    given, numbers = from_page(CASES, scale, tmp_path)
    for case, of_case in zip(CASES, numbers, strict=True):
        assert differences(case, given, of_case).max() < 1e-9, case


@pytest.mark.parametrize(("scale", "fit"), [(1e60, True), (1e80, False), (1e-60, True), (1e-80, False)])
def test_numbers_may_be_so_large_and_so_small_that_floats_end(scale, fit, tmp_path):
    cases = [actlab.relu, actlab.identity, actlab.leaky_relu]
    given, numbers = from_page(cases, scale, tmp_path)
    assert np.isfinite(numbers[0, 1]).all() == fit
    for case, of_case in zip(cases, numbers, strict=True):
        assert differences(case, given, of_case).max() < 1e-9, case


# What stands in the script, and what stands there instead.
MISTAKES = {
    "the transposed weights": ("delta[start + j] * weights[row + j]", "delta[start + j] * weights[j * width + i]"),
    "slopes of the wrong layer": ("const slope = slopes[layer];", "const slope = slopes[Math.max(0, layer - 1)];"),
    "a size left out": ("z[start + j] * size", "z[start + j]"),
    "a gradient that is not scaled": ("delta[i] /= size", "delta[i] /= 1"),
    "biases left out": (" + bias[j]", ""),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_noticed(mistake, tmp_path):
    right, instead = MISTAKES[mistake]
    seen = []

    def change(text):
        seen.append(right in text)
        return text.replace(right, instead)

    given, numbers = from_page([actlab.tanh], 1.0, tmp_path, change)
    assert any(seen)
    assert differences(actlab.tanh, given, numbers[0]).max() > 1e-9


# --- Drawn networks ---------------------------------------------------------------------------------------------------

DRAW = """
const [sigmaW, sigmaB, depth, width, batch, seed, networks] = input;
const how = { sigmaW, sigmaB, depth, width, batch, seed };
"""
SETTINGS = [("tanh", 1.5, 0.2), ("relu", math.sqrt(2), 0.0), ("sigmoid", 3.0, 0.5)]


def drawn_by_the_page(name, sigma_w, sigma_b, seed, folder, networks=300, change=lambda text: text):
    """Return the lengths and the gradients of networks that the page draws, (2, networks, layers)."""
    program = f"""
for (let number = 0; number < networks; number++) {{
  const {{ q, logNorms }} = finish(propagate(wide(FUNCTIONS.{name}), finish(draw(how, number))));
  output.push(...q, ...logNorms);
}}
"""
    numbers = page(DRAW + program, np.array([sigma_w, sigma_b, 12, 16, 2, seed, networks]), folder, change)
    return numbers.reshape(networks, 2, 12).swapaxes(0, 1)


def unlikeliest(name, sigma_w, sigma_b, drawn):
    """Return the smallest chance, over the layers, that networks of the page and of the package scatter so differently.

    By the test of Kolmogorov and Smirnov, which is exact for continuous numbers, for q and for the gradient.
    """
    rule = initialisers.lecun_uniform.with_scale(sigma_w**2)
    how = {"initialiser": rule, "sigma_b2": sigma_b**2, "depth": 12, "width": 16, "batch": 2, "dtype": "float64"}
    flow = gradient_flow(name, networks=300, seed=1, **how)
    pairs = [(drawn[0], flow.q), (drawn[1], flow.log_norms)]
    return min(stats.ks_2samp(a[:, layer], b[:, layer]).pvalue for a, b in pairs for layer in range(12))


@pytest.mark.parametrize(("name", "sigma_w", "sigma_b"), SETTINGS)
def test_they_are_networks_of_the_same_kind_as_those_of_the_package(name, sigma_w, sigma_b, tmp_path):
    drawn = drawn_by_the_page(name, sigma_w, sigma_b, 7, tmp_path)
    # The numbers of two layers of a network are not independent: 24 tests have less than 24 chances.
    assert unlikeliest(name, sigma_w, sigma_b, drawn) > 0.01 / 24


@pytest.mark.parametrize(
    ("right", "instead"),
    [
        ("Math.sqrt(3) * deviation", "1.6 * deviation"),
        ("new Float64Array(width), sigmaB", "new Float64Array(width), 0"),
    ],
)
def test_networks_of_another_kind_are_told_apart(right, instead, tmp_path):
    change = lambda text: text.replace(right, instead)  # noqa: E731
    drawn = drawn_by_the_page("tanh", 1.5, 0.2, 7, tmp_path, change=change)
    assert unlikeliest("tanh", 1.5, 0.2, drawn) < 0.01 / 24


def test_every_seed_and_every_network_has_numbers_of_its_own(tmp_path):
    program = """
const seeds = [[0], [1], [2 ** 31], [0, 1], [1, 0], [0, 0, 1], [0, 1, 1]];
for (const seed of seeds) output.push(...fillUniform(generator(...seed), new Float64Array(400)));
output.push(...fillUniform(generator(0, 0, 0), new Float64Array(400)));
"""
    *kinds, again = page(program, np.zeros(0), tmp_path).reshape(-1, 400)
    np.testing.assert_array_equal(again, kinds[0])
    kinds[4] = kinds[4][::-1]  # [1, 0] is [1]
    assert np.abs(np.corrcoef(kinds) - np.eye(len(kinds))).max() < 5 / math.sqrt(400)


def test_uniform_and_normal_numbers_are_so_distributed(tmp_path):
    program = """
const next = generator(3, 1, 4);
output.push(...fillUniform(next, new Float64Array(50001), 2), ...fillNormal(next, new Float64Array(50001), 2));
"""
    uniform, normal = page(program, np.zeros(0), tmp_path).reshape(2, -1)
    half = 2 * math.sqrt(3)
    assert stats.kstest(uniform, stats.uniform(-half, 2 * half).cdf).pvalue > 0.01
    assert stats.kstest(normal, stats.norm(0, 2).cdf).pvalue > 0.01
    for numbers in (uniform, normal):
        assert abs(np.corrcoef(numbers[1:], numbers[:-1])[0, 1]) < 4 / math.sqrt(50000)


def test_the_band_holds_nine_tenths(tmp_path):
    values = np.random.default_rng(4).normal(size=(7, 5))
    values[:2, 1], values[:, 2], values[4:, 3] = -np.inf, np.inf, np.inf
    program = """
const lists = Array.from({ length: 7 }, (_, i) => Array.from(input.subarray(5 * i, 5 * i + 5)));
const { lows, medians, highs } = bands(lists);
output.push(...lows, ...medians, ...highs);
"""
    found = page(program, values, tmp_path).reshape(3, 5)
    with np.errstate(invalid="ignore"):
        expected = np.quantile(values, (0.05, 0.5, 0.95), axis=0)
    # Of infinite numbers that are alike numpy makes nan, and of a number whose neighbour is infinite.
    expected[0, 1], expected[:, 2], expected[1, 3], expected[2, 3] = -np.inf, np.inf, values[:4, 3].max(), np.inf
    np.testing.assert_allclose(found, expected, rtol=1e-14)
