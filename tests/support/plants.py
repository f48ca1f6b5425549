"""A few machines on the bench: their records, and a clock that plays their events alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from mqlab.core.build import fill
from mqlab.core.hardware.build import Plant
from mqlab.core.hardware.codes import H_FLUSH, H_NET, H_PASS, H_SERVED, H_SUBMIT
from mqlab.core.hardware.disks import flush_every, pass_over, served, submit
from mqlab.core.hardware.network import net_event
from mqlab.core.hardware.records import HARDWARE_ARRAYS
from mqlab.core.heap import close_hole, take_top
from mqlab.model import Disks, Hardware, Machine, Processor

MS, US, S = 10**6, 10**3, 10**9
MB = 10**6
DONE = 1
"""An event of the test's own."""


class Bench:
    """Machines whose events are played; what is done is noted as (time, a)."""

    def __init__(self, plant: Plant, room: int = 4096) -> None:
        rows = plant.rows()
        self.named: dict[str, Any] = {}
        for name, dtype in HARDWARE_ARRAYS:
            if name in rows:
                self.named[name] = fill(rows[name], dtype)
            else:
                self.named[name] = np.zeros(room if name in ("heap", "jobs") else 1, dtype)
        self.named["runs"][0]["end"] = 10**18
        self.s = list(self.named.values())
        self.done: list[tuple[int, int]] = []

    def at(self, time: int) -> Any:
        """Play what is due before ``time``, and set the clock to it."""
        self.play(time)
        self.named["runs"][0]["now"] = time
        return self.s

    def play(self, until: int = 2**62) -> list[tuple[int, int]]:
        run, heap, s = self.named["runs"][0], self.named["heap"], self.s
        close_hole(s)
        while run["heap_n"] > 0 and heap[0]["time"] < until:
            time, kind, a, b, c = (int(heap[0][name]) for name in ("time", "kind", "a", "b", "c"))
            take_top(s)
            run["now"] = time
            if kind == H_NET:
                net_event(s, a)
            elif kind == H_SUBMIT:
                submit(s, a, b, c)
            elif kind == H_SERVED:
                served(s, a, b)
            elif kind == H_PASS:
                pass_over(s, a, b, c)
            elif kind == H_FLUSH:
                flush_every(s, a, b)
            else:
                self.done.append((time, a))
            close_hole(s)
        return self.done


def plant(
    nodes: int = 1,
    *,
    bandwidth: int = 0,
    client: int = 0,
    processor: Processor | None = None,
    disks: Disks | None = None,
    dirty: int = 0,
    background: int = 0,
    writeback: int = 0,
) -> Plant:
    """Machines alike."""
    broker = Machine(bandwidth, processor or Processor(), disks, 0, dirty, background)
    return Plant(Hardware(broker, Machine(client)), nodes, writeback)


__all__ = ["DONE", "MB", "MS", "US", "Bench", "S", "plant"]
