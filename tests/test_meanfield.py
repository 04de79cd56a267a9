"""Mean-field theory against closed forms, adaptive quadrature, published numbers and random networks."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, special, stats

import actlab
from actlab import meanfield
from actlab.core import Elementwise
from tests.cases import ELEMENTWISE

JUMPING = [case for case in ELEMENTWISE if case.name == "step" or case.name == "hard_shrink"]
JUMPING += [case for case in ELEMENTWISE if case.name == "threshold" and len(set(case.values.values())) == 2]
WITH_SLOPE = [case for case in ELEMENTWISE if case not in JUMPING]

ERF = Elementwise(
    name="erf",
    function=special.erf,
    formula="erf(x)",
    family="sigmoidal",
    df=lambda x: 2 / math.sqrt(math.pi) * np.exp(-x * x),
    d2f=lambda x: -4 / math.sqrt(math.pi) * x * np.exp(-x * x),
)
LENGTHS = (1e-6, 0.3, 1.0, 7.0, 4e4)
CORRELATIONS = (-1.0, -0.999, -0.4, 0.0, 0.25, 0.8, 0.999, 1 - 1e-9, 1.0)


def cho_saul(c):
    """E relu(u) relu(v) / q."""
    return (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))) / (2 * math.pi)


# E f(u) f(v) and E f'(u)^2 at the length q: Cho and Saul (2009) for the ReLU, Williams (1998) for erf.
CLOSED = {
    "identity": (actlab.identity, lambda q, c: q * c, lambda q: 1.0),
    "relu": (actlab.relu, lambda q, c: q * cho_saul(c), lambda q: 0.5),
    "leaky_relu": (
        actlab.leaky_relu.with_params(negative_slope=0.3),
        lambda q, c: q * (0.3 * c + 0.7**2 * cho_saul(c)),
        lambda q: (1 + 0.3**2) / 2,
    ),
    "erf": (
        ERF,
        lambda q, c: 2 / math.pi * math.asin(2 * q * c / (1 + 2 * q)),
        lambda q: 4 / math.pi / math.sqrt(1 + 4 * q),
    ),
    "gaussian": (
        actlab.gaussian,
        lambda q, c: 1 / math.sqrt((1 + 2 * q) ** 2 - (2 * q * c) ** 2),
        lambda q: 4 * q / (1 + 4 * q) ** 1.5,
    ),
    "exponential": (actlab.exponential, lambda q, c: math.exp(q * (1 + c)), lambda q: math.exp(2 * q)),
}
each_closed = pytest.mark.parametrize(
    ("name", "q"), [(name, q) for name in CLOSED for q in LENGTHS if name != "exponential" or q < 100]
)


# --- Closed forms -----------------------------------------------------------------------------------------------------


@each_closed
def test_lengths_and_slopes_have_their_closed_form(name, q):
    activation, product, slope = CLOSED[name]
    expected = 1.7 * product(q, 1.0) + 0.2
    assert meanfield.length_map(activation, q, sigma_w2=1.7, sigma_b2=0.2) == pytest.approx(expected, rel=1e-12, abs=0)
    assert meanfield.chi(activation, q, sigma_w2=1.7) == pytest.approx(1.7 * slope(q), rel=1e-12, abs=0)
    assert meanfield.gain(activation, q) == pytest.approx(math.sqrt(q / product(q, 1.0)), rel=1e-12)


@each_closed
def test_correlations_have_their_closed_form(name, q):
    activation, product, _ = CLOSED[name]
    expected = [(1.7 * product(q, c) + 0.2) / (1.7 * product(q, 1.0) + 0.2) for c in CORRELATIONS]
    measured = meanfield.correlation_map(activation, CORRELATIONS, q, sigma_w2=1.7, sigma_b2=0.2)
    assert measured == pytest.approx(expected, rel=0, abs=1e-12)
    assert measured[-1] == 1


def test_a_relu_with_biases_comes_to_the_sum_of_a_geometric_series():
    for sigma_w2, sigma_b2 in [(1.0, 0.3), (1.9, 1e-3), (1.999999, 2.0), (0.0, 0.5)]:
        q = meanfield.fixed_point("relu", sigma_w2=sigma_w2, sigma_b2=sigma_b2)
        assert q == pytest.approx(sigma_b2 / (1 - sigma_w2 / 2), rel=1e-9)


@pytest.mark.parametrize("weight", [0.01, 0.1, 0.18])
def test_exponential_has_two_fixed_points_and_the_start_decides(weight):
    # q = w e^(2 q) is solved by Lambert's function; the greater solution repels.
    near, far = (-special.lambertw(-2 * weight, branch).real / 2 for branch in (0, -1))
    for q0 in (1e-3, 0.999 * far):
        assert meanfield.fixed_point("exponential", sigma_w2=weight, q0=q0) == pytest.approx(near, rel=1e-12)
    assert meanfield.fixed_point("exponential", sigma_w2=weight, q0=1.001 * far) == math.inf


def test_the_depth_scale_of_lengths_is_that_of_the_formula_of_schoenholz():
    # chi_1 + sigma_w^2 E f'' f, by Gauss and Hermite's quadrature; tanh is smooth.
    found = meanfield.analyse("tanh", sigma_w2=1.3, sigma_b2=0.05)
    z, weights = np.polynomial.hermite_e.hermegauss(200)
    z = math.sqrt(found.q) * z
    bend = weights @ (actlab.tanh.second_derivative(z) * actlab.tanh(z)) / math.sqrt(2 * math.pi)
    assert found.xi_q == pytest.approx(-1 / math.log(found.chi1 + 1.3 * bend), rel=1e-9)


def test_the_depth_scale_of_lengths_is_right_at_a_kink():
    # The length map of the ReLU is sigma_w^2 q / 2 + sigma_b^2.
    assert meanfield.analyse("relu", sigma_w2=1.2, sigma_b2=0.1).xi_q == pytest.approx(-1 / math.log(0.6), rel=1e-9)


def test_the_depth_scale_of_lengths_is_seen_in_a_course():
    for activation in ("selu", "hard_tanh", "gaussian", "gelu", "softplus"):
        found = meanfield.analyse(activation, sigma_w2=0.9, sigma_b2=0.2)
        course = meanfield.course(activation, sigma_w2=0.9, sigma_b2=0.2, q0=1.001 * found.q, depth=3)
        factor = (course[2] - found.q) / (course[1] - found.q)
        assert -1 / math.log(abs(factor)) == pytest.approx(found.xi_q, rel=2e-3)


# --- An independent integrator ----------------------------------------------------------------------------------------


def mean_square(g, activation, q):
    """E g(x)^2 for a normal x of variance q, by adaptive quadrature between kinks and some fixed places."""
    reach = 12 * math.sqrt(q) + (2 * q if activation.name == "exponential" else 0)
    places = [*np.linspace(-reach, reach, 9), *activation.kinks, *(s * x for x in (0.01, 0.1, 1, 5) for s in (-1, 1))]
    ends = sorted({0.0, *(float(place) for place in places if abs(place) <= reach)})
    parts = [
        integrate.quad(lambda x: float(g(x)) ** 2 * math.exp(-x * x / (2 * q)), *part, epsabs=1e-15, epsrel=1e-10)[0]
        for part in pairwise(ends)
    ]
    return math.fsum(parts) / math.sqrt(2 * math.pi * q)


@pytest.mark.parametrize("case", ELEMENTWISE, ids=repr)
def test_lengths_and_slopes_agree_with_adaptive_quadrature(case):
    for q in (0.02, 1.0, 60.0):
        expected = mean_square(case, case, q)
        assert meanfield.length_map(case, q, sigma_w2=1) == pytest.approx(expected, rel=1e-9, abs=1e-13)
        if case in WITH_SLOPE:
            expected = mean_square(case.derivative, case, q)
            assert meanfield.chi(case, q, sigma_w2=1) == pytest.approx(expected, rel=1e-9, abs=1e-13)


@pytest.mark.parametrize(
    ("name", "q", "c"),
    [("selu", 1.0, 0.7), ("hard_tanh", 3.0, -0.6), ("hard_silu", 4.0, 0.95), ("hard_shrink", 0.5, 0.2)],
)
def test_correlations_agree_with_adaptive_quadrature(name, q, c):
    # Given u, v is normal about c u. Its mean is taken piece by piece, that over u adaptively.
    activation = actlab.get(name)
    kinks, deviation, reach = sorted(activation.kinks), math.sqrt(q * (1 - c * c)), 10 * math.sqrt(q)
    points, weights = np.polynomial.legendre.leggauss(60)

    def given(u):
        middle = c * u + deviation * np.arange(-10, 11)
        ends = np.sort([*middle, *(kink for kink in kinks if middle[0] < kink < middle[-1])])
        half = np.diff(ends)[:, np.newaxis] / 2
        v = ends[:-1, np.newaxis] + half * (1 + points)
        return np.sum(half * weights * activation(v) * stats.norm.pdf(v, c * u, deviation))

    def integrand(u):
        return float(activation(u)) * given(u) * math.exp(-u * u / (2 * q)) / math.sqrt(2 * math.pi * q)

    ends = [-reach, *kinks, reach]
    product = math.fsum(integrate.quad(integrand, *part, epsabs=1e-11)[0] for part in pairwise(ends))
    same = mean_square(activation, activation, q)
    assert meanfield.correlation_map(name, c, q, sigma_w2=1.0) == pytest.approx(product / same, abs=1e-10)


@pytest.mark.parametrize("case", [case for case in WITH_SLOPE if case.name != "exponential"], ids=repr)
@pytest.mark.parametrize("q", [0.3, 300.0])
def test_correlations_of_smooth_functions_are_power_series(case, q):
    # E f(u) f(v) is the sum of a_n^2 c^n over the Hermite coefficients a_n of f, which for small c needs few of them.
    c, order = -0.3, 40
    edges = np.unique([*np.linspace(-11, 11, 89), *(k / math.sqrt(q) for k in case.kinks)])
    edges = np.unique([*edges, *(s * 2.0**-k for k in range(3, 15) for s in (-1, 1))])
    points, weights = np.polynomial.legendre.leggauss(20)
    half = np.diff(edges)[:, np.newaxis] / 2
    z = (edges[:-1, np.newaxis] + half * (1 + points)).ravel()
    weights = (half * weights).ravel() * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    basis = np.polynomial.hermite_e.hermevander(z, order) / np.sqrt(special.factorial(np.arange(order + 1)))
    values = case(math.sqrt(q) * z)
    coefficients = (weights * values) @ basis
    expected = coefficients**2 @ c ** np.arange(order + 1)
    same = weights @ values**2
    assert meanfield.correlation_map(case, c, q, sigma_w2=1.0) == pytest.approx(expected / same, abs=1e-11)


@pytest.mark.parametrize("case", WITH_SLOPE, ids=repr)
def test_chi_1_is_the_slope_of_the_correlation_map_at_1(case):
    # At a kink the map falls off with a term of order 3/2: two quotients of differences remove it.
    q = 0.8
    h = np.array([1e-3, 2e-3])
    fall = 1 - meanfield.correlation_map(case, 1 - h * h, q, sigma_w2=1.0, sigma_b2=0.1)
    near, far = fall / (h * h)
    chi = meanfield.chi(case, q, sigma_w2=1.0)
    assert 2 * near - far == pytest.approx(
        chi * q / meanfield.length_map(case, q, sigma_w2=1.0, sigma_b2=0.1), rel=1e-4
    )


def test_equal_signals_stay_equal_to_the_last_digit():
    for case in ELEMENTWISE:
        assert (meanfield.correlation_map(case, 1, [0.8, 77.0], sigma_w2=1.0) == 1).all(), case


@pytest.mark.parametrize(("sigma_w2", "sigma_b2"), [(0.3, 0.0), (1.0, 0.05), (1.5, 0.0), (4.0, 0.5)])
def test_a_fixed_point_is_the_first_that_lengths_meet(sigma_w2, sigma_b2):
    setting = {"sigma_w2": sigma_w2, "sigma_b2": sigma_b2}
    for case in WITH_SLOPE:
        for q0 in (0.1, 1.0, 20.0):
            q = meanfield.fixed_point(case, **setting, q0=q0)
            if 0 < q < math.inf:
                assert meanfield.length_map(case, q, **setting) == pytest.approx(q, rel=1e-11, abs=0)
            if q == q0:
                continue
            # On the whole way from q0 the map moves lengths towards q.
            way = np.geomspace(q0, min(max(q, 1e-10), 1e10), 100)[:-1]
            change = meanfield.length_map(case, way, **setting) - way
            assert (np.sign(change) == np.sign(q - q0)).all(), (case, q0)


# --- Published and printed numbers ------------------------------------------------------------------------------------


def test_phases_of_poole_et_al():
    ordered = meanfield.analyse("tanh", sigma_w2=1.3**2, sigma_b2=0.3**2)
    assert (ordered.phase, ordered.c) == ("ordered", 1)
    assert ordered.q == pytest.approx(0.60705, abs=5e-6)
    assert ordered.chi1 == pytest.approx(0.93981, abs=5e-6)
    chaotic = meanfield.analyse("tanh", sigma_w2=2.5**2, sigma_b2=0.3**2)
    assert chaotic.phase == "chaotic"
    assert chaotic.q == pytest.approx(4.07912, abs=5e-6)
    assert chaotic.chi1 == pytest.approx(1.58523, abs=1e-5)
    assert chaotic.c == pytest.approx(0.12210, abs=5e-6)
    assert meanfield.correlation_map("tanh", chaotic.c, chaotic.q, sigma_w2=2.5**2, sigma_b2=0.3**2) == pytest.approx(
        chaotic.c, abs=1e-12
    )


@pytest.mark.parametrize(
    ("sigma_w2", "phase", "c", "xi_c", "chi1"),
    [
        (1.0, "ordered", 1, 3.63, 0.759), (1.2, "ordered", 1, 5.94, 0.845), (1.4, "ordered", 1, 10.73, 0.911),
        (1.7, "ordered", 1, 74.9, 0.987), (1.85, "chaotic", 0.8918, 58.3, None), (2.0, "chaotic", 0.7441, 25.2, 1.0477),
        (2.5, "chaotic", None, 11.8, 1.1335), (4.0, "chaotic", None, 6.98, 1.3424),
    ],
)  # fmt: skip
def test_depth_scales_of_tanh(sigma_w2, phase, c, xi_c, chi1):
    found = meanfield.analyse("tanh", sigma_w2=sigma_w2, sigma_b2=0.05)
    assert found.phase == phase
    assert found.xi_c == pytest.approx(xi_c, rel=5e-3)
    if c is not None:
        assert found.c == pytest.approx(c, abs=5e-5)
    if chi1 is not None:
        assert found.chi1 == pytest.approx(chi1, abs=5e-4)
    assert found.xi_grad == pytest.approx(-1 / math.log(found.chi1))
    if phase == "ordered":
        assert found.xi_grad == found.xi_c


@pytest.mark.parametrize(
    ("sigma_b2", "sigma_w2", "digits"),
    [(0.01, 1.42421, 5), (0.04, 1.3041**2, 3), (0.05, 1.76095, 5), (0.09, 1.94765, 5), (0.2, 2.28515, 5)],
)
def test_critical_line_of_tanh(sigma_b2, sigma_w2, digits):
    sigma_w = meanfield.critical_sigma_w("tanh", sigma_b2=sigma_b2)
    assert sigma_w**2 == pytest.approx(sigma_w2, abs=0.51 * 10**-digits)
    found = meanfield.analyse("tanh", sigma_w2=sigma_w**2, sigma_b2=sigma_b2)
    assert found.phase == "critical"
    assert found.chi1 == pytest.approx(1, abs=1e-10)
    assert (found.c, found.xi_c, found.xi_grad) == (1, math.inf, math.inf)
    assert found.xi_q < 10


def test_critical_weights_known_exactly():
    for name, sigma_w in [
        ("tanh", 1.0), ("identity", 1.0), ("relu", math.sqrt(2)), ("elu", 1.0), ("hard_tanh", 1.0),
        (ERF, math.sqrt(math.pi) / 2),
    ]:  # fmt: skip
        assert meanfield.critical_sigma_w(name) == pytest.approx(sigma_w, rel=1e-10)
    leaky = actlab.leaky_relu.with_params(negative_slope=0.5)
    assert meanfield.critical_sigma_w(leaky) == pytest.approx(math.sqrt(2 / 1.25), rel=1e-10)


def test_sigmoid_is_critical_for_no_sane_weight():
    # Where it is critical at last, q* and chi_1 are computed here by quadrature.
    none = meanfield.critical_sigma_w("sigmoid", high=10.1)
    assert isinstance(none, meanfield.NoCriticalPoint)
    assert (none.low, none.high, none.largest_at, none.jump_at) == (0.05, 10.1, 10.1, None)
    assert 0.98 < none.largest < 1
    assert none.smallest == pytest.approx(0.05**2 / 16, rel=1e-2)
    assert math.isnan(float(none))
    assert repr(none) == (
        f"sigmoid, sigma_b2 = 0: no critical sigma_w from 0.05 to 10.1; chi_1 is at most {none.largest:.6g}, at 10.1"
    )
    sigma_w = meanfield.critical_sigma_w("sigmoid", high=20)
    assert 10.1 < sigma_w < 10.2
    q = meanfield.fixed_point("sigmoid", sigma_w2=sigma_w**2)
    assert sigma_w**2 * mean_square(actlab.sigmoid, actlab.sigmoid, q) == pytest.approx(q, rel=1e-9)
    assert sigma_w**2 * mean_square(actlab.sigmoid.derivative, actlab.sigmoid, q) == pytest.approx(1, rel=1e-9)


def test_gelu_and_silu_jump_over_the_critical_point():
    # Without biases lengths fall to 0, where chi_1 is sigma_w^2 / 4, or grow without limit, where it is sigma_w^2 / 2.
    for name in ("gelu", "silu"):
        none = meanfield.critical_sigma_w(name)
        assert isinstance(none, meanfield.NoCriticalPoint)
        assert none.jump_at == pytest.approx(meanfield.gain(name), rel=1e-9)
        assert f"chi_1 jumps over 1 at {none.jump_at:.6g}" in repr(none)
        below, above = (meanfield.analyse(name, sigma_w2=(factor * none.jump_at) ** 2) for factor in (0.999, 1.001))
        assert (below.q, below.phase) == (0, "ordered")
        assert below.chi1 == pytest.approx(below.sigma_w2 / 4, rel=1e-12)
        assert (above.q, above.phase) == (math.inf, "unbounded")
        assert above.chi1 == pytest.approx(above.sigma_w2 / 2, rel=1e-12)


def test_all_above_1_is_no_critical_point_either():
    none = meanfield.critical_sigma_w("tanh", low=2, high=5)
    assert none.smallest_at == 2
    assert "chi_1 is at least" in repr(none)


# SELU's chi_1 is lambda^2 (1/2 + alpha^2 e^2 Phi(-2)) at q = 1: its slope is lambda, to the left of 0 alpha e^x lambda.
SELU_CHI = 1.0507009873554805**2 * (0.5 + 1.6732632423543772**2 * math.exp(2) * special.ndtr(-2))


@pytest.mark.parametrize(
    ("name", "sigma_w2", "q", "chi1", "digits"),
    [
        ("sigmoid", 1, 0.26469, 0.05572, 5), ("sigmoid", 1 / 3, None, 0.0200, 4), ("tanh", 1, 0, 1, 9),
        ("tanh", 25 / 9, 1.17848, 1.20983, 5), ("tanh", 1 / 3, 0, 1 / 3, 9), ("relu", 2, 1, 1, 9),
        ("relu", 1, 0, 0.5, 9), ("relu", 1 / 3, 0, 1 / 6, 9), ("selu", 1, 1, SELU_CHI, 9),
        ("selu", 9 / 16, 0.023, None, 3), ("silu", 1, 0, 0.25, 9), ("gelu", 2, 0, 0.5, 9),
    ],
)  # fmt: skip
def test_chi_1_of_common_defaults(name, sigma_w2, q, chi1, digits):
    found = meanfield.analyse(name, sigma_w2=sigma_w2)
    if q is not None:
        assert found.q == pytest.approx(q, abs=0.51 * 10**-digits)
    if chi1 is not None:
        assert found.chi1 == pytest.approx(chi1, abs=0.51 * 10**-digits)


@pytest.mark.parametrize(
    ("name", "gain"),
    [
        ("sigmoid", 1.8462), ("tanh", 1.5925), ("relu", 1.4142), ("elu", 1.2452), ("selu", 1.0), ("silu", 1.6765),
        ("gelu", 1.5335), (actlab.leaky_relu.with_params(negative_slope=0.2), 1.3868),
    ],
)  # fmt: skip
def test_gains(name, gain):
    assert meanfield.gain(name) == pytest.approx(gain, abs=5.1e-5)
    assert meanfield.length_map(name, 1.0, sigma_w2=meanfield.gain(name) ** 2) == pytest.approx(1, rel=1e-12)


def test_lengths_of_critical_tanh_fall_slower_than_any_exponential():
    course = meanfield.course("tanh", sigma_w2=1, depth=100)
    assert course[:5] == pytest.approx([0.3943, 0.2365, 0.1667, 0.1279, 0.1034], abs=5.1e-5)
    assert course[[9, 99]] == pytest.approx([0.0522, 0.00507], rel=1e-3)
    found = meanfield.analyse("tanh", sigma_w2=1)
    assert (found.q, found.phase, found.xi_q, found.xi_grad) == (0, "critical", math.inf, math.inf)


def test_correlations_on_the_critical_line_approach_1_as_hayou_et_al_say():
    relu = 1 - meanfield.correlation_course("relu", sigma_w2=2, c0=0.0, depth=200)
    for layer, exact in ((0, 1 - 1 / math.pi), (1, 1 - 2 * cho_saul(1 / math.pi))):
        assert relu[layer] == pytest.approx(exact, rel=1e-12)
    closed = 0.0
    for _ in range(200):
        closed = 2 * cho_saul(closed)
    assert relu[-1] == pytest.approx(1 - closed, rel=1e-9)
    # 9 pi^2 / (2 l^2), with a correction of order ln(l) / l.
    assert relu[-1] * 200**2 == pytest.approx(4.5 * math.pi**2, rel=0.15)

    sigma_w2 = meanfield.critical_sigma_w("tanh", sigma_b2=0.05) ** 2
    q = meanfield.fixed_point("tanh", sigma_w2=sigma_w2, sigma_b2=0.05)
    slope, bend = (mean_square(g, actlab.tanh, q) for g in (actlab.tanh.derivative, actlab.tanh.second_derivative))
    beta = 2 * slope / (q * bend)
    assert beta == pytest.approx(6.171, abs=5e-4)
    tanh = 1 - meanfield.correlation_course("tanh", sigma_w2=sigma_w2, sigma_b2=0.05, c0=0.999, q0=q, depth=100)
    # 1 / (1 - c) grows by 1 / beta in a layer.
    assert 1 / tanh[-1] - 1 / tanh[0] == pytest.approx(99 / beta, rel=2e-3)


# --- Random networks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sigma_w2", "sigma_b2"), [("tanh", 2.0, 0.05), ("selu", 1.0, 0.1), ("softplus", 0.5, 0.2)]
)
def test_wide_random_networks_do_what_the_theory_says(name, sigma_w2, sigma_b2):
    width, depth, networks, c0, q0 = 500, 4, 20, 0.4, 1.5
    rng = np.random.default_rng(7)
    activation = actlab.get(name)
    lengths, correlations, slopes = (np.empty((networks, depth)) for _ in range(3))
    for network in range(networks):
        # Two signals of exact length and correlation.
        basis = np.linalg.qr(rng.standard_normal((width, 2)))[0] * math.sqrt(width * q0)
        z = basis @ np.array([[1.0, c0], [0.0, math.sqrt(1 - c0 * c0)]])
        for layer in range(depth):
            weights = rng.standard_normal((width, width)) * math.sqrt(sigma_w2 / width)
            back = weights.T @ rng.standard_normal(width)
            slopes[network, layer] = np.mean((activation.derivative(z[:, 0]) * back) ** 2)
            z = weights @ activation(z) + math.sqrt(sigma_b2) * rng.standard_normal((width, 1))
            lengths[network, layer] = np.mean(z[:, 0] ** 2)
            correlations[network, layer] = z[:, 0] @ z[:, 1] / np.linalg.norm(z[:, 0]) / np.linalg.norm(z[:, 1])
    setting = {"sigma_w2": sigma_w2, "sigma_b2": sigma_b2, "q0": q0, "depth": depth}
    course = meanfield.course(name, **setting)
    expected = {
        "length": (lengths, course),
        "correlation": (correlations, meanfield.correlation_course(name, c0=c0, **setting)),
        "slope": (slopes, meanfield.chi(name, np.array([q0, *course[:-1]]), sigma_w2=sigma_w2)),
    }
    # Student's t with 19 degrees of freedom: 12 means in 3 tests exceed 4.5 with a probability of 1 % in all.
    for label, (measured, theory) in expected.items():
        error = measured.std(axis=0, ddof=1) / math.sqrt(networks)
        assert (np.abs(measured.mean(axis=0) - theory) < 4.5 * error).all(), label
        assert (error < 0.1 * theory).all(), label


# --- Ends of the range ------------------------------------------------------------------------------------------------


def test_weights_of_0_leave_the_biases():
    found = meanfield.analyse("tanh", sigma_w2=0, sigma_b2=0.3)
    assert (found.q, found.chi1, found.c, found.phase) == (pytest.approx(0.3, rel=1e-12), 0, 1, "ordered")
    assert (found.xi_q, found.xi_c, found.xi_grad) == (0, 0, 0)
    assert meanfield.analyse("sigmoid", sigma_w2=0).q == 0
    # E e^(2 x) is beyond all floats at this length.
    found = meanfield.analyse("exponential", sigma_w2=0, sigma_b2=1e6)
    assert (found.q, found.chi1, found.xi_q) == (pytest.approx(1e6, rel=1e-12), 0, 0)


def test_a_network_just_beyond_the_edge_is_chaotic():
    # A smooth map falls off from 1 with the slope chi_1 and a square, so that the slopes at its fixed points are
    # opposite; at kinks the second term has the power 3/2, and the slope at the lower one is half as far from 1.
    for name, ratio in (("tanh", 1), ("hard_tanh", 2)):
        sigma_w2 = meanfield.critical_sigma_w(name, sigma_b2=0.05) ** 2
        found = meanfield.analyse(name, sigma_w2=sigma_w2 * 1.0001, sigma_b2=0.05)
        assert found.phase == "chaotic" and found.c < 1
        assert found.xi_c == pytest.approx(-ratio * found.xi_grad, rel=1e-3)
    # The fixed point is nearer to 1 than rounding lets one see.
    found = meanfield.analyse("hard_tanh", sigma_w2=sigma_w2 * 1.0000001, sigma_b2=0.05)
    assert (found.phase, found.c, found.xi_c) == ("chaotic", 1, math.inf)


def test_each_length_is_a_fixed_point_of_the_relu_at_he_weights():
    for q0 in (1e-5, 1.0, 300.0):
        found = meanfield.analyse("relu", sigma_w2=2, q0=q0)
        assert (found.q, found.c, found.phase) == (q0, 1, "critical")
        assert (found.xi_q, found.xi_c, found.xi_grad) == (math.inf, math.inf, math.inf)


@pytest.mark.parametrize(
    ("name", "sigma_w2", "sigma_b2", "chi1"),
    [
        ("relu", 2, 0.1, 1), ("relu", 3, 0, 1.5), ("identity", 1, 0.01, 1), ("softplus", 2.5, 0.1, 1.25),
        ("exponential", 1, 0, math.inf), ("squareplus", 2, 0.0, 1),
    ],
)  # fmt: skip
def test_unbounded_lengths_are_a_result(name, sigma_w2, sigma_b2, chi1):
    found = meanfield.analyse(name, sigma_w2=sigma_w2, sigma_b2=sigma_b2)
    assert (found.q, found.phase, found.xi_q) == (math.inf, "unbounded", math.inf)
    assert found.chi1 == pytest.approx(chi1, rel=1e-12)
    assert math.isnan(found.c) and math.isnan(found.xi_c)
    assert "unbounded" in repr(found)


def test_a_course_beyond_all_floats_is_infinite():
    course = meanfield.course("exponential", sigma_w2=1, depth=20)
    assert course[0] == pytest.approx(math.exp(2))
    assert course[-1] == math.inf and (np.diff(course[np.isfinite(course)]) > 0).all()
    assert np.isnan(meanfield.correlation_course("exponential", sigma_w2=1, c0=0.5, depth=20)[-1])


def test_no_signal_has_no_correlation():
    assert math.isnan(meanfield.correlation_map("tanh", 0.5, 1.0, sigma_w2=0))
    assert meanfield.gain(actlab.soft_shrink.with_params(threshold=2), 1e-3) == math.inf


def test_a_length_of_0_stands_for_the_limit():
    assert meanfield.length_map("sigmoid", 0, sigma_w2=1) == pytest.approx(0.25, rel=1e-12)
    assert meanfield.chi("relu", 0, sigma_w2=1) == pytest.approx(0.5, rel=1e-12)
    assert meanfield.chi("selu", 0.0, sigma_w2=1) == pytest.approx(
        1.0507009873554805**2 * (1 + 1.6732632423543772**2) / 2, rel=1e-12
    )
    assert meanfield.correlation_map("relu", 0.3, 0, sigma_w2=1) == pytest.approx(2 * cho_saul(0.3), rel=1e-12)
    assert meanfield.correlation_map("sigmoid", 0.3, 0, sigma_w2=1) == pytest.approx(1, rel=1e-12)


def test_tiny_and_huge_lengths_are_found():
    assert meanfield.fixed_point("tanh", sigma_w2=0.5, sigma_b2=1e-30) == pytest.approx(2e-30, rel=1e-9, abs=0)
    assert meanfield.fixed_point("tanh", sigma_w2=0.5, sigma_b2=1e-30, q0=1e-40) == pytest.approx(
        2e-30, rel=1e-9, abs=0
    )
    assert meanfield.fixed_point("sigmoid", sigma_w2=1e-20) == pytest.approx(0.25e-20, rel=1e-9, abs=0)
    assert meanfield.fixed_point("tanh", sigma_w2=1e12) == pytest.approx(1e12, rel=1e-5)
    # For small q the tanh of x has the second moment q - 2 q^2.
    assert meanfield.fixed_point("tanh", sigma_w2=1 + 2e-7) == pytest.approx(1e-7, rel=1e-5, abs=0)


def test_arrays_are_a_phase_diagram():
    sigma_w2, sigma_b2 = np.meshgrid(np.linspace(0, 4, 9), np.linspace(0, 0.5, 4))
    for name in ("tanh", "relu", "selu"):
        q = meanfield.fixed_point(name, sigma_w2=sigma_w2, sigma_b2=sigma_b2)
        chi1 = meanfield.chi(name, q, sigma_w2=sigma_w2)
        assert q.shape == chi1.shape == sigma_w2.shape
        for place in np.ndindex(q.shape):
            found = meanfield.analyse(name, sigma_w2=sigma_w2[place], sigma_b2=sigma_b2[place])
            assert (found.q, found.chi1) == (pytest.approx(q[place], rel=1e-12), pytest.approx(chi1[place], rel=1e-12))
    lengths = meanfield.length_map("tanh", [[1, 2], [3, 4]], sigma_w2=1)
    assert lengths.shape == (2, 2)
    assert lengths[1, 0] == meanfield.length_map("tanh", 3, sigma_w2=1)
    lengths = np.array([1e8, 0.1, 4.0])
    expected = 2 / math.pi * np.arcsin(2 * lengths / (1 + 2 * lengths))
    assert meanfield.length_map(ERF, lengths, sigma_w2=1) == pytest.approx(expected, rel=1e-12)
    correlations = meanfield.correlation_map("tanh", [[0.1], [0.2]], [1.0, 2.0, 3.0], sigma_w2=1)
    assert correlations.shape == (2, 3)
    assert correlations[1, 2] == meanfield.correlation_map("tanh", 0.2, 3.0, sigma_w2=1)


def test_a_result_is_shown_with_its_numbers():
    assert repr(meanfield.analyse("tanh", sigma_w2=1.69, sigma_b2=0.09)) == (
        "tanh, sigma_w2 = 1.69, sigma_b2 = 0.09: ordered\n"
        "  q* = 0.607047, chi_1 = 0.939807, c* = 1\n"
        "  depth scales: xi_q = 1.338, xi_c = 16.11, xi_grad = 16.11 layers"
    )


# --- Bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", JUMPING, ids=repr)
def test_a_jump_has_no_chi(case):
    message = rf"{case.name}.* jumps at .*{max(case.kinks):g}, where it has no derivative, and chi_1 is infinite"
    for refused in (
        lambda: meanfield.analyse(case, sigma_w2=1, sigma_b2=0.1),
        lambda: meanfield.chi(case, 1.0, sigma_w2=1),
        lambda: meanfield.critical_sigma_w(case),
    ):
        with pytest.raises(ValueError, match=message):
            refused()
    q = meanfield.fixed_point(case, sigma_w2=0.5, sigma_b2=0.1)
    assert meanfield.length_map(case, q, sigma_w2=0.5, sigma_b2=0.1) == pytest.approx(q, rel=1e-12)


def test_steep_is_not_a_jump():
    steep = actlab.leaky_relu.with_params(negative_slope=1e7)
    assert meanfield.chi(steep, 1.0, sigma_w2=1) == pytest.approx(0.5e14, rel=1e-6)


FUNCTIONS = {
    "analyse": lambda activation="tanh", **changed: meanfield.analyse(activation, **{"sigma_w2": 1.0} | changed),
    "length_map": lambda activation="tanh", **changed: meanfield.length_map(
        activation, **{"q": 1.0, "sigma_w2": 1.0} | changed
    ),
    "correlation_map": lambda activation="tanh", **changed: meanfield.correlation_map(
        activation, **{"c": 0.5, "q": 1.0, "sigma_w2": 1.0} | changed
    ),
    "course": lambda activation="tanh", **changed: meanfield.course(
        activation, **{"sigma_w2": 1.0, "depth": 3} | changed
    ),
    "correlation_course": lambda activation="tanh", **changed: meanfield.correlation_course(
        activation, **{"sigma_w2": 1.0, "c0": 0.5, "depth": 3} | changed
    ),
    "fixed_point": lambda activation="tanh", **changed: meanfield.fixed_point(
        activation, **{"sigma_w2": 1.0} | changed
    ),
    "chi": lambda activation="tanh", **changed: meanfield.chi(activation, **{"q": 1.0, "sigma_w2": 1.0} | changed),
    "critical_sigma_w": lambda activation="tanh", **changed: meanfield.critical_sigma_w(activation, **changed),
    "gain": lambda activation="tanh", **changed: meanfield.gain(activation, **changed),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_only_elementwise_activations_are_accepted(function):
    with pytest.raises(TypeError, match="an elementwise activation is needed, such as tanh; got softmax"):
        FUNCTIONS[function]("softmax")
    with pytest.raises(ValueError, match="unknown activation 'tanhh'; did you mean tanh"):
        FUNCTIONS[function]("tanhh")


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (function, {label: value})
        for function, labels in {
            "analyse": ("sigma_w2", "sigma_b2", "q0"), "length_map": ("sigma_w2", "sigma_b2", "q"),
            "correlation_map": ("sigma_w2", "sigma_b2", "q", "c"), "course": ("sigma_w2", "sigma_b2", "q0"),
            "correlation_course": ("sigma_w2", "sigma_b2", "q0", "c0"), "chi": ("sigma_w2", "q"),
            "fixed_point": ("sigma_w2", "sigma_b2", "q0"), "critical_sigma_w": ("sigma_b2", "low", "high", "q0"),
            "gain": ("q",),
        }.items()
        for label in labels
        for value in (-2.0, math.nan)
    ],
)  # fmt: skip
def test_impossible_numbers_are_refused_by_name(function, given):
    ((label, value),) = given.items()
    with pytest.raises(ValueError, match=rf"^{label} must be finite, .*; got {value!r}"):
        FUNCTIONS[function](**given)
    with pytest.raises(TypeError, match=rf"^{label} must be a number or an array of numbers; got 'one'"):
        FUNCTIONS[function](**{label: "one"})


def test_other_refusals():
    with pytest.raises(ValueError, match=r"^sigma_w2 must be finite, 0 or more; got inf"):
        meanfield.length_map("tanh", [1.0, 2.0], sigma_w2=[1.0, math.inf])
    with pytest.raises(ValueError, match=r"^q0 must be finite, above 0; got 0.0"):
        meanfield.analyse("tanh", sigma_w2=1, q0=0)
    with pytest.raises(ValueError, match=r"^c must be finite, -1 or more and 1 or less; got 1.5"):
        meanfield.correlation_map("tanh", 1.5, 1.0, sigma_w2=1)
    with pytest.raises(ValueError, match=r"^high must be finite, above 3; got 2.0"):
        meanfield.critical_sigma_w("tanh", low=3, high=2)
    with pytest.raises(ValueError, match=r"^sigma_w2 must be finite, 0 or more and 1e\+12 or less; got 1e\+20"):
        meanfield.fixed_point("tanh", sigma_w2=1e20)
    with pytest.raises(ValueError, match=r"^sigma_b2 must be finite, 0 or more and 1e\+06 or less; got 1e\+30"):
        meanfield.fixed_point("tanh", sigma_w2=1.0, sigma_b2=[0.0, 1e30])
    with pytest.raises(TypeError, match=r"^sigma_w2 must be one number; got an array of the shape \(2,\)"):
        meanfield.analyse("tanh", sigma_w2=[1.0, 2.0])
    for function in ("course", "correlation_course"):
        with pytest.raises(ValueError, match="depth must be a whole number of 1 or more; got 0"):
            FUNCTIONS[function](depth=0)
