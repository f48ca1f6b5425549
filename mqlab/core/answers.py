"""What requests add to the records of a model: queues for replies, those who listen to them, and those who answer.

It all comes after what the model names, so that indices and the numbers of entities stay as they are without it.
"""

from __future__ import annotations

from typing import Any

from mqlab.core import codes
from mqlab.core.tables import Tables
from mqlab.model import ConsumerGroup, Model, ProducerGroup, entity_name
from mqlab.routing import ways_of
from mqlab.trace.schema import Entity

__all__ = ["Answers"]

Row = dict[str, Any]


class Answers:
    """Adds requests and replies to the rows of a model that has been read.

    Parameters
    ----------
    model, tables
        What is being built, and its tables of routes.
    entities, clients, producers, consumers
        Rows so far; more are appended.
    """

    def __init__(
        self,
        model: Model,
        tables: Tables,
        entities: list[Entity],
        clients: list[Row],
        producers: list[Row],
        consumers: list[Row],
    ) -> None:
        self.model, self.tables, self.entities = model, tables, entities
        self.clients, self.producers, self.consumers = clients, producers, consumers
        self.queues: list[Row] = []
        """Queues that the model does not name."""

    def add(self) -> None:
        """Add everything, groups in their order."""
        first = 0
        for group in self.model.producers:
            self._requests(group, first)
            first += group.count
        first = 0
        for consumers in self.model.consumers:
            self._replies(consumers, first)
            first += consumers.count

    def _requests(self, group: ProducerGroup, first: int) -> None:
        request = group.request
        if request is None:
            return
        queues = [queue.name for queue in self.model.queues]
        for member in range(group.count):
            producer = self.producers[first + member]
            client = self.clients[producer["client"]]
            way = 0
            if request.reply_to == "queue":
                queue = queues.index(request.queue)
                way = ways_of(self.model).index((request.queue, ()))
            else:
                queue = self._reply_queue(entity_name(group.name, member, group.count), client, request.reply_to)
            client["listens"] = len(self.consumers)
            self.consumers.append(
                _listener(producer["client"], queue, by_hand=codes.BY_REQUESTER, auto=1, publisher=-1)
            )
            producer |= {
                "special": producer.get("special", 0) | codes.PRODUCER_REQUEST, "awaits": 1,
                "timeout": request.timeout_ns, "reply_to": codes.REPLY_TO[request.reply_to],
                "correlate": int(request.correlate), "reply_route": self.tables.route([queue], way),
            }  # fmt: skip

    def _reply_queue(self, member: str, client: Row, reply_to: str) -> int:
        """Make the queue of one requester; one for direct replies has no place in the trace."""
        entity = -1
        if reply_to == "own":
            entity = len(self.entities)
            self.entities.append(Entity(f"amq.gen-{member}", "queue", f"amq.gen-{member}"))
        self.queues.append(
            {
                "entity": entity, "node": client["node"], "max_length": -1, "head": -1, "tail": -1,
                "requeued": -1, "ring_head": -1, "ring_tail": -1, "kept_head": -1, "kept_tail": -1,
            }
        )  # fmt: skip
        return len(self.model.queues) + len(self.queues) - 1

    def _replies(self, group: ConsumerGroup, first: int) -> None:
        if group.reply is None:
            return
        for consumer in self.consumers[first : first + group.count]:
            consumer["publisher"] = len(self.producers)
            client = self.clients[consumer["client"]]
            self.producers.append(
                {
                    "ident": client["ident"], "client": consumer["client"], "arrivals": codes.ARRIVALS_BY_HAND,
                    "think": -1, "prepare": -1, "record": -1, "size": group.reply.size_bytes, "attempts": 1,
                    "factor": 1.0, "buffer_head": -1, "buffer_tail": -1, "again_tail": -1, "unconfirmed_head": -1,
                    "unconfirmed_tail": -1, "special": codes.PRODUCER_SERVER, "ttl": -1,
                }
            )  # fmt: skip


def _listener(client: int, queue: int, **more: Any) -> Row:
    """A consumer that takes whatever comes, as long as its connection stands; it belongs to no group."""
    return {
        "client": client, "group": -1, "queue": queue, "prefetch": 0, "unacked_head": -1, "unacked_tail": -1,
        "ring_prev": -1, "ring_next": -1, "hand_head": -1, "hand_tail": -1, "current": -1, **more,
    }  # fmt: skip
