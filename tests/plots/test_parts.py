"""What single pictures must get right: numbers that add up, pairs that belong together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.patches import Rectangle

import mqlab
from mqlab.model import Fault
from mqlab.plots import crash_window, fates_bar, latency_distribution, space_time, timeline
from mqlab.plots.close_up import choose
from mqlab.plots.delay import percentiles_over_time
from mqlab.plots.endings import FATE_WORDS, percent, slices
from mqlab.plots.flow import BINS_MAX, binned
from mqlab.plots.journey import NEVER, extract, world_rows
from mqlab.plots.life import ROWS_MAX
from mqlab.plots.look import span
from mqlab.plots.phrases import PHRASES
from mqlab.plots.spells import spells
from mqlab.plots.tail import tail
from mqlab.trace.fates import Cause, Fate, fate_label
from mqlab.trace.kinds import Direction, Kind
from mqlab.trace.schema import EVENT, FATE, Rows
from tests.support.counting import BUCKETS, buckets_of
from tests.support.synthetic import FIRST_BUYER, FIRST_STOCK, MS, ORDERS, S, at_level, empty_run, flash_sale


def events(*rows: tuple[int, Kind, int, int, int, int, int]) -> np.ndarray:
    """Rows of (time, kind, actor, queue, attempt, first, cause) of message 0."""
    table = np.zeros(len(rows), EVENT)
    for number, (time, kind, actor, queue, attempt, first, cause) in enumerate(rows):
        table[number] = (time, -1 if kind >= 60 else 0, first, 1, 0, actor, queue, attempt, kind, cause, 0)
    return table


# the fates bar


def test_widths_of_the_bar_add_up_to_what_was_owed() -> None:
    trace, _ = flash_sale()
    bar = [patch for patch in fates_bar(trace).axes[0].patches if isinstance(patch, Rectangle)]
    upper = [patch.get_width() for patch in bar if patch.get_y() > -0.6]
    assert sum(upper) == pytest.approx(trace.owed)
    assert sum(part.count for part in slices(trace)) == trace.owed


def test_few_lost_among_many_are_shown_enlarged() -> None:
    trace, _ = flash_sale()
    bar = [patch for patch in fates_bar(trace).axes[0].patches if isinstance(patch, Rectangle)]
    lower = [patch for patch in bar if patch.get_y() < -0.6]
    assert sum(patch.get_width() for patch in lower) == pytest.approx(trace.owed), "as wide as the whole bar"
    assert all(patch.get_hatch() for patch in lower), "causes of loss are hatched"


def test_every_fate_has_words_and_a_look_of_its_own() -> None:
    labels = [fate_label(fate) for fate in Fate if fate != Fate.LOST]
    labels += [fate_label(Fate.LOST, cause) for cause in Cause if cause != Cause.NONE]
    assert set(FATE_WORDS) == set(labels)
    trace, _ = flash_sale()
    counters = replace(
        trace.counters,
        fates=dict.fromkeys(labels, 2),
        messages={**trace.counters.messages, "owed": 2 * len(labels)},
    )
    parts = slices(replace(trace, counters=counters))
    assert [part.label for part in parts] == labels
    assert len({(part.colour, part.hatch) for part in parts}) == len(labels)


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0.0, "0 %"), (1e-6, "0.0001 %"), (0.5, "50.0 %"), (0.99999, "99.999 %"), (1, "100 %")],
)
def test_little_is_never_shown_as_nothing_nor_nearly_all_as_all(share: float, shown: str) -> None:
    assert percent(share) == shown


# the timeline


def test_putting_bins_together_keeps_totals_and_peaks() -> None:
    trace, _ = flash_sale()
    starts, width, series = binned(trace)
    assert len(starts) <= BINS_MAX
    assert width % trace.counters.bin_ns == 0
    for name, values in series.items():
        whole = trace.counters.series[name]
        same = np.max if name in ("ready", "unacked") else np.sum
        assert same(values) == same(whole), name


def test_trouble_that_did_not_happen_is_not_drawn() -> None:
    trace, model = flash_sale()
    shown = [label.get_text() for label in timeline(trace, model).axes[2].get_yticklabels()]
    assert shown == ["redelivered", "crash took"]
    quiet, quiet_model = empty_run()
    words = [text.get_text() for text in timeline(quiet, quiet_model).axes[2].texts]
    assert words == ["nothing was refused, dropped, taken by a crash or redelivered"]


def test_faults_come_from_the_model_or_else_from_the_events() -> None:
    trace, model = flash_sale()
    (planned,) = spells(trace, model)
    (seen,) = spells(trace)
    assert planned == seen
    assert (planned.name, planned.kind) == ("broker: crash", "crash")
    assert spells(at_level(trace, "fates")) == ()


def test_a_fault_without_an_end_lasts_to_the_end_of_the_run() -> None:
    trace, model = flash_sale()
    (spell,) = spells(trace, replace(model, faults=(Fault(S, "power_loss", "broker", -1),)))
    assert (spell.start_ns, spell.stop_ns, spell.name) == (S, trace.duration_ns, "broker: power cut")


def test_alarms_are_shaded_beside_the_faults() -> None:
    run = mqlab.run("memory-alarm-blocks-publishers", overrides=["faults=[{at: 1 s, disk_full: broker, for: 3 s}]"])
    fault, *alarms = spells(run.trace, run.model)
    assert (fault.name, fault.kind) == ("broker: disk full", "disk_full")
    assert {"memory_alarm", "disk_alarm"} == {spell.kind for spell in alarms}
    raised, cleared = (
        run.events.loc[run.events["kind"] == kind, "time_ns"].tolist() for kind in ("alarm_raised", "alarm_cleared")
    )
    assert [spell.start_ns for spell in alarms] == raised
    assert sorted(spell.stop_ns for spell in alarms) == cleared


# latency


def test_percentiles_over_time_are_those_of_each_interval() -> None:
    rows = np.zeros(400, FATE)
    rows["copy_of"] = -1
    rows["created_ns"] = np.repeat([10, 60], 200)
    rows["processed_ns"] = rows["created_ns"] + np.concatenate([np.arange(1, 201), np.arange(1001, 1201)])
    rows["processed_ns"][-20:] = -1
    edges, values, counts = percentiles_over_time(Rows(rows), 100, bins=2)
    assert edges.tolist() == [0, 50, 100]
    assert values[:, 0].tolist() == [101, 181, 199]
    assert values[:, 1].tolist() == [1091, 1163, 1179]
    assert counts.tolist() == [[200, 200], [0, 20]]


def test_extra_copies_are_not_counted_as_owed_messages() -> None:
    rows = np.zeros(2, FATE)
    rows["copy_of"], rows["processed_ns"] = [-1, 0], [5, -1]
    _, _, counts = percentiles_over_time(Rows(rows), 10, bins=1)
    assert counts.tolist() == [[1], [0]]


def test_the_tail_is_the_share_that_took_longer() -> None:
    histogram = np.bincount(buckets_of(np.array([1, 2, 2, 200])), minlength=BUCKETS)
    durations, longer = tail(histogram)
    assert durations.tolist() == [2, 3, 201]
    assert longer.tolist() == [0.75, 0.25, 0.0]


def test_marked_percentiles_are_those_of_the_histogram() -> None:
    from mqlab.measure.latency import describe

    trace, model = flash_sale()
    figure = latency_distribution(trace, model, stages=False)
    assert len(figure.axes) == 1
    words = " ".join(text.get_text() for text in figure.axes[0].texts)
    known = describe(trace.counters, "latency")
    for name in ("p50", "p90", "p99"):
        assert f"{name}  {span(known[name] or 0)}" in words


@pytest.mark.parametrize(
    ("ns", "shown"), [(0, "0 s"), (1, "1 ns"), (999_949, "1 ms"), (1_500, "1.5 µs"), (4.2e12, "4,200 s")]
)
def test_durations_read_well(ns: float, shown: str) -> None:
    assert span(ns) == shown


# space and time


def test_every_kind_of_event_has_words() -> None:
    assert set(PHRASES) == set(Kind)
    for kind, words in PHRASES.items():
        assert words(2, 1, 1, "stock"), kind


def test_a_message_on_its_way_through() -> None:
    trace, model = flash_sale()
    journey = extract(trace, model, events(
        (0, Kind.CREATED, FIRST_BUYER, -1, 0, 0, 0),
        (1, Kind.SENT, FIRST_BUYER, -1, 1, 0, 0),
        (2, Kind.ARRIVED, 0, -1, 1, 0, 0),
        (2, Kind.ENQUEUED, 0, ORDERS, 1, 0, 0),
        (2, Kind.CONFIRM_SENT, FIRST_BUYER, -1, 1, 0, 0),
        (3, Kind.CONFIRMED, FIRST_BUYER, -1, 1, 0, 0),
        (4, Kind.DISPATCHED, FIRST_STOCK, ORDERS, 1, 0, 0),
        (5, Kind.DELIVERED, FIRST_STOCK, ORDERS, 1, 0, 0),
        (5, Kind.STARTED, FIRST_STOCK, ORDERS, 1, 9, 0),
        (9, Kind.PROCESSED, FIRST_STOCK, ORDERS, 1, 0, 0),
        (9, Kind.ACK_SENT, FIRST_STOCK, ORDERS, 1, 0, 0),
        (10, Kind.ACKED, FIRST_STOCK, ORDERS, 1, 0, 0),
    ))  # fmt: skip
    assert journey.lanes == (FIRST_BUYER, 0, ORDERS, FIRST_STOCK)
    arrows = {
        (arrow.direction, arrow.start, arrow.end, arrow.from_lane, arrow.to_lane) for arrow in journey.arrows
    }
    assert arrows == {
        (Direction.PUBLISH, 1, 2, FIRST_BUYER, 0),
        (Direction.CONFIRM, 4, 5, 0, FIRST_BUYER),
        (Direction.DELIVERY, 6, 7, ORDERS, FIRST_STOCK),
        (Direction.ACK, 10, 11, FIRST_STOCK, ORDERS),
    }
    stretches = {(part.what, part.lane, part.start, part.end) for part in journey.stretches}
    assert stretches == {("ready", ORDERS, 3, 6), ("unacked", ORDERS, 6, 11), ("work", FIRST_STOCK, 8, 9)}


def test_packets_that_do_not_arrive() -> None:
    trace, model = flash_sale()
    journey = extract(trace, model, events(
        (1, Kind.SENT, FIRST_BUYER, -1, 1, 0, 0),
        (1, Kind.PACKET_LOST, FIRST_BUYER, -1, 1, Direction.PUBLISH, 0),
        (2, Kind.SENT, FIRST_BUYER, -1, 2, 0, 0),
        (3, Kind.STALE_PACKET, FIRST_BUYER, -1, 2, Direction.PUBLISH, 0),
        (4, Kind.SENT, FIRST_BUYER, -1, 3, 0, 0),
    ))  # fmt: skip
    assert [(arrow.how, arrow.start, arrow.end, arrow.to_lane) for arrow in journey.arrows] == [
        ("lost", 0, NEVER, 0),
        ("stale", 2, 3, 0),
        ("open", 4, NEVER, 0),
    ]
    assert journey.lane_of[1] == FIRST_BUYER
    assert journey.lane_of[3] == 0, "it arrives at the broker, though it counts for nothing there"


def test_a_doubled_packet_arrives_twice() -> None:
    trace, model = flash_sale()
    journey = extract(trace, model, events(
        (1, Kind.SENT, FIRST_BUYER, -1, 1, 0, 0),
        (1, Kind.PACKET_DUPLICATED, FIRST_BUYER, -1, 1, Direction.PUBLISH, 0),
        (2, Kind.ARRIVED, 0, -1, 1, 0, 0),
        (3, Kind.ARRIVED, 0, -1, 1, 0, 0),
    ))  # fmt: skip
    assert [(arrow.start, arrow.end) for arrow in journey.arrows] == [(0, 2), (0, 3)]


def test_a_crash_shades_its_node_and_ends_deliveries() -> None:
    trace, model = flash_sale()
    journey = extract(trace, model, events(
        (1, Kind.ENQUEUED, 0, ORDERS, 1, 0, 0),
        (2, Kind.DISPATCHED, FIRST_STOCK, ORDERS, 1, 0, 0),
        (3, Kind.NODE_CRASHED, 0, -1, 0, 0, 0),
        (8, Kind.NODE_RESTARTED, 0, -1, 0, 0, 0),
        (8, Kind.RECOVERED, 0, ORDERS, 0, 0, 0),
    ))  # fmt: skip
    stretches = {(part.what, part.lane, part.start, part.end) for part in journey.stretches}
    assert stretches == {
        ("ready", ORDERS, 0, 1), ("unacked", ORDERS, 1, 2), ("down", 0, 2, 3), ("ready", ORDERS, 4, NEVER),
    }  # fmt: skip


def test_the_world_is_what_concerns_no_message() -> None:
    trace, _ = flash_sale()
    world = world_rows(trace)
    assert (world["message"] == -1).all()
    assert world["kind"].tolist().count(Kind.NODE_CRASHED) == 1
    assert (np.diff(world["time_ns"]) >= 0).all()


@pytest.mark.parametrize("what", ["lost", "doubled"])
def test_a_life_names_all_who_had_to_do_with_it(what: str) -> None:
    trace, model = flash_sale()
    assert trace.fates is not None
    rows = trace.fates.column("fate") == Fate.LOST if what == "lost" else trace.fates.column("effects") > 1
    message = int(trace.fates.column("message")[np.flatnonzero(rows)[0]])
    words = [text.get_text() for text in space_time(trace, model, message=message).axes[0].texts]
    assert f"buyers[{message % 40}]" in words
    assert {"broker", "orders", "broker crashes"} <= set(words)


def test_a_message_that_does_not_exist_is_said_so() -> None:
    trace, model = flash_sale()
    figure = space_time(trace, model, message=10**9)
    assert not figure.axes
    assert "no message 1000000000" in figure.texts[-1].get_text()


def test_a_life_with_too_many_events_loses_its_middle() -> None:
    trace, model = flash_sale()
    held = [(t, Kind.REQUEUED, FIRST_STOCK, ORDERS, t, 0, 0) for t in range(2, 300)]
    rows = events((1, Kind.ENQUEUED, 0, ORDERS, 1, 0, 0), *held)
    figure = space_time(replace(trace, events=Rows(rows)), model, message=0)
    assert any(f"{299 - ROWS_MAX} events not shown" in text.get_text() for text in figure.axes[0].texts)
    assert figure.get_figheight() < 20


def test_a_window_shows_at_most_limit_messages_and_those_in_trouble() -> None:
    trace, model = flash_sale()
    assert trace.events is not None
    start, stop = crash_window(trace)
    rows = trace.events.between(start, stop)
    shown, of = choose(rows, start, stop, 5)
    assert len(shown) == 5 < of
    bad = rows["message"][np.isin(rows["kind"], [Kind.VANISHED, Kind.DROPPED, Kind.PUBLISH_FAILED])]
    assert np.isin(shown, bad).any()
    figure = space_time(trace, model, window=(start, stop), limit=5)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert sum(label.startswith("message ") for label in labels) == 5
    assert figure.axes[0].get_xlim() == (start, stop)


def test_long_names_have_room() -> None:
    trace, model = flash_sale()
    entities = [replace(entity, name=f"a-rather-long-name-of-{entity.name}") for entity in trace.entities]
    figure = space_time(replace(trace, entities=entities), model)
    figure.canvas.draw()
    assert all(label.get_window_extent().x0 >= 0 for label in figure.axes[0].get_yticklabels())


def test_a_window_in_which_nothing_happens() -> None:
    trace, model = flash_sale()
    figure = space_time(trace, model, window=(trace.duration_ns + S, trace.duration_ns + S + MS))
    assert "No message did anything" in figure.texts[-1].get_text()


def test_the_first_crash_is_inside_its_window() -> None:
    trace, model = flash_sale()
    start, stop = crash_window(trace)
    assert start < model.faults[0].at_ns < stop
