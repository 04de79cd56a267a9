"""Plain data between the grader and the process of a learner: JSON and the raw bytes of arrays, never pickle.

A value is packed into a tree of JSON and a list of buffers. In the tree a list is always a tag and what it needs, so
that a tuple stays a tuple and float32 stays float32. What is no plain data (an object, a generator, a figure) crosses
as the name of its type alone. Whatever arrives is checked before anything is built of it: the learner may have written
the bytes.
"""

from __future__ import annotations

import json
import math
import re
import struct
from array import array
from collections import deque
from collections.abc import Callable, Sized
from typing import Any

import numpy as np

from actlab.core import Activation, get

_HEAD = struct.Struct(">QQ")  # lengths of the JSON and of the buffers behind it, in bytes

DEEPEST = 50
MOST_PARTS = 300_000
MOST_KEYS = 10_000  # of all sets and dictionaries: whoever knows how keys are hashed can make each meet all others
LARGEST_JSON = 8 << 20
LARGEST_BUFFERS = 128 << 20
MOST_DIGITS = 4096  # of an integer, in hexadecimal

_DTYPE = re.compile(r"[<>|=](?:b1|[iu][1248]|f(?:2|4|8|12|16)|c(?:8|16|24|32)|[mM]8(?:\[\d{0,4}[A-Za-z]{1,2}\])?)")


class WireError(ValueError):
    """A value cannot cross, or what arrived is no message."""


class Opaque:
    """Stands for a value that is no plain data; its class has the name of that value's class."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"


def identifier(name: Any, otherwise: str) -> str:
    """Return ``name`` if it is the short name of a class, else ``otherwise``: learners choose such names."""
    return name if isinstance(name, str) and re.fullmatch(r"[A-Za-z_]\w{0,79}", name, re.ASCII) else otherwise


def opaque(name: Any) -> Opaque:
    """Return a value of a new class called ``name``."""
    return type(identifier(name, "object"), (Opaque,), {})()


# --- What both sides know by name -------------------------------------------------------------------------------------


def refer(value: Any) -> list | None:
    """Name a registered activation, a function of numpy or a random generator as it now is; None for all else."""
    if isinstance(value, Activation):
        return ["activation", value.name, {key: float(item) for key, item in value.values.items()}]
    if isinstance(value, np.ufunc) and getattr(np, value.__name__, None) is value:
        return ["ufunc", value.__name__]
    if isinstance(value, np.random.Generator) and type(value.bit_generator) is np.random.PCG64:
        state = value.bit_generator.state
        numbers = [f"{state['state'][key]:x}" for key in ("state", "inc")]
        return ["generator", numbers, state["has_uint32"], state["uinteger"]]
    return None


def known(reference: list, answers: Callable[[str], Any] | None = None) -> Any:
    """Return what a reference names; ``answers`` returns an answer by its name, where there are any.

    Raises
    ------
    WireError
        If it names nothing that is known.
    """
    match reference:
        case ["activation", str(name), dict(values)] if all(type(value) is float for value in values.values()):
            return get(name).with_params(**values) if values else get(name)
        case ["ufunc", str(name)] if isinstance(getattr(np, name, None), np.ufunc):
            return getattr(np, name)
        case ["generator", [str(state), str(increment)], int(has), int(kept)]:
            generator = np.random.Generator(np.random.PCG64())
            numbers = {"state": int(state, 16), "inc": int(increment, 16)}
            state = {"bit_generator": "PCG64", "state": numbers, "has_uint32": has, "uinteger": kept}
            generator.bit_generator.state = state
            return generator
        case ["answer", str(name)] if answers is not None:
            return answers(name)
    raise WireError("a reference to nothing that is known")


# --- Values -----------------------------------------------------------------------------------------------------------


class Packer:
    """Packs values into trees that share one list of buffers.

    Parameters
    ----------
    refer
        Returns, for something that both sides know by name, a list of texts and numbers; None for all else.
    """

    def __init__(self, refer: Callable[[Any], list | None] = refer):
        self.buffers: list[bytes] = []
        self._refer = refer
        self._parts = self._keys = self._bytes = 0

    def pack(self, value: Any, depth: int = 0) -> Any:
        """Return the tree of a value.

        Raises
        ------
        WireError
            If it is too large or nested too deeply.
        """
        self._parts += 1
        if self._parts > MOST_PARTS:
            raise WireError(f"a value of more than {MOST_PARTS} parts is too large; an array of numbers can be larger")
        if depth > DEEPEST:
            raise WireError(f"a value nested more than {DEEPEST} deep")
        if value is None or type(value) in (bool, float, str):
            return value
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, np.str_):
            return ["text", str.__str__(value)]
        if isinstance(value, np.generic):
            tree = self._array(np.asarray(value))
            return ["scalar", *tree[1:-1]] if tree[0] == "array" else tree
        # A subclass crosses as what it is made of, by the methods of the built-in class: it may have replaced its own.
        if isinstance(value, range) and not value[MOST_PARTS:]:
            return ["range", [self.pack(number) for number in (value.start, value.stop, value.step)]]
        if isinstance(value, array | memoryview | bytearray):
            return self._array(np.asarray(value))
        if isinstance(value, int):
            return _int(int.__int__(value))
        if isinstance(value, float):
            return float.__float__(value)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, complex):
            return ["complex", value.real, value.imag]
        if isinstance(value, bytes):
            return ["bytes", self._buffer(bytes.__getitem__(value, slice(None)))]
        for kind in (list, tuple, set, frozenset, deque):
            if isinstance(value, kind):
                self._count_keys(value if kind in (set, frozenset) else ())
                return [kind.__name__, [self.pack(part, depth + 1) for part in kind.__iter__(value)]]
        if isinstance(value, dict):
            self._count_keys(value)
            pairs = dict.items(value)
            return ["dict", [[self.pack(key, depth + 1), self.pack(part, depth + 1)] for key, part in pairs]]
        reference = self._refer(value)
        if reference is not None:
            return ["known", *reference]
        # Tensors and data frames know how to become arrays. A masked array gives up its mask as in np.asarray.
        if not isinstance(value, type) and hasattr(type(value), "__array__"):
            return self._array(np.asarray(value))
        return ["opaque", identifier(type(value).__name__, "object")]

    def _array(self, value: np.ndarray) -> list:
        value = np.asarray(value)
        if value.dtype.kind == "U":
            return ["texts", list(value.shape), value.ravel().tolist()]
        if not _DTYPE.fullmatch(value.dtype.str):
            return ["opaque", "ndarray"]
        writeable = bool(value.flags.writeable)
        return ["array", value.dtype.str, list(value.shape), self._buffer(value.tobytes()), writeable]

    def _count_keys(self, keys: Sized) -> None:
        self._keys += len(keys)
        if self._keys > MOST_KEYS:
            raise WireError(f"sets and dictionaries of more than {MOST_KEYS} keys are too large")

    def _buffer(self, content: bytes) -> int:
        self._bytes += len(content)
        if self._bytes > LARGEST_BUFFERS:
            raise WireError(f"arrays of more than {LARGEST_BUFFERS >> 20} MB are too large")
        self.buffers.append(content)
        return len(self.buffers) - 1


class Unpacker:
    """Builds values of trees and buffers that somebody else has made.

    Parameters
    ----------
    buffers
        What arrived with the tree.
    answers
        Returns an answer by its name; None where there are none.
    """

    def __init__(self, buffers: list[bytes], answers: Callable[[str], Any] | None = None):
        self._buffers = buffers
        self._answers = answers
        self._keys = 0

    def unpack(self, tree: Any) -> Any:
        """Return the value of a tree.

        Raises
        ------
        WireError
            If the tree is not as ``Packer`` makes it.
        """
        try:
            return self._value(tree, 0)
        except WireError:
            raise
        # Any other tree fails on the way in one of a dozen manners.
        except Exception as error:
            raise WireError(f"no value: {type(error).__name__}") from None

    def _value(self, tree: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise WireError(f"a value nested more than {DEEPEST} deep")
        if tree is None or isinstance(tree, bool | int | float | str):
            return tree
        if not isinstance(tree, list):
            raise WireError(f"no value: {type(tree).__name__}")
        tag, *rest = tree
        match tag, rest:
            case (("list" | "tuple" | "deque" | "set" | "frozenset"), [list(parts)]):
                kinds = {"list": list, "tuple": tuple, "deque": deque, "set": set, "frozenset": frozenset}
                kind = kinds[tag]
                if kind in (set, frozenset):
                    self._count_keys(parts)
                return kind(self._value(part, depth + 1) for part in parts)
            case "range", [list(numbers)]:
                value = range(*(self._value(number, depth + 1) for number in numbers))
                if value[MOST_PARTS:]:  # as an array it would fill the memory
                    raise WireError("a range that is too long")
                return value
            case "text", [str(text)]:
                return np.str_(text)
            case "dict", [list(pairs)]:
                self._count_keys(pairs)
                return {self._value(key, depth + 1): self._value(part, depth + 1) for key, part in pairs}
            case "int", [str(digits)] if len(digits) <= MOST_DIGITS:
                return int(digits, 16)
            case "complex", [float(real), float(imaginary)]:
                return complex(real, imaginary)
            case "bytes", [int(index)]:
                return self._buffers[index]
            case "array", [dtype, shape, int(index), bool(writeable)]:
                array = self._array(dtype, shape, index)
                array.flags.writeable = writeable
                return array
            case "scalar", [dtype, [], int(index)]:
                return self._array(dtype, [], index)[()]
            case "texts", [list(shape), list(texts)] if all(type(text) is str for text in texts):
                longest = max(map(len, texts), default=1)
                if longest * len(texts) * 4 > LARGEST_BUFFERS:
                    raise WireError("an array of texts that is too large")
                return np.array(texts, dtype=f"U{max(longest, 1)}").reshape(_shape(shape))
            case "opaque", [str(name)]:
                return opaque(name)
            case "known", [*_]:
                return known(rest, self._answers)
        raise WireError(f"no value: {str(tag)[:40]!r}")

    def _count_keys(self, keys: list) -> None:
        self._keys += len(keys)
        if self._keys > MOST_KEYS:
            raise WireError(f"sets and dictionaries of more than {MOST_KEYS} keys are too large")

    def _array(self, dtype: Any, shape: Any, index: int) -> np.ndarray:
        if not (isinstance(dtype, str) and _DTYPE.fullmatch(dtype)):
            raise WireError("an array of an unknown dtype")
        content, dtype, shape = self._buffers[index], np.dtype(dtype), _shape(shape)
        if len(content) != dtype.itemsize * math.prod(shape):
            raise WireError("an array whose bytes do not fill its shape")
        if dtype.kind == "b":  # a byte other than 0 and 1 is no truth value
            return (np.frombuffer(content, np.uint8) != 0).reshape(shape)
        return np.frombuffer(content, dtype).reshape(shape).copy()


def _shape(shape: Any) -> tuple[int, ...]:
    if not (isinstance(shape, list) and len(shape) <= 32 and all(type(n) is int and 0 <= n < 1 << 40 for n in shape)):
        raise WireError("an array of no shape")
    return tuple(shape)


def _int(value: int) -> Any:
    if -(1 << 63) <= value < 1 << 63:
        return value
    if value.bit_length() > 4 * (MOST_DIGITS - 1):
        raise WireError(f"an integer of {value.bit_length()} bits is too large")
    return ["int", f"{value:x}"]


# --- Messages ---------------------------------------------------------------------------------------------------------


def frame(message: dict, buffers: list[bytes] | tuple[()] = ()) -> bytes:
    """Return a message as bytes; its JSON may hold trees whose buffers are given.

    Raises
    ------
    WireError
        If it is too large.
    """
    text = json.dumps([message, [len(content) for content in buffers]]).encode("ascii")
    if len(text) > LARGEST_JSON:
        raise WireError(f"more than {LARGEST_JSON >> 20} MB of text and lists is too large")
    payload = b"".join(buffers)
    return b"".join([_HEAD.pack(len(text), len(payload)), text, payload])


class Reader:
    """Puts messages together from the bytes that arrive."""

    def __init__(self) -> None:
        self._arrived = bytearray()

    def feed(self, content: bytes) -> None:
        """Add what has arrived."""
        self._arrived += content

    def take(self) -> tuple[dict, list[bytes]] | None:
        """Return the next message and its buffers, or None while it is not there wholly.

        Raises
        ------
        WireError
            If the bytes are no message, or one that is too large.
        """
        if len(self._arrived) < _HEAD.size:
            return None
        size, payload = _HEAD.unpack_from(self._arrived)
        if size > LARGEST_JSON or payload > LARGEST_BUFFERS:
            raise WireError("a message that is too large")
        end = _HEAD.size + size + payload
        if len(self._arrived) < end:
            return None
        text, rest = bytes(self._arrived[_HEAD.size : _HEAD.size + size]), bytes(self._arrived[end - payload : end])
        del self._arrived[:end]
        try:
            message, lengths = json.loads(text)
        except (ValueError, TypeError, RecursionError):
            raise WireError("a message that is no JSON of ours") from None
        if not (isinstance(message, dict) and isinstance(lengths, list)):
            raise WireError("a message that is no JSON of ours")
        if not all(type(n) is int and n >= 0 for n in lengths) or sum(lengths) != payload:
            raise WireError("a message whose buffers do not fit")
        buffers, start = [], 0
        for n in lengths:
            buffers.append(rest[start : start + n])
            start += n
        return message, buffers
