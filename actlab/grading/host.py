"""The grader's end of a supervisor, from which learners' processes are forked, one at a time."""

from __future__ import annotations

import json
import os
import selectors
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from actlab.grading import supervisor
from actlab.grading.landlock import PACKAGE
from actlab.grading.limits import Limits

PATIENCE = 60.0  # seconds that the supervisor has, which is ours and answers


class Host:
    """A supervisor that runs.

    It executes nothing of a learner's, so that it can serve one learner after the other. What it has imported at its
    start no learner waits for.

    Parameters
    ----------
    limits
        What a learner's process may use.
    imports
        Statements of the source that import something; one that fails here is left to the cell that has it.

    Attributes
    ----------
    is_sound
        Whether nothing is known that forbids to use it again.

    Raises
    ------
    RuntimeError
        If it does not start, which is no learner's doing.
    """

    def __init__(self, limits: Limits, imports: Sequence[str] = ()):
        self.is_sound = True
        self._has_child = False
        self._process: subprocess.Popen | None = None
        self._folder = Path(tempfile.mkdtemp(prefix=supervisor.FOLDER)).resolve()
        self._control, theirs = socket.socketpair()
        self._control.settimeout(PATIENCE)
        try:
            seed_caches(self._folder)
            with theirs:
                self._process = _started(limits, imports, theirs.fileno(), self._folder)
            if self._hear(1) != supervisor.READY:
                raise RuntimeError("the supervisor of a learner's process does not start")
        except BaseException:
            self.close()
            raise

    @property
    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self._process.poll() is None

    @property
    def process(self) -> int:
        """The number of its process."""
        return self._process.pid

    def close(self) -> None:
        """End it, with all that is below it."""
        self._control.close()
        if self._process is not None:
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process.stderr.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    # --- One child at a time ------------------------------------------------------------------------------------------

    def start(self, folder: Path, channel: int, output: int) -> None:
        """Fork a learner's process in a folder, with two descriptors: for requests, and for what it prints."""
        path = os.fsencode(folder)
        self._tell(supervisor.START, [channel, output])
        self._control.sendall(supervisor.LENGTH.pack(len(path)) + path)
        self._has_child = True

    def interrupt(self) -> None:
        """Send the learner's process the signal of the keyboard."""
        self._tell(supervisor.INTERRUPT)

    def end(self) -> None:
        """End the learner's process."""
        self._tell(supervisor.END)

    def has_ended_within(self, seconds: float) -> bool:
        """Whether the learner's process ends in this time."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._control, selectors.EVENT_READ)
            return bool(selector.select(seconds))

    def outcome(self) -> tuple[int, bool]:
        """Return the status with which the learner's process has ended, and whether all has that it had started."""
        word = self._hear(1)
        (status,) = supervisor.STATUS.unpack(self._hear(supervisor.STATUS.size))
        self._has_child = False
        self.is_sound &= word == supervisor.ENDED
        return status, word == supervisor.ENDED

    def clear(self) -> None:
        """End the learner's process, if there is one."""
        if self._has_child:
            self.end()
            self.outcome()

    # --- The channel --------------------------------------------------------------------------------------------------

    def _tell(self, command: bytes, descriptors: Sequence[int] = ()) -> None:
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
        self.is_sound = self._has_child = False
        self._process.kill()
        said = self._process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        raise RuntimeError(f"the supervisor of a learner's process has ended: {said[-1] if said else 'no message'}")


def _started(limits: Limits, imports: Sequence[str], descriptor: int, folder: Path) -> subprocess.Popen:
    held = {name: getattr(limits, name) for name in ("memory", "processes", "files", "file_size")}
    # Processor time is a last resort, should the supervisor be gone.
    held["seconds"] = int(limits.total * (os.cpu_count() or 1)) + 60
    module = [sys.executable, "-P", "-m", "actlab.grading.supervisor"]
    return subprocess.Popen(
        [*module, str(descriptor), json.dumps(held), json.dumps(list(imports))],
        cwd=folder,
        env=_environment(folder),
        pass_fds=(descriptor,),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def _environment(folder: Path) -> dict[str, str]:
    """Return what a learner's process sees of the environment: nothing of the grader's but where libraries are."""
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH") if name in os.environ}
    one = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "BLIS", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    return kept | {f"{name}_NUM_THREADS" if not name.startswith("TF") else f"{name}_THREADS": "1" for name in one} | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
        "PYTHONPATH": str(PACKAGE.parent), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONIOENCODING": "utf-8", "PYTHONBREAKPOINT": "0",
        "LANG": "C.UTF-8", "TZ": "UTC", "HOME": str(folder), "MPLBACKEND": "agg", "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "CUDA_VISIBLE_DEVICES": "-1",
    }  # fmt: skip


def seed_caches(folder: Path) -> None:
    """Give a learner's folder the list of fonts that matplotlib would make for seconds."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib"
    with suppress(OSError):
        for place in cache.glob("fontlist-*.json"):
            there = folder / ".cache" / "matplotlib"
            there.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place, there / place.name)
