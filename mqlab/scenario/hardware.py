"""The grammar of hardware, and what it becomes: figures of machines. What is left out is without limit and free."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from mqlab.model import Disks, Hardware, Machine, Processor
from mqlab.scenario.defaults import Book, Path
from mqlab.scenario.fields import Bandwidth, Count, Duration, Flag, PositiveDuration, Size, Text, choice
from mqlab.scenario.mapping import OneOf, Spec

__all__ = ["HardwareSpec", "resolve_hardware"]

_CORES_MAX = 256
_DISKS_MAX = 64


class ProcessorSpec(Spec):
    """A processor: so many things at a time; what a request, its records and bytes, and an append's followers cost."""

    cores: Count | None = None
    request: Duration | None = None
    record: Duration | None = None
    follower: Duration | None = None
    bytes: Bandwidth | None = None


class DisksSpec(Spec):
    """The disks of a machine, all alike."""

    count: Count | None = None
    bandwidth: Bandwidth | None = None
    seek: Duration | None = None
    fsync: Duration | None = None
    queue: Count | None = None


class CacheSpec(Spec):
    """The page cache: its size, above what is dirty every append waits, above what the system writes back at once."""

    shorthand: ClassVar = "cache"
    cache: Size | None = None
    dirty: Size | None = None
    background: Size | None = None


class MachineSpec(Spec):
    """A machine."""

    network: Bandwidth | None = None
    cpu: ProcessorSpec | None = None
    disks: DisksSpec | None = None
    memory: CacheSpec | None = None


class FlushSpec(OneOf):
    """When a broker asks for an fsync."""

    words: ClassVar = {"none": "none", "sync": "sync"}
    none: Flag | None = None
    sync: Flag | None = None
    every: PositiveDuration | None = None
    records: Count | None = None


Layout = Literal["partition", "commit_log", "journal"]


class HardwareSpec(Spec):
    """The machines of a cluster and of its clients, and how they store records; or the file that says so."""

    shorthand: ClassVar = "file"
    file: Text | None = None
    layout: Annotated[Layout, choice("partition", "commit_log", "journal")] | None = None
    record_overhead: Size | None = None
    fetch_max: Size | None = None
    flush: FlushSpec | None = None
    broker: MachineSpec | None = None
    client: MachineSpec | None = None


def resolve_hardware(book: Book, spec: HardwareSpec) -> Hardware:
    """Make the model's hardware."""
    path: Path = ("cluster", "hardware")
    broker = _machine(book, (*path, "broker"), spec.broker or MachineSpec())
    client = spec.client or MachineSpec()
    for field in ("disks", "memory"):
        if getattr(client, field) is not None:
            raise book.error((*path, "client", field), "a client stores nothing", "leave it out", key=True)
    flush = spec.flush or FlushSpec(none=True)
    if flush.kind != "none" and broker.disks is None:
        what = "a flush policy needs disks: without them everything is written back in no time"
        raise book.error((*path, "flush"), what, "describe `broker: {disks: …}`", key=True)
    return Hardware(
        broker=broker,
        client=_machine(book, (*path, "client"), client),
        record_overhead_bytes=spec.record_overhead or 0,
        layout=spec.layout or "partition",
        flush=flush.kind,  # type: ignore[arg-type]  # the grammar's fields are the model's words
        flush_ns=flush.every or 0,
        flush_records=flush.records or 0,
        fetch_bytes=max(1, spec.fetch_max or 2**20),
    )


def _machine(book: Book, path: Path, spec: MachineSpec) -> Machine:
    cpu, memory = spec.cpu or ProcessorSpec(), spec.memory or CacheSpec()
    spindles = (spec.disks or DisksSpec()).count
    for field, given, most in (("cpu", cpu.cores, _CORES_MAX), ("disks", spindles, _DISKS_MAX)):
        if given is not None and given > most:
            raise book.error((*path, field), f"more than {most} of them", "use fewer")
    disks = None
    if spec.disks is not None:
        disks = Disks(
            spec.disks.count or 1, int(spec.disks.bandwidth or 0), spec.disks.seek or 0, spec.disks.fsync or 0,
            spec.disks.queue or 128,
        )  # fmt: skip
    elif spec.memory is not None:
        raise book.error((*path, "memory"), "a page cache needs disks behind it", "describe `disks`", key=True)
    return Machine(
        network_bytes_per_s=int(spec.network or 0),
        processor=Processor(
            cpu.cores or 1, cpu.request or 0, cpu.record or 0, cpu.follower or 0, int(cpu.bytes or 0)
        ),
        disks=disks,
        cache_bytes=memory.cache or 0,
        dirty_bytes=memory.dirty or 0,
        background_bytes=memory.background or 0,
    )
