"""The broker: virtual hosts, connections, memory, clock, and an orderly end."""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from typing import Any, Final

from mqlab.broker.clock import Clock, RealClock
from mqlab.broker.connections import Connection
from mqlab.broker.durable import restore
from mqlab.broker.errors import BrokerClosed, NotFound, PreconditionFailed
from mqlab.broker.hosts import VirtualHost
from mqlab.broker.journal import SEGMENT_BYTES, Disk, Journal, RealDisk, Recovery, SyncPolicy, collector_off
from mqlab.broker.log.durable import restore_topics
from mqlab.broker.log.statistics import TopicStats
from mqlab.broker.log.topics import Topic
from mqlab.broker.memory import Memory
from mqlab.broker.monitor import Monitor
from mqlab.broker.statistics import QueueStats
from mqlab.broker.tasks import AsyncConnection
from mqlab.broker.waiting import TaskWaiter, ThreadWaiter, Waiter
from mqlab.errors import did_you_mean
from mqlab.routing import HOST

__all__ = ["Broker"]

_NOTHING: Final = nullcontext()


class Broker:
    """A message broker inside this process, for threads and tasks.

    Everything may be called from any thread. What it holds lives as long as it does, unless it has a journal.

    Parameters
    ----------
    data
        The folder of its journal: persistent messages in durable queues survive there, and are found again by the next
        broker on that folder. None: nothing is on disk.
    sync
        When what was written is made safe from power cuts: ``always`` before it is confirmed, ``never``, or how often
        (``10 ms``).
    clock
        What tells it the time: :class:`RealClock`, or :class:`ManualClock` for tests that want time to stand still.
    memory_limit_bytes
        Publishers wait while queues hold more; None: no limit.
    block_timeout_s
        How long a publisher waits for memory before it is told so; None: for ever.
    segment_bytes
        How large a file of the journal grows before the next begins.

    Raises
    ------
    JournalLocked, CorruptJournal, UnknownFormat, JournalError
        Another broker is at work in that folder; what is in it is broken; it is another version's; it cannot be used.

    Examples
    --------
    >>> from mqlab import Broker
    >>> with Broker() as broker:
    ...     channel = broker.connect().channel()
    ...     _ = channel.declare_queue("orders", max_length=1000)
    ...     channel.publish({"order": 7}, "orders")
    ...     delivery = channel.consume("orders", prefetch=1).receive(timeout_s=1)
    ...     delivery.ack()
    >>> delivery.body
    {'order': 7}
    """

    def __init__(
        self, *, data: str | os.PathLike[str] | Disk | None = None, sync: str = "always", clock: Clock | None = None,
        memory_limit_bytes: int | None = None, block_timeout_s: float | None = None, segment_bytes: int = SEGMENT_BYTES,
    ) -> None:  # fmt: skip
        if memory_limit_bytes is not None and memory_limit_bytes < 0:
            raise ValueError(f"memory_limit_bytes is {memory_limit_bytes}; give 0 or more, or None for no limit")
        self.clock: Clock = clock or RealClock()
        self.memory = None if memory_limit_bytes is None else Memory(memory_limit_bytes, block_timeout_s)
        self.numbers = count(1)
        self.draining = self.closed = False
        self._lock = threading.Lock()
        self.journal: Journal | None = None
        self.recovery: Recovery | None = None
        """What was found in the journal; None without one."""
        self._hosts = {HOST: VirtualHost(self, HOST)}
        self._connections: dict[Connection, None] = {}
        self._idle: list[Waiter] = []
        if data is not None:
            disk = RealDisk(data) if isinstance(data, str | os.PathLike) else data
            with collector_off():
                self._recover(Journal(disk, SyncPolicy.of(sync), segment_bytes))

    def _recover(self, journal: Journal) -> None:
        """Take over what a journal knows."""
        self.journal, found = journal, journal.recovered
        assert found is not None
        try:
            restore(self._hosts, found, lambda name: VirtualHost(self, name))
            restore_topics(self._hosts, found, journal)
        except BaseException:
            journal.close(clean=False)
            raise
        messages = sum(len(stream.copies) for stream in found.streams.values())
        self.recovery = Recovery(messages, found.copies, found.clean, found.cut)
        journal.recovered = None
        journal.rewriters.append(self._rewrite)

    def _rewrite(self, segment: int) -> None:
        with self._lock:
            hosts = list(self._hosts.values())
        for host in hosts:
            host.rewrite(segment)

    def atomically(self) -> AbstractContextManager[None]:
        """Have the journal know all that is done within, or nothing. To be entered before any queue's lock is taken."""
        return _NOTHING if self.journal is None else self.journal.together()

    def wait_until_safe(self) -> None:
        """Wait until the journal has what was done so far. No lock may be held."""
        if self.journal is not None:
            self.journal.wait_until_safe()

    def add_virtual_host(self, name: str) -> None:
        """Make a virtual host: names of one mean nothing in another."""
        with self._lock:
            if name in self._hosts:
                raise PreconditionFailed(f"there is a virtual host `{name}`", "connect to it, or choose another name")
            self._hosts[name] = VirtualHost(self, name)
            if self.journal is not None:
                self.journal.set(["host", name], None)
        self.wait_until_safe()

    def connect(self, virtual_host: str = HOST, *, name: str = "") -> Connection:
        """Open a connection."""
        with self._lock:
            if self.draining or self.closed:
                raise BrokerClosed("the broker is closing and takes nothing new", "make another Broker()")
            connection = Connection(self._host(virtual_host), name or f"connection-{next(self.numbers)}")
            self._connections[connection] = None
            return connection

    def connect_async(self, virtual_host: str = HOST, *, name: str = "") -> AsyncConnection:
        """Open a connection for tasks of an event loop: ``async with broker.connect_async() as connection``."""
        return AsyncConnection(self.connect(virtual_host, name=name))

    def stats(self, virtual_host: str = HOST) -> dict[str, QueueStats]:
        """Tell the figures of all queues of a virtual host."""
        return {queue.name: QueueStats.of(queue) for queue in self._host(virtual_host).queues()}

    def topic(self, name: str, *, virtual_host: str = HOST, **options: Any) -> Topic:
        """Make a topic by the words of :class:`TopicOptions`, or find it; without words, as it is.

        Raises
        ------
        PreconditionFailed
            It is there with other options, or an option makes no sense.
        """
        return self._host(virtual_host).topics.declare(name, options)

    def monitor(self, virtual_host: str = HOST) -> Monitor:
        """Have somebody look at all figures now and then, in the words of Pulsar's REST interface."""
        return Monitor(self, virtual_host)

    def topic_stats(self, virtual_host: str = HOST) -> dict[str, TopicStats]:
        """Tell the figures of all topics of a virtual host."""
        return {name: topic.stats() for name, topic in list(self._host(virtual_host).topics.all.items())}

    def _host(self, name: str) -> VirtualHost:
        if name not in self._hosts:
            raise NotFound(f"there is no virtual host `{name}`", did_you_mean(name, self._hosts, "virtual hosts"))
        return self._hosts[name]

    def forget(self, connection: Connection) -> None:
        """Take out a connection that has ended."""
        with self._lock:
            self._connections.pop(connection, None)

    def close(self, *, drain: bool = True, timeout_s: float | None = None) -> bool:
        """End it: take nothing new, let consumers finish what there is, close all connections.

        Parameters
        ----------
        drain
            Whether to wait until queues with consumers are empty and everything delivered is settled. Without anybody
            who consumes or holds something there is nothing to wait for.
        timeout_s
            How long to wait at most; None: as long as it takes.

        Returns
        -------
        bool
            Whether consumers were done; what was not goes down with the broker.
        """
        if self.closed:
            return True
        self._begin_to_close()
        done = self._wait_until_idle(timeout_s) if drain else self._is_idle()
        self._finish_closing()
        return done

    async def close_async(self, *, drain: bool = True, timeout_s: float | None = None) -> bool:
        """Do as :meth:`close` in a task; others of the event loop go on meanwhile."""
        if self.closed:
            return True
        self._begin_to_close()
        done = self._is_idle()
        if drain and not done:
            waiter = TaskWaiter()
            until_ns = self._wait_for_idle(waiter, timeout_s)
            done = await self.clock.wait(waiter.future, until_ns)
        self._finish_closing()
        return done

    def _begin_to_close(self) -> None:
        """Take nothing new."""
        with self._lock:
            self.draining = True
            connections = list(self._connections)
        for connection in connections:
            for channel in connection.channels():
                channel.renew()
        if self.memory is not None:
            self.memory.close()

    def _finish_closing(self) -> None:
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.close()
        for host in self._hosts.values():
            host.topics.end(BrokerClosed("the broker is closed", "make another Broker()"))
        self.closed = True
        if self.journal is not None:
            self.journal.close()
        self.clock.close()

    def _is_idle(self) -> bool:
        for host in self._hosts.values():
            for queue in host.queues():
                with queue.lock:
                    if queue.unacked or (queue.ready and queue.consumers):
                        return False
            if not host.topics.are_idle:
                return False
        return True

    def look_if_idle(self) -> None:
        """Tell who waits for the end if there is nothing left to do. No lock is held."""
        if self._is_idle():
            with self._lock:
                waiting, self._idle = self._idle, []
            for waiter in waiting:
                waiter.wake()

    def _wait_until_idle(self, timeout_s: float | None) -> bool:
        waiter = ThreadWaiter()
        return self.clock.acquire(waiter.lock, self._wait_for_idle(waiter, timeout_s))

    def _wait_for_idle(self, waiter: Waiter, timeout_s: float | None) -> int | None:
        """Have somebody woken when nothing is left to do; say until when to wait."""
        until_ns = None if timeout_s is None else self.clock.now_ns() + round(timeout_s * 1e9)
        with self._lock:
            self._idle.append(waiter)
        self.look_if_idle()
        return until_ns

    def __enter__(self) -> Broker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close(drain=False)
