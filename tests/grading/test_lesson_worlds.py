"""What exercises of the lessons on loss and duplication take for true, held against the lab itself."""

from __future__ import annotations

import pytest

import mqlab
from mqlab.grading.exercise import Case
from mqlab.grading.exercises import double_effects, lost_in_the_window, safe_shop
from mqlab.grading.student import Babbled
from mqlab.grading.worlds.publishing import MS, Published, Wish, publish
from mqlab.scenario import loads
from tests.grading.answers_of import ANSWERS
from tests.grading.tame import TameStudent

CALM = Wish(order_ns=(20 * MS, 20 * MS, 60 * MS), lost_up=0.0, lost_down=0.0)
TILL = """
class Till:
    def __init__(self, channel, most, timeout_ms):
        self.channel = channel

    def order(self, order, now_ms):
        self.channel.publish({order})

    def confirmed(self, tag, now_ms):
        {confirmed}

    def refused(self, tag, now_ms):
        pass

    def tick(self, now_ms):
        {tick}
"""


def till(order: str = "order", confirmed: str = "pass", tick: str = "pass") -> TameStudent:
    return TameStudent(TILL.format(order=order, confirmed=confirmed, tick=tick))


def open_till(student: TameStudent, wish: Wish = CALM, seed: int = 1) -> Published:
    return publish(student, seed, wish, most=5, timeout_ns=200 * MS)


def told(record: Published) -> list[tuple[str, int, int]]:
    return [(call.kind, call.order, call.tag) for call in record.calls]


def test_a_calm_till_hears_of_every_order() -> None:
    record = open_till(till())
    assert told(record) == [
        ("order", 0, -1), ("publish", 0, 1), ("order", 1, -1), ("publish", 1, 2),
        ("confirmed", 0, 1), ("confirmed", 1, 2), ("order", 2, -1), ("publish", 2, 3), ("confirmed", 2, 3),
    ]  # fmt: skip
    assert record.arrived == {0, 1, 2}


def test_what_is_lost_is_a_function_of_the_seed() -> None:
    rough = Wish(order_ns=CALM.order_ns, lost_up=0.5, lost_down=0.5)
    once, again = open_till(till(), rough), open_till(till(), rough)
    assert told(once) == told(again)
    assert len({str(told(open_till(till(), rough, seed))) for seed in range(8)}) > 1


def test_a_full_queue_says_no() -> None:
    crowd = Wish(order_ns=(20 * MS,) * 12, lost_up=0.0, lost_down=0.0)
    kinds = [kind for kind, _, _ in told(open_till(till(), crowd))]
    assert kinds.count("refused") > 0
    assert kinds.count("refused") + kinds.count("confirmed") == 12


def test_a_crash_is_told_and_answers_nothing() -> None:
    wish = Wish(order_ns=(20 * MS,), lost_up=0.0, lost_down=0.0, crash_ns=25 * MS, down_ns=300 * MS)
    record = open_till(till(), wish)
    assert [step.text for step in record.faults] == ["crashes", "is back"]
    assert told(record) == [("order", 0, -1), ("publish", 0, 1)]
    assert record.arrived == set()
    assert [step.kind for step in record.steps(0)] == ["plain", "plain", "fault", "fault"]


@pytest.mark.parametrize(
    ("student", "sentence"),
    [
        (till(order="99"), "nobody has ordered 99"),
        (till(order="'first'"), 'must be a number, but it is "first"'),
        (till(order="order, 1"), "was called with 2 values instead of 1"),
        (till(tick="while True: self.channel.publish(0)"), "published more than 2,000 times for 3 orders"),
    ],
)
def test_what_cannot_be_published_is_said_with_what_happened_before(student: TameStudent, sentence: str) -> None:
    with pytest.raises(Babbled, match=sentence) as caught:
        open_till(student)
    assert caught.value.steps


@pytest.mark.parametrize("settings", [
    (double_effects._SENT_TWICE, double_effects._DIES),
    (double_effects._SENT_TWICE, double_effects._DIES, *double_effects._REMEMBER),
    (double_effects._SENT_TWICE, *double_effects._RACE),
])  # fmt: skip
@pytest.mark.parametrize("seed", range(3))
def test_the_auditor_and_the_lab_agree(settings: tuple[str, ...], seed: int) -> None:
    run = mqlab.run(double_effects._scenario(12, settings), seed=seed, trace="events")
    effects = run.fates.groupby(["message", "queue"], observed=True)["effects"].sum()
    doubled = {message for (message, _), times in effects.items() if times > 1}
    assert double_effects.done_twice(double_effects.events_of(12, seed, settings)) == doubled
    assert bool(doubled) == bool(run.summary["anomalies"]["duplicate_effect"])


@pytest.mark.parametrize("power", [False, True])
@pytest.mark.parametrize(("collect_ms", "fsync_ms"), [(80.0, 0.05), (10.0, 40.0)])
def test_as_many_are_in_the_window_as_crashes_take(collect_ms: float, fsync_ms: float, power: bool) -> None:
    """150 crashes at moments that have nothing to do with the disk's; the spread of such a mean is some 5 %."""
    disk = lost_in_the_window.Disk(500, collect_ms, fsync_ms, power)
    at_ms = [2_000 + crash * 2_311.7 + 17 * crash**2 % 97 for crash in range(150)]
    fault = "power_loss" if power else "crash"
    settings = [
        f"duration={at_ms[-1] + 2_000:.0f} ms",
        "producers.shop.arrivals={poisson: 500/s}",
        "producers.shop.connection={heartbeat: 1 s, reconnect: 20 ms}",
        "producers.shop.retry={attempts: 1}",
        "consumers.stock={queue: orders, prefetch: 1, service: 1 h}",
        f"nodes.broker.disk={{fsync: {fsync_ms} ms, group_commit: {collect_ms} ms}}",
        f"faults=[{{at: [{', '.join(f'{ms:.3f} ms' for ms in at_ms)}], {fault}: broker, for: 5 ms}}]",
    ]
    lost = mqlab.run(loads(lost_in_the_window._SCENARIO, overrides=settings), trace="counts").summary["fates"]["lost"]
    taken = (lost["broker_memory"] + lost["unsynced_disk"]) / len(at_ms)
    assert lost_in_the_window.lost_on_average(disk, seed=1) == pytest.approx(taken, rel=0.15)


def test_the_bad_day_grows_with_the_case() -> None:
    faults = [safe_shop.hidden(Case(7, size))[-1] for size in (1, 2, 3)]
    assert [fault.count("at:") for fault in faults] == [1, 2, 3]
    assert ["crash: stock" in fault for fault in faults] == [False, True, True]


def test_an_order_that_was_lost_tells_its_life() -> None:
    source = (ANSWERS / "safe-shop" / "wrong_transient.py").read_text(encoding="utf-8")
    found = safe_shop.everything_is_done(safe_shop.play(TameStudent(source), Case(3, 3)))
    assert found is not None
    assert "lost in the broker's memory" in found.sentence
    assert [step.text for step in found.steps][:2] == ["sends it", "it stands in the queue"]
    assert {"fault", "bad"} <= {step.kind for step in found.steps}
