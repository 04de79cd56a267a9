"""The networks that are trained in the page beside those that are trained by the package: the same ones, bit for bit."""

import json
from dataclasses import replace

import numpy as np
import pytest

from actlab import orders
from actlab.experiments import cosine_fit
from actlab.network import initialise
from actlab.statistics import Share
from actlab.training import fit
from actlab.widgets import CosineTrainer, bundle
from actlab.widgets.trainer import OFFERED, OPTIMISERS, STARTS, success_below
from tests.javascript import ENGINES, run

each_engine = pytest.mark.parametrize("engine", list(ENGINES) or [None])


def answer(program, folder, engine=None):
    """Run lines after all modules of the trainer; they fill the array ``output``."""
    return run(bundle.module("trainer"), f"const output = [];\n{program}", np.zeros(0), folder, engine)


def trained(figures, networks, folder, *, epochs=None, engine=None):
    """Train networks of several figures in JavaScript.

    Of each figure the parameters before, (networks, parameters), the losses of the epochs and the final loss,
    (networks, epochs + 1), and which units were born dead and are dead, (networks, 2, units).
    """
    epochs = figures[0].epochs if epochs is None else epochs
    first = figures[0].page_state()
    settings = [{key: value for key, value in f.page_state().items() if key != "experiment"} for f in figures]
    program = f"""
const experiment = {json.dumps(first["experiment"])};
for (const settings of {json.dumps(settings)}) {{
  const make = cosine_js.cosineFit({{ get: (name) => ({{ experiment, ...settings }})[name] }});
  for (let number = 0; number < {networks}; number++) {{
    const network = make(settings.network + number);
    output.push(...network.parameters, ...network.dead());
    for (let epoch = 0; epoch < {epochs}; epoch++) network.epoch();
    output.push(...network.dead(), ...network.losses, network.loss());
  }}
}}
"""
    numbers, found = answer(program, folder, engine), []
    for figure in figures:
        units = figure.hidden
        cuts = np.cumsum([3 * units + 1, units, units, epochs + 1])
        rows, numbers = numbers[: networks * cuts[-1]].reshape(networks, -1), numbers[networks * cuts[-1] :]
        parameters, born, dead, losses = np.split(rows, cuts[:-1], axis=1)
        found.append((parameters, losses, np.stack([born, dead], axis=1) == 1))
    assert not numbers.size
    return found


# --- What is random ---------------------------------------------------------------------------------------------------


@each_engine
def test_random_numbers_are_those_of_numpy(engine, tmp_path):
    """Of seeds of one to five numbers: uniform ones, shuffles, and uniform ones between shuffles."""
    seeds = [(0,), (1, 0), (0, 7, 2), (2**32 - 1, 12345, 1), (1, 2, 3, 4, 5)]
    sizes = (1, 2, 3, 17, 64, 65, 300)
    program = f"""
for (const seed of {json.dumps(seeds)}) {{
  const rng = new numpy_random_js.Generator(...seed);
  for (const size of {json.dumps(sizes)}) {{
    output.push(...rng.shuffle(Array.from({{ length: size }}, (_, i) => i)));
    for (let i = 0; i < size; i++) output.push(rng.random());
  }}
}}
"""
    expected = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        for size in sizes:
            expected += [rng.permutation(size), rng.random(size)]
    np.testing.assert_array_equal(answer(program, tmp_path, engine), np.concatenate(expected))


def test_a_seed_that_is_no_whole_number_is_refused(tmp_path):
    program = """
for (const seed of [-1, 0.5, 2 ** 32]) {
  try { new numpy_random_js.Generator(0, seed); output.push(0); } catch (error) { output.push(error instanceof RangeError); }
}
"""
    assert answer(program, tmp_path).tolist() == [1, 1, 1]


def test_a_network_meets_the_examples_in_the_order_of_the_package(tmp_path):
    """In the first epochs and later ones, at both ends of groups of networks, asked for in any order."""
    networks, epochs, points = [257, 0, 255, 1000, 256], [3, 0, 1, 40], 100
    program = f"""
const order = orders_js.orders(5, {points});
for (const number of {networks}) for (const epoch of {epochs}) output.push(...order(number, epoch));
"""
    found = answer(program, tmp_path).reshape(len(networks), len(epochs), points)
    for number, by_epoch in zip(networks, found, strict=True):
        (arranged,) = orders.arrangements("reshuffled", 5, number, 1, points)
        shuffles = orders.epochs("reshuffled", 5, number, 1, points)
        expected = np.array([arranged[next(shuffles)[0][1]] for _ in range(max(epochs) + 1)])
        np.testing.assert_array_equal(by_epoch, expected[epochs])


@pytest.mark.parametrize("initialiser", STARTS)
def test_initial_weights_are_those_of_the_package(initialiser, tmp_path):
    figures = [CosineTrainer(initialiser=initialiser, hidden=hidden, seed=7, network=250) for hidden in range(1, 9)]
    for figure, (parameters, *_) in zip(figures, trained(figures, 10, tmp_path, epochs=0), strict=True):
        start = figure.training(networks=10, epochs=0).network
        (hidden, output), (hidden_biases, output_bias) = start.weights, start.biases
        expected = [hidden[:, 0], hidden_biases[:, 0], output[:, :, 0], output_bias[:, 0]]
        np.testing.assert_array_equal(parameters, np.concatenate(expected, axis=1))
        assert np.any(expected[1]) == np.any(expected[3]) == (STARTS[initialiser].bias_scale > 0)


# --- Training ---------------------------------------------------------------------------------------------------------

# Momentum makes steps ten times as large in the long run.
RATES = {"Adam": LEARNING_RATE, "SGD": LEARNING_RATE, "SGD with momentum": LEARNING_RATE / 10}
HIDDEN_AND_SEED = ((1, 0), (2, 11), (8, 5))
NETWORKS = 3
BOUND = 1e-9


def losses_of(done):
    """The losses of the epochs and the final loss, (networks, epochs + 1)."""
    return np.column_stack([done.losses.T, done.snapshots[-1].loss])


def departure(one, other):
    """How far losses (networks, epochs) of two trainings are apart at most, (networks,).

    Where the losses of one are no finite numbers, those of the other must not be, either.
    """
    finite = np.isfinite(one) & np.isfinite(other)
    apart = np.abs(np.subtract(one, other, where=finite, out=np.zeros_like(one)))
    return np.where(np.isfinite(one) == np.isfinite(other), apart, np.inf).max(axis=1)


def figures_of_all_activations(optimiser, rate, hidden, seed):
    """Return a figure for each activation that is offered, for the experiment's number of epochs."""
    settings = {"optimiser": optimiser, "learning_rate": rate, "hidden": hidden, "seed": seed}
    return [CosineTrainer(activation=activation, **settings) for activation in OFFERED]


@pytest.mark.parametrize(("hidden", "seed"), HIDDEN_AND_SEED)
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_losses_follow_those_of_the_package_for_300_epochs(optimiser, hidden, seed, tmp_path):
    """To 1e-9, in every epoch and at the end, for every activation, and dead units are the same ones.

    The bound holds because both compute the same operations in the same order, and so round alike: the losses of
    activations that are made of straight lines and fractions are mostly equal to the last digit. Others differ where
    exp or tanh do, by one unit in the last place, about 1e-16. These trainings enlarge that, but seldom a
    hundred-thousandfold; a value lost beside a sum, a term in another order or a power rounded otherwise is no larger
    at first, a mistake in the arithmetic is.
    """
    figures = figures_of_all_activations(optimiser, RATES[optimiser], hidden, seed)
    assert figures[0].epochs == 300
    for figure, (_, losses, dead) in zip(figures, trained(figures, NETWORKS, tmp_path), strict=True):
        done = figure.training(networks=NETWORKS)
        assert departure(losses, losses_of(done)).max() <= BOUND, figure
        np.testing.assert_array_equal(dead, np.stack([seen.dead[0] for seen in done.snapshots], axis=1), repr(figure))


def test_a_network_that_does_not_follow_does_not_follow_itself_either(tmp_path):
    """At a rate at which momentum makes many trainings wild: those that depart from the package are of this kind.

    Moved by one unit in the last place of one weight, they depart from themselves by a thousand times the bound's
    share of a last digit, within the package. No other program could follow them.
    """
    figures = figures_of_all_activations("SGD with momentum", LEARNING_RATE, hidden=2, seed=3)
    departed = 0
    for figure, (_, losses, _) in zip(figures, trained(figures, 16, tmp_path), strict=True):
        done = figure.training(networks=16)
        wild = departure(losses, losses_of(done)) > BOUND
        if wild.any():
            own = departure(losses_of(moved(figure, 16)), losses_of(done))
            assert (own[wild] > BOUND / 1000).all(), figure
            departed += wild.sum()
    assert departed > 0
