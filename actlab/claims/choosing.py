"""Claims about which hidden activation to choose, measured by the benchmark on digits.

All of its networks have hidden layers of one width, and each cell of activation, depth, start and optimiser chooses its
learning rate on validation digits. "With its best start" is chosen on those, too.
"""

from __future__ import annotations

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
    says="Of networks with {depth} sigmoid hidden layers, trained on digits from every start by Adam and by SGD, a "
    "share of {failed} tells less than half of the test digits, and the best of these cells {best:.0f} %; with "
    "one hidden layer the same function tells {shallow:.1f} %.",
    unlike={"activation": "tanh"},
    page=PAGE,
    side="con",
)
def sigmoid_layers_fail_when_there_are_ten(activation: str = "sigmoid", depth: int = 10) -> Measured:
    """The share of failed networks over all starts and both optimisers, networks of one seed belonging together."""
    cells = [c for c in choosing.load().cells if c.settings.activation == get(activation) and c.settings.depth == depth]
    failed = np.array([cell.failed for cell in cells])
    share = Share.of(failed.ravel(), groups=np.tile(np.arange(failed.shape[1]), len(cells)))
    best = 100 * max(np.mean(cell.accuracies) for cell in cells)
    shallow = 100 * np.mean(_cell(activation, 1).accuracies)
    return measured(share.interval[0] > 0.8 and shallow > 95, depth=depth, failed=share, best=best, shallow=shallow)


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
    """Epochs to nine tenths of the validation digits, and how often ``first`` is there before ``second``."""
    one, other = (np.array(_cell(name, depth).arrivals) for name in (first, second))
    decided = one != other
    return {
        "fast": Quantile.of(one),
        "slow": Quantile.of(other),
        "share": Share.of(one[decided] < other[decided]),
        "depth": depth,
    }


_RACE = (
    "a network is there after {fast.value:.0f} epochs in the median (95 % interval {fast.low:.0f} to {fast.high:.0f}), "
    "a sigmoid network after {slow.value:.0f} ({slow.low:.0f} to {slow.high:.0f}); where they differ it is first in a "
    "share of {share}. Adam, each with its best start and rate."
)


@claim(
    belief="Networks with ReLU converge faster than networks with sigmoid.",
    about=("relu", "sigmoid"),
    verdict="true",
    sources="002",
    says="On the way to nine tenths of the validation digits with {depth} hidden layers of ReLU, " + _RACE,
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
    says="On the way to nine tenths of the validation digits with {depth} hidden layers of tanh, " + _RACE,
    unlike={"second": "relu"},
    page=PAGE,
    side="pro",
)
def tanh_arrives_before_sigmoid(second: str = "sigmoid", depth: int = 4) -> Measured:
    """Pairs of networks of one seed: epochs until nine tenths of the validation digits are told."""
    found = _race("tanh", second, depth)
    return measured(found["share"].interval[0] > 0.5 and found["slow"].low > found["fast"].high, **found)


def _against_relu(activation: str, settings) -> list[tuple[Paired, float, int, str]]:
    """Pairs of networks with ReLU's, each with its best start: what Wilcoxon's test says, p-values by Holm's method."""
    pairs = [
        (Paired.of(_cell(activation, depth, optimiser).accuracies, _cell("relu", depth, optimiser).accuracies), *at)
        for at in settings
        for depth, optimiser in [at]
    ]
    corrected = holm([paired.p_value for paired, _, _ in pairs])
    return [(paired, p, depth, optimiser) for (paired, depth, optimiser), p in zip(pairs, corrected, strict=True)]


@claim(
    belief="Swish works better than ReLU in deeper networks.",
    about=("silu", "relu", "depth"),
    verdict="depends",
    sources=("000", "004", "ramachandran2017searching"),
    says="On digits with {depth} hidden layers, trained by Adam, SiLU against ReLU, each with its best start and rate:"
    " {gain:+.1f} points of the test digits in the mean of {n} pairs of networks (95 % interval {low:+.1f} to "
    "{high:+.1f}).",
    unlike={"activation": "threshold"},
    page=PAGE,
)
def swish_against_relu_in_deep_networks(activation: str = "silu", depth: int = 20) -> Measured:
    """Pairs of networks of one seed: the difference in the share of test digits told."""
    ((paired, p_value, *_),) = _against_relu(activation, [(depth, "Adam")])
    low, high = (100 * end for end in paired.difference.interval)
    gain, n = 100 * paired.difference.value, paired.difference.n
    return measured(p_value < 0.05, depth=depth, gain=gain, n=n, low=low, high=high)


@claim(
    belief="Leaky ReLU is not always better than ReLU.",
    about=("leaky_relu", "relu"),
    verdict="true",
    sources="002",
    says="On digits, leaky ReLU of slope 0.01 tells measurably more than ReLU in {better} of {settings} settings of "
    "depth and optimiser, fewer in {worse}, and in {none} the difference is too small to measure ({n} pairs of "
    "networks each, corrected for {settings} tests); the largest difference of the means is {most:.1f} points.",
    unlike={"activation": "tanh"},
    page=PAGE,
)
def leaky_is_not_always_better(activation: str = "leaky_relu") -> Measured:
    """Pairs of networks of one seed, in every depth and by both optimisers: the difference in test digits told."""
    settings = [(depth, optimiser) for depth in choosing.DEPTHS for optimiser in choosing.OPTIMISERS]
    found = _against_relu(activation, settings)
    measurable = [paired.difference.value for paired, p_value, *_ in found if p_value <= 0.05]
    better, worse = (sum(sign * value > 0 for value in measurable) for sign in (1, -1))
    none, n = len(found) - len(measurable), found[0][0].difference.n
    most = 100 * max((paired.difference.value for paired, *_ in found), key=abs)
    counts = {"better": better, "worse": worse, "none": none, "n": n, "settings": len(found)}
    return measured(none > len(found) / 2, **counts, most=most)


@claim(
    belief="ReLU units can die in training, and then pass no gradient any more.",
    about=("relu", "gradient", "depth"),
    verdict="true",
    sources=("000", "001", "002", "003", "004"),
    says="Of the units of {depth}-layer ReLU networks (Adam, He's weights), {before:.0f} % have no slope at any of "
    "1000 digits before the training and {after:.0f} % after it, in the mean of {n} networks: training kills "
    "units, and leaves dead ones dead.",
    unlike={"activation": "tanh"},
    page=PAGE,
    side="con",
)
def deep_relu_networks_end_with_more_dead_units(activation: str = "relu", depth: int = 20) -> Measured:
    """Shares of hidden units without slope on all training digits, before and after the training."""
    cell = choosing.load().cell(activation, depth, "he", "Adam")
    before, after = (100 * share for share in cell.dead)
    return measured(after > before, depth=depth, before=before, after=after, n=len(cell.accuracies))
