"""From the model of brokers and bookies to records: partitions with ensembles, cursors, who is connected to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.core import codes
from mqlab.core.build import Built, fill, fill_record
from mqlab.core.consuming import group_fields
from mqlab.core.ledger import codes as ledger_codes
from mqlab.core.ledger.records import BESIDE, LEDGER_ARRAYS
from mqlab.core.log.build import FIRST_BATCHES, LogBuilder
from mqlab.errors import EngineError
from mqlab.model import ConsumerGroup, Ledgers, Model, entity_name, subscriptions_of
from mqlab.sampling import name_identity
from mqlab.trace.schema import Entity, Level

__all__ = ["build_ledger"]

_RELEASED = 16
_AGAIN_NS = 1_000_000_000


class _LedgerBuilder(LogBuilder):
    """Reads a model once, from top to bottom."""

    def __init__(self, model: Model, seed: int, level: Level) -> None:
        super().__init__(model, seed, level)
        if model.ledgers is None:
            raise EngineError("a model without bookies is no model of ledgers")
        self.how: Ledgers = model.ledgers
        self.stores: list[dict[str, Any]] = []
        self.ensembles: list[dict[str, Any]] = []
        self.cursors: list[dict[str, Any]] = []
        self.hands: list[dict[str, Any]] = []
        self.subscribers: list[dict[str, Any]] = []
        self.tastes: list[dict[str, Any]] = []
        self.holders = 0
        self.cursors_of: dict[tuple[str, str], list[int]] = {}
        """Cursors of (topic, subscription), those of its retry topic last."""
        self.hands_of: dict[tuple[str, str], int] = {}
        """Members of a subscription that have hands already."""

    def _partitions(self) -> None:
        for topic in self.model.topics:
            if topic.quorum is None:
                raise EngineError(f"`{topic.name}` has no quorum")
            self.first_of[topic.name], self.count_of[topic.name] = len(self.partitions), len(topic.partitions)
            for number, homes in enumerate(topic.partitions):
                here, replica = len(self.partitions), len(self.replicas)
                self.partitions.append(
                    {
                        "entity": len(self.entities), "leader": replica, "first": replica, "replicas": 1, "in_sync": 1,
                        "reader": -1, "term": 1, "head": -1, "tail": -1, "wait": -1,
                        "writers": -1,
                    }
                )  # fmt: skip
                self.replicas.append({"partition": here, "node": self.node_index[homes[0]], "in_sync": 1})
                name = entity_name(topic.name, number, len(topic.partitions))
                self.entities.append(Entity(name, "queue", topic.name))
                self.stores.append(
                    {
                        "ensemble": len(self.ensembles), "size": topic.quorum.ensemble, "write": topic.quorum.write,
                        "ack": topic.quorum.ack, "deduplicate": int(topic.deduplicate),
                    }
                )  # fmt: skip
                bookies = [self.node_index[name] for name in self.how.bookies]
                self.ensembles.extend(
                    {"bookie": bookies[(here + i) % len(bookies)]} for i in range(topic.quorum.ensemble)
                )
        for topic in self.model.topics:
            for number in range(len(topic.partitions)):
                self._cursors(topic.name, number)

    def _cursors(self, topic: str, number: int) -> None:
        """Give a partition a cursor for each subscription of its topic."""
        here = self.first_of[topic] + number
        subscriptions = subscriptions_of(self.model.consumers, topic)
        self.stores[here] |= {"first_cursor": len(self.cursors), "cursors": len(subscriptions)}
        for view, (name, groups) in enumerate(subscriptions.items()):
            how = groups[0].subscribing
            assert how is not None
            entity = self.partitions[here]["entity"]
            if len(subscriptions) > 1:
                entity = len(self.entities)
                whole = self.entities[self.partitions[here]["entity"]].name
                self.entities.append(Entity(f"{whole}/{name}", "queue", topic))
            again = topic == how.retry
            self.cursors_of.setdefault((groups[0].queue, name), []).append(len(self.cursors))
            self.cursors.append(
                {
                    "partition": here, "view": view, "mode": ledger_codes.MODES["shared" if again else how.kind],
                    "entity": entity, "number": number, "active": -1, "at": -1, "cap": how.max_unacked_together,
                    "holders": self.holders, "hands": sum(group.count for group in groups),
                }
            )  # fmt: skip
            self.holders += ledger_codes.SLOTS * int(how.kind == "key_shared")

    def _pollers(self, group: ConsumerGroup) -> None:
        how = group.subscribing
        if how is None:
            raise EngineError(f"`{group.name}` subscribes to no topic")
        fails = group.exceptions
        self.groups.append(
            {
                "ident": name_identity(self.seed, f"consumers.{group.name}"), "members": group.count,
                "service": self.tables.dist(group.service), "entity": len(self.entities),
                "fails": fails.probability if fails else 0.0,
                "poison": int(fails is not None and fails.per == "message"),
                "then": ledger_codes.THEN[fails.then] if fails else 0, "restart": group.restart_ns,
                **group_fields(self.model, group, self.tables),
            }
        )  # fmt: skip
        acks = group.acks
        self.tastes.append(
            {
                "cumulative": int(how.ack_type == "cumulative"), "receiver": how.receiver_queue, "nack": how.nack_ns,
                "timeout": how.ack_timeout_ns, "most": how.max_unacked, "redeliver": max(how.max_redeliver, 0),
                "retry": how.retry_ns, "batch": acks.batch if acks else 1, "after": acks.after_ns if acks else 0,
                "dead": self.first_of.get(how.dead_letter, -1), "retry_to": self.first_of.get(how.retry, -1),
            }
        )  # fmt: skip
        key = (group.queue, how.subscription)
        cursors = self.cursors_of[key]
        together = self.cursors[cursors[0]]["hands"]
        if key not in self.hands_of:
            self.hands_of[key] = 0
            for cursor in cursors:
                self.cursors[cursor]["first_hand"] = len(self.hands)
                self.hands.extend(
                    {"cursor": cursor, "head": -1, "tail": -1, "ack_head": -1, "ack_tail": -1, "connected": 1}
                    for _ in range(together)
                )
                if how.kind in ("exclusive", "failover") and self.cursors[cursor]["mode"] < ledger_codes.SHARED:
                    chosen = self.cursors[cursor]["number"] % together
                    self.cursors[cursor]["active"] = self.cursors[cursor]["first_hand"] + chosen
        base = self.cursors[cursors[0]]["first_hand"]
        sides = self._sides(group.link)
        for member in range(group.count):
            index = len(self.subscribers)
            client = self._client(group, member, codes.CONSUMER, index, 0, sides)
            name = entity_name(group.name, member, group.count)
            for known in {group.name, name}:
                self.consumer_names.setdefault(known, []).append(index)
            first = base + self.hands_of[key]
            self.hands_of[key] += 1
            for place in range(len(cursors)):
                self.hands[first + place * together] |= {"member": index, "permits": how.receiver_queue}
            self.subscribers.append(
                {
                    "client": client, "group": len(self.groups) - 1, "alive": 1, "first": first, "stride": together,
                    "hands": len(cursors),
                }
            )  # fmt: skip

    def _allocate(self) -> dict[str, NDArray[Any]]:
        arrays = super()._allocate()
        model, how = self.model, self.how
        run = arrays["runs"][0]
        views = max((self.stores[i]["cursors"] for i in range(len(self.stores))), default=1) or 1
        copies = max(store["write"] for store in self.stores)
        flying = sum(group.count * (group.batching.max_in_flight if group.batching else 0) for group in model.producers)
        crowd = len(self.hands) + 4 * len(self.cursors) + len(model.nodes) + 2 * len(self.senders)
        receiver = max((taste["receiver"] for taste in self.tastes), default=0)
        room = int(run["room"]) + 4 * _RELEASED * self.cap * views + 8 * crowd + flying * copies + 2 * receiver
        run["room"] = room
        arrays["heap"] = np.zeros(4 * room, arrays["heap"].dtype)
        if self.level == "events":
            arrays["event_rows"] = np.zeros(max(1 << 16, 16 * room), arrays["event_rows"].dtype)
        if self.level != "counts":
            arrays["fate_rows"] = np.zeros(max(1 << 14, 8 * room), arrays["fate_rows"].dtype)
        for node, record in zip(model.nodes, arrays["nodes"], strict=False):
            record["fsync"] = self.tables.dist(node.disk.fsync)
        arrays["dists"] = np.array(self.tables.dists, arrays["dists"].dtype)
        arrays["cells"] = np.zeros(FIRST_BATCHES * self.cap * views, arrays["cells"].dtype)
        named = {
            "stores": self.stores, "ensembles": self.ensembles, "cursors": self.cursors, "hands": self.hands,
            "subscribers": self.subscribers, "tastes": self.tastes,
            "bookies": [
                {"is_one": int(node.name in how.bookies), "wait_head": -1, "wait_tail": -1, "flush_head": -1}
                for node in model.nodes
            ],
        }  # fmt: skip
        sizes = {
            "ledgers": 1, "entries": FIRST_BATCHES, "adds": FIRST_BATCHES * copies, "claims": FIRST_BATCHES * views,
            "holders": max(1, self.holders),
        }  # fmt: skip
        for name, dtype in LEDGER_ARRAYS:
            if name not in arrays:
                arrays[name] = fill(named[name], dtype) if name in named else np.zeros(sizes[name], dtype)
        assert {*named, *sizes} >= set(BESIDE)
        stride = self.cap * views  # to the log's kernels the cells of all subscriptions are one row
        fill_record(arrays["logs"][0], collects=1, collected=-1, cap=stride, room=stride)
        fill_record(
            arrays["ledgers"][0],
            views=views, cap=self.cap, copies=copies, cursors=len(self.cursors), hands=len(self.hands),
            members=len(self.subscribers), stores=len(self.stores), sync=int(how.journal_sync),
            group_wait=how.group_commit_ns, writeback=how.writeback_ns, bookie_timeout=how.bookie_timeout_ns,
            failover=how.failover_ns, persist=how.cursor_ns, cache=how.cache_ns, again=_AGAIN_NS,
        )  # fmt: skip
        return arrays


def build_ledger(model: Model, seed: int, level: Level) -> Built:
    """Turn a model with bookies into records."""
    return _LedgerBuilder(model, seed, level).run()
