"""What ties topics to the broker's journal: a durable topic's records and its groups' offsets survive a restart.

Each partition is a stream of the journal, its offsets the positions. Records that are appended together under one key
are one record of the journal, a *run*, so they survive together or not at all. What retention drops is cut from the
stream, and the new start is a name of its own, because names outlive the segments in which they were written: so
offsets go on where they were even if nothing is left.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from mqlab.broker.journal import Journal, Recovered, Stream
from mqlab.broker.journal.storing import body_of, stored_body
from mqlab.broker.log.options import TopicOptions
from mqlab.broker.log.records import Key, Stamp

if TYPE_CHECKING:
    from mqlab.broker.hosts import VirtualHost
    from mqlab.broker.log.groups import Group
    from mqlab.broker.log.partitions import Partition
    from mqlab.broker.log.topics import Topic

__all__ = ["PartitionLog", "keep_offsets", "keep_topic", "restore_topics"]


class Run(NamedTuple):
    """Records that stand in one record of the journal: from which offset, how many, where, what each takes there."""

    first: int
    length: int
    segment: int
    size_bytes: int


class PartitionLog:
    """The journal as one partition sees it. Everything is called with the partition's lock held."""

    def __init__(self, partition: Partition, journal: Journal, stream: int) -> None:
        self._partition, self._journal, self.stream = partition, journal, stream
        self._runs: deque[Run] = deque()
        clock = partition.topic.host.broker.clock
        self._ahead_ns = clock.wall_ns() - clock.now_ns()

    def put(self, first: int, bodies: Sequence[Any], keys: Sequence[Key], stamp: Stamp) -> None:
        """Append records, those with one key behind each other as one run."""
        done = 0
        for key, some in groupby(keys):
            count = sum(1 for _ in some)
            self._runs.append(self._put(first + done, bodies[done : done + count], key, stamp, again=False))
            done += count

    def _put(self, first: int, bodies: Sequence[Any], key: Key, stamp: Stamp, *, again: bool) -> Run:
        said = [_said_of(key), stamp.time_ns + self._ahead_ns, dict(stamp.headers)]
        stored = [stored_body(body) for body in bodies]
        segment, size_bytes = self._journal.put(self.stream, first, stored, json.dumps(said).encode(), again=again)
        return Run(first, len(bodies), segment, size_bytes)

    def cut(self, start: int) -> None:
        """Drop what stands before an offset."""
        gone: list[tuple[int, int]] = []
        runs = self._runs
        while runs and runs[0].first < start:
            run = runs.popleft()
            count = min(run.length, start - run.first)
            gone += [(run.segment, run.size_bytes)] * count
            if count < run.length:
                runs.appendleft(run._replace(first=start, length=run.length - count))
        topic = self._partition.topic
        self._journal.set(["partition", topic.host.name, topic.name, self._partition.number], {"start": start})
        self._journal.cut(self.stream, start, gone)

    def rewrite(self, segment: int) -> None:
        """Append again what stands in a segment that is to go."""
        for place, run in enumerate(self._runs):
            if run.segment == segment:
                bodies, keys, stamps = self._partition.columns(run.first, run.length)
                self._journal.release([(run.segment, run.size_bytes)] * run.length)
                self._runs[place] = self._put(run.first, bodies, keys[0], stamps[0], again=True)

    def take_over(self, stream: Stream, start: int) -> None:
        """Make the partition hold what the journal found."""
        partition = self._partition
        found = sorted(each for each in stream.copies.items() if each[0] >= start)  # killed between name and cut
        begin = max(start, found[0][0] if found else stream.next)
        partition.begin_at(begin)
        envelope = b""
        for offset, copy in found:
            key, wall_ns, headers = json.loads(copy.envelope)
            stamp = Stamp(wall_ns - self._ahead_ns, headers)
            partition.hold(body_of(copy.kind, copy.body), _key_of(key), stamp)
            last = self._runs[-1] if self._runs and copy.envelope == envelope else None
            if last is not None and (last.segment, last.size_bytes) == (copy.segment, copy.size_bytes):
                self._runs[-1] = last._replace(length=last.length + 1)
            else:
                self._runs.append(Run(offset, 1, copy.segment, copy.size_bytes))
            envelope = copy.envelope
        self._journal.adopt([(copy.segment, copy.size_bytes) for _, copy in found])
        partition.look_at_age()


def _said_of(key: Key) -> Any:
    return {"hex": key.hex()} if isinstance(key, bytes) else key


def _key_of(said: Any) -> Key:
    return bytes.fromhex(said["hex"]) if isinstance(said, dict) else said


# what has a name


def keep_topic(topic: Topic, journal: Journal) -> None:
    """Have the journal keep a topic that was just made."""
    for partition in topic.partitions:
        partition.log = PartitionLog(partition, journal, journal.new_stream())
    options = {name: getattr(topic.options, name) for name in TopicOptions.__dataclass_fields__}
    streams = [each.log.stream for each in topic.partitions if each.log is not None]
    journal.set(["topic", topic.host.name, topic.name], {"options": options, "streams": streams})


def keep_offsets(group: Group) -> None:
    """Have the journal keep what a group has committed of durable topics. The group's lock is held."""
    host = group.topics.host
    journal = host.broker.journal
    if journal is None:
        return
    topics = group.topics.all
    offsets = [[name, number, at] for (name, number), at in group.committed.items() if topics[name].options.durable]
    if offsets:
        journal.set(["group", host.name, group.name], offsets)


def restore_topics(hosts: Mapping[str, VirtualHost], found: Recovered, journal: Journal) -> None:
    """Make a new broker's hosts hold the topics and offsets that the journal knows."""
    names = [(json.loads(key), value) for key, value in found.names.items()]
    starts = {tuple(rest): value["start"] for (kind, *rest), value in names if kind == "partition"}
    for (kind, *rest), value in names:
        if kind == "topic":
            host, name = rest
            topic = hosts[host].topics.restore(name, TopicOptions(**value["options"]))
            for partition, stream in zip(topic.partitions, value["streams"], strict=True):
                partition.log = PartitionLog(partition, journal, stream)
                start = starts.get((host, name, partition.number), 0)
                partition.log.take_over(found.streams.get(stream) or Stream(), start)
    for (kind, *rest), value in names:
        if kind == "group":
            host, name = rest
            hosts[host].topics.restore_group(name, {(topic, number): at for topic, number, at in value})
