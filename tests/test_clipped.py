"""What clipping leaves of the gradients of deep networks."""

from dataclasses import replace

import numpy as np
import pytest

import actlab
from actlab.experiments import clipped_gradients
from actlab.initialisers import lecun_normal
from actlab.network import initialise

RULE = lecun_normal.with_scale(4)


def weights_gradients(depth, width, networks, batch, seed):
    """Of the same networks, inputs and linear function, by the definition."""
    widths = (width,) * (depth + 1)
    start = initialise(widths, "tanh", networks=networks, seed=seed, initialiser=RULE)
    network = replace(start, output=actlab.tanh)
    drawn = [np.random.default_rng((seed, i, 1)).normal(size=(2, batch, width)) for i in range(networks)]
    x, upstream = np.array(drawn).swapaxes(0, 1)
    return network.backward(network.forward(x), upstream).weights


@pytest.mark.parametrize(("norm", "value"), [(0.5, 0.02), (3.0, 0.3), (1e9, 1e9)])
def test_gradients_are_clipped_by_norm_and_by_value(norm, value):
    shape = {"depth": 6, "width": 9, "networks": 4, "batch": 5, "seed": 2}
    found = clipped_gradients("tanh", initialiser=RULE, norm=norm, value=value, **shape)
    weights = weights_gradients(**shape)
    for number in range(4):
        rows = [weight[number] for weight in weights]
        flat = np.concatenate([row.ravel() for row in rows])
        clipped = np.clip(flat, -value, value)
        assert found.cosines[0, number] == pytest.approx(1)
        cosine = flat @ clipped / np.linalg.norm(flat) / np.linalg.norm(clipped)
        assert found.cosines[1, number] == pytest.approx(cosine)
        np.testing.assert_allclose(
            np.exp(found.by_value[number]), [np.sqrt(np.mean(np.clip(row, -value, value) ** 2)) for row in rows]
        )
        np.testing.assert_allclose(np.exp(found.log_norms[number]), [np.sqrt(np.mean(row**2)) for row in rows])
    # Biases belong to the whole gradient too, so that the weights of a clipped one are a little shorter.
    shrunk = found.log_norms - found.by_norm
    assert np.ptp(shrunk, axis=1).max() < 1e-12
    assert (shrunk > 0).all() if norm == 0.5 else (shrunk >= 0).all()
    if norm == 1e9:
        np.testing.assert_array_equal(found.by_value, found.log_norms)


def test_clipping_by_value_evens_layers_out_and_turns_the_step():
    found = clipped_gradients("tanh", initialiser=RULE, depth=30, networks=10)

    def ratio(logs):
        return np.median(logs[:, 0] - logs[:, -1]) / np.log(10)

    assert ratio(found.log_norms) > 1.5 and abs(ratio(found.by_value)) < 0.1
    assert np.median(found.cosines[1]) < 0.6
    assert "tanh, lecun_normal.with_scale(4), 10 networks of 30 layers" in repr(found)
    assert "by norm: first over last layer 10^" in repr(found)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"depth": 0}, "depth must be a whole number of 1 or more; got 0"),
        ({"batch": 0}, "batch must be a whole number of 1 or more; got 0"),
        ({"norm": 0.0}, "limit must be"),
        ({"value": -1.0}, "limit must be"),
    ],
)
def test_bad_input_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        clipped_gradients("tanh", **wrong)
