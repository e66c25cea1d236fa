"""A seccomp filter with which a process can compute, read and write open files, and nothing else.

Linux, x86_64 and aarch64. Every system call that is not on the list fails with EACCES; another
architecture's calls end the process. Source: Linux `seccomp(2)`, `include/uapi/linux/seccomp.h`.
"""

import ctypes
import platform
import struct

# name: (x86_64, aarch64); None where the architecture has no such call
_ALLOWED: dict[str, tuple[int | None, int]] = {
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "fstat": (5, 80),
    "poll": (7, 73),  # ppoll on aarch64
    "lseek": (8, 62),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "readv": (19, 65),
    "writev": (20, 66),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "nanosleep": (35, 101),
    "getpid": (39, 172),
    "exit": (60, 93),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "sched_getaffinity": (204, 123),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "exit_group": (231, 94),
    "set_robust_list": (273, 99),
    "getrandom": (318, 278),
    "rseq": (334, 293),
}
# Memory may be had, but never made executable.
_WITHOUT_EXEC: dict[str, tuple[int, int]] = {"mmap": (9, 222), "mprotect": (10, 226)}
_PROT_EXEC = 4

_ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_SECCOMP_CALL = {"x86_64": 317, "aarch64": 277}

_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06
_NUMBER_AT, _ARCH_AT, _THIRD_ARGUMENT_AT = 0, 4, 32
_KILL_PROCESS, _ERRNO, _ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
_EACCES = 13
_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER, _FLAG_ALL_THREADS = 1, 1


class CannotLock(RuntimeError):
    """This machine cannot lock the box; nothing may be parsed on it."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def instructions(machine: str) -> list[tuple[int, int, int, int]]:
    """The BPF program as (code, jump if true, jump if false, k). Raises CannotLock."""
    if machine not in _ARCHITECTURES:
        raise CannotLock(f"no system call list for {machine}")
    column, arch = _ARCHITECTURES[machine]
    program = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_EQUAL, 1, 0, arch),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER_AT),
    ]
    for numbers in _WITHOUT_EXEC.values():
        program += [
            (_EQUAL, 0, 4, numbers[column]),
            (_LOAD, 0, 0, _THIRD_ARGUMENT_AT),
            (_ANY_BIT, 0, 1, _PROT_EXEC),
            (_RETURN, 0, 0, _ERRNO | _EACCES),
            (_RETURN, 0, 0, _ALLOW),
        ]
    for row in _ALLOWED.values():
        number = row[column]
        if number is not None:
            program += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    return [*program, (_RETURN, 0, 0, _ERRNO | _EACCES)]


def install() -> None:
    """Lock every thread of this process. Raises CannotLock when the kernel refuses."""
    machine = platform.machine()
    program = instructions(machine)
    code = b"".join(struct.pack("HBBI", *each) for each in program)
    keep = ctypes.create_string_buffer(code, len(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise CannotLock("no_new_privs was refused")
    filters = _Program(len(program), ctypes.cast(keep, ctypes.c_void_p))
    result = libc.syscall(
        _SECCOMP_CALL[machine], _SET_MODE_FILTER, _FLAG_ALL_THREADS, ctypes.byref(filters)
    )
    if result != 0:
        raise CannotLock("the seccomp filter was refused")
