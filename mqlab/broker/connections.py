"""A connection to one virtual host: channels, exclusive queues, and what happens when it ends."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from mqlab.broker.channels import Channel
from mqlab.broker.errors import BrokerClosed, ChannelClosed

if TYPE_CHECKING:
    from mqlab.broker.hosts import VirtualHost
    from mqlab.broker.log.members import Member, OnParts
    from mqlab.broker.log.readers import Reader

__all__ = ["Connection"]


class Connection:
    """A client's connection; made by :meth:`Broker.connect`."""

    def __init__(self, host: VirtualHost, name: str) -> None:
        self.host, self.name = host, name
        self._lock = threading.Lock()
        self._channels: dict[int, Channel] = {}
        self._opened = 0
        self._closed = False

    def channel(self) -> Channel:
        """Open a channel."""
        with self._lock:
            self._check_open()
            if self.host.broker.draining or self.host.broker.closed:
                raise BrokerClosed("the broker is closing and takes nothing new", "open channels before close()")
            self._opened += 1
            channel = self._channels[self._opened] = Channel(self, self._opened)
        channel.renew()
        return channel

    def join(
        self, group: str, *topics: str, on_assigned: OnParts | None = None, on_revoked: OnParts | None = None,
        on_lost: OnParts | None = None, **options: Any,
    ) -> Member:  # fmt: skip
        """Join a consumer group that reads topics; ``options`` are those of :class:`MemberOptions`.

        Parameters
        ----------
        on_assigned, on_revoked, on_lost
            Called inside a poll with the partitions that the member gets, has to give up (it may still commit), or has
            lost to others already.

        Raises
        ------
        NotFound
            There is no such topic.
        PreconditionFailed
            The group's members use another assignor, or an option makes no sense.
        """
        self._check_open()
        return self.host.topics.join(self, group, topics, options, on_assigned, on_revoked, on_lost)

    def read(self, *topics: str, start: str = "latest") -> Reader:
        """Read all partitions of topics without a group, from ``earliest`` or ``latest``."""
        self._check_open()
        return self.host.topics.read(self, topics, None, start)

    def _check_open(self) -> None:
        if self._closed:
            raise ChannelClosed(f"connection `{self.name}` is closed", "open another with broker.connect()")

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        return not self._closed

    def channels(self) -> list[Channel]:
        """List the open channels."""
        with self._lock:
            return list(self._channels.values())

    def forget(self, channel: Channel) -> None:
        """Take out a channel that has ended."""
        with self._lock:
            self._channels.pop(channel.number, None)

    def close(self) -> None:
        """End it in order: what is unacknowledged goes back to its place, exclusive queues are deleted."""
        self._end(
            ChannelClosed(f"connection `{self.name}` was closed", "open another with broker.connect()"), lost=False
        )

    def drop(self) -> None:
        """Lose it, as if the network or the client were gone.

        What is unacknowledged goes back, marked redelivered. What was delivered with auto_ack and not yet received is
        lost: for the broker it was done when it was sent.
        """
        self._end(ChannelClosed(f"connection `{self.name}` was lost", "open another with broker.connect()"), lost=True)

    def _end(self, why: ChannelClosed, lost: bool) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
        for channel in self.channels():
            channel.shut(why, lost)
        self.host.leave(self)
        self.host.topics.leave(self, lost)
        self.host.broker.forget(self)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
