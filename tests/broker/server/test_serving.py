"""The broker in another process looks as the one in this process; it lets in who knows the token, and ends in order."""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

from mqlab.broker import (
    AccessRefused,
    Broker,
    BrokerClosed,
    BrokerError,
    ChannelClosed,
    ConsumerCancelled,
    DeadLetter,
    JournalLocked,
    NotFound,
    NotStorable,
    PreconditionFailed,
    Properties,
    ReceiveTimeout,
    UnknownDelivery,
)  # fmt: skip
from mqlab.broker.server import RemoteBroker, Server

PATIENCE_S = 60
KEPT = Properties(persistent=True)


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path) as made:
        yield made


@pytest.fixture(params=["here", "there"])
def broker(request, tmp_path):
    """A broker with a journal, in this process or behind the wire."""
    if request.param == "here":
        with Broker(data=tmp_path) as made:
            yield made
    else:
        with Server(tmp_path), RemoteBroker(tmp_path) as made:
            yield made


def receive_until_the_end(consumer):
    while True:
        consumer.receive(PATIENCE_S)


def declare_again_and_again(channel):
    for _ in range(1000):
        channel.declare_queue("q")


# one interface


def test_publish_consume_and_settle(broker):
    channel = broker.connect().channel()
    assert channel.declare_queue("q", durable=True, dead_letter=DeadLetter("", "dead")) == "q"
    channel.declare_queue("dead", durable=True)
    properties = Properties(headers={"a": "b"}, persistent=True, correlation_id="7", priority=3)
    channel.publish_many([b"one", "two", {"three": [3]}, 4], "q", properties=properties)
    consumer = channel.consume("q", prefetch=10)
    found = [consumer.receive(PATIENCE_S) for _ in range(4)]
    assert [each.body for each in found] == [b"one", "two", {"three": [3]}, 4]
    assert found[0].properties == properties
    assert (found[0].queue, found[0].exchange, found[0].routing_key, found[0].redelivered) == ("q", "", "q", False)
    found[0].nack()
    again = consumer.receive(PATIENCE_S)
    assert (again.body, again.redelivered) == (b"one", True)
    found[1].reject()
    found[3].ack(multiple=True)
    again.ack()
    letter = next(iter(channel.consume("dead", auto_ack=True)))
    assert (letter.body, letter.deaths[0].reason, letter.deaths[0].queue) == ("two", "rejected", "q")
    stats = channel.stats("q")
    assert (stats.ready, stats.unacked, stats.acked, stats.discarded) == (0, 0, 3, 1)
    assert broker.stats()["q"].acked == 3


def test_batches(broker):
    channel = broker.connect().channel()
    channel.declare_queue("q", durable=True)
    channel.publish_many(range(10), "q", properties=KEPT)
    consumer = channel.consume("q", prefetch=10)
    batch = consumer.receive_many(6, PATIENCE_S)
    bodies = batch.bodies
    batch[0].nack()
    batch.ack() if len(batch) > 1 else None
    while bodies.count(0) < 2 or len(bodies) < 11:
        more = consumer.receive_many(6, PATIENCE_S)
        bodies += more.bodies
        more.ack()
    assert sorted(bodies) == [0, *range(10)]
    assert channel.stats("q").acked == 10
    with pytest.raises(UnknownDelivery):
        more.ack()


def test_exchanges_and_returns(broker):
    channel = broker.connect().channel()
    channel.declare_exchange("x", "topic", durable=True)
    channel.declare_exchange("y", "fanout")
    name = channel.declare_queue()
    channel.bind(name, "x", "a.*")
    channel.bind_exchange("x", "y")
    returned, told = [], []
    channel.on_return(lambda each: returned.append(each.body))
    channel.confirms(told.append)
    channel.publish("lost", "b.c", "x", mandatory=True)
    channel.publish("found", "a.b", "x", mandatory=True)
    assert channel.wait_for_confirms() == ()
    assert returned == ["lost"]
    assert told == [(1, 1, True), (2, 2, True)]
    assert channel.get(name, auto_ack=True).body == "found"
    assert channel.get(name) is None
    channel.unbind(name, "x", "a.*")
    channel.publish("nowhere", "a.b", "x")
    assert channel.wait_for_confirms() == ()
    channel.publish_many("abc", name)
    assert channel.wait_for_confirms() == ()
    assert channel.purge(name) == 3
    assert channel.delete_queue(name) == 0
    channel.delete_exchange("x")


def test_what_a_queue_refuses_is_told_by_its_numbers(broker):
    channel = broker.connect().channel()
    channel.declare_queue("q", durable=True, max_length=2, overflow="reject-publish")
    channel.confirms()
    assert channel.publish_many("abcd", "q", properties=KEPT) == range(1, 5)
    assert channel.publish("e", "q") == 5
    assert channel.wait_for_confirms() == (3, 4, 5)
    assert channel.wait_for_confirms() == ()


def test_transactions(broker):
    channel = broker.connect().channel()
    channel.declare_queue("in", durable=True)
    channel.declare_queue("out", durable=True)
    channel.publish_many("ab", "in", properties=KEPT)
    delivery = channel.get("in")

    def fail():
        with channel.transaction():
            channel.publish("A", "out", properties=KEPT)
            delivery.ack()
            raise KeyError("anything")

    with pytest.raises(KeyError):
        fail()
    assert channel.stats("out").ready == 0
    delivery.ack()
    channel.publish("A", "out", properties=KEPT)
    channel.commit()
    assert (channel.stats("out").ready, channel.stats("in").acked) == (1, 1)


def test_a_consumer_that_is_cancelled_or_loses_its_connection_gives_back_what_it_has(broker):
    channel = broker.connect().channel()
    channel.declare_queue("q", durable=True)
    channel.publish_many(range(50), "q", properties=KEPT)
    connection = broker.connect()
    consumer = connection.channel().consume("q")
    first = consumer.receive(PATIENCE_S)
    consumer.cancel()
    with pytest.raises(ConsumerCancelled):
        receive_until_the_end(consumer)
    until = time.monotonic() + PATIENCE_S
    while channel.stats("q").ready < 49 and time.monotonic() < until:
        pass
    assert (channel.stats("q").ready, channel.stats("q").unacked) == (49, 1)
    connection.drop()
    while channel.stats("q").ready < 50 and time.monotonic() < until:
        pass
    assert channel.stats("q").ready == 50
    with pytest.raises(ChannelClosed):
        first.ack()


def test_mistakes_are_raised_where_they_are_made(broker):
    channel = broker.connect().channel()
    channel.declare_queue("orders")
    with pytest.raises(NotFound, match=r"404: there is no queue `ordres` in virtual host `/`; did you mean `orders`\?"):
        channel.consume("ordres")
    with pytest.raises(PreconditionFailed, match="there with durable False, not True"):
        channel.declare_queue("orders", durable=True)
    with pytest.raises(PreconditionFailed, match="no option `max_lenght`"):
        channel.declare_queue("other", max_lenght=3)
    with pytest.raises(ValueError, match="prefetch is -1"):
        channel.prefetch(-1)
    with pytest.raises(NotStorable):
        channel.publish(object(), "orders", properties=KEPT)
    with pytest.raises(UnknownDelivery, match="waits for no delivery with tag 99"):
        channel.ack(99)
    with pytest.raises(ReceiveTimeout):
        channel.consume("orders").receive(0.01)
    with pytest.raises(NotFound, match="no virtual host `ohter`"):
        broker.connect("ohter")
    broker.add_virtual_host("other")
    other = broker.connect("other")
    assert broker.stats("other") == {}
    other.close()
    with pytest.raises(ChannelClosed, match="closed"):
        other.channel()
    channel.close()
    with pytest.raises(ChannelClosed, match="is closed; open another"):
        channel.publish("x", "orders")


def test_workers_serve_until_they_are_cancelled(broker):
    channel = broker.connect().channel()
    channel.declare_queue("q")
    done, enough = [], threading.Event()

    def work(delivery):
        done.append(delivery.body)
        delivery.ack()
        if len(done) == 100:
            enough.set()

    worker = broker.connect().channel().subscribe("q", work, prefetch=7)
    channel.publish_many(range(100), "q")
    assert enough.wait(PATIENCE_S)
    worker.cancel()
    assert worker.join(PATIENCE_S)
    assert done == list(range(100))


# what is different behind the wire


def test_a_publish_that_fails_is_refused_and_its_error_raised_by_the_next_call(server, tmp_path):
    channel = RemoteBroker(tmp_path).connect().channel()
    channel.declare_queue("q")
    channel.publish("x", "q", "nowhere")
    with pytest.raises(NotFound, match="no exchange `nowhere`"):
        channel.stats("q")
    assert channel.stats("q").published == 0
    channel.confirms()
    channel.publish("x", "q")
    channel.publish_many("xy", "q", "nowhere")
    channel.publish("x", "q")
    assert channel.wait_for_confirms() == (2, 3)
    with pytest.raises(NotFound):
        channel.stats("q")
    assert channel.stats("q").published == 2


def test_who_is_told_of_something_cannot_ask_there(server, tmp_path):
    channel = RemoteBroker(tmp_path).connect().channel()
    found = []

    def told(_confirmation):
        with pytest.raises(BrokerError, match="cannot ask the broker there; ask in another thread"):
            channel.stats("q")
        found.append(True)

    channel.declare_queue("q")
    channel.confirms(told)
    channel.publish("x", "q")
    channel.wait_for_confirms()
    assert found == [True]


def test_the_end_of_the_server_is_told_and_the_next_one_has_everything(tmp_path):
    with Server(tmp_path):
        remote = RemoteBroker(tmp_path)
        channel = remote.connect().channel()
        channel.declare_queue("q", durable=True)
        channel.publish_many(range(10), "q", properties=KEPT)
        consumer = channel.consume("q", prefetch=3)
        consumer.receive(PATIENCE_S).ack()
    with pytest.raises(BrokerClosed, match="320: the broker has ended; connect again when it is back"):
        receive_until_the_end(consumer)
    with pytest.raises(BrokerClosed, match=r"no broker is at work in .*; start it with mqlab broker serve --data"):
        remote.connect()
    with Server(tmp_path) as server:
        assert server.broker.recovery.clean
        channel = remote.connect().channel()
        found = [channel.get("q").body for _ in range(9)]
        assert found == list(range(1, 10))


# who is let in


def test_the_token_is_its_owners_and_without_it_nobody_is_let_in(server, tmp_path):
    token = tmp_path / "token"
    assert token.stat().st_mode & 0o777 == 0o600
    right = token.read_text()
    token.write_text("0" * len(right))
    with pytest.raises(AccessRefused, match="403: the token is not this broker's; read it from the file `token`"):
        RemoteBroker(tmp_path).connect()
    token.chmod(0o644)
    with pytest.raises(AccessRefused, match=r"others than you may read the token .*chmod 600"):
        RemoteBroker(tmp_path).connect()
    with pytest.raises(AccessRefused, match="cannot be read: No such file"):
        RemoteBroker(tmp_path / "elsewhere").connect()


def test_a_server_does_not_use_a_token_that_others_may_read(tmp_path):
    with Server(tmp_path):
        pass
    (tmp_path / "token").chmod(0o640)
    for _ in range(2):  # and leaves nothing locked
        with pytest.raises(AccessRefused, match="others than you may read"):
            Server(tmp_path)


def test_it_listens_on_the_loopback_interface_only_and_a_second_one_is_refused(server, tmp_path):
    assert server._socket.getsockname()[0] == "127.0.0.1"
    assert int((tmp_path / "port").read_text()) == server.port
    with pytest.raises(JournalLocked):
        Server(tmp_path)
    with pytest.raises(AccessRefused, match=f"port {server.port} cannot be had"):
        Server(tmp_path / "other", port=server.port)


def frame(header, rest=b""):
    head = json.dumps(header).encode() if isinstance(header, dict) else header
    body = struct.pack("<I", len(head)) + head + rest
    return struct.pack("<I", len(body)) + body


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 64, frame({"do": "open", "channel": 1}), frame({"no": "thing"}),
        frame(b"{"), frame(b"[1, 2]"), frame({"do": "hello", "token": 7}), b"\x00\x00\x00\x00", b"\x10",
    ],
)  # fmt: skip
def test_strangers_are_hung_up_on_and_nobody_else_notices(server, tmp_path, sent):
    with socket.create_connection(("127.0.0.1", server.port)) as stranger:
        stranger.sendall(sent)
        stranger.shutdown(socket.SHUT_WR)
        stranger.settimeout(PATIENCE_S)
        while stranger.recv(1000):
            pass
    channel = RemoteBroker(tmp_path).connect().channel()
    assert channel.declare_queue("q") == "q"


@pytest.mark.parametrize(
    "sent",
    [
        {"do": "settle", "channel": 1, "tags": 5, "how": "ack"}, {"do": "dance"},
        {"do": "bind", "channel": 1, "args": ["q"], "words": {}}, {"do": "consume", "channel": 1, "queue": 3},
    ],
)  # fmt: skip
def test_a_client_that_speaks_nonsense_loses_its_connection_and_no_more(server, tmp_path, sent):
    remote = RemoteBroker(tmp_path)
    connection = remote.connect()
    channel = connection.channel()
    connection.tell(sent | {"number": 10**6})
    with pytest.raises(BrokerError):
        declare_again_and_again(channel)
    assert remote.connect().channel().declare_queue("q") == "q"


# as a command


def serve(folder, *more):
    return subprocess.Popen(
        [sys.executable, "-m", "mqlab", "broker", "serve", "--data", str(folder), *more], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


def test_the_command_serves_until_it_is_told_to_end(tmp_path):
    process = serve(tmp_path, "--sync", "10 ms")
    try:
        assert process.stderr.readline() == "found 0 messages of a broker that ended in order\n"
        assert process.stderr.readline().startswith(f"serving {tmp_path} at port ")
        second = serve(tmp_path)
        told, _ = second.communicate(timeout=PATIENCE_S)[1], second.wait(PATIENCE_S)
        assert told.startswith(f"mqlab: another broker has the journal in {tmp_path} (process {process.pid}); ")
        assert second.returncode == 2
        channel = RemoteBroker(tmp_path).connect().channel()
        channel.declare_queue("q", durable=True)
        channel.publish("kept", "q", properties=KEPT)
        assert channel.stats("q").ready == 1
    finally:
        process.send_signal(signal.SIGTERM)
        out, rest = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out, rest) == (0, "", "ended in order\n")
    assert not (tmp_path / "port").exists()
    with Broker(data=tmp_path) as broker:
        assert broker.recovery.clean
        assert broker.recovery.messages == 1
