"""A small shop as a scenario, for tests that need a model beside a hand-written trace."""

from __future__ import annotations

from mqlab.model import Model
from mqlab.scenario import loads

SHOP = """\
name: shop
system: rabbitmq
duration: 6 s
drain: 4 s
exchanges:
  news: {type: fanout}
queues:
  orders: {durable: true, max_length: 100}
  audit: {durable: true}
bindings:
  - {exchange: news, queue: orders}
  - {exchange: news, queue: audit}
producers:
  buyers:
    count: 2
    arrivals: {poisson: 10/s}
    message: {size: 1 KiB, persistent: true}
    confirm: {max_in_flight: 5, timeout: 1 s}
    retry: {attempts: 3}
    to: {exchange: news}
consumers:
  stock: {queue: orders, count: 2, service: 4 ms, exceptions: {probability: 1 %, then: crash}}
faults:
  - {at: 2 s, crash: broker, for: 1 s}
"""


def shop(*overrides: str) -> Model:
    """The shop's model, with some of its settings changed."""
    return loads(SHOP, overrides=overrides).model
