"""The parent's end of a worker: starts it, asks for incarnations, and makes sure that they are gone."""

from __future__ import annotations

__all__ = ["Ending", "Zygote"]

import contextlib
import json
import os
import resource
import socket
import subprocess
from dataclasses import dataclass
from typing import Any

from mqlab.grading.budget import Limits
from mqlab.grading.incarnation import Incarnation
from mqlab.grading.interpreter import program, python, warm
from mqlab.grading.sandbox.tier import Launch, SandboxError, Tier

START_S = 30.0
"""Wall clock for the start, on a machine that has much else to do."""
REPLY_S = 10.0


@dataclass(frozen=True, slots=True)
class Ending:
    """How an incarnation ended."""

    status: int
    """As :func:`os.waitstatus_to_exitcode` gives it: an exit code, or minus the signal that killed it."""
    cpu_s: float
    gone: bool
    """Whether nothing of it is left for certain."""


class Zygote:
    """A worker process in its sandbox, which forks incarnations of one answer cell."""

    def __init__(self, source: str, tier: Tier, limits: Limits) -> None:
        launch = tier.launch()
        self._control, theirs = socket.socketpair()
        self._control.settimeout(START_S)
        config = _config(source, launch, limits, theirs.fileno())
        fds = [theirs.fileno(), *launch.fds] + ([] if launch.landlock is None else [launch.landlock])
        try:
            self._process = subprocess.Popen(
                [*launch.prefix, *python()],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={},
                cwd="/",
                pass_fds=fds,
                start_new_session=True,
            )
        except OSError as error:
            self._control.close()
            raise SandboxError(f"the sandbox `{tier.name}` does not start: {error}") from error
        finally:
            theirs.close()
            for fd in fds[1:]:
                os.close(fd)
        self._tier = tier
        assert self._process.stdin is not None
        stdin = self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # then it has ended, which is noticed at the first order
            stdin.write(program(config))
        with contextlib.suppress(BrokenPipeError):
            stdin.close()

    def incarnate(self, cpu_s: int, limits: Limits) -> Incarnation:
        """Fork a new incarnation; it is hardened when it has said so.

        Raises
        ------
        SandboxError
            The worker does not run.
        """
        calls, calls_in = _pipe(nonblocking=1)
        answers_out, answers = _pipe(nonblocking=0)
        output_out, output = _pipe(nonblocking=0)
        incarnation = Incarnation(calls_in, answers_out, output_out, limits)
        try:
            self._order({"start": {"cpu_s": cpu_s}}, (calls, answers, output))
        except (OSError, ValueError) as error:
            incarnation.close()
            text = f"the sandbox `{self._tier.name}` does not work here: {self._complaint(error)}"
            raise SandboxError(text) from error
        finally:
            for fd in (calls, answers, output):
                os.close(fd)
        self._control.settimeout(REPLY_S)
        return incarnation

    def end(self, incarnation: Incarnation) -> Ending:
        """Kill an incarnation and everything it left; see for oneself that its pipe has no other end any more."""
        try:
            reply = self._order({"end": True}, ())
            status = os.waitstatus_to_exitcode(int(reply["status"]))
            gone = reply["left"] is False and incarnation.hung_up()
            return Ending(status, float(reply["cpu_s"]), gone)
        except (OSError, ValueError, KeyError, TypeError):
            return Ending(0, 0.0, gone=False)
        finally:
            incarnation.close()

    def close(self) -> None:
        """End the worker with all that runs in it."""
        self._control.close()  # it ends by itself at this, and takes the incarnation with it
        try:
            self._process.wait(timeout=REPLY_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr is not None:
            self._process.stderr.close()

    def _order(self, order: dict[str, Any], fds: tuple[int, ...]) -> Any:
        line = json.dumps(order).encode() + b"\n"
        if fds:
            socket.send_fds(self._control, [line], fds)
        else:
            self._control.sendall(line)
        reply = b""
        while not reply.endswith(b"\n"):
            piece = self._control.recv(4096)
            if not piece or len(reply) > 4096:
                raise ConnectionError("it has ended")
            reply += piece
        return json.loads(reply)

    def _complaint(self, error: Exception) -> str:
        """Return what a worker that does not start has to say: its last line on stderr."""
        self._process.kill()
        self._process.wait()
        said = self._process.stderr.read(65536) if self._process.stderr is not None else b""
        lines = said.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else str(error)


def _config(source: str, launch: Launch, limits: Limits, control: int) -> dict[str, Any]:
    rlimits = {
        "RLIMIT_AS": limits.memory_bytes,
        "RLIMIT_FSIZE": limits.file_bytes,
        "RLIMIT_NOFILE": limits.open_files,
        "RLIMIT_CORE": 0,
    }
    if launch.uid is not None:
        rlimits["RLIMIT_NPROC"] = limits.threads
    for name, value in rlimits.items():  # never above what the parent has itself
        hard = resource.getrlimit(getattr(resource, name))[1]
        rlimits[name] = value if hard == resource.RLIM_INFINITY else min(value, hard)
    return {
        "source": source,
        "control": control,
        "warm": warm(source),
        "uid": launch.uid,
        "landlock": launch.landlock,
        "seccomp": launch.seccomp,
        "rlimits": rlimits,
    }


def _pipe(nonblocking: int) -> tuple[int, int]:
    ends = os.pipe()
    os.set_blocking(ends[nonblocking], False)
    return ends
