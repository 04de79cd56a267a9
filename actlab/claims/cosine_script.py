"""Claims about the script that fits a cosine in Keras: what its lines do when they are run."""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from actlab import experiments, peers, tf
from actlab.claims.ledger import Measured, claim, measured
from actlab.core import get
from actlab.experiments.cosine import BATCH_SIZE, LEARNING_RATE, POINTS

_EPOCHS = 3


def _model(hidden: str = "sigmoid", units: int = 2) -> Any:
    """The network of the script, from seed 0: a layer l1 of a few units and a linear layer l2 of one."""
    keras = tf.keras()
    keras.utils.set_random_seed(0)
    dense = keras.layers.Dense
    return keras.Sequential([keras.Input((1,)), dense(units, hidden, name="l1"), dense(1, name="l2")])


def _trained(optimizer: Any, hidden: str = "sigmoid", batch_size: int = BATCH_SIZE) -> Any:
    """The network after a few epochs on the cosine."""
    model = _model(hidden)
    model.compile(loss="mse", optimizer=optimizer)
    x, target = experiments.cosine_data()
    model.fit(x[:, np.newaxis], target[:, np.newaxis], epochs=_EPOCHS, batch_size=batch_size, verbose=0)
    return model


@cache
def _trained_with_adam(hidden: str, batch_size: int) -> Any:
    return _trained(tf.keras().optimizers.Adam(LEARNING_RATE), hidden, batch_size)


def _loss(model: Any) -> float:
    x, target = experiments.cosine_data()
    return float(np.mean(np.square(np.array(model(x[:, np.newaxis]))[:, 0] - target)))


@claim(
    belief="The listing of the cosine fit runs as it stands on its page.",
    about="code",
    verdict="false",
    sources="000",
    says="As found, the listing of the cosine fit has lost the line breaks inside its list of layers, and a # turns "
    "all that follows into a comment. A list of {lines} lines, one of them commented out, joined in this way ends for "
    "Python after {kept} of its {total} characters, which is a {error}; with its line breaks it compiles.",
    unlike={"line_break": "\n"},
    page="experiments/cosine-fit",
)
def keras_verbatim(line_break: str = " ") -> Measured:
    """A list over five lines, the third commented out, joined by blanks and given to Python's compiler."""
    lines = ("layers = [", "    'sigmoid',", "    # 'tanh',", "    'linear',", "]")
    text, error = line_break.join(lines), ""
    compile("\n".join(lines), "restored", "exec")
    try:
        compile(text, "joined", "exec")
    except SyntaxError as raised:
        error = type(raised).__name__
    kept = text.index("#")
    return measured(error == "SyntaxError", lines=len(lines), kept=kept, total=len(text), error=error or "success")


@claim(
    belief="One may import Sequential and Dense from keras and losses and optimizers from tf.keras, and use them "
    "together.",
    about="framework",
    verdict="true",
    sources="000",
    says="In TensorFlow {tensorflow} with Keras {keras}, keras and tf.keras are one package: {same} are the same "
    "objects in both. Mixed, they train: with a model made by keras and Adam from tf.keras the loss of the cosine fit "
    "falls from {before:.2f} to {after:.2f} in {epochs} epochs.",
    unlike={"optimizer": "tf.compat.v1.train.AdamOptimizer"},
    page="experiments/cosine-fit",
    needs="tensorflow",
)
def keras_imports(optimizer: str = "tf.keras.optimizers.Adam") -> Measured:
    """Four names compared between keras and tf.keras, and a training from seed 0 by the optimizer at this path."""
    keras = tf.keras()
    paths = ("Sequential", "layers.Dense", "losses.MeanSquaredError", "optimizers.Adam")
    same = [path for path in paths if peers.at("keras", path) is peers.at("keras", f"tf.keras.{path}")]
    before = after = _loss(_model())
    # Keras refuses what is no optimizer of its own.
    with contextlib.suppress(ValueError):
        after = _loss(_trained(peers.at("keras", optimizer)(LEARNING_RATE)))
    return measured(
        len(same) == len(paths) and after < before,
        tensorflow=peers.at("keras", "tf.__version__"),
        keras=keras.__version__,
        same=", ".join(path.rpartition(".")[2] for path in same),
        epochs=_EPOCHS,
        before=before,
        after=after,
    )


@claim(
    belief="Dense takes the strings linear, sigmoid, tanh, relu, leaky_relu and swish as activations.",
    about=("identity", "sigmoid", "tanh", "relu", "leaky_relu", "silu", "framework"),
    verdict="true",
    sources="000",
    says="Keras' Dense takes the strings {valid}, and on [-5, 5] each computes our function of that name to within "
    "{gap:.1e}. But mind that leaky_relu as a string has the slope {slope:.1f}, and not the 0.01 that many texts give "
    "it.",
    unlike={"names": ("linear", "sigmoid", "tanh", "relu", "prelu", "swish")},
    page="practice/in-your-framework",
    needs="tensorflow",
)
def keras_strings(
    names: tuple[str, ...] = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "swish"),
) -> Measured:
    """A layer made with each string, with weight 1 and bias 0, beside our function at 101 points."""
    dense, x = tf.keras().layers.Dense, np.linspace(-5, 5, 101)[:, np.newaxis]
    valid, gap, slope = [], 0.0, np.nan
    for name in names:
        try:
            layer = dense(1, name, use_bias=False, kernel_initializer="ones")
        except ValueError:  # no activation that Keras knows by a string
            continue
        valid.append(name)
        ours = get(name)
        if name == "leaky_relu":
            slope = -np.array(layer(np.array([[-1.0]]))).item()
            ours = ours.with_params(negative_slope=0.2)
        gap = max(gap, float(np.abs(np.array(layer(x)) - ours(x)).max()))
    # Of the slope 0.2 Keras keeps the digits of float32, five times.
    holds = len(valid) == len(names) and gap < 5 * 0.2 * np.finfo(np.float32).eps and abs(slope - 0.2) < 1e-7
    return measured(holds, valid=", ".join(valid), gap=gap, slope=slope)


@claim(
    belief="The network learns cos(x) + 1 at 100 points from 0 to 2π, given to it as an array of shape (100, 1).",
    about="training",
    verdict="true",
    sources="000",
    says="The input of the cosine fit has shape {shape}. The mean of cos(x) + 1 there is {mean:.2f}, not 1, since "
    "both ends are maxima and are counted; its variance, {variance:.4f}, is the loss of the best level line; its "
    "least value is {least:.1e}, not 0, since π is not among the {points} points.",
    unlike={"points": 101},
    page="experiments/cosine-fit",
)
def keras_target(points: int = POINTS) -> Measured:
    """The mean, the variance and the minimum of the target at evenly spaced points, both ends among them."""
    x = np.linspace(0, 2 * np.pi, points)
    target = np.cos(x) + 1
    given, least = x.reshape(-1, 1), float(target.min())
    # The ends' two ones are one more than the sum over a whole period, which is 0; below, half a step from π.
    expected = 1 + 1 / points, 1 - np.cos(np.pi / (points - 1))
    holds = np.allclose((target.mean(), least), expected, rtol=1e-9, atol=1e-15) and given.shape == (points, 1)
    return measured(holds, shape=given.shape, mean=target.mean(), variance=target.var(), least=least, points=points)


@claim(
    belief="The network of the cosine fit has two hidden neurons and one linear neuron that adds up what they say.",
    about="network",
    verdict="true",
    sources="000",
    says="For the network of the cosine fit Keras makes arrays of the shapes {shapes}. These are {count} parameters: "
    "a weight and a bias for each hidden neuron, and for the output a weight from each of them and a bias.",
    unlike={"units": 1},
    page="experiments/cosine-fit",
    needs="tensorflow",
)
def keras_topology(units: int = 2) -> Measured:
    """The shapes of all weights of the model, as Keras has made them."""
    model = _model(units=units)
    shapes = [weight.shape for weight in model.get_weights()]
    linear = model.get_layer("l2").activation is tf.keras().activations.linear
    holds = linear and shapes == [(1, 2), (2,), (2, 1), (1,)] and model.count_params() == 7
    return measured(holds, shapes=", ".join(map(str, shapes)), count=model.count_params())


@claim(
    belief="The network is trained on the mean squared error for 300 epochs by Adam with a learning rate of 0.04.",
    about="training",
    verdict="true",
    sources="000",
    says="An epoch of Keras over the {points} points of the cosine fit is {steps:g} updates, made from batches of 32 "
    "points and a last one of {last}, so that 300 epochs are {updates:g} updates. The rate 0.04 is {times:.0f} times "
    "the rate that Keras' Adam has if none is given.",
    unlike={"batch_size": 100},
    page="experiments/cosine-fit",
    needs="tensorflow",
)
def keras_training(batch_size: int = BATCH_SIZE) -> Measured:
    """The updates that Keras' Adam counts in three epochs, and its learning rate beside that of a new Adam."""
    steps = int(_trained_with_adam("sigmoid", batch_size).optimizer.iterations) / _EPOCHS
    times = LEARNING_RATE / float(tf.keras().optimizers.Adam().learning_rate)
    holds = 300 * steps == 1200 and abs(times - 40) < 1e-4
    return measured(holds, points=POINTS, steps=steps, last=POINTS % batch_size, updates=300 * steps, times=times)


@claim(
    belief="To change the activation one uncomments another of several lines, each of which makes a layer named l1.",
    about="code",
    verdict="true",
    sources="000",
    says="Of several lines that each make a hidden layer named l1, only one may be active: Keras answers two with a "
    "{error}. The shared name is a safeguard, for under two names the same lines make a network of {layers} layers "
    "and {count} parameters, and no error.",
    unlike={"names": ("l1", "l3")},
    page="experiments/cosine-fit",
    needs="tensorflow",
)
def keras_toggle(names: tuple[str, str] = ("l1", "l1")) -> Measured:
    """A model with both lines active, under the names given, and one under two names."""
    keras = tf.keras()
    dense = keras.layers.Dense

    def build(first: str, second: str) -> Any:
        layers = dense(2, "sigmoid", name=first), dense(2, "tanh", name=second), dense(1, name="l2")
        return keras.Sequential([keras.Input((1,)), *layers])

    error, deeper = "", build("l1", "l3")
    try:
        build(*names)
    except ValueError as raised:
        error = type(raised).__name__
    holds = error == "ValueError" and len(deeper.layers) == 3
    return measured(holds, error=error or "model", layers=len(deeper.layers), count=deeper.count_params())


@claim(
    belief="The last lines of the script, which ask the layers for their weights, are the model's prediction.",
    about="code",
    verdict="false",
    sources="000",
    says="What get_weights returns are weights, for layer l1 of the cosine fit arrays of the shapes {shapes}; a "
    "prediction would have one number for each of the {points} points. And as a line of a script, without print, it "
    "prints {printed}.",
    unlike={"ask": lambda model, x: [model(x)]},
    page="experiments/cosine-fit",
    needs="tensorflow",
)
def keras_predict_comment(ask: Callable = lambda model, x: model.get_layer("l1").get_weights()) -> Measured:
    """What the model of two hidden units returns when it is asked so, while what is printed is caught."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        answers = [np.array(each) for each in ask(_model(), experiments.cosine_data()[0][:, np.newaxis])]
    holds = sum(each.size for each in answers) < POINTS and not output.getvalue()
    shapes = " and ".join(str(each.shape) for each in answers)
    return measured(holds, shapes=shapes, points=POINTS, printed=output.getvalue() or "nothing")


@claim(
    belief="By get_layer and get_weights one has the weights and biases of a layer and can explain the fit by them.",
    about=("neuron", "network"),
    verdict="true",
    sources="000",
    says="After {epochs} epochs of the cosine fit in Keras, the weights that get_weights returns for both layers, put "
    "together with our sigmoid, give what the model answers: at {points} points the two differ by less than "
    "{within:g} in float64.",
    unlike={"hidden": "leaky_relu"},
    page="experiments/cosine-fit",
    needs="tensorflow",
)
def keras_weights(hidden: str = "sigmoid") -> Measured:
    """The sum of the hidden units' contributions, by our activation with its defaults, beside the model's output."""
    model, x = _trained_with_adam(hidden, BATCH_SIZE), experiments.cosine_data()[0][:, np.newaxis]
    (weights, biases), (output_weights, output_bias) = (model.get_layer(name).get_weights() for name in ("l1", "l2"))
    rebuilt = get(hidden)(x @ weights + biases) @ output_weights + output_bias
    gap = float(np.abs(rebuilt - np.array(model(x))).max())
    within = 1e-14  # rounding
    return measured(gap < within, epochs=_EPOCHS, points=POINTS, within=within)


@claim(
    belief="A filter at the top of the script keeps warnings of the kind UserWarning from being shown.",
    about="code",
    verdict="true",
    sources="000",
    says="A filter for UserWarning hides advice as well. A Dense layer that is given input_shape, as in older "
    "scripts, makes Keras {keras} recommend an Input instead, in a UserWarning: {loud} is raised without the filter, "
    "and {silent} with it.",
    unlike={"silenced": FutureWarning},
    page="experiments/cosine-fit",
    needs="tensorflow",
)
def keras_warnings(silenced: type[Warning] = UserWarning) -> Measured:
    """The warnings at the making of such a layer, counted without a filter and with one."""
    keras = tf.keras()

    def heard(*ignored: type[Warning]) -> int:
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always")
            for category in ignored:
                warnings.simplefilter("ignore", category)
            keras.layers.Dense(2, input_shape=(1,))
        return sum("Input" in str(each.message) for each in raised)

    loud, silent = heard(), heard(silenced)
    return measured(loud == 1 and silent == 0, keras=keras.__version__, loud=loud, silent=silent)
