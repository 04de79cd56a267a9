"""The benchmark of activations on digits: data, cells and protocol, how it is read, and its record, trained anew."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import actlab
from actlab import figures
from actlab.core import ACTIVATIONS
from actlab.experiments.choosing import (
    DEPTHS,
    OPTIMISERS,
    STARTS,
    Settings,
    best_grid,
    cells,
    chosen,
    comparisons,
    failures,
    gaps,
    load,
    ranking,
    relative_cost,
    start_grid,
    train_cell,
)
from actlab.experiments.choosing import __main__ as command
from actlab.experiments.choosing import training as trainings
from actlab.experiments.choosing.__main__ import main
from actlab.experiments.choosing.record import Record, write
from actlab.experiments.choosing.settings import SIGMA_B2, WIDTH, activations
from actlab.experiments.choosing.training import Cell
from actlab.meanfield import analyse
from actlab.provenance import arithmetic

pytest.importorskip("sklearn", reason="the digits come with scikit-learn")

from actlab.experiments.digits import digits, split

SMALL = {"networks": 3, "epochs": 2}
RELU = Settings(actlab.relu, 1, "he", "Adam")


def test_the_three_parts_are_all_digits_once():
    parts, (x, y) = split(), digits()
    assert [len(part) for part in (parts.x, parts.x_validation, parts.x_test)] == [1000, 297, 500]
    images = np.concatenate([parts.x, parts.x_validation, parts.x_test])
    labels = np.concatenate([parts.y, parts.y_validation, parts.y_test])
    assert (labels == y).all()
    np.testing.assert_allclose(np.mean(np.square(images), axis=1), 1, rtol=1e-12)
    # The same images in the same order, but for another mean that is taken off.
    assert (np.sum(images * x, axis=1) / 64 > 0.95).all()
    assert len(np.unique(images.round(9), axis=0)) == 1797


def test_only_training_digits_enter_the_scaling():
    from sklearn.datasets import load_digits

    raw, _ = load_digits(return_X_y=True)
    raw = raw[np.random.default_rng(0).permutation(1797)]
    expected = raw[1500] - raw[:1000].mean(axis=0)
    np.testing.assert_allclose(split().x_test[1500 - 1297], expected / np.sqrt(np.mean(expected**2)), rtol=1e-12)


def test_every_hidden_activation_with_a_slope_takes_part_in_every_start_that_it_has():
    left_out = {a.name for a in set(ACTIVATIONS.values()) - set(activations())}
    assert left_out == {"step", "exponential", "softmax", "log_softmax", "softmin", "sparsemax"}
    found = cells()
    assert len(set(found)) == len(found)
    having = {(s.activation.name, s.start) for s in found if s.start == "critical"}
    assert len(found) == len(DEPTHS) * len(OPTIMISERS) * ((len(STARTS) - 1) * len(activations()) + len(having))
    # One jumps, and of those that merge units the theory says nothing.
    lacking = {a.name for a in activations()} - {name for name, _ in having}
    assert lacking == {"hard_shrink", "glu", "swiglu", "maxout"}


def test_starts_of_one_seed_differ_in_scale_alone():
    tanh, he, again = (
        Settings(get, 3, start, "SGD").networks(2, seed=4)
        for get, start in ((actlab.tanh, "lecun"), (actlab.relu, "he"), (actlab.gelu, "lecun"))
    )
    for ours, scaled, same in zip(tanh.weights, he.weights, again.weights, strict=True):
        np.testing.assert_allclose(scaled, ours * np.sqrt(2), rtol=1e-12)
        assert (ours == same).all()


def test_the_critical_start_has_a_chi_of_one():
    start = STARTS["critical"](actlab.elu)
    found = analyse("elu", sigma_w2=start.rule.sigma_w2(64, 64), sigma_b2=SIGMA_B2)
    assert found.chi1 == pytest.approx(1, abs=1e-5)
    network = Settings(actlab.elu, 10, "critical", "SGD").networks(40, seed=0)
    biases = np.concatenate([bias.ravel() for bias in network.biases[1:]])
    assert biases.var() == pytest.approx(SIGMA_B2, rel=4 * np.sqrt(0.8 / biases.size))


def test_a_layer_makes_as_many_outputs_whatever_it_merges_and_prelu_learns():
    for name in ("tanh", "glu", "maxout"):
        network = Settings(actlab.get(name), 2, "he", "Adam").networks(1, seed=0)
        assert [weight.shape[1] for weight in network.weights[1:]] == [WIDTH, WIDTH], name
        assert not network.learnt
    assert Settings(actlab.prelu, 2, "he", "Adam").networks(1, seed=0).learnt


def test_test_digits_play_no_part_in_the_choice_of_a_rate(monkeypatch):
    data = split()
    found = train_cell(RELU, **SMALL)
    monkeypatch.setattr(trainings, "split", lambda: replace(data, y_test=(data.y_test + 1) % 10))
    changed = train_cell(RELU, **SMALL)
    assert (changed.rate, changed.validation) == (found.rate, found.validation)
    assert changed.accuracies != found.accuracies
    assert found.rate == OPTIMISERS["Adam"][1][int(np.argmax(found.validation))]
    assert len(set(found.validation)) == len(found.validation)


def test_a_network_does_not_depend_on_how_many_there_are():
    few, many = (train_cell(RELU, networks=networks, epochs=2) for networks in (1, 3))
    assert many.accuracies[:1] == few.accuracies and many.arrivals[:1] == few.arrivals


def test_arrivals_count_epochs_and_dead_units_are_seen():
    found = train_cell(Settings(actlab.relu, 1, "he", "SGD"), networks=4, epochs=6)
    assert set(found.arrivals) <= {1.0, 2.0, 3.0, 4.0, 5.0, 6.0, math.inf}
    assert min(found.arrivals) < math.inf
    stuck = train_cell(Settings(actlab.sigmoid, 10, "glorot", "SGD"), **SMALL)
    assert set(stuck.arrivals) == {math.inf} and stuck.failed.all()
    assert failures(stuck).count == 3
    assert stuck.gradients[0][0] < 1e-4 * stuck.gradients[0][-1]
    assert found.dead[0] == 0 and math.isnan(train_cell(Settings(actlab.glu, 1, "he", "Adam"), **SMALL).dead[0])


def test_a_network_that_diverged_tells_no_digit(monkeypatch):
    monkeypatch.setitem(OPTIMISERS, "Adam", (OPTIMISERS["SGD"][0], (1e30,)))
    found = train_cell(Settings(actlab.exponential, 2, "he", "Adam"), **SMALL)
    assert found.accuracies == (0.0, 0.0, 0.0)


def made_up(activation, accuracies, *, validation=(0.5,), start="he", depth=1, optimiser="Adam", seconds=1.0):
    """Return a cell with these accuracies."""
    settings = Settings(actlab.get(activation), depth, start, optimiser)
    arrivals = tuple(math.inf for _ in accuracies)
    return Cell(settings, 1e-3, validation, tuple(accuracies), arrivals, ((1.0,), (2.0,)), (0.0, 0.25), seconds)


def of(*found):
    """Return a record in which every cell stands for all depths and optimisers."""
    every = [
        replace(cell, settings=replace(cell.settings, depth=depth, optimiser=optimiser))
        for cell in found
        for depth in DEPTHS
        for optimiser in OPTIMISERS
    ]
    return Record({}, tuple(every))


BASE = np.linspace(0.5, 0.6, 30)


def test_the_start_is_chosen_by_validation_digits():
    good, poor = (
        made_up("tanh", BASE + gain, validation=validation, start=start)
        for gain, validation, start in ((0.0, (0.1, 0.9), "lecun"), (0.3, (0.8, 0.8), "glorot"))
    )
    record = of(made_up("relu", BASE), good, poor)
    assert chosen(record, 4, "SGD")[actlab.tanh].settings.start == "lecun"


def test_verdicts_are_corrected_for_all_comparisons():
    rng = np.random.default_rng(1)
    record = of(
        made_up("relu", BASE), made_up("tanh", BASE + 0.1), made_up("sigmoid", BASE - 0.1),
        made_up("threshold", BASE), made_up("silu", BASE + rng.normal(0.004, 0.01, 30)),
    )  # fmt: skip
    compared = comparisons(record)
    assert len(compared) == 4 * len(DEPTHS) * len(OPTIMISERS)
    verdicts = {c.cell.settings.activation.name: c.verdict for c in compared}
    alone = {c.cell.settings.activation.name: c.paired.p_value for c in compared}["silu"]
    none = "no measurable difference"
    assert verdicts == {"tanh": "better", "sigmoid": "worse", "threshold": none, "silu": none}
    assert alone < 0.05, "alone it would count"
    assert repr(compared[0]).startswith("tanh, 1 deep, he, Adam: +10.00 points against relu (95 % interval ")


def test_the_correlation_is_that_within_pairs():
    found = of(made_up("relu", BASE), made_up("tanh", 0.7 - BASE / 2), made_up("silu", BASE * 0 + 0.5))
    by = {c.cell.settings.activation.name: c.correlation for c in comparisons(found)}
    assert by["tanh"] == pytest.approx(-1) and math.isnan(by["silu"])


def test_the_ranking_has_the_best_first_and_relu_in_its_place():
    record = of(made_up("relu", BASE), made_up("tanh", BASE + 0.1), made_up("sigmoid", BASE - 0.1))
    rows = ranking(comparisons(record), 4, "Adam").rows
    assert [row[0] for row in rows] == ["`tanh`", "`relu`", "`sigmoid`"]
    assert rows[0][2:4] == ("65.0", "+10.0 to +10.0") and rows[0][-1] == "better"
    assert rows[1][2:] == ("55.0", "", "", "")


def test_grids_have_nan_where_there_is_no_cell():
    cells = (
        made_up("relu", BASE, depth=4), made_up("tanh", BASE + 0.2, depth=1, start="lecun"),
        made_up("tanh", BASE + 0.1, depth=1, validation=(0.9,)),
    )  # fmt: skip
    found = Record({}, cells)
    np.testing.assert_allclose(
        best_grid(found, "Adam"), [[np.nan, 0.55, np.nan, np.nan], [0.65, np.nan, np.nan, np.nan]]
    )
    expected = np.full((5, 4), np.nan)
    expected[list(STARTS).index("lecun"), 0], expected[list(STARTS).index("he"), 0] = 0.75, 0.65
    np.testing.assert_allclose(start_grid(found, "tanh", "Adam"), expected)


def test_gaps_are_those_of_the_cells_that_both_have():
    cells = (made_up("relu", BASE), made_up("relu", BASE, depth=4), made_up("tanh", BASE + 0.1))
    np.testing.assert_allclose(gaps(Record({}, cells), "tanh", "relu"), [0.1])
    assert gaps(Record({}, cells), "tanh", "relu", depth=4).size == 0


def test_a_cost_is_relative_to_relu_in_the_same_setting():
    cells = [made_up("relu", BASE, seconds=2.0), made_up("gelu", BASE, seconds=3.0)]
    cells += [made_up("relu", BASE, seconds=10.0, depth=4), made_up("gelu", BASE, seconds=20.0, depth=4)]
    cost = relative_cost(Record({}, (*cells, made_up("gelu", BASE, seconds=9.0, depth=10))), "gelu")
    assert (cost.low, cost.value, cost.high, cost.n) == (1.5, 1.5, 2.0, 2)


def test_a_record_comes_back_as_it_was(tmp_path):
    odd = replace(made_up("glu", (0.5, 0.75)), dead=(math.nan, math.nan))
    leaky = made_up(actlab.leaky_relu.with_params(negative_slope=0.2), (0.5, 0.75))
    write([odd, leaky], {"seed": 3}, tmp_path / "a.json")
    read = load(tmp_path / "a.json")
    assert read.provenance == {"seed": 3} and read.cells[1] == leaky
    assert repr(read.cells[0]) == repr(odd)
    assert read.cell(leaky.settings.activation, 1, "he", "Adam") is read.cells[1]
    with pytest.raises(ValueError, match="there is no cell of tanh, 1 deep, he, Adam"):
        read.cell("tanh", 1, "he", "Adam")


def test_the_command_goes_on_where_it_stopped(tmp_path, capsys, monkeypatch):
    path = tmp_path / "choosing.json"
    how = ["--networks", "2", "--epochs", "1", "--workers", "1", "--output", str(path)]
    main([*how, "--cells", "softsign, 1 deep, he, Adam"])
    load.cache_clear()
    (first,) = load(path).cells
    assert replace(first, seconds=0) == replace(rounded(train_cell(first.settings, networks=2, epochs=1)), seconds=0)
    main([*how, "--cells", "softsign, 1 deep, he"])
    load.cache_clear()
    held = load(path).cells
    assert held[0] == first and [cell.settings.optimiser for cell in held] == ["Adam", "SGD"]
    provenance = json.loads(path.read_text("utf-8"))["provenance"]
    assert provenance["networks"] == 2 and provenance["numpy"] == np.__version__
    with pytest.raises(SystemExit):
        main(["--cells", "nonsense"])
    assert "no cell's name holds nonsense; one is identity, 1 deep, glorot, Adam" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("held", "asked", "said", "trained"),
    [
        ({}, [], "1 of 2 cells are in", ["gelu"]),
        ({"date": "2020-02-02", "Python": "3.11.0"}, [], "1 of 2 cells are in", ["gelu"]),
        ({}, ["--seed", "5"], "made otherwise (seed was 0, would be 5); expected the same", []),
        ({"networks": 3, "numpy": "1.0"}, [], "networks was 3, would be 2; numpy was 1.0, would be", []),
        ({"networks": 3}, ["--afresh"], "0 of 2 cells are in", ["relu", "gelu"]),
        ({"networks": 3}, ["--afresh", "--cells", "gelu, 1 deep, he, Adam"], "networks was 3, would be 2", []),
    ],
)  # fmt: skip
def test_a_record_says_of_all_its_cells_how_they_were_made(tmp_path, capsys, monkeypatch, held, asked, said, trained):
    path, todo = tmp_path / "choosing.json", []

    def train(settings, workers, how):
        todo.extend(settings)
        return iter([replace(made_up("relu", (0.5,)), settings=each) for each in settings])

    monkeypatch.setattr(command, "_trained", train)
    how = ["--networks", "2", "--output", str(path), "--cells", "relu, 1 deep, he, Adam"]
    main(how)
    written = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**written, "provenance": written["provenance"] | held}), "utf-8")
    load.cache_clear()
    before = path.read_bytes()
    todo.clear()
    try:
        main([*how, "gelu, 1 deep, he, Adam", *asked])
    except SystemExit:
        assert path.read_bytes() == before
    load.cache_clear()
    assert said in "".join(capsys.readouterr())
    assert [settings.activation.name for settings in todo] == trained
    assert not trained or load(path).provenance["networks"] == 2
    load.cache_clear()


def rounded(cell):
    """Return the cell as a file holds it."""
    return replace(
        cell,
        validation=tuple(float(f"{share:.5g}") for share in cell.validation),
        gradients=tuple(tuple(float(f"{norm:.5g}") for norm in norms) for norms in cell.gradients),
        dead=tuple(float(f"{share:.5g}") for share in cell.dead),
    )


# --- Figures ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def ax():
    import matplotlib.pyplot as plt

    yield plt.figure().add_subplot()
    plt.close("all")


def test_a_heat_map_prints_each_share_and_leaves_out_what_is_missing(ax):
    figures.share_heat_map(np.array([[0.98, np.nan], [0.5, 0.1]]), ["a", "b"], [1, 4], ax)
    printed = {text.get_position(): text.get_text() for text in ax.texts}
    assert printed == {(0.5, 0.5): "98", (0.5, 1.5): "50", (1.5, 1.5): "10"}
    tints = ax.collections[0].get_array()
    assert tints[0, 0] < tints[1, 0] < tints[1, 1] and tints.mask[0, 1]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    with pytest.raises(ValueError, match=r"shares must be \(1, 2\), a number for each cell; got \(2, 2\)"):
        figures.share_heat_map(np.eye(2), ["a"], [1, 4], ax)


def test_differences_are_ordered_and_filled_if_they_can_be_measured(ax):
    record = of(made_up("relu", BASE), made_up("tanh", BASE + 0.1), made_up("sigmoid", BASE - 0.1))
    noisy = made_up("silu", BASE + np.random.default_rng(3).normal(0, 0.01, 30), depth=1)
    record = Record({}, (*record.cells, noisy))
    figures.differences([c for c in comparisons(record) if c.cell.settings.depth == 1][::-1], ax)
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["sigmoid", "sigmoid", "silu", "tanh", "tanh"]
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    assert [dot.get_xdata()[0] for dot in dots] == pytest.approx([-10, -10, dots[2].get_xdata()[0], 10, 10])
    assert [dot.get_markerfacecolor() == "white" for dot in dots] == [False, False, True, False, False]


def test_gradients_are_drawn_before_and_after(ax):
    cell = replace(made_up("relu", BASE), gradients=((1.0, 0.0), (3.0, 4.0)))
    figures.layer_gradients([cell], ax)
    before, after = (line.get_ydata() for line in ax.lines)
    np.testing.assert_array_equal(before, [1, np.nan])
    np.testing.assert_array_equal(after, [3, 4])
    assert [text.get_text() for text in ax.texts] == ["relu"]


def test_arrivals_rise_to_the_share_that_arrived(ax):
    figures.arrivals([replace(made_up("relu", BASE), arrivals=(3.0, 1.0, math.inf, 3.0))], ax, last=5)
    (line,) = ax.lines
    np.testing.assert_array_equal(line.get_xdata(), [0, 1, 3, 3, 5])
    np.testing.assert_array_equal(line.get_ydata(), [0, 0.25, 0.5, 0.75, 0.75])


# --- What is recorded ------------------------------------------------------------------------------------------------


def test_the_record_holds_every_cell_of_the_command():
    record = load()
    assert [cell.settings for cell in record.cells] == list(cells())
    assert {len(cell.accuracies) for cell in record.cells} == {trainings.NETWORKS}
    for cell in record.cells:
        # In five digits, rates at which as many digits were told are equal; the last bit of a mean chose among them.
        assert cell.validation[OPTIMISERS[cell.settings.optimiser][1].index(cell.rate)] == max(cell.validation)
        assert [len(norms) for norms in cell.gradients] == [cell.settings.depth + 1] * 2


def test_the_same_function_computed_alike_has_the_same_cells():
    found = load()
    np.testing.assert_array_equal(gaps(found, "threshold", "relu"), 0)
    assert np.ptp(gaps(found, "celu", "elu")) > 0, "rounded elsewhere, they part"


def test_a_library_of_threads_is_no_arithmetic():
    digits()  # scikit-learn loads OpenMP, which made this machine look unlike itself
    assert arithmetic()["blas"] and not any("openmp" in kind for kind in arithmetic()["blas"])


def test_a_random_sample_of_the_record_is_trained_anew():
    """Cells that no run chooses in advance; the message names them.

    Where numpy computes by the same instructions, everything must be the same. Elsewhere the last bits differ, and the
    training enlarges that (by OPENBLAS_CORETYPE=Prescott single networks change by half, and where two learning rates
    are nearly as good the other one may be taken). Then the means must agree to four standard errors and one point, and
    the rate must have been within fifteen points of the best.
    """
    record = load()
    entropy = np.random.SeedSequence().entropy
    here = {"numpy": np.__version__, **arithmetic()}
    alike = all(record.provenance[key] == value for key, value in here.items())
    for recorded in np.random.default_rng(entropy).choice(np.array(record.cells, dtype=object), 3, replace=False):
        with threadpool_limits(1):  # as the command trains; several threads add in another order
            found = train_cell(recorded.settings)
        message = f"{recorded.settings}, drawn by the entropy {entropy}"
        if alike:
            expected = replace(recorded, seconds=0)
            assert repr(replace(rounded(found), seconds=0)) == repr(expected), message
            continue
        errors = [np.std(cell.accuracies, ddof=1) / np.sqrt(len(cell.accuracies)) for cell in (found, recorded)]
        difference = np.mean(found.accuracies) - np.mean(recorded.accuracies)
        assert abs(difference) < 4 * np.hypot(*errors) + 0.01, message
        taken = recorded.validation[OPTIMISERS[recorded.settings.optimiser][1].index(found.rate)]
        assert taken > max(recorded.validation) - 0.15, message
