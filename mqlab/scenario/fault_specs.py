"""The grammar of what goes wrong: faults at a time, and faults that come by themselves."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from mqlab.scenario.fields import (
    Duration,
    Durations,
    Flag,
    Positive,
    PositiveDuration,
    SpecError,
    Text,
    Texts,
    Until,
)
from mqlab.scenario.mapping import Spec, later
from mqlab.scenario.shapes import DistributionSpec

__all__ = ["FaultSpec", "PartitionSpec", "RandomSpec", "TroubleSpec"]

KINDS = ("crash", "power_loss", "reset", "silence", "partition", "slow", "pause", "clock", "disk_full", "split")
_FORMS = {"partition": "partition: {from: NAME, to: NAME}", "slow": "slow: NAME, factor: 10",
          "clock": "clock: NODE, by: 5 min", "split": "split: [NAME, NAME]"}  # fmt: skip
_DETAILS = {"factor": "slow", "by": "clock", "behind": "clock"}


class PartitionSpec(Spec):
    """Packets vanish on the way from one to the other; a client and its node, or a node and its `clients`."""

    from_: Text = Field(alias="from", examples=["stock"])
    to: Text = Field(examples=["broker"])


class TroubleSpec(Spec):
    """What goes wrong, and with whom: exactly one kind names its target."""

    crash: Text | None = None
    power_loss: Text | None = None
    reset: Text | None = None
    silence: Text | None = None
    partition: PartitionSpec | None = None
    slow: Text | None = None
    factor: Positive | None = None
    pause: Text | None = None
    clock: Text | None = None
    disk_full: Text | None = None
    split: Texts | None = None
    by: PositiveDuration | None = None
    behind: PositiveDuration | None = None

    @classmethod
    def check_fields(cls, value: dict[str, Any]) -> None:
        """Demand one kind, and what belongs to it."""
        super().check_fields(value)
        kinds = [kind for kind in KINDS if value.get(kind) is not None]
        if len(kinds) > 1:
            raise SpecError(f"`{kinds[0]}` and `{kinds[1]}` exclude each other", "write two faults", at=(kinds[1],),
                            key=True)  # fmt: skip
        if not kinds:
            forms = ", ".join(f"`{_FORMS.get(k, f'{k}: NAME')}`" for k in KINDS)
            raise SpecError("the fault does not say what goes wrong", f"add one of {forms}")
        kind = kinds[0]
        for detail, owner in _DETAILS.items():
            if value.get(detail) is not None and kind != owner:
                mend = f"leave it out, or write `{_FORMS[owner]}`"
                raise SpecError(f"`{detail}` goes with `{owner}`, not with `{kind}`", mend, at=(detail,), key=True)
        if kind == "slow" and value.get("factor") is None:
            raise SpecError("`slow` does not say how slow", "add `factor: 10`: everything takes ten times as long")
        if kind == "clock":
            _check_clock(value)
        cls.check_lasting(kind, value)

    @classmethod
    def check_lasting(cls, kind: str, value: dict[str, Any]) -> None:
        """Demand a duration where the fault has one."""
        if kind == "reset" and value.get("for") is not None:
            raise SpecError("a reset is over at once", "leave `for` out, or use `silence`", at=("for",), key=True)
        if kind != "reset" and value.get("for") is None:
            raise SpecError(f"a {kind} needs to know how long it lasts", "add `for: 3 s`, or `for: end`")

    @property
    def kind(self) -> str:
        """What goes wrong."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)


def _check_clock(value: dict[str, Any]) -> None:
    """Demand one direction for a clock, and say how one that is behind is written."""
    if value.get("by") is not None and value.get("behind") is not None:
        raise SpecError("`by` and `behind` exclude each other", "keep one of them", at=("behind",), key=True)
    if value.get("by") is None and value.get("behind") is None:
        raise SpecError("`clock` does not say by how much", "add `by: 5 min` (ahead) or `behind: 5 min`")
    if str(value.get("by", "")).strip().startswith("-"):
        mend = f"write `behind: {str(value['by']).strip().lstrip('-').strip()}` for a clock that is set back"
        raise SpecError("a clock that is ahead by less than nothing is behind", mend, at=("by",))


class RandomSpec(TroubleSpec):
    """Faults that come by themselves: how often, and how long each lasts."""

    every: DistributionSpec = Field(examples=["{exponential: 30 s}"])
    for_: DistributionSpec | None = Field(default=None, alias="for")
    each: Flag | None = None
    start: Duration | None = None
    stop: PositiveDuration | None = None

    @classmethod
    def check_lasting(cls, kind: str, value: dict[str, Any]) -> None:
        """Demand a distribution of durations where the fault has one."""
        if kind == "reset":
            super().check_lasting(kind, value)
        elif value.get("for") is None:
            mend = "add `for: 3 s`, or a distribution such as `for: {uniform: {low: 1 s, high: 5 s}}`"
            raise SpecError(f"a {kind} needs to know how long it lasts", mend)
        elif value.get("for") == "end":
            raise SpecError("faults that come again and again cannot last to the end", "write `for: 3 s`", at=("for",))


class FaultSpec(TroubleSpec):
    """Something that goes wrong at given times, or `random`: at times drawn from the seed."""

    reserved: ClassVar = later("disk_lies")
    at: Durations | None = None
    random: RandomSpec | None = None
    for_: Until | None = Field(default=None, alias="for")

    @classmethod
    def check_fields(cls, value: dict[str, Any]) -> None:
        """Demand a time, unless it is random."""
        if value.get("random") is not None:
            other = next((key for key in value if key != "random" and value[key] is not None), None)
            if other is not None:
                raise SpecError(f"`{other}` and `random` exclude each other", "write it inside `random`, or not at all",
                                at=(other,), key=True)  # fmt: skip
            return
        if value.get("at") is None:
            raise SpecError("the field `at` is missing", "add for instance `at: 20 s`")
        super().check_fields(value)
