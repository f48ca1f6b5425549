"""How a thread or a task waits to be woken, once."""

from __future__ import annotations

import asyncio
from _thread import allocate_lock

__all__ = ["TaskWaiter", "ThreadWaiter", "Waiter"]


class ThreadWaiter:
    """A thread that waits for a lock which its waker releases."""

    __slots__ = ("lock",)

    def __init__(self) -> None:
        self.lock = allocate_lock()
        self.lock.acquire()

    def wake(self) -> bool:
        """Let the thread run; False if a clock moved by hand has just told it that its time is up."""
        try:
            self.lock.release()
        except RuntimeError:
            return False
        return True


class TaskWaiter:
    """A task that waits for a future of its event loop, which any thread may set."""

    __slots__ = ("_loop", "future")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.future: asyncio.Future[None] = self._loop.create_future()

    def wake(self) -> bool:
        """Let the task run; False if it can't, because its loop is closed."""
        try:
            self._loop.call_soon_threadsafe(self._set)
        except RuntimeError:
            return False
        return True

    def _set(self) -> None:
        if not self.future.done():
            self.future.set_result(None)


Waiter = ThreadWaiter | TaskWaiter
