"""`check` and `score`: what a student's notebook and the grader run alike.

A check prints its points, the reason and a hint at once, and stops nothing, so that *Run all* works from the first
minute. Where nbgrader executes the notebook the reason is raised as well: nbgrader gives a cell its points unless it
raises.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from actlab.grading.expectations import Expect, Missed, told


@dataclass(frozen=True)
class Checked:
    """What one check found.

    Attributes
    ----------
    points, maximum
        Earned, and to be earned.
    undecided
        Whether all that can be checked here passes and the points depend on tests that are hidden.
    reason
        Why the points were not earned; empty otherwise.
    """

    name: str
    points: float
    maximum: float
    undecided: bool
    reason: str
    hint: str

    def __str__(self) -> str:
        if self.undecided:
            of = f"{self.maximum:g} {'point' if self.maximum == 1 else 'points'}"
            return f"{self.name}: nothing wrong so far\n  Tests that your instructor has decide about the {of}."
        if not self.reason:
            return f"{self.name}: right, {self.points:g} of {self.maximum:g} points"
        said = f"{self.name}: not yet, {self.points:g} of {self.maximum:g} points\n  {self.reason}"
        return f"{said}\n  Hint: {self.hint}" if self.hint else said


class Sheet:
    """The checks of one notebook, and what each found when it last ran.

    Parameters
    ----------
    secret
        A whole number of at least 0 on which the inputs depend that checks draw.
    tell
        Where sentences go; ``print`` by default.
    """

    def __init__(self, *, secret: int = 0, tell: Callable[[str], object] = print):
        self.secret = secret
        self.found: dict[str, Checked] = {}
        self._tell = tell

    def check(self, name: str, *, points: float, hint: str, hidden: bool = False) -> _Check:
        """Return a context in which an answer is tested; what it raises is told as a sentence and goes no further.

        Parameters
        ----------
        name
            The name of the check, which is its cell's ``grade_id``.
        points
            What it gives, all or nothing.
        hint
            What a student should think about; it does not give the answer away.
        hidden
            Whether some of its tests are removed from the release. Its points are then given by ``earned()``.
        """
        if not points > 0:
            raise ValueError(f"points must be above 0, not {points!r}")
        return _Check(self, name, points, hint, hidden)

    def score(self) -> None:
        """Tell the points of every check that has run, their sum, and how many points hidden tests decide about."""
        if not self.found:
            return self._tell("no check has run yet: run the notebook from the top")
        width = max(map(len, self.found)) + 2
        lines = [f"{'check':{width}}{'points':>6}{'of':>6}"]
        for c in self.found.values():
            points = "?" if c.undecided else f"{c.points:g}"
            lines.append(f"{c.name:{width}}{points:>6}{c.maximum:6g}{'  not yet' if c.reason else ''}")
        earned, of = sum(c.points for c in self.found.values()), sum(c.maximum for c in self.found.values())
        lines.append(f"{'all':{width}}{earned:6g}{of:6g}")
        if undecided := sum(c.maximum for c in self.found.values() if c.undecided):
            lines.append(f"? tests that your instructor has decide about {undecided:g} of these points")
        return self._tell("\n".join(lines))


class _Check:
    """One check while it runs."""

    def __init__(self, sheet: Sheet, name: str, points: float, hint: str, hidden: bool):
        self.sheet, self.name, self.points, self.hint, self.hidden = sheet, name, points, hint, hidden

    def __enter__(self) -> Expect:
        self.expect = Expect(self.name, self.sheet.secret)
        return self.expect

    def __exit__(self, kind, error, traceback) -> bool:
        if kind is not None and not issubclass(kind, Exception | SystemExit):
            return False  # an interruption by the keyboard stops the check, too
        passed = kind is None
        undecided = passed and self.hidden and not self.expect.is_earned
        reason = "" if passed else why(error)
        points = self.points if passed and not undecided else 0.0
        found = Checked(self.name, points, self.points, undecided, reason, self.hint)
        # Run anew after a correction, a check moves to its old place in the table.
        self.sheet.found[self.name] = found
        self.sheet._tell(str(found))
        return passed or "NBGRADER_EXECUTION" not in os.environ


def why(error: BaseException) -> str:
    """Return what stopped a test as one sentence."""
    if isinstance(error, Missed):
        return str(error)
    if isinstance(error, NameError) and error.name:
        return f"{error.name} is not defined: run the cell above first, and see that it ends without an error"
    if isinstance(error, AssertionError):
        return str(error) or "a test failed"
    return told(error)
