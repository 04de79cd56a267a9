"""The assignments of the book and their banks, for the tests."""

import re
from pathlib import Path

from actlab.grading import banks, mutations
from actlab.grading.notebooks import Assignment

ROOT = Path(__file__).parent.parent
EXERCISES = ROOT / "book" / "exercises"
SOURCES = sorted(EXERCISES.glob("source/*/*.ipynb"))


def name_of(source: Path) -> str:
    """Return the name of an assignment."""
    return source.stem


def release_of(source: Path) -> Path:
    """Return where the release of a source lies."""
    return EXERCISES / source.name


def bank_of(source: Path) -> banks.Bank:
    """Return the bank of a source."""
    return banks.read(source.with_suffix(".toml"), Assignment.read(source))


def sentence() -> str:
    """Return what README.md says of the tests of all assignments; that nothing survives is tested."""
    questions = by_hand = mutated = equivalent = 0
    for source in SOURCES:
        bank = bank_of(source)
        for question in Assignment.read(source).questions:
            marked = {entry.code.strip() for entry in bank.of(question.id, "equivalent")}
            lines = [mutant.line for mutant in mutations.mutants(question.answer.text)]
            questions += 1
            by_hand += len(bank.of(question.id, "wrong"))
            mutated += len(lines)
            equivalent += sum(line in marked for line in lines)
    wrong = by_hand + mutated - equivalent
    return (
        f"{len(SOURCES)} assignments with {questions} questions are tested with {wrong:,} wrong answers, "
        f"{by_hand:,} written by hand and {mutated - equivalent:,} by one-place mutations of the solutions. "
        f"All are rejected: a mutation score of 100 %. {equivalent} further mutations compute the same as the "
        "solution; each is marked with the reason."
    )


def in_readme() -> str:
    """Return what stands between the two marks in README.md."""
    text = (ROOT / "README.md").read_text("utf-8")
    (found,) = re.findall(r"<!-- mutation score -->\n(.*)\n<!-- end of mutation score -->", text)
    return found
