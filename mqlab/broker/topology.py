"""What a channel may ask of its virtual host: declare, bind, delete, and tell figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mqlab.broker.errors import ChannelClosed
from mqlab.broker.statistics import QueueStats

if TYPE_CHECKING:
    from mqlab.broker.connections import Connection
    from mqlab.broker.hosts import VirtualHost

__all__ = ["Topology"]


class Topology:
    """The part of a channel that deals with exchanges, queues and bindings."""

    connection: Connection
    host: VirtualHost

    _closed: ChannelClosed | None

    @property
    def is_open(self) -> bool:
        """Whether the channel can be used."""
        return self._closed is None

    def check_open(self) -> None:
        """Raise :class:`ChannelClosed` if the channel can't be used."""
        if self._closed is not None:
            raise ChannelClosed(self._closed.what, self._closed.mend)

    def declare_queue(self, name: str = "", **options: Any) -> str:
        """Declare a queue by the words of :class:`QueueOptions` and return its name; "" has the broker choose one.

        Raises
        ------
        PreconditionFailed
            It is there with other options, or an option makes no sense.
        ResourceLocked
            It belongs to another connection.
        """
        self.check_open()
        return self.host.declare_queue(self.connection, name, options)

    def declare_exchange(self, name: str, kind: str = "direct", *, durable: bool = False, alternate: str = "") -> None:
        """Declare an exchange: direct, fanout, topic or headers; ``alternate`` gets what no binding matches."""
        self.check_open()
        self.host.declare_exchange(name, kind, durable, alternate)

    def bind(
        self, queue: str, exchange: str, routing_key: str = "", *, headers: Mapping[str, str | None] | None = None,
        match: str = "all",
    ) -> None:  # fmt: skip
        """Bind a queue to an exchange."""
        self.check_open()
        self.host.bind(self.connection, exchange, routing_key, headers or {}, match, queue=queue)

    def bind_exchange(
        self, destination: str, source: str, routing_key: str = "", *, headers: Mapping[str, str | None] | None = None,
        match: str = "all",
    ) -> None:  # fmt: skip
        """Have ``destination`` get what matches at ``source``."""
        self.check_open()
        self.host.bind(self.connection, source, routing_key, headers or {}, match, to_exchange=destination)

    def unbind(
        self, queue: str, exchange: str, routing_key: str = "", *, headers: Mapping[str, str | None] | None = None,
        match: str = "all",
    ) -> None:  # fmt: skip
        """Take a binding away; it is no error if there is none."""
        self.check_open()
        self.host.unbind(self.connection, queue, exchange, routing_key, headers or {}, match)

    def purge(self, queue: str) -> int:
        """Delete what is ready in a queue and say how much that was."""
        self.check_open()
        return self.host.purge(self.connection, queue)

    def delete_queue(self, name: str, *, if_unused: bool = False, if_empty: bool = False) -> int:
        """Delete a queue with what stands in it; say how much that was. It is no error if there is none."""
        self.check_open()
        return self.host.delete_queue(self.connection, name, if_unused, if_empty)

    def delete_exchange(self, name: str, *, if_unused: bool = False) -> None:
        """Delete an exchange and its bindings."""
        self.check_open()
        self.host.delete_exchange(name, if_unused)

    def stats(self, queue: str) -> QueueStats:
        """Tell the figures of a queue."""
        return QueueStats.of(self.host.queue(queue))
