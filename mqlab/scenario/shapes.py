"""The one-of parts of the grammar: distributions, arrivals, keys, back-off; each `{kind: {parameters}}`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from mqlab.scenario.fields import (
    Chosen,
    Count,
    Duration,
    Natural,
    Number,
    Positive,
    PositiveDuration,
    Probability,
    Rate,
    choice,
)
from mqlab.scenario.mapping import OneOf, Spec, check_list

__all__ = [
    "ArrivalsSpec",
    "BackoffSpec",
    "ClosedSpec",
    "DistributionSpec",
    "GrowingPauseSpec",
    "KeySpec",
    "RampSpec",
    "ServiceSpec",
]


class UniformSpec(Spec):
    """Every duration from low to high is equally likely."""

    low: Duration = Field(examples=["1 ms"])
    high: Duration = Field(examples=["5 ms"])


class ExponentialSpec(Spec):
    """No memory: the time until something that may happen at any moment."""

    shorthand: ClassVar = "mean"
    mean: PositiveDuration = Field(examples=["4 ms"])


class ErlangSpec(Spec):
    """The sum of k exponential stages, with ``mean`` for all of them together."""

    k: Count = Field(examples=["3"])
    mean: PositiveDuration = Field(examples=["4 ms"])


class LognormalSpec(Spec):
    """The usual shape of service times; cv = standard deviation / mean."""

    mean: PositiveDuration = Field(examples=["4 ms"])
    cv: Number = Field(examples=["1"])


class HyperexponentialSpec(Spec):
    """Mostly short, sometimes long: with probability p the first mean, else the second."""

    p: Probability = Field(examples=["90 %"])
    mean1: PositiveDuration = Field(examples=["1 ms"])
    mean2: PositiveDuration = Field(examples=["20 ms"])


_Parts = BeforeValidator(check_list("`- 5 ms`", 16))


class DistributionSpec(OneOf):
    """A distribution of durations; a bare duration is constant."""

    shorthand: ClassVar = "constant"
    reserved: ClassVar = {
        name: (
            f"the distribution `{name}` is not simulated by this version",
            "use lognormal or hyperexponential",
        )
        for name in ("pareto", "weibull", "gamma", "normal", "empirical")
    }
    constant: Duration | None = None
    uniform: UniformSpec | None = None
    exponential: ExponentialSpec | None = None
    erlang: ErlangSpec | None = None
    lognormal: LognormalSpec | None = None
    hyperexponential: HyperexponentialSpec | None = None
    serial: Annotated[list[DistributionSpec], _Parts] | None = None
    parallel: Annotated[list[DistributionSpec], _Parts] | None = None


class ServiceSpec(DistributionSpec):
    """How long the work on a message takes, or ``by_hand``."""

    words: ClassVar = {"by_hand": "by_hand"}
    by_hand: Chosen | None = None


class _Limits(Spec):
    start: Duration | None = None
    stop: PositiveDuration | None = None
    messages: Natural | None = None


class PoissonSpec(_Limits):
    """Independent arrivals at a rate."""

    shorthand: ClassVar = "rate"
    rate: Rate = Field(examples=["100/s"])


class RampSpec(_Limits):
    """Poisson arrivals whose rate changes linearly."""

    from_: Rate = Field(alias="from", examples=["100/s"])
    to: Rate = Field(examples=["1000/s"])
    over: PositiveDuration = Field(examples=["10 s"])


class ClosedSpec(_Limits):
    """Each producer makes its next message a while after the last one was settled."""

    think: DistributionSpec = Field(examples=["100 ms"])


class ArrivalsSpec(OneOf):
    """When messages are created."""

    words: ClassVar = {"by_hand": "by_hand"}
    reserved: ClassVar = {
        name: (
            f"the arrivals `{name}` are not simulated by this version",
            "use poisson, constant, ramp or closed",
        )
        for name in ("mmpp", "piecewise", "burst", "hawkes", "trace")
    }
    poisson: PoissonSpec | None = None
    constant: PoissonSpec | None = None
    ramp: RampSpec | None = None
    closed: ClosedSpec | None = None
    by_hand: Chosen | None = None


class _KeysSpec(Spec):
    shorthand: ClassVar = "keys"
    keys: Count = Field(examples=["100"])


class ZipfSpec(Spec):
    """A few keys are very popular, most are rare."""

    s: Positive = Field(examples=["1.1"])
    keys: Count = Field(examples=["500"])


class KeySpec(OneOf):
    """Business keys of messages."""

    words: ClassVar = {"none": "none"}
    none: Chosen | None = None
    sequence: _KeysSpec | None = None
    uniform: _KeysSpec | None = None
    zipf: ZipfSpec | None = None


class GrowingPauseSpec(Spec):
    """Pauses that grow by a factor."""

    first: PositiveDuration = Field(examples=["200 ms"])
    factor: Positive | None = None
    max: PositiveDuration | None = None
    jitter: Annotated[Literal["none", "full", "equal"], choice("none", "full", "equal")] | None = None


class BackoffSpec(OneOf):
    """The pause before the next try."""

    words: ClassVar = {"none": "none"}
    none: Chosen | None = None
    constant: Duration | None = None
    exponential: GrowingPauseSpec | None = None


DistributionSpec.model_rebuild()
