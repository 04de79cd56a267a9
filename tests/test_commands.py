"""The commands that write a record know before they compute whether they can."""

import argparse
import importlib
import os
import re

import pytest

from actlab.commands import add_output, whole
from tests.test_architecture import MODULES, PACKAGE

WRITE = [path for path in MODULES if "add_output(parser" in path.read_text("utf-8") and path.stem != "commands"]


def test_every_command_asks_for_its_output_in_the_same_way():
    assert [path.stem for path in MODULES if '"--output"' in path.read_text("utf-8")] == ["commands"]
    assert len(WRITE) > 8


@pytest.mark.parametrize("path", WRITE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_command_refuses_at_once_what_it_could_not_write(path, tmp_path, capsys):
    main = importlib.import_module(".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)).main
    with pytest.raises(SystemExit):
        main(["--output", str(tmp_path / "nowhere" / "record.json")])
    assert f"--output: there is no folder {tmp_path / 'nowhere'}; expected a file" in capsys.readouterr().err


def test_an_output_is_a_file_that_can_be_written(tmp_path, capsys, monkeypatch):
    def read(arguments, default):
        parser = argparse.ArgumentParser()
        add_output(parser, default)
        return parser.parse_args(arguments).output

    assert read([], tmp_path / "new.json") == tmp_path / "new.json"
    assert read(["--output", str(tmp_path / "other.json")], tmp_path / "nowhere" / "a.json") == tmp_path / "other.json"
    refused = [(["--output", str(tmp_path)], "a.json", f"{tmp_path} is a folder; expected the name of a file")]
    refused += [([], tmp_path / "no" / "a.json", f"there is no folder {tmp_path / 'no'}")]
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)  # root could write everywhere
    refused += [([], tmp_path / "a.json", f"{tmp_path / 'a.json'} cannot be written")]
    for arguments, default, said in refused:
        with pytest.raises(SystemExit):
            read(arguments, default)
        assert said in capsys.readouterr().err


COUNTED = [path for path in MODULES if "type=whole(" in path.read_text("utf-8")]


def test_every_command_counts_in_the_same_way():
    assert [str(path) for path in MODULES if re.search(r"[ (]type=int\b(?!.*choices)", path.read_text("utf-8"))] == []
    assert len(COUNTED) > 10


@pytest.mark.parametrize(
    ("module", "arguments", "said"),
    [
        ("claims", ["--workers", "0"], "--workers: must be a whole number of 1 or more; got '0'"),
        ("speed.trainer", ["--rounds", "0"], "--rounds: must be a whole number of 1 or more; got '0'"),
        ("speed.digits", ["--depths", "0"], "--depths: must be a whole number of 1 or more; got '0'"),
        ("speed", ["--functions", "nope"], "--functions: invalid choice: 'nope'"),
        ("experiments.choosing", ["--seed", "-1"], "--seed: must be a whole number of 0 or more; got '-1'"),
        ("grading", ["mutants", "x.ipynb", "--workers", "two"], "--workers: must be a whole number of 1 or more"),
        (
            "claims",
            ["--about", "linear", "--verdict", "depends", "--fast"],
            "no claim is left by --about linear --verdict depends --fast",
        ),
        ("claims", ["linear_stack_collapse"], "no claim linear_stack_collapse; did you mean linear-stack-collapse?"),
    ],
)
def test_what_a_command_cannot_use_is_named(module, arguments, said, capsys):
    found = importlib.import_module(f"actlab.{module}")
    main = found.main if hasattr(found, "main") else importlib.import_module(f"actlab.{module}.__main__").main
    with pytest.raises(SystemExit):
        main(arguments)
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("text", ["0", "-3", "2.5", "two", ""])
def test_a_count_is_a_whole_number(text):
    assert whole(1)("7") == 7
    with pytest.raises(argparse.ArgumentTypeError, match=f"a whole number of 1 or more; got '{text}'"):
        whole(1)(text)
