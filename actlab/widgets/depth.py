"""The depth explorer: gradients layer by layer, beside the map of phases."""

from __future__ import annotations

import re
from itertools import groupby

import numpy as np
import traitlets

from actlab import experiments, figures, meanfield
from actlab.core import ACTIVATIONS
from actlab.initialisers import INITIALISERS, Initialiser, lecun_uniform
from actlab.widgets.base import Figure
from actlab.widgets.settings import Activation, Number, Whole

_MAP = 79, 41  # columns and rows of the still map


def _has_chi(activation) -> bool:
    try:
        return bool(meanfield.chi(activation, 1.0, sigma_w2=1.0))
    except (TypeError, ValueError):  # it takes whole vectors, or jumps
        return False


_RECORDS = {name: activation for name, activation in ACTIVATIONS.items() if _has_chi(activation)}


def _author(rule: Initialiser) -> str:
    """The beginning of the rule's name, as the texts of such rules write it."""
    origin = rule.name.partition("_")[0]
    texts = " ".join(other.text for other in INITIALISERS.values() if other.name.startswith(origin))
    return re.search(rf"\b{origin}\b", texts, re.IGNORECASE)[0]


def _starts() -> dict[str, dict[str, float]]:
    """What the rules with independent weights give, by who made them, those of one variance together."""

    def scales(rule: Initialiser) -> tuple[float, float]:
        return rule.scale, rule.bias_scale

    rules = [rule for rule in INITIALISERS.values() if rule.distribution != "orthogonal"]
    starts = {}
    for (weights, biases), alike in groupby(sorted(rules, key=scales), key=scales):
        starts[", ".join(dict.fromkeys(map(_author, alike)))] = {"weights": weights, "biases": biases}
    return starts


class DepthExplorer(Figure, script="depth"):
    """Gradients through untrained networks, measured and as theory has them, and the point on the map of phases."""

    activation = Activation(_RECORDS, "tanh").tag(sync=True, label="Activation")
    sigma_w = Number(1.5, min=0.1, max=4).tag(sync=True, label="σ_w, for the weights", step=0.01)
    sigma_b = Number(0.2, min=0, max=2).tag(sync=True, label="σ_b, for the biases", step=0.01)
    depth = Whole(30, min=2, max=50).tag(sync=True, label="Layers")
    width = Whole(64, min=16, max=128).tag(sync=True, label="Units per layer", step=16)
    seed = Whole(0, min=0, max=9999).tag(sync=True, label="Seed")
    networks = traitlets.Int(20, min=1, help="How many are measured.").tag(sync=True)
    batch = traitlets.Int(8, min=1, help="How many inputs each of them is given.").tag(sync=True)
    starts = traitlets.Dict(
        _starts(), read_only=True, help="fan_in times the variances that rules for the first weights give, by name."
    ).tag(sync=True)

    def still(self, figure) -> None:
        """The gradients on the left, the map on the right."""
        how = {"sigma_w2": self.sigma_w**2, "sigma_b2": self.sigma_b**2, "depth": self.depth}
        flow = experiments.gradient_flow(
            self.activation, initialiser=lecun_uniform.with_scale(self.sigma_w**2), sigma_b2=self.sigma_b**2,
            depth=self.depth, width=self.width, networks=self.networks, batch=self.batch, seed=self.seed,
            dtype="float64",
        )  # fmt: skip
        theory = experiments.expected_flow(self.activation, **how)
        figure.set_size_inches(6.6, 3.2)
        left, right = figure.subplots(1, 2)
        figures.gradients(flow, left, expected=theory)
        sigma_w, sigma_b = (
            np.linspace(trait.min, trait.max, count)
            for trait, count in zip((type(self).sigma_w, type(self).sigma_b), _MAP, strict=True)
        )
        figures.phases(experiments.phase_diagram(self.activation, sigma_w=sigma_w, sigma_b=sigma_b), right)
        right.plot(self.sigma_w, self.sigma_b, "o", color="black", markeredgecolor="white", markersize=8)
        right.set(xlabel=r"$\sigma_w$", ylabel=r"$\sigma_b$")
