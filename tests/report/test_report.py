"""The report: complete, self-contained, safe, and there at every level."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import pytest

from mqlab import player
from mqlab.checks import judge
from mqlab.measure.summary import summarise
from mqlab.report import playing, render
from mqlab.report.page import Html, el, marked
from mqlab.report.stories import chosen
from mqlab.report.words import ANOMALY_WORDS, verdict_words
from mqlab.trace.schema import LEVELS, Level, Rows
from tests.support.synthetic import at_level, empty_run, flash_sale

TEXT = """\
# A sale with a crash.
# Buyers & stock; `lost == 0` must hold.
#
# Change <b>this</b>.
name: flash-sale  # <script>alert("1")</script>
"""
SVG_NAMESPACE = '"http://www.w3.org/2000/svg"'
"""A name and no address: nothing is fetched from there."""
VOID = {"meta", "path", "use", "rect", "circle", "line", "br", "img"}


@dataclass(frozen=True)
class Outcome:
    text: str
    holds: bool | None
    value: Any


@dataclass(frozen=True)
class Promise:
    permitted: bool
    because: str


PROMISES = {
    "lost": Promise(False, "confirms <always> promise it"),
    "redelivered": Promise(True, "acks are manual"),
}
OUTCOMES = (
    Outcome("lost == 0", False, 3),
    Outcome("fates.rejected > 0", None, None),
    Outcome("a < b", True, 1.5),
)


class Reader(HTMLParser):
    """Checks that what is opened is closed, and collects what it meets."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.words: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def report(level: Level = "events", *, empty: bool = False, text: str = TEXT) -> str:
    """A report of the flash sale or of a run in which nothing happened."""
    trace, model = empty_run() if empty else flash_sale()
    trace = at_level(trace, level)
    findings = judge(trace, PROMISES, model=model)
    return render(trace, summarise(trace, findings, OUTCOMES), findings, model, text)


@pytest.mark.parametrize("empty", [False, True], ids=["busy", "empty"])
@pytest.mark.parametrize("level", LEVELS)
def test_is_well_formed_and_needs_nothing_from_elsewhere(level: Level, empty: bool) -> None:
    html = report(level, empty=empty)
    read = Reader(html)
    assert read.stack == []
    assert not re.search(r"https?://|//[a-z]+\.[a-z]", html.replace(SVG_NAMESPACE, ""))
    assert not {"link", "iframe", "object", "embed"} & set(read.tags)
    assert read.tags.count("script") == (level == "events" and not empty)
    for tag, name, value in read.attributes:
        if name in ("src", "href", "xlink:href"):
            assert value is not None
            assert value.startswith("#"), (tag, name, value)
    assert "url(http" not in html
    assert "@import" not in html
    assert len(html) < 1_500_000


def test_names_of_parts_are_unique_and_links_lead_somewhere() -> None:
    read = Reader(report())
    names = [value for _, name, value in read.attributes if name == "id"]
    assert len(names) == len(set(names))
    targets = {value[1:] for tag, name, value in read.attributes if name == "href" and value}
    assert targets <= set(names)


def test_says_everything_that_was_asked_for() -> None:
    read = Reader(report())
    for words in (
        "flash-sale",
        "It fails.",
        "lost == 0",
        "cannot be told",
        "messages created",
        "latency, p99",
        "violation",
        "permitted",
        "A lost message",
        "A doubled message",
        "mqlab replay RUN",
        "0123456789abcdef",
        "Buyers & stock",
        "Confirms <always> promise it.",
    ):
        assert words in read.text, words
    assert read.tags.count("h1") == 1
    assert read.tags.count("h2") == 10
    pictures = [value for tag, name, value in read.attributes if tag == "svg" and name == "aria-label"]
    assert len(pictures) == read.tags.count("svg") == read.tags.count("figcaption") >= 7
    assert all(value and len(value) > 60 for value in pictures)


def test_headings_go_down_one_step_at_a_time() -> None:
    levels = [int(tag[1]) for tag in Reader(report()).tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_scenario_text_is_text_and_nothing_else() -> None:
    html = report(text="# <img src=x onerror=alert(1)>\nname: '</code></pre><script>alert(1)</script>'\n")
    read = Reader(html)
    assert read.tags.count("script") == 1, "the film's"
    assert "img" not in read.tags
    assert "<script>alert(1)</script>" in read.text
    assert "<img src=x onerror=alert(1)>" in read.text


def test_without_events_it_says_how_to_follow_a_message() -> None:
    for level in ("counts", "fates"):
        text = Reader(report(level)).text
        assert "mqlab explain RUN --message N" in text
        assert f"This run kept {level} only" in text


def test_the_same_run_gives_the_same_report() -> None:
    assert report() == report()


def test_nothing_is_read_twice() -> None:
    class Counting(Rows):
        read: ClassVar[list[str | int]] = []

        def column(self, name: str) -> np.ndarray:
            self.read.append(name)
            return super().column(name)

        def of_message(self, message: int) -> np.ndarray:
            self.read.append(message)
            return super().of_message(message)

    trace, model = flash_sale()
    assert isinstance(trace.events, Rows)
    findings = judge(trace, PROMISES, model=model)
    counting = replace(trace, events=Counting(trace.events.array))
    assert render(counting, summarise(trace, findings), findings, model, TEXT)
    assert sorted(map(str, set(Counting.read))) == sorted(map(str, Counting.read)) != []


def test_the_film_is_that_of_the_first_crash() -> None:
    _, model = flash_sale()
    html = report()
    content = json.loads(re.search(r"^const film = (.*);$", html, re.MULTILINE)[1])
    crash = model.faults[0].at_ns
    assert content["start_ns"] < crash < content["start_ns"] + content["length_ns"]
    assert "The first crash, step by step" in Reader(html).text


def test_the_page_allows_its_own_script_and_nothing_else() -> None:
    html = report()
    (allowed,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)
    (script,) = re.findall(r'<script type="module">(.*?)</script>', html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = dict(rule.split(" ", 1) for rule in unescape(allowed).split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{digest}'"
    (bare,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', report("counts"))
    assert "script-src" not in bare


def test_the_film_adds_little_or_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    trace, model = flash_sale()
    whole = playing.film(trace, model)
    assert 0 < len("".join(whole).encode()) <= playing.FILM_BYTES_MAX + 1000
    room = len("".join(whole).encode()) * 2 // 3
    monkeypatch.setattr(playing, "FILM_BYTES_MAX", room)
    assert 0 < len("".join(playing.film(trace, model)).encode()) <= room + 1000, "a shorter stretch"
    monkeypatch.setattr(playing, "FILM_BYTES_MAX", len(player.SCRIPT) // 2)
    assert playing.film(trace, model) == []


def test_elements_escape_what_they_are_given() -> None:
    assert el("p", "<&>", title='"') == '<p title="&quot;">&lt;&amp;&gt;</p>'
    assert el("p", Html("<b>ok</b>"), None, lang=None) == "<p><b>ok</b></p>"
    assert marked("`a`b`") == ["", "<code>a</code>", "b`"]


def test_every_anomaly_has_words() -> None:
    from mqlab.checks import ANOMALIES

    assert set(ANOMALY_WORDS) == set(ANOMALIES)


def _summary(holds: list[bool | None], violations: list[str]) -> Mapping[str, Any]:
    rows = [{"text": f"x{n} == 0", "holds": value, "value": 7} for n, value in enumerate(holds)]
    return {"expectations": rows, "violations": violations, "system": "rabbitmq"}


@pytest.mark.parametrize(
    ("holds", "violations", "said"),
    [
        ([], [], "Nothing was expected, and nothing happened that the contract of rabbitmq forbids."),
        ([True], [], "The only expectation holds, and nothing happened that"),
        (
            [True, True],
            ["lost"],
            "All 2 expectations hold, but the contract of rabbitmq forbids what happened",
        ),
        ([True, False], [], "1 of 2 expectations does not hold: x1 == 0 (found 7), but nothing"),
        ([False, None], ["lost"], "2 of 2 expectations do not hold: x0 == 0 (found 7) and others, and"),
        ([None], [], "The only expectation does not hold: x0 == 0 (it cannot be told from this run), but"),
    ],
)
def test_the_verdict_in_one_sentence(holds: list[bool | None], violations: list[str], said: str) -> None:
    assert verdict_words(_summary(holds, violations)).strip().startswith(said)


def test_lives_are_those_of_proven_anomalies_and_each_is_told_once() -> None:
    trace, model = flash_sale()
    findings = judge(trace, PROMISES, model=model)
    stories = dict(chosen(trace, findings))
    lost = next(finding for finding in findings if finding.name == "lost")
    assert stories["A lost message"] == lost.examples[0]
    assert list(stories) == ["A lost message", "A doubled message"]


def test_a_run_without_trouble_tells_a_usual_life() -> None:
    trace, _ = flash_sale(40, duration_s=1)
    assert trace.fates is not None
    quiet = trace.fates.column("fate").max() == 0 and trace.fates.column("effects").max() == 1
    stories = chosen(trace, ())
    assert quiet
    assert [title for title, _ in stories] == ["A message like most"]
