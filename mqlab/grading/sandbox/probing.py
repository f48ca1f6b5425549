"""Whether a sandbox holds on this machine: found out by running a worker in it that tries to get out."""

from __future__ import annotations

__all__ = ["probe"]

import tempfile
from functools import cache
from pathlib import Path

from mqlab.grading.budget import Limits
from mqlab.grading.process import StudentProcess
from mqlab.grading.sandbox.tier import SandboxError, Tier
from mqlab.grading.student import StudentError

PATIENT = Limits(call_s=20.0, question_s=60.0, cpu_s=20.0)
"""A machine may be busy while it is looked at."""

TRIALS = """
import os

def files(folder):
    with open(folder + "/canary") as file:
        return file.read()

def writing(folder):
    with open(folder + "/written", "w"):
        return "a file"

def network(folder):
    import _socket
    _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    return "a socket"

def processes(folder):
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    return "a process"

def environment(folder):
    with open(f"/proc/{os.getppid()}/environ", "rb") as file:
        return "an environment" if file.read() else ""

def memory(folder):
    return "memory" if bytearray(1 << 30) else ""

def attempt(name, folder):
    try:
        return globals()[name](folder)
    except (OSError, MemoryError, ImportError):
        return ""
"""
"""Named like the claims that they try: each answers with what it got hold of."""
TRIED = ("files", "writing", "network", "processes", "environment", "memory")


@cache
def probe(tier: Tier) -> str:
    """Return why a tier does not hold here; nothing if it does.

    A worker is started in it and tries to break each claim of the tier that can be tried at once.
    """
    reason = tier.absent()
    if reason:
        return reason
    with tempfile.TemporaryDirectory(prefix="mqlab-probe-") as name:
        folder = Path(name)
        folder.chmod(0o777)  # nothing but the sandbox is to stand between the worker and the file
        (folder / "canary").write_text("a file", encoding="utf-8")
        try:
            with StudentProcess(TRIALS, tier=tier, limits=PATIENT) as worker:
                for claim in TRIED:
                    got = worker.call("attempt", claim, str(folder)) if claim in tier.claims else ""
                    if got:
                        return f"a worker in it got hold of {got}"
        except (SandboxError, StudentError) as error:
            return str(error).removeprefix(f"the sandbox `{tier.name}` does not work here: ")
    return ""
