"""What is there again after a restart, and what is not."""

import pytest

from mqlab.broker import DeadLetter, NotFound, NotStorable, Properties
from tests.broker.journal.conftest import KEPT, bodies

ENDS = ["restart", "kill_and_start"]


@pytest.mark.parametrize("end", ENDS)
def test_persistent_messages_in_durable_queues_survive_and_others_do_not(machine, end):
    channel = machine.start()
    channel.declare_queue("durable", durable=True)
    channel.declare_queue("transient")
    for queue in ("durable", "transient"):
        channel.publish_many(["a", "b"], queue, properties=KEPT)
        channel.publish("gone", queue)
    channel = getattr(machine, end)()
    assert list(machine.broker.stats()) == ["durable"]
    assert bodies(channel, "durable") == ["a", "b"]


@pytest.mark.parametrize("end", ENDS)
def test_an_exchange_survives_if_it_is_durable_and_a_binding_if_both_its_ends_are(machine, end):
    channel = machine.start()
    for durable in (True, False):
        channel.declare_exchange(f"x-{durable}", "topic", durable=durable)
        channel.declare_queue(f"q-{durable}", durable=durable)
    for exchange in ("x-True", "x-False", "amq.topic"):
        for queue in ("q-True", "q-False"):
            channel.bind(queue, exchange, "a.*")
    channel.declare_exchange("head", "headers", durable=True, alternate="amq.fanout")
    channel.bind("q-True", "head", headers={"format": "pdf", "pages": None}, match="any")
    channel.bind_exchange("x-True", "head", "gone")
    channel.bind("q-True", "x-True", "unbound")
    channel.unbind("q-True", "x-True", "unbound")
    channel = getattr(machine, end)()
    host = channel.host
    assert {(bound.exchange, bound.queue or bound.to_exchange) for bound in host._bindings} == {
        ("x-True", "q-True"), ("amq.topic", "q-True"), ("head", "q-True"), ("head", "x-True")
    }  # fmt: skip
    channel.publish("one", "a.b", "x-True")
    channel.publish("two", "none", "head", Properties(headers={"pages": "7"}))
    channel.publish("no", "unbound", "x-True")
    assert bodies(channel, "q-True") == ["one", "two"]
    assert host._exchanges["head"].alternate == "amq.fanout"
    with pytest.raises(NotFound):
        channel.publish("gone", "a.b", "x-False")


@pytest.mark.parametrize("end", ENDS)
def test_queues_keep_their_rules_and_hosts_their_names(machine, end):
    rules = {
        "durable": True, "max_length": 3, "overflow": "reject-publish", "ttl_ns": 10**12, "max_priority": 5,
        "dead_letter": DeadLetter("", "dead"), "delivery_limit": 2, "auto_delete": True,
    }  # fmt: skip
    channel = machine.start()
    machine.broker.add_virtual_host("other")
    other = machine.broker.connect("other").channel()
    other.declare_queue("q", **rules)
    other.declare_queue("mine", durable=True, exclusive=True)
    other.declare_queue("deleted", durable=True)
    other.delete_queue("deleted")
    channel.declare_queue("q", durable=True)
    getattr(machine, end)()
    other = machine.broker.connect("other").channel()
    assert other.declare_queue("q", **rules) == "q"
    assert list(machine.broker.stats("other")) == ["q"]
    assert list(machine.broker.stats()) == ["q"]


@pytest.mark.parametrize("end", ENDS)
def test_a_queue_that_was_always_empty_shares_nothing_with_one_that_comes_after_the_restart(machine, end):
    channel = machine.start()
    channel.declare_queue("empty", durable=True)
    channel = getattr(machine, end)()
    channel.declare_queue("new", durable=True)
    channel.publish("x", "new", properties=KEPT)
    channel = getattr(machine, end)()
    assert bodies(channel, "empty") == []
    assert bodies(channel, "new") == ["x"]


@pytest.mark.parametrize("end", ENDS)
def test_what_has_left_a_queue_does_not_come_again(machine, end):
    channel = machine.start()
    for name in ("q", "purged", "deleted"):
        channel.declare_queue(name, durable=True)
        channel.publish_many(range(10), name, properties=KEPT)
    consumer = channel.consume("q")
    batch = consumer.receive_many(10)
    batch[0].ack()
    batch[3].ack(multiple=True)
    batch[4].reject()
    assert channel.get("purged", auto_ack=True).body == 0
    channel.purge("purged")
    channel.delete_queue("deleted")
    channel.declare_queue("deleted", durable=True)
    channel = getattr(machine, end)()
    assert bodies(channel, "q") == [5, 6, 7, 8, 9]
    assert bodies(channel, "purged") == bodies(channel, "deleted") == []


def test_bodies_and_properties_come_back_as_they_were(machine):
    given = [b"\x00raw", "tëxt \ud800", None, True, 7, -1.5, 10**30, [1, [2, {"three": None}]], {"order": [1, "x"]}, ""]
    properties = Properties(
        headers={"format": "pdf"}, priority=2, persistent=True, reply_to="r", correlation_id="c", message_id="m",
        size_bytes=12,
    )  # fmt: skip
    channel = machine.start()
    channel.declare_queue("q", durable=True)
    channel.publish_many(given, "q", properties=properties)
    channel = machine.kill_and_start()
    found = [channel.get("q") for _ in given]
    assert [each.body for each in found] == given
    assert [type(each.body) for each in found] == [type(each) for each in given]
    assert all(each.properties == properties for each in found)
    assert (found[0].exchange, found[0].routing_key) == ("", "q")


@pytest.mark.parametrize("body", [object(), (1, 2), {1: 2}, [{"x": (1,)}], float("nan"), bytearray(b"x"), {1, 2}])
def test_a_body_that_would_not_come_back_as_it_is_is_refused(machine, body):
    channel = machine.start()
    channel.declare_queue("q", durable=True)
    with pytest.raises(NotStorable, match="send bytes, a text, or what JSON knows"):
        channel.publish(body, "q", properties=KEPT)
    channel.publish(body, "q")
    assert channel.stats("q").ready == 1


def test_the_clean_end_remembers_who_was_delivered_and_a_kill_marks_all(machine):
    channel = machine.start()
    channel.declare_queue("q", durable=True)
    channel.publish_many("abc", "q", properties=KEPT)
    channel.get("q")
    channel = machine.restart()
    found = [channel.get("q") for _ in "abc"]
    assert [(each.body, each.redelivered) for each in found] == [("a", True), ("b", False), ("c", False)]
    channel.recover()
    channel = machine.kill_and_start()
    assert not machine.broker.recovery.clean
    assert [channel.get("q").redelivered for _ in "abc"] == [True] * 3


def test_a_delivery_limit_counts_over_restarts_and_kills(machine):
    channel = machine.start()
    channel.declare_queue("q", durable=True, delivery_limit=3, dead_letter=DeadLetter("", "dead"))
    channel.declare_queue("dead", durable=True)
    channel.publish_many(["poison", "other"], "q", properties=KEPT)
    channel.get("q").nack()
    for _ in range(3):
        assert channel.stats("dead").ready == 0
        first = channel.get("q")
        assert first.body == "poison"
        channel = machine.kill_and_start()
    letter = channel.get("dead")
    assert (letter.body, letter.deaths[0].reason, letter.deaths[0].queue) == ("poison", "delivery_limit", "q")
    letter.ack()
    other = channel.get("q")
    assert (other.body, other.returns) == ("other", 0)
    channel = machine.restart()
    assert (channel.stats("q").ready, channel.stats("dead").ready) == (1, 0)


@pytest.mark.parametrize("end", ENDS)
def test_time_to_live_goes_on_while_the_broker_is_away(machine, end):
    channel = machine.start()
    channel.declare_queue("q", durable=True, dead_letter=DeadLetter("", "dead"))
    channel.declare_queue("dead", durable=True)
    channel.publish("long", "q", properties=Properties(persistent=True, ttl_ns=100))
    channel.publish("for ever", "q", properties=KEPT)
    machine.clock.advance(60)
    channel = getattr(machine, end)()
    assert channel.stats("q").ready == 2
    machine.clock.advance(39)
    assert channel.stats("dead").ready == 0
    machine.clock.advance(1)
    assert bodies(channel, "dead") == ["long"]
    machine.clock.advance(1000)
    channel = getattr(machine, end)()
    assert bodies(channel, "q") == ["for ever"]


@pytest.mark.parametrize("end", ENDS)
def test_order_and_priority_are_kept_and_what_came_back_stands_in_front(machine, end):
    channel = machine.start()
    channel.declare_queue("q", durable=True, max_priority=2)
    for number, priority in enumerate((0, 2, 1, 2, 0)):
        channel.publish(number, "q", properties=Properties(persistent=True, priority=priority))
    channel.get("q").nack()
    channel = getattr(machine, end)()
    channel.publish(9, "q", properties=Properties(persistent=True, priority=1))
    channel = getattr(machine, end)()
    assert bodies(channel, "q") == [1, 3, 2, 9, 0, 4]


def test_memory_that_recovered_messages_take_counts(machine):
    channel = machine.start(memory_limit_bytes=1000, block_timeout_s=0)
    channel.declare_queue("q", durable=True)
    channel.publish_many([b"x" * 100] * 5, "q", properties=KEPT)
    channel = machine.kill_and_start()
    assert machine.broker.memory.used_bytes == 500
    assert len(bodies(channel, "q")) == 5
    assert machine.broker.memory.used_bytes == 0
