"""From a folder of submissions to one file per learner: nothing is lost, and every choice is told."""

import json
import os
from pathlib import Path

import pytest

from actlab.grading import collecting
from actlab.grading.collecting import collect
from actlab.grading.notebooks import Assignment, Unreadable
from actlab.grading.release import release
from tests.grading import exercise
from tests.grading.cases import RIGHT, WRONG, Place, answered, as_bytes


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return exercise.write(tmp_path_factory.mktemp("source") / "leaky.ipynb")


@pytest.fixture(scope="module")
def assignment(source):
    return Assignment.read(source)


@pytest.fixture(scope="module")
def files(source):
    place = Place(release(source), "", "", "", "")
    other = {"cells": [{"cell_type": "code", "id": "relu", "source": "def relu(x): ..."}]}
    return {
        "right": as_bytes(answered(place)),
        "wrong": as_bytes(answered(place, WRONG)),
        "one": as_bytes(answered(place, {"leaky": RIGHT["leaky"]})),
        "empty": place.release.encode(),
        "other": as_bytes(other),
        "shared": as_bytes({"cells": [{"cell_type": "code", "id": "leaky", "source": RIGHT["leaky"]}]}),
        "broken": b"{",
        "text": b"hello",
    }


def put(folder, files, layout):
    """Write files by their paths; the earlier ones were changed earlier."""
    for age, (path, what) in enumerate(layout.items()):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(files[what])
        os.utime(folder / path, (1e9 + age, 1e9 + age))


def counted(folder, assignment):
    found = collect(folder, assignment)
    return {one.learner: one.path and str(one.path.relative_to(folder)) for one in found}


@pytest.mark.parametrize(
    ("layout", "counts"),
    [
        ({"leaky.ipynb": "wrong", "leaky (1).ipynb": "right"}, "leaky (1).ipynb"),
        # The number counts before the time: copying a folder changes the latter.
        ({"leaky (1).ipynb": "right", "leaky.ipynb": "wrong"}, "leaky (1).ipynb"),
        ({"leaky (2).ipynb": "right", "leaky (10).ipynb": "wrong"}, "leaky (10).ipynb"),
        ({"leaky.ipynb": "right", "leaky-Copy1.ipynb": "wrong"}, "leaky-Copy1.ipynb"),
        ({"leaky_v2.ipynb": "right", "leaky_v1.ipynb": "wrong"}, "leaky_v2.ipynb"),
        ({"b.ipynb": "right", "a.ipynb": "wrong"}, "a.ipynb"),
        ({"leaky.ipynb": "right", "leaky (1).ipynb": "empty"}, "leaky.ipynb"),
        ({"leaky.ipynb": "right", "leaky (1).ipynb": "broken"}, "leaky.ipynb"),
        ({"leaky.ipynb": "right", "relu (1).ipynb": "other"}, "leaky.ipynb"),
        ({"leaky.ipynb": "right", "leaky (1).ipynb": "one"}, "leaky (1).ipynb"),
        # Another assignment with a question of the same name.
        ({"leaky.ipynb": "right", "other (1).ipynb": "shared"}, "leaky.ipynb"),
        ({"leaky.ipynb": "empty", "leaky (1).ipynb": "empty"}, "leaky (1).ipynb"),
        ({"deep/er/x.ipynb": "right", ".ipynb_checkpoints/x-checkpoint.ipynb": "wrong"}, "deep/er/x.ipynb"),
        ({"deep/.hidden/x.ipynb": "wrong", "notes.txt": "text", "y.ipynb": "right"}, "y.ipynb"),
        ({"leaky.ipynb.txt": "right"}, "leaky.ipynb.txt"),
        ({"broken.txt": "broken", "broken.ipynb": "broken"}, "broken.ipynb"),
    ],
)
def test_one_of_a_learners_files_counts(tmp_path, assignment, files, layout, counts):
    put(tmp_path, files, {f"alice/{path}": what for path, what in layout.items()})
    assert counted(tmp_path, assignment) == {"alice": f"alice/{counts}"}
    (one,) = collect(tmp_path, assignment)
    readable = [path for path, what in layout.items() if what in ("right", "wrong", "one", "empty")]
    for path in set(readable) - {counts}:
        if "/." not in f"/{path}":
            assert any(note.startswith(f"{counts} counts, not ") and path in note for note in one.notes), one.notes


def test_a_notebook_that_cannot_be_read_is_told_and_a_text_is_not(tmp_path, assignment, files):
    put(tmp_path, files, {"a/x.ipynb": "right", "a/y.ipynb": "broken", "a/z.txt": "text"})
    (one,) = collect(tmp_path, assignment)
    assert one.notes == ("y.ipynb does not count: not a notebook: the file is not JSON, or cut off",)


def test_files_and_folders_of_one_name_are_one_learners(tmp_path, assignment, files):
    put(tmp_path, files, {"alice/leaky.ipynb": "wrong", "alice.ipynb": "right", "j.smith.ipynb": "right"})
    assert counted(tmp_path, assignment) == {"alice": "alice.ipynb", "j.smith": "j.smith.ipynb"}


def test_a_second_version_in_a_folder_of_files(tmp_path, assignment, files):
    put(tmp_path, files, {"alice.ipynb": "wrong", "alice (1).ipynb": "right", "bob (1).ipynb": "right"})
    assert counted(tmp_path, assignment) == {"alice": "alice (1).ipynb", "bob (1)": "bob (1).ipynb"}


def test_files_called_as_the_assignment_are_different_learners(tmp_path, assignment, files):
    put(tmp_path, files, {"leaky.ipynb": "wrong", "leaky (1).ipynb": "right", "leaky (2).ipynb": "one"})
    assert len(counted(tmp_path, assignment)) == 3


def test_who_has_nothing_to_grade_has_an_entry(tmp_path, assignment, files):
    for name in ("empty", "hidden/.ipynb_checkpoints"):
        (tmp_path / name).mkdir(parents=True)
    put(
        tmp_path,
        files,
        {"pictures/a.png": "text", "word.docx": "text", ".DS_Store": "text", "hidden/.x.ipynb": "right"},
    )
    os.mkfifo(tmp_path / "pipe.ipynb")
    found = {one.learner: one for one in collect(tmp_path, assignment)}
    assert found.keys() == {"empty", "hidden", "pictures", "word", "pipe"}
    assert found["empty"].notes == ("the folder holds no file",)
    assert found["pictures"].notes == ("no notebook among 1 files, the first is a.png",)
    for one in found.values():
        with pytest.raises(Unreadable):
            one.read()


def test_links_are_not_followed(tmp_path, assignment, files):
    put(tmp_path, files, {"bob/leaky.ipynb": "right", "eve/own.txt": "text"})
    (tmp_path / "eve" / "leaky.ipynb").symlink_to("../bob/leaky.ipynb")
    (tmp_path / "eve" / "all").symlink_to(tmp_path / "bob")
    (tmp_path / "mallory.ipynb").symlink_to(tmp_path / "bob" / "leaky.ipynb")
    (tmp_path / "trudy").symlink_to(tmp_path / "bob")
    found = {one.learner: one for one in collect(tmp_path, assignment)}
    assert found["bob"].read() == files["right"]
    assert found["eve"].path == tmp_path / "eve" / "own.txt"
    told = {"leaky.ipynb: a link, which is not followed", "all: a link, which is not followed"}
    assert told <= set(found["eve"].notes)
    assert found["mallory"].path is found["trudy"].path is None


def test_a_link_that_comes_after_the_look_is_not_followed(tmp_path, assignment, files):
    put(tmp_path, files, {"bob.ipynb": "right", "eve.ipynb": "wrong"})
    eve = collect(tmp_path, assignment)[1]
    eve.path.unlink()
    eve.path.symlink_to("bob.ipynb")
    with pytest.raises(Unreadable, match="cannot be read"):
        eve.read()


def test_a_file_that_is_too_large_is_not_read(tmp_path, assignment, files):
    (tmp_path / "eve.ipynb").write_bytes(bytes((1 << 20) + 1))
    (eve,) = collect(tmp_path, assignment)
    assert len(eve.read()) == (1 << 20) + 1
    with pytest.raises(Unreadable, match="larger than 1 MiB"):
        eve.read(1 << 20)
    put(tmp_path, files, {"eve/leaky.ipynb": "right"})
    assert counted(tmp_path, assignment) == {"eve": "eve/leaky.ipynb"}
    assert "larger than 0.5 MiB" in collect(tmp_path, assignment, 1 << 19)[0].notes[-1]


def test_of_very_many_files_some_are_looked_at(tmp_path, assignment, files, monkeypatch):
    monkeypatch.setattr(collecting, "_MOST", 3)
    put(tmp_path, files, {f"eve/{number}.ipynb": "right" for number in range(5)})
    (one,) = collect(tmp_path, assignment)
    assert "5 files: only the first 3 were looked at" in one.notes
    assert one.path.name == "2.ipynb"
    # Data do not stand before a notebook.
    data = {f"zoe/{number}.{kind}": "wrong" for number in range(5) for kind in ("png", "txt")}
    put(tmp_path, files, {**data, "zoe/leaky.ipynb": "right"})
    assert collect(tmp_path, assignment)[-1].path.name == "leaky.ipynb"


@pytest.mark.parametrize(
    "name", ["=cmd()", "a\nb", "\"q\" 'r'", "Zoë 木", "..", "...", "-rf", "<b>", os.fsdecode(b"\xe9"), "a;b,c", " "]
)
def test_any_name_is_a_learners(tmp_path, assignment, files, name):
    put(tmp_path, files, {f"{name}.ipynb": "right"})
    (one,) = collect(tmp_path, assignment)
    assert one.learner == name
    assert one.read() == files["right"]


@pytest.mark.parametrize(
    "mark",
    ["# In[1]:", "# In[ ]:", "# %%", "# %% [markdown]"],
)
def test_a_script_becomes_a_notebook_again(tmp_path, assignment, mark):
    text = f"# coding: utf-8\n{mark}\nimport numpy\n\n{mark}\n\n\nx = 1\nif x:\n    y = 2\n"
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    (one,) = collect(tmp_path, assignment)
    cells = [cell["source"] for cell in json.loads(one.read())["cells"]]
    assert cells == ["# coding: utf-8", "import numpy", "x = 1\nif x:\n    y = 2"]
    assert one.notes == ("a.py was read as a notebook",)


def test_a_folder_that_is_none_is_refused(tmp_path, assignment):
    with pytest.raises(ValueError, match="no folder"):
        collect(tmp_path / "nowhere", assignment)
    with pytest.raises(ValueError, match="is empty"):
        collect(tmp_path, assignment)


def test_the_order_is_that_of_the_names(tmp_path, assignment, files):
    put(tmp_path, files, {"c.ipynb": "right", "a/x.ipynb": "right", "B.ipynb": "right"})
    assert list(counted(tmp_path, assignment)) == ["B", "a", "c"]
    assert all(isinstance(one.path, Path) for one in collect(tmp_path, assignment))
