"""A channel to a broker in another process. Consumers and deliveries are those of the broker inside the process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from mqlab.broker.consumers import Consumer, Taker
from mqlab.broker.errors import BrokerError, ChannelClosed, ConsumerCancelled, PreconditionFailed, UnknownDelivery
from mqlab.broker.journal.storing import check_bodies
from mqlab.broker.messages import PLAIN, Confirmation, Delivery, Envelope, Properties, Returned
from mqlab.broker.server.wire import Frame, error_of, options_to
from mqlab.broker.statistics import QueueStats
from mqlab.broker.workers import Worker

if TYPE_CHECKING:
    from mqlab.broker.server.remote import RemoteConnection

__all__ = ["RemoteChannel"]


class _FarQueue:
    """What a consumer wants of a queue that is elsewhere: a name, a lock for its inbox, a clock."""

    __slots__ = ("host", "lock", "name")

    def __init__(self, name: str, host: Any) -> None:
        self.name, self.host, self.lock = name, host, threading.Lock()


class RemoteChannel:
    """A channel; made by :meth:`RemoteConnection.channel`. Its methods are those of :class:`Channel`."""

    def __init__(self, connection: RemoteConnection, number: int) -> None:
        self.connection, self.number = connection, number
        self.unacked: dict[int, Delivery] = {}
        self.limit = 0
        self._host = SimpleNamespace(broker=connection.broker)
        self._lock = threading.Lock()
        self._decided = threading.Condition(self._lock)
        self._sending = threading.Lock()
        self._consumers: dict[str, Consumer] = {}
        self._confirming = self._in_transaction = False
        self._on_confirm: Callable[[Confirmation], None] | None = None
        self._on_return: Callable[[Returned], None] | None = None
        self._issued = self._outstanding = 0
        self._refused: list[int] = []
        self._settled: list[Delivery] = []
        self._mistake: Exception | None = None
        self._closed: BrokerError | None = None

    # asking

    def _ask(self, do: str, **words: Any) -> Frame:
        self.check_open()
        frame = self.connection.ask({"do": do, "channel": self.number} | words)
        with self._lock:
            mistake, self._mistake = self._mistake, None
        if mistake is not None:
            raise mistake
        return frame

    def _call(self, do: str, *args: Any, **words: Any) -> Any:
        return self._ask(do, args=args, words=words).header["value"]

    def _tell(self, do: str, messages: Sequence[tuple[Any, Envelope]] = (), **words: Any) -> None:
        self.connection.tell({"do": do, "channel": self.number} | words, messages)

    @property
    def is_open(self) -> bool:
        """Whether the channel can be used."""
        return self._closed is None

    def check_open(self) -> None:
        """Raise if the channel can't be used."""
        if self._closed is not None:
            raise type(self._closed)(self._closed.what, self._closed.mend)

    # topology

    def declare_queue(self, name: str = "", **options: Any) -> str:
        """Declare a queue by the words of :class:`QueueOptions` and return its name."""
        return str(self._ask("declare_queue", name=name, options=options_to(options)).header["value"])

    def declare_exchange(self, name: str, kind: str = "direct", *, durable: bool = False, alternate: str = "") -> None:
        """Declare an exchange."""
        self._call("declare_exchange", name, kind, durable=durable, alternate=alternate)

    def bind(
        self, queue: str, exchange: str, routing_key: str = "", *, headers: Mapping[str, str | None] | None = None,
        match: str = "all",
    ) -> None:  # fmt: skip
        """Bind a queue to an exchange."""
        self._call("bind", queue, exchange, routing_key, headers=dict(headers or {}), match=match)

    def bind_exchange(
        self, destination: str, source: str, routing_key: str = "", *, headers: Mapping[str, str | None] | None = None,
        match: str = "all",
    ) -> None:  # fmt: skip
        """Have ``destination`` get what matches at ``source``."""
        self._call("bind_exchange", destination, source, routing_key, headers=dict(headers or {}), match=match)

    def unbind(
        self, queue: str, exchange: str, routing_key: str = "", *, headers: Mapping[str, str | None] | None = None,
        match: str = "all",
    ) -> None:  # fmt: skip
        """Take a binding away; it is no error if there is none."""
        self._call("unbind", queue, exchange, routing_key, headers=dict(headers or {}), match=match)

    def purge(self, queue: str) -> int:
        """Delete what is ready in a queue and say how much that was."""
        return int(self._call("purge", queue))

    def delete_queue(self, name: str, *, if_unused: bool = False, if_empty: bool = False) -> int:
        """Delete a queue with what stands in it; say how much that was."""
        return int(self._call("delete_queue", name, if_unused=if_unused, if_empty=if_empty))

    def delete_exchange(self, name: str, *, if_unused: bool = False) -> None:
        """Delete an exchange and its bindings."""
        self._call("delete_exchange", name, if_unused=if_unused)

    def stats(self, queue: str) -> QueueStats:
        """Tell the figures of a queue."""
        return QueueStats(**self._ask("stats", queue=queue).header["value"])

    # publishing

    def publish(
        self, body: Any, routing_key: str = "", exchange: str = "", properties: Properties | None = None,
        mandatory: bool = False,
    ) -> int | None:  # fmt: skip
        """Publish a message; with confirms on, return its number."""
        first = self.publish_many((body,), routing_key, exchange, properties, mandatory)
        return None if first is None else first.start

    def publish_many(
        self, bodies: Iterable[Any], routing_key: str = "", exchange: str = "", properties: Properties | None = None,
        mandatory: bool = False,
    ) -> range | None:  # fmt: skip
        """Publish several bodies the same way in one go; with confirms on, return their numbers."""
        self.check_open()
        bodies = tuple(bodies)
        check_bodies(bodies)
        envelope = Envelope(exchange, routing_key, properties or PLAIN)
        messages = [(body, envelope) for body in bodies]
        if not self._confirming:
            self._tell("publish", messages, mandatory=mandatory)
            return None
        with self._sending:  # the broker counts them as they come
            numbers = range(self._issued + 1, self._issued + 1 + len(bodies))
            self._issued += len(bodies)
            with self._lock:
                self._outstanding += len(bodies)
            self._tell("publish", messages, mandatory=mandatory)
        return numbers

    def confirms(self, on_confirm: Callable[[Confirmation], None] | None = None) -> None:
        """Turn confirms on; ``on_confirm`` is called in the thread that reads from the broker."""
        self._on_confirm = on_confirm or self._on_confirm
        if not self._confirming:
            self._ask("confirms")
            self._confirming = True

    @property
    def is_confirming(self) -> bool:
        """Whether confirms are on."""
        return self._confirming

    def wait_for_confirms(self) -> tuple[int, ...]:
        """Return the numbers of publishes that were refused since the last call, when none is undecided any more.

        Raises
        ------
        ChannelClosed
            The connection was lost before all were decided: what became of the rest is unknown.
        """
        with self._lock:
            while self._outstanding and self._closed is None:
                self._decided.wait()
            if self._outstanding:
                self.check_open()
            refused, self._refused = tuple(sorted(self._refused)), []
        return refused

    def on_return(self, callback: Callable[[Returned], None]) -> None:
        """Have ``callback`` called with each mandatory message that reaches no queue, before it is confirmed."""
        self._on_return = callback

    # transactions

    def select(self) -> None:
        """Turn transactions on, for good."""
        if self._confirming:
            raise PreconditionFailed(
                f"channel {self.number} has confirms and cannot have transactions", "open another channel"
            )
        self._call("select")
        self._in_transaction = True

    def commit(self) -> None:
        """Do everything that was published and settled since the last commit, or nothing of it."""
        self._call("commit")
        self._settled = []

    def rollback(self) -> None:
        """Forget what was published and settled since the last commit; deliveries stay unacknowledged."""
        self._call("rollback")
        settled, self._settled = self._settled, []
        self.unacked.update((delivery.tag, delivery) for delivery in settled)

    @contextmanager
    def transaction(self) -> Iterator[RemoteChannel]:
        """Commit what is done inside, or roll it back if something is raised."""
        self.select()
        try:
            yield self
            self.commit()
        except BaseException:
            if self.is_open:
                self.rollback()
            raise

    # consuming

    def prefetch(self, limit: int) -> None:
        """Bound what all consumers of this channel hold together, beside their own limits; 0: unbounded."""
        self._call("prefetch", limit)

    def consume(
        self, queue: str, *, prefetch: int = 0, auto_ack: bool = False, exclusive: bool = False, priority: int = 0,
        consumer_tag: str = "",
    ) -> Consumer:  # fmt: skip
        """Register a consumer, which holds at most ``prefetch`` unsettled deliveries (0: no bound)."""
        tag = consumer_tag or f"ctag{self.number}.{id(self):x}.{len(self._consumers)}.{next(_TAGS)}"
        if tag in self._consumers:
            raise PreconditionFailed(f"this channel has a consumer `{tag}`", "give another consumer_tag, or none")
        far = _FarQueue(queue, self._host)
        consumer = Consumer(cast(Any, self), cast(Any, far), tag, auto_ack, prefetch, priority, exclusive, count(1))
        consumer.served = True
        self._consumers[tag] = consumer  # deliveries may come before the answer
        words = {
            "prefetch": prefetch, "auto_ack": auto_ack, "exclusive": exclusive, "priority": priority,
            "consumer_tag": tag,
        }  # fmt: skip
        try:
            self._ask("consume", queue=queue, words=words)
        except BaseException:
            self._consumers.pop(tag, None)
            raise
        return consumer

    def subscribe(self, queue: str, callback: Callable[[Delivery], object], **how: Any) -> Worker:
        """Consume with a thread that calls ``callback`` with each delivery; ``how`` as for :meth:`consume`."""
        return Worker(self.consume(queue, **how), callback)

    def get(self, queue: str, *, auto_ack: bool = False) -> Delivery | None:
        """Fetch one message, whatever the prefetch; None if none is ready."""
        frame = self._ask("get", queue=queue, auto_ack=auto_ack)
        if frame.header["value"] is None:
            return None
        tag, returns = frame.header["value"]
        ((body, envelope),) = frame.messages
        taker = Taker(cast(Any, self), cast(Any, _FarQueue(queue, self._host)), auto_ack, 0)
        delivery = Delivery(body, tag, envelope, taker, 0, returns)
        if not auto_ack:
            self.unacked[tag] = delivery
        return delivery

    def cancel(self, consumer: Consumer) -> None:
        """End a consumer; what it has not received goes back to its place."""
        self._ask("cancel", consumer=consumer.tag)
        self._consumers.pop(consumer.tag, None)
        with consumer.queue.lock:
            consumer.end(ConsumerCancelled(f"consumer `{consumer.tag}` was cancelled", "register another"))
            unread: list[Any] = [] if consumer.auto else list(consumer.inbox)
            if unread:
                consumer.inbox.clear()
        tags = [each.tag for each in unread if self.unacked.pop(each.tag, None) is not None]
        if tags:
            self._tell("settle", tags=tags, how="requeue")

    # settling

    def ack(self, tag: int, multiple: bool = False) -> None:
        """Acknowledge a delivery, or with ``multiple`` all up to it that this client has and has not settled."""
        self._settle(tag, multiple, "ack")

    def nack(self, tag: int, multiple: bool = False, requeue: bool = True) -> None:
        """Give a delivery back, or with ``multiple`` all up to it; without ``requeue`` they die."""
        self._settle(tag, multiple, "requeue" if requeue else "discard")

    def recover(self) -> None:
        """Give back everything that is unsettled on this channel."""
        self.nack(0, multiple=True)

    def extend(self, tag: int, timeout_s: float) -> None:
        """Hold a delivery for so long from now on, where its queue has a visibility time-out."""
        self._call("extend", tag, timeout_s)

    def settle_batch(self, parts: Sequence[Iterable[Delivery]], how: str) -> None:
        """Settle those deliveries of a batch that are unsettled."""
        self._settle_all([each.tag for part in parts for each in part], how)

    def _settle(self, tag: int, multiple: bool, how: str) -> None:
        with self._lock:
            wanted = [each for each in self.unacked if not tag or each <= tag] if multiple else [tag]
        if wanted or tag:
            self._settle_all(wanted or [tag], how)

    def _settle_all(self, tags: Sequence[int], how: str) -> None:
        with self._lock:
            settled = [found for each in tags if (found := self.unacked.pop(each, None)) is not None]
            if not settled:
                self.check_open()
                raise UnknownDelivery(
                    f"channel {self.number} waits for no delivery with tag {tags[0]}",
                    "settle each delivery once, on the channel it came on, and none that was delivered with auto_ack",
                )
            if self._in_transaction:
                self._settled += settled
        self._tell("settle", tags=[each.tag for each in settled], how=how)

    # what the broker tells, in the thread that reads

    def told(self, frame: Frame) -> None:
        """Take in what the broker tells of this channel."""
        header = frame.header
        do = header["do"]
        if do == "deliver":
            self._deliver(frame)
        elif do == "confirm":
            self._confirm(header)
        elif do == "returned":
            if self._on_return is not None:
                self._on_return(Returned(*frame.messages[0]))
        elif do == "ended":
            consumer = self._consumers.pop(header["consumer"], None)
            error = error_of(header["error"])
            if consumer is not None and isinstance(error, BrokerError):
                with consumer.queue.lock:
                    consumer.end(error)
        elif do == "failed":
            with self._lock:
                self._mistake = self._mistake or error_of(header["error"])

    def _deliver(self, frame: Frame) -> None:
        header = frame.header
        consumer = self._consumers.get(header["consumer"])
        if consumer is None:  # it was cancelled while these were on their way
            self._tell("settle", tags=header["tags"], how="requeue")
            return
        made = [
            Delivery(body, tag, envelope, consumer, 0, returns)
            for (body, envelope), tag, returns in zip(frame.messages, header["tags"], header["returns"], strict=True)
        ]
        if not consumer.auto:
            with self._lock:
                self.unacked.update((each.tag, each) for each in made)
        with consumer.queue.lock:
            consumer.inbox.extend(made)
            for _ in range(min(len(made), len(consumer.waiters))):
                consumer.wake()

    def _confirm(self, header: dict[str, Any]) -> None:
        confirmation = Confirmation(header["first"], header["last"], header["taken"])
        numbers = range(confirmation.first, confirmation.last + 1)
        try:
            if self._on_confirm is not None:
                self._on_confirm(confirmation)
        finally:
            with self._lock:
                if not confirmation.taken:
                    self._refused += numbers
                if "error" in header:
                    self._mistake = self._mistake or error_of(header["error"])
                self._outstanding -= len(numbers)
                if not self._outstanding:
                    self._decided.notify_all()

    # the end

    def close(self) -> None:
        """End the channel: its consumers end, and what is unacknowledged goes back to its place."""
        if self._closed is None:
            self._ask("close")
            self.end(ChannelClosed(f"channel {self.number} is closed", "open another with connection.channel()"))
            self.connection.forget(self)

    def end(self, why: BrokerError) -> None:
        """Be closed, and wake all who wait."""
        with self._lock:
            if self._closed is not None:
                return
            self._closed = why
            self._decided.notify_all()
            consumers = list(self._consumers.values())
            self.unacked.clear()
        for consumer in consumers:
            with consumer.queue.lock:
                consumer.end(why)
                if not consumer.auto:
                    consumer.inbox.clear()

    def __enter__(self) -> RemoteChannel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_TAGS = count(1)
