"""Laws that hold for every input: monotonicity, symmetries, identities, derivatives as limits of differences.

Which activation obeys which law is asked of the exact formula at a few points, not written down here; hypothesis then
looks for an input at which the implementation breaks it.
"""

import itertools
from fractions import Fraction
from functools import cache

import mpmath
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import actlab
from actlab import formulas
from tests.cases import (
    ELEMENTWISE,
    LARGEST,
    ORDERS,
    SMALLEST,
    VECTORWISE,
    each_elementwise,
    each_order,
    each_vectorwise,
    evaluator,
    exact,
    fitting,
)

EPSILON = np.finfo(np.float64).eps
PROBES = [-7.3, -1.9, -0.6, -0.1, 0.1, 0.6, 1.9, 7.3]

numbers = st.floats(allow_nan=False)
finite = st.floats(allow_nan=False, allow_infinity=False)
moderate = st.floats(-50, 50)
scores = arrays(np.float64, st.integers(1, 6), elements=moderate)


def at_probes(case, order=0):
    """Return exact values at the probes, which lie symmetrically."""
    return formulas.exact(case, PROBES, order)


def chosen(law):
    """List the elementwise cases whose exact values obey a law."""
    return pytest.mark.parametrize("case", [case for case in ELEMENTWISE if law(case)], ids=repr)


# --- Monotonicity and range -------------------------------------------------------------------------------------------


def rises(case):
    """Say whether f' is nowhere negative, up to f's jumps, which all go up."""
    _, slopes = exact(case, 1)
    _, values = exact(case, 0)
    return min(slopes) >= 0 and sorted(values) == values


@chosen(rises)
@given(x=numbers, y=numbers)
def test_a_function_that_rises_never_falls(case, x, y):
    low, high = sorted((x, y))
    assert case(low) <= case(high)


def crowd(size=50_000):
    """Return finite numbers: half of them any pattern of bits, half of a size at which the functions bend."""
    random = np.random.default_rng(0)
    x = random.integers(0, 2**64, size, dtype=np.uint64).view(np.float64)
    return np.concatenate([x[np.abs(x) < LARGEST], random.normal(0, 4, size)])


@chosen(rises)
def test_a_function_that_rises_does_not_fall_between_neighbours(case):
    x = crowd()
    low, high = case(x), case(np.nextafter(x, np.inf))
    # What is rounded in several places, one up and another down, may fall by as much.
    rounded_often = case.name in ("squareplus", "tanh_shrink") or (case.name == "softplus" and case != actlab.softplus)
    allowed = 2 * np.spacing(np.minimum(np.abs(low), LARGEST)) if rounded_often else 0
    fallen = low - allowed > high
    assert not fallen.any(), x[fallen][0]


@cache
def bounds(case):
    """Return what no value may go below or above: the least and the greatest exact value on the grid of points.

    An extreme inside the grid is met only nearly, within the grid's finest step: there a little more is allowed.
    """
    _, values = exact(case, 0)
    low, high = values.index(min(values)), values.index(max(values))
    slack = [0 if index in (0, len(values) - 1) else 1e-8 for index in (low, high)]
    return float(values[low]) - slack[0], float(values[high]) + slack[1]


@each_elementwise
@given(x=numbers)
def test_values_stay_in_the_range_of_the_formula(case, x):
    low, high = bounds(case)
    # Beyond the largest number lies the limit, which another test knows.
    assert low <= case(x) <= high or (abs(x) == np.inf and abs(case(x)) in (0, np.inf))


@given(x=numbers)
def test_gates_and_sigmoids_do_not_exceed_what_they_gate(x):
    assert 0 <= actlab.sigmoid(x) <= 1
    assert abs(actlab.tanh(x)) <= min(abs(x), 1)
    for gate in (actlab.silu, actlab.gelu, actlab.gelu_tanh, actlab.gelu_sigmoid):
        assert abs(gate(x)) <= abs(x)


# --- Symmetry ---------------------------------------------------------------------------------------------------------


@cache
def parity(case, order):
    """Return 1 where the order-th derivative is even, -1 where it is odd, 0 otherwise."""
    values = at_probes(case, order)
    with mpmath.workdps(45):
        for sign in (1, -1):
            if all(
                abs(a - sign * b) <= abs(a) * mpmath.mpf(10) ** -40 for a, b in zip(values, values[::-1], strict=True)
            ):
                return sign
    return 0


SYMMETRIC = [(case, order) for case, order in itertools.product(ELEMENTWISE, ORDERS) if parity(case, order)]


@pytest.mark.parametrize(("case", "order"), SYMMETRIC)
@given(x=finite)
def test_a_symmetry_holds_to_the_last_bit(case, order, x):
    assume(x not in case.kinks)
    f = evaluator(case, order)
    assert f(-x) == parity(case, order) * f(x)


@pytest.mark.parametrize(("case", "order"), SYMMETRIC)
def test_a_symmetry_holds_in_a_crowd(case, order):
    x = np.setdiff1d(crowd(), [*case.kinks, *(-kink for kink in case.kinks)])
    f = evaluator(case, order)
    np.testing.assert_array_equal(f(-x), parity(case, order) * f(x))


def test_the_symmetries_are_found():
    assert parity(actlab.tanh, 0) == parity(actlab.sigmoid, 2) == parity(actlab.gaussian, 1) == -1
    assert parity(actlab.gaussian, 0) == parity(actlab.sigmoid, 1) == parity(actlab.gelu, 2) == 1
    assert parity(actlab.sigmoid, 0) == parity(actlab.gelu, 0) == parity(actlab.elu, 0) == 0


# --- Identities -------------------------------------------------------------------------------------------------------


def gates(case):
    """Say whether f(x) - f(-x) = x: x times a share, and -x times the rest."""
    values = at_probes(case)
    with mpmath.workdps(45):
        return all(
            abs(a - b - mpmath.mpf(x)) < mpmath.mpf(10) ** -40
            for x, a, b in zip(PROBES, values, values[::-1], strict=True)
        )


@chosen(gates)
@given(x=finite)
def test_the_shares_of_a_gate_add_up(case, x):
    # What x adds to f(0) has the rounding of f(0), which is 0 for a gate proper: then |f(x)| <= |x|.
    largest = max(abs(x), abs(case(x)), abs(case(-x)))
    assert case(x) - case(-x) == pytest.approx(x, rel=0, abs=2 * EPSILON * largest + 2 * SMALLEST)
    assert case.derivative(x) + case.derivative(-x) == pytest.approx(1, rel=8 * EPSILON) or x in case.kinks


def test_the_gates_are_found():
    assert all(gates(case) for case in (actlab.relu, actlab.silu, actlab.gelu))
    assert not any(gates(case) for case in (actlab.tanh, actlab.leaky_relu, actlab.elu))


@given(x=numbers)
def test_sigmoid_of_both_signs_adds_to_one(x):
    assert actlab.sigmoid(x) + actlab.sigmoid(-x) == pytest.approx(1, rel=EPSILON)


@given(x=finite)
def test_sigmoid_and_tanh_are_one_curve(x):
    assert 2 * actlab.sigmoid(2 * x) - 1 == pytest.approx(actlab.tanh(x), abs=2 * EPSILON)


@given(x=finite, beta=st.floats(0.01, 100))
def test_beta_only_rescales_silu(x, beta):
    assume(abs(beta * x) < 700 and abs(x) > 1e-300)
    rescaled = actlab.silu(beta * x) / beta
    assert actlab.silu(x, beta=beta) == pytest.approx(rescaled, rel=EPSILON * (8 + abs(beta * x)), abs=1e-300)


@given(x=numbers, slope=st.floats(-5, 5))
def test_the_leaky_rectifiers_are_one_function(x, slope):
    np.testing.assert_array_equal(actlab.leaky_relu(x, negative_slope=slope), actlab.prelu(x, alpha=slope))


@given(x=finite)
def test_rectifiers_are_special_cases_of_each_other(x):
    assert actlab.relu(x) == actlab.leaky_relu(x, negative_slope=0) == actlab.elu(x, alpha=0)
    assert actlab.relu6(x) == actlab.relu(x) - actlab.relu(x - 6) or abs(x) > 6
    assert actlab.identity(x) == actlab.prelu(x, alpha=1) == x
    assert actlab.relu.derivative(x) == actlab.step(x)


# --- Derivatives as limits of differences -----------------------------------------------------------------------------


def difference(f, x, h):
    """Return the central difference with the step that the numbers really have."""
    return (f(x + h) - f(x - h)) / ((x + h) - (x - h))


@pytest.mark.parametrize("order", [1, 2])
@each_elementwise
@given(x=moderate)
def test_a_derivative_is_the_limit_of_differences(case, order, x):
    h = 2.0**-17 * max(1, abs(x))
    assume(all(abs(x - kink) > 2 * h for kink in case.kinks))
    slope = evaluator(case, order)(x)
    # The error of the difference: rounding of f over h, and a sixth of h^2 times the third derivative of f.
    (bend,) = formulas.exact(case, [x], order + 2, digits=5)
    allowed = 4 * EPSILON * (1 + abs(evaluator(case, order - 1)(x))) / h + h * h / 4 * abs(float(bend))
    assert difference(evaluator(case, order - 1), x, h) == pytest.approx(slope, abs=allowed)


@each_order
@chosen(lambda case: case.parameters and case is actlab.get(case.name))
@given(x=numbers, data=st.data())
def test_any_accepted_parameter_gives_a_number(case, order, x, data):
    for name, param in case.parameters.items():
        low, high = max(param.minimum, -1e300), min(param.maximum, 1e300)
        value = data.draw(st.floats(low, high, exclude_min=param.positive and low == 0), label=name)
        assert not np.isnan(evaluator(case, order)(x, **{name: value}))


# --- Vector activations -----------------------------------------------------------------------------------------------


def agree(one, other):
    """Say whether two lists of exact values agree."""
    with mpmath.workdps(45):
        return len(one) == len(other) and all(
            abs(a - b) <= (1 + abs(a)) * mpmath.mpf(10) ** -40 for a, b in zip(one, other, strict=True)
        )


def vectors_that(law):
    """List the vector cases whose exact values obey a law."""
    return pytest.mark.parametrize("case", [case for case in VECTORWISE if law(case)], ids=repr)


PROBE = [0.5, -1.25, 0.75, 0.25]


def gives_probabilities(case):
    """Say whether the outputs are not negative, and sum to 1."""
    values = formulas.exact_vector(case, PROBE)
    with mpmath.workdps(45):
        return min(values) >= 0 and agree([mpmath.fsum(values)], [1])


def ignores_shifts(case):
    """Say whether a number added to all entries changes nothing."""
    return agree(formulas.exact_vector(case, [entry + 8 for entry in PROBE]), formulas.exact_vector(case, PROBE))


def treats_entries_alike(case):
    """Say whether the outputs of a vector turned round are the outputs turned round."""
    return agree(formulas.exact_vector(case, PROBE[::-1]), formulas.exact_vector(case, PROBE)[::-1])


def test_the_laws_of_vectors_are_found():
    def named(law):
        return {case.name for case in VECTORWISE if law(case)}

    assert named(gives_probabilities) == {"softmax", "softmin", "sparsemax"}
    assert named(ignores_shifts) == {"softmax", "softmin", "log_softmax", "sparsemax"}
    assert named(treats_entries_alike) == {"softmax", "softmin", "log_softmax", "sparsemax", "maxout"}


@vectors_that(gives_probabilities)
@given(z=arrays(np.float64, st.integers(1, 40), elements=st.one_of(finite, moderate, st.floats(-1, 1))))
def test_probabilities_sum_to_one_in_the_order_of_the_scores(case, z):
    y = case(z)
    assert ((y >= 0) & (y <= 1)).all()
    assert y.sum() == pytest.approx(1, abs=(2 + len(z)) * EPSILON)
    order = np.argsort(-z if case is actlab.softmin else z, kind="stable")
    assert (np.diff(y[order]) >= 0).all()


@vectors_that(ignores_shifts)
@given(z=scores, shift=st.floats(-1e3, 1e3))
def test_a_common_shift_changes_nothing(case, z, shift):
    # Rounding of the shifted scores changes a share by that much of itself, and a threshold by that much.
    allowed = 8 * EPSILON * (100 + abs(shift))
    np.testing.assert_allclose(
        case(z + shift), case(z), rtol=allowed, atol=allowed * (case in (actlab.log_softmax, actlab.sparsemax))
    )
    np.testing.assert_allclose(case.vjp(z, z) @ np.ones(len(z)), 0, atol=8 * EPSILON * (1 + np.abs(z).sum()) * len(z))


@vectors_that(treats_entries_alike)
@given(z=scores, data=st.data())
def test_the_order_of_the_entries_does_not_matter(case, z, data):
    # Of the groups that maxout forms, only the order within each does not matter.
    groups = fitting(case, z).reshape(case.outputs(len(fitting(case, z))), -1)
    if groups.shape[1] == 1:
        order = data.draw(st.permutations(range(len(z))))
        np.testing.assert_allclose(case(z[order]), case(z)[order], rtol=8 * EPSILON, atol=8 * EPSILON)
    else:
        order = data.draw(st.permutations(range(groups.shape[1])))
        np.testing.assert_array_equal(case(groups[:, order].ravel()), case(groups.ravel()))


quarters = st.lists(st.integers(-600, 600), min_size=1, max_size=8).map(lambda numbers: np.array(numbers) / 256)


@given(z=quarters, g=st.integers(1, 9))
@example(z=np.array([1.0, 0.0]), g=1)
@example(z=np.array([0.25, 0.25, -0.25, -0.25]), g=1)
def test_the_support_of_sparsemax_is_exact(z, g):
    # Sums of these scores are exact, so that no rounding excuses a wrong support.
    falling = sorted((Fraction(entry) for entry in z.tolist()), reverse=True)
    count = max(k for k in range(1, len(z) + 1) if 1 + k * falling[k - 1] > sum(falling[:k]))
    threshold = (sum(falling[:count]) - 1) / count
    positive = np.array([Fraction(entry) > threshold for entry in z.tolist()])
    np.testing.assert_array_equal(actlab.sparsemax(z) > 0, positive)
    expected = (np.eye(len(z)) - 1 / count) * positive * positive[:, np.newaxis]
    np.testing.assert_allclose(actlab.sparsemax.vjp(np.tile(z, (len(z), 1)), g * np.eye(len(z))), g * expected)


@given(z=arrays(np.float64, st.integers(1, 6), elements=finite))
def test_softmin_is_softmax_of_the_negated_scores(z):
    np.testing.assert_array_equal(actlab.softmin(z), actlab.softmax(-z))


@given(pairs=arrays(np.float64, st.tuples(st.just(2), st.integers(1, 6)), elements=finite), beta=st.floats(0.1, 10))
def test_linear_units_are_products_with_their_gates(pairs, beta):
    a, b = pairs
    with np.errstate(all="ignore"):
        glu, swiglu = a * actlab.sigmoid(b), actlab.silu(a, beta=beta) * b
        # Where a factor loses no digits on the way to a subnormal number or to infinity.
        whole = np.abs([glu, swiglu, actlab.sigmoid(b), actlab.silu(a, beta=beta)]) > 1e-290
        near = whole[[1, 3]].all(axis=0) & (np.abs(beta * a) < 50)
    z = pairs.ravel()
    open_ = whole[[0, 2]].all(axis=0)
    np.testing.assert_allclose(actlab.glu(z)[open_], glu[open_], rtol=8 * EPSILON)
    np.testing.assert_allclose(actlab.swiglu(z, beta=beta)[near], swiglu[near], rtol=64 * EPSILON)


@given(z=arrays(np.float64, st.integers(1, 6).map(lambda n: 6 * n), elements=numbers))
def test_maxout_of_pieces_is_maxout_of_maxout(z):
    np.testing.assert_array_equal(actlab.maxout(z, pieces=6), actlab.maxout(actlab.maxout(z, pieces=3), pieces=2))
    np.testing.assert_array_equal(actlab.maxout(z, pieces=1), z)
    np.testing.assert_array_equal(actlab.maxout(np.stack([z, 0 * z.clip(-1, 1)], axis=-1)).ravel(), actlab.relu(z))


@given(x=moderate)
@example(40.0)
def test_sigmoid_is_softmax_of_two(x):
    assert actlab.softmax([x, 0])[0] == pytest.approx(actlab.sigmoid(x), rel=4 * EPSILON)
    slope = actlab.sigmoid.derivative(x)
    np.testing.assert_allclose(actlab.softmax.jacobian([x, 0]), [[slope, -slope], [-slope, slope]], rtol=16 * EPSILON)
    assert actlab.log_softmax.jacobian([x, 0])[0, 0] == pytest.approx(actlab.sigmoid(-x), rel=16 * EPSILON)


@given(z=scores)
def test_log_softmax_is_the_logarithm_of_softmax(z):
    np.testing.assert_allclose(np.exp(actlab.log_softmax(z)), actlab.softmax(z), rtol=1e-13)
    np.testing.assert_allclose(actlab.log_softmax(z), np.log(actlab.softmax(z)), rtol=1e-13, atol=4 * EPSILON)
    assert (actlab.log_softmax(z) <= 0).all()


@each_vectorwise
@given(z=scores, data=st.data())
def test_the_product_is_g_times_the_jacobian(case, z, data):
    z = fitting(case, z)
    g = data.draw(arrays(np.float64, case.outputs(len(z)), elements=moderate))
    size = 1 + np.abs(g).sum() * (1 + (np.abs(z).max() if case.family == "merging" else 0))
    np.testing.assert_allclose(case.vjp(z, g), g @ case.jacobian(z), atol=32 * EPSILON * size)


@each_vectorwise
@given(z=scores)
def test_the_jacobian_is_the_limit_of_differences(case, z):
    z = fitting(case, z)
    h = 2.0**-17 * (1 + np.abs(z).max()) / (1 + case.values.get("beta", 0.0))
    steps = h * np.eye(len(z))
    slopes = case.jacobian(z)
    if case.name in ("sparsemax", "maxout"):
        assume((case.jacobian(z + 2 * steps) == slopes).all() and (case.jacobian(z - 2 * steps) == slopes).all())
    columns = (case(z + steps) - case(z - steps)) / (2 * h)
    # The second factor of the linear units enlarges the error of the difference.
    np.testing.assert_allclose(slopes, columns.T, atol=1e-8 * (1 + np.abs(z).max() ** 2 * (case.family == "merging")))
