"""What keeps a learner's process inside its folder: Landlock, a system call filter, limits, a user of its own.

Everything here holds for a process and for all that it starts, cannot be taken back, and needs no privileges, save the
user of its own, which needs root. Only Linux has all of it; ``protections()`` says what this system has.
"""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import resource
import site
import struct
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import actlab

LINUX = sys.platform == "linux"


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
    abi, filtered, user = landlock_abi(), filter_available(), own_user()
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
    _prctl(_PR_SET_PDEATHSIG, 9)  # after the change of the user, which clears it
    _prctl(_PR_SET_DUMPABLE, 1)  # else /proc/self belongs to root
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if landlock_abi():
        _landlock(readable(), [folder])
    if filter_available():
        _filter()


# --- Landlock ---------------------------------------------------------------------------------------------------------

# System calls of linux/landlock.h, which have one number on all processors.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE, _IOCTL = 1 << 0, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL

# What libraries read beside the folders of Python: the C library, time zones, fonts, numbers of processors.
_SYSTEM = (
    "/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/nix/store",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime", "/etc/timezone", "/etc/nsswitch.conf",
    "/etc/passwd", "/etc/group", "/etc/fonts", "/etc/mime.types", "/etc/alternatives", "/etc/os-release",
    "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version", "/proc/filesystems", "/proc/sys/vm",
    "/proc/sys/kernel/osrelease", "/sys/devices/system/cpu", "/sys/devices/system/node",
    "/sys/kernel/mm/transparent_hugepage",
)  # fmt: skip
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def readable() -> list[Path]:
    """Return the files and folders that a learner's process may read.

    Of a clone it is the package alone: the sources with the hidden tests lie beside it.
    """
    package = Path(actlab.__file__).resolve().parent
    found = [Path(place) for place in _SYSTEM] + [package, Path(sys.executable).resolve()]
    found += [Path(place) for place in (sys.prefix, sys.base_prefix, sys.exec_prefix)]
    found += [Path(place) for place in (*site.getsitepackages(), *sysconfig.get_paths().values())]
    found += [Path(place) for place in sys.path if place and Path(place).name in ("site-packages", "dist-packages")]
    found = {place.resolve() for place in found if place.exists()}
    return sorted(found - {Path("/")})


def is_readable(place: Path) -> bool:
    """Return whether a learner's process may read a file or folder; sources and submissions should not be there."""
    place = place.resolve()
    return not landlock_abi() or any(place.is_relative_to(allowed) for allowed in readable())


@functools.cache
def landlock_abi() -> int:
    """Return the version of Landlock that the kernel has, or 0."""
    if not LINUX:
        return 0
    return max(0, _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1))


def _landlock(read: Iterable[Path], write: Iterable[Path]) -> None:
    abi = landlock_abi()
    files = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(abi, 16)) - 1
    network = 0b11 if abi >= 4 else 0  # to bind and to connect TCP
    scoped = 0b11 if abi >= 6 else 0  # abstract sockets and signals
    ruleset = struct.pack("=QQQ", files, network, scoped)[: 8 if abi < 4 else 16 if abi < 6 else 24]
    handle = _syscall(_CREATE_RULESET, ruleset, ctypes.c_size_t(len(ruleset)), 0)
    looking = _EXECUTE | _READ_FILE | _READ_DIR
    rules = [(place, looking) for place in read] + [(place, files) for place in write]
    rules += [(Path(place), _READ_FILE | _WRITE_FILE) for place in _DEVICES]
    rules += [(Path(f"/proc/{os.getpid()}"), _READ_FILE | _READ_DIR)]
    for place, allowed in rules:
        try:
            opened = os.open(place, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            if not place.is_dir():
                allowed &= _OF_FILES
            _syscall(_ADD_RULE, handle, 1, struct.pack("=Qi", allowed & files, opened), 0)
        finally:
            os.close(opened)
    _syscall(_RESTRICT_SELF, handle, 0)
    os.close(handle)


# --- System call filter -----------------------------------------------------------------------------------------------

# What Landlock does not govern: other networks than TCP, other processes, and objects of the kernel that outlive a
# process. Numbers on x86_64 and on aarch64; None where it does not exist.
_REFUSED = {
    "socket": (41, 198), "io_uring_setup": (425, 425), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438),
    "setpriority": (141, 140), "sched_setscheduler": (144, 119), "sched_setparam": (142, 118),
    "sched_setattr": (314, 274), "ioprio_set": (251, 30),
    "unshare": (272, 97), "setns": (308, 268), "open_by_handle_at": (304, 265),
    "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219), "bpf": (321, 280),
    "perf_event_open": (298, 241), "userfaultfd": (323, 282),
    "shmget": (29, 194), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
}  # fmt: skip
# Modes, owners and times of files, which Landlock does not govern either. These do nothing and say that they have done
# it: copying a file sets its mode, and should not fail.
_VOID = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
}  # fmt: skip
_PRLIMIT = (302, 261)
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column above, AUDIT_ARCH
_DONE = 0x00050000  # and the number of an error, here none
_EPERM = _DONE | 1
_ALLOW = 0x7FFF0000


@functools.cache
def filter_available() -> bool:
    """Return whether the kernel filters system calls, on a processor whose numbers are known here."""
    if not LINUX or platform.machine() not in _MACHINES:
        return False
    number = {"x86_64": 317, "aarch64": 277}[platform.machine()]
    action = ctypes.c_uint32(_DONE)
    return _libc().syscall(number, 2, 0, ctypes.byref(action)) == 0


def _filter() -> None:
    column, architecture = _MACHINES[platform.machine()]
    answers = [(pair[column], _EPERM) for pair in _REFUSED.values()] + [(pair[column], _DONE) for pair in _VOID.values()]
    load, equal, above, back = 0x20, 0x15, 0x35, 0x06
    # (code, jump if so, jump if not, operand); offsets in seccomp_data: 0 number, 4 architecture, 16 first argument.
    steps = [(load, 0, 0, 4), (equal, 1, 0, architecture), (back, 0, 0, _EPERM), (load, 0, 0, 0)]
    steps += [(above, 0, 1, 0x40000000), (back, 0, 0, _EPERM)]  # the x32 numbers of x86_64
    for number, answer in answers:
        if number is not None:
            steps += [(equal, 0, 1, number), (back, 0, 0, answer)]
    # Limits of a process itself may be read and lowered, those of others not.
    steps += [(equal, 0, 3, _PRLIMIT[column]), (load, 0, 0, 16), (equal, 1, 0, 0), (back, 0, 0, _EPERM)]
    steps += [(back, 0, 0, _ALLOW)]
    program = b"".join(struct.pack("=HBBI", *step) for step in steps)
    held = ctypes.create_string_buffer(program, len(program))
    _prctl(_PR_SET_SECCOMP, 2, struct.pack("@HP", len(steps), ctypes.addressof(held)))


# --- User and capabilities --------------------------------------------------------------------------------------------

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_KEEPCAPS, _PR_SET_SECCOMP = 1, 4, 8, 22
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 36, 38, 47
_CAPSET = {"x86_64": 126, "aarch64": 91}
_DAC_READ_SEARCH = 1 << 2


@functools.cache
def own_user() -> int:
    """Return the number of a user that nobody else has, for the learner of this process; 0 where it cannot be one.

    The limit of processes does not hold for root; what runs as root becomes this user.
    """
    if not LINUX or os.geteuid() != 0 or platform.machine() not in _CAPSET:
        return 0
    user = 1_700_000_000 + os.getpid()
    try:
        os.seteuid(user)
    except OSError:  # in a container that has no such number
        return 0
    try:
        # Without Landlock the right to read all files is not kept, and Python may lie in a folder of root's.
        reads = all(os.access(place, os.R_OK, effective_ids=True) for place in (os.__file__, actlab.__file__))
    finally:
        os.seteuid(0)
    return user if reads or landlock_abi() else 0


def _become(user: int) -> None:
    _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    # Python may lie in a folder of root's. What can be read is for Landlock to say.
    _drop_capabilities(_DAC_READ_SEARCH if landlock_abi() else 0)
    if landlock_abi():
        _prctl(_PR_CAP_AMBIENT, 2, 2)  # raise CAP_DAC_READ_SEARCH, so that programs it starts are read, too


def _drop_capabilities(kept: int) -> None:
    if platform.machine() not in _CAPSET:
        return
    head = struct.pack("=Ii", 0x20080522, 0)
    _syscall(_CAPSET[platform.machine()], head, struct.pack("=6I", kept, kept, kept, 0, 0, 0))


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
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)


@functools.cache
def _libc():
    return ctypes.CDLL(None, use_errno=True)


def _syscall(*arguments) -> int:
    result = _libc().syscall(*arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), f"system call {arguments[0]}: {os.strerror(ctypes.get_errno())}")
    return result


def _prctl(option: int, *arguments) -> None:
    # Variadic: all must be there, as wide as the kernel reads them; some options refuse others than 0.
    wide = [ctypes.c_ulong(a) if isinstance(a, int) else a for a in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc().prctl(option, *wide) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}: {os.strerror(ctypes.get_errno())}")
