"""One-place mutations of a solution: wrong answers that nobody had to think of, to test the tests with.

Each is a slip that somebody makes at a keyboard: another operator, a boundary on the other side, a number off by one, a
sign forgotten, two arguments the wrong way round, the neighbouring function, a step left out, the wrong variable
returned; and what this course is about, the textbook form in which digits cancel. What no slip makes is left out:
misspelt names, which fail at once, texts, and every variable in place of every other, whose number grows with the
square of the answer's length and most of which fail at once, too; and other seeds, since an answer that is found by
chance is right with any, and what only warns or raises. Only the lines between the marks of the solution are
changed; the others are given to the students.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from actlab.grading.notebooks import REGIONS, solution

# What may stand in an operator's place.
_ARITHMETIC = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,), ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.FloorDiv,), ast.Pow: (ast.Mult,), ast.MatMult: (ast.Mult,), ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
}  # fmt: skip

# The boundary on the other side, then the other direction.
_COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),  # codespell:ignore notin
}  # fmt: skip

# Functions and methods that are mistaken for each other.
_NEIGHBOURS = (
    ("min", "max"), ("minimum", "maximum"), ("fmin", "fmax"), ("nanmin", "nanmax"), ("amin", "amax"),
    ("argmin", "argmax"), ("any", "all"), ("exp", "expm1"), ("log", "log1p"), ("sin", "cos"), ("sinh", "cosh"),
    ("zeros", "ones"), ("zeros_like", "ones_like"), ("floor", "ceil"), ("mean", "median"), ("sum", "mean"),
    ("std", "var"), ("logical_and", "logical_or"), ("cumsum", "cumprod"), ("triu", "tril"),
)  # fmt: skip
_SWAPS = {a: tuple(y for x, y in (*_NEIGHBOURS, *((y, x) for x, y in _NEIGHBOURS)) if x == a)
          for pair in _NEIGHBOURS for a in pair}  # fmt: skip

# The form in the textbook, equal in exact numbers only. {0} and {1} are the arguments.
_TEXTBOOK = {
    "expm1": "{np}exp({0}) - 1",
    "log1p": "{np}log(1 + {0})",
    "logaddexp": "{np}log({np}exp({0}) + {np}exp({1}))",
    "hypot": "{np}sqrt({0} ** 2 + {1} ** 2)",
}

# Calls whose arguments have no part in the answer: another seed is another draw.
_QUIET = {"default_rng", "errstate"}

# Whole numbers from here on count networks, steps or points; nobody is off by one in these.
_LARGE = 100

# The order of their two arguments makes no difference.
_SYMMETRIC = {
    "min", "max", "minimum", "maximum", "fmin", "fmax", "hypot", "logaddexp", "add", "multiply", "logical_and",
    "logical_or", "array_equal", "gcd",
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A solution with one change.

    Attributes
    ----------
    line
        The changed line, stripped, as ``ast.unparse`` writes it; ``pass  # statement`` where a statement is left out.
    text
        The whole answer.
    """

    line: str
    text: str = field(repr=False)


def mutants(answer: str) -> tuple[Mutant, ...]:
    """Return all mutants of the solution in the text of an answer cell, in the order of its lines.

    Raises
    ------
    SyntaxError
        If the solution is not Python.
    """
    text, lines = solution(answer), _lines_of_solution(answer)
    tree = ast.parse(text)
    original = ast.unparse(tree)
    places = [place for place in _places(tree) if getattr(place[0], "lineno", 0) in lines]
    places.sort(key=lambda place: (place[0].lineno, place[0].col_offset))
    found: dict[str, Mutant] = {}
    for node, put in places:
        for other in _changes(node):
            put(other)
            changed = ast.unparse(ast.fix_missing_locations(tree))
            put(node)
            if changed != original and changed not in found:
                found[changed] = Mutant(_line(node, other, original, changed), changed)
    return tuple(found.values())


def _lines_of_solution(answer: str) -> set[int]:
    """Return the numbers of the lines of ``solution(answer)`` that stood between the marks."""
    numbers, inside, number = set(), False, 0
    for line in answer.split("\n"):
        if line.strip() in REGIONS["solution"]:
            inside = line.strip() == REGIONS["solution"][0]
        else:
            number += 1
            if inside:
                numbers.add(number)
    return numbers


def _places(tree: ast.AST) -> Iterator[tuple[ast.AST, object]]:
    """Yield each node with a function that puts another into its place."""
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if isinstance(value, ast.AST):
                value.parent = parent
                yield value, lambda other, parent=parent, name=name: setattr(parent, name, other)
            elif isinstance(value, list):
                for i, child in enumerate(value):
                    if isinstance(child, ast.AST):
                        child.parent = parent
                        yield child, lambda other, value=value, i=i: value.__setitem__(i, other)


def _line(node: ast.AST, other: ast.AST, original: str, changed: str) -> str:
    if isinstance(other, ast.Pass):
        first = ast.unparse(node).split("\n")[0]
        return f"pass  # {first}"
    before, after = original.split("\n"), changed.split("\n")
    return next(new.strip() for new, old in zip(after, before, strict=False) if new != old)


# --- What may stand in a node's place ---------------------------------------------------------------------------------


def _changes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what may stand in the place of a node."""
    if _is_axis(node):
        yield ast.Constant(0 if ast.unparse(node) != "0" else 1)  # -1 may be the same axis as 1
    elif isinstance(node, ast.BinOp):
        yield from _operators(node, _ARITHMETIC)
        # A term or a factor that was forgotten.
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div | ast.Pow):
            yield node.left
        if isinstance(node.op, ast.Add | ast.Mult):
            yield node.right
    elif isinstance(node, ast.AugAssign):
        yield from _operators(node, _ARITHMETIC)
        yield ast.Pass()
    elif isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            for other in _COMPARISONS[type(op)]:
                yield ast.Compare(node.left, [*node.ops[:i], other(), *node.ops[i + 1 :]], node.comparators)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values)
    elif isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.UAdd):
        yield node.operand
    elif isinstance(node, ast.Constant) and not _is_axis(node.parent):
        yield from _numbers(node)
    elif isinstance(node, ast.Call):
        yield from _calls(node)
    elif isinstance(node, ast.If | ast.While | ast.IfExp):
        yield from _conditions(node)
    elif isinstance(node, ast.Return):
        yield from _returns(node)
    elif isinstance(node, ast.Break):
        yield ast.Continue()
    elif isinstance(node, ast.Continue):
        yield ast.Break()
    if isinstance(node, ast.Assign | ast.If | ast.For | ast.While) or (
        isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)
    ):
        yield ast.Pass()  # a step that was left out


def _is_axis(node: ast.AST) -> bool:
    """Whether a node is the number of an axis: ``axis=0``, ``axis=-1``."""
    place = getattr(node, "parent", None)
    number = node.operand if isinstance(node, ast.UnaryOp) else node
    return isinstance(place, ast.keyword) and place.arg == "axis" and isinstance(number, ast.Constant)


def _is_no_answer(node: ast.AST, within: ast.AST) -> bool:
    """Whether an argument of a call has no part in what is computed: a seed, whether to warn, whether to raise."""
    if isinstance(within, ast.Call) and ast.unparse(within.func).split(".")[-1] in _QUIET:
        return True
    return isinstance(node, ast.keyword) and node.arg in ("seed", "strict")


def _operators(node: ast.BinOp | ast.AugAssign, operators: dict) -> Iterator[ast.AST]:
    for other in operators.get(type(node.op), ()):
        yield type(node)(**{**dict(ast.iter_fields(node)), "op": other()})


def _numbers(node: ast.Constant) -> Iterator[ast.AST]:
    """Yield the neighbours of a number and its negative; of a large whole one the half; the other truth value."""
    value = node.value
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif _is_no_answer(node.parent, node.parent):
        return
    elif isinstance(value, int) and abs(value) >= _LARGE:
        yield ast.Constant(value // 2)
    elif isinstance(value, int | float):
        others = [value + 1, value - 1, -value]
        # 1e300 + 1 is 1e300, and a sign in front is dropped in another place.
        negative = isinstance(node.parent, ast.UnaryOp)
        yield from (ast.Constant(other) for other in others[: 2 if negative else 3] if other != value)


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    f = node.func
    name = f.attr if isinstance(f, ast.Attribute) else f.id if isinstance(f, ast.Name) else ""
    for other in _SWAPS.get(name, ()):
        renamed = ast.Attribute(f.value, other, f.ctx) if isinstance(f, ast.Attribute) else ast.Name(other, f.ctx)
        yield ast.Call(renamed, node.args, node.keywords)
    if form := _TEXTBOOK.get(name):
        module = f"{ast.unparse(f.value)}." if isinstance(f, ast.Attribute) else ""
        args = [f"({ast.unparse(arg)})" for arg in node.args]
        if len(args) == 1 + ("{1}" in form):
            yield ast.parse(form.format(*args, np=module), mode="eval").body
    if name in ("abs", "absolute", "fabs") and len(node.args) == 1:
        yield node.args[0]
    plain = not any(isinstance(arg, ast.Starred) for arg in node.args)
    # Two arguments the wrong way round, of three (np.where, np.clip) the last two.
    if plain and len(node.args) in (2, 3) and name not in _SYMMETRIC:
        *first, a, b = node.args
        yield ast.Call(f, [*first, b, a], node.keywords)
    for i in range(len(node.keywords)):
        if _is_no_answer(node.keywords[i], node):
            continue
        yield ast.Call(f, node.args, [*node.keywords[:i], *node.keywords[i + 1 :]])


def _conditions(node: ast.If | ast.While | ast.IfExp) -> Iterator[ast.AST]:
    """Yield the statement with its condition negated, where that is no operator, which is turned elsewhere."""
    if not isinstance(node.test, ast.Compare | ast.UnaryOp | ast.Constant):
        yield type(node)(**{**dict(ast.iter_fields(node)), "test": ast.UnaryOp(ast.Not(), node.test)})


def _returns(node: ast.Return) -> Iterator[ast.AST]:
    """Yield the return of each other local; and none at all, where other statements follow."""
    function = node
    while not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        if not hasattr(function, "parent"):
            return
        function = function.parent
    names = [arg.arg for arg in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
    names += sorted(
        {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} - {*names}
    )
    for name in names:
        yield ast.Return(ast.Name(name, ast.Load()))
    if node.parent is not function:
        yield ast.Pass()
