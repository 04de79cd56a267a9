"""Deep networks trained on digits, over the variance of their first weights."""

import json

import numpy as np
import pytest

import actlab
from actlab.experiments import trainable_depths
from actlab.experiments.digits import digits
from actlab.experiments.trainable_depths import train_depth
from actlab.experiments.trainable_depths.__main__ import DEPTHS, SIGMA_B2, SIGMA_W2, main
from actlab.experiments.trainable_depths.record import RECORDED as RECORD
from actlab.experiments.trainable_depths.training import _start

pytest.importorskip("sklearn", reason="the digits come with scikit-learn")
RECORDED = trainable_depths.read()


def test_every_digit_has_the_same_length_and_the_pixels_have_mean_zero_before_that():
    from sklearn.datasets import load_digits

    x, y = digits()
    raw, labels = load_digits(return_X_y=True)
    assert x.shape == (1797, 64)
    np.testing.assert_allclose(np.mean(np.square(x), axis=1), 1, rtol=1e-12)
    # Each row is a positive multiple of one centred image with the same label, and none is left out.
    centred = raw - raw.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    likeness = (x / 8) @ centred.T
    found = likeness.argmax(axis=1)
    assert sorted(found) == list(range(1797))
    assert likeness.max(axis=1) == pytest.approx(np.ones(1797), abs=1e-12)
    assert (labels[found] == y).all()


def test_the_order_of_the_digits_is_mixed_and_always_the_same():
    (x, y), (again, labels) = digits(), digits()
    assert (x == again).all() and (y == labels).all()
    assert np.bincount(y[:1024], minlength=10).min() > 80


def test_the_start_has_the_variances_that_are_asked_for():
    network = _start(actlab.tanh, (64, 300, 300, 10), 4, sigma_w2=1.7, sigma_b2=0.3, seed=2)
    for weight in network.weights:
        assert weight.var() * weight.shape[1] == pytest.approx(1.7, rel=4 * np.sqrt(2 / weight.size))
    biases = np.concatenate([bias.ravel() for bias in network.biases])
    assert biases.var() == pytest.approx(0.3, rel=4 * np.sqrt(2 / biases.size))
    assert np.unique(biases).size == biases.size


def test_a_network_does_not_depend_on_how_many_there_are():
    how = {"sigma_w2": 1.5, "sigma_b2": 0.05, "width": 12, "epochs": 2, "seed": 3}
    few = train_depth("tanh", 3, networks=1, rates=(1e-2,), **how)
    many = train_depth("tanh", 3, networks=3, rates=(1e-3, 1e-2), **how)
    assert few.accuracies[0][0] == many.accuracies[0][1]
    assert len(set(many.accuracies)) == 3


def test_the_best_rate_counts():
    found = train_depth("tanh", 2, sigma_w2=1.0, sigma_b2=0.0, width=30, networks=2, epochs=3, rates=(1e-6, 0.01, 1e6))
    least, middle, largest = np.transpose(found.accuracies)
    assert (least < 0.4).all() and (middle > 0.8).all() and (largest < middle).all()
    assert (found.best == middle).all()
    assert "tanh, sigma_w^2 = 1, sigma_b^2 = 0, 2 layers of width 30, 2 networks, 3 epochs: right" in repr(found)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"depth": 0}, "depth must be a whole number of 1 or more; got 0"),
        ({"networks": 0}, "networks must be a whole number of 1 or more; got 0"),
        ({"width": 1.5}, "width must be a whole number of 1 or more; got 1.5"),
        ({"sigma_w2": -1.0}, "scale must be a positive finite number; got -1.0"),
        ({"sigma_b2": -1.0}, "sigma_b2 must be a finite number, 0 or more; got -1.0"),
        ({"sigma_b2": np.nan}, "sigma_b2 must be a finite number, 0 or more; got nan"),
    ],
)
def test_bad_input_is_refused(wrong, message):
    arguments = {"depth": 2, "sigma_w2": 1.0, "sigma_b2": 0.0, "epochs": 1} | wrong
    with pytest.raises(ValueError, match=message):
        train_depth("tanh", **arguments)


def test_the_record_holds_every_cell_of_the_command():
    cells = [(found.depth, found.sigma_w2) for found in RECORDED]
    assert sorted(cells) == sorted((depth, sigma_w2) for depth in DEPTHS for sigma_w2 in SIGMA_W2)
    assert {(found.activation.name, found.sigma_b2, found.epochs) for found in RECORDED} == {("tanh", SIGMA_B2, 20)}


@pytest.mark.parametrize(("depth", "sigma_w2"), [(10, 4.0), (20, 1.76)])
def test_a_sample_of_the_record_is_trained_anew(depth, sigma_w2):
    """Ten digits of a thousand are allowed for: another processor may add in another order."""
    (recorded,) = (found for found in RECORDED if (found.depth, found.sigma_w2) == (depth, sigma_w2))
    rates = recorded.rates[1::2]
    found = train_depth("tanh", depth, sigma_w2=sigma_w2, sigma_b2=recorded.sigma_b2, rates=rates)
    np.testing.assert_allclose(found.accuracies, np.array(recorded.accuracies)[:, 1::2], atol=0.01)
    assert np.ptp(found.accuracies) > 0.1


def test_the_provenance_of_the_record_is_that_of_every_cell():
    provenance = json.loads(RECORD.read_text("utf-8"))["provenance"]
    made = (provenance["networks"], provenance["epochs"], provenance["seed"])
    assert {(len(found.accuracies), found.epochs, found.seed) for found in RECORDED} == {made}


def test_the_command_records_what_it_trains_and_keeps_what_is_there(tmp_path, capsys):
    path = tmp_path / "depths.json"
    how = ["--activations", "elu", "--sigma-w2", "1.3", "--networks", "2", "--epochs", "1", "--output", str(path)]
    main([*how, "--depths", "2"])
    main([*how, "--depths", "2", "3", "3"])
    expected = [train_depth("elu", depth, sigma_w2=1.3, sigma_b2=SIGMA_B2, networks=2, epochs=1) for depth in (2, 3)]
    assert trainable_depths.read(path) == expected
    printed = capsys.readouterr().out
    assert str(expected[1]) in printed and f"in {path} (--afresh trains it anew): {expected[0]}" in printed
    provenance = json.loads(path.read_text("utf-8"))["provenance"]
    assert provenance["numpy"] == np.__version__ and provenance["examples"] == 1024
    assert (provenance["networks"], provenance["epochs"], provenance["seed"]) == (2, 1, 0)
    # Cells of other settings share no record: none is added, all may take the place of what was there.
    for wrong, said in {
        "--seed=5 --depths 4": "(seed was 0, would be 5); expected the same, another --output, or all of them --afresh",
        "--seed=5 --depths 2 --afresh": "seed was 0, would be 5",
        "--depths 2 --activations softmax": "softmax",
    }.items():
        with pytest.raises(SystemExit):
            main([*how, *wrong.split()])
        assert said in capsys.readouterr().err
    assert trainable_depths.read(path) == expected
    main([*how, "--seed", "5", "--depths", "2", "3", "--afresh"])
    assert [found.seed for found in trainable_depths.read(path)] == [5, 5]
