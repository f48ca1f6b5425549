"""Random models of brokers and bookies keep the laws that hold for every run."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings

from mqlab.engines.simulation import SimulationEngine
from mqlab.model import Model
from tests.properties import laws
from tests.properties.ledger_models import ledger_models

LAWS = (
    laws.fates_add_up, laws.events_are_in_order_of_time, laws.stages_follow_each_other,
    laws.histograms_hold_the_latencies, laws.utilisation_is_a_share, laws.processed_wins,
    laws.effects_are_what_was_told, laws.contract_is_kept, laws.every_life_can_be_told,
)  # fmt: skip


def books_balance(run: laws.Watched) -> None:
    """A batch is one row, so totals are sums of counts; nothing lives on; no figure is below 0."""
    kinds, counts = run.events["kind"], run.events["count"]
    for name, total in (("confirmed", "confirmed"), ("appended", "enqueued"), ("delivered", "delivered"),
                        ("vanished", "vanished")):  # fmt: skip
        kind = laws.Kind[name.upper()]
        assert counts[kinds == kind].sum() == run.trace.counters.series[total].sum(), name
    assert int(run.machine.run["copies_live"]) == 0
    ledger = run.machine.array("ledgers")[0]
    for cursor in run.machine.array("cursors")[: ledger["cursors"]]:
        assert cursor["ready"] >= 0
        assert cursor["unacked"] >= 0
    for hand in run.machine.array("hands")[: ledger["hands"]]:
        assert hand["unacked"] >= 0
    for part in run.machine.array("partitions"):
        assert 0 <= part["mark"] <= part["end"]


def lawful(examples: int) -> Callable[[], None]:
    """A test of so many random models."""

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(ledger_models())
    def hold(model: Model) -> None:
        run = laws.Watched(model)
        for law in (*LAWS, books_balance):
            law(run)
        assert SimulationEngine().run(model, level="counts").digest == run.trace.digest

    return hold


def test_random_ledgers_keep_every_law() -> None:
    lawful(60)()


@pytest.mark.soak
def test_ten_thousand_random_ledgers_keep_every_law() -> None:
    lawful(10_000)()
