"""Networks trained in the page beside those trained by the package: the same ones, from the first bit on."""

import json
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure as Still
from traitlets import TraitError

from actlab import orders
from actlab.experiments import cosine_fit
from actlab.experiments.cosine import LEARNING_RATE
from actlab.speed import trainer
from actlab.statistics import Share
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
  try {
    new numpy_random_js.Generator(0, seed);
  } catch (error) {
    output.push(error instanceof RangeError);
  }
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
        start = figure.start(10)
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


def follows_itself(figure, start, right):
    """Whether the package's losses (networks, epochs) stay if the initial weights move by a unit in the last place.

    A network whose losses then change by more than a thousandth of the bound, where others stay a hundred times below,
    enlarges every rounding: nothing that rounds an exp otherwise can follow it.
    """
    moved = replace(start, weights=tuple(np.nextafter(weight, np.inf) for weight in start.weights))
    return departure(losses_of(figure.training(moved)), right) <= BOUND / 1000


@pytest.mark.parametrize(("hidden", "seed"), HIDDEN_AND_SEED)
@pytest.mark.parametrize("optimiser", OPTIMISERS)
def test_losses_follow_those_of_the_package_for_300_epochs(optimiser, hidden, seed, tmp_path):
    """To 1e-9, in every epoch and at the end, for every activation; and the same units are dead, before and after.

    The bound holds because both compute the same operations in the same order, and so round alike: the losses of
    activations that are made of straight lines are equal to the last digit. Others differ where exp or tanh do, by a
    unit in the last place, about 1e-16, and these trainings seldom enlarge that by more than a factor of 1e5. But a
    network of exponentials, whose outputs may be thousands, may do so; of these only those must follow that follow
    themselves.
    """
    figures = figures_of_all_activations(optimiser, RATES[optimiser], hidden, seed)
    assert figures[0].epochs == 300
    for figure, (_, losses, dead) in zip(figures, trained(figures, NETWORKS, tmp_path), strict=True):
        start = figure.start(NETWORKS)
        done = figure.training(start)
        off = departure(losses, losses_of(done))
        if figure.activation == "exponential":
            off = off[follows_itself(figure, start, losses_of(done))]
        assert off.max(initial=0) <= BOUND, figure
        np.testing.assert_array_equal(dead, np.stack([seen.dead[0] for seen in done.snapshots], axis=1), repr(figure))


def test_what_has_diverged_stays_diverged_and_has_no_dead_units(tmp_path):
    """Every parameter is nan then, and no slope is 0: in the page as in the package."""
    figure = CosineTrainer(activation="step", hidden=8, optimiser="SGD", learning_rate=1.0, epochs=100)
    done = figure.training()
    ((_, losses, dead),) = trained([figure], 1, tmp_path)
    ((loss,),) = done.snapshots[-1].loss[:, np.newaxis]
    assert np.isnan(loss) and not done.snapshots[-1].dead[0].any()
    assert np.isnan(losses[0, -2:]).all() and not dead[0, 1].any()


def test_a_network_that_does_not_follow_does_not_follow_itself_either(tmp_path):
    """At a rate at which momentum makes many trainings wild, some losses depart from those of the package."""
    figures, departed = figures_of_all_activations("SGD with momentum", LEARNING_RATE, hidden=2, seed=3), 0
    for figure, (_, losses, _) in zip(figures, trained(figures, 16, tmp_path), strict=True):
        start = figure.start(16)
        right = losses_of(figure.training(start))
        wild = departure(losses, right) > BOUND
        if wild.any():
            assert not follows_itself(figure, start, right)[wild].any(), figure
            departed += wild.sum()
    assert departed > 0


def test_powers_are_rounded_as_in_the_package(tmp_path):
    """What Adam subtracts them from shows digits that they do not have: the differences must be the same."""
    bases = [OPTIMISERS["Adam"].beta_1, OPTIMISERS["Adam"].beta_2]
    program = f"""
for (const base of {bases}) {{
  const next = optimisers_js.powers(base);
  for (let t = 1; t <= 4000; t++) output.push(1 - next());
}}
"""
    expected = [1 - np.float64(base) ** t for base in bases for t in range(1, 4001)]
    np.testing.assert_array_equal(answer(program, tmp_path), expected)


def test_what_has_become_too_small_is_forgotten_at_the_end_of_an_epoch(tmp_path):
    """As in the package: processors take long for numbers that are smaller still."""
    program = """
const momentum = optimisers_js.optimiser(1, { rule: "SGD", learning_rate: 1, momentum: 0.5, negligible: 1e-30 });
for (const gradient of [1e-31, 1e-29]) {
  const parameters = new Float64Array(1);
  momentum.step(parameters, [gradient]);
  momentum.settle();
  momentum.step(parameters, [0]);
  output.push(...parameters);
}
"""
    np.testing.assert_allclose(answer(program, tmp_path), [-1e-31, -1.5e-29], rtol=1e-12)


@pytest.mark.parametrize("inputs", ["centred", "standardised"])
def test_other_inputs_are_those_of_the_experiment(inputs, tmp_path):
    figure = CosineTrainer(activation="tanh", inputs=inputs, initialiser="pytorch_uniform", seed=3)
    ((_, losses, _),) = trained([figure], 5, tmp_path)
    assert departure(losses, losses_of(figure.training(figure.start(5)))).max() <= BOUND


@each_engine
def test_many_networks_end_as_those_of_the_experiment(engine, tmp_path):
    """The networks from number 0 on, and the share of fits among them with its interval."""
    figure = CosineTrainer(activation="relu", networks=40, epochs=100)
    ((_, losses, _),) = trained([figure], figure.networks, tmp_path, engine=engine)
    fits = cosine_fit("relu", networks=figure.networks, epochs=figure.epochs, dtype="float64")
    np.testing.assert_allclose(losses[:, -1], fits.loss, rtol=0, atol=BOUND)
    for cut in (success_below(), 0.4, 1e-6, 10):
        share = fits.success(cut)
        (low, high) = answer(f"output.push(...statistics_js.wilson({share.count}, {share.n}));", tmp_path, engine)
        np.testing.assert_allclose((low, high), share.interval, rtol=1e-12)


def test_a_histogram_counts_every_loss(tmp_path):
    losses = [1e-9, 0.01, 0.02, 0.5, 3, "Infinity", "NaN", 0.01999]
    program = f"output.push(...statistics_js.histogram([{', '.join(map(str, losses))}], [0.01, 0.02, 0.1, 1]));"
    assert answer(program, tmp_path).tolist() == [3, 1, 4]


# --- The figure in Python ---------------------------------------------------------------------------------------------


def test_the_settings_at_first_are_those_of_the_experiment():
    figure = CosineTrainer(activation="sigmoid")
    done, fits = figure.training(), cosine_fit("sigmoid", networks=1, dtype="float64")
    np.testing.assert_array_equal(done.snapshots[-1].loss, fits.loss)
    assert figure.page_state()["experiment"]["success"] == success_below()
    assert fits.success(success_below()) == Share.of(fits.loss < 0.01)


def test_the_still_shows_the_network_after_a_run():
    figures = [CosineTrainer(activation=name, epochs=30) for name in ("relu", "gaussian")]
    for figure, parts in zip(figures, (["unit 1, dead", "unit 2, born dead"], ["unit 1", "unit 2"]), strict=True):
        drawing = Still()
        figure.still(drawing)
        left, right = drawing.axes
        assert left.get_legend_handles_labels()[1] == ["target", "fit", *parts]
        (line, _) = right.lines
        np.testing.assert_allclose(line.get_ydata(), figure.training().losses[:, 0], rtol=0.002)
    assert figures[0]._svg() == figures[0]._svg()


def test_what_the_figure_does_not_offer_is_refused():
    for wrong in ({"hidden": 9}, {"activation": "softmax"}, {"initialiser": "he_normal"}, {"learning_rate": 0.0}):
        with pytest.raises(TraitError):
            CosineTrainer(**wrong)


# --- How long it takes ------------------------------------------------------------------------------------------------


def test_the_benchmark_runs_every_activation(capsys):
    if "browser" not in ENGINES:
        pytest.skip("no Chromium is installed")
    trainer.main(["--rounds", "1", "--browser", ENGINES["browser"]])
    printed = capsys.readouterr().out
    assert all(f"| `{name}` |" in printed for name in OFFERED)
    assert f"the goal is {trainer.GOAL} ms" in printed
    assert "| 0.0 |" not in printed


def test_the_benchmark_asks_for_a_browser(capsys, monkeypatch):
    monkeypatch.setattr(trainer, "browser", lambda: None)
    with pytest.raises(SystemExit):
        trainer.main([])
    assert "no browser is installed under the names chromium, " in capsys.readouterr().err
