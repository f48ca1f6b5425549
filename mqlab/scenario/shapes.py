"""The one-of parts of the grammar: distributions, arrivals, keys, back-off; each `{kind: {parameters}}`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from mqlab.scenario.fields import (
    Chosen,
    Count,
    Duration,
    Flow,
    Name,
    Natural,
    Number,
    Positive,
    PositiveDuration,
    Probability,
    Rate,
    Size,
    Text,
    choice,
)
from mqlab.scenario.mapping import OneOf, Spec, check_list

__all__ = [
    "ArrivalsSpec",
    "BackoffSpec",
    "BurstSpec",
    "ClosedSpec",
    "DistributionSpec",
    "GrowingPauseSpec",
    "HawkesSpec",
    "KeySpec",
    "MmppSpec",
    "PiecewiseSpec",
    "RampSpec",
    "ServiceSpec",
    "SizesSpec",
    "TraceSpec",
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


class UniformSizeSpec(Spec):
    """Every size from low to high is equally likely."""

    low: Size = Field(examples=["100 B"])
    high: Size = Field(examples=["10 KiB"])


class ExponentialSizeSpec(Spec):
    """Mostly small, now and then several times the mean."""

    shorthand: ClassVar = "mean"
    mean: Size = Field(examples=["1 KiB"])


class LognormalSizeSpec(Spec):
    """Many small and a few large ones; cv = standard deviation / mean."""

    mean: Size = Field(examples=["1 KiB"])
    cv: Number = Field(examples=["1"])


class HyperexponentialSizeSpec(Spec):
    """Of two sorts: with probability p the first mean, else the second."""

    p: Probability = Field(examples=["90 %"])
    mean1: Size = Field(examples=["1 KiB"])
    mean2: Size = Field(examples=["100 KiB"])


class SizesSpec(OneOf):
    """A distribution of sizes, drawn for each message; a bare size is constant."""

    shorthand: ClassVar = "constant"
    constant: Size | None = None
    uniform: UniformSizeSpec | None = None
    exponential: ExponentialSizeSpec | None = None
    lognormal: LognormalSizeSpec | None = None
    hyperexponential: HyperexponentialSizeSpec | None = None


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


class StepSpec(Spec):
    """From a moment on, counted from ``start``, the rate is this."""

    from_: Duration = Field(alias="from", examples=["10 s"])
    rate: Flow = Field(examples=["1000/s"])


class PiecewiseSpec(_Limits):
    """Poisson arrivals whose rate changes at set times and is constant between them."""

    listed: ClassVar = "steps"
    steps: Annotated[list[StepSpec], BeforeValidator(check_list("`- {from: 10 s, rate: 1000/s}`", 1000))] = Field(
        examples=["[{from: 0 s, rate: 100/s}]"]
    )


class BurstSpec(_Limits):
    """Every so often a burst of so many messages: all at once, or spread evenly over a while."""

    every: PositiveDuration = Field(examples=["10 s"])
    of: Count = Field(examples=["500"])
    over: Duration | None = None


class StateSpec(Spec):
    """A state of a Markov chain: the rate in it, how long it lasts on average, and the weights of what is next."""

    rate: Flow = Field(examples=["1000/s"])
    stay: PositiveDuration = Field(examples=["10 s"])
    next: Annotated[list[Number], BeforeValidator(check_list("`[0, 3, 1]`", 32))] | None = None


class MmppSpec(_Limits):
    """Poisson arrivals whose rate depends on the state of a Markov chain; one state follows the other in a ring."""

    listed: ClassVar = "states"
    states: Annotated[list[StateSpec], BeforeValidator(check_list("`- {rate: 100/s, stay: 10 s}`", 32))] = Field(
        examples=["[{rate: 100/s, stay: 10 s}, {rate: 1000/s, stay: 1 s}]"]
    )


class HawkesSpec(_Limits):
    """Self-exciting arrivals: each message brings about ``branching`` more, on average ``decay`` later."""

    base: Rate = Field(examples=["20/s"])
    branching: Number = Field(examples=["0.8"])
    decay: PositiveDuration = Field(examples=["1 s"])


class TraceSpec(_Limits):
    """Arrivals as they were recorded, in a CSV file beside the scenario."""

    shorthand: ClassVar = "file"
    file: Text = Field(examples=["traces/day.csv"])
    speed: Positive | None = None


class ArrivalsSpec(OneOf):
    """When messages are created."""

    words: ClassVar = {"by_hand": "by_hand"}
    poisson: PoissonSpec | None = None
    constant: PoissonSpec | None = None
    ramp: RampSpec | None = None
    piecewise: PiecewiseSpec | None = None
    burst: BurstSpec | None = None
    mmpp: MmppSpec | None = None
    hawkes: HawkesSpec | None = None
    trace: TraceSpec | None = None
    closed: ClosedSpec | None = None
    processed_by: Name | None = None
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
