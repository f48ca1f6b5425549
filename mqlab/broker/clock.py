"""The broker's clock: the real one, or one that a test moves by hand.

Everything in the broker that depends on time asks one of these: times to live, queues that expire, time-outs of waiting
threads. With :class:`ManualClock` time stands still until :meth:`ManualClock.advance`, which runs what falls due, in
order, in the thread that advances.
"""

from __future__ import annotations

import asyncio
import heapq
import threading
import time
from _thread import LockType
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import Protocol

__all__ = ["Clock", "ManualClock", "RealClock"]


class Clock(Protocol):
    """What the broker wants of a clock."""

    def now_ns(self) -> int:
        """Tell the time; it never goes back."""

    def wall_ns(self) -> int:
        """Tell the time since 1970, which means something to another process too."""

    def call_at(self, at_ns: int, action: Callable[[], None]) -> None:
        """Call ``action`` at a time, or soon after. It cannot be taken back: it looks whether it still matters."""

    def acquire(self, lock: LockType, until_ns: int | None) -> bool:
        """Take a lock that somebody else will release, but wait until ``until_ns`` at most (None: for ever)."""

    async def wait(self, future: asyncio.Future[None], until_ns: int | None) -> bool:
        """Await what somebody else will set, but until ``until_ns`` at most (None: for ever); say whether it was."""

    def close(self) -> None:
        """Forget everything that is still to be called."""


class RealClock:
    """Time as it passes; a thread of its own wakes for what is due, if anything ever is.

    Examples
    --------
    >>> clock = RealClock()
    >>> clock.now_ns() <= clock.now_ns()
    True
    """

    now_ns = staticmethod(time.monotonic_ns)
    wall_ns = staticmethod(time.time_ns)

    def __init__(self) -> None:
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def call_at(self, at_ns: int, action: Callable[[], None]) -> None:
        """Call ``action`` at a time, in the clock's thread."""
        with self._changed:
            if self._closed:
                return
            heapq.heappush(self._due, (at_ns, next(self._numbers), action))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="mqlab-broker-clock", daemon=True)
                self._thread.start()
            elif self._due[0][2] is action:
                self._changed.notify()

    def acquire(self, lock: LockType, until_ns: int | None) -> bool:
        """Wait for a lock."""
        if until_ns is None:
            return lock.acquire()
        left_ns = until_ns - time.monotonic_ns()
        return lock.acquire(timeout=min(left_ns / 1e9, threading.TIMEOUT_MAX)) if left_ns > 0 else lock.acquire(False)

    async def wait(self, future: asyncio.Future[None], until_ns: int | None) -> bool:
        """Await a future."""
        if until_ns is None:
            await future
            return True
        done, _ = await asyncio.wait((future,), timeout=max(0.0, (until_ns - time.monotonic_ns()) / 1e9))
        return bool(done)

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closed = True
            self._due.clear()
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed:
                    left_ns = self._due[0][0] - time.monotonic_ns() if self._due else None
                    if left_ns is not None and left_ns <= 0:
                        break
                    self._changed.wait(None if left_ns is None else min(left_ns / 1e9, threading.TIMEOUT_MAX))
                if self._closed:
                    return
                action = heapq.heappop(self._due)[2]
            action()


class ManualClock:
    """Time that stands still until somebody moves it.

    Examples
    --------
    >>> clock = ManualClock()
    >>> clock.call_at(2_000, lambda: print("two"))
    >>> clock.call_at(1_000, lambda: print("one"))
    >>> clock.advance(1_500)
    one
    >>> clock.now_ns()
    1500
    """

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()
        self._lock = threading.Lock()

    def now_ns(self) -> int:
        """Tell the time."""
        return self._now_ns

    def wall_ns(self) -> int:
        """Tell the same time."""
        return self._now_ns

    def advance(self, ns: int) -> None:
        """Move time ahead and run what falls due on the way, each at its own time."""
        end_ns = self._now_ns + ns
        while True:
            with self._lock:
                if not self._due or self._due[0][0] > end_ns:
                    break
                at_ns, _, action = heapq.heappop(self._due)
                self._now_ns = max(self._now_ns, at_ns)
            action()
        self._now_ns = max(self._now_ns, end_ns)

    def call_at(self, at_ns: int, action: Callable[[], None]) -> None:
        """Call ``action`` when time is moved to ``at_ns`` or past it."""
        with self._lock:
            heapq.heappush(self._due, (at_ns, next(self._numbers), action))

    def acquire(self, lock: LockType, until_ns: int | None) -> bool:
        """Wait for a lock; time is up when somebody has moved the clock that far."""
        if until_ns is None:
            return lock.acquire()
        if lock.acquire(False):
            return True
        if until_ns <= self._now_ns:
            return False
        timed_out: list[bool] = []

        def wake() -> None:
            if lock.locked():
                timed_out.append(True)
                lock.release()

        self.call_at(until_ns, wake)
        lock.acquire()
        return not timed_out

    async def wait(self, future: asyncio.Future[None], until_ns: int | None) -> bool:
        """Await a future; time is up when somebody has moved the clock that far."""
        if until_ns is not None and not future.done():
            if until_ns <= self._now_ns:
                return False
            loop, up = asyncio.get_running_loop(), asyncio.Event()

            def ring() -> None:
                with suppress(RuntimeError):  # the loop may be gone by then
                    loop.call_soon_threadsafe(up.set)

            self.call_at(until_ns, ring)
            timer = asyncio.ensure_future(up.wait())
            try:
                await asyncio.wait((future, timer), return_when=asyncio.FIRST_COMPLETED)
            finally:
                timer.cancel()
        elif until_ns is None:
            await asyncio.wait((future,))
        return future.done()

    def close(self) -> None:
        """Forget what was to come."""
        with self._lock:
            self._due.clear()
