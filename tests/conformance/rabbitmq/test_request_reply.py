"""RabbitMQ, requests and replies: https://www.rabbitmq.com/tutorials/tutorial-six-python and …/docs/direct-reply-to."""

import pytest

CALL = """
    name: call
    system: rabbitmq
    duration: 1 s
    drain: 1 s
    producers:
      client:
        arrivals: {constant: {rate: 10/s, messages: 5}}
        to: rpc
        request: {timeout: 500 ms}
        connection: {reconnect: 10 ms}
    queues: {rpc: {}, replies: {}}
    consumers: {server: {queue: rpc, count: 2, service: 20 ms, reply: true}}
"""
TO_DIRECT = "producers.client.request.reply_to=direct"
TO_QUEUE = "producers.client.request.reply_to=replies"
BREAKS = "faults=[{at: 210 ms, reset: client}]"
"""The connection breaks while the third request is worked on."""


def replies(run):
    fates = run.fates
    return fates[fates["in_reply_to"].notna()]


def happened(run, kind, message):
    events = run.events
    return events[(events["kind"] == kind) & (events["message"] == message)]


def test_a_client_waits_on_a_queue_of_its_own_named_by_the_server(play):
    run = play(CALL, "producers.client.count=2")
    assert set(replies(run)["queue"]) == {"amq.gen-client[0]", "amq.gen-client[1]"}
    assert run.summary["gauges"]["requests.answered"] == 5


def test_a_reply_repeats_the_correlation_id_of_its_request(play):
    rows = replies(play(CALL))
    assert rows["in_reply_to"].nunique() == 5
    assert (rows["in_reply_to"] == rows["taken_for"]).all()


def test_a_reply_with_an_unknown_correlation_id_is_dropped(play):
    """The first request is answered after its client has given up."""
    run = play(CALL, "producers.client.request.timeout=10 ms")
    assert run.summary["gauges"]["replies.dropped"] == 5
    assert run.summary["anomalies"]["reply_mismatch"] == 0


def test_without_a_look_at_the_correlation_id_answers_are_mixed_up(play):
    run = play(CALL, "producers.client.request={correlate: false, timeout: 150 ms}", "consumers.server.service=170 ms")
    assert run.summary["anomalies"]["reply_mismatch"] > 0


def test_the_server_answers_first_and_acknowledges_then(play):
    """Tutorial six: basic_publish, then basic_ack."""
    run = play(CALL)
    events = run.events
    order = events[events["kind"].isin(["replied", "ack_sent"]) & (events["message"] == 0)]["kind"].tolist()
    assert order == ["replied", "ack_sent"]


def test_replies_are_consumed_without_acknowledgement(play):
    run = play(CALL)
    numbers = set(replies(run)["message"])
    events = run.events
    sent = events[(events["kind"] == "ack_sent") & events["message"].isin(numbers)]
    assert len(sent) == 0
    done = events[(events["kind"] == "acked") & events["message"].isin(numbers)]
    left = events[(events["kind"] == "dispatched") & events["message"].isin(numbers)]
    assert done["time_ns"].tolist() == left["time_ns"].tolist()


def test_an_exclusive_reply_queue_goes_with_its_connection(play):
    """Whoever answers the old queue finds none; a queue of the client's choice keeps the reply for it."""
    gone = replies(play(CALL, BREAKS))
    assert gone["fate"].tolist().count("unroutable") == 1
    kept = replies(play(CALL, BREAKS, TO_QUEUE))
    assert "unroutable" not in set(kept["fate"])
    assert kept["delivered_ns"].notna().all()


def test_a_direct_reply_goes_through_no_queue(play):
    run = play(CALL, TO_DIRECT)
    rows = replies(run)
    assert rows["queue"].isna().all()
    assert run.summary["gauges"]["requests.answered"] == 5
    assert set(run.summary["queues"]) == {"rpc", "replies"}


def test_a_direct_reply_is_consumed_without_acknowledgement_on_the_channel_that_asked(play):
    run = play(CALL, TO_DIRECT, "producers.client.count=3")
    events = run.events
    for row in replies(run).itertuples():
        asked = happened(run, "created", row.in_reply_to)["actor"].iloc[0]
        taken = events[(events["kind"] == "delivered") & (events["message"] == row.message)]["actor"].iloc[0]
        assert taken == asked
        assert len(happened(run, "ack_sent", row.message)) == 0


def test_a_direct_reply_is_lost_if_the_client_went_away(play):
    run = play(CALL, TO_DIRECT, BREAKS)
    assert replies(run)["fate"].tolist().count("no_subscriber") == 1
    assert run.summary["gauges"]["requests.answered"] == 4


@pytest.mark.parametrize("to", [TO_DIRECT, "producers.client.request.reply_to=own"])
def test_replies_are_transient_and_nobody_confirms_them(play, to):
    run = play(CALL, to)
    events = run.events
    numbers = set(replies(run)["message"])
    kinds = set(events[events["message"].isin(numbers)]["kind"])
    assert not kinds & {"written", "synced", "confirm_sent", "confirmed"}
