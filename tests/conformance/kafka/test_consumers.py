"""Kafka, consumers: https://kafka.apache.org/documentation/#consumerconfigs and #semantics."""

SHOP = """
    name: consumers
    system: kafka
    duration: 300 ms
    drain: 60 s
    nodes: {a: {}, b: {}, c: {}}
    topics: {orders: {partitions: 4, replicas: 3, min_insync: 2}}
    producers:
      shop: {arrivals: {constant: 1000/s}, message: {size: 1 KiB, key: {uniform: {keys: 40}}}}
    consumers: {stock: {topic: orders, count: 2, service: 1 ms, commit: after, max_poll: 20,
                        session: 60 ms, heartbeat: 20 ms}}
    cluster: {group_session_min: 50 ms}
"""
DIES = "faults=[{at: 151 ms, crash: 'stock[0]', for: 50 ms}]"


def rows(run, kind):
    """Events of one kind, in order."""
    return run.events[run.events["kind"] == kind]


def test_a_partition_is_read_in_the_order_in_which_it_was_written(play):
    polls = rows(play(SHOP), "delivered")
    for _, mine in polls.groupby("queue"):
        assert mine["first"].tolist() == list(range(len(mine)))


def test_a_partition_belongs_to_one_member_of_a_group(play):
    polls = rows(play(SHOP), "delivered")
    assert (polls.groupby("queue")["actor"].nunique() == 1).all()
    assert polls["actor"].nunique() == 2


def test_a_poll_gives_no_more_records_than_asked_for(play):
    run = play(SHOP, "producers.shop.arrivals={constant: {rate: 100k/s, messages: 300}}")
    polls = rows(run, "delivered").groupby(["time_ns", "actor"]).size()
    assert polls.max() == 20


def test_committing_after_the_work_is_at_least_once(play):
    run = play(SHOP, DIES, "consumers.stock.service=2 ms")
    assert run.summary["anomalies"]["lost"] == 0
    assert run.summary["anomalies"]["redelivered"] > 0
    assert run.summary["fates"]["processed"] == run.summary["messages"]["owed"]


def test_committing_before_the_work_is_at_most_once(play):
    run = play(SHOP, DIES, "consumers.stock.commit=before", "consumers.stock.service=2 ms")
    assert run.summary["fates"]["lost"]["early_commit"] > 0
    assert run.summary["anomalies"]["duplicate_effect"] == 0


def test_automatic_commits_repeat_what_was_polled_since_the_last_one(play):
    run = play(SHOP, DIES, "consumers.stock.commit=auto", "consumers.stock.commit_interval=100 ms")
    again = run.summary["anomalies"]["redelivered"]
    assert again > 0
    assert run.summary["anomalies"]["lost"] == 0


def test_a_consumer_that_comes_back_reads_on_where_its_group_committed(play):
    run = play(SHOP, DIES, "consumers.stock.count=1", "faults=[{at: 150 ms, crash: stock, for: 50 ms}]",
               "topics.orders.partitions=1")  # fmt: skip
    committed = rows(run, "offset_committed")
    before = committed[committed["time_ns"] < 150_000_000]["first"].max()
    polls = rows(run, "delivered")
    first = polls[polls["time_ns"] > 200_000_000]["first"].iloc[0]
    assert first == before
    assert polls[polls["time_ns"] < 150_000_000]["first"].max() >= first
