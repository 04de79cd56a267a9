"""The exercises at the ends of chapters: a right answer is told so, a wrong one gets a hint and stops nothing."""

import dataclasses
import functools
import math

import numpy as np
import pytest

import actlab
from actlab import experiments, peers
from actlab.experiments import choosing, cosine_data
from tests.test_book import BOOK, read


def run(notebook, cell, capsys, *edits, **names):
    """Run a cell with some of its text replaced, and return what it prints."""
    (source,) = (c.source for c in read(notebook).cells if c.id == cell)
    for old, new in edits:
        assert old in source
        source = source.replace(old, new)
    exec(source, {"np": np, "math": math, "actlab": actlab, **names})
    return capsys.readouterr().out.strip()


def test_the_flipped_unit(capsys):
    fits = {"sigmoid": experiments.cosine_fit("sigmoid", networks=16, dtype="float64")}
    names = {"fits": fits, "x": cosine_data()[0], "experiments": experiments}
    repair = ("mine =", "c += v[0]\nv[0] *= -1\nmine =")
    for edits, start in (((), "not yet: "), ((repair,), "right"), ((repair,), "right")):
        assert run("experiments/cosine-fit.ipynb", "exercise-flip", capsys, *edits, **names).startswith(start)


@pytest.mark.parametrize(
    ("cut", "start"), [("None", "not yet"), ("0.2", "not yet"), ("0.02", "not yet"), ("0.09", "right")]
)
def test_the_cut_that_makes_another_winner(cut, start, capsys):
    fits = {name: experiments.cosine_fit(name, networks=2048) for name in ("silu", "sigmoid")}
    said = run("experiments/cosine-fit.ipynb", "exercise-cut", capsys, ("cut = None", f"cut = {cut}"), fits=fits)
    assert said.startswith(start)


@pytest.mark.parametrize(("line", "right"), [("s * (1 - s)", False), ("s * s", False), ("s / (1 + math.exp(x))", True)])
def test_the_derivative_of_the_sigmoid(line, right, capsys):
    said = run("functions/at-a-glance.ipynb", "exercise", capsys, ("return s * (1 - s)", f"return {line}"))
    assert said.startswith("right" if right else "not yet: ")


# --- One line to be edited --------------------------------------------------------------------------------------------

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
    ("derivatives-and-backpropagation", "exercise-silu", "slope = None", "s + x1 * s * (1 - s)", ["s", "s * (1 - s)"]),
    ("derivatives-and-backpropagation", "exercise-power", "power = None", "1 / 4", ["1 / 2", "1 / 3", "1 / 5", "0"]),
    ("derivatives-and-backpropagation", "exercise-kink", "h = None", "0.02", ["0.01", "0.005", "1.0"]),
    ("dying-units", "exercise-width", "width = None", "11", ["10", "12", "2"]),
    ("dying-units", "exercise-three", "probability = None", "11 / 256", ["1 / 32", "15 / 64"]),
    ("dying-units", "exercise-coast", "distance = None", "9", ["10", "0.9"]),
    ("vanishing-and-exploding", "exercise-depth", "layers = None", "72", ["71", "73", "75"]),
    ("vanishing-and-exploding", "exercise-edge", "sigma_w = None", "1.922", ["1.0", "1.94"]),
    ("vanishing-and-exploding", "exercise-residual", "variance = None", "0.0201", ["0.03", "0.01", "-1"]),
    ("cosine-fit", "exercise-born", "hidden = None", "10", ["2", "9", "11"]),
    ("initialisation", "exercise-gain", "gain = None", "2.3375", ["1.5", "1 / 2.3375"]),
    ("initialisation", "exercise-which", "vanishes = None", '"A"', ['"B"', '"C"']),
    ("initialisation", "exercise-repair", "sigma_b2 = None", "0.3", ["0.01", "0.1"]),
    ("published-results", "exercise-trials", "trials = None", "34200", ["32000", "37000", "400_000", "1.5", "-1"]),
    ("published-results", "exercise-mean", "prediction = None", "-60 * 5 / (2 * 50)", ["3", "-6", "-0.05"]),
    ("cosine-fit", "exercise-tanh", "change = None", '{"inputs": "centred"}', ['{"epochs": 600}', '{"hidden": 3}']),
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
    # The notebook of graded exercises has the name of its chapter.
    (path,) = (path for path in BOOK.glob(f"*/{notebook}.ipynb") if path.parent.name != "exercises")
    said = run(path.relative_to(BOOK), cell, capsys, edit, experiments=experiments)
    assert said.startswith("right" if right else "not yet")


@pytest.mark.parametrize(
    ("cell", "line", "answer", "right"),
    [
        ("exercise-fall", "name = None", "None", False),
        ("exercise-fall", "name = None", '"swiglu"', True),
        ("exercise-fall", "name = None", '"relu"', False),
        ("exercise-holm", "corrected = None", "None", False),
        ("exercise-holm", "corrected = None", "1.0", True),
        ("exercise-holm", "corrected = None", "1.32", False),
        ("exercise-start", "start = None", "None", False),
        ("exercise-start", "start = None", '"he"', True),
        ("exercise-start", "start = None", '"pytorch"', False),
    ],
)
def test_the_exercises_on_choosing(cell, line, answer, right, capsys):
    record = choosing.load()
    activations = list(dict.fromkeys(cell.settings.activation for cell in record.cells))
    names = {"record": record, "choosing": choosing, "activations": activations}
    edit = (line, line.replace("None", answer))
    said = run("practice/choosing-an-activation.ipynb", cell, capsys, edit, **names)
    assert said.startswith("right" if right else "not yet")


@pytest.mark.parametrize(("guess", "start"), [("None", "not yet"), ("False", "right"), ("True", "not so")])
def test_the_guess_about_a_borrowed_slope(guess, start, capsys):
    borrowed = dataclasses.replace(actlab.step, df=actlab.hard_tanh.df)
    names = {"experiments": experiments, "replace": dataclasses.replace}
    names["with_tanh"] = experiments.learn_xor(borrowed, networks=200)
    edits = [("guess = None", f"guess = {guess}"), ("networks=1000", "networks=200")]
    assert run("functions/hard-functions.ipynb", "exercise-surrogate", capsys, *edits, **names).startswith(start)


@pytest.mark.parametrize(
    ("cell", "line", "answer", "start"),
    [
        ("exercise-curve", "call", "None", "not yet"),
        ("exercise-curve", "call", "keras.activations.gelu", "not yet"),
        ("exercise-curve", "call", "functools.partial(keras.activations.gelu, approximate=True)", "right"),
        ("exercise-curve", "call", "lambda x: tf.nn.gelu(x, approximate=True)", "right"),
        ("exercise-repair", "repaired", "None", "not yet: f(-1)"),
        ("exercise-repair", "repaired", "'leaky_relu'", "not yet: f(-1)"),
        ("exercise-repair", "repaired", "keras.layers.LeakyReLU()", "not yet: f(-1)"),
        ("exercise-repair", "repaired", "lambda x: tf.nn.leaky_relu(x, 0.01)", "not yet, not after saving"),
        ("exercise-repair", "repaired", "keras.layers.LeakyReLU(negative_slope=0.01)", "right"),
        ("exercise-gradient", "gradient", "None", "not yet: lambda"),
        ("exercise-gradient", "gradient", "lambda u, x: 2 * tf.nn.relu(x)", "not yet: does it hold"),
        ("exercise-gradient", "gradient", "lambda u, x: u * tf.nn.relu(x)", "not yet: does it hold"),
        ("exercise-gradient", "gradient", "lambda u, x: u * 2 * tf.nn.relu(x)", "right"),
    ],
)
def test_an_answer_about_frameworks_is_judged(cell, line, answer, start, capsys):
    chapter = "practice/in-your-framework.ipynb"
    names = {"keras": actlab.tf.keras(), "functools": functools, "peers": peers, "experiments": experiments}
    import tensorflow as tf

    names["tf"] = tf
    (check,) = (c.source for c in read(chapter).cells if c.id == "gradient-check")
    scope = {"np": np, **names}
    exec(check.split("\n\n\n")[0], scope)
    said = run(chapter, cell, capsys, (f"{line} = None", f"{line} = {answer}"), **scope)
    assert said.startswith(start)
