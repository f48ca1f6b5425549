"""The machine of a log: another layout and another program, otherwise that of the queues."""

from __future__ import annotations

from collections.abc import Mapping

from mqlab.core.codes import R_OUTSIDE
from mqlab.core.log.grouping import share_out
from mqlab.core.log.loop import advance_log
from mqlab.core.log.records import LOG_ARRAYS
from mqlab.core.machine import Machine

__all__ = ["LogMachine"]


_SHARED = ("coordinators", "pollers", "readers", "partitions")


class LogMachine(Machine):
    """Runs the log's kernels over the records of one model; see :class:`mqlab.core.machine.Machine`."""

    layout = LOG_ARRAYS
    growing: Mapping[str, str] = {"batches": "copy_fresh", "jobs": "jobs_fresh", "heap": "heap_n", "outbox": "outbox_n"}
    full: Mapping[str, tuple[str, int]] = {
        "batches": ("copies_full", 0), "jobs": ("jobs_full", 1), "heap": ("heap_full", 1), "outbox": ("outbox_full", 1),
        "event_rows": ("events_full", 8), "fate_rows": ("fates_full", 2),
    }  # fmt: skip
    beside: Mapping[str, str] = {"batches": "cells", "cells": "origins"}
    program = staticmethod(advance_log)
    spare: Mapping[str, int] = {"batches": 8}

    def advance(self, horizon_ns: int) -> int:
        """Let events happen as :meth:`Machine.advance` does; partitions of groups are shared out on the way."""
        while True:
            reason = super().advance(horizon_ns)
            if reason != R_OUTSIDE:
                return reason
            for _, _, group, _, _ in self.stops():
                share_out({name: self.array(name) for name in _SHARED}, self.built.entities, group)
