"""Consumer groups: who gets what, generations, rebalances, commits, and what a crash repeats."""

import threading

import pytest

from mqlab.broker import (
    BrokerClosed,
    ChannelClosed,
    IllegalGeneration,
    NotAssigned,
    NotFound,
    OffsetOutOfRange,
    PreconditionFailed,
    RebalanceInProgress,
    UnknownMember,
)
from mqlab.broker.errors import ConsumerCancelled

S = 1_000_000_000
PATIENCE_S = 30
EAGER = {"reset": "earliest", "auto_commit": False}


@pytest.fixture
def topic(broker):
    return broker.topic("orders", partitions=4)


def settle(*members):
    """Let members poll until their group is stable; return what they got, by member."""
    found = [[] for _ in members]
    for _ in range(4):
        for mine, member in zip(found, members, strict=True):
            mine += member.poll()
    assert members[0].group.state == "Stable"
    return found


def parts(member):
    return [number for _, number in member.assignment]


def test_members_share_the_partitions_and_every_record_is_read_once(topic):
    for n in range(40):
        topic.publish(n, partition=n % 4)
    one, two = topic.join("g", **EAGER), topic.join("g", **EAGER)
    found = settle(one, two)
    assert (parts(one), parts(two)) == ([0, 1], [2, 3])
    assert sorted(r.body for r in found[0] + found[1]) == sorted([*range(40)])
    assert one.generation == two.generation == 2


def test_each_group_reads_everything(topic):
    topic.publish_many(range(5), partition=0)
    groups = [topic.join(name, reset="earliest") for name in ("billing", "audit")]
    assert [len(member.poll()) for member in groups] == [5, 5]


def test_a_member_that_is_not_told_to_begins_at_the_end(topic):
    topic.publish("before")
    member = topic.join("g")
    topic.publish("after")
    assert [r.body for r in member.poll()] == ["after"]


def test_what_is_committed_is_where_the_next_one_begins(topic):
    topic.publish_many(range(10), partition=0)
    one = topic.join("g", **EAGER)
    assert [r.body for r in one.poll(4)] == [0, 1, 2, 3]
    assert one.commit()[("orders", 0)] == 4
    one.poll(3)
    one.close()
    two = topic.join("g", **EAGER)
    assert [r.body for r in two.poll(2)] == [4, 5]
    assert two.commit({("orders", 0): 5}) == {("orders", 0): 5}
    assert two.committed(0) == 5
    stats = topic.stats().groups["g"]
    assert (stats.delivered, stats.redelivered, stats.lag[0], stats.backlog) == (9, 2, 5, 5)


def test_a_crash_before_the_commit_repeats_and_close_commits(topic, clock):
    topic.publish_many(range(3), partition=0)
    first = topic.join("g", reset="earliest")
    assert len(first.poll()) == 3
    first.drop()
    second = topic.join("g", reset="earliest")
    assert second.poll() == []  # the group still waits for the first …
    clock.advance(45 * S)  # … until its session is over
    assert len(second.poll()) == 3
    second.close()
    assert topic.join("g", reset="earliest").poll() == []


def test_automatic_commits_are_of_what_was_polled_before_and_happen_inside_polls(topic, clock):
    topic.publish_many(range(9), partition=0)
    member = topic.join("g", reset="earliest")
    member.poll(3)
    clock.advance(4 * S)
    member.poll(3)
    assert member.committed(0) is None
    clock.advance(S)
    assert member.committed(0) is None
    member.poll(3)
    assert (member.committed(0), member.position(0)) == (6, 9)


def test_joining_waits_until_all_have_joined_again_and_gives_up_partitions_first(broker, topic):
    log = []

    def told(what):
        return lambda parts: log.append((what, [number for _, number in parts]))

    connection = broker.connect()
    one = connection.join("g", "orders", on_assigned=told("one+"), on_revoked=told("one-"), **EAGER)
    two = connection.join("g", "orders", on_assigned=told("two+"), on_revoked=told("two-"), **EAGER)
    assert (one.group.state, two.poll(), two.assignment) == ("PreparingRebalance", [], [])
    assert parts(one) == [0, 1, 2, 3]
    one.poll()
    two.poll()
    assert log == [("one+", [0, 1, 2, 3]), ("one-", [0, 1, 2, 3]), ("one+", [0, 1]), ("two+", [2, 3])]
    two.close()
    one.poll()
    assert log[4:] == [("one-", [0, 1]), ("one+", [0, 1, 2, 3])]
    assert topic.stats().groups["g"].generation == 3


def test_a_cooperative_member_keeps_what_does_not_move_and_reads_on(broker, topic):
    how = {**EAGER, "assignor": "cooperative-sticky"}
    log = []
    one = broker.connect().join("g", "orders", on_revoked=log.append, **how)
    two = topic.join("g", **how)
    topic.publish_many([(p, 0) for p in range(4)], keys=["a", "b", "c", "d"])
    before = parts(one)
    assert before == [0, 1, 2, 3]
    found = settle(one, two)
    assert len(log) == 1
    assert {number for _, number in log[0]} == set(parts(two))
    assert set(parts(one)) | set(parts(two)) == {0, 1, 2, 3}
    assert set(parts(one)) < set(before)
    assert sorted(r.body for some in found for r in some)[0] == (0, 0)


def test_a_commit_of_an_old_generation_is_refused(topic):
    topic.publish_many(range(4), partition=0)
    one = topic.join("g", **EAGER)
    one.poll()
    two = topic.join("g", **EAGER)
    one.commit()  # it has still to join again, and may commit until then
    one._refresh = lambda: None
    one.group.join(one, [])
    with pytest.raises(IllegalGeneration, match="is of generation 1, but group `g` of 2; poll"):
        one.commit()
    del one._refresh
    settle(one, two)
    with pytest.raises(NotAssigned, match="orders/3 is not assigned to member"):
        one.commit({("orders", 3): 0})


def test_a_commit_after_partitions_were_given_up_is_refused(topic):
    one, two = topic.join("g", **EAGER), topic.join("g", **EAGER)
    settle(one, two)
    three = topic.join("g", **EAGER)
    one.poll()
    with pytest.raises(RebalanceInProgress, match="has given up its partitions; commit in on_revoked"):
        one.commit()
    settle(one, two, three)
    assert sorted(parts(one) + parts(two) + parts(three)) == [0, 1, 2, 3]


def test_a_member_that_does_not_poll_is_thrown_out_and_comes_back_as_a_new_one(broker, topic, clock):
    lost = []
    topic.publish_many(range(3), partition=0)
    slow = broker.connect().join("g", "orders", on_lost=lost.append, max_poll_interval_ns=10 * S, **EAGER)
    assert len(slow.poll()) == 3
    before = slow.id
    clock.advance(10 * S)
    assert topic.stats().groups["g"].members == ()
    with pytest.raises(UnknownMember, match="is not in group `g` any more: it did not poll in time; poll again"):
        slow.commit()
    assert len(slow.poll()) == 3
    assert lost == [[("orders", n) for n in range(4)]]
    assert slow.id != before
    assert slow.commit()[("orders", 0)] == 3


def test_who_is_late_for_a_rebalance_is_left_behind(topic, clock):
    how = {**EAGER, "max_poll_interval_ns": 10 * S}
    late, other = topic.join("g", **how), topic.join("g", **how)
    clock.advance(9 * S)
    assert other.poll() == []
    clock.advance(S)
    other.poll()
    assert (parts(other), topic.stats().groups["g"].generation) == ([0, 1, 2, 3], 2)
    settle(late, other)
    assert len(parts(late)) == 2


def test_a_lost_connection_loses_its_members_and_a_closed_one_lets_them_leave(broker, topic, clock):
    crashed, closed = broker.connect(), broker.connect()
    members = [each.join("g", "orders", **EAGER) for each in (crashed, closed)]
    rest = topic.join("g", **EAGER)
    settle(*members, rest)
    closed.close()
    crashed.drop()
    assert rest.poll() == []
    assert len(topic.stats().groups["g"].members) == 2
    clock.advance(45 * S)
    rest.poll()
    assert parts(rest) == [0, 1, 2, 3]
    with pytest.raises(ConsumerCancelled, match="was lost"):
        members[0].poll()
    with pytest.raises(ChannelClosed):
        crashed.join("g", "orders")


def test_without_a_reset_a_missing_offset_is_an_error_until_one_is_committed(topic):
    topic.publish("x", partition=0)
    member = topic.join("g", reset="none", auto_commit=False)
    with pytest.raises(OffsetOutOfRange, match=r"group `g` has no committed offset for orders/0 that is kept; commit"):
        member.poll()


def test_what_retention_took_before_it_was_read_is_counted(broker):
    topic = broker.topic("short", segment_records=1, retention_bytes=2)
    member = topic.join("g", **EAGER)
    topic.publish_many(["a"])
    member.poll()
    member.commit()
    for letter in "bcdef":
        topic.publish(letter)
    assert [r.body for r in member.poll()] == ["e", "f"]
    assert topic.stats().groups["g"].members[0].skipped == 3


def test_a_group_reads_several_topics(broker, topic):
    other = broker.topic("refunds", partitions=2)
    member = broker.connect().join("g", "orders", "refunds", assignor="roundrobin", **EAGER)
    topic.publish("o", partition=3)
    other.publish("r", partition=1)
    assert {(r.topic, r.partition, r.body) for r in member.poll()} == {("orders", 3, "o"), ("refunds", 1, "r")}
    member.seek(1, 0, "refunds")
    assert [r.body for r in member.poll()] == ["r"]
    assert other.stats().groups["g"].lag == {0: 0, 1: 1}


def test_misuse_is_named(broker, topic):
    connection = broker.connect()
    topic.join("g")
    with pytest.raises(NotFound, match="there is no topic `order` in virtual host `/`; did you mean `orders`"):
        connection.join("g", "order")
    with pytest.raises(PreconditionFailed, match="use the assignor `range`, not `sticky`; give all of them the same"):
        connection.join("g", "orders", assignor="sticky")
    with pytest.raises(PreconditionFailed, match="there is no assignor `sticki`; did you mean `sticky`"):
        connection.join("h", "orders", assignor="sticki")
    with pytest.raises(PreconditionFailed, match="there is no reset `first`"):
        connection.join("h", "orders", reset="first")
    with pytest.raises(PreconditionFailed, match="a member of a group has no option `autocommit`; did you mean"):
        connection.join("h", "orders", autocommit=True)
    with pytest.raises(PreconditionFailed, match="a reader needs a topic"):
        connection.join("h")


def test_an_orderly_end_lets_members_finish(broker, topic):
    topic.publish_many(range(3), partition=0)
    member = topic.join("g", **EAGER)
    outcome = []
    closing = threading.Thread(target=lambda: outcome.append(broker.close()), daemon=True)
    closing.start()
    while not broker._idle:
        pass
    assert len(member.poll()) == 3
    assert closing.is_alive()
    member.commit()
    closing.join(PATIENCE_S)
    assert outcome == [True]
    with pytest.raises(BrokerClosed):
        member.poll()


def test_rates_are_between_two_looks(topic, clock):
    member = topic.join("g", **EAGER)
    before = topic.stats()
    topic.publish_many(range(10), partition=0)
    member.poll()
    member.seek(0, 5)
    member.poll()
    clock.advance(2 * S)
    rates = topic.stats().rates_since(before)
    assert (rates.published_per_s, rates.delivered_per_s["g"], rates.redelivered_per_s["g"]) == (5, 7.5, 2.5)
    assert before.rates_since(before).published_per_s == 0
