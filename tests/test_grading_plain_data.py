"""In the grader tests see answers as plain data, through pipes: what is right in one process is right there, too."""

import json
from itertools import chain

import pytest

from actlab.grading.notebooks import Assignment
from tests.grading_banks import SOURCES, bank_of, name_of, release_of

marking = pytest.importorskip("actlab.grading.marking", reason="the grader is not there yet")

each_source = pytest.mark.parametrize("source", SOURCES, ids=name_of)


def submission(source, kind: str, k: int) -> str:
    """Return the release with the k-th answer of a kind to every question, the last where there are fewer."""
    bank = bank_of(source)
    notebook = json.loads(release_of(source).read_text("utf-8"))
    replaced = 0
    for cell in notebook["cells"]:
        entries = bank.of(cell["metadata"].get("nbgrader", {}).get("grade_id", ""), kind)
        if entries:
            cell["source"] = entries[min(k, len(entries) - 1)].code
            replaced += 1
    assert replaced == len(Assignment.read(source).questions)
    return json.dumps(notebook)


@pytest.mark.parametrize("k", [0, 1])
@each_source
def test_right_answers_earn_everything(source, k):
    marks = marking.mark(Assignment.read(source), submission(source, "right", k))
    assert marks.status == marking.GRADED
    assert marks.reasons == {}
    assert marks.total == marks.maximum == 100


@each_source
def test_wrong_answers_never_earn_all_points_of_a_question(source):
    assignment = Assignment.read(source)
    marks = marking.mark(assignment, submission(source, "wrong", 0))
    assert marks.status == marking.GRADED
    assert len(list(chain.from_iterable(question.tests for question in assignment.questions))) == len(marks.points)
    full = [
        question.id
        for question in assignment.questions
        if sum(marks.points[test.id] for test in question.tests) >= question.points
    ]
    assert full == []


def test_figures_of_locked_cells_are_closed():
    import matplotlib.pyplot as plt

    mine = plt.figure()
    (source,) = (source for source in SOURCES if source.stem == "s-curves")
    marking.mark(Assignment.read(source), release_of(source).read_text("utf-8"))
    assert plt.get_fignums() == [mine.number]
    plt.close(mine)
