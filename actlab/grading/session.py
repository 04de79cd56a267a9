"""The grader's end of a learner's process: run a cell, fetch a name, call a function, each within its limit.

A process that ends, whatever ended it, is started anew, and the cells that have run are replayed. Nothing that a
learner does raises anything here but ``Missed``, with a sentence, or what a called function has raised.
"""

from __future__ import annotations

import os
import re
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

import actlab
from actlab.grading import supervisor
from actlab.grading.expectations import Missed
from actlab.grading.sandbox import protections
from actlab.grading.wire import Packer, Reader, Unpacker, WireError, frame, identifier, refer

_GRACE = 2.0  # seconds that an interrupted cell or call has to stop
_PATIENCE = 60.0  # seconds that the supervisor has, which is ours and answers


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Attributes
    ----------
    cell, call, test, total
        Seconds for a cell, for one call of a function, for one test, for the whole submission.
    memory
        Address space of each process, in bytes.
    output
        Bytes kept of what a cell prints.
    submission
        Bytes of the submitted file.
    file_size
        Bytes of the largest file that a cell writes.
    files
        Open files of a process.
    processes
        Processes and threads.
    """

    cell: float = 30.0
    call: float = 5.0
    test: float = 20.0
    total: float = 300.0
    memory: int = 8 << 30
    output: int = 100_000
    submission: int = 64 << 20
    file_size: int = 256 << 20
    files: int = 256
    processes: int = 256

    def __post_init__(self) -> None:
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            whole = name not in ("cell", "call", "test", "total")
            kinds = int | np.integer if whole else int | float | np.integer | np.floating
            if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < float("inf"):
                unit = "a positive whole number" if whole else "a positive number of seconds"
                raise ValueError(f"{name} must be {unit}; got {value!r}")


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


class _Ended(Exception):
    """The learner's process is gone; the message says why, as the end of a sentence."""


class Session:
    """The process of one learner, from the first cell to the last; a context that leaves nothing behind.

    Raises
    ------
    RuntimeError
        If the sandbox cannot be set up, which is no learner's doing.
    """

    def __init__(self, limits: Limits | None = None):
        self.limits = limits or Limits()
        self.notes: list[str] = []
        self._cells: list[tuple[str, str, int, bool]] = []  # id, text, number, whether it had to be stopped
        self._number = 0
        self._request = 0
        self._channel: socket.socket | None = None
        self._output = -1
        self._printed = bytearray()
        self._in_calls = False
        self._until = time.monotonic() + self.limits.total
        self._test_until = float("inf")
        self._folders = Path(tempfile.mkdtemp(prefix="actlab-grading-")).resolve()
        try:
            self._folders.chmod(0o711)  # what is in it may belong to the learner's own user
            self._start_supervisor()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- What the grader asks -----------------------------------------------------------------------------------------

    def run(self, id: str, text: str) -> Ran:
        """Run a cell; ``id`` is what notes call it."""
        self._number += 1
        self._printed.clear()
        try:
            answer, stopped = self._ask({"do": "run", "text": text, "number": self._number}, self.limits.cell)
        except Missed as missed:
            return Ran(self._text(), str(missed))
        except _Ended as ended:
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
        except _Ended as ended:
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
        except _Ended as ended:
            self._note(f"{name}: the process {ended} in a call")
            raise Missed(f"{name}: the process {ended} in a call") from None
        if stopped:
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
        """Return a text without what differs between two runs: the learner's folder, addresses of objects."""
        text = re.sub(re.escape(str(self._folders)) + r"(/\d+)?", "~", text)
        text = re.sub(r"\b0x[0-9a-fA-F]{6,}", "0x...", text)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)

    def close(self) -> None:
        """End the learner's process with all that it has started, and remove its folder."""
        self._disconnect()
        if getattr(self, "_control", None) is not None:
            self._control.close()
        if (process := getattr(self, "_process", None)) is not None:
            try:
                process.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stderr.close()
        _remove(self._folders)

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
        kept = bytes(self._printed[: self.limits.output]).decode("utf-8", "replace")
        return self.clean(kept) + ("\n[the rest is not kept]" if len(self._printed) > self.limits.output else "")

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    # --- One request --------------------------------------------------------------------------------------------------

    def _ask(self, request: dict, seconds: float, buffers: list[bytes] | tuple = ()) -> tuple[dict, bool]:
        """Return the answer, and whether the learner's code had to be interrupted first."""
        self._check_time()
        if self._channel is None:
            self._restart()
        self._check_time()
        seconds = min(seconds, self._until - time.monotonic(), self._test_until - time.monotonic())
        return self._exchange(request, seconds, buffers)

    def _check_time(self) -> None:
        now = time.monotonic()
        if now >= self._until:
            self._note(f"the {self.limits.total:g} s for a whole submission were used up")
            raise Missed(f"the {self.limits.total:g} s for the whole notebook are used up")
        if now >= self._test_until:
            raise Missed(f"this test took more than {self.limits.test:g} s")

    def _exchange(self, request: dict, seconds: float, buffers: list[bytes] | tuple = ()) -> tuple[dict, bool]:
        self._request += 1
        wanted = self._request
        unsent = memoryview(frame({"id": wanted, **request}, buffers))
        self._in_calls = request["do"] != "run"
        end, interrupted = time.monotonic() + max(seconds, 0.0), False
        selector = selectors.DefaultSelector()
        selector.register(self._output, selectors.EVENT_READ)
        selector.register(self._channel, selectors.EVENT_READ | selectors.EVENT_WRITE)
        with selector:
            while True:
                events = {key.fileobj: mask for key, mask in selector.select(max(end - time.monotonic(), 0.0))}
                if self._output in events and not self._read_output():
                    selector.unregister(self._output)
                mask = events.get(self._channel, 0)
                try:
                    if mask & selectors.EVENT_WRITE:
                        unsent = unsent[self._channel.send(unsent) :]
                        if not unsent:
                            selector.modify(self._channel, selectors.EVENT_READ)
                    if mask & selectors.EVENT_READ:
                        content = self._channel.recv(1 << 20)
                        if not content:
                            self._end()
                        self._reader.feed(content)
                        if (answer := self._answer(wanted)) is not None:
                            self._drain()
                            return answer, interrupted
                except (BlockingIOError, InterruptedError):
                    pass
                except (OSError, WireError):
                    self._end()
                if time.monotonic() >= end:
                    if interrupted:
                        self._end("did not stop in time")
                    self._tell(supervisor.INTERRUPT)
                    end, interrupted = time.monotonic() + _GRACE, True

    def _answer(self, wanted: int) -> dict | None:
        while (arrived := self._reader.take()) is not None:
            message, buffers = arrived
            if message.get("id") == wanted:  # others are late, or written by the learner
                return {**message, "buffers": buffers}
        return None

    def _read_output(self) -> bool:
        try:
            content = os.read(self._output, 1 << 20)
        except BlockingIOError:
            return True
        room = self.limits.output + 1 - len(self._printed)
        if room > 0 and not self._in_calls:
            self._printed += content[:room]
        return bool(content)

    def _drain(self) -> None:
        """Read what had been printed before the answer; a pipe holds no more than this."""
        for _ in range(64):
            try:
                content = os.read(self._output, 1 << 16)
            except BlockingIOError:
                return
            if not content:
                return
            room = self.limits.output + 1 - len(self._printed)
            if room > 0 and not self._in_calls:
                self._printed += content[:room]

    # --- The process --------------------------------------------------------------------------------------------------

    def _start_supervisor(self) -> None:
        self._control, theirs = socket.socketpair()
        held = {name: getattr(self.limits, name) for name in ("memory", "processes", "files", "file_size")}
        # Processor time is a last resort, should the supervisor be gone.
        held["seconds"] = int(self.limits.total * (os.cpu_count() or 1)) + 60
        command = [sys.executable, "-P", "-m", "actlab.grading.supervisor", str(theirs.fileno()), _json(held)]
        with theirs:
            self._process = subprocess.Popen(
                command,
                cwd=self._folders,
                env=_environment(self._folders),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        self._control.settimeout(_PATIENCE)
        self._folder_number = 0
        if self._hear(1) != supervisor.READY:
            raise RuntimeError("the supervisor of a learner's process does not start")

    def _restart(self) -> None:
        """Start a process and replay the cells that have run; one that cannot be replayed is left out."""
        while True:
            self._connect()
            for cell in list(self._cells):
                id, text, number, stopped = cell
                self._check_time()
                seconds = min(self.limits.call if stopped else self.limits.cell, self._until - time.monotonic())
                try:
                    self._exchange({"do": "run", "text": text, "number": number}, seconds)
                except _Ended as ended:
                    self._note(f"{id}: the process {ended} when this cell ran again; the cell is left out")
                    self._cells.remove(cell)
                    break
            else:
                return

    def _connect(self) -> None:
        self._folder_number += 1
        folder = self._folders / str(self._folder_number)
        folder.mkdir()
        _seed_caches(folder)
        self._channel, theirs = socket.socketpair()
        self._output, writing = os.pipe()
        os.set_blocking(self._output, False)
        self._channel.setblocking(False)
        self._reader = Reader()
        path = os.fsencode(folder)
        with theirs:
            self._tell(supervisor.START, [theirs.fileno(), writing])
            self._control.sendall(supervisor.LENGTH.pack(len(path)) + path)
        os.close(writing)
        # Before it is ready, the process runs nothing of the learner's.
        end = time.monotonic() + _PATIENCE
        while (arrived := self._reader.take()) is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._channel, selectors.EVENT_READ)
                ready = selector.select(max(end - time.monotonic(), 0.0))
            content = self._channel.recv(1 << 16) if ready else b""
            if not content:
                said = _last_line(self._output)
                raise RuntimeError(f"a learner's process cannot be set up here: {said}")
            self._reader.feed(content)
        assert arrived[0] == {"ready": True}

    def _end(self, why: str | None = None) -> None:
        """End the process, and raise ``_Ended``, which says how it has ended."""
        self._tell(supervisor.END)
        word = self._hear(1)
        (status,) = supervisor.STATUS.unpack(self._hear(supervisor.STATUS.size))
        self._drain()
        self._disconnect()
        if word != supervisor.ENDED:
            self._note("some process that the submission has started could not be ended")
        if why is None:
            why = "ended" if status >= 0 else f"was ended by signal {-status}"
        raise _Ended(why)

    def _disconnect(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._output >= 0:
            os.close(self._output)
            self._output = -1

    def _tell(self, command: bytes, descriptors: list[int] | tuple[()] = ()) -> None:
        try:
            socket.send_fds(self._control, [command], list(descriptors))
        except OSError:
            self._fail()

    def _hear(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            try:
                part = self._control.recv(size - len(content))
            except OSError:
                part = b""
            if not part:
                self._fail()
            content += part
        return content

    def _fail(self) -> None:
        self._process.kill()
        said = self._process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        raise RuntimeError(f"the supervisor of a learner's process has ended: {said[-1] if said else 'no message'}")


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


def _environment(folder: Path) -> dict[str, str]:
    """Return what a learner's process sees of the environment: nothing of the grader's but where libraries are."""
    package = Path(actlab.__file__).resolve().parents[1]
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    one = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "BLIS", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    return kept | {f"{name}_NUM_THREADS" if not name.startswith("TF") else f"{name}_THREADS": "1" for name in one} | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "PYTHONPATH": str(package), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8",
        "LANG": "C.UTF-8", "TZ": "UTC", "HOME": str(folder), "MPLBACKEND": "agg", "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "CUDA_VISIBLE_DEVICES": "-1",
    }  # fmt: skip


def _seed_caches(folder: Path) -> None:
    """Give a learner's folder the list of fonts that matplotlib would make for seconds."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib"
    with suppress(OSError):
        for place in cache.glob("fontlist-*.json"):
            there = folder / ".cache" / "matplotlib"
            there.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place, there / place.name)


def _last_line(descriptor: int) -> str:
    with suppress(BlockingIOError):
        lines = os.read(descriptor, 1 << 16).decode("utf-8", "replace").strip().splitlines()
        if lines:
            return lines[-1]
    return "it says nothing"


def _json(value: dict) -> str:
    import json

    return json.dumps(value)


def _remove(folder: Path) -> None:
    """Remove a folder, whatever a learner has made of it."""
    with suppress(OSError, RecursionError):
        shutil.rmtree(folder)
    if folder.exists():  # folders without rights, or thousands deep
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            subprocess.run([*command, str(folder)], check=False, stderr=subprocess.DEVNULL)
