"""Every assignment of the book keeps its word: points, regions, release, stored outputs, and tests that are tested."""

import ast
import json
import os
import re
import subprocess
import sys

import pytest

from actlab.grading import mutants
from actlab.grading.leaks import leaks
from actlab.grading.notebooks import REGIONS, Assignment, bound, released
from actlab.grading.release import release
from tests.grading_banks import EXERCISES, ROOT, SOURCES, in_readme, name_of, release_of, sentence

each_source = pytest.mark.parametrize("source", SOURCES, ids=name_of)


def checks(text: str) -> list[tuple[ast.With, dict]]:
    """Return each ``with check(...)`` of a cell, with the call's arguments as literals."""
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.With) and ast.unparse(node.items[0].context_expr).startswith("check("):
            call = node.items[0].context_expr
            given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
            found.append((node, given | {"name": ast.literal_eval(call.args[0])}))
    return found


# --- What a source says -----------------------------------------------------------------------------------------------


def test_there_are_as_many_as_were_promised():
    assignments = [Assignment.read(source) for source in SOURCES]
    assert len(assignments) >= 8
    assert sum(len(assignment.questions) for assignment in assignments) >= 40


@each_source
def test_an_assignment_has_a_hundred_points_and_four_questions(source):
    assignment = Assignment.read(source)
    assert assignment.maximum == 100
    assert len(assignment.questions) >= 4
    assert source.parent.name == assignment.name
    notebook = json.loads(source.read_text("utf-8"))
    ids = [cell["id"] for cell in notebook["cells"]]
    graded = [cell["metadata"]["nbgrader"]["grade_id"] for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
    assert len(set(ids)) == len(ids)
    assert len(set(graded)) == len(graded)
    answers = [cell.id for cell in assignment.cells if cell.role == "answer"]
    assert answers == [question.id for question in assignment.questions]  # none without tests


@each_source
def test_a_test_cell_is_one_check_with_the_points_of_its_metadata(source):
    for test in Assignment.read(source).tests:
        ((_, given),) = checks(test.text)
        assert (given["name"], given["points"]) == (test.id, test.points)
        assert given["hint"].strip(), test.id
        assert len(ast.parse(test.text).body) == 1, f"{test.id}: something stands outside of the check"


@each_source
def test_a_test_binds_no_name_of_an_answer(source):
    """In a student's notebook both share a namespace: the test would replace the answer before it is run again."""
    assignment = Assignment.read(source)
    taken = {test.id: names for test in assignment.tests if (names := bound(test.text) & assignment.learners_names)}
    assert taken == {}


@each_source
def test_hidden_tests_are_hidden_and_the_last_gives_the_points(source):
    begin, end = REGIONS["hidden"]
    for test in Assignment.read(source).tests:
        ((node, given),) = checks(test.text)
        lines = [line.strip() for line in test.text.split("\n")]
        hidden = given.get("hidden", False)
        assert lines.count(begin) == lines.count(end) == int(hidden), test.id
        if hidden:
            first, last = node.body[0].lineno, node.body[-1]
            assert ast.unparse(last) == "expect.earned()", test.id
            assert lines.index(begin) + 1 < last.lineno < lines.index(end) + 1, test.id
            assert first < lines.index(begin) + 1, f"{test.id}: nothing is left of it in the release"
        assert test.text.count("earned()") == int(hidden), test.id


@each_source
def test_every_answer_cell_has_a_solution(source):
    begin, end = REGIONS["solution"]
    for question in Assignment.read(source).questions:
        lines = [line.strip() for line in question.answer.text.split("\n")]
        assert lines.count(begin) == lines.count(end) >= 1, question.id


@each_source
def test_the_first_cell_says_how_many_points_are_hidden(source):
    assignment = Assignment.read(source)
    hidden = sum(test.points for test in assignment.tests if checks(test.text)[0][1].get("hidden"))
    text = " ".join(assignment.cells[0].text.split())
    assert re.search(r"\b100 points, (\d+) of them decided by tests that only your instructor has", text)[1] == str(
        int(hidden)
    )
    assert assignment.cells[-1].text.strip() == "score()"


@each_source
def test_the_stored_outputs_say_that_every_check_is_right(source):
    told = {}
    for cell in json.loads(source.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            told[cell["metadata"].get("nbgrader", {}).get("grade_id")] = "".join(
                "".join(output.get("text", "")) for output in cell["outputs"]
            )
    for test in Assignment.read(source).tests:
        assert told[test.id].strip() == f"{test.id}: right, {test.points:g} of {test.points:g} points"


# --- Its release ------------------------------------------------------------------------------------------------------


@each_source
def test_the_release_is_current(source):
    assert release_of(source).read_bytes() == release(source).encode(), (
        f"run python -m actlab.grading release {source.relative_to(ROOT)} {release_of(source).relative_to(ROOT)}"
    )


def test_no_release_holds_a_solution_or_a_hidden_test():
    releases = [release_of(source) for source in SOURCES]
    scan = leaks(EXERCISES / "source", releases, public=[ROOT / "book"])
    assert scan.files == len(SOURCES)
    assert scan.lines > 10 * len(SOURCES)
    assert not scan.found, "\n".join(map(str, scan.found))


RUN = """
import json, sys
from actlab.grading import _sheet
namespace = {"__name__": "__main__"}
for cell in json.load(open(sys.argv[1], encoding="utf-8"))["cells"]:
    if cell["cell_type"] == "code":
        exec(compile("".join(cell["source"]), cell["id"], "exec"), namespace)
print("\\n" + json.dumps({c.name: [c.points, c.maximum, c.reason] for c in _sheet.found.values()}))
"""


@each_source
def test_the_release_runs_through_and_earns_nothing(source):
    environment = {**os.environ, "MPLBACKEND": "agg"}
    environment.pop("NBGRADER_EXECUTION", None)
    command = [sys.executable, "-W", "ignore", "-c", RUN, str(release_of(source))]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert {name: maximum for name, (_, maximum, _) in found.items()} == {
        test.id: test.points for test in Assignment.read(source).tests
    }
    assert sum(points for points, _, _ in found.values()) == 0
    # A stub is told what is missing; it does not make a check stumble over itself.
    stumbles = {name: reason for name, (_, _, reason) in found.items() if re.match(r"\w*(Error|Exception): ", reason)}
    assert not stumbles


# --- Its tests --------------------------------------------------------------------------------------------------------


@each_source
def test_every_wrong_answer_is_rejected_and_every_right_one_accepted(source, record_property):
    report = mutants.measure(source, quick=True)
    record_property("mutation score", str(report))
    assert report.is_sound, "\n".join(map(str, (*report.faults, *report.questions)))
    assert report.tried >= 4 * len(report.questions)


def test_the_readme_says_with_what_the_tests_were_tested():
    assert in_readme() == sentence()


def test_every_line_of_a_released_answer_is_left_in_place():
    for source in SOURCES:
        for question in Assignment.read(source).questions:
            assert "# YOUR CODE HERE" in released(question.answer.text)
