"""Processors: each core does one thing at a time, and what comes goes to the core that is free first."""

from __future__ import annotations

from mqlab.core.hardware.codes import SECOND
from mqlab.core.hardware.records import cores, machines
from mqlab.core.records import runs
from mqlab.jit import State, kernel, seldom

__all__ = ["cost_of", "empty", "work"]


@kernel
def cost_of(s: State, machine: int, records: int, size: int) -> int:
    """What a request with so many records and bytes costs a machine's processor (ns)."""
    m = machines(s, machine)
    takes = int(m["request"] + records * m["record"])
    if m["byte_rate"] > 0:
        takes += int(size * SECOND // m["byte_rate"])
    return takes


@seldom
def empty(s: State, machine: int) -> None:
    """What a machine's processor had to do is gone with the process that wanted it."""
    m = machines(s, machine)
    run = runs(s, 0)
    for core in range(m["first_core"], m["first_core"] + m["cores"]):
        c = cores(s, core)
        undone = min(c["free"], run["end"]) - max(run["now"], run["warmup"])
        if undone > 0:
            m["busy"] = m["busy"] - undone
        c["free"] = min(c["free"], run["now"])


@kernel
def work(s: State, machine: int, takes: int) -> int:
    """Occupy the core that is free first for ``takes`` ns; return when it is done."""
    m = machines(s, machine)
    run = runs(s, 0)
    best = int(m["first_core"])
    for core in range(m["first_core"] + 1, m["first_core"] + m["cores"]):
        if cores(s, core)["free"] < cores(s, best)["free"]:
            best = core
    c = cores(s, best)
    begins = max(run["now"], c["free"])
    c["free"] = begins + takes
    counted = min(begins + takes, run["end"]) - max(begins, run["warmup"])
    if counted > 0:
        m["busy"] = m["busy"] + counted
    return int(begins + takes)
