"""Hardware: what machines have, in figures that stand in data sheets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Disks", "Hardware", "Layout", "Machine", "Processor"]

Layout = Literal["partition", "commit_log", "journal"]


@dataclass(frozen=True, slots=True)
class Processor:
    """``cores`` things at a time; a request costs ``request_ns``, each of its records ``record_ns``, and its bytes."""

    cores: int = 1
    request_ns: int = 0
    record_ns: int = 0
    follower_ns: int = 0
    """An append costs so much more for each follower that its leader keeps an eye on."""
    bytes_per_s: int = 0
    """How quickly bytes go through; 0: they cost nothing."""


@dataclass(frozen=True, slots=True)
class Disks:
    """``count`` disks alike; files are dealt out to them in turn."""

    count: int = 1
    bandwidth_bytes_per_s: int = 0
    """Sequential; 0: without limit."""
    seek_ns: int = 0
    """To another file: the arm and half a turn."""
    fsync_ns: int = 0
    """More for an fsync than for its bytes: the barrier."""
    queue: int = 128
    """Requests of at most 512 KiB that the block layer takes at a time."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine."""

    network_bytes_per_s: int = 0
    """Of its card, each way; 0: without limit."""
    processor: Processor = Processor()
    disks: Disks | None = None
    cache_bytes: int = 0
    """Of the page cache; 0: all is in it."""
    dirty_bytes: int = 0
    """Above it every append waits; 0: never."""
    background_bytes: int = 0
    """Above it the system writes back at once; 0: never."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """The machines of a cluster and of its clients."""

    broker: Machine
    client: Machine
    record_overhead_bytes: int = 0
    """What the format of the log adds to each record, on the wire and on the disk."""
    layout: Layout = "partition"
    """Where records are stored: a log and an index for each partition · one commit log for all of a node, and a
    consume queue for each partition · a journal that is synced before the answer, and one entry log for all."""
    flush: Literal["none", "every", "records", "sync"] = "none"
    """When a broker asks for an fsync: never · every ``flush_ns`` · after ``flush_records`` · before each answer."""
    flush_ns: int = 0
    flush_records: int = 0
    fetch_bytes: int = 2**20
    """The most that a follower's fetch brings of a partition."""
