"""The closing part names the decision and the setting, and settings that a scenario really has."""

import re
from dataclasses import dataclass

import pytest

from mqlab.explain import explain
from mqlab.explain.reasons import CAUSES, FATES, reason_of
from mqlab.explain.story import story_of
from mqlab.trace.fates import Cause, Fate
from mqlab.trace.kinds import Direction, Kind
from tests.support.shop import shop
from tests.support.traces import (
    AUDIT,
    BROKER,
    BUYER_0,
    MS,
    ORDERS,
    STOCK_0,
    STOCK_1,
    S,
    event,
    fate_row,
    processed,
    trace,
)  # fmt: skip

SETTING = re.compile(r"`([\w.]+): ([\w-]+)`")


def lost(cause, **fields):
    return fate_row(0, sent_ns=1, fate=Fate.LOST, cause=cause, **fields)


def at_consumer(kind, time_s=2, **fields):
    return event(time_s * S, kind, actor=STOCK_0, queue=ORDERS, **({"attempt": 1} | fields))


def at_producer(kind, time_s=1, **fields):
    return event(time_s * S, kind, actor=BUYER_0, **({"attempt": 1} | fields))


ENQUEUED = event(S, Kind.ENQUEUED, actor=BROKER, queue=ORDERS, attempt=1)
STORED = {"enqueued_ns": S, "confirmed_ns": S + MS}
NO_CONFIRM = ("producers.buyers.confirm=none",)
AGAIN = processed(0, 1, copy=1, copy_of=0, enqueued_ns=3 * S, delivered_ns=3 * S, processed_ns=4 * S)
LATE = {"confirmed_ns": 9 * S, "enqueued_ns": 9 * S, "delivered_ns": 9 * S, "processed_ns": 10 * S}
KEPT_BACK = processed(0, created_ns=S, sent_ns=9 * S, **LATE)
CRASH = event(9 * S, Kind.NODE_CRASHED, -1, actor=BROKER)
HOLD = ("consumers.stock.exceptions.then=hold",)


@dataclass(frozen=True)
class Case:
    """Rows of a message, changes of the shop, and what the closing part must say."""

    rows: tuple
    says: tuple[str, ...]
    events: tuple = (ENQUEUED,)
    overrides: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()


CASES = {
    "transient queue": Case(
        (lost(Cause.BROKER_MEMORY, **STORED),),
        ("only in memory", "had been confirmed", "`queues.orders.durable: false`", "durable: true"),
        overrides=("queues.orders.durable=false",),
        silent=("persistent: false",),
    ),
    "transient message": Case(
        (lost(Cause.BROKER_MEMORY, enqueued_ns=S),),
        ("`producers.buyers.message.persistent: false`", "persistent: true"),
        overrides=("producers.buyers.message.persistent=false",),
        silent=("confirmed at once", "durable: false"),
    ),
    "not written yet": Case(
        (lost(Cause.BROKER_MEMORY, enqueued_ns=S),),
        ("not been written yet", "`nodes.broker.disk.group_commit`",
         "more `producers.buyers.retry.attempts`"),
    ),
    "not written yet, nobody asked": Case(
        (lost(Cause.BROKER_MEMORY, enqueued_ns=S),),
        ("`producers.buyers.confirm: none`", "To prevent it: `producers.buyers.confirm` with"),
        overrides=NO_CONFIRM,
    ),
    "before any queue": Case((lost(Cause.BROKER_MEMORY, queue=-1),), ("before any queue had it",)),
    "power": Case(
        (lost(Cause.UNSYNCED_DISK, enqueued_ns=S),),
        ("power failed", "`nodes.broker.disk.fsync`", "a confirm comes only after the flush"),
        overrides=NO_CONFIRM,
    ),
    "wire": Case(
        (lost(Cause.WIRE, queue=-1),),
        ("lost by the network", "never knew", "`producers.buyers.link.loss`",
         "`producers.buyers.confirm: none`"),
        events=(at_producer(Kind.PACKET_LOST, first=Direction.PUBLISH),),
        overrides=NO_CONFIRM,
    ),
    "wire, silence ordered": Case(
        (lost(Cause.WIRE, queue=-1),),
        ("Decided by `faults`",),
        events=(
            event(S, Kind.SILENCE_BEGAN, -1, actor=BUYER_0),
            at_producer(Kind.PACKET_LOST, first=Direction.PUBLISH),
        ),
        overrides=NO_CONFIRM,
        silent=("link.loss",),
    ),
    "wire, partition ordered": Case(
        (lost(Cause.WIRE, queue=-1),),
        ("Decided by `faults`",),
        events=(
            event(S, Kind.PARTITION_BEGAN, -1, actor=BUYER_0),
            at_producer(Kind.PACKET_LOST, first=Direction.PUBLISH),
        ),
        overrides=NO_CONFIRM,
        silent=("link.loss",),
    ),
    "a call broke": Case(
        (fate_row(0, fate=Fate.REJECTED, **STORED),),
        ("was gone before it had answered", "`faults`", "a queue between the two"),
        events=(event(S, Kind.DISCARDED, 0, actor=STOCK_1, cause=1),),
        silent=("was full",),
    ),
    "wire, connection ended": Case(
        (lost(Cause.WIRE, queue=-1),),
        ("went down with its connection", "`faults`"),
        events=(at_producer(Kind.STALE_PACKET, first=Direction.PUBLISH),),
        overrides=NO_CONFIRM,
    ),
    "producer died": Case((lost(Cause.CLIENT_BUFFER, queue=-1),), ("buyers[0] died", "outbox", "`faults`")),
    "auto": Case(
        (lost(Cause.AUTO_ACK, **STORED),),
        ("`consumers.stock.ack: auto`", "To prevent it: `consumers.stock.ack: manual`"),
        overrides=("consumers.stock.ack=auto",),
    ),
    "drop-head": Case(
        (fate_row(0, fate=Fate.EVICTED, **STORED),),
        ("dropped its oldest message", "`queues.orders.max_length: 100`",
         "`queues.orders.overflow: drop-head`"),
    ),
    "drop-newest": Case(
        (fate_row(0, fate=Fate.EVICTED),),
        ("dropped the newest message", "`queues.orders.overflow: drop-newest`", "the copy meant for orders"),
        overrides=("queues.orders.overflow=drop-newest",),
    ),
    "refused, nobody asked": Case(
        (fate_row(0, fate=Fate.EVICTED),),
        ("had not asked to be told", "`queues.orders.overflow: reject-publish`",
         "`producers.buyers.confirm: none`"),
        overrides=("queues.orders.overflow=reject-publish", *NO_CONFIRM),
    ),
    "refused": Case(
        (fate_row(0, fate=Fate.REJECTED, attempts=3),),
        (
            "told so each time", "`producers.buyers.retry.attempts: 3`", "was refused twice",
            "came to 300 ms", "`producers.buyers.retry.backoff`", "the copy meant for orders",
        ),
        events=(
            event(S, Kind.ENQUEUE_REFUSED, actor=BROKER, queue=ORDERS, attempt=1),
            at_producer(Kind.REFUSED), at_producer(Kind.BACKED_OFF, first=100 * MS),
            at_producer(Kind.REFUSED), at_producer(Kind.BACKED_OFF, first=200 * MS),
        ),
        overrides=("queues.orders.overflow=reject-publish",),
    ),
    "discarded": Case(
        (fate_row(0, fate=Fate.DISCARDED, **STORED),),
        ("refused it for good", "`consumers.stock.exceptions.then: reject`", "then: requeue"),
        events=(ENQUEUED, at_consumer(Kind.DELIVERED), at_consumer(Kind.NACK_SENT, cause=1)),
    ),
    "unroutable": Case(
        (fate_row(0, fate=Fate.UNROUTABLE, queue=-1),), ("`producers.buyers.to`", "`bindings`"),
    ),
    "gave up": Case(
        (fate_row(0, fate=Fate.GAVE_UP, queue=-1, attempts=3),),
        ("gave up after 3 tries", "`producers.buyers.retry.attempts: 3`", "timed out once"),
        events=(at_producer(Kind.TIMED_OUT), at_producer(Kind.BACKED_OFF, first=MS)),
    ),
    "held": Case(
        (fate_row(0, **STORED),),
        ("neither acknowledged nor refused", "`consumers.stock.exceptions.then: hold`"),
        events=(ENQUEUED, at_consumer(Kind.DELIVERED), at_consumer(Kind.FAILED), at_consumer(Kind.HELD)),
        overrides=HOLD,
    ),
    "failing again and again": Case(
        (fate_row(0, deliveries=2, **STORED),),
        ("the handler failed twice", "delivered twice, because a consumer put it back", "then: requeue`"),
        events=(
            ENQUEUED, at_consumer(Kind.FAILED), at_consumer(Kind.REQUEUED, cause=0),
            at_consumer(Kind.FAILED, 3),
        ),
        overrides=("consumers.stock.exceptions.then=requeue",),
    ),
    "left in its queue": Case(
        (fate_row(0, **STORED),), ("it stood in orders", "`drain`", "`consumers.stock.count`"),
    ),
    "left in a broker that was down": Case(
        (fate_row(0, **STORED),), ("the broker was down", "`faults`"), events=(ENQUEUED, CRASH),
    ),
    "left in a broker that was up again": Case(
        (fate_row(0, **STORED),),
        ("it stood in orders",),
        events=(ENQUEUED, CRASH, event(9 * S + 1, Kind.NODE_RESTARTED, -1, actor=BROKER)),
    ),
    "left in its queue, a re-send got lost": Case(
        (fate_row(0, **STORED),),
        ("it stood in orders",),
        events=(ENQUEUED, at_producer(Kind.PACKET_LOST, 2, first=Direction.PUBLISH)),
    ),
    "left with a consumer": Case(
        (fate_row(0, **STORED),),
        ("had left for stock[0]", "`consumers.stock.prefetch`"),
        events=(ENQUEUED, at_consumer(Kind.DISPATCHED), at_consumer(Kind.DELIVERED)),
    ),
    "delivery lost": Case(
        (fate_row(0, **STORED),),
        ("the network lost the delivery", "as long as their connection stands",
         "`consumers.stock.link.loss`"),
        events=(
            ENQUEUED, at_consumer(Kind.DISPATCHED), at_consumer(Kind.PACKET_LOST, first=Direction.DELIVERY),
        ),
    ),
    "still with its producer": Case(
        (fate_row(0, queue=-1, sent_ns=-1),),
        ("buyers[0] had not brought it to a queue", "`producers.buyers.retry`"),
        events=(at_producer(Kind.CREATED), at_producer(Kind.BUFFERED)),
    ),
    "connection lost, done twice": Case(
        (processed(0, deliveries=2, processings=2, effects=2),),
        (
            "delivered twice, because a consumer's connection ended", "`consumers.stock.ack: manual`",
            "Its effect happened twice", "`consumers.stock.deduplicate: false`",
            "To prevent it: `consumers.stock.deduplicate: true`",
        ),
        events=(ENQUEUED, at_consumer(Kind.DISPATCHED), at_consumer(Kind.REQUEUED, cause=1)),
    ),
    "deduplicated": Case(
        (processed(0, deliveries=2, processings=2),),
        ("Work was done twice, its effect happened once", "`consumers.stock.deduplicate: true`"),
        overrides=("consumers.stock.deduplicate=true",),
        silent=("effect happened twice",),
    ),
    "delivery doubled": Case(
        (processed(0, deliveries=2),),
        ("because the network doubled a delivery", "`consumers.stock.link.duplicate`"),
        events=(ENQUEUED, at_consumer(Kind.PACKET_DUPLICATED, first=Direction.DELIVERY)),
        silent=("ack: manual",),
    ),
    "broker down before the ack": Case(
        (processed(0, deliveries=2),),
        ("the broker went down before it had the acknowledgement",),
        events=(ENQUEUED, event(3 * S, Kind.RECOVERED, actor=BROKER, queue=ORDERS)),
    ),
    "stored twice, confirm lost": Case(
        (processed(0), AGAIN),
        (
            "orders stored it again, because the confirm got lost", "`producers.buyers.confirm.timeout`",
            "`consumers.stock.deduplicate: true` makes it harmless", "the second copy in orders",
        ),
        events=(
            at_producer(Kind.SENT), ENQUEUED, at_producer(Kind.PACKET_LOST, first=Direction.CONFIRM),
            at_producer(Kind.SENT, 2, attempt=2),
        ),
    ),
    "stored twice, confirm late": Case(
        (processed(0), AGAIN),
        ("because no confirm had come in time",),
        events=(at_producer(Kind.SENT), ENQUEUED, at_producer(Kind.SENT, 2, attempt=2)),
    ),
    "stored twice, connection ended": Case(
        (processed(0), AGAIN),
        ("because the connection had ended before a confirm came", "`faults`"),
        events=(at_producer(Kind.SENT), ENQUEUED, at_producer(Kind.UNKNOWN), at_producer(Kind.SENT, 2, attempt=2)),
    ),
    "stored twice, packet doubled": Case(
        (processed(0), AGAIN),
        ("because the network doubled it", "`producers.buyers.link.duplicate`"),
        events=(
            at_producer(Kind.SENT), at_producer(Kind.PACKET_DUPLICATED, first=Direction.PUBLISH), ENQUEUED,
        ),
    ),
    "never confirmed": Case((processed(0, confirmed_ns=-1),), ("never got a confirm, although",)),
    "never asked": Case(
        (processed(0, confirmed_ns=-1),), ("processed by stock[0]",), overrides=NO_CONFIRM,
        silent=("never got",),
    ),
    "waited long": Case(
        (processed(0, created_ns=S, sent_ns=S, enqueued_ns=S, delivered_ns=9 * S, processed_ns=10 * S),),
        ("took 9 s, of which 8 s waiting in orders", "`consumers.stock.count`"),
    ),
    "travelled long": Case(
        (processed(0, created_ns=S, sent_ns=S, enqueued_ns=S, delivered_ns=9 * S, processed_ns=10 * S),),
        ("took 9 s, of which 7 s on its way to a consumer", "`consumers.stock.link.latency`"),
        events=(ENQUEUED, at_consumer(Kind.DISPATCHED, 2), at_consumer(Kind.DELIVERED, 9)),
    ),
    "kept back long": Case(
        (KEPT_BACK,),
        ("8 s before it was first sent", "`producers.buyers.confirm.max_in_flight`"),
    ),
    "prepared long": Case(
        (KEPT_BACK,),
        ("`producers.buyers.prepare`",),
        overrides=("producers.buyers.prepare=5 ms",),
    ),
    "lost from one of two queues": Case(
        (processed(0), fate_row(0, copy=1, queue=AUDIT, fate=Fate.EVICTED, enqueued_ns=S)),
        ("Fate of the copy in orders: processed", "Fate of the copy in audit: evicted", "audit was full"),
        overrides=("queues.audit.max_length=3",),
    ),
}  # fmt: skip


def closing(case):
    return "\n".join(explain(trace(case.rows, case.events), shop(*case.overrides), 0).closing)


@pytest.mark.parametrize("name", CASES)
def test_the_decision_and_the_setting_are_named(name):
    told = closing(CASES[name])
    for words in CASES[name].says:
        assert words in told
    for words in CASES[name].silent:
        assert words not in told


@pytest.mark.parametrize("name", CASES)
def test_every_line_is_a_sentence(name):
    for line in closing(CASES[name]).splitlines():
        assert line.endswith(".")
        assert "None" not in line
        assert ".." not in line
        assert "  " not in line


@pytest.mark.parametrize("name", CASES)
def test_settings_with_a_value_can_be_set_so(name):
    for path, value in SETTING.findall(closing(CASES[name])):
        shop(*CASES[name].overrides, f"{path}={value}")


def test_no_fate_and_no_cause_lacks_its_reason():
    assert set(FATES) == set(Fate)
    assert set(CAUSES) == set(Cause)


@pytest.mark.parametrize("cause", sorted(set(Cause) - {Cause.NONE}))
@pytest.mark.parametrize("fate", Fate)
@pytest.mark.parametrize("queue", [ORDERS, -1])
def test_every_reason_can_be_given_from_a_bare_row(fate, cause, queue):
    row = fate_row(0, fate=fate, cause=cause, queue=queue)
    story = story_of(trace([row], [event(0, Kind.CREATED, actor=BUYER_0)]), shop(), 0)
    assert re.fullmatch(r"[A-Za-z].+\.", str(reason_of(story, row)))
