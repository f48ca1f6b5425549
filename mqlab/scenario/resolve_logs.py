"""Scenario → model for log systems: topics with their replicas, batches, polls; what means nothing there is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final, Literal

from mqlab.model import (
    Batching,
    Confirm,
    Connection,
    ConsumerGroup,
    Destination,
    Disk,
    Link,
    LogTransactions,
    Model,
    Node,
    ProducerGroup,
    Topic,
)
from mqlab.model.clients import Backoff, Retry
from mqlab.scenario import lower
from mqlab.scenario.arrive import arrivals
from mqlab.scenario.defaults import Book, Path, flag, word
from mqlab.scenario.faults import resolve_faults
from mqlab.scenario.groups import ConsumerSpec, MessageSpec, ProducerSpec
from mqlab.scenario.ledgers import LEDGER_CLUSTER, LEDGER_CONSUMER, LEDGER_PRODUCER, LEDGER_TOPIC
from mqlab.scenario.logs import LOG_CONSUMER, LOG_PRODUCER, ClusterSpec, TopicSpec
from mqlab.scenario.resolve_cluster import cluster_of, spread_over_racks
from mqlab.scenario.resolve_groups import link_of, message_of, service_of
from mqlab.scenario.resolve_log_groups import check_groups, polling_of, scale_of
from mqlab.scenario.spec import CpuSpec, NetworkSpec, NodeSpec, ScenarioSpec
from mqlab.units import format_count, parse_count, parse_duration, parse_number, parse_probability, parse_size

__all__ = ["plain_link", "refuse_log_words", "refuse_words", "resolve_log", "the_topic"]

PARTITIONS_MAX: Final = 4096
BATCH_RECORDS_MAX: Final = 10_000
NODES_MAX: Final = 255
_TRIES: Final = 2**31 - 1
"""Kafka's default of `retries`; the time for delivery is what bounds them."""
_IDEMPOTENT_MAX: Final = 5
_TRANSACTION_MAX: Final = 900 * 10**9
"""Kafka's default of `transaction.max.timeout.ms`."""

_PRODUCER: Final = {"count", "each", "arrivals", "message", "to", "link", "transactions", *LOG_PRODUCER}
_CONSUMER: Final = {"count", "service", "link", "scale", *LOG_CONSUMER}
_SECTIONS: Final = ("exchanges", "queues", "bindings")
_NODE: Final = {"cpu", "network", "rack"}
_FAULTS: Final = {
    "nodes": ("crash", "power_loss", "pause", "slow"), "consumers": ("crash",),
    "producers": ("crash", "reset", "silence"),
}  # fmt: skip


def refuse_log_words(book: Book, spec: ScenarioSpec) -> None:
    """Refuse fields of producers and consumers that only log systems know."""
    for section, groups, words in (
        ("producers", spec.producers, (*LOG_PRODUCER, *LEDGER_PRODUCER)),
        ("consumers", spec.consumers, (*LOG_CONSUMER, *LEDGER_CONSUMER)),
    ):
        for name, group in groups.items():
            for field in words:
                if getattr(group, field) is not None:
                    what = f"`{field}` needs a log system; system '{book.system.name}' has none"
                    raise book.error((section, name, field), what, "leave it out, or choose `system: kafka`", key=True)
    for name, node in (spec.nodes or {}).items():
        for path, value in ((("rack",), node.rack), (("network", "loss"), node.network and node.network.loss)):
            if value is not None:
                what = f"`{path[-1]}` needs a log system; system '{book.system.name}' has none"
                raise book.error(("nodes", name, *path), what, "leave it out, or choose `system: kafka`", key=True)
    for i, fault in enumerate(spec.faults):
        if fault.split is not None or (fault.random is not None and fault.random.split is not None):
            what = f"`split` needs a log system; system '{book.system.name}' has none"
            mend = "cut one client off: `silence: NAME`, or `partition: {from: NAME, to: NODE}`"
            raise book.error(("faults", i), what, mend)
    for name, producer in spec.producers.items():
        only = [("arrivals", "processed_by")] if producer.arrivals.processed_by is not None else []
        if producer.transactions is not None:
            only += [("transactions", f) for f in ("timeout", "id") if getattr(producer.transactions, f) is not None]
        for where in only:
            what = f"`{where[1]}` needs a log system; system '{book.system.name}' has none"
            raise book.error(("producers", name, *where), what, "leave it out, or choose `system: kafka`", key=True)


def resolve_log(spec: ScenarioSpec, book: Book, name: str) -> Model:
    """Make a model of a log system's scenario."""
    cluster = spec.cluster or ClusterSpec()
    refuse_words(book, ("cluster",), cluster, set(ClusterSpec.model_fields) - set(LEDGER_CLUSTER))
    for section in _SECTIONS:
        if getattr(spec, section):
            what = f"`{section}` mean nothing to system '{book.system.name}'"
            raise book.error((section,), what, "describe `topics` instead", key=True)
    if not spec.producers or not spec.topics:
        section = "topics" if not spec.topics else "producers"
        example = "orders: {}" if not spec.topics else "buyers: {arrivals: {poisson: 100/s}}"
        raise book.error((section,), f"the scenario has no {section}", f"add for instance `{section}: {{{example}}}`")
    if spec.warmup is not None and spec.warmup >= spec.duration:
        raise book.error(("warmup",), "`warmup` is not shorter than `duration`", "shorten it")
    written = spec.nodes or dict.fromkeys(book.system.nodes, NodeSpec())
    if len(written) > NODES_MAX:
        raise book.error(("nodes",), f"more than {NODES_MAX} nodes", "use fewer")
    nodes = tuple(_node(book, node, each) for node, each in written.items())
    topics, first = [], 0
    for topic_name, topic in spec.topics.items():
        topics.append(_topic(book, topic_name, topic, spread_over_racks(nodes), first))
        first += len(topics[-1].partitions)
    if first > PARTITIONS_MAX:
        raise book.error(("topics",), f"{first} partitions are more than {PARTITIONS_MAX}", "use fewer")
    model = Model(
        name=spec.name or name,
        system=book.system.name,
        seed=book.pick(spec.seed, ("seed",), parse_count),
        duration_ns=spec.duration,
        drain_ns=book.pick(spec.drain, ("drain",), parse_duration),
        warmup_ns=book.pick(spec.warmup, ("warmup",), parse_duration),
        nodes=nodes,
        exchanges=(),
        queues=(),
        bindings=(),
        producers=tuple(_producer(book, spec, nodes, n, s) for n, s in spec.producers.items()),
        consumers=tuple(_consumer(book, spec, n, s) for n, s in spec.consumers.items()),
        topics=tuple(topics),
        cluster=cluster_of(book, spec.cluster or ClusterSpec(), [node.name for node in nodes]),
    )
    check_groups(book, model)
    _check_processes(book, model)
    model = resolve_faults(spec, book, model)
    _refuse_faults(book, model)
    return model


def refuse_words(book: Book, path: Path, spec: Any, known: set[str]) -> None:
    """Refuse what is given and means nothing, or is not simulated."""
    for field in type(spec).model_fields:
        if field not in known and getattr(spec, field) is not None:
            what = f"`{field}` means nothing to system '{book.system.name}', or is not simulated for it by this version"
            raise book.error((*path, field), what, "leave it out", key=True)


def _node(book: Book, name: str, spec: NodeSpec) -> Node:
    path: Path = ("nodes", name)
    refuse_words(book, path, spec, _NODE)
    cpu = spec.cpu or CpuSpec()
    refuse_words(book, (*path, "cpu"), cpu, {"publish", "deliver"})
    network = spec.network or NetworkSpec()
    return Node(
        name,
        book.pick(cpu.publish, (*path, "cpu", "publish"), parse_duration),
        book.pick(cpu.deliver, (*path, "cpu", "deliver"), parse_duration),
        Disk(lower.constant("0 s"), 0.0, 0),
        network_ns=book.pick(network.latency, (*path, "network", "latency"), parse_duration),
        network_loss=book.pick(network.loss, (*path, "network", "loss"), parse_probability),
        rack=spec.rack or "",
    )


def _topic(book: Book, name: str, spec: TopicSpec, nodes: list[str], first: int) -> Topic:
    path: Path = ("topics", name)
    refuse_words(book, path, spec, set(TopicSpec.model_fields) - set(LEDGER_TOPIC))
    partitions = book.pick(spec.partitions, (*path, "partitions"), parse_count)
    if partitions > PARTITIONS_MAX:
        raise book.error((*path, "partitions"), f"more than {PARTITIONS_MAX} partitions", "use fewer")
    replicas = book.pick(spec.replicas, (*path, "replicas"), parse_count)
    if replicas > len(nodes):
        there = f"there {'is' if len(nodes) == 1 else 'are'} {len(nodes)}"
        what = f"{replicas} replicas need {replicas} nodes, and {there}"
        raise book.error((*path, "replicas"), what, "lower `replicas`, or name more in `nodes`")
    least = book.pick(spec.min_insync, (*path, "min_insync"), parse_count)
    if least > replicas:
        what = f"{least} replicas in sync are demanded and there are only {replicas}: acks=all would always be refused"
        raise book.error((*path, "min_insync"), what, "lower `min_insync`, or raise `replicas`")
    homes = tuple(
        tuple(nodes[(first + number + i) % len(nodes)] for i in range(replicas)) for number in range(partitions)
    )
    return Topic(name, homes, least, book.pick(spec.unclean_election, (*path, "unclean_election"), flag))


def plain_link(book: Book, spec: ScenarioSpec, path: Path, written: Any, *, may_lose: bool = False) -> Link:
    """Resolve a link that has a latency; ``may_lose``: whoever waits at its end asks again when a packet is lost."""
    link = link_of(book, spec, path, written)
    for side in (link.up, link.down):
        if (side.loses and not may_lose) or side.duplicate or side.bandwidth_bytes_per_s or not link.ordered:
            does = "doubles, reorders or bounds" if may_lose else "loses, doubles, reorders or bounds"
            what = f"a link that {does} what it carries is not simulated for a log system"
            raise book.error((*path, "link"), what, f"give it a latency{' and loss' * may_lose} only", key=True)
    return link


def the_topic(book: Book, spec: ScenarioSpec, path: Path, field: str, written: Any) -> str:
    """Find the topic that is meant: the one that is named, or the only one."""
    if written is None:
        if len(spec.topics) > 1:
            listed = ", ".join(list(spec.topics)[:5])
            what = f"it is not clear which topic is meant ({listed})"
            raise book.error(path, what, f"add `{field}: TOPIC`", key=True)
        return next(iter(spec.topics))
    if not isinstance(written, str):
        raise book.error((*path, field), "a producer sends to one topic", f"write `{field}: TOPIC`")
    if written not in spec.topics:
        raise book.unknown((*path, field), "topic", written, spec.topics)
    return written


def _producer(
    book: Book, scenario: ScenarioSpec, nodes: tuple[Node, ...], name: str, spec: ProducerSpec
) -> ProducerGroup:
    path: Path = ("producers", name)
    refuse_words(book, path, spec, _PRODUCER)
    count = book.pick(spec.count, (*path, "count"), parse_count)
    each = book.pick(spec.each, (*path, "each"), flag)
    times = arrivals(book, path, spec, count, each, scenario.duration)
    made_by = _made_by(book, scenario, path, spec, count)
    if times.kind in ("closed", "by_hand") and not made_by:
        what = f"`{times.kind}` arrivals are not simulated for a log system by this version"
        raise book.error((*path, "arrivals"), what, "write for instance `{poisson: 100/s}`")
    given = spec.message or MessageSpec()
    refuse_words(book, (*path, "message"), given, {"size", "key", "persistent"})
    if given.persistent is False:
        where = (*path, "message", "persistent")
        raise book.error(where, "every record is written to the log", "leave it out", key=True)
    message = message_of(book, scenario, nodes, path, given, times.recording)
    if message.sizes is not None or (times.recording and times.recording.sizes_bytes):
        what = "records of different sizes are not simulated for a log system by this version"
        raise book.error((*path, "message"), what, "write one size, such as `size: 1 KiB`")
    batching = replace(_batching(book, scenario, path, spec, message.size_bytes), made_by=made_by)
    if batching.transactions and batching.transactions.ident and count > 1:
        what = f"{count} producers would have the transactional id `{batching.transactions.ident}` and fence each other"
        raise book.error((*path, "transactions", "id"), what, "leave it out: each has its own name as its id")
    return ProducerGroup(
        name=name,
        count=count,
        arrivals=times,
        message=message,
        destination=Destination("", ((batching.topic, 1.0),)),
        confirm=None if batching.acks == "0" else Confirm(0, batching.request_timeout_ns),
        retry=Retry(_TRIES, Backoff(batching.retry_ns, 1.0, batching.retry_ns, "none")),
        link=plain_link(book, scenario, path, spec.link, may_lose=True),
        connection=Connection(0, 0),
        node=nodes[0].name,
        batching=batching,
    )


def _made_by(book: Book, scenario: ScenarioSpec, owner: Path, spec: ProducerSpec, count: int) -> str:
    """Find the consumer group that makes the records of a producer; empty: nobody."""
    name = spec.arrivals.processed_by
    if name is None:
        return ""
    path: Path = (*owner, "arrivals", "processed_by")
    if name not in scenario.consumers:
        raise book.unknown(path, "consumer group", name, scenario.consumers)
    others = [n for n, p in scenario.producers.items() if p.arrivals.processed_by == name and n != owner[1]]
    if others:
        what = f"`{name}` is one process with `{others[0]}` already"
        raise book.error(path, what, "let another group make these records")
    members = book.pick(scenario.consumers[name].count, ("consumers", name, "count"), parse_count)
    if members != count:
        what = f"each member of `{name}` is one process with a producer: {members} of one, {count} of the other"
        raise book.error(path, what, f"write `count: {members}`")
    return name


def _batching(book: Book, scenario: ScenarioSpec, path: Path, spec: ProducerSpec, record_bytes: int) -> Batching:
    acks: Literal["0", "1", "all"] = book.pick(spec.acks, (*path, "acks"), word)
    flying = book.pick(spec.max_in_flight, (*path, "max_in_flight"), parse_count)
    if flying < 1:
        raise book.error((*path, "max_in_flight"), "nothing could ever be sent", "write at least 1")
    idempotent = spec.idempotence
    if idempotent is None:
        idempotent = flag(book.text((*path, "idempotence"))) and acks == "all" and flying <= _IDEMPOTENT_MAX
        used = ".".join(map(str, (*path, "idempotence")))
        book.used[used] = (used, str(idempotent).lower(), book.used[used][2])
    elif idempotent and acks != "all":
        what = "Must set acks to all in order to use the idempotent producer"
        raise book.error((*path, "acks"), what, "write `acks: all`, or `idempotence: false`")
    elif idempotent and flying > _IDEMPOTENT_MAX:
        most = f"max.in.flight.requests.per.connection to at most {_IDEMPOTENT_MAX}"
        what = f"Must set {most} to use the idempotent producer"
        raise book.error((*path, "max_in_flight"), what, f"write {_IDEMPOTENT_MAX}, or `idempotence: false`")
    linger = book.pick(spec.linger, (*path, "linger"), parse_duration)
    timeout = book.pick(spec.request_timeout, (*path, "request_timeout"), parse_duration)
    delivery = book.pick(spec.delivery_timeout, (*path, "delivery_timeout"), parse_duration)
    if delivery < linger + timeout:
        what = "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms"
        field = "delivery_timeout" if spec.delivery_timeout is not None else "request_timeout"
        raise book.error((*path, field), what, "raise `delivery_timeout`, or lower `request_timeout`")
    size = book.pick(spec.batch_size, (*path, "batch_size"), parse_size)
    ratio = book.pick(spec.compression, (*path, "compression"), _ratio)
    if ratio > 1:
        what = "compressed records would take more room than others"
        raise book.error((*path, "compression"), what, "write a ratio such as 0.4: 40 % of the size")
    largest = book.pick(spec.max_request, (*path, "max_request"), parse_size)
    if record_bytes > largest:
        what = (f"The message is {record_bytes} bytes when serialized which is larger than {largest}, which is the "
                "value of the max.request.size configuration")  # fmt: skip
        raise book.error((*path, "message"), what, "raise `max_request`, or send smaller records", key=True)
    if size > largest:
        what = f"a batch of {size} bytes (batch.size) is larger than {largest}, the value of max.request.size"
        field = "batch_size" if spec.batch_size is not None else "max_request"
        raise book.error((*path, field), what, "lower `batch_size`, or raise `max_request`")
    if size // max(round(record_bytes * ratio), 1) > BATCH_RECORDS_MAX:
        what = f"a batch would hold more than {format_count(BATCH_RECORDS_MAX)} records"
        raise book.error((*path, "batch_size"), what, "lower `batch_size`, or send larger records")
    pause = book.pick(spec.retry_backoff, (*path, "retry_backoff"), parse_duration)
    topic = the_topic(book, scenario, path, "to", spec.to)
    buffer, machine = 0, _machine_of(book, scenario, path, spec)
    if scenario.cluster and scenario.cluster.hardware:
        buffer = book.pick(spec.buffer_memory, (*path, "buffer_memory"), parse_size)
    elif spec.buffer_memory is not None:
        what = "`buffer_memory` needs hardware: without it a producer never waits"
        raise book.error((*path, "buffer_memory"), what, "describe `cluster: {hardware: …}`, or leave it out", key=True)
    return Batching(
        topic, linger, size, acks, idempotent, flying, timeout, delivery, max(pause, 1), buffer, machine, ratio,
        book.pick(spec.partitioner, (*path, "partitioner"), word), _transactions(book, path, spec, idempotent),
    )  # fmt: skip


def _machine_of(book: Book, scenario: ScenarioSpec, path: Path, spec: ProducerSpec | ConsumerSpec) -> str:
    """Say on which machine the members of a group are; empty: each on one of its own."""
    if spec.machine is None:
        return ""
    if not (scenario.cluster and scenario.cluster.hardware):
        what = "`machine` needs hardware: without it machines have no limits to share"
        raise book.error((*path, "machine"), what, "describe `cluster: {hardware: …}`, or leave it out", key=True)
    return spec.machine


def _ratio(text: str) -> float:
    return float(parse_number(text))


def _transactions(book: Book, owner: Path, spec: ProducerSpec, idempotent: bool) -> LogTransactions | None:
    path: Path = (*owner, "transactions")
    written = spec.transactions
    if written is None:
        return None
    if not idempotent:
        what = "Cannot set a transactional.id without also enabling idempotence"
        mend = "leave `idempotence`, `acks` and `max_in_flight` as they are, or remove `transactions`"
        raise book.error(path, what, mend, key=True)
    made = spec.arrivals.processed_by is not None
    if made and written.size is not None:
        what = "a transaction is what is made of one poll, so it has no size"
        raise book.error((*path, "size"), what, "leave it out, and give the consumer a `max_poll`")
    if not made and written.size is None:
        raise book.error(path, "the field `size` is missing", "add for instance `size: 100`")
    timeout = book.pick(written.timeout, (*path, "timeout"), parse_duration)
    if timeout > _TRANSACTION_MAX:
        what = ("The transaction timeout is larger than the maximum value allowed by the broker (as configured by "
                "transaction.max.timeout.ms)")  # fmt: skip
        raise book.error((*path, "timeout"), what, "write at most 15 min")
    return LogTransactions(
        written.size or 0,
        book.pick(written.after, (*path, "after"), parse_duration) if not made or written.after else 0,
        book.pick(written.rollback, (*path, "rollback"), parse_probability),
        timeout,
        written.id or "",
    )


def _consumer(book: Book, scenario: ScenarioSpec, name: str, spec: ConsumerSpec) -> ConsumerGroup:
    path: Path = ("consumers", name)
    refuse_words(book, path, spec, _CONSUMER)
    service = service_of(book, (*path, "service"), spec.service)
    if service is None:
        what = "work by hand is not simulated for a log system by this version"
        raise book.error((*path, "service"), what, "write for instance `service: 1 ms`")
    topics = _topics(book, scenario, path, spec)
    count = book.pick(spec.count, (*path, "count"), parse_count)
    steps = scale_of(book, scenario, path, spec, count)
    return ConsumerGroup(
        name=name,
        queue=topics[0],
        count=max((step.count for step in steps), default=count),
        prefetch=0,
        ack="manual",
        service=service,
        link=plain_link(book, scenario, path, spec.link),
        connection=Connection(0, 0),
        restart_ns=0,
        scale=steps,
        polling=polling_of(book, scenario, path, spec, topics, _machine_of(book, scenario, path, spec)),
    )


def _check_processes(book: Book, model: Model) -> None:
    """Refuse offsets that go with no transaction, and records that are made of themselves."""
    makers = {p.batching.made_by: p for p in model.producers if p.batching and p.batching.made_by}
    for group in model.consumers:
        maker = makers.get(group.name)
        transactional = maker is not None and maker.batching is not None and maker.batching.transactions is not None
        if group.polling and group.polling.commit == "transaction" and not transactional:
            what = f"no producer makes records of those that `{group.name}` processes in transactions"
            mend = f"add a producer with `arrivals: {{processed_by: {group.name}}}` and `transactions: {{}}`"
            raise book.error(("consumers", group.name, "commit"), what, mend)
        seen: set[str] = set()
        ahead = [maker] if maker is not None else []
        while ahead:
            topic = (ahead.pop().batching or Batching("", 0, 0, "0", False, 1, 0, 0, 1)).topic
            following = [makers[g.name] for g in model.consumers if topic in g.topics and g.name in makers]
            if maker in following:
                what = f"what `{group.name}` makes comes back to it, and there is no end to it"
                raise book.error(("consumers", group.name), what, "let it write to another topic", key=True)
            ahead += [each for each in following if each.name not in seen]
            seen |= {each.name for each in following}


def _topics(book: Book, spec: ScenarioSpec, path: Path, written: ConsumerSpec) -> tuple[str, ...]:
    for name in written.topic or ():
        if name not in spec.topics:
            raise book.unknown((*path, "topic"), "topic", name, spec.topics)
    return written.topic or (the_topic(book, spec, path, "topic", None),)


def _refuse_faults(book: Book, model: Model) -> None:
    """Refuse faults that are not simulated for a log system."""
    sections = {f"{section}.{each.name}": section for section in _FAULTS for each in getattr(model, section)}
    names = {name.partition(".")[2]: section for name, section in sections.items()} | sections
    for fault in (*model.faults, *(random.fault for random in model.random_faults)):
        if fault.kind == "split":
            continue
        section = names[fault.target.partition("[")[0]]
        if fault.kind not in _FAULTS[section]:
            what = f"`{fault.kind}` of `{fault.target}` is not simulated for a log system by this version"
            mend = "let a node crash, lose its power, stand still or be cut off (split), or a consumer crash"
            raise book.error(("faults",), what, mend)
