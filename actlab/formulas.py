"""Formula text -> LaTeX, and -> exact values: the same text is what the book prints and what the tests trust.

Loads sympy and mpmath. Beside sympy's own functions a formula may use ``sigma`` (the logistic sigmoid), ``Phi`` (the
normal distribution function), ``tau`` (the threshold of sparsemax) and ``largest`` (the maximum over an index).
Derivatives come from sympy, so they are independent of the hand-written kernels.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import mpmath
import numpy as np
import sympy
from sympy.printing.numpy import SciPyPrinter

from actlab.core import Activation, Elementwise, Param, Vectorwise, get

_x = sympy.Symbol("x", real=True)
_z = sympy.IndexedBase("z")
_i, _j, _m, _n = sympy.symbols("i j m n", integer=True, positive=True)


class sigma(sympy.Function):
    """1 / (1 + e^-x)."""

    def fdiff(self, argindex=1):
        """Return the derivative, as sympy asks for it."""
        return sigma(self.args[0]) * sigma(-self.args[0])

    def _latex(self, printer, exp=None):
        text = rf"\sigma\!\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class Phi(sympy.Function):
    """The normal distribution function."""

    def fdiff(self, argindex=1):
        """Return the derivative, as sympy asks for it."""
        return sympy.exp(-(self.args[0] ** 2) / 2) / sympy.sqrt(2 * sympy.pi)

    def _latex(self, printer, exp=None):
        text = rf"\Phi\!\left({printer._print(self.args[0])}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


class tau(sympy.Function):
    """The number by which to lower the entries of a vector so that the positive ones then sum to 1."""

    def fdiff(self, argindex=1):
        """Return the derivative by one entry, as sympy asks for it."""
        return tau_slope(argindex, *self.args)

    def _latex(self, printer, exp=None):
        return rf"\tau\!\left({printer._print(self.args[0])}\right)"


class tau_slope(sympy.Function):
    """The derivative of ``tau`` by the entry whose number is the first argument; the entries follow."""


class largest(sympy.Function):
    """The largest value of a term over an index, given as in ``Sum``: ``largest(z[j], (j, 1, n))``."""

    def doit(self, **hints):
        """Return the terms written out; where several are equal, the first is taken, and its derivative too."""
        term, (index, low, high) = self.args
        terms = [term.subs(index, number).doit() for number in range(int(low), int(high) + 1)]
        after = [sympy.And(*(one >= other for other in terms[k + 1 :])) for k, one in enumerate(terms)]
        return sympy.Piecewise(*zip(terms, after, strict=True), evaluate=False) if len(terms) > 1 else terms[0]

    def _latex(self, printer, exp=None):
        term, (index, low, high) = self.args
        low, index, high = (printer._print(part) for part in (low, index, high))
        return rf"\max_{{{low} \leq {index} \leq {high}}} {printer._print(term)}"


def _threshold(*z: mpmath.mpf) -> mpmath.mpf:
    # The largest that any of the top entries have among themselves.
    falling = sorted(z, reverse=True)
    return max((mpmath.fsum(falling[:count]) - 1) / count for count in range(1, len(z) + 1))


def _threshold_slope(number: int, *z: mpmath.mpf) -> mpmath.mpf:
    above = [entry > _threshold(*z) for entry in z]
    return mpmath.mpf(above[int(number) - 1]) / sum(above)


def _normal_distribution(x: mpmath.mpf) -> mpmath.mpf:
    # Beyond 1e8 mpmath's erfc overflows internally; there the value is 0 or 1 to more than 10^15 digits.
    if abs(x) > 1e8:
        return mpmath.mpf(x > 0)
    return mpmath.erfc(-x / mpmath.sqrt(2)) / 2


_NUMERIC = [
    {
        "sigma": lambda x: 1 / (1 + mpmath.exp(-x)),
        "Phi": _normal_distribution,
        "tau": _threshold,
        "tau_slope": _threshold_slope,
    },
    "mpmath",
]


def _symbol(activation: Activation, name: str) -> sympy.Symbol:
    return sympy.Symbol(activation.parameters[name].symbol, real=True)


def _parse(activation: Activation, **how: bool) -> sympy.Expr:
    known = {"sigma": sigma, "Phi": Phi, "tau": tau, "largest": largest}
    known |= {"x": _x, "z": _z, "i": _i, "j": _j, "m": _m, "n": _n}
    known |= {name: _symbol(activation, name) for name in activation.parameters}
    return sympy.sympify(activation.formula, locals=known, **how)


@cache
def _parsed(name: str, order: int) -> sympy.Expr:
    # rational=True: a decimal in a formula means exactly that decimal, not the nearest float.
    formula = _parse(get(name), rational=True)
    return sympy.diff(formula, _x, order) if order else formula


@cache
def _simplified(name: str, order: int) -> sympy.Expr:
    return sympy.simplify(_parsed(name, order))


def expression(activation: Activation, order: int = 0) -> sympy.Expr:
    """The formula as a sympy expression; ``order`` 1 and more give the derivatives of an elementwise activation."""
    if not isinstance(order, int) or order < 0:
        raise ValueError(f"order must be a whole number, 0 or more; got {order!r}")
    if order and isinstance(activation, Vectorwise):
        raise ValueError(f"{activation.name} maps a vector: ask for exact_jacobian instead of a derivative")
    return _parsed(activation.name, order)


def latex(activation: Activation, order: int = 0) -> str:
    """The formula as it is declared, or its simplified ``order``-th derivative, as LaTeX without delimiters."""
    if order == 0:
        text = sympy.latex(_parse(activation, evaluate=False), order="none", full_prec=False, inv_trig_style="full")
        # A constant of thirty digits, which the exact values need, tells a reader no more than its beginning does.
        return re.sub(r"(\d+\.\d{6})\d{4,}", r"\1\\ldots", text)
    expression(activation, order)  # refuses what is no order
    return sympy.latex(_simplified(activation.name, order), inv_trig_style="full")


def parameter_latex(param: Param) -> str:
    """The parameter's symbol as LaTeX without delimiters."""
    return sympy.latex(sympy.Symbol(param.symbol))


def exact(activation: Elementwise, x: Sequence[float], order: int = 0, digits: int = 50) -> list[mpmath.mpf]:
    """The formula's value, or its ``order``-th derivative's, at each finite float of ``x``, right to ``digits`` digits.

    Parameters have the values bound to ``activation``, taken as the exact binary numbers that they are.
    """
    arguments = [_x, *(_symbol(activation, name) for name in activation.values)]
    f = _callable(activation.name, order, tuple(arguments))
    values = [mpmath.mpf(value) for value in activation.values.values()]

    def at(point: float) -> mpmath.mpf:
        return _to_digits(lambda: [f(mpmath.mpf(float(point)), *values)], digits)[0]

    return [at(point) for point in x]


def textbook(activation: Elementwise, order: int = 0, *, special: bool = False) -> Callable[[np.ndarray], np.ndarray]:
    """The formula, or its ``order``-th derivative, as a reader of it would type it in numpy: the baseline for speed.

    The result maps a float array to a new array of its shape and dtype. It loses digits in the tails and may overflow,
    as formulas do. See ``typed`` for its text.
    """
    text, names = typed(activation, order, special=special), {"np": np, "numpy": np}
    if "scipy." in text:
        import scipy.special

        names["scipy"] = scipy
    exec(text, names)  # what sympy and the records have written
    return names["f"]


def typed(activation: Elementwise, order: int = 0, *, special: bool = False) -> str:
    """The text of ``textbook``: a function f of x in numpy, as ``np`` or by its name.

    It is the record's own ``textbook`` line where there is one. Parameters have the values bound to ``activation``.
    With ``special`` the formula is taken, and sigma and Phi in it are calls of ``scipy.special``.
    """
    formula = expression(activation, order)
    if order < len(activation.textbook) and not special:
        bound = "".join(f", {name}={value!r}" for name, value in activation.values.items())
        return f"def f(x{bound}):\n    return {activation.textbook[order]}\n"
    values = {_symbol(activation, name): sympy.Rational(repr(value)) for name, value in activation.values.items()}
    formula = formula.subs(values)
    if formula.is_number:
        return f"def f(x):\n    return np.full_like(x, {float(formula)!r})\n"
    if formula == _x:
        return "def f(x):\n    return x.copy()\n"
    # Constants become Python numbers: numpy's own would turn float32 into float64.
    shortest = _with_floats(min(_ways_to_type(formula, special), key=_passes))
    function = sympy.lambdify(_x, shortest, modules=[{}], printer=_ArrayPrinter(), cse=True)
    return inspect.getsource(function).replace(function.__name__, "f", 1)


class _ArrayPrinter(SciPyPrinter):
    """Expressions as somebody who wants them fast would type them: products for powers, ``where`` for cases."""

    def _print_Float(self, expr):
        return repr(float(expr))

    def _print_Pow(self, expr, rational=False):
        base, power = self._print(expr.base), abs(expr.exp)
        products = {
            1: base,
            2: f"numpy.square({base})",
            3: f"(numpy.square({base})*({base}))",
            sympy.Rational(3, 2): f"(numpy.sqrt({base})*({base}))",
        }
        if power not in products:
            return super()._print_Pow(expr, rational)
        return products[power] if expr.exp > 0 else f"(1/({products[power]}))"

    def _print_Piecewise(self, expr):
        numbers = all(value.is_number for value, _ in expr.args)
        *cases, (text, _) = [
            # Of numbers alone numpy would make an array of its default type.
            (f"x.dtype.type({self._print(value)})" if numbers else self._print(value), self._print(condition))
            for value, condition in expr.args
        ]
        for value, condition in reversed(cases):
            text = f"numpy.where({condition}, {value}, {text})"
        return text

    def _print_sigma(self, expr):
        return f"scipy.special.expit({self._print(expr.args[0])})"

    def _print_Phi(self, expr):
        return f"scipy.special.ndtr({self._print(expr.args[0])})"


def _ways_to_type(expr: sympy.Expr, special: bool) -> list[sympy.Expr]:
    """The forms that a person would try for a formula."""
    # 1 - sigma(x) for sigma(-x): one exponential for two.
    forms = [expr, expr.replace(lambda e: isinstance(e, sigma), _without_minus)]
    forms += [sympy.factor(form) for form in forms]
    if special:
        return forms
    erf = lambda u: (1 + sympy.erf(u / sympy.sqrt(2))) / 2  # noqa: E731
    return [form.replace(sigma, lambda u: 1 / (1 + sympy.exp(-u))).replace(Phi, erf) for form in forms]


def _without_minus(call: sympy.Expr) -> sympy.Expr:
    argument = call.args[0]
    return 1 - sigma(-argument) if argument.could_extract_minus_sign() else call


def _passes(expr: sympy.Expr) -> int:
    """About how many passes over an array an expression takes, if each of its parts is computed once."""
    steps, (last,) = sympy.cse(expr)
    return sum(_own_passes(part) for step in (*(value for _, value in steps), last) for part in _parts(step))


def _parts(expr: sympy.Expr) -> Iterator[sympy.Expr]:
    return (part for part in sympy.preorder_traversal(expr) if part.args and not part.is_number)


def _own_passes(part: sympy.Expr) -> int:
    if part.is_Add:  # a minus sign is no pass of its own in a sum
        return len(part.args) - 1 - sum(term.is_Mul and term.args[0] == -1 for term in part.args)
    if part.is_Mul:
        return len(part.args) - 1
    # A function of numpy takes as long as about eight sums or products.
    return 8 if isinstance(part, sympy.Function) else abs(part.exp) if part.is_Pow and part.exp.is_Integer else 1


def _with_floats(expr: sympy.Expr) -> sympy.Expr:
    """The expression with its largest parts that are numbers as floats; whole numbers and exponents stay."""
    if not expr.args or expr.is_number:
        return sympy.Float(expr.evalf(17)) if expr.is_number and not expr.is_Integer else expr
    if expr.is_Pow and expr.exp.is_number:
        return _with_floats(expr.base) ** expr.exp
    return expr.func(*map(_with_floats, expr.args))


def exact_vector(activation: Vectorwise, z: Sequence[float], digits: int = 50) -> list[mpmath.mpf]:
    """The outputs of a vector activation at the finite vector ``z``, right to ``digits`` digits.

    Parameters have the values bound to ``activation``, taken as the exact binary numbers that they are.
    """
    return _at_vector(_vector_callable(activation, len(z), slopes=False), z, digits)


def exact_jacobian(activation: Vectorwise, z: Sequence[float], digits: int = 50) -> list[list[mpmath.mpf]]:
    """The Jacobian, row i holding dy_i/dz_j, at the finite vector ``z``, right to ``digits`` digits."""
    flat = _at_vector(_vector_callable(activation, len(z), slopes=True), z, digits)
    return [flat[k : k + len(z)] for k in range(0, len(flat), len(z))]


def _at_vector(f: Callable, z: Sequence[float], digits: int) -> list[mpmath.mpf]:
    return _to_digits(lambda: f(*(mpmath.mpf(float(value)) for value in z)), digits)


@cache
def _vector_callable(activation: Vectorwise, count: int, *, slopes: bool) -> Callable:
    """The outputs, or the Jacobian row by row, as a function of ``count`` numbers."""
    known = {_symbol(activation, name): sympy.Rational(value) for name, value in activation.values.items()}
    known |= {_n: count, _m: activation.outputs(count)}
    entries = sympy.symbols(f"z1:{count + 1}", real=True)
    values = {_z[k]: entry for k, entry in enumerate(entries, start=1)} | {tau(_z): tau(*entries)}
    formula = expression(activation).subs(known)
    outputs = [formula.subs(_i, index).doit().subs(values) for index in range(1, activation.outputs(count) + 1)]
    if slopes:
        outputs = [sympy.diff(output, entry) for output in outputs for entry in entries]
    return sympy.lambdify(entries, outputs, modules=_NUMERIC)


@cache
def _callable(name: str, order: int, arguments: tuple) -> Callable:
    expr = _parsed(name, order)
    return sympy.lambdify(arguments, _one_fraction(expr) if order else expr, modules=_NUMERIC, cse=True)


def _one_fraction(expr: sympy.Expr) -> sympy.Expr:
    """A derivative built of e^(a x), as one factored fraction; any other is returned as it is.

    As a sum, which sympy gives, it cancels in the tails to e^(-a x): at a x = 80000 that takes 35000 digits a term.
    """
    rewritten = expr.rewrite(sympy.exp)
    exponents = [power.args[0] for power in rewritten.atoms(sympy.exp)]
    if expr.has(sympy.Piecewise) or not exponents or any(sympy.diff(exponent, _x, 2) != 0 for exponent in exponents):
        return expr
    return sympy.factor(rewritten)


def _to_digits(evaluate: Callable[[], list], digits: int) -> list[mpmath.mpf]:
    """Evaluate with more and more working digits until two evaluations agree to ``digits``: formulas may cancel."""
    working, previous = digits + 15, None
    while working < 100_000:
        with mpmath.workdps(working):
            current = [mpmath.mpf(value) for value in evaluate()]
            tolerance = mpmath.mpf(10) ** -digits
            agree = previous and all(abs(a - b) <= abs(a) * tolerance for a, b in zip(current, previous, strict=True))
            # 1 + tanh(u) is 0 in all digits until there are more than the value has zeros behind the point: a 0 is
            # believed only once it has more than any float64.
            if agree and (all(current) or working > 1000):
                return current
        previous, working = current, 2 * working
    raise ArithmeticError(f"no {digits} digits within 100000 working digits; last value {mpmath.nstr(previous, 20)}")
