"""Pictures of counterexamples: well-formed, harmless, complete, and the same every time."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from mqlab.grading.counterexample import Counterexample, Step
from mqlab.grading.drawing import WIDTH, sentences, svg

SVG = "{http://www.w3.org/2000/svg}"
STORY = Counterexample(
    "Order 1 was charged twice.",
    (
        Step(240_000, "broker", "your desk", "delivers order 1"),
        Step(1_240_000, "your desk", "bank", "charge(1, 250)"),
        Step(1_240_000, "your desk", "your desk", "crashes", "fault"),
        Step(3_360_000, "broker", "your desk", "delivers order 1 again"),
        Step(4_360_000, "your desk", "bank", "charge(1, 250)", "bad"),
    ),
    1,
)


def parsed(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)


def texts(picture: str) -> list[str]:
    return [element.text or "" for element in parsed(picture).iter(f"{SVG}text")]


def test_it_says_everything() -> None:
    told = texts(svg(STORY, "a crash charges nobody twice"))
    assert told[:2] == ["a crash charges nobody twice", "Order 1 was charged twice."]
    assert [lane for lane in told if lane in ("broker", "your desk", "bank")] == ["broker", "your desk", "bank"]
    assert {step.text for step in STORY.steps} <= set(told)
    assert {"240 us", "1.24 ms", "3.36 ms", "4.36 ms"} <= set(told)
    assert told[-2:] == ["the step that breaks the rule", "a fault"]


def test_time_runs_down_and_arrows_run_between_lanes() -> None:
    picture = parsed(svg(STORY))
    places = {
        element.text: (float(element.get("x", 0)), float(element.get("y", 0))) for element in picture.iter(f"{SVG}text")
    }
    times = [places[time][1] for time in ("240 us", "1.24 ms", "3.36 ms", "4.36 ms")]
    assert times == sorted(times)
    arrows = [line for line in picture.iter(f"{SVG}line") if line.get("y1") == line.get("y2")]
    first = arrows[0]
    assert float(first.get("x1", 0)) == pytest.approx(places["broker"][0], abs=0.1)
    assert float(first.get("x2", 0)) == pytest.approx(places["your desk"][0] - 7, abs=0.1)


def test_what_is_bad_and_what_is_a_fault_have_forms_of_their_own() -> None:
    """Not by colour alone: a thick arrow with a crossed disc, and a triangle."""
    plain = svg(Counterexample("No.", tuple(Step(s.time_ns, s.source, s.to, s.text) for s in STORY.steps)))
    picture = svg(STORY)
    assert picture.count("<polygon") == plain.count("<polygon") + 2  # a triangle in the lane, one in the legend
    assert picture.count("#d55e00") > 2
    assert "#d55e00" not in plain
    assert 'stroke-width="2.8"' in picture
    assert 'stroke-width="2.8"' not in plain


def test_it_is_harmless_and_stands_alone() -> None:
    nasty = "<script>alert('x')</script>\"&\x00\x1b[31m\ud800"
    picture = svg(Counterexample(nasty, (Step(0, nasty, nasty, nasty, "bad"),)), nasty)
    assert parsed(picture).tag == f"{SVG}svg"
    assert not re.search(r"<script|\bid=|url\(|href", picture)
    assert svg(STORY) == svg(STORY)


def test_without_steps_it_is_the_sentence() -> None:
    assert texts(svg(Counterexample("The drain time is 12 s, not 5 s."))) == ["The drain time is 12 s, not 5 s."]


def test_a_long_story_keeps_its_beginning_and_its_end() -> None:
    steps = tuple(Step(at, "broker", "you", f"step {at}") for at in range(200))
    told = texts(svg(Counterexample("No.", steps)))
    assert {"step 0", "step 199"} <= set(told)
    assert "step 100" not in told
    assert any("left out" in text for text in told)


@pytest.mark.parametrize("lanes", [1, 2, 5])
def test_words_stay_in_the_picture(lanes: int) -> None:
    words = "says a good deal more than anybody would like to read in such a small place"
    steps = tuple(
        Step(at, f"lane {at % lanes}", f"lane {to % lanes}", words) for at in range(lanes) for to in range(lanes)
    )
    for element in parsed(svg(Counterexample("No.", steps))).iter(f"{SVG}text"):
        wide, x = 6.2 * len(element.text or ""), float(element.get("x", 0))
        anchor = element.get("text-anchor")
        left = {"start": x, "middle": x - wide / 2, "end": x - wide}[str(anchor)]
        assert left >= -8, element.text
        assert left + wide <= WIDTH + 8, element.text


def test_the_same_in_sentences() -> None:
    assert sentences(STORY.steps)[1:3] == [
        "1.24 ms  your desk → bank: charge(1, 250)",
        "1.24 ms  your desk: crashes  !",
    ]
    assert sentences(STORY.steps)[-1].endswith("✗")
