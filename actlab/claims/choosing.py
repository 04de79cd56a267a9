"""Claims about which hidden activation to choose, measured by the benchmark on digits.

All of its networks have hidden layers of one width, and each cell of activation, depth, start and optimiser chooses its
learning rate on validation digits. "With its best start" is chosen on those, too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache

import numpy as np

from actlab.claims.ledger import Measured, claim, measured
from actlab.core import get
from actlab.experiments import choosing
from actlab.experiments.choosing import Cell
from actlab.statistics import Mean, Paired, Quantile, Share, holm

PAGE = "practice/choosing-an-activation"


@cache
def _best(depth: int, optimiser: str) -> dict:
    return choosing.chosen(choosing.load(), depth, optimiser)


def _cell(activation: str, depth: int, optimiser: str = "Adam") -> Cell:
    return _best(depth, optimiser)[get(activation)]


def _interval(mean: Mean, unit: str = "") -> str:
    """A mean with its interval, and without the number of values, which the text around it gives."""
    low, high = mean.interval
    return f"{mean.value:.1f}{unit} ({low:.1f} to {high:.1f})"


def _percent(shares) -> str:
    """The mean of shares in per cent, with its interval."""
    return _interval(Mean.of(100 * np.asarray(shares)), " %")


@claim(
    belief="The choice of the activation function decides how good a network becomes.",
    about="activation",
    verdict="depends",
    sources=("001", "002"),
    says="With {depth} hidden layer on digits, {close} of {others} others are within one point of what ReLU tells, "
    "{relu} of the test digits, and no activation at all, the identity, tells {identity}. With 20 layers they go from "
    "{least} to {most} (means of {networks} networks with 95 % intervals, Adam, each with its best start and rate).",
    unlike={"depth": 20},
    page=PAGE,
)
def one_hidden_layer_takes_nearly_any(depth: int = 1) -> Measured:
    """Mean shares of test digits that the networks tell, activation by activation, beside that of ReLU."""
    means = {activation: np.mean(cell.accuracies) for activation, cell in _best(depth, "Adam").items()}
    relu = means.pop(get("relu"))
    close = sum(abs(mean - relu) <= 0.01 for mean in means.values())
    deep = sorted(_best(20, "Adam").values(), key=lambda cell: np.mean(cell.accuracies))
    cells = {"relu": _cell("relu", depth), "identity": _cell("identity", depth), "least": deep[0], "most": deep[-1]}
    shares = {name: _percent(cell.accuracies) for name, cell in cells.items()}
    networks = len(deep[0].accuracies)
    return measured(close >= 0.9 * len(means), depth=depth, close=close, others=len(means), networks=networks, **shares)


@claim(
    belief="Against vanishing gradients in a deep network, take another activation.",
    about=("activation", "depth"),
    verdict="imprecise",
    sources=("001", "002", "004"),
    says="With {depth} hidden layers, ReLU networks tell {worst} to {best} of the test digits, depending on the start "
    "alone, and at least {worst_of_others} without PyTorch's start (means of {networks} networks with 95 % intervals, "
    "Adam). Of all activations, each with its best start, the middle half of the means lies from {quarter:.0f} to "
    "{three_quarters:.0f} %.",
    unlike={"depth": 1},
    page=PAGE,
)
def the_start_matters_as_much_as_the_activation(depth: int = 20) -> Measured:
    """Mean shares of test digits over the starts of ReLU, and over the activations with their best starts."""
    record = choosing.load()
    cells = [record.cell("relu", depth, start, "Adam") for start in choosing.STARTS]
    cells.sort(key=lambda cell: np.mean(cell.accuracies))
    other = next(cell for cell in cells if cell.settings.start != "pytorch")
    every = [100 * np.mean(cell.accuracies) for cell in _best(depth, "Adam").values()]
    quarter, three_quarters = np.quantile(every, (0.25, 0.75))
    low, low_others, high = (100 * np.mean(cell.accuracies) for cell in (cells[0], other, cells[-1]))
    shares = {"worst": cells[0], "worst_of_others": other, "best": cells[-1]}
    return measured(
        high - low_others > three_quarters - quarter and high - low > 5, depth=depth, networks=len(other.accuracies),
        quarter=quarter, three_quarters=three_quarters,
        **{name: _percent(cell.accuracies) for name, cell in shares.items()},
    )  # fmt: skip


@claim(
    belief="In deep networks of sigmoid units gradients vanish, and training becomes slow.",
    about="sigmoid",
    verdict="true",
    sources=("000", "001", "002", "003", "004"),
    says="With {depth} sigmoid hidden layers, by Adam and SGD from the starts of Glorot, He, LeCun and PyTorch, a "
    "share of {failed} of the networks tells less than half of the test digits. Weights that keep the gradient's "
    "length, of deviation {deviation:.1f}/√fan_in, help: at best they tell {critical}; one hidden layer tells "
    "{shallow} (means of {networks} networks, 95 % intervals).",
    unlike={"activation": "tanh"},
    page=PAGE,
    side="con",
)
def sigmoid_layers_fail_when_there_are_ten(activation: str = "sigmoid", depth: int = 10) -> Measured:
    """The share of failed networks over starts and optimisers, networks of one seed belonging together."""
    cells = [c for c in choosing.load().cells if c.settings.activation == get(activation) and c.settings.depth == depth]
    usual = [cell.failed for cell in cells if cell.settings.start != "critical"]
    share = Share.of(np.concatenate(usual), groups=np.tile(np.arange(len(usual[0])), len(usual)))
    others = [cell for cell in cells if cell.settings.start == "critical"]
    critical = max(others, key=lambda cell: max(cell.validation)).accuracies
    shallow = _cell(activation, 1).accuracies
    deviation = np.sqrt(choosing.STARTS["critical"](get(activation)).rule.scale)
    values = {"failed": share, "deviation": deviation, "critical": _percent(critical), "shallow": _percent(shallow)}
    holds = share.interval[0] > 0.8 and np.mean(critical) > 0.6 and np.mean(shallow) > 0.95
    return measured(holds, depth=depth, networks=len(critical), **values)


@claim(
    belief="A framework's default initial weights are good enough.",
    about=("training", "framework", "depth"),
    verdict="depends",
    sources=(),
    says="PyTorch's default weights have a third of the variance of LeCun's. With {depth} hidden layers none of "
    "{activations} activations trains measurably better from them than from the best other start, chosen on "
    "validation digits. On average over these they cost {cost} points of the test digits, in the middle half "
    "{quarter:.0f} to {three_quarters:.0f}; with one layer {shallow} (95 % intervals, {networks} networks each, Adam; "
    "corrected for {activations} tests).",
    unlike={"depth": 1},
    page=PAGE,
)
def pytorchs_default_start_fails_deep_networks(depth: int = 20) -> Measured:
    """Pairs of networks of one activation: from the best other start, and from PyTorch's."""

    def pairs(depth: int) -> np.ndarray:
        """Test digits, in per cent, from the best other start and from PyTorch's: (activations, 2, networks)."""
        by = {}
        for cell in choosing.load().cells:
            if (cell.settings.depth, cell.settings.optimiser) == (depth, "Adam"):
                by.setdefault(cell.settings.activation, {})[cell.settings.start] = cell
        found = []
        for cells in by.values():
            default = cells.pop("pytorch")
            best = max(cells.values(), key=lambda cell: max(cell.validation))
            found.append((best.accuracies, default.accuracies))
        return 100 * np.array(found)

    deep = pairs(depth)
    tests = [Paired.of(*pair) for pair in deep]
    better = [
        p <= 0.05 and test.difference.value < 0
        for test, p in zip(tests, holm([test.p_value for test in tests]), strict=True)
    ]
    quarter, three_quarters = np.quantile([test.difference.value for test in tests], (0.25, 0.75))
    # The activations are a list and no sample: chance is in the networks, and those of one seed belong together.
    cost, shallow = (Mean.of(np.mean(found[:, 0] - found[:, 1], axis=0)) for found in (deep, pairs(1)))
    values = {"cost": _interval(cost), "shallow": _interval(shallow), "networks": cost.n}
    return measured(
        not any(better) and cost.interval[0] > 10, depth=depth, activations=len(tests),
        quarter=quarter, three_quarters=three_quarters, **values,
    )  # fmt: skip


def _race(first: str, second: str, depth: int) -> dict:
    """Epochs to nine tenths of the validation digits, and in how many pairs ``first`` is there before ``second``."""
    one, other = (np.array(_cell(name, depth).arrivals) for name in (first, second))
    return {"fast": Quantile.of(one), "slow": Quantile.of(other), "share": Share.of(one < other), "depth": depth}


_RACE = (
    "a network takes {fast.value:.0f} in the median (95 % interval {fast.low:.0f} to {fast.high:.0f}), with the "
    "sigmoid {slow.value:.0f} ({slow.low:.0f} to {slow.high:.0f}); it is there first in {share} of the pairs. Adam, "
    "each with its best start and rate."
)


@claim(
    belief="Networks with ReLU converge faster than networks with sigmoid.",
    about=("relu", "sigmoid"),
    verdict="depends",
    sources="002",
    says="Epochs until nine tenths of the validation digits are told, {depth} hidden layers: with ReLU " + _RACE,
    unlike={"second": "tanh"},
    page=PAGE,
)
def relu_arrives_before_sigmoid(second: str = "sigmoid", depth: int = 4) -> Measured:
    """Pairs of networks with the same seed: epochs until nine tenths of the validation digits are told."""
    found = _race("relu", second, depth)
    return measured(found["share"].interval[0] > 0.5 and found["slow"].low > found["fast"].high, **found)


@claim(
    belief="Networks with tanh converge faster than networks with sigmoid.",
    about=("tanh", "sigmoid"),
    verdict="depends",
    sources=("001", "002", "004", "lecun1998efficient"),
    says="Epochs until nine tenths of the validation digits are told, {depth} hidden layers: with tanh " + _RACE,
    unlike={"second": "softsign"},
    page=PAGE,
)
def tanh_arrives_before_sigmoid(second: str = "sigmoid", depth: int = 4) -> Measured:
    """Pairs of networks with the same seed: epochs until nine tenths of the validation digits are told."""
    found = _race("tanh", second, depth)
    return measured(found["share"].interval[0] > 0.5 and found["slow"].low > found["fast"].high, **found)


@cache
def _comparisons() -> dict:
    compared = choosing.comparisons(choosing.load())
    return {(c.cell.settings.activation, c.cell.settings.depth, c.cell.settings.optimiser): c for c in compared}


def _against_relu(activation: str, depths: Sequence[int]) -> dict[str, float]:
    """How the verdicts fall over depths and optimisers, each with its best start, among all of the benchmark."""
    found = [_comparisons()[get(activation), depth, optimiser] for depth in depths for optimiser in choosing.OPTIMISERS]
    verdicts = Counter(comparison.verdict for comparison in found)
    gains = [100 * comparison.paired.difference.value for comparison in found]
    return {
        "better": verdicts["better"],
        "worse": verdicts["worse"],
        "settings": len(found),
        "n": found[0].paired.difference.n,
        "least": min(gains),
        "most": max(gains),
        "tests": len(_comparisons()),
    }


_VERDICTS = (
    "in {better} of {settings} settings and measurably fewer in {worse} ({n} pairs of networks each, each activation "
    "with its best start and rate, corrected for all {tests} tests of the benchmark); the means differ by "
    "{least:+.1f} to {most:+.1f} points."
)


@claim(
    belief="Swish works better than ReLU in deeper networks.",
    about=("silu", "relu", "depth"),
    verdict="depends",
    sources=("000", "004", "ramachandran2017searching"),
    says="On digits, with 10 and with 20 plain hidden layers, by Adam and by SGD, networks with SiLU recognise "
    "measurably more test digits than with ReLU " + _VERDICTS,
    unlike={"activation": "elu"},
    page=PAGE,
)
def swish_against_relu_in_deep_networks(activation: str = "silu") -> Measured:
    """Pairs of networks with the same seed: the difference in the share of test digits told, setting by setting."""
    found = _against_relu(activation, (10, 20))
    return measured(found["better"] <= found["worse"] + 1, **found)


@claim(
    belief="In networks of more than five layers ELU does better than ReLU.",
    about=("elu", "relu", "depth"),
    verdict="true",
    sources="clevert2016fast",
    says="On digits, with 10 and with 20 plain hidden layers, by Adam and by SGD, networks with ELU recognise "
    "measurably more test digits than with ReLU " + _VERDICTS,
    unlike={"activation": "gelu"},
    page=PAGE,
    side="pro",
)
def elu_against_relu_in_deep_networks(activation: str = "elu") -> Measured:
    """Pairs of networks with the same seed: the difference in the share of test digits told, setting by setting."""
    found = _against_relu(activation, (10, 20))
    return measured(found["better"] > found["settings"] / 2 and not found["worse"], **found)


@claim(
    belief="Leaky ReLU is not always better than ReLU.",
    about=("leaky_relu", "relu"),
    verdict="true",
    sources="002",
    says="On digits, with 1, 4, 10 and 20 hidden layers, by Adam and by SGD, networks with a leaky ReLU of slope 0.01 "
    "recognise measurably more test digits than with ReLU " + _VERDICTS,
    unlike={"activation": "elu"},
    page=PAGE,
)
def leaky_is_not_always_better(activation: str = "leaky_relu") -> Measured:
    """Pairs of networks with the same seed, in every depth and by both optimisers: the difference in digits told."""
    found = _against_relu(activation, choosing.DEPTHS)
    return measured(found["better"] == 0, **found)


@claim(
    belief="ReLU units die in training.",
    about=("relu", "gradient", "depth"),
    verdict="imprecise",
    sources=("000", "001", "002", "003", "004"),
    says="Of the units of {depth}-layer ReLU networks trained by Adam, {before:.0f} % have no slope at any of 1000 "
    "digits before the training and {after:.0f} % after it with He's weights, {before_lecun:.0f} and "
    "{after_lecun:.0f} % with LeCun's (means of {n} networks). A share after the training alone does not tell how many "
    "died in it.",
    unlike={"activation": "tanh"},
    page=PAGE,
    side="con",
)
def deep_relu_networks_are_born_with_dead_units(activation: str = "relu", depth: int = 20) -> Measured:
    """Shares of hidden units without slope on all training digits, before and after the training."""
    he, lecun = (choosing.load().cell(activation, depth, start, "Adam") for start in ("he", "lecun"))
    before, after, before_lecun, after_lecun = (100 * share for share in (*he.dead, *lecun.dead))
    values = {"before": before, "after": after, "before_lecun": before_lecun, "after_lecun": after_lecun}
    held = min(before, before_lecun) > 5 and after < before + 5 < after_lecun
    return measured(held, depth=depth, n=len(he.accuracies), **values)
