"""Producer and consumer groups of a scenario → the model's."""

from __future__ import annotations

from mqlab.model import (
    Binding,
    Buffer,
    Confirm,
    ConsumerGroup,
    Contention,
    Destination,
    Distribution,
    Exchange,
    Keys,
    Link,
    Message,
    Node,
    ProducerGroup,
    Recording,
    Transactions,
)
from mqlab.routing import HOST
from mqlab.scenario import lower, requests
from mqlab.scenario.arrive import arrivals
from mqlab.scenario.business_keys import routing_keys
from mqlab.scenario.defaults import Book, Path, flag, word
from mqlab.scenario.estimate import mean_ns
from mqlab.scenario.groups import (
    BufferSpec,
    ByKeySpec,
    ConfirmSpec,
    ConsumerSpec,
    ContentionSpec,
    DestinationSpec,
    LinkSpec,
    MessageSpec,
    ProducerSpec,
)
from mqlab.scenario.resolve_consumers import consumer_extras, exceptions, prefetch
from mqlab.scenario.resolve_policies import message_policies
from mqlab.scenario.resolve_routing import check_host, host_of, looks_at_headers
from mqlab.scenario.shapes import KeySpec, ServiceSpec
from mqlab.scenario.spec import ScenarioSpec
from mqlab.units import parse_count, parse_duration, parse_number, parse_probability, parse_size

__all__ = ["at_node", "consumer", "link_of", "message_of", "producer", "service_of"]


def at_node(book: Book, path: Path, given: str | None, nodes: tuple[Node, ...]) -> str:
    """Find the node a queue or a producer belongs to: the one named, else the first."""
    if given is None:
        return nodes[0].name
    if all(node.name != given for node in nodes):
        raise book.unknown((*path, "node"), "node", given, [node.name for node in nodes])
    return given


def link_of(book: Book, spec: ScenarioSpec, owner: Path, written: LinkSpec | str | None) -> Link:
    """Resolve the link of a group: its own, or one that has a name."""
    if isinstance(written, str):
        if written not in spec.links:
            raise book.unknown((*owner, "link"), "link", written, spec.links)
        return lower.link(book, owner, ("links", written), spec.links[written])
    return lower.link(book, owner, (*owner, "link"), written or LinkSpec())


Network = tuple[tuple[Exchange, ...], tuple[Binding, ...]]
"""Exchanges and bindings of the scenario."""


def producer(
    book: Book, spec: ScenarioSpec, nodes: tuple[Node, ...], name: str, written: ProducerSpec, network: Network
) -> ProducerGroup:
    """Resolve a producer group."""
    return _Producers(book, spec, nodes, network).one(name, written)


def message_of(
    book: Book, spec: ScenarioSpec, nodes: tuple[Node, ...], owner: Path, written: MessageSpec,
    recording: Recording | None,
) -> Message:  # fmt: skip
    """Resolve what a group's messages look like."""
    return _Producers(book, spec, nodes, ((), ())).message(owner, written, recording)


class _Producers:
    """Resolves producer groups; it holds what all of them need."""

    def __init__(self, book: Book, spec: ScenarioSpec, nodes: tuple[Node, ...], network: Network) -> None:
        self.book, self.spec, self.nodes, self.network = book, spec, nodes, network

    def one(self, name: str, spec: ProducerSpec) -> ProducerGroup:
        """Resolve one group."""
        book, path = self.book, ("producers", name)
        count = book.pick(spec.count, (*path, "count"), parse_count)
        each = book.pick(spec.each, (*path, "each"), flag)
        prepare = None
        if spec.prepare is not None:
            prepare = lower.distribution(book, (*path, "prepare"), spec.prepare)
        confirm, host = None if spec.transactions else self.confirm(path, spec.confirm), spec.vhost or HOST
        hosts = {name: queue.vhost or HOST for name, queue in self.spec.queues.items()}
        fleeting = {name for name, q in self.spec.queues.items() if q.exclusive or q.auto_delete or q.expires}
        times = arrivals(book, path, spec, count, each, self.spec.duration)
        message = self.message(path, spec.message or MessageSpec(), times.recording)
        group = ProducerGroup(
            name=name,
            count=count,
            arrivals=times,
            message=message,
            destination=self.destination(path, spec.to, spec.vhost or HOST, message, times.recording),
            confirm=confirm,
            retry=lower.retry(book, path, spec.retry),
            link=link_of(book, self.spec, path, spec.link),
            connection=lower.connection(book, path, spec.connection),
            node=at_node(book, path, spec.node, self.nodes),
            prepare=prepare,
            vhost=spec.vhost or HOST,
            request=requests.request(
                book, path, spec.request, hosts, fleeting, host, confirms=confirm is not None
            ),
            record=requests.record(book, path, spec.record, prepares=prepare is not None),
            buffer=self.buffer(path, spec.buffer),
            transactions=self.transactions(path, spec),
        )
        self.refuse_endless(path, group)
        return group

    def message(self, owner: Path, spec: MessageSpec, recording: Recording | None) -> Message:
        """Resolve what its messages look like; what was recorded needs not be said, and cannot be."""
        book, path = self.book, (*owner, "message")
        for name, column, recorded in (
            ("key", "key", recording and recording.keys),
            ("size", "size_bytes", recording and recording.sizes_bytes),
        ):
            if recorded and getattr(spec, name) is not None:
                what = f"`{name}` is said here and in the column `{column}` of the recording"
                raise book.error((*path, name), what, "leave one of them out", key=True)
        sizes = None
        if recording is not None and recording.sizes_bytes:
            size = sum(recording.sizes_bytes) // len(recording.sizes_bytes)
        elif spec.size is not None:
            shape = lower.sizes(book, (*path, "size"), spec.size)
            size, sizes = round(mean_ns(shape)), None if shape.kind == "constant" else shape
        else:
            size = parse_size(book.text((*path, "size")))
        if recording is not None and recording.keys:
            keys = Keys("recorded", max(recording.keys) + 1)
        else:
            keys = lower.keys(spec.key or KeySpec.model_validate(book.text((*path, "key"))))
        persistent = book.pick(spec.persistent, (*path, "persistent"), flag)
        return Message(size, keys, persistent, sizes, **message_policies(spec))

    def buffer(self, owner: Path, spec: BufferSpec | None) -> Buffer | None:
        """Resolve how much it keeps that cannot leave yet."""
        if spec is None:
            return None
        return Buffer(spec.max, self.book.pick(spec.when_full, (*owner, "buffer", "when_full"), word))

    def confirm(self, owner: Path, spec: ConfirmSpec | bool | None) -> Confirm | None:
        """Resolve whether it asks for confirms, and how."""
        book, path = self.book, (*owner, "confirm")
        if spec is None:
            spec = book.text(path) != "none"
        if spec is False:
            return None
        given = spec if isinstance(spec, ConfirmSpec) else ConfirmSpec()
        return Confirm(
            book.pick(given.max_in_flight, (*path, "max_in_flight"), parse_count),
            book.pick(given.timeout, (*path, "timeout"), parse_duration),
            book.system.confirm_when,
        )

    def transactions(self, owner: Path, spec: ProducerSpec) -> Transactions | None:
        """Resolve its transactions; a channel is either in transaction or in confirm mode."""
        book, path, written = self.book, (*owner, "transactions"), spec.transactions
        if written is None:
            return None
        if "transactions" not in book.system.mechanisms:
            what = f"`transactions` mean nothing to system '{book.system.name}'"
            raise book.error(path, what, "leave them out, or choose a system that has them", key=True)
        if spec.confirm:
            what = "`transactions` and `confirm` exclude each other: a channel is in one mode or the other"
            raise book.error((*owner, "confirm"), what, "remove one of them", key=True)
        if spec.request:
            what = "`transactions` and `request` exclude each other: who waits for a reply commits nothing"
            raise book.error((*owner, "request"), what, "remove one of them", key=True)
        if written.size is None:
            raise book.error(path, "the field `size` is missing", "add for instance `size: 100`")
        return Transactions(
            written.size,
            book.pick(written.after, (*path, "after"), parse_duration),
            book.pick(written.rollback, (*path, "rollback"), parse_probability),
        )

    def destination(
        self, owner: Path, spec: DestinationSpec | str | None, host: str, message: Message, recording: Recording | None
    ) -> Destination:
        """Resolve where it publishes to, from its virtual host."""
        book, path, queues = self.book, (*owner, "to"), self.spec.queues
        if isinstance(spec, str):
            if spec in self.spec.exchanges and spec not in queues:
                raise book.error(path, f"`{spec}` is an exchange, not a queue", f"write `to: {{exchange: {spec}}}`")
            spec = DestinationSpec(routing_key=spec)
        if spec is None or not spec.model_fields_set:
            near = [name for name in queues if host_of(self.spec, "queues", name) == host] or list(queues)
            if len(near) > 1:
                listed = ", ".join(near[:5])
                raise book.error(
                    owner, f"it is not clear which queue to send to ({listed})", "add `to: QUEUE`", key=True
                )
            spec = DestinationSpec(routing_key=near[0])
        exchange, written = spec.exchange or "", spec.routing_key
        if exchange and exchange not in self.spec.exchanges:
            raise book.unknown((*path, "exchange"), "exchange", exchange, self.spec.exchanges)
        if exchange:
            check_host(book, (*path, "exchange"), self.spec, "exchanges", exchange, host)
        if written is None:
            kind = next((each.kind for each in self.network[0] if each.name == exchange), "direct")
            if kind in ("direct", "topic"):
                raise book.error(path, "there is no routing key", "add `routing_key: ...`")
            written = ""
        by_key = isinstance(written, ByKeySpec)
        if isinstance(written, ByKeySpec):
            if isinstance(spec.headers, list) and len(spec.headers) > 1:
                what = "headers are drawn, and the routing key follows the business key: only one of them can choose"
                raise book.error((*path, "headers"), what, "give the same headers to all messages", key=True)
            weights = routing_keys(book, (*path, "routing_key", "by_key"), written.by_key, message.keys, recording)
        else:
            weights = written if isinstance(written, dict) else {written: 1.0}
        for key in weights:
            if not exchange:
                where = (*path, "routing_key", "by_key" if by_key else key)
                if key not in queues:
                    raise book.unknown(where, "queue", key, queues)
                check_host(book, where, self.spec, "queues", key, host)
        total = sum(weights.values())
        return Destination(
            exchange,
            tuple((key, weight / total) for key, weight in weights.items()),
            self.headers(path, exchange, spec),
            book.pick(spec.mandatory, (*path, "mandatory"), flag) if exchange else bool(spec.mandatory),
            by_key,
        )

    def headers(
        self, path: Path, exchange: str, spec: DestinationSpec
    ) -> tuple[tuple[tuple[tuple[str, str], ...], float], ...]:
        """Resolve the headers that its messages carry, with weights that add up to 1."""
        if spec.headers is None:
            return ()
        if not exchange or not looks_at_headers(*self.network, exchange):
            what = "nobody looks at these headers: no headers exchange is on the way"
            raise self.book.error((*path, "headers"), what, "leave them out, or send to a headers exchange", key=True)
        if isinstance(spec.headers, dict):
            return ((tuple(sorted(spec.headers.items())), 1.0),)
        weights = [1.0 if each.weight is None else each.weight for each in spec.headers]
        return tuple(
            (tuple(sorted(each.values.items())), weight / sum(weights))
            for each, weight in zip(spec.headers, weights, strict=True)
        )

    def refuse_endless(self, path: Path, group: ProducerGroup) -> None:
        """Refuse a closed loop that takes no time: it would make messages for ever at one moment."""
        loop = group.arrivals
        if loop.kind != "closed" or loop.messages_max >= 0:
            return
        takes = mean_ns(loop.think) + mean_ns(group.prepare)
        if group.record and group.record.order == "write-first":
            takes += mean_ns(group.record.takes)
        if (group.confirm or group.request) and not self.spec.faults:
            takes += mean_ns(group.link.up.latency) + mean_ns(group.link.down.latency)
        if takes < 1:
            where = (*path, "arrivals", "closed", "think")
            raise self.book.error(
                where,
                "the closed loop takes no time, so it would never end",
                "write for instance `think: 10 ms`",
            )


def consumer(book: Book, scenario: ScenarioSpec, name: str, spec: ConsumerSpec) -> ConsumerGroup:
    """Resolve a consumer group."""
    path: Path = ("consumers", name)
    queue = spec.queue
    host = spec.vhost or HOST
    if queue is None:
        near = [name for name in scenario.queues if host_of(scenario, "queues", name) == host] or list(scenario.queues)
        if len(near) > 1:
            raise book.error(path, "it is not clear which queue to consume from", "add `queue: QUEUE`", key=True)
        queue = near[0]
    if queue not in scenario.queues:
        raise book.unknown((*path, "queue"), "queue", queue, scenario.queues)
    check_host(book, (*path, "queue") if spec.queue else path, scenario, "queues", queue, host)
    slow = spec.contention or ContentionSpec()
    plain = ConsumerGroup(
        name=name,
        queue=queue,
        count=book.pick(spec.count, (*path, "count"), parse_count),
        prefetch=prefetch(book, path, spec),
        ack=book.pick(spec.ack, (*path, "ack"), word),
        service=service_of(book, (*path, "service"), spec.service),
        link=link_of(book, scenario, path, spec.link),
        connection=lower.connection(book, path, spec.connection),
        restart_ns=book.pick(spec.restart, (*path, "restart"), parse_duration),
        exceptions=exceptions(book, path, spec),
        contention=Contention(
            book.pick(slow.alpha, (*path, "contention", "alpha"), parse_number),
            book.pick(slow.beta, (*path, "contention", "beta"), parse_number),
        ),
        vhost=host,
        reply=requests.reply(book, path, spec.reply),
        expects_record=requests.expects_record(book, path, spec.expects_record),
        priority=spec.priority or 0,
        exclusive=bool(spec.exclusive),
    )
    end_ns = scenario.duration + book.pick(scenario.drain, ("drain",), parse_duration)
    return consumer_extras(book, path, spec, plain, end_ns)


def service_of(book: Book, path: Path, spec: ServiceSpec | None) -> Distribution | None:
    """Resolve how long the work on a message takes; None: by hand."""
    if spec is None:
        return lower.constant(book.text(path))
    return None if spec.kind == "by_hand" else lower.distribution(book, path, spec)
