"""One client's connection, on the broker's side: what it asks for is done in order, what happens is told.

Each connection has a thread that reads and does; each consumer one that sends its deliveries. A connection that ends
without ``bye`` is lost: what it held goes back to its queues.
"""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from mqlab.broker.channels import Channel
from mqlab.broker.connections import Connection
from mqlab.broker.consumers import Consumer
from mqlab.broker.errors import AccessRefused, BrokerError, NotFound, PreconditionFailed
from mqlab.broker.messages import Confirmation, Properties, Returned
from mqlab.broker.server.wire import FIRST_BYTES_MAX, VERSION, BadFrame, Frame, Wire, options_from, said_of
from mqlab.errors import did_you_mean

if TYPE_CHECKING:
    from mqlab.broker.brokers import Broker

__all__ = ["Session"]

BATCH = 100

CALLS: Final = (
    "bind", "bind_exchange", "commit", "declare_exchange", "delete_exchange", "delete_queue", "extend", "prefetch",
    "purge", "recover", "rollback", "select", "unbind",
)  # fmt: skip
"""What is simply called on the channel."""


class Session:
    """A client and what it has open here."""

    def __init__(self, broker: Broker, wire: Wire, token: str, on_end: Callable[[Session], None]) -> None:
        self._broker, self._wire, self._token, self._on_end = broker, wire, token, on_end
        self._connection: Connection | None = None
        self._channels: dict[int, Channel] = {}
        self._consumers: dict[tuple[int, str], Consumer] = {}
        self._thread = threading.Thread(target=self._run, name="mqlab-session", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def end(self, why: BrokerError) -> None:
        """Tell the client that it is over, and hang up."""
        self._tell({"do": "bye", "error": said_of(why)})
        self._wire.close()

    def join(self, timeout_s: float) -> None:
        """Wait until it is over."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        in_order = False
        try:
            if self._greet():
                in_order = self._serve()
        except BadFrame as error:
            self._tell({"do": "bye", "error": said_of(error)})
        except OSError:
            pass
        finally:
            if self._connection is not None:
                (self._connection.close if in_order else self._connection.drop)()
            self._wire.close()
            self._on_end(self)

    def _tell(self, header: dict[str, Any], messages: list[tuple[Any, Any]] | None = None) -> None:
        """Send something that nobody has asked for; if the client is gone, the reader sees to it."""
        try:
            self._wire.send(header, messages or ())
        except OSError:
            self._wire.close()

    def _greet(self) -> bool:
        """Let in who knows the token."""
        frame = self._wire.receive(FIRST_BYTES_MAX)
        if frame is None:
            return False
        hello = frame.header
        try:
            said = str(hello.get("token", "")).encode()
            if hello["do"] != "hello" or not hmac.compare_digest(said, self._token.encode()):
                raise AccessRefused("the token is not this broker's", "read it from the file `token` in its folder")
            if hello.get("version") != VERSION:
                raise PreconditionFailed(
                    f"the client speaks version {hello.get('version')} of the protocol, the broker {VERSION}",
                    "use the same mqlab on both sides",
                )
            self._connection = self._broker.connect(str(hello["virtual_host"]), name=str(hello["name"]))
        except BrokerError as error:
            self._wire.send({"do": "answer", "number": hello.get("number"), "error": said_of(error)})
            return False
        self._wire.send({"do": "answer", "number": hello.get("number"), "value": self._connection.name})
        return True

    def _serve(self) -> bool:
        """Do what the client asks for; say whether it has said good-bye."""
        while (frame := self._wire.receive()) is not None:
            if frame.header["do"] == "bye":
                return True
            number = frame.header.get("number")
            value: Any = None
            messages: list[tuple[Any, Any]] = []
            try:
                value = self._do(frame, messages)
            except (KeyError, TypeError) as error:
                raise BadFrame(f"a frame asks for `{frame.header['do']}` and lacks something ({error})") from None
            except Exception as error:
                if number is None:
                    self._tell({"do": "failed", "channel": frame.header.get("channel"), "error": said_of(error)})
                else:
                    self._wire.send({"do": "answer", "number": number, "error": said_of(error)})
                continue
            if number is not None:
                self._wire.send({"do": "answer", "number": number, "value": value}, messages)
        return False

    def _do(self, frame: Frame, messages: list[tuple[Any, Any]]) -> Any:
        header = frame.header
        do = header["do"]
        if do == "open":
            assert self._connection is not None
            channel = self._channels[header["channel"]] = self._connection.channel()
            number = header["channel"]
            channel.on_return(lambda returned: self._returned(number, returned))
            return None
        if do == "stats of all":
            return {name: asdict(stats) for name, stats in self._broker.stats(self._host()).items()}
        if do == "add_virtual_host":
            return self._broker.add_virtual_host(header["name"])
        found = self._channels.get(header["channel"])
        if found is None:
            raise NotFound(f"this connection has no channel {header['channel']}", "open it first")
        if do == "publish":
            return self._publish(found, frame)
        if do == "settle":
            return found.settle_tags(header["tags"], header["how"])
        if do == "get":
            delivery = found.get(header["queue"], auto_ack=header["auto_ack"])
            if delivery is None:
                return None
            messages.append((delivery.body, delivery.envelope))
            return [delivery.tag, delivery.returns]
        if do in CALLS:
            return getattr(found, do)(*header["args"], **header["words"])
        own = getattr(self, f"_do_{do}", None)
        if own is None:
            raise PreconditionFailed(f"the broker cannot do `{do}`", did_you_mean(do, CALLS))
        return own(found, header)

    def _host(self) -> str:
        assert self._connection is not None
        return self._connection.host.name

    def _publish(self, channel: Channel, frame: Frame) -> None:
        header, messages = frame
        if not messages:
            return
        envelope = messages[0][1]
        properties: Properties = envelope.properties
        bodies = [body for body, _ in messages]
        try:
            channel.publish_many(bodies, envelope.routing_key, envelope.exchange, properties, header["mandatory"])
        except Exception as error:
            if not channel.is_confirming:
                raise
            numbers = channel.skip_numbers(len(bodies))
            self._tell(
                {"do": "confirm", "channel": header["channel"], "first": numbers.start, "last": numbers.stop - 1,
                 "taken": False, "error": said_of(error)}
            )  # fmt: skip

    def _returned(self, channel: int, returned: Returned) -> None:
        self._tell({"do": "returned", "channel": channel}, [(returned.body, returned.envelope)])

    def _do_declare_queue(self, channel: Channel, header: dict[str, Any]) -> str:
        return channel.declare_queue(header["name"], **options_from(header["options"]))

    def _do_stats(self, channel: Channel, header: dict[str, Any]) -> dict[str, Any]:
        return asdict(channel.stats(header["queue"]))

    def _do_confirms(self, channel: Channel, header: dict[str, Any]) -> None:
        number = header["channel"]

        def told(confirmation: Confirmation) -> None:
            first, last, taken = confirmation
            self._tell({"do": "confirm", "channel": number, "first": first, "last": last, "taken": taken})

        channel.confirms(told)

    def _do_consume(self, channel: Channel, header: dict[str, Any]) -> str:
        consumer = channel.consume(header["queue"], **header["words"])
        self._consumers[header["channel"], consumer.tag] = consumer
        sender = threading.Thread(
            target=self._send_deliveries, args=(header["channel"], consumer), name=f"mqlab-{consumer.tag}", daemon=True
        )
        sender.start()
        return consumer.tag

    def _do_cancel(self, _channel: Channel, header: dict[str, Any]) -> None:
        consumer = self._consumers.pop((header["channel"], header["consumer"]), None)
        if consumer is not None:
            consumer.cancel()

    def _do_close(self, channel: Channel, header: dict[str, Any]) -> None:
        channel.close()
        del self._channels[header["channel"]]

    def _send_deliveries(self, channel: int, consumer: Consumer) -> None:
        """Send what a consumer gets until it ends."""
        header = {"channel": channel, "consumer": consumer.tag}
        try:
            while True:
                batch = consumer.receive_many(BATCH)
                self._wire.send(
                    header | {"do": "deliver", "tags": [each.tag for each in batch],
                              "returns": [each.returns for each in batch]},
                    [(each.body, each.envelope) for each in batch],
                )  # fmt: skip
        except BrokerError as error:
            self._tell(header | {"do": "ended", "error": said_of(error)})
        except OSError:
            self._wire.close()
