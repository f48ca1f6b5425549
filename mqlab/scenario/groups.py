"""The grammar of those who send and receive: producers, consumers, and their links and connections."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema

from mqlab.scenario.consuming import (
    AcksSpec,
    Deduplicate,
    ExceptionsSpec,
    InventorySpec,
    Prefetch,
    PullSpec,
    ScaleSteps,
    TimeoutSpec,
)
from mqlab.scenario.fields import (
    WRITTEN,
    Bandwidth,
    Count,
    Duration,
    Flag,
    Name,
    Natural,
    Number,
    Positive,
    PositiveDuration,
    Priority,
    Probability,
    Rank,
    Size,
    SpecError,
    Switch,
    Text,
    choice,
)
from mqlab.scenario.headers import Host, PublishedHeaders, RoutingKey, routing_key
from mqlab.scenario.ledgers import AckType, DeadLetterPolicySpec, SubscriptionSpec
from mqlab.scenario.logs import Acks, Commit, Isolation, Partitioner, Reset, SeekSteps, TopicNames
from mqlab.scenario.mapping import OneOf, Spec, check_list, later
from mqlab.scenario.requests import ExpectsRecordSpec, RecordSpec, ReplySpec, RequestSpec
from mqlab.scenario.shapes import (
    ArrivalsSpec,
    BackoffSpec,
    DistributionSpec,
    GrowingPauseSpec,
    KeySpec,
    ServiceSpec,
    SizesSpec,
)
from mqlab.units import UnitError, parse_count

__all__ = [
    "BufferSpec",
    "ByKeySpec",
    "ConfirmSpec",
    "ConnectionSpec",
    "ConsumerSpec",
    "ContentionSpec",
    "DestinationSpec",
    "ExceptionsSpec",
    "LinkSideSpec",
    "LinkSpec",
    "LossSpec",
    "MessageSpec",
    "ProducerSpec",
    "ReconnectSpec",
    "RetrySpec",
    "TransactionsSpec",
]  # fmt: skip


class GilbertElliottSpec(Spec):
    """Loss in bursts: a good and a bad state, and how likely a packet is to turn one into the other."""

    p: Probability = Field(examples=["1 %"])
    r: Probability = Field(examples=["25 %"])
    good: Probability | None = None
    bad: Probability | None = None


class BurstsSpec(Spec):
    """Loss in bursts: how much is lost in all, and how many in a row on average."""

    rate: Probability = Field(examples=["2 %"])
    length: Positive = Field(examples=["5"])


class LossSpec(OneOf):
    """What a link loses: each packet for itself, or in bursts."""

    shorthand: ClassVar = "independent"
    independent: Probability | None = None
    gilbert_elliott: GilbertElliottSpec | None = None
    bursts: BurstsSpec | None = None


class LinkSideSpec(Spec):
    """One direction of a link."""

    latency: DistributionSpec | None = None
    loss: LossSpec | None = None
    duplicate: Probability | None = None
    bandwidth: Bandwidth | None = None


class LinkSpec(LinkSideSpec):
    """A link; what ``up`` (towards the broker) and ``down`` say takes precedence."""

    ordered: Flag | None = None
    up: LinkSideSpec | None = None
    down: LinkSideSpec | None = None


LinkUse = Annotated[Annotated[LinkSpec, Tag("<mapping>")] | Annotated[Name, Tag("<scalar>")], WRITTEN]


_Named = Annotated[list[Name], BeforeValidator(check_list("`- broker-1`", 64)), Tag("<mapping>")]
_Nodes = _Named | Annotated[Literal["all"], choice("all"), Tag("<scalar>")]


class ReconnectSpec(OneOf):
    """The pause before the next try to connect."""

    shorthand: ClassVar = "constant"
    constant: PositiveDuration | None = None
    exponential: GrowingPauseSpec | None = None


class ConnectionSpec(Spec):
    """A client's connection."""

    heartbeat: Duration | None = None
    reconnect: ReconnectSpec | None = None
    round_trips: Natural | None = None
    nodes: Annotated[_Nodes, WRITTEN] | None = None


def _priorities(value: Any) -> Any:
    if not value:
        raise SpecError("there is no priority", "write `{0: 9, 9: 1}` (value: weight), or one number")
    for key in value if isinstance(value, dict) else ():
        try:
            parse_count(Decimal(key) if key.isdecimal() else key, 0, 255, "`5`")
        except UnitError as error:
            raise SpecError(error.what, error.mend, at=(key,), key=True) from None
    return value


_Priorities = Annotated[dict[str, Positive], BeforeValidator(_priorities), Tag("<mapping>")]


class MessageSpec(Spec):
    """What a group's messages look like."""

    reserved: ClassVar = {
        "headers": ("a message's headers stand where it is sent to", "write `to: {headers: {...}}`"),
        "expiration": ("`expiration` is called `ttl` here", "write `ttl: 5 s`"),
    }
    size: SizesSpec | None = None
    key: KeySpec | None = None
    persistent: Flag | None = None
    ttl: Duration | None = None
    priority: Annotated[_Priorities | Annotated[Priority, Tag("<scalar>")], WRITTEN] | None = None


def _weights(value: Any) -> Any:
    if not value:
        raise SpecError("there is no routing key", "write `{red: 3, blue: 1}`, or one key as text")
    for key in value:
        try:
            routing_key(key)
        except UnitError as error:
            raise SpecError(error.what, error.mend, at=(key,), key=True) from None
    return value


class ByKeySpec(Spec):
    """The routing key follows the business key: ``{key}`` stands for it."""

    by_key: RoutingKey = Field(examples=["orders_{key}"])


def _routing_form(value: Any) -> str:
    if isinstance(value, str | bool | int | Decimal):
        return "<scalar>"
    return "<by_key>" if isinstance(value, dict) and "by_key" in value else "<mapping>"


_WEIGHTS = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number"], "description": "a number above 0"},
    "not": {"required": ["by_key"]},
}
_Weights = Annotated[dict[str, Positive], BeforeValidator(_weights), WithJsonSchema(_WEIGHTS), Tag("<mapping>")]
_RoutingKey = Annotated[
    _Weights | Annotated[ByKeySpec, Tag("<by_key>")] | Annotated[RoutingKey, Tag("<scalar>")],
    Discriminator(_routing_form),
]


class DestinationSpec(Spec):
    """Where a group publishes to."""

    reserved: ClassVar = later("topic", "partition")
    exchange: Text | None = None
    routing_key: _RoutingKey | None = None
    headers: PublishedHeaders | None = None
    mandatory: Flag | None = None


class ConfirmSpec(Spec):
    """Publisher confirms."""

    max_in_flight: Natural | None = None
    timeout: Duration | None = None


class TransactionsSpec(Spec):
    """Transactions: so many publishes, then a commit that is waited for."""

    shorthand: ClassVar = "size"
    size: Count | None = Field(default=None, examples=["1"])
    after: PositiveDuration | None = None
    rollback: Probability | None = None
    timeout: PositiveDuration | None = None
    id: Name | None = None


class RetrySpec(Spec):
    """How often a producer tries; ``attempts`` counts the first try."""

    attempts: Count | None = None
    backoff: BackoffSpec | None = None


_Confirm = Annotated[ConfirmSpec, Tag("<mapping>")] | Annotated[Switch, Tag("<scalar>")]
_Retry = Annotated[RetrySpec, Tag("<mapping>")] | Annotated[Switch, Tag("<scalar>")]
_Request = Annotated[RequestSpec, Tag("<mapping>")] | Annotated[Switch, Tag("<scalar>")]
_Reply = Annotated[ReplySpec, Tag("<mapping>")] | Annotated[Switch, Tag("<scalar>")]
WhenFull = Literal["block", "drop-newest", "drop-oldest", "fail"]
_To = Annotated[DestinationSpec, Tag("<mapping>")] | Annotated[Text, Tag("<scalar>")]


class BufferSpec(Spec):
    """What a producer keeps that cannot leave yet, and what it does when there is no more room."""

    shorthand: ClassVar = "max"
    max: Natural = Field(examples=["1000"])
    when_full: Annotated[WhenFull, choice("block", "drop-newest", "drop-oldest", "fail")] | None = None


class ProducerSpec(Spec):
    """A group of producers alike."""

    reserved: ClassVar = {
        **later("batch"),
        "transactional_id": ("a transactional id belongs to transactions", "write `transactions: {size: 10, id: ID}`"),
        "enable_idempotence": ("`enable_idempotence` is called `idempotence` here", "write `idempotence: true`"),
    }
    count: Count | None = None
    each: Flag | None = None
    arrivals: ArrivalsSpec = Field(examples=["{poisson: 100/s}"])
    prepare: DistributionSpec | None = None
    message: MessageSpec | None = None
    to: Annotated[_To, WRITTEN] | None = None
    buffer: BufferSpec | None = None
    confirm: Annotated[_Confirm, WRITTEN] | None = None
    transactions: TransactionsSpec | None = None
    retry: Annotated[_Retry, WRITTEN] | None = None
    request: Annotated[_Request, WRITTEN] | None = None
    record: RecordSpec | None = None
    link: LinkUse | None = None
    connection: ConnectionSpec | None = None
    topic: TopicNames | None = None
    commit: Commit | None = None
    commit_interval: PositiveDuration | None = None
    max_poll: Count | None = None
    fetch_max: Size | None = None
    fetch_min: Size | None = None
    fetch_wait: PositiveDuration | None = None
    session: PositiveDuration | None = None
    heartbeat: PositiveDuration | None = None
    poll_limit: PositiveDuration | None = None
    assignor: Name | None = None
    reset: Reset | None = None
    static: Flag | None = None
    start: PositiveDuration | None = None
    seek: SeekSteps | None = None
    node: Name | None = None
    vhost: Host | None = None
    acks: Acks | None = None
    linger: Duration | None = None
    batch_size: Size | None = None
    idempotence: Flag | None = None
    max_in_flight: Count | None = None
    request_timeout: PositiveDuration | None = None
    delivery_timeout: PositiveDuration | None = None
    retry_backoff: PositiveDuration | None = None
    buffer_memory: Size | None = None
    machine: Name | None = None
    compression: Positive | None = None
    partitioner: Partitioner | None = None
    max_request: Size | None = None
    batch_records: Count | None = None
    send_timeout: PositiveDuration | None = None


class ContentionSpec(Spec):
    """How members of a group slow each other down."""

    alpha: Number | None = None
    beta: Number | None = None


class ConsumerSpec(Spec):
    """A group of consumers alike."""

    reserved: ClassVar = later("group", "offset")
    queue: Name | None = None
    vhost: Host | None = None
    count: Count | None = None
    prefetch: Prefetch | None = None
    pull: PullSpec | None = None
    ack: Annotated[Literal["manual", "auto"], choice("manual", "auto")] | None = None
    service: ServiceSpec | None = None
    acks: AcksSpec | None = None
    timeout: TimeoutSpec | None = None
    concurrency: Count | None = None
    scale: ScaleSteps | None = None
    exceptions: ExceptionsSpec | None = None
    deduplicate: Deduplicate | None = None
    inventory: InventorySpec | None = None
    contention: ContentionSpec | None = None
    reply: Annotated[_Reply, WRITTEN] | None = None
    expects_record: ExpectsRecordSpec | None = None
    restart: Duration | None = None
    priority: Rank | None = None
    exclusive: Flag | None = None
    link: LinkUse | None = None
    connection: ConnectionSpec | None = None
    topic: TopicNames | None = None
    subscription: SubscriptionSpec | None = None
    ack_type: AckType | None = None
    receiver_queue: Count | None = None
    nack_delay: Duration | None = None
    ack_timeout: Duration | None = None
    max_unacked: Count | None = None
    dead_letter: DeadLetterPolicySpec | None = None
    retry_after: PositiveDuration | None = None
    commit: Commit | None = None
    commit_interval: PositiveDuration | None = None
    max_poll: Count | None = None
    fetch_max: Size | None = None
    machine: Name | None = None
    isolation: Isolation | None = None
    fetch_min: Size | None = None
    fetch_wait: PositiveDuration | None = None
    session: PositiveDuration | None = None
    heartbeat: PositiveDuration | None = None
    poll_limit: PositiveDuration | None = None
    assignor: Name | None = None
    reset: Reset | None = None
    static: Flag | None = None
    start: PositiveDuration | None = None
    seek: SeekSteps | None = None
