"""How often the bands of a sweep hold the truth: M/M/1, where mean and p99 of the time in the system are known.

Each repetition is what a sweep does at one point: ten runs with ten seeds, their mean by Student's t and their p99 from
the pooled histograms. Seeds are 1000·k, fixed before anything was measured.
"""

import pytest

from mqlab import engines
from mqlab.measure.latency import bucket_of
from mqlab.measure.theory import mm1
from mqlab.model import Model
from mqlab.scenario import loads
from mqlab.sweeps.estimates import mean_of, quantile_of
from mqlab.sweeps.figures import histograms_of
from mqlab.trace.sinks import NullSink
from tests.sweeps.test_sweep import MM1

RUNS = 10
SHAPES = {0.5: (4_000, 200), 0.8: (20_000, 2_000), 0.9: (60_000, 8_000)}
"""Utilisation: messages of a run, and of its warm-up (twenty relaxation times or more)."""


def station(load: float) -> Model:
    messages, warm = SHAPES[load]
    rate = 1000 * load
    return loads(MM1, overrides=[
        f"producers.users.arrivals.poisson.rate={rate}/s", f"duration={(messages + warm) / rate} s",
        f"warmup={warm / rate} s", "drain=20 s"]).model  # fmt: skip


def coverage(load: float, repetitions: int) -> tuple[float, float]:
    """Share of repetitions whose interval holds the true mean, and the true p99."""
    engine, model, truth = engines.get("sim"), station(load), mm1(1000 * load, 1e-3)
    mean_ns, p99_bucket = truth.W_s * 1e9, bucket_of(round(truth.sojourn_quantile_s(0.99) * 1e9))
    means = quantiles = 0
    for repetition in range(repetitions):
        traces = [
            engine.run(model, seed=1000 * repetition + run, level="counts", sink=NullSink()) for run in range(RUNS)
        ]
        moments = [trace.counters.moments["latency"] for trace in traces]
        found = mean_of([total / count for count, total, _, _ in moments])
        means += found.low <= mean_ns <= found.high
        found = quantile_of([histograms_of(trace)["latency"] for trace in traces], 0.99)
        quantiles += bucket_of(round(found.low)) <= p99_bucket <= bucket_of(round(found.high))
    return means / repetitions, quantiles / repetitions


def test_the_bands_hold_the_truth() -> None:
    """Sixty repetitions: with a true coverage of 95 %, fewer than 50 hold the truth once in 5,800 times."""
    assert min(coverage(0.5, 60)) >= 50 / 60


@pytest.mark.soak
@pytest.mark.parametrize("load", SHAPES)
def test_the_bands_hold_the_truth_as_often_as_they_say(load: float) -> None:
    means, quantiles = coverage(load, 2000)
    assert 0.93 <= means <= 0.97
    assert 0.93 <= quantiles <= 0.97
