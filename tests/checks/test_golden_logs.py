"""Each check of logs rejects its smallest violating trace, and accepts a twin that is in order."""

import re
from dataclasses import dataclass

import pytest

from mqlab.checks import REGISTRY
from mqlab.trace.fates import Cause, Fate
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Entity, Rows
from tests.support.traces import MS, event, events, evidence, fate_row

BROKER, ORDERS, AUDIT, SHOP, STOCK_0, STOCK_1, BOOKS = range(7)
ENTITIES = (
    Entity("broker", "node", "broker"),
    Entity("orders", "queue", "orders"),
    Entity("audit", "queue", "audit"),
    Entity("shop", "producer", "shop"),
    Entity("stock[0]", "consumer", "stock"),
    Entity("stock[1]", "consumer", "stock"),
    Entity("books", "consumer", "books"),
)


def appended(offset, message, *, queue=ORDERS, count=1, told=True, attempt=1):
    """A batch stands at an offset and, if ``told``, its producer learns of it; its records have numbers in a row."""
    rows = [
        event(message * MS, Kind.COLLECTED, message + i, actor=SHOP, queue=queue, first=message) for i in range(count)
    ]
    about = {"message": message, "queue": queue, "count": count, "attempt": attempt}
    rows.append(event(message * MS + 1, Kind.APPENDED, actor=BROKER, first=offset, **about))
    return rows + [event(message * MS + 2, Kind.CONFIRMED, actor=SHOP, **about)] * told


def polled(ms, *offsets, consumer=STOCK_0, queue=ORDERS, messages=None):
    """One poll: offsets handed out at one instant, of records with the same numbers unless said."""
    named = zip(offsets, messages or offsets, strict=True)
    return [event(ms * MS, Kind.DELIVERED, m, actor=consumer, queue=queue, first=o, attempt=1) for o, m in named]


def cut(ms, offset, message, *, count=1):
    return [event(ms * MS, Kind.VANISHED, message, actor=BROKER, queue=ORDERS, first=offset, count=count)]


def back(ms, consumer=STOCK_0):
    return [event(ms * MS, Kind.CLIENT_RESTARTED, -1, actor=consumer)]


def judged(name, *parts, **facts):
    rows = sorted((row for part in parts for row in part), key=lambda row: int(row["time_ns"]))
    return REGISTRY[name](evidence(has_logs=True, events=Rows(events(rows)), entities=ENTITIES, **facts))


@dataclass(frozen=True)
class Golden:
    """A trace that violates, how often and at which records, and one that does not."""

    bad: tuple
    good: tuple
    count: int = 1
    examples: tuple = (0,)


LOG = [row for number in range(7) for row in appended(number, number)]

GOLDEN = {
    "log_duplicate": Golden(
        bad=(appended(0, 0), appended(1, 0, attempt=2)),
        good=(appended(0, 0, told=False), cut(1, 0, 0), appended(0, 3), appended(0, 4, queue=AUDIT)),
    ),
    "inconsistent_offsets": Golden(
        bad=(appended(7, 0), cut(1, 7, 0), appended(7, 2, told=False), polled(9, 7, messages=[2])),
        good=(appended(7, 0, told=False), cut(1, 7, 0), appended(7, 2), polled(9, 7, messages=[2])),
        examples=(0, 2),
    ),
    "nonmonotonic": Golden(
        bad=(LOG, polled(20, 5), polled(30, 4)),
        good=(LOG, polled(20, 5), back(25), polled(30, 4), polled(31, 5)),
        examples=(4,),
    ),
    "skipped": Golden(
        bad=(LOG, polled(20, 4), polled(30, 6)),
        good=(LOG, polled(20, 4), back(25), polled(30, 6), polled(40, 5, consumer=STOCK_1)),
        examples=(5,),
    ),
    "unseen": Golden(
        bad=(LOG[:9], polled(20, 0), back(25), polled(30, 2)),
        good=(LOG[:9], polled(20, 0), polled(25, 1, consumer=STOCK_1), back(25), polled(30, 2)),
        examples=(1,),
    ),
}


def _is_of_logs(check):
    return getattr(check, "__module__", "") == "mqlab.checks.log"


def test_every_check_of_logs_has_its_golden_trace():
    assert set(GOLDEN) == {name for name, check in REGISTRY.items() if _is_of_logs(check)}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_bad_trace_is_rejected(name):
    case = GOLDEN[name]
    seen = judged(name, *case.bad)
    assert (seen.count, seen.examples) == (case.count, case.examples)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_good_twin_is_accepted(name):
    assert judged(name, *GOLDEN[name].good).count == 0


@pytest.mark.parametrize("name", GOLDEN)
def test_an_empty_log_is_in_order(name):
    assert judged(name).count == 0


@pytest.mark.parametrize("name", GOLDEN)
def test_without_events_or_logs_nothing_can_be_said(name):
    assert "events" in REGISTRY[name](evidence(has_logs=True)).not_judged
    assert "queues" in REGISTRY[name](evidence(events=Rows(events(LOG)))).not_judged


@pytest.mark.parametrize("name", GOLDEN)
def test_a_check_defines_its_anomaly(name):
    assert re.search(r"^ {8}message ", REGISTRY[name].__doc__, re.MULTILINE)


def test_records_of_a_batch_stand_one_after_the_other():
    batch = appended(10, 0, count=3)
    assert judged("skipped", batch, polled(9, 10, messages=[0]), polled(10, 12, messages=[2])).examples == (1,)
    assert judged("unseen", batch, polled(9, 10, 12, messages=[0, 2])).examples == (1,)


def test_within_a_poll_and_across_polls_are_told_apart():
    inside = judged("skipped", LOG, polled(20, 0, 2))
    between = judged("skipped", LOG, polled(20, 0), polled(21, 3))
    assert inside.detail == {"jumps": 1, "within_polls": 1, "across_polls": 0}
    assert (between.count, between.detail) == (2, {"jumps": 1, "within_polls": 0, "across_polls": 1})


def test_an_offset_that_holds_no_record_is_not_skipped():
    holes = [*appended(0, 0), *appended(1_000_000_000, 1), *appended(2_000_000_000_000, 2)]
    polls = polled(20, 0, 1_000_000_000, 2_000_000_000_000, messages=[0, 1, 2])
    assert judged("skipped", holes, polls).count == 0
    assert judged("unseen", holes, polls).count == 0


def test_what_was_cut_off_by_then_is_not_skipped_but_what_was_still_there_is():
    log = [*appended(4, 0), *appended(5, 1), *appended(6, 2)]
    first = polled(20, 4, messages=[0])
    again = [*cut(25, 5, 1), *cut(25, 6, 2), *appended(5, 26), *polled(30, 5, messages=[26])]
    assert judged("skipped", log, first, again).count == 0
    assert judged("skipped", log, first, polled(24, 6, messages=[2]), cut(25, 5, 1), cut(25, 6, 2)).examples == (1,)


def test_the_same_batch_cut_and_appended_again_stands_where_it_stands_last():
    twice = [*appended(3, 0, told=False), *cut(1, 3, 0), event(5 * MS, Kind.APPENDED, 0, actor=BROKER, queue=ORDERS,
                                                                first=8, attempt=2)]  # fmt: skip
    assert judged("log_duplicate", twice).count == 0
    assert judged("log_duplicate", twice, polled(1, 3, messages=[0])).count == 1  # a reader had it at 3


def test_a_producer_that_is_told_late_is_told_of_the_offset_where_it_stands():
    about = {"message": 0, "queue": ORDERS, "attempt": 2}
    late = [
        *appended(7, 0, told=False),
        event(2 * MS, Kind.APPEND_SKIPPED, actor=BROKER, first=7, **about),
        event(3 * MS, Kind.CONFIRMED, actor=SHOP, **about),
    ]
    more = [*cut(4, 7, 0), *appended(7, 5)]
    assert judged("inconsistent_offsets", late, more).count == 1


def test_three_records_at_one_offset_are_one_offset():
    seen = polled(9, 7, messages=[1]) + polled(10, 7, messages=[2]) + polled(11, 7, messages=[3])
    found = judged("inconsistent_offsets", seen, polled(12, 8, messages=[4]))
    assert (found.count, found.examples) == (1, (1, 2, 3))


def test_partitions_and_consumers_do_not_mix():
    log = [*LOG, *appended(0, 20, queue=AUDIT), *appended(1, 21, queue=AUDIT)]
    mixed = [
        *polled(30, 5), *polled(31, 0, queue=AUDIT, messages=[20]), *polled(32, 6), *polled(33, 2, consumer=STOCK_1),
        *polled(34, 1, queue=AUDIT, messages=[21]), *polled(35, 3, consumer=STOCK_1),
    ]  # fmt: skip
    for name in ("nonmonotonic", "skipped"):
        assert judged(name, log, mixed).count == 0


def test_each_group_has_to_see_a_record():
    other = [*polled(50, 0, consumer=BOOKS), *polled(51, 1, consumer=BOOKS), *polled(52, 2, consumer=BOOKS)]
    assert judged("unseen", LOG[:9], polled(40, 0, 2), other).count == 1
    assert judged("unseen", LOG[:9], polled(40, 0, 1, 2), polled(50, 0, 2, consumer=BOOKS)).count == 1
    assert judged("unseen", LOG[:9], polled(40, 0, 1, 2), polled(50, 1, 2, consumer=BOOKS)).count == 0  # began at 1


def test_what_a_group_has_not_reached_is_not_unseen():
    log = [*LOG[:6], *appended(2, 2, told=False)]
    assert judged("unseen", log, polled(40, 0)).count == 0
    regrown = [*cut(42, 1, 1), *appended(1, 50)]  # the group was at 1 when the log ended below, and was cut
    assert judged("unseen", LOG[:6], polled(41, 0, 1), regrown).count == 0


def test_what_was_lost_below_the_high_watermark_is_told_apart():
    """Both were acknowledged and are cut off; but at 5 a consumer had been already, so it stood below the watermark."""
    gone = {"fate": Fate.LOST, "cause": Cause.UNREPLICATED, "confirmed_ns": 9 * MS, "enqueued_ns": 8 * MS}
    log = [*appended(4, 4), *appended(5, 5), *appended(6, 6)]
    rows = [*log, *polled(20, 4), *polled(21, 5), *cut(25, 5, 5), *cut(25, 6, 6)]
    fates = [fate_row(5, **gone), fate_row(6, **gone)]
    seen = REGISTRY["lost"](evidence(*fates, has_logs=True, events=Rows(events(rows)), entities=ENTITIES))
    assert (seen.count, seen.detail) == (2, {"below_watermark": 1})


@pytest.mark.parametrize("name", ["skipped", "nonmonotonic"])
def test_members_that_share_a_partition_record_by_record_make_no_steps(name):
    polls = [*polled(20, 0), *polled(21, 1, consumer=STOCK_1), *polled(22, 2), *polled(23, 0)]
    assert judged(name, LOG, polls).count == 1
    assert judged(name, LOG, polls, sharing=frozenset({"stock"})).count == 0
