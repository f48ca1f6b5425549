"""RabbitMQ, acknowledgements and requeueing: https://www.rabbitmq.com/docs/confirms#acknowledgement-modes."""

import pytest

SHOP = """
    name: acknowledgements
    system: rabbitmq
    duration: 1 s
    producers: {shop: {arrivals: {constant: {rate: 1000/s, messages: 6}}}}
    queues: {orders: {}}
    consumers: {stock: {prefetch: 3, service: 20 ms, restart: 100 ms, connection: {reconnect: 50 ms}}}
"""


def rows(run, kind):
    """Events of one kind, in order."""
    return run.events[run.events["kind"] == kind]


@pytest.mark.parametrize("fault", ["reset", "crash"])
def test_unacknowledged_deliveries_go_back_when_the_connection_ends(play, fault):
    """Three of six are with the consumer when it is cut off, and stand in front of the other three again."""
    lasts = ", for: 50 ms" if fault == "crash" else ""
    run = play(SHOP, f"faults=[{{at: 15 ms, {fault}: stock{lasts}}}]")
    assert rows(run, "requeued")["message"].tolist() == [0, 1, 2]
    assert rows(run, "dispatched")["message"].tolist() == [0, 1, 2, 0, 1, 2, 3, 4, 5]


def test_a_requeued_message_goes_back_to_its_original_position(play):
    run = play(SHOP, "consumers.stock.prefetch=1", "consumers.stock.exceptions={probability: 50 %, then: requeue}")
    put_back = rows(run, "requeued")
    stood = rows(run, "enqueued").set_index("message")["first"]
    assert len(put_back) > 0
    assert (put_back["first"].to_numpy() == stood[put_back["message"]].to_numpy()).all()
    assert rows(run, "processed")["message"].tolist() == list(range(6)), "so one consumer still keeps the order"


def test_when_it_cannot_have_its_place_back_a_requeued_message_stands_nearer_the_head(play):
    """Two consumers: while message 0 was away the queue lost its head; 0 comes back before all that still wait."""
    run = play(
        SHOP, "consumers.stock.prefetch=1", "consumers.stock.count=2", "consumers.stock.service=10 ms",
        "faults=[{at: 14 ms, reset: 'stock[1]'}]",
    )  # fmt: skip
    back = rows(run, "requeued")["message"].tolist()
    assert len(back) == 1
    waiting = [m for m in rows(run, "dispatched")["message"].tolist() if m > back[0]]
    order = rows(run, "dispatched")["message"].tolist()
    assert order.count(back[0]) == 2
    assert waiting[-1] in order[len(order) - 1 - order[::-1].index(back[0]) :]


def test_a_requeued_message_is_marked_redelivered(play):
    run = play(SHOP, "faults=[{at: 15 ms, reset: stock}]")
    delivered = rows(run, "dispatched").groupby("message")["attempt"].apply(list).to_dict()
    assert delivered == {0: [1, 2], 1: [1, 2], 2: [1, 2], 3: [1], 4: [1], 5: [1]}
    assert run.summary["anomalies"]["redelivered"] == 3


def test_auto_ack_is_acknowledged_when_sent(play):
    run = play(SHOP, "consumers.stock.ack=auto")
    assert rows(run, "acked")["time_ns"].tolist() == rows(run, "dispatched")["time_ns"].tolist()
    assert run.summary["queues"]["orders"]["unacked_max"] == 0


def test_auto_ack_is_at_most_once(play):
    """What was in the consumer's hands goes down with it and never comes back; manual acknowledgement loses nothing."""
    crash = "faults=[{at: 15 ms, crash: stock, for: 50 ms}]"
    lost = play(SHOP, "consumers.stock.ack=auto", crash)
    assert lost.summary["anomalies"]["redelivered"] == 0
    assert (lost.fates["fate"] == "lost:auto_ack").sum() >= 5, "the one in work may have had its effect"
    assert set(play(SHOP, crash).fates["fate"]) == {"processed"}


def test_auto_ack_knows_no_back_pressure(play):
    """Prefetch bounds what waits for an acknowledgement, and with auto-ack nothing does: all six leave at once."""
    last = {ack: rows(play(SHOP, f"consumers.stock.ack={ack}"), "dispatched")["time_ns"].max() for ack in
            ("auto", "manual")}  # fmt: skip
    assert last["auto"] < 10_000_000 < last["manual"]
