"""Worked lives: a lost, a refused, a doubled message, each told in sentences and drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import mqlab.plots as plots
from mqlab import explain
from mqlab.checks import Finding
from mqlab.model import Model
from mqlab.plots.look import many
from mqlab.report.page import Html, el, figure, marked
from mqlab.trace.fates import Fate
from mqlab.trace.schema import Trace

__all__ = ["chosen", "lives"]

OPEN_MAX = 24
"""The sentences of a longer life are folded away: its picture says the same."""
SENTENCES_MAX = 40
"""A longer life is told without its middle."""

_PROOFS = (
    ("A lost message", ("lost",)),
    ("A doubled message", ("duplicate_effect", "enqueued_twice", "redelivered")),
)
_ENDINGS = (
    ("A lost message", (Fate.LOST,)),
    ("A refused message", (Fate.REJECTED, Fate.EVICTED, Fate.GAVE_UP, Fate.DISCARDED)),
    ("A dead letter", (Fate.DEAD_LETTERED, Fate.EXPIRED)),
)


def chosen(trace: Trace, findings: Sequence[Finding]) -> list[tuple[str, int]]:
    """Pick messages to tell of, with headings: one lost, one refused, one doubled; else a usual one."""
    if trace.fates is None or len(trace.fates) == 0:
        return []
    picked: dict[str, int] = {}
    proofs = {finding.name: finding.examples for finding in findings if finding.count}
    for title, names in _PROOFS:
        if examples := next((proofs[name] for name in names if proofs.get(name)), None):
            picked[title] = examples[0]
    fates, messages = trace.fates.column("fate"), trace.fates.column("message")
    for title, endings in _ENDINGS:
        for ending in endings if title not in picked else ():
            if len(rows := np.flatnonzero(fates == ending)):
                picked[title] = int(messages[rows[0]])
                break
    if not picked:
        picked["A message like most"] = _usual(trace)
    order = ("A lost message", "A refused message", "A doubled message", "A message like most")
    return [(title, picked[title]) for title in order if title in picked]


def _usual(trace: Trace) -> int:
    """Give the message whose latency is the median."""
    assert trace.fates is not None
    created, processed = trace.fates.column("created_ns"), trace.fates.column("processed_ns")
    done = np.flatnonzero(processed >= 0)
    rows = done if len(done) else np.arange(len(created))
    spans = (processed - created)[rows]
    middle = rows[np.argpartition(spans, len(spans) // 2)[len(spans) // 2]]
    return int(trace.fates.column("message")[middle])


def lives(trace: Trace, model: Model, findings: Sequence[Finding]) -> list[Html]:
    """Tell and draw the lives of the chosen messages."""
    if trace.events is None:
        text = f"This run kept {trace.level} only, so single messages cannot be followed here. "
        return [
            el(
                "p",
                text,
                el("code", "mqlab explain RUN --message N"),
                " runs it again and tells the life of message N.",
            )
        ]
    stories = chosen(trace, findings)
    if not stories:
        return [el("p", "No message was created, so there is no life to tell.")]
    return [part for title, message in stories for part in _life(trace, model, title, message)]


def _life(trace: Trace, model: Model, title: str, message: int) -> list[Html]:
    """One life: in sentences, what decided it, and as a picture."""
    account = explain.explain(trace, model, message)
    sentences = account.sentences
    if left_out := max(0, len(sentences) - SENTENCES_MAX):
        half = SENTENCES_MAX // 2
        gap = f"… {many(left_out, 'sentence')} left out …"
        lines = [*(s.text for s in sentences[:half]), gap, *(s.text for s in sentences[-half:])]
    else:
        lines = [sentence.text for sentence in sentences]
    heading = f"{title}: number {message}"
    drawn = plots.draw("space_time", trace, model, message=message)
    text = plots.caption("space_time", trace, model, message=message)
    return [
        el("h3", heading),
        el("div", *(el("p", *marked(line)) for line in account.closing), class_="why"),
        figure(plots.to_svg(drawn), heading, text),
        el(
            "details",
            el("summary", f"The same in {many(len(sentences), 'sentence')}"),
            el("ol", *(el("li", *marked(line)) for line in lines), class_="life"),
            open="" if len(sentences) <= OPEN_MAX else None,
        ),
    ]
