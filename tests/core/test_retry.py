"""Pauses between tries: exact without jitter, bounded with it, and the tries counted."""

from __future__ import annotations

import pytest

from mqlab.model import Arrivals, Backoff, Confirm, LinkSide, Retry
from mqlab.policies.backoff import JITTER, backoff_ns
from mqlab.trace.kinds import Kind
from tests.support.models import MS, S, endings, every, of_kind, one_way, play, producer, takes, times, tiny

NOWHERE = one_way(LinkSide(takes(0), loss=1.0))


def pauses(jitter: str, n: int = 1, attempts: int = 6) -> list[int]:
    backoff = Backoff(10 * MS, 2.0, 50 * MS, jitter)  # type: ignore[arg-type]
    trace = play(tiny(producers=[producer(arrivals=Arrivals("constant", 1e6, messages_max=n), confirm=Confirm(0, MS),
                                          retry=Retry(attempts, backoff), link=NOWHERE)]))  # fmt: skip
    return of_kind(trace, Kind.BACKED_OFF)["first"].tolist()


def test_pauses_double_up_to_the_longest() -> None:
    assert pauses("none") == [10 * MS, 20 * MS, 40 * MS, 50 * MS, 50 * MS]


@pytest.mark.parametrize(("jitter", "least"), [("full", 0.0), ("equal", 0.5)])
def test_jitter_spreads_a_pause_over_its_whole_range(jitter: str, least: float) -> None:
    got = [pause / (10 * MS) for pause in pauses(jitter, n=1000, attempts=2)]
    assert len(got) == 1000
    assert least <= min(got) < least + 0.02
    assert 0.98 < max(got) <= 1.0
    assert sum(got) / 1000 == pytest.approx((1 + least) / 2, abs=0.03)


def test_tries_are_counted_from_the_first() -> None:
    for attempts in (1, 2, 5):
        trace = play(tiny(producers=[producer(arrivals=every(MS, 1), confirm=Confirm(0, MS), link=NOWHERE,
                                              retry=Retry(attempts, Backoff(MS, 1.0, S, "none")))]))  # fmt: skip
        assert times(trace, Kind.SENT) == [2 * MS * i for i in range(attempts)]
        assert endings(trace) == {"gave_up": 1}


@pytest.mark.parametrize("attempt", [1, 2, 10, 63, 2000])
@pytest.mark.parametrize("factor", [1.0, 1.5, 10.0])
def test_no_number_of_tries_overflows(attempt: int, factor: float) -> None:
    pause = int(backoff_ns(MS, factor, 30 * S, JITTER["none"], attempt, 1.0))
    assert MS <= pause <= 30 * S
