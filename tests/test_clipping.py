"""Gradient clipping: against Keras' optimizers, and what it does to the layers of a deep network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from actlab import initialisers
from actlab.clipping import clip_by_norm, clip_by_value, global_norm
from actlab.experiments import clipped_gradients, gradient_flow
from actlab.network import Gradients, initialise


def gradients(scale: float = 1.0) -> Gradients:
    """Return those of three networks, of which the second has hardly any, with learnt values."""
    rng = np.random.default_rng(4)
    sizes = scale * np.array([1.0, 1e-3, 5.0])[:, np.newaxis, np.newaxis]
    weights, biases = ([sizes * rng.normal(size=(3, n, 4)) for n in shape] for shape in ((2, 4), (1, 1)))
    return Gradients(tuple(weights), tuple(biases), ({"alpha": sizes * rng.normal(size=(3, 1, 4))}, {}))


def arrays(found: Gradients) -> list[np.ndarray]:
    """Return all arrays of one network after the other."""
    return [*found.weights, *found.biases, *(value for each in found.learnt for value in each.values())]


@pytest.mark.parametrize(
    ("clip", "option", "limit"), [(clip_by_norm, "global_clipnorm", 2.0), (clip_by_value, "clipvalue", 0.3)]
)
def test_keras_clips_the_same(clip, option, limit):
    """A step of SGD with a learning rate of 1 is the clipped gradient."""
    from actlab.tf import precision

    given = gradients()
    clipped = clip(given, limit)
    assert [each.keys() for each in clipped.learnt] == [each.keys() for each in given.learnt]
    changed = []
    for network in range(3):
        with precision("float64") as keras:
            variables = [keras.Variable(np.zeros(array[network].shape), dtype="float64") for array in arrays(given)]
            optimizer = keras.optimizers.SGD(1.0, **{option: limit})
            optimizer.apply([keras.ops.convert_to_tensor(array[network]) for array in arrays(given)], variables)
            steps = [-np.asarray(variable) for variable in variables]
        for ours, theirs in zip(arrays(clipped), steps, strict=True):
            np.testing.assert_allclose(ours[network], theirs, rtol=1e-6)  # Keras rounds the limit to float32
        changed.append(
            any((a[network] != b[network]).any() for a, b in zip(arrays(clipped), arrays(given), strict=True))
        )
    assert changed == [True, False, True]


def test_the_norm_is_that_of_all_gradients_of_a_network():
    given = gradients()
    expected = [np.linalg.norm(np.concatenate([array[k].ravel() for array in arrays(given)])) for k in range(3)]
    np.testing.assert_allclose(global_norm(given), expected, rtol=1e-14)
    np.testing.assert_allclose(global_norm(clip_by_norm(given, 2.0)), np.minimum(expected, 2.0), rtol=1e-14)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_squares_may_leave_float64(scale):
    given = gradients(scale)
    np.testing.assert_allclose(global_norm(given), scale * global_norm(gradients()), rtol=1e-12)
    assert np.isfinite(global_norm(clip_by_norm(given, 1.0))).all()


@pytest.mark.filterwarnings("error")
def test_no_gradient_stays_none():
    nothing = gradients(0.0)
    for clip in (clip_by_norm, clip_by_value):
        assert not any(array.any() for array in arrays(clip(nothing, 1.0)))
    np.testing.assert_array_equal(global_norm(nothing), 0)


@pytest.mark.parametrize("limit", [0, -1.0, np.inf, np.nan])
@pytest.mark.parametrize("clip", [clip_by_norm, clip_by_value])
def test_a_limit_is_a_positive_number(clip, limit):
    with pytest.raises(ValueError, match="limit must be finite, above 0; got"):
        clip(gradients(), limit)


# --- In a deep network ------------------------------------------------------------------------------------------------

EXPLODING = {
    "depth": 12, "width": 30, "networks": 6, "seed": 2, "initialiser": initialisers.lecun_normal.with_scale(8.0)
}  # fmt: skip


def test_clipping_by_norm_keeps_the_layers_apart_and_by_value_turns_the_gradient():
    found = clipped_gradients("tanh", norm=1.0, value=1e-3, **EXPLODING)
    spread, by_norm, by_value = (
        logs - logs[:, -1:] for logs in (found.log_norms, found.log_norms_by_norm, found.log_norms_by_value)
    )
    assert (spread[:, 0] > 2).all()
    np.testing.assert_allclose(by_norm, spread, rtol=1e-9, atol=1e-9)
    # Nearly every entry is at the limit.
    assert np.abs(by_value).max() < 0.2
    assert (found.log_norms_by_value <= np.log(1e-3) + 1e-12).all()
    assert (found.cosines < 0.8).all() and (found.cosines > 0).all()
    assert (found.norms > 1).all()
    assert "first over last layer" in repr(found)


def test_its_gradients_are_those_of_gradient_flow():
    """And a limit above them changes nothing."""
    found = clipped_gradients("tanh", norm=1e9, value=1e9, **EXPLODING)
    flow = gradient_flow("tanh", dtype="float64", **EXPLODING)
    np.testing.assert_allclose(found.log_norms, flow.weight_log_norms, rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(found.log_norms_by_norm, found.log_norms)
    np.testing.assert_array_equal(found.log_norms_by_value, found.log_norms)
    np.testing.assert_allclose(found.cosines, 1, rtol=1e-12)
    start = initialise((30,) * 13, "tanh", networks=6, seed=2, initialiser=EXPLODING["initialiser"])
    x, upstream = np.stack([np.random.default_rng((2, k, 1)).standard_normal((2, 32, 30)) for k in range(6)], axis=1)
    network = replace(start, output=start.hidden)
    expected = global_norm(network.backward(network.forward(x), upstream))
    np.testing.assert_allclose(found.norms, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"norm": 0}, "norm must be finite, above 0; got 0"),
        ({"value": np.nan}, "value must be finite, above 0; got nan"),
        ({"depth": 0}, "depth must be a whole number of 1 or more; got 0"),
        ({"batch": 0}, "batch must be a whole number of 1 or more; got 0"),
        ({"networks": 0}, "networks must be a whole number of 1 or more; got 0"),
    ],
)
def test_what_makes_no_sense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        clipped_gradients("tanh", **{**EXPLODING, **options})
