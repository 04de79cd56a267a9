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
    output.push(q, chi1, %s.indexOf(phase), ...flow.q, ...flow.logNorms);
  }
}
"""


def found(cases, deviations, folder, change=lambda text: text):
    """Return what the page computes: q*, chi_1, the phase, lengths and gradients, (cases, deviations, numbers)."""
    names = {"functions": ["FUNCTIONS"], "meanfield": ["wide", "analyse", "expectedFlow"]}
    text = PROGRAM % (json.dumps([[case.name, dict(case.values)] for case in cases]), DEPTH, json.dumps(PHASES))
    numbers = run(scripts(names, change), text, np.ravel(deviations), folder, first_engine())
    return numbers.reshape(len(cases), len(deviations), -1)


def off(case, deviations, numbers):
    """Return by how much the largest number of each kind is off: q*, chi_1, phase, lengths, gradients.

    Relatively; where ln of a gradient is below 1, absolutely. Both sum the same terms, in another order and with other
    roundings of the activation, each of some 1e-16: 1e-13 leaves room for the conditions of q* and of fifty layers.
    """
    sigma_w, sigma_b = deviations
    theory = meanfield.analyse(case, sigma_w2=sigma_w**2, sigma_b2=sigma_b**2)
    flow = expected_flow(case, sigma_w2=sigma_w**2, sigma_b2=sigma_b**2, depth=DEPTH)
    expected = np.array([theory.q, theory.chi1, PHASES.index(theory.phase), *flow.q, *flow.log_norms])
    scale = np.abs(expected)
    scale[-DEPTH:] = np.maximum(scale[-DEPTH:], 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.where(numbers == expected, 0.0, np.abs(numbers - expected) / scale)
    return [np.max(np.nan_to_num(part, nan=np.inf)) for part in np.split(errors, [1, 2, 3, 3 + DEPTH])]


# A length that dies out by squares or cubes, as that of tanh_shrink does, hands on its error so many times enlarged.
BOUNDS = (1e-13, 1e-13, 0, 2e-12, 1e-13)


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
    "kinks forgotten": ("hard_tanh", "if (elsewhere.length)", "if (false)"),
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
