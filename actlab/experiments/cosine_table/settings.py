"""Which cosine fits the table holds: one ``Settings`` for each of its cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import Any

import numpy as np

from actlab import orders
from actlab.core import Elementwise, get
from actlab.experiments.cosine import INPUTS, LEARNING_RATE, CosineFits, Inputs, cosine_data, cosine_fit
from actlab.initialisers import glorot_uniform, he_normal, pytorch_uniform

#: The activations of the experiment. The leaky ReLU's three slopes are the defaults of its author, of Keras' function
#: and of Keras' layer.
COSINE_ACTIVATIONS: tuple[Elementwise, ...] = (
    get("identity"), get("sigmoid"), get("tanh"), get("relu"),
    *(get("leaky_relu").with_params(negative_slope=slope) for slope in (0.01, 0.2, 0.3)),
    get("elu"), get("selu"), get("silu"), get("gelu"), get("softplus"), get("relu6"), get("mish"), get("gaussian"),
)  # fmt: skip

#: The hidden units of the networks.
HIDDEN = (1, 2, 3, 4, 8)

#: Networks of each cell: whole groups of those that share a shuffle.
NETWORKS = 40 * orders.GROUP

#: The activations with which the other settings are varied, at two hidden units.
VARIED: tuple[Elementwise, ...] = (
    get("sigmoid"), get("tanh"), get("relu"), get("leaky_relu").with_params(negative_slope=0.2), get("silu"),
)  # fmt: skip

#: How the other settings are varied: each time what differs from the experiment.
VARIATIONS: tuple[Mapping[str, Any], ...] = (
    {"epochs": 100},
    {"epochs": 1000},
    {"learning_rate": 0.01},
    {"learning_rate": 0.1},
    {"learning_rate": 0.01, "epochs": 1000},
    {"order": "independent"},
    {"order": "fixed"},
    {"order": "ascending"},
    {"inputs": "centred"},
    {"inputs": "standardised"},
    {"initialisation": "he"},
    {"initialisation": "pytorch"},
    {"initialisation": "spread"},
    {"initialisation": "spread", "inputs": "centred"},
)


def label(activation: Elementwise) -> str:
    """The activation's name, with its parameters where they are not the defaults."""
    return activation.name if activation == get(activation.name) else repr(activation)


_Draw = tuple[Callable[[np.random.Generator, int, int], np.ndarray], Sequence[float]]


def _glorot(hidden: int, inputs: Inputs) -> _Draw:
    return glorot_uniform, (0.0, 0.0)


def _he(hidden: int, inputs: Inputs) -> _Draw:
    return he_normal, (0.0, 0.0)


def _pytorch(hidden: int, inputs: Inputs) -> _Draw:
    return pytorch_uniform, (1.0, hidden**-0.5)


def _spread(hidden: int, inputs: Inputs) -> _Draw:
    # A unit bends at -b/w. With |w| uniform up to a limit W and |b| uniform up to B, |b/w| is below B/W with
    # probability 1/2, and then uniform. So this B, W times the largest |x|, spreads half of the bends evenly over
    # -max |x| to max |x|: of centred inputs that is the whole range, of those given the right half is.
    largest = np.abs(INPUTS[inputs](cosine_data()[0])).max()
    return glorot_uniform, (float(np.sqrt(6 / (1 + hidden)) * largest), 0.0)


#: Initialiser and limits of both layers' biases, given the hidden units and the inputs. "glorot" and "pytorch" are the
#: defaults of Keras and of PyTorch, "he" is He's for the ReLU, and "spread" is Glorot's with hidden biases that spread
#: the places where units bend over the data.
INITIALISATIONS: dict[str, Callable[[int, Inputs], _Draw]] = {
    "glorot": _glorot,
    "he": _he,
    "pytorch": _pytorch,
    "spread": _spread,
}


@dataclass(frozen=True)
class Settings:
    """One way to fit the cosine; what is not given is as in the experiment. See ``cosine_fit`` and its units."""

    activation: Elementwise
    hidden: int = 2
    epochs: int = 300
    learning_rate: float = LEARNING_RATE
    order: orders.Order = "reshuffled"
    inputs: Inputs = "given"
    initialisation: str = "glorot"

    def __post_init__(self) -> None:
        if self.initialisation not in INITIALISATIONS:
            raise ValueError(f"initialisation must be one of {', '.join(INITIALISATIONS)}; got {self.initialisation!r}")

    @property
    def variation(self) -> dict[str, Any]:
        """What differs from the experiment, beside activation and hidden units."""
        others = [field for field in fields(self) if field.name not in ("activation", "hidden")]
        return {f.name: getattr(self, f.name) for f in others if getattr(self, f.name) != f.default}

    def fit(self, networks: int = NETWORKS, seed: int = 0, **how: Any) -> CosineFits:
        """Train networks with these settings; ``how`` goes to ``cosine_fit``."""
        initialiser, bias_limit = INITIALISATIONS[self.initialisation](self.hidden, self.inputs)
        return cosine_fit(
            self.activation, self.hidden, networks, self.epochs, self.learning_rate, self.order, seed,
            inputs=self.inputs, initialiser=initialiser, bias_limit=bias_limit, **how,
        )  # fmt: skip

    def __str__(self) -> str:
        varied = "".join(f", {name}={value}" for name, value in self.variation.items())
        return f"{label(self.activation)}, hidden={self.hidden}{varied}"


#: The cells of the table, those with two hidden units first.
SETTINGS: tuple[Settings, ...] = (
    *(Settings(activation) for activation in COSINE_ACTIVATIONS),
    *(Settings(activation, **variation) for variation, activation in product(VARIATIONS, VARIED)),
    *(
        Settings(activation, hidden)
        for hidden, activation in product(HIDDEN, COSINE_ACTIVATIONS)
        if hidden != Settings.hidden
    ),
)
