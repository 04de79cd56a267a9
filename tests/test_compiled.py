"""The compiled training against a loop in numpy that says the same in the plainest words."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import actlab

# More than one run of lanes, the last of them not full.
NETWORKS = 150

# The two add up in another order and so round otherwise. Of 150 networks the worst was off by 3e-15 in float64 and by
# 1e-6 in float32 after three epochs, for all activations and 1, 2 or 5 hidden units.
TOLERANCE = {np.float64: 1e-13, np.float32: 5e-6}


@pytest.fixture(scope="module")
def compiled():
    pytest.importorskip("numba")
    from actlab import compiled

    return compiled


def problem(hidden=2, epochs=2, networks=NETWORKS, points=100, dtype=np.float64):
    """Return parameters, data and shuffles of a cosine fit; network i is the same whatever ``networks`` is."""
    rng = np.random.default_rng(7)
    shuffles = rng.permuted(np.tile(np.arange(points), (epochs, 1)), axis=1)
    x = np.linspace(0, 2 * np.pi, points)
    parameters, data = np.zeros((3 * hidden + 1, networks)), np.empty((points, 2, networks))
    limit = np.sqrt(6 / (1 + hidden))
    for network in range(networks):
        weights = rng.uniform(-limit, limit, (2, hidden))
        parameters[:hidden, network], parameters[2 * hidden : 3 * hidden, network] = weights
        order = rng.permutation(points)
        data[:, :, network] = np.stack([x, np.cos(x) + 1], axis=1)[order]
    return parameters.astype(dtype), data.astype(dtype), shuffles


def oracle(parameters, data, shuffles, *, activation, hidden, learning_rate, batch_size=32):
    """Return the parameters after the training, and the losses, as Keras 3 comes to them, in the dtype of the data."""
    dtype = parameters.dtype.type
    parameters = parameters.copy()
    first_moment, second_moment = np.zeros_like(parameters), np.zeros_like(parameters)
    losses, step = np.zeros((len(shuffles), parameters.shape[1]), dtype), 0
    with np.errstate(all="ignore"):
        for epoch, order in enumerate(shuffles):
            for first in range(0, len(order), batch_size):
                x, y = data[order[first : first + batch_size]].swapaxes(0, 1)[:, :, np.newaxis]
                weight, bias, output_weight = parameters[:-1].reshape(3, hidden, -1)
                z = weight * x + bias  # (batch, hidden, networks)
                value, slope = activation(z), activation.derivative(z)
                error = (output_weight * value).sum(axis=1, keepdims=True) + parameters[-1] - y
                losses[epoch] += np.square(error).sum(axis=(0, 1)) / dtype(len(order))
                upstream = dtype(2) * error / dtype(len(error))
                back = upstream * output_weight * slope
                parts = [(back * x).sum(axis=0), back.sum(axis=0), (upstream * value).sum(axis=0), upstream.sum(axis=0)]
                gradient = np.concatenate(parts)
                step += 1
                first_moment += (gradient - first_moment) * dtype(1 - 0.9)
                second_moment += (np.square(gradient) - second_moment) * dtype(1 - 0.999)
                rate = dtype(learning_rate) * np.sqrt(1 - dtype(0.999) ** dtype(step)) / (1 - dtype(0.9) ** dtype(step))
                parameters -= first_moment * rate / (np.sqrt(second_moment) + dtype(1e-7))
    return parameters, losses


def difference(found, expected):
    """Return the largest difference of two arrays, relative to the number it is in where that is above 1."""
    assert found.dtype == expected.dtype
    return np.max(np.abs(found - expected) / np.maximum(1, np.abs(expected)))


def trained(compiled, parameters, data, shuffles, **settings):
    """Return the parameters after the compiled training, and the losses."""
    parameters = parameters.copy()
    settings = {"activation": actlab.sigmoid, "hidden": 2, "learning_rate": 0.04} | settings
    return parameters, compiled.train_block(parameters, data, shuffles, **settings)


def test_without_numba_the_error_names_the_extra():
    code = "import sys; sys.modules['numba'] = None; import actlab.compiled"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith("ImportError: ")
    assert "actlab[compiled]" in done.stderr.splitlines()[-1]


# --- Against the oracle -----------------------------------------------------------------------------------------------


def agrees(compiled, dtype, epochs=3, **settings):
    given = problem(settings["hidden"], epochs, dtype=dtype)
    found = trained(compiled, *given, **settings)
    expected = oracle(*given, **{"learning_rate": 0.04} | settings)
    assert np.max(np.abs(expected[0] - given[0])) > 0.1  # they did move
    return all(difference(*pair) < TOLERANCE[dtype] for pair in zip(found, expected, strict=True))


def unusual(name):
    """Return the activation with a parameter that is not its default, where it has one: no form may forget it."""
    activation = actlab.get(name)
    return activation.with_params(**{key: 1.5 * value for key, value in activation.values.items()})


def test_every_form_trains_as_numpy_does(compiled):
    for name in compiled.supported():
        assert agrees(compiled, np.float32, activation=unusual(name), hidden=2), name


@pytest.mark.parametrize("activation", [actlab.tanh, actlab.gelu], ids=str)
@pytest.mark.parametrize("hidden", [1, 2, 4, 5])
def test_in_double_precision_nearly_all_digits_agree(compiled, activation, hidden):
    assert agrees(compiled, np.float64, activation=activation, hidden=hidden)


@pytest.mark.parametrize("batch_size", [1, 7, 15, 50, 100, 1000])
def test_batches_of_any_size(compiled, batch_size):
    assert agrees(compiled, np.float64, activation=actlab.tanh, hidden=2, batch_size=batch_size)


def answers(compiled, activation, x):
    """Return value and slope, (2, len(x)), as the compiled training computes them in the dtype of ``x``."""
    numba = pytest.importorskip("numba")
    form, before = compiled._FORMS[activation.name], compiled._BEFORE.get(activation.name, compiled._unchanged)
    (parameter,) = activation.values.values() or (0.0,)

    @numba.njit(error_model="numpy")
    def evaluate(x, parameter, value, slope):
        for i in range(x.size):
            value[i], factor, other = form(before(x[i]), parameter)
            slope[i] = factor * other

    found = np.empty((2, x.size), x.dtype)
    evaluate(x, x.dtype.type(parameter), *found)
    return found


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_and_slopes_keep_their_digits_in_the_tails_and_near_0(compiled, dtype):
    eps, x = np.finfo(dtype).eps, np.linspace(-9, 9, 3601).astype(dtype)
    # Of e^(-x^2) the rounding of the square costs x^2 roundings.
    allowed = np.where(np.abs(x) < 3, 8 * eps, 4 * eps * (1 + np.square(x)))
    for name in ("elu", "sigmoid", "tanh", "silu", "mish", "softplus", "gaussian", "gelu"):
        activation = unusual(name)
        found, wide = answers(compiled, activation, x), x.astype(np.float64)
        expected = np.array([activation(wide), activation.derivative(wide)])
        # Relative to the result, but for slopes near the point where they change their sign.
        scale = np.abs(expected)
        scale[1] = np.where(np.abs(x) < 3, 1, scale[1])
        assert np.all(np.abs(found - expected) <= allowed * scale), name
        assert np.isnan(answers(compiled, activation, np.full(1, np.nan, dtype))[0, 0]), name


@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 87), (np.float64, 708)])
def test_the_sigmoid_keeps_its_digits_as_far_as_numbers_are_normal(compiled, dtype, limit):
    eps, x = np.finfo(dtype).eps, np.linspace(-limit, limit, 5001).astype(dtype)
    found, wide = answers(compiled, actlab.sigmoid, x), x.astype(np.float64)
    expected = np.array([actlab.sigmoid(wide), actlab.sigmoid.derivative(wide)])
    # ln(2) is rounded: half a rounding of x.
    assert np.all(np.abs(found - expected) <= eps * (3 + np.abs(x)) * expected)
    beyond = answers(compiled, actlab.sigmoid, np.array([-np.inf, -3 * limit, 3 * limit, np.inf], dtype))
    assert np.all(np.abs(beyond[0] - [0, 0, 1, 1]) < 2 * np.finfo(dtype).tiny)
    assert np.all((beyond[1] >= 0) & (beyond[1] < 2 * np.finfo(dtype).tiny))


# --- What a network comes to depends on nothing else ------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["sigmoid", "tanh", "silu", "elu", "relu", "gelu", "mish", "softplus", "gaussian"])
def test_nothing_grows_again_far_out(compiled, name, dtype):
    activation, largest = unusual(name), np.finfo(dtype).max
    x = np.concatenate([-np.geomspace(largest / 100, 1e3, 30), np.geomspace(1e3, largest / 100, 30)]).astype(dtype)
    found, wide = answers(compiled, activation, x), x.astype(np.float64)
    expected = np.array([activation(wide), activation.derivative(wide)])
    # What is no normal number may be 0, or as large as a few hundred of the least normal one.
    assert np.all(np.abs(found - expected) <= 1e-5 * np.abs(expected) + 2000 * np.finfo(dtype).tiny), name


def test_a_network_is_the_same_in_any_block(compiled):
    parameters, data, shuffles = problem(dtype=np.float32)
    whole, losses = trained(compiled, parameters, data, shuffles)
    for part in (slice(0, 1), slice(149, 150), slice(3, 70)):
        pieces = (np.ascontiguousarray(array[..., part]) for array in (parameters, data))
        alone = trained(compiled, *pieces, shuffles)
        assert np.array_equal(alone[0], whole[:, part])
        assert np.array_equal(alone[1], losses[:, part])


def test_each_network_has_its_own_learning_rate(compiled):
    given = problem(dtype=np.float32)
    rates = np.where(np.arange(NETWORKS) % 3, 0.01, 0.04)  # not in step with the runs of lanes
    mixed = trained(compiled, *given, learning_rate=rates)
    for rate in (0.04, 0.01):
        uniform = trained(compiled, *given, learning_rate=rate)
        for found, expected in zip(mixed, uniform, strict=True):
            assert np.array_equal(found[:, rates == rate], expected[:, rates == rate])


def test_threads_train_side_by_side(compiled):
    given = problem(epochs=20, dtype=np.float32)
    expected = trained(compiled, *given)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: trained(compiled, *given), range(8)):
            assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_other_threads_run_while_it_trains(compiled):
    given = problem(epochs=20_000, dtype=np.float32)
    trained(compiled, given[0], given[1], given[2][:1])  # compiles
    with ThreadPoolExecutor(1) as pool:
        training, turns = pool.submit(trained, compiled, *given), 0
        while not training.done():
            time.sleep(0.001)
            turns += 1
    assert turns > 20  # some hundred; a training that kept the GIL would leave time for one or two


def test_a_network_that_diverges_is_a_result(compiled):
    given = problem(dtype=np.float32)
    rates = np.full(NETWORKS, 0.04)
    rates[5] = 1e30
    expected, found = trained(compiled, *given), trained(compiled, *given, learning_rate=rates)
    assert not np.isfinite(found[1][-1, 5])
    others = np.arange(NETWORKS) != 5
    assert all(np.array_equal(a[:, others], b[:, others]) for a, b in zip(found, expected, strict=True))


def test_no_epochs_change_nothing(compiled):
    given = problem(epochs=0)
    after, losses = trained(compiled, *given, activation=actlab.tanh)
    assert np.array_equal(after, given[0])
    assert losses.shape == (0, NETWORKS)


# --- Compiling once ---------------------------------------------------------------------------------------------------


def test_what_was_compiled_is_found_again_by_the_next_process(compiled, tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    code = """
from tests.test_compiled import *
from actlab import compiled
import numpy as np
trained(compiled, *problem(networks=1, epochs=1, dtype=np.float32), activation=actlab.relu)
statistics = compiled._kernel("relu", 2).stats
print(sum(statistics.cache_hits.values()), sum(statistics.cache_misses.values()))
"""
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        for _ in range(2)
    ]
    assert runs == [["0", "1"], ["1", "0"]]


def test_without_a_place_for_the_cache_it_compiles_all_the_same(compiled, monkeypatch):
    jit = compiled.njit

    def no_place(function, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function 'train': no locator available for file")
        return jit(function, **options)

    monkeypatch.setattr(compiled, "njit", no_place)
    kernel = compiled._kernel.__wrapped__("identity", 1)
    assert callable(kernel)
    assert not kernel.stats.cache_path


# --- Bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"activation": actlab.softsign}, "no softsign; it has identity, relu, "),
        ({"activation": actlab.softmax}, "no softmax; it has identity, relu, "),
        ({"hidden": 0}, "hidden must be a whole number of 1 or more; got 0"),
        ({"hidden": 3}, r"parameters must be \(3 hidden \+ 1, N\) = \(10, N\); got \(7, 150\)"),
        ({"batch_size": 0}, "batch_size must be a whole number of 1 or more; got 0"),
        ({"learning_rate": -1.0}, r"learning_rate must be one number above 0, .*; got -1\.0"),
        ({"learning_rate": [0.1, 0.2]}, r"or 150 of them, one for each network; got \[0\.1, 0\.2\]"),
    ],
)
def test_settings_that_do_not_fit_are_refused(compiled, change, message):
    with pytest.raises(ValueError, match=message):
        trained(compiled, *problem(), **change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p, d, s: (p.astype(int), d, s), "parameters must be .* float32 or float64; got int64, contiguous"),
        (lambda p, d, s: (p.T.copy().T, d, s), "parameters must be a C-contiguous array"),
        (lambda p, d, s: (p, d[:, ::-1], s), "data must be a C-contiguous array .* got float64, not contiguous"),
        (lambda p, d, s: (p, d.astype(np.float32), s), r"data must be .* in float64; got \(100, 2, 150\) in float32"),
        (lambda p, d, s: (p, d[:, :1].copy(), s), r"data must be .*; got \(100, 1, 150\)"),
        (lambda p, d, s: (p, d[:0], s), r"data must be .*; got \(0, 2, 150\)"),
        (lambda p, d, s: (p, d, s[:, :99]), r"shuffles must be .* \(epochs, 100\), whole numbers; got \(2, 99\)"),
        (lambda p, d, s: (p, d, s.astype(float)), "shuffles must be .*; got .* of float64"),
        (lambda p, d, s: (p, d, s + 1), "indices from 0 to 99; got 1 to 100"),
        (lambda p, d, s: (p, d, s - 1), "indices from 0 to 99; got -1 to 98"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(compiled, change, message):
    parameters, data, shuffles = change(*problem())
    with pytest.raises(ValueError, match=message):
        # Not copied: a copy would be contiguous.
        compiled.train_block(parameters, data, shuffles, activation=actlab.tanh, hidden=2, learning_rate=0.04)


def test_parameters_that_cannot_be_changed_are_refused(compiled):
    parameters, data, shuffles = problem()
    parameters.flags.writeable = False
    with pytest.raises(ValueError, match="must be writeable"):
        compiled.train_block(parameters, data, shuffles, activation=actlab.tanh, hidden=2, learning_rate=0.04)
