"""What a check can expect of an answer, and the sentence that a student reads where it does not come.

A sentence names the input, what came out, and what was expected: the value at a point, or only its kind (a shape, a
sign, a bound). It never says how to get there.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np


class Missed(AssertionError):
    """An answer is not as it was expected; the message says in which way."""


def shown(value, digits: int = 6) -> str:
    """Return a value as it stands in a sentence: numbers with so many digits, a large array by its shape."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | np.integer):
        # A million digits would fill the page, and Python refuses to print more than 4300.
        return str(int(value)) if abs(int(value)) < 10**20 else f"an integer of {int(value).bit_length()} bits"
    if isinstance(value, float | np.floating):
        text = f"{float(value):.{digits}g}"
        return text if any(c in text for c in ".enai") else f"{text}.0"
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return shown(value[()], digits)
        if value.size > 6:
            return f"an array of shape {value.shape}"
        return shown(value.tolist(), digits)
    if isinstance(value, list | tuple):
        if len(value) > 6:
            return f"a {type(value).__name__} of length {len(value)}"
        left, right = "[]" if isinstance(value, list) else "()"
        return left + ", ".join(shown(v, digits) for v in value) + right
    if isinstance(value, dict):
        if len(value) > 6:
            return f"a dictionary of {len(value)} entries"
        return "{" + ", ".join(f"{shown(k)}: {shown(v, digits)}" for k, v in value.items()) + "}"
    if callable(value):
        return getattr(value, "name", None) or getattr(value, "__name__", type(value).__name__)
    if value is None or isinstance(value, str):
        return repr(value if value is None or len(value) <= 60 else f"{value[:57]}...")
    return f"an object of type {type(value).__name__}"


def called(f: Callable, args: tuple) -> str:
    """Return a call as text."""
    return f"{getattr(f, '__name__', 'the function')}({', '.join(map(shown, args))})"


def called_at(f: Callable, args: tuple, at: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """Return the call that an element of a result of this shape stands for, as text.

    Where one argument has the result's shape and the others are single numbers, it is the call with that element.
    """
    name, shapes = getattr(f, "__name__", "the function"), []
    for arg in args:
        try:
            shapes.append(np.shape(arg))
        except ValueError:  # a list of arrays of several shapes
            shapes.append(None)
    if at and shapes.count(shape) == 1 and all(s in (shape, ()) for s in shapes):
        args = tuple(np.asarray(arg)[at] if s == shape else arg for arg, s in zip(args, shapes, strict=True))
        return f"{name}({', '.join(map(shown, args))})"
    return f"{called(f, args)}{_place(at)}"


def _place(at: tuple[int, ...]) -> str:
    return f" at [{', '.join(map(str, at))}]" if at else ""


def told(error: BaseException) -> str:
    """Return an error as the name of its class and its message."""
    kind, text = type(error).__name__, str(error)
    return f"{kind}: {text}" if text else kind


def numbers(value, said: str) -> np.ndarray:
    """Return a value as an array of real numbers.

    Raises
    ------
    Missed
        If it is none.
    """
    if value is None:
        raise Missed(f"{said} None; expected a number or an array of numbers. Is something returned or assigned?")
    try:
        array = np.asarray(value)
    except Exception:  # an array-like of a student may fail in any way
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise Missed(f"{said} {shown(value)}; expected a number or an array of numbers")
    return array


class Expect:
    """What the tests of one check use; each method returns the value that it has looked at.

    Attributes
    ----------
    rng
        A random generator that depends on the check's name and on the secret of whoever grades: hidden inputs are
        drawn from it, so that a published source does not tell them.
    """

    def __init__(self, name: str, secret: int = 0):
        self.rng = np.random.default_rng([secret, *name.encode()])
        self.is_earned = False

    def earned(self) -> None:
        """Give the points of a check with hidden tests; the last line of the hidden tests."""
        self.is_earned = True

    def true(self, condition, otherwise: str) -> None:
        """Expect a condition; ``otherwise`` is the sentence if it does not hold."""
        if not condition:
            raise Missed(otherwise)

    @staticmethod
    def _call(f: Callable, args: tuple):
        try:
            return f(*args)
        except Missed:
            raise
        except (Exception, SystemExit) as error:
            raise Missed(f"{called(f, args)} stopped with {told(error)}") from error

    # --- Functions ----------------------------------------------------------------------------------------------------

    def value(self, f: Callable, *args, gives, rtol: float = 1e-6, atol: float = 0.0, kind: str | None = None):
        """Expect ``f(*args)`` to be ``gives``, in its shape too; ``kind`` replaces the value in the sentence.

        ``rtol`` is relative to ``gives``, ``atol`` absolute; nan is expected where ``gives`` is nan.
        """
        got = self._call(f, args)
        array, gives = numbers(got, f"{called(f, args)} gave"), np.asarray(gives)
        self._same_shape(array, gives.shape, called(f, args))
        with np.errstate(all="ignore"):
            wrong = ~np.isclose(array, gives, rtol=rtol, atol=atol, equal_nan=True)
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            call = called_at(f, args, at, gives.shape)
            self._differs(call, at, array[at], gives[at], kind)
        return got

    def shape(self, f: Callable, *args, gives: tuple[int, ...]):
        """Expect ``f(*args)`` to have a shape."""
        got = self._call(f, args)
        self._same_shape(numbers(got, f"{called(f, args)} gave"), tuple(gives), called(f, args))
        return got

    def finite(self, f: Callable, *args):
        """Expect no infinity and no nan in ``f(*args)``."""
        return self.between(f, *args, low=-np.inf, high=np.inf, kind="a finite number", open_ends=True)

    def between(self, f: Callable, *args, low, high, kind: str | None = None, open_ends: bool = False):
        """Expect every number of ``f(*args)`` in [low, high], or, with ``open_ends``, strictly between them."""
        got = self._call(f, args)
        array = numbers(got, f"{called(f, args)} gave")
        with np.errstate(all="ignore"):
            inside = (low < array) & (array < high) if open_ends else (low <= array) & (array <= high)
        if not np.all(inside):
            at = tuple(int(i) for i in np.argwhere(~np.asarray(inside))[0])
            call = called_at(f, args, at, array.shape)
            raise Missed(f"{call} gave {shown(array[at])}; expected {kind or _bounds(low, high, open_ends)}")
        return got

    def increasing(self, f: Callable, x, *args):
        """Expect ``f(x, *args)`` to rise strictly along ``x``, a rising array."""
        got = self._call(f, (x, *args))
        array = numbers(got, f"{called(f, (x, *args))} gave")
        self._same_shape(array, np.shape(x), called(f, (x, *args)))
        falls = ~(np.diff(array) > 0)
        if falls.any():
            i = int(np.argmax(falls))
            near = (
                f"between {shown(x[i])} and {shown(x[i + 1])} it goes from {shown(array[i])} to {shown(array[i + 1])}"
            )
            raise Missed(f"{getattr(f, '__name__', 'the function')} should rise everywhere, but {near}")
        return got

    def keeps(self, f: Callable, *args) -> None:
        """Expect ``f`` to leave the arrays and lists that it is given as they were; it is given copies."""
        given = copy.deepcopy(args)
        self._call(f, given)
        for before, after in zip(args, given, strict=True):
            if isinstance(before, np.ndarray | list) and not _same(before, after):
                raise Missed(f"{called(f, args)} changed the {type(before).__name__} that it was given")

    # --- Values -------------------------------------------------------------------------------------------------------

    def near(self, name: str, answer, gives, *, rtol: float = 1e-6, atol: float = 0.0, kind: str | None = None):
        """Expect the answer called ``name`` to be ``gives``, in its shape too."""
        array, gives = numbers(answer, f"{name} is"), np.asarray(gives)
        self._same_shape(array, gives.shape, name, verb="has")
        with np.errstate(all="ignore"):
            wrong = ~np.isclose(array, gives, rtol=rtol, atol=atol, equal_nan=True)
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            self._differs(f"{name}{_place(at)}", at, array[at], gives[at], kind, "is")
        return answer

    def number(self, name: str, answer, *, low: float = -np.inf, high: float = np.inf, integer: bool = False):
        """Expect one number in [low, high]: a test of the kind of an answer that tells nothing of its value."""
        array = numbers(answer, f"{name} is")
        kind = f"{'a whole number' if integer else 'a number'} {_range(low, high)}".rstrip()
        if array.shape != () or not low <= array <= high or (integer and array != np.round(array)):
            raise Missed(f"{name} is {shown(answer)}; expected {kind}")
        return answer

    def choice(self, name: str, answer, among: tuple):
        """Expect one of several texts: a test of the kind of an answer that tells nothing of its value."""
        if not isinstance(answer, str) or str(answer) not in among:  # also a text of numpy's, taken from an array
            raise Missed(f"{name} is {shown(answer)}; expected one of {', '.join(map(repr, among))}")
        return answer

    def equal(self, name: str, answer, gives, *, kind: str | None = None):
        """Expect plain data: texts, whole numbers, None, and lists, tuples and dictionaries of these.

        A list and a tuple of the same things count as the same.
        """
        if _plain(answer) != _plain(gives):
            raise Missed(f"{name} is {shown(answer)}; expected {kind or shown(gives)}")
        return answer

    # --- Sentences ----------------------------------------------------------------------------------------------------

    @staticmethod
    def _same_shape(array: np.ndarray, shape: tuple[int, ...], what: str, verb: str = "gave"):
        if array.shape != shape:
            kinds = [f"an array of shape {s}" if s else "a single number" for s in (array.shape, shape)]
            raise Missed(f"{what} {'is' if verb == 'has' else verb} {kinds[0]}; expected {kinds[1]}")

    @staticmethod
    def _differs(what: str, at: tuple, got, gives, kind: str | None, verb: str = "gave"):
        # Six digits can hide the difference.
        digits = 6 if shown(got) != shown(gives) else 17
        expected = f"expected {kind}" if kind else f"the value there is {shown(gives, digits)}"
        if verb == "is" and not kind:
            expected = f"expected {shown(gives, digits)}"
        raise Missed(f"{what} {verb} {shown(got, digits)}; {expected}")


def _same(one, other) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.tobytes() == other.tobytes()
    return len(one) == len(other) and all(
        _same(a, b) if isinstance(a, np.ndarray | list) else a is b or a == b for a, b in zip(one, other, strict=True)
    )


def _plain(value):
    """Return plain data with tuples as lists and numpy's scalars and arrays as Python's."""
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    if value is None or type(value) in (str, int, float, complex):
        return value
    # True equals 1 in Python; as an answer it is something else. An object may say that it equals anything.
    return type(value).__name__, value if type(value) is bool else id(value)


def _range(low: float, high: float) -> str:
    ends = (low > -np.inf, high < np.inf)
    return {(True, True): f"from {shown(low)} to {shown(high)}", (True, False): f"of at least {shown(low)}"}.get(
        ends, f"of at most {shown(high)}" if ends[1] else ""
    )


def _bounds(low, high, open_ends: bool) -> str:
    if np.ndim(low) or np.ndim(high):
        return "another value there"
    return f"a number between {shown(low)} and {shown(high)}" if open_ends else f"a number {_range(low, high)}".rstrip()
