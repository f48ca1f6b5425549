"""The life of a record in a replicated log."""

from __future__ import annotations

import mqlab


def test_what_happens_at_its_offset_after_it_was_cut_off_is_another_records_story() -> None:
    run = mqlab.run("kafka-acks-1")
    victims = run.which("lost")
    assert len(victims) > 3
    for victim in victims:
        told = run.explain(victim)
        assert "cut off the log" in told
        assert "was committed" not in told
