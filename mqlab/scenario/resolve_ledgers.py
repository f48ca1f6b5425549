"""Scenario → model for systems whose brokers keep nothing: bookies, quorums, subscriptions, letter topics."""

from __future__ import annotations

from typing import Any, Final

from mqlab.model import (
    Acks,
    Batching,
    Cluster,
    Confirm,
    Connection,
    ConsumerGroup,
    Destination,
    Disk,
    Ledgers,
    Model,
    Node,
    ProducerGroup,
    Quorum,
    Subscribing,
    Topic,
)
from mqlab.model.clients import Backoff, Retry
from mqlab.scenario import lower
from mqlab.scenario.arrive import arrivals
from mqlab.scenario.consuming import AcksSpec
from mqlab.scenario.defaults import Book, Path, flag, word
from mqlab.scenario.faults import resolve_faults
from mqlab.scenario.groups import ConsumerSpec, MessageSpec, ProducerSpec
from mqlab.scenario.ledgers import LEDGER_CLUSTER, LEDGER_CONSUMER, LEDGER_PRODUCER, LEDGER_TOPIC
from mqlab.scenario.logs import ClusterSpec, TopicSpec
from mqlab.scenario.resolve_consumers import exceptions
from mqlab.scenario.resolve_groups import message_of, service_of
from mqlab.scenario.resolve_logs import plain_link, refuse_words, the_topic
from mqlab.scenario.spec import CpuSpec, DiskSpec, NetworkSpec, NodeSpec, ScenarioSpec
from mqlab.units import format_count, parse_count, parse_duration, parse_size

__all__ = ["resolve_ledger"]

PARTITIONS_MAX: Final = 1000
BATCH_RECORDS_MAX: Final = 10_000
RECEIVER_MAX: Final = 100_000
NODES_MAX: Final = 255
_TRIES: Final = 2**31 - 1
_ACK_TIMEOUT_MIN_NS: Final = 1_000_000_000
_PENDING: Final = 1000
"""Batches of a partition that a producer may have unanswered (maxPendingMessages until Pulsar 2.9: 1000)."""

_ACKS: Final = 1000
"""Acknowledgements that a client sends at once (maxAcknowledgmentGroupSize: 1000)."""

_PRODUCER: Final = {"count", "each", "arrivals", "message", "to", "link", "linger", "batch_size", "retry_backoff",
                    *LEDGER_PRODUCER}  # fmt: skip
_CONSUMER: Final = {"count", "service", "link", "topic", "acks", "exceptions", *LEDGER_CONSUMER}
_SECTIONS: Final = ("exchanges", "queues", "bindings")
_NODE: Final = {"cpu", "network", "disk"}


def resolve_ledger(spec: ScenarioSpec, book: Book, name: str) -> Model:
    """Make a model of a scenario with bookies."""
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
    bookies = tuple(node for node in written if node.startswith("bookie"))
    brokers = tuple(node for node in written if node not in bookies)
    for kind, found in (("broker", brokers), ("bookie", bookies)):
        if not found:
            what = f"there is no {kind} among the nodes (names that begin with `bookie` are bookies)"
            raise book.error(("nodes",), what, f"add for instance `{kind}-1: {{}}`")
    nodes = tuple(_node(book, node, each) for node, each in written.items())
    topics = _topics(book, spec, brokers, len(bookies))
    groups = tuple(_consumer(book, spec, n, s) for n, s in spec.consumers.items())
    cluster = spec.cluster or ClusterSpec()
    refuse_words(book, ("cluster",), cluster, {"session", "writeback", *LEDGER_CLUSTER})
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
        consumers=groups,
        topics=(*topics, *_letter_topics(topics, groups)),
        cluster=Cluster(book.pick(cluster.session, ("cluster", "session"), parse_duration), 1, 0),
        ledgers=_ledgers(book, cluster, bookies),
    )
    _check_subscriptions(book, model)
    model = resolve_faults(spec, book, model)
    _refuse_faults(book, model)
    return model


def _node(book: Book, name: str, spec: NodeSpec) -> Node:
    path: Path = ("nodes", name)
    refuse_words(book, path, spec, _NODE)
    cpu, disk = spec.cpu or CpuSpec(), spec.disk or DiskSpec()
    refuse_words(book, (*path, "cpu"), cpu, {"publish", "deliver"})
    refuse_words(book, (*path, "disk"), disk, {"fsync"})
    network = spec.network or NetworkSpec()
    refuse_words(book, (*path, "network"), network, {"latency"})
    where = (*path, "disk", "fsync")
    fsync = lower.constant(book.text(where)) if disk.fsync is None else lower.distribution(book, where, disk.fsync)
    return Node(
        name,
        book.pick(cpu.publish, (*path, "cpu", "publish"), parse_duration),
        book.pick(cpu.deliver, (*path, "cpu", "deliver"), parse_duration),
        Disk(fsync, 0.0, 0),
        network_ns=book.pick(network.latency, (*path, "network", "latency"), parse_duration),
    )


def _topics(book: Book, spec: ScenarioSpec, brokers: tuple[str, ...], bookies: int) -> list[Topic]:
    topics: list[Topic] = []
    first = 0
    for name, each in spec.topics.items():
        path: Path = ("topics", name)
        refuse_words(book, path, each, {"partitions", *LEDGER_TOPIC})
        partitions = book.pick(each.partitions, (*path, "partitions"), parse_count)
        if first + partitions > PARTITIONS_MAX:
            raise book.error((*path, "partitions"), f"more than {PARTITIONS_MAX} partitions in all", "use fewer")
        homes = tuple((brokers[(first + number) % len(brokers)],) for number in range(partitions))
        first += partitions
        deduplicate = book.pick(each.deduplication, (*path, "deduplication"), flag)
        topics.append(Topic(name, homes, quorum=_quorum(book, path, each, bookies), deduplicate=deduplicate))
    return topics


def _quorum(book: Book, path: Path, spec: TopicSpec, bookies: int) -> Quorum:
    """Read the sizes of a topic's quorums; what does not fit is refused as brokers and BookKeeper do."""
    ensemble = book.pick(spec.ensemble, (*path, "ensemble"), parse_count)
    write = book.pick(spec.write_quorum, (*path, "write_quorum"), parse_count)
    ack = book.pick(spec.ack_quorum, (*path, "ack_quorum"), parse_count)
    what = f"Bookkeeper Ensemble ({ensemble}) >= WriteQuorum ({write}) >= AckQuorum ({ack}) does not hold"
    if write > ensemble:
        field = "write_quorum" if spec.write_quorum is not None else "ensemble"
        raise book.error((*path, field), what, "lower `write_quorum`, or raise `ensemble`")
    if ack > write:
        field = "ack_quorum" if spec.ack_quorum is not None else "write_quorum"
        raise book.error((*path, field), what, "lower `ack_quorum`, or raise `write_quorum`")
    if ensemble > bookies:
        what = f"Not enough non-faulty bookies available: the ensemble needs {ensemble}, and there are {bookies}"
        raise book.error((*path, "ensemble"), what, "lower `ensemble`, or name more bookies in `nodes`")
    return Quorum(ensemble, write, ack)


def _letter_topics(topics: list[Topic], groups: tuple[ConsumerGroup, ...]) -> list[Topic]:
    """Make the topics that groups send letters to, with the quorums of the topics they read."""
    known = {topic.name: topic for topic in topics}
    made: dict[str, Topic] = {}
    for group in groups:
        how = group.subscribing
        assert how is not None
        for name in (how.dead_letter, how.retry):
            if name and name not in known:
                origin = known.get(group.queue) or made[group.queue]
                made.setdefault(name, Topic(name, origin.partitions[:1], quorum=origin.quorum))
    return list(made.values())


def _ledgers(book: Book, spec: ClusterSpec, bookies: tuple[str, ...]) -> Ledgers:
    def time(given: int | None, field: str) -> int:
        return book.pick(given, ("cluster", field), parse_duration)

    return Ledgers(
        bookies=bookies,
        journal_sync=book.pick(spec.journal_sync, ("cluster", "journal_sync"), flag),
        group_commit_ns=time(spec.group_commit, "group_commit"),
        writeback_ns=max(1, time(spec.writeback, "writeback")),
        bookie_timeout_ns=time(spec.bookie_timeout, "bookie_timeout"),
        failover_ns=time(spec.failover_delay, "failover_delay"),
        cursor_ns=max(1, time(spec.cursor_flush, "cursor_flush")),
        cache_ns=time(spec.cache, "cache"),
    )


def _producer(
    book: Book, scenario: ScenarioSpec, nodes: tuple[Node, ...], name: str, spec: ProducerSpec
) -> ProducerGroup:
    path: Path = ("producers", name)
    refuse_words(book, path, spec, _PRODUCER)
    count = book.pick(spec.count, (*path, "count"), parse_count)
    each = book.pick(spec.each, (*path, "each"), flag)
    times = arrivals(book, path, spec, count, each, scenario.duration)
    if times.kind in ("closed", "by_hand"):
        what = f"`{times.kind}` arrivals are not simulated for a log system by this version"
        raise book.error((*path, "arrivals"), what, "write for instance `{poisson: 100/s}`")
    given = spec.message or MessageSpec()
    refuse_words(book, (*path, "message"), given, {"size", "key", "persistent"})
    message = message_of(book, scenario, nodes, path, given, times.recording)
    if not message.persistent:
        where = (*path, "message", "persistent")
        raise book.error(where, "non-persistent topics are not simulated by this version", "leave it out", key=True)
    if message.sizes is not None or (times.recording and times.recording.sizes_bytes):
        what = "records of different sizes are not simulated for a log system by this version"
        raise book.error((*path, "message"), what, "write one size, such as `size: 1 KiB`")
    size = book.pick(spec.batch_size, (*path, "batch_size"), parse_size)
    most = book.pick(spec.batch_records, (*path, "batch_records"), parse_count)
    if most > BATCH_RECORDS_MAX:
        what = f"a batch would hold more than {format_count(BATCH_RECORDS_MAX)} records"
        raise book.error((*path, "batch_records"), what, "use fewer")
    timeout = book.pick(spec.send_timeout, (*path, "send_timeout"), parse_duration)
    linger = book.pick(spec.linger, (*path, "linger"), parse_duration)
    pause = max(1, book.pick(spec.retry_backoff, (*path, "retry_backoff"), parse_duration))
    topic = the_topic(book, scenario, path, "to", spec.to)
    return ProducerGroup(
        name=name,
        count=count,
        arrivals=times,
        message=message,
        destination=Destination("", ((topic, 1.0),)),
        confirm=Confirm(0, timeout),
        retry=Retry(_TRIES, Backoff(pause, 1.0, pause, "none")),
        link=plain_link(book, scenario, path, spec.link),
        connection=Connection(0, 0),
        node=nodes[0].name,
        batching=Batching(
            topic, linger, min(size, most * message.size_bytes), "all", True, _PENDING, timeout, timeout, pause
        ),
    )


def _consumer(book: Book, scenario: ScenarioSpec, name: str, spec: ConsumerSpec) -> ConsumerGroup:
    path: Path = ("consumers", name)
    refuse_words(book, path, spec, _CONSUMER)
    service = service_of(book, (*path, "service"), spec.service)
    if service is None:
        what = "work by hand is not simulated for a log system by this version"
        raise book.error((*path, "service"), what, "write for instance `service: 1 ms`")
    topic = _topic_of(book, scenario, name, spec)
    fails = exceptions(book, path, spec)
    if fails is not None and fails.then not in ("nack", "hold", "reconsume_later"):
        what = f"`{fails.then}` is not what a consumer of '{book.system.name}' can do with a message that fails"
        raise book.error((*path, "exceptions", "then"), what, "write `nack`, `hold` or `reconsume_later`")
    how = _subscribing(book, name, spec, topic, reconsumes=fails is not None and fails.then == "reconsume_later")
    return ConsumerGroup(
        name=name,
        queue=topic,
        count=book.pick(spec.count, (*path, "count"), parse_count),
        prefetch=0,
        ack="manual",
        service=service,
        link=plain_link(book, scenario, path, spec.link),
        connection=Connection(0, 0),
        restart_ns=0,
        exceptions=fails,
        acks=_acks(book, path, spec.acks),
        subscribing=how,
    )


def _acks(book: Book, path: Path, spec: AcksSpec | None) -> Acks:
    """Say for how many acknowledgements, and for how long, a client waits before it sends them."""
    if spec is None:
        return Acks(_ACKS, parse_duration(book.table["consumers.*.acks.after"].value))
    return Acks(spec.batch, book.pick(spec.after, (*path, "acks", "after"), parse_duration))


def _subscription_of(name: str, spec: ConsumerSpec) -> str:
    return name if spec.subscription is None or spec.subscription.name is None else spec.subscription.name


def _topic_of(book: Book, scenario: ScenarioSpec, name: str, spec: ConsumerSpec) -> str:
    """Find what a group reads: a topic of the scenario, or one that others send letters to."""
    path: Path = ("consumers", name)
    letters = [
        f"{other.topic[0] if other.topic else next(iter(scenario.topics))}-{_subscription_of(n, other)}-DLQ"
        for n, other in scenario.consumers.items() if other.dead_letter is not None
    ]  # fmt: skip
    if len(spec.topic or ()) > 1:
        raise book.error((*path, "topic"), "a subscription of several topics is not simulated", "name one topic")
    topic = spec.topic[0] if spec.topic else None
    return topic if topic in letters and topic is not None else the_topic(book, scenario, path, "topic", topic)


def _subscribing(book: Book, name: str, spec: ConsumerSpec, topic: str, *, reconsumes: bool) -> Subscribing:
    path: Path = ("consumers", name)
    subscription, given = _subscription_of(name, spec), spec.subscription
    kind: Any = book.pick(None if given is None else given.type, (*path, "subscription"), word)
    together = book.pick(
        None if given is None else given.max_unacked, (*path, "subscription", "max_unacked"), parse_count
    )
    ack_type: Any = book.pick(spec.ack_type, (*path, "ack_type"), word)
    ordered = kind in ("exclusive", "failover")
    if ack_type == "cumulative" and not ordered:
        what = "Cannot use cumulative acks on a non-exclusive/non-failover subscription"
        raise book.error((*path, "ack_type"), what, "write `ack_type: individual`, or `subscription: failover`")
    receiver = book.pick(spec.receiver_queue, (*path, "receiver_queue"), parse_count)
    if receiver > RECEIVER_MAX:
        raise book.error((*path, "receiver_queue"), f"more than {format_count(RECEIVER_MAX)}", "use fewer")
    timeout = book.pick(spec.ack_timeout, (*path, "ack_timeout"), parse_duration)
    if 0 < timeout < _ACK_TIMEOUT_MIN_NS:
        raise book.error((*path, "ack_timeout"), "Ack timeout should be greater than 1000 ms", "write at least `1 s`")
    for field, letters in (("dead_letter", spec.dead_letter is not None), ("exceptions", reconsumes)):
        if letters and ordered:
            what = f"letter topics work with shared and key_shared subscriptions only, and this one is {kind}"
            raise book.error((*path, field), what, "write `subscription: shared`", key=True)
    retry = book.pick(spec.retry_after, (*path, "retry_after"), parse_duration) if reconsumes else 0
    return Subscribing(
        subscription=subscription,
        kind=kind,
        ack_type=ack_type,
        receiver_queue=receiver,
        nack_ns=book.pick(spec.nack_delay, (*path, "nack_delay"), parse_duration),
        ack_timeout_ns=timeout,
        max_unacked=book.pick(spec.max_unacked, (*path, "max_unacked"), parse_count),
        max_unacked_together=together,
        max_redeliver=-1 if spec.dead_letter is None else spec.dead_letter.max_redeliver,
        dead_letter="" if spec.dead_letter is None else f"{topic}-{subscription}-DLQ",
        retry=f"{topic}-{subscription}-RETRY" if reconsumes else "",
        retry_ns=retry,
    )


def _refuse_faults(book: Book, model: Model) -> None:
    """Refuse faults that are not simulated where bookies keep what there is."""
    nodes = {name for node in model.nodes for name in (node.name, f"nodes.{node.name}")}
    groups = {name for group in model.consumers for name in (group.name, f"consumers.{group.name}")}
    for fault in (*model.faults, *(random.fault for random in model.random_faults)):
        target = fault.target.partition("[")[0]
        kinds = ("crash", "power_loss") if target in nodes else ("crash",) if target in groups else ()
        if fault.kind not in kinds:
            what = f"`{fault.kind}` of `{fault.target}` is not simulated for `{book.system.name}` by this version"
            raise book.error(("faults",), what, "let a node crash or lose its power, or a consumer crash")


def _check_subscriptions(book: Book, model: Model) -> None:
    """Refuse consumers that a subscription would not let in, as the broker does."""
    found: dict[tuple[str, str], ConsumerGroup] = {}
    for group in model.consumers:
        how = group.subscribing
        assert how is not None
        path: Path = ("consumers", group.name)
        first = found.setdefault((group.queue, how.subscription), group)
        assert first.subscribing is not None
        if first.subscribing.kind != how.kind:
            raise book.error((*path, "subscription"), "Subscription is of different type", "write the same for both")
        if how.kind == "exclusive" and (first is not group or group.count > 1):
            what = f"Exclusive consumer is already connected to subscription `{how.subscription}`"
            mend = "write `subscription: failover` or `shared`, or name another subscription"
            raise book.error((*path, "count" if group.count > 1 else "subscription"), what, mend)
        letters = (how.dead_letter, how.retry)
        if letters != (first.subscribing.dead_letter, first.subscribing.retry):
            what = f"`{first.name}` and `{group.name}` share a subscription and not their letter topics"
            raise book.error(path, what, "write the same for both", key=True)
