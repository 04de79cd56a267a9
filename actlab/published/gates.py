"""The smooth gates: constants of GELU's approximations, and landmarks of SiLU, Mish and LeCun's scaled tanh."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from actlab.functions.gates import mish, silu
from actlab.functions.sigmoidal import sigmoid, tanh
from actlab.properties import Extremum
from actlab.published.record import Finding, Near, Rounded, published
from actlab.statistics import Mean

_GELU = "hendrycks2016gelu"
_LOGISTIC = (1.5, 2.0)  # where the best constant of a logistic approximation is looked for
_CUBIC = (0.04, 0.05)  # the same for the cubic coefficient of the approximation by tanh
_X = np.linspace(-8, 8, 80_001)


def _logistic(x, c):
    return sigmoid(c * x)


def _tanh(x, c):
    return 0.5 * (1 + tanh(math.sqrt(2 / math.pi) * (x + c * x**3)))


def _normal(x):
    from scipy.special import ndtr

    return ndtr(x)


def _best_constant(form: Callable, ends: tuple[float, float], factor) -> float:
    """The c for which factor times form(x, c) has the least largest distance from factor times Phi(x)."""
    from scipy.optimize import minimize_scalar

    target = _normal(_X)

    def largest(c):
        return float(np.abs(factor * (form(_X, c) - target)).max())

    return float(minimize_scalar(largest, bounds=ends, method="bounded", options={"xatol": 1e-9}).x)


@published(
    _GELU,
    where="the approximation x sigmoid(1.702 x)",
    basis="reading",
    quantity="The factor with which a logistic curve comes nearest to the normal distribution function.",
    claim=Rounded("1.702"),
)
def logistic_for_normal():
    """The constant of least largest error, on a grid from -8 to 8."""
    return _best_constant(_logistic, _LOGISTIC, 1.0)


@published(
    _GELU,
    where="the approximation x sigmoid(1.702 x)",
    basis="reading",
    quantity="The factor c with which x sigmoid(c x) comes nearest to GELU.",
    claim=Rounded("1.702"),
    finding=Finding(
        Rounded("1.773"),
        "1.702 is the best constant for the normal distribution function. "
        "GELU multiplies the error by x, which moves the best constant.",
    ),
)
def logistic_for_gelu():
    """The constant of least largest error, on a grid from -8 to 8."""
    return _best_constant(_logistic, _LOGISTIC, _X)


@published(
    _GELU,
    where="the approximation by tanh",
    basis="reading",
    quantity="The cubic coefficient with which the form with tanh comes nearest to the normal distribution function.",
    claim=Rounded("0.044715"),
)
def cubic_for_normal():
    """The coefficient of least largest error, on a grid from -8 to 8."""
    return _best_constant(_tanh, _CUBIC, 1.0)


@published(
    _GELU,
    where="the approximation by tanh",
    basis="reading",
    quantity="The cubic coefficient with which the form with tanh comes nearest to GELU.",
    claim=Rounded("0.044715"),
    finding=Finding(
        Rounded("0.04438"),
        "Again the constant is best for the distribution function and not for x times it; "
        "the loss is a fifth of an error that is small anyway.",
    ),
)
def cubic_for_gelu():
    """The coefficient of least largest error, on a grid from -8 to 8."""
    return _best_constant(_tanh, _CUBIC, _X)


@published(
    _GELU,
    where="section 2",
    basis="equation",
    quantity="GELU is what is expected of a gate that lets x through with probability Phi(x): here at x = 1.",
    claim=Near(0.841345, 0.004, "half a per cent, which tells Phi from the logistic curve", "Phi(1) = 0.8413"),
)
def gelu_as_expectation(seed=0):
    """The mean of x times a gate that is open where a standard normal number lies below x."""
    open_gates = np.random.default_rng(seed).standard_normal(200_000) < 1.0
    return Mean.of(1.0 * open_gates)


def _only(extrema: tuple[Extremum, ...], kind: str) -> Extremum:
    (found,) = (extremum for extremum in extrema if extremum.kind == kind)
    return found


@published(
    "elfwing2018sigmoid",
    where="text on the SiLU",
    basis="printed",
    quantity="The least value of the SiLU.",
    claim=Rounded("-0.28"),
)
def silu_minimum():
    """Value at the only root of the derivative, by bisection."""
    return _only(silu.properties.extrema, "minimum").value


@published(
    "elfwing2018sigmoid",
    where="text on the SiLU",
    basis="printed",
    quantity="Where the SiLU is least.",
    claim=Rounded("-1.28"),
)
def silu_minimum_at():
    """The only root of the derivative, by bisection."""
    return _only(silu.properties.extrema, "minimum").x


@published(
    "elfwing2018sigmoid",
    where="text on the dSiLU",
    basis="printed",
    quantity="The largest slope of the SiLU.",
    claim=Rounded("1.1"),
)
def silu_largest_slope():
    """Slope at the upper root of the second derivative, by bisection."""
    return _only(silu.properties.slope_extrema, "maximum").value


@published(
    "elfwing2018sigmoid",
    where="text on the dSiLU",
    basis="printed",
    quantity="Where the SiLU is steepest.",
    claim=Rounded("2.4"),
)
def silu_steepest_at():
    """The upper root of the second derivative, by bisection."""
    return _only(silu.properties.slope_extrema, "maximum").x


@published(
    "ramachandran2017searching",
    where="the formula of the derivative",
    basis="equation",
    quantity="Distance of swish's derivative from b f(x) + sigmoid(b x) (1 - b f(x)), b being 1.",
    claim=Near(0.0, 1e-12, "rounding errors of a formula with differences"),
)
def swish_derivative():
    """Largest distance from the derivative that is registered, on a grid from -8 to 8."""
    formula = silu(_X) + sigmoid(_X) * (1 - silu(_X))
    return float(np.abs(silu.derivative(_X) - formula).max())


@published(
    "misra2020mish",
    where="text on the range",
    basis="printed",
    quantity="The lower end of Mish's range.",
    claim=Rounded("-0.31"),
)
def mish_minimum():
    """Value at the only root of the derivative, by bisection."""
    return mish.properties.infimum


@published(
    "lecun1998efficient",
    where="section 4.4",
    basis="printed",
    quantity="1.7159 tanh(2x/3) maps 1 to 1.",
    claim=Near(1.0, 1e-4, "the factor is printed to four decimals"),
)
def scaled_tanh_at_one():
    """The value at 1."""
    return float(1.7159 * tanh(2 / 3))


@published(
    "lecun1998efficient",
    where="section 4.4",
    basis="printed",
    quantity="Where the second derivative of 1.7159 tanh(2x/3) is largest in size.",
    claim=Near(1.0, 0.05, "the paper says 1 as a rule of thumb, without decimals"),
)
def scaled_tanh_bend():
    """Where tanh''(2x/3) is least on a grid of step 0.0001."""
    x = np.linspace(0, 3, 30_001)
    return float(x[np.argmin(tanh.second_derivative(2 * x / 3))])
