"""Which files a process may reach: Landlock, of Linux 5.13 and later (https://docs.kernel.org/userspace-api/landlock.html)."""

from __future__ import annotations

import ctypes
import functools
import os
import site
import struct
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from actlab.grading.linux import LINUX, libc, syscall

PACKAGE = Path(__file__).resolve().parents[1]

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
    found = [Path(place) for place in _SYSTEM] + [PACKAGE, Path(sys.executable).resolve()]
    found += [Path(place) for place in (sys.prefix, sys.base_prefix, sys.exec_prefix)]
    found += [Path(place) for place in (*site.getsitepackages(), *sysconfig.get_paths().values())]
    found += [Path(place) for place in sys.path if place and Path(place).name in ("site-packages", "dist-packages")]
    found = {place.resolve() for place in found if place.exists()}
    return sorted(found - {Path("/")})


def is_readable(place: Path) -> bool:
    """Return whether a learner's process may read a file or folder; sources and submissions should not be there."""
    place = place.resolve()
    return not abi() or any(place.is_relative_to(allowed) for allowed in readable())


@functools.cache
def abi() -> int:
    """Return the version of Landlock that the kernel has, or 0."""
    if not LINUX:
        return 0
    return max(0, libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1))


def restrict(read: Iterable[Path], write: Iterable[Path]) -> None:
    """Let this process, and all that it starts, read some places and write to others, and reach no others.

    Devices such as /dev/null are open, and what /proc says of the process itself; TCP is closed, and signals and
    abstract sockets reach what it has started itself alone, where the kernel can see to that.
    """
    version = abi()
    files = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    network = 0b11 if version >= 4 else 0  # to bind and to connect TCP
    scoped = 0b11 if version >= 6 else 0  # abstract sockets and signals
    ruleset = struct.pack("=QQQ", files, network, scoped)[: 8 if version < 4 else 16 if version < 6 else 24]
    handle = syscall(_CREATE_RULESET, ruleset, ctypes.c_size_t(len(ruleset)), 0)
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
            syscall(_ADD_RULE, handle, 1, struct.pack("=Qi", allowed & files, opened), 0)
        finally:
            os.close(opened)
    syscall(_RESTRICT_SELF, handle, 0)
    os.close(handle)
