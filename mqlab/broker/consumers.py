"""Who takes messages: a consumer with its inbox, and a channel that fetches.

The broker puts deliveries into a consumer's inbox under the queue's lock; receiving takes them out without any lock,
since one end of a deque is one thread's and taking from it is a single step. Only who finds the inbox empty takes the
lock, looks again, and leaves a waiter; so nobody is woken who does not wait, and a wake-up cannot get lost: a delivery
that comes after that look finds the waiter. A waiter is woken once. Should it have given up by then, it passes the
wake-up on.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from mqlab.broker.batches import Batch, Part, Share
from mqlab.broker.errors import BrokerError, ReceiveTimeout
from mqlab.broker.messages import Delivery
from mqlab.broker.waiting import TaskWaiter, ThreadWaiter, Waiter

if TYPE_CHECKING:
    from mqlab.broker.channels import Channel
    from mqlab.broker.queues import Queue

__all__ = ["Consumer", "Taker"]


TURNS = 64
"""Deliveries that a task takes from a full inbox before it lets others run."""


class Taker:
    """Somebody who holds deliveries of one queue until they are settled."""

    __slots__ = ("auto", "channel", "held", "in_ring", "limit", "queue", "served", "shares", "unacked")

    def __init__(self, channel: Channel, queue: Queue, auto: bool, prefetch: int) -> None:
        self.channel, self.queue, self.auto = channel, queue, auto
        self.unacked = channel.unacked
        self.held = 0
        self.limit = prefetch or sys.maxsize
        self.in_ring = self.served = self.shares = False

    @property
    def may_take(self) -> bool:
        """Whether it may get further deliveries."""
        return self.served or self.channel.is_open

    @property
    def unread(self) -> deque[Delivery | Share] | None:
        """Its inbox, if it has one."""
        return None

    def as_consumer(self) -> Consumer:
        """Be a consumer; who only fetches is none and is never served."""
        raise TypeError("who fetches is not served")


class Consumer(Taker):
    """A registered consumer of a queue; receive from it, iterate over it, or await it.

    Any number of threads and tasks may share one. Made by :meth:`Channel.consume`.

    Examples
    --------
    >>> from mqlab import Broker
    >>> channel = Broker().connect().channel()
    >>> channel.declare_queue("orders")
    'orders'
    >>> consumer = channel.consume("orders", prefetch=10)
    >>> channel.publish_many(["one", "two"], "orders")
    >>> [delivery.body for delivery in consumer.receive_many(10)]
    ['one', 'two']
    """

    __slots__ = (
        "_clock", "ended", "exclusive", "inbox", "last_turn", "next_tag", "priority", "tag", "waiters",
    )  # fmt: skip

    def __init__(
        self, channel: Channel, queue: Queue, tag: str, auto: bool, prefetch: int, priority: int, exclusive: bool,
        tags: count[int],
    ) -> None:  # fmt: skip
        super().__init__(channel, queue, auto, prefetch)
        self.tag, self.priority, self.exclusive = tag, priority, exclusive
        self.inbox: deque[Delivery | Share] = deque()
        self.waiters: deque[Waiter] = deque()
        self.ended: BrokerError | None = None
        self.last_turn = 0
        self.shares = channel.limit > 0 and not auto
        self._clock = queue.host.broker.clock
        self.next_tag: Callable[[], int] = tags.__next__

    def as_consumer(self) -> Consumer:
        """Be a consumer."""
        return self

    @property
    def unread(self) -> deque[Delivery | Share] | None:
        """Its inbox."""
        return self.inbox

    @property
    def may_take(self) -> bool:
        """Whether it may get further deliveries."""
        return self.served

    @property
    def is_special(self) -> bool:
        """Whether a ring does not do for it: it has a priority, or shares a limit."""
        return self.priority != 0 or self.shares

    @property
    def unread_count(self) -> int:
        """Deliveries that wait in its inbox."""
        return sum(1 if isinstance(each, Delivery) else len(each) for each in self.inbox.copy())

    def wake(self) -> None:
        """Wake one who waits, if anybody does. The queue's lock is held."""
        while self.waiters:
            if self.waiters.popleft().wake():
                return

    def end(self, why: BrokerError) -> None:
        """Serve it no more and wake all who wait. The queue's lock is held."""
        self.served = False
        self.ended = self.ended or why
        while self.waiters:
            self.waiters.popleft().wake()

    # threads

    def receive(self, timeout_s: float | None = None) -> Delivery:
        """Wait for the next delivery.

        Raises
        ------
        ReceiveTimeout
            Nothing came within ``timeout_s`` (0: nothing is there now; None: wait for ever).
        ConsumerCancelled, ChannelClosed
            The consumer has ended, and nothing is left in its inbox.
        """
        try:
            first = self.inbox.popleft()
        except IndexError:
            first = self._wait(timeout_s)
        return first if first.__class__ is Delivery else self._open(first)  # type: ignore[arg-type]

    def receive_many(self, maximum: int = 100, timeout_s: float | None = None) -> Batch:
        """Wait for a delivery and take with it what else is there, up to ``maximum``; errors as of :meth:`receive`."""
        if maximum < 1:
            raise ValueError(f"maximum is {maximum}; ask for 1 delivery or more")
        try:
            first = self.inbox.popleft()
        except IndexError:
            first = self._wait(timeout_s)
        return self._batch(first, maximum)

    def _batch(self, first: Delivery | Share, maximum: int) -> Batch:
        """Take with ``first`` what else is there."""
        parts: list[Part] = []
        loose: list[Delivery] = []
        length = 0
        while True:
            if isinstance(first, Share):
                over = length + len(first) - maximum
                if over > 0:
                    cut = first.stop - over
                    self._put_first([Share(first.bundle, cut, first.stop)])
                    first = Share(first.bundle, first.start, cut)
                parts.append(first)
                loose = []
                length += len(first)
            else:
                if not loose:
                    parts.append(loose)
                loose.append(first)
                length += 1
            if length >= maximum:
                break
            try:
                first = self.inbox.popleft()
            except IndexError:
                break
        return Batch(self.channel, parts, length)

    def _open(self, share: Share) -> Delivery:
        """Take the first of a share, and put the others where they are found one by one."""
        first, *others = share
        self.channel.open(share.bundle)
        if others:
            self._put_first(others)
        return first

    def _put_first(self, taken: Sequence[Delivery | Share]) -> None:
        """Put back what was taken from the inbox, and see to it that somebody takes it."""
        with self.queue.lock:
            ended = self.ended is not None and not self.auto
            if not ended:
                self.inbox.extendleft(reversed(taken))
                for _ in range(min(len(taken), len(self.waiters))):
                    self.wake()
        if ended:  # it was cancelled meanwhile
            self.channel.give_back_unread(self, taken)

    def __iter__(self) -> Iterator[Delivery]:
        """Receive until the consumer ends."""
        while True:
            try:
                yield self.receive()
            except BrokerError:
                if self.ended is None:
                    raise
                return

    def _wait(self, timeout_s: float | None) -> Delivery | Share:
        until_ns = self._until(timeout_s)
        in_time = timeout_s != 0
        while True:
            waiter = ThreadWaiter()
            found = self._take_or_wait(waiter, None if in_time else timeout_s)
            if found is not None:
                return found
            try:
                in_time = self._clock.acquire(waiter.lock, until_ns)
            except BaseException:
                self._stop_waiting(waiter)
                raise
            if not in_time:
                self._stop_waiting(waiter)

    def _until(self, timeout_s: float | None) -> int | None:
        return None if timeout_s is None else self._clock.now_ns() + round(timeout_s * 1e9)

    def _take_or_wait(self, waiter: Waiter, waited_s: float | None) -> Delivery | Share | None:
        """Take a delivery, or leave a waiter where whoever brings one finds it; raise if ``waited_s`` were enough."""
        with self.queue.lock:
            with suppress(IndexError):
                return self.inbox.popleft()
            if self.ended is not None:
                raise type(self.ended)(self.ended.what, self.ended.mend)
            if waited_s is not None:
                raise ReceiveTimeout(
                    f"nothing came from queue `{self.queue.name}` within {waited_s:g} s",
                    "wait longer, or look whether anybody publishes to it",
                )
            self.waiters.append(waiter)
            return None

    # tasks

    async def get(self, timeout_s: float | None = None) -> Delivery:
        """Do as :meth:`receive` in a task, without keeping the event loop."""
        first = await self._next(timeout_s)
        return self._open(first) if isinstance(first, Share) else first

    async def get_many(self, maximum: int = 100, timeout_s: float | None = None) -> Batch:
        """Do as :meth:`receive_many` in a task, without keeping the event loop."""
        if maximum < 1:
            raise ValueError(f"maximum is {maximum}; ask for 1 delivery or more")
        return self._batch(await self._next(timeout_s), maximum)

    async def _next(self, timeout_s: float | None) -> Delivery | Share:
        try:
            return self.inbox.popleft()
        except IndexError:
            pass
        until_ns = self._until(timeout_s)
        in_time = timeout_s != 0
        while True:
            waiter = TaskWaiter()
            found = self._take_or_wait(waiter, None if in_time else timeout_s)
            if found is not None:
                return found
            try:
                in_time = await self._clock.wait(waiter.future, until_ns)
            except BaseException:
                self._stop_waiting(waiter)
                raise
            if not in_time:
                self._stop_waiting(waiter)

    async def __aiter__(self) -> AsyncIterator[Delivery]:
        """Await deliveries until the consumer ends; now and then, other tasks have their turn."""
        for turn in count(1):
            try:
                delivery = await self.get()
            except BrokerError:
                if self.ended is None:
                    raise
                return
            yield delivery
            if turn % TURNS == 0:
                await asyncio.sleep(0)

    def _stop_waiting(self, waiter: Waiter) -> None:
        """Give up waiting; if it was woken meanwhile, it passes the wake-up on."""
        with self.queue.lock:
            if waiter in self.waiters:
                self.waiters.remove(waiter)
            elif self.inbox:
                self.wake()

    def cancel(self) -> None:
        """End the consumer: what it has not received goes back; what it has received is still to be settled."""
        self.channel.cancel(self)
