"""Settings with which these sources work in nbgrader, an optional tool for instructors.

Install it with ``pip install "actlab[grader]"``, then run it in this folder, ``nbgrader generate_assignment NAME``.
It needs the environment to be activated: it calls ``alembic`` from the PATH.
"""

from pathlib import Path

from actlab.grading.notebooks import STUB

c = get_config()  # noqa: F821  (nbgrader defines it)

# This folder is the "source" of a course; submitted, autograded and the gradebook come to lie beside it.
c.CourseDirectory.root = str(Path(__file__).resolve().parent.parent)
# Banks of answers hold solutions: nbgrader would copy them into what students get.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "*.toml"]

# The same stub as in our releases. nbgrader's own raises, and *Run all* would end there.
c.ClearSolutions.code_stub = {"python": STUB}

# Test cells that were deleted are put back; else nobody is told that there is no score.
c.OverwriteCells.add_missing_cells = True
# nbgrader gives no points where a test cell writes to stderr, be it a warning of numpy or a notice of TensorFlow.
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = "."

# Seconds for a cell. A cell that does not obey the interrupt has no grade.
c.Execute.timeout = 60
c.Execute.interrupt_on_timeout = True
