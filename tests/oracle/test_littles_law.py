"""Little's law, L = λ·W, as the identity that it is on every single run: no chance, no confidence interval.

The engine keeps the time-weighted length of a queue as it goes; the same area can be added up afterwards
from the times at which each copy joined and left the line. Both must be equal, whatever happened in between.
"""

from __future__ import annotations

import numpy as np
import pytest

from mqlab import engines
from mqlab.model import Exceptions, Fault, Model, Queue
from mqlab.trace.kinds import Kind
from mqlab.trace.sinks import MemorySink

from .build import BROKER, CONSUMERS, MILLISECOND, QUEUE, exponential, station
from .test_simpy_model import MODELS, model

JOINS = (Kind.ENQUEUED, Kind.REQUEUED)
LEAVES = (Kind.DISPATCHED, Kind.EVICTED)


def reset() -> Model:
    """Consumers lose their connections in the middle of their work, while the queue overflows."""
    return model(
        faults=[Fault(at * MILLISECOND, "reset", CONSUMERS, 0) for at in range(50, 400, 50)],
        queue=Queue(QUEUE, BROKER, durable=False, max_length=40),
        exceptions=Exceptions(0.2, "delivery", "requeue"),
    )


CASES = {name: make for name, make in MODELS.items() if name != "a crash"} | {"consumers are cut off": reset}
"""A crash is left out: what comes back then does so without rows of its own."""


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", CASES)
def test_length_of_the_line_is_the_time_spent_in_it(name: str, seed: int) -> None:
    case = CASES[name]()
    trace = engines.get("sim").run(case, seed=seed, level="events", sink=MemorySink("events"))
    assert trace.events is not None
    kind, time_ns = trace.events.column("kind"), trace.events.column("time_ns")
    joined, left = time_ns[np.isin(kind, JOINS)], time_ns[np.isin(kind, LEAVES)]
    spent_ns = int(left.sum()) - int(joined.sum()) + (len(joined) - len(left)) * case.end_ns
    assert trace.counters.queues[QUEUE].depth_mean * case.end_ns == pytest.approx(spent_ns, rel=1e-9)


@pytest.mark.parametrize("servers", [1, 3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_line_service_and_sojourn_add_up(servers: int, seed: int) -> None:
    """Without latencies, all time is the line's or the service's: L = λ·W for each, and for both."""
    case = station(700.0 * servers, exponential(0.001), servers=servers, duration_s=2.0, drain_s=5.0)
    counters = engines.get("sim").run(case, seed=seed, level="counts").counters
    spent = {stage: moments[1] for stage, moments in counters.moments.items()}
    line = counters.queues[QUEUE]
    assert counters.fates["processed"] == counters.messages["created"]
    assert line.depth_mean * case.end_ns == pytest.approx(spent["enqueued_delivered"], rel=1e-9)
    assert line.unacked_mean * case.end_ns == pytest.approx(spent["delivered_processed"], rel=1e-9)
    assert (line.depth_mean + line.unacked_mean) * case.end_ns == pytest.approx(spent["latency"], rel=1e-9)
    busy = counters.utilisation[CONSUMERS] * servers
    assert busy * case.end_ns == pytest.approx(spent["delivered_processed"], rel=1e-9)
