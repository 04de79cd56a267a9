"""What the tests run over: every registered activation, at the default and at both ends of each parameter."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

import actlab
from actlab import formulas
from actlab.core import Activation, Elementwise, Param, Vectorwise

ORDERS = (0, 1, 2)
DTYPES = (np.float64, np.float32, np.float16)
LARGEST = np.finfo(np.float64).max
SMALLEST = np.finfo(np.float64).smallest_subnormal


def cases(kind: type[Activation]) -> list[Activation]:
    """List the activations of that kind with their defaults, then with each parameter at its low and its high end."""
    found = {}
    for record in actlab.ACTIVATIONS.values():
        if isinstance(record, kind):
            ends = [{name: end} for name, param in record.parameters.items() for end in (param.low, param.high)]
            found |= {repr(case): case for case in (record, *(record.with_params(**end) for end in ends))}
    return list(found.values())


ELEMENTWISE = cases(Elementwise)
VECTORWISE = cases(Vectorwise)

each_record = pytest.mark.parametrize("record", list(actlab.ACTIVATIONS.values()), ids=repr)
each_case = pytest.mark.parametrize("case", [*ELEMENTWISE, *VECTORWISE], ids=repr)
each_elementwise = pytest.mark.parametrize("case", ELEMENTWISE, ids=repr)
each_vectorwise = pytest.mark.parametrize("case", VECTORWISE, ids=repr)
each_order = pytest.mark.parametrize("order", ORDERS, ids=("f", "df", "d2f"))
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)


def fitting(case: Activation, z: np.ndarray) -> np.ndarray:
    """Return a longer vector for a case that merges entries: ``z`` and multiples of it, one beside the other.

    Multiples of one entry stay apart, those of nearly equal ones stay near, and zeros become ties.
    """
    copies = case.inputs_per_output(**case.values) if isinstance(case, Vectorwise) else 1
    z = np.asarray(z)
    return np.concatenate([(z * factor).astype(z.dtype) for factor in (1, -0.75, 0.5, -0.25)[:copies]], axis=-1)


def accepts(param: Param, value: float) -> bool:
    """Say whether a parameter may have a value, as its fields declare it."""
    inside = param.minimum <= value <= param.maximum
    return inside and (value > 0 or not param.positive) and (value == round(value) or not param.whole)


def evaluator(case: Elementwise, order: int) -> Callable:
    """Return f, f' or f'' of an activation."""
    return (case, case.derivative, case.second_derivative)[order]


@cache
def points(case: Elementwise) -> np.ndarray:
    """Return finite float64 numbers, ascending, at which an implementation may go wrong."""
    positive = [
        np.linspace(0, 20, 121) + 1 / 3,  # a third: products with it round, as they do for most numbers
        np.geomspace(20, 8000, 90) + 1 / 3,  # where something exponential underflows, however steep
        np.linspace(36.5, 39.5, 9),  # exp(-x^2/2) underflows; 1 + exp(-x) rounds to 1
        np.linspace(700, 746, 9),  # exp(-x) underflows, exp(x) overflows
        np.geomspace(1e-300, 1e-3, 25),
        np.geomspace(1e5, 1e300, 12),
        [LARGEST, np.nextafter(1e300, 0), np.finfo(np.float64).tiny, 1e-310, 7 * SMALLEST, SMALLEST, 0.0],
    ]
    positive = np.concatenate(positive)
    near = np.concatenate([[SMALLEST], np.geomspace(1e-9, 0.03, 8)])
    kinks = [[kink, *kink + near, *kink - near, np.nextafter(kink, 9), np.nextafter(kink, -9)] for kink in case.kinks]
    x = np.unique(np.concatenate([positive, -positive, *kinks]))
    # Roots and the beginning of underflow are found where the sign changes, and then looked at more closely.
    for _ in range(5):
        signs = [np.sign(evaluator(case, order)(x)) for order in ORDERS]
        left = np.flatnonzero(np.any([np.diff(sign) != 0 for sign in signs], axis=0))
        left = left[(np.abs(x[left]) < 1e4) & (np.diff(x)[left] > 1e-9)]
        x = np.unique(np.concatenate([x, *np.linspace(x[left], x[left + 1], 7)[1:-1]]))
    return x


@cache
def exact(case: Elementwise, order: int, dtype: type = np.float64) -> tuple[np.ndarray, list]:
    """Return the points that the dtype holds, as numbers of it, and f, f', f'' or f''' there as 50-digit numbers."""
    x = points(case)
    if dtype != np.float64:
        with np.errstate(over="ignore", under="ignore"):
            x = np.unique(x[np.abs(x) <= np.finfo(dtype).max][::2].astype(dtype))
    return x, formulas.exact(case, x, order)
