"""The strongest tier: a machine of its own, made of namespaces, that shows the interpreter and nothing else.

bubblewrap (``bwrap``) makes it: https://github.com/containers/bubblewrap. In it there is no network, no other process,
no home, no ``/proc``, nowhere to write, and an unprivileged user. The filter on system calls comes on top.
"""

from __future__ import annotations

__all__ = ["BUBBLEWRAP"]

import shutil
import sys

from mqlab.grading.sandbox.seccomp import filter_program, machine
from mqlab.grading.sandbox.tier import CLAIMS, Launch, Tier
from mqlab.grading.sandbox.visible import visible

NOBODY = "65534"


def _absent() -> str:
    if sys.platform != "linux":
        return "it needs Linux"
    if not machine():
        return "there is no filter of system calls for this kind of processor"
    return "" if shutil.which("bwrap") else "bwrap is not installed"


def _launch() -> Launch:
    shown = visible()
    command = [shutil.which("bwrap") or "bwrap"]
    command += ["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    command += ["--unshare-cgroup-try", "--uid", NOBODY, "--gid", NOBODY, "--cap-drop", "ALL"]
    command += ["--die-with-parent", "--new-session", "--as-pid-1"]
    for path in (*shown.folders, *shown.files):
        command += ["--ro-bind", str(path), str(path)]
    for folder in shown.hidden:
        command += ["--tmpfs", str(folder), "--remount-ro", str(folder)]
    command += ["--remount-ro", "/", "--chdir", "/", "--"]
    return Launch(prefix=tuple(command), seccomp=filter_program(machine()))


BUBBLEWRAP = Tier(
    name="bubblewrap",
    summary="namespaces without network, files and other processes, and a filter of system calls",
    claims=frozenset(CLAIMS),
    absent=_absent,
    launch=_launch,
)
