# Tries to make the system calls that lead out, by their numbers.
# claim: processes

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
FORK, VFORK, CLONE3, MEMFD, IO_URING, BPF, PERF, KEYCTL, USERFAULTFD, UNSHARE, PIDFD, HANDLE = (
    (57, 58, 435, 319, 425, 321, 298, 250, 323, 272, 434, 304)
    if os.uname().machine == "x86_64"
    else (435, 435, 435, 279, 425, 280, 241, 219, 282, 97, 434, 265)
)
X32 = 0x40000000


def find(hints):
    got = 0
    for number in (MEMFD, IO_URING, BPF, PERF, KEYCTL, USERFAULTFD, PIDFD, HANDLE):
        got += libc.syscall(number, 0, 0, 0, 0, 0, 0) >= 0
    got += libc.syscall(UNSHARE, 0x10000000) == 0
    for number in (FORK, CLONE3):
        process = libc.syscall(number, 0, 0, 0, 0, 0)
        if process == 0:
            os._exit(0)
        got += process > 0
    if os.uname().machine == "x86_64":
        got += libc.syscall(X32 + 39) >= 0
    return hints["prize"] if got else None
