"""The simulation against an independent one: same models, same distributions of everything that is counted.

Both run RUNS times, the engine under the seeds 1 … RUNS, the SimPy model under 1001 …; runs are independent,
so each figure of a run is one observation of a sample of size RUNS. Two things are compared for every figure:

- its mean, by Welch's interval for the difference at level 10⁻⁷ (see ``intervals.py``), which may be no
wider than
  ``WITHIN`` of the mean, so that a difference of that size would be found;
- its whole distribution, by the two-sample Kolmogorov–Smirnov test at level 10⁻⁷ (conservative for whole
numbers).

Thirty-two figures of nine models, two comparisons each: a false alarm has a probability below 600 · 10⁻⁷.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest
from scipy import stats

from mqlab import engines
from mqlab.model import (
    Arrivals,
    Backoff,
    Confirm,
    Connection,
    Disk,
    Distribution,
    Exceptions,
    Fault,
    Link,
    LinkSide,
    Model,
    Node,
    Queue,
    Retry,
)

from .build import BROKER, MILLISECOND, QUEUE, SECOND, broker_model, exponential
from .intervals import ALPHA, of_difference
from .simpy_model import simulate

RUNS = 120
RATE_PER_S = 2000.0
DURATION_NS = 400 * MILLISECOND
WITHIN = 0.12

COUNTS = (
    "created", "sent", "packet_lost", "confirmed", "refused", "timed_out", "unknown", "backed_off", "gave_up",
    "enqueued", "enqueue_refused", "evicted", "vanished", "recovered", "dispatched", "delivered", "acked",
    "requeued", "failed", "processed", "deduplicated",
)  # fmt: skip
STAGES = ("latency", "created_sent", "created_enqueued", "created_confirmed", "enqueued_delivered")

UNEVEN = Distribution("uniform", (0.2 * MILLISECOND, 1.8 * MILLISECOND))
LONG_WAY = LinkSide(exponential(0.001))
LOSSY_WAY = LinkSide(UNEVEN, loss=0.15)
DISK = Disk(fsync=Distribution("uniform", (1.0 * MILLISECOND, 3.0 * MILLISECOND)), bandwidth_bytes_per_s=0.0,
            group_commit_ns=MILLISECOND)  # fmt: skip
SAFE = Queue(QUEUE, BROKER, durable=True)
STUBBORN = Retry(6, Backoff(10 * MILLISECOND, 2.0, 60 * MILLISECOND, "full"))


def model(**features: object) -> Model:
    """A busy broker: 2000 messages a second from four producers, six consumers loaded to 0.8."""
    settings: dict[str, object] = {
        "arrivals": Arrivals("poisson", rate_per_s=RATE_PER_S, stop_ns=DURATION_NS),
        "service": Distribution("erlang", (2, 2.4 * MILLISECOND)),
        "producers": 4,
        "consumers": 6,
        "prefetch": 3,
        "producer_link": Link(LONG_WAY, LONG_WAY),
        "consumer_link": Link(LinkSide(UNEVEN), LinkSide(UNEVEN)),
        "connection": Connection(heartbeat_ns=0, reconnect_ns=20 * MILLISECOND),
        "duration_ns": DURATION_NS,
        "drain_ns": 2 * SECOND,
    }
    return broker_model(**(settings | features))  # type: ignore[arg-type]


MODELS: dict[str, Callable[[], Model]] = {
    "in memory, nobody confirms": lambda: model(),
    "the processor is busy": lambda: model(
        node=Node(BROKER, publish_ns=150_000, deliver_ns=200_000, disk=DISK), prefetch=1, consumers=20
    ),
    "confirms from the disk in a narrow window": lambda: model(
        persistent=True, queue=SAFE, node=Node(BROKER, 0, 0, DISK), confirm=Confirm(4, 0), retry=STUBBORN
    ),
    "few writes for a disk that waits for company": lambda: model(
        persistent=True,
        queue=SAFE,
        node=Node(BROKER, 0, 0, replace(DISK, group_commit_ns=4 * MILLISECOND)),
        confirm=Confirm(0, 0),
        arrivals=Arrivals("poisson", rate_per_s=RATE_PER_S / 10, stop_ns=DURATION_NS),
    ),
    "lost packets, time-outs, duplicates": lambda: model(
        persistent=True,
        queue=SAFE,
        node=Node(BROKER, 0, 0, DISK),
        confirm=Confirm(50, 25 * MILLISECOND),
        retry=STUBBORN,
        producer_link=Link(LOSSY_WAY, LOSSY_WAY, ordered=False),
        deduplicate=True,
    ),
    "a short queue that refuses": lambda: model(
        queue=Queue(QUEUE, BROKER, durable=False, max_length=5, overflow="reject-publish"),
        confirm=Confirm(0, 0),
        retry=STUBBORN,
        service=exponential(0.0024),
    ),
    "a short queue that drops its head": lambda: model(
        queue=Queue(QUEUE, BROKER, durable=False, max_length=8, overflow="drop-head"),
        service=exponential(0.003),
    ),
    "a crash": lambda: model(
        persistent=True,
        queue=SAFE,
        node=Node(BROKER, 0, 0, DISK),
        confirm=Confirm(20, 100 * MILLISECOND),
        retry=STUBBORN,
        deduplicate=True,
        faults=[Fault(150 * MILLISECOND, "crash", BROKER, 70 * MILLISECOND)],
    ),
    "one in ten fails and is requeued": lambda: model(
        exceptions=Exceptions(0.1, "delivery", "requeue"), service=exponential(0.002)
    ),
}

Sample = dict[str, list[float]]


def from_engine(case: Model) -> Sample:
    """Figures of every run of the engine."""
    engine = engines.get("sim")
    sample: Sample = {}
    for seed in range(1, RUNS + 1):
        counters = engine.run(case, seed=seed, level="counts").counters
        for kind in COUNTS:
            sample.setdefault(kind, []).append(counters.events_by_kind[kind])
        for stage in STAGES:
            count, total, _, longest = counters.moments[stage]
            sample.setdefault(f"mean {stage}", []).append(total / count if count else 0.0)
            sample.setdefault(f"longest {stage}", []).append(longest if count else 0.0)
        sample.setdefault("mean line", []).append(counters.queues[QUEUE].depth_mean)
    return sample


def from_simpy(case: Model) -> Sample:
    """The same figures of every run of the SimPy model."""
    sample: Sample = {}
    for seed in range(1001, 1001 + RUNS):
        figures = simulate(case, seed)
        for kind in COUNTS:
            sample.setdefault(kind, []).append(figures.happened[kind])
        for stage in STAGES:
            took = figures.durations.get(stage, [0.0])
            sample.setdefault(f"mean {stage}", []).append(sum(took) / len(took))
            sample.setdefault(f"longest {stage}", []).append(max(took))
        sample.setdefault("mean line", []).append(figures.line_area / case.end_ns)
    return sample


@cache
def both(name: str) -> tuple[Sample, Sample]:
    """Both samples of a model, made once."""
    case = MODELS[name]()
    return from_engine(case), from_simpy(case)


@pytest.mark.parametrize("name", MODELS)
def test_means_agree(name: str) -> None:
    ours, theirs = both(name)
    wrong = []
    for figure in ours:
        gap = of_difference(ours[figure], theirs[figure])
        if not gap.covers(0.0):
            wrong.append(f"{figure}: {sum(ours[figure]) / RUNS:.6g} against {sum(theirs[figure]) / RUNS:.6g}")
    assert wrong == []


@pytest.mark.parametrize("name", MODELS)
def test_distributions_agree(name: str) -> None:
    ours, theirs = both(name)
    p_values = {figure: float(stats.ks_2samp(ours[figure], theirs[figure]).pvalue) for figure in ours}
    assert {figure: p for figure, p in p_values.items() if p < ALPHA} == {}


@pytest.mark.parametrize("name", MODELS)
def test_the_comparison_is_sharp(name: str) -> None:
    """The intervals of the figures that matter most are narrow enough to find a difference of an eighth."""
    ours, theirs = both(name)
    for figure in ("sent", "processed", "dispatched", "mean latency"):
        mean = sum(theirs[figure]) / RUNS
        assert of_difference(ours[figure], theirs[figure]).half_width <= WITHIN * mean, figure
