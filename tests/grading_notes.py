"""The exercise of three questions on which the engine of the grader is tested, and submissions of it."""

import json

from actlab.grading.notebooks import Assignment
from actlab.grading.release import release

RIGHT = {
    "leaky": "def leaky_relu(x, alpha=0.01):\n    return np.where(x > 0, x, alpha * x)",
    "grad": "def leaky_relu_grad(x, alpha=0.01):\n    return np.where(x > 0, 1.0, alpha)",
    "dead": "n_dead = int(np.sum(np.all(Z <= 0, axis=0)))",
}
WRONG = {
    "leaky": "def leaky_relu(x, alpha=0.01):\n    return x",
    "grad": "def leaky_relu_grad(x, alpha=0.01):\n    return x",
    "dead": "n_dead = 'two'",
}
_TESTS = {
    "leaky": [
        ("leaky_values", 2, "expect.value(leaky_relu, np.array([-2.0, 0.0, 3.0]), gives=np.array([-0.02, 0.0, 3.0]))"),
        ("leaky_hidden", 2, "x = expect.rng.normal(size=50)\n"
         "expect.value(leaky_relu, x, 3.0, gives=np.where(x > 0, x, 3.0 * x))\nexpect.earned()"),
    ],
    "grad": [
        ("grad_values", 2, "expect.value(leaky_relu_grad, np.array([-2.0, 3.0]), gives=np.array([0.01, 1.0]))"),
        ("grad_hidden", 2, "x = np.append(expect.rng.normal(size=50), 0.0)\n"
         "expect.value(leaky_relu_grad, x, 0.3, gives=np.where(x > 0, 1.0, 0.3))\nexpect.earned()"),
    ],
    "dead": [
        ("dead_kind", 0.5, "expect.number('n_dead', n_dead, low=0, high=5, integer=True)"),
        ("dead_hidden", 1.5, "expect.near('n_dead', n_dead, 2)\nexpect.earned()"),
    ],
}  # fmt: skip
_IMPORTS = "import numpy as np\n\nfrom actlab.grading import check, score"
_DATA = "Z = np.array([[1.0, -1, 0, 2, -3], [0.5, -2, 0, -1, 1], [2.0, -1, -1, 3, -2]])"


def cell(id, text, role="locked", points=None):
    nbgrader = {
        "grade": role == "test", "grade_id": id, "locked": role != "answer", "schema_version": 3,
        "solution": role == "answer", "task": False,
    }  # fmt: skip
    if points is not None:
        nbgrader["points"] = points
    return {
        "cell_type": "code", "id": id, "metadata": {"nbgrader": nbgrader}, "source": text, "outputs": [],
        "execution_count": None,
    }  # fmt: skip


def notebook(cells):
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def source():
    cells = [cell("imports", _IMPORTS), cell("data", _DATA)]
    for question, tests in _TESTS.items():
        lines = RIGHT[question].split("\n")
        region = ["### BEGIN SOLUTION", lines[-1].lstrip(), "### END SOLUTION"]
        indent = "    " if len(lines) > 1 else ""
        head = lines[:-1] or ["n_dead = None"]
        cells.append(cell(question, "\n".join([*head, *(indent + line for line in region)]), "answer"))
        for name, points, text in tests:
            hidden = name.endswith("hidden")
            body = ["### BEGIN HIDDEN TESTS", *text.split("\n"), "### END HIDDEN TESTS"] if hidden else [text]
            head = f'with check("{name}", points={points}, hint="Look at both sides.", hidden={hidden}) as expect:'
            lines = [head, *(["    expect.true(True, 'never')"] if hidden else []), *(f"    {line}" for line in body)]
            cells.append(cell(name, "\n".join(lines), "test", points))
    return notebook([*cells, cell("table", "score()")])


def assignment(folder):
    path = folder / "leaky.ipynb"
    path.write_text(json.dumps(source()), "utf-8")
    return Assignment.read(path)


def submission(folder, answers=RIGHT, first=(), **changed):
    """Return the bytes of a submitted notebook, made from the release."""
    assignment(folder)
    released = json.loads(release(folder / "leaky.ipynb"))
    answers = {**answers, **changed}
    for found in released["cells"]:
        if found["id"] in answers:
            found["source"] = answers[found["id"]]
    extra = [{"cell_type": "code", "id": f"mine{n}", "metadata": {}, "source": text, "outputs": [],
              "execution_count": None} for n, text in enumerate(first)]  # fmt: skip
    released["cells"] = extra + released["cells"]
    return json.dumps(released).encode()
