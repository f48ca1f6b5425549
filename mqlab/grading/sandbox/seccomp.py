"""A filter on system calls: what an interpreter needs to compute and to speak over its pipes, and nothing else.

It is a list of what is allowed. So calls that are added to Linux one day are refused, as are all that open sockets,
start programs or processes, reach other processes (``ptrace``, ``kill``, ``process_vm_*``), share memory, change files,
or reach deep into the kernel (``bpf``, ``io_uring``, ``keyctl``, ``userfaultfd``, ``perf_event_open``, ``mount`` …).

The program is classic BPF, as ``seccomp(2)`` takes it. Numbers: Linux, ``asm/unistd_64.h`` (x86-64) and
``asm-generic/unistd.h`` (AArch64).
"""

from __future__ import annotations

__all__ = ["ALLOWED", "ARGUMENTS", "filter_program", "machine"]

import errno
import platform
import struct
from functools import cache

ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""``AUDIT_ARCH_*`` of ``linux/audit.h``."""
X32_BIT = 0x40000000
NEWEST = 460
"""Calls with higher numbers do not exist, as far as the C library is told: it then takes an older one."""

# fmt: off
ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "access": (21, None), "alarm": (37, None), "arch_prctl": (158, None), "brk": (12, 214), "chdir": (80, 49),
    "clock_getres": (229, 114), "clock_gettime": (228, 113), "clock_nanosleep": (230, 115), "close": (3, 57),
    "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24), "epoll_create": (213, None), "epoll_create1": (291, 20),
    "epoll_ctl": (233, 21), "epoll_pwait": (281, 22), "epoll_wait": (232, None), "eventfd2": (290, 19),
    "exit": (60, 93), "exit_group": (231, 94), "faccessat": (269, 48), "faccessat2": (439, 439), "fchdir": (81, 50),
    "fstat": (5, 80), "futex": (202, 98), "get_robust_list": (274, 100), "getcpu": (309, 168), "getcwd": (79, 17),
    "getdents": (78, None), "getdents64": (217, 61), "getegid": (108, 177), "geteuid": (107, 175),
    "getgid": (104, 176), "getgroups": (115, 158), "getitimer": (36, 102), "getpgrp": (111, None),
    "getpid": (39, 172), "getppid": (110, 173), "getrandom": (318, 278), "getresgid": (120, 150),
    "getresuid": (118, 148), "getrlimit": (97, 163), "getrusage": (98, 165), "gettid": (186, 178),
    "gettimeofday": (96, 169), "getuid": (102, 174), "lseek": (8, 62), "lstat": (6, None), "madvise": (28, 233),
    "membarrier": (324, 283), "mmap": (9, 222), "mprotect": (10, 226), "mremap": (25, 216), "munmap": (11, 215),
    "nanosleep": (35, 101), "newfstatat": (262, 79), "open": (2, None), "openat": (257, 56), "pause": (34, None),
    "pipe": (22, None), "pipe2": (293, 59), "poll": (7, None), "ppoll": (271, 73), "pread64": (17, 67),
    "preadv": (295, 69), "pselect6": (270, 72), "read": (0, 63), "readlink": (89, None), "readlinkat": (267, 78),
    "readv": (19, 65), "restart_syscall": (219, 128), "rseq": (334, 293), "rt_sigaction": (13, 134),
    "rt_sigpending": (127, 136), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigsuspend": (130, 133),
    "rt_sigtimedwait": (128, 137), "sched_getaffinity": (204, 123), "sched_yield": (24, 124), "select": (23, None),
    "set_robust_list": (273, 99), "set_tid_address": (218, 96), "setitimer": (38, 103), "sigaltstack": (131, 132),
    "stat": (4, None), "statx": (332, 291), "sysinfo": (99, 179), "time": (201, None), "times": (100, 153),
    "umask": (95, 166), "uname": (63, 160), "write": (1, 64), "writev": (20, 66),}
"""Always allowed, with their numbers on x86-64 and AArch64."""
CLONE_THREAD = 0x10000
ARGUMENTS: dict[str, tuple[int, int, int, tuple[int, ...]]] = {
    # which argument, and what it may be
    "prctl": (157, 167, 0, (15, 16, 0x53564D41)),  # name a thread; name memory, as malloc does
    "prlimit64": (302, 261, 0, (0,)),  # of oneself
    "ioctl": (16, 29, 1, (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)),  # is it a terminal; close on exec
    "fcntl": (72, 25, 1, (0, 1, 2, 3, 4, 1030)),  # not F_SETOWN, which makes the kernel signal others
}
"""Allowed with certain values of one argument only."""
# fmt: on
CLONE, CLONE3 = (56, 220), (435, 435)

ALLOW, REFUSE, KILL = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data; arguments are little-endian words


def machine() -> str:
    """Return the name of this machine's architecture if there is a filter for it, else nothing."""
    name = platform.machine()
    return name if name in ARCHITECTURES else ""


@cache
def filter_program(name: str) -> bytes:
    """Return the filter for an architecture: eight bytes an instruction.

    Examples
    --------
    >>> len(filter_program("x86_64")) % 8
    0
    """
    column = list(ARCHITECTURES).index(name)
    code = [
        _step(LOAD, ARCHITECTURE),
        _step(EQUAL, ARCHITECTURES[name], 1, 0),
        _step(RETURN, KILL),
        _step(LOAD, NUMBER),
        _step(AT_LEAST, X32_BIT, 0, 1),  # the same call by another number
        _step(RETURN, KILL),
    ]
    for allowed in ALLOWED.values():
        number = allowed[column]
        if number is not None:
            code += [_step(EQUAL, number, 0, 1), _step(RETURN, ALLOW)]
    for x86_64, aarch64, argument, values in ARGUMENTS.values():
        code += _when((x86_64, aarch64)[column], argument, [_step(EQUAL, value, 0, 1) for value in values])
    code += _when(CLONE[column], 0, [_step(ANY_BIT, CLONE_THREAD, 0, 1)])  # a thread, never a process
    code += [
        _step(EQUAL, CLONE3[column], 1, 0),  # its flags are in memory, where no filter can look; clone serves as well
        _step(AT_LEAST, NEWEST + 1, 0, 1),
        _step(RETURN, REFUSE | errno.ENOSYS),
        _step(RETURN, REFUSE | errno.EPERM),
    ]
    return b"".join(code)


def _when(number: int, argument: int, tests: list[bytes]) -> list[bytes]:
    """Allow a call if one of the tests of its argument holds; all others go on to what stands behind."""
    block = [_step(LOAD, FIRST_ARGUMENT + 8 * argument)]
    for test in tests:
        block += [test, _step(RETURN, ALLOW)]
    block.append(_step(RETURN, REFUSE | errno.EPERM))
    return [_step(EQUAL, number, 0, len(block)), *block]


def _step(code: int, value: int, jump_true: int = 0, jump_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, jump_true, jump_false, value)
