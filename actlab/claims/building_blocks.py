"""Claims about activations as what a fit is made of, which ones there are, and which are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from actlab import experiments, tf
from actlab.claims.ledger import Measured, Statement, claim, measured
from actlab.claims.nonlinearity import folded_pieces, pieces_of_one_layer
from actlab.core import get, names
from actlab.experiments import cosine_table
from actlab.network import initialise
from actlab.statistics import Mean, Quantile


@claim(
    belief="A non-linear model fits curved data better than the best straight line.",
    about="activation",
    verdict="true",
    sources=("000", "003"),
    says="At 100 points of one period of cos x + 1 the best straight line has the mean squared error {line:.3f}. The "
    "least errors found for a network of {hidden} hidden units go from {least:.1e} ({best}) to {most:.1e} among "
    "{count} activations that bend, each less than a fiftieth of the line's.",
    unlike={"hidden": 1},
    page="experiments/cosine-fit",
)
def nonlinear_fit_beats_linear(hidden: int = 2) -> Measured:
    """The recorded least losses of the cosine fit beside least squares; they are searched for, not trained."""
    x, y = experiments.cosine_data()
    line = float(np.mean(np.square(np.polyval(np.polyfit(x, y, 1), x) - y)))
    floors = {cosine_table.label(f): experiments.floor(f, hidden).loss for f in cosine_table.COSINE_ACTIVATIONS}
    del floors["identity"]
    best, worst = min(floors, key=floors.get), max(floors, key=floors.get)
    return measured(
        floors[worst] < line / 50,
        line=line, hidden=hidden, count=len(floors), least=floors[best], best=best, most=floors[worst],
    )  # fmt: skip


@claim(
    belief="The activation is the smallest piece of a fit: the curve is a sum of shifted and mirrored copies of it.",
    about="activation",
    verdict="true",
    sources="000",
    says="The curve that Keras draws after {epochs} epochs on cos x + 1 with two hidden sigmoid units (seed 0) is the "
    "sum of two copies of the sigmoid and a constant, to within {within:g}. Each copy is shifted and, where a weight "
    "is negative, mirrored; its weights also make it steeper or flatter, taller or lower.",
    unlike={"piece": "tanh"},
    page="experiments/cosine-fit",
    slow=True,
    needs="tensorflow",
)
def act_smallest_unit(piece: str = "sigmoid", epochs: int = 20) -> Measured:
    """Puts the curve together from the weights that Keras has learnt, and compares it with Keras' answers."""
    fit = experiments.keras_cosine_fit("sigmoid", epochs=epochs)
    gap = float(np.abs(replace(fit, activation=get(piece)).rebuilt - fit.prediction).max())
    within = 1e-12  # rounding
    return measured(gap < within, epochs=epochs, within=within)


@claim(
    belief="In general a network's curve comes about by shifting, mirroring and repeating its activation.",
    about=("activation", "depth"),
    verdict="imprecise",
    sources=("000", "montufar2014number"),
    says="One hidden layer adds up copies of its activation, and a sum of {units} ReLUs bends {bends} times at most. "
    "Deeper networks also put functions into functions: the same {units} ReLUs in {layers} layers of two can bend the "
    "curve {folds} times between 0 and 1, which no sum of {units} copies does.",
    unlike={"layers": 2},
    page="foundations/why-nonlinearity",
)
def act_smallest_unit_general(layers: int = 5) -> Measured:
    """Counts the bends of one random layer, and of layers each of which folds the numbers from 0 to 1."""
    units = 2 * layers
    bends, folds = pieces_of_one_layer(units) - 1, folded_pieces(layers) - 1
    return measured(bends == units < folds == 2**layers - 1, units=units, bends=bends, layers=layers, folds=folds)


@claim(
    belief="Since the second layer is linear, the output is a linear superposition of what the first layer gives.",
    about="network",
    verdict="true",
    sources="000",
    says="In {networks} random networks of four tanh units and an output unit without activation, the output at 100 "
    "points is a weighted sum of the four hidden answers and a constant: what is left over after least squares is less "
    "than {within:g} of it. It holds because nothing bends the output.",
    unlike={"output": "sigmoid"},
    page="experiments/cosine-fit",
)
def linear_output_superposition(output: str = "identity", networks: int = 20) -> Measured:
    """The residual of least squares on the hidden answers and 1, relative to the largest output."""
    start = initialise((1, 4, 1), "tanh", networks=networks, seed=0, bias_limit=1.0)
    tape = replace(start, output=get(output)).forward(np.linspace(-3, 3, 100)[:, np.newaxis])
    rests = []
    for hidden, answers in zip(tape.activations[1], tape.activations[2][..., 0], strict=True):
        design = np.column_stack([hidden, np.ones(len(hidden))])
        found = design @ np.linalg.lstsq(design, answers, rcond=None)[0]
        rests.append(float(np.abs(found - answers).max() / np.abs(answers).max()))
    within = 1e-12  # rounding
    return measured(max(rests) < within, networks=networks, within=within)


@claim(
    belief="It matters to choose a suitable activation, and which one suits depends on the task.",
    about="activation",
    verdict="true",
    sources=("001", "002"),
    says="In the cosine fit by Adam ({networks:,} networks a case, 300 epochs), of {count} activations {first} has the "
    "least median error with two hidden units, {first_error}; the most has {worst} with {most:.2g}. With {other} units "
    "{second} has the least, {second_error}, and {first} has {before}.",
    unlike={"other": 3},
    page="experiments/cosine-fit",
)
def choice_of_activation_matters(other: int = 8) -> Measured:
    """The recorded medians, each with its 95 % interval; the least must lie below the interval of every other one."""
    table = cosine_table.load()
    two, more = ({cosine_table.label(f): table.cell(f, hidden).median for f in cosine_table.COSINE_ACTIVATIONS}
                 for hidden in (2, other))  # fmt: skip
    first, second = _least(two), _least(more)
    worst = max(two, key=lambda name: two[name].value)
    sure = all(
        medians[least].high < median.low
        for least, medians in ((first, two), (second, more))
        for name, median in medians.items()
        if name != least
    )
    return measured(
        sure and first != second and two[worst].value > 100 * two[first].value,
        networks=table.cell(first).networks, count=len(two), first=first, first_error=_shown(two[first]), worst=worst,
        most=two[worst].value, other=other, second=second, second_error=_shown(more[second]),
        before=_shown(more[first]),
    )  # fmt: skip


def _least(medians: dict[str, Quantile]) -> str:
    return min(medians, key=lambda name: medians[name].value)


def _shown(median: Quantile) -> str:
    return f"{median.value:.3g} (95 % interval {median.low:.3g} to {median.high:.3g})"


_LISTED = (
    "linear", "step", "sigmoid", "tanh", "relu", "leaky_relu", "prelu", "elu", "relu6", "gaussian", "softmax", "swish",
    "gelu",
)  # fmt: skip


@claim(
    belief="Known activations are the step, the logistic function, tanh, ReLU, leaky ReLU, the Gaussian and softmax, "
    "and swish, GELU, ELU and PReLU.",
    about=("activation", "framework"),
    verdict="true",
    sources=("000", "001", "002", "003", "004"),
    says="Of {listed} activations that the source posts name, {known} are in this course. Keras knows {strings} of "
    'them by a string, such as Dense(4, activation="gelu"), and refuses these: {refused}. There PReLU is a layer, '
    "because it learns its slope.",
    unlike={"listed": ("relu", "gelu", "sine")},
    page="practice/in-your-framework",
    slow=True,
    needs="tensorflow",
)
def act_list(listed: Sequence[str] = _LISTED) -> Measured:
    """Looks every name up in the registry, and asks keras.activations.get for it."""
    keras = tf.keras()
    known = [name for name in listed if name in names(aliases=True)]
    refused = []
    for name in listed:
        try:
            keras.activations.get(name)
        except ValueError:
            refused.append(name)
    return measured(
        len(known) == len(listed) and "prelu" in refused and hasattr(keras.layers, "PReLU"),
        listed=len(listed), known=len(known), strings=len(listed) - len(refused), refused=", ".join(refused),
    )  # fmt: skip


@claim(
    belief="Activations matter in classical machine learning too, not only in convolutional networks.",
    about=("sigmoid", "activation"),
    verdict="true",
    sources="002",
    says="Logistic regression is one neuron with a sigmoid. From {examples:,} labels that are 1 with probability "
    "sigmoid(2 x - 1), x standard normal, it finds, on average over samples, the weight {weight:.3f} and the bias "
    "{bias:.3f}.",
    unlike={"activation": "identity"},
    page="functions/outputs-and-vectors",
)
def act_classical_ml(activation: str = "sigmoid", examples: int = 5000, samples: int = 100) -> Measured:
    """Newton's method for the weights at which the errors are uncorrelated with the inputs, in each of 100 samples."""
    truth, f = np.array([2.0, -1.0]), get(activation)
    found = np.zeros((samples, 2))
    for sample in range(samples):
        rng = np.random.default_rng((0, sample))
        design = np.column_stack([rng.normal(size=examples), np.ones(examples)])
        labels = rng.random(examples) < get("sigmoid")(design @ truth)
        for _ in range(8):
            scores = design @ found[sample]
            information = design.T @ (f.derivative(scores)[:, np.newaxis] * design)
            found[sample] += np.linalg.solve(information, design.T @ (labels - f(scores)))
    weight, bias = map(Mean.of, found.T)
    inside = [mean.interval[0] <= true <= mean.interval[1] for mean, true in zip((weight, bias), truth, strict=True)]
    return measured(all(inside), examples=examples, weight=weight, bias=bias)


Statement(
    id="act-drives-dl",
    belief="Activations, and research on them, are a key element that drives deep learning forward.",
    about=("activation",),
    verdict="depends",
    sources=("001",),
    text="How much a field owes to one of its parts is a matter of judgement. What can be cited: with rectifiers "
    "restricted Boltzmann machines learnt better features for recognising objects, and deep networks reached their "
    "best without unsupervised pre-training where labels were plenty. What can be measured is how much the choice "
    "decides in one experiment, such as the cosine fit of this course.",
    why="It is an opinion about the history of a field, which no computation decides.",
    cite=("nair2010rectified", "glorot2011deep"),
    page="experiments/cosine-fit",
)

_FAMILIES = (
    "VGG16", "ResNet50", "ResNet50V2", "InceptionV3", "InceptionResNetV2", "Xception", "MobileNet", "MobileNetV2",
    "MobileNetV3Small", "DenseNet121", "NASNetMobile", "EfficientNetB0", "EfficientNetV2B0", "ConvNeXtTiny",
)  # fmt: skip


@claim(
    belief="Most convolutional networks use the logistic function and the ReLU; some use leaky ReLU or tanh.",
    about=("network", "framework"),
    verdict="false",
    sources="002",
    says="The ReLU is the most frequent, the logistic function is rare. One convolutional network from each of "
    "{families} families of keras.applications, {hidden} hidden activations in all: ReLU {relu}, SiLU {silu}, ReLU6 "
    "{relu6}, sigmoid {sigmoid}, which are the gates of {gated} of the networks, hard SiLU {hard_silu}, GELU {gelu}; "
    "tanh {tanh}, leaky ReLU {leaky}.",
    unlike={"families": ("EfficientNetB0", "EfficientNetV2B0")},
    page="practice/in-your-framework",
    slow=True,
    needs="tensorflow",
)
def cnn_mostly_logistic_relu(families: Sequence[str] = _FAMILIES) -> Measured:
    """Builds the networks without trained weights and counts the layers whose activation is not linear or softmax."""
    each = [_hidden_activations(family) for family in families]
    all_of_them = sum(each, Counter())
    hidden, tanh, leaky = all_of_them.total(), all_of_them["tanh"], all_of_them["leaky_relu"]
    return measured(
        all_of_them["relu"] > hidden / 2 and 20 * all_of_them["sigmoid"] < hidden and tanh == leaky == 0,
        families=len(families), hidden=hidden, gated=sum(1 for counts in each if counts["sigmoid"]),
        tanh=tanh, leaky=leaky, **{name: all_of_them[name] for name in ("relu", "silu", "relu6", "sigmoid",
                                                                       "hard_silu", "gelu")},
    )  # fmt: skip


@cache
def _hidden_activations(family: str) -> Counter:
    """How often each activation occurs in a network of keras.applications, without softmax and linear."""
    # The smallest images and few classes: the first dense layer of VGG16 then takes a seventh of the memory. Within the
    # scope Keras makes all weights at once at the end, which takes half of the time.
    with tf.precision("float32") as keras, keras.StatelessScope():
        model = getattr(keras.applications, family)(weights=None, input_shape=(96, 96, 3), classes=10)
    counts = Counter()
    for layer in model.layers:
        if isinstance(layer, keras.layers.ReLU):
            counts["relu" if layer.max_value is None else f"relu{layer.max_value:g}"] += 1
        elif isinstance(layer, keras.layers.LeakyReLU):
            counts["leaky_relu"] += 1
        elif getattr(layer, "activation", None) is not None:
            counts[layer.activation.__name__] += 1
    return Counter({name: count for name, count in counts.items() if name not in ("linear", "softmax")})
