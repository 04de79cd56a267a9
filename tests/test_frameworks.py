"""Agreement with the installed Keras, wherever a record says that Keras has the function too.

The formulas check how a function is computed; only a comparison with others can show that another function was declared
than the one that everybody calls by this name, or another default.
"""

import inspect

import numpy as np
import pytest

import actlab
from actlab import tf
from actlab.core import Elementwise
from tests.cases import ELEMENTWISE, VECTORWISE

# Where Keras starts from another value than actlab, whose defaults are those of JAX and PyTorch.
KERAS_DEFAULTS = {("leaky_relu", "negative_slope"): 0.2}

# Defaults that Keras cannot confirm: those of jax.nn.leaky_relu and torch.nn.functional.leaky_relu, and the start that
# He et al. (2015) and torch.nn.PReLU give the learnable slope; those of torch.nn.functional.rrelu; and of a threshold,
# for which Keras and PyTorch ask, those that make it a ReLU. Of what none of them has: the beta that Shazeer (2020)
# leaves out, and the fewest pieces of which one can be larger.
OTHER_DEFAULTS = {
    ("leaky_relu", "negative_slope"): 0.01,
    ("prelu", "alpha"): 0.25,
    ("rrelu", "lower"): 1 / 8,
    ("rrelu", "upper"): 1 / 3,
    ("threshold", "threshold"): 0.0,
    ("threshold", "default_value"): 0.0,
    ("swiglu", "beta"): 1.0,
    ("maxout", "pieces"): 2,
}

# Slopes at a kink that Keras has otherwise than actlab, PyTorch and JAX: of selu that of the other side; of celu, whose
# slope is 1 on both sides, the sum of both.
KERAS_SLOPES = {"selu": {0.0: 1.0507009873554805}, "celu": {0.0: 2.0}}

# Far from the precision of float64, because TensorFlow rounds some constants to float32 first, and far below any
# difference in what is computed.
TOLERANCE = {"rtol": 1e-6, "atol": 1e-9}

KNOWN = [record for record in actlab.ACTIVATIONS.values() if record.keras]
each_known = pytest.mark.parametrize("record", KNOWN, ids=repr)
each_known_case = pytest.mark.parametrize("case", [case for case in ELEMENTWISE if case.keras], ids=repr)
each_known_vector_case = pytest.mark.parametrize("case", [case for case in VECTORWISE if case.keras], ids=repr)


def theirs(case):
    """Return the function that Keras has under the record's name for it."""
    return getattr(tf.keras().activations, case.keras)


def asked_for(record):
    """Return the values of the parameters that have no default in Keras."""
    accepted = inspect.signature(theirs(record)).parameters
    return {name: record.values[name] for name in record.values if name in accepted and is_required(accepted[name])}


def is_required(parameter):
    """Say whether a parameter of a function has no default."""
    return parameter.default is inspect.Parameter.empty


def bound(case):
    """Return the case's parameters that Keras has too; skip the test where Keras has them fixed to other values."""
    accepted = inspect.signature(theirs(case)).parameters
    fixed = {name: value for name, value in case.values.items() if name not in accepted}
    if any(value != case.parameters[name].default for name, value in fixed.items()):
        pytest.skip(f"Keras' {case.keras} has no {', '.join(fixed)}")
    return {name: value for name, value in case.values.items() if name in accepted}


def gradient(function, x):
    """Return the derivative by TensorFlow's automatic differentiation."""
    tf.keras()
    import tensorflow

    x = tensorflow.constant(x, dtype=tensorflow.float64)
    with tensorflow.GradientTape() as tape:
        tape.watch(x)
        total = tensorflow.reduce_sum(function(x))
    return tape.gradient(total, x).numpy()


def ordinary(case):
    """Return points that are no kink, and where no textbook formula has lost its digits."""
    x = np.linspace(-5, 8, 131) + 1 / 300
    return x[~np.isin(x, list(case.kinks))]


@pytest.mark.parametrize("record", [r for r in actlab.ACTIVATIONS.values() if r.parameters], ids=repr)
def test_every_default_is_that_of_keras_or_stated_here(record):
    accepted = inspect.signature(theirs(record)).parameters if record.keras else {}
    for name, param in record.parameters.items():
        if (record.name, name) in OTHER_DEFAULTS:
            assert param.default == OTHER_DEFAULTS[record.name, name]
            theirs_default = KERAS_DEFAULTS.get((record.name, name), inspect.Parameter.empty)
            assert name not in accepted or accepted[name].default == theirs_default != param.default
        elif name in accepted:
            assert accepted[name].default == param.default
        else:
            # Keras has the parameter fixed: the values show to what.
            x = np.array([-1.5, 0.5])
            np.testing.assert_allclose(theirs(record)(x), record(x), **TOLERANCE)


def test_only_the_slope_of_leaky_relu_starts_from_another_value():
    for (name, parameter), default in KERAS_DEFAULTS.items():
        record = actlab.get(name)
        assert record.parameters[parameter].default != default
        x = np.array([-3.0, 2.0])
        np.testing.assert_allclose(theirs(record)(x), record(x, **{parameter: default}), **TOLERANCE)
        assert not np.allclose(theirs(record)(x), record(x), rtol=0.1)


@each_known
def test_without_parameters_both_compute_the_same(record):
    different = {parameter: value for (name, parameter), value in KERAS_DEFAULTS.items() if name == record.name}
    x = np.linspace(-5, 8, 132).reshape(11, 12)
    np.testing.assert_allclose(theirs(record)(x, **asked_for(record)), record(x, **different), **TOLERANCE)


@each_known_case
def test_values_agree(case):
    x = ordinary(case)
    np.testing.assert_allclose(theirs(case)(x, **bound(case)), case(x), **TOLERANCE)


@each_known_case
def test_derivatives_agree(case):
    x, parameters = ordinary(case), bound(case)
    np.testing.assert_allclose(gradient(lambda x: theirs(case)(x, **parameters), x), case.derivative(x), **TOLERANCE)


@each_known_case
def test_values_and_derivatives_at_a_kink_agree(case):
    x, parameters = np.array(list(case.kinks)), bound(case)
    np.testing.assert_allclose(theirs(case)(x, **parameters), case(x), **TOLERANCE)
    slopes = [KERAS_SLOPES.get(case.name, {}).get(kink, case.derivative(kink)) for kink in case.kinks]
    np.testing.assert_allclose(gradient(lambda x: theirs(case)(x, **parameters), x), slopes, **TOLERANCE)


def test_where_keras_has_another_slope_it_is_that_of_the_other_side_or_wrong():
    for name, slopes in KERAS_SLOPES.items():
        record = actlab.get(name)
        for kink, slope in slopes.items():
            left, right = record.derivative(np.nextafter(kink, [-np.inf, np.inf]))
            assert record.derivative(kink) == pytest.approx({"left": left, "right": right}[record.kinks[kink]])
            assert slope == (left + right if left == right else right)


@pytest.mark.parametrize("axis", [0, 1])
@each_known_vector_case
def test_vector_outputs_and_products_agree(case, axis):
    z = np.random.default_rng(0).normal(size=(4, 6))
    g = np.random.default_rng(1).normal(size=case(z, axis=axis).shape)
    np.testing.assert_allclose(theirs(case)(z, axis=axis), case(z, axis=axis), **TOLERANCE)
    product = gradient(lambda z: theirs(case)(z, axis=axis) * g, z)
    np.testing.assert_allclose(product, case.vjp(z, g, axis=axis), **TOLERANCE)


def test_sparsemax_has_no_twin_because_that_of_keras_is_wrong():
    # It adds up the running sums of the largest scores where only the last is meant (keras-team/keras issue 23425).
    # Once this fails, the installed Keras is mended, and the record can name its function.
    z = np.array([0.5, 0.4])
    assert actlab.sparsemax.keras is None
    assert actlab.sparsemax(z).sum() == pytest.approx(1)
    assert float(np.sum(tf.keras().activations.sparsemax(z))) == pytest.approx(0.5)


# --- actlab.tf.twin ---------------------------------------------------------------------------------------------------


@each_known_case
def test_a_twin_has_the_parameters_of_its_record(case):
    x = ordinary(case)
    bound(case)
    np.testing.assert_allclose(tf.twin(case)(x), case(x), **TOLERANCE)


@each_known_case
def test_a_twin_is_refused_where_keras_has_the_parameter_fixed(case):
    accepted = inspect.signature(theirs(case)).parameters
    other = [name for name, value in case.values.items() if value != case.parameters[name].default]
    if any(name not in accepted for name in other):
        with pytest.raises(ValueError, match=f"Keras' {case.keras} has no parameter {other[0]}; got"):
            tf.twin(case)


def test_a_twin_that_keras_does_not_have_is_refused():
    unknown = [record for record in actlab.ACTIVATIONS.values() if not record.keras]
    assert any(isinstance(record, Elementwise) for record in unknown)
    for record in unknown:
        with pytest.raises(ValueError, match=f"Keras has no twin of {record.name}.*these have one: ") as caught:
            tf.twin(record)
        assert all(known.name in str(caught.value) for known in KNOWN)
