"""The Markdown files at the root say what is true: their code runs, their links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(ROOT.glob("*.md"))


def python_blocks(name: str) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", (ROOT / name).read_text("utf-8"), flags=re.M | re.S)


def run(code: str) -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_package_lines_of_the_readme_run():
    (code,) = python_blocks("README.md")
    run(code)


def test_the_function_of_the_contributing_guide_can_be_added_and_is_right():
    (block,) = python_blocks("CONTRIBUTING.md")
    source = (ROOT / "actlab/functions.py").read_text("utf-8")
    check = """
from actlab import formulas
x = [-800.0, -40.0, -1.0, 0.0, 2.5, 50.0]
for order, f in enumerate((softplus, softplus.derivative, softplus.second_derivative)):
    for value, exact in zip(f(x), formulas.exact(softplus, x, order), strict=True):
        assert abs(value - float(exact)) <= 1e-15 * abs(float(exact)), (order, value, exact)
"""
    # In a process of its own, with the block at the end of the catalogue, where a contributor would put it.
    prepare = "import sys, types; sys.modules['actlab.functions'] = types.ModuleType('actlab.functions')\n"
    run(prepare + source.replace("from __future__ import annotations\n", "") + block + check)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_linked_file_exists(document):
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text("utf-8"))
    missing = [link for link in links if not link.startswith("http") and not (ROOT / link).exists()]
    assert not missing


def test_every_module_is_described_in_the_contributing_guide():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    modules = {path.stem for path in (ROOT / "actlab").glob("[!_]*.py")} | {"experiments"}
    assert not {module for module in modules if not re.search(rf"\b{module}\b", text)}
