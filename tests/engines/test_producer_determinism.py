"""Producers with more than a rate: the same run compiled, interpreted, and with every index checked."""

from __future__ import annotations

import pytest

from mqlab.model import Model
from mqlab.scenario import loads
from mqlab.trace.kinds import Kind
from tests.engines.test_determinism import digests, elsewhere
from tests.support.models import event_rows, play

TEXT = """
system: rabbitmq
duration: 2 s
drain: 2 s
queues: {q_0: {}, q_1: {}, q_2: {}}
producers:
  pieces: {arrivals: {piecewise: [{from: 0 s, rate: 100/s}, {from: 500 ms, rate: 0/s}, {from: 1 s, rate: 200/s}]},
           to: q_0, message: {size: {lognormal: {mean: 1 KiB, cv: 2}}}}
  bursts: {count: 3, arrivals: {burst: {every: 400 ms, of: 20, over: 30 ms}}, to: q_0,
           buffer: {max: 3, when_full: drop-oldest}}
  states: {count: 2, arrivals: {mmpp: [{rate: 20/s, stay: 200 ms}, {rate: 300/s, stay: 100 ms}]}, to: q_0,
           confirm: {max_in_flight: 1}, buffer: {max: 2, when_full: block}, prepare: 3 ms}
  crowd: {count: 2, arrivals: {hawkes: {base: 20/s, branching: 0.8, decay: 50 ms}}, confirm: {max_in_flight: 1},
          buffer: {max: 1, when_full: fail}, retry: {attempts: 2, backoff: {constant: 5 ms}},
          message: {key: {zipf: {s: 1, keys: 3}}}, to: {routing_key: {by_key: "q_{key}"}}}
consumers: {a: {queue: q_0}, b: {queue: q_1}, c: {queue: q_2}}
faults: [{at: 800 ms, crash: broker, for: 100 ms}, {at: 1200 ms, crash: states, for: 100 ms}]
"""


@pytest.fixture(scope="module")
def models() -> list[Model]:
    return [loads(TEXT).model]


def test_the_model_is_worth_it(models: list[Model]) -> None:
    kinds = set(event_rows(play(models[0]))["kind"].tolist())
    assert {Kind.OVERFLOWED, Kind.BLOCKED, Kind.PUBLISH_FAILED, Kind.FORGOTTEN} <= kinds


@pytest.mark.parametrize("how", [{"MQLAB_JIT": "0"}, {"MQLAB_BOUNDS_CHECK": "1"}], ids=["interpreted", "checked"])
def test_however_it_is_computed_the_digest_is_the_same(models: list[Model], how: dict[str, str]) -> None:
    assert elsewhere(models, **how) == digests(models)
