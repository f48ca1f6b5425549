"""Choose prefetch and batched acknowledgements: enough throughput, and little that comes back after a crash.

Four stock rooms read one queue; nine orders in ten are quick, one is long. The broker's processor is slow, so that
acknowledging each order by itself is too much for it; the network has a round trip of 2 ms. What is held in hand, or
done and not acknowledged, comes back when the stock rooms crash.
"""

from __future__ import annotations

__all__ = ["EXERCISE"]

from typing import Final

from mqlab.grading.counterexample import Counterexample, Step
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.student import Student
from mqlab.grading.worlds.chance import luck
from mqlab.grading.worlds.configuration import Configured, between, configured, duration, expects

SCENARIO: Final = """
name: four-stock-rooms
system: rabbitmq
duration: 3 s
drain: 4 s
nodes:
  broker:
    cpu: {publish: 200 us, deliver: 200 us, ack: 200 us}
producers:
  shop: {arrivals: {poisson: 2000/s}}
queues:
  orders: {}
consumers:
  stock:
    count: 4
    service: {hyperexponential: {p: 90 %, mean1: 200 us, mean2: 12 ms}}
    link: {latency: 1 ms}
    connection: {reconnect: 50 ms}
"""
SETTINGS: Final = {
    "consumers.stock.prefetch": between(0, 10_000),
    "consumers.stock.acks.batch": between(1, 10_000),
    "consumers.stock.acks.after": duration("10 us", "1 min"),
}
P99_MS: Final = 450
BACK: Final = 60
TWICE: Final = 24
CRASHES: Final = 4
QUIET_MS: Final = 50
_KEEPS_UP: Final = f"2,000 orders a second are kept up with, p99 at most {P99_MS} ms"


def busy_hour(student: Student, case: Case) -> Configured:
    """Run 3 s with 2,000 orders a second."""
    return configured(student, case, SCENARIO, SETTINGS)


def crash(student: Student, case: Case) -> list[tuple[Configured, int]]:
    """Let the stock rooms stand still for a moment, so that their hands fill, and crash soon after.

    How full the batches are at that moment is luck, so it is done several times: with a limit that holds on average
    alone, some crash does too much.
    """
    chance = luck(case, "crash")
    return [_crashed(student, case, chance.randrange(600, 1000)) for _ in range(CRASHES)]


def _crashed(student: Student, case: Case, at: int) -> tuple[Configured, int]:
    faults = f"faults=[{{at: {at - 200} ms, pause: stock, for: 150 ms}}, {{at: {at} ms, crash: stock, for: 100 ms}}]"
    return configured(student, case, SCENARIO, SETTINGS, hidden=lambda _: ["duration=1 s", faults]), at


def quiet_hour(student: Student, case: Case) -> Configured:
    """Run 3 s with 20 orders a second."""
    return configured(student, case, SCENARIO, SETTINGS, hidden=lambda _: ["producers.shop.arrivals={poisson: 20/s}"])


def keeps_up(run: Configured) -> Counterexample | None:
    """All is done, and 99 of 100 within the limit."""
    all_done = expects("fates.in_flight == 0", "{} orders were still waiting 4 s after the last had come.")
    in_time = expects(f"latency.p99 <= {P99_MS} ms", f"p99 of the latency was {{}}; {P99_MS} ms are allowed.")
    return all_done(run) or in_time(run)


def little_comes_back(played: list[tuple[Configured, int]]) -> Counterexample | None:
    """Redeliveries after the crash."""
    return _few(played, "redelivered", BACK, "came back after the crash", "sends {} orders again")


def little_twice(played: list[tuple[Configured, int]]) -> Counterexample | None:
    """Effects that happened again."""
    last = "sends {} orders again that were done before"
    return _few(played, "duplicate_effect", TWICE, "were done twice because of the crash", last)


def _few(
    played: list[tuple[Configured, int]], what: str, most: int, sentence: str, last: str
) -> Counterexample | None:
    run, at_ms = max(played, key=lambda one: one[0].summary["anomalies"][what])
    found = run.summary["anomalies"][what]
    if found <= most:
        return None
    at = at_ms * 1_000_000
    steps = (
        Step(at - 200_000_000, "stock", "stock", "stands still for 150 ms: its hands fill", "fault"),
        Step(at, "stock", "stock", "crashes: orders in hand, acks not sent", "fault"),
        Step(at + 100_000_000, "broker", "stock", last.format(found), "bad"),
    )
    return Counterexample(f"With your settings, {found} orders {sentence}; {most} are allowed.", steps, run.size)


def soon_booked(run: Configured) -> Counterexample | None:
    """Acknowledgements do not wait for a batch that never fills."""
    assert run.trace.fates is not None
    done, ended = run.trace.fates.column("processed_ns"), run.trace.fates.column("ended_ns")
    slowest_ms = max((ended - done)[(done >= 0) & (ended >= 0)], default=0) / 1e6
    if slowest_ms <= QUIET_MS:
        return None
    return Counterexample(
        f"With your settings and 20 orders a second, an order that was done stayed on the broker's books for "
        f"{slowest_ms:,.0f} ms more; {QUIET_MS} ms are allowed.",
        size=run.size,
    )


EXERCISE = Exercise(
    name="batch-and-prefetch",
    lesson="08-latency-and-throughput",
    title="Batch and prefetch: fast, and safe enough",
    entry="configure",
    sizes=(1, 2),
    parts=(
        Part(
            _KEEPS_UP, 2, busy_hour, keeps_up,
            hint="What has the broker's processor to do for each order? And can a batch fill if it is larger than the "
            "prefetch?",
        ),
        Part(
            f"a crash brings back at most {BACK} orders", 2, crash, little_comes_back, needs=(_KEEPS_UP,),
            hint="How many orders may four stock rooms hold together?",
        ),
        Part(
            f"a crash has at most {TWICE} orders done twice", 2, crash, little_twice, needs=(_KEEPS_UP,),
            hint="What is done and not acknowledged is done again. Some acknowledgements are on their way, too.",
        ),
        Part(
            f"in a quiet hour an order is off the books {QUIET_MS} ms after it is done", 1, quiet_hour, soon_booked,
            needs=(_KEEPS_UP,),
            hint="A batch that does not fill is sent after some time: after how long?",
        ),
    ),
)  # fmt: skip
