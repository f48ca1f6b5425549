"""What a publisher may ask for besides: properties, several queues, confirms, returns, room in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from mqlab.broker.errors import BrokerClosed, PreconditionFailed
from mqlab.broker.journal.storing import check_bodies
from mqlab.broker.messages import PLAIN, Confirmation, Envelope, Properties, Returned

if TYPE_CHECKING:
    from mqlab.broker.channels import Channel
    from mqlab.broker.journal import Journal

__all__ = ["Publisher"]


class Publisher:
    """The publishing side of a channel, off its ordinary way.

    A confirm says that every queue took the message, or that one refused it. Where queues are in memory, that is
    decided before ``publish`` returns; a persistent message in a durable queue waits for the journal. A return comes
    before its confirm.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel, self._host = channel, channel.host
        self._broker = channel.host.broker
        self._lock = threading.Lock()
        self._confirming = False
        self._on_confirm: Callable[[Confirmation], None] | None = None
        self.on_return: Callable[[Returned], None] | None = None
        self._issued = 0
        self._refused: list[int] = []
        self._undecided = 0
        self._decided = threading.Condition(self._lock)

    def is_plain(self) -> bool:
        """Whether a publish need only be put into its queue."""
        if self._confirming or self._channel.transaction_mode is not None or self._broker.memory is not None:
            return False
        return not (self._broker.draining or self._broker.closed)

    def confirm(self, on_confirm: Callable[[Confirmation], None] | None) -> None:
        """Give publishes numbers from now on."""
        if self._channel.transaction_mode is not None:
            raise PreconditionFailed(
                f"channel {self._channel.number} has transactions and cannot have confirms", "open another channel"
            )
        self._confirming = True
        self._on_confirm = on_confirm or self._on_confirm

    @property
    def is_confirming(self) -> bool:
        """Whether confirms are on."""
        return self._confirming

    def refused_since(self) -> tuple[int, ...]:
        """Wait until nothing is undecided, and take the numbers of what was refused."""
        if self._undecided and self._broker.journal is not None:
            self._broker.journal.check_may_wait()
        with self._lock:
            while self._undecided:
                self._decided.wait()
            refused, self._refused = tuple(sorted(self._refused)), []
        return refused

    def publish(
        self, bodies: Sequence[Any], routing_key: str, exchange: str, properties: Properties | None, mandatory: bool
    ) -> range | None:
        """Publish bodies one way; with confirms on, return their numbers."""
        properties = properties or PLAIN
        transaction = self._channel.transaction_mode
        if transaction is not None:
            self._channel.check_open()
            self._check_storable(bodies, properties)
            transaction.publish(tuple(bodies), routing_key, exchange, properties, mandatory)
            return None
        self.let_in()
        journal = self._check_storable(bodies, properties)
        queues = self._host.route(exchange, routing_key, properties.headers)
        envelope = Envelope(exchange, routing_key, properties)
        if properties.ttl_ns is not None:
            for queue in queues:
                with queue.lock:
                    queue.stand_by_rules()
        refused: set[int] = set()
        for queue in queues:
            taken = queue.put_many(bodies, envelope)
            refused.update(place for place, was_taken in enumerate(taken) if not was_taken)
        if mandatory and not queues and self.on_return is not None:
            for body in bodies:
                self.on_return(Returned(body, envelope))
        if not self._confirming:
            return None
        waits = journal is not None and any(queue.log is not None for queue in queues)
        with self._lock:
            numbers = range(self._issued + 1, self._issued + 1 + len(bodies))
            self._issued += len(bodies)
            self._undecided += waits
        if waits and journal is not None:
            journal.when_safe(partial(self._told, numbers, refused))
        else:
            self._decide(numbers, refused)
        return numbers

    def let_in(self) -> None:
        """Wait for room in memory; raise if nothing can be published any more."""
        self._channel.check_open()
        if self._broker.memory is not None:
            self._broker.memory.wait_for_room(self._broker.clock)
        if self._broker.draining or self._broker.closed:
            raise BrokerClosed("the broker is closing and takes nothing new", "publish before close()")

    def _check_storable(self, bodies: Sequence[Any], properties: Properties) -> Journal | None:
        """See that the journal can take messages, and say which journal; None if they are not for one."""
        journal = self._broker.journal if properties.persistent else None
        if journal is not None:
            check_bodies(bodies)
            journal.wait_for_room()
        return journal

    def skip(self, how_many: int) -> range:
        """Give numbers to publishes that failed, because a client in another process has counted them."""
        with self._lock:
            numbers = range(self._issued + 1, self._issued + 1 + how_many)
            self._issued += how_many
        return numbers

    def _told(self, numbers: range, refused: set[int], fine: bool) -> None:
        """Decide, now that the journal has what was published; if it could not take it, all is refused."""
        try:
            self._decide(numbers, refused if fine else set(range(len(numbers))))
        finally:
            with self._lock:
                self._undecided -= 1
                if not self._undecided:
                    self._decided.notify_all()

    def _decide(self, numbers: range, refused: set[int]) -> None:
        if refused:
            with self._lock:
                self._refused += sorted(numbers[place] for place in refused)
        if self._on_confirm is None:
            return
        start, how_many = 0, len(numbers)
        for place in range(1, how_many + 1):
            if place == how_many or (place in refused) != (start in refused):
                self._on_confirm(Confirmation(numbers[start], numbers[place - 1], start not in refused))
                start = place
