"""Which system calls a process may make: a filter in the kernel, of Linux on x86_64 and on aarch64."""

from __future__ import annotations

import ctypes
import functools
import struct

from actlab.grading.linux import LINUX, MACHINE, libc, prctl

_PR_SET_SECCOMP = 22

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
def available() -> bool:
    """Return whether the kernel filters system calls, on a processor whose numbers are known here."""
    if not LINUX or MACHINE not in _MACHINES:
        return False
    number = {"x86_64": 317, "aarch64": 277}[MACHINE]
    action = ctypes.c_uint32(_DONE)
    return libc().syscall(number, 2, 0, ctypes.byref(action)) == 0


def restrict() -> None:
    """Refuse some system calls to this process and to all that it starts."""
    column, architecture = _MACHINES[MACHINE]
    answers = [(pair[column], _EPERM) for pair in _REFUSED.values()] + [
        (pair[column], _DONE) for pair in _VOID.values()
    ]
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
    prctl(_PR_SET_SECCOMP, 2, struct.pack("@HP", len(steps), ctypes.addressof(held)))
