"""safe-shop: choose settings that survive a bad day: nothing lost, nothing done twice, little brought back, in time.

The scenario is ``bad-day``, with the stock at a distance and the faults at moments that the answer does not know; the
broker's process crashes, or its power fails. Too careful is wrong as well: one message in a consumer's hands at a time,
or ten open publishes, are safe and far too slow.
"""

from __future__ import annotations

__all__ = ["EXERCISE"]

from typing import Final

from mqlab.grading.counterexample import Counterexample, Step
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.student import Student
from mqlab.grading.worlds.chance import luck
from mqlab.grading.worlds.configuration import (
    Configured,
    between,
    configured,
    duration,
    expects,
    one_of,
    switch,
)

SETTINGS: Final = {
    "producers.shop.message.persistent": switch,
    "producers.shop.confirm.timeout": duration("50 ms", "10 s"),
    "producers.shop.confirm.max_in_flight": between(1, 10_000),
    "producers.shop.retry.attempts": between(1, 100),
    "queues.orders.durable": switch,
    "consumers.stock.ack": one_of("auto", "manual"),
    "consumers.stock.prefetch": between(1, 10_000),
    "consumers.stock.deduplicate": switch,
}
PLACE: Final = (
    "drain=2 min",
    "consumers.stock.service={exponential: 1500 us}",
    "consumers.stock.link={latency: 15 ms}",
    "consumers.stock.connection={heartbeat: 1 s, reconnect: 100 ms}",
    "producers.shop.connection={heartbeat: 1 s, reconnect: 100 ms}",
    "nodes.broker.disk={fsync: 10 ms, group_commit: 20 ms}",
)
"""What is not as in the shipped scenario; the lesson tells it."""


def hidden(case: Case) -> list[str]:
    """Draw what happens, and when: the larger the case, the more."""
    draw = luck(case, "faults")
    reset_ms, crash_ms = draw.randint(500, 1_500), draw.randint(1_800, 2_800)
    broker_ms = crash_ms + draw.randint(1_250, 1_500)
    kind = draw.choice(("crash", "power_loss"))
    faults = [
        f"{{at: {reset_ms} ms, reset: shop}}",
        f"{{at: {crash_ms} ms, crash: stock, for: 1 s}}",
        f"{{at: {broker_ms} ms, {kind}: broker, for: 500 ms}}",
    ]
    return [*PLACE, f"faults=[{', '.join(faults[: case.size])}]"]


def play(student: Student, case: Case) -> Configured:
    """Run the bad day with the answer's settings."""
    return configured(student, case, "bad-day", SETTINGS, hidden=hidden, level="events")


def everything_is_done(record: Configured) -> Counterexample | None:
    """Find an order that was never done, and tell its life."""
    from mqlab.face.frames import fates_frame

    assert record.trace.fates is not None
    fates = fates_frame(record.trace.fates, record.trace.entities)
    done = set(fates.loc[fates["processings"] > 0, "message"])
    missing = fates[~fates["message"].isin(done)].drop_duplicates("message")
    if missing.empty:
        return None
    ends = missing["fate"].value_counts()
    told = ", ".join(f"{number} {_ENDED.get(str(fate), fate)}" for fate, number in ends[ends > 0].items())
    one = int(missing.loc[missing["fate"] == ends.index[0], "message"].iloc[0])
    sentence = f"{len(missing)} of {fates['message'].nunique():,} orders were never done: {told}. One is order {one}."
    return Counterexample(sentence, _life(record, one), record.size)


_ENDED: Final = {
    "lost:wire": "lost on the wire", "lost:broker_memory": "lost in the broker's memory",
    "lost:unsynced_disk": "lost on their way to the disk", "lost:auto_ack": "lost in the stock's hands",
    "gave_up": "given up by the shop", "in_flight": "still waiting at the end",
}  # fmt: skip
_SAYS: Final = {
    "sent": ("shop", "broker", "sends it"),
    "enqueued": ("broker", "broker", "it stands in the queue"),
    "confirm_sent": ("broker", "shop", "confirms it"),
    "dispatched": ("broker", "stock", "delivers it"),
    "acked": ("broker", "broker", "takes it for done"),
    "requeued": ("broker", "broker", "puts it back"),
    "stale_packet": ("broker", "broker", "it arrives nowhere"),
    "vanished": ("broker", "broker", "it is gone"),
    "dropped": ("stock", "stock", "it is gone"),
    "gave_up": ("shop", "shop", "gives up"),
}


def _life(record: Configured, message: int) -> tuple[Step, ...]:
    """Tell what happened to one message, and what crashed meanwhile."""
    from mqlab.face.frames import events_frame

    assert record.trace.events is not None
    events = events_frame(record.trace.events, record.trace.entities)
    own = events[events["message"] == message]
    first_ns, last_ns = int(own["time_ns"].min()), int(own["time_ns"].max())
    steps = []
    for row in own.to_dict("records"):
        if row["kind"] in _SAYS:
            source, to, text = _SAYS[row["kind"]]
            steps.append(Step(row["time_ns"], source, to, text, "bad" if "gone" in text else "plain"))
    crashes = events[events["kind"].isin(["node_crashed", "client_crashed", "connection_lost"])]
    for row in crashes[crashes["time_ns"].between(first_ns, last_ns)].to_dict("records"):
        if row["kind"] == "connection_lost" and row["actor"] != "shop":
            continue
        text = "loses its connection" if row["kind"] == "connection_lost" else "crashes"
        steps.append(Step(row["time_ns"], str(row["actor"]), str(row["actor"]), text, "fault"))
    return tuple(sorted(steps, key=lambda step: (step.time_ns, step.kind != "fault")))


_DONE: Final = "every order is done"
EXERCISE = Exercise(
    name="safe-shop",
    lesson="04-loss",
    title="Settings that survive a bad day",
    entry="configure",
    sizes=(1, 2, 3),
    parts=(
        Part(
            _DONE, 3, play, everything_is_done,
            hint="Three places, three cures. Leave one out, and its orders are gone. "
            "And whoever sends again must not give up before the fault is over.",
        ),
        Part(
            "no order is done twice", 1, play,
            expects("duplicate_effect == 0", "{} orders were done a second time."), needs=(_DONE,),
            hint="Sending again makes copies. Who can recognise them?",
        ),
        Part(
            "little comes again after a crash", 1, play,
            expects("redelivered <= 100", "{} orders came again; at most 100 may."), needs=(_DONE,),
            hint="What comes again is what the stock held unacknowledged. What bounds that?",
        ),
        Part(
            "nine of ten orders are done in time", 1, play,
            expects("latency.p90 < 2.5 s", "one order in ten takes {} or longer; 2.5 s are allowed."), needs=(_DONE,),
            hint="Rate × time on the way: so many must be on the way at the same time, "
            "between shop and broker and between broker and stock.",
        ),
    ),
)  # fmt: skip
