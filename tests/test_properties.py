"""Measured properties against closed forms, and against an independent integrator."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, special

import actlab
from actlab import properties
from actlab.core import Elementwise
from actlab.properties import Extremum, Interval, Line
from tests.cases import ELEMENTWISE, each_elementwise


def density(z):
    return np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=str)
def test_gaussian_moments_agree_with_adaptive_quadrature(activation):
    def mean(g):
        points = [kink for kink in activation.kinks if abs(kink) < 12]
        return integrate.quad(lambda z: g(z) * density(z), -12, 12, points=[0.0, *points], limit=400, epsabs=1e-13)[0]

    measured = activation.properties
    assert measured.mean == pytest.approx(mean(activation), abs=1e-10)
    assert measured.second_moment == pytest.approx(mean(lambda z: activation(z) ** 2), abs=1e-10)
    assert measured.slope_moment == pytest.approx(mean(lambda z: activation.derivative(z) ** 2), abs=1e-10)
    assert measured.gain == pytest.approx(measured.second_moment**-0.5)


@pytest.mark.parametrize("activation", ELEMENTWISE, ids=str)
def test_bounds_hold_and_are_reached(activation):
    x = np.random.default_rng(0).uniform(-70, 70, 20_000)
    x = np.concatenate([x, *(np.nextafter(kink, [-np.inf, np.inf]) for kink in activation.kinks)])
    values, slopes = activation(x), np.abs(activation.derivative(x))
    facts = activation.properties
    assert (values >= facts.infimum - 1e-15).all() and (values <= facts.supremum + 1e-15).all()
    assert (slopes <= facts.lipschitz * (1 + 1e-15)).all()
    far = activation(np.array([-np.inf, np.inf]))
    near = [values.min(), values.max(), *far]
    for bound in (facts.infimum, facts.supremum):
        assert bound in far or min(abs(bound - value) for value in near) < 1e-4
    assert (activation.derivative(x) >= facts.slopes.low - 1e-15).all()
    assert (activation.derivative(x) <= facts.slopes.high * (1 + 1e-15)).all()


@pytest.mark.parametrize("beta", [1e-3, 0.02, 50.0, 1e5])
def test_a_parameter_far_from_its_default_only_scales(beta):
    scaled, silu = actlab.silu.with_params(beta=beta).properties, actlab.silu.properties
    assert scaled.infimum == pytest.approx(silu.infimum / beta, rel=1e-12)
    assert scaled.lipschitz == pytest.approx(silu.lipschitz, rel=1e-12)
    assert not scaled.monotone


@pytest.mark.parametrize(
    ("name", "values"),
    [("silu", {"beta": 1e-8}), ("threshold", {"threshold": -1e7}), ("hard_shrink", {"threshold": 1e8}),
     ("hard_shrink", {"threshold": 1e-8}), ("threshold", {"threshold": 1.0, "default_value": 1e-6})],
)  # fmt: skip
def test_what_lies_too_far_out_to_be_seen_is_refused(name, values):
    activation = actlab.get(name).with_params(**values)
    ((parameter, value), *_) = ((key, value) for key, value in values.items() if not 1e-5 <= abs(value) <= 1e5)
    message = f"{name}: properties are measured where {parameter} is 0 or from 1e-05 to 1e+05 in size; got {value!r}"
    with pytest.raises(ValueError, match=re.escape(message)):
        _ = activation.properties


AT_THE_LIMITS = [
    activation.with_params(**{name: sign * size})
    for activation in actlab.ACTIVATIONS.values()
    if isinstance(activation, Elementwise)
    for name, param in activation.parameters.items()
    for sign in (-1, 1)
    for size in (1e-5, 1e5)
    if param.minimum <= sign * size <= param.maximum and not (param.positive and sign < 0)
]


@pytest.mark.parametrize("activation", AT_THE_LIMITS, ids=str)
def test_what_is_measured_holds_at_the_limits_of_parameters_too(activation):
    x = np.geomspace(1e-9, 1e9, 2001)
    kinks = np.array(list(activation.kinks))
    x = np.unique([*-x, *x, *kinks, *(kinks * (1 + 1e-9)), *(kinks * (1 - 1e-9))])
    values, slopes, facts = activation(x), activation.derivative(x), activation.properties
    for seen, said in ((values, facts.range), (slopes, facts.slopes)):
        assert seen.min() >= said.low - 1e-12 * abs(said.low) and seen.max() <= said.high + 1e-12 * abs(said.high)
    steps, rounding = np.diff(values), 1e-14 * np.abs(values[1:])
    seen = "increasing" if (steps >= -rounding).all() else "decreasing" if (steps <= rounding).all() else None
    assert facts.monotone == seen


W = special.lambertw(1 / math.e).real
ROOT_2 = math.sqrt(2)
PHI_ROOT_2 = special.ndtr(ROOT_2) + ROOT_2 * density(ROOT_2)  # GELU's slope at the square root of 2


@pytest.mark.parametrize("beta", [0.1, 1.0, 10.0])
def test_the_valley_of_silu(beta):
    facts = actlab.silu.with_params(beta=beta).properties
    (valley,) = facts.extrema
    assert valley == Extremum(pytest.approx(-(1 + W) / beta, rel=1e-15), pytest.approx(-W / beta, rel=1e-15), "minimum")
    assert (facts.infimum, facts.infimum_at, facts.range.low_closed) == (valley.value, valley.x, True)
    assert (facts.supremum, facts.supremum_at, facts.range.high_closed) == (math.inf, math.inf, False)
    # f'' is 0 where beta x tanh(beta x / 2) is 2, whose root is known to seven places from the literature on Swish.
    steep = [(extremum.x * beta, extremum.value, extremum.kind) for extremum in facts.slope_extrema]
    assert steep[1] == (pytest.approx(2.3993573, abs=5e-8), pytest.approx(1.0998393, abs=5e-8), "maximum")
    assert steep[0] == (-steep[1][0], pytest.approx(1 - steep[1][1], abs=1e-15), "minimum")


def test_landmarks_of_gelu_and_mish():
    gelu, mish = actlab.gelu.properties, actlab.mish.properties
    assert gelu.slope_extrema == (
        Extremum(pytest.approx(-ROOT_2, rel=4e-16), pytest.approx(1 - PHI_ROOT_2, abs=1e-15), "minimum"),
        Extremum(pytest.approx(ROOT_2, rel=4e-16), pytest.approx(PHI_ROOT_2, abs=1e-15), "maximum"),
    )
    assert gelu.lipschitz == gelu.slopes.high
    assert gelu.extrema == (
        Extremum(pytest.approx(-0.751792, abs=5e-7), pytest.approx(-0.169971, abs=5e-7), "minimum"),
    )
    assert mish.extrema == (
        Extremum(pytest.approx(-1.192431, abs=5e-7), pytest.approx(-0.308843, abs=5e-7), "minimum"),
    )


@each_elementwise
def test_extrema_are_strict_and_lie_where_a_slope_changes_sign(case):
    for extrema, g in ((case.properties.extrema, case), (case.properties.slope_extrema, case.derivative)):
        for extremum in extrema:
            step = 1e-4 * max(abs(extremum.x), 1e-2)
            nearby = g(extremum.x + step * np.array([-2, -1, 1, 2]))
            assert ((nearby < g(extremum.x)) == (extremum.kind == "maximum")).all()
            assert (nearby != g(extremum.x)).all()


@each_elementwise
def test_between_extrema_and_kinks_a_function_runs_one_way(case):
    facts = case.properties
    edges = [-70, *sorted({*case.kinks, *(extremum.x for extremum in facts.extrema)}), 70]
    for low, high in pairwise(edges):
        steps = np.diff(case(np.linspace(low, high, 2001)[1:-1]))
        assert (steps >= -1e-15 * abs(high)).all() or (steps <= 1e-15 * abs(low)).all()


def test_bounds_with_closed_forms():
    assert actlab.gaussian.properties.lipschitz == pytest.approx(math.sqrt(2 / math.e), abs=1e-15)
    assert actlab.gaussian.properties.slope_infimum_at == pytest.approx(1 / ROOT_2, rel=4e-16)
    assert actlab.gaussian.properties.range == Interval(0, 1, False, True)
    assert actlab.sigmoid.properties.lipschitz == 0.25
    assert actlab.sigmoid.properties.range == Interval(0, 1)
    assert actlab.tanh.properties.slopes == Interval(0, 1, False, True)
    assert actlab.tanh.properties.slope_supremum_at == 0
    assert actlab.squareplus.properties.range == Interval(0, math.inf)
    assert actlab.relu6.properties.range == Interval(0, 6, True, True)
    assert (actlab.relu6.properties.infimum_at, actlab.relu6.properties.supremum_at) == (0, 6)
    assert actlab.hard_silu.properties.extrema == (Extremum(-1.5, -0.375, "minimum"),)
    assert actlab.hard_silu.properties.slopes == Interval(-0.5, pytest.approx(1.5, rel=1e-15))
    assert actlab.exponential.properties.lipschitz == actlab.step.properties.lipschitz == math.inf
    assert str(actlab.log_sigmoid.properties.supremum) == str(actlab.relu.properties.infimum) == "0.0"


def made(f, df, kinks):
    """Measure a function of straight pieces that the registry does not hold."""
    record = Elementwise(
        name="made", function=f, formula="x", family="linear",
        df=df, d2f=lambda x: np.zeros_like(x), kinks_at=lambda: kinks,
    )  # fmt: skip
    return properties.measure.__wrapped__(record)  # the cache goes by the name


def test_a_corner_or_a_single_point_may_be_an_extremum_and_a_plateau_is_none():
    tent = made(
        lambda x: np.maximum(1 - np.abs(x), 0),
        lambda x: np.where(np.abs(x) < 1, -np.sign(x), 0.0),
        {-1.0: "left", 0.0: "left", 1.0: "right"},
    )
    assert tent.extrema == (Extremum(0, 1, "maximum"),)
    assert (tent.range, tent.supremum_at, abs(tent.infimum_at)) == (Interval(0, 1, True, True), 0, 1)
    assert (tent.monotone, tent.symmetry, tent.zero_centred) == (None, "even", False)
    table = made(
        lambda x: np.clip(2 - np.abs(x), 0, 1),
        lambda x: np.where((np.abs(x) > 1) & (np.abs(x) < 2), -np.sign(x), 0.0),
        {-2.0: "left", -1.0: "right", 1.0: "left", 2.0: "right"},
    )
    assert table.extrema == ()
    assert (table.range, len(table.dead), len(table.saturation)) == (Interval(0, 1, True, True), 3, 2)
    step_up = made(lambda x: np.where(x == 0, -1.0, x), lambda x: np.ones_like(x), {0.0: "left"})
    assert step_up.extrema == (Extremum(0, -1, "minimum"),)
    spike = made(lambda x: np.where(x == 0, 1.0, -np.abs(x)), lambda x: -np.sign(x), {0.0: "left"})
    assert spike.extrema == (Extremum(0, 1, "maximum"),)
    assert (spike.smoothness, spike.range) == (-1, Interval(-math.inf, 1, False, True))


def test_a_bound_that_is_approached_here_and_reached_there_is_reached():
    facts = made(
        lambda x: np.where(x > 0, np.minimum(x, 1) - 1, -np.exp(np.minimum(x, 0))),
        lambda x: np.where(x > 0, np.where(x < 1, 1.0, 0.0), -np.exp(np.minimum(x, 0))),
        {0.0: "left", 1.0: "right"},
    )
    assert (facts.range, facts.supremum_at) == (Interval(-1, 0, True, True), 1)


def test_the_share_of_a_far_tail_keeps_its_digits():
    facts = made(lambda x: np.minimum(x - 8, 0), lambda x: np.where(x < 8, 1.0, 0.0), {8.0: "right"})
    # Rounding 8 / sqrt(2) alone changes the tail by 64 times 1e-16.
    assert facts.zero_share == facts.dead_share == pytest.approx(special.ndtr(-8), rel=1e-13, abs=0)


def test_moments_of_a_function_that_bends_within_a_thousandth():
    steep = actlab.silu.with_params(beta=3000.0)
    ends = [-13, -0.1, -0.01, 0, 0.01, 0.1, 13]
    parts = [
        integrate.quad(lambda z: steep.derivative(z) ** 2 * density(z), a, b, limit=400, epsabs=1e-15)[0]
        for a, b in pairwise(ends)
    ]
    assert steep.properties.slope_moment == pytest.approx(sum(parts), abs=1e-13)


@pytest.mark.parametrize("alpha", [0.1, 1.0, 2.0, 3.0])
def test_elu_approaches_minus_alpha(alpha):
    facts = actlab.elu.with_params(alpha=alpha).properties
    assert facts.range == Interval(-alpha, math.inf)
    assert facts.infimum_at == -math.inf
    assert facts.lipschitz == max(alpha, 1)
    assert facts.smoothness == (1 if alpha == 1 else 0)
    assert facts.asymptote_left == Line(0, -alpha)
    (flat,) = facts.saturation
    assert (flat.low, flat.high) == (-math.inf, pytest.approx(math.log(properties.FLAT / alpha), rel=1e-14))
    assert not facts.dead  # also where the slope underflows to 0


def test_a_bound_that_a_jump_leaves_open_is_found():
    # Just right of its jump at -1 the function is nearly -1, at the jump itself 0.
    assert actlab.threshold.with_params(threshold=-1.0).properties.infimum == -1.0
    assert actlab.threshold.with_params(default_value=1.0).properties.infimum == 0.0
    assert actlab.threshold.with_params(default_value=-1.0).properties.infimum == -1.0
    assert str(actlab.threshold.with_params(threshold=-1.0).properties.range) == "(-1, ∞)"
    assert str(actlab.threshold.with_params(default_value=1.0).properties.range) == "(0, ∞)"
    assert str(actlab.threshold.with_params(default_value=-1.0).properties.range) == "[-1, ∞)"


def test_moments_with_closed_forms():
    assert actlab.relu.properties.mean == pytest.approx(1 / math.sqrt(2 * math.pi), abs=1e-14)
    assert actlab.relu.properties.gain == pytest.approx(math.sqrt(2), abs=1e-14)
    assert actlab.gelu.properties.mean == pytest.approx(1 / (2 * math.sqrt(math.pi)), abs=1e-14)
    assert actlab.gelu.properties.second_moment == pytest.approx(1 / 3 + 1 / (2 * math.sqrt(3) * math.pi), abs=1e-14)
    assert actlab.gaussian.properties.second_moment == pytest.approx(1 / math.sqrt(5), abs=1e-14)

    for slope in (0.0, 0.01, 0.5):
        leaky = actlab.leaky_relu.with_params(negative_slope=slope).properties
        assert leaky.mean == pytest.approx((1 - slope) / math.sqrt(2 * math.pi), abs=1e-14)
        assert (leaky.second_moment, leaky.slope_moment) == pytest.approx([(1 + slope**2) / 2] * 2, abs=1e-14)
    assert actlab.selu.properties.zero_centred
    assert actlab.selu.properties.gain == pytest.approx(1, abs=1e-14)
    assert (actlab.identity.properties.variance, actlab.step.properties.slope_gain) == (pytest.approx(1), math.inf)
    assert actlab.exponential.properties.variance == pytest.approx(math.e**2 - math.e, rel=1e-13)


@pytest.mark.parametrize("threshold", [0.1, 0.5, 2.0])
def test_shares_with_closed_forms(threshold):
    facts = actlab.soft_shrink.with_params(threshold=threshold).properties
    assert facts.zero_share == facts.dead_share == pytest.approx(math.erf(threshold / ROOT_2), abs=1e-15)
    assert facts.dead == (Interval(-threshold, threshold, True, True),)
    facts = actlab.threshold.with_params(threshold=threshold, default_value=1.0).properties
    assert (facts.zero_share, facts.dead_share) == (0, pytest.approx(special.ndtr(threshold), abs=1e-15))


def test_where_units_are_flat_and_dead():
    assert actlab.relu.properties.zero_share == 0.5
    assert actlab.relu.properties.dead == actlab.relu.properties.flat == (Interval(-math.inf, 0, False, True),)
    tail = special.ndtr(-6)
    assert actlab.relu6.properties.zero_share == 0.5
    assert actlab.relu6.properties.dead_share == pytest.approx(0.5 + tail, abs=1e-15)
    assert actlab.relu6.properties.dead[1] == Interval(6, math.inf, True, False)
    assert actlab.hard_tanh.properties.dead[1] == Interval(1, math.inf)  # at 1 the slope is that of the left side
    assert actlab.step.properties.dead == (Interval(-math.inf, math.inf),)
    assert (actlab.step.properties.zero_share, actlab.step.properties.dead_share) == (0.5, 1)
    assert actlab.tanh.properties.dead == ()
    # 1 - tanh(x)^2 = 1/20
    end = math.atanh(math.sqrt(1 - properties.FLAT))
    assert actlab.tanh.properties.saturation[1] == Interval(pytest.approx(end, rel=1e-14), math.inf)
    nearly_dead = actlab.leaky_relu.with_params(negative_slope=1e-4).properties
    assert (nearly_dead.dead, nearly_dead.dead_share) == ((), 0)
    # Beside its left tail SiLU is flat about its minimum.
    about = actlab.silu.properties.flat[1]
    assert actlab.silu.properties.infimum_at in about
    assert actlab.silu.properties.saturation == actlab.silu.properties.flat[:1]
    assert -1.558 in about and about.low not in about and about.high not in about


@each_elementwise
def test_a_flat_interval_ends_where_the_slope_passes_the_threshold(case):
    x = np.concatenate([np.linspace(-30, 30, 6_001) + 1e-5, np.geomspace(1e-3, 1e6, 1000)])
    flat = np.any([[point in interval for point in x] for interval in case.properties.flat] or [[False]], axis=0)
    assert (flat == (np.abs(case.derivative(x)) < properties.FLAT)).all()


def test_asymptotes():
    facts = actlab.tanh_shrink.properties
    assert (facts.asymptote_left, facts.asymptote_right) == (Line(1, 1), Line(1, -1))
    for b in (10.0, 1e5):
        assert actlab.squareplus.with_params(b=b).properties.asymptote_right == Line(1, 0)
    assert actlab.leaky_relu.properties.asymptote_left == Line(0.01, 0)
    assert actlab.exponential.properties.asymptote_right is None
    assert actlab.softsign.properties.asymptote_left == Line(0, -1)


@pytest.mark.parametrize(
    ("smoothness", "names"),
    [
        (-1, ["step", "hard_shrink"]),
        (0, ["relu", "leaky_relu", "selu", "hard_silu", "soft_shrink"]),
        (1, ["elu", "celu", "softsign", "sparse_plus"]),
        (math.inf, ["identity", "sigmoid", "gelu", "softplus"]),
    ],
)
def test_smoothness(smoothness, names):
    assert {name: actlab.get(name).properties.smoothness for name in names} == dict.fromkeys(names, smoothness)
    # Where a parameter takes the kink away, no jump is found up to the second derivative.
    assert actlab.prelu.with_params(alpha=1.0).properties.smoothness == 2


def test_an_interval_knows_its_ends():
    assert str(Interval(-0.0, math.inf, True)) == "[0, ∞)"
    assert 0.0 in Interval(0, 1, True) and 0.0 not in Interval(0, 1)
    assert 1.0 in Interval(0, 1, False, True) and 1.0 not in Interval(0, 1) and 2.0 not in Interval(0, 1, True, True)


def test_a_call_costs_some_number_of_copies():
    ratio = properties.cost(actlab.gelu, size=1000, repeats=2)
    assert isinstance(ratio, float) and 0 < ratio < math.inf
    with pytest.raises(ValueError, match="must be 1 or more; got 0 and 20"):
        properties.cost(actlab.gelu, size=0)


@pytest.mark.parametrize(
    ("fact", "value", "inside", "outside"),
    [
        ("symmetry", "odd", {"identity", "tanh"}, {"relu", "sigmoid", "gaussian"}),
        ("symmetry", "even", {"gaussian"}, {"tanh", "silu", "step"}),
        ("monotone", None, {"silu", "gelu", "gelu_tanh", "gaussian"}, {"relu", "sigmoid", "elu", "step"}),
        ("monotone", "increasing", {"relu", "sigmoid", "elu", "step", "hard_shrink"}, {"silu", "gaussian"}),
        ("strict", True, {"identity", "sigmoid", "elu", "tanh_shrink"}, {"relu", "step", "hard_tanh", "silu"}),
        ("saturates_left", True, {"relu", "elu", "sigmoid", "gelu", "relu6"}, {"leaky_relu", "identity"}),
        ("saturates_right", True, {"sigmoid", "tanh", "relu6", "gaussian"}, {"relu", "elu", "gelu"}),
    ],
)
def test_shape_facts(fact, value, inside, outside):
    having = {name for name in inside | outside if getattr(actlab.get(name).properties, fact) == value}
    assert having == inside
