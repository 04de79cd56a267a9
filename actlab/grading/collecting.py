"""From a folder of submitted files to one file for each learner, with a remark wherever there was a choice.

A learner is a file (``alice.ipynb``) or a folder (``alice/anything.ipynb``). Nothing is left out: whoever has a file or
a folder there gets an entry, with or without something to grade. Links are not followed, because one could lead to
another learner's answers or to the source.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from actlab.grading.limits import Limits
from actlab.grading.notebooks import Assignment, Unreadable, released

#: Bytes of the largest file that is read, unless said otherwise.
LARGEST = Limits().submission

# What programs and systems leave in folders of their own accord.
_LITTER = re.compile(r"\.ipynb_checkpoints|__pycache__|__MACOSX|\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|\.git.*")
_NOTEBOOKS = (".ipynb", ".json", ".txt")  # mail programs rename
_READ = (*_NOTEBOOKS, ".py")
_VERSION = re.compile(
    r"(?P<base>.+?)(?:[ _]*\((?P<a>\d{1,9})\)|-Copy(?P<b>\d{1,9})|[ _-]v(?P<c>\d{1,9}))", re.IGNORECASE
)

# How many notebooks and texts of one learner are looked at, and how many links are named.
_MOST = 200


@dataclass(frozen=True)
class Submitted:
    """What one learner has handed in.

    Attributes
    ----------
    learner
        The name of the file without its suffix, or of the folder; it may hold any character.
    path
        The file that counts; None if there is none.
    notes
        What was chosen and what is missing; empty where there was nothing to choose.
    """

    learner: str
    path: Path | None
    notes: tuple[str, ...] = ()

    def read(self, largest: int = LARGEST) -> bytes:
        """Return the notebook; a script that was exported from one is turned back into it.

        Raises
        ------
        Unreadable
            If the file cannot be read, has more bytes than ``largest``, or there is none.
        """
        if self.path is None:
            raise Unreadable("nothing to grade was handed in")
        return _read(self.path, largest)


def collect(folder: str | Path, assignment: Assignment, largest: int = LARGEST) -> tuple[Submitted, ...]:
    """Return what each learner has handed in for an assignment, by name.

    Of several notebooks those count that fit the assignment best, then those in which something was written, then the
    one with the highest number in its name (``leaky (1).ipynb``), then the one that was changed last. In a folder of
    files ``alice (1).ipynb`` beside ``alice.ipynb`` is taken for a second version of hers; files that are called as the
    assignment is are taken for different learners'.

    Raises
    ------
    ValueError
        If there is no such folder, or it is empty.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; expected one with a file or a folder for each learner")
    found: dict[str, list[Path]] = {}
    files = set()
    for entry in sorted(folder.iterdir()):
        if _LITTER.fullmatch(entry.name):
            continue
        if entry.is_dir() and not entry.is_symlink():
            found.setdefault(entry.name, []).extend(_inside(entry))
        else:
            found.setdefault(_learner(entry), []).append(entry)
            files.add(_learner(entry))
    if not found:
        raise ValueError(f"{folder} is empty; expected a file or a folder for each learner")
    for name in sorted(files):
        version = _VERSION.fullmatch(name)
        if version and (base := version["base"]) in files and base != assignment.name:
            found[base] += found.pop(name)
    return tuple(_choose(learner, found[learner], folder, assignment, largest) for learner in sorted(found))


def _learner(file: Path) -> str:
    """Return whose a file is: its name without suffixes, ``alice`` for ``alice.ipynb.txt``."""
    name = file.name
    while (rest := Path(name).stem) != name:
        name, suffix = rest, Path(name).suffix
        if suffix.lower() not in _READ or Path(name).suffix.lower() not in _READ:
            break
    return name


def _inside(folder: Path) -> Iterator[Path]:
    """Yield the files of a learner's folder that are not hidden, at any depth."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not _LITTER.fullmatch(name))
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        for name in sorted([*names, *links]):
            if not name.startswith(".") and not _LITTER.fullmatch(name):
                yield Path(here) / name


@dataclass(frozen=True)
class _Version:
    """A readable file of a learner, and what decides whether it counts."""

    path: Path
    answers: int
    is_touched: bool

    @property
    def order(self) -> tuple:
        number = _VERSION.fullmatch(_learner(self.path))
        number = int(number["a"] or number["b"] or number["c"]) if number else 0
        return number, os.lstat(self.path).st_mtime_ns, os.fsencode(self.path)


def _choose(learner: str, paths: Iterable[Path], folder: Path, assignment: Assignment, largest: int) -> Submitted:
    paths, notes = list(paths), []

    def named(path: Path) -> str:
        return str(path.relative_to(folder)).removeprefix(f"{learner}/")

    files = [path for path in paths if not path.is_symlink()]
    links = [path for path in paths if path.is_symlink()]
    notes += [f"{named(path)}: a link, which is not followed" for path in links[:_MOST]]
    candidates = [path for path in files if path.suffix.lower() in _READ]
    # Notebooks first: data in a thousand texts should not stand before one.
    candidates.sort(key=lambda path: _READ.index(path.suffix.lower()))
    if len(candidates) > _MOST:
        notes.append(f"{len(candidates)} files: only the first {_MOST} were looked at")
        del candidates[_MOST:]
    if not candidates:
        if files:
            notes.append(f"no notebook among {len(files)} files, the first is {named(files[0])}")
        return Submitted(learner, None, (*notes, *(() if paths else ("the folder holds no file",))))
    if len(candidates) == 1:
        # The grader says what is wrong with it, if something is.
        return Submitted(learner, candidates[0], (*notes, *_renamed(candidates[0], named)))
    versions, unfit = [], []
    for path in candidates:
        try:
            versions.append(_version(path, assignment, largest))
        except Unreadable as error:
            unfit.append((path, f"{named(path)} does not count: {error}"))
    if not versions:
        # Of several that cannot be graded one is shown to the grader, as if it were alone: a notebook if there is one.
        first = min((path for path, _ in unfit), key=lambda path: _READ.index(path.suffix.lower()))
        notes += [note for path, note in unfit if path != first]
        return Submitted(learner, first, tuple(notes))
    most = max(version.answers for version in versions)
    fitting = [version for version in versions if 2 * version.answers >= most]
    fitting = [version for version in fitting if version.is_touched] or fitting
    chosen = max(fitting, key=lambda version: version.order).path
    others = [version.path for version in versions if version.path != chosen]
    if others:
        notes.append(f"{named(chosen)} counts, not {', '.join(map(named, others))}")
    # Texts and scripts beside a notebook are no news, a notebook that cannot be read is.
    notes += [note for path, note in unfit if path.suffix.lower() == ".ipynb"]
    return Submitted(learner, chosen, (*notes, *_renamed(chosen, named)))


def _renamed(path: Path, named) -> tuple[str, ...]:
    return () if path.suffix.lower() == ".ipynb" else (f"{named(path)} was read as a notebook",)


def _version(path: Path, assignment: Assignment, largest: int) -> _Version:
    submission = assignment.fit(_read(path, largest))
    stubs = {question.id: released(question.answer.text).strip() for question in assignment.questions}
    answers = {cell.id: cell.text.strip() for cell in submission.cells if cell.role == "answer" and cell.text.strip()}
    extras = any(cell.role == "extra" and cell.text.strip() for cell in submission.cells)
    is_touched = extras or any(text != stubs.get(id) for id, text in answers.items())
    return _Version(path, len(answers), is_touched)


def _read(path: Path, largest: int) -> bytes:
    try:
        # Without O_NONBLOCK a pipe that somebody left there would be waited for.
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with open(number, "rb") as file:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise Unreadable("not a file, but a pipe or a device")
            data = file.read(largest + 1)
    except OSError as error:
        raise Unreadable(f"the file cannot be read: {error.strerror}") from None
    if len(data) > largest:
        raise Unreadable(f"the file is larger than {largest / 2**20:.3g} MiB")
    return _from_script(data) if path.suffix.lower() == ".py" else data


def _from_script(data: bytes) -> bytes:
    """Return a notebook with the cells of a script that Jupyter ("# In[1]:") or an editor ("# %%") has exported."""
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    cells = re.split(r"(?m)^# (?:In\[[ \d]*\]:|%%.*)$", text)
    code = [{"cell_type": "code", "metadata": {}, "source": cell.strip("\n")} for cell in cells if cell.strip()]
    return json.dumps({"cells": code, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()
