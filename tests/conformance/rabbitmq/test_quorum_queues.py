"""RabbitMQ, quorum queues: https://www.rabbitmq.com/docs/quorum-queues."""

import pytest

from mqlab.errors import ScenarioError

MS = 1_000_000
SHOP = """
    name: quorum
    system: rabbitmq-quorum
    duration: 1 s
    producers:
      shop:
        arrivals: {constant: {rate: 100/s, messages: 20}}
        message: {size: 1 B}
        confirm: true
        link: {latency: 0 s}
        connection: {reconnect: 20 ms}
    queues: {orders: {election: 50 ms}}
    nodes:
      a: {cpu: {publish: 0 s, deliver: 0 s}, disk: {fsync: 4 ms, bandwidth: 1 GB/s}, network: {latency: 1 ms}}
      b: {cpu: {publish: 0 s, deliver: 0 s}, disk: {fsync: 4 ms, bandwidth: 1 GB/s}, network: {latency: 1 ms}}
      c: {cpu: {publish: 0 s, deliver: 0 s}, disk: {fsync: 4 ms, bandwidth: 1 GB/s}, network: {latency: 1 ms}}
"""
READ = "consumers={stock: {prefetch: 5, service: 20 ms, connection: {reconnect: 20 ms}}}"


def faults(*nodes, kind="crash", lasts="end"):
    """These nodes go down at 55 ms."""
    return "faults=[" + ", ".join(f"{{at: 55 ms, {kind}: {node}, for: {lasts}}}" for node in nodes) + "]"


def moments(run, kind):
    """When something happened."""
    return run.events[run.events["kind"] == kind]["time_ns"].tolist()


@pytest.mark.parametrize(
    ("disks", "confirmed_ms"), [((4, 4, 4), 6), ((4, 4, 90), 6), ((4, 90, 90), 92), ((90, 4, 4), 6)]
)
def test_a_confirm_comes_once_a_majority_of_replicas_has_it_on_disk(play, disks, confirmed_ms):
    """A millisecond there, the disk, a millisecond back; the slowest of three disks does not matter."""
    sets = [f"nodes.{node}.disk.fsync={ms} ms" for node, ms in zip("abc", disks, strict=True)]
    run = play(SHOP, *sets, "producers.shop.arrivals.constant.messages=1")
    assert moments(run, "confirm_sent") == pytest.approx([confirmed_ms * MS], abs=10)


@pytest.mark.parametrize("kind", ["crash", "power_loss"])
@pytest.mark.parametrize("node", ["a", "b", "c"])
def test_one_of_three_nodes_may_go_and_nothing_confirmed_is_lost(play, node, kind):
    run = play(SHOP, READ, faults(node, kind=kind), "queues.orders.suspect=100 ms")
    assert run.summary["anomalies"]["lost"] == 0
    assert (run.fates[run.fates["confirmed_ns"].notna()]["fate"] == "processed").all()
    assert (moments(run, "leader_elected") != []) == (node == "a")


def test_when_the_leader_fails_a_follower_is_elected_and_resumes(play):
    run = play(SHOP, faults("a"))
    elected = moments(run, "leader_elected")
    assert len(elected) == 1
    assert 55 * MS + 50 * MS <= elected[0] <= 55 * MS + 60 * MS
    between = [at for at in moments(run, "confirmed") if 56 * MS < at < elected[0]]
    assert between == []
    assert max(moments(run, "confirmed")) > elected[0]


@pytest.mark.parametrize("nodes", ["ab", "bc", "ac"])
def test_without_a_majority_it_makes_no_progress_and_loses_nothing_confirmed(play, nodes):
    run = play(SHOP, faults(*nodes))
    confirmed = run.fates["confirmed_ns"].dropna()
    assert 0 < len(confirmed) < 20
    assert confirmed.max() <= 57 * MS
    assert set(run.fates["fate"]) <= {"in_flight", "gave_up"}


def test_what_was_not_confirmed_may_be_lost_with_the_leader(play):
    """The followers are away, so only the leader has the message; then it fails for good, and they are back."""
    away = "{at: 0 s, crash: b, for: 50 ms}, {at: 0 s, crash: c, for: 50 ms}"
    run = play(SHOP, "producers.shop.arrivals.constant.messages=1",
               f"faults=[{away}, {{at: 20 ms, crash: a, for: end}}]")  # fmt: skip
    assert run.fates["fate"].tolist() == ["lost:unreplicated"]
    assert run.fates["confirmed_ns"].isna().all()


def test_a_replica_that_was_away_is_sent_only_what_it_lacks(play):
    run = play(SHOP, "faults=[{at: 55 ms, crash: c, for: 200 ms}]")
    rows = run.events[(run.events["kind"] == "replicated") & (run.events["actor"] == "c")]
    assert rows["count"].sum() == 20
    assert rows["first"].max() == 20


def test_messages_are_on_disk_whatever_their_mode_and_queues_always_durable(play):
    run = play(SHOP, faults("a", "b", "c", kind="power_loss", lasts="100 ms"))
    assert run.model.queues[0].durable
    assert run.model.producers[0].message.persistent
    assert run.summary["anomalies"]["lost"] == 0


@pytest.mark.parametrize(
    "word", ["durable: false", "exclusive: true", "overflow: drop-newest", "overflow: reject-publish-dlx"]
)
def test_what_a_quorum_queue_does_not_do_is_refused(play, word):
    with pytest.raises(ScenarioError):
        play(SHOP, f"queues.orders={{{word}}}")


def test_up_to_three_replicas_by_default(play):
    assert play(SHOP).model.queues[0].replicas == ("a", "b", "c")


def test_consumers_with_a_small_prefetch_wait_for_their_acknowledgements(play):
    """An acknowledgement gives credit once it is replicated: 6 ms later, here, than on a classic queue."""
    run = play(SHOP, "consumers={stock: {prefetch: 1, service: 1 ms, link: {latency: 0 s}}}",
               "producers.shop.arrivals.constant.rate=1000/s")  # fmt: skip
    waits = run.events[run.events["kind"] == "dispatched"]["time_ns"].diff().dropna()
    assert waits.min() >= 7 * MS


def test_a_full_queue_overshoots_its_limit_by_what_is_on_its_way(play):
    run = play(SHOP, "queues.orders={max_length: 3, overflow: reject-publish}",
               "producers.shop.arrivals.constant.rate=1000/s")  # fmt: skip
    taken = (run.events["kind"] == "enqueued").sum()
    assert 3 < taken < 20
    assert (run.events["kind"] == "refused").sum() == 20 - taken


@pytest.mark.parametrize(("system", "limit", "times"), [
    ("rabbitmq-quorum", None, 21), ("rabbitmq-quorum", 3, 4), ("rabbitmq-quorum", 100_000, None),
    ("rabbitmq", None, None),
])  # fmt: skip
def test_a_quorum_queue_drops_what_came_back_more_than_20_times_and_a_classic_one_counts_nothing(
    play, system, limit, times
):
    """A poison message: each delivery fails and is put back."""
    poison = "consumers={stock: {prefetch: 1, service: 1 ms, exceptions: {probability: 100 %, then: requeue}}}"
    given = [] if limit is None else [f"queues.orders.delivery_limit={limit}"]
    text = SHOP.replace("duration: 1 s", "duration: 1 s\n    drain: 0 s")
    if system == "rabbitmq":
        text = text.replace("{orders: {election: 50 ms}}", "{orders: {}}").replace(", network: {latency: 1 ms}", "")
    run = play(text, f"system={system}",
               "producers.shop.arrivals.constant.messages=1", poison, *given)  # fmt: skip
    delivered = int((run.events["kind"] == "delivered").sum())
    if times is None:
        assert delivered > 40
        assert run.fates["fate"].tolist() == ["in_flight"]
    else:
        assert delivered == times
        assert run.fates["fate"].tolist() == ["discarded"]
