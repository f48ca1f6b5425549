"""Dials: their positions, how they are spelt, and where they stand at first."""

import pytest

from mqlab.errors import BadInput
from mqlab.interact.dials import STEPS, dials_of


def dial(span, here=None, **names):
    (only,) = dials_of({"a.b": span}, lambda path: here, **names)
    return only


def test_whole_numbers_go_one_by_one_and_begin_where_the_scenario_stands():
    it = dial((1, 4), 3)
    assert (it.labels, it.values, it.texts) == (("1", "2", "3", "4"), (1, 2, 3, 4), ("1", "2", "3", "4"))
    assert (it.start, it.ordered) == (2, True)


def test_times_have_round_positions_and_exact_texts():
    it = dial(("1 s", "9 s"), "5 s")
    assert it.labels[:3] == ("1 s", "1.2 s", "1.4 s")
    assert it.values == it.labels
    assert it.texts[1] == "1200000000 ns"
    assert it.labels[it.start] == "5 s"
    assert len(it.labels) <= STEPS + 1


def test_the_scenarios_own_value_is_among_the_positions():
    it = dial(("1 s", "9 s"), "1.25 s")
    assert it.labels[:4] == ("1 s", "1.2 s", "1.25 s", "1.4 s")
    assert it.start == 2


@pytest.mark.parametrize("here", [None, True, "20 s", "3/s"])
def test_what_the_scenario_does_not_say_in_range_begins_at_an_end(here):
    it = dial(("1 s", "9 s"), here)
    assert it.start in (0, len(it.labels) - 1)


def test_steps_are_as_asked_for_and_reach_the_end():
    assert dial((0, 10, 4)).values == (0, 4, 8, 10)
    assert dial((0.0, 1.0, 0.25)).values == (0.0, 0.25, 0.5, 0.75, 1.0)
    assert dial(("0 s", "1 s", "500 ms")).labels == ("0 s", "500 ms", "1 s")


def test_wide_ranges_go_by_decades():
    assert dial(("10/s", "1k/s")).labels == (
        "10/s", "15/s", "20/s", "30/s", "50/s", "70/s", "100/s", "150/s", "200/s", "300/s", "500/s", "700/s", "1 k/s",
    )  # fmt: skip
    assert dial((1, 100)).values == (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100)


def test_other_kinds():
    assert dial(("1 KiB", "3 KiB", "1 KiB")).labels == ("1 KiB", "2 KiB", "3 KiB")
    assert dial(("0 %", "4 %", "2 %")).labels == ("0 %", "2 %", "4 %")
    assert dial(("0 %", "4 %", "2 %")).texts == ("0", "0.02", "0.04")
    assert dial("1..3:3").values == (1, 2, 3)
    assert dial("1,2,8").values == (1, 2, 8)


def test_choices():
    words = dial(["classic", "quorum"], "quorum")
    assert (words.values, words.start, words.ordered) == (("classic", "quorum"), 1, False)
    switch = dial([False, True], True)
    assert (switch.values, switch.texts, switch.start) == ((False, True), ("false", "true"), 1)
    assert dial([1, 5, 25]).ordered
    assert not dial([5, 1]).ordered
    assert dial("classic,quorum").texts == ("classic", "quorum")


def test_choices_with_names():
    it = dial({"no receipts": False, "receipts": "{timeout: 500 ms}"})
    assert it.values == it.labels == ("no receipts", "receipts")
    assert it.texts == ("false", "{timeout: 500 ms}")
    assert not it.ordered


def test_a_position_is_found_by_what_it_is_or_how_it_is_written():
    it = dial((1, 16))
    assert it.position(3) == it.position("3") == 2
    assert dial(("1 s", "9 s")).position("1.2 s") == dial(("1 s", "9 s")).position("1200000000 ns") == 1
    with pytest.raises(BadInput, match="no position `17`"):
        it.position(17)


@pytest.mark.parametrize(
    "span",
    [(4, 1), (1, 1), ("1 s", 3), ("a", "b"), (1, 9, "1 s"), (1, 9, 0), (0.0, 1.0, 1e-7), [1], [], ["a", "a"], {},
     {"x": 1}, 5, None, (1,), "1..2:x"],
)  # fmt: skip
def test_what_is_no_range_is_refused_with_a_mend(span):
    with pytest.raises(BadInput) as caught:
        dial(span)
    assert caught.value.mend


def test_something_has_to_be_turned():
    for nothing in ({}, None, ["a.b=1,2"]):
        with pytest.raises(BadInput, match="nothing to turn"):
            dials_of(nothing, lambda path: None)


def test_a_path_is_a_text():
    with pytest.raises(BadInput, match="1 is no path in a scenario"):
        dials_of({1: (1, 2)}, lambda path: None)


def test_dials_have_names():
    assert dial((1, 2)).name == "a.b"
    assert dial((1, 2), names={"a.b": "clerks"}).name == "clerks"
    with pytest.raises(BadInput, match="has a name but is not turned; did you mean"):
        dial((1, 2), names={"a.c": "clerks"})
