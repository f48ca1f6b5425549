"""The grammar: what a person may write in a scenario, as pydantic models that mirror the file field by field.

None means "not given": what it then is, the system's defaults say (see :mod:`mqlab.scenario.resolve`).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from mqlab.scenario.fault_specs import FaultSpec
from mqlab.scenario.fields import (
    Bandwidth,
    Count,
    Duration,
    Expressions,
    Flag,
    Length,
    Levels,
    Lies,
    Name,
    Natural,
    PositiveDuration,
    Probability,
    Seed,
    Size,
    SpecError,
    Text,
    choice,
    short,
)
from mqlab.scenario.groups import ConsumerSpec, LinkSpec, ProducerSpec
from mqlab.scenario.headers import HeadersSpec, Host, RoutingKey
from mqlab.scenario.logs import ClusterSpec, TopicSpec
from mqlab.scenario.mapping import Spec, check_entities, check_list, later
from mqlab.scenario.shapes import DistributionSpec

__all__ = [
    "LOG_SYSTEMS",
    "BindingSpec",
    "ConnectionsSpec",
    "CpuSpec",
    "DeadLetterSpec",
    "DiskSpec",
    "ExchangeSpec",
    "FaultSpec",
    "MemorySpec",
    "NetworkSpec",
    "NodeSpec",
    "QueueSpec",
    "ScenarioSpec",
]  # fmt: skip


LOG_SYSTEMS = ("kafka", "pulsar")
"""Systems whose scenarios have topics; a test holds this to the systems' own word."""
_Kind = Literal["direct", "fanout", "topic", "headers"]
_Match = Literal["all", "any", "all-with-x", "any-with-x"]


class ExchangeSpec(Spec):
    """An exchange."""

    type: Annotated[_Kind, choice("direct", "fanout", "topic", "headers")] | None = None
    durable: Flag | None = None
    alternate: Name | None = None
    vhost: Host | None = None


class BindingSpec(Spec):
    """What an exchange sends to a queue, or to another exchange."""

    exchange: Name = Field(examples=["events"])
    queue: Name | None = None
    to_exchange: Name | None = None
    key: RoutingKey | None = None
    headers: HeadersSpec | None = None
    match: Annotated[_Match, choice("all", "any", "all-with-x", "any-with-x")] | None = None

    @classmethod
    def check_fields(cls, value: dict[str, Any]) -> None:
        """Demand one end."""
        super().check_fields(value)
        ends = [name for name in ("queue", "to_exchange") if value.get(name) is not None]
        if not ends:
            raise SpecError("the binding leads nowhere", "add `queue: NAME`, or `to_exchange: NAME`")
        if len(ends) > 1:
            raise SpecError(
                "`queue` and `to_exchange` exclude each other", "write two bindings", at=("to_exchange",), key=True
            )


Overflow = Literal["drop-head", "reject-publish", "reject-publish-dlx", "drop-newest"]
_OVERFLOW = choice("drop-head", "reject-publish", "reject-publish-dlx", "drop-newest")


class DeadLetterSpec(Spec):
    """Where a queue sends what dies in it."""

    exchange: Text | None = None
    routing_key: Text | None = None

    @classmethod
    def check_fields(cls, value: dict[str, Any]) -> None:
        """Demand that it says something."""
        super().check_fields(value)
        if value.get("exchange") is None and value.get("routing_key") is None:
            raise SpecError("`dead_letter` does not say where to", "write for instance `{routing_key: late}`")


class QueueSpec(Spec):
    """A queue."""

    reserved: ClassVar = {
        "message_ttl": ("`message_ttl` is called `ttl` here", "write `ttl: 5 s`"),
        **later("type", "partitions"),
    }
    durable: Flag | None = None
    exclusive: Flag | None = None
    auto_delete: Flag | None = None
    expires: PositiveDuration | None = None
    vhost: Host | None = None
    max_length: Length | None = None
    max_bytes: Size | None = None
    overflow: Annotated[Overflow, _OVERFLOW] | None = None
    ttl: Duration | None = None
    max_priority: Levels | None = None
    dead_letter: DeadLetterSpec | None = None
    single_active_consumer: Flag | None = None
    delivery_limit: Natural | None = None
    mode: Annotated[Literal["default", "lazy"], choice("default", "lazy")] | None = None
    node: Name | None = None
    replicas: Count | None = None
    election: DistributionSpec | None = None
    suspect: Duration | None = None


class CpuSpec(Spec):
    """What a message costs a node's processor, in and out, and what a connection and an acknowledgement cost it."""

    publish: Duration | None = None
    deliver: Duration | None = None
    connect: Duration | None = None
    ack: Duration | None = None


class ConnectionsSpec(Spec):
    """How many connections a node lets in, and how long it waits for one to be open."""

    max: Count | None = None
    handshake: Duration | None = None


class DiskSpec(Spec):
    """A node's disk."""

    fsync: DistributionSpec | None = None
    bandwidth: Bandwidth | None = None
    group_commit: Duration | None = None
    lies: Lies | None = None
    seek: Duration | None = None


class MemorySpec(Spec):
    """A node's memory: above the limit publishers are blocked."""

    shorthand: ClassVar = "limit"
    limit: Size = Field(examples=["400 MB"])
    check: PositiveDuration | None = None


class NetworkSpec(Spec):
    """A node's way to the other nodes."""

    reserved: ClassVar = later("bandwidth")
    latency: Duration | None = None
    loss: Probability | None = None


class NodeSpec(Spec):
    """A broker."""

    reserved: ClassVar = later("partitions", "replicas")
    rack: Name | None = None
    cpu: CpuSpec | None = None
    disk: DiskSpec | None = None
    memory: MemorySpec | None = None
    connections: ConnectionsSpec | None = None
    network: NetworkSpec | None = None


def _section(noun: str) -> BeforeValidator:
    return BeforeValidator(check_entities(noun))


class ScenarioSpec(Spec):
    """A whole scenario."""

    reserved: ClassVar = {
        "stop": (
            "stop conditions are not simulated by this version",
            "bound the run with `duration` and `messages`",
        ),
        **later("variables", "include"),
    }
    name: Name | None = None
    description: Text | None = None
    system: Text = Field(examples=["rabbitmq"])
    seed: Seed | None = None
    duration: PositiveDuration = Field(examples=["60 s"])
    drain: Duration | None = None
    warmup: Duration | None = None
    nodes: Annotated[dict[str, NodeSpec], _section("node")] = Field(default={})
    links: Annotated[dict[str, LinkSpec], _section("link")] = Field(default={})
    exchanges: Annotated[dict[str, ExchangeSpec], _section("exchange")] = Field(default={})
    queues: Annotated[dict[str, QueueSpec], _section("queue")] = Field(default={})
    topics: Annotated[dict[str, TopicSpec], _section("topic")] = Field(default={})
    cluster: ClusterSpec | None = None
    bindings: Annotated[
        list[BindingSpec], BeforeValidator(check_list("`- {exchange: events, queue: orders}`", 10_000))
    ] = Field(default=[])
    producers: Annotated[dict[str, ProducerSpec], _section("producer")] = Field(default={})
    consumers: Annotated[dict[str, ConsumerSpec], _section("consumer")] = Field(default={})
    faults: Annotated[list[FaultSpec], BeforeValidator(check_list("`- {at: 20 s, crash: broker, for: 3 s}`", 1000))] = (
        Field(default=[])
    )
    expect: Expressions = Field(default=[])

    @classmethod
    def reserve(cls, value: dict[str, Any]) -> dict[str, tuple[str, str]]:
        """Name the places kept for log systems, as the chosen system sees them."""
        system = short(value.get("system", "rabbitmq"))
        logs = {
            word: (f"`{word}` need a log system; system '{system}' has none", "describe `queues` instead")
            for word in ("topics", "groups", "partitions", "replicas", "disks", "cluster")
        }
        if system in LOG_SYSTEMS:
            queues = (f"`queues` mean nothing to system '{system}'", "describe `topics` instead")
            logs = {word: (f"`{word}` have no section of their own", "write them under a topic in `topics`")
                    for word in ("partitions", "replicas")} | {"queues": queues}  # fmt: skip
            logs["groups"] = ("`groups` are written as `consumers`", "write `consumers: {NAME: {topic: TOPIC}}`")
        logs["disks"] = ("`disks` have no section of their own", "write `disk` under a node in `nodes`")
        return {**cls.reserved, **logs}
