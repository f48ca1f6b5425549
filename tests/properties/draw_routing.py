"""Routing and the life of queues in random models."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from mqlab.model import Binding, Exchange, Fault, Model

MS = 1_000_000
NAMES = ("x", "f", "t", "h")
KEYS = ("k", "l", "k.l", "k.m.l")
PATTERNS = ("k", "#", "*", "*.l", "k.#")
HEADERS: tuple[tuple[tuple[str, str], ...], ...] = ((), (("a", "1"),), (("a", "1"), ("b", "2")))


def enrich(draw: st.DrawFn, model: Model) -> Model:
    """Draw exchanges of every type in a random network, headers, mandatory messages, and queues that come and go."""
    exchanges = tuple(
        Exchange(name, kind, draw(st.booleans()), draw(st.sampled_from(["", "", *NAMES])))
        for name, kind in zip(NAMES, ("direct", "fanout", "topic", "headers"), strict=True)
    )
    return replace(
        model,
        exchanges=exchanges,
        bindings=tuple(dict.fromkeys(_binding(draw, model) for _ in range(draw(st.integers(1, 8))))),
        queues=tuple(_living(draw, model, queue) for queue in model.queues),
        producers=tuple(_sending(draw, group) for group in model.producers),
        faults=(*model.faults, *_partings(draw, model)),
    )


def _partings(draw: st.DrawFn, model: Model) -> tuple[Fault, ...]:
    """Consumers whose connection breaks while producers go on, so that queues go with what stands in them."""
    return tuple(
        Fault(draw(st.integers(model.duration_ns // 4, model.duration_ns)), "reset", f"consumers.{group.name}", 0)
        for group in model.consumers
        if draw(st.booleans())
    )


def _binding(draw: st.DrawFn, model: Model) -> Binding:
    exchange = draw(st.sampled_from(NAMES))
    to = "" if draw(st.integers(0, 3)) else draw(st.sampled_from(NAMES))
    queue = "" if to else draw(st.sampled_from([queue.name for queue in model.queues]))
    if exchange == "h":
        return Binding(exchange, queue, "", to, draw(st.sampled_from(HEADERS)), draw(st.sampled_from(["all", "any"])))
    return Binding(exchange, queue, draw(st.sampled_from(PATTERNS if exchange == "t" else KEYS)), to)


def _living(draw: st.DrawFn, model: Model, queue: Any) -> Any:
    if queue.replicas:
        return queue
    owners = [group for group in model.consumers if group.queue == queue.name]
    life = draw(st.sampled_from(["plain", "auto_delete", "auto_delete", "expires", "exclusive"]))
    if life == "exclusive" and (len(owners) != 1 or owners[0].count != 1):
        life = "auto_delete"
    return replace(
        queue, exclusive=life == "exclusive", auto_delete=life == "auto_delete",
        expires_ns=draw(st.sampled_from([MS, 10 * MS])) if life == "expires" else 0,
    )  # fmt: skip


def _sending(draw: st.DrawFn, group: Any) -> Any:
    where = group.destination
    mandatory = draw(st.booleans())
    if where.exchange == "" and draw(st.integers(0, 2)):
        return replace(group, destination=replace(where, mandatory=mandatory))
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True))
    carried = draw(st.lists(st.sampled_from(HEADERS), max_size=2, unique=True))
    return replace(
        group,
        destination=replace(
            where, exchange=draw(st.sampled_from(NAMES)), routing_keys=tuple((key, 1 / len(keys)) for key in keys),
            headers=tuple((headers, 1 / len(carried)) for headers in carried), mandatory=mandatory,
            by_key=False,
        ),
    )  # fmt: skip
