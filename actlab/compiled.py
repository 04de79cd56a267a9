"""Training of 1-h-1 networks, compiled by numba for the processor at hand: the optional extra ``actlab[compiled]``.

One function, ``train_block``, trains networks of one hidden layer on the mean squared error with Adam, as Keras 3 has
it. Each instruction works on several networks, which therefore stand last in all arrays. The exponential is a
polynomial of our own, because a call of the system's keeps the compiler from that.

The first training with an activation and a dtype compiles for some seconds; the result is kept on disk where a place
to write is found.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from actlab.checks import whole_number
from actlab.core import Elementwise
from actlab.functions.gates import MILLS

try:
    from numba import njit, types
    from numba.extending import overload, register_jitable
except ImportError as error:
    raise ImportError(
        "the compiled training needs numba, which is the optional extra actlab[compiled]: pip install numba"
    ) from error

# Networks that a loop runs over. What 128 networks of a few units learn stays in the first-level cache, their data in
# the second; with fewer, the overhead of the loops shows.
_LANES = 128
_ALIGNMENT = 64  # bytes: no vector then lies across two lines of the cache

# What is kept of a hidden unit, each row one number per network.
_WEIGHT, _BIAS, _OUTPUT_WEIGHT = (row * _LANES for row in (0, 1, 2))
_GRADIENT, _FIRST_MOMENT, _SECOND_MOMENT = (row * _LANES for row in (3, 6, 9))  # so far from the parameter they are of
_RATE, _VALUE, _SLOPE = (row * _LANES for row in (12, 13, 14))
# With 16 rows, no weight in float32 lies a whole number of pages from a gradient that is being written: reading it, the
# processor would take one for the other and wait.
_UNIT = 16 * _LANES

# What is kept of a network beside its hidden units, as of one more unit.
_OUTPUT_BIAS, _SQUARES, _ERROR = (row * _LANES for row in (0, 4, 13))

# "contract" lets a product and a sum become one instruction, rounded once. The other freedoms of fastmath stay off:
# they would assume that neither nan nor infinity occurs, or reorder the sums by which the exponential is reduced.
# Division as in numpy: a check for zero at each would keep the compiler from working on several networks at once.
_OPTIONS = {"nogil": True, "fastmath": {"contract"}, "error_model": "numpy"}


# A call that is not inlined keeps the compiler from working on several networks at once, too.
_inlined = register_jitable(forceinline=True)


def supported() -> tuple[str, ...]:
    """The names of the activations that have a compiled form."""
    return tuple(_FORMS)


def train_block(
    parameters: np.ndarray,
    data: np.ndarray,
    shuffles: np.ndarray,
    *,
    activation: Elementwise,
    hidden: int,
    learning_rate: ArrayLike,
    batch_size: int = 32,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> np.ndarray:
    """Train N networks that share the order of their minibatches; return the losses (epochs, N).

    A network comes to the same bits whatever N is and wherever in the block it stands. One whose numbers overflow ends
    with nan or infinities. The GIL is released, so that threads may train blocks side by side.

    Parameters
    ----------
    parameters
        (3 hidden + 1, N), float32 or float64, C-contiguous, changed in place: hidden weights, hidden biases and output
        weights, ``hidden`` rows each, and the output bias.
    data
        (points, 2, N), of the same dtype: x and y of every point, in an arrangement of its own for each network.
    shuffles
        (epochs, points), whole numbers: the points in the order in which an epoch takes them, ``batch_size`` by
        ``batch_size``; the last batch of an epoch may be smaller.
    activation
        That of the hidden units, one of ``supported()``.
    learning_rate
        One number, or one for each network, (N,).
    beta_1, beta_2, epsilon
        Adam's constants. As in Keras, their powers are computed in the dtype of the parameters.

    Returns
    -------
    losses
        What Keras reports after each epoch: the mean over the points of the squared error before the update of the
        batch they are in.

    Raises
    ------
    ValueError
        If the activation has no compiled form, or an array another shape or dtype than said above.
    """
    kernel, parameter = _compiled(activation, hidden)
    whole_number("hidden", hidden, least=1)
    whole_number("batch_size", batch_size, least=1)
    _check_arrays(parameters, data, shuffles, hidden)
    dtype, networks = parameters.dtype, parameters.shape[1]
    points, epochs = len(data), len(shuffles)
    rates = np.asarray(learning_rate, dtype)
    if rates.shape not in ((), (networks,)) or not (rates > 0).all():
        raise ValueError(
            f"learning_rate must be one number above 0, or {networks} of them, one for each network; "
            f"got {learning_rate!r}"
        )
    steps = np.arange(1, epochs * -(-points // batch_size) + 1).astype(dtype)
    corrections = np.sqrt(1 - dtype.type(beta_2) ** steps) / (1 - dtype.type(beta_1) ** steps)
    losses = np.empty((epochs, networks), dtype)
    kernel(
        parameters,
        data,
        np.ascontiguousarray(shuffles, np.int64),
        np.broadcast_to(rates, networks).copy(),
        corrections,
        losses,
        _aligned((1 + hidden) * _UNIT, dtype),
        _aligned(points * 2 * _LANES, dtype),
        hidden,
        batch_size,
        *np.array([1 - beta_1, 1 - beta_2, epsilon, parameter], dtype),
    )
    return losses


def _check_arrays(parameters: np.ndarray, data: np.ndarray, shuffles: np.ndarray, hidden: int) -> None:
    """Refuse what does not fit: compiled code would read and write beyond the ends of the arrays."""
    for label, array in (("parameters", parameters), ("data", data)):
        if array.dtype not in (np.float32, np.float64) or not array.flags.c_contiguous:
            raise ValueError(
                f"{label} must be a C-contiguous array of float32 or float64; got {array.dtype}, "
                f"{'contiguous' if array.flags.c_contiguous else 'not contiguous'}"
            )
    if not parameters.flags.writeable:
        raise ValueError("parameters are changed in place and must be writeable; got a read-only array")
    if parameters.ndim != 2 or len(parameters) != 3 * hidden + 1:
        raise ValueError(f"parameters must be (3 hidden + 1, N) = ({3 * hidden + 1}, N); got {parameters.shape}")
    if data.ndim != 3 or len(data) < 1 or data.shape[1:] != (2, parameters.shape[1]) or data.dtype != parameters.dtype:
        raise ValueError(
            f"data must be (points, 2, N) = (points, 2, {parameters.shape[1]}) in {parameters.dtype}; "
            f"got {data.shape} in {data.dtype}"
        )
    if shuffles.ndim != 2 or shuffles.shape[1] != len(data) or shuffles.dtype.kind not in "iu":
        raise ValueError(
            f"shuffles must be (epochs, points) = (epochs, {len(data)}), whole numbers; "
            f"got {shuffles.shape} of {shuffles.dtype}"
        )
    if shuffles.size and not 0 <= shuffles.min() <= shuffles.max() < len(data):
        raise ValueError(
            f"shuffles must hold indices from 0 to {len(data) - 1}; got {shuffles.min()} to {shuffles.max()}"
        )


def _aligned(size: int, dtype: np.dtype) -> np.ndarray:
    """An array whose first number stands at the beginning of a line of the cache."""
    raw = np.empty(size * dtype.itemsize + _ALIGNMENT, np.uint8)
    start = -raw.ctypes.data % _ALIGNMENT
    return raw[start : start + size * dtype.itemsize].view(dtype)


# --- The exponential --------------------------------------------------------------------------------------------------

# e^z = 2^n e^r with n whole and |r| <= ln(2)/2. That ln(2) is rounded costs no more than that z has been rounded.
# (e^r - 1 - r)/r^2 is a polynomial, highest power first: for float64 a Chebyshev fit, by mpmath, with an error below a
# tenth of a rounding; for float32 the one whose largest error of e^r is least, 1.1e-7, which is one eps.
_FIT_32 = (0.00831253, 0.04189011, 0.16667114, 0.49999232)
_FIT_64 = (
    2.5100385495510319078e-8, 2.7620088445409748161e-7, 2.7557268459997064772e-6, 2.4801521295954375131e-5,
    1.9841269863053616878e-4, 1.3888888917213716901e-3, 8.3333333333300618325e-3, 4.1666666666624127873e-2,
    1.6666666666666667453e-1, 0.5,
)  # fmt: skip


def _exponential(real: type, whole: type, digits: int, bias: int, fit: tuple, limit: float) -> tuple[Callable, ...]:
    """The functions ``_decay``, ``_reciprocal_exp`` and ``_not_below`` in one dtype.

    Its numbers keep ``digits`` bits after the first. For |z| up to ``limit``, e^z is a normal number.
    """
    per_ln_2, ln_2 = real(1 / np.log(2)), real(np.log(2))
    # Added to it, a number is rounded to a whole one, n, and the last bits of the sum are those of n, or of n + bias.
    magic, magic_of_bits = real(1.5 * 2.0**digits), real(1.5 * 2.0**digits + bias)
    least, most, lowest = real(-limit), real(limit), real(-limit - 1)
    highest, others = fit[0], fit[1:]
    start, *further = zip(fit[::2], fit[1::2], strict=True)
    further = tuple(further)

    def decay(z):
        # Of the lowest z, n + bias is 0, which are the bits of 0: no other case is needed for what underflows.
        z = lowest if z < lowest else z
        shifted = real(z * per_ln_2 + magic_of_bits)
        n = shifted - magic_of_bits
        r = z - n * ln_2
        rest = real(highest)
        for coefficient in others:
            rest = rest * r + real(coefficient)
        power = whole(shifted.view(whole) << digits).view(real)
        return power, r + r * r * rest

    def reciprocal_exp(z):
        z = most if most < z else z
        shifted = real(magic - z * per_ln_2)
        n = shifted - magic
        r = -(n * ln_2) - z
        # Two terms at a time: they wait less for one another. Adding n to the exponent's bits multiplies by 2^n.
        square, rest = r * r, real(start[0]) * r + real(start[1])
        for odd, even in further:
            rest = rest * square + (real(odd) * r + real(even))
        e = real(rest * square + (r + real(1)))
        return whole(e.view(whole) + (shifted.view(whole) << digits)).view(real)

    return decay, reciprocal_exp, lambda z: least if z < least else z


_EXPONENTIALS = {
    types.float32: _exponential(np.float32, np.int32, 23, 127, _FIT_32, 87.0),
    types.float64: _exponential(np.float64, np.int64, 52, 1023, _FIT_64, 708.0),
}


def _decay(z):
    """e^z for z <= 87 in two parts, a and b: it is a + a b, and e^z - 1 is (a - 1) + a b. Below normal numbers 0."""


@overload(_decay, jit_options={"forceinline": True})
def _decay_of_dtype(z):
    return _EXPONENTIALS[z][0]


def _reciprocal_exp(z):
    """e^-z for a z that is ``_not_below``; of a z that is too high, the least normal number, nearly."""


@overload(_reciprocal_exp, jit_options={"forceinline": True})
def _reciprocal_exp_of_dtype(z):
    return _EXPONENTIALS[z][1]


def _not_below(z):
    """z, or the lowest number of which ``_reciprocal_exp`` is a normal one."""


@overload(_not_below, jit_options={"forceinline": True})
def _not_below_of_dtype(z):
    return _EXPONENTIALS[z][2]


@_inlined
def _exp(z):
    power, rest = _decay(z)
    return power + power * rest


# --- The activations --------------------------------------------------------------------------------------------------

# Each form takes a pre-activation z and the activation's parameter (0 where it has none) and gives, of the dtype of z,
# the value and two numbers whose product is the slope: a factor that is the value, too, is multiplied with the error
# only once. All are exact to a few roundings also in the tails, because Adam scales small gradients up. A choice
# between two results is one instruction here, not a jump, and nan, as arithmetic makes it, gives nan. Numbers are
# wrapped in ``real``, or numba would compute in float64.


@_inlined
def _identity(z, parameter):
    return z, type(z)(1), type(z)(1)


@_inlined
def _leaky_relu(z, negative_slope):
    slope = type(z)(1) if z > 0 else negative_slope
    return z * slope, slope, type(z)(1)


@_inlined
def _relu(z, parameter):
    real = type(z)
    return real(0) if z < 0 else z, real(1) if z > 0 else real(0), real(1)


@_inlined
def _relu6(z, parameter):
    real = type(z)
    value = real(6) if z > 6 else z
    return real(0) if z < 0 else value, real(1) if (z > 0) & (z < 6) else real(0), real(1)


@_inlined
def _elu(z, alpha):
    real = type(z)
    power, rest = _decay(real(0) if z > 0 else z)
    value = alpha * ((power - real(1)) + power * rest)
    slope = alpha * (power + power * rest)
    return z if z > 0 else value, real(1) if z > 0 else slope, real(1)


@_inlined
def _selu(z, parameter):
    real = type(z)
    value, slope, one = _elu(z, real(1.6732632423543772))
    scale = real(1.0507009873554805)
    return scale * value, scale * slope, one


@_inlined
def _sigmoid(z, parameter):
    e = _reciprocal_exp(z)  # of a z that is ``_not_below``, see _BEFORE
    value = type(z)(1) / (type(z)(1) + e)
    return value, value, e * value


@_inlined
def _tanh(z, parameter):
    real = type(z)
    power, rest = _decay(real(-2) * abs(z))
    e = power + power * rest
    less = (power - real(1)) + power * rest  # e - 1, without cancellation near 0
    inverse = real(1) / (real(2) + less)
    value = less * inverse
    return value if z < 0 else -value, real(4) * e * inverse, inverse


@_inlined
def _silu(z, beta):
    real = type(z)
    # What is as small as numbers get, the gate on the left and what it lacks of 1 on the right, meets no large ones.
    least, far = _not_below(real(-np.inf)) / beta, real(100)
    z = least if z < least else z
    scaled = beta * z
    gate, _, other = _sigmoid(scaled, beta)
    return z * gate, gate, real(1) + (far if far < scaled else scaled) * other


@_inlined
def _mish(z, parameter):
    real = type(z)
    e = _exp(-abs(z))
    # tanh(log(1 + e^z)) is n / d with n = e^z (e^z + 2) and d = n + 2; to the right both times e^-2z, e being e^-z.
    n = e * (e + real(2)) if z < 0 else real(1) + real(2) * e
    bend = e * (real(1) + e) if z < 0 else e * e * (real(1) + e)
    d = n + real(2) if z < 0 else n + real(2) * e * e
    inverse = real(1) / d
    share = n * inverse
    return z * share, share + real(4) * z * bend * inverse * inverse, real(1)


# log(1 + u) = 2 artanh(s) with s = u/(2 + u): (artanh(s)/s - 1)/s^2 as a Chebyshev fit in s^2 from 0 to 1/9.
_ARTANH = (
    0.0781528890046142522, 0.0374607189777538365, 0.0542258919744000741, 0.0586713953065159873, 0.0666758931572462792,
    0.0769227198243027464, 0.0909090994898135719, 0.111111110991183853, 0.142857142858000496, 0.199999999999997613,
    0.333333333333333334,
)  # fmt: skip


@_inlined
def _softplus(z, beta):
    real = type(z)
    scaled = beta * z
    e = _exp(-abs(scaled))
    s = e / (real(2) + e)
    square, total = s * s, real(0)
    for coefficient in _ARTANH:
        total = total * square + real(coefficient)
    rest = real(2) * (s + s * square * total)
    larger = real(1) / (real(1) + e)
    return (real(0) if z < 0 else z) + rest / beta, e * larger if z < 0 else larger, real(1)


@_inlined
def _gaussian(z, parameter):
    e = _exp(-(z * z))
    return e, type(z)(-2) * z * e, type(z)(1)


# As A(s^2) + s B(s^2): a loop over all coefficients is too long for the compiler to unroll.
_MILLS_EVEN, _MILLS_ODD = MILLS[::-2], MILLS[-2::-2]
_MILLS_END = 38.0  # beyond this the exponential is 0


@_inlined
def _gelu(z, parameter):
    real = type(z)
    t = abs(z)
    t = real(_MILLS_END) if t > _MILLS_END else t
    e = _exp(real(-0.5) * (t * t))
    inverse = real(1) / (t + real(4))
    s = (t - real(4)) * inverse
    square, even, odd = s * s, real(0), real(0)
    for coefficient in _MILLS_EVEN:
        even = even * square + real(coefficient)
    for coefficient in _MILLS_ODD:
        odd = odd * square + real(coefficient)
    mills = (even + s * odd) * inverse
    left = e * (mills - t * real(0.3989422804014327))
    return (real(0) if z < 0 else z) - t * e * mills, real(1) - left if z > 0 else left, real(1)


_FORMS = {
    "identity": _identity,
    "relu": _relu,
    "leaky_relu": _leaky_relu,
    "relu6": _relu6,
    "elu": _elu,
    "selu": _selu,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "silu": _silu,
    "mish": _mish,
    "softplus": _softplus,
    "gaussian": _gaussian,
    "gelu": _gelu,
}


@_inlined
def _unchanged(z):
    return z


# What is done with z for all points and units before the first form is computed. It would come to the same inside the
# form, but the compiler keeps what is written together: this way more instructions are at work at once.
_BEFORE = {"sigmoid": _not_below}


def _compiled(activation: Elementwise, hidden: int) -> tuple[Callable, float]:
    """The training with this activation, and the value of the activation's parameter, 0 where it has none."""
    if not isinstance(activation, Elementwise) or activation.name not in _FORMS:
        raise ValueError(f"the compiled training has no {activation!r}; it has {', '.join(_FORMS)}")
    (parameter,) = activation.values.values() or (0.0,)
    return _kernel(activation.name, hidden if hidden <= _FEW else 0), parameter


# --- A few units, one by one ------------------------------------------------------------------------------------------

# Up to this many units are written out: with all in one loop over networks, what a point gives stays in registers,
# which is two to four times as fast.
_FEW = 4
# The pre-activations of so many points are computed before the first answer. Twice as many are visited in one loop over
# networks, where the batch has them: for all of them the gradients are read and written once. ``_points`` and
# ``_of_network`` are written out for this number.
_TOGETHER = 4

# ``units`` is the tuple of where their rows begin, ``points`` one of pairs, x and y; a function deals with the first
# and calls itself for the others, which numba resolves while it compiles. In which order terms are added here, and
# indices built, decides whether the compiler keeps the gradients in registers and lets points overlap: measure.


def _pre_activations(points, units, scratch, i, before):
    """Those of all units at each of the points, as a tuple, point by point."""


@overload(_pre_activations, jit_options={"forceinline": True})
def _pre_activations_of(points, units, scratch, i, before):
    if not len(points):
        return lambda points, units, scratch, i, before: ()
    return lambda points, units, scratch, i, before: (
        *_at(points[0][0], units, scratch, i, before),
        *_pre_activations(points[1:], units, scratch, i, before),
    )


def _at(x, units, scratch, i, before):
    """The pre-activation of each unit at the input ``x``, as a tuple."""


@overload(_at, jit_options={"forceinline": True})
def _at_of(x, units, scratch, i, before):
    if not len(units):
        return lambda x, units, scratch, i, before: ()

    def at(x, units, scratch, i, before):
        k = units[0] + i
        z = before(scratch[_WEIGHT + k] * x + scratch[_BIAS + k])
        return (z, *_at(x, units[1:], scratch, i, before))

    return at


def _answers(zs, form, parameter):
    """What the form gives for each pre-activation, as a tuple."""


@overload(_answers, jit_options={"forceinline": True})
def _answers_of(zs, form, parameter):
    if not len(zs):
        return lambda zs, form, parameter: ()
    return lambda zs, form, parameter: (form(zs[0], parameter), *_answers(zs[1:], form, parameter))


def _errors(points, answers, units, scratch, i):
    """The output less y at each of the points, as a tuple."""


@overload(_errors, jit_options={"forceinline": True})
def _errors_of(points, answers, units, scratch, i):
    if not len(points):
        return lambda points, answers, units, scratch, i: ()
    count = len(units)

    def errors(points, answers, units, scratch, i):
        error = _add_outputs(scratch[_OUTPUT_BIAS + i] - points[0][1], answers, units, scratch, i)
        return (error, *_errors(points[1:], answers[count:], units, scratch, i))

    return errors


def _add_outputs(total, answers, units, scratch, i):
    """The total and each unit's value times its output weight."""


@overload(_add_outputs, jit_options={"forceinline": True})
def _add_outputs_of(total, answers, units, scratch, i):
    if not len(units):
        return lambda total, answers, units, scratch, i: total
    return lambda total, answers, units, scratch, i: _add_outputs(
        total + scratch[_OUTPUT_WEIGHT + units[0] + i] * answers[0][0], answers[1:], units[1:], scratch, i
    )


def _learn(points, answers, errors, units, scratch, i):
    """Add what the points say to the gradients, and their squared errors."""


@overload(_learn, jit_options={"forceinline": True})
def _learn_of(points, answers, errors, units, scratch, i):
    if not len(points):
        return lambda points, answers, errors, units, scratch, i: None
    count = len(units)

    def learn(points, answers, errors, units, scratch, i):
        error = errors[0]
        scratch[_SQUARES + i] += error * error
        scratch[_GRADIENT + _OUTPUT_BIAS + i] += error
        _collect(units, answers, scratch, i, points[0][0], error)
        _learn(points[1:], answers[count:], errors[1:], units, scratch, i)

    return learn


def _collect(units, answers, scratch, i, x, error):
    """Add what one point says to the gradients of all units."""


@overload(_collect, jit_options={"forceinline": True})
def _collect_of(units, answers, scratch, i, x, error):
    if not len(units):
        return lambda units, answers, scratch, i, x, error: None

    def collect(units, answers, scratch, i, x, error):
        k = units[0] + i
        value, factor, other = answers[0]
        reached = error * factor * other
        scratch[_GRADIENT + _WEIGHT + k] += reached * x
        scratch[_GRADIENT + _BIAS + k] += reached
        scratch[_GRADIENT + _OUTPUT_WEIGHT + k] += error * value
        _collect(units[1:], answers[1:], scratch, i, x, error)

    return collect


@_inlined
def _visit(points, units, scratch, i, before, form, parameter):
    """Compute the answers of all units at all points, and only then what is learnt from each."""
    answers = _answers(_pre_activations(points, units, scratch, i, before), form, parameter)
    _learn(points, answers, _errors(points, answers, units, scratch, i), units, scratch, i)


# --- The training -----------------------------------------------------------------------------------------------------


@_inlined
def _point(xy, shuffle, k):
    """x and y of the point that the shuffle puts at ``k``, a row of networks each."""
    return xy[2 * _LANES * shuffle[k] : 2 * _LANES * (shuffle[k] + 1)]


@_inlined
def _points(xy, shuffle, k):
    """The same of ``_TOGETHER`` points, from ``k`` on."""
    return _point(xy, shuffle, k), _point(xy, shuffle, k + 1), _point(xy, shuffle, k + 2), _point(xy, shuffle, k + 3)


@_inlined
def _of_network(points, i):
    """x and y of each point for one network of the lanes."""
    a, b, c, d = points
    j = _LANES + i
    return (a[i], a[j]), (b[i], b[j]), (c[i], c[j]), (d[i], d[j])


@_inlined
def _move(rows, k, factor, rate, gain_1, gain_2, epsilon):
    """Let Adam move the parameter at ``k`` by its gradient times ``factor``; the next gradient starts from 0."""
    gradient = rows[_GRADIENT + k] * factor
    first, second = rows[_FIRST_MOMENT + k], rows[_SECOND_MOMENT + k]
    first += (gradient - first) * gain_1
    second += (gradient * gradient - second) * gain_2
    rows[_FIRST_MOMENT + k] = first
    rows[_SECOND_MOMENT + k] = second
    rows[k] -= first * rate / (np.sqrt(second) + epsilon)
    rows[_GRADIENT + k] = type(gradient)(0)


@cache
def _kernel(name: str, few: int) -> Callable:
    """The training with the activation of that name: of ``few`` hidden units, or of any number of them if that is 0."""
    form, before, lanes = _FORMS[name], _BEFORE.get(name, _unchanged), _LANES
    units_apart = tuple((1 + j) * _UNIT for j in range(few))

    # Of ``xy`` the compiler knows that it is not part of ``scratch`` only if it comes as an array of its own.
    def train(
        parameters, data, shuffles, rates, corrections, losses, scratch, xy, hidden, batch_size, gain_1, gain_2,
        epsilon, parameter,
    ):  # fmt: skip
        points, networks = data.shape[0], data.shape[2]
        real = parameters.dtype.type
        net, units = scratch[:_UNIT], scratch[_UNIT:]
        for start in range(0, networks, lanes):
            count = min(lanes, networks - start)
            scratch[:] = real(0)
            xy[:] = real(0)
            for j in range(hidden):
                for row in range(3):
                    for i in range(count):
                        units[j * _UNIT + row * lanes + i] = parameters[row * hidden + j, start + i]
            for i in range(count):
                net[_OUTPUT_BIAS + i] = parameters[3 * hidden, start + i]
            for j in range(1 + hidden):
                for i in range(count):
                    scratch[j * _UNIT + _RATE + i] = rates[start + i]
            for k in range(2 * points):
                for i in range(count):
                    xy[k * lanes + i] = data[k // 2, k % 2, start + i]
            step = 0
            for epoch in range(shuffles.shape[0]):
                shuffle = shuffles[epoch]
                for i in range(lanes):
                    net[_SQUARES + i] = real(0)
                for first in range(0, points, batch_size):
                    last = min(first + batch_size, points)
                    pairs, some = first, first
                    if units_apart:
                        pairs = last - (last - first) % (2 * _TOGETHER)
                        for k in range(first, pairs, 2 * _TOGETHER):
                            one, two = _points(xy, shuffle, k), _points(xy, shuffle, k + _TOGETHER)
                            for i in range(lanes):
                                both = (*_of_network(one, i), *_of_network(two, i))
                                _visit(both[:_TOGETHER], units_apart, scratch, i, before, form, parameter)
                                _visit(both[_TOGETHER:], units_apart, scratch, i, before, form, parameter)
                        some = last - (last - pairs) % _TOGETHER
                        for k in range(pairs, some, _TOGETHER):
                            one = _points(xy, shuffle, k)
                            for i in range(lanes):
                                _visit(_of_network(one, i), units_apart, scratch, i, before, form, parameter)
                    for k in range(some, last):
                        point = _point(xy, shuffle, k)
                        if units_apart:
                            for i in range(lanes):
                                alone = ((point[i], point[lanes + i]),)
                                _visit(alone, units_apart, scratch, i, before, form, parameter)
                        else:
                            for i in range(lanes):
                                net[_ERROR + i] = net[_OUTPUT_BIAS + i] - point[lanes + i]
                            for j in range(hidden):
                                unit = units[j * _UNIT : (j + 1) * _UNIT]
                                for i in range(lanes):
                                    z = before(unit[_WEIGHT + i] * point[i] + unit[_BIAS + i])
                                    value, factor, other = form(z, parameter)
                                    unit[_VALUE + i] = value
                                    unit[_SLOPE + i] = factor * other
                                    net[_ERROR + i] += unit[_OUTPUT_WEIGHT + i] * value
                            for i in range(lanes):
                                error = net[_ERROR + i]
                                net[_SQUARES + i] += error * error
                                net[_GRADIENT + _OUTPUT_BIAS + i] += error
                            for j in range(hidden):
                                unit = units[j * _UNIT : (j + 1) * _UNIT]
                                for i in range(lanes):
                                    error = net[_ERROR + i]
                                    reached = error * unit[_SLOPE + i]
                                    unit[_GRADIENT + _WEIGHT + i] += reached * point[i]
                                    unit[_GRADIENT + _BIAS + i] += reached
                                    unit[_GRADIENT + _OUTPUT_WEIGHT + i] += error * unit[_VALUE + i]
                    # What all points of the batch share is multiplied in once: 2 / batch and the output weight.
                    share, correction = real(2) / real(last - first), corrections[step]
                    step += 1
                    for j in range(hidden):
                        unit = units[j * _UNIT : (j + 1) * _UNIT]
                        for i in range(lanes):
                            factor, rate = share * unit[_OUTPUT_WEIGHT + i], unit[_RATE + i] * correction
                            _move(unit, _WEIGHT + i, factor, rate, gain_1, gain_2, epsilon)
                            _move(unit, _BIAS + i, factor, rate, gain_1, gain_2, epsilon)
                            _move(unit, _OUTPUT_WEIGHT + i, share, rate, gain_1, gain_2, epsilon)
                    for i in range(lanes):
                        rate = net[_RATE + i] * correction
                        _move(net, _OUTPUT_BIAS + i, share, rate, gain_1, gain_2, epsilon)
                for i in range(count):
                    losses[epoch, start + i] = net[_SQUARES + i] / real(points)
            for j in range(hidden):
                for row in range(3):
                    for i in range(count):
                        parameters[row * hidden + j, start + i] = units[j * _UNIT + row * lanes + i]
            for i in range(count):
                parameters[3 * hidden, start + i] = net[_OUTPUT_BIAS + i]

    try:
        return njit(train, cache=True, **_OPTIONS)
    except RuntimeError:  # numba found no place to write to: neither the package nor the user's own cache
        return njit(train, **_OPTIONS)
