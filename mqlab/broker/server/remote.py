"""A broker in another process, for the clients of this one: it looks as if it were here."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from mqlab.broker.clock import RealClock
from mqlab.broker.errors import BrokerClosed, BrokerError, ChannelClosed
from mqlab.broker.server.channels import RemoteChannel
from mqlab.broker.server.serving import LOOPBACK, read_token
from mqlab.broker.server.wire import PORT_FILE, VERSION, BadFrame, Frame, Wire, error_of
from mqlab.broker.statistics import QueueStats
from mqlab.routing import HOST

__all__ = ["RemoteBroker", "RemoteConnection"]


class RemoteBroker:
    """The broker that ``mqlab broker serve --data DIR`` runs, or :class:`Server`.

    Connections, channels and consumers are used as those of :class:`Broker`, with these differences: bodies are what
    the journal can store; a publish does not wait for the broker, so a mistake in it is raised by the next call that
    does (with confirms on, the publish is refused); topics and tasks' connections there are none.

    Parameters
    ----------
    data
        The folder of the broker.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from mqlab.broker.server import RemoteBroker, Server
    >>> folder = mkdtemp()
    >>> with Server(folder), RemoteBroker(folder) as broker:
    ...     channel = broker.connect().channel()
    ...     _ = channel.declare_queue("orders", durable=True)
    ...     channel.publish({"order": 7}, "orders")
    ...     delivery = channel.consume("orders", prefetch=1).receive(timeout_s=10)
    ...     delivery.ack()
    >>> delivery.body
    {'order': 7}
    """

    def __init__(self, data: str | os.PathLike[str]) -> None:
        self.folder = Path(data)
        self.clock = RealClock()
        self._lock = threading.Lock()
        self._connections: dict[RemoteConnection, None] = {}

    def connect(self, virtual_host: str = HOST, *, name: str = "") -> RemoteConnection:
        """Open a connection.

        Raises
        ------
        BrokerClosed
            No broker answers there.
        AccessRefused
            The token cannot be read, or is not the broker's.
        NotFound
            There is no such virtual host.
        """
        connection = RemoteConnection(self, virtual_host, name)
        with self._lock:
            self._connections[connection] = None
        return connection

    def dial(self) -> tuple[Wire, str]:
        """Call the broker; return the wire and the token to say."""
        token = read_token(self.folder)
        mend = f"start it with mqlab broker serve --data {self.folder}"
        try:
            port = int((self.folder / PORT_FILE).read_text(encoding="ascii"))
        except (OSError, ValueError):
            raise BrokerClosed(f"no broker is at work in {self.folder}", mend) from None
        try:
            socket_ = socket.create_connection((LOOPBACK, port))
        except OSError:
            raise BrokerClosed(f"no broker answers at port {port}, where one was in {self.folder}", mend) from None
        return Wire(socket_), token

    def stats(self, virtual_host: str = HOST) -> dict[str, QueueStats]:
        """Tell the figures of all queues of a virtual host."""
        with RemoteConnection(self, virtual_host, "") as connection:
            found = connection.ask({"do": "stats of all"}).header["value"]
        return {name: QueueStats(**stats) for name, stats in found.items()}

    def add_virtual_host(self, name: str) -> None:
        """Make a virtual host."""
        with RemoteConnection(self, HOST, "") as connection:
            connection.ask({"do": "add_virtual_host", "name": name})

    def forget(self, connection: RemoteConnection) -> None:
        """Take out a connection that has ended."""
        with self._lock:
            self._connections.pop(connection, None)

    def close(self) -> None:
        """Close all connections; the broker goes on."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.close()

    def __enter__(self) -> RemoteBroker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Answer:
    """What somebody waits for."""

    __slots__ = ("come", "frame")

    def __init__(self) -> None:
        self.come = threading.Event()
        self.frame: Frame | None = None


class RemoteConnection:
    """A connection to a broker in another process; made by :meth:`RemoteBroker.connect`."""

    def __init__(self, broker: RemoteBroker, virtual_host: str, name: str) -> None:
        self.broker, self.virtual_host = broker, virtual_host
        self._lock = threading.Lock()
        self._channels: dict[int, RemoteChannel] = {}
        self._numbers, self._opened = count(1), count(1)
        self._waiting: dict[int, _Answer] = {}
        self._closed: BrokerError | None = None
        self._wire, token = broker.dial()
        self.name = name or f"process {os.getpid()}"
        self._thread = threading.Thread(target=self._read, name="mqlab-remote", daemon=True)
        self._thread.start()
        hello = {"do": "hello", "version": VERSION, "token": token, "virtual_host": virtual_host, "name": self.name}
        try:
            self.ask(hello)
        except BaseException:
            self._wire.close()
            raise

    # asking

    def ask(self, header: dict[str, Any], messages: Sequence[tuple[Any, Any]] = ()) -> Frame:
        """Send something and wait for the answer; raise what the broker raises."""
        if threading.current_thread() is self._thread:
            raise BrokerError("whoever is told of something cannot ask the broker there", "ask in another thread")
        answer = _Answer()
        with self._lock:
            self.check_open()
            number = next(self._numbers)
            self._waiting[number] = answer
        self.tell(header | {"number": number}, messages)
        answer.come.wait()
        if answer.frame is None:
            self.check_open()
            raise ChannelClosed("the connection ended before the broker answered", "connect again")
        if "error" in answer.frame.header:
            raise error_of(answer.frame.header["error"])
        return answer.frame

    def tell(self, header: dict[str, Any], messages: Sequence[tuple[Any, Any]] = ()) -> None:
        """Send something and don't wait."""
        self.check_open()
        try:
            self._wire.send(header, messages)
        except OSError:
            self._lost()
            self.check_open()

    def check_open(self) -> None:
        """Raise if the connection has ended."""
        if self._closed is not None:
            raise type(self._closed)(self._closed.what, self._closed.mend)

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        return self._closed is None

    # what the broker tells

    def _read(self) -> None:
        try:
            while (frame := self._wire.receive()) is not None:
                do = frame.header["do"]
                if do == "answer":
                    answer = self._waiting.pop(frame.header["number"], None)
                    if answer is not None:
                        answer.frame = frame
                        answer.come.set()
                elif do == "bye":
                    error = error_of(frame.header["error"])
                    self._end(error if isinstance(error, BrokerError) else BrokerError(str(error)))
                    return
                else:
                    channel = self._channels.get(frame.header["channel"])
                    if channel is not None:
                        channel.told(frame)
        except BadFrame as error:
            self._end(error)
        except OSError:
            pass
        finally:
            self._lost()

    def _lost(self) -> None:
        what = f"connection `{self.name}` was lost"
        self._end(ChannelClosed(what, "what was not confirmed may be lost; connect again when the broker is back"))

    def _end(self, why: BrokerError) -> None:
        """Be closed, for the first reason that comes, and wake all who wait."""
        with self._lock:
            if self._closed is None:
                self._closed = why
            waiting, self._waiting = list(self._waiting.values()), {}
            channels = list(self._channels.values())
        self._wire.close()
        for channel in channels:
            channel.end(self._closed)
        for answer in waiting:
            answer.come.set()
        self.broker.forget(self)

    # channels and the end

    def channel(self) -> RemoteChannel:
        """Open a channel."""
        number = next(self._opened)
        channel = RemoteChannel(self, number)
        with self._lock:
            self.check_open()
            self._channels[number] = channel
        self.ask({"do": "open", "channel": number})
        return channel

    def channels(self) -> list[RemoteChannel]:
        """List the open channels."""
        with self._lock:
            return list(self._channels.values())

    def forget(self, channel: RemoteChannel) -> None:
        """Take out a channel that has ended."""
        with self._lock:
            self._channels.pop(channel.number, None)

    def close(self) -> None:
        """End it in order: what is unacknowledged goes back to its place, exclusive queues are deleted."""
        why = ChannelClosed(f"connection `{self.name}` was closed", "open another with broker.connect()")
        with self._lock:
            if self._closed is not None:
                return
            self._closed = why  # before the broker hangs up, which would look like a loss
        with suppress(OSError):
            self._wire.send({"do": "bye"})
        self._end(why)

    def drop(self) -> None:
        """Lose it, as if the network or this process were gone."""
        self._lost()

    def __enter__(self) -> RemoteConnection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
