"""Published tables and what the simulation makes of the same machines: one entry a paper, one row a figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from mqlab.errors import BadInput, did_you_mean

__all__ = ["PAPERS", "Paper", "Row", "paper", "rows_of"]

Measure = Literal["confirmed", "processed", "sustained", "p50"]


@dataclass(frozen=True, slots=True)
class Row:
    """A published figure and the scenario that stands for it.

    ``measure``: records per second confirmed to their producers, or processed by consumers, in the middle of the run;
    confirmed between warm-up and the end (sustained); or the median time from creation to processing in ms. With
    ``against``, the figure is a share of that scenario's.
    """

    name: str
    scenario: str
    measure: Measure
    published: float | None
    unit: str = "records/s"
    against: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper, where it stands, and its rows in the published order."""

    title: str
    source: str
    rows: tuple[Row, ...]


_LINKEDIN = "linkedin-2014-"
PAPERS: Final = {
    "linkedin-2014": Paper(
        "Benchmarking Apache Kafka: 2 Million Writes Per Second (On Three Cheap Machines)",
        "https://engineering.linkedin.com/kafka/benchmarking-apache-kafka-2-million-writes-second-three-cheap-machines",
        (
            Row("1 producer, no replication", f"{_LINKEDIN}1-producer", "confirmed", 821_557),
            Row("1 producer, 3 replicas, async", f"{_LINKEDIN}1-producer-async", "confirmed", 786_980),
            Row("1 producer, 3 replicas, sync", f"{_LINKEDIN}1-producer-sync", "confirmed", 421_823),
            Row("3 producers, 3 replicas, async", f"{_LINKEDIN}3-producers-async", "confirmed", 2_024_032),
            Row("1 consumer", f"{_LINKEDIN}1-consumer", "processed", 940_521),
            Row("3 consumers", f"{_LINKEDIN}3-consumers", "processed", 2_615_968),
            Row("producer and consumer", f"{_LINKEDIN}producer-and-consumer", "processed", 795_064),
            Row("end to end, median", f"{_LINKEDIN}end-to-end", "p50", 2.0, "ms"),
        ),
    ),
    "topics": Paper(
        "Kafka vs. Apache RocketMQ: Multiple Topic Stress Test Results",
        "https://www.alibabacloud.com/blog/kafka-vs--rocketmq--multiple-topic-stress-test-results_69781",
        (
            Row("Kafka, 64 topics", "topics-kafka-64", "sustained", None),
            Row("Kafka, 256 topics", "topics-kafka-256", "sustained", None),
            Row("RocketMQ, 64 topics", "topics-rocketmq-64", "sustained", None),
            Row("RocketMQ, 256 topics", "topics-rocketmq-256", "sustained", None),
            Row("Kafka, kept from 64 to 256", "topics-kafka-256", "sustained", 0.0163, "", "topics-kafka-64"),
            Row("RocketMQ, kept from 64 to 256", "topics-rocketmq-256", "sustained", 0.84, "", "topics-rocketmq-64"),
        ),
    ),
}


def paper(name: str) -> Paper:
    """Find a paper by its name.

    Raises
    ------
    BadInput
        There is none of that name.
    """
    if name not in PAPERS:
        raise BadInput(f"there is no paper `{name[:60]}`", mend=did_you_mean(name, PAPERS, "papers"))
    return PAPERS[name]


def rows_of(
    name: str,
    *,
    seed: int | None = None,
    overrides: Sequence[str] = (),
    only: Callable[[Row], bool] = lambda _: True,
) -> Iterator[dict[str, Any]]:
    """Run the rows of a paper one after the other, and give name, unit, published, simulated and ratio of each.

    Runs are shorter than the published ones; a rate is that of the middle of a run (see
    :func:`mqlab.measure.throughput.middle_rate_per_s`).

    Examples
    --------
    >>> for row in rows_of("linkedin-2014"):  # doctest: +SKIP
    ...     print(row["name"], row["published"], row["simulated"], row["ratio"])
    """
    done: dict[tuple[str, str], float | None] = {}

    def figure(scenario: str, measure: Measure) -> float | None:
        if (scenario, measure) not in done:
            done[scenario, measure] = _measured(scenario, measure, seed, overrides)
        return done[scenario, measure]

    for row in paper(name).rows:
        if not only(row):
            continue
        simulated = figure(row.scenario, row.measure)
        if row.against:
            whole = figure(row.against, row.measure)
            simulated = simulated / whole if simulated is not None and whole else None
        ratio = simulated / row.published if simulated is not None and row.published else None
        yield {
            "name": row.name, "scenario": row.scenario, "unit": row.unit, "published": row.published,
            "simulated": simulated, "ratio": ratio,
        }  # fmt: skip


def _measured(scenario: str, measure: Measure, seed: int | None, overrides: Sequence[str]) -> float | None:
    from mqlab.face.performing import run
    from mqlab.measure.throughput import middle_rate_per_s, sustained_per_s

    trace = run(scenario, seed=seed, overrides=overrides, trace="counts")
    if measure == "p50":
        nanoseconds = trace.summary["latency_ns"]["p50"]
        return None if nanoseconds is None else nanoseconds / 1e6
    if measure == "sustained":
        return sustained_per_s(trace.trace, "confirmed")
    return middle_rate_per_s(trace.trace, measure)
