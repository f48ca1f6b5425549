"""What a group remembers: business ids, exactly or within a window, atomically or not; and how many items it sold."""

from __future__ import annotations

from typing import Any

from mqlab.model import ConsumerGroup, Fault, Inventory, LinkSide, Recall
from mqlab.trace.kinds import Kind
from tests.support.models import (
    MS,
    US,
    consumer,
    endings,
    every,
    fate_rows,
    kinds,
    of_kind,
    one_way,
    play,
    producer,
    takes,
    times,
    tiny,
)

DOUBLED = one_way(up=LinkSide(takes(0), duplicate=1.0))
"""Every publish arrives twice, so every message stands in its queue twice."""


def remembering(count: int = 1, **fields: Any) -> ConsumerGroup:
    return consumer(**{"count": count, "deduplicate": True, "service": takes(MS)} | fields)


def twice(times_: int = 1, gap_ns: int = 10 * MS, **fields: Any):
    return [producer(link=DOUBLED, arrivals=every(gap_ns, times_), **fields)]


def effects(*consumers: ConsumerGroup, messages: int = 1, gap_ns: int = 10 * MS, **options: Any) -> int:
    """How often an effect happened, of so many messages that stand in the queue twice."""
    duration = max(10 * MS, messages * gap_ns)
    trace = play(tiny(producers=twice(messages, gap_ns), consumers=consumers, duration_ns=duration, **options))
    assert endings(trace) == {"processed": 2 * messages}
    return int(fate_rows(trace)["effects"].sum())


def test_atomic_two_consumers_at_once_have_one_effect() -> None:
    assert effects(remembering(2)) == 1
    assert effects(remembering(2, recall=Recall(lookup_ns=US))) == 1


def test_check_then_act_two_consumers_at_once_both_act() -> None:
    """Both look before either has written: that is the race."""
    assert effects(remembering(2, recall=Recall(how="check-then-act"))) == 2


def test_check_then_act_alone_has_no_race() -> None:
    assert effects(remembering(1, recall=Recall(how="check-then-act"))) == 1


def test_what_was_seen_costs_the_look_up_alone() -> None:
    looks = remembering(recall=Recall(how="check-then-act", lookup_ns=200 * US))
    trace = play(tiny(producers=twice(), consumers=[looks]))
    assert of_kind(trace, Kind.STARTED)["first"].tolist() == [1200 * US, 200 * US]
    assert kinds(trace, Kind.PROCESSED, Kind.DEDUPLICATED) == [Kind.PROCESSED, Kind.DEDUPLICATED]


def test_a_window_of_time_forgets_what_is_older() -> None:
    """The second copy is worked on 1 ms after the first."""
    assert effects(remembering(recall=Recall(for_ns=MS))) == 1
    assert effects(remembering(recall=Recall(for_ns=MS - 1))) == 2


def test_a_window_of_ids_counts_effects_since() -> None:
    """Messages 0, 1, 2 and again 0, 1, 2: a memory of three ids knows them, a memory of two does not."""

    def acted(count: int) -> list[int]:
        # cut off when all three are done and none is acknowledged yet: all come again
        first = remembering(prefetch=0, recall=Recall(count=count), link=one_way(up=LinkSide(takes(5 * MS))))
        trace = play(tiny(producers=[producer(arrivals=every(US, 3))], consumers=[first],
                          faults=[Fault(3500 * US, "reset", "c", 0)]))  # fmt: skip
        rows = fate_rows(trace)
        return rows["effects"].tolist()

    assert acted(3) == [1, 1, 1]
    assert acted(2) == [2, 2, 2], "0 has been forgotten; acting on it again makes 1 forgotten, and so on"


def test_two_groups_on_one_queue_remember_each_for_itself() -> None:
    """One copy goes to each group: both act, for neither knows what the other did."""
    apart = [remembering(), consumer("other", deduplicate=True, service=takes(MS))]
    assert effects(*apart) == 2
    assert effects(remembering(), consumer("other", service=takes(MS))) == 2
    assert effects(remembering()) == 1


def test_a_group_beside_another_still_knows_its_own() -> None:
    """Four copies of two messages in turn to two groups, each of which sees each message once, or one group alone."""
    slow = consumer("other", deduplicate=True, service=takes(10**9))
    trace = play(tiny(producers=twice(2, 5 * MS), consumers=[remembering(), slow]))
    assert len(of_kind(trace, Kind.DEDUPLICATED)) == 1, "the second message went to the first group twice"


def test_a_crash_in_mid_work_may_act_and_not_write_it_down() -> None:
    """Atomically the effect and its note are one; check-then-act writes after the work, and the dead write nothing."""

    def doubled(how: str) -> int:
        found = 0
        for seed in range(1, 21):
            group = remembering(recall=Recall(how=how, lookup_ns=US), service=takes(10 * MS))  # type: ignore[arg-type]
            trace = play(tiny(producers=[producer(arrivals=every(MS, 1))], consumers=[group],
                              faults=[Fault(9 * MS, "crash", "c", MS)]), seed=seed)  # fmt: skip
            found += int(fate_rows(trace)["effects"].sum() == 2)
        return found

    assert doubled("atomic") == 0
    assert doubled("check-then-act") > 10


def stock(trace: Any) -> tuple[int, int, int]:
    gauges = trace.counters.gauges
    return gauges["c.sold"], gauges["c.oversold"], gauges["c.sold_out"]


def test_an_atomic_inventory_never_oversells() -> None:
    trace = play(tiny(consumers=[consumer(count=4, service=takes(4 * MS), inventory=Inventory(5))]))
    assert stock(trace) == (5, 0, 5)
    assert len(times(trace, Kind.SOLD_OUT)) == 5


def test_check_then_act_sells_what_others_are_selling() -> None:
    """Four workers, ten orders, one item left in the end: whoever looks while it is being sold sells it again."""
    many = consumer(count=4, service=takes(4 * MS), inventory=Inventory(5, "check-then-act"))
    sold, over, out = stock(play(tiny(consumers=[many])))
    assert over == sold - 5 > 0
    assert sold + out == 10
    alone = consumer(count=1, service=takes(4 * MS), inventory=Inventory(5, "check-then-act"))
    assert stock(play(tiny(consumers=[alone]))) == (5, 0, 5), "one worker has nobody to race with"


def test_what_is_deduplicated_sells_nothing() -> None:
    buyers = twice(3)
    both = remembering(inventory=Inventory(10))
    assert stock(play(tiny(producers=buyers, duration_ns=40 * MS, consumers=[both]))) == (3, 0, 0)
    careless = consumer(inventory=Inventory(10))
    assert stock(play(tiny(producers=buyers, duration_ns=40 * MS, consumers=[careless]))) == (6, 0, 0)
