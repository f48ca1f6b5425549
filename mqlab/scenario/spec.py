"""The grammar: what a person may write in a scenario, as pydantic models that mirror the file field by field.

None means "not given": what it then is, the system's defaults say (see :mod:`mqlab.scenario.resolve`).
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, Tag

from mqlab.scenario.fields import (
    WRITTEN,
    Bandwidth,
    Count,
    Duration,
    Durations,
    Expressions,
    Flag,
    Length,
    Name,
    Natural,
    Number,
    Positive,
    PositiveDuration,
    Probability,
    Seed,
    Size,
    SpecError,
    Switch,
    Text,
    Until,
    choice,
    short,
)
from mqlab.scenario.mapping import Spec, check_entities, check_list
from mqlab.scenario.shapes import ArrivalsSpec, BackoffSpec, DistributionSpec, KeySpec, ServiceSpec

__all__ = [
    "BindingSpec", "ConfirmSpec", "ConnectionSpec", "ConsumerSpec", "DestinationSpec", "ExceptionsSpec",
    "FaultSpec", "LinkSideSpec", "LinkSpec", "NodeSpec", "ProducerSpec", "QueueSpec", "RetrySpec",
    "ScenarioSpec",
]  # fmt: skip


def _later(*names: str) -> dict[str, tuple[str, str]]:
    return {name: (f"`{name}` is not simulated by this version", "leave it out") for name in names}


class LinkSideSpec(Spec):
    """One direction of a link."""

    latency: DistributionSpec | None = None
    loss: Probability | None = None
    duplicate: Probability | None = None


class LinkSpec(LinkSideSpec):
    """A link; what ``up`` (towards the broker) and ``down`` say takes precedence."""

    reserved: ClassVar = _later("bandwidth")
    ordered: Flag | None = None
    up: LinkSideSpec | None = None
    down: LinkSideSpec | None = None


LinkUse = Annotated[Annotated[LinkSpec, Tag("<mapping>")] | Annotated[Name, Tag("<scalar>")], WRITTEN]


class ConnectionSpec(Spec):
    """A client's connection."""

    heartbeat: Duration | None = None
    reconnect: PositiveDuration | None = None


class MessageSpec(Spec):
    """What a group's messages look like."""

    reserved: ClassVar = _later("ttl", "expiration", "priority", "headers")
    size: Size | None = None
    key: KeySpec | None = None
    persistent: Flag | None = None


def _weights(value: Any) -> Any:
    if not value:
        raise SpecError("there is no routing key", "write `{red: 3, blue: 1}`, or one key as text")
    return value


_Weights = Annotated[dict[str, Positive], BeforeValidator(_weights), Tag("<mapping>")]


class DestinationSpec(Spec):
    """Where a group publishes to."""

    reserved: ClassVar = _later("mandatory", "topic", "partition")
    exchange: Text | None = None
    routing_key: Annotated[_Weights | Annotated[Text, Tag("<scalar>")], WRITTEN] | None = None


class ConfirmSpec(Spec):
    """Publisher confirms."""

    max_in_flight: Natural | None = None
    timeout: Duration | None = None


class RetrySpec(Spec):
    """How often a producer tries; ``attempts`` counts the first try."""

    attempts: Count | None = None
    backoff: BackoffSpec | None = None


_Confirm = Annotated[ConfirmSpec, Tag("<mapping>")] | Annotated[Switch, Tag("<scalar>")]
_Retry = Annotated[RetrySpec, Tag("<mapping>")] | Annotated[Switch, Tag("<scalar>")]
_To = Annotated[DestinationSpec, Tag("<mapping>")] | Annotated[Text, Tag("<scalar>")]


class ProducerSpec(Spec):
    """A group of producers alike."""

    reserved: ClassVar = _later("transactions", "batch", "partitioner")
    count: Count | None = None
    each: Flag | None = None
    arrivals: ArrivalsSpec = Field(examples=["{poisson: 100/s}"])
    prepare: DistributionSpec | None = None
    message: MessageSpec | None = None
    to: Annotated[_To, WRITTEN] | None = None
    confirm: Annotated[_Confirm, WRITTEN] | None = None
    retry: Annotated[_Retry, WRITTEN] | None = None
    link: LinkUse | None = None
    connection: ConnectionSpec | None = None
    node: Name | None = None


class ExchangeSpec(Spec):
    """An exchange."""

    reserved: ClassVar = _later("alternate")
    type: Annotated[Literal["direct", "fanout"], choice("direct", "fanout", later=("topic", "headers"))] | None = None
    durable: Flag | None = None


class BindingSpec(Spec):
    """What an exchange sends to a queue."""

    exchange: Name = Field(examples=["events"])
    queue: Name = Field(examples=["orders"])
    key: Text | None = None


Overflow = Literal["drop-head", "reject-publish", "drop-newest"]
_OVERFLOW = choice("drop-head", "reject-publish", "drop-newest", later=("reject-publish-dlx",))


class QueueSpec(Spec):
    """A queue."""

    reserved: ClassVar = _later(
        "ttl", "message_ttl", "expires", "max_priority", "max_bytes", "dead_letter", "type", "delivery_limit",
        "single_active_consumer", "partitions", "replicas",
    )  # fmt: skip
    durable: Flag | None = None
    max_length: Length | None = None
    overflow: Annotated[Overflow, _OVERFLOW] | None = None
    node: Name | None = None


Reaction = Literal["crash", "requeue", "reject", "hold"]


class ExceptionsSpec(Spec):
    """How a consumer's handler fails."""

    probability: Probability = Field(examples=["1 %"])
    per: Annotated[Literal["delivery", "message"], choice("delivery", "message")] | None = None
    then: Annotated[Reaction, choice("crash", "requeue", "reject", "hold")] | None = None


class ContentionSpec(Spec):
    """How members of a group slow each other down."""

    alpha: Number | None = None
    beta: Number | None = None


class ConsumerSpec(Spec):
    """A group of consumers alike."""

    reserved: ClassVar = _later("group", "offset", "priority", "exclusive")
    queue: Name | None = None
    count: Count | None = None
    prefetch: Natural | None = None
    ack: Annotated[Literal["manual", "auto"], choice("manual", "auto")] | None = None
    service: ServiceSpec | None = None
    exceptions: ExceptionsSpec | None = None
    deduplicate: Flag | None = None
    contention: ContentionSpec | None = None
    restart: Duration | None = None
    link: LinkUse | None = None
    connection: ConnectionSpec | None = None


class CpuSpec(Spec):
    """What a message costs a node's processor, in and out."""

    publish: Duration | None = None
    deliver: Duration | None = None


class DiskSpec(Spec):
    """A node's disk."""

    reserved: ClassVar = _later("seek", "lies")
    fsync: DistributionSpec | None = None
    bandwidth: Bandwidth | None = None
    group_commit: Duration | None = None


class NodeSpec(Spec):
    """A broker."""

    reserved: ClassVar = {
        "memory": ("a node's `memory` has no meaning yet: queues are bounded by `max_length` only", "leave it out"),
        **_later("network", "rack", "partitions", "replicas"),
    }
    cpu: CpuSpec | None = None
    disk: DiskSpec | None = None


_KINDS = ("crash", "power_loss", "reset", "silence")


class FaultSpec(Spec):
    """Something that goes wrong: exactly one of crash, power_loss, reset, silence names its target."""

    reserved: ClassVar = _later("partition", "disk_lies", "slow", "clock")
    at: Durations = Field(examples=["20 s"])
    crash: Text | None = None
    power_loss: Text | None = None
    reset: Text | None = None
    silence: Text | None = None
    for_: Until | None = Field(default=None, alias="for")

    @classmethod
    def check_fields(cls, value: dict[str, Any]) -> None:
        """Demand one kind, and a duration where the fault has one."""
        super().check_fields(value)
        kinds = [kind for kind in _KINDS if value.get(kind) is not None]
        if len(kinds) > 1:
            raise SpecError(f"`{kinds[0]}` and `{kinds[1]}` exclude each other", "write two faults", at=(kinds[1],), key=True)
        if not kinds:
            raise SpecError("the fault does not say what goes wrong", "add one of " + ", ".join(f"`{k}: NAME`" for k in _KINDS))
        if kinds[0] == "reset" and value.get("for") is not None:
            raise SpecError("a reset is over at once", "leave `for` out, or use `silence`", at=("for",), key=True)
        if kinds[0] != "reset" and value.get("for") is None:
            raise SpecError(f"a {kinds[0]} needs to know how long it lasts", "add `for: 3 s`, or `for: end`")

    @property
    def kind(self) -> str:
        """What goes wrong."""
        return next(kind for kind in _KINDS if getattr(self, kind) is not None)


def _section(noun: str) -> BeforeValidator:
    return BeforeValidator(check_entities(noun))


class ScenarioSpec(Spec):
    """A whole scenario."""

    reserved: ClassVar = {
        "stop": ("stop conditions are not simulated by this version", "bound the run with `duration` and `messages`"),
        **_later("variables", "include"),
    }
    name: Name | None = None
    description: Text | None = None
    system: Text = Field(examples=["rabbitmq"])
    seed: Seed | None = None
    duration: PositiveDuration = Field(examples=["60 s"])
    drain: Duration | None = None
    warmup: Duration | None = None
    nodes: Annotated[dict[str, NodeSpec], _section("node")] = {}
    links: Annotated[dict[str, LinkSpec], _section("link")] = {}
    exchanges: Annotated[dict[str, ExchangeSpec], _section("exchange")] = {}
    queues: Annotated[dict[str, QueueSpec], _section("queue")] = {}
    bindings: Annotated[list[BindingSpec], BeforeValidator(check_list("`- {exchange: events, queue: orders}`", 10_000))] = []
    producers: Annotated[dict[str, ProducerSpec], _section("producer")] = {}
    consumers: Annotated[dict[str, ConsumerSpec], _section("consumer")] = {}
    faults: Annotated[list[FaultSpec], BeforeValidator(check_list("`- {at: 20 s, crash: broker, for: 3 s}`", 1000))] = []
    expect: Expressions = []


    @classmethod
    def reserve(cls, value: dict[str, Any]) -> dict[str, tuple[str, str]]:
        """Name the places kept for log systems, as the chosen system sees them."""
        system = short(value.get("system", "rabbitmq"))
        logs = {
            word: (f"`{word}` need a log system; system '{system}' has none", "describe `queues` instead")
            for word in ("topics", "groups", "partitions", "replicas", "disks")
        }
        logs["disks"] = ("`disks` have no section of their own", "write `disk` under a node in `nodes`")
        return {**cls.reserved, **logs}
