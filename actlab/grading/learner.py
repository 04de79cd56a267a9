"""The process in which a learner's cells run: IPython, and a loop that answers the grader.

It is forked by ``supervisor.py`` and holds nothing that is worth reading. Whatever a learner changes here (numpy,
builtins, this module) is changed for this learner alone: the tests run in the grader's process, which sees plain data.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import inspect
import itertools
import os
import pkgutil
import signal
import socket
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from actlab.grading.wire import Packer, Reader, Unpacker, WireError, frame, identifier, refer

MOST_TEXT = 500  # characters of a message of an error


def serve(channel: socket.socket) -> None:
    """Answer requests until the grader closes the channel."""
    # Kept from before any cell has run. An interruption reaches learner code only, never an answer being sent.
    handle, reader = signal.signal, Reader()
    number, leave, home = os.getpid, os._exit, os.getpid()
    handle(signal.SIGINT, _ignored)
    shell, streams = _shell(), (sys.stdout, sys.stderr)
    _send(channel, {"ready": True})
    while True:
        while (arrived := reader.take()) is None:
            content = channel.recv(1 << 20)
            if not content:
                return
            reader.feed(content)
        request, buffers = arrived
        packer = Packer()
        sys.stdout, sys.stderr = streams  # a cell may have put anything there, and the next could not print
        answer = _interruptible(handle, shell, request, buffers, packer)
        if number() != home:
            leave(0)  # a cell or a function has forked: two that answer would take each other's requests
        for stream in streams:
            with contextlib.suppress(Exception):
                stream.flush()
        _send(channel, {"id": request["id"], **answer}, packer.buffers)


def _ignored(number, stack) -> None:
    pass


def _interruptible(handle: Callable, shell: Any, request: dict, buffers: list[bytes], packer: Packer) -> dict:
    try:
        handle(signal.SIGINT, signal.default_int_handler)
        try:
            return _answer(shell, request, buffers, packer)
        except BaseException as error:  # a learner may raise anything, from anywhere
            packer.buffers.clear()
            return {"error": describe(error)}
    finally:
        handle(signal.SIGINT, _ignored)


def _send(channel: socket.socket, message: dict, buffers: list[bytes] | tuple[()] = ()) -> None:
    try:
        content = frame(message, buffers)
    except WireError as error:
        content = frame({"id": message.get("id"), "error": describe(error)})
    channel.sendall(content)


def _answer(shell: Any, request: dict, buffers: list[bytes], packer: Packer) -> dict:
    match request["do"]:
        case "run":
            return _run(shell, request["text"], request["number"])
        case "load":
            return _load(request["text"], request["inner"])
        case "fetch":
            if request["name"] not in shell.user_ns:
                return {"absent": True}
            value = shell.user_ns[request["name"]]
            if _is_function(value) and refer(value) is None:
                return {"function": True}
            return {"value": packer.pack(value)}
        case "call":
            return _call(shell, request, buffers, packer)
    raise ValueError(f"no such request: {request['do']!r}")


# --- Cells ------------------------------------------------------------------------------------------------------------


def _shell() -> Any:
    """Return a shell of IPython that needs no terminal, no history and no screen."""
    from IPython.core.error import UsageError
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Shell(InteractiveShell):
        def enable_gui(self, gui=None):
            """Do nothing: there is no screen."""

        def enable_matplotlib(self, gui=None):
            """Do nothing: figures are drawn into memory by the backend of MPLBACKEND."""
            return "agg", "agg"

        def enable_pylab(self, gui=None, import_all=True, welcome_message=False):
            """Do nothing but name the backend."""
            return "agg", "agg", {}

        def ask_exit(self):
            """Do nothing: ``exit()`` restarts a kernel in Jupyter, and ends no notebook here."""

        def run_line_magic(self, magic_name, line, _stack_depth=1):
            """Tell that a magic is not there, and go on: Colab and a terminal have others than this shell."""
            try:
                return super().run_line_magic(magic_name, line, _stack_depth + 1)
            except UsageError as error:
                print(f"UsageError: {error}", file=sys.stderr)

        system = InteractiveShell.system_raw  # a pseudo-terminal would have to be opened

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.xmode = "Plain"
    config.InteractiveShell.autoindent = False
    shell = Shell.instance(config=config)
    sys.path.insert(0, os.getcwd())  # as in Jupyter: what a cell writes into its folder can be imported
    builtins.input = _no_input
    warnings.filterwarnings("ignore", message=".*FigureCanvasAgg is non-interactive")
    return shell


def _no_input(prompt: object = "") -> str:
    raise EOFError("input() has nobody to ask while a notebook is graded")


def _run(shell: Any, text: str, number: int) -> dict:
    shell.execution_count = number
    result = shell.run_cell(text, store_history=False)
    error = result.error_before_exec or result.error_in_exec
    return {"error": describe(error)} if error is not None else {}


def _load(text: str, inner: bool) -> dict:
    """Import what a cell imports in its first lines or, with ``inner``, inside of its functions.

    Loading TensorFlow takes longer than a call may, and as long as a cell may, so that it gets time of its own.
    """
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    if inner:
        functions = [node for node in _walk(body) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        found = [node for node in _walk(functions) if isinstance(node, ast.Import | ast.ImportFrom)]
    else:
        found = list(itertools.takewhile(lambda node: isinstance(node, ast.Import | ast.ImportFrom), body))
    for node in found:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            names = [node.module] if node.module and not node.level else []
        for name in names:
            with contextlib.suppress(Exception, SystemExit):
                pkgutil.resolve_name(name)
    return {}


def _walk(nodes: list[ast.AST]) -> list[ast.AST]:
    return [inner for node in nodes for inner in ast.walk(node)]


# --- Calls ------------------------------------------------------------------------------------------------------------


def _is_function(value: Any) -> bool:
    return callable(value) and not hasattr(type(value), "__array__")


def _call(shell: Any, request: dict, buffers: list[bytes], packer: Packer) -> dict:
    function = shell.user_ns[request["name"]]
    unpacker = Unpacker(buffers, shell.user_ns.__getitem__)
    arguments = [unpacker.unpack(tree) for tree in request["arguments"]]
    keywords = {name: unpacker.unpack(tree) for name, tree in request["keywords"].items()}
    given = [*arguments, *keywords.values()]
    before = [_content(value) for value in given]
    result = function(*arguments, **keywords)
    if inspect.iscoroutine(result):
        result.close()  # one that nobody awaits would warn
    answer = {"value": packer.pack(result), "changed": []}
    for number, (value, content) in enumerate(zip(given, before, strict=True)):
        if content is not None and _content(value) != content:
            answer["changed"].append([number, packer.pack(value)])
    return answer


def _content(value: Any) -> tuple | None:
    """Return what is in an argument that a function can change; None for all else."""
    if not isinstance(value, np.ndarray | list | dict | set | np.random.Generator):
        return None
    packer = Packer()
    return packer.pack(value), packer.buffers


# --- Errors -----------------------------------------------------------------------------------------------------------


def describe(error: BaseException) -> dict:
    """Return the classes of an error, its own first, and its message; a learner may have made both."""
    kinds = [identifier(kind.__name__, "Exception") for kind in type(error).__mro__]
    try:
        text = str(str(error))[:MOST_TEXT]
    except BaseException:
        text = "(its message cannot be read)"
    return {"kinds": kinds[:10], "text": text}
