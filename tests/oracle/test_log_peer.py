"""The SimPy log that the bench ``log`` measures against has the figures of our scenario, and does the same work."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from mqlab import engines
from mqlab.bench import benchmarks_folder
from mqlab.model import Model
from mqlab.scenario import load

from .build import SECOND
from .test_peers import peer

DURATION_S = 0.05


@cache
def model() -> Model:
    return load(benchmarks_folder() / "scenarios" / "log.yaml", overrides=[f"duration={DURATION_S} s"]).model


@cache
def totals(style: str) -> dict[str, Any]:
    found: dict[str, Any] = peer("simpy_log").run(DURATION_S, style)
    return found


def test_the_log_has_the_figures_of_the_scenario() -> None:
    module, ours = peer("simpy_log"), model()
    sites, counters, (clicks,) = ours.producers[0], ours.consumers[0], ours.topics
    assert sites.batching is not None
    assert counters.polling is not None
    assert counters.service is not None
    in_scenario = {
        "BROKERS": len(ours.nodes),
        "PARTITIONS": len(clicks.partitions),
        "PRODUCERS": sites.count,
        "CONSUMERS": counters.count,
        "RATE_PER_S": sites.arrivals.rate_per_s,
        "BATCH_RECORDS": sites.batching.batch_bytes // sites.message.size_bytes,
        "LINGER_S": sites.batching.linger_ns / SECOND,
        "IN_FLIGHT": sites.batching.max_in_flight,
        "LINK_S": sites.link.up.latency.params[0] / SECOND,
        "NETWORK_S": ours.nodes[0].network_ns / SECOND,
        "CPU_S": ours.nodes[0].publish_ns / SECOND,
        "SERVICE_S": counters.service.params[0] / SECOND,
        "POLL_RECORDS": counters.polling.max_records,
        "DRAIN_S": ours.drain_ns / SECOND,
    }
    assert {name: getattr(module, name) for name in in_scenario} == pytest.approx(in_scenario)
    assert (sites.batching.acks, counters.polling.commit, sites.arrivals.kind) == ("all", "after", "constant")
    assert {len(homes) for homes in clicks.partitions} == {len(ours.nodes)}
    assert sites.link == counters.link
    assert {(node.publish_ns, node.deliver_ns) for node in ours.nodes} == {(20_000, 20_000)}
    assert counters.polling.fetch_bytes >= module.BATCH_RECORDS * sites.message.size_bytes


@pytest.mark.parametrize("style", ["record", "batch"])
def test_the_log_does_the_same_work_as_ours(style: str) -> None:
    theirs, trace = totals(style), engines.get("sim").run(model(), seed=1, level="counts")
    counters = trace.counters
    assert counters.messages["created"] == theirs["messages"] == theirs["confirmed"] == theirs["processed"]
    assert counters.messages["processed"] == counters.messages["confirmed"] == theirs["messages"]
    ours = {
        "batches": counters.events_by_kind["appended"],
        "polls": counters.events_by_kind["offset_committed"],
        "confirm_mean_s": counters.moments["created_confirmed"][1] / theirs["messages"] / SECOND,
        "latency_mean_s": counters.moments["latency"][1] / theirs["messages"] / SECOND,
    }
    assert ours["batches"] == theirs["batches"]
    assert ours["confirm_mean_s"] == pytest.approx(theirs["confirm_mean_s"], rel=0.02)
    assert ours["polls"] == pytest.approx(theirs["polls"], rel=0.1)
    assert ours["latency_mean_s"] == pytest.approx(theirs["latency_mean_s"], rel=0.1)
