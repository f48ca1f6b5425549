"""What becomes of messages at a full buffer of their producer, in words."""

from __future__ import annotations

import pytest

from mqlab.explain import tell
from mqlab.model import Buffer, Confirm
from tests.support.models import MS, every, play, producer, tiny, wire


def told(when_full: str, message: int) -> str:
    """The life of one of six messages; one may be unconfirmed for 20 ms, and two may wait."""
    group = producer(arrivals=every(MS, 6), confirm=Confirm(1, 0), link=wire(10 * MS), buffer=Buffer(2, when_full))  # type: ignore[arg-type]
    model = tiny(producers=[group])
    return tell(play(model), model, message)


@pytest.mark.parametrize(
    ("when_full", "message", "sentence", "reason"),
    [
        ("drop-newest", 4, "p's buffer was full (2) when it came, and dropped it", "and this was the newest"),
        ("drop-oldest", 2, "p's buffer was full (2) and it was the oldest there", "the oldest in it that had never"),
        ("fail", 4, "p could not send it: it had no room to keep it (2)", "`producers.p.buffer.when_full: fail`"),
        ("block", 3, "p's buffer was full (2), so its thread waited with it", "`producers.p.buffer`"),
    ],
)
def test_a_full_buffer_is_named_with_its_setting(when_full: str, message: int, sentence: str, reason: str) -> None:
    text = told(when_full, message)
    assert sentence in text
    assert reason in text
