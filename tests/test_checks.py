"""Arrays that the package takes, and what it refuses of them wherever it takes them."""

import numpy as np
import pytest

import actlab
from actlab import meanfield
from actlab.checks import real_array
from actlab.network import Network, initialise
from actlab.optimisers import SGD
from actlab.statistics import Mean, Paired, Quantile, Share, holm
from actlab.training import fit, gradient_descent

MASKED = np.ma.masked_array([0.25, 0.5, 0.75, 1.0], mask=[False, True, False, False])
COLUMN, PLAIN = MASKED[:, np.newaxis], np.ones((4, 1))
NET = initialise((1, 1), "tanh")
TAPE = NET.forward(PLAIN)


@pytest.mark.parametrize(
    ("label", "call"),
    [
        ("values", lambda: Mean.of(MASKED)),
        ("values", lambda: Quantile.of(MASKED)),
        ("outcomes", lambda: Share.of(MASKED > 0)),
        ("groups", lambda: Share.of(np.array([True, False, True, True]), groups=MASKED)),
        ("first", lambda: Paired.of(MASKED, np.arange(4))),
        ("second", lambda: Paired.of(np.arange(4), MASKED)),
        ("p_values", lambda: holm(MASKED)),
        ("inputs", lambda: NET(COLUMN)),
        ("upstream", lambda: NET.backward(TAPE, np.ma.ones((1, 4, 1)))),
        ("layer 0: weights", lambda: Network((np.ma.ones((1, 1, 1)),), NET.biases, actlab.tanh)),
        ("layer 0: biases", lambda: Network(NET.weights, (np.ma.ones((1, 1, 1)),), actlab.tanh)),
        (
            "layer 0: alpha",
            lambda: Network(NET.weights, NET.biases, actlab.tanh, actlab.prelu, ({"alpha": np.ma.ones((1, 1, 1))},)),
        ),
        ("x", lambda: gradient_descent(NET, COLUMN, PLAIN, learning_rate=0.1, steps=1)),
        ("y", lambda: gradient_descent(NET, PLAIN, COLUMN, learning_rate=0.1, steps=1)),
        ("x", lambda: fit(NET, COLUMN, PLAIN, epochs=1)),
        ("y", lambda: fit(NET, PLAIN, COLUMN, epochs=1)),
        ("validation: y", lambda: fit(NET, PLAIN, PLAIN, epochs=1, validation=(PLAIN, COLUMN))),
        ("learning_rate", lambda: SGD(MASKED)),
        ("sigma_w2", lambda: meanfield.fixed_point("tanh", sigma_w2=MASKED)),
        ("q", lambda: meanfield.chi("tanh", MASKED, sigma_w2=1.0)),
        ("elu: alpha", lambda: actlab.elu(np.zeros(4), alpha=MASKED)),
        ("relu", lambda: actlab.relu(MASKED)),
        ("relu", lambda: actlab.relu.value_and_derivative(MASKED)),
    ],
)  # fmt: skip
def test_a_masked_array_is_refused_because_its_mask_would_be_lost(label, call):
    with pytest.raises(TypeError, match=rf"^{label}: a masked array would lose its mask; pass .*filled"):
        call()


@pytest.mark.parametrize(("wrong", "kind"), [(["1", "2"], "<U1"), ([1j, 2], "complex128"), ([None, 1.0], "object")])
def test_what_is_not_real_is_refused(wrong, kind):
    for call in (Mean.of, Quantile.of, holm, lambda x: real_array("values", x)):
        with pytest.raises(TypeError, match=rf"values must be real numbers; got an array of dtype {kind}"):
            call(wrong)
    assert real_array("values", [True, False]).tolist() == [1.0, 0.0]
