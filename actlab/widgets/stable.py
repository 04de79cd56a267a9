"""Formulas rewritten so that float64 arithmetic computes them to the last digits or nearly so.

A formula typed as it stands loses its tails, and its derivatives more of them. Here it is put together from a few
functions that ``kernels.js`` computes without loss and that know their own derivative: in f' and f'' nothing then
cancels but at their roots.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import sympy

from actlab import formulas
from actlab.core import Elementwise

x = sympy.Symbol("x", real=True)

# Terms of the polynomial that stands for a sum near 0 where the sum vanishes, and how near.
_TERMS = 7
NEAR = sympy.Rational(1, 16)


def _known(name: str, slope: Callable[..., sympy.Expr]) -> type[sympy.Function]:
    """A function of kernels.js, with its derivative by its first argument."""
    return type(name, (sympy.Function,), {"fdiff": lambda self, argindex=1: slope(*self.args)})


#: sigma' for the logistic sigmoid, log(1 + e^u), and u + sqrt(u^2 + c).
bell = _known("bell", lambda u: -bell(u) * tanh(u / 2))
softplus = _known("softplus", lambda u: sigma(u))
rise = _known("rise", lambda u, c: rise(u, c) / sympy.sqrt(u**2 + c))
sigma = _known("sigma", lambda u: bell(u))
tanh = _known("tanh", lambda u: 4 * bell(2 * u))
expm1 = _known("expm1", lambda u: sympy.exp(u))


@cache
def expression(record: Elementwise, order: int) -> sympy.Expr:
    """The formula, or a derivative of it, over ``x`` and the names of the parameters."""
    symbols = [sympy.Symbol(param.symbol, real=True) for param in record.parameters.values()]
    names = [sympy.Symbol(name, real=True) for name in record.parameters]
    formula = formulas.expression(record).subs(dict(zip(symbols, names, strict=True)), simultaneous=True)
    if formula.has(sympy.exp, sympy.tanh, sympy.log, formulas.sigma, formulas.Phi):
        derivative = _stable(formula)
        for _ in range(order):  # one by one: of several at once sympy makes something longer
            derivative = sympy.diff(derivative, x)
        return min(derivative, sympy.factor_terms(derivative), key=sympy.count_ops)
    # Of roots and fractions alone one fraction can be made, in which what would cancel is gone.
    return _stable(_each_piece(sympy.diff(formula, x, order), sympy.factor) if order else formula)


def polynomial(record: Elementwise, order: int) -> sympy.Expr | None:
    """The beginning of the Taylor series, for |x| < NEAR, where ``expression`` is a sum that vanishes at 0."""
    if not expression(record, order).is_Add or formulas.expression(record, order).subs(x, 0) != 0:
        return None
    series = sympy.series(formulas.expression(record), x, 0, 2 * _TERMS + 3).removeO()
    return sympy.horner(sympy.diff(series, x, order))


def at_zero(record: Elementwise) -> sympy.Expr:
    """The formula, or the piece of it that answers at 0 with the parameters at their defaults."""
    formula = expression(record, 0)
    if not isinstance(formula, sympy.Piecewise):
        return formula
    values = {x: 0} | {sympy.Symbol(name, real=True): value for name, value in record.values.items()}
    return next(piece for piece, condition in formula.args if condition.subs(values) == True)  # noqa: E712


def slope_beside(record: Elementwise) -> sympy.Expr:
    """f' by what f computes already, as in sigma (1 - sigma) and 1 - tanh^2, which have no digits in the tails."""
    value, slope = expression(record, 0), expression(record, 1)
    known = value.atoms(sigma, tanh, expm1)

    def bell_of(u: sympy.Expr) -> sympy.Expr:
        if tanh(u / 2) in known:
            return (1 - tanh(u / 2) ** 2) / 4
        return sigma(u) * (1 - sigma(u)) if sigma(u) in known else bell(u)

    return slope.replace(bell, bell_of).replace(
        sympy.exp, lambda u: expm1(u) + 1 if expm1(u) in known else sympy.exp(u)
    )


def _stable(expr: sympy.Expr) -> sympy.Expr:
    """The expression with the functions above in place of what cancels, or overflows on the way."""
    if not expr.args:
        return expr
    expr = expr.func(*map(_stable, expr.args))
    if isinstance(expr, formulas.sigma):
        return sigma(*expr.args)
    if isinstance(expr, sympy.tanh):
        return tanh(*expr.args)
    if isinstance(expr, sympy.log):
        (inner,) = expr.args
        if isinstance(inner, sigma):
            return -softplus(-inner.args[0])
        if isinstance(inner - 1, sympy.exp):
            return softplus((inner - 1).args[0])
    return _stable_sum(expr) if expr.is_Add else expr


def _stable_sum(expr: sympy.Add) -> sympy.Expr:
    content, inner = expr.primitive()
    for term in inner.args:
        rest = inner - term
        if isinstance(term, sympy.exp) and rest == -1:
            return content * expm1(term.args[0])
        if isinstance(term, tanh) and rest == 1:
            return content * 2 * sigma(2 * term.args[0])
        if term.is_Pow and term.exp == sympy.Rational(1, 2):
            more = sympy.expand(term.base - rest**2)
            if not more.has(x):
                return content * rise(rest, more)
    return expr


def _each_piece(expr: sympy.Expr, change: Callable[[sympy.Expr], sympy.Expr]) -> sympy.Expr:
    if not isinstance(expr, sympy.Piecewise):
        return change(expr)
    return sympy.Piecewise(*((change(piece), condition) for piece, condition in expr.args))
