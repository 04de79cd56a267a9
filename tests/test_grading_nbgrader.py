"""The sources in nbgrader itself: it makes our release of them, and gives ordinary submissions what they deserve."""

import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from actlab.grading.release import release
from tests.grading import exercise
from tests.grading.cases import CASES, WRONG, Place, answered, as_bytes

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nbgrader") is None, reason='needs nbgrader: pip install "actlab[grader]"'
)

ROOT = Path(__file__).parent.parent
# The slope, written otherwise than the source has it.
OTHERWISE = "def leaky_slope(x, alpha=0.01):\n    return alpha + (1 - alpha) * (np.asarray(x) > 0)"
SETTINGS = ROOT / "book" / "exercises" / "source" / "nbgrader_config.py"


def nbgrader(course, *arguments):
    # It calls alembic from the PATH, where it is only if the environment is activated.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course / "source",
        env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "JUPYTER_PLATFORM_DIRS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with one assignment, released."""
    folder = tmp_path_factory.mktemp("course")
    source = exercise.write(folder / "source" / "leaky" / "leaky.ipynb")
    source.with_suffix(".toml").write_text("[[leaky.right]]\n")
    shutil.copy(SETTINGS, folder / "source")
    nbgrader(folder, "generate_assignment", "leaky")
    return folder


def test_its_release_is_ours(course):
    ours, theirs = release(course / "source" / "leaky" / "leaky.ipynb"), course / "release" / "leaky" / "leaky.ipynb"
    made = [json.loads(text)["cells"] for text in (ours, theirs.read_text("utf-8"))]
    for cell in made[1]:
        # A seal of the text, which nbgrader adds and does not need.
        cell["metadata"]["nbgrader"].pop("checksum", None)
        cell["metadata"]["nbgrader"].pop("cell_type", None)
    for cells in made:
        for cell in cells:
            cell["source"] = "".join(cell["source"])
            cell["metadata"] = {"nbgrader": cell["metadata"]["nbgrader"]}
    assert made[0] == made[1]


def test_its_release_has_no_bank_of_answers(course):
    assert [path.name for path in (course / "release" / "leaky").iterdir()] == ["leaky.ipynb"]


def test_ordinary_submissions_get_what_they_deserve(course):
    place = Place((course / "release" / "leaky" / "leaky.ipynb").read_text("utf-8"), "", "", "", "")
    names = ("correct", "partial", "untouched", "numpy_warning", "tests_deleted_right", "error_in_function")
    submissions = {name: CASES[name].files(place)["leaky.ipynb"] for name in names}
    submissions["one"] = as_bytes(answered(place, {**WRONG, "slope": OTHERWISE}))
    deserved = {name: CASES[name].low for name in names} | {"one": 4}
    for name, data in submissions.items():
        path = course / "submitted" / name / "leaky" / "leaky.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    nbgrader(course, "autograde", "leaky")
    nbgrader(course, "export", "--to", str(course / "grades.csv"))
    with (course / "grades.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert {line["student_id"]: float(line["score"]) for line in lines} == deserved
    assert {float(line["max_score"]) for line in lines} == {10}
