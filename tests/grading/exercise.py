"""A small exercise of 10 points, as a source in nbgrader's format: two functions and a number."""

import json
from pathlib import Path

SETUP = """
import numpy as np
from actlab.grading import check, score

Z = np.array([[-1.0, 0.5, 0.0, 2.0, -0.3], [-2.0, -0.1, -1.0, 1.0, -0.2], [-0.5, 1.5, 0.3, -1.0, 0.0]])
"""

LEAKY = """
def leaky_relu(x, alpha=0.01):
    ### BEGIN SOLUTION
    return np.where(x > 0, x, alpha * x)
    ### END SOLUTION
"""

LEAKY_VALUES = """
with check("leaky_values", points=2, hint="Which slope acts on the negative side?") as expect:
    expect.value(leaky_relu, np.array([-2.0, 0.0, 3.0]), gives=np.array([-0.02, 0.0, 3.0]))
    expect.shape(leaky_relu, np.zeros((2, 3)), gives=(2, 3))
"""

LEAKY_HIDDEN = """
with check("leaky_hidden", points=2, hidden=True, hint="Try other slopes, above 1, too.") as expect:
    expect.shape(leaky_relu, np.zeros(3), 0.1, gives=(3,))
    ### BEGIN HIDDEN TESTS
    x = expect.rng.normal(size=50)
    expect.value(leaky_relu, x, 0.3, gives=np.where(x > 0, x, 0.3 * x))
    expect.value(leaky_relu, x, 2.5, gives=np.where(x > 0, x, 2.5 * x))
    expect.earned()
    ### END HIDDEN TESTS
"""

SLOPE = """
def leaky_slope(x, alpha=0.01):
    ### BEGIN SOLUTION
    return np.where(x > 0, 1.0, alpha)
    ### END SOLUTION
"""

SLOPE_VALUES = """
with check("slope_values", points=2, hint="What is the slope on either side?") as expect:
    expect.value(leaky_slope, np.array([-2.0, 0.0, 3.0]), gives=np.array([0.01, 0.01, 1.0]))
"""

SLOPE_HIDDEN = """
with check("slope_hidden", points=2, hidden=True, hint="What if alpha is another number?") as expect:
    expect.shape(leaky_slope, np.zeros(3), 0.1, gives=(3,))
    ### BEGIN HIDDEN TESTS
    x = expect.rng.normal(size=50)
    expect.value(leaky_slope, x, 0.3, gives=np.where(x > 0, 1.0, 0.3))
    expect.earned()
    ### END HIDDEN TESTS
"""

DEAD = """
n_dead = None
### BEGIN SOLUTION
n_dead = int(np.sum(np.all(Z <= 0, axis=0)))
### END SOLUTION
"""

DEAD_RANGE = """
with check("dead_range", points=0.5, hint="How many units are there?") as expect:
    whole = isinstance(n_dead, int | np.integer)
    expect.true(whole and 0 <= n_dead <= 5, "n_dead is no whole number from 0 to 5")
"""

DEAD_COUNT = """
with check("dead_count", points=1.5, hidden=True, hint="A unit is dead if no input gets through.") as expect:
    expect.true(n_dead is not None, "n_dead is None")
    ### BEGIN HIDDEN TESTS
    expect.near("n_dead", n_dead, 2)
    expect.earned()
    ### END HIDDEN TESTS
"""

CELLS = [
    ("text", "title", "# Leaky units"),
    ("locked", "setup", SETUP),
    ("text", "about-leaky", "Write `leaky_relu`."),
    ("answer", "leaky", LEAKY),
    ("test", "leaky_values", LEAKY_VALUES, 2),
    ("test", "leaky_hidden", LEAKY_HIDDEN, 2),
    ("text", "about-slope", "Write its derivative, with the slope alpha at 0."),
    ("answer", "slope", SLOPE),
    ("test", "slope_values", SLOPE_VALUES, 2),
    ("test", "slope_hidden", SLOPE_HIDDEN, 2),
    ("text", "about-dead", "Each column of `Z` is a unit. How many are dead?"),
    ("answer", "dead", DEAD),
    ("test", "dead_range", DEAD_RANGE, 0.5),
    ("test", "dead_count", DEAD_COUNT, 1.5),
    ("locked", "total", "score()"),
]


def write(path: Path, leave_out: str = "") -> Path:
    """Write the source, without one line if told, and return its path."""
    cells = []
    for role, id, text, *points in CELLS:
        text = "\n".join(line for line in text.strip("\n").split("\n") if not leave_out or leave_out not in line)
        grading = {"schema_version": 3, "grade_id": id, "task": False}
        grading |= {"grade": role == "test", "solution": role == "answer", "locked": role != "answer"}
        if points:
            grading["points"] = points[0]
        cell = {"id": id, "metadata": {"nbgrader": grading}, "source": text.splitlines(keepends=True)}
        if role == "text":
            cells.append(cell | {"cell_type": "markdown"})
        else:
            cells.append(cell | {"cell_type": "code", "outputs": [], "execution_count": None})
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook, indent=1), "utf-8")
    return path
