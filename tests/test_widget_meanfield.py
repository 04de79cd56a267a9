"""The theory of wide networks as the page computes it, beside the package's, for every activation that has a slope."""

import json
import math

import numpy as np
import pytest

from actlab import meanfield
from actlab.experiments import expected_flow
from tests.cases import ELEMENTWISE
from tests.javascript import first_engine, run, scripts

# Small and large, on the edge of some, without biases and with many.
DEVIATIONS = [(0.3, 0.0), (1.0, 0.0), (1.0, 0.3), (math.sqrt(2), 0.0), (1.7, 0.1), (2.5, 0.7), (4.0, 2.0), (0.1, 2.0)]
DEPTH = 50
CASES = [case for case in ELEMENTWISE if not meanfield.lengths.jumps(case)]
PHASES = ["ordered", "critical", "chaotic", "unbounded"]

PROGRAM = """
const output = [];
for (const [name, p] of %s) {
  const f = wide(FUNCTIONS[name], p);
  for (let i = 0; i < input.length; i += 2) {
    const deviations = { sigmaW: input[i], sigmaB: input[i + 1] };
    const { q, chi1, phase } = analyse(f, deviations);
    const flow = expectedFlow(f, deviations, %d);
    output.push(q, chi1, %s.indexOf(phase), depthScale(chi1), ...flow.q, ...flow.logNorms);
  }
}
"""


def found(cases, deviations, folder, change=lambda text: text):
    """Return q*, chi_1, phase, depth scale, lengths and gradients of the page, (cases, deviations, numbers)."""
    names = {"functions": ["FUNCTIONS"], "meanfield": ["wide", "analyse", "depthScale", "expectedFlow"]}
    text = PROGRAM % (json.dumps([[case.name, dict(case.values)] for case in cases]), DEPTH, json.dumps(PHASES))
    numbers = run(scripts(names, change), text, np.ravel(deviations), folder, first_engine())
    return numbers.reshape(len(cases), len(deviations), -1)


def off(case, deviations, numbers):
    """Return by how much the largest number of each kind is off: q*, chi_1, phase, depth scale, lengths, gradients.

    Relatively; where ln of a gradient is below 1, absolutely. Both sum the same terms, in another order and with other
    roundings of the activation, each of some 1e-16: 1e-13 leaves room for the conditions of q* and of fifty layers.
    """
    sigma_w, sigma_b = deviations
    theory = meanfield.analyse(case, sigma_w2=sigma_w**2, sigma_b2=sigma_b**2)
    flow = expected_flow(case, sigma_w2=sigma_w**2, sigma_b2=sigma_b**2, depth=DEPTH)
    expected = np.array([theory.q, theory.chi1, PHASES.index(theory.phase), theory.xi_grad, *flow.q, *flow.log_norms])
    scale = np.abs(expected)
    scale[-DEPTH:] = np.maximum(scale[-DEPTH:], 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.where(numbers == expected, 0.0, np.abs(numbers - expected) / scale)
    return [np.max(np.nan_to_num(part, nan=np.inf)) for part in np.split(errors, [1, 2, 3, 4, 4 + DEPTH])]


# A depth scale is as many times less exact than chi_1 as that is nearer to 1, down to 1e-9, where it is called 1. A
# length that dies out by squares or cubes, as that of tanh_shrink does, hands on its error so many times enlarged.
BOUNDS = (1e-13, 1e-13, 0, 1e-8, 2e-12, 1e-13)


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """Give what the page computes for a case."""
    numbers = found(CASES, DEVIATIONS, tmp_path_factory.mktemp("meanfield"))
    return dict(zip(CASES, numbers, strict=True))


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_the_page_computes_the_theory_of_the_package(case, computed):
    for deviations, numbers in zip(DEVIATIONS, computed[case], strict=True):
        errors = off(case, deviations, numbers)
        assert all(error <= bound for error, bound in zip(errors, BOUNDS, strict=True)), (deviations, errors)


# Mistakes that somebody could make: the case that shows it, what stands in the scripts, what stands there instead.
MISTAKES = {
    "kinks forgotten": ("hard_tanh", "if (elsewhere.length || bends.length > 1)", "if (false)"),
    "bends overlooked": ("squareplus", "const HALVINGS = 4", "const HALVINGS = 0"),
    "tails cut off": ("exponential", "Math.min(2 * root, FARTHEST - ORDINARY)", "0"),
    "the last layer's own factor": ("sigmoid", "chi(f, q[layer]", "chi(f, q[layer + 1]"),
    "inputs as pre-activations": ("tanh", "[deviations.sigmaW ** 2 + deviations.sigmaB ** 2]", "[1]"),
    "a variance for a deviation": ("sigmoid", "moments(f, q).plain) + sigmaB ** 2", "moments(f, q).plain) + sigmaB"),
    "the search stops too early": ("tanh", "const FIRST = -44 * 4", "const FIRST = -1"),
    "the slope far out": ("relu", "f.derivative(end) ** 2 / 2", "f.derivative(end) ** 2"),
    "lengths without limit": ("relu", 'q === Infinity ? "unbounded" : near', "near"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_noticed(mistake, tmp_path):
    name, right, instead = MISTAKES[mistake]
    seen = []

    def change(text):
        seen.append(right in text)
        return text.replace(right, instead)

    cases = [case for case in CASES if case.name == name]
    numbers = found(cases, DEVIATIONS, tmp_path, change)
    assert any(seen)
    errors = [
        off(case, deviations, numbers[at, number])
        for at, case in enumerate(cases)
        for number, deviations in enumerate(DEVIATIONS)
    ]
    assert any(error > bound for row in errors for error, bound in zip(row, BOUNDS, strict=True))


# --- Correlations -----------------------------------------------------------------------------------------------------

CHAOTIC = [
    ("tanh", 1.5, 0.2),
    ("tanh", 4.0, 0.0),
    ("hard_tanh", 2.0, 0.3),
    ("sigmoid", 12.0, 0.0),
    ("gaussian", 3.0, 0.5),
]
CHAOTIC += [("softsign", 2.5, 0.5), ("elu", 1.3, 0.2)]
OTHERS = [("tanh", 0.8, 0.2), ("relu", math.sqrt(2), 0.0), ("relu", 2.0, 0.0), ("gelu", 1.3, 0.2)]


def correlations(settings, folder, change=lambda text: text):
    """Return c* and the depth scale of correlations as the page computes them."""
    names = {"functions": ["FUNCTIONS"], "meanfield": ["wide", "analyse", "correlation"]}
    program = f"""
const output = [];
for (const [name, sigmaW, sigmaB] of {json.dumps(settings)}) {{
  const f = wide(FUNCTIONS[name]);
  const steps = correlation(f, analyse(f, {{ sigmaW, sigmaB }}), {{ sigmaW, sigmaB }});
  let step = steps.next();
  while (!step.done) step = steps.next();
  output.push(step.value.c, step.value.scale);
}}
"""
    return run(scripts(names, change), program, np.zeros(0), folder, first_engine()).reshape(-1, 2)


def test_correlations_come_to_where_the_package_says(tmp_path):
    """The integrals agree to some 1e-15; c* is less exact by the factor 1 / (1 - slope), about its depth scale."""
    for (name, sigma_w, sigma_b), found in zip(CHAOTIC + OTHERS, correlations(CHAOTIC + OTHERS, tmp_path), strict=True):
        theory = meanfield.analyse(name, sigma_w2=sigma_w**2, sigma_b2=sigma_b**2)
        assert (theory.phase == "chaotic") == ((name, sigma_w, sigma_b) in CHAOTIC)
        np.testing.assert_allclose(found, [theory.c, theory.xi_c], rtol=1e-10, atol=1e-13, err_msg=repr(theory))


@pytest.mark.parametrize(
    ("right", "instead"),
    [("(kink - b * t) / a, (kink + b * t) / a", "(kink - b * t) / a"), ("[(-b * t) / a, (b * t) / a]", "[0]")],
)
def test_kinks_and_bends_of_a_pair_are_needed(right, instead, tmp_path):
    settings = [("hard_tanh", 2.0, 0.3), ("tanh", 30.0, 10.0)]
    changed = correlations(settings, tmp_path, lambda text: text.replace(right, instead))
    assert np.abs(changed / correlations(settings, tmp_path) - 1).max() > 1e-10
