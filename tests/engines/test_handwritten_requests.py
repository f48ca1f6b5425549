"""Hand-written processes that ask, and that answer."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from mqlab.engines.world import World
from mqlab.errors import BadInput
from mqlab.model import Arrivals, Reply, Request
from mqlab.trace.kinds import Kind
from tests.support.models import MS, consumer, endings, of_kind, play, producer, times, tiny, wire

BY_HAND = Arrivals("by_hand")
Running = Generator[Any, Any, None]


def clerk(timeout_ns: int = 0) -> Any:
    return producer("clerk", arrivals=BY_HAND, request=Request("own", timeout_ns), link=wire(MS))


def test_a_process_asks_and_another_answers() -> None:
    heard: list[tuple[int, int, str]] = []

    def ask(world: World) -> Running:
        for _ in range(3):
            receipt = world.request("clerk")
            outcome = yield receipt.settled
            heard.append((world.now, receipt.message, outcome))

    def serve(world: World) -> Running:
        while True:
            delivery = yield world.receive("desk")
            yield world.timeout(2 * MS)
            delivery.ack()

    trace = play(tiny(producers=[clerk()], consumers=[consumer("desk", service=None, reply=Reply(50), link=wire(MS))]),
                 processes=[ask, serve])  # fmt: skip
    assert heard == [(6 * MS, 0, "answered"), (12 * MS, 2, "answered"), (18 * MS, 4, "answered")]
    assert endings(trace) == {"processed": 6}
    assert of_kind(trace, Kind.ANSWERED)["first"].tolist() == [1, 3, 5]


def test_numbers_are_right_where_an_answer_and_a_request_fall_on_one_instant() -> None:
    numbers: list[int] = []

    def both(world: World) -> Running:
        numbers.append(world.request("clerk").message)
        delivery = yield world.receive("desk")
        delivery.ack()
        numbers.append(world.request("clerk").message)

    trace = play(tiny(producers=[clerk()], consumers=[consumer("desk", service=None, reply=Reply(50))]),
                 processes=[both])  # fmt: skip
    asked = of_kind(trace, Kind.SENT)
    assert numbers == [0, 2]
    assert 2 in asked["message"].tolist()


def test_a_request_nobody_answers_is_unknown() -> None:
    heard: list[str] = []

    def ask(world: World) -> Running:
        heard.append((yield world.request("clerk").settled))

    trace = play(tiny(producers=[clerk(5 * MS)], consumers=[]), processes=[ask])
    assert heard == ["unknown"]
    assert times(trace, Kind.REQUEST_TIMED_OUT) == [5 * MS]


def test_who_does_not_ask_for_replies_cannot_request() -> None:
    def ask(world: World) -> Running:
        yield world.request("clerk").settled

    plain = producer("clerk", arrivals=BY_HAND)
    with pytest.raises(BadInput, match="does not ask for replies"):
        play(tiny(producers=[plain]), processes=[ask])
