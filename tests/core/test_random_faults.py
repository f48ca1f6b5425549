"""Faults that come by themselves: drawn from the seed of the run, and then ordinary faults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mqlab.model import Distribution, Fault, Model, RandomFaults
from mqlab.policies.schedule import draw_ns, schedule
from mqlab.sampling import name_identity
from mqlab.trace.kinds import Kind
from tests.support.models import MS, S, consumer, play, producer, times, tiny

EXPONENTIAL = Distribution("exponential", (100.0 * MS,))


def resets(name: str = "0 reset c", every: Distribution = EXPONENTIAL, **fields: int) -> RandomFaults:
    return RandomFaults(name, Fault(0, "reset", "c", 0), every, None, fields.get("start", 0), fields.get("stop", S))


def moments(model: Model, seed: int = 1) -> list[int]:
    return [fault.at_ns for fault in schedule(model, seed)]


def test_the_runs_seed_decides_and_nothing_else() -> None:
    model = replace(tiny(duration_ns=S), random_faults=(resets(),))
    assert moments(model) == moments(replace(model, seed=99))
    assert moments(model, 2) != moments(model)
    other = replace(model, random_faults=(replace(resets("1 reset p"), fault=Fault(0, "reset", "p", 0)), resets()))
    assert [f.at_ns for f in schedule(other, 1) if f.target == "c"] == moments(model), "another entry changes nothing"


def test_they_happen_in_the_run_as_if_they_had_been_written() -> None:
    model = replace(tiny(producers=[producer()], consumers=[consumer()], duration_ns=S), random_faults=(resets(),))
    drawn = schedule(model, model.seed)
    written = replace(model, random_faults=(), faults=drawn)
    assert times(play(model), Kind.CONNECTION_LOST) == [fault.at_ns for fault in drawn]
    assert play(model).digest == play(written).digest
    assert play(model, seed=5).digest != play(model).digest


def test_they_come_between_start_and_stop_at_the_given_rate() -> None:
    model = replace(tiny(duration_ns=100 * S), random_faults=(resets(start=10 * S, stop=90 * S),))
    at = np.array(moments(model))
    assert at.min() > 10 * S
    assert at.max() < 90 * S
    assert abs(len(at) - 800) < 4 * 800**0.5, "four standard deviations"
    assert abs(np.diff(at).mean() / (100 * MS) - 1) < 0.15


def test_faults_of_one_target_that_overlap_are_one() -> None:
    crash = Fault(0, "crash", "c", 0)
    ten, fifteen = Distribution("constant", (10.0 * MS,)), Distribution("constant", (15.0 * MS,))
    often = RandomFaults("x", crash, ten, fifteen, 0, 55 * MS)
    apart = replace(often, lasts=Distribution("constant", (4.0 * MS,)))
    model = tiny(duration_ns=S)
    assert [(f.at_ns, f.for_ns) for f in schedule(replace(model, random_faults=(often,)), 1)] == [(10 * MS, 55 * MS)]
    assert [(f.at_ns, f.for_ns) for f in schedule(replace(model, random_faults=(apart,)), 1)] == [
        (n * 10 * MS, 4 * MS) for n in range(1, 6)
    ]


@pytest.mark.parametrize(
    ("shape", "mean"),
    [
        (Distribution("constant", (7e6,)), 7e6),
        (Distribution("uniform", (1e6, 3e6)), 2e6),
        (Distribution("exponential", (5e6,)), 5e6),
        (Distribution("erlang", (3.0, 6e6)), 6e6),
        (Distribution("lognormal", (4e6, 0.5)), 4e6),
        (Distribution("hyperexponential", (0.9, 1e6, 21e6)), 3e6),
        (Distribution("serial", (), (Distribution("constant", (1e6,)), Distribution("exponential", (1e6,)))), 2e6),
        (Distribution("parallel", (), (Distribution("constant", (1e6,)), Distribution("uniform", (0.0, 1e6)))), 1e6),
    ],
)
def test_every_distribution_can_be_drawn(shape: Distribution, mean: float) -> None:
    drawn = [draw_ns(shape, name_identity(1, "x"), n, 0) for n in range(3000)]
    assert abs(np.mean(drawn) / mean - 1) < 0.1
    assert drawn[:5] == [draw_ns(shape, name_identity(1, "x"), n, 0) for n in range(5)]
