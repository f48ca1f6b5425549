"""The journal of a broker: an append-only log of segments that survives kills and power cuts.

:mod:`~mqlab.broker.journal.format` says what the bytes mean, :mod:`~mqlab.broker.journal.writing` how they get to the
disk, :mod:`~mqlab.broker.journal.reading` how they are read back, :mod:`mqlab.broker.durable` what a queue writes.
"""

from __future__ import annotations

from mqlab.broker.journal.disks import Disk, RealDisk
from mqlab.broker.journal.fragile import FragileDisk, PowerLost
from mqlab.broker.journal.policies import Exposure, SyncPolicy, explain_loss
from mqlab.broker.journal.reading import Cut, Recovered, Recovery, Stored, Stream, collector_off, read_journal
from mqlab.broker.journal.writing import SEGMENT_BYTES, Journal

__all__ = [
    "SEGMENT_BYTES", "Cut", "Disk", "Exposure", "FragileDisk", "Journal", "PowerLost", "RealDisk", "Recovered",
    "Recovery", "Stored", "Stream", "SyncPolicy", "collector_off", "explain_loss", "read_journal",
]  # fmt: skip
