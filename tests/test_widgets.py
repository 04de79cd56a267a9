"""What the figures that move have in common: their settings, their scripts, what of them is stored in notebooks."""

import json
import math
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import execute
import nbformat
import numpy as np
import pytest
import traitlets
from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.utils import new_document

import actlab
from actlab import widgets
from actlab.widgets import bundle
from actlab.widgets.base import MIME, Figure
from actlab.widgets.pages import IMAGE, FigureRenderer, PlaceFigures
from actlab.widgets.settings import Number
from tests.javascript import run, scripts

FIGURES = {figure.script: figure for figure in (getattr(widgets, name) for name in widgets.__all__)}
MODULES = sorted(path.stem for path in bundle.SCRIPTS.glob("*.js"))
#: Not a module by itself: the text of functions.js begins with it.
PART = "kernels"


class Probe(Figure, script="explorer"):
    """A figure with a setting of each kind."""

    colour = traitlets.Enum(["red", "blue"], "red").tag(sync=True, label="Colour", names={"red": "Red"})
    units = traitlets.Int(3, min=1, max=8).tag(sync=True, label="Units")
    rate = Number(0.1, min=0.01, max=1).tag(sync=True, label="Rate", log=True)
    many = traitlets.Bool(False, help="Not for the controls.").tag(sync=True, label="Many")
    parts = traitlets.Dict({"a": 1.0}).tag(sync=True, label="Parts")
    target = traitlets.List([1.0, 2.0]).tag(sync=True)


def told(program, imported, folder):
    """Return what a program says of modules of the figures: the value of its constant ``answer``, by way of JSON."""
    text = f"{program}\nconst output = new TextEncoder().encode(JSON.stringify(answer));"
    return json.loads(bytes(run(scripts(imported), text, np.zeros(0), folder).astype(np.uint8)))


# --- Settings ---------------------------------------------------------------------------------------------------------


def test_controls_are_told_what_the_traits_say():
    assert Probe().fields == {
        "colour": {"kind": "choice", "label": "Colour", "names": {"red": "Red"}, "values": ["red", "blue"]},
        "units": {"kind": "whole", "label": "Units", "low": 1, "high": 8},
        "rate": {"kind": "number", "label": "Rate", "log": True, "low": 0.01, "high": 1},
        "many": {"kind": "switch", "label": "Many"},
        "parts": {"kind": "numbers", "label": "Parts"},
    }


def test_a_page_gets_all_that_the_script_needs_and_nothing_of_the_kernel():
    state = Probe(units=5).page_state()
    assert state.keys() == {"colour", "units", "rate", "many", "parts", "target", "fields"}
    assert (state["units"], state["target"]) == (5, [1.0, 2.0])


@pytest.mark.parametrize(
    ("figure", "settings", "message"),
    [
        (widgets.CosineTrainer, {"learning_rate": math.nan}, r"^learning_rate must be .* from 0\.0001 to 1; got nan$"),
        (widgets.DepthExplorer, {"sigma_w": math.nan}, r"^sigma_w must be .* from 0\.1 to 4; got nan$"),
        (widgets.FunctionExplorer, {"reach": math.nan}, r"^reach must be .* from 1 to 100; got nan$"),
        (widgets.DepthExplorer, {"width": 17}, r"^width must be .* from 16 to 128, in steps of 16; got 17$"),
        (widgets.DepthExplorer, {"width": 144}, "'width' .* should not be greater than 128"),
        (widgets.DepthExplorer, {"networks": 0}, "'networks' .* should not be less than 1"),
        (widgets.DepthExplorer, {"batch": 0}, "'batch' .* should not be less than 1"),
        (widgets.CosineTrainer, {"activation": "relo"}, r"^activation: unknown activation 'relo'; did you mean relu"),
        (widgets.CosineTrainer, {"activation": actlab.elu.with_params(alpha=2)}, r"takes a name, one of .* got elu\("),
        (widgets.DepthExplorer, {"activation": "step"}, r"^activation takes a name, one of .*sigmoid.*; got step$"),
        (widgets.DepthExplorer, {"activation": actlab.softmax}, r"^activation: an elementwise activation is needed"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(figure, settings, message):
    with pytest.raises(traitlets.TraitError, match=message):
        figure(**settings)


@pytest.mark.parametrize("figure", FIGURES.values())
def test_whole_numbers_stand_on_the_steps_of_their_sliders(figure):
    for name, trait in figure.class_traits(sync=True).items():
        step = trait.metadata.get("step", 1)
        if not isinstance(trait, traitlets.Int) or step == 1:
            continue
        assert (trait.max - trait.min) % step == 0
        for value in range(trait.min, trait.max + 1):
            if (value - trait.min) % step == 0:
                assert getattr(figure(**{name: value}), name) == value
            else:
                with pytest.raises(traitlets.TraitError, match=f"^{name} must be .*; got {value}$"):
                    figure(**{name: value})


def test_a_number_that_is_not_whole_may_lie_between_the_steps_of_its_slider():
    """The initialisations that the depth explorer offers lie there."""
    assert widgets.DepthExplorer(sigma_w=math.sqrt(2)).sigma_w == math.sqrt(2)


def test_numbers_of_numpy_become_those_of_python():
    given = {"rate": [np.float32(0.5), np.float64(0.5)], "units": [np.int64(4)]}
    for name, values in given.items():
        for value in values:
            taken = getattr(Probe(**{name: value}), name)
            assert (taken, type(taken)) == (value, float if name == "rate" else int)


@pytest.mark.parametrize("figure", [widgets.CosineTrainer, widgets.DepthExplorer, widgets.FunctionExplorer])
def test_an_activation_and_an_alias_stand_for_a_name(figure):
    name = {widgets.FunctionExplorer: "function"}.get(figure, "activation")
    assert getattr(figure(**{name: actlab.tanh}), name) == "tanh"
    assert getattr(figure(**{name: "swish"}), name) == "silu"


def test_an_activation_stands_for_the_label_of_its_slope():
    leaky = actlab.leaky_relu.with_params(negative_slope=0.2)
    assert widgets.CosineTrainer(activation=leaky).activation == "leaky_relu(negative_slope=0.2)"


@pytest.mark.parametrize(
    ("figure", "name"), [(widgets.CosineTrainer, "experiment"), (widgets.DepthExplorer, "starts"), (Probe, "fields")]
)
def test_what_follows_from_the_package_is_no_setting(figure, name):
    with pytest.raises(TypeError, match=rf"^{figure.__name__} has no setting '{name}'; it has (?!.*\b{name}\b)"):
        figure(**{name: {}})


def test_without_anywidget_is_said_what_to_install():
    program = """
import sys
sys.modules["anywidget"] = None
import actlab.widgets
try:
    from actlab.widgets import CosineTrainer
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("figures that move need anywidget: pip install anywidget;")


def test_an_unknown_setting_is_answered_with_those_that_there_are():
    with pytest.raises(TypeError, match=r"^Probe has no setting 'unit'; it has colour, many, parts, rate, target, uni"):
        Probe(unit=3)


def test_a_figure_is_shown_by_its_settings_without_an_address_in_memory():
    assert repr(Probe()) == "Probe(colour='red', many=False, parts={'a': 1.0}, rate=0.1, units=3)"


def test_a_figure_without_a_still_image_says_so():
    with pytest.raises(NotImplementedError, match=r"^Probe has no still\(\)$"):
        Probe()._repr_mimebundle_()


# --- What is stored in notebooks --------------------------------------------------------------------------------------


def stored():
    """Return the name of the notebook, the cell and the data of the output of each figure in the book."""
    notebooks = [(path, nbformat.read(path, as_version=4)) for path in execute.notebooks()]
    return [
        (path.stem, cell.id, output.data)
        for path, notebook in notebooks
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if MIME in output.get("data", {})
    ]


STORED = stored()


def each(found):
    """Run a test for each of these figures."""
    return pytest.mark.parametrize("data", [data for *_, data in found], ids=["-".join(at) for *at, _ in found])


each_stored = each(STORED)
# The state of a quiz, which has no settings, is made of a file.
each_set = each([figure for figure in STORED if figure[-1][MIME]["state"]["fields"]])


@each_stored
def test_a_stored_figure_is_its_state_without_script_or_kernel(data):
    assert data[MIME].keys() == {"script", "state"}
    assert "application/vnd.jupyter.widget-view+json" not in data
    assert not [name for name in data[MIME]["state"] if name.startswith("_") or name == "layout"]
    assert len(json.dumps(data[MIME])) < 20_000


@each_set
def test_the_state_of_a_stored_figure_is_what_the_package_makes_of_its_settings(data):
    figure, state = FIGURES[data[MIME]["script"]], data[MIME]["state"]
    made = figure(**{name: value for name, value in state.items() if not figure.class_traits()[name].read_only})
    assert json.loads(json.dumps(made.page_state())) == state


@pytest.mark.parametrize(
    ("stem", "data"),
    [pytest.param(stem, data, id=stem) for stem, _, data in STORED if data[MIME]["script"] == "quiz"],
)
def test_a_stored_quiz_is_what_the_package_makes_of_its_file(stem, data):
    made = widgets.Quiz(execute.ROOT / "book" / "quizzes" / f"{stem}.toml")
    assert made.page_state() == data[MIME]["state"]


def test_no_text_of_a_state_ends_the_script_that_holds_it():
    """Nor begins a comment, in which browsers look for the end of the script elsewhere."""
    texts = ["<!--<script>", "</script>", "a < b & c"]
    output = SimpleNamespace(mime_type=MIME, content={"script": "quiz", "state": {"texts": texts}})
    (node,) = FigureRenderer.handle_mime(None, output, inline=False)
    inner = re.fullmatch(r'<script type="application/json">(.*)</script>', node.astext())[1]
    assert "<" not in inner
    assert json.loads(inner) == {"texts": texts}


def placed(*names):
    """Return the names and scripts of the elements that a page gets for stored figures of these scripts."""
    document = new_document("page", get_default_settings())
    for name in names:
        state = nodes.raw("", "", format="html", figure=name)
        shown = [nodes.container("", part, mime_type=kind) for kind, part in ((MIME, state), (IMAGE, nodes.image()))]
        document += nodes.container("", *shown, nb_element="mime_bundle")
    PlaceFigures(document).run()
    html = "".join(node.astext() for node in document.findall(nodes.raw))
    return re.findall(r'<div class="live-figure" id="([\w-]+)" data-figure="(\w+)">', html)


def test_two_figures_of_a_kind_on_a_page_have_names_of_their_own():
    assert placed("explorer", "quiz", "explorer", "explorer") == [
        ("explorer", "explorer"),
        ("quiz", "quiz"),
        ("explorer-2", "explorer"),
        ("explorer-3", "explorer"),
    ]


def test_no_notebook_keeps_what_belongs_to_a_kernel():
    assert [path.stem for path in execute.notebooks() if "widgets" in nbformat.read(path, as_version=4).metadata] == []


# --- Scripts ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def beside(tmp_path, monkeypatch):
    """Give a function that puts a module beside those of the figures, for the time of a test."""
    folder = tmp_path / "scripts"
    shutil.copytree(bundle.SCRIPTS, folder)
    monkeypatch.setattr(bundle, "SCRIPTS", folder)
    for cached in (bundle.source, bundle.script, bundle.module):
        cached.cache_clear()

    def put(name, text):
        (folder / f"{name}.js").write_text(text, encoding="utf-8")

    yield put
    for cached in (bundle.source, bundle.script, bundle.module):
        cached.cache_clear()


@pytest.mark.parametrize("name", [name for name in MODULES if name != PART])
def test_a_module_imports_what_is_exported(name):
    for names, other in bundle._IMPORT.findall(bundle.source(name)):
        missing = set(re.findall(r"\w+", names)) - set(bundle._EXPORT.findall(bundle.source(other)))
        assert not missing, f"{other}.js does not export {', '.join(sorted(missing))}"


@pytest.mark.parametrize("name", [name for name in MODULES if name != PART])
def test_every_module_can_be_joined(name):
    bundle._namespace(name)


def test_modules_that_import_each_other_are_refused(beside):
    beside("here", 'import { b } from "./there.js";\nexport const a = 1;\n')
    beside("there", 'import { a } from "./here.js";\nexport const b = 2;\n')
    with pytest.raises(ValueError, match=r"^modules import each other in a circle: here -> there -> here$"):
        bundle.module("here")


def test_a_module_that_does_not_exist_is_answered_with_those_that_do():
    with pytest.raises(ValueError, match=r"^no module 'plots' among those of the figures: .*explorer.*functions.*plot"):
        bundle.source("plots")


@pytest.mark.parametrize(
    "line",
    ["export default 1;", 'import * as plot from "./plot.js";', "export { a };", 'import { a as b } from "./plot.js";'],
)
def test_other_imports_and_exports_are_refused(beside, line):
    beside("probe", f"const a = 1;\n{line}\n")
    with pytest.raises(ValueError, match=r"^probe\.js: only named imports and exports of declarations can be joined"):
        bundle.module("probe")


def test_modules_as_files_are_those_that_are_joined(tmp_path):
    bundle.write(tmp_path, "explorer")
    found = {path.stem: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert found == {name: bundle.source(name) for name in bundle._order(["explorer"])}
    assert {"explorer", "functions", "plot"} <= found.keys()


# What a page's script touches before there is a figure.
PAGE = "globalThis.document = { readyState: 'complete', querySelectorAll: () => [] };"


def after(script, folder):
    """Return the globals that a page's script leaves, or how it fails."""
    program = f"""
{PAGE}
const before = new Set(Object.getOwnPropertyNames(globalThis));
let said = "";
try {{ (0, eval)({json.dumps(script)}); }} catch (error) {{ said = `${{error.name}}: ${{error.message}}`; }}
const answer = [said, Object.getOwnPropertyNames(globalThis).filter((name) => !before.has(name))];
"""
    return told(program, {}, folder)


@pytest.mark.parametrize("name", FIGURES)
def test_a_page_script_leaves_no_globals(name, tmp_path):
    assert after(bundle.script(name), tmp_path) == ["", []]


def test_a_page_script_is_strict(beside, tmp_path):
    beside("probe", "undeclared = 1;\nexport const render = () => {};\n")
    assert after(bundle.script("probe"), tmp_path) == ["ReferenceError: undeclared is not defined", []]


def test_what_two_modules_keep_for_themselves_may_have_one_name(beside, tmp_path):
    beside("one", "const own = 1;\nexport const one = () => own;\n")
    beside("two", 'import { one } from "./one.js";\nconst own = 2;\nexport const both = () => [one(), own];\n')
    assert told("const answer = both();", {"two": ["both"]}, tmp_path) == [1, 2]


# --- Addresses --------------------------------------------------------------------------------------------------------

ADDRESS = {"address": ["addressOf", "admitted", "queryFor"]}


def admitted(query, folder):
    """Return the settings of the probe that an address gives, those left out that are the page's."""
    state = Probe().page_state()
    program = f"""
const stored = {json.dumps(state)};
const query = queryFor("probe", {json.dumps(query)});
const answer = query && admitted(stored, query);
"""
    found = told(program, ADDRESS, folder)
    return found and {name: value for name, value in found.items() if value != state[name]}


def test_an_address_leads_back_to_the_state_that_it_was_made_of(tmp_path):
    there = {"colour": "blue", "units": 8, "rate": 0.123456789012345, "many": True, "parts": {"b_c": -1e-7, "d": 2}}
    program = f"""
const stored = {json.dumps(Probe().page_state())};
const there = {json.dumps(there)};
const address = addressOf("probe", stored, (name) => there[name]);
const same = addressOf("probe", stored, (name) => stored[name]);
const empty = addressOf("probe", stored, (name) => (name === "parts" ? {{}} : stored[name]));
const read = (hash) => admitted(stored, queryFor("probe", hash));
const answer = [read(address), same, read(empty).parts, queryFor("probe", same)];
"""
    assert told(program, ADDRESS, tmp_path) == [there, "#probe", {}, None]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("#other?units=5", None),
        ("#probe", None),
        ("#probe?units=5", {"units": 5}),
        ("#probe?units=4.6", {"units": 5}),
        ("#probe?units=99&rate=-3", {"units": 8, "rate": 0.01}),
        ("#probe?units=Infinity", {"units": 8}),
        ("#probe?units=five&rate=&many=yes&colour=green", {}),
        ("#probe?units=NaN&colour=toString&many=constructor&unknown=1&__proto__=1", {}),
        ("#probe?parts=a:one", {}),
        ("#probe?parts=a", {}),
        ("#probe?parts=a:1,b:Infinity", {}),
        ("#probe?parts=a:2,,", {"parts": {"a": 2}}),
        ("#probe?%=%&colour=%E0%A4%A&units=2", {"units": 2}),
    ],
)
def test_what_an_address_may_not_hold_is_cut_to_its_limits_or_left_out(query, expected, tmp_path):
    assert admitted(query, tmp_path) == expected


@pytest.mark.parametrize(("given", "taken"), [(17, 16), (25, 32), (64, 64), (500, 128), (-1, 16), (39.9, 32)])
def test_a_whole_number_of_an_address_goes_to_the_next_step_of_its_slider(given, taken, tmp_path):
    state = widgets.DepthExplorer().page_state()
    program = f"""
const stored = {json.dumps(state)};
const answer = admitted(stored, queryFor("depth", "#depth?width={given}")).width;
"""
    assert told(program, ADDRESS, tmp_path) == taken
