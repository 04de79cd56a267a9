"""The function explorer in Python, and what its scripts say of functions beside what the package measures."""

import json
import math

import matplotlib.pyplot as plt
import numpy as np
import pytest
import traitlets
from matplotlib.colors import to_hex

import actlab
from actlab import catalogue, figures
from actlab.properties import FLAT
from actlab.widgets import FunctionExplorer, explorer, facts
from tests.cases import ELEMENTWISE, each_elementwise
from tests.javascript import run, scripts


def told(program, imported, folder):
    """Return what a program says of modules of the explorer: the value of its constant ``answer``, by way of JSON."""
    text = f"""
const plain = (key, value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : value);
{program}
const output = new TextEncoder().encode(JSON.stringify(answer, plain));"""
    return json.loads(bytes(run(scripts(imported), text, np.zeros(0), folder).astype(np.uint8)))


def numbers(found):
    """Return nested lists of numbers, of which JSON cannot hold all."""
    return [numbers(each) for each in found] if isinstance(found, list) else float(found)


# --- Settings ---------------------------------------------------------------------------------------------------------


def test_a_function_is_asked_for_as_elsewhere_in_the_package():
    assert FunctionExplorer("tanh").function == "tanh"
    assert FunctionExplorer(actlab.tanh).function == "tanh"
    assert FunctionExplorer(function="swish", compare=None).function == "silu"
    assert FunctionExplorer(compare=actlab.relu).compare == "relu"


def test_an_activation_brings_its_parameters():
    elu = actlab.elu.with_params(alpha=2)
    figure = FunctionExplorer(elu, actlab.silu)
    assert (figure.parameters, figure.compare_parameters) == ({"alpha": 2.0}, {})
    assert FunctionExplorer("silu", elu).compare_parameters == {"alpha": 2.0}
    assert FunctionExplorer(elu, parameters={"alpha": 3}).parameters == {"alpha": 3.0}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"function": "gelus"}, r"function: unknown activation 'gelus'; did you mean gelu"),
        ({"compare": "softmax"}, r"compare: an elementwise activation is needed, such as tanh; got softmax"),
        ({"function": 3}, r"function: an activation is asked for by its name, a string; got 3"),
        ({"function": "none"}, r"function: unknown activation 'none'"),
        ({"parameters": {"alpha": 1}}, r"gelu has no parameter 'alpha'; its parameters: none"),
        (
            {"function": "elu", "parameters": {"alpha": 50}},
            r"elu: alpha must be from 0\.1 to 3, the ends of its slider; got 50",
        ),
        ({"function": "elu", "parameters": {"alpha": "1"}}, r"elu: alpha must be a finite number, 0 or more; got '1'"),
        ({"compare_parameters": {"beta": 1}}, r"those of a second function, and there is none; got beta=1"),
        ({"x": 4.5}, r"x must lie within the window, from -4 to 4; got 4\.5\. A larger reach widens the window"),
        ({"x": math.nan}, r"x must be a number from -100 to 100; got nan"),
        ({"reach": 0.5}, r"'reach' .* should not be less than 1.* 0\.5"),
        ({"reach": 1000.0, "x": 500.0}, r"should not be greater than 100.* 500\.0|'reach'.*1000\.0"),
    ],
)
def test_a_setting_that_cannot_be_shown_is_refused(settings, message):
    with pytest.raises(traitlets.TraitError, match=message):
        FunctionExplorer(**settings)


def test_what_is_refused_later_leaves_the_figure_as_it_was():
    figure = FunctionExplorer("elu", parameters={"alpha": 2.0}, x=1.0)
    for name, value in {"x": 9.0, "parameters": {"beta": 1.0}, "function": "soft", "compare": actlab.softmax}.items():
        before = figure.page_state()
        with pytest.raises(traitlets.TraitError):
            setattr(figure, name, value)
        assert figure.page_state() == before


def test_an_activation_with_parameters_of_its_own_is_not_taken_without_them():
    with pytest.raises(traitlets.TraitError, match=r"function takes a name, .* got elu\(alpha=2\.0\)"):
        FunctionExplorer().function = actlab.elu.with_params(alpha=2.0)


def test_parameters_stay_where_the_next_function_has_them_too():
    figure = FunctionExplorer("elu", "silu", parameters={"alpha": 2.0}, compare_parameters={"beta": 3.0})
    figure.function = "celu"
    assert figure.parameters == {"alpha": 2.0}
    figure.function = "prelu"  # whose slider ends at 1
    assert figure.parameters == {}
    figure.compare = "softplus"
    assert figure.compare_parameters == {"beta": 3.0}
    figure.compare = None
    assert (figure.compare, figure.compare_parameters) == ("none", {})


def test_a_narrower_window_takes_x_along():
    figure = FunctionExplorer(x=-3.5)
    figure.reach = 2.0
    assert figure.x == -2.0


def test_whatever_a_page_can_say_at_once_is_taken_at_once():
    """A browser sends all that has changed in one message, in any order."""
    figure = FunctionExplorer("elu", parameters={"alpha": 2.0})
    figure.set_state({"x": 20.0, "parameters": {"beta": 0.5}, "reach": 30.0, "function": "silu"})
    assert (figure.function, figure.parameters, figure.x, figure.reach) == ("silu", {"beta": 0.5}, 20.0, 30.0)


# --- The still image --------------------------------------------------------------------------------------------------


def drawn(**settings):
    """Return the still image of an explorer as a figure of matplotlib."""
    figure = plt.Figure()
    FunctionExplorer(**settings).still(figure)
    return figure


def legend(figure):
    """Return the words of its legend."""
    return [text.get_text() for text in figure.legends[0].get_texts()]


@each_elementwise
def test_every_function_has_a_still_image(case):
    figure = drawn(function=case, x=-1.0, d2f=True)
    label = case.name if case == actlab.get(case.name) else repr(case)
    assert legend(figure) == [label, "tangent at x = -1", f"{label} f′", f"{label} f″", "saturated, or slope 0"]
    for ax in figure.axes:
        assert ax.get_xlim() == (-4, 4)


def test_the_still_image_shows_what_is_switched_on():
    assert [len(drawn(f=f, df=df, d2f=d2f).axes) for f, df, d2f in ((1, 1, 0), (1, 0, 0), (0, 0, 1))] == [2, 1, 1]
    assert legend(drawn(f=False, df=False, d2f=False)) == ["saturated, or slope 0"]
    words = legend(drawn(function="relu", compare="elu", compare_parameters={"alpha": 2.0}, x=0.5, df=False))
    assert words == ["relu", "elu(alpha=2.0)", "tangent at x = 0.5", "saturated, or slope 0"]


def test_the_tangent_touches_with_the_slope_of_the_function():
    (line,) = [line for line in drawn(function="tanh", x=0.5).axes[0].lines if hasattr(line, "get_slope")]
    assert line.get_slope() == pytest.approx(actlab.tanh.derivative(0.5), abs=1e-5)
    assert line.get_xy1() == pytest.approx((0.5, actlab.tanh(0.5)), abs=1e-5)


def test_the_same_image_comes_out_every_time():
    assert FunctionExplorer("hard_silu")._svg() == FunctionExplorer("hard_silu")._svg()


def test_two_functions_never_have_one_colour():
    cases = catalogue.elementwise()
    for first in cases:
        assert explorer._colours([first])[0] == to_hex(figures.colour(first))
        for second in cases:
            own, other = explorer._colours([first, second])
            assert to_hex(own) != to_hex(other)


# --- The scripts beside the package -----------------------------------------------------------------------------------


CURVES = {"curves": ["fitting", "heights", "sampled", "shaded"], "functions": ["FUNCTIONS"]}


def calls(expression):
    """Return a list in JavaScript of an expression in ``f`` and ``p`` for every case."""
    each = (f"((f, p) => {expression})(FUNCTIONS.{case.name}, {json.dumps(dict(case.values))})" for case in ELEMENTWISE)
    return "const answer = [" + ",\n".join(each) + "];"


def test_the_page_shades_what_the_package_measures(tmp_path):
    """All that is saturated, and of what is dead between two kinks that which is not."""
    for case, found in zip(ELEMENTWISE, told(calls(f"shaded(f, p, {FLAT})"), CURVES, tmp_path), strict=True):
        facts_ = case.properties
        saturated = [(i.low, i.high) for i in facts_.saturation]
        dead = [(i.low, i.high) for i in facts_.dead]
        inside = [(a, b) for a, b in dead if not any(low <= a and b <= high for low, high in saturated)]
        expected = sorted(saturated + inside)
        assert len(found) == len(expected), case
        np.testing.assert_allclose(numbers(found), expected, rtol=1e-6, atol=1e-9, err_msg=repr(case))


def test_the_page_breaks_a_curve_where_the_package_says_that_it_jumps(tmp_path):
    expression = """["value", "derivative", "second"].map((order) => {
      const { xs, ys, jumps } = sampled(f, p, order, -8, 8);
      return [jumps.map(({ at, value, other }) => [at, value, other]), xs.filter((_, i) => Number.isNaN(ys[i]))];
    })"""
    jumping = 0
    for case, orders in zip(ELEMENTWISE, told(calls(expression), CURVES, tmp_path), strict=True):
        for g, (jumps, gaps) in zip((case, case.derivative, case.second_derivative), orders, strict=True):
            expected = []
            for at in case.kinks:
                left, right = g(np.array([at - 1e-7, at + 1e-7]))
                if abs(left - right) > 1e-5:
                    taken = g(at)
                    assert min(abs(taken - left), abs(taken - right)) < 1e-5
                    expected.append([at, taken, right if abs(taken - left) < abs(taken - right) else left])
            assert len(jumps) == len(expected), case
            np.testing.assert_allclose(np.reshape(jumps, (-1, 3)), np.reshape(expected, (-1, 3)), atol=1e-5)
            assert sorted(set(gaps)) == sorted(at for at, *_ in expected)
            jumping += bool(expected)
    assert jumping > 10


def test_the_page_and_the_image_have_the_same_heights(tmp_path):
    rows = [[0.0, 1.0], [-0.2, 400.0], [-50.0, 0.0], [3.0, 3.0], [-1e300, 1e300]]
    reaches = [1.0, 4.0, 100.0]
    program = f"const answer = {json.dumps(rows)}.map((v) => {reaches}.map((r) => heights([NaN, ...v, NaN], r)));"
    for values, found in zip(rows, told(program, CURVES, tmp_path), strict=True):
        for reach, ends in zip(reaches, found, strict=True):
            expected = explorer._heights([np.array(values)], reach)
            assert (ends["low"], ends["high"]) == pytest.approx(expected, rel=1e-12)


def test_parameters_of_an_address_that_do_not_fit_are_cut_or_left_out(tmp_path):
    given = ["{ alpha: 99, beta: 1 }", '{ alpha: "2" }', "{ alpha: -1 }", "{ __proto__: null }", "{ alpha: 0.5 }"]
    program = f"const answer = [{', '.join(given)}].map((each) => fitting(FUNCTIONS.elu, each));"
    assert told(program, CURVES, tmp_path) == [{"alpha": 3}, {}, {"alpha": 0.1}, {}, {"alpha": 0.5}]


def test_what_is_told_of_a_function_is_the_table_of_the_book(tmp_path):
    table = catalogue.properties()
    found = told("const answer = [FACTS, FLAT];", {"facts": ["FACTS", "FLAT"]}, tmp_path)
    assert found[1] == FLAT
    for name, *cells in table.rows:
        lines = ["<br>".join(found[0][name.strip("`")][title]) for title in table.columns[1:]]
        assert [line.replace("nowhere", "").replace("−", "-") for line in lines] == cells
    assert "nowhere" in facts.module()
