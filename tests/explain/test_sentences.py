"""Every kind of event has one sentence, whatever its details."""

import re
from itertools import product

import pytest

from mqlab.explain.sentences import SENTENCES
from mqlab.explain.story import Moment, moment_text, story_of
from mqlab.trace.fates import Cause
from mqlab.trace.kinds import Direction, Kind
from tests.support.shop import shop
from tests.support.traces import BROKER, BUYER_0, MS, ORDERS, STOCK_0, S, event, processed, trace

SENTENCE = re.compile(r"[a-zé][^.]*[a-z0-9)\]]", re.DOTALL)


def moments(kind):
    """Rows of a kind with all sorts of actors and details."""
    story = story_of(trace([processed(0)], [event(0, Kind.CREATED)]), shop(), 0)
    for actor, queue, attempt, first, cause in product(
        (BROKER, BUYER_0, STOCK_0, -1),
        (ORDERS, -1),
        (0, 1, 3),
        (0, 1, 3, 5 * MS),
        (0, 1, Cause.UNSYNCED_DISK),
    ):
        row = event(S, kind, actor=actor, queue=queue, attempt=attempt, first=first, cause=cause)
        yield Moment(story, row)


def test_no_kind_lacks_its_sentence():
    assert set(SENTENCES) == set(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_a_sentence_fits_after_the_time(kind):
    for moment in moments(kind):
        words = SENTENCES[kind](moment)
        assert SENTENCE.fullmatch(re.sub(r"\d\.\d", "00", words)), words
        assert "  " not in words
        assert "None" not in words


def test_no_two_kinds_say_the_same():
    """Except that a client and a node come back in the same words."""
    said = {}
    for kind in set(Kind) - {Kind.CLIENT_RESTARTED}:
        for words in {SENTENCES[kind](moment) for moment in moments(kind)}:
            assert said.setdefault(words, kind) == kind


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("kind", [Kind.PACKET_LOST, Kind.PACKET_DUPLICATED, Kind.STALE_PACKET])
def test_a_packet_is_named_by_what_it_carried(kind, direction):
    story = story_of(trace([processed(0)], [event(0, Kind.CREATED)]), shop(), 0)
    words = SENTENCES[kind](Moment(story, event(S, kind, first=direction)))
    cargo = {0: "message", 1: "confirm", 2: "delivery", 3: "acknowledgement", 4: "returned message"}[direction]
    assert cargo in words


@pytest.mark.parametrize(
    ("sent", "cause", "known"),
    [
        (True, 0, "not knowing whether the broker has it"),
        (False, 0, "knowing that it had never left"),
        (True, 1, "knowing that it was refused"),
    ],
)
def test_who_gives_up_knows_what_it_was_told(sent, cause, known):
    events = [event(0, Kind.CREATED), *([event(MS, Kind.SENT, actor=BUYER_0)] if sent else [])]
    story = story_of(trace([processed(0)], events), shop(), 0)
    words = SENTENCES[Kind.GAVE_UP](Moment(story, event(S, Kind.GAVE_UP, actor=BUYER_0, attempt=1, cause=cause)))
    assert words == f"buyers[0] gave up after 1 try, {known}"


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [(0, "0.000 s"), (20_003_000_000, "20.003 s"), (61 * S, "61.000 s"), (12_345, "0.000012 s")],
)
def test_times_have_what_decimals_they_need(time_ns, text):
    assert moment_text(time_ns) == text
