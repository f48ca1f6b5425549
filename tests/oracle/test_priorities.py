"""Priorities against Cobham's closed form: mean waits of two and three classes, work never interrupted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mqlab import engines
from mqlab.measure.theory import priority_waits_s
from mqlab.model import Distribution, Message, Queue

from .build import BROKER, QUEUE, SECOND, exponential, station
from .intervals import assert_agrees

RUNS = 30
MESSAGES = 20_000
SERVICE_S = 0.001
SHAPES = {
    "exponential": (exponential(SERVICE_S), 1.0),
    "constant": (Distribution("constant", (SERVICE_S * SECOND,)), 0.0),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("shares", [(0.2, 0.8), (0.1, 0.3, 0.6)], ids=["two classes", "three classes"])
def test_each_class_waits_as_long_as_cobham_says(shares: tuple[float, ...], shape: str) -> None:
    service, cv = SHAPES[shape]
    rate = 0.8 / SERVICE_S
    length_s = MESSAGES / rate
    model = station(rate, service, duration_s=length_s, warmup_s=length_s / 10, drain_s=0.2)
    top = len(shares) - 1
    first = model.producers[0]
    model = replace(
        model,
        queues=(Queue(QUEUE, BROKER, durable=False, max_priority=top),),
        producers=tuple(
            replace(
                first,
                name=f"class{i}",
                arrivals=replace(first.arrivals, rate_per_s=rate * share),
                message=replace(first.message, priorities=((top - i, 1.0),)),
            )
            for i, share in enumerate(shares)
        ),
    )
    assert isinstance(first.message, Message)
    waits: list[list[float]] = [[] for _ in shares]
    for seed in range(1, RUNS + 1):
        trace = engines.get("sim").run(model, seed=seed, level="fates")
        assert trace.fates is not None
        column = trace.fates.column
        waited = (column("delivered_ns") - column("enqueued_ns")) / SECOND
        kept = column("created_ns") >= model.warmup_ns
        names = [entity.name for entity in trace.entities]
        for i in range(len(shares)):
            mine = kept & (column("producer") == names.index(f"class{i}")) & (column("delivered_ns") >= 0)
            waits[i].append(float(np.mean(waited[mine])))
    expected = priority_waits_s([rate * share for share in shares], SERVICE_S, cv)
    for i, sample in enumerate(waits):
        assert_agrees(sample, expected[i], within=0.25, what=f"wait of class {i}, {shape}")
