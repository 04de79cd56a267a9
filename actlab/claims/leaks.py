"""Claims about what a leak does in training, and about the slopes that go by the name of leaky ReLU."""

from __future__ import annotations

import numpy as np

from actlab import peers
from actlab.agreement import recorded
from actlab.claims.families import keras_families, keras_version
from actlab.claims.ledger import Measured, claim, measured
from actlab.core import Elementwise
from actlab.experiments import CosineFits, cosine_data, cosine_fit, cosine_table, dead_units
from actlab.functions.rectifiers import leaky_relu, relu
from actlab.network import Network, initialise
from actlab.statistics import Quantile, Share

# From this loss on a cosine fit counts as failed: a line leaves 0.505, half of the wave about 0.35.
_FAILED = 0.1


def _sloped(slope: float) -> Elementwise:
    return leaky_relu.with_params(negative_slope=slope)


def _bare_slopes(frameworks: tuple[str, ...] = ("keras", "torch", "jax")) -> dict[str, float]:
    """The slopes of all calls of a leaky ReLU without arguments, as recorded, to the digits of float32."""
    return {
        entry.call: round(-entry.answers[0], 6)
        for column in recorded()
        for entry in column.entries
        if column.framework in frameworks and entry.bare and entry.function == "leaky_relu"
    }


@claim(
    belief="The slope of a leaky ReLU is usually 0.01.",
    about=("leaky_relu", "framework"),
    verdict="depends",
    sources=("002", "003", "004", "maas2013rectifier"),
    says="The slope of a leaky ReLU that is called without one depends on whom one calls: it is {slopes}. The paper "
    "that introduced the function, PyTorch and JAX agree; TensorFlow and Keras do not. Better give it, always.",
    unlike={"frameworks": ("torch", "jax")},
    page="practice/in-your-framework",
)
def leaky_default_001(frameworks: tuple[str, ...] = ("keras", "torch", "jax")) -> Measured:
    """The recorded answers of all calls without arguments to -1, with their signs turned."""
    calls: dict[float, list[str]] = {}
    for call, slope in sorted(_bare_slopes(frameworks).items(), key=lambda found: found[1]):
        calls.setdefault(slope, []).append(call)
    slopes = "; ".join(f"{slope:g} in {', '.join(names)}" for slope, names in calls.items())
    return measured(0.01 in calls and len(calls) > 1, slopes=slopes)


@claim(
    belief="The slope of TensorFlow's tf.nn.leaky_relu is 0.2 if none is given.",
    about=("leaky_relu", "framework"),
    verdict="true",
    sources="002",
    says="Called without a slope, tf.nn.leaky_relu of TensorFlow {version} answers {answer:.4g} to -1.",
    unlike={"place": "layers.LeakyReLU"},
    page="practice/in-your-framework",
    needs="tensorflow",
)
def leaky_tf_default_02(place: str = "tf.nn.leaky_relu") -> Measured:
    """The answer of the installed TensorFlow to -1."""
    answer = float(peers.derivative("keras", peers.called("keras", place, {}), 0)(np.array([-1.0]))[0])
    return measured(abs(answer + 0.2) < 1e-7, answer=answer, version=peers.at("keras", "tf.__version__"))


@claim(
    belief="A unit of leaky ReLUs is never switched off completely.",
    about="leaky_relu",
    verdict="true",
    sources="000",
    says="After {networks} cosine fits (two hidden units of slope {slope:g}, 300 epochs of Adam), {units} leaky units "
    "have no positive pre-activation at any point. All of them get a gradient still: of those of weight and bias the "
    "larger is {least:.0e} or more, in the median {median:.2g}, with its 95 % interval. ReLUs in that state get "
    "exactly 0.",
    unlike={"activation": "relu"},
    page="gradients/dying-units",
    side="pro",
)
def leaky_not_fully_dead(
    activation: str = "leaky_relu", slope: float = 0.2, networks: int = 1024, seed: int = 0
) -> Measured:
    """The loss gradient of weight and bias of each hidden unit whose pre-activation is 0 or less at all points."""
    f = _sloped(slope) if activation == "leaky_relu" else activation
    fits = cosine_fit(f, networks=networks, seed=seed, dtype="float64")
    off = _all_negative(fits)
    x, y = cosine_data()
    network = Network(
        (fits.hidden_weights[:, np.newaxis], fits.output_weights[:, :, np.newaxis]),
        (fits.hidden_biases[:, np.newaxis], fits.output_biases[:, np.newaxis, np.newaxis]),
        fits.activation,
    )
    tape = network.forward(x[:, np.newaxis])
    found = network.backward(tape, 2 * (tape.activations[-1] - y[:, np.newaxis]) / len(x))
    largest = np.maximum(np.abs(found.weights[0][:, 0]), np.abs(found.biases[0][:, 0]))[off]
    return measured(
        len(largest) > 0 and largest.min() > 0, networks=networks, slope=slope, units=len(largest),
        least=float(largest.min()), median=Quantile.of(largest, design_effect=fits.hidden_biases.shape[1]),
    )  # fmt: skip


def _all_negative(fits: CosineFits) -> np.ndarray:
    """Which units have no positive pre-activation at any point, (networks, hidden)."""
    return fits.pre_activations(cosine_data()[0]).max(axis=1) <= 0


@claim(
    belief="The leaky ReLU solves the problem of dying units.",
    about="leaky_relu",
    verdict="imprecise",
    sources=("000", "002", "004"),
    says="No leaky unit is dead, but one may stay where its input is negative. Of the units that start so at every "
    "point of the cosine fit (two hidden units, 300 epochs of Adam), with slope {slope:g} this share ends so: {weak}; "
    "with slope {steeper:g}: {strong}; of ReLUs {relu:.0%}.",
    unlike={"slope": 0.2},
    page="gradients/dying-units",
    slow=True,
    differs="The list asks whether a gradient is ever 0, and none is. But the problem is that units stay off, and with "
    "a slope of 0.01, which two of the posts name, about half of them do; the list measured this share too.",
)
def leaky_solves_dying(slope: float = 0.01, steeper: float = 0.2, networks: int = 2048, seed: int = 0) -> Measured:
    """Of units whose pre-activation is 0 or less at all points before the training, the share of which it is after."""

    def still_off(activation: Elementwise) -> tuple[Share, bool]:
        fits = cosine_fit(activation, networks=networks, seed=seed, dtype="float64")
        # All points are at 0 or to the right, and biases start from 0: the sign of the weight decides.
        born = initialise((1, 2, 1), activation, networks=networks, seed=seed).weights[0][:, 0] < 0
        return fits.unit_share(_all_negative(fits), among=born), bool(fits.dead.any())

    (weak, weak_dead), (strong, strong_dead), (plain, _) = map(still_off, (_sloped(slope), _sloped(steeper), relu))
    slow = weak.interval[0] > 0.4 and strong.interval[1] < weak.interval[0] < plain.interval[0]
    return measured(
        slow and not weak_dead and not strong_dead,
        slope=slope, weak=weak, steeper=steeper, strong=strong, relu=plain.value,
    )  # fmt: skip


@claim(
    belief="With leaky ReLUs every training of the cosine fit gives a satisfactory result.",
    about="leaky_relu",
    verdict="false",
    sources="000",
    says="Many trainings of the cosine fit fail with two leaky units (slope {slope:g}, as Keras has it): after 300 "
    "epochs the loss is still {failed:g} or more for {leaky}, with two ReLUs for {relu:.1%}. After 1000 epochs "
    "{longer:.1%} are left, so most of them were slow, not stuck.",
    unlike={"hidden": 8},
    page="experiments/cosine-fit",
    side="con",
)
def leaky_every_run_good(slope: float = 0.2, hidden: int = 2) -> Measured:
    """The recorded final losses of the cosine fit."""
    table = cosine_table.load()
    leaky, plain = (table.cell(activation, hidden).failure(_FAILED) for activation in (_sloped(slope), relu))
    longer = table.cell(_sloped(slope), epochs=1000).failure(_FAILED)
    often = leaky.interval[0] > 0.1 and longer.interval[1] < leaky.value / 2
    return measured(often, slope=slope, failed=_FAILED, leaky=leaky, relu=plain.value, longer=longer.value)


@claim(
    belief="A leaky ReLU is not always better than a ReLU.",
    about="leaky_relu",
    verdict="true",
    differs="What is said is that it is not always better, and just that is measured; which one is depends.",
    sources="002",
    says="Which of leaky ReLU and ReLU is better depends on the task. In the cosine fit with {hidden} hidden units, "
    "inputs 0 to 2 pi, a leak of {slope:g} wins: {leaky:.1%} of {n} networks fail, of those with ReLUs {relu:.1%}. On "
    "the wave sin(pi x) from -1 to 1, with 16 hidden units, the leaky one of two networks from equal starts ends with "
    "the lower loss in {lower}.",
    unlike={"hidden": 1},
    page="functions/rectifiers",
)
def leaky_not_always_better(slope: float = 0.2, hidden: int = 2, networks: int = 200, seed: int = 0) -> Measured:
    """The recorded failures of the cosine fit, and the final losses of networks from equal starts that learn a sine."""
    table = cosine_table.load()
    leaky, plain = (table.cell(activation, hidden).failure(_FAILED) for activation in (_sloped(slope), relu))
    twins = [dead_units(f, networks=networks, seed=seed).losses for f in (_sloped(slope), relu)]
    lower = Share.of(twins[0] < twins[1])
    both = leaky.interval[1] < plain.interval[0] and lower.interval[1] < 0.5
    return measured(both, slope=slope, hidden=hidden, leaky=leaky.value, relu=plain.value, n=leaky.n, lower=lower)


@claim(
    belief="The leaky ReLU has one more hyper-parameter, its slope.",
    about="leaky_relu",
    verdict="true",
    sources="004",
    says="The leaky ReLU's slope is one more number to choose, and it matters. Of {n} cosine fits with two hidden "
    "units, those that end no better than a level line are {first:.1%} with slope {one:g} (95 % interval "
    "{first_low:.1%} to {first_high:.1%}) and {second:.1%} with slope {other:g} ({second_low:.1%} to "
    "{second_high:.1%}).",
    unlike={"slopes": (0.2, 0.3)},
    page="experiments/cosine-fit",
    side="con",
)
def leaky_hyperparameter(slopes: tuple[float, float] = (0.01, 0.2)) -> Measured:
    """The recorded shares of cosine fits whose loss ends at 0.49 or more, for two slopes."""
    first, second = (cosine_table.load().cell(_sloped(slope)).failure(0.49) for slope in slopes)
    (first_low, first_high), (second_low, second_high) = first.interval, second.interval
    apart = first_low > second_high or second_low > first_high
    return measured(
        apart and "negative_slope" in leaky_relu.parameters,
        n=first.n, one=slopes[0], first=first.value, first_low=first_low, first_high=first_high,
        other=slopes[1], second=second.value, second_low=second_low, second_high=second_high,
    )  # fmt: skip


@claim(
    belief="The slopes that the posts give agree with each other and with the one that their script trains.",
    about=("leaky_relu", "code"),
    verdict="false",
    sources=("000", "002", "003", "004"),
    says="The posts' slopes for the leaky ReLU do not agree. In texts and plots it is mostly {written:g}, but the "
    "name that their script hands to Keras means {trained:g}, {times:.0f} times as much. The difference "
    "shows: of {n} cosine fits {weak:.1%} fail with the one and {strong:.1%} with the other.",
    unlike={"call": "F.leaky_relu"},
    page="practice/in-your-framework",
)
def leaky_slope_conflict(call: str = "keras.activations.leaky_relu", written: float = 0.01) -> Measured:
    """The recorded slope of a call without arguments beside 0.01, and the recorded cosine fits with both slopes."""
    trained = _bare_slopes()[call]
    weak, strong = (cosine_table.load().cell(_sloped(slope)).failure(_FAILED) for slope in (written, trained))
    return measured(
        trained != written and strong.interval[1] < weak.interval[0],
        written=written, trained=trained, times=trained / written, n=weak.n, weak=weak.value, strong=strong.value,
    )  # fmt: skip


@claim(
    belief="Some convolutional networks use leaky ReLUs.",
    about=("leaky_relu", "network"),
    verdict="depends",
    sources=("002", "xu2015empirical"),
    says="Whether convolutional networks use leaky ReLUs depends on where one looks. Of the {families} source files in "
    "which Keras {version} defines its image networks, {leaky} mention one, and {relu} a ReLU; Xu et al. (2015) did "
    "train convolutional networks with leaky ReLUs.",
    unlike={"word": "relu"},
    page="functions/rectifiers",
    needs="tensorflow",
)
def leaky_some_cnns(word: str = "leaky") -> Measured:
    """How many of the files in keras.applications that define networks hold a word."""
    files = keras_families()
    leaky, plain = (sum(part in text.lower() for text in files.values()) for part in (word, "relu"))
    return measured(leaky == 0 < plain, families=len(files), version=keras_version(), leaky=leaky, relu=plain)
