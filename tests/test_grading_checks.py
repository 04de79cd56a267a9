"""What a check says and gives, and how a notebook is read, released and laid onto its source."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from actlab.grading.__main__ import main
from actlab.grading.checking import Sheet
from actlab.grading.expectations import Expect, Missed
from actlab.grading.notebooks import MOST_CELLS, Assignment, Cell, Unreadable, released, solution
from actlab.grading.overview import overview
from actlab.grading.release import release
from tests import grading_sources as sources
from tests.test_book import BOOK


@pytest.fixture
def expect():
    return Expect("leaky_values")


def double(x, *more):
    return 2 * np.asarray(x)


def gives(answer):
    """Return a function that returns this, whatever it is given."""

    def f(*args):
        return answer

    return f


def missed(method, *args, **how) -> str:
    """Return the sentence with which a method misses what it expects."""
    with pytest.raises(Missed) as caught:
        method(*args, **how)
    return str(caught.value)


# --- What is accepted -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [2.0, 2, np.float32(2), np.array(2.0), np.int8(2), True + 1])
def test_a_number_is_accepted_in_every_type(expect, answer):
    assert expect.value(gives(answer), 1.0, gives=2.0) is answer
    assert expect.number("n", answer, low=0, high=2, integer=True) is answer
    assert expect.near("n", answer, 2.0) is answer


@pytest.mark.parametrize("answer", [[1.0, np.nan], np.array([1, np.nan], "f4"), (1, np.nan)])
def test_a_list_and_nan_are_accepted_where_they_are_expected(expect, answer):
    assert expect.value(gives(answer), gives=[1.0, np.nan]) is answer
    assert expect.near("n", answer, [1.0, np.nan]) is answer


def test_everything_that_holds_is_accepted(expect):
    expect.true(True, "no")
    expect.shape(double, np.zeros((2, 0)), gives=(2, 0))
    expect.finite(double, [1.0, -1e300])
    expect.between(double, [0.0, 0.5], low=0, high=1)
    expect.increasing(double, np.linspace(-1, 1, 5))
    expect.keeps(double, np.array([1.0, np.nan]))
    expect.choice("c", "b", ("a", "b"))
    expect.choice("c", np.array(["a", "b"])[1], ("a", "b"))
    expect.equal("e", {"a": (1, [2])}, {"a": [1, (2,)]})
    expect.equal("e", np.array([1, 2]), [1, 2])


ARRAY, NONE = "an array of shape", "expected a number or an array of numbers. Is something returned or assigned?"


# --- What is said -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "f(1.0) gave None; expected a number or an array of numbers. Is something returned or assigned?"),
        ("2", "f(1.0) gave '2'; expected a number or an array of numbers"),
        (np.array([1, "a"], object), "f(1.0) gave [1, 'a']; expected a number or an array of numbers"),
        (1j, "f(1.0) gave an object of type complex; expected a number or an array of numbers"),
        (10**30, "f(1.0) gave an integer of 100 bits; expected a number or an array of numbers"),
        ([2.0], "f(1.0) gave an array of shape (1,); expected a single number"),
        (3.0, "f(1.0) gave 3.0; the value there is 2.0"),
        (np.nan, "f(1.0) gave nan; the value there is 2.0"),
        (np.inf, "f(1.0) gave inf; the value there is 2.0"),
        (2.00001, "f(1.0) gave 2.00001; the value there is 2.0"),
        (True, "f(1.0) gave True; the value there is 2.0"),
    ],
)
def test_a_wrong_value_is_told_with_its_input(expect, answer, said):
    assert missed(expect.value, gives(answer), 1.0, gives=2.0) == said


def test_one_element_is_told_of_an_array(expect):
    x = np.arange(20.0)
    said = missed(expect.value, double, x, 0.5, gives=np.where(x == 7, 0, 2 * x))
    assert said == "double(7.0, 0.5) gave 14.0; the value there is 0.0"
    assert missed(expect.near, "w", [1.0, 2.0], [1.0, 3.0]) == "w at [1] is 2.0; expected 3.0"


def test_an_element_is_told_with_the_whole_call_where_it_stands_for_no_call_of_its_own(expect):
    def times(a, b):
        return np.asarray(a) @ np.asarray(b)

    said = missed(expect.value, times, np.eye(2), np.ones((2, 2)), gives=[[1.0, 1.0], [1.0, 2.0]])
    assert said == (
        "times([[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]) at [1, 1] gave 1.0; the value there is 2.0"
    )
    ragged = [np.zeros((1, 2)), np.zeros((2, 3))]
    said = missed(expect.value, lambda matrices: [1.0, 2.0], ragged, gives=[1.0, 3.0])
    assert said.endswith(" at [1] gave 2.0; the value there is 3.0")


def test_a_kind_hides_the_value(expect):
    for said in (
        missed(expect.value, double, 1.0, gives=41.5, kind="a large number"),
        missed(expect.near, "w", 1.0, 41.5, kind="a large number"),
        missed(expect.equal, "w", 1, 41.5, kind="a large number"),
    ):
        assert said.endswith("; expected a large number")
        assert "41" not in said


@pytest.mark.parametrize(
    ("method", "args", "how", "said"),
    [
        ("true", (False, "So it is not."), {}, "So it is not."),
        ("shape", (gives([1, 2]), 1.0), {"gives": (3,)}, f"f(1.0) gave {ARRAY} (2,); expected {ARRAY} (3,)"),
        ("finite", (gives([0.0, np.inf]), [1.0, 3.0]), {}, "f(3.0) gave inf; expected a finite number"),
        ("finite", (gives(np.nan), 1.0), {}, "f(1.0) gave nan; expected a finite number"),
        ("between", (gives(2), 1.0), {"low": 0, "high": 1}, "f(1.0) gave 2; expected a number from 0 to 1"),
        ("between", (gives(-1), 1.0), {"low": 0, "high": np.inf}, "f(1.0) gave -1; expected a number of at least 0"),
        ("between", (gives(9), 1.0), {"low": -np.inf, "high": 1}, "f(1.0) gave 9; expected a number of at most 1"),
        ("between", (gives(2), 1.0), {"low": 0, "high": 1, "kind": "a share"}, "f(1.0) gave 2; expected a share"),
        ("number", ("n", 2.5), {"integer": True}, "n is 2.5; expected a whole number"),
        ("number", ("n", 7), {"low": 0, "high": 5, "integer": True}, "n is 7; expected a whole number from 0 to 5"),
        ("number", ("n", np.nan), {}, "n is nan; expected a number"),
        ("number", ("n", [1.0]), {}, "n is [1.0]; expected a number"),
        ("number", ("n", None), {}, f"n is None; {NONE}"),
        ("choice", ("c", "d", ("a", "b")), {}, "c is 'd'; expected one of 'a', 'b'"),
        ("choice", ("c", None, ("a", "b")), {}, "c is None; expected one of 'a', 'b'"),
        ("equal", ("e", True, 1), {}, "e is True; expected 1"),
        ("equal", ("e", [1, 2], [2, 1]), {}, "e is [1, 2]; expected [2, 1]"),
        ("equal", ("e", "x" * 99, "y"), {}, "e is '" + "x" * 57 + "...'; expected 'y'"),
    ],
)  # fmt: skip
def test_the_sentence_of_each_expectation(expect, method, args, how, said):
    assert missed(getattr(expect, method), *args, **how) == said


def test_a_call_that_stops_is_told_with_its_input(expect):
    def forgets(x):
        return erf(x)  # noqa: F821

    said = missed(expect.value, forgets, 2.0, gives=1.0)
    assert said == "forgets(2.0) stopped with NameError: name 'erf' is not defined"
    for method, more in [(expect.shape, {"gives": ()}), (expect.finite, {}), (expect.keeps, {})]:
        assert (
            missed(method, lambda x: 1 / 0, 0, **more) == "<lambda>(0) stopped with ZeroDivisionError: division by zero"
        )


def test_what_falls_or_is_changed_is_told(expect):
    said = missed(expect.increasing, gives([0.0, 1.0, 1.0]), np.array([1.0, 2.0, 3.0]))
    assert said == "f should rise everywhere, but between 2.0 and 3.0 it goes from 1.0 to 1.0"

    def spoil(x):
        x *= 2

    x = np.array([1.0, 2.0])
    assert missed(expect.keeps, spoil, x) == "spoil([1.0, 2.0]) changed the ndarray that it was given"
    assert x.tolist() == [1.0, 2.0], "it is given a copy"

    def second(x, values):
        values[0][1] = 7

    given = (x, [[1, 2], [3]])
    assert (
        missed(expect.keeps, second, *given) == "second([1.0, 2.0], [[1, 2], [3]]) changed the list that it was given"
    )
    expect.keeps(lambda x, values: None, x, [np.array([np.nan]), 2])


class Everything:
    """Equals everything, and is no number."""

    def __eq__(self, other):
        return True

    def __array__(self, *args, **how):
        raise RuntimeError("no")


@pytest.mark.parametrize("answer", [Everything(), object(), [[1], [1, 2]], {"a": 1}, {1, 2}, lambda: 1, b"2"])
def test_what_is_no_number_misses_and_raises_nothing_else(expect, answer):
    assert "expected a number" in missed(expect.value, gives(answer), 1.0, gives=2.0)
    assert "expected a number" in missed(expect.number, "n", answer)
    assert "expected one of" in missed(expect.choice, "n", answer, ("a",))


def test_an_object_that_equals_everything_is_not_equal(expect):
    missed(expect.equal, "e", Everything(), 2)
    missed(expect.equal, "e", [Everything()], [2])


# --- Checks -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def sheet(monkeypatch):
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    said = []
    made = Sheet(tell=said.append)
    made.said = said
    return made


def test_a_check_gives_all_points_or_none(sheet):
    with sheet.check("a", points=3, hint="Think."):
        pass
    with sheet.check("b", points=4, hint="Think.") as expect:
        expect.true(False, "It is wrong.")
    assert sheet.said == ["a: right, 3 of 3 points", "b: not yet, 0 of 4 points\n  It is wrong.\n  Hint: Think."]
    assert [found.points for found in sheet.found.values()] == [3, 0]


def test_hidden_tests_decide(sheet):
    with sheet.check("a", points=3, hint="", hidden=True):
        pass
    assert sheet.said[-1] == "a: nothing wrong so far\n  Tests that your instructor has decide about the 3 points."
    assert sheet.found["a"].undecided
    with sheet.check("a", points=3, hint="", hidden=True) as expect:
        expect.earned()
    assert sheet.said[-1] == "a: right, 3 of 3 points"
    with sheet.check("a", points=3, hint="", hidden=True) as expect:
        expect.earned()
        expect.true(False, "No.")
    assert sheet.found["a"].points == 0


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            NameError("name 'leaky' is not defined", name="leaky"),
            "leaky is not defined: run the cell above first, and see that it ends without an error",
        ),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero"),
        (AssertionError(), "a test failed"),
        (SystemExit(), "SystemExit"),
        (RecursionError("too deep"), "RecursionError: too deep"),
    ],
)
def test_an_error_is_a_sentence(sheet, error, said):
    with sheet.check("a", points=3, hint=""):
        raise error
    assert sheet.found["a"].reason == said


def test_an_interruption_goes_on(sheet):
    with pytest.raises(KeyboardInterrupt), sheet.check("a", points=3, hint=""):
        raise KeyboardInterrupt
    assert not sheet.found


def test_nbgrader_is_told_by_an_error(sheet, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(Missed, match=r"It is wrong\."), sheet.check("a", points=3, hint="") as expect:
        expect.true(False, "It is wrong.")
    with sheet.check("b", points=3, hint=""):
        pass
    assert [found.points for found in sheet.found.values()] == [0, 3]


@pytest.mark.parametrize("points", [0, -1, np.nan])
def test_points_are_above_zero(sheet, points):
    with pytest.raises(ValueError, match="points must be above 0, not"):
        sheet.check("a", points=points, hint="")


def test_the_table_sums_up(sheet):
    sheet.score()
    assert sheet.said[-1] == "no check has run yet: run the notebook from the top"
    for name, passes in [("first", False), ("second", True), ("first", True)]:
        with sheet.check(name, points=4.5, hint="") as expect:
            expect.true(passes, "No.")
    with sheet.check("third", points=2, hint="", hidden=True):
        pass
    with sheet.check("fourth", points=1, hint=""):
        raise ValueError
    sheet.score()
    assert [line.split() for line in sheet.said[-1].split("\n")][:-1] == [
        ["check", "points", "of"],
        ["first", "4.5", "4.5"],
        ["second", "4.5", "4.5"],
        ["third", "?", "2"],
        ["fourth", "0", "1", "not", "yet"],
        ["all", "9", "12"],
    ]
    assert sheet.said[-1].endswith("decide about 2 of these points")


def test_inputs_depend_on_the_name_and_the_secret_alone():
    draw = {(name, secret): Expect(name, secret).rng.normal() for name in "ab" for secret in (0, 1, 2**70)}
    assert len(set(draw.values())) == 6
    assert draw["a", 1] == Expect("a", 1).rng.normal()


# --- Notebooks --------------------------------------------------------------------------------------------------------


@pytest.fixture
def assignment(tmp_path):
    return Assignment.read(sources.write(tmp_path))


def submitted(*cells) -> str:
    return sources.notebook([*cells])


def texts(submission) -> list[tuple[str, str]]:
    return [(cell.role, cell.text) for cell in submission.cells]


def test_a_source_is_read(assignment):
    (question,) = assignment.questions
    assert (assignment.name, assignment.maximum, question.id, question.points) == ("leaky", 10, "leaky", 10)
    assert [test.id for test in assignment.tests] == ["leaky_values", "leaky_hidden"]
    assert assignment.learners_names == {"leaky"}
    assert assignment.wanted(assignment.tests[0]) == {"leaky"}


def test_a_question_has_the_title_above_it(assignment):
    above, *rest = assignment.cells
    titled = Cell("text", "locked", False, "**1. A leak.** Write it.\n\n**Not this.**")
    assert [q.title for q in Assignment("a", (above, titled, *rest)).questions] == ["1. A leak"]
    assert [q.title for q in assignment.questions] == [""]


def test_answers_are_laid_onto_the_source_whatever_is_around_them(assignment):
    mine = sources.answer("leaky", "leaky = abs")
    shuffled = submitted(mine, *sources.leaky_cells()[::-1][:3])
    found = assignment.fit(shuffled)
    roles = ["locked", "answer", "test", "test", "locked"]
    assert [cell.role for cell in found.cells] == roles
    assert dict(texts(found))["answer"] == "leaky = abs"
    assert found.notes == ()
    # Tests and locked cells come from the source, whatever was made of them.
    spoilt = [cell | {"source": "pass"} for cell in sources.leaky_cells()]
    refitted = assignment.fit(submitted(*spoilt))
    assert [text for role, text in texts(refitted) if role == "test"] == [test.text for test in assignment.tests]
    assert refitted.notes[0].startswith("cells that are no answers were changed, ours are run instead: ")
    assert all(test.id in refitted.notes[0] for test in assignment.tests)


def test_of_two_answers_the_last_counts_and_a_missing_one_is_told(assignment):
    twice = assignment.fit(submitted(sources.answer("leaky", "leaky = 1"), sources.answer("leaky", "leaky = 2")))
    assert dict(texts(twice))["answer"] == "leaky = 2"
    assert twice.notes == ("leaky: more than one answer cell, the last counts",)
    # An editor gives both parts of a cell that is split the metadata of the whole.
    own = {"cell_type": "code", "id": "own", "source": "b = 2", "metadata": {}}
    parts = [sources.answer("leaky", "a = 1"), own, sources.answer("leaky", "leaky = a + b"), own | {"source": "c"}]
    split = [text for role, text in texts(assignment.fit(submitted(*parts))) if role in ("answer", "extra")]
    assert split == ["a = 1", "b = 2", "leaky = a + b", "c"]
    many = [own | {"id": f"own-{number}"} for number in range(MOST_CELLS)]
    with pytest.raises(Unreadable, match="more than 2000 cells"):
        assignment.fit(submitted(*sources.leaky_cells(), *many))
    missing = assignment.fit(submitted(sources.leaky_cells()[1]))
    assert missing.notes == ("leaky: the answer cell is missing",)
    assert dict(texts(missing))["answer"] == ""


def test_a_notebook_without_its_metadata_is_known_by_ids_and_texts(assignment):
    cells = [cell | {"metadata": {}} for cell in sources.leaky_cells()]
    assert dict(texts(assignment.fit(submitted(*cells))))["answer"] == sources.LEAKY
    # A student's own cell stays behind the known cell that it follows.
    own = {"cell_type": "code", "metadata": {}, "source": "import seaborn"}
    found = texts(assignment.fit(submitted(cells[0], cells[1], own, cells[2])))
    assert [role for role, _ in found][:3] == ["locked", "extra", "answer"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "the file is empty"),
        (b'{"cells": [', "not JSON, or cut off"),
        (b"\xff\xfe\x00", "not JSON, or cut off"),
        ("[" * 100_000, "not a notebook: nested too deeply"),
        ('{"cells": 3}', "not a notebook of format 4"),
        ("[]", "not a notebook of format 4"),
        (sources.notebook([{"cell_type": "code", "source": "1"}]), "no cell of it belongs to the assignment leaky"),
    ],
    ids=["empty", "cut", "binary", "deep", "no cells", "list", "foreign"],
)
def test_a_file_that_is_no_submission_is_told(assignment, data, said):
    with pytest.raises(Unreadable, match=said):
        assignment.fit(data)


def test_a_source_with_two_cells_of_one_name_is_refused(tmp_path):
    cells = sources.leaky_cells()
    with pytest.raises(Unreadable, match="more than one cell has the grade_id leaky_values"):
        Assignment.read(sources.write(tmp_path, [*cells, cells[3]]))
    with pytest.raises(Unreadable, match="no answer cell with tests"):
        Assignment.read(sources.write(tmp_path / "none", cells[:2]))
    with pytest.raises(Unreadable, match="expected a notebook"):
        Assignment.read(tmp_path / "nowhere.ipynb")


# --- Releases ---------------------------------------------------------------------------------------------------------


def test_regions_are_taken_out():
    assert released(sources.LEAKY).endswith('elsewhere."""\n    # YOUR CODE HERE\n    pass')
    assert released(sources.HIDDEN).endswith("gives=(3,))")
    assert solution(sources.LEAKY).endswith("alpha)\n    return slope * x")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("### BEGIN SOLUTION\nx = 1", "'### BEGIN SOLUTION' without '### END SOLUTION'"),
        ("### BEGIN SOLUTION\n### BEGIN HIDDEN TESTS\n", "'### BEGIN HIDDEN TESTS' inside of another region"),
    ],
)
def test_a_region_without_an_end_is_an_error(tmp_path, text, said):
    with pytest.raises(ValueError, match=said):
        release(sources.write(tmp_path, sources.leaky_cells(solution=text)))


def test_a_release_has_no_outputs_and_is_the_same_each_time(tmp_path):
    cells = sources.leaky_cells()
    cells[1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "secret"}]
    source = sources.write(tmp_path, cells)
    text = release(source)
    assert text == release(source)
    assert "secret" not in text
    raw = json.loads(text)
    assert [cell["metadata"] for cell in raw["cells"]] == [cell["metadata"] for cell in cells]
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in raw["cells"])


@pytest.mark.parametrize(
    ("given", "out", "said"),
    [
        ("leaky", "leaky", "holds solutions, which would be lost; expected a new name, or that of a release"),
        ("leaky", "link", "holds solutions, which would be lost"),
        ("leaky", "second", "holds solutions, which would be lost"),
        ("leaky", "folder", "is a folder; expected the name of the notebook to write"),
        ("released", "leaky", "holds solutions, which would be lost"),
        ("released", "new", "no answer cell holds '### BEGIN SOLUTION'; expected a source, not what was released"),
    ],
)
def test_no_release_takes_the_place_of_a_source(tmp_path, capsys, given, out, said):
    source = sources.write(tmp_path / "source")
    places = {name: tmp_path / f"{name}.ipynb" for name in ("link", "second", "released", "new")}
    places |= {"leaky": source, "folder": tmp_path / "source"}
    places["link"].symlink_to(source)
    shutil.copy(source, places["second"])
    for _ in range(2):  # an earlier release may be replaced
        assert main(["release", str(source), str(places["released"])]) == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.ipynb")}
    assert main(["release", str(places[given]), str(places[out])]) == 2
    assert said in capsys.readouterr().err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.ipynb")} == before


@pytest.mark.skipif(importlib.util.find_spec("nbgrader") is None, reason="nbgrader, an optional tool, is not installed")
def test_a_release_is_what_nbgrader_makes(tmp_path):
    source = sources.write(tmp_path / "source")
    shutil.copy(BOOK / "exercises" / "source" / "nbgrader_config.py", source.parent.parent)
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "leaky"]
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # it calls alembic from there
    env = {**os.environ, "PATH": path}
    subprocess.run(command, check=True, capture_output=True, env=env, cwd=source.parent.parent)
    (made,) = (tmp_path / "release" / "leaky").iterdir()  # the bank, which lies beside the source, is not among it
    theirs = json.loads(made.read_text("utf-8"))
    ours = json.loads(release(source))
    assert [("".join(c["source"]), c["id"]) for c in theirs["cells"]] == [
        ("".join(c["source"]), c["id"]) for c in ours["cells"]
    ]


def test_assignments_of_a_folder_are_listed_and_other_notebooks_left_out(tmp_path):
    (tmp_path / "leaky.ipynb").write_text(release(sources.write(tmp_path / "source")), "utf-8")
    (tmp_path / "about.ipynb").write_text('{"cells": []}', "utf-8")
    (row,) = overview(tmp_path).rows
    assignment = Assignment.read(tmp_path / "leaky.ipynb")
    hidden = [test.points for test in assignment.tests if "hidden=True" in test.text]
    assert len(hidden) == 1 < len(assignment.tests)
    assert row == (f"[{assignment.title}](leaky.ipynb)", "1", f"{assignment.maximum:g}", f"{hidden[0]:g}")
    with pytest.raises(ValueError, match=r"no assignment in .*source"):
        overview(tmp_path / "source")
