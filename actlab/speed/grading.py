"""The command ``python -m actlab.speed.grading``: how long a class takes, here and in nbgrader.

A class of 200 hands in one assignment, some right, some partly, some wrong, some untouched; no two files are alike. Our
runner grades it with two processes, each submission in a process of its own. nbgrader's ``autograde`` grades the same
files, or the first of them, in the same run; both make what they need before and write what they find. nbgrader is the
optional extra ``actlab[grader]``; without it ours alone is timed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from actlab.commands import whole
from actlab.grading.notebooks import STUB, Assignment, bound, solution
from actlab.grading.release import release
from actlab.grading.running import grade

# A quarter of the class each; who is "partial" has every second answer.
_KINDS = ("right", "partial", "wrong", "untouched")

# What makes its marks comparable: a release that runs, and no points lost by a warning.
_SETTINGS = f"""
c = get_config()
c.ClearSolutions.code_stub = {{"python": {STUB!r}}}
c.IgnorePattern.enabled = True
c.IgnorePattern.pattern = "."
"""


def hand_in(source: Path, folder: Path, learners: int) -> None:
    """Write the submissions of a class as nbgrader wants them, in ``folder/learner/assignment/assignment.ipynb``."""
    assignment = Assignment.read(source)
    answers = {question.id: solution(question.answer.text) for question in assignment.questions}
    for number in range(learners):
        notebook = json.loads(release(source))
        kind = _KINDS[number % len(_KINDS)]
        for at, id in enumerate(answers):
            for cell in notebook["cells"]:
                if cell["metadata"].get("nbgrader", {}).get("grade_id") == id:
                    if kind == "right" or (kind == "partial" and at % 2):
                        cell["source"] = f"# learner {number}\n{answers[id]}"
                    elif kind == "wrong":
                        # Of the right names, and nothing else right.
                        cell["source"] = f"# learner {number}\n{answers[id]}\n{_spoilt(answers[id])}"
        notebook["metadata"]["learner"] = number
        path = folder / f"learner-{number:03}" / assignment.name / f"{assignment.name}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(notebook), "utf-8")


def _spoilt(text: str) -> str:
    """Return lines that bind the names of an answer to nothing of use."""
    return "\n".join(
        f"{name} = (lambda *a, **k: None) if callable({name}) else 'nothing'" for name in sorted(bound(text))
    )


def ours(source: Path, submitted: Path, out: Path, workers: int) -> tuple[float, dict[str, float]]:
    """Return the seconds that our runner takes, and the points of each learner."""
    start = time.perf_counter()
    found = grade(source, submitted, out, workers=workers)
    return time.perf_counter() - start, {row.learner: row.total for row in found.rows}


def nbgraders(source: Path, submitted: Path, folder: Path, learners: Sequence[str]) -> tuple[float, dict[str, float]]:
    """Return the seconds that nbgrader takes for these learners, and their points."""
    name = source.stem
    (folder / "source" / name).mkdir(parents=True)
    shutil.copy(source, folder / "source" / name)
    (folder / "nbgrader_config.py").write_text(_SETTINGS)
    for learner in learners:
        shutil.copytree(submitted / learner, folder / "submitted" / learner)
    # It calls alembic from the PATH.
    environment = os.environ | {"PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}

    def run(*arguments: str) -> None:
        command = [sys.executable, "-m", "nbgrader", *arguments]
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)

    run("generate_assignment", name)
    start = time.perf_counter()
    run("autograde", name)
    seconds = time.perf_counter() - start
    run("export", "--to", "grades.csv")
    with (folder / "grades.csv").open(newline="", encoding="utf-8") as file:
        return seconds, {line["student_id"]: float(line["score"]) for line in csv.DictReader(file)}


def main(argv: Sequence[str] | None = None) -> None:
    """Time both and print what they took."""
    parser = argparse.ArgumentParser(prog="python -m actlab.speed.grading", description=__doc__.split("\n\n")[0])
    parser.add_argument("source", type=Path, help="the notebook with solutions and hidden tests")
    parser.add_argument("--learners", type=whole(1), default=200, help="how many hand in; 200 unless said otherwise")
    parser.add_argument("--sample", type=whole(1), help="how many of them nbgrader grades; all unless said otherwise")
    parser.add_argument("--workers", type=whole(1), default=2, help="our processes; 2 unless said otherwise")
    arguments = parser.parse_args(argv)
    sample = min(arguments.sample or arguments.learners, arguments.learners)
    with tempfile.TemporaryDirectory(prefix="actlab-class-") as folder:
        place = Path(folder)
        hand_in(arguments.source, place / "submitted", arguments.learners)
        seconds, points = ours(arguments.source, place / "submitted", place / "out", arguments.workers)
        each = seconds / len(points)
        print(f"actlab, {arguments.workers} processes: {len(points)} submissions in {seconds:.1f} s, {each:.2f} s each")
        try:
            import nbgrader  # noqa: F401
        except ImportError:
            print('nbgrader is not installed: pip install "actlab[grader]"')
            return
        theirs, same = nbgraders(arguments.source, place / "submitted", place / "nbgrader", sorted(points)[:sample])
        said = "all of them" if sample == arguments.learners else f"a sample of {sample} of them"
        print(f"nbgrader autograde: {said} in {theirs:.1f} s, {theirs / sample:.2f} s each")
        print(f"ratio of the times for one submission: {theirs / sample / each:.1f}")
        unlike = {learner: (points[learner], got) for learner, got in same.items() if points[learner] != got}
        print(f"points that differ: {unlike or 'none'}")


if __name__ == "__main__":
    main()
