"""What keeps a learner's process inside its folder: Landlock, a system call filter, limits, a user of its own.

Everything here holds for a process and for all that it starts, cannot be taken back, and needs no privileges, save the
user of its own, which needs root. Only Linux has all of it; ``protections()`` says what this system has.
"""

from __future__ import annotations

import functools
import os
import resource
import struct
from dataclasses import dataclass
from pathlib import Path

from actlab.grading import landlock, seccomp
from actlab.grading.linux import LINUX, MACHINE, prctl, syscall


@dataclass(frozen=True)
class Protections:
    """By which mechanism a learner's process is held; an empty text where this system has none.

    Attributes
    ----------
    file_system
        It reads Python, its packages and named system files only, and writes to its own folder only.
    network
        It connects to nothing and listens to nothing.
    signals
        It cannot signal, trace or throttle a process that it has not started.
    memory
        The address space of each of its processes is limited.
    processes
        Their number is limited, and none is left behind.
    """

    file_system: str
    network: str
    signals: str
    memory: str
    processes: str

    @property
    def missing(self) -> tuple[str, ...]:
        """What a submission could do here, one sentence for each protection that is not there."""
        said = {
            "file_system": "Submissions can read and change every file that this user can: "
            "the file system is protected by Landlock, which needs Linux 5.13 or later.",
            "network": "Submissions can use the network: closing it needs Linux, with seccomp or Landlock of "
            "Linux 6.7 or later.",
            "signals": "Submissions can stop other processes of this user, this one among them: "
            "that is prevented by Landlock of Linux 6.12 or later, or where the grader runs as root on Linux.",
            "memory": "Submissions can use all memory: this system does not enforce a limit of address space.",
            "processes": "The number of processes that a submission starts is not limited, or some may be left "
            "behind: both are dealt with on Linux alone, for root where it may become another user.",
        }
        return tuple(sentence for name, sentence in said.items() if not getattr(self, name))


@functools.cache
def protections() -> Protections:
    """Say what holds a learner's process on this system."""
    abi, filtered, user = landlock.abi(), seccomp.available(), own_user()
    network = ["seccomp"] * filtered + ["Landlock (TCP alone)"] * (abi >= 4 and not filtered)
    signals = ["Landlock"] * (abi >= 6) + ["user of its own"] * bool(user) + ["seccomp (tracing)"] * filtered
    limited = LINUX and (os.geteuid() != 0 or bool(user))
    return Protections(
        file_system="Landlock" if abi else "",
        network=", ".join(network),
        signals=", ".join(signals) if abi >= 6 or user else "",
        memory="RLIMIT_AS" if LINUX else "",
        processes="RLIMIT_NPROC, subreaper" if limited else "",
    )


def enter(folder: Path, *, memory: int, processes: int, files: int, file_size: int, seconds: int) -> None:
    """Hold this process, and all that it will start, in a folder for good.

    Parameters
    ----------
    folder
        The one folder where it may write.
    memory
        Address space of each process, in bytes.
    processes
        How many processes and threads.
    files
        How many open files of each process.
    file_size
        Of the largest file, in bytes.
    seconds
        Processor time of each process.

    Raises
    ------
    OSError
        If a mechanism that ``protections()`` names refuses.
    """
    user = own_user()
    limits = {"AS": memory, "NOFILE": files, "FSIZE": file_size, "CORE": 0, "CPU": seconds}
    if LINUX:
        # The limit counts all processes of a user: those that an instructor has are not a learner's.
        limits["NPROC"] = processes + (0 if user or os.geteuid() == 0 else _threads_of(os.getuid()))
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        most = resource.getrlimit(kind)[1]
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        try:
            resource.setrlimit(kind, (value, value))
        except (OSError, ValueError):  # macOS refuses some
            if LINUX:
                raise
    if not LINUX:
        return
    if user:
        _become(user)
    elif os.geteuid() == 0:
        _drop_capabilities(0)
    prctl(_PR_SET_PDEATHSIG, 9)  # after the change of the user, which clears it
    prctl(_PR_SET_DUMPABLE, 1)  # else /proc/self belongs to root
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if landlock.abi():
        landlock.restrict(landlock.readable(), [folder])
    if seccomp.available():
        seccomp.restrict()


# --- User and capabilities --------------------------------------------------------------------------------------------

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_KEEPCAPS = 1, 4, 8
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 36, 38, 47
_CAPSET = {"x86_64": 126, "aarch64": 91}
_DAC_READ_SEARCH = 1 << 2


@functools.cache
def own_user() -> int:
    """Return the number of a user that nobody else has, for the learner of this process; 0 where it cannot be one.

    The limit of processes does not hold for root; what runs as root becomes this user.
    """
    if not LINUX or os.geteuid() != 0 or MACHINE not in _CAPSET:
        return 0
    user = 1_700_000_000 + os.getpid()
    try:
        os.seteuid(user)
    except OSError:  # in a container that has no such number
        return 0
    try:
        # Without Landlock the right to read all files is not kept, and Python may lie in a folder of root's.
        reads = all(os.access(place, os.R_OK, effective_ids=True) for place in (os.__file__, __file__))
    finally:
        os.seteuid(0)
    return user if reads or landlock.abi() else 0


def _become(user: int) -> None:
    prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    # Python may lie in a folder of root's. What can be read is for Landlock to say.
    _drop_capabilities(_DAC_READ_SEARCH if landlock.abi() else 0)
    if landlock.abi():
        prctl(_PR_CAP_AMBIENT, 2, 2)  # raise CAP_DAC_READ_SEARCH, so that programs it starts are read, too


def _drop_capabilities(kept: int) -> None:
    if MACHINE not in _CAPSET:
        return
    head = struct.pack("=Ii", 0x20080522, 0)
    syscall(_CAPSET[MACHINE], head, struct.pack("=6I", kept, kept, kept, 0, 0, 0))


def _threads_of(user: int) -> int:
    count = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if place.stat().st_uid == user:
                count += sum(1 for _ in (place / "task").iterdir())
        except OSError:
            continue
    return count


def adopt_orphans() -> None:
    """Make this process the parent of every descendant whose own parent ends, on Linux."""
    if LINUX:
        prctl(_PR_SET_CHILD_SUBREAPER, 1)
