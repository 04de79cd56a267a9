"""The compiled training behind ``fit`` and ``cosine_fit``: the networks are those of numpy."""

from __future__ import annotations

import numpy as np
import pytest

from actlab.experiments import cosine_data, cosine_fit
from actlab.network import initialise
from actlab.optimisers import SGD, Adam
from actlab.training import fit

pytest.importorskip("numba")


def fitted(backend, *, networks=300, order="reshuffled", dtype="float64", first=0, activation="tanh", epochs=2, **how):
    x, y = cosine_data()
    start = initialise((1, 2, 1), activation, networks=networks, seed=4, first=first)
    rate = 0.02 + 0.0001 * np.arange(first, first + networks)
    return fit(
        start, x[:, np.newaxis], y, epochs=epochs, optimiser=Adam(rate), order=order, seed=9, first=first, dtype=dtype,
        backend=backend, **how,
    )  # fmt: skip


@pytest.mark.parametrize("order", ["reshuffled", "fixed", "ascending"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 2e-5)])
def test_the_compiled_fit_is_that_of_numpy(order, dtype, tolerance):
    """Over two groups of networks, each with shuffles of its own, and with a learning rate for each network."""
    ours, numpy = (fitted(backend, order=order, dtype=dtype, snapshots=(0, 2)) for backend in ("numba", "numpy"))
    assert ours.state is None and ours.losses.dtype == dtype
    np.testing.assert_allclose(ours.losses, numpy.losses, rtol=tolerance)
    for mine, other in zip(ours.snapshots, numpy.snapshots, strict=True):
        assert mine.epoch == other.epoch
        np.testing.assert_allclose(mine.loss, other.loss, rtol=tolerance)
        np.testing.assert_array_equal(mine.dead, other.dead)


def test_a_compiled_network_does_not_depend_on_its_company():
    whole = fitted("numba", dtype="float32")
    for part in (fitted("numba", dtype="float32", networks=20, first=250), fitted("numba", dtype="float32", block=70)):
        last = slice(250, 270) if part.network.networks == 20 else slice(None)
        for mine, other in zip(part.network.weights, whole.network.weights, strict=True):
            np.testing.assert_array_equal(mine, other[last])


def test_no_epochs_leave_the_networks_as_they_are():
    done = fitted("numba", networks=3, epochs=0, snapshots=(0,))
    np.testing.assert_array_equal(done.network.weights[0], fitted("numpy", networks=3, epochs=0).network.weights[0])
    assert done.losses.shape == (0, 3) and [seen.epoch for seen in done.snapshots] == [0]


@pytest.mark.parametrize(("epochs", "expected"), [(0, []), (2, [2, 2])])
def test_after_the_epochs_of_each_compiled_block_the_caller_is_told(epochs, expected):
    told = []
    fitted("numba", networks=5, epochs=epochs, block=3, after_epoch=told.append)
    assert told == expected


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"order": "independent"}, "an order that groups of networks share"),
        ({"snapshots": (1,)}, "no snapshots between the first epoch and the last"),
        ({"loss": "softmax_cross_entropy"}, "the mean squared error"),
        ({"optimiser": SGD()}, "Adam"),
        ({"validation": (np.zeros((1, 1)), [0.0])}, "no validation data"),
        ({"widths": (1, 2, 2, 1)}, "one input, hidden layer and output"),
        ({"widths": (1, 2, 1), "learn": True}, "nothing learnt but weights"),
    ],
)
def test_what_the_compiled_fit_cannot_do_is_refused(how, message):
    shape = {"widths": how.pop("widths", (1, 2, 1)), "learn": how.pop("learn", False)}
    start = initialise(hidden="prelu", networks=2, **shape)
    with pytest.raises(ValueError, match=rf'backend "numba" needs .*{message}.*; use backend "numpy"'):
        fit(start, np.zeros((4, 1)), np.zeros((4, 1)), epochs=2, backend="numba", **how)


def test_the_cosine_fit_hands_the_backend_on():
    compiled, numpy = (cosine_fit("relu", networks=256, epochs=3, backend=backend) for backend in ("numba", "numpy"))
    np.testing.assert_allclose(compiled.loss, numpy.loss, rtol=1e-3)
    assert (compiled.loss != numpy.loss).any()  # rounded otherwise, so it was the other code
