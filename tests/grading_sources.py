"""Small assignments, written as text, for the tests of the grader's modules."""

import json
from pathlib import Path

SETUP = "import numpy as np\n\nfrom actlab.grading import check, score"

LEAKY = '''def leaky(x, alpha=0.01):
    """Return x where x > 0, alpha * x elsewhere."""
    ### BEGIN SOLUTION
    slope = np.where(x >= 0, 1.0, alpha)
    return slope * x
    ### END SOLUTION'''

VALUES = """with check("leaky_values", points=6, hint="Which slope acts on the left?") as expect:
    expect.value(leaky, np.array([-2.0, 3.0]), 0.1, gives=[-0.2, 3.0])
    expect.value(leaky, -2.0, gives=-0.02)"""

HIDDEN = """with check("leaky_hidden", points=4, hidden=True, hint="Try alpha > 1.") as expect:
    expect.shape(leaky, np.zeros(3), 0.1, gives=(3,))
    ### BEGIN HIDDEN TESTS
    x = expect.rng.normal(size=50)
    expect.value(leaky, x, 3.0, gives=np.where(x > 0, x, 3.0 * x))
    expect.earned()
    ### END HIDDEN TESTS"""

BANK = """
[[leaky.wrong]]
why = "Ignores alpha."
code = '''
def leaky(x, alpha=0.01):
    return np.where(x > 0, x, 0.01 * x)
'''
[[leaky.wrong]]
why = "Right for alpha up to 1 only."
code = '''
def leaky(x, alpha=0.01):
    return np.maximum(x, alpha * x)
'''
[[leaky.wrong]]
why = "The other side."
code = '''
def leaky(x, alpha=0.01):
    return np.where(x < 0, x, alpha * x)
'''
[[leaky.wrong]]
why = "ReLU."
code = '''
def leaky(x, alpha=0.01):
    return np.maximum(x, 0)
'''
[[leaky.right]]
why = "Both parts."
code = '''
def leaky(x, alpha=0.01):
    return np.maximum(x, 0) + alpha * np.minimum(x, 0)
'''
[[leaky.right]]
why = "Plain Python."
code = '''
def leaky(x, alpha=0.01):
    values = [v if v > 0 else alpha * v for v in np.ravel(x)]
    return np.reshape(values, np.shape(x))
'''
[[leaky.equivalent]]
mutant = "slope = np.where(x > 0, 1.0, alpha)"
why = "At 0 both slopes give 0."
"""


def cell(kind: str, id: str, text: str, **grading) -> dict:
    """Return a cell of a notebook with nbgrader's metadata."""
    roles = {"grade": False, "locked": True, "solution": False, "task": False, "schema_version": 3, "grade_id": id}
    raw = {"cell_type": kind, "id": id, "metadata": {"nbgrader": roles | grading}, "source": text}
    return raw | ({"execution_count": None, "outputs": []} if kind == "code" else {})


def answer(id: str, text: str) -> dict:
    """Return an answer cell."""
    return cell("code", id, text, solution=True, locked=False)


def test_cell(id: str, text: str, points: float) -> dict:
    """Return a test cell."""
    return cell("code", id, text, grade=True, points=points)


test_cell.__test__ = False  # not a test of pytest's


def leaky_cells(solution: str = LEAKY, values: str = VALUES, hidden: str = HIDDEN) -> list[dict]:
    """Return the cells of an assignment with one question."""
    return [
        cell("markdown", "title", "# Exercises: a leak"),
        cell("code", "setup", SETUP),
        answer("leaky", solution),
        test_cell("leaky_values", values, 6),
        test_cell("leaky_hidden", hidden, 4),
        cell("code", "score", "score()"),
    ]


def notebook(cells: list[dict]) -> str:
    """Return the text of a notebook."""
    language = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps({"cells": cells, "metadata": language, "nbformat": 4, "nbformat_minor": 5})


def write(folder: Path, cells: list[dict] | None = None, bank: str = BANK) -> Path:
    """Write a source and its bank into ``folder/leaky``; return the source's path."""
    path = folder / "leaky" / "leaky.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(notebook(leaky_cells() if cells is None else cells), "utf-8")
    path.with_suffix(".toml").write_text(bank, "utf-8")
    return path
