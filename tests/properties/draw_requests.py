"""Requests, replies and tasks with states, in random models."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from mqlab.model import Distribution, ExpectsRecord, Model, Queue, Record, Reply, Request

MS = 1_000_000


def enrich(draw: st.DrawFn, model: Model) -> Model:
    """Let some producers ask for replies, some write down states, some consumers answer, some look first."""
    replies = Queue("replies", model.nodes[0].name, draw(st.booleans()))
    if all(queue.name != replies.name for queue in model.queues):
        model = replace(model, queues=(*model.queues, replies))

    def request() -> Request | None:
        where = draw(st.sampled_from(["none", "own", "direct", "queue"]))
        if where == "none":
            return None
        return Request(where, draw(st.sampled_from([0, 5 * MS, 30 * MS])), draw(st.booleans()),
                       "replies" if where == "queue" else "")  # type: ignore[arg-type]  # fmt: skip

    def record() -> Record | None:
        if draw(st.booleans()):
            return None
        takes = draw(st.sampled_from([Distribution("constant", (2.0 * MS,)), Distribution("exponential", (3.0 * MS,))]))
        return Record(takes, draw(st.sampled_from(["enqueue-first", "write-first"])))

    def looks() -> ExpectsRecord | None:
        otherwise = draw(st.sampled_from(["none", "discard", "requeue", "wait"]))
        return None if otherwise == "none" else ExpectsRecord(otherwise, 2 * MS)

    producers = []
    for group in model.producers:
        asks = None if group.confirm or group.transactions else request()
        keeps = None if group.prepare else record()
        producers.append(replace(group, request=asks, record=keeps))
    consumers = []
    for consumer in model.consumers:
        answers = draw(st.sampled_from([None, Reply(200, True), Reply(200, False)]))
        first = looks()
        takes = sum(d.params[0] if d.params else 0.0 for d in (consumer.link.up.latency, consumer.link.down.latency))
        if first is not None and first.otherwise == "requeue" and takes < 1:
            first = ExpectsRecord("wait", 2 * MS)  # else it would go round in no time
        consumers.append(replace(consumer, reply=answers, expects_record=first))
    return replace(model, producers=tuple(producers), consumers=tuple(consumers))
