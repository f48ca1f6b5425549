"""A limit of memory that stops publishers, and nobody else, while the broker holds more (RabbitMQ: alarms).

It is no bound: who was let in may bring more than there was room for (https://www.rabbitmq.com/docs/memory).
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque

from mqlab.broker.clock import Clock
from mqlab.broker.errors import PublishersBlocked
from mqlab.broker.waiting import TaskWaiter, ThreadWaiter, Waiter

__all__ = ["Memory"]


class Memory:
    """Bytes that queues hold, ready and unacknowledged, and the publishers that wait until it is less."""

    def __init__(self, limit_bytes: int, block_timeout_s: float | None) -> None:
        self.limit_bytes, self.block_timeout_s = limit_bytes, block_timeout_s
        self.used_bytes = 0
        self._closed = False
        self._lock = threading.Lock()
        self._waiters: deque[Waiter] = deque()

    @property
    def is_full(self) -> bool:
        """Whether publishers are stopped."""
        return self.used_bytes > self.limit_bytes and not self._closed

    def hold(self, size_bytes: int) -> None:
        """Count what a queue has taken."""
        with self._lock:
            self.used_bytes += size_bytes

    def free(self, size_bytes: int) -> None:
        """Count what has left, and let publishers in if there is room again."""
        with self._lock:
            self.used_bytes -= size_bytes
            if self._waiters and not self.is_full:
                while self._waiters:
                    self._waiters.popleft().wake()

    def close(self) -> None:
        """Let everybody go."""
        with self._lock:
            self._closed = True
            while self._waiters:
                self._waiters.popleft().wake()

    def wait_for_room(self, clock: Clock) -> None:
        """Stop here while memory is full.

        Raises
        ------
        PublishersBlocked
            It stayed full for too long, or this is a task of an event loop, which must not stop.
        """
        until_ns = self._until(clock)
        in_time = True
        while self.is_full:
            if not in_time or self.block_timeout_s == 0 or asyncio._get_running_loop() is not None:
                raise self._blocked()
            waiter = ThreadWaiter()
            if self._stand_in_line(waiter):
                try:
                    in_time = clock.acquire(waiter.lock, until_ns)
                finally:
                    self._step_out(waiter)

    async def wait_in_task(self, clock: Clock) -> None:
        """Do as :meth:`wait_for_room` in a task, without keeping the event loop."""
        until_ns = self._until(clock)
        in_time = True
        while self.is_full:
            if not in_time or self.block_timeout_s == 0:
                raise self._blocked()
            waiter = TaskWaiter()
            if self._stand_in_line(waiter):
                try:
                    in_time = await clock.wait(waiter.future, until_ns)
                finally:
                    self._step_out(waiter)

    def _until(self, clock: Clock) -> int | None:
        if self.block_timeout_s is None or not self.is_full:
            return None
        return clock.now_ns() + round(self.block_timeout_s * 1e9)

    def _blocked(self) -> PublishersBlocked:
        return PublishersBlocked(
            f"the broker holds {self.used_bytes:,} bytes, more than its limit of {self.limit_bytes:,}",
            "let consumers catch up, slow down, or raise memory_limit_bytes",
        )

    def _stand_in_line(self, waiter: Waiter) -> bool:
        with self._lock:
            if self.is_full:
                self._waiters.append(waiter)
                return True
            return False

    def _step_out(self, waiter: Waiter) -> None:
        with self._lock:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
