"""What a scenario says of routing, and the model it becomes."""

from __future__ import annotations

import pytest

from mqlab.errors import ScenarioError
from mqlab.model import Binding, Destination, Exchange
from mqlab.scenario import loads

TEXT = """
system: rabbitmq
duration: 1 s
exchanges:
  logs: {type: topic, durable: true, alternate: rest}
  papers: {type: headers}
  rest: {type: fanout}
queues: {errors: {}, pdf: {auto_delete: true}, mine: {exclusive: true, expires: 30 s}}
bindings:
  - {exchange: logs, queue: errors, key: "*.error"}
  - {exchange: logs, queue: errors, key: "*.error"}
  - {exchange: logs, to_exchange: papers, key: "#"}
  - {exchange: papers, queue: pdf, headers: {pages: 3, format: pdf, urgent: true, seen: }, match: any}
  - {exchange: rest, queue: mine, key: ignored}
producers:
  p:
    arrivals: {constant: 10/s}
    to:
      exchange: logs
      routing_key: {mail.error: 3, mail.info: 1}
      headers: [{weight: 3, values: {format: pdf}}, {values: {format: doc}}]
      mandatory: true
consumers: {c: {queue: mine}}
"""


def test_exchanges_bindings_and_headers_become_a_model() -> None:
    model = loads(TEXT).model
    assert model.exchanges == (
        Exchange("logs", "topic", True, "rest"),
        Exchange("papers", "headers", False),
        Exchange("rest", "fanout", False),
    )
    wanted = (("format", "pdf"), ("pages", "3"), ("seen", None), ("urgent", "true"))
    assert model.bindings == (
        Binding("logs", "errors", "*.error"),
        Binding("logs", "", "#", "papers"),
        Binding("papers", "pdf", "", "", wanted, "any"),
        Binding("rest", "mine", ""),
    )


def test_each_way_has_its_weight() -> None:
    pdf, doc = (("format", "pdf"),), (("format", "doc"),)
    where = loads(TEXT).model.producers[0].destination
    assert where == Destination("logs", (("mail.error", 0.75), ("mail.info", 0.25)), ((pdf, 0.75), (doc, 0.25)), True)
    assert sum(weight for _, _, weight in where.ways) == 1
    assert where.ways[0] == ("mail.error", pdf, 0.5625)


def test_queues_that_come_and_go_say_so() -> None:
    pdf, mine = loads(TEXT).model.queues[1:]
    assert (pdf.auto_delete, pdf.exclusive, pdf.expires_ns) == (True, False, 0)
    assert (mine.auto_delete, mine.exclusive, mine.expires_ns) == (False, True, 30 * 10**9)


def test_one_mapping_of_headers_is_what_every_message_carries() -> None:
    model = loads(TEXT, overrides=["producers.p.to.headers={format: 7}"]).model
    assert model.producers[0].destination.headers == (((("format", "7"),), 1.0),)


HOSTS = """
system: rabbitmq
duration: 1 s
exchanges: {events: {type: fanout, vhost: shop}}
queues: {orders: {vhost: shop}, audit: {}}
bindings: [{exchange: events, queue: orders}]
producers:
  buyers: {vhost: shop, arrivals: {constant: 10/s}, to: {exchange: events}}
  clerks: {arrivals: {constant: 10/s}}
consumers: {stock: {vhost: shop}, auditors: {}}
"""


def test_everybody_sees_what_is_in_the_same_virtual_host() -> None:
    """Where one has only one queue in sight, it need not be named."""
    model = loads(HOSTS).model
    assert [queue.vhost for queue in model.queues] == ["shop", "/"]
    assert model.producers[1].destination.routing_keys == (("audit", 1.0),)
    assert [(group.queue, group.vhost) for group in model.consumers] == [("orders", "shop"), ("audit", "/")]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("producers.clerks.to=orders", "`orders` lives in the virtual host `shop`"),
        ("producers.clerks.to={exchange: events}", "`events` lives in the virtual host `shop`"),
        ("consumers.stock.queue=audit", "`audit` lives in the virtual host `/`"),
        ("exchanges.events.vhost=/", "`orders` lives in the virtual host `shop`"),
    ],
)
def test_nobody_sees_what_is_in_another(change: str, what: str) -> None:
    with pytest.raises(ScenarioError, match=what):
        loads(HOSTS, overrides=[change])


@pytest.mark.parametrize("field", ["queues.q.auto_delete=true", "queues.q.vhost=x", "producers.p.to={mandatory: true}"])
def test_a_direct_call_knows_nothing_of_it(field: str) -> None:
    text = "system: direct\nduration: 1 s\nqueues: {q: {}}\nproducers: {p: {arrivals: {constant: 1/s}}}\n"
    with pytest.raises(ScenarioError, match="means nothing to system 'direct'"):
        loads(text, overrides=[field])
