"""A topic: a name for several partitions, how records find theirs, and the groups that read it.

    publish(key) ─ murmur2 ─► partition 0 │▒▒▒▒▒▒▒│ ◄─ poll ─ member of group `billing`
                          └─► partition 1 │▒▒▒▒│    ◄─ poll ─ another member; and all of it again for group `audit`

A record is appended once, however many groups read it, and stays until retention takes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mqlab.broker.errors import BrokerClosed, PreconditionFailed, PublishersBlocked
from mqlab.broker.journal.storing import check_bodies
from mqlab.broker.log.options import TopicOptions
from mqlab.broker.log.partitions import Partition
from mqlab.broker.log.records import Key, Place
from mqlab.policies.keys import partition_for

if TYPE_CHECKING:
    from mqlab.broker.hosts import VirtualHost
    from mqlab.broker.log.members import Member
    from mqlab.broker.log.readers import Reader
    from mqlab.broker.log.statistics import TopicStats

__all__ = ["Topic"]

KEYS_MAX = 10_000
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Topic:
    """A partitioned log; made, or found, by :meth:`Broker.topic`.

    Examples
    --------
    >>> from mqlab import Broker
    >>> orders = Broker().topic("orders", partitions=4)
    >>> orders.publish({"total": 12}, key="customer-7")
    Place(partition=3, offset=0)
    >>> member = orders.join("billing", reset="earliest")
    >>> [record.body for record in member.poll()]
    [{'total': 12}]
    """

    def __init__(self, host: VirtualHost, name: str, options: TopicOptions) -> None:
        self.host, self.name, self.options = host, name, options
        self.partitions = [Partition(self, number) for number in range(options.partitions)]
        self._turn = count()
        self._places: dict[Key, int] = {}

    def publish(
        self, body: Any, key: Key = None, *, partition: int | None = None, headers: Mapping[str, str] | None = None
    ) -> Place:
        """Append a record and say where it stands.

        Parameters
        ----------
        key
            Records with one key go to one partition, so they stay in order: murmur2 of the key, as Kafka does it. None:
            the partitions take turns.
        partition
            The partition itself, whatever the key.
        headers
            What readers get to see besides.

        Raises
        ------
        PreconditionFailed
            There is no such partition.
        NotStorable
            The topic is durable, and the journal could not give such a body back.
        BrokerClosed, PublishersBlocked
            The broker takes nothing new; or it is above its memory limit and stayed there for its ``block_timeout_s``.
        """
        self._let_in((body,))
        where = self.partition(self._partition_of(key) if partition is None else partition)
        place = Place(where.number, where.append((body,), (key,), headers or _NO_HEADERS))
        self._wait_until_safe()
        return place

    async def send(
        self, body: Any, key: Key = None, *, partition: int | None = None, headers: Mapping[str, str] | None = None
    ) -> Place:
        """Do as :meth:`publish` in a task, which waits for room in memory without keeping the event loop."""
        broker = self.host.broker
        if self.is_kept:  # it waits for the disk
            return await asyncio.to_thread(self.publish, body, key, partition=partition, headers=headers)
        while True:
            if broker.memory is not None:
                await broker.memory.wait_in_task(broker.clock)
            try:
                return self.publish(body, key, partition=partition, headers=headers)
            except PublishersBlocked:  # a thread was quicker
                if broker.memory is not None and broker.memory.block_timeout_s == 0:
                    raise

    def publish_many(
        self, bodies: Iterable[Any], key: Key = None, *, keys: Iterable[Key] | None = None,
        partition: int | None = None, headers: Mapping[str, str] | None = None,
    ) -> dict[int, range]:  # fmt: skip
        """Append records in one go and say which offsets they have, by partition.

        All have ``key``, or each its own of ``keys``. Without any the whole batch goes to one partition, and the next
        batch to the next, as Kafka's sticky partitioner does.
        """
        headers = headers or _NO_HEADERS
        counted = bodies if isinstance(bodies, list | tuple | range) else tuple(bodies)
        self._let_in(counted)
        if not counted:
            return {}
        if keys is None:
            where = self.partition(self._partition_of(key) if partition is None else partition)
            first = where.append(counted, (key,) * len(counted), headers)
            self._wait_until_safe()
            return {where.number: range(first, first + len(counted))}
        by_partition: dict[int, tuple[list[Any], list[Key]]] = {}
        for body, each in zip(counted, keys, strict=True):
            number = self._partition_of(each) if partition is None else partition
            some = by_partition.setdefault(number, ([], []))
            some[0].append(body)
            some[1].append(each)
        placed = {}
        for number, (some_bodies, some_keys) in sorted(by_partition.items()):
            first = self.partition(number).append(some_bodies, some_keys, headers)
            placed[number] = range(first, first + len(some_bodies))
        self._wait_until_safe()
        return placed

    @property
    def is_kept(self) -> bool:
        """Whether a journal keeps it."""
        return self.options.durable and self.host.broker.journal is not None

    def _wait_until_safe(self) -> None:
        if self.options.durable:
            self.host.broker.wait_until_safe()

    def _let_in(self, bodies: Sequence[Any]) -> None:
        broker = self.host.broker
        if self.options.durable and broker.journal is not None:
            check_bodies(bodies)
            broker.journal.wait_for_room()
        if broker.memory is not None:
            broker.memory.wait_for_room(broker.clock)
        if broker.draining or broker.closed:
            raise BrokerClosed("the broker is closing and takes nothing new", "publish before close()")

    def _partition_of(self, key: Key) -> int:
        if key is None:
            return next(self._turn) % len(self.partitions)
        found = self._places.get(key)
        if found is None:
            if len(self._places) >= KEYS_MAX:
                self._places.clear()
            found = self._places[key] = partition_for(key, len(self.partitions))
        return found

    def partition(self, number: int) -> Partition:
        """Find a partition by its number."""
        if not 0 <= number < len(self.partitions):
            raise PreconditionFailed(
                f"topic `{self.name}` has no partition {number}", f"it has 0 to {len(self.partitions) - 1}"
            )
        return self.partitions[number]

    def join(self, group: str, **options: Any) -> Member:
        """Join a group that reads this topic; ``options`` as for :meth:`Connection.join`."""
        return self.host.topics.join(None, group, (self.name,), options)

    def read(self, partitions: Sequence[int] | None = None, *, start: str = "latest") -> Reader:
        """Read without a group: all partitions or some, from ``earliest`` or ``latest``; nothing is committed.

        This is the subscription that does not last: what is published while nobody reads is not kept for anybody.
        """
        return self.host.topics.read(None, (self.name,), partitions, start)

    def stats(self) -> TopicStats:
        """Tell the figures of the topic and of the groups that read it."""
        from mqlab.broker.log.statistics import topic_stats

        return topic_stats(self)
