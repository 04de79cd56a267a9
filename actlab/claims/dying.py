"""Claims about ReLUs that die, and about fits of the cosine with two of them."""

from __future__ import annotations

import numpy as np

from actlab.claims.ledger import Measured, claim, measured
from actlab.core import get
from actlab.experiments import born_dead, cosine_data, cosine_table, death_record, floor
from actlab.network import Network
from actlab.statistics import Share


@claim(
    belief="ReLU units can die in training: they answer 0 from then on, and are not updated any more.",
    about="relu",
    verdict="true",
    sources=("000", "001", "002", "003", "004", "lu2020dying"),
    says="Of networks with two ReLUs that fit a cosine on [0, 2 pi], from Glorot's weights by 300 epochs of Adam at "
    "0.04, {any} end with a dead unit, whose slope is 0 at all points, and {all} with two. Of all units {killed} were "
    "alive at the start and died in training.",
    unlike={"activation": "leaky_relu"},
    page="experiments/cosine-fit",
    side="con",
)
def relu_dying(activation: str = "relu") -> Measured:
    """Dead units in the recorded cosine fits with two hidden units, before the training and after it."""
    cell = cosine_table.load().cell(activation)
    holds = cell.any_dead.interval[0] > 0.5 and cell.killed.interval[0] > 0.05
    return measured(holds, any=cell.any_dead, all=cell.all_dead, killed=cell.killed)


@claim(
    belief="A ReLU dies when an update of the weights drives its input below 0.",
    about="relu",
    verdict="imprecise",
    sources="000",
    says="Updates are said to kill ReLUs. They do, but where inputs are never negative and biases start from 0, more "
    "are born dead: in cosine fits on [0, 2 pi] with two units, {born} of the units are dead before training, and "
    "{killed} die in it (95 % intervals). With inputs centred at 0, {centred_born:.0%} are born dead, and "
    "{centred_killed} die.",
    unlike={"inputs": "centred"},
    page="experiments/cosine-fit",
)
def relu_death_cause(inputs: str = "given") -> Measured:
    """Units that are dead at all points before the training, and those that only the training made so, as recorded."""
    table = cosine_table.load()
    cell, centred = table.cell("relu", inputs=inputs), table.cell("relu", inputs="centred")
    holds = cell.born_dead.interval[0] > cell.killed.interval[1] and centred.born_dead.count == 0 < centred.killed.count
    return measured(
        holds,
        born=_short(cell.born_dead), killed=_short(cell.killed),
        centred_born=centred.born_dead.value, centred_killed=_short(centred.killed),
    )  # fmt: skip


@claim(
    belief="A dead ReLU answers 0 for the rest of the training; nothing activates it again.",
    about="relu",
    verdict="imprecise",
    sources=("000", "002"),
    says="A dead ReLU is said to be dead for good. In classifiers of the two moons with three hidden layers of 16, "
    "SGD at a rate of 1 revived {first} of the units seen dead in the first layer, but {second} in the second, whose "
    "inputs move (95 % intervals). Adam at 0.1 revived {momentum} in the first: its momentum goes on when the "
    "gradient is 0.",
    unlike={"training": "Adam, rate 0.1"},
    page="gradients/dying-units",
)
def relu_death_permanent(training: str = "SGD, rate 1") -> Measured:
    """Of the units that are dead after an epoch, the share that is alive after a later one, as recorded."""
    first, momentum, second = (
        death_record.load().share(experiment="revival", asked="revived", training=name, layer=layer)
        for name, layer in ((training, 1), ("Adam, rate 0.1", 1), (training, 2))
    )
    holds = first.count == 0 and momentum.interval[0] > 0.05 and second.interval[0] > 0.5
    return measured(holds, first=_short(first), second=_short(second), momentum=_short(momentum))


@claim(
    belief="The gradient of a dying ReLU may tend to 0, so that its weights are updated no more.",
    about="relu",
    verdict="imprecise",
    sources="003",
    says="The gradient of a dead ReLU is said to tend to 0. It is 0: fitting a cosine on [0, 2 pi], a unit with a "
    "weight of -0.7 and no bias has gradients of {weight:g} for its weight, {bias:g} for its bias and {out:g} for its "
    "output weight. Those of its partner with a weight of 0.7 are {others}.",
    unlike={"activation": "softplus"},
    page="gradients/dying-units",
)
def relu_death_gradient_wording(activation: str = "relu") -> Measured:
    """Gradients of the mean squared error in a network 1-2-1 with biases of 0 and output weights of 1."""
    x, y = (values[:, np.newaxis] for values in cosine_data())
    weights = np.array([[[-0.7, 0.7]]]), np.ones((1, 2, 1))
    net = Network(weights, (np.zeros((1, 1, 2)), np.zeros((1, 1, 1))), get(activation))
    tape = net.forward(x)
    found = net.backward(tape, 2 * (tape.activations[-1] - y) / len(x))
    dead, partner = np.transpose([found.weights[0].ravel(), found.biases[0].ravel(), found.weights[1].ravel()])
    weight, bias, out = np.abs(dead)
    others = "{:.2f}, {:.2f} and {:.2f}".format(*partner)
    return measured(not dead.any() and partner.all(), weight=weight, bias=bias, out=out, others=others)


@claim(
    belief="ReLU is sensitive to initialisation and learning rate: a bad choice kills units.",
    about="relu",
    verdict="true",
    sources=("002", "karpathy2015neural", "lu2020dying"),
    says="After 100 epochs of Adam on the two moons, with three hidden layers of 32, {few} of the ReLUs are dead at a "
    "rate of {low:g}, and {many} at {high:g}. Of untrained ReLU networks with ten layers of width 5 and He's weights, "
    "{negative} are constant on [-1, 1] if all biases are -0.1, and {positive} if they are 0.1 (95 % intervals).",
    unlike={"high": 0.003},
    page="gradients/dying-units",
    side="con",
)
def relu_init_lr_sensitive(low: float = 0.001, high: float = 0.1) -> Measured:
    """Dead units at two learning rates, as recorded, and networks that are constant before any training."""
    rates = death_record.load().by("rate", experiment="sweep", optimiser="Adam", width=32, asked="dead", layer="all")
    few, many = rates[low], rates[high]
    negative, positive = (born_dead(5, 10, bias=bias, networks=1000).share() for bias in (-0.1, 0.1))
    holds = many.interval[0] > 2 * few.interval[1] and negative.interval[0] > 2 * positive.interval[1]
    return measured(
        holds,
        low=low, few=_short(few), high=high, many=_short(many), negative=_short(negative), positive=_short(positive),
    )  # fmt: skip


@claim(
    belief="Once ReLUs have died, more iterations do not help: the network is stuck as in a local optimum.",
    about="relu",
    verdict="imprecise",
    sources="000",
    says="Of networks with two ReLUs that were fitted to a cosine, those with both units dead stay so: {dead} after "
    "300 epochs and {dead_later} after {epochs}. The others can still gain: {fit} of all have a loss below 0.1 after "
    "300 epochs, {fit_later} after {epochs} (95 % intervals).",
    unlike={"epochs": 100},
    page="experiments/cosine-fit",
)
def relu_dead_more_iterations(epochs: int = 1000) -> Measured:
    """Networks of which both units are dead, and those with a low loss, after two lengths of training, as recorded."""
    short, long = (cosine_table.load().cell("relu", epochs=number) for number in (300, epochs))
    fits, fits_later = short.success(0.1), long.success(0.1)
    stuck = long.all_dead.count >= short.all_dead.count > 0
    return measured(
        stuck and fits_later.interval[0] > fits.interval[1],
        epochs=epochs, dead=_short(short.all_dead), dead_later=_short(long.all_dead),
        fit=_short(fits), fit_later=_short(fits_later),
    )  # fmt: skip


@claim(
    belief="Ideally, two ReLUs fit a cosine with one of them shifted to the left and the other flipped, then shifted.",
    about="relu",
    verdict="imprecise",
    sources="000",
    says="One of the two ReLUs that best fit cos(x) + 1 on [0, 2 pi] is indeed flipped, but the other is shifted to "
    "the right: they bend inside, at x = {flipped:.2f} and {shifted:.2f}, with a mean squared error of {loss:.5f}. "
    "One that is shifted left, to bend at {bend:g}, is a straight line on the data, and the best error is {left:.5f}.",
    unlike={"bend": 2.75},
    page="experiments/cosine-fit",
)
def relu_two_units_shift_flip(bend: float = -1.0) -> Measured:
    """The recorded best fit of 60 searches, and least squares with one ReLU that bends where said and a flipped one."""
    best, (x, y) = floor("relu", 2), cosine_data()
    flipped = best.hidden_weights < 0
    bends = -best.hidden_biases / best.hidden_weights
    losses = []
    for place in np.linspace(x[0], x[-1], 1001)[1:]:
        columns = np.column_stack([np.ones_like(x), np.maximum(x - bend, 0), np.maximum(place - x, 0)])
        rest = y - columns @ np.linalg.lstsq(columns, y)[0]
        losses.append(np.mean(np.square(rest)))
    inside = bool(np.all((bends > x[0]) & (bends < x[-1])))
    holds = flipped.sum() == 1 and inside and min(losses) > 1.1 * best.loss
    return measured(
        holds, flipped=bends[flipped][0], shifted=bends[~flipped][0], loss=best.loss, bend=bend, left=min(losses)
    )


@claim(
    belief="In the ideal case, a network with two ReLUs fits a cosine well.",
    about="relu",
    verdict="depends",
    sources="000",
    says="Two ReLUs can fit a period of a cosine with a mean squared error of {ideal:.4f}. Whether training gets "
    "below 0.1 depends (300 epochs of Adam at 0.04, 95 % intervals): with {hidden} ReLUs on [0, 2 pi] {rare} of "
    "networks do, with two and centred inputs {centred}, with 8 ReLUs {wide}, with two sigmoids {sigmoid}.",
    unlike={"hidden": 8},
    page="experiments/cosine-fit",
)
def relu_ideal_case_rate(hidden: int = 2) -> Measured:
    """The recorded best fit of 60 searches, and recorded trainings from Glorot's weights that end with a low loss."""
    table = cosine_table.load()
    rare, centred, wide, sigmoid = (
        cell.success(0.1)
        for cell in (
            table.cell("relu", hidden), table.cell("relu", 2, inputs="centred"), table.cell("relu", 8),
            table.cell("sigmoid", 2),
        )
    )  # fmt: skip
    ideal = floor("relu", 2).loss
    holds = ideal < 0.01 and rare.interval[1] < 0.1 and centred.interval[0] > 0.3 and wide.interval[0] > 0.7
    return measured(
        holds and sigmoid.interval[0] > 0.7,
        ideal=ideal, hidden=hidden, rare=_short(rare), centred=_short(centred), wide=_short(wide),
        sigmoid=_short(sigmoid),
    )  # fmt: skip


def _short(share: Share) -> str:
    """A share, n and its 95 % interval, in fewer words than ``str`` takes."""
    low, high = share.interval
    return f"{share.value:.1%} (n = {share.n}; {low:.1%} to {high:.1%})"
