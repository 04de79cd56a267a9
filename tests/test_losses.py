"""Losses and their gradients, against 50 digits and scipy."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from scipy.special import log_softmax

from actlab.losses import LOSSES, MEAN_SQUARED_ERROR, SOFTMAX_CROSS_ENTROPY

each_axis = pytest.mark.parametrize("axis", [0, 2])


def along(axis, array):
    """Put the outputs, which come last, on the axis that a layout has them on; the batch is axis 1."""
    return np.moveaxis(array, -1, axis) if axis != 2 else array


def back(axis, array):
    return np.moveaxis(array, axis, -1)


@pytest.fixture
def logits():
    """Of 4 networks and 6 points, three classes."""
    return np.random.default_rng(1).normal(scale=3, size=(4, 6, 3))


@pytest.fixture
def labels():
    return np.random.default_rng(2).integers(0, 3, size=(4, 6, 1)).astype(float)


@each_axis
@pytest.mark.parametrize("outputs", [1, 3])
def test_squared_error_is_the_mean_over_the_outputs(outputs, axis):
    rng = np.random.default_rng(3)
    found, wanted = rng.normal(size=(2, 4, 6, outputs))
    loss, gradient = MEAN_SQUARED_ERROR.evaluate(along(axis, found), along(axis, wanted), axis)
    np.testing.assert_allclose(back(axis, loss)[..., 0], ((found - wanted) ** 2).sum(-1) / outputs, rtol=1e-14)
    np.testing.assert_allclose(back(axis, gradient), 2 * (found - wanted) / outputs, rtol=1e-14)


@each_axis
def test_cross_entropy_is_minus_the_logarithm_of_the_labels_share(logits, labels, axis):
    loss, gradient = SOFTMAX_CROSS_ENTROPY.evaluate(along(axis, logits), along(axis, labels), axis)
    logs = log_softmax(logits, axis=-1)
    chosen = labels.astype(int)
    np.testing.assert_allclose(back(axis, loss), -np.take_along_axis(logs, chosen, -1), rtol=1e-13)
    np.testing.assert_allclose(back(axis, gradient), np.exp(logs) - np.eye(3)[chosen[..., 0]], rtol=1e-12, atol=1e-16)


@each_axis
def test_the_largest_logit_is_the_answer(logits, labels, axis):
    right = SOFTMAX_CROSS_ENTROPY.right(along(axis, logits), along(axis, labels), axis)
    assert (back(axis, right)[..., 0] == (np.argmax(logits, axis=-1) == labels[..., 0])).all()
    logits[0, 0] = np.nan
    assert not back(axis, SOFTMAX_CROSS_ENTROPY.right(along(axis, logits), along(axis, labels * 0), axis))[0, 0]
    assert MEAN_SQUARED_ERROR.right is None


def exactly(z, label):
    """Loss and gradient with 50 digits."""
    with mpmath.workdps(50):
        powers = [mpmath.exp(mpmath.mpf(float(entry))) for entry in z]
        total = mpmath.fsum(powers)
        gradient = [power / total - (number == label) for number, power in enumerate(powers)]
        return mpmath.log(total) - mpmath.mpf(float(z[label])), gradient


EXTREME = [
    [1e4, -1e4, 0.0],
    [-1e4, -1e4, -1e4],
    [1e4, 1e4 - 1, 1e4 - 700],
    [0.0, -120.0, 120.0],
    [1e4, 1e4, 1e4],
    [-30.0, 30.0, 0.0],
]


@pytest.mark.parametrize(("dtype", "digits"), [(np.float64, 1e-15), (np.float32, 1e-6)], ids=["float64", "float32"])
@pytest.mark.parametrize("z", EXTREME, ids=str)
def test_no_logit_is_too_large_or_too_small(z, dtype, digits):
    for label in range(3):
        z = np.array(z, dtype)
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            loss, gradient = SOFTMAX_CROSS_ENTROPY.evaluate(z[:, None, None], np.full((1, 1, 1), label, dtype), 0)
        assert loss.dtype == gradient.dtype == dtype
        value, slopes = exactly(z, label)
        # Where the label's logit stands out, its share is 1 but for a digit that is lost: the error is that of a 1.
        assert abs(loss.item() - float(value)) <= 4 * digits * max(1, float(value))
        np.testing.assert_allclose(gradient.ravel(), np.array(slopes, dtype=float), rtol=0, atol=4 * digits)


@each_axis
def test_the_gradient_of_cross_entropy_agrees_with_central_differences(logits, labels, axis):
    h = 1e-6
    _, gradient = SOFTMAX_CROSS_ENTROPY.evaluate(along(axis, logits), along(axis, labels), axis)
    for output in range(3):
        step = h * np.eye(3)[output]
        up, down = (
            SOFTMAX_CROSS_ENTROPY.evaluate(along(axis, logits + sign * step), along(axis, labels), axis)[0]
            for sign in (1, -1)
        )
        expected = back(axis, up - down)[..., 0] / (2 * h)
        np.testing.assert_allclose(back(axis, gradient)[..., output], expected, rtol=1e-5, atol=1e-8)


@each_axis
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_neither_outputs_nor_targets_are_changed(logits, labels, loss, axis):
    outputs, targets = along(axis, logits), along(axis, labels if loss is SOFTMAX_CROSS_ENTROPY else logits[::-1])
    before = outputs.copy(), targets.copy()
    _, gradient = loss.evaluate(outputs, targets, axis)
    assert not np.may_share_memory(gradient, outputs) and not np.may_share_memory(gradient, targets)
    np.testing.assert_array_equal(outputs, before[0])
    np.testing.assert_array_equal(targets, before[1])


@each_axis
@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_the_mean_over_examples_has_its_share_of_the_gradient_also_where_outputs_are_overwritten(
    logits, labels, loss, axis
):
    outputs, targets = along(axis, logits), along(axis, labels if loss is SOFTMAX_CROSS_ENTROPY else logits[::-1])
    losses, gradient = loss.evaluate(outputs, targets, axis)
    same, shared = loss.evaluate(outputs.copy(), targets, axis, examples=7, overwrite=True)
    np.testing.assert_array_equal(same, losses)
    np.testing.assert_allclose(shared, gradient / 7, rtol=1e-15)


def test_losses_have_the_names_by_which_they_are_asked_for():
    assert {name: loss.name for name, loss in LOSSES.items()} == {
        "mse": "mse", "softmax_cross_entropy": "softmax_cross_entropy",
    }  # fmt: skip
    assert [loss.columns(5) for loss in LOSSES.values()] == [5, 1]


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("mse", np.zeros((4, 2)), "y must have one number for each of the 3 outputs; got 2"),
        ("softmax_cross_entropy", np.zeros((4, 3)), "one whole number for each example; got 3 numbers"),
        ("softmax_cross_entropy", np.array([[0.0], [1.5]]), "labels must be whole numbers from 0 to 2; got 1.5"),
        ("softmax_cross_entropy", np.array([[0.0], [3.0]]), "labels must be whole numbers from 0 to 2; got 3"),
        ("softmax_cross_entropy", np.array([[-1.0], [2.0]]), "labels must be whole numbers from 0 to 2; got -1"),
    ],
)
def test_targets_that_do_not_fit_are_refused(loss, y, message):
    with pytest.raises(ValueError, match=message):
        LOSSES[loss].check(y, 3)
    LOSSES["mse"].check(np.zeros((4, 3)), 3)
    LOSSES["softmax_cross_entropy"].check(np.array([[0.0], [2.0]]), 3)
