"""Kafka, replication: https://kafka.apache.org/documentation/#replication."""

SHOP = """
    name: replicas
    system: kafka
    duration: 400 ms
    drain: 5 s
    nodes: {a: {}, b: {}, c: {}}
    cluster: {session: 60 ms, replica_lag_max: 100 ms}
    topics: {orders: {replicas: 3, min_insync: 2}}
    producers:
      shop: {arrivals: {constant: 1000/s}, message: {size: 1 KiB}, retry_backoff: 20 ms, request_timeout: 200 ms,
             delivery_timeout: 2 s}
    consumers: {stock: {topic: orders, service: 10 us, commit: after}}
"""


def rows(run, kind):
    """Events of one kind, in order."""
    return run.events[run.events["kind"] == kind]


def test_only_what_every_replica_in_sync_has_is_given_to_consumers(play):
    run = play(SHOP, "nodes.b.network.latency=5 ms")
    has = rows(run, "replicated")
    slowest = has[has["actor"] == "b"][["time_ns", "first"]]
    for _, poll in rows(run, "delivered").head(50).iterrows():
        assert (slowest[slowest["time_ns"] < poll["time_ns"]]["first"] > poll["first"]).any()


def test_a_node_whose_session_ends_is_in_sync_no_more_and_comes_back_when_it_has_caught_up(play):
    run = play(SHOP, "faults=[{at: 100 ms, crash: c, for: 100 ms}]")
    changes = rows(run, "in_sync")[["actor", "cause", "time_ns"]].to_numpy().tolist()
    assert [(actor, cause) for actor, cause, _ in changes] == [("c", 1), ("c", 0)]
    assert changes[0][2] == 160_000_000
    assert changes[1][2] > 200_000_000


def test_a_replica_in_sync_leads_next_and_nothing_acknowledged_is_lost(play):
    run = play(SHOP, "faults=[{at: 100 ms, crash: a, for: 100 ms}]")
    assert rows(run, "leader_elected")["actor"].tolist() == ["b"]
    assert rows(run, "leader_elected")["cause"].tolist() == [0]
    assert run.summary["anomalies"]["lost"] == 0
    assert run.summary["fates"]["processed"] == run.summary["messages"]["owed"]


def test_with_fewer_in_sync_than_demanded_acks_all_is_refused(play):
    run = play(SHOP, "faults=[{at: 100 ms, crash: b, for: end}, {at: 100 ms, crash: c, for: end}]")
    assert len(rows(run, "refused")) > 0
    assert rows(run, "appended")["time_ns"].max() < 170_000_000
    assert run.summary["fates"]["rejected"] > 0


def test_with_fewer_in_sync_than_demanded_acks_1_is_still_taken(play):
    both = "faults=[{at: 100 ms, crash: b, for: end}, {at: 100 ms, crash: c, for: end}]"
    run = play(SHOP, "producers.shop.acks=1", both)
    assert not len(rows(run, "refused"))
    assert rows(run, "appended")["time_ns"].max() > 390_000_000


ALONE = ("topics.orders.replicas=2", "topics.orders.min_insync=1",
         "faults=[{at: 100 ms, crash: b, for: 1 s}, {at: 300 ms, crash: a, for: 2 s}]")  # fmt: skip


def test_without_unclean_elections_nobody_leads_until_one_in_sync_is_back(play):
    run = play(SHOP, *ALONE)
    elected = rows(run, "leader_elected")
    assert elected["actor"].tolist() == ["a"]
    assert elected["time_ns"].tolist() == [2_300_000_000]
    assert run.summary["anomalies"]["lost"] == 0


def test_an_unclean_election_loses_what_the_new_leader_does_not_have(play):
    run = play(SHOP, "topics.orders.unclean_election=true", "consumers.stock.service=5 ms", *ALONE)
    assert rows(run, "leader_elected")["cause"].tolist()[0] == 1
    assert run.summary["anomalies"]["lost"] > 0
    assert run.summary["anomalies"]["inconsistent_offsets"] > 0


def test_what_was_acknowledged_with_acks_1_may_be_lost_with_its_leader(play):
    run = play(SHOP, "producers.shop.acks=1", "nodes.b.network.latency=20 ms", "nodes.c.network.latency=20 ms",
               "faults=[{at: 100 ms, crash: a, for: 500 ms}]")  # fmt: skip
    assert run.summary["anomalies"]["lost"] > 0
