"""The grader's end of a learner's process: run a cell, fetch a name, call a function, each within its limit.

A process that ends, whatever ended it, is started anew, and the cells that have run are replayed. Nothing that a
learner does raises anything here but ``Missed``, with a sentence, or what a called function has raised.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from actlab.grading.expectations import Missed
from actlab.grading.host import Host
from actlab.grading.limits import Limits
from actlab.grading.process import Ended, Process
from actlab.grading.wire import Packer, Unpacker, WireError, identifier, refer

_LOG = re.compile(r"^(?:[IWEF]\d{4} \d\d:\d\d:\d+\.\d+ .*|WARNING: All log messages before absl.*)\n?", re.MULTILINE)


@dataclass(frozen=True)
class Ran:
    """What came of a cell: what it printed, and its error in one line, empty where there is none."""

    output: str
    error: str


class AnswerError(Exception):
    """What a learner's function has raised; its class has the name of that class, and its built-in parents."""

    def __str__(self) -> str:
        return self.args[0]


class Absent(LookupError):
    """A name is not there."""


class Function:
    """A learner's function, called in the learner's process with plain data."""

    def __init__(self, session: Session, name: str):
        self.__name__ = name
        self._session = session

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        """Return what the learner's function returns; arguments that it changes are changed."""
        return self._session.call(self.__name__, arguments, keywords)

    def __repr__(self) -> str:
        return f"<answer {self.__name__}>"


class Session:
    """The process of one learner, from the first cell to the last; a context that leaves nothing behind.

    ``host`` is what forks the process, and is left as it is; without one the session starts its own.

    Raises
    ------
    RuntimeError
        If the sandbox cannot be set up, which is no learner's doing.
    """

    def __init__(self, limits: Limits | None = None, host: Host | None = None):
        self.limits = limits or Limits()
        self.notes: list[str] = []
        self._cells: list[tuple[str, str, int, bool]] = []  # id, text, number, whether it had to be stopped
        self._number = 0
        self._until = time.monotonic() + self.limits.total
        self._test_until = float("inf")
        self._own_host = None if host else Host(self.limits)
        self._process = Process(self.limits, host or self._own_host)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- What the grader asks -----------------------------------------------------------------------------------------

    def run(self, id: str, text: str) -> Ran:
        """Run a cell; ``id`` is what notes call it."""
        self._number += 1
        self._process.printed.clear()
        try:
            for request in _requests(text, self._number):
                came, late = self._ask(request, self.limits.cell)
                if request["do"] == "run":
                    answer, stopped = came, late
        except (Missed, WireError) as missed:  # no time is left, or the cell is as large as a library
            return Ran(self._text(), str(missed))
        except Ended as ended:
            self._note(f"{id}: the process {ended} while this cell ran; the cell is left out")
            return Ran(self._text(), f"The process {ended}.")
        self._cells.append((id, text, self._number, stopped))
        if stopped:
            self._note(f"{id}: stopped after {self.limits.cell:g} s")
            return Ran(self._text(), f"Stopped after {self.limits.cell:g} s.")
        error = ""
        if "error" in answer:
            kinds, said = _error_of(answer)
            error = self.clean(f"{kinds[0]}: {said}" if said else kinds[0])
        return Ran(self._text(), error)

    def fetch(self, name: str) -> Any:
        """Return the value of a name as plain data, a function as a ``Function``.

        Raises
        ------
        Absent
            If there is none of this name.
        Missed
            If it cannot cross, or time is up.
        """
        try:
            answer, stopped = self._ask({"do": "fetch", "name": name}, self.limits.call)
        except Ended as ended:
            raise Missed(f"the process {ended} while {name} was read") from None
        if stopped:
            raise Missed(f"reading {name} took more than {self.limits.call:g} s")
        if "absent" in answer:
            raise Absent(name)
        if "function" in answer:
            return Function(self, name)
        return self._value(answer, name)

    def call(self, name: str, arguments: tuple, keywords: dict[str, Any]) -> Any:
        """Call a function of the learner.

        Raises
        ------
        Missed
            If it takes too long or ends the process.
        AnswerError
            If it raises.
        TypeError
            If an argument cannot cross, which is the test's mistake.
        """
        packer = Packer(lambda value: ["answer", value.__name__] if isinstance(value, Function) else refer(value))
        trees = [packer.pack(value) for value in arguments]
        named = {key: packer.pack(value) for key, value in keywords.items()}
        for tree, value in zip([*trees, *named.values()], [*arguments, *keywords.values()], strict=True):
            if isinstance(tree, list) and tree[0] == "opaque":
                raise TypeError(f"{name}: no learner's function can be given {value!r}: only plain data crosses")
        request = {"do": "call", "name": name, "arguments": trees, "keywords": named}
        try:
            answer, stopped = self._ask(request, self.limits.call, packer.buffers)
        except Ended as ended:
            self._note(f"{name}: the process {ended} in a call")
            raise Missed(f"{name}: the process {ended} in a call") from None
        if stopped:
            self._check_time()
            self._note(f"{name}: a call was stopped after {self.limits.call:g} s")
            raise Missed(f"{name}: a call took more than {self.limits.call:g} s")
        result = self._value(answer, f"what {name} returns")
        self._copy_back(answer, [*arguments, *keywords.values()], name)
        return result

    @contextmanager
    def testing(self) -> Iterator[None]:
        """Limit the time of a test."""
        self._test_until = time.monotonic() + self.limits.test
        try:
            yield
        finally:
            self._test_until = float("inf")

    def clean(self, text: str) -> str:
        """Return a text without what differs between two runs: the learner's folder, addresses, TensorFlow's log."""
        text = re.sub(re.escape(str(self._process.folder)) + r"(/\d+)?", "~", text)
        text = _LOG.sub("", text)
        text = re.sub(r"\b0x[0-9a-fA-F]{6,}", "0x...", text)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)

    def close(self) -> None:
        """End the learner's process with all that it has started, and remove its folder."""
        try:
            self._process.close()
        finally:
            if self._own_host:
                self._own_host.close()

    # --- Answers ------------------------------------------------------------------------------------------------------

    def _value(self, answer: dict, what: str) -> Any:
        if "error" in answer:
            kinds, text = _error_of(answer)
            raise _error(kinds, self.clean(text))
        try:
            return Unpacker(answer["buffers"], lambda name: Function(self, name)).unpack(answer["value"])
        except (WireError, KeyError) as error:
            raise Missed(f"{what} is no plain data: {error}") from None

    def _copy_back(self, answer: dict, given: list, name: str) -> None:
        unpacker = Unpacker(answer["buffers"], lambda name: Function(self, name))
        try:
            for number, tree in answer["changed"]:
                value, new = given[number], unpacker.unpack(tree)
                match value, new:
                    case np.ndarray(), np.ndarray() if value.shape == new.shape and value.flags.writeable:
                        value[...] = new
                    case list(), list():
                        value[:] = new
                    case (dict(), dict()) | (set(), set()):
                        value.clear()
                        value.update(new)
                    case np.random.Generator(), np.random.Generator():
                        value.bit_generator.state = new.bit_generator.state
                    case _:
                        raise WireError("an argument has become something else")
        except Exception:  # written by a learner: wrong in any way
            raise Missed(f"{name} changes an argument into something that it cannot be") from None

    def _text(self) -> str:
        kept = bytes(self._process.printed[: self.limits.output]).decode("utf-8", "replace")
        return self.clean(kept) + (
            "\n[the rest is not kept]" if len(self._process.printed) > self.limits.output else ""
        )

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    # --- One request --------------------------------------------------------------------------------------------------

    def _ask(self, request: dict, seconds: float, buffers: list[bytes] | tuple = ()) -> tuple[dict, bool]:
        """Return the answer, and whether the learner's code had to be interrupted first."""
        self._check_time()
        if not self._process.is_alive:
            self._replay()
            self._check_time()
        seconds = min(seconds, self._until - time.monotonic(), self._test_until - time.monotonic())
        self._process.keeping = request["do"] in ("load", "run")
        try:
            return self._process.ask(request, seconds, buffers)
        finally:
            self._process.keeping = False

    def _check_time(self) -> None:
        now = time.monotonic()
        if now >= self._until:
            self._note(f"the {self.limits.total:g} s for a whole submission were used up")
            raise Missed(f"the {self.limits.total:g} s for the whole notebook are used up")
        if now >= self._test_until:
            raise Missed(f"this test took more than {self.limits.test:g} s")

    def _replay(self) -> None:
        """Start a process and replay the cells that have run; one that cannot be replayed is left out."""
        while True:
            self._process.start()
            for cell in list(self._cells):
                id, text, number, stopped = cell
                self._check_time()
                seconds = min(self.limits.call if stopped else self.limits.cell, self._until - time.monotonic())
                try:
                    for request in _requests(text, number):
                        self._process.ask(request, seconds)
                except Ended as ended:
                    self._note(f"{id}: the process {ended} when this cell ran again; the cell is left out")
                    self._cells.remove(cell)
                    break
            else:
                return


def _requests(text: str, number: int) -> list[dict]:
    """Return what is asked for a cell to be run."""
    run = {"do": "run", "text": text, "number": number}
    if "import" not in text:
        return [run]
    return [{"do": "load", "text": text, "inner": False}, run, {"do": "load", "text": text, "inner": True}]


def _error_of(answer: dict) -> tuple[list[str], str]:
    """Return the classes and the message of an error, of whatever the learner's process has sent."""
    error = answer["error"] if isinstance(answer["error"], dict) else {}
    kinds, text = error.get("kinds"), error.get("text")
    kinds = [identifier(kind, "Exception") for kind in kinds[:10]] if isinstance(kinds, list) else []
    return kinds or ["Exception"], text[:500] if isinstance(text, str) else ""


# Parents that a test may wait for, by the names that cross.
_PARENTS = {
    kind.__name__: kind
    for kind in (
        ZeroDivisionError, OverflowError, FloatingPointError, ArithmeticError, IndexError, KeyError, LookupError,
        NotImplementedError, RecursionError, RuntimeError, ValueError, TypeError, AttributeError, MemoryError,
    )
}  # fmt: skip


def _error(kinds: list[str], text: str) -> AnswerError:
    parent = next((_PARENTS[kind] for kind in kinds if kind in _PARENTS), None)
    return type(kinds[0], (AnswerError, parent) if parent else (AnswerError,), {})(text)
