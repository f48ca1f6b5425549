"""Figures as Pulsar's REST shows them."""

import json

S = 1_000_000_000


def test_a_look_tells_rates_since_the_last_and_what_is_there_now(broker, channel, clock):
    channel.declare_queue("q", ttl_ns=3 * S)
    topic = broker.topic("t", partitions=2)
    monitor = broker.monitor()
    channel.publish_many(range(8), "q")
    consumer = channel.consume("q", prefetch=4)
    consumer.receive_many(4)[0].nack()
    consumer.receive(0).ack()
    member = topic.join("g", reset="earliest", auto_commit=False)
    topic.publish_many(range(6), partition=1)
    member.poll(4)
    member.commit()
    clock.advance(2 * S)
    seen = json.loads(json.dumps(monitor.look()))
    queue = seen["queues"]["q"]
    assert {name: figure for name, figure in queue.items() if name != "consumers"} == {
        "msgRateIn": 4.0,
        "msgRateOut": 3.0,
        "msgRateRedeliver": 0.5,
        "msgRateExpired": 0.0,
        "msgRateAck": 0.5,
        "msgBacklog": 7,
        "unackedMessages": 4,
        "type": "Shared",
    }
    assert queue["consumers"] == [{"consumerName": consumer.tag, "unackedMessages": 4, "availablePermits": 0}]
    topic_seen = seen["topics"]["t"]
    assert (topic_seen["msgRateIn"], topic_seen["msgInCounter"]) == (3.0, 6)
    assert topic_seen["partitions"] == {
        "0": {"firstOffset": 0, "nextOffset": 0},
        "1": {"firstOffset": 0, "nextOffset": 6},
    }
    group = topic_seen["subscriptions"]["g"]
    assert (group["msgRateOut"], group["msgBacklog"], group["lag"]) == (2.0, 2, {"0": 0, "1": 2})
    assert group["consumers"][0]["partitions"] == [0, 1]
    clock.advance(S)
    again = monitor.look()
    assert again["queues"]["q"]["msgRateIn"] == 0.0
    assert again["queues"]["q"]["msgRateExpired"] == 3.0


def test_types_are_pulsars(broker, channel):
    channel.declare_queue("alone")
    channel.declare_queue("one", single_active_consumer=True)
    channel.consume("alone", exclusive=True)
    channel.consume("one")
    seen = broker.monitor().look()["queues"]
    assert {name: figures["type"] for name, figures in seen.items()} == {"alone": "Exclusive", "one": "Failover"}
    assert seen["one"]["consumers"][0]["availablePermits"] is None
