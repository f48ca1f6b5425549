"""The same scenario and seed give the same run, to the last bit, however it is computed."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mqlab.core import machine
from mqlab.core.build import Built, build
from mqlab.core.machine import Machine
from mqlab.engines import simulation
from mqlab.model import Model
from mqlab.scenario import load
from mqlab.trace.schema import LEVELS
from mqlab.trace.sinks import NullSink
from tests.support.models import MS, S, consumer, event_rows, every, fate_rows, play, producer, takes, tiny

FLASH = "flash-sale"
ROOT = Path(__file__).parents[2]


def shortened(name: str, duration_ns: int, share: int = 1) -> Model:
    """A shipped scenario, made short: its rates divided, its faults drawn together."""
    model = load(name).model
    scale = duration_ns / model.duration_ns
    producers = tuple(
        replace(p, arrivals=replace(
            p.arrivals, rate_per_s=p.arrivals.rate_per_s / share, to_rate_per_s=p.arrivals.to_rate_per_s / share,
            stop_ns=0, over_ns=int(p.arrivals.over_ns * scale), start_ns=int(p.arrivals.start_ns * scale)))
        for p in model.producers)  # fmt: skip
    faults = tuple(replace(f, at_ns=int(f.at_ns * scale), for_ns=int(f.for_ns * scale) if f.for_ns > 0 else f.for_ns)
                   for f in model.faults)  # fmt: skip
    return replace(model, producers=producers, faults=faults, duration_ns=duration_ns, drain_ns=S, warmup_ns=0)


def random_models() -> list[Model]:
    """Twelve models of the random kind, the same throughout a process."""
    from hypothesis import HealthCheck, Phase, given, settings

    from tests.properties.strategies import models

    found: list[Model] = []

    @settings(max_examples=70, derandomize=True, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck), deadline=None)  # fmt: skip
    @given(models(messages_max=60))
    def collect(model: Model) -> None:
        found.append(model)

    collect()
    return found[10::5]


def all_models() -> list[Model]:
    return [shortened(FLASH, 1500 * MS, 20), *random_models()]


@pytest.fixture(scope="module")
def models() -> list[Model]:
    return all_models()


def digests(models: list[Model], **options: object) -> list[str]:
    return [play(model, level="counts", **options).digest for model in models]


@pytest.fixture(scope="module")
def expected(models: list[Model]) -> list[str]:
    return digests(models)


def test_the_models_are_worth_it(models: list[Model]) -> None:
    events = [play(model, level="counts").event_count for model in models]
    assert len(events) >= 6
    assert 3_000 < sum(events) < 60_000, events


def test_the_same_seed_gives_the_same_rows_and_another_gives_others(models: list[Model]) -> None:
    for model in models:
        first, again, other = play(model), play(model), play(model, seed=model.seed + 1)
        assert first.digest == again.digest
        assert (event_rows(first) == event_rows(again)).all()
        assert (fate_rows(first) == fate_rows(again)).all()
        assert first.event_count < 3 or first.digest != other.digest


@pytest.mark.parametrize("level", LEVELS)
def test_the_digest_does_not_depend_on_the_level(models: list[Model], expected: list[str], level: str) -> None:
    traces = [play(model, level=level) for model in models]  # type: ignore[arg-type]
    assert [trace.digest for trace in traces] == expected
    assert all((trace.fates is None) == (level == "counts") for trace in traces)
    assert all((trace.events is None) == (level != "events") for trace in traces)


def test_pausing_after_every_event_changes_nothing(
    models: list[Model], expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "BUDGET", 1)
    assert digests(models) == expected


class Cramped(Machine):
    """A machine whose arrays begin as small as one event allows, so that they grow and drain all the time."""

    rooms_made = 0

    def __init__(self, built: Built, *drains: object) -> None:
        room = int(built.arrays["runs"][0]["room"])
        rooms = {"copies": 1, "deliveries": 1, "heap": 1, "outbox": 1, "event_rows": 8, "fate_rows": 2}
        for name, headroom in rooms.items():
            array = built.arrays[name]
            if len(array) > 1:
                built.arrays[name] = np.zeros(headroom * room + 1, array.dtype)
        super().__init__(built, *drains)  # type: ignore[arg-type]

    def _make_room(self) -> None:
        Cramped.rooms_made += 1
        super()._make_room()


@pytest.fixture
def cramped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "Machine", Cramped)
    monkeypatch.setattr("mqlab.core.build._HEADROOM", 320)
    monkeypatch.setattr("mqlab.core.build._FIRST_SIZE", 0)
    Cramped.rooms_made = 0


@pytest.mark.usefixtures("cramped")
def test_growing_from_next_to_nothing_changes_nothing(models: list[Model]) -> None:
    cramped_traces = [play(model) for model in models]
    made = Cramped.rooms_made
    assert made > 50
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulation, "Machine", Machine)
        for model, small in zip(models, cramped_traces, strict=True):
            roomy = play(model)
            assert small.digest == roomy.digest
            assert (event_rows(small) == event_rows(roomy)).all()
            assert (fate_rows(small) == fate_rows(roomy)).all()


def test_memory_does_not_grow_with_the_number_of_messages() -> None:
    """Records follow what is alive: a hundred times as many messages need no record more."""

    def records(messages: int) -> tuple[int, ...]:
        model = tiny(producers=[producer(arrivals=every(MS, messages))], consumers=[consumer(service=takes(MS // 2))],
                     duration_ns=messages * MS, drain_ns=S)  # fmt: skip
        built = build(model, 1, "counts")
        machine_ = Machine(built, NullSink().events, NullSink().fates)
        while machine_.advance(model.end_ns) != 0:
            pass
        return tuple(int(machine_.run[field]) for field in ("copy_fresh", "delivery_fresh", "heap_n")) + tuple(
            len(machine_.array(name)) for name in ("copies", "deliveries", "heap", "event_rows", "fate_rows")
        )

    assert records(100) == records(10_000)


PROGRAM = """
import json, pickle, sys
from tests.engines.test_determinism import digests
print(json.dumps(digests(pickle.load(sys.stdin.buffer))))
"""


def elsewhere(models: list[Model], **environment: str) -> list[str]:
    """The digests as another process computes them.

    It is handed the models: what Hypothesis draws depends on the modules that a process has imported.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM], input=pickle.dumps(models),
        cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "7", **environment}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return list(json.loads(done.stdout))


def test_interpreted_kernels_give_the_same_digest(models: list[Model], expected: list[str]) -> None:
    assert elsewhere(models, MQLAB_JIT="0") == expected


def test_every_index_is_within_bounds(models: list[Model], expected: list[str]) -> None:
    assert elsewhere(models, MQLAB_BOUNDS_CHECK="1") == expected
