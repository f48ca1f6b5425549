"""Where messages go: exchanges, bindings, alternates, virtual hosts; rules of RabbitMQ on the real broker."""

import pytest

from mqlab.broker import Properties


def queues(channel, *names):
    for name in names:
        channel.declare_queue(name)


def test_the_default_exchange_goes_by_the_name_of_the_queue(channel, drain):
    queues(channel, "a", "b")
    channel.publish(1, "a")
    assert (drain(channel, "a"), drain(channel, "b")) == ([1], [])


@pytest.mark.parametrize(
    ("kind", "pattern", "key", "reached"),
    [
        ("direct", "dog", "dog", True),
        ("direct", "dog", "dog.puppy", False),
        ("fanout", "dog", "cat", True),
        ("topic", "*.orange.*", "quick.orange.rabbit", True),
        ("topic", "*.orange.*", "orange", False),
        ("topic", "lazy.#", "lazy", True),
        ("topic", "lazy", "lazy", True),
    ],
)
def test_an_exchange_goes_by_its_type(channel, drain, kind, pattern, key, reached):
    queues(channel, "q")
    channel.declare_exchange("x", kind)
    channel.bind("q", "x", pattern)
    channel.publish(1, key, "x")
    channel.publish(2, key, "x")  # the way is known by now
    assert drain(channel, "q") == ([1, 2] if reached else [])


def test_a_headers_exchange_wants_all_or_any_and_looks_at_each_message(channel, drain):
    queues(channel, "all", "any")
    wanted = {"format": "pdf", "pages": None}
    channel.bind("all", "amq.headers", headers=wanted)
    channel.bind("any", "amq.headers", headers=wanted, match="any")
    channel.publish(1, "", "amq.headers", Properties(headers={"format": "pdf"}))
    channel.publish(2, "", "amq.headers", Properties(headers={"format": "pdf", "pages": "3"}))
    channel.publish(3, "", "amq.headers")
    assert (drain(channel, "all"), drain(channel, "any")) == ([2], [1, 2])


def test_a_queue_takes_a_message_once_however_many_bindings_match(channel, drain):
    queues(channel, "q")
    channel.declare_exchange("x", "topic")
    for pattern in ("a.*", "*.b", "#"):
        channel.bind("q", "x", pattern)
    channel.publish(1, "a.b", "x")
    assert drain(channel, "q") == [1]


def test_exchanges_may_be_bound_to_exchanges_even_in_a_ring(channel, drain):
    queues(channel, "q")
    channel.declare_exchange("x", "fanout")
    channel.declare_exchange("y", "fanout")
    channel.bind_exchange("y", "x")
    channel.bind_exchange("x", "y")
    channel.bind("q", "y")
    channel.publish(1, "", "x")
    assert drain(channel, "q") == [1]


def test_what_no_binding_matches_goes_to_the_alternate_and_counts_as_routed(channel, drain):
    queues(channel, "rest")
    channel.declare_exchange("other", "fanout")
    channel.declare_exchange("x", "direct", alternate="other")
    channel.bind("rest", "other")
    returned = []
    channel.on_return(returned.append)
    channel.publish(1, "nobody", "x", mandatory=True)
    assert (drain(channel, "rest"), returned) == ([1], [])


def test_a_mandatory_message_that_finds_no_queue_is_returned_before_it_is_confirmed(channel):
    told = []
    channel.on_return(lambda back: told.append(("returned", back.body, back.envelope.routing_key)))
    channel.confirms(lambda confirm: told.append(("confirmed", *confirm)))
    assert channel.publish("lost", "nowhere", mandatory=True) == 1
    channel.publish("silent", "nowhere")
    assert told == [("returned", "lost", "nowhere"), ("confirmed", 1, 1, True), ("confirmed", 2, 2, True)]


def test_ways_are_found_anew_when_the_topology_changes(channel, drain):
    queues(channel, "a", "b")
    channel.declare_exchange("x", "fanout")
    channel.bind("a", "x")
    channel.publish(1, "", "x")
    channel.bind("b", "x")
    channel.publish(2, "", "x")
    channel.unbind("a", "x")
    channel.publish(3, "", "x")
    channel.delete_queue("b")
    channel.publish(4, "", "x")
    queues(channel, "b")
    channel.publish(5, "b")
    assert (drain(channel, "a"), drain(channel, "b")) == ([1, 2], [5])


def test_names_of_one_virtual_host_mean_nothing_in_another(broker, channel, drain):
    broker.add_virtual_host("test")
    other = broker.connect("test").channel()
    queues(channel, "q")
    queues(other, "q")
    channel.publish("here", "q")
    other.publish("there", "q")
    assert (drain(channel, "q"), drain(other, "q")) == (["here"], ["there"])


def test_queues_share_the_body_and_nobody_copies_it(channel):
    body = object()
    queues(channel, "a", "b")
    for name in "ab":
        channel.bind(name, "amq.fanout")
    channel.publish(body, "", "amq.fanout")
    assert channel.get("a").body is channel.get("b").body is body


@pytest.mark.parametrize(("match", "reached"), [("all", [1, 2]), ("all-with-x", [2])])
def test_headers_that_begin_with_x_do_not_take_part_unless_asked_to(channel, drain, match, reached):
    queues(channel, "q")
    channel.bind("q", "amq.headers", headers={"format": "pdf", "x-own": "1"}, match=match)
    channel.publish(1, "", "amq.headers", Properties(headers={"format": "pdf"}))
    channel.publish(2, "", "amq.headers", Properties(headers={"format": "pdf", "x-own": "1"}))
    assert drain(channel, "q") == reached
