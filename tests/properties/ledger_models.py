"""Random models of brokers and bookies: quorums, subscriptions, handlers that fail, and whatever may go down."""

from __future__ import annotations

from hypothesis import strategies as st

from mqlab.model import Acks, ConsumerGroup, Exceptions, Fault, Keys, Message, Model
from tests.support.ledgers import BOOKIES, BROKERS, ledger, reader, sender, topic
from tests.support.models import MS, US, Distribution, every, takes, wire

__all__ = ["ledger_models"]

_LASTS = st.sampled_from([5 * MS, 40 * MS, 150 * MS, -1])
_AT = st.integers(1, 120).map(lambda ms: ms * MS + 130 * US)


def faults(groups: tuple[str, ...]) -> st.SearchStrategy[Fault]:
    """Brokers, bookies and consumers that go down, most of them for a while."""
    down = st.builds(
        lambda at, kind, node, lasts: Fault(at, kind, node, lasts),
        _AT, st.sampled_from(["crash", "power_loss"]), st.sampled_from(BROKERS + BOOKIES), _LASTS,
    )  # fmt: skip
    if not groups:
        return down
    dies = st.builds(lambda at, name, lasts: Fault(at, "crash", name, lasts), _AT, st.sampled_from(groups), _LASTS)
    return down | dies


@st.composite
def groups(draw: st.DrawFn, name: str) -> ConsumerGroup:
    """A group with a subscription of its own."""
    kind = draw(st.sampled_from(["exclusive", "failover", "shared", "key_shared"]))
    ordered = kind in ("exclusive", "failover")
    fails = draw(st.sampled_from([None, "nack", "hold"] if ordered else [None, "nack", "hold", "reconsume_later"]))
    letters = not ordered and draw(st.booleans())
    return reader(
        name, kind=kind, count=1 if kind == "exclusive" else draw(st.integers(1, 3)),
        ack_type=draw(st.sampled_from(["individual", "cumulative"])) if ordered else "individual",
        receiver_queue=draw(st.sampled_from([1, 3, 100])), nack_ns=draw(st.sampled_from([0, 5 * MS, 30 * MS])),
        ack_timeout_ns=draw(st.sampled_from([0, 12 * MS])), max_unacked=draw(st.sampled_from([2, 1000])),
        max_unacked_together=draw(st.sampled_from([4, 1000])),
        max_redeliver=draw(st.integers(0, 2)) if letters else -1, dead_letter=f"{name}-DLQ" if letters else "",
        retry=f"{name}-RETRY" if fails == "reconsume_later" else "", retry_ns=10 * MS,
        acks=draw(st.sampled_from([None, Acks(5, 4 * MS)])),
        exceptions=None if fails is None else Exceptions(draw(st.sampled_from([0.1, 0.6])), "delivery", fails, (), 0),
        service=draw(st.sampled_from([takes(0), takes(700 * US), Distribution("exponential", (300.0 * US,))])),
        link=wire(draw(st.integers(0, 500)) * US),
    )  # fmt: skip


@st.composite
def ledger_models(draw: st.DrawFn) -> Model:
    """One topic, one or two groups of producers, up to two subscriptions, and a few faults."""
    ensemble = draw(st.integers(1, 3))
    write = draw(st.integers(1, ensemble))
    quorum = (ensemble, write, draw(st.integers(1, write)))
    keys = draw(st.sampled_from([Keys(), Keys("uniform", 5)]))
    batching = {
        "linger_ns": draw(st.sampled_from([0, MS, 7 * MS])), "batch_bytes": draw(st.sampled_from([100, 400])),
        "max_in_flight": draw(st.sampled_from([1, 3, 1000])), "delivery_ns": draw(st.sampled_from([60 * MS, 400 * MS])),
    }  # fmt: skip
    batching["request_timeout_ns"] = batching["delivery_ns"]
    producers = [
        sender(name, count=draw(st.integers(1, 2)), arrivals=every(draw(st.sampled_from([400 * US, MS, 3 * MS])), 60),
               message=Message(100, keys, True), **batching)
        for name in ("p", "s")[: draw(st.integers(1, 2))]
    ]  # fmt: skip
    readers = [draw(groups(name)) for name in ("r", "u")[: draw(st.integers(0, 2))]]
    letters = [
        topic(name, quorum=quorum)
        for group in readers if group.subscribing is not None
        for name in (group.subscribing.dead_letter, group.subscribing.retry) if name
    ]  # fmt: skip
    return ledger(
        topics=[topic(partitions=draw(st.integers(1, 2)), quorum=quorum, deduplicate=draw(st.booleans())), *letters],
        producers=producers, consumers=readers,
        faults=draw(st.lists(faults(tuple(group.name for group in readers)), max_size=5)),
        session_ns=draw(st.sampled_from([8 * MS, 30 * MS])), fsync_ns=draw(st.sampled_from([0, 300 * US, 4 * MS])),
        group_commit_ns=draw(st.sampled_from([0, MS])), journal_sync=draw(st.booleans()),
        seed=draw(st.integers(1, 99)), duration_ns=100 * MS,
        drain_ns=draw(st.sampled_from([10 * MS, 900 * MS])), warmup_ns=draw(st.sampled_from([0, 5 * MS])),
    )  # fmt: skip
