"""Within the tolerance that is promised nothing is lost: one bookie fewer is lost than the ack quorum has."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mqlab import systems
from mqlab.checks import judge
from mqlab.engines.simulation import SimulationEngine
from mqlab.model import Fault, Model
from tests.properties import ledger_models as drawn
from tests.support.ledgers import BOOKIES, BROKERS, ledger, sender, topic
from tests.support.models import MS, US, every


@st.composite
def tolerated(draw: st.DrawFn) -> Model:
    """Two bookies must have an entry; one may be lost, and everybody else may go down and return."""
    at = st.integers(1, 120).map(lambda ms: ms * MS + 130 * US)
    lasts = st.sampled_from([5 * MS, 40 * MS, 150 * MS])
    group = draw(drawn.groups("r"))
    returning = st.builds(
        lambda at, kind, who, lasts: Fault(at, "crash" if who == "r" else kind, who, lasts),
        at, st.sampled_from(["crash", "power_loss"]), st.sampled_from((*BROKERS, *BOOKIES, "r")), lasts,
    )  # fmt: skip
    lost = st.builds(lambda at, who: [Fault(at, "crash", who, -1)], at, st.sampled_from(BOOKIES))
    faults = draw(st.lists(returning, max_size=6)) + draw(st.just([]) | lost)
    quorum = draw(st.sampled_from([(2, 2, 2), (3, 2, 2), (3, 3, 2)]))
    letters = [group.subscribing.dead_letter, group.subscribing.retry] if group.subscribing else []
    return ledger(
        topics=[topic(quorum=quorum, deduplicate=draw(st.booleans())),
                *(topic(name, quorum=quorum) for name in letters if name)],
        producers=[sender(arrivals=every(draw(st.sampled_from([300 * US, MS])), 80))], consumers=[group], faults=faults,
        fsync_ns=draw(st.sampled_from([0, 300 * US, 4 * MS])), group_commit_ns=draw(st.sampled_from([0, MS])),
        session_ns=draw(st.sampled_from([8 * MS, 30 * MS])), duration_ns=100 * MS, drain_ns=900 * MS,
        seed=draw(st.integers(1, 99)),
    )  # fmt: skip


def search(examples: int) -> Callable[[], None]:
    """Look for a loss in so many random runs."""

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(tolerated())
    def hold(model: Model) -> None:
        promises = systems.get("pulsar").contract(model)
        if promises["lost"].permitted:  # what fails is covered by a cumulative acknowledgement
            assert "cumulatively" in promises["lost"].because
            return
        trace = SimulationEngine().run(model, level="fates")
        found = {finding.name: finding.count for finding in judge(trace, promises, model=model)}
        assert found["lost"] == 0

    return hold


def test_a_slice_of_tolerated_faults_loses_nothing() -> None:
    search(60)()


@pytest.mark.soak
def test_ten_thousand_tolerated_faults_lose_nothing() -> None:
    search(10_000)()
