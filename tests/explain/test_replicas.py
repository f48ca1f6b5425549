"""Explain tells of the log, the majority and the leader, and names what decided."""

from __future__ import annotations

from mqlab.explain import explain
from mqlab.model import Fault, Model
from tests.core.test_quorum import FOLLOWERS_THEN_LEADER, cluster, disks
from tests.support.models import MS, every, play


def told(model: Model, message: int = 0) -> str:
    return str(explain(play(model), model, message))


def test_a_message_is_followed_to_every_disk_and_committed_by_the_second() -> None:
    text = told(cluster(nodes=disks(1 * MS, 2 * MS, 9 * MS), reads=True))
    steps = ["a, which led q, put the copy in q into its log", "a had the copy in q on its disk",
             "b had the copy in q on its disk", "a majority had the copy in q: it was committed and took its place",
             "the broker sent p a confirm", "the leader of q put the acknowledgement of c into its log",
             "the broker took the copy in q for done", "c had the copy in q on its disk"]  # fmt: skip
    places = [text.find(step) for step in steps]
    assert -1 not in places, steps[places.index(-1)]
    assert places[:7] == sorted(places[:7])


def test_what_waits_for_a_leader_says_so() -> None:
    text = told(cluster(at="b", homes="bca", producer={"arrivals": every(MS, 1, start_ns=4 * MS)},
                        faults=[Fault(3 * MS, "crash", "a", -1)]))  # fmt: skip
    assert "b kept it, because q had no leader" in text
    assert "b was elected to lead q (term 2)" in text


def test_a_leader_that_is_lost_while_the_message_waits_is_told() -> None:
    text = told(cluster(reads=True, consumer={"connection": cluster().producers[0].connection},
                        faults=[Fault(4 * MS, "crash", "a", -1)]))  # fmt: skip
    assert "q lost its leader a" in text


def test_what_vanished_names_the_replicas_and_who_was_not_told() -> None:
    text = told(cluster(nodes=disks(MS, MS, MS), faults=FOLLOWERS_THEN_LEADER))
    assert "lost:unreplicated" in text
    assert "before a majority had it on disk, and nobody had been told that it was safe" in text
    assert "`queues.q.replicas: 3`" in text


def test_what_no_majority_can_decide_names_how_many_are_left() -> None:
    text = told(cluster(messages=2, faults=[Fault(MS, "crash", "b", -1), Fault(MS, "crash", "c", -1)]), 1)
    assert "q had 1 of 3 replicas left, too few to decide" in text


def test_an_acknowledgement_that_is_undone_is_told() -> None:
    text = told(cluster(reads=True, nodes=disks(MS, MS, MS), faults=[
        Fault(4 * MS, "crash", "b", 10 * MS), Fault(4 * MS, "crash", "c", 10 * MS), Fault(6 * MS, "crash", "a", -1),
    ]))  # fmt: skip
    assert "the acknowledgement of c went down with its node before a majority had it" in text
    assert "It was delivered twice" in text
