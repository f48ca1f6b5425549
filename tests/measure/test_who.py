"""Who processed whose messages."""

from __future__ import annotations

from mqlab.measure.who import work_by_group
from tests.support.models import MS, consumer, every, play, producer, queue, tiny


def test_each_group_has_its_work_and_where_it_came_from() -> None:
    model = tiny(
        producers=[producer("anna", count=2, arrivals=every(MS, 6)), producer("bert", arrivals=every(MS, 4))],
        consumers=[consumer("c"), consumer("idle", queue="r")],
        queues=[queue(), queue("r")],
    )
    assert work_by_group(play(model)) == {
        "c": {"processed": 10, "from": {"anna": 6, "bert": 4}},
        "idle": {"processed": 0, "from": {"anna": 0, "bert": 0}},
    }


def test_without_fates_nobody_knows() -> None:
    assert work_by_group(play(tiny(), level="counts")) is None


def test_what_was_not_processed_is_nobodys_work() -> None:
    model = tiny(consumers=[consumer(queue="r")], queues=[queue(), queue("r")])
    assert work_by_group(play(model)) == {"c": {"processed": 0, "from": {"p": 0}}}
