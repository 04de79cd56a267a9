"""What holds the package together: which module may import which, what an import costs, and one list of each thing."""

import ast
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import actlab
from actlab import published, references
from actlab.claims import CLAIMS, STATEMENTS
from tests.cases import each_record

ROOT = Path(actlab.__file__).resolve().parents[1]
PACKAGE = ROOT / "actlab"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Which modules of actlab a module may import. A package counts as one module, whose files may import each other.
ALLOWED = {
    "core": {"checks"},
    "statistics": {"checks"},
    "provenance": set(),
    "checks": set(),
    "commands": set(),
    "checkpoints": set(),
    "sweep": {"checkpoints", "checks"},
    "functions": {"core"},
    "formulas": {"core"},
    "properties": {"core"},
    "references": {"core"},
    "initialisers": {"checks"},
    "meanfield": {"checks", "core"},
    "calls": {"core"},
    "tf": {"calls", "core"},
    "peers": {"calls", "core", "tf"},
    "clipping": {"checks", "network"},
    "network": {"checks", "core", "functions", "initialisers"},
    "propagation": {"core", "initialisers"},
    "layouts": set(),
    "losses": set(),
    "optimisers": {"checks"},
    "orders": set(),
    "training": {
        "checks",
        "compiled",
        "core",
        "functions",
        "initialisers",
        "layouts",
        "losses",
        "network",
        "optimisers",
        "orders",
    },
    "experiments": {
        "catalogue",
        "checks",
        "clipping",
        "commands",
        "core",
        "functions",
        "initialisers",
        "meanfield",
        "network",
        "optimisers",
        "orders",
        "provenance",
        "propagation",
        "properties",
        "peers",
        "statistics",
        "sweep",
        "tf",
        "training",
    },
    "published": {
        "catalogue",
        "core",
        "experiments",
        "functions",
        "initialisers",
        "meanfield",
        "network",
        "properties",
        "references",
        "statistics",
    },
    "claims": {
        "accuracy",
        "agreement",
        "calls",
        "commands",
        "catalogue",
        "confirmation",
        "core",
        "experiments",
        "formulas",
        "functions",
        "initialisers",
        "losses",
        "meanfield",
        "network",
        "optimisers",
        "peers",
        "propagation",
        "properties",
        "references",
        "speed",
        "statistics",
        "tf",
        "training",
    },
    "compiled": {"checks", "core", "functions"},
    # Figures draw results and do not know how these come about.
    "catalogue": {"calls", "core", "formulas", "properties"},
    "accuracy": {"calls", "catalogue", "commands", "core", "formulas", "peers"},
    "agreement": {"calls", "catalogue", "commands", "core", "peers"},
    "figures": {"core", "functions", "formulas", "properties"},
    "quizzes": {"__init__"},
    "cards": {"catalogue", "core", "figures", "formulas"},
    "widgets": {
        "catalogue",
        "core",
        "experiments",
        "figures",
        "formulas",
        "functions",
        "initialisers",
        "meanfield",
        "network",
        "optimisers",
        "orders",
        "properties",
        "quizzes",
        "training",
    },
    "keras_reference": {"checks", "core", "tf"},
    "confirmation": {
        "checks",
        "commands",
        "core",
        "experiments",
        "keras_reference",
        "network",
        "optimisers",
        "statistics",
        "tf",
        "training",
    },
    "speed": {
        "accuracy",
        "calls",
        "catalogue",
        "commands",
        "compiled",
        "core",
        "experiments",
        "formulas",
        "grading",
        "network",
        "optimisers",
        "peers",
        "provenance",
        "training",
        "widgets",
    },
    "grading": {"catalogue", "checkpoints", "checks", "commands", "core"},
    "__init__": {"core", "functions"},
}

# Views of a record that the core offers as properties. They are imported when asked for, inside a function.
# quizzes speak of claims, which take long to load.
ON_DEMAND = {"core": {"formulas", "properties", "references"}, "quizzes": {"claims"}}

# Modules that take long to load and that few calls need. `import actlab` must load none of them.
HEAVY = (
    "scipy",
    "tensorflow",
    "keras",
    "torch",
    "jax",
    "matplotlib",
    "anywidget",
    "ipywidgets",
    "IPython",
    "sympy",
    "mpmath",
    "pybtex",
    "pandas",
    "numba",
)


def name_of(path):
    """Return the name of the module, or of the package, directly below actlab to which a file belongs."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(source):
    """List (module of actlab that is imported, whether that happens inside a function) for all imports in a file."""
    found = []

    def visit(node, inside):
        inside = inside or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import hides what is imported"
            # `from actlab import tf` imports the module actlab.tf.
            names = [f"actlab.{alias.name}" for alias in node.names] if node.module == "actlab" else [node.module]
        else:
            names = []
        parts = [name.split(".") for name in names]
        found.extend((part[1] if part[1:] else "__init__", inside) for part in parts if part[0] == "actlab")
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(ast.parse(source), False)
    return found


def test_imports_are_read_from_every_form_of_the_statement():
    source = """
import numpy, actlab
import actlab.core as c
from actlab import tf
from actlab.network import Network
from actlablike import other
class A:
    def f(self):
        from actlab import formulas
"""
    expected = [("__init__", False), ("core", False), ("tf", False), ("network", False), ("formulas", True)]
    assert imports(source) == expected


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_what_stands_below_it(path):
    module = name_of(path)
    assert module in ALLOWED, f"{module} is new: say in ALLOWED what it may import"
    for imported, inside in imports(path.read_text(encoding="utf-8")):
        allowed = ALLOWED[module] | {module} | (ON_DEMAND.get(module, set()) if inside else set())
        assert imported in allowed, f"{module} must not import {imported}"


def test_the_direction_has_no_circle():
    below = {}
    while len(below) < len(ALLOWED):
        ready = [module for module in ALLOWED if module not in below and ALLOWED[module] <= below.keys()]
        assert ready, f"these import each other: {sorted(ALLOWED.keys() - below.keys())}"
        below |= dict.fromkeys(ready)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_package_itself_imports_by_name(path):
    # An import that is written as a call would escape the tests above. To grade is to execute cells of notebooks,
    # quizzes compute what stands in their texts, and the text of a typed formula is what the benchmark hands on.
    free = {
        "__init__": ("importlib",), "widgets": ("importlib",), "grading": ("exec",), "quizzes": ("eval",),
        "formulas": ("exec",), "speed": ("exec",),
    }  # fmt: skip
    for name, call in {"importlib": r"\b", "__import__": r"\b", "eval": r"\(", "exec": r"\("}.items():
        if name not in free.get(name_of(path), ()):
            assert not re.search(rf"\b{name}{call}", path.read_text(encoding="utf-8"))


# --- Import weight ----------------------------------------------------------------------------------------------------


def loaded_after(code):
    """Return the names of the modules that a new Python process has loaded after running the code."""
    code += "\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_importing_and_calling_loads_nothing_heavy():
    loaded = loaded_after("import actlab\nfor f in actlab.ACTIVATIONS.values(): f([0.5, 1.0]); repr(f)\ndir(actlab)")
    assert "actlab.functions" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_what_is_heavy_would_be_seen():
    assert "sympy" in loaded_after("import actlab\nactlab.relu.latex")


@pytest.mark.parametrize("name", sorted(ALLOWED.keys() - {"__init__", "core", "functions"}))
def test_a_module_is_there_when_it_is_first_asked_for(name):
    if name in actlab.__all__:
        assert getattr(actlab, name) is importlib.import_module(f"actlab.{name}")


def test_every_public_name_is_there():
    assert len(set(actlab.__all__)) == len(actlab.__all__)
    assert set(actlab.__all__) <= set(dir(actlab))
    for name in actlab.__all__:
        assert getattr(actlab, name) is not None


# --- No second list ---------------------------------------------------------------------------------------------------


def test_every_declaration_in_the_catalogue_is_registered():
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (PACKAGE / "functions").glob("*.py")]
    nodes = [node for tree in trees for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list]
    assert {node.name for node in nodes} == set(actlab.names())


def strings(node):
    """Return the strings written directly in a list, tuple, set or dictionary."""
    children = [*node.keys, *node.values] if isinstance(node, ast.Dict) else node.elts
    return {child.value for child in children if isinstance(child, ast.Constant) and isinstance(child.value, str)}


@pytest.mark.parametrize(
    "path", [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))], ids=lambda path: str(path.relative_to(ROOT))
)
def test_no_file_lists_the_activations_a_second_time(path):
    # A choice of some is no list of all; more than half of them is.
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict):
            listed = strings(node) & set(actlab.names(aliases=True))
            assert len(listed) <= len(actlab.names()) / 2, f"line {node.lineno} lists {sorted(listed)}"


# --- References -------------------------------------------------------------------------------------------------------


def cited_in_the_book():
    """Return the keys that pages and notebooks of the book cite, or that a page lists otherwise."""
    pages = [path for pattern in ("*.md", "*.ipynb") for path in (ROOT / "book").rglob(pattern)]
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in pages if "_" not in path.relative_to(ROOT).parts[1][:1]
    )
    return {key.strip() for keys in re.findall(r"\{cite(?::\w+)?\}`([^`]+)`", text) for key in keys.split(",")}


@each_record
def test_every_source_of_a_record_is_in_the_bibliography(record):
    assert [reference.key for reference in record.references] == list(record.cite)
    for reference in record.references:
        assert reference.authors
        assert reference.title in str(reference)
        assert str(reference.year) in str(reference)


def test_the_book_cites_what_is_in_the_bibliography():
    assert cited_in_the_book() <= references._entries().keys()


def test_every_reference_is_used():
    used = {key for record in actlab.ACTIVATIONS.values() for key in record.cite} | cited_in_the_book()
    used |= {row.source for row in published.ROWS.values()}
    used |= {key for entry in (*CLAIMS.values(), *STATEMENTS.values()) for key in entry.sources}
    used |= {key for statement in STATEMENTS.values() for key in statement.cite}
    assert references._entries().keys() - used == set()


def test_every_reference_is_complete():
    for key in references._entries():
        reference = references.get(key)
        assert reference.key == key
        assert reference.url.startswith("https://") or not reference.url, key
        assert reference.venue, key
        assert not set(r"{}\$") & set(str(reference)), f"{key} is not plain text: {reference}"
        assert 1900 < reference.year < 2100


def test_an_unknown_reference_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match=r"no reference 'nobody'; references\.bib holds") as caught:
        references.get("nobody")
    assert all(key in str(caught.value) for key in references._entries())
