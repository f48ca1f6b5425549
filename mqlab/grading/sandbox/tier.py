"""What a sandbox tier is: what it claims to stop, whether it can be had here, and how a worker is started in it."""

from __future__ import annotations

__all__ = ["CLAIMS", "Launch", "SandboxError", "Tier", "unprivileged_uid"]

import itertools
import os
from collections.abc import Callable
from dataclasses import dataclass

from mqlab.errors import MqlabError

CLAIMS = {
    "judgement": "change how it is judged: equality tricks, patched modules, frames, exits, forged frames",
    "protocol": "harm the parent by what it sends: any bytes, deep or giant JSON",
    "time": "take longer than allowed: endless loops, sleeping, endless output",
    "memory": "take more memory than allowed, of its own process or of the parent's",
    "restart": "remember something across a crash: files, other processes, shared memory",
    "environment": "read the environment of the grader",
    "files": "read the course, other submissions, the gradebook, the secret",
    "writing": "leave anything on the disk",
    "network": "reach the network, or be reached",
    "processes": "start, see, trace or kill processes; leave one behind",
}
"""The kinds of attack, in words that continue "the student's code cannot …"."""


class SandboxError(MqlabError):
    """A sandbox could not be set up; no line of the student's code has been run."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How a worker is started: what stands before the interpreter, and what its processes do to themselves."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    landlock: int | None = None
    """File descriptor of a Landlock ruleset; closed by who asked for the launch."""
    seccomp: bytes | None = None
    fds: tuple[int, ...] = ()
    """Further file descriptors that the command needs."""


@dataclass(frozen=True, slots=True)
class Tier:
    """One way to shut a worker in."""

    name: str
    summary: str
    """A few words, for reports and tables."""
    claims: frozenset[str]
    """Which of :data:`CLAIMS` it stops."""
    absent: Callable[[], str]
    """Why it cannot be had on this machine, or nothing; holds without starting anything."""
    launch: Callable[[], Launch]


_LAUNCHES = itertools.count()
_UIDS, _UIDS_EACH = 0x40000000, 128
"""Far from those that people and services have; some for each process id."""


def unprivileged_uid() -> int | None:
    """Return a user id that nobody else has, if this process may take one on: then nobody else's can be signalled.

    None for an ordinary user. Where high ids are not mapped (containers without root), it is that of nobody.
    """
    if os.geteuid() != 0:
        return None
    uid = _UIDS + os.getpid() * _UIDS_EACH + next(_LAUNCHES) % _UIDS_EACH
    return uid if _mapped(uid) else 65534


def _mapped(uid: int) -> bool:
    try:
        with open("/proc/self/uid_map", encoding="ascii") as file:
            ranges = [[int(word) for word in line.split()] for line in file]
    except OSError:
        return False
    return any(first <= uid < first + count for first, _, count in ranges)
