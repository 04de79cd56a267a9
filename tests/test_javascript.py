"""The generated JavaScript beside the package: every elementwise activation, in Node and in a browser."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import actlab
from actlab import core, formulas
from actlab.core import Elementwise, elementwise
from actlab.widgets import javascript
from tests.cases import ELEMENTWISE, LARGEST, ORDERS, SMALLEST, accepts, each_elementwise, each_order, evaluator, points
from tests.javascript import ENGINES, first_engine, run

RECORDS = {name: record for name, record in actlab.ACTIVATIONS.items() if isinstance(record, Elementwise)}

each_engine = pytest.mark.parametrize("engine", list(ENGINES) or [None])

SPECIAL = [np.nan, np.inf, -np.inf, LARGEST, -LARGEST, SMALLEST, -SMALLEST, 0.0, -0.0, 1e300, -1e300, 1e-300, -1e-300]


def grid(case):
    """Return the points at which an implementation may go wrong, and many between them, and beyond all."""
    near = np.linspace(-45, 45, 1201) + 1 / 3000
    far = np.geomspace(1e-20, 1e5, 201)
    tails = np.geomspace(40, 8000, 301)
    return np.concatenate([SPECIAL, points(case), near, far, -far, tails, -tails])


def answers(text, cases, folder, engine=None):
    """Return, for each case, f, f' and f'' at its grid as the module says, (orders, points)."""
    grids = [grid(case) for case in cases]
    calls = [
        f"{{ const f = FUNCTIONS.{case.name}, p = {json.dumps(dict(case.values))}, x = take({len(x)});\n"
        "for (const g of [f.value, f.derivative, f.second]) for (const at of x) output.push(g(at, p)); }"
        for case, x in zip(cases, grids, strict=True)
    ]
    take = "let used = 0;\nconst take = (count) => input.subarray(used, (used += count)), output = [];\n"
    found = run(text, take + "\n".join(calls), np.concatenate(grids), folder, engine)
    cuts = np.cumsum([len(ORDERS) * len(x) for x in grids])
    return [part.reshape(len(ORDERS), -1) for part in np.split(found, cuts[:-1])]


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """Give what an engine answers for a case."""
    made = {}

    def ask(engine, case):
        engine = engine or first_engine()
        if engine not in made:
            folder = tmp_path_factory.mktemp(engine)
            found = answers(javascript.module(), ELEMENTWISE, folder, engine)
            made[engine] = dict(zip(ELEMENTWISE, found, strict=True))
        return made[engine][case]

    return ask


def wrong(case, order, found, smallest=SMALLEST):
    """Return the points of the grid at which an answer is not that of the package.

    They agree to 1e-12, or to the smallest number. Near a root of a derivative, where what x is rounded by already
    costs more, they may differ by 6 times as much for f' and 8 times for f'': the package is held to no less itself.
    """
    x = grid(case)
    expected = evaluator(case, order)(x)
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    with np.errstate(invalid="ignore"):
        same |= np.abs(found - expected) <= 1e-12 * np.abs(expected) + smallest
    same &= ~np.isinf(expected) | (found == expected)
    for at in np.flatnonzero(~same & np.isfinite(x) & np.isfinite(found)) if order else ():
        (slope,) = formulas.exact(case, x[[at]], order + 1)
        same[at] = abs(found[at] - expected[at]) <= (6, 8)[order - 1] * math.ulp(x[at]) / 2 * abs(slope)
    # A zero has the sign of what was too small for a number. Where the formula is 0, only -0.0 itself is to be kept;
    # with a leak of 0 the package does not keep it.
    leak = any(case.values.values()) or not case.values
    for at in np.flatnonzero((found == 0) & (expected == 0) & (np.signbit(found) != np.signbit(expected))):
        (exactly,) = formulas.exact(case, [np.clip(x[at], -LARGEST, LARGEST)], order)
        same[at] = exactly == 0 and (x[at] != 0 or order > 0 or not leak)
    return x[~same]


@each_engine
@each_order
@each_elementwise
def test_every_function_answers_as_the_package_does(case, order, engine, computed):
    off = wrong(case, order, computed(engine, case)[order])
    assert not off.size, f"at {off[:5]!r}"


def test_parameters_beyond_the_ends_of_the_sliders_are_as_exact(tmp_path):
    beyond = [
        record.with_params(**{name: value})
        for record in RECORDS.values()
        for name, param in record.parameters.items()
        for value in (param.low / 1e6, param.high * 1e6)
        if accepts(param, value)
    ]
    for case, found in zip(beyond, answers(javascript.module(), beyond, tmp_path), strict=True):
        for order in ORDERS:
            # A subnormal x divided by a large parameter loses digits, which the product with it does not bring back.
            off = wrong(case, order, found[order], SMALLEST * max([1, *case.values.values()]))
            assert not off.size, f"{case}, order {order}, at {off[:5]!r}"


def facts(text, folder):
    """Return what the module says of all functions beside their numbers."""
    program = """
const told = Object.entries(FUNCTIONS).map(([name, f]) => {
  const ends = Object.entries(f.parameters).flatMap(([key, { low, high }]) => [{ [key]: low }, { [key]: high }]);
  return { name, family: f.family, parameters: f.parameters, kinks: [{}, ...ends].map((p) => f.kinks(p)) };
});
const output = new TextEncoder().encode(JSON.stringify(told));
"""
    return json.loads(bytes(run(text, program, np.zeros(0), folder).astype(np.uint8)))


def test_every_function_is_there_with_its_family_parameters_and_kinks(tmp_path):
    expected = [
        {
            "name": name,
            "family": record.family,
            "parameters": {
                key: {"default": p.default, "low": p.low, "high": p.high, "symbol": p.symbol}
                for key, p in record.parameters.items()
            },
            "kinks": [
                [[place, side] for place, side in case.kinks.items()] for case in ELEMENTWISE if case.name == name
            ],
        }
        for name, record in RECORDS.items()
    ]
    assert facts(javascript.module(), tmp_path) == expected


def test_a_parameter_that_a_function_does_not_have_is_refused(tmp_path):
    program = """
let message = "";
try { FUNCTIONS.elu.value(1, { beta: 2 }); } catch (error) { message = `${error.name}: ${error.message}`; }
const output = new TextEncoder().encode(message);
"""
    message = bytes(run(javascript.module(), program, np.zeros(0), tmp_path).astype(np.uint8)).decode()
    assert message == 'TypeError: no parameter "beta"; there are: alpha'


# --- For training -----------------------------------------------------------------------------------------------------


def test_what_trains_networks_in_the_page_is_what_trains_them_here(tmp_path):
    """Values and slopes of an array at once, to the last digits of the numbers that are added on the way."""
    x = np.concatenate(
        [np.linspace(-30, 30, 4001) + 1 / 3000, *([kink] for case in ELEMENTWISE for kink in case.kinks)]
    )
    calls = [
        f"FUNCTIONS.{case.name}.fast(input, value, slope, {json.dumps(dict(case.values))}); "
        "output.push(...value, ...slope);"
        for case in ELEMENTWISE
    ]
    arrays = "const value = input.slice(), slope = input.slice(), output = [];\n"
    found = run(javascript.module(), arrays + "\n".join(calls), x, tmp_path).reshape(len(ELEMENTWISE), 2, -1)
    for case, (value, slope) in zip(ELEMENTWISE, found, strict=True):
        scale = max([1, *case.values.values()])
        np.testing.assert_allclose(value, case(x), rtol=1e-14, atol=1e-15 * scale, err_msg=repr(case))
        np.testing.assert_allclose(slope, case.derivative(x), rtol=1e-14, atol=1e-14 * scale, err_msg=repr(case))


def test_a_network_that_has_become_nan_stays_so(tmp_path):
    """As here, where the value alone is sure to be nan: a comparison with it would give one of the other pieces."""
    calls = [
        f"FUNCTIONS.{case.name}.fast(input, value, slope, {json.dumps(dict(case.values))}); output.push(...value);"
        for case in ELEMENTWISE
    ]
    arrays = "const value = input.slice(), slope = input.slice(), output = [];\n"
    x = np.array([np.nan])
    found = run(javascript.module(), arrays + "\n".join(calls), x, tmp_path)
    assert [case for case, value in zip(ELEMENTWISE, found, strict=True) if not np.isnan(value)] == []
    assert all(np.isnan(case.value_and_derivative(x)[0]).all() for case in ELEMENTWISE)


# --- The generator ----------------------------------------------------------------------------------------------------


def test_the_text_is_the_same_in_every_process():
    command = "from actlab.widgets import javascript; print(javascript.module(), end='')"
    for seed in "01":
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, "-c", command], env=environment, capture_output=True, check=True)
        assert done.stdout.decode() == javascript.module()


def test_sympy_is_loaded_only_where_the_text_is_made():
    command = "import sys, actlab.widgets; print('sympy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True, text=True)
    assert done.stdout == "False\n"


@pytest.fixture
def registered(monkeypatch):
    """Give a function that runs a block of code which registers one function, for the time of a test."""
    monkeypatch.setattr(core, "_REGISTRY", dict(core._REGISTRY))

    def register(block):
        known = set(core._REGISTRY)
        exec(block, {"np": np, "elementwise": elementwise})
        (name,) = core._REGISTRY.keys() - known
        return actlab.get(name)

    return register


def test_the_function_of_the_contributing_guide_would_be_in_the_module_too(registered, tmp_path):
    """One that no rule here was written for."""
    guide = Path(__file__).parents[1] / "CONTRIBUTING.md"
    (block,) = re.findall(r"^```python\n(.*?)^```", guide.read_text(encoding="utf-8"), flags=re.M | re.S)
    record = registered(block)
    text = javascript.module().removesuffix("};\n") + javascript._entry(record) + "};\n"
    (found,) = answers(text, [record], tmp_path)
    for order in ORDERS:
        off = wrong(record, order, found[order])
        assert not off.size, f"order {order}, at {off[:5]!r}"


def test_a_function_that_the_page_cannot_compute_is_refused_by_name(registered):
    record = registered("""
@elementwise(formula="sin(x)", family="bump", df=lambda x: np.cos(x), d2f=lambda x: -np.sin(x))
def wave(x):
    return np.sin(x)
""")
    with pytest.raises(ValueError, match=r"^wave: kernels\.js has exp, .*, but not sin$"):
        javascript._entry(record)


# Mistakes that a generator might make: the function that shows it, what stands in the text, what stands there instead.
MISTAKES = {
    "a tail that cancels": ("tanh", "4 * bell(2 * x)", "1 - square(tanh(x))"),
    "digits lost to underflow": ("silu", "scale = UP;", ""),
    "the other side of a kink": ("relu", "x > 0 ? 1 : 0", "x >= 0 ? 1 : 0"),
    "the sign of zero": ("relu", "keepsZero: true", "keepsZero: false"),
    "nan": ("hard_tanh", "if (x !== x) return NaN;", ""),
    "a sum that vanishes": ("tanh_shrink", "abs(x) < 0.0625", "abs(x) < 1e-9"),
    "a power far out": ("softsign", "end * steps ** degree", "end * steps"),
    "a rounded constant": ("selu", "1.6732632423543772", "1.67326324235"),
    "a parameter": ("celu", "alpha * expm1(x / alpha)", "alpha * expm1(x)"),
    "the sign of what vanished": ("gelu", "0 * sign", "0"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_of_the_generator_is_noticed(mistake, tmp_path):
    name, right, instead = MISTAKES[mistake]
    text = javascript.module()
    assert right in text
    cases = [case for case in ELEMENTWISE if case.name == name]
    found = answers(text.replace(right, instead), cases, tmp_path)
    assert any(wrong(case, order, found[at][order]).size for at, case in enumerate(cases) for order in ORDERS)
