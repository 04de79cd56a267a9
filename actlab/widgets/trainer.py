"""The cosine-fit trainer: one small network after the other, trained in the page as the package trains it."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import cache

import numpy as np
import traitlets

from actlab import orders
from actlab.core import ACTIVATIONS, Elementwise
from actlab.experiments.cosine import BATCH_SIZE, INPUTS, LEARNING_RATE, cosine_data
from actlab.experiments.cosine_outcomes import OUTCOMES
from actlab.experiments.cosine_table.settings import COSINE_ACTIVATIONS, Settings, label
from actlab.figures.style import PART_STYLES, coarse, colour
from actlab.initialisers import INITIALISERS, Initialiser
from actlab.network import Network, initialise
from actlab.optimisers import SGD, Adam, Optimiser
from actlab.training import Fit, fit
from actlab.widgets.base import Figure
from actlab.widgets.settings import Activation, Number, Whole

_REGISTERED = [record for record in ACTIVATIONS.values() if isinstance(record, Elementwise)]
#: Every activation that maps each number on its own, and the slopes of the leaky ReLU that the experiment has.
OFFERED: dict[str, Elementwise] = {
    label(activation): activation
    for registered in _REGISTERED
    for activation in (registered, *(each for each in COSINE_ACTIVATIONS if each.name == registered.name))
}
#: The rules whose numbers the page draws bit for bit: those of uniform numbers.
STARTS: dict[str, Initialiser] = {name: rule for name, rule in INITIALISERS.items() if rule.distribution == "uniform"}
#: What the page can do, at a learning rate of 1.
OPTIMISERS: dict[str, Optimiser] = {"Adam": Adam(1.0), "SGD": SGD(1.0), "SGD with momentum": SGD(1.0, momentum=0.9)}

_UNITS, _EPOCHS = 8, 1000


class CosineTrainer(Figure, script="trainer"):
    """A network of one hidden layer that learns cos(x) + 1: how it comes to what it ends as, and how many others do.

    All that it shows follows from its settings and the epoch: network ``network`` of ``seed`` has the initial weights
    and meets the batches that it has in ``actlab.experiments.cosine_fit``, and its losses are those of ``training``,
    computed in float64.
    """

    activation = Activation(OFFERED, "relu").tag(sync=True, label="Activation")
    hidden = Whole(Settings.hidden, min=1, max=_UNITS).tag(sync=True, label="Hidden units")
    initialiser = traitlets.Enum(list(STARTS), "glorot_uniform").tag(sync=True, label="Initial weights")
    inputs = traitlets.Enum(list(INPUTS), "given").tag(
        sync=True,
        label="Inputs",
        names={"given": "x as given", "centred": "centred at 0", "standardised": "centred, deviation 1"},
    )
    optimiser = traitlets.Enum(list(OPTIMISERS), "Adam").tag(sync=True, label="Optimiser")
    learning_rate = Number(LEARNING_RATE, min=1e-4, max=1.0).tag(sync=True, label="Learning rate", log=True)
    epochs = Whole(Settings.epochs, min=1, max=_EPOCHS).tag(sync=True, label="Epochs of a run")
    seed = Whole(0, min=0, max=2**32 - 1).tag(sync=True, label="Seed")
    network = Whole(0, min=0, max=2**20).tag(sync=True, label="Network of the seed")
    epoch = Whole(0, min=0, max=_EPOCHS).tag(sync=True, label="Epoch")
    # All of one group, so that their share has Wilson's interval as it stands: see CosineFits.share.
    networks = Whole(200, min=10, max=orders.GROUP).tag(sync=True, label="How many networks")
    many = traitlets.Bool(False).tag(sync=True, label="Many networks")
    experiment = traitlets.Dict(read_only=True, help="What the script needs to know of the experiment.").tag(sync=True)

    def __init__(self, **settings) -> None:
        self.set_trait("experiment", _experiment())
        super().__init__(**settings)

    def start(self, networks: int = 1) -> Network:
        """Give this network and those of the next numbers, before their training."""
        rule = STARTS[self.initialiser]
        return initialise(
            (1, self.hidden, 1), OFFERED[self.activation], networks=networks, seed=self.seed, first=self.network,
            initialiser=rule, bias_limit=[rule.bias_limit(fan_in) for fan_in in (1, self.hidden)],
        )  # fmt: skip

    def training(self, start: Network | None = None, *, epochs: int | None = None) -> Fit:
        """Train ``start`` by the package as the page trains it, with snapshots before and after.

        By default that is this network, for the epochs of a run.
        """
        epochs = self.epochs if epochs is None else epochs
        optimiser = replace(OPTIMISERS[self.optimiser], learning_rate=self.learning_rate)
        x, y = cosine_data()
        return fit(
            self.start() if start is None else start, INPUTS[self.inputs](x)[:, np.newaxis], y, epochs=epochs,
            optimiser=optimiser, batch_size=BATCH_SIZE, seed=self.seed, first=self.network, dtype="float64",
            snapshots={0, epochs},
        )  # fmt: skip

    def still(self, figure) -> None:
        """The network after a run: what its units add, and its losses."""
        done = self.training()
        activation, (x, target) = OFFERED[self.activation], cosine_data()
        parts = _contributions(done.network, INPUTS[self.inputs](x))
        born, dead = (snapshot.dead[0][0] for snapshot in (done.snapshots[0], done.snapshots[-1]))
        figure.set_size_inches(7.2, 3.6)
        left, right = figure.subplots(1, 2)
        left.plot(x, target, color="0.75", linewidth=6, solid_capstyle="round", label="target")
        left.plot(x, coarse(parts.sum(axis=1) + done.network.biases[1][0, 0, 0]), color=colour(activation), label="fit")
        for unit in range(self.hidden):
            state = "" if not dead[unit] else ", born dead" if born[unit] else ", dead"
            style = PART_STYLES[unit % len(PART_STYLES)]
            left.plot(x, coarse(parts[:, unit]), color="0.35", linestyle=style, label=f"unit {unit + 1}{state}")
        left.set(xlabel="x", xticks=[0, np.pi, 2 * np.pi], xticklabels=["0", "π", "2π"], yticks=[0, 1, 2])
        left.set_title(self.activation)
        left.legend(fontsize="small")
        right.plot(np.arange(1, self.epochs + 1), 10 ** coarse(np.log10(done.losses[:, 0])), color=colour(activation))
        right.axhline(success_below(), color="0.5", linestyle=":")
        right.set(yscale="log", xlabel="epoch", ylabel="loss")


def success_below() -> float:
    """The loss below which the experiment calls an outcome a fit."""
    _, below = OUTCOMES["fit"]
    return below


def _contributions(network, seen: np.ndarray) -> np.ndarray:
    """What each unit of the first network adds to its output, (points, units)."""
    _, values, _ = network.forward(seen[:, np.newaxis]).activations
    return values[0] * network.weights[1][0, :, 0]


@cache
def _experiment() -> dict:
    x, target = cosine_data()
    return {
        "x": x.tolist(),
        "seen": {name: change(x).tolist() for name, change in INPUTS.items()},
        "target": target.tolist(),
        "batchSize": BATCH_SIZE,
        "success": success_below(),
        "activations": {name: {"name": each.name, "values": dict(each.values)} for name, each in OFFERED.items()},
        "optimisers": {name: {"rule": type(each).__name__, **_numbers(each)} for name, each in OPTIMISERS.items()},
        "limits": {name: [_limits(rule, hidden + 1) for hidden in range(_UNITS)] for name, rule in STARTS.items()},
    }


def _numbers(optimiser: Optimiser) -> dict[str, float]:
    return {**asdict(optimiser), "negligible": optimiser.negligible}


def _limits(rule: Initialiser, hidden: int) -> list[float]:
    """How far from 0 hidden weights, hidden biases, output weights and the output bias may start."""
    fans = ((1, hidden), (hidden, 1))
    return [limit for fan in fans for limit in (rule.limit(*fan), rule.bias_limit(fan[0]))]
