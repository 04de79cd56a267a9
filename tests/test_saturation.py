"""The experiments of the chapter on S-curves and bumps."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from scipy import integrate

import actlab
from actlab import experiments, figures
from actlab.experiments.saturation import _steps_to

# --- The way back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "softsign", "gaussian"])
def test_many_small_steps_take_the_time_of_the_gradient_flow(name):
    """In the limit of small steps dz/dt = -(f(z) - f(0)) f'(z), and the time back is an integral."""
    f, rate = actlab.get(name), 0.01
    found = experiments.recovery(name, (-2.0, 1.5), learning_rate=rate, limit=10**6)
    for start, steps in zip(found.starts, found.steps, strict=True):
        near = np.copysign(found.near, start)
        time, _ = integrate.quad(lambda z: 1 / ((f(z) - f(0.0)) * f.derivative(z)), near, start)
        assert steps * rate == pytest.approx(abs(time), rel=0.02)


def test_a_start_that_takes_too_long_is_reported_as_such():
    found = experiments.recovery("tanh", (-2.0, -30.0), limit=50)
    assert found.steps[1] == -1
    assert 0 < found.steps[0] <= 50
    assert repr(found) == f"tanh, steps back from -2: {found.steps[0]}, -30: more than 50"
    (again,) = experiments.recovery("tanh", (-2.0,), limit=int(found.steps[0])).steps
    assert again == found.steps[0]
    assert experiments.recovery("tanh", (-2.0,), limit=int(found.steps[0]) - 1).steps == [-1]


@pytest.mark.parametrize("starts", [(0.5,), (-2.0, 1.0), (np.nan,), (np.inf,), 3.0])
def test_starts_lie_outside_of_what_counts_as_back(starts):
    with pytest.raises(ValueError, match="starts must be finite numbers further from 0 than near = 1; got"):
        experiments.recovery("tanh", starts)


@pytest.mark.parametrize("learning_rate", [-1, 0, np.nan, np.inf])
def test_a_unit_goes_back_by_steps_of_some_size(learning_rate):
    with pytest.raises(ValueError, match="learning_rate must be finite, above 0; got"):
        experiments.recovery("tanh", learning_rate=learning_rate)


def test_the_number_of_steps_is_drawn_over_the_distance():
    _, ax = plt.subplots()
    results = [experiments.recovery(name, (-2.0, -3.0, -9.0), limit=200) for name in ("tanh", "softsign")]
    figures.recovery_steps(results, ax)
    for line, result in zip(ax.get_lines(), results, strict=True):
        kept = result.steps > 0
        np.testing.assert_array_equal(line.get_ydata(), result.steps[kept])
        np.testing.assert_array_equal(line.get_xdata(), -result.starts[kept])
    assert [text.get_text() for text in ax.texts] == ["tanh", "softsign"]
    plt.close("all")


# --- Signs ------------------------------------------------------------------------------------------------------------


def test_positive_inputs_share_a_sign_and_it_is_either():
    found = experiments.shared_signs("sigmoid", units=4000, seed=3)
    assert found.same.value == 1
    low, high = found.positive.interval
    assert low < 0.5 < high
    assert "of these, plus in" in repr(found)


@pytest.mark.parametrize("inputs", [1, 3, 6])
def test_centred_inputs_share_a_sign_as_coins_do(inputs):
    found = experiments.shared_signs("tanh", inputs=inputs, units=20_000, seed=3)
    assert found.same.value == pytest.approx(2 / 2**inputs, abs=0.01)


def test_no_unit_with_one_sign_leaves_nothing_to_count():
    found = experiments.shared_signs("tanh", inputs=60, units=20)
    assert found.positive is None
    assert repr(found).endswith("interval 0.0% to 16.1%)")


# --- Conditioning -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "shift"), [("sigmoid", 0.0), ("sigmoid", -0.5), ("relu", 0.0), ("tanh", 0.3)])
def test_the_condition_number_follows_from_mean_and_variance(name, shift):
    """Features of mean m and variance v have the second moments v I + m^2 1 1', with the ends v and v + n m^2."""
    facts = actlab.get(name).properties
    mean, variance = facts.mean + shift, facts.second_moment - facts.mean**2
    found = experiments.conditioning(name, shift=shift, samples=200_000, repeats=3)
    np.testing.assert_allclose(found.condition, (variance + 10 * mean**2) / variance, rtol=0.03)


def test_the_steps_are_those_of_gradient_descent():
    rng = np.random.default_rng((4, 0))
    x = actlab.sigmoid(rng.normal(size=(50, 3)))
    moments = x.T @ x / 50
    wanted, target = np.zeros(3), rng.normal(size=3)
    values, count, losses = np.linalg.eigvalsh(moments), 0, []
    while not losses or losses[-1] > losses[0] / 100:
        losses.append((wanted - target) @ moments @ (wanted - target))
        wanted = wanted - 2 / (values[0] + values[-1]) * moments @ (wanted - target)
        count += 1
    found = experiments.conditioning("sigmoid", features=3, samples=50, repeats=1, factor=100, seed=4)
    assert found.steps == [count - 1]
    assert found.steps[0] > 10


def test_the_first_step_that_is_enough_is_found():
    weights, shrink = np.array([1.0, 2.0]), np.array([0.9, 0.5])
    for share in (0.9, 0.5, 0.1, 1e-5):
        t = _steps_to(weights, shrink, share)
        assert weights @ shrink**t <= 3 * share < weights @ shrink ** (t - 1)
