"""A thread that calls a function with each delivery of a consumer."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mqlab.broker.consumers import Consumer
from mqlab.broker.messages import Delivery

__all__ = ["Worker"]


class Worker:
    """A consumer with a thread of its own; made by :meth:`Channel.subscribe`.

    If the function raises, the consumer is cancelled: the delivery in hand stays unsettled and goes back when the
    channel closes, what came behind it goes back at once, and :meth:`join` raises what was raised.
    """

    def __init__(self, consumer: Consumer, callback: Callable[[Delivery], object]) -> None:
        self.consumer = consumer
        self.failure: BaseException | None = None
        self._callback = callback
        self._thread = threading.Thread(target=self._run, name=f"mqlab-{consumer.tag}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for delivery in self.consumer:
                self._callback(delivery)
        except BaseException as failure:
            self.failure = failure
            self.consumer.cancel()

    def cancel(self) -> None:
        """End the consumer; the thread ends after the delivery in hand."""
        self.consumer.cancel()

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until the thread has ended, and raise what its function raised; False if it still runs."""
        self._thread.join(timeout_s)
        if self.failure is not None:
            raise self.failure
        return not self._thread.is_alive()
