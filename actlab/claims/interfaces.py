"""Claims about code: what numpy and TensorFlow do when they are called as the posts call them."""

from __future__ import annotations

import difflib
import inspect
import io
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from actlab import peers, tf
from actlab.claims.ledger import Measured, claim, measured
from actlab.core import get
from actlab.core import names as registered

# The data types that a post says the ReLU of TensorFlow accepts.
_LISTED = (
    "float32", "float64", "int32", "uint8", "int16", "int8", "int64", "float16", "uint16", "uint32", "uint64",
)  # fmt: skip

# The formulas as they stand in textbooks, typed in numpy.
_TYPED = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "tanh": lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
    "relu": lambda x: np.where(x < 0, 0, x),
    "leaky_relu": lambda x: np.where(x < 0, 0.01 * x, x),
}


# --- tf.nn ------------------------------------------------------------------------------------------------------------


def _in_tf_nn(name: str) -> Callable:
    return peers.at("keras", f"tf.nn.{name}")


def _parameters(name: str) -> tuple[str, ...]:
    return tuple(inspect.signature(_in_tf_nn(name)).parameters)


def _version() -> str:
    return peers.at("keras", "tf.__version__")


def _tensorflow() -> Any:
    tf.keras()  # which sets TensorFlow up before its first import
    import tensorflow

    return tensorflow


def _enumerated(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _raised(call: Callable, *arguments: Any, **keywords: Any) -> str:
    """The name of the error that a call raises; empty if none."""
    try:
        call(*arguments, **keywords)
    except Exception as error:  # whichever it is, is what is measured
        return type(error).__name__
    return ""


@claim(
    belief="TensorFlow keeps relu, sigmoid, tanh and leaky_relu in its module tf.nn.",
    about=("relu", "sigmoid", "tanh", "leaky_relu", "framework"),
    verdict="true",
    sources="002",
    says="In TensorFlow {version} tf.nn has {there}. On [-5, 5] in float64, leaky_relu is within {leaky:.1e} of ours "
    "with the same slope 0.2, which TensorFlow rounds to float32 first, and the others are within {within:g}.",
    unlike={"names": ("relu", "sigmoid", "tanh", "mish")},
    page="practice/in-your-framework",
    needs="tensorflow",
)
def api_tfnn_four(names: tuple[str, ...] = ("relu", "sigmoid", "tanh", "leaky_relu")) -> Measured:
    """The names looked up in tf.nn, and each function found there beside ours at 101 points."""
    there = [name for name in names if hasattr(peers.at("keras", "tf.nn"), name)]
    x, gaps = np.linspace(-5, 5, 101), {"leaky_relu": np.nan}
    for name in there:
        ours = get(name)
        if name == "leaky_relu":
            ours = ours.with_params(negative_slope=0.2)
        gaps[name] = float(np.abs(_in_tf_nn(name)(x).numpy() - ours(x)).max())
    leaky = gaps.pop("leaky_relu")
    within = 1e-15  # rounding
    # The rounding of 0.2 to float32, five times.
    holds = len(there) == len(names) and max(gaps.values()) < within and leaky < 5 * 0.2 * np.finfo(np.float32).eps
    return measured(holds, version=_version(), there=_enumerated(there), within=within, leaky=leaky)


@claim(
    belief="The functions relu, sigmoid and tanh of tf.nn have exactly the same parameters.",
    about=("relu", "sigmoid", "tanh", "framework"),
    verdict="imprecise",
    sources="002",
    says="Each of relu, sigmoid and tanh in tf.nn takes a tensor and a name, and called by position they are alike. "
    "But relu calls the tensor {keyword}, the other two call it {others}: given relu's keyword, {refusing} raise a "
    "{error} (TensorFlow {version}).",
    unlike={"others": ("elu", "relu6")},
    page="practice/in-your-framework",
    needs="tensorflow",
)
def api_same_params(others: tuple[str, ...] = ("sigmoid", "tanh")) -> Measured:
    """The parameters of tf.nn.relu and of the others, each called by position and by the keyword of relu."""
    keyword = _parameters("relu")[0]
    alike = all(len(_parameters(name)) == 2 and not _raised(_in_tf_nn(name), 1.0, None) for name in ("relu", *others))
    errors = {name: _raised(_in_tf_nn(name), **{keyword: 1.0}) for name in others}
    firsts = sorted({_parameters(name)[0] for name in others})
    return measured(
        alike and all(error == "TypeError" for error in errors.values()),
        keyword=keyword,
        others=_enumerated(firsts),
        refusing=_enumerated(errors),
        error=_enumerated(sorted(set(errors.values()))),
        version=_version(),
    )


@claim(
    belief="Compared with relu, leaky_relu of tf.nn has one more parameter, its slope.",
    about=("leaky_relu", "framework"),
    verdict="true",
    sources="002",
    says="Beside the parameters of tf.nn.relu, tf.nn.leaky_relu has {extra}: the slope on the left, which is "
    "{slope:.1f} unless another is given. In keras.activations the same parameter is called {keras}.",
    unlike={"name": "gelu"},
    page="practice/in-your-framework",
    needs="tensorflow",
)
def api_leaky_extra(name: str = "leaky_relu") -> Measured:
    """The parameters that the function has beyond those of relu, and its answers at -1 without and with the first."""
    function = _in_tf_nn(name)
    extra = [parameter for parameter in _parameters(name) if parameter not in _parameters("relu")]
    slope = -float(function(np.float64(-1)))
    asked = -float(function(np.float64(-1), **{extra[0]: 0.5}))
    keras = tuple(inspect.signature(peers.at("keras", f"activations.{name}")).parameters)[1]
    holds = len(extra) == 1 and asked == 0.5 and abs(slope - 0.2) < 1e-7
    return measured(holds, extra=_enumerated(extra), slope=slope, keras=keras)


@claim(
    belief="The parameters of tf.nn.relu are features and name, of which name may be left out.",
    about=("relu", "framework"),
    verdict="true",
    sources="002",
    says="In TensorFlow {version} tf.nn.relu has {count} parameters, {parameters}; the second is {default} unless it "
    "is given.",
    unlike={"name": "leaky_relu"},
    page="practice/in-your-framework",
    needs="tensorflow",
)
def api_relu_two_params(name: str = "relu") -> Measured:
    """The signature of the function in tf.nn."""
    parameters = inspect.signature(_in_tf_nn(name)).parameters
    default = list(parameters.values())[1].default
    holds = tuple(parameters) == ("features", "name") and default is None
    return measured(
        holds, version=_version(), count=len(parameters), parameters=_enumerated(parameters), default=default
    )


@claim(
    belief="Every activation function of TensorFlow takes two inputs, features and name.",
    about="framework",
    verdict="imprecise",
    sources="002",
    says="Of the {total} activations of this course that tf.nn has under the same name, {two} take a tensor and a "
    "name and nothing else. The functions {more} have a third parameter, such as a slope or an axis, and {nameless} "
    "cannot be given a name (TensorFlow {version}).",
    unlike={"names": ("relu", "sigmoid", "tanh")},
    page="practice/in-your-framework",
    needs="tensorflow",
)
def api_two_params_all(names: tuple[str, ...] = ()) -> Measured:
    """The signatures of all functions in tf.nn that bear the name of an activation in the registry."""
    kept = [name for name in names or registered() if hasattr(peers.at("keras", "tf.nn"), name)]
    nameless = [name for name in kept if "name" not in _parameters(name)]
    two = [name for name in kept if len(_parameters(name)) == 2 and name not in nameless]
    more = [name for name in kept if name not in two + nameless]
    return measured(
        bool(two and more and nameless),
        total=len(kept),
        two=len(two),
        more=_enumerated(more or ["none"]),
        nameless=_enumerated(nameless or ["none"]),
        version=_version(),
    )


@claim(
    belief="The data types that tf.nn.relu accepts are float16, float32, float64 and the signed and unsigned integers "
    "of 8 to 64 bits.",
    about=("relu", "framework"),
    verdict="imprecise",
    sources="002",
    says="In TensorFlow {version} on a CPU, tf.nn.relu answers rightly in float16, float32, float64 and the signed "
    "and unsigned integers of 8 to 64 bits, {right} types in all, at once and in a graph; and in {more} as well. "
    "Others are more particular: tf.nn.sigmoid takes {sigmoid} of the {right}, and none of these is an integer.",
    unlike={"name": "sigmoid"},
    page="practice/in-your-framework",
    needs="tensorflow",
)
def api_relu_dtypes(name: str = "relu") -> Measured:
    """The function called, eagerly and inside tf.function, with tensors of every dtype in tf.dtypes."""
    right, sigmoid = _dtypes_of(name), _dtypes_of("sigmoid")
    listed = [dtype for dtype in right if dtype in _LISTED]
    more = [dtype for dtype in right if dtype not in _LISTED]
    floats = [dtype for dtype in sigmoid if dtype in _LISTED]
    holds = len(listed) == len(_LISTED) and more and all("int" not in dtype for dtype in floats)
    return measured(
        holds,
        version=_version(),
        right=len(listed),
        more=_enumerated(more or ["none"]),
        sigmoid=len(floats),
    )


def _dtypes_of(name: str) -> list[str]:
    """The dtypes of real numbers that a function of tf.nn takes, and gives for relu the larger of a number and 0."""
    tensorflow, function = _tensorflow(), _in_tf_nn(name)
    taken, dtypes = [], {each for each in vars(tensorflow.dtypes).values() if isinstance(each, tensorflow.DType)}
    for dtype in sorted({each for each in dtypes if not each.is_complex}, key=lambda each: each.name):
        x = np.array([0.0, 3.0] if dtype.is_unsigned else [-3.0, 0.0, 3.0])
        try:
            given = tensorflow.cast(x, dtype)
            traced = tensorflow.function(function).get_concrete_function(tensorflow.TensorSpec(x.shape, dtype))
            answers = [np.array(tensorflow.cast(f(given), tensorflow.float64)) for f in (function, traced)]
        except (tensorflow.errors.OpError, TypeError, ValueError):
            continue
        if name != "relu" or all(np.array_equal(answer, np.maximum(x, 0)) for answer in answers):
            taken.append(dtype.name)
    return taken


@claim(
    belief="What tf.nn.relu is given as features is the output of the convolution or pooling layer before it.",
    about=("relu", "framework"),
    verdict="imprecise",
    sources="002",
    says="Any tensor will do for tf.nn.relu, wherever it comes from: it answered rightly to random ones of ranks 0 to "
    "{rank}. After a random convolution, ReLU and max-pooling may even change places: the largest difference is "
    "{gap:g}, whereas with average pooling it is {average:.2f}.",
    unlike={"pooling": "AVG"},
    page="practice/in-your-framework",
    needs="tensorflow",
)
def api_features_from_layer(pooling: str = "MAX") -> Measured:
    """Random tensors of ranks 0 to 5 passed to relu; and a random convolution, then ReLU and pooling in both orders."""
    nn, rng, ranks = _tensorflow().nn, np.random.default_rng(0), range(6)
    tensors = [np.asarray(rng.normal(size=(3,) * rank)) for rank in ranks]
    right = all(np.array_equal(nn.relu(each).numpy(), np.maximum(each, 0)) for each in tensors)
    images, filters = rng.normal(size=(4, 14, 14, 3)), rng.normal(size=(3, 3, 3, 8))
    seen = nn.conv2d(images, filters, strides=1, padding="VALID")

    def gap(kind: str) -> float:
        pool = {"window_shape": (2, 2), "pooling_type": kind, "strides": (2, 2)}
        return float(np.abs(nn.relu(nn.pool(seen, **pool)) - nn.pool(nn.relu(seen), **pool)).max())

    apart, average = gap(pooling), gap("AVG")
    return measured(right and apart == 0 < average, rank=max(ranks), gap=apart, average=average)


@claim(
    belief="The argument name of tf.nn.relu gives the operation a name.",
    about=("relu", "framework"),
    verdict="depends",
    sources="002",
    says="In a graph that tf.function traces, tf.nn.relu(x, name='mine') becomes an operation called {inside}, and "
    "one called {unnamed} where no name is given. Called at once, as TensorFlow {version} does elsewhere, it drops "
    "the name, and asking its answer for one raises an {error}.",
    unlike={"function": "silu"},
    page="practice/in-your-framework",
    needs="tensorflow",
)
def api_name(function: str = "relu") -> Measured:
    """The operations in the graph that tf.function traces from one call, with a name and without; and an eager call."""
    tensorflow, called = _tensorflow(), _in_tf_nn(function)

    def operation(**name: str) -> str:
        number = tensorflow.TensorSpec((), tensorflow.float32)
        traced = tensorflow.function(lambda x: called(x, **name)).get_concrete_function(number)
        found = [each.name for each in traced.graph.get_operations() if each.type.lower() == function]
        return _enumerated(found or ["nothing"])

    inside = "nothing" if _raised(operation, name="mine") else operation(name="mine")
    error = _raised(lambda: called(tensorflow.constant(1.0), name="mine").name)
    unnamed = operation()
    return measured(
        inside == "mine" != unnamed and error == "AttributeError",
        inside=inside,
        unnamed=unnamed,
        version=_version(),
        error=error,
    )


@claim(
    belief="The features for relu are made by a call of tf.nn.max_poo().",
    about="framework",
    verdict="false",
    sources="002",
    says="There is no max_poo in tf.nn of TensorFlow {version}, and asking for it raises an {error}. The nearest name "
    "is {nearest}, which cannot be called with nothing either: it needs {needed}.",
    unlike={"name": "max_pool"},
    page="practice/in-your-framework",
    needs="tensorflow",
)
def api_max_poo(name: str = "max_poo") -> Measured:
    """The name asked for in tf.nn, the name there that is most like it, and that called without arguments."""
    error = _raised(_in_tf_nn, name)
    nearest = difflib.get_close_matches(name, dir(peers.at("keras", "tf.nn")), n=1)[0]
    parameters = inspect.signature(_in_tf_nn(nearest)).parameters.values()
    needed = [parameter.name for parameter in parameters if parameter.default is parameter.empty]
    holds = error == "AttributeError" and _raised(_in_tf_nn(nearest)) == "TypeError"
    return measured(holds, error=error, nearest=nearest, needed=_enumerated(needed), version=_version())


# --- Plotting ---------------------------------------------------------------------------------------------------------


@claim(
    belief="Sigmoid, tanh and ReLU, typed in numpy and evaluated at np.arange(-10, 10, 0.1), and leaky ReLU at "
    "np.arange(-2, 2, 0.1), can be drawn as they are.",
    about=("sigmoid", "tanh", "relu", "leaky_relu", "code"),
    verdict="true",
    sources="002",
    says="Typed in numpy as in textbooks, sigmoid, tanh and ReLU at np.arange(-10, 10, 0.1) ({points} points) and "
    "leaky ReLU at np.arange(-2, 2, 0.1) ({leaky} points) are drawn without a warning, and are within {within:g} of "
    "the exact values. The window matters: out to ±1000 the exponentials of tanh overflow, and {lost:.0%} of its "
    "points are nan.",
    unlike={"limit": 1000.0},
    page="practice/numbers-at-the-edge",
)
def plot_programs(limit: float = 10.0) -> Measured:
    """Textbook formulas typed in numpy, drawn with matplotlib, while warnings are counted; beside our functions."""
    from matplotlib.figure import Figure

    figure, curves, gap = Figure(), {}, 0.0
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        for name, typed in _TYPED.items():
            end = limit / 5 if name == "leaky_relu" else limit
            x = np.arange(-end, end, 0.1)
            (curves[name],) = figure.add_subplot().plot(x, typed(x))
            gap = max(gap, float(np.abs(typed(x) - get(name)(x)).max()))
        figure.savefig(io.BytesIO())
    wide = np.arange(-1000, 1000, 0.1)
    with np.errstate(over="ignore", invalid="ignore"):
        lost = float(np.mean(np.isnan(_TYPED["tanh"](wide))))
    points = [len(curves[name].get_xdata()) for name in ("tanh", "leaky_relu")]
    within = 1e-15  # rounding
    holds = not raised and gap < within and lost > 0
    return measured(holds, points=points[0], leaky=points[1], within=within, lost=lost)


@claim(
    belief="The numbers np.arange(-10, 10, 0.1), at which a function is drawn from -10 to 10, contain 0 and 10.",
    about="code",
    verdict="false",
    sources="002",
    says="Neither 0 nor 10 is among np.arange(-10, 10, 0.1): the number nearest to 0 is {nearest:.1e}, since a tenth "
    "has no exact binary form, and the last is {last:.1f}, since arange leaves out its end. Both are among "
    "np.linspace(-10, 10, {count}).",
    unlike={"step": 0.125},
    page="practice/numbers-at-the-edge",
)
def plot_grid_zero(step: float = 0.1) -> Measured:
    """Both grids, searched for the numbers 0 and 10."""
    grid, count = np.arange(-10, 10, step), round(20 / step) + 1
    typed, even = (int(np.isin([0, 10], each).sum()) for each in (grid, np.linspace(-10, 10, count)))
    nearest = grid[np.abs(grid).argmin()]
    return measured(typed == 0 and even == 2, nearest=nearest, last=grid[-1], count=count)


@claim(
    belief="The Python functions sigmoid, tanh, relu and leaky_relu of a plotting program are these activations.",
    about="code",
    verdict="imprecise",
    sources="002",
    says="A Python function that draws tanh is not tanh: it takes {parameters} arguments and returns {answer}. And if "
    "it is called tanh, it hides numpy's tanh, imported by that name: where it means to compute its curve it calls "
    "itself, and ends in a {error}. Called draw_tanh, it draws {points} points.",
    unlike={"name": "draw_tanh"},
    page="practice/in-your-framework",
)
def plot_shadow_names(name: str = "tanh") -> Measured:
    """A function that draws what its module calls tanh, defined beside numpy's tanh under two names, and called."""
    from matplotlib.figure import Figure

    axes, module = Figure().add_subplot(), {}

    def draw():
        x = np.linspace(-2, 2, 41)
        axes.plot(x, module["tanh"](x))

    def define_as(name: str) -> Callable:
        module.update({"tanh": np.tanh})
        module[name] = draw
        return module[name]

    error = _raised(define_as(name))
    answer, parameters = define_as("draw_tanh")(), len(inspect.signature(draw).parameters)
    points = len(axes.lines[-1].get_xdata())
    holds = parameters == 0 and answer is None and error == "TypeError"
    return measured(holds, parameters=parameters, answer=answer, error=error or "success", points=points)
