"""Queue policies give the same run compiled, interpreted and with every index checked."""

from __future__ import annotations

from mqlab.model import DeadLetter, Exceptions, Fault, Model
from tests.engines.test_determinism import digests, elsewhere
from tests.support.models import MS, consumer, every, node, producer, queue, takes, tiny


def model() -> Model:
    """Everything at once: levels, times to live, a cycle of dead letters, limits, turns, and a crash."""
    first = producer(arrivals=every(MS // 2, 60))
    message = type(first.message)(100, first.message.keys, True, ttl_ns=30 * MS, priorities=((0, 0.7), (9, 0.3)))
    return tiny(
        producers=[producer(arrivals=every(MS // 2, 60), message=message)],
        queues=[
            queue(durable=True, max_priority=5, max_bytes=2000, dead_letter=DeadLetter("", "d"), delivery_limit=2,
                  single_active_consumer=True),
            queue("d", durable=True, ttl_ns=7 * MS, dead_letter=DeadLetter("", "q")),
        ],
        consumers=[
            consumer(count=2, prefetch=3, service=takes(MS), exceptions=Exceptions(0.3, "delivery", "reject")),
            consumer("slow", queue="d", service=takes(9 * MS), exceptions=Exceptions(0.5, "delivery", "requeue")),
        ],
        faults=[Fault(12 * MS, "crash", "c[0]", 5 * MS), Fault(20 * MS, "crash", "broker", 5 * MS)],
        nodes=[node(fsync_ns=MS)],
        duration_ns=40 * MS,
    )  # fmt: skip


def test_policies_are_the_same_however_they_are_computed() -> None:
    expected = digests([model()])
    assert elsewhere([model()], MQLAB_JIT="0") == expected
    assert elsewhere([model()], MQLAB_BOUNDS_CHECK="1") == expected
