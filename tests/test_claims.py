"""The ledger of claims: each holds, fails for its counterexample, and prints its numbers."""

import csv
import dataclasses
import re
import string
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import actlab
from actlab import claims, references
from actlab.claims import CLAIMS, POSTS, STATEMENTS
from actlab.claims.__main__ import main
from actlab.claims.ledger import claim, measured

ROOT = Path(actlab.__file__).resolve().parents[1]
SOURCE = list(csv.DictReader((Path(__file__).parent / "source_claims.csv").read_text("utf-8").splitlines()))
SUBJECTS = {"activation", "linear", "depth", "gradient", "training", "neuron", "network", "framework", "code"}


def installed(it):
    return not it.needs or find_spec(it.needs) is not None


# What a claim needs is looked for and not imported: actlab.tf sets TensorFlow up before its first import.
each_claim = pytest.mark.parametrize(
    "it",
    [
        pytest.param(it, id=it.id, marks=pytest.mark.skipif(not installed(it), reason=f"{it.needs} is optional"))
        for it in CLAIMS.values()
    ],
)
each_entry = pytest.mark.parametrize("it", [*CLAIMS.values(), *STATEMENTS.values()], ids=lambda it: it.id)


@each_claim
def test_a_claim_holds(it):
    assert it.holds, it.sentence()


@each_claim
def test_a_claim_fails_for_its_counterexample(it):
    assert not it.measure(**it.unlike).holds


@each_claim
def test_a_sentence_prints_the_measured_numbers(it):
    # Of a result with an interval, a field may name a part, such as its value.
    fields = {name.split(".")[0] for _, name, _, _ in string.Formatter().parse(it.template) if name is not None}
    assert fields == set(it.found.values), "every measured number is printed"
    assert fields, "a measured number is printed"
    sentence = it.sentence()
    assert sentence[0].isupper() and sentence.endswith(".") and not set("{}") & set(sentence)
    assert len(sentence) <= 420
    assert it.how.endswith(".")


@each_entry
def test_an_entry_says_what_it_is_about_and_who_said_it(it):
    assert it.about and set(it.about) <= {*actlab.names(), *SUBJECTS}
    # Without a source it is what one hears, and nobody is named.
    assert all(source in POSTS or references.get(source) for source in it.sources)
    assert it.belief[0].isupper() and it.belief.endswith(".")
    if it.page:
        assert (ROOT / "book" / f"{it.page}.ipynb").exists()


def test_every_claim_of_the_posts_is_accounted_for():
    entries = {**CLAIMS, **STATEMENTS}
    assert len(SOURCE) == 200
    assert {row["id"] for row in SOURCE} - entries.keys() == set()
    computed = sum(row["id"] in CLAIMS for row in SOURCE)
    assert computed >= 150
    for row in SOURCE:
        entry = entries[row["id"]]
        assert {source for source in entry.sources if source in POSTS} == set(row["posts"].split()), row["id"]
        assert bool(entry.differs) == (entry.verdict != row["verdict"]), row["id"]


def test_every_file_of_the_ledger_is_read():
    folder = Path(claims.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert files == {name for name in vars(claims) if f"actlab.claims.{name}" in sys.modules}


def test_every_advice_of_the_guide_cites_claims():
    cited = [id for branch in claims.GUIDE for id in branch.claims]
    assert len(set(cited)) == len(cited) and set(cited) <= set(CLAIMS)
    assert all(branch.claims for branch in claims.GUIDE)
    *_, last = claims.guide()._repr_markdown_().split("\n\n**")
    assert last.startswith("The output is one class of several:** *softmax, with the cross-entropy")
    assert last.endswith(f"\n- {CLAIMS['take-the-loss-from-the-logits'].sentence()}")


def test_a_notebook_shows_what_is_said_and_what_is_measured():
    it = dataclasses.replace(
        CLAIMS["linear-stack-collapse"], belief="A * B.", template="[0, {within:.0f}] < a_b $", verdict="imprecise"
    )
    shown = "*What is said:* A \\* B.\n\n*What is measured* (**imprecise**): \\[0, 0\\] \\< a\\_b \\$"
    assert it._repr_markdown_() == shown
    assert repr(it) == "Claim(linear-stack-collapse, imprecise)"


def test_bad_declarations_are_refused():
    how = {"belief": "B.", "about": "relu", "sources": "000", "says": "{x}.", "page": ""}
    with pytest.raises(ValueError, match="unlike must give other values"):
        claim(verdict="true", unlike={"y": 1}, **how)(lambda x=1: measured(True, x=x))
    with pytest.raises(ValueError, match="the verdict must be one of true, false, imprecise, depends; got 'maybe'"):
        claim(verdict="maybe", unlike={"x": 2}, **how)(lambda x=1: measured(True, x=x))


def test_the_command_prints_the_claims_and_refuses_unknown_ids(capsys):
    assert main(["linear-stack-collapse"]) == 0
    assert "holds  true       linear-stack-collapse: Ten random layers" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["no-such-claim"])
    assert "there is no claim no-such-claim" in capsys.readouterr().err


def printed(capsys, *arguments):
    """Return the exit code of the command and the ids that it printed."""
    failed = main(list(arguments))
    return failed, re.findall(r"^(?:holds|FAILS)  \w+ +([\w-]+):", capsys.readouterr().out, re.M)


def test_the_command_chooses_by_subject_and_by_verdict(capsys, monkeypatch):
    cheap = {
        id: dataclasses.replace(it, template="Yes {n}.", measurement=lambda: measured(True, n=1))
        for id, it in CLAIMS.items()
    }
    monkeypatch.setattr("actlab.claims.__main__.CLAIMS", cheap)
    about = [id for id, it in CLAIMS.items() if "relu" in it.about]
    false = [id for id in about if CLAIMS[id].verdict == "false"]
    assert 0 < len(false) < len(about) < len(CLAIMS)
    assert printed(capsys, "--about", "relu") == (0, about)
    assert printed(capsys, "--about", "relu", "--verdict", "false") == (0, false)
    assert printed(capsys, "--fast") == (0, [id for id, it in CLAIMS.items() if not it.slow])
    assert printed(capsys, "--verdict", "false", *about) == (0, false)
    with pytest.raises(SystemExit):
        main(["--about", "reluu"])
    assert "no claim is about reluu; some are about activation, " in capsys.readouterr().err


def test_the_command_stops_at_the_first_failure_if_asked_to(capsys, monkeypatch):
    few = dict(list(CLAIMS.items())[:3])
    few = {
        id: dataclasses.replace(it, template="{n}.", measurement=lambda n=n: measured(n != 1, n=n))
        for n, (id, it) in enumerate(few.items())
    }
    monkeypatch.setattr("actlab.claims.__main__.CLAIMS", few)
    assert printed(capsys) == (1, list(few))
    assert printed(capsys, "--exitfirst") == (1, list(few)[:2])


def test_the_command_says_in_which_claim_an_error_was(monkeypatch):
    it = dataclasses.replace(CLAIMS["linear-stack-collapse"], measurement=lambda: 1 / 0)
    monkeypatch.setattr("actlab.claims.__main__.CLAIMS", {it.id: it})
    with pytest.raises(ZeroDivisionError) as caught:
        main([])
    assert caught.value.__notes__ == ["This was in the claim linear-stack-collapse."]


def test_several_processes_print_what_one_prints(capsys):
    # The first may take longer than the others: what is ready sooner waits for its turn.
    chosen = [CLAIMS[id] for id in ("derivative-too-large-explodes", "linear-stack-collapse", "relu-formula")]
    outputs = []
    for workers in ("1", "2"):
        assert main([*(it.id for it in chosen), "--workers", workers]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    assert outputs[0].endswith("3 of 3 claims hold\n")


def test_the_command_says_what_it_cannot_measure(capsys, monkeypatch):
    def lacking():
        raise ModuleNotFoundError("No module named 'no_such_package'")

    it = dataclasses.replace(CLAIMS["linear-stack-collapse"], measurement=lacking, needs="no_such_package")
    assert not installed(it)
    monkeypatch.setattr("actlab.claims.__main__.CLAIMS", {it.id: it})
    assert main([]) == 0
    assert capsys.readouterr().out == "0 of 0 claims hold\n1 not measured, for want of no_such_package\n"
    # An import that fails without such a need is a defect.
    monkeypatch.setattr("actlab.claims.__main__.CLAIMS", {it.id: dataclasses.replace(it, needs="")})
    with pytest.raises(ModuleNotFoundError):
        main([])
