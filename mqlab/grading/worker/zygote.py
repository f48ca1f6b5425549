"""Waits, forks an incarnation when asked, and kills it when asked; says how it ended.

The parent speaks to it over a socket, one line a message, and always waits for the reply:

    {"start": {"cpu_s": 2}} + three pipe ends   → {"started": 17}
    {"end": true}                               → {"status": 9, "cpu_s": 0.01, "left": false}

The end of the socket is the end of everything. It runs no line of the student's: what an incarnation does to its own
memory, the next one never sees, for it is forked from here again.
"""

from __future__ import annotations

__all__ = ["main"]

import _socket  # the socket module proper takes 4 ms to import
import contextlib
import gc
import json
import os
import resource
import signal
import sys
import time
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_CHILD_SUBREAPER = 1, 4, 38, 36
SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}
SYS_LANDLOCK_RESTRICT_SELF = 446
SECCOMP_SET_MODE_FILTER = 1
SWEEP_S = 1.0


def main(config: dict[str, Any], answer: Callable[[int, int, str], None], warm_up: Callable[[], None]) -> NoReturn:
    """Serve until the parent hangs up; ``answer(calls, answers, source)`` is what an incarnation does."""
    control = _socket.socket(fileno=config["control"])
    for name in config["warm"]:
        with contextlib.suppress(Exception):  # then it fails in the answer, where it can be said
            __import__(name)
    warm_up()
    libc = _libc()
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    if config["seccomp"] is not None:
        config["seccomp"] = _prepared(libc, config["seccomp"])
    gc.collect()
    gc.freeze()  # else each collection in a child would copy all pages it shares with its siblings
    child = 0
    while True:
        order, fds = _receive(control)
        if order is None:
            _end(child, config)
            os._exit(0)
        if "start" in order:
            order["start"]["zygote"] = os.getpid()
            child = os.fork()
            if not child:
                control.close()
                _incarnate(config, order["start"], fds, libc, answer)
            for fd in fds:
                os.close(fd)
            reply = {"started": child}
        else:
            reply = _end(child, config)
            child = 0
        control.send(json.dumps(reply).encode() + b"\n")


def _receive(control: _socket.socket) -> tuple[Any, list[int]]:
    """One order and the file descriptors that came with it; None at the end."""
    text, fds = b"", list[int]()
    while not text.endswith(b"\n"):
        piece, extras, _, _ = control.recvmsg(65536, 1024)
        if not piece:
            return None, fds
        text += piece
        for level, kind, data in extras:
            if level == _socket.SOL_SOCKET and kind == _socket.SCM_RIGHTS:
                whole = len(data) // 4 * 4
                fds += [int.from_bytes(data[i : i + 4], sys.byteorder) for i in range(0, whole, 4)]
    return json.loads(text), fds


def _incarnate(
    config: dict[str, Any], start: dict[str, Any], fds: list[int], libc: Any, answer: Callable[[int, int, str], None]
) -> NoReturn:
    """In the forked child: become harmless, then answer calls. Never returns."""
    try:
        calls, answers, output = fds
        os.setsid()
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        source = config["source"]
        _harden(config, start, libc, keep=(0, 1, 2, calls, answers, config["landlock"]))
        answer(calls, answers, source)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(2, f"the sandbox could not be set up: {error}\n".encode())
    finally:
        os._exit(97)


def _harden(config: dict[str, Any], start: dict[str, Any], libc: Any, keep: tuple[int | None, ...]) -> None:
    """Give up everything that the answer does not need; what fails raises, and nothing of the student's is run."""
    last = 0
    for fd in sorted(fd for fd in keep if fd is not None):
        if last < fd:  # an empty range would be taken for all of them
            os.closerange(last, fd)
        last = fd + 1
    os.closerange(last, 65536)
    for name, value in config["rlimits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))
    resource.setrlimit(resource.RLIMIT_CPU, (start["cpu_s"], start["cpu_s"]))
    uid = config["uid"]
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    _must(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))  # after the uid: changing that clears it
    if os.getppid() != start["zygote"]:  # it died before it could be said
        os._exit(98)
    _must(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
    _must(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    if config["landlock"] is not None:
        _must(libc.syscall(SYS_LANDLOCK_RESTRICT_SELF, config["landlock"], 0))
        os.close(config["landlock"])
    if config["seccomp"] is not None:
        config["seccomp"]()  # last of all, and for all threads to come


def _libc() -> Any:
    """Load the C library, for the two calls that Python has no names for."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
    return libc


def _prepared(libc: Any, program: bytes) -> Callable[[], None]:
    """Prepare a seccomp program, as it was written by the parent, so that a child only has to install it."""
    import ctypes

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p)]

    instructions = ctypes.create_string_buffer(program, len(program))
    described = Program(len(program) // 8, ctypes.addressof(instructions))
    number, place = SYS_SECCOMP[os.uname().machine], ctypes.byref(described)

    def install(_kept: object = instructions) -> None:
        _must(libc.syscall(number, SECCOMP_SET_MODE_FILTER, 0, place))

    return install


def _must(result: int) -> None:
    if result != 0:
        import ctypes

        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _end(child: int, config: dict[str, Any]) -> dict[str, Any]:
    """Kill the incarnation and whatever it left; say how it ended, and whether something could not be ended."""
    reply: dict[str, Any] = {"status": 0, "cpu_s": 0.0, "left": False}
    if not child:
        return reply
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    reply["status"], reply["cpu_s"] = status, usage.ru_utime + usage.ru_stime
    until = time.monotonic() + SWEEP_S
    while _sweep(config):
        if time.monotonic() > until:
            reply["left"] = True
            break
    return reply


def _sweep(config: dict[str, Any]) -> bool:
    """Kill what the incarnation has forked; False when there is nothing left.

    Orphans come to the zygote, which is their subreaper. With a uid of its own, one signal reaches all of them.
    """
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if not pid:
            break
    if config["uid"] is not None:
        _kill_all(config["uid"])
    for pid in _children():
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return True


def _kill_all(uid: int) -> None:
    killer = os.fork()
    if not killer:
        try:
            os.setresuid(uid, uid, uid)
            os.kill(-1, signal.SIGKILL)
        finally:
            os._exit(0)
    os.waitpid(killer, 0)


def _children() -> list[int]:
    me, found = os.getpid(), list[int]()
    try:
        names = os.listdir("/proc")
    except OSError:
        return found
    for name in names:
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    if int(file.read().rpartition(b")")[2].split()[1]) == me:
                        found.append(int(name))
            except OSError:
                continue
    return found
