"""From a model to records: allocate, fill in, resolve names to indices and routing keys to lists of queues.

Entities are numbered nodes first, then queues, producers, consumers, in the order of the model; these numbers are what
trace rows carry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.core import codes, consuming
from mqlab.core.absences import Absences
from mqlab.core.answers import Answers
from mqlab.core.policies import NO_POLICY, Letters, first_level, flags_of, has_policy, message_row, policy_row
from mqlab.core.recorder import BUCKETS
from mqlab.core.records import ARRAYS
from mqlab.core.replicas import member_rows
from mqlab.core.sources import Sources
from mqlab.core.tables import Tables, side_row, zipf_weights
from mqlab.errors import EngineError
from mqlab.model import (
    Bursts,
    ConsumerGroup,
    Link,
    Model,
    Node,
    ProducerGroup,
    entity_name,
    has_alarms,
)
from mqlab.policies.backoff import JITTER
from mqlab.sampling import name_identity
from mqlab.trace.fates import Cause, Fate
from mqlab.trace.schema import STAGES, Entity, Level

__all__ = ["BINS", "LEVELS", "Builder", "Built", "build", "fill", "fill_record"]

LEVELS: dict[Level, int] = {
    "counts": codes.LEVEL_COUNTS,
    "fates": codes.LEVEL_FATES,
    "events": codes.LEVEL_EVENTS,
}
BINS = 600
_HEADROOM = 1024
_FIRST_SIZE = 1 << 13
"""First length of what grows; memory that nobody has touched yet costs nothing."""
@dataclass
class Built:
    """The records of one run, by name, and what Python needs to talk about them."""

    arrays: dict[str, NDArray[Any]]
    entities: tuple[Entity, ...]
    clients: dict[str, list[int]]
    """Client indices by group name and by member name, ``producers.NAME`` and ``consumers.NAME`` for both kinds."""
    producers: dict[str, list[int]]
    consumers: dict[str, list[int]]
    nodes: dict[str, int]


class Builder:
    """Reads a model once, from top to bottom."""

    def __init__(self, model: Model, seed: int, level: Level) -> None:
        self.model, self.seed, self.level = model, seed, level
        self.tables = Tables()
        self.sources = Sources(self.tables)
        self.entities: list[Entity] = []
        self.sides: list[dict[str, Any]] = []
        self.clients: list[dict[str, Any]] = []
        self.producers: list[dict[str, Any]] = []
        self.consumers: list[dict[str, Any]] = []
        self.groups: list[dict[str, Any]] = []
        self.lanes = 0
        self.steps: list[tuple[int, int, int, int]] = []
        self.client_names: dict[str, list[int]] = {}
        self.producer_names: dict[str, list[int]] = {}
        self.consumer_names: dict[str, list[int]] = {}
        self.node_index = {node.name: i for i, node in enumerate(model.nodes)}
        self.connected = [0] * len(model.nodes)
        self.absences = Absences(model)
        self.queue_index = {queue.name: i for i, queue in enumerate(model.queues)}
        self.answers = Answers(model, self.tables, self.entities, self.clients, self.producers, self.consumers)
        self.letters = Letters(model)

    def run(self) -> Built:
        """Build the records."""
        model = self.model
        for node in model.nodes:
            self.entities.append(Entity(node.name, "node", node.name))
        for queue in model.queues:
            self.entities.append(Entity(queue.name, "queue", queue.name))
        for producer in model.producers:
            self._producers(producer)
        for consumer in model.consumers:
            self._consumers(consumer)
        self.answers.add()
        arrays = self._allocate()
        return Built(
            arrays, tuple(self.entities), self.client_names, self.producer_names, self.consumer_names, self.node_index
        )

    def _client(
        self, group: ProducerGroup | ConsumerGroup, member: int, kind: int, owner: int, node: int, sides: int
    ) -> int:
        name = entity_name(group.name, member, group.count)
        room = "producers" if kind == codes.PRODUCER else "consumers"
        ident = name if kind == codes.PRODUCER else group.name
        index = len(self.clients)
        self.clients.append(
            {
                "ident": name_identity(self.seed, f"{room}.{ident}"), "entity": len(self.entities), "kind": kind,
                "owner": owner, "node": node, "epoch": 1, "alive": 1, "up": 1, "open": 1,
                "heartbeat": group.connection.heartbeat_ns, "reconnect": group.connection.reconnect_ns,
                "up_side": sides, "down_side": sides + 1, "ordered": int(group.link.ordered), "listens": -1,
                "self": name_identity(self.seed, f"connections.{room}.{name}"), "trips": group.connection.round_trips,
                "up_bad": self._begins_bad(f"{room}.{name}.up", group.link.up.bursts),
                "down_bad": self._begins_bad(f"{room}.{name}.down", group.link.down.bursts),
                "homes": len(group.connection.nodes), "homes_at": self._homes(group.connection.nodes),
                "socket_head": -1, "socket_tail": -1, "tx_head": -1, "tx_tail": -1, "own_head": -1, "own_tail": -1,
                "tx": int(isinstance(group, ProducerGroup) and group.transactions is not None),
            }
        )  # fmt: skip
        backoff = group.connection.backoff
        if backoff is not None:
            self.clients[-1] |= {
                "reconnect": backoff.first_ns, "factor": backoff.factor, "longest": backoff.max_ns,
                "jitter": JITTER[backoff.jitter],
            }  # fmt: skip
        self._take_a_place(node, self.clients[-1])
        self.entities.append(Entity(name, "producer" if kind == codes.PRODUCER else "consumer", group.name))
        for known in {group.name, name}:
            for key in (known, f"{room}.{known}"):
                self.client_names.setdefault(key, []).append(index)
        return index

    def _begins_bad(self, name: str, bursts: Bursts | None) -> int:
        """Draw the state in which a link that loses in bursts begins: as it would be found at any time."""
        if bursts is None:
            return 0
        return int(int(name_identity(self.seed, f"bursts.{name}")) < bursts.p / (bursts.p + bursts.r) * 2.0**64)

    def _take_a_place(self, node: int, client: dict[str, Any]) -> None:
        """Connect a client from the start, unless the node lets no more in."""
        most = self.model.nodes[node].connections_max
        if 0 <= most <= self.connected[node]:
            client |= {"up": 0, "open": 0}
        else:
            self.connected[node] += 1

    def _homes(self, names: tuple[str, ...]) -> int:
        """Put a list of nodes into the table of targets; return where it begins."""
        first = len(self.tables.targets)
        self.tables.targets.extend(self.node_index[name] for name in names)
        return first

    def _sides(self, link: Link) -> int:
        first = len(self.sides)
        self.sides.append(side_row(self.tables, link.up))
        self.sides.append(side_row(self.tables, link.down))
        return first

    def _routes(self, group: ProducerGroup) -> tuple[int, int, int]:
        """Resolve every way that a group's messages may go; return (first route, how many, table of weights)."""
        first, where = len(self.tables.routes), group.destination
        for key, headers, _ in where.ways:
            number = self.letters.address(key, tuple(headers))
            self.absences.route(self.tables, where.exchange, key, headers, group.vhost, address=number)
        weights = [weight for _, _, weight in where.ways]
        if where.by_key:
            if len(weights) < group.message.keys.keys:
                raise EngineError(f"`{group.name}` has {group.message.keys.keys} keys and {len(weights)} routes")
            return first, -len(weights), 0
        return first, len(weights), self.tables.cumulative(weights)

    def _producers(self, group: ProducerGroup) -> None:
        sides = self._sides(group.link)
        route_first, routes, weights = self._routes(group)
        arrivals, keys, confirm, retry = group.arrivals, group.message.keys, group.confirm, group.retry
        keys_table = 0
        if keys.kind == "zipf":
            keys_table = self.tables.cumulative(zipf_weights(keys.keys, keys.s))
        transactions = group.transactions
        told = codes.CONFIRM_COMMITS if transactions else codes.CONFIRM_EACH if confirm else codes.CONFIRM_NONE
        think, prepare = self.tables.dist(arrivals.think), self.tables.dist(group.prepare)
        record = self.tables.dist(group.record.takes if group.record else None)
        recording, buffer = arrivals.recording, group.buffer
        most = _fewer(arrivals.messages_max, len(recording.times_ns)) if recording else arrivals.messages_max
        varied = group.message.sizes is not None or bool(recording and recording.sizes_bytes)
        sizes = self.tables.dist(group.message.sizes)
        sources = self.sources.group(group, name_identity(self.seed, f"producers.{group.name}"))
        for member in range(group.count):
            index = len(self.producers)
            node = self.node_index[group.node]
            limit = -1
            if most >= 0:
                limit = max(0, (most - member + group.count - 1) // group.count)
            client = self._client(group, member, codes.PRODUCER, index, node, sides)
            name = entity_name(group.name, member, group.count)
            self.producer_names.setdefault(group.name, []).append(index)
            if name != group.name:
                self.producer_names.setdefault(name, []).append(index)
            self.producers.append(
                {
                    "ident": self.clients[client]["ident"], "client": client,
                    "arrivals": codes.ARRIVALS[arrivals.kind], "first": member, "step": group.count,
                    "rate": arrivals.rate_per_s / group.count, "group_rate": arrivals.rate_per_s,
                    "to_rate": arrivals.to_rate_per_s / group.count, "over": arrivals.over_ns / 1e9,
                    "start": arrivals.start_ns, "last": arrivals.start_ns, "ahead_of": -1,
                    "stop": min(arrivals.stop_ns or self.model.duration_ns, self.model.duration_ns),
                    "limit": limit, "think": think, "prepare": prepare,
                    "size": -1 if varied else group.message.size_bytes, "sizes": sizes, "source": sources[member],
                    "persistent": int(group.message.persistent),
                    "keys_kind": codes.KEYS[keys.kind], "keys": keys.keys, "keys_table": keys_table,
                    "route": route_first, "routes": routes, "routes_table": weights,
                    "confirm": told, "awaits": int(group.learns),
                    "special": _special(group),
                    "record": record,
                    "record_first": int(group.record is not None and group.record.order == "write-first"),
                    "confirm_processed": int(confirm is not None and confirm.when == "processed"),
                    "max_in_flight": transactions.size if transactions else confirm.max_in_flight if confirm else 0,
                    "commit_after": transactions.after_ns if transactions else 0,
                    "rollback": transactions.rollback if transactions else 0.0,
                    "timeout": confirm.timeout_ns if confirm else 0,
                    "attempts": retry.attempts, "first_pause": retry.backoff.first_ns, "factor": retry.backoff.factor,
                    "max_pause": retry.backoff.max_ns, "jitter": JITTER[retry.backoff.jitter],
                    "buffer_head": -1, "buffer_tail": -1, "again_tail": -1, "unconfirmed_head": -1,
                    "unconfirmed_tail": -1,
                    "buffer_max": buffer.max_messages if buffer else 0,
                    "when_full": codes.WHEN_FULL[buffer.when_full] if buffer else 0,
                    "stuck": -1, "line_head": -1, "line_tail": -1,
                    "by_hand": int(arrivals.kind == "by_hand"), **message_row(self.tables, group.message),
                }
            )  # fmt: skip

    def _consumers(self, group: ConsumerGroup) -> None:
        sides = self._sides(group.link)
        number = len(self.groups)
        fails = group.exceptions
        queue = self.queue_index[group.queue]
        special = consuming.special_of(group)
        self.steps.extend((step.at_ns, step.count, number, int(step.how == "kill")) for step in group.scale[1:])
        self.groups.append(
            {
                "ident": name_identity(self.seed, f"consumers.{group.name}"), "members": group.count,
                "service": self.tables.dist(group.service),
                "alpha": group.contention.alpha, "beta": group.contention.beta,
                "fails": fails.probability if fails else 0.0,
                "poison": int(fails is not None and fails.per == "message"),
                "then": codes.THEN[fails.then] if fails else 0,
                "restart": group.restart_ns, "entity": len(self.entities), "first": len(self.consumers),
                **consuming.group_fields(self.model, group, self.tables),
            }
        )  # fmt: skip
        node = self.node_index[next(iter(group.connection.nodes), self.model.queues[queue].node)]
        looks = group.expects_record
        for member in range(group.count):
            index = len(self.consumers)
            client = self._client(group, member, codes.CONSUMER, index, node, sides)
            name = entity_name(group.name, member, group.count)
            self.consumer_names.setdefault(group.name, []).append(index)
            if name != group.name:
                self.consumer_names.setdefault(name, []).append(index)
            self.consumers.append(
                {
                    "client": client, "group": number, "queue": queue, "auto": int(group.ack == "auto"),
                    "by_hand": int(group.service is None), "prefetch": group.prefetch,
                    "unacked_head": -1, "unacked_tail": -1, "ring_prev": -1, "ring_next": -1,
                    "hand_head": -1, "hand_tail": -1, "current": -1, "publisher": -1, "priority": group.priority,
                    "special": special, "member": member, "lane": self.lanes, "wanted": 1,
                    "unrecorded": codes.UNRECORDED[looks.otherwise] if looks else 0,
                    "look_again": looks.every_ns if looks else 0,
                    "reply_first": int(group.reply is not None and group.reply.before_ack),
                }
            )  # fmt: skip
            if special:
                self.lanes += group.concurrency
            if member >= consuming.members_at_first(group):
                self.clients[client].update(alive=0, up=0, open=0, gone=1)
                self.consumers[index]["wanted"] = 0

    def _nodes(self) -> list[dict[str, Any]]:
        return [
            {
                "entity": i, "up": 1, "epoch": 1, "publish_ns": node.publish_ns, "deliver_ns": node.deliver_ns,
                "ident": name_identity(self.seed, f"nodes.{node.name}"), "fsync": self.tables.dist(node.disk.fsync),
                "bandwidth": node.disk.bandwidth_bytes_per_s, "group_commit": node.disk.group_commit_ns,
                "wait_head": -1, "wait_tail": -1, "flush_head": -1, "commits_head": -1, "commits_tail": -1,
                "lies": node.disk.lies_ns, "seek": node.disk.seek_ns,
                "memory_limit": node.memory.limit_bytes if node.memory else -1,
                "memory_check": node.memory.check_ns if node.memory else 0,
                "special": _special_node(self.model, node),
                "connect_ns": node.connect_ns, "ack_ns": node.ack_ns,
                "connections_max": node.connections_max, "connected": self.connected[i],
                "handshake": node.handshake_timeout_ns,
            }
            for i, node in enumerate(self.model.nodes)
        ]  # fmt: skip

    def _queues(self) -> list[dict[str, Any]]:
        letters = self.letters.routes(self.tables, self.absences)
        return [
            {
                "entity": len(self.model.nodes) + i, "node": self.node_index[queue.node], "durable": int(queue.durable),
                "overflow": codes.OVERFLOW[queue.overflow], "max_length": queue.max_length, "head": -1, "tail": -1,
                "requeued": -1, "ring_head": -1, "ring_tail": -1, "kept_head": -1, "kept_tail": -1,
                "special": self.absences.flag(queue) | flags_of(self.model, queue)
                | codes.Q_LAZY * (queue.mode == "lazy"),
                **self.absences.life(queue),
                **policy_row(queue), "letters": letters[i], "levels": first_level(self.model, i),
            }
            for i, queue in enumerate(self.model.queues)
        ]  # fmt: skip

    def _allocate(self) -> dict[str, NDArray[Any]]:
        """Fill the fixed tables, and give the growing ones their first size."""
        nodes, queues = self._nodes(), self._queues()
        replicas = member_rows(self.model, self.seed, self.tables, self.node_index, nodes, queues)
        ways = self.absences.ways(self.tables)
        queues += [{**NO_POLICY, **row} for row in self.answers.queues]
        fan_out = max((count for _, count, _ in self.tables.routes), default=1)
        room = _HEADROOM + 192 * fan_out
        named: dict[str, list[dict[str, Any]]] = {
            "nodes": nodes, "queues": queues, "clients": self.clients, "producers": self.producers,
            "consumers": self.consumers, "groups": self.groups, "sides": self.sides,
            "members": replicas,
            "sources": self.sources.sources, "phases": self.sources.phases,
        }  # fmt: skip
        listed: dict[str, list[Any]] = {
            "ways": ways, "dists": self.tables.dists, "routes": self.tables.routes,
            "steps": self.steps, "lanes": [(0, 0, -1, 0, 0)] * self.lanes,
            "targets": [(n,) for n in self.tables.targets], "table": [(x,) for x in self.tables.reals],
        }  # fmt: skip
        model = self.model
        bin_ns = max(1, -(-model.end_ns // BINS))
        members = len(self.clients)
        extras = int(_needs_extras(model))
        sizes = {
            "runs": 1, "copies": max(4 * room, _FIRST_SIZE), "deliveries": max(4 * room, _FIRST_SIZE),
            "extras": max(4 * room, _FIRST_SIZE) if extras else 1,
            "levels": max(1, first_level(model, len(model.queues))),
            "heap": max(4 * room + 4 * members + len(self.steps) + 64, _FIRST_SIZE), "inbox": 256, "outbox": 4 * room,
            "parcels": max(1, len(replicas) * codes.WINDOW), "counts": 256, "tallies": len(Fate) + len(Cause),
            "stages": len(STAGES), "histograms": len(STAGES) * BUCKETS, "series": -(-model.end_ns // bin_ns),
            "event_rows": max(1 << 16, 16 * room) if self.level == "events" else 1,
            "fate_rows": max(1 << 14, 8 * room) if self.level != "counts" else 1,
        }  # fmt: skip
        arrays: dict[str, NDArray[Any]] = {}
        for name, dtype in ARRAYS:
            if name in named:
                arrays[name] = fill(named[name], dtype)
            elif name == "recorded":
                arrays[name] = self.sources.recorded()
            elif name in listed:
                arrays[name] = np.array(listed[name], dtype) if listed[name] else np.zeros(1, dtype)
            else:
                arrays[name] = np.zeros(sizes[name], dtype)
        for field in arrays["levels"].dtype.names or ():
            arrays["levels"][field] = -1
        fill_record(
            arrays["runs"][0],
            end=model.end_ns, warmup=model.warmup_ns, level=LEVELS[self.level], room=room, copy_free=-1,
            delivery_free=-1, serial=1, bin_ns=bin_ns, next_bin=bin_ns, nodes=len(nodes), queues=len(queues),
            clients=members, groups=len(self.groups), producers=len(self.producers), consumers=len(self.consumers),
            digest=name_identity(self.seed, "digest"), extras=extras, steps=len(self.steps),
        )  # fmt: skip
        return arrays


def _fewer(limit: int, most: int) -> int:
    return most if limit < 0 else min(limit, most)


def _special(group: ProducerGroup) -> int:
    """Gather the flags of what makes a producer more than a plain one."""
    flags = codes.PRODUCER_RECORD * (group.record is not None) | codes.PRODUCER_MANDATORY * group.destination.mandatory
    flags |= codes.PRODUCER_TRANSACTIONS * (group.transactions is not None)
    if group.buffer is not None:
        flags |= codes.PRODUCER_BUFFER
        if group.buffer.when_full == "block":
            flags |= codes.PRODUCER_BLOCKS
    return flags


def _needs_extras(model: Model) -> bool:
    """Say whether any mechanism of this model keeps something beside the record of a copy."""
    return (
        any(node.disk.lies_ns for node in model.nodes)
        or any(queue.replicas for queue in model.queues)
        or any(consuming.needs_extras(model, group) for group in model.consumers)
        or any(group.request or group.record for group in model.producers)
        or any(has_policy(model, queue) for queue in model.queues)
    )


def _special_node(model: Model, node: Node) -> int:
    """Flags of what this node has to look after."""
    lies = codes.NODE_LIES if node.disk.lies_ns else 0
    alarms = codes.NODE_ALARMS if has_alarms(model) else 0
    lies |= codes.NODE_LAZY * any(queue.mode == "lazy" and queue.node == node.name for queue in model.queues)
    return lies | alarms | (codes.NODE_COMMITS if any(group.transactions for group in model.producers) else 0)


def fill(rows: list[dict[str, Any]], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Make records of rows; one empty record of none."""
    array = np.zeros(max(1, len(rows)), dtype)
    for i, row in enumerate(rows):
        fill_record(array[i], **row)
    return array


def fill_record(record: Any, /, **values: Any) -> None:
    """Set fields of a record."""
    for name, value in values.items():
        record[name] = value


def build(model: Model, seed: int, level: Level) -> Built:
    """Turn a model into records."""
    return Builder(model, seed, level).run()
