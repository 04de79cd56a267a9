"""The formulas themselves: the oracle that the other tests trust, and the LaTeX that the book prints."""

import itertools
import re

import mpmath
import numpy as np
import pytest
import sympy
from mpmath import mpf

import actlab
from actlab import formulas
from tests.cases import (
    ELEMENTWISE,
    VECTORWISE,
    each_case,
    each_elementwise,
    each_order,
    each_record,
    each_vectorwise,
    evaluator,
)

DIGITS = 50


def agree(one, other, digits=DIGITS):
    """Say whether two numbers agree to that many digits, or are both far below the smallest float64."""
    return abs(one - other) <= max(abs(other) * mpf(10) ** -digits, mpf(10) ** -900)


# The same functions in other words, and mpmath's own special functions where it has them.
INDEPENDENT = {
    "sigmoid": (
        lambda x: (1 + mpmath.tanh(x / 2)) / 2,
        lambda x: mpmath.sech(x / 2) ** 2 / 4,
        lambda x: -(mpmath.sech(x / 2) ** 2) * mpmath.tanh(x / 2) / 4,
    ),
    "tanh": (
        lambda x: mpmath.sinh(x) / mpmath.cosh(x),
        lambda x: mpmath.sech(x) ** 2,
        lambda x: -2 * mpmath.sech(x) ** 2 * mpmath.tanh(x),
    ),
    "gelu": (
        lambda x: x * mpmath.ncdf(x),
        lambda x: mpmath.ncdf(x) + x * mpmath.npdf(x),
        lambda x: mpmath.npdf(x) * (2 - x * x),
    ),
    "gaussian": (
        lambda x: mpmath.sqrt(2 * mpmath.pi) * mpmath.npdf(mpmath.sqrt(2) * x),
        lambda x: -2 * x * mpmath.exp(-x * x),
        lambda x: (4 * x * x - 2) * mpmath.exp(-x * x),
    ),
    "silu": (lambda x: x * mpmath.exp(x / 2) * mpmath.sech(x / 2) / 2,),
    "gelu_tanh": (lambda x: x / (1 + mpmath.exp(-mpmath.sqrt(8 / mpmath.pi) * (x + mpf("0.044715") * x**3))),),
    "gelu_sigmoid": (lambda x: x * mpmath.exp(mpf("0.851") * x) * mpmath.sech(mpf("0.851") * x) / 2,),
    "elu": (lambda x: max(x, mpf(0)) + mpmath.expm1(min(x, mpf(0))),),
}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_the_oracle_agrees_with_the_function_written_in_other_words(name):
    # Far left the textbook forms, and so these formulas, lose all digits unless more than 100 are carried.
    points = [-800.0, -200.0, -38.5, -20.0, -12.0, -3.25, -1e-9, 0.4, 2.5, 45.0, 370.0]
    for order, other in enumerate(INDEPENDENT[name]):
        values = formulas.exact(actlab.get(name), points, order, DIGITS)
        with mpmath.workdps(400):
            for point, value in zip(points, values, strict=True):
                assert agree(value, other(mpf(point))), f"order {order} at {point}"


@each_elementwise
def test_a_derivative_is_the_limit_of_differences(case):
    h = 2.0**-24
    for point in (-6.3, -1.7, -0.6, 0.3, 1.1, 5.2, 7.9):
        for order in (1, 2, 3):
            right, left = formulas.exact(case, [point + h, point - h], order - 1)
            (value,) = formulas.exact(case, [point], order)
            with mpmath.workdps(DIGITS):
                difference = (right - left) / (mpf(point + h) - mpf(point - h))
                # The error of the difference is a sixth of h^2 times the second derivative of its limit.
                (bend,) = formulas.exact(case, [point], order + 2)
                assert abs(difference - value) <= h * h * (abs(bend) / 4 + 1e-6)


@each_elementwise
def test_more_digits_refine_the_same_number(case):
    for order in (0, 1, 2):
        few, many = (formulas.exact(case, [-30.7, -1.3, 2.9], order, digits) for digits in (20, 200))
        with mpmath.workdps(250):
            assert all(agree(one, other, 20) for one, other in zip(few, many, strict=True))


def shares(z, sign=1):
    """Return softmax, or with sign -1 softmin, of a list."""
    weights = [mpmath.exp(sign * entry) for entry in z]
    return [weight / mpmath.fsum(weights) for weight in weights]


def nearest_probabilities(z):
    """Return the probabilities nearest to a list: of all sets of positive ones that which is nearest, and possible."""
    candidates = []
    for chosen in itertools.product([False, True], repeat=len(z)):
        if any(chosen):
            inside = [entry for entry, positive in zip(z, chosen, strict=True) if positive]
            lift = (1 - mpmath.fsum(inside)) / len(inside)
            candidates.append([entry + lift if positive else mpf(0) for entry, positive in zip(z, chosen, strict=True)])
    possible = [candidate for candidate in candidates if min(candidate) >= 0]
    return min(possible, key=lambda y: mpmath.fsum((a - b) ** 2 for a, b in zip(y, z, strict=True)))


DEFINITIONS = {
    "softmax": shares,
    "softmin": lambda z: shares(z, -1),
    "log_softmax": lambda z: [mpmath.log(share) for share in shares(z)],
    "sparsemax": nearest_probabilities,
    "glu": lambda z: [z[0] / (1 + mpmath.exp(-z[2])), z[1] / (1 + mpmath.exp(-z[3]))],
    "swiglu": lambda z, beta: [z[i] * (1 + mpmath.tanh(mpf(beta) * z[i] / 2)) / 2 * z[i + 2] for i in (0, 1)],
    "maxout": lambda z, pieces: [max(z[k : k + pieces]) for k in range(0, len(z), pieces)],
}


@each_vectorwise
def test_vector_outputs_are_those_of_the_definition(case):
    z = [0.3, -700.0, 2.0, 1.125]
    with mpmath.workdps(400):
        definition = DEFINITIONS[case.name]([mpf(entry) for entry in z], **case.values)
        for value, other in zip(formulas.exact_vector(case, z, DIGITS), definition, strict=True):
            assert agree(value, other)


@each_vectorwise
def test_the_jacobian_is_the_limit_of_differences(case):
    z, h = [0.3, -1.5, 2.0, 1.125], 2.0**-24
    rows = formulas.exact_jacobian(case, z)
    for j in range(len(z)):
        right, left = (formulas.exact_vector(case, [*z[:j], z[j] + step, *z[j + 1 :]]) for step in (h, -h))
        for i in range(len(rows)):
            with mpmath.workdps(DIGITS):
                # A sixth of h^2 times the third derivative, which grows with the square of beta.
                allowed = 1e-14 * (1 + case.values.get("beta", 1.0) ** 2)
                assert abs((right[i] - left[i]) / (2 * mpf(h)) - rows[i][j]) <= allowed


def test_parameters_are_the_exact_binary_numbers():
    case = actlab.leaky_relu.with_params(negative_slope=0.1)
    with mpmath.workdps(DIGITS):
        assert formulas.exact(case, [-3.0]) == [-3 * mpf(0.1)]
        assert formulas.exact(case, [-3.0]) != [-3 * mpf("0.1")]


def test_constants_are_the_exact_decimals_written():
    (value,) = formulas.exact(actlab.gelu_sigmoid, [1.0])
    with mpmath.workdps(DIGITS):
        assert agree(value, 1 / (1 + mpmath.exp(-mpf("1.702"))))
        assert not agree(value, 1 / (1 + mpmath.exp(-mpf(1.702))), 20)


@pytest.mark.parametrize("order", [-1, 1.0, "1", None])
def test_an_order_is_a_whole_number(order):
    with pytest.raises(ValueError, match="order must be a whole number, 0 or more; got"):
        formulas.expression(actlab.relu, order)


@each_vectorwise
def test_a_vector_activation_has_a_jacobian_instead_of_a_derivative(case):
    with pytest.raises(ValueError, match=f"{case.name} maps a vector: ask for exact_jacobian"):
        formulas.expression(case, 1)


# --- The textbook in numpy --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("special", [False, True], ids=("elementary", "scipy"))
@each_order
@each_elementwise
def test_the_textbook_computes_the_same_where_it_has_not_lost_its_digits(case, order, special):
    typed = formulas.textbook(case, order, special=special)
    x = np.linspace(-4, 5, 91).reshape(7, 13) + 1 / 300
    np.testing.assert_allclose(typed(x), evaluator(case, order)(x), rtol=1e-9, atol=1e-12)
    assert not np.shares_memory(typed(x), x)
    assert typed(x.astype(np.float32)).dtype == np.float32


def test_the_textbook_is_typed_without_needless_passes():
    # One exponential where two stand in the derivative, and sigma under the fraction stroke.
    assert formulas.typed(actlab.sigmoid, 2).count("exp(") == 1
    assert "return x/(1 + numpy.exp(-x))" in formulas.typed(actlab.silu)
    assert "scipy.special.expit(x)" in formulas.typed(actlab.silu, special=True)


def test_the_textbook_is_that_of_the_record_where_it_has_one():
    assert actlab.relu.textbook[0] == "np.maximum(x, 0)"
    overflow = np.array([1000.0])
    with np.errstate(over="ignore"):
        assert formulas.textbook(actlab.log_sigmoid)(-overflow) == -np.inf
    assert actlab.log_sigmoid(-overflow) == -1000


# --- LaTeX ------------------------------------------------------------------------------------------------------------


@each_order
@each_case
def test_latex_is_well_formed(case, order):
    if order and case in VECTORWISE:
        return
    text = formulas.latex(case, order)
    assert text
    assert "$" not in text
    assert text.count("{") == text.count("}")
    assert len(re.findall(r"\\left\b", text)) == len(re.findall(r"\\right\b", text))
    for unfinished in ("Derivative", "Subs", "Piecewise", "operatorname", "text{", "sigma{", "Phi{", "None"):
        assert unfinished not in text.replace(r"\text{otherwise}", "").replace(r"\text{for}", ""), text


@each_record
def test_latex_shows_what_the_formula_says(record):
    text = record.latex
    for param in record.parameters.values():
        assert re.search(rf"(?<![a-zA-Z]){re.escape(sympy.latex(sympy.Symbol(param.symbol)))}(?![a-zA-Z])", text)
    # The same numbers in the same order: nothing is rounded, and no term is moved; dots stand for further digits.
    number = r"\d+(?:\.\d+)?"
    shown, declared = re.findall(number + r"(?:\\ldots)?", text), re.findall(number, record.formula)
    assert len(shown) == len(declared)
    for short, whole in zip(shown, declared, strict=True):
        digits = short.removesuffix(r"\ldots")
        assert whole == digits if digits == short else whole.startswith(digits) and len(whole) > len(digits)
    for function, shown in {
        "sigma(": r"\sigma",
        "Phi(": r"\Phi",
        "tanh(": r"\tanh",
        "exp(": "e^",
        "log(": r"\log",
    }.items():
        assert (shown in text) == (function in record.formula), function
    for other in ELEMENTWISE:
        if other.name == record.name:
            assert other.latex == text


def test_the_function_prints_as_its_reader_would_write_it():
    assert actlab.identity.latex == "x"
    assert actlab.selu.latex.startswith(r"1.050700\ldots ")  # thirty digits would not fit a page
    assert "1.673263\\ldots" in actlab.selu.latex
    assert "0.044715 x^{3}" in actlab.gelu_tanh.latex
    assert actlab.gelu.latex.replace(r"\!", "") == r"x \Phi\left(x\right)"
    # sympy would put the terms into an order of its own.
    assert "e^{x} - 1" in actlab.elu.latex
    assert actlab.log_softmax.latex.startswith("{z}_{i} - ")
    assert formulas.latex(actlab.identity, 1) == "1"
