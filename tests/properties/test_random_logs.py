"""Random logs keep the laws that hold for every run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from mqlab.checks import judge
from mqlab.engines.simulation import SimulationEngine
from mqlab.model import Model
from tests.properties import laws
from tests.properties.log_models import log_models, unsteady_models
from tests.properties.transform_models import transform_models

LAWS = (
    laws.fates_add_up, laws.events_are_in_order_of_time, laws.stages_follow_each_other,
    laws.histograms_hold_the_latencies, laws.utilisation_is_a_share, laws.processed_wins,
    laws.effects_are_what_was_told, laws.contract_is_kept, laws.every_life_can_be_told,
)  # fmt: skip


def books_balance(run: laws.Watched) -> None:
    """A batch is one row, so totals are sums of counts; nothing lives on; no figure is below 0."""
    kinds, counts = run.events["kind"], run.events["count"]
    for name, total in (("confirmed", "confirmed"), ("appended", "enqueued"), ("delivered", "delivered"),
                        ("vanished", "vanished"), ("offset_committed", "acked")):  # fmt: skip
        kind = laws.Kind[name.upper()]
        assert counts[kinds == kind].sum() == run.trace.counters.series[total].sum(), name
    assert int(run.machine.run["copies_live"]) == 0
    for part in run.machine.array("partitions"):
        assert 0 <= part["mark"] <= part["end"]
        assert 1 <= part["in_sync"] <= part["replicas"]
    readers = run.machine.array("readers")
    for reader in readers:
        assert reader["ready"] >= 0
        assert reader["unacked"] >= 0
        assert reader["zombies"] >= 0
    assert int(run.machine.run["ready"]) == readers["ready"].sum()
    assert int(run.machine.run["unacked"]) == readers["unacked"].sum()


def groups_hold_together(run: laws.Watched) -> None:
    """A coordinator counts whom it knows; who reads a partition lives; and a group with members has shares for all."""
    pollers, readers = run.machine.array("pollers"), run.machine.array("readers")
    for number, c in enumerate(run.machine.array("coordinators")[: len(run.model.consumers)]):
        mine = pollers[pollers["group"] == number]
        assert c["members"] == mine["known"].sum() + mine["ghosts"].sum()
        own = readers[readers["group"] == number]
        assert c["unread"] == (own["poller"] < 0).sum()
        assert set(own["poller"][own["poller"] >= 0].tolist()) <= set(np.flatnonzero(pollers["alive"] == 1).tolist())
        zombies = pollers[(pollers["group"] == number) & (pollers["zombie"] == 1)]
        assert own["zombies"].sum() == len(zombies)


def each_group_is_owed_what_was_stored(run: laws.Watched) -> None:
    """A record in the log is an obligation to each group that reads its topic; one that never came is one."""
    groups = {topic.name: sum(topic.name in g.topics for g in run.model.consumers) for topic in run.model.topics}
    rows = run.fates
    views = np.array([groups.get(entity.group, 0) for entity in run.trace.entities])
    stored = rows["enqueued_ns"] >= 0
    place = rows["message"].astype(np.int64) * (1 << 20) + rows["copy"]
    assert len(np.unique(place)) == len(place), "copies of a message have numbers of their own"
    for message in np.unique(rows["message"][stored])[:50]:
        own = rows[(rows["message"] == message) & stored]
        assert len(own) % max(1, views[int(own[0]["queue"])]) == 0


def lawful(examples: int) -> Callable[[], None]:
    """A test of so many random models."""

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(log_models())
    def hold(model: Model) -> None:
        run = laws.Watched(model)
        for law in (*LAWS, books_balance, groups_hold_together, each_group_is_owed_what_was_stored):
            law(run)
        assert SimulationEngine().run(model, level="counts").digest == run.trace.digest

    return hold


def test_random_logs_keep_every_law() -> None:
    lawful(120)()


@pytest.mark.soak
def test_two_thousand_random_logs_keep_every_law() -> None:
    lawful(2000)()


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(unsteady_models())
def test_numbered_batches_are_neither_doubled_nor_disordered(model: Model) -> None:
    """Idempotence and acks=all: whatever the link does, each record stands once in its log, and keys stay in order."""
    trace = SimulationEngine().run(model)
    found = {finding.name: finding for finding in judge(trace, {}, model=model)}
    for anomaly in ("log_duplicate", "enqueued_twice", "out_of_order", "lost"):
        assert found[anomaly].count == 0, anomaly


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(transform_models())
def test_what_goes_with_a_transaction_happens_once(model: Model) -> None:
    """Whatever crashes: of each record one is made that counts, and its work has one effect."""
    run = laws.Watched(model)
    for law in (*LAWS, books_balance):
        law(run)
    rows = run.fates
    assert rows["effects"].max(initial=0) <= 1
    made = rows[(rows["in_reply_to"] >= 0) & (rows["processings"] > 0)]
    assert len(set(made["in_reply_to"].tolist())) == len(made)
    done = rows[(rows["in_reply_to"] < 0) & (rows["processings"] > 0)]
    assert set(made["in_reply_to"].tolist()) <= set(done["message"].tolist())
