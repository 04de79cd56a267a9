"""The Markdown files at the root say what is true: their code runs, their links lead somewhere."""

import re
import shutil
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
    blocks = python_blocks("README.md")
    assert len(blocks) == 2
    for code in blocks:
        run(code)


def test_the_function_of_the_contributing_guide_can_be_added_and_is_right(tmp_path):
    (block,) = python_blocks("CONTRIBUTING.md")
    (file,) = re.findall(r"^In `(actlab/functions/\w+\.py)`:", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M)
    (name,) = re.findall(r"^def (\w+)\(", block, re.M)
    # In a copy of the package, with the block at the end of the file where a contributor would put it.
    shutil.copytree(ROOT / "actlab", tmp_path / "actlab", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / file).open("a", encoding="utf-8") as copy:
        copy.write("\n\n" + block)
    check = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
import numpy as np
import actlab
from actlab import formulas
assert actlab.__file__.startswith({str(tmp_path)!r})
f = actlab.{name}
x = [-1e300, -800.0, -40.0, -1.0, 0.0, 1e-300, 2.5, 50.0]
for order, kernel in enumerate((f, f.derivative, f.second_derivative)):
    assert not np.isnan(kernel([-np.inf, np.inf])).any()
    for value, exact in zip(kernel(x), formulas.exact(f, x, order), strict=True):
        assert abs(value - float(exact)) <= 1e-15 * abs(float(exact)), (order, value, exact)
"""
    run(check)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_linked_file_exists(document):
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text("utf-8"))
    missing = [link for link in links if not link.startswith("http") and not (ROOT / link).exists()]
    assert not missing


def test_every_module_is_described_in_the_contributing_guide():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    packages = {path.parent.name for path in (ROOT / "actlab").glob("*/__init__.py")}
    modules = {path.stem for path in (ROOT / "actlab").glob("[!_]*.py")} | packages
    assert {"experiments", "functions"} <= packages
    assert not {module for module in modules if not re.search(rf"\b{module}\b", text)}
