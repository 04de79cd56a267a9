"""Graded exercises: checks that a student runs, and the tools with which an instructor grades a class.

A notebook of exercises needs two names, ``check`` and ``score``. The commands are in ``python -m actlab.grading``.
"""

from actlab.grading.checking import Sheet

# One notebook is one process: all its checks write on this sheet.
_sheet = Sheet()
check = _sheet.check
score = _sheet.score

__all__ = ["Sheet", "check", "score"]
