"""Finished blocks of a sweep in a folder, so that an interrupted sweep is resumed instead of begun anew.

The folder holds one ``.npz`` file per block and ``sweep.json``, which says of which task the blocks are and how many
networks a whole block has. Every file is written beside its place and then renamed, so that it is there wholly or not
at all, and nothing is ever read by pickle, which could run what a file says.
"""

from __future__ import annotations

import copyreg
import dis
import functools
import hashlib
import io
import json
import os
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.lib.format import read_array, write_array


class Checkpoints:
    """The blocks of one task in one folder, which is made if it is not there.

    Raises
    ------
    ValueError
        If the folder holds blocks of another task or of another size, or files that no sweep has written.
    TypeError
        If the task cannot be described.
    """

    def __init__(self, folder: str | os.PathLike, task: Callable, block: int) -> None:
        self.folder = Path(folder)
        self.task = described = describe(task)
        self.folder.mkdir(parents=True, exist_ok=True)
        told = self.folder / "sweep.json"
        if not told.exists():
            if any(self.folder.glob("*.npz")):
                raise ValueError(f"{self.folder} holds .npz files, but no sweep.json that says of which task they are")
            text = json.dumps({"task": described, "block": block}, indent=1)
            self._write(told, lambda file: file.write(text.encode()))
        try:
            found = json.loads(told.read_text("utf-8"))
            task_there, block_there = found["task"], found["block"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{told} is damaged; mend it, or choose another folder") from error
        if task_there != described:
            raise ValueError(
                f"{self.folder} holds results of another task; choose another folder\n"
                f"  there: {task_there}\n"
                f"  asked: {described}\n"
                "What follows a # changes with the code of a function and with the version of Python."
            )
        if block_there != block:
            raise ValueError(
                f"{self.folder} holds blocks of {block_there} networks; choose block={block_there} or another folder; "
                f"got block={block}"
            )

    def load(self, first: int, count: int) -> dict[str, np.ndarray] | None:
        """The results of networks ``first`` to ``first + count - 1``, or None if not all of them are there.

        A damaged file counts as not there, with a warning.
        """
        path = self._path(first)
        if not path.exists():
            return None
        content = path.read_bytes()
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                arrays = {name.removesuffix(".npy"): _member(archive, name) for name in archive.namelist()}
                if archive.comment != self._seal(first, arrays):
                    raise ValueError("it does not hold what was written there")
            # The last block of a shorter sweep is shorter than the same block of a longer one.
            enough = all(len(array) >= count for array in arrays.values())
            return {name: array[:count] for name, array in arrays.items()} if enough else None
        except Exception as error:  # zipfile and numpy raise a dozen kinds, by which byte is wrong
            warnings.warn(f"{path} is damaged and is computed anew: {error}", RuntimeWarning, stacklevel=3)
            return None

    def store(self, first: int, arrays: dict[str, np.ndarray]) -> None:
        """Keep the results of a block that begins with network ``first``."""

        def write(file) -> None:
            # numpy's savez takes no array by the name of "file" and no allow_pickle before numpy 2.2.
            with zipfile.ZipFile(file, "w") as archive:
                for name, array in arrays.items():
                    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                        write_array(member, array, allow_pickle=False)
                archive.comment = self._seal(first, arrays)

        self._write(self._path(first), write)

    def _seal(self, first: int, arrays: dict[str, np.ndarray]) -> bytes:
        # zipfile has a checksum of each array, but a wrong byte elsewhere can hide an array from it, and a file can be
        # moved to another place.
        return _digest(describe([self.task, first, arrays]).encode()).encode()

    def _path(self, first: int) -> Path:
        return self.folder / f"networks-{first:09d}.npz"

    def _write(self, path: Path, write: Callable) -> None:
        beside = path.with_name(f"{path.name}.{uuid4().hex}.part")
        try:
            with beside.open("xb") as file:
                write(file)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise


def _member(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    with archive.open(name) as member:
        return read_array(member, allow_pickle=False)


def describe(value: Any) -> str:
    """What a task does, in a text that is the same in every process and differs where the results may differ.

    Functions are named, with a digest of their code, defaults and closures; arrays are given by dtype, shape and a
    digest; dataclasses and partial functions by their parts, and everything else as pickle takes it apart. For a
    function of the script or the notebook, the digest also covers the global names that it reads; other changes of what
    a task calls or reads are not seen.

    >>> import functools, numpy as np
    >>> describe(functools.partial(np.linspace, 0.0, num=3))
    'partial(numpy.linspace, 0.0, num=3)'

    Raises
    ------
    TypeError
        If some part can neither be described nor pickled.
    """
    return _describe(value, ())


def _describe(value: Any, inside: tuple[int, ...]) -> str:
    if id(value) in inside:
        return "..."  # a function whose closure holds itself, or a list that does

    def text(part: Any) -> str:
        return _describe(part, (*inside, id(value)))

    def listed(parts) -> str:
        return ", ".join(map(text, parts))

    match value:
        case None | bool() | int() | float() | complex() | str() | bytes() | np.generic() | np.dtype():
            return repr(value)
        case np.ndarray() if not value.dtype.hasobject:
            return f"array({value.dtype.str}, {value.shape}, #{_digest(np.ascontiguousarray(value).tobytes())})"
        case list() | tuple() if type(value) in (list, tuple):
            return f"[{listed(value)}]" if isinstance(value, list) else f"({listed(value)})"
        case dict() if type(value) is dict:
            return "{" + ", ".join(sorted(f"{text(key)}: {text(item)}" for key, item in value.items())) + "}"
        case set() | frozenset() if type(value) in (set, frozenset):
            return "{" + ", ".join(sorted(map(text, value))) + "}"
        case ModuleType():
            return value.__name__
        case type():
            return _name(value)
        case CodeType():
            return _digest(listed((value.co_code, value.co_names, value.co_consts)).encode())
        case FunctionType():
            cells = [cell.cell_contents for cell in value.__closure__ or ()]
            read = _globals_read(value.__code__) if value.__module__ == "__main__" else ()
            names = {name: value.__globals__[name] for name in read if name in value.__globals__}
            parts = listed((value.__code__, value.__defaults__, value.__kwdefaults__, cells, names))
            return f"{_name(value)}#{_digest(parts.encode())}"
        case MethodType():
            return f"{text(value.__func__)} of {text(value.__self__)}"
        case functools.partial():
            keywords = [f", {key}={text(item)}" for key, item in sorted(value.keywords.items())]
            return f"partial({listed((value.func, *value.args))}{''.join(keywords)})"
    # The code of a callable object is its class's.
    call = type(value).__call__ if callable(value) else None
    code = f"#{_digest(text(call).encode())}" if isinstance(call, FunctionType) else ""
    if is_dataclass(value) and type(value).__reduce__ is object.__reduce__:
        parts = ", ".join(f"{field.name}={text(getattr(value, field.name))}" for field in fields(value))
        return f"{_name(type(value))}({parts}){code}"
    try:
        reduce = copyreg.dispatch_table.get(type(value))
        reduced = reduce(value) if reduce else value.__reduce_ex__(4)
    except Exception as error:
        raise TypeError(f"a task whose results are saved must be one that can be pickled; got {value!r}") from error
    if isinstance(reduced, str):
        return f"{getattr(value, '__module__', None)}.{reduced}"
    make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
    parts = [*arguments, *([] if state is None else [state]), *(items or ()), *(pairs or ())]
    return f"{text(make)}({listed(parts)}){code}"


def _globals_read(code: CodeType) -> set[str]:
    names = {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    return names.union(*(_globals_read(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def _name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
