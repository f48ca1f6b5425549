"""The state of the hardware: its arrays stand behind those of the queues' program, and before a program's own."""

from __future__ import annotations

from mqlab.core import records
from mqlab.core.hardware import dtypes
from mqlab.jit import accessor

__all__ = ["HARDWARE_ARRAYS", "cores", "disks", "files", "flows", "hards", "jobs", "machines", "ports", "slots"]

_OWN = (
    ("hards", dtypes.HARD),
    ("machines", dtypes.MACHINE),
    ("ports", dtypes.PORT),
    ("flows", dtypes.FLOW),
    ("slots", dtypes.SLOT),
    ("jobs", dtypes.JOB),
    ("cores", dtypes.CORE),
    ("disks", dtypes.DISK),
    ("files", dtypes.FILE),
)
HARDWARE_ARRAYS = records.ARRAYS + _OWN
"""Name and dtype of every array up to here, in the order of the directory."""

hards, machines, ports, flows, slots, jobs, cores, disks, files = (
    accessor(len(records.ARRAYS) + _index, _dtype) for _index, (_, _dtype) in enumerate(_OWN)
)
