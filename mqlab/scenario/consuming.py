"""The grammar of what a consumer group may do beyond the plain way: pull, batches, memory, stock, size."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import BeforeValidator, Field, Tag

from mqlab.scenario.fields import (
    COUNT_MAX,
    WRITTEN,
    Count,
    Duration,
    Flag,
    Leaf,
    Natural,
    PositiveDuration,
    Probability,
    SpecError,
    choice,
)
from mqlab.scenario.mapping import Spec, check_list
from mqlab.units import UnitError, parse_count, parse_duration

__all__ = [
    "AcksSpec",
    "Deduplicate",
    "ExceptionsSpec",
    "InventorySpec",
    "Prefetch",
    "PrefetchSpec",
    "PullSpec",
    "RecallSpec",
    "ScaleSteps",
    "TimeoutSpec",
]  # fmt: skip

STEPS_MAX: Final = 100
_How = Annotated[Literal["atomic", "check-then-act"], choice("atomic", "check-then-act")]
_SCALE: Final = "`- {at: 10 s, count: 8}`"


class PullSpec(Spec):
    """The consumer asks for each message, and waits a while when there is none."""

    shorthand: ClassVar = "every"
    every: PositiveDuration | None = None


class PrefetchSpec(Spec):
    """How much may be unacknowledged: for each consumer, and for all consumers on one channel together."""

    consumer: Natural | None = None
    channel: Natural = Field(examples=["30"])


Prefetch = Annotated[Annotated[PrefetchSpec, Tag("<mapping>")] | Annotated[Natural, Tag("<scalar>")], WRITTEN]


class AcksSpec(Spec):
    """The client collects acknowledgements and sends one for several."""

    batch: Count = Field(examples=["10"])
    after: PositiveDuration | None = None


class TimeoutSpec(Spec):
    """How long a delivery may be unacknowledged, and how often the broker looks."""

    shorthand: ClassVar = "after"
    after: Duration | None = None
    check: PositiveDuration | None = None


def _window(value: Any) -> tuple[int, int]:
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return parse_count(value, 1, 10**9, "`1000`, or a time such as `5 min`"), 0
    ns = parse_duration(value, "a number of ids such as `1000`, or a time such as `5 min`")
    if ns == 0:
        raise UnitError("a window of no time remembers nothing", "write for instance `5 min`, or leave it out")
    return 0, ns


Window = Annotated[
    tuple[int, int],
    Leaf(_window, {"type": ["integer", "string"], "description": "how many ids, or how long, such as 1000 or 5 min"}),
]
"""(how many, for how many ns); one of them is 0."""


class RecallSpec(Spec):
    """How a group that deduplicates remembers business ids."""

    window: Window | None = None
    how: _How | None = None
    lookup: Duration | None = None


Deduplicate = Annotated[Annotated[RecallSpec, Tag("<mapping>")] | Annotated[Flag, Tag("<scalar>")], WRITTEN]


class InventorySpec(Spec):
    """What the group sells: each effect takes one item."""

    shorthand: ClassVar = "items"
    items: Natural = Field(examples=["1000"])
    how: _How | None = None


class ScaleSpec(Spec):
    """From a moment on the group has another number of members."""

    at: Duration = Field(examples=["10 s"])
    count: Annotated[int, Leaf(lambda v: parse_count(v, 0, COUNT_MAX, "`8`"), {"type": "integer", "minimum": 0})] = (
        Field(examples=["8"])
    )
    how: Annotated[Literal["graceful", "kill"], choice("graceful", "kill")] | None = None


ScaleSteps = Annotated[list[ScaleSpec], BeforeValidator(check_list(_SCALE, STEPS_MAX))]

Reaction = Literal["crash", "requeue", "reject", "hold", "nack", "reconsume_later"]


def _numbers(value: Any) -> tuple[int, ...]:
    listed = value if isinstance(value, list) else [value]
    if not listed:
        raise UnitError("the list names no message", "write for instance `only: [3]`, or leave it out")
    if len(listed) > 1000:
        raise UnitError(f"the list has {len(listed)} entries", "use at most 1000")
    return tuple(sorted({parse_count(number, 0, 2 * 10**9, "`[3, 7]`") for number in listed}))


Numbers = Annotated[
    tuple[int, ...],
    Leaf(_numbers, {"type": ["array", "integer"], "description": "numbers of messages, as in explain"}, many=True),
]


class ExceptionsSpec(Spec):
    """How a consumer's handler fails: with a probability, on named messages only, at their first deliveries only."""

    probability: Probability | None = None
    per: Annotated[Literal["delivery", "message"], choice("delivery", "message")] | None = None
    then: Annotated[Reaction, choice("crash", "requeue", "reject", "hold", "nack", "reconsume_later")] | None = None
    only: Numbers | None = None
    times: Count | None = None

    @classmethod
    def check_fields(cls, value: dict[str, Any]) -> None:
        """Demand to know what fails."""
        super().check_fields(value)
        if all(value.get(field) is None for field in ("probability", "only", "times")):
            raise SpecError("it does not say which messages fail", "add `probability: 1 %`, or `only: [3]`")
