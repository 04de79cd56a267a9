"""Starts the process of a learner, and ends it with everything that it has started.

``python -P -m actlab.grading.supervisor DESCRIPTOR LIMITS IMPORTS`` loads what the cells will need. Then it forks a
process for them whenever the grader asks, which sets up the sandbox before it runs anything. The supervisor itself runs
nothing of a learner's, and stays outside of the sandbox, so that nothing in there reaches it. When the grader ends, so
does the supervisor, with all that is below it.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import socket
import struct
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

from actlab.grading import sandbox

# The grader's commands, one letter each; START comes with a length and a folder's path, and two descriptors.
START, INTERRUPT, END = b"S", b"I", b"E"
# What the supervisor says; ENDED comes with the status that the process has returned.
READY, ENDED, FAILED = b"R", b"D", b"F"
STATUS = struct.Struct(">i")
LENGTH = struct.Struct(">H")

FOLDER = "actlab-grading-"  # how the names of learners' folders begin
_PATIENCE = 20.0  # seconds, to end what does not want to end


class Supervisor:
    """One process of a learner at a time."""

    def __init__(self, control: socket.socket, limits: dict):
        self.control, self.limits = control, limits
        self.child = 0
        self.folder: Path | None = None  # what holds the folder of the last child
        sandbox.adopt_orphans()

    def serve(self) -> None:
        """Do as the grader says, until it closes the channel."""
        woken, waking = os.pipe()
        os.set_blocking(waking, False)
        signal.signal(signal.SIGCHLD, lambda number, stack: None)
        signal.set_wakeup_fd(waking, warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the keyboard's is the grader's business
        selector = selectors.DefaultSelector()
        selector.register(self.control, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        self.inherited = (woken, waking, selector)
        self.control.sendall(READY)
        try:
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self.control:
                        if not self._obey():
                            return
                    else:
                        os.read(woken, 4096)
                        self._reap()
        finally:
            self._end_all()

    def _obey(self) -> bool:
        command, descriptors, _, _ = socket.recv_fds(self.control, 1, 2)
        if command == START:
            (length,) = LENGTH.unpack(_exactly(self.control, LENGTH.size))
            self._start(Path(os.fsdecode(_exactly(self.control, length))), descriptors)
        elif command == INTERRUPT and self.child:
            self._signal_group(signal.SIGINT)
        elif command == END and self.child:
            os.kill(self.child, signal.SIGKILL)
        return bool(command)

    def _signal_group(self, number: int) -> None:
        try:
            os.killpg(self.child, number)
        except OSError:
            os.kill(self.child, number)

    def _start(self, folder: Path, descriptors: list[int]) -> None:
        self.folder = folder.parent
        user = sandbox.own_user()
        if user:
            for place, folders, files in os.walk(folder):
                for name in (".", *folders, *files):
                    os.chown(Path(place, name), user, user)
        self.child = os.fork()
        if self.child == 0:
            status = 70
            try:
                self._become_learner(folder, *descriptors)
                status = 0
            except BaseException:
                traceback.print_exc()  # goes to the grader with the output
            finally:
                os._exit(status)
        for descriptor in descriptors:
            os.close(descriptor)

    def _become_learner(self, folder: Path, channel: int, output: int) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        # Nothing of the supervisor's stays open: what it and the grader say to each other is not a learner's.
        kept = os.dup(channel), os.dup(output)
        woken, waking, selector = self.inherited
        selector.close()
        self.control.close()
        for descriptor in (woken, waking, channel, output):
            os.close(descriptor)
        channel = socket.socket(fileno=kept[0])
        os.dup2(kept[1], 1)
        os.dup2(kept[1], 2)
        os.close(kept[1])
        os.chdir(folder)
        os.environ |= {"HOME": str(folder), "TMPDIR": str(folder), "PWD": str(folder)}
        if sandbox.LINUX:
            Path("/proc/self/oom_score_adj").write_text("1000")  # rather than the grader
        sandbox.enter(folder, **self.limits)
        sys.stdout.reconfigure(line_buffering=True)

        from actlab.grading.learner import serve

        serve(channel)

    def _reap(self) -> None:
        """Take note of processes that have ended; when the learner's has, end what it has left."""
        while True:
            try:
                ended, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not ended:
                return
            if ended == self.child:
                self.child = 0
                clean = self._end_all()
                self.control.sendall((ENDED if clean else FAILED) + STATUS.pack(os.waitstatus_to_exitcode(status)))

    def _end_all(self) -> bool:
        """End every process below this one; return whether none is left."""
        if not sandbox.LINUX:
            if self.child:
                self._signal_group(signal.SIGKILL)
            return True
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            self._end_user()
            found = descendants(os.getpid())
            if not found:
                return True
            # Stopped ones start no others while the rest is looked for.
            for number in (signal.SIGSTOP, signal.SIGKILL):
                for process in found:
                    try:
                        os.kill(process, number)
                    except ProcessLookupError:
                        pass
            self._collect()
        return False

    def _end_user(self) -> None:
        """Where the learner has a user of its own, end all processes of that user at once."""
        user = sandbox.own_user()
        if not user:
            return
        if (helper := os.fork()) == 0:
            try:
                os.setresuid(user, user, user)
                os.kill(-1, signal.SIGKILL)
            finally:
                os._exit(0)
        os.waitpid(helper, 0)

    def _collect(self) -> None:
        try:
            while True:
                ended, _ = os.waitpid(-1, os.WNOHANG)
                if ended == self.child:
                    self.child = 0
                if not ended:
                    time.sleep(0.002)
                    return
        except ChildProcessError:
            pass


def descendants(process: int) -> list[int]:
    """Return the processes below a process, by what /proc says of parents."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, IndexError, ValueError):
                continue
            children.setdefault(parent, []).append(int(name))
    found, new = [], [process]
    while new:
        new = [child for parent in new for child in children.get(parent, [])]
        found += new
    return found


def _exactly(channel: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        if not (part := channel.recv(size - len(content))):
            raise EOFError
        content += part
    return content


def main() -> None:
    """Serve the grader at the other end of a socket, whose descriptor is the first argument."""
    import IPython.core.interactiveshell  # noqa: F401  (loaded once here, for every process that is forked)

    for statement in json.loads(sys.argv[3]):
        with suppress(Exception):  # the cell that has it will say so
            exec(statement, {})

    serving = Supervisor(socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]))
    serving.serve()
    for folder in (Path.cwd(), serving.folder):
        if folder and folder.name.startswith(FOLDER):  # the grader's own business, unless it was killed
            shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)  # taking down the libraries takes longer than many a submission


if __name__ == "__main__":
    main()
