"""The exercises at the ends of chapters: a right answer is told so, a wrong one gets a hint and stops nothing."""

import dataclasses
import math

import numpy as np
import pytest

import actlab
from actlab import experiments
from actlab.experiments import KerasCosineFit, cosine_data
from tests.test_book import read

LEAKY = actlab.leaky_relu.with_params(negative_slope=0.2)


def run(notebook, cell, capsys, *edits, **names):
    """Run a cell with some of its text replaced, and return what it prints."""
    (source,) = (c.source for c in read(notebook).cells if c.id == cell)
    for old, new in edits:
        assert old in source
        source = source.replace(old, new)
    exec(source, {"np": np, "math": math, "actlab": actlab, **names})
    return capsys.readouterr().out.strip()


def a_fit():
    x, target = cosine_data()
    weights, biases, output = np.array([-1.5, 1.2]), np.array([2.0, -5.0]), np.array([2.5, 2.0])
    prediction = actlab.sigmoid(x[:, np.newaxis] * weights + biases) @ output + 0.25
    return KerasCosineFit(actlab.sigmoid, 0, x, target, prediction, np.ones(1), weights, biases, output, 0.25)


@pytest.mark.parametrize(("answer", "right"), [("None", False), ("1 / 2", False), ("1 / 4", True)])
def test_the_probability_of_two_born_dead_units(answer, right, capsys):
    said = run("experiments/cosine-fit.ipynb", "exercise-1", capsys, ("answer = None", f"answer = {answer}"))
    assert said.startswith("right" if right else "not yet: ")


def test_the_flipped_unit(capsys):
    fit = a_fit()
    names = {"sigmoid": fit, "X": fit.x[:, np.newaxis]}
    repair = ("mine =", "c += v[0]\nv[0] *= -1\nmine =")
    for edits, start in (((), "not yet: "), ((repair,), "right"), ((repair,), "right")):
        assert run("experiments/cosine-fit.ipynb", "exercise-2", capsys, *edits, **names).startswith(start)


@pytest.mark.parametrize(
    ("seed", "loss", "start"), [(0, 0.5, "not yet"), (1, 0.01, "not yet"), (7, 0.5, "not yet"), (7, 0.01, "right")]
)
def test_the_search_for_a_seed(seed, loss, start, capsys):
    class Experiments:
        @staticmethod
        def cosine_fit(activation, seed):
            assert activation == LEAKY
            return type("Fit", (), {"loss": loss})

    edit = ("seed = 0", f"seed = {seed}")
    names = {"experiments": Experiments, "leaky_relu": LEAKY}
    assert run("experiments/cosine-fit.ipynb", "exercise-3", capsys, edit, **names).startswith(start)


@pytest.mark.parametrize(("line", "right"), [("s * (1 - s)", False), ("s * s", False), ("s / (1 + math.exp(x))", True)])
def test_the_derivative_of_the_sigmoid(line, right, capsys):
    said = run("functions/at-a-glance.ipynb", "exercise", capsys, ("return s * (1 - s)", f"return {line}"))
    assert said.startswith("right" if right else "not yet: ")


# --- The chapters on functions ----------------------------------------------------------------------------------------

# Notebook, cell, the line to be edited, and answers: the right one, and wrong ones.
ANSWERS = [
    ("s-curves", "exercise-slope", "k = None", "4", ["1", "0.25"]),
    ("s-curves", "exercise-table", "x = None", "9", ["-9", "3.0"]),
    ("s-curves", "exercise-centre", "shift = None", "-actlab.gaussian.properties.mean", ["0.5", "-1.0"]),
    ("smooth-gates", "exercise-beta", "beta = None", "2.785", ["2.8", "1.0"]),
    ("smooth-gates", "exercise-split", "answer = None", "x", ["-x", "0 * x"]),
    ("smooth-gates", "exercise-gain", "factor = None", "1.5335", ["1.4811", "2.35"]),
    ("hard-functions", "exercise-bits", "bits = None", "11", ["10", "12", "0", "99"]),
    ("hard-functions", "exercise-ramp", "lowest = None", "-1.5", ["1.5", "-3"]),
]


@pytest.mark.parametrize(
    ("notebook", "cell", "line", "answer", "right"),
    [
        (notebook, cell, line, answer, answer == right)
        for notebook, cell, line, right, wrong in ANSWERS
        for answer in ("None", right, *wrong)
    ],
)
def test_an_answer_is_judged(notebook, cell, line, answer, right, capsys):
    edit = (line, line.replace("None", answer))
    said = run(f"functions/{notebook}.ipynb", cell, capsys, edit, experiments=experiments)
    assert said.startswith("right" if right else "not yet")


@pytest.mark.parametrize(("guess", "start"), [("None", "not yet"), ("False", "right"), ("True", "not so")])
def test_the_guess_about_a_borrowed_slope(guess, start, capsys):
    borrowed = dataclasses.replace(actlab.step, df=actlab.hard_tanh.df)
    names = {"experiments": experiments, "replace": dataclasses.replace}
    names["with_tanh"] = experiments.learn_xor(borrowed, networks=200)
    edits = [("guess = None", f"guess = {guess}"), ("networks=1000", "networks=200")]
    assert run("functions/hard-functions.ipynb", "exercise-surrogate", capsys, *edits, **names).startswith(start)
