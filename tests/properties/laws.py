"""What holds in every run, whatever the model: laws that a random run is held to, one function each."""

from __future__ import annotations

import numpy as np

from mqlab import systems
from mqlab.checks import conservation, judge
from mqlab.core.machine import Machine
from mqlab.engines.simulation import SimulationEngine
from mqlab.explain import explain
from mqlab.measure.little import little
from mqlab.model import Model
from mqlab.trace.fates import Fate
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import Trace
from tests.support.models import event_rows, fate_rows

__all__ = ["LAWS", "Watched", "check_everything", "watched"]


class Watched:
    """A run, and the machine it ran on."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.trace, self.machine = watched(model)
        self.events = event_rows(self.trace)
        self.fates = fate_rows(self.trace)


def watched(model: Model) -> tuple[Trace, Machine]:
    """Run a model and keep the machine, to look at the records that were left alive."""
    from mqlab.engines import simulation

    kept: list[Machine] = []
    name = "LedgerMachine" if model.ledgers else "LogMachine" if model.topics else "Machine"
    original = getattr(simulation, name)

    class Keeping(original):  # type: ignore[misc, valid-type]
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)
            kept.append(self)

        def finish(self, end_ns: int) -> None:
            self.live_at_the_end = int(self.run["copies_live"])
            super().finish(end_ns)

    setattr(simulation, name, Keeping)
    try:
        trace = SimulationEngine().run(model)
    finally:
        setattr(simulation, name, original)
    return trace, kept[0]


def fates_add_up(run: Watched) -> None:
    conservation(run.trace)
    assert set(run.fates["message"].tolist()) == set(range(run.trace.counters.messages["created"]))


def events_are_in_order_of_time(run: Watched) -> None:
    assert (np.diff(run.events["time_ns"]) >= 0).all()
    assert (run.events["time_ns"] < run.trace.duration_ns).all()


def counters_are_what_the_rows_say(run: Watched) -> None:
    counted = np.bincount(run.events["kind"], minlength=256)
    for kind in Kind:
        assert counted[kind] == run.trace.counters.events_by_kind[kind.name.lower()], kind
    messages = run.trace.counters.messages
    heads = run.fates[run.fates["copy"] == 0]
    assert messages["created"] == counted[Kind.CREATED] == len(heads)
    assert messages["sent"] == (heads["sent_ns"] >= 0).sum()
    assert messages["confirmed"] == (heads["confirmed_ns"] >= 0).sum() == counted[Kind.CONFIRMED]
    assert messages["owed"] == len(run.fates)


def series_sum_to_the_totals(run: Watched) -> None:
    counters = run.trace.counters
    for name in ("created", "confirmed", "refused", "enqueued", "delivered", "acked", "evicted", "vanished"):
        assert counters.series[name].sum() == counters.events_by_kind[name], name
    happened = counters.events_by_kind
    assert counters.series["processed"].sum() == happened["processed"] + happened["deduplicated"]
    assert counters.series["sent"].sum() == counters.messages["sent"]


def stages_follow_each_other(run: Watched) -> None:
    rows = run.fates
    for earlier, later in (
        ("created_ns", "sent_ns"), ("sent_ns", "confirmed_ns"), ("created_ns", "enqueued_ns"),
        ("sent_ns", "enqueued_ns"), ("enqueued_ns", "delivered_ns"), ("delivered_ns", "processed_ns"),
        ("created_ns", "ended_ns"),
    ):  # fmt: skip
        there = rows[later] >= 0
        assert (rows[earlier][there] >= 0).all(), (earlier, later)
        assert (rows[earlier][there] <= rows[later][there]).all(), (earlier, later)


def histograms_hold_the_latencies(run: Watched) -> None:
    rows = run.fates[run.fates["created_ns"] >= run.trace.warmup_ns]
    done = rows[rows["processed_ns"] >= 0]
    spans = done["processed_ns"] - done["created_ns"]
    count, total, least, most = run.trace.counters.moments["latency"]
    assert (count, run.trace.counters.histograms["latency"].sum()) == (len(done), len(done))
    if count:
        assert (least, most) == (spans.min(), spans.max())
        assert abs(total - spans.sum()) <= 1e-9 * total


def nothing_lives_on_unless_it_is_owed(run: Watched) -> None:
    """Before the last rows are written, the records that live are those whose rows are written then; after, none."""
    rows = run.fates
    still_held = set(rows["message"][rows["ended_ns"] == run.trace.duration_ns].tolist())
    assert run.machine.live_at_the_end == np.isin(rows["message"], sorted(still_held)).sum()
    assert set(rows["message"][rows["fate"] == Fate.IN_FLIGHT].tolist()) <= still_held
    assert not run.machine.array("copies")["live"].any()
    assert int(run.machine.run["copies_live"]) == 0


def books_of_the_queues_balance(run: Watched) -> None:
    queues = run.machine.array("queues")
    for q in queues[: int(run.machine.run["queues"])]:
        assert q["ready"] >= 0
        assert q["unacked"] >= 0
    assert int(run.machine.run["ready"]) == queues["ready"].sum()
    assert int(run.machine.run["unacked"]) == queues["unacked"].sum()
    consumers = run.machine.array("consumers")[: int(run.machine.run["consumers"])]
    assert consumers["unacked"].sum() + queues["orphans"].sum() == queues["unacked"].sum()
    assert (consumers["unacked"] >= 0).all()
    assert (run.machine.array("producers")["unconfirmed"] >= 0).all()
    assert (run.machine.array("nodes")["memory"] >= 0).all()


def utilisation_is_a_share(run: Watched) -> None:
    for name, share in run.trace.counters.utilisation.items():
        assert -1e-9 <= share <= 1 + 1e-9, (name, share)


def little_holds(run: Watched) -> None:
    for residual in little(run.trace):
        assert abs(residual.residual) < 1e-6, residual


def processed_wins(run: Watched) -> None:
    rows = run.fates
    assert ((rows["processings"] > 0) == (rows["fate"] == Fate.PROCESSED)).all()
    assert (rows["effects"] <= rows["processings"]).all()
    assert ((rows["cause"] > 0) == (rows["fate"] == Fate.LOST)).all()


def effects_are_what_was_told(run: Watched) -> None:
    counts = run.trace.counters.events_by_kind
    assert run.fates["effects"].sum() == counts["effect"] + counts["processed"]
    assert run.fates["deliveries"].sum() == counts["delivered"]


def confirmed_and_forgotten_is_not_in_flight(run: Watched) -> None:
    """A copy that stands nowhere and that its producer thinks is safe is not in flight."""
    rows = run.fates
    final: dict[tuple[int, int], int] = {}
    for row in run.events[np.isin(run.events["kind"], (Kind.ENQUEUED, Kind.VANISHED, Kind.ENQUEUE_REFUSED))]:
        if row["queue"] >= 0:
            final[int(row["message"]), int(row["copy"])] = int(row["kind"])
    replicated = {queue.name for queue in run.model.queues if queue.replicas}
    for row in rows[(rows["fate"] == Fate.IN_FLIGHT) & (rows["confirmed_ns"] >= 0)]:
        if run.trace.entities[int(row["queue"])].name in replicated and row["enqueued_ns"] < 0:
            continue  # a second copy on its way to a majority
        assert final.get((int(row["message"]), int(row["copy"]))) == Kind.ENQUEUED, row


def prefetch_is_a_bound(run: Watched) -> None:
    groups = {group.name: group for group in run.model.consumers}
    held: dict[int, set[tuple[int, int]]] = {}
    replicated = {queue.name for queue in run.model.queues if queue.replicas}
    interesting = [Kind.DISPATCHED, Kind.ACKED, Kind.REQUEUED, Kind.DISCARDED, Kind.NODE_CRASHED]
    interesting += [Kind.ACK_SENT, Kind.NACK_SENT] if replicated else []
    for row in run.events[np.isin(run.events["kind"], interesting)]:
        who, kind = int(row["actor"]), row["kind"]
        if kind == Kind.NODE_CRASHED:
            held.clear()
            continue
        group = groups.get(run.trace.entities[who].group)
        if group is None:
            continue  # a requester, whom no prefetch bounds
        mine = held.setdefault(who, set())
        one = (int(row["message"]), int(row["copy"]))
        if kind in (Kind.ACK_SENT, Kind.NACK_SENT) and group.queue not in replicated:
            continue  # a replica's channel may end, and begin again, while the answer is on its way to a majority
        if kind == Kind.DISPATCHED:
            mine.add(one)
            if group.ack == "manual" and group.prefetch:
                assert len(mine) <= group.prefetch
        else:
            mine.discard(one)


def contract_is_kept(run: Watched) -> None:
    promises = systems.get(run.model.system).contract(run.model)
    broken = [f for f in judge(run.trace, promises, model=run.model) if f.violated]
    assert not broken, broken


def every_life_can_be_told(run: Watched) -> None:
    created = run.trace.counters.messages["created"]
    rows = run.fates
    picked = {0, created - 1, *rows[rows["copy"] > 0]["message"][:2].tolist()}
    for fate in np.unique(rows["fate"]):
        picked |= set(rows[rows["fate"] == fate]["message"][:2].tolist())
    for message in sorted(n for n in picked if 0 <= n < created):
        account = explain(run.trace, run.model, int(message))
        assert account.sentences
        assert account.closing


LAWS = (
    fates_add_up, events_are_in_order_of_time, counters_are_what_the_rows_say, series_sum_to_the_totals,
    stages_follow_each_other, histograms_hold_the_latencies, nothing_lives_on_unless_it_is_owed,
    books_of_the_queues_balance, utilisation_is_a_share, little_holds, processed_wins, effects_are_what_was_told,
    confirmed_and_forgotten_is_not_in_flight, prefetch_is_a_bound, contract_is_kept, every_life_can_be_told,
)  # fmt: skip


def check_everything(model: Model) -> Watched:
    """Run a model and hold it to every law; then again at the other levels, for the same digest and counters."""
    run = Watched(model)
    for law in LAWS:
        law(run)
    for level in ("counts", "fates"):
        other = SimulationEngine().run(model, level=level)  # type: ignore[arg-type]
        assert other.digest == run.trace.digest
        assert other.counters.fates == run.trace.counters.fates
        assert other.counters.moments == run.trace.counters.moments
    return run
