"""Claims about which hidden activation to choose, measured by the benchmark on digits.

All of its networks have hidden layers of one width, and each cell of activation, depth, start and optimiser chooses its
learning rate on validation digits. "With its best start" is chosen on those, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from actlab.claims.ledger import Measured, claim, measured
from actlab.core import get
from actlab.experiments import choosing
from actlab.experiments.choosing import Cell
from actlab.statistics import Paired, Quantile, Share, holm

PAGE = "practice/choosing-an-activation"


@cache
def _best(depth: int, optimiser: str) -> dict:
    return choosing.chosen(choosing.load(), depth, optimiser)


def _cell(activation: str, depth: int, optimiser: str = "Adam") -> Cell:
    return _best(depth, optimiser)[get(activation)]


@claim(
    belief="The choice of the activation function decides how good a network becomes.",
    about="activation",
    verdict="depends",
    sources=("001", "002"),
    says="With {depth} hidden layer on digits, {close} of {others} activations tell within one point of the test "
    "digits that ReLU tells ({relu:.1f} %, 30 networks each, Adam, each with its best start and rate); without "
    "any activation it is {identity:.1f} %.",
    unlike={"depth": 20},
    page=PAGE,
)
def one_hidden_layer_takes_nearly_any(depth: int = 1) -> Measured:
    """Mean shares of test digits that the networks tell, activation by activation, beside that of ReLU."""
    means = {activation: np.mean(cell.accuracies) for activation, cell in _best(depth, "Adam").items()}
    relu, identity = means.pop(get("relu")), means[get("identity")]
    close = sum(abs(mean - relu) <= 0.01 for mean in means.values())
    percent = {"relu": 100 * relu, "identity": 100 * identity}
    return measured(close >= 0.9 * len(means), depth=depth, close=close, others=len(means), **percent)


@claim(
    belief="Against vanishing gradients in a deep network, take another activation.",
    about=("activation", "depth"),
    verdict="imprecise",
    sources=("001", "002", "004"),
    says="With {depth} hidden layers, ReLU networks tell {low:.0f} to {high:.0f} % of the test digits, depending on "
    "the start alone: a wider range than that of the middle half of all activations, each with its best start, "
    "{quarter:.0f} to {three_quarters:.0f} % (means of 30 networks, Adam).",
    unlike={"depth": 1},
    page=PAGE,
)
def the_start_matters_as_much_as_the_activation(depth: int = 20) -> Measured:
    """Mean shares of test digits over the starts of ReLU, and over the activations with their best starts."""
    record = choosing.load()
    starts = [100 * np.mean(record.cell("relu", depth, start, "Adam").accuracies) for start in choosing.STARTS]
    every = [100 * np.mean(cell.accuracies) for cell in _best(depth, "Adam").values()]
    quarter, three_quarters = np.quantile(every, (0.25, 0.75))
    ranges = {"low": min(starts), "high": max(starts), "quarter": quarter, "three_quarters": three_quarters}
    wider = np.ptp(starts) > three_quarters - quarter and np.ptp(starts) > 5
    return measured(wider, depth=depth, **ranges)


@claim(
    belief="In deep networks of sigmoid units gradients vanish, and training becomes slow.",
    about="sigmoid",
    verdict="true",
    sources=("000", "001", "002", "003", "004"),
    says="Of networks with {depth} sigmoid hidden layers, trained on digits by Adam and by SGD from the starts of "
    "Glorot, He, LeCun and PyTorch, a share of {failed} tells less than half of the test digits. Weights at which the "
    "gradient keeps its length, of deviation {deviation:.1f}/√fan_in, help: the best of their cells tells "
    "{critical:.0f} %. With one hidden layer the sigmoid tells {shallow:.1f} %.",
    unlike={"activation": "tanh"},
    page=PAGE,
    side="con",
)
def sigmoid_layers_fail_when_there_are_ten(activation: str = "sigmoid", depth: int = 10) -> Measured:
    """The share of failed networks over starts and optimisers, networks of one seed belonging together."""
    cells = [c for c in choosing.load().cells if c.settings.activation == get(activation) and c.settings.depth == depth]
    usual = [cell.failed for cell in cells if cell.settings.start != "critical"]
    share = Share.of(np.concatenate(usual), groups=np.tile(np.arange(len(usual[0])), len(usual)))
    critical = 100 * max(np.mean(cell.accuracies) for cell in cells if cell.settings.start == "critical")
    shallow = 100 * np.mean(_cell(activation, 1).accuracies)
    deviation = np.sqrt(choosing.STARTS["critical"](get(activation)).rule.scale)
    values = {"failed": share, "deviation": deviation, "critical": critical, "shallow": shallow}
    return measured(share.interval[0] > 0.8 and critical > 60 and shallow > 95, depth=depth, **values)


@claim(
    belief="A framework's default initial weights are good enough.",
    about=("training", "framework", "depth"),
    verdict="depends",
    sources=(),
    says="PyTorch's default weights have a third of the variance of LeCun's. With {depth} hidden layers no activation "
    "of {activations} trains better from them than from its best other start; in the median of the activations "
    "they cost {median:.0f} points of the test digits (means of 30 networks, Adam).",
    unlike={"depth": 1},
    page=PAGE,
)
def pytorchs_default_start_fails_deep_networks(depth: int = 20) -> Measured:
    """Mean shares of test digits from PyTorch's start and from the best of the others, activation by activation."""
    cells = [c for c in choosing.load().cells if (c.settings.depth, c.settings.optimiser) == (depth, "Adam")]
    costs = []
    for activation in _best(depth, "Adam"):
        by_start = {c.settings.start: np.mean(c.accuracies) for c in cells if c.settings.activation == activation}
        default = by_start.pop("pytorch")
        costs.append(100 * (max(by_start.values()) - default))
    # Half a point is as much as chance moves the means of thirty networks.
    worse = all(cost > -0.5 for cost in costs) and np.median(costs) > 10
    return measured(worse, depth=depth, activations=len(costs), median=float(np.median(costs)))


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
    verdict="true",
    sources="002",
    says="Epochs until nine tenths of the validation digits are told, {depth} hidden layers: with ReLU " + _RACE,
    unlike={"second": "tanh"},
    page=PAGE,
    side="pro",
)
def relu_arrives_before_sigmoid(second: str = "sigmoid", depth: int = 4) -> Measured:
    """Pairs of networks of one seed: epochs until nine tenths of the validation digits are told."""
    found = _race("relu", second, depth)
    return measured(found["share"].interval[0] > 0.5 and found["slow"].low > found["fast"].high, **found)


@claim(
    belief="Networks with tanh converge faster than networks with sigmoid.",
    about=("tanh", "sigmoid"),
    verdict="true",
    sources=("001", "002", "004", "lecun1998efficient"),
    says="Epochs until nine tenths of the validation digits are told, {depth} hidden layers: with tanh " + _RACE,
    unlike={"second": "softsign"},
    page=PAGE,
    side="pro",
)
def tanh_arrives_before_sigmoid(second: str = "sigmoid", depth: int = 4) -> Measured:
    """Pairs of networks of one seed: epochs until nine tenths of the validation digits are told."""
    found = _race("tanh", second, depth)
    return measured(found["share"].interval[0] > 0.5 and found["slow"].low > found["fast"].high, **found)


def _against_relu(activation: str, depths: Sequence[int]) -> dict[str, float]:
    """How the verdicts fall over depths and optimisers, each with its best start; p-values by Holm's method."""
    settings = [(depth, optimiser) for depth in depths for optimiser in choosing.OPTIMISERS]
    pairs = [Paired.of(_cell(activation, *at).accuracies, _cell("relu", *at).accuracies) for at in settings]
    measurable = holm([paired.p_value for paired in pairs]) <= 0.05
    gains = np.array([paired.difference.value for paired in pairs])
    return {
        "better": int(np.sum(measurable & (gains > 0))),
        "worse": int(np.sum(measurable & (gains < 0))),
        "none": int(np.sum(~measurable)),
        "settings": len(pairs),
        "n": pairs[0].difference.n,
        "least": 100 * gains.min(),
        "most": 100 * gains.max(),
    }


@claim(
    belief="Swish works better than ReLU in deeper networks.",
    about=("silu", "relu", "depth"),
    verdict="depends",
    sources=("000", "004", "ramachandran2017searching"),
    says="On digits, with 10 and with 20 hidden layers, by Adam and by SGD, SiLU tells measurably more than ReLU in "
    "{better} of {settings} settings, less in {worse}, and in {none} the difference is too small to measure ({n} pairs "
    "of networks each, each activation with its best start and rate, corrected for {settings} tests); the means differ "
    "by {least:+.1f} to {most:+.1f} points.",
    unlike={"activation": "elu"},
    page=PAGE,
)
def swish_against_relu_in_deep_networks(activation: str = "silu") -> Measured:
    """Pairs of networks of one seed: the difference in the share of test digits told, setting by setting."""
    found = _against_relu(activation, (10, 20))
    return measured(found["better"] < found["settings"], **found)


@claim(
    belief="ELU learns better than ReLU and its leaky variants.",
    about=("elu", "relu", "depth"),
    verdict="depends",
    sources="clevert2016fast",
    says="On digits, with 10 and with 20 plain hidden layers, by Adam and by SGD, ELU tells measurably more than ReLU "
    "in {better} of {settings} settings ({n} pairs of networks each, each activation with its best start and rate, "
    "corrected for {settings} tests); the means differ by {least:+.1f} to {most:+.1f} points. With 1 and 4 layers it "
    "does so in {shallow}.",
    unlike={"activation": "gelu"},
    page=PAGE,
    side="pro",
)
def elu_against_relu_in_deep_networks(activation: str = "elu") -> Measured:
    """Pairs of networks of one seed: the difference in the share of test digits told, setting by setting."""
    found, shallow = _against_relu(activation, (10, 20)), _against_relu(activation, (1, 4))["better"]
    shown = {key: found[key] for key in ("better", "settings", "n", "least", "most")}
    return measured(found["better"] == found["settings"] > shallow, shallow=shallow, **shown)


@claim(
    belief="Leaky ReLU is not always better than ReLU.",
    about=("leaky_relu", "relu"),
    verdict="true",
    sources="002",
    says="On digits, leaky ReLU of slope 0.01 tells measurably more than ReLU in {better} of {settings} settings of "
    "depth and optimiser, less in {worse}, and in {none} the difference is too small to measure ({n} pairs of networks "
    "each, corrected for {settings} tests); the means differ by {least:+.1f} to {most:+.1f} points.",
    unlike={"activation": "elu"},
    page=PAGE,
)
def leaky_is_not_always_better(activation: str = "leaky_relu") -> Measured:
    """Pairs of networks of one seed, in every depth and by both optimisers: the difference in test digits told."""
    found = _against_relu(activation, choosing.DEPTHS)
    return measured(found["better"] == 0, **found)


@claim(
    belief="ReLU units die in training.",
    about=("relu", "gradient", "depth"),
    verdict="imprecise",
    sources=("000", "001", "002", "003", "004"),
    says="Of the units of {depth}-layer ReLU networks (Adam, He's weights), {before:.0f} % have no slope at any of "
    "1000 digits before the training, and {after:.0f} % after it, in the mean of {n} networks: here the dead were born "
    "dead.",
    unlike={"activation": "tanh"},
    page=PAGE,
    side="con",
)
def deep_relu_networks_are_born_with_dead_units(activation: str = "relu", depth: int = 20) -> Measured:
    """Shares of hidden units without slope on all training digits, before and after the training."""
    cell = choosing.load().cell(activation, depth, "he", "Adam")
    before, after = (100 * share for share in cell.dead)
    return measured(before > 5 and after <= before, depth=depth, before=before, after=after, n=len(cell.accuracies))
