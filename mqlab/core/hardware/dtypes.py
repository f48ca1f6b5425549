"""The dtypes of hardware; :mod:`mqlab.core.hardware.records` says how they are reached."""

from __future__ import annotations

import numpy as np

__all__ = ["CORE", "DISK", "FILE", "FLOW", "HARD", "JOB", "MACHINE", "PORT", "SLOT"]

HARD = np.dtype(
    [
        ("on", "i8"),                                       # 0: no figures of hardware, and nothing of it happens
        ("job_free", "i8"),
        ("flowing", "i8"),                                  # flows with something to carry
        ("at", "i8"), ("due", "i8"), ("stamp", "i8"), ("changed", "i8"),
    ]
)  # fmt: skip
"""One record: the network as a whole."""

MACHINE = np.dtype(
    [
        ("first_core", "i4"), ("cores", "i4"), ("first_disk", "i4"), ("disks", "i4"),
        ("first_file", "i4"), ("files", "i4"), ("power", "i4"), ("passing", "i4"),
        ("request", "i8"), ("record", "i8"), ("follower", "i8"),   # ns
        ("byte_rate", "i8"),                                # bytes/s; 0: they cost nothing
        ("busy", "i8"),
        ("dirty", "i8"), ("dirty_max", "i8"), ("background", "i8"), ("writeback", "i8"),
        ("cache", "i8"), ("written", "i8"),                 # bytes of the page cache; ever written by programs
        ("wait_head", "i4"), ("wait_tail", "i4"),           # jobs that wait for room in it
    ],
    align=True,
)  # fmt: skip
"""A machine: the nodes come first, in their order, then those of the clients."""

PORT = np.dtype([("rate", "i8"), ("left", "i8"), ("flows", "i8"), ("carried", "i8"), ("full", "i8")])
"""One direction of a machine's network card (out: 2·machine, in: 2·machine + 1); rate in bytes/s, 0: without limit."""

FLOW = np.dtype(
    [
        ("source", "i4"), ("target", "i4"), ("head", "i4"), ("tail", "i4"),
        ("busy", "i4"), ("serving", "i4"), ("line_head", "i4"), ("line_tail", "i4"),    # the program's: see carrying
        ("left", "i8"), ("rate", "i8"),                     # bytes·10⁹; bytes/s
    ],
    align=True,
)  # fmt: skip
"""A connection, one way: it carries one thing after the other."""

SLOT = np.dtype([("flow", "i8")])
"""The flows that have something to carry, in no particular order."""

JOB = np.dtype(
    [
        ("size", "i8"), ("delay", "i8"), ("a", "i8"), ("b", "i8"), ("c", "i8"), ("kind", "i4"), ("next", "i4"),
        ("file", "i4"), ("pad", "i4"),
    ],
    align=True,
)  # fmt: skip
"""What waits for something, and the event that happens then."""

CORE = np.dtype([("free", "i8")])
"""When a core of a processor is free."""

DISK = np.dtype(
    [
        ("machine", "i4"), ("busy", "i4"), ("serving", "i4"), ("last", "i4"), ("depth", "i4"), ("submitted", "i4"),
        ("bandwidth", "i8"), ("seek", "i8"), ("fsync", "i8"),
        ("line_head", "i4"), ("line_tail", "i4"),           # (behind) files whose dirty pages shall be written back
        ("run_head", "i4"), ("run_tail", "i4"),             # files whose pages have been submitted
        ("quick_head", "i4"), ("quick_tail", "i4"),         # … and somebody waits for them (both: next)
        ("read_head", "i4"), ("read_tail", "i4"),           # jobs
        ("busy_ns", "i8"), ("seeks", "i8"), ("bytes", "i8"), ("reads", "i8"), ("fsyncs", "i8"),
    ],
    align=True,
)  # fmt: skip

FILE = np.dtype(
    [
        ("machine", "i4"), ("disk", "i4"), ("state", "i4"), ("quick", "i4"), ("next", "i4"), ("lined", "i4"),
        ("behind", "i4"), ("owner", "i4"),                  # the program's: for whom it notes what is safe
        ("dirty", "i8"), ("run", "i8"),                     # bytes; under way to the disk
        ("asked", "i8"),                                    # requests that the block layer keeps free for it
        ("every", "i8"),                                    # ns between two fsyncs; 0: the program asks for none
        ("wait_head", "i4"), ("wait_tail", "i4"),           # jobs that may not touch its last page now
        ("sync_head", "i4"), ("sync_tail", "i4"),           # jobs that wait for what is under way
        ("later_head", "i4"), ("later_tail", "i4"),         # … and for what is dirty beyond
    ],
    align=True,
)  # fmt: skip
"""A file that is only appended to."""
