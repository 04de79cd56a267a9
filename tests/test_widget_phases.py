"""The phase diagram of the page: its lines are where the package finds chi_1 to be 1, its areas are the phases."""

import json

import numpy as np
import pytest

from actlab import meanfield
from tests.javascript import first_engine, run, scripts

RANGES = {"sigmaW": {"low": 0.1, "high": 4}, "sigmaB": {"low": 0, "high": 2}}
# With a bent line, a straight one, none; with biases that leap; where signals have a limit everywhere, and nowhere.
NAMES = ["tanh", "relu", "sigmoid", "gelu", "selu", "gaussian", "softsign", "exponential"]


@pytest.fixture(scope="module")
def maps(tmp_path_factory):
    """Give the map of each activation as the page draws it."""
    folder = tmp_path_factory.mktemp("phases")
    names = {"functions": ["FUNCTIONS"], "meanfield": ["wide"], "phases": ["phaseMap"]}
    program = f"""
const maps = {{}};
for (const name of {json.dumps(NAMES)}) {{
  const steps = phaseMap(wide(FUNCTIONS[name]), {json.dumps(RANGES)});
  let step = steps.next();
  while (!step.done) step = steps.next();
  maps[name] = step.value;
}}
const output = new TextEncoder().encode(JSON.stringify(maps));
"""
    told = run(scripts(names), program, np.zeros(0), folder, first_engine())
    return json.loads(bytes(told.astype(np.uint8)))


def places(lines):
    """Return the places of lines, each once."""
    return list({(place["x"], place["y"]): place for line in lines for place in line}.values())


def theory(name, sigma_w, sigma_b):
    """Return q* and chi_1 of the package."""
    q = meanfield.fixed_point(name, sigma_w2=np.square(sigma_w), sigma_b2=np.square(sigma_b))
    return q, meanfield.chi(name, q, sigma_w2=np.square(sigma_w))


@pytest.mark.parametrize("name", NAMES)
def test_the_line_is_where_chi_passes_one(name, maps):
    drawn = places(maps[name]["chaotic"]["lines"])
    assert bool(drawn) == (name != "sigmoid")
    x, y = np.array([[place["x"], place["y"]] for place in drawn]).reshape(-1, 2).T
    leaps = np.array([place.get("leap", False) for place in drawn], dtype=bool)
    beside = np.array([[0, 1e-3, -1e-3, 0, 0], [0, 0, 0, 1e-3, -1e-3]])[:, :, np.newaxis]
    _, near = theory(name, x + beside[0], np.maximum(0, y + beside[1]))
    low, high = near.min(axis=0), near.max(axis=0)
    assert ((low < 1) & (high > 1) & (high - low > 0.01))[leaps].all()
    # Where q* rises from 0 without biases, chi_1 goes on flatly from 1.
    assert (np.abs(near[0] - 1) < np.where(y > 0, 1e-7, 1e-4))[~leaps].all()


@pytest.mark.parametrize("name", ["tanh", "relu", "selu", "softsign"])
@pytest.mark.parametrize("sigma_b", [0.0, 0.3, 1.2])
def test_the_line_is_where_the_package_finds_the_critical_deviation(name, sigma_b, maps):
    drawn = [place["x"] for place in places(maps[name]["chaotic"]["lines"]) if abs(place["y"] - sigma_b) < 1e-9]
    critical = meanfield.critical_sigma_w(name, sigma_b2=sigma_b**2, low=0.1, high=4)
    assert drawn == pytest.approx([float(critical)] if float(critical) > 0 else [], abs=1e-4)


def inside(cells, x, y):
    """Say whether a place lies in one of the convex polygons."""
    for cell in cells:
        corners = np.array([[corner["x"], corner["y"]] for corner in cell])
        along = np.roll(corners, -1, axis=0) - corners
        cross = along[:, 0] * (y - corners[:, 1]) - along[:, 1] * (x - corners[:, 0])
        if (cross >= -1e-12).all():
            return True
    return False


@pytest.mark.parametrize("name", NAMES)
def test_the_areas_are_the_phases(name, maps):
    """At places all over the map, and a little to the left and to the right of every line."""
    regions = maps[name]
    drawn = [place for region in ("chaotic", "unbounded") for place in places(regions[region]["lines"])]
    beside = [(place["x"] + step, place["y"]) for place in drawn for step in (0.03, -0.03)]
    x, y = np.concatenate(
        [np.random.default_rng(2).uniform([0.1, 0.0], [4.0, 2.0], (60, 2)), *([beside] if beside else [])]
    ).T
    q, chi1 = theory(name, x, y)
    # Between two nodes lines are drawn straight.
    sure = (np.abs(chi1 - 1) > 0.01) & (x > 0.1) & (x < 4)
    assert sure.sum() > 50
    for region, expected in (("chaotic", chi1 > 1), ("unbounded", np.isinf(q))):
        found = np.array([inside(regions[region]["cells"], *place) for place in zip(x, y, strict=True)])
        assert (found == expected)[sure].all(), (region, np.array([x, y]).T[sure & (found != expected)])


@pytest.mark.parametrize("name", NAMES)
def test_labels_stand_in_their_phase(name, maps):
    labels = maps[name]["labels"]
    for label in labels:
        around = [(0, 0), (0.15, 0), (-0.15, 0), (0, 0.1), (0, -0.1)]
        for step, other in around:
            there = meanfield.analyse(name, sigma_w2=(label["x"] + step) ** 2, sigma_b2=(label["y"] + other) ** 2)
            assert there.phase == label["phase"]
    assert len({label["phase"] for label in labels}) == len(labels) > 0
