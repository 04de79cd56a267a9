"""The mutation run: its mutations can still be made, and it sees what they break."""

import pytest

from tests import mutations
from tests.mutations import HANG, MUTATIONS, ROOT, TESTS, Mutation, copied

NAMED = {mutation.name: mutation for mutation in MUTATIONS}

each_mutation = pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)


@each_mutation
def test_a_mutation_changes_one_place_of_the_package(mutation, tmp_path):
    source = (ROOT / "actlab" / mutation.file).read_text("utf-8")
    copy = tmp_path / mutation.file
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text(source, "utf-8")
    mutation.apply(tmp_path)
    mutated = copy.read_text("utf-8")
    compile(mutated, mutation.file, "exec")  # a mistake that Python finds by itself says nothing
    before, after = source.split(mutation.text)
    assert mutated == before + mutation.replacement + after != source


@pytest.mark.parametrize(("text", "times"), [("x", 2), ("z", 0)])
def test_a_text_that_does_not_stand_once_is_refused(text, times, tmp_path):
    (tmp_path / "some.py").write_text("x = 1 + x\n", "utf-8")
    with pytest.raises(ValueError, match=rf"m: the text must stand once in some\.py; it stands {times} times"):
        Mutation("m", "some.py", text, "y", "").apply(tmp_path)
    assert (tmp_path / "some.py").read_text("utf-8") == "x = 1 + x\n"


def test_the_mutations_are_twenty_at_least_and_differ():
    assert len(NAMED) == len(MUTATIONS) >= 20
    assert len({(mutation.file, mutation.text) for mutation in MUTATIONS}) == len(MUTATIONS)
    assert all((ROOT / "tests" / f"{name}.py").exists() for name in TESTS)


def test_mutations_are_caught_by_a_claim_and_by_a_test_and_nothing_is_caught_without_them(tmp_path):
    claims, tests = ("linear-stack-collapse", "relu-death-gradient-wording"), ("test_losses",)
    package = copied(tmp_path)
    assert mutations.caught_by_the_ledger(tmp_path, 600, claims) is None
    assert mutations.caught_by_the_tests(tmp_path, 600, tests) is None
    for name in ("relu-at-0", "mse-gradient"):
        NAMED[name].apply(package)
        assert NAMED[name].text in (ROOT / "actlab" / NAMED[name].file).read_text("utf-8"), "only the copy is changed"
    assert mutations.caught_by_the_ledger(tmp_path, 600, claims) == "relu-death-gradient-wording"
    assert mutations.caught_by_the_tests(tmp_path, 600, tests).startswith("test_losses.py::test_")


def test_the_copy_comes_first_wherever_a_process_is_started(tmp_path):
    (tmp_path / "actlab.py").write_text("print('the copy')\n", "utf-8")
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', 'import actlab'], cwd={str(ROOT.parent)!r})"
    assert mutations._run(tmp_path, 60, "-c", start) == (0, "the copy\n")


def test_what_does_not_end_is_caught(tmp_path):
    (tmp_path / "actlab").mkdir()
    (tmp_path / "actlab" / "claims.py").write_text("while True: pass\n", "utf-8")
    assert mutations.caught_by_the_ledger(tmp_path, 0.5) == HANG.format(limit=0.5) == "did not end in 0.5 s"


def test_what_cannot_be_imported_is_caught(tmp_path):
    (tmp_path / "actlab").mkdir()
    (tmp_path / "actlab" / "claims.py").write_text("raise ValueError('no such thing')\n", "utf-8")
    assert mutations.caught_by_the_ledger(tmp_path, 60) == "ValueError: no such thing"


def test_what_is_ended_from_outside_catches_nothing(tmp_path):
    (tmp_path / "actlab").mkdir()
    (tmp_path / "actlab" / "claims.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGTERM)\n", "utf-8")
    with pytest.raises(RuntimeError, match="the ledger ended with "):
        mutations.caught_by_the_ledger(tmp_path, 60)


def test_tests_that_are_not_there_catch_nothing(tmp_path):
    with pytest.raises(RuntimeError, match="pytest ended with 4"):
        mutations.caught_by_the_tests(tmp_path, 60, ["test_no_such_thing"])


def test_a_package_that_fails_unchanged_is_refused(capsys, monkeypatch):
    monkeypatch.setattr(mutations, "examine", lambda mutation, limit: ("some-claim", None))
    with pytest.raises(SystemExit):
        mutations.main([])
    assert "the unchanged package fails already: some-claim" in capsys.readouterr().err


def test_the_command_counts_what_is_caught_and_fails_below_nineteen_of_twenty(capsys, monkeypatch):
    missed = set()

    def examine(mutation, limit):
        if mutation is None or mutation.name in missed:
            return None, None
        return (None, "test_x.py::test_y") if mutation is MUTATIONS[-1] else ("a-claim", "test_x.py::test_y")

    monkeypatch.setattr(mutations, "examine", examine)
    n = len(MUTATIONS)
    assert mutations.main(["--workers", "1"]) == 0
    output = capsys.readouterr().out
    assert output.endswith(f"{n} of {n} are caught: {n - 1} by the ledger, {n} by the tests\n")
    assert "MISSED" not in output
    for count, code in ((n // 20, 0), (n // 20 + 1, 1)):
        missed |= {mutation.name for mutation in MUTATIONS[:count]}
        assert mutations.main([]) == code
        output = capsys.readouterr().out
        assert f"MISSED  {MUTATIONS[0].name}: {MUTATIONS[0].breaks}\n" in output
        assert f"{n - count} of {n} are caught" in output
    # Of a choice, too.
    assert mutations.main([MUTATIONS[0].name]) == 1
    assert mutations.main([MUTATIONS[-1].name]) == 0
    with pytest.raises(SystemExit):
        mutations.main(["no-such-mutation"])
    assert "there is no mutation no-such-mutation" in capsys.readouterr().err
