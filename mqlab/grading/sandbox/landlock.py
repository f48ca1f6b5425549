"""The second tier: the kernel forbids each process of the student's all files but the interpreter's, and most calls.

Landlock (https://docs.kernel.org/userspace-api/landlock.html) needs no program and no privilege. It governs what is
opened, changed and signalled; the filter on system calls governs the rest. What remains: names, sizes and times of
files can still be asked for, though not their contents.
"""

from __future__ import annotations

__all__ = ["LANDLOCK", "version"]

import contextlib
import ctypes
import os
import struct
import sys
from functools import cache
from pathlib import Path

from mqlab.grading.sandbox.seccomp import filter_program, machine
from mqlab.grading.sandbox.tier import CLAIMS, Launch, SandboxError, Tier, unprivileged_uid
from mqlab.grading.sandbox.visible import visible

CREATE_RULESET, ADD_RULE = 444, 445  # the same on all architectures
ASK_VERSION, PATH_BENEATH = 1, 1
READ_FILE, READ_DIR = 1 << 2, 1 << 3
FILES = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 5: 0xFFFF}
"""All rights on files that a version knows, from this version on."""
NETWORK, NETWORK_SINCE = 0b11, 4  # bind and connect TCP
SCOPES, SCOPES_SINCE = 0b11, 6  # abstract sockets and signals to outside


@cache
def version() -> int:
    """Return the version of Landlock that the kernel speaks; 0 if none."""
    if sys.platform != "linux":
        return 0
    return max(0, _call(CREATE_RULESET, None, 0, ASK_VERSION))


def _absent() -> str:
    if not version():
        return "the kernel has no Landlock"
    return "" if machine() else "there is no filter of system calls for this kind of processor"


def _launch() -> Launch:
    return Launch(uid=unprivileged_uid(), landlock=os.dup(_ruleset()), seccomp=filter_program(machine()))


@cache  # it takes some milliseconds to make, and serves all workers
def _ruleset() -> int:
    """Make a ruleset that allows nothing but reading what the interpreter needs; return its file descriptor."""
    files = FILES[max(since for since in FILES if since <= version())]
    network = NETWORK if version() >= NETWORK_SINCE else 0
    scopes = SCOPES if version() >= SCOPES_SINCE else 0
    sizes = 24 if scopes else 16 if network else 8
    ruleset = _call(CREATE_RULESET, struct.pack("=QQQ", files, network, scopes)[:sizes], sizes, 0)
    if ruleset < 0:
        raise SandboxError("the kernel refuses a Landlock ruleset")
    shown = visible()
    for path in shown.pieces():
        _allow(ruleset, path, READ_FILE | READ_DIR if path.is_dir() else READ_FILE)
    for folder in shown.folders:  # to find what is in it, not to read all of it
        _allow(ruleset, folder, READ_DIR)
    return ruleset


def _allow(ruleset: int, path: Path, rights: int) -> None:
    with contextlib.suppress(FileNotFoundError):
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            if _call(ADD_RULE, ruleset, PATH_BENEATH, struct.pack("=Qi", rights, fd), 0) < 0:
                raise SandboxError(f"the kernel refuses a Landlock rule for {path}")
        finally:
            os.close(fd)


def _call(number: int, *arguments: int | bytes | None) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    plain = [ctypes.c_long(part) if isinstance(part, int) else part for part in arguments]
    return int(libc.syscall(ctypes.c_long(number), *plain))


LANDLOCK = Tier(
    name="landlock",
    summary="no file but the interpreter's (Landlock), and a filter of system calls",
    claims=frozenset(CLAIMS),
    absent=_absent,
    launch=_launch,
)
