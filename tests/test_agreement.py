"""What is recorded of Keras, PyTorch and JAX is true of those that are installed, and nothing of it is hidden."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import actlab
from actlab import agreement, calls, peers
from actlab.core import Elementwise

COLUMNS = {column.framework: column for column in agreement.recorded()}
PINNED = dict(
    re.findall(r"^([\w-]+)==([^\s;]+)", (Path(__file__).parents[1] / "requirements.txt").read_text("utf-8"), re.M)
)

each_framework = pytest.mark.parametrize("framework", calls.FRAMEWORKS)


def compared(theirs, record=actlab.relu, framework="keras"):
    """Compare a function of a framework's own arrays."""
    return agreement.compare_call(framework, record, "f", True, theirs)


# --- The record -------------------------------------------------------------------------------------------------------


@each_framework
def test_the_record_says_what_an_installed_framework_does(framework):
    if framework != "keras":
        pytest.importorskip(framework, reason=f"{calls.FRAMEWORKS[framework]} is optional and not installed")
    now, then = agreement.compare(framework), COLUMNS[framework]
    assert [entry.call for entry in now.entries] == [entry.call for entry in then.entries]
    for measured, recorded in zip(now.entries, then.entries, strict=True):
        for name in ("value", "slope", "curvature"):
            pair = getattr(measured, name), getattr(recorded, name)
            assert pair[0] == pair[1] or pair[0] == pytest.approx(pair[1], rel=0.1), (measured.call, name)
        assert np.asarray(measured.kinks) == pytest.approx(np.asarray(recorded.kinks), rel=1e-6), measured.call
        assert measured.answers == pytest.approx(recorded.answers, rel=1e-9, abs=1e-12), measured.call
        assert (measured.function, measured.bare) == (recorded.function, recorded.bare)


def test_keras_was_asked_in_the_versions_that_the_book_is_built_with():
    versions = COLUMNS["keras"].versions
    assert versions == {"Keras": PINNED["keras"], "TensorFlow": PINNED["tensorflow"]}


@each_framework
def test_every_call_that_a_record_declares_was_made(framework):
    asked = {entry.function for entry in COLUMNS[framework].entries}
    assert asked >= {r.name for r in actlab.ACTIVATIONS.values() if calls.declared(r, framework)}
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", COLUMNS[framework].date)


@pytest.mark.parametrize("place", agreement.PLACES["keras"])
def test_every_place_of_keras_was_looked_into(place):
    found = {entry.call for entry in COLUMNS["keras"].entries if entry.bare}
    assert f"{place}.{'ReLU' if place.endswith('layers') else 'relu'}" in found


@each_framework
def test_what_differs_is_declared_by_the_record(framework):
    for entry in COLUMNS[framework].entries:
        record = actlab.get(entry.function)
        # Vector functions differ by the axis that PyTorch guesses, and where Keras is wrong (test_frameworks.py).
        if isinstance(record, Elementwise) and not entry.same:
            assert framework in record.differs, entry


@each_framework
def test_what_is_declared_to_differ_is_seen(framework):
    for record in actlab.ACTIVATIONS.values():
        # Beyond 8 nobody looks here.
        if framework in record.differs and (framework, record.name) != ("torch", "softplus"):
            assert any(entry.function == record.name and not entry.same for entry in COLUMNS[framework].entries), record


def test_a_record_is_written_as_it_is_read(tmp_path):
    agreement.write(agreement.recorded(), tmp_path / "copy.json")
    assert (tmp_path / "copy.json").read_bytes() == agreement._RECORD.read_bytes()


def test_what_is_not_installed_keeps_its_column(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(peers, "frameworks", lambda: ("jax",))
    new = replace(COLUMNS["jax"], date="2000-01-01", entries=COLUMNS["jax"].entries[:1])
    monkeypatch.setattr(agreement, "compare", lambda framework: new)
    agreement.main(["--output", str(tmp_path / "new.json")])
    assert '"date": "2000-01-01"' in (tmp_path / "new.json").read_text("utf-8")
    assert f'"date": "{COLUMNS["torch"].date}"' in (tmp_path / "new.json").read_text("utf-8")
    assert capsys.readouterr().out == f"{new!r}\n"
    assert "2000-01-01: 1 calls" in repr(new)


# --- One call ---------------------------------------------------------------------------------------------------------


def test_our_own_function_is_the_same():
    import tensorflow as tf

    entry = compared(tf.nn.relu)
    assert entry.same
    assert entry.answers == (0.0, 1.0, 0.0, 3.0)


def test_a_difference_is_seen_where_it_is():
    import tensorflow as tf

    value = compared(lambda x: tf.nn.relu(x) + 1e-7)
    assert (value.value, value.slope, value.kinks, value.same) == (1e-7, 0.0, (), False)
    slope = compared(lambda x: tf.nn.relu(x) + 2e-6 * tf.stop_gradient(x) - 2e-6 * x)
    assert (slope.value, slope.slope, slope.same) == (0.0, 2e-6, False)
    kink = compared(lambda x: tf.where(x >= 0, x, tf.zeros_like(x)))
    assert (kink.value, kink.slope, kink.kinks, kink.same) == (0.0, 0.0, ((0.0, 0.0, 1.0),), False)
    bend = compared(lambda x: x + 1e-3 * x * tf.stop_gradient(x) - 1e-3 * tf.stop_gradient(x * x), actlab.identity)
    assert (bend.value, bend.slope > 0, bend.same) == (0.0, True, False)


def test_answers_that_are_drawn_anew_are_no_answers():
    import tensorflow as tf

    tf.random.set_seed(0)
    entry = compared(lambda x: x * tf.random.uniform(x.shape, dtype=x.dtype))
    assert (entry.value, entry.answers, entry.same) == (None, (), False)


def test_a_function_that_must_be_given_more_is_no_bare_call():
    assert compared(lambda x, slope: x) is None


def test_a_vector_function_along_another_axis_is_another():
    import tensorflow as tf

    assert compared(tf.nn.softmax, actlab.softmax).same
    other = compared(lambda z: tf.nn.softmax(z, axis=0), actlab.softmax)
    assert other.value > 0.1
    assert other.slope > 0.1
    flat = compared(lambda z: tf.stop_gradient(tf.nn.softmax(z)), actlab.softmax)
    assert flat.value == 0
    assert flat.slope > 0.1


# --- Tables -----------------------------------------------------------------------------------------------------------


def test_a_trap_groups_the_names_by_their_answers():
    rows = {name.strip("`"): (given, said.split("<br>")) for name, given, said in agreement.traps().rows}
    given, said = rows["leaky_relu"]
    assert given == "-1"
    assert {group.split(":")[0] for group in said} == {"-0.2", "-0.3", "-0.01"}
    assert "-0.3: `keras.layers.LeakyReLU`" in said
    assert rows["prelu"][1] == ["0: `keras.layers.PReLU`", "-0.25: `torch.nn.PReLU`"]
    assert any(group == "-0.1588: `jax.nn.gelu`" for group in rows["gelu"][1])
    assert rows["softmax"][0] == "(-1, 1, -3, 3)"
    assert "drawn anew: `torch.nn.RReLU`" in rows["rrelu"][1]
    assert not {"relu", "hard_sigmoid", "elu"} & rows.keys()


def test_the_table_of_differences_hides_none():
    rows = [(call, said) for calls_, said in agreement.differences().rows for call in calls_.split("<br>")]
    written = [call.replace("` with `", "(") + ")" * ("with" in call) for call, _ in rows]
    different = [entry for column in agreement.recorded() for entry in column.entries if not entry.same]
    assert sorted(call.replace("`", "") for call in written) == sorted(entry.call for entry in different)
    said = dict(rows)
    assert (
        said["`keras.activations.celu`"] == said["`keras.activations.celu` with `alpha=1.0`"] == "at 0 slope 2, ours 1"
    )
    assert said["`F.hardtanh`"] == "at -1 slope 0, ours 1<br>at 1 slope 0, ours 1"
    assert said["`torch.nn.RReLU`"] == "answers are drawn anew"
    assert said["`jax.nn.gelu`"] == "value 0.0005, slope 0.0009, second derivative 0.002"


def test_the_table_of_what_was_checked_counts():
    for row, column in zip(agreement.checked().rows, agreement.recorded(), strict=True):
        assert row[1] == column.date
        assert int(row[4]) == sum(not entry.same for entry in column.entries)
        assert int(row[2]) == int(row[3]) + int(row[4]) == len(column.entries)
    assert agreement.checked().rows[0][0] == f"Keras {PINNED['keras']}, TensorFlow {PINNED['tensorflow']}"


# --- Paths and derivatives --------------------------------------------------------------------------------------------


def test_a_path_may_lead_to_tensorflow():
    import tensorflow as tf

    assert peers.at("keras", "tf.nn.relu") is tf.nn.relu
    assert peers.at("keras", "activations.relu") is actlab.tf.keras().activations.relu


def test_whether_there_is_a_derivative_is_known():
    import tensorflow as tf

    assert peers.has_derivative("keras", tf.nn.softsign, 1)
    assert not peers.has_derivative("keras", tf.nn.softsign, 2)
    with pytest.raises(TypeError, match="missing"):
        peers.has_derivative("keras", lambda x, y: x, 1)
