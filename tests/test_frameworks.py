"""Agreement with Keras, and with PyTorch and JAX where these are installed, wherever a record gives their name for it.

The formulas check how a function is computed; only a comparison with others can show that another function was declared
than the one that everybody calls by this name, or another default. What a framework does otherwise the record declares
as well, and the declaration must be seen to be true.
"""

import numpy as np
import pytest

import actlab
from actlab import calls, catalogue, peers, tf
from actlab.core import Difference, Elementwise, Vectorwise
from tests.cases import ELEMENTWISE, VECTORWISE, each_record

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

# Far from the precision of float64, because the frameworks round some constants to float32 first, and far below any
# difference in what is computed.
TOLERANCE = {"rtol": 1e-6, "atol": 1e-9}

# What the frameworks have beside activations, and what is no function of one number or of one vector.
NO_ACTIVATION = {
    "keras": {"deserialize", "get", "serialize"},
    "torch": {"MultiheadAttention", "Softmax2d"},  # a layer with weights; a softmax over the channels of images
    "jax": {
        "dot_product_attention", "get_scaled_dot_general_config", "initializers", "log1mexp", "logmeanexp", "logsumexp",
        "one_hot", "scaled_dot_general", "scaled_matmul", "standardize",
    },
}  # fmt: skip


def pairs(records):
    """List (framework, record) for every name that the records give, as parameters of a test."""
    return [
        pytest.param(framework, record, id=f"{framework}-{record}")
        for framework in calls.FRAMEWORKS
        for record in records
        if calls.declared(record, framework)
    ]


each_framework = pytest.mark.parametrize("framework", calls.FRAMEWORKS)
each_known = pytest.mark.parametrize(("framework", "record"), pairs(actlab.ACTIVATIONS.values()))
each_known_case = pytest.mark.parametrize(("framework", "case"), pairs(ELEMENTWISE))
each_known_vector_case = pytest.mark.parametrize(("framework", "case"), pairs(VECTORWISE))
each_difference = pytest.mark.parametrize(
    ("framework", "record"),
    [pytest.param(framework, r, id=f"{framework}-{r}") for r in actlab.ACTIVATIONS.values() for framework in r.differs],
)
each_twin = pytest.mark.parametrize("case", [case for case in ELEMENTWISE if case.keras], ids=repr)


@pytest.fixture(autouse=True)
def installed(request):
    """Skip a test for a framework that is not there; Keras is never missing."""
    framework = request.node.callspec.params.get("framework") if hasattr(request.node, "callspec") else None
    if framework in ("torch", "jax"):
        pytest.importorskip(framework, reason=f"{calls.FRAMEWORKS[framework]} is optional and not installed")


def theirs(framework, case, order=0):
    """Return the framework's function or derivative; skip the test where it has a parameter fixed, or no derivative."""
    try:
        return peers.function(framework, case, order=order)
    except ValueError as error:
        if "has no parameter" in str(error) or (order == 2 and "has no derivative" in str(error)):
            pytest.skip(str(error))
        raise


def bare(framework, record):
    """Return the framework's function with its own defaults; but PyTorch's default is no axis to be mapped along."""
    call = calls.declared(record, framework)
    axis = {"dim": -1} if framework == "torch" and isinstance(record, Vectorwise) else {}
    return peers.derivative(framework, peers.called(framework, call.path, {**axis, **call.constants}), 0)


def ordinary(case):
    """Return points that are no kink, and where no textbook formula has lost its digits."""
    x = np.linspace(-5, 8, 131) + 1 / 300
    return x[~np.isin(x, list(case.kinks))]


# --- The same function ------------------------------------------------------------------------------------------------


@each_known_case
def test_values_agree(framework, case):
    x = ordinary(case)
    np.testing.assert_allclose(theirs(framework, case)(x), case(x), **TOLERANCE)


@each_known_case
def test_derivatives_agree(framework, case):
    x = ordinary(case)
    np.testing.assert_allclose(theirs(framework, case, 1)(x), case.derivative(x), **TOLERANCE)


@each_known_case
def test_second_derivatives_agree(framework, case):
    x = ordinary(case)
    # A root of f'' does not lie where it did when a constant has been rounded to float32, which is 6e-8.
    np.testing.assert_allclose(theirs(framework, case, 2)(x), case.second_derivative(x), rtol=1e-6, atol=6e-8)


@each_known_case
def test_values_and_slopes_at_a_kink_agree_or_are_declared(framework, case):
    x = np.array(list(case.kinks))
    np.testing.assert_allclose(theirs(framework, case)(x), case(x), **TOLERANCE)
    declared = case.differs[framework].slopes if framework in case.differs else {}
    slopes = [declared.get(kink, case.derivative(kink)) for kink in case.kinks]
    np.testing.assert_allclose(theirs(framework, case, 1)(x), slopes, **TOLERANCE)


@each_known_vector_case
@pytest.mark.parametrize("axis", [0, 1])
def test_vector_outputs_and_products_agree(framework, case, axis):
    # A new axis to map along comes last here; what the framework maps along another is its own affair.
    z = np.random.default_rng(0).normal(size=(4, 6))
    shape = case(z, axis=axis).shape
    g = np.random.default_rng(1).normal(size=shape)
    mapped = np.moveaxis(theirs(framework, case)(np.moveaxis(z, axis, -1)), -1, axis)
    np.testing.assert_allclose(mapped, case(z, axis=axis), **TOLERANCE)

    native, weights = peers.native(framework, case), np.moveaxis(g, axis, -1)
    if framework == "torch":
        import torch

        weights = torch.tensor(weights)
    product = peers.derivative(framework, lambda z: native(z) * weights, 1)(np.moveaxis(z, axis, -1))
    np.testing.assert_allclose(np.moveaxis(product, -1, axis), case.vjp(z, g, axis=axis), **TOLERANCE)


# --- The same defaults and parameters ---------------------------------------------------------------------------------


@each_known
def test_without_parameters_both_compute_the_same_or_it_is_declared(framework, record):
    x = np.linspace(-5, 8, 132).reshape(11, 12)
    path = calls.declared(record, framework).path
    if framework in record.differs and path in record.differs[framework].values:
        x = x[np.abs(x) > 8]  # seen in the tests of differences
    try:
        result = bare(framework, record)(x)
    except TypeError as error:
        assert "required" in str(error) or "missing" in str(error)  # a parameter that has no default
    else:
        np.testing.assert_allclose(result, record(x), **TOLERANCE)


@pytest.mark.parametrize(("name", "parameter"), OTHER_DEFAULTS)
def test_a_default_that_keras_does_not_have_is_that_of_the_others(name, parameter):
    assert actlab.get(name).parameters[parameter].default == OTHER_DEFAULTS[name, parameter]


@each_known
def test_every_parameter_that_both_have_is_passed(framework, record):
    call = calls.declared(record, framework)
    assert set(call.takes.values()) <= set(record.parameters)
    for parameter in call.missing(record):
        # Compiled functions have no signature to look at.
        arguments = {**call.arguments(record), parameter: record.values[parameter]}
        f = peers.derivative(framework, peers.called(framework, call.path, arguments), 0)
        with pytest.raises(TypeError):
            f(np.array([[0.5, 0.25]]))
            pytest.fail(f"{framework} takes {parameter}: write it into the name that {record.name} gives")


# --- What is declared to differ ---------------------------------------------------------------------------------------


@each_difference
def test_a_value_that_is_declared_to_differ_does(framework, record):
    for name, values in record.differs[framework].values.items():
        call = calls.parse(name)
        f = peers.derivative(framework, peers.called(framework, call.path, dict(call.constants)), 0)
        for x, value in values.items():
            found = f(np.array([[x]])).item()
            if value is None:
                assert f(np.array([[x]])).item() != found
            else:
                assert found == pytest.approx(value, rel=1e-12, abs=0)
                assert abs(found - record(x)) > 1e-11


@each_difference
def test_a_slope_that_is_declared_to_differ_does(framework, record):
    for x, slope in record.differs[framework].slopes.items():
        assert theirs(framework, record, 1)(np.array([x])).item() == pytest.approx(slope, rel=1e-12, abs=0)
        assert abs(slope - record.derivative(x)) > 1e-9


def test_a_difference_that_nothing_shows_is_refused():
    with pytest.raises(ValueError, match=r"needs values or slopes.*'it feels different'"):
        Difference("it feels different")


@each_record
def test_a_difference_is_one_of_a_framework(record):
    assert set(record.differs) <= set(calls.FRAMEWORKS)


# --- No function is missing -------------------------------------------------------------------------------------------


def offered(framework):
    """List the names that a framework gives its activations."""
    if framework == "keras":
        return [name for name in dir(tf.keras().activations) if not name.startswith("_")]
    if framework == "torch":
        import torch

        return torch.nn.modules.activation.__all__
    import jax

    return [name for name in dir(jax.nn) if not name.startswith("_")]


@each_framework
def test_every_activation_of_the_framework_is_registered(framework):
    # GELU and gelu, LeakyReLU and leaky_relu are the same name to a reader.
    known = {name.replace("_", "").lower() for name in actlab.names(aliases=True)}
    listed = [name for name in offered(framework) if name not in NO_ACTIVATION[framework]]
    assert len(listed) > 20
    missing = [name for name in listed if name.replace("_", "").lower() not in known]
    assert missing == []


@each_framework
def test_every_name_that_is_no_activation_is_still_there(framework):
    assert set(offered(framework)) >= NO_ACTIVATION[framework]


@each_known
def test_a_function_is_found_by_the_name_it_has_elsewhere(framework, record):
    call = calls.declared(record, framework)
    last = call.path.rpartition(".")[2]
    if call.constants or last in ("exp", "Identity"):
        return  # one name for several functions; a name for more than activations; a layer's
    assert actlab.get(last) is record


# --- How a name is read -----------------------------------------------------------------------------------------------


def test_a_name_may_pass_constants_and_parameters():
    call = calls.parse("nn.functional.f(lambd=threshold, approximate='tanh', beta=beta, n=-2)")
    assert call.path == "nn.functional.f"
    assert call.constants == {"approximate": "tanh", "n": -2}
    assert call.takes == {"lambd": "threshold", "beta": "beta"}
    assert str(call) == "nn.functional.f(approximate='tanh', n=-2, lambd=threshold)"


def test_a_name_passes_arguments_by_keyword():
    with pytest.raises(ValueError, match=r"by keyword; got 'elu\(alpha\)'"):
        calls.parse("elu(alpha)")


def test_an_unknown_framework_is_refused():
    with pytest.raises(ValueError, match="unknown framework 'theano'; known are keras, torch, jax"):
        peers.function("theano", "relu")


@each_framework
def test_a_parameter_that_the_framework_has_fixed_is_refused(framework):
    with pytest.raises(ValueError, match=r"silu has no parameter beta; got silu\(beta=2\.0\)"):
        peers.function(framework, actlab.silu.with_params(beta=2.0))


def test_a_derivative_that_the_framework_does_not_have_is_refused():
    with pytest.raises(ValueError, match="Keras has no derivative of order 2 of softsign"):
        peers.function("keras", "softsign", order=2)


@pytest.mark.parametrize(("name", "order", "accepted"), [("relu", 3, "0, 1 or 2"), ("softmax", 1, "0")])
def test_an_order_that_there_is_not_is_refused(name, order, accepted):
    with pytest.raises(ValueError, match=f"{name}: order must be {accepted}; got {order}"):
        peers.function("keras", name, order=order)


@each_framework
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_the_framework_computes_in_the_dtype_asked_for(framework, dtype):
    for order in (0, 1, 2):
        result = peers.function(framework, "sigmoid", dtype=dtype, order=order)([[0.1], [0.2]])
        assert result.dtype == dtype
        assert result.shape == (2, 1)
    # 1 - sigmoid(40) in its own precision: all three multiply sigmoid by it.
    slope = peers.function(framework, "sigmoid", dtype=dtype, order=1)
    lost = {np.float64: 40.0, np.float32: 20.0, np.float16: 10.0}[dtype]
    assert slope([lost]) == 0
    assert slope([lost / 3]) != 0


def test_the_versions_are_those_of_what_is_installed():
    import keras

    assert peers.versions()["keras"] == keras.__version__
    assert peers.frameworks()[0] == "keras"
    assert set(peers.frameworks()) <= set(calls.FRAMEWORKS)


# --- As a table -------------------------------------------------------------------------------------------------------


def test_the_table_has_the_names_and_the_differences():
    rows = {row[0].strip("`"): row[1:] for row in catalogue.frameworks().rows}
    assert list(rows) == list(actlab.names())
    assert rows["gelu_tanh"][0].split("<br>") == [
        "Keras `gelu(approximate=True)`", "PyTorch `F.gelu(approximate='tanh')`", "JAX `nn.gelu(approximate=True)`"
    ]  # fmt: skip
    assert rows["step"] == ("", "")
    assert "Keras: `beta` is fixed<br>PyTorch: beyond a threshold of 20" in rows["softplus"][1]
    for record in actlab.ACTIVATIONS.values():
        assert all(difference.text in rows[record.name][1] for difference in record.differs.values())


def test_the_table_may_show_some_families():
    named = [row[0].strip("`") for row in catalogue.frameworks("hard", "bump").rows]
    assert named == [r.name for r in actlab.ACTIVATIONS.values() if r.family in ("hard", "bump")]


def test_sparsemax_has_no_twin_because_that_of_keras_is_wrong():
    # It adds up the running sums of the largest scores where only the last is meant (keras-team/keras issue 23425).
    # Once this fails, the installed Keras is mended, and the record can name its function.
    z = np.array([0.5, 0.4])
    assert actlab.sparsemax.keras is None
    assert actlab.sparsemax(z).sum() == pytest.approx(1)
    assert float(np.sum(tf.keras().activations.sparsemax(z))) == pytest.approx(0.5)


# --- actlab.tf.twin ---------------------------------------------------------------------------------------------------


@each_twin
def test_a_twin_has_the_parameters_of_its_record(case):
    x = ordinary(case)
    theirs("keras", case)
    np.testing.assert_allclose(tf.twin(case)(x), case(x), **TOLERANCE)


@each_twin
def test_a_twin_is_refused_where_keras_has_the_parameter_fixed(case):
    fixed = calls.declared(case, "keras").missing(case)
    other = [name for name in fixed if case.values[name] != case.parameters[name].default]
    if other:
        with pytest.raises(ValueError, match=f"Keras' {case.keras} has no parameter {other[0]}; got"):
            tf.twin(case)


def test_a_twin_that_keras_does_not_have_is_refused():
    known = [record for record in actlab.ACTIVATIONS.values() if record.keras]
    unknown = [record for record in actlab.ACTIVATIONS.values() if not record.keras]
    assert any(isinstance(record, Elementwise) for record in unknown)
    for record in unknown:
        with pytest.raises(ValueError, match=f"Keras has no twin of {record.name}.*these have one: ") as caught:
            tf.twin(record)
        assert all(other.name in str(caught.value) for other in known)
