"""The catalogue: one block per activation.

The kernels take and return float64 arrays; ``core`` deals with other input, with nan and with numpy's warnings. They
keep full relative accuracy in the tails, where the textbook formulas cancel (1 - tanh^2, 1 + erf) or overflow.
"""

from __future__ import annotations

import numpy as np

from actlab.core import Param, elementwise, vectorwise

_SQRT_2PI = np.sqrt(2 * np.pi)

# Beyond this the factor exp(-z) takes every float64 to zero, whatever it is multiplied by.
_FLUSHED = 1500.0


# --- Building blocks -------------------------------------------------------------------------------------------------


def _sigmoid(z):
    e = np.exp(-np.abs(z))
    return np.where(z < 0, e, 1.0) / (1 + e)


def _gate(x, z):
    """x * sigmoid(z). The factor e^z is multiplied in two halves, so that the product underflows only where due."""
    h = np.exp(-0.5 * np.abs(z))
    closed = np.where(z < -_FLUSHED, np.copysign(0.0, x), (x * h) * h)
    return np.where(z < 0, closed, x) / (1 + h * h)


def _gate_d(z, p):
    """d/dx of x * sigmoid(z(x)), given z and p = x * z'(x)."""
    h = np.exp(-0.5 * np.abs(z))
    e = h * h
    closed = (h * (1 + p / (1 + e))) * h
    opened = 1 + ((p * h) * h) / (1 + e)
    return np.where(z < 0, closed, opened) / (1 + e)


def _gate_d2(z, q):
    """sigmoid'(z) * q: the second derivative, with q = 2 z' + x z'' - x z'^2 tanh(z/2)."""
    h = np.exp(-0.5 * np.abs(z))
    return ((h * q) * h) / np.square(1 + h * h)  # of a single number, ** 2 rounds otherwise


def _times(a, x):
    """a * x with 0 * inf = 0: the limit of a * x for a = 0."""
    return np.where(a == 0, 0.0, a * x)


# --- No activation, and the step --------------------------------------------------------------------------------------


@elementwise(
    formula="x",
    family="linear",
    df=lambda x: np.ones_like(x),
    d2f=lambda x: np.zeros_like(x),
    keras="linear", torch="nn.Identity", jax="nn.identity", aliases=("linear",),
)  # fmt: skip
def identity(x):
    """Identity: the unit answers with its pre-activation, as if it had no activation."""
    return np.positive(x)


@elementwise(
    formula="Piecewise((1, x > 0), (0, True))",
    family="threshold",
    df=lambda x: np.zeros_like(x),
    d2f=lambda x: np.zeros_like(x),
    kinks={0.0: "left"},
    cite="mcculloch1943logical",
)
def step(x):
    """Step: the unit fires (1) or does not (0). Its derivative is 0 wherever there is one."""
    return np.where(x > 0, 1.0, 0.0)


# --- Sigmoidal -------------------------------------------------------------------------------------------------------


@elementwise(
    formula="sigma(x)",
    family="sigmoidal",
    # sigma(x) * sigma(-x), never sigma * (1 - sigma): the difference is 0 from x = 37 on.
    df=lambda x: _gate_d2(x, 1.0),
    d2f=lambda x: _gate_d2(x, -np.tanh(0.5 * x)),
    keras="sigmoid", torch="nn.functional.sigmoid", jax="nn.sigmoid", aliases=("logistic",),
)  # fmt: skip
def sigmoid(x):
    """Logistic sigmoid: an S-shaped curve from 0 to 1."""
    return _sigmoid(x)


def _tanh_d(x):
    # 1 - tanh(x)^2 = 4 sigma(2x) sigma(-2x); the difference is 0 from x = 19 on.
    return _gate_d2(2 * x, 4.0)


@elementwise(
    formula="tanh(x)",
    family="sigmoidal",
    df=_tanh_d,
    d2f=lambda x: -2 * np.tanh(x) * _tanh_d(x),
    keras="tanh", torch="nn.functional.tanh", jax="nn.tanh",
)  # fmt: skip
def tanh(x):
    """Hyperbolic tangent: an S-shaped curve from -1 to 1, through the origin with slope 1."""
    return np.tanh(x)


# --- Rectifiers ------------------------------------------------------------------------------------------------------


@elementwise(
    formula="Piecewise((x, x > 0), (0, True))",
    family="rectifier",
    df=lambda x: np.where(x > 0, 1.0, 0.0),
    d2f=lambda x: np.zeros_like(x),
    kinks={0.0: "left"},
    cite=("nair2010rectified", "glorot2011deep"),
    keras="relu", torch="nn.functional.relu", jax="nn.relu",
)  # fmt: skip
def relu(x):
    """Rectified linear unit: keeps what is positive and answers 0 to the rest."""
    return np.maximum(x, 0.0)


def _leaky(x, slope):
    return np.where(x > 0, x, _times(slope, x))


def _leaky_d(x, slope):
    return np.where(x > 0, 1.0, slope)


@elementwise(
    formula="Piecewise((x, x > 0), (negative_slope*x, True))",
    family="rectifier",
    df=lambda x, negative_slope: _leaky_d(x, negative_slope),
    d2f=lambda x, negative_slope: np.zeros(np.broadcast(x, negative_slope).shape),
    params={"negative_slope": Param(0.01, low=0.0, high=0.5, symbol="alpha")},
    kinks={0.0: "left"},
    cite="maas2013rectifier",
    keras="leaky_relu", torch="nn.functional.leaky_relu", jax="nn.leaky_relu",
)  # fmt: skip
def leaky_relu(x, negative_slope):
    """Leaky ReLU: negative input passes too, scaled by a small slope."""
    return _leaky(x, negative_slope)


@elementwise(
    formula="Piecewise((x, x > 0), (alpha*x, True))",
    family="rectifier",
    df=lambda x, alpha: _leaky_d(x, alpha),
    d2f=lambda x, alpha: np.zeros(np.broadcast(x, alpha).shape),
    params={"alpha": Param(0.25, low=0.0, high=1.0, learnable=True)},
    kinks={0.0: "left"},
    cite="he2015delving",
    torch="nn.functional.prelu",
)  # fmt: skip
def prelu(x, alpha):
    """Parametric ReLU: a leaky ReLU whose slope is learnt; 0.25 is where its authors start it."""
    return _leaky(x, alpha)


@elementwise(
    formula="Piecewise((0, x <= 0), (x, x < 6), (6, True))",
    family="rectifier",
    df=lambda x: np.where((x > 0) & (x < 6), 1.0, 0.0),
    d2f=lambda x: np.zeros_like(x),
    kinks={0.0: "left", 6.0: "right"},
    cite=("krizhevsky2010convolutional", "sandler2018mobilenetv2"),
    keras="relu6", torch="nn.functional.relu6", jax="nn.relu6",
)  # fmt: skip
def relu6(x):
    """ReLU that stops at 6, so that its output fits a short fixed-point number."""
    return np.minimum(np.maximum(x, 0.0), 6.0)


@elementwise(
    formula="Piecewise((x, x > 0), (alpha*(exp(x) - 1), True))",
    family="rectifier",
    df=lambda x, alpha: np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0))),
    d2f=lambda x, alpha: np.where(x > 0, 0.0, alpha * np.exp(np.minimum(x, 0))),
    params={"alpha": Param(1.0, low=0.1, high=3.0, minimum=0.0)},
    kinks={0.0: "left"},
    cite="clevert2016fast",
    keras="elu", torch="nn.functional.elu", jax="nn.elu",
)  # fmt: skip
def elu(x, alpha):
    """Exponential linear unit: saturates at ``-alpha`` instead of 0."""
    return np.where(x > 0, x, alpha * np.expm1(np.where(x > 0, 0.0, x)))


# --- Smooth gates: x times a probability -----------------------------------------------------------------------------


def _silu_d(x, beta):
    z = np.clip(_times(beta, x), -_FLUSHED, _FLUSHED)
    return _gate_d(z, z)


def _silu_d2(x, beta):
    z = np.clip(_times(beta, x), -_FLUSHED, _FLUSHED)
    return beta * _gate_d2(z, 2 - z * np.tanh(0.5 * z))


@elementwise(
    formula="x*sigma(beta*x)",
    family="gate",
    df=_silu_d,
    d2f=_silu_d2,
    params={"beta": Param(1.0, low=0.1, high=10.0, symbol="beta")},
    cite=("hendrycks2016gelu", "elfwing2018sigmoid", "ramachandran2017searching"),
    keras="silu", torch="nn.functional.silu", jax="nn.silu", aliases=("swish",),
)  # fmt: skip
def silu(x, beta):
    """Sigmoid linear unit: x gated by its own sigmoid; with another ``beta`` than 1 it is known as Swish."""
    return _gate(x, _times(beta, x))


# Beyond this exp(-t^2/2) takes every float64 the GELU multiplies it by to zero; the clip spares 0 * inf.
_GELU_END = 60.0

# Chebyshev fit, by mpmath, of (t + 5.5) * Phi(-t) * exp(t^2/2) over t >= 0 as a polynomial in s = (t - 5.5)/(t + 5.5),
# lowest power first; its relative error is below 1e-16. Phi(-t) times a growing factor never cancels, 1 + erf does.
_MILLS = (
    0.7737696342764068, -0.6851834205743369, 0.5355964890624925, -0.36704906529373427, 0.21787243285805646,
    -0.10970308995562769, 0.04509758081334374, -0.013923510604434685, 0.002442982686037974, 0.00026960427246933556,
    -0.00032452269086963135, 7.141368423044527e-05, 1.6319996316326574e-05, -1.2115687203731879e-05,
    4.467022739827017e-07, 1.4781473526388254e-06, -2.690710473582149e-07, -1.7119959856106512e-07,
    5.242071866032022e-08, 1.8838657266329626e-08, -7.480539179912658e-09, -1.4270575873081903e-09,
    6.275261778365239e-10,
)  # fmt: skip


def _mills(t):
    """Phi(-t) * exp(t^2/2) for t >= 0, Phi being the normal distribution function."""
    s = (t - 5.5) / (t + 5.5)
    total = np.full_like(s, _MILLS[-1])
    for coefficient in _MILLS[-2::-1]:
        total *= s
        total += coefficient
    return total / (t + 5.5)


def _gelu_d(x):
    t = np.minimum(np.abs(x), _GELU_END)
    h = np.exp(-0.25 * t * t)
    lower = (h * (_mills(t) - t / _SQRT_2PI)) * h
    return np.where(x < 0, lower, 1 - lower)


def _gelu_d2(x):
    t = np.minimum(np.abs(x), _GELU_END)
    h = np.exp(-0.25 * t * t)
    return (h * ((2 - t * t) / _SQRT_2PI)) * h


@elementwise(
    formula="x*Phi(x)",
    family="gate",
    df=_gelu_d,
    d2f=_gelu_d2,
    cite="hendrycks2016gelu",
    keras="gelu", torch="nn.functional.gelu",
)  # fmt: skip
def gelu(x):
    """Gaussian error linear unit, exact: x times the probability that a standard normal number is below x."""
    near = np.clip(x, -_GELU_END, _GELU_END)
    t = np.abs(near)
    h = np.exp(-0.25 * t * t)
    share = ((near * h) * _mills(t)) * h
    return np.where(x > 0, x - share, share)


# z(x) = a x + b x^3 of the tanh form, in which 1 + tanh(u) is written as 2 sigma(2u).
_TANH_A = 2 * np.sqrt(2 / np.pi)
_TANH_B = _TANH_A * 0.044715
_GELU_TANH_END = 30.0


def _gelu_tanh_d(x):
    x = np.clip(x, -_GELU_TANH_END, _GELU_TANH_END)
    square = x * x
    return _gate_d(x * (_TANH_A + _TANH_B * square), x * (_TANH_A + 3 * _TANH_B * square))


def _gelu_tanh_d2(x):
    x = np.clip(x, -_GELU_TANH_END, _GELU_TANH_END)
    square = x * x
    z = x * (_TANH_A + _TANH_B * square)
    dz = _TANH_A + 3 * _TANH_B * square
    return _gate_d2(z, 2 * dz + 6 * _TANH_B * square - x * dz * dz * np.tanh(0.5 * z))


@elementwise(
    formula="x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))/2",
    family="gate",
    df=_gelu_tanh_d,
    d2f=_gelu_tanh_d2,
    cite="hendrycks2016gelu",
    jax="nn.gelu",
)
def gelu_tanh(x):
    """GELU in its tanh form: a close stand-in for the exact GELU that needs no error function; JAX's default."""
    return _gate(x, x * (_TANH_A + _TANH_B * (x * x)))


_LOGISTIC_PROBIT = 1.702


def _gelu_sigmoid_d(x):
    return _silu_d(x, _LOGISTIC_PROBIT)


def _gelu_sigmoid_d2(x):
    return _silu_d2(x, _LOGISTIC_PROBIT)


@elementwise(
    formula="x*sigma(1.702*x)",
    family="gate",
    df=_gelu_sigmoid_d,
    d2f=_gelu_sigmoid_d2,
    cite="hendrycks2016gelu",
)
def gelu_sigmoid(x):
    """GELU in its sigmoid form: the coarser and cheaper of the two stand-ins."""
    return _gate(x, _LOGISTIC_PROBIT * x)


# --- Bumps -----------------------------------------------------------------------------------------------------------

_GAUSSIAN_END = 60.0


def _gaussian_d(x):
    x = np.clip(x, -_GAUSSIAN_END, _GAUSSIAN_END)
    h = np.exp(-0.5 * x * x)
    return (-2 * x * h) * h


def _gaussian_d2(x):
    x = np.clip(x, -_GAUSSIAN_END, _GAUSSIAN_END)
    h = np.exp(-0.5 * x * x)
    return ((4 * x * x - 2) * h) * h


@elementwise(
    formula="exp(-x**2)",
    family="bump",
    df=_gaussian_d,
    d2f=_gaussian_d2,
    cite="broomhead1988multivariable",
)
def gaussian(x):
    """Gaussian bump: answers only near 0, so that a unit answers to one place."""
    return np.exp(-np.square(x))


# --- Vector functions ------------------------------------------------------------------------------------------------


def _softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True, initial=-np.inf))
    return e / e.sum(axis=-1, keepdims=True)


def _likeliest(z):
    """True at the largest entry of each row, once per row."""
    if z.shape[-1] == 0:
        return np.zeros(z.shape, dtype=bool)
    return np.arange(z.shape[-1]) == z.argmax(axis=-1)[..., np.newaxis]


def _softmax_vjp(z, g):
    y = _softmax(z)
    # A constant added to g changes nothing. With g = 0 at the likeliest entry the slope y (1 - y) of that entry comes
    # out as y times the sum of the others; 1 - y itself is 0 from a lead of 37 on.
    g = g - np.where(_likeliest(y), g, 0.0).sum(axis=-1, keepdims=True)
    return y * (g - (g * y).sum(axis=-1, keepdims=True))


@vectorwise(
    formula="exp(z[i])/Sum(exp(z[j]), (j, 1, n))",
    family="output",
    vjp=_softmax_vjp,
    cite="bridle1990probabilistic",
    keras="softmax", torch="nn.functional.softmax", jax="nn.softmax",
)  # fmt: skip
def softmax(z):
    """Softmax: turns scores into probabilities; they are positive and sum to 1."""
    return _softmax(z)


def _log_softmax_vjp(z, g):
    y = _softmax(z)
    # g - y sum(g), in which the likeliest entry has its 1 - y taken as the sum of the others.
    top = _likeliest(y)
    y_rest = np.where(top, 0.0, y).sum(axis=-1, keepdims=True)
    g_rest = np.where(top, 0.0, g).sum(axis=-1, keepdims=True)
    return np.where(top, g * y_rest - y * g_rest, g - y * g.sum(axis=-1, keepdims=True))


@vectorwise(
    formula="z[i] - log(Sum(exp(z[j]), (j, 1, n)))",
    family="output",
    vjp=_log_softmax_vjp,
    keras="log_softmax", torch="nn.functional.log_softmax", jax="nn.log_softmax",
)  # fmt: skip
def log_softmax(z):
    """Logarithm of softmax, in one step: exact also where softmax itself rounds to 0 or 1."""
    shifted = z - z.max(axis=-1, keepdims=True, initial=-np.inf)
    # The maximum contributes exactly 1 to the sum. Leaving it out and adding it in log1p keeps the log-probability of a
    # dominant class, which would otherwise be rounded to 0. An infinite maximum leaves nan.
    others = np.where(_likeliest(shifted), 0.0 * shifted, np.exp(shifted))
    return shifted - np.log1p(others.sum(axis=-1, keepdims=True))
