"""The bench: a folder with every case, ordinary learners between them, one class run, and what is left behind."""

import ctypes
import os
import time
from pathlib import Path

from actlab.grading.limits import Limits
from actlab.grading.release import release
from actlab.grading.running import grade
from tests.grading import exercise
from tests.grading.cases import CASES, Place, answered, as_bytes

LIMITS = Limits(cell=6.0, call=2.0, test=4.0, total=40.0, memory=6 << 30)
ORDINARY = ("aaa", "mmm", "zzz")  # right answers, before, between and behind the others


class Bench:
    """A class in a folder."""

    def __init__(self, folder: Path, cases=None):
        self.folder = folder
        self.cases = CASES if cases is None else cases
        # Processes that lose their parents become ours, wherever they have gone.
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)
        self.source = exercise.write(folder / "source" / "leaky.ipynb")
        mark = f"30{os.getpid()}.{time.monotonic_ns() % 10**6}"
        self.place = Place(
            release(self.source), str(self.source), str(folder / "submissions"), str(folder / "out"), mark
        )
        for name, case in self.cases.items():
            for file, content in case.files(self.place).items():
                path = folder / "submissions" / name / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        (folder / "submissions").mkdir(exist_ok=True)
        for name in ORDINARY:
            (folder / "submissions" / f"{name}.ipynb").write_bytes(as_bytes(answered(self.place)))
        if cases is None:
            linked = folder / "submissions" / "linked"
            linked.mkdir()
            (linked / "leaky.ipynb").symlink_to("../aaa.ipynb")

    def run(self, out="out", **told):
        """Grade the class, and say which processes are left behind."""
        before = children()
        told = {"limits": LIMITS, "workers": 2, "progress": False} | told
        run = grade(self.source, self.folder / "submissions", self.folder / out, **told)
        deadline = time.monotonic() + 10.0  # what has been killed may still be about to end
        while (left := self.left(before)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return run, left

    def left(self, before):
        return {number: what for number, what in processes() if number not in before and self.is_left(number, what)}

    def is_left(self, number, what):
        own = "resource_tracker" in what  # of the pool, for as long as this process lives
        return self.place.mark in what or (number in children() and not own)


def processes():
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield int(entry.name), (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                pass


def children():
    """All that has come from this process and has not ended."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found, new = set(), {os.getpid()}
    while new:
        found |= new
        new = {child for child, parent in parents.items() if parent in new} - found
    return found - {os.getpid()}
