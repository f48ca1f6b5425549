"""The peers that mqlab's speed is measured against do the work they claim, and the same work as mqlab."""

from __future__ import annotations

import importlib.util
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from mqlab import engines
from mqlab.bench import benchmarks_folder
from mqlab.measure import theory
from mqlab.model import Model
from mqlab.scenario import load

from .build import SECOND
from .intervals import assert_agrees

BENCHMARKS = benchmarks_folder()
RUNS, CUSTOMERS = 30, 10_000


@cache
def peer(name: str) -> ModuleType:
    """Load the script of a peer as a module."""
    spec = importlib.util.spec_from_file_location(f"peer_{name}", BENCHMARKS / "peers" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def scenario(name: str) -> Model:
    return load(BENCHMARKS / "scenarios" / f"{name}.yaml").model


@pytest.mark.parametrize("name", ["simpy_resource", "simpy_store", "ciw_mmc"])
def test_a_peer_agrees_with_erlang_c(name: str) -> None:
    if name == "ciw_mmc":
        pytest.importorskip("ciw")
    module = peer(name)
    expected = theory.mmc(module.RATE_PER_S, module.SERVICE_MEAN_S, module.SERVERS)
    sojourns = [module.run(CUSTOMERS, seed)["sojourn_mean_s"] for seed in range(1, RUNS + 1)]
    assert_agrees(sojourns, expected.W_s, within=0.06, what=f"mean sojourn of {name}, s")


@pytest.mark.parametrize("name", ["simpy_resource", "simpy_store", "ciw_mmc"])
def test_a_peer_has_the_figures_of_the_scenario(name: str) -> None:
    if name == "ciw_mmc":
        pytest.importorskip("ciw")
    module, model = peer(name), scenario("mm8")
    customers, servers = model.producers[0], model.consumers[0]
    assert customers.arrivals.kind == "poisson"
    assert customers.arrivals.rate_per_s == module.RATE_PER_S
    assert servers.count == module.SERVERS
    assert servers.service is not None
    assert servers.service.kind == "exponential"
    assert servers.service.params[0] == pytest.approx(module.SERVICE_MEAN_S * SECOND)


def test_the_broker_has_the_figures_of_the_scenario() -> None:
    module, model = peer("simpy_broker"), scenario("full")
    shops, stock, queue, broker = model.producers[0], model.consumers[0], model.queues[0], model.nodes[0]
    assert shops.confirm is not None
    assert stock.service is not None
    backoff, way, fault = shops.retry.backoff, shops.link.up, model.faults[0]
    in_scenario = {
        "PRODUCERS": shops.count,
        "RATE_PER_S": shops.arrivals.rate_per_s,
        "WINDOW": shops.confirm.max_in_flight,
        "CONFIRM_TIMEOUT_S": shops.confirm.timeout_ns / SECOND,
        "ATTEMPTS": shops.retry.attempts,
        "BACKOFF_FIRST_S": backoff.first_ns / SECOND,
        "BACKOFF_FACTOR": backoff.factor,
        "BACKOFF_MAX_S": backoff.max_ns / SECOND,
        "LATENCY_LOW_S": way.latency.params[0] / SECOND,
        "LATENCY_HIGH_S": way.latency.params[1] / SECOND,
        "LOSS": way.loss,
        "QUEUE_LENGTH": queue.max_length,
        "FSYNC_S": broker.disk.fsync.params[0] / SECOND,
        "CONSUMERS": stock.count,
        "PREFETCH": stock.prefetch,
        "SERVICE_MEAN_S": stock.service.params[0] / SECOND,
        "RECONNECT_S": shops.connection.reconnect_ns / SECOND,
        "CRASH_AT_S": fault.at_ns / SECOND,
        "CRASH_FOR_S": fault.for_ns / SECOND,
        "DRAIN_S": model.drain_ns / SECOND,
    }
    assert {name: getattr(module, name) for name in in_scenario} == pytest.approx(in_scenario)
    assert (backoff.jitter, queue.overflow, stock.ack, fault.kind) == (
        "full",
        "reject-publish",
        "manual",
        "crash",
    )
    assert (broker.publish_ns, broker.deliver_ns, broker.disk.group_commit_ns) == (0, 0, 0)
    assert stock.deduplicate
    assert queue.durable
    assert shops.message.persistent
    assert stock.link.up.loss == stock.link.down.loss == 0.0
    assert shops.link.down == shops.link.up
    assert stock.link.up.latency == stock.link.down.latency == way.latency


@cache
def broker_totals(style: str) -> dict[str, Any]:
    totals: dict[str, Any] = peer("simpy_broker").run(scenario("full").duration_ns / SECOND, 1, style)
    return totals


@pytest.mark.parametrize("style", ["wait", "watch"])
def test_the_broker_loses_nothing_and_does_nothing_twice(style: str) -> None:
    totals = broker_totals(style)
    assert totals["created"] == totals["confirmed"] == totals["effects"]
    assert totals["gave_up"] == 0
    assert totals["sent"] > totals["stored"] + totals["refused"] > totals["created"]
    assert totals["processings"] > totals["stored"] > totals["effects"]
    assert totals["refused"] > 0
    assert totals["returned"] > 0


@pytest.mark.parametrize("style", ["wait", "watch"])
def test_the_broker_does_the_same_work_per_message_as_ours(style: str) -> None:
    """Per message created, over the mean of three seeds; one run varies by 1 %, what is refused by 5 %."""
    totals, seeds = broker_totals(style), (1, 2, 3)
    theirs = {name: totals[name] / totals["created"] for name in ("sent", "stored", "refused", "processings")}
    traces = [engines.get("sim").run(scenario("full"), seed=seed, level="counts") for seed in seeds]
    kinds = {"sent": ("sent",), "stored": ("enqueued",), "refused": ("enqueue_refused",)}
    kinds["processings"] = ("processed", "deduplicated", "effect")
    created = sum(trace.counters.messages["created"] for trace in traces)
    ours = {
        name: sum(trace.counters.events_by_kind[kind] for trace in traces for kind in spelt) / created
        for name, spelt in kinds.items()
    }
    assert ours["refused"] == pytest.approx(theirs.pop("refused"), rel=0.3)
    assert {name: ours[name] for name in theirs} == pytest.approx(theirs, rel=0.06)
