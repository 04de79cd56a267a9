"""The process of one learner: started in a folder of its own, asked, and ended.

What is sent and what arrives are messages of ``wire.py``; the time for an answer is limited, and what the process
prints meanwhile is read, so that it never waits for room in a pipe.
"""

from __future__ import annotations

import os
import selectors
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from actlab.grading.host import PATIENCE, Host, seed_caches
from actlab.grading.limits import Limits
from actlab.grading.supervisor import FOLDER
from actlab.grading.wire import Reader, WireError, frame

_GRACE = 2.0  # seconds that an interrupted cell or call has to stop
_EVERY = 1.0  # seconds between two looks at a learner's folder
_MOST_FILES = 20_000  # in that folder


class Ended(Exception):
    """The learner's process is gone; the message says how, as the end of a sentence."""


class Process:
    """A learner's process and its folder.

    Attributes
    ----------
    folder
        What holds its folder, one for each time that it is started.
    printed
        What has been printed while ``keeping`` was true, as far as it is kept.
    """

    def __init__(self, limits: Limits, host: Host):
        self.limits = limits
        self.printed = bytearray()
        self.keeping = False
        self._host = host
        self._request = 0
        self._channel: socket.socket | None = None
        self._output = -1
        self._folder_number = 0
        self._look_at = 0.0
        self.folder = Path(tempfile.mkdtemp(prefix=FOLDER)).resolve()
        self.folder.chmod(0o711)  # what is in it may belong to the learner's own user

    @property
    def is_alive(self) -> bool:
        """Whether there is a process that can be asked."""
        return self._channel is not None

    def close(self) -> None:
        """End the process with all that it has started, and remove its folder."""
        try:
            self._disconnect()
            self._host.clear()
        finally:
            _remove(self.folder)

    @property
    def _own_folder(self) -> Path:
        """The folder of the process that was started last."""
        return self.folder / str(self._folder_number)

    # --- Asking -------------------------------------------------------------------------------------------------------

    def ask(self, request: dict, seconds: float, buffers: list[bytes] | tuple = ()) -> tuple[dict, bool]:
        """Return the answer to a request, and whether the learner's code had to be interrupted first.

        Raises
        ------
        Ended
            If the process is gone, or did not stop when it was interrupted after so many seconds.
        """
        self._request += 1
        wanted = self._request
        unsent = memoryview(frame({"id": wanted, **request}, buffers))
        end, interrupted = time.monotonic() + max(seconds, 0.0), False
        selector = selectors.DefaultSelector()
        selector.register(self._output, selectors.EVENT_READ)
        selector.register(self._channel, selectors.EVENT_READ | selectors.EVENT_WRITE)
        with selector:
            while True:
                self._look_into_folder()
                wait = max(min(end, self._look_at) - time.monotonic(), 0.0)
                events = {key.fileobj: mask for key, mask in selector.select(wait)}
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
                except OSError:
                    self._end()
                except WireError as error:
                    self._end(f"sent {error}")
                if time.monotonic() >= end:
                    if interrupted:
                        self._end("did not stop in time")
                    self._host.interrupt()
                    end, interrupted = time.monotonic() + _GRACE, True

    def _look_into_folder(self) -> None:
        """End a process that fills the disk: the kernel limits each file, not how many there are."""
        if (now := time.monotonic()) < self._look_at:
            return
        too_much = _too_much(self._own_folder, self.limits.folder)
        self._look_at = time.monotonic() + _EVERY + 10 * (time.monotonic() - now)
        if too_much:
            self._end(f"had {too_much} in its folder")

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
        self._keep(content)
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
            self._keep(content)

    def _keep(self, content: bytes) -> None:
        room = self.limits.output + 1 - len(self.printed)  # one more than is kept shows that there was more
        if room > 0 and self.keeping:
            self.printed += content[:room]

    # --- Starting and ending ------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start a process, in a folder of its own.

        Raises
        ------
        RuntimeError
            If its sandbox cannot be set up.
        """
        self._folder_number += 1
        folder = self._own_folder
        folder.mkdir()
        self._look_at = time.monotonic() + _EVERY
        seed_caches(folder)
        self._channel, theirs = socket.socketpair()
        self._output, writing = os.pipe()
        os.set_blocking(self._output, False)
        self._channel.setblocking(False)
        self._reader = Reader()
        with theirs:
            self._host.start(folder, theirs.fileno(), writing)
        os.close(writing)
        # Before it is ready, the process runs nothing of the learner's.
        end = time.monotonic() + PATIENCE
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
        """End the process, and raise ``Ended``, which says how it has ended."""
        # One that has closed its channel is ending, or has to be ended; what is said of it must not depend on chance.
        if why is not None or not self._host.has_ended_within(_GRACE):
            self._host.end()
        status, clean = self._host.outcome()
        self._drain()
        self._disconnect()
        _remove(self._own_folder)
        if why is None:
            why = "ended" if status >= 0 else f"was ended by signal {-status}"
        raise Ended(why if clean else f"{why}, but not all that it had started,")

    def _disconnect(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._output >= 0:
            os.close(self._output)
            self._output = -1


def _last_line(descriptor: int) -> str:
    with suppress(BlockingIOError):
        lines = os.read(descriptor, 1 << 16).decode("utf-8", "replace").strip().splitlines()
        if lines:
            return lines[-1]
    return "it says nothing"


def _too_much(folder: Path, most: int) -> str:
    """Say what there is more of in a folder than there may be; empty if all is well."""
    size = number = 0
    for place, folders, files in os.walk(folder):
        number += len(folders) + len(files)
        for name in files:
            with suppress(OSError):
                size += os.lstat(os.path.join(place, name)).st_blocks * 512
        if size > most:
            return f"more than {most} bytes"
        if number > _MOST_FILES:
            return f"more than {_MOST_FILES} files"
    return ""


def _remove(folder: Path) -> None:
    """Remove a folder, whatever a learner has made of it."""
    with suppress(OSError, RecursionError):
        shutil.rmtree(folder)
    if folder.exists():  # folders without rights, or thousands deep
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            subprocess.run([*command, str(folder)], check=False, stderr=subprocess.DEVNULL)
