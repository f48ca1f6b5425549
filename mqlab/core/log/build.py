"""From the model of a log system to records: nodes, partitions, replicas, batches and those who send and read them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mqlab.core import codes
from mqlab.core.build import BINS, LEVELS, Builder, Built, fill, fill_record
from mqlab.core.hardware.build import Plant
from mqlab.core.link import DOWN, UP
from mqlab.core.log import codes as log_codes
from mqlab.core.log.grouping import LAGS_MAX, ReaderRows, coordinator_row, poller_rows, step_rows
from mqlab.core.log.records import LOG_ARRAYS
from mqlab.core.log.storing import FLUSH, LAYOUTS, lay_out
from mqlab.core.recorder import BUCKETS
from mqlab.errors import EngineError
from mqlab.model import Cluster, ConsumerGroup, Model, ProducerGroup, entity_name
from mqlab.sampling import name_identity
from mqlab.trace.fates import Cause, Fate
from mqlab.trace.schema import STAGES, Entity, Level

__all__ = ["FIRST_BATCHES", "HEADROOM", "LogBuilder", "build_log"]

HEADROOM = 1024
FIRST_BATCHES = 256
_RELEASED = 16


class LogBuilder(Builder):
    """Reads a model once, from top to bottom."""

    def __init__(self, model: Model, seed: int, level: Level) -> None:
        super().__init__(model, seed, level)
        self.partitions: list[dict[str, Any]] = []
        self.replicas: list[dict[str, Any]] = []
        self.collectors: list[dict[str, Any]] = []
        self.senders: list[dict[str, Any]] = []
        self.pollers: list[dict[str, Any]] = []
        self.transactions: dict[str, dict[str, Any]] = {}
        self.coordinators: list[dict[str, Any]] = []
        self.seeks: list[dict[str, Any]] = []
        self.first_of: dict[str, int] = {}
        self.count_of: dict[str, int] = {}
        self.cap = 1
        cluster = model.cluster
        self.hardware = cluster.hardware if cluster else None
        self.plant = Plant(self.hardware, len(model.nodes), cluster.writeback_ns if cluster else 0)
        self.first_fetch = 0

    def run(self) -> Built:
        """Read the whole model."""
        model = self.model
        for node in model.nodes:
            self.entities.append(Entity(node.name, "node", node.name))
        self._partitions()
        for producer in model.producers:
            self._producers(producer)
            self._collectors(producer)
        self.readers = ReaderRows(model, self.partitions, self.entities)
        for consumer in model.consumers:
            self._pollers(consumer)
        self.readers.add_idle()
        self._processes()
        self._machines()
        arrays = self._allocate()
        return Built(
            arrays, tuple(self.entities), self.client_names, self.producer_names, self.consumer_names, self.node_index
        )

    def _routes(self, group: ProducerGroup) -> tuple[int, int, int]:
        return 0, 1, 0  # to a partition, which each record chooses for itself

    def _partitions(self) -> None:
        cluster = self.model.cluster
        if cluster is None:
            raise EngineError("a model with topics has no cluster")
        for topic in self.model.topics:
            self.first_of[topic.name], self.count_of[topic.name] = len(self.partitions), len(topic.partitions)
            for number, homes in enumerate(topic.partitions):
                first = len(self.replicas)
                self.partitions.append(
                    {
                        "entity": len(self.entities), "leader": first, "first": first, "replicas": len(homes),
                        "in_sync": len(homes), "reader": -1, "number": number, "kept": 0,
                        "min_insync": topic.min_insync, "unclean": int(topic.unclean_election), "term": 1,
                        "lag_max": cluster.lag_max_ns,
                        "head": -1, "tail": -1, "wait": -1, "writers": -1,
                    }
                )  # fmt: skip
                name = entity_name(topic.name, number, len(topic.partitions))
                self.entities.append(Entity(name, "queue", topic.name))
                self.replicas.extend(
                    {
                        "partition": len(self.partitions) - 1, "node": self.node_index[home], "in_sync": 1,
                        "valid": codes.NEVER,
                    }
                    for home in homes
                )  # fmt: skip

    def _collectors(self, group: ProducerGroup) -> None:
        batching = group.batching
        if batching is None:
            raise EngineError(f"`{group.name}` sends to no topic")
        first, count = self.first_of[batching.topic], self.count_of[batching.topic]
        more = self.hardware.record_overhead_bytes if self.hardware else 0
        record_bytes = max(1, round(group.message.size_bytes * batching.compression)) + more
        most = max(1, batching.batch_bytes // max(1, record_bytes))
        client = self.hardware.client.processor if self.hardware else None
        for partition in range(first, first + count):
            part = self.partitions[partition]
            part["record_bytes"] = max(part.get("record_bytes", 1), record_bytes)
        self.cap = max(self.cap, most)
        names = [entity_name(group.name, member, group.count) for member in range(group.count)]
        for producer, name in zip(self.producer_names[group.name], names, strict=True):
            working = self._transaction(group, name)
            self.collectors.append(
                {
                    "linger": batching.linger_ns, "most": most, "acks": log_codes.ACKS[batching.acks],
                    "idempotent": int(batching.idempotent), "flying": batching.max_in_flight,
                    "delivery": batching.delivery_ns, "timeout": batching.request_timeout_ns,
                    "pause": batching.retry_ns, "attempts": group.retry.attempts, "first_partition": first,
                    "partitions": count, "first_sender": len(self.senders), "sticky": -1,
                    "keyed": int(group.message.keys.kind != "none" or self._keyed(batching.made_by)),
                    "record_bytes": record_bytes,
                    "buffer": batching.buffer_bytes, "first_flow": self._connect(group, batching.machine, producer, UP),
                    "request_ns": client.request_ns if client else 0, "record_ns": client.record_ns if client else 0,
                    "turn": -1, "poller": -1, "robin": int(batching.partitioner == "round-robin"), **working,
                }
            )  # fmt: skip
            for i in range(count):
                before = self.partitions[first + i]["writers"]
                if working["transaction"] >= 0:
                    self.partitions[first + i]["writers"] = len(self.senders)
                self.senders.append(
                    {
                        "producer": producer, "partition": first + i, "open": -1, "head": -1, "tail": -1,
                        "fly_head": -1, "fly_tail": -1, "added": -1, "first_slot": -1, "first_offset": -1,
                        "next_here": before, "view": -1,
                    }
                )  # fmt: skip

    def _processes(self) -> None:
        """Make one process of a consumer and the producer of what it makes."""
        for group in self.model.producers:
            if group.batching is None or not group.batching.made_by:
                continue
            members = zip(self.producer_names[group.name], self.consumer_names[group.batching.made_by], strict=True)
            for producer, poller in members:
                self.collectors[producer]["poller"] = poller
                self.pollers[poller]["maker"] = producer

    def _transaction(self, group: ProducerGroup, name: str) -> dict[str, Any]:
        """What a producer needs to work in transactions; those of one transactional id share it."""
        assert group.batching is not None
        works = group.batching.transactions
        if works is None:
            return {"transaction": -1}
        ident = works.ident if works.ident and group.count == 1 else f"{works.ident}{name.removeprefix(group.name)}"
        if not works.ident:
            ident = name
        fresh = {"owner": -1, "awaits": -1, "writer": -1, "timeout": works.timeout_ns}
        self.transactions.setdefault(ident, fresh)
        return {
            "transaction": list(self.transactions).index(ident), "size": works.size, "after": works.after_ns,
            "rollback": works.rollback,
        }  # fmt: skip

    def _connect(self, group: ProducerGroup | ConsumerGroup, machine: str, member: int, way: int) -> int:
        """Connect a client's machine with all nodes; return the connection to the first."""
        if self.hardware is None:
            return 0
        home = self.plant.client(machine or f"{type(group).__name__}.{group.name}.{member}")
        first = len(self.plant.flows)
        for node in range(len(self.model.nodes)):
            self.plant.flow(*((home, node) if way == UP else (node, home)))
        return first

    def _machines(self) -> None:
        """Connect the nodes with each other, and give every replica its files."""
        if self.hardware is None:
            return
        self.first_fetch = len(self.plant.flows)
        for leader in range(len(self.model.nodes)):
            for follower in range(len(self.model.nodes)):
                self.plant.flow(leader, follower)
        lay_out(self.plant, self.hardware, self.replicas)

    def _pollers(self, group: ConsumerGroup) -> None:
        polling, cluster = group.polling, self.model.cluster
        if polling is None or cluster is None:
            raise EngineError(f"`{group.name}` reads no topic")
        sides, number, first = self._sides(group.link), len(self.groups), len(self.pollers)
        self.groups.append(
            {
                "ident": name_identity(self.seed, f"consumers.{group.name}"), "members": group.count,
                "service": self.tables.dist(group.service), "entity": len(self.entities), "lanes": 1,
            }
        )  # fmt: skip
        clients = []
        for member in range(group.count):
            index = first + member
            clients.append(self._client(group, member, codes.CONSUMER, index, 0, sides))
            name = entity_name(group.name, member, group.count)
            for known in {group.name, name}:
                self.consumer_names.setdefault(known, []).append(index)
        self.pollers.extend(poller_rows(group, polling, number, clients))
        for index, (row, client) in enumerate(zip(self.pollers[first:], clients, strict=True), first):
            self.clients[client] |= {"alive": row["alive"]}
            row["first_flow"] = self._connect(group, polling.machine, index, DOWN)
        before = len(self.readers.rows)
        self.readers.add(group, polling, number, range(first, first + group.count))
        unread = sum(row["poller"] < 0 for row in self.readers.rows[before:])
        self.coordinators.append(
            coordinator_row(
                group, polling, nodes=len(self.model.nodes), delay_ns=cluster.rebalance_delay_ns, first_poller=first,
                first_reader=before, readers=len(self.readers.rows) - before, unread=unread,
            )
        )  # fmt: skip
        self.seeks.extend({"at": each.at_ns, "to": each.to, "group": number} for each in polling.seeks)

    def _keyed(self, consumer: str) -> bool:
        """Whether a group reads records that have a key: what it makes of them has it, too."""
        topics = next((group.topics for group in self.model.consumers if group.name == consumer), ())
        senders = [g for g in self.model.producers if g.batching and g.batching.topic in topics]
        return any(g.message.keys.kind != "none" or (g.batching and self._keyed(g.batching.made_by)) for g in senders)

    def _makes(self) -> bool:
        return any(group.batching and group.batching.made_by for group in self.model.producers)

    def _policies(self) -> dict[str, int]:
        if self.hardware is None:
            return {}
        hardware = self.hardware
        return {
            "fetch_bytes": hardware.fetch_bytes, "layout": LAYOUTS[hardware.layout], "flush": FLUSH[hardware.flush],
            "flush_records": hardware.flush_records,
        }  # fmt: skip

    def _brokers(self, cluster: Cluster) -> list[dict[str, Any]]:
        return [
            {
                "heard": 1, "alive": 1, "votes": int(node.name in cluster.controllers), "loss": node.network_loss,
                "ident": name_identity(self.seed, f"nodes.{node.name}.network"),
            }
            for node in self.model.nodes
        ]  # fmt: skip

    def _controller(self, cluster: Cluster) -> dict[str, int]:
        voters = [number for number, node in enumerate(self.model.nodes) if node.name in cluster.controllers]
        kind = log_codes.VOTERS if voters else log_codes.CONTROLLERS[cluster.controller]
        first = {log_codes.DEDICATED: len(self.model.nodes), log_codes.ZOOKEEPER: 0}
        return {
            "kind": kind, "controller": first[kind] if kind in first else voters[0], "voters": len(voters),
            "failover": cluster.failover_ns, "election": cluster.election_ns, "prefer": cluster.preferred_leader_ns,
            "by_mark": int(cluster.truncation == "high_watermark"),
        }  # fmt: skip

    def _allocate(self) -> dict[str, NDArray[Any]]:
        model, cluster = self.model, self.model.cluster
        assert cluster is not None
        polls = max((g.polling.max_records for g in model.consumers if g.polling), default=1)
        readers, steps = self.readers.rows, step_rows(model)
        views = max((part["views"] for part in self.partitions), default=1)
        crowd = len(self.senders) + len(readers) + len(self.replicas) + 4 * len(self.pollers) + len(steps)
        room = HEADROOM + 2 * _RELEASED * self.cap * views + 2 * polls + 16 * crowd
        nodes = [
            {
                "entity": i, "up": 1, "epoch": 1, "publish_ns": node.publish_ns, "deliver_ns": node.deliver_ns,
                "ident": name_identity(self.seed, f"nodes.{node.name}"), "network": node.network_ns,
            }
            for i, node in enumerate(model.nodes)
        ]  # fmt: skip
        named: dict[str, list[dict[str, Any]]] = {
            "nodes": nodes, "clients": self.clients, "producers": self.producers, "groups": self.groups,
            "sides": self.sides, "sources": self.sources.sources, "phases": self.sources.phases,
            "partitions": self.partitions, "replicas": self.replicas, "collectors": self.collectors,
            "senders": self.senders, "readers": readers, "pollers": self.pollers,
            "coordinators": self.coordinators, "seeks": self.seeks, "steps": steps, **self.plant.rows(),
            "transactions": list(self.transactions.values()) or [{}], "brokers": self._brokers(cluster),
        }  # fmt: skip
        bin_ns = max(1, -(-model.end_ns // BINS))
        sizes = {
            "runs": 1, "logs": 1, "wires": (len(nodes) + 1) * (len(nodes) + 1 + len(self.clients)),
            "batches": FIRST_BATCHES, "cells": FIRST_BATCHES * self.cap * views,
            "origins": FIRST_BATCHES * self.cap if self._makes() else 1,
            "heap": 4 * room, "inbox": 256, "outbox": 4 * room, "counts": 256, "jobs": 4 * room,
            "tallies": len(Fate) + len(Cause),
            "stages": len(STAGES), "histograms": len(STAGES) * BUCKETS, "series": -(-model.end_ns // bin_ns),
            "event_rows": max(1 << 16, 16 * room) if self.level == "events" else 1,
            "lags": -(-model.end_ns // bin_ns) * len(readers) if len(readers) <= LAGS_MAX else 1,
            "fate_rows": max(1 << 14, 8 * room * views) if self.level != "counts" else 1,
        }  # fmt: skip
        listed: dict[str, list[Any]] = {
            "dists": self.tables.dists, "targets": [(n,) for n in self.tables.targets],
            "table": [(x,) for x in self.tables.reals],
        }  # fmt: skip
        arrays: dict[str, NDArray[Any]] = {}
        for name, dtype in LOG_ARRAYS:
            if name in named:
                arrays[name] = fill(named[name], dtype)
            elif name == "recorded":
                arrays[name] = self.sources.recorded()
            elif listed.get(name):
                arrays[name] = np.array(listed[name], dtype)
            else:
                arrays[name] = np.zeros(sizes.get(name, 1), dtype)
        fill_record(
            arrays["runs"][0],
            end=model.end_ns, warmup=model.warmup_ns, level=LEVELS[self.level], room=room, copy_free=-1,
            delivery_free=-1, serial=1, bin_ns=bin_ns, next_bin=bin_ns, nodes=len(nodes), clients=len(self.clients),
            steps=len(steps), groups=len(self.groups), producers=len(self.producers),
            digest=name_identity(self.seed, "digest"),
        )  # fmt: skip
        fill_record(
            arrays["logs"][0],
            cap=self.cap, room=self.cap * views, lags=int(len(readers) <= LAGS_MAX), seeks=len(self.seeks),
            partitions=len(self.partitions), replicas=len(self.replicas), senders=len(self.senders),
            readers=len(readers), pollers=len(self.pollers), session=cluster.session_ns,
            writeback=cluster.writeback_ns, first_fetch=self.first_fetch, **self._policies(),
            backoff=min((p["pause"] for p in self.collectors), default=100_000_000), **self._controller(cluster),
        )  # fmt: skip
        return arrays


def build_log(model: Model, seed: int, level: Level) -> Built:
    """Turn a model of a log system into records."""
    return LogBuilder(model, seed, level).run()
