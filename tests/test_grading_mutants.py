"""Wrong answers that tests let pass, right ones that they deny, and banks that break the rules are found."""

import pytest

from actlab.grading import banks, mutants, mutations
from actlab.grading.__main__ import main
from actlab.grading.notebooks import Assignment
from tests import grading_sources as sources


def lines(body: str, header: str = "def f(x, y=2):") -> list[str]:
    """The changed lines of all mutants of a function with this body."""
    body = "\n".join(f"    {line}" for line in body.split("\n"))
    text = f"{header}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"
    return [mutant.line for mutant in mutations.mutants(text)]


# --- What is changed --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return x + y", ["return x - y", "return x", "return y"]),
        ("return x / y", ["return x * y"]),
        ("return x ** 2", ["return x * 2", "return x ** 3", "return x ** 1", "return x ** -2"]),
        ("return x < y", ["return x <= y", "return x > y"]),
        ("return x == y", ["return x != y"]),
        ("return x and y", ["return x or y"]),
        ("return x | y", ["return x & y"]),
        ("return not x", ["return x"]),
        ("return -x", ["return x"]),
        ("return x * 0.5", ["return x * 1.5", "return x * -0.5"]),
        ("return x[1:]", ["return x[0:]", "return x[2:]"]),
        ("return x.sum(axis=-1)", ["return x.sum(axis=0)", "return x.sum()", "return x.mean(axis=-1)"]),
        ("return x.sum(axis=0)", ["return x.sum(axis=1)"]),
        ("return np.max(x, keepdims=True)", ["return np.max(x, keepdims=False)", "return np.min(x, keepdims=True)"]),
        ("return np.expm1(x)", ["return np.exp(x)", "return np.exp(x) - 1"]),
        ("return math.log1p(-x)", ["return math.log(1 + -x)", "return math.log(-x)", "return math.log1p(x)"]),
        ("return np.logaddexp(x, y)", ["return np.log(np.exp(x) + np.exp(y))"]),
        ("return g(x, y)", ["return g(y, x)"]),
        ("return np.where(x > 0, x, y)", ["return np.where(x > 0, y, x)"]),
        ("return abs(x)", ["return x"]),
        ("x = g(x)\nreturn x", ["pass  # x = g(x)", "return y"]),
        ("x += 1\nreturn x", ["x -= 1", "pass  # x += 1", "x += 2", "x += 0"]),
        ("if g(x):\n    return y\nreturn x", ["if not g(x):", "pass  # if g(x):", "pass  # return y"]),
        ("for x in y:\n    break\nreturn x", ["continue"]),
        ("return g(x, n=500)", ["return g(x, n=250)", "return g(x)"]),
        ("return 1 if g(x) else 0", ["return 1 if not g(x) else 0", "return 2 if g(x) else 0"]),
    ],
)
def test_each_kind_of_slip_is_made(body, expected):
    assert set(expected) <= set(lines(body))


@pytest.mark.parametrize(
    ("body", "unwanted"),
    [
        ("return max(x, y)", "return max(y, x)"),
        ("return g(x, seed=1)", "return g(x, seed=2)"),
        ("return g(x, seed=1)", "return g(x)"),
        ("return g(x, n=500)", "return g(x, n=501)"),
        ("return np.random.default_rng(3).normal(x)", "return np.random.default_rng(4).normal(x)"),
        ("return zip(x, y, strict=True)", "return zip(x, y)"),
        ("with np.errstate(all='ignore'):\n    return -x", "with np.errstate():"),
        ("return x.sum(axis=-1)", "return x.sum(axis=1)"),
        ('"""Doc."""\nreturn x', "pass  # 'Doc.'"),
        ("return x", "return x"),
    ],
)
def test_what_is_no_slip_is_left_alone(body, unwanted):
    found = lines(body)
    assert unwanted not in found
    assert found


def test_only_the_solution_is_changed():
    text = "def f(x, n=3):\n    top = x + 1\n    ### BEGIN SOLUTION\n    return top * 5\n    ### END SOLUTION"
    found = mutations.mutants(text)
    assert found
    assert all("n=3" in mutant.text and "top = x + 1" in mutant.text for mutant in found)
    assert len({mutant.text for mutant in found}) == len(found)


# --- What passes ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    source = sources.write(tmp_path_factory.mktemp("sound"))
    return source, mutants.measure(source)


def test_tests_that_reject_every_wrong_answer_are_sound(sound):
    _, report = sound
    (tested,) = report.questions
    assert report.is_sound, f"{tested} {report.faults}"
    assert (tested.wrong, tested.equivalent) == (4, 1)
    assert tested.rejected == tested.wrong + tested.mutants - 1 == report.tried > 10
    assert report.score == 1
    assert "100.0 %" in str(report)


def test_the_count_does_not_depend_on_the_number_of_workers(sound):
    source, report = sound
    assert mutants.measure(source, workers=3) == report


def measured(tmp_path, cells=None, bank=sources.BANK, **how):
    report = mutants.measure(sources.write(tmp_path, cells, bank), **how)
    (tested,) = report.questions
    return report, tested


def test_a_weak_test_lets_a_wrong_answer_and_a_mutant_survive(tmp_path):
    cells = sources.leaky_cells(values=sources.VALUES.replace("-2.0, gives=-0.02", "2.0, gives=2.0"))
    cells = [cell for cell in cells if cell["id"] != "leaky_hidden"]
    bank = sources.BANK.replace("0.01 * x)", "0.1 * x)")
    report, tested = measured(tmp_path, cells, bank)
    assert "wrong answer 'Ignores alpha.'" in tested.survivors
    assert "wrong answer 'Right for alpha up to 1 only.'" in tested.survivors
    assert not report.is_sound
    assert report.score < 1
    assert tested.rejected + tested.equivalent + len(tested.survivors) == tested.wrong + tested.mutants


def test_a_mutant_that_survives_is_named_by_its_line(tmp_path):
    cells = [cell for cell in sources.leaky_cells() if cell["id"] != "leaky_values"]
    cells[-2]["source"] = sources.HIDDEN.replace("3.0 * x", "1.0 * x").replace("3.0, gives", "1.0, gives")
    _, tested = measured(tmp_path, cells)
    assert "return x" in tested.survivors


def test_a_right_answer_that_is_denied_is_told(tmp_path):
    only_arrays = sources.VALUES + "\n    expect.true(type(leaky(1.0)) is np.float64, 'not what I typed')"
    report, tested = measured(tmp_path, sources.leaky_cells(values=only_arrays))
    assert any("'Plain Python.'" in fault and "not what I typed" in fault for fault in tested.faults)
    assert not report.is_sound


def test_an_answer_that_is_right_for_one_secret_only_is_told(tmp_path):
    lucky = "expect.true(x[0] == np.random.default_rng([0, *b'leaky_hidden']).normal(), 'unlucky')"
    picky = sources.HIDDEN.replace("    expect.earned()", f"    {lucky}\n    expect.earned()")
    _, tested = measured(tmp_path, sources.leaky_cells(hidden=picky))
    assert any("the solution" in fault and "unlucky" in fault for fault in tested.faults)


def test_a_stub_that_earns_points_is_told(tmp_path):
    free = 'with check("leaky_values", points=6, hint="") as expect:\n    pass'
    _, tested = measured(tmp_path, sources.leaky_cells(values=free))
    assert any("the untouched release earns" in fault for fault in tested.faults)


def test_a_test_that_raises_outside_of_its_check_is_told(tmp_path):
    _, tested = measured(tmp_path, sources.leaky_cells(values="leaky(1.0) + 1\n" + sources.VALUES))
    assert any("untouched release" in fault and "leaky_values" in fault for fault in tested.faults)


@pytest.mark.parametrize(
    "body",
    ["while True: pass", "import os; os._exit(0)", "import sys; sys.exit(0)", "import os; os.kill(os.getpid(), 9)"],
    ids=["loop", "exit", "sys-exit", "kill"],
)
def test_an_answer_that_does_not_come_back_is_rejected(tmp_path, body):
    bank = sources.BANK.replace("return np.maximum(x, 0)\n", f"{body}\n")
    report, tested = measured(tmp_path, bank=bank, workers=2)
    assert report.is_sound
    assert tested.rejected == report.tried


def test_what_answers_print_and_warn_is_swallowed(tmp_path, capfd):
    loud = sources.LEAKY.replace("    return", "    print('loud'); import warnings; warnings.warn('loud')\n    return")
    measured(tmp_path, sources.leaky_cells(solution=loud))
    assert "loud" not in "".join(capfd.readouterr())


def test_a_mark_without_a_surviving_mutant_is_stale(tmp_path):
    stale = sources.BANK.replace("slope = np.where(x > 0, 1.0, alpha)", "slope = np.where(x > 0, 1.0, alfa)")
    _, tested = measured(tmp_path / "unknown", bank=stale)
    assert any("no such mutant" in fault and "x > 0, 1.0, alpha" in fault for fault in tested.faults)
    stale = sources.BANK.replace("slope = np.where(x > 0, 1.0, alpha)", "slope = np.where(x <= 0, 1.0, alpha)")
    _, tested = measured(tmp_path / "rejected", bank=stale)
    assert any("it is rejected" in fault for fault in tested.faults)


def test_a_quick_run_tries_a_few_answers_of_a_slow_question(tmp_path):
    report, tested = measured(tmp_path, bank='slow = ["leaky"]\n' + sources.BANK, quick=True)
    assert report.is_sound
    assert tested.wrong == 2
    assert 2 <= tested.mutants < 6


def test_every_entry_of_a_quick_run_counts_where_the_question_is_not_slow(sound):
    source, report = sound
    assert mutants.measure(source, quick=True) == report


# --- The rules of a bank ----------------------------------------------------------------------------------------------


def faults_of(tmp_path, bank: str) -> str:
    source = sources.write(tmp_path, bank=bank)
    return "\n".join(banks.read(source.with_suffix(".toml"), Assignment.read(source)).faults)


def test_a_good_bank_has_no_faults(tmp_path):
    assert faults_of(tmp_path, sources.BANK) == ""


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('[[leaky.wrong]]\nwhy = "ReLU."', '[[leeky.wrong]]\nwhy = "ReLU."', "leeky: no question has this id"),
        ('[[leaky.wrong]]\nwhy = "ReLU."', '[[leaky.wong]]\nwhy = "ReLU."', "leaky.wong: unknown"),
        ('[[leaky.wrong]]\nwhy = "ReLU."', '[[leaky.right]]\nwhy = "ReLU."', "3 wrong answers; expected at least 4"),
        ('[[leaky.right]]\nwhy = "Both', '[[leaky.wrong]]\nwhy = "Both', "1 right answers; expected at least 2"),
        ('why = "ReLU."', 'why = " "', "leaky.wrong 4: why must be a text"),
        ('why = "At 0 both slopes give 0."', 'why = ""', "leaky.equivalent 1: why must be a text"),
        ('why = "ReLU."', 'because = "ReLU."', "leaky.wrong 4: expected the fields code and why"),
        ("np.maximum(x, 0)\n", "np.maximum(x, 0\n", "leaky.wrong 4: not Python"),
        ("np.where(x < 0, x, alpha * x)", "np.where(x>0, x,0.01*x)  # ", "leaky.wrong 3: the same as leaky.wrong 1"),
        (
            "return np.maximum(x, 0)\n",
            "slope = np.where(x >= 0, 1.0, alpha)\n    return slope * x\n",
            "leaky.wrong 4: the same as the solution",
        ),
        ("[[leaky.wrong]]", 'slow = ["lucky"]\n[[leaky.wrong]]', "lucky: no question"),
    ],
)  # fmt: skip
def test_a_breach_of_the_rules_is_told(tmp_path, old, new, fault):
    assert old in sources.BANK
    assert fault in faults_of(tmp_path, sources.BANK.replace(old, new, 1))


def test_two_marks_of_one_line_are_told(tmp_path):
    mark = sources.BANK[sources.BANK.index("[[leaky.equivalent]]") :]
    assert "leaky.equivalent: twice" in faults_of(tmp_path, sources.BANK + mark)


@pytest.mark.parametrize(("content", "said"), [(None, "expected the bank of answers of leaky"), ("[[", "not TOML")])
def test_a_bank_that_cannot_be_read_is_an_error(tmp_path, content, said):
    source = sources.write(tmp_path)
    bank = source.with_suffix(".toml")
    bank.unlink() if content is None else bank.write_text(content)
    with pytest.raises(ValueError, match=said):
        mutants.measure(source)


def test_a_cell_of_ours_that_raises_is_an_error(tmp_path):
    cells = sources.leaky_cells()
    cells[1]["source"] += "\n1 / 0"
    with pytest.raises(ValueError, match="cell setup: ZeroDivisionError"):
        mutants.measure(sources.write(tmp_path, cells))


# --- The command ------------------------------------------------------------------------------------------------------


def test_the_command_prints_survivors_and_the_score(tmp_path, capsys, sound):
    assert main(["mutants", str(sound[0])]) == 0
    assert "100.0 %" in capsys.readouterr().out
    unmarked = sources.BANK[: sources.BANK.index("[[leaky.equivalent]]")]
    assert main(["mutants", str(sources.write(tmp_path, bank=unmarked)), "--workers", "2"]) == 1
    out = capsys.readouterr().out
    assert "survives: slope = np.where(x > 0, 1.0, alpha)" in out
    assert "100.0 %" not in out


def test_what_cannot_be_done_is_refused(sound, capsys):
    assert main(["mutants", str(sound[0]), "--question", "lucky"]) == 2
    assert "no question lucky; the questions are leaky" in capsys.readouterr().err
    with pytest.raises(ValueError, match="workers must be a whole number of 1 or more; got 0"):
        mutants.measure(sound[0], workers=0)
