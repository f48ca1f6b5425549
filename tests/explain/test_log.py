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


def test_a_record_is_told_the_same_whether_its_run_kept_events_or_is_simulated_again() -> None:
    kept, again = (mqlab.run("kafka-acks-1", trace=level) for level in ("events", "fates"))
    victim = kept.which("lost")[2]
    told = str(kept.explain(victim))
    assert str(again.explain(victim)) == told
    assert "its batch of" in told
    assert "To prevent it: `producers.shop.acks: all`" in told
