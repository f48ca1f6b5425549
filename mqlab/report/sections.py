"""The sections of a report, each a list of HTML elements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mqlab import __version__
from mqlab.checks import Finding
from mqlab.measure.found import format_found
from mqlab.plots.look import many, span, thousands
from mqlab.report.page import Html, el, marked, table
from mqlab.report.stories import lives
from mqlab.report.words import ANOMALY_WORDS, introduction, verdict_words
from mqlab.trace.schema import FORMAT_VERSION, Trace

__all__ = ["again", "anomalies", "foot", "head", "lives", "outcome", "queues"]


def head(trace: Trace, summary: Mapping[str, Any], scenario_text: str) -> Html:
    """Title, what the scenario says of itself, and the verdict in one sentence."""
    verdict = str(summary.get("verdict", "none"))
    mark = {"holds": "✔ It holds.", "fails": "✘ It fails."}.get(verdict, "No verdict.")
    facts = (
        f"{trace.system}, engine {trace.engine}, seed {trace.seed}, {span(trace.duration_ns)} of virtual time"
    )
    return el(
        "header",
        el("h1", trace.scenario),
        el("p", facts, class_="under"),
        *(
            el("p", *marked(text)) if kind == "text" else _changes(text)
            for kind, text in introduction(scenario_text)
        ),
        el("p", el("strong", mark), verdict_words(summary), class_=f"verdict {verdict}"),
    )


def _changes(text: str) -> Html:
    """Give lines of "command or setting   # what then happens" as a list."""
    items = []
    for line in text.split("\n"):
        setting, _, then = (part.strip(" #") for part in line.partition("  "))
        if then or setting.startswith("mqlab "):
            items.append(el("li", el("code", setting), *((": ", *marked(then)) if then else ())))
        else:
            items.append(el("li", *marked(line)))
    return el("ul", *items)


def outcome(summary: Mapping[str, Any], trace: Trace) -> list[Html]:
    """Give the expectations with what was found, and the key figures."""
    rows = [
        [el("code", str(row["text"])), format_found(str(row["text"]), row["value"]), _holds(row["holds"])]
        for row in summary["expectations"]
    ]
    parts = [_key_figures(summary, trace)]
    if rows:
        title = "What the scenario expects, and what was found"
        parts.insert(0, table(("Expected", "Found", "Holds"), rows, title=title))
    else:
        parts.insert(0, el("p", "The scenario states no expectations (", el("code", "expect:"), ")."))
    return parts


def _holds(holds: bool | None) -> Html:
    if holds is None:
        return el("span", "cannot be told from this run", class_="bad")
    return el("span", "✔ yes", class_="good") if holds else el("span", "✘ no", class_="bad")


def _value(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    return thousands(value) if isinstance(value, int | float) else str(value)


def _key_figures(summary: Mapping[str, Any], trace: Trace) -> Html:
    """Give the handful of numbers that people ask for first."""
    messages, latency = summary["messages"], summary["latency_ns"]
    lost, peak = summary["anomalies"].get("lost"), int(max(trace.counters.series["ready"], default=0))
    cards = [
        ("messages created", thousands(messages["created"]), _per_s(summary, "created")),
        (
            "obligations processed",
            thousands(messages["processed"]),
            f"of {messages['owed']:,} owed; {_per_s(summary, 'processed')}",
        ),
        (
            "confirmed, then lost",
            _value(lost),
            "cannot be told from this run" if lost is None else "never processed, though confirmed",
        ),
        ("refused", thousands(summary["fates"]["rejected"]), "the producer was told no"),
        (
            "effects that happened twice",
            _value(summary["anomalies"].get("duplicate_effect")),
            "or more often, for one message",
        ),
        ("latency, median", _duration(latency["p50"]), "created → processed"),
        ("latency, p99", _duration(latency["p99"]), f"longest {_duration(latency['max'])}"),
        ("highest backlog", thousands(peak), "ready copies in queues"),
    ]
    return el(
        "dl",
        *(el("div", el("dt", name), el("dd", value, el("small", more))) for name, value, more in cards),
        class_="key",
    )


def _duration(ns: float | None) -> str:
    return "–" if ns is None else span(ns)


def _per_s(summary: Mapping[str, Any], name: str) -> str:
    rate = summary["throughput_per_s"].get(name)
    return "–" if rate is None else f"{thousands(float(f'{rate:.3g}'))} per s"


def anomalies(findings: Sequence[Finding], summary: Mapping[str, Any]) -> list[Html]:
    """Every anomaly that could be judged: how often, whether the contract permits it, and why."""
    if not findings:
        return []
    judged = [finding for finding in findings if finding.count is not None]
    rows = [
        [finding.name.replace("_", " "), f"{finding.count:,}", _judgement(finding), _meaning(finding)]
        for finding in sorted(judged, key=lambda finding: (not finding.violated, not finding.count))
    ]
    title = (
        f"Anomalies, and what the contract of {summary['system']} says about them under this configuration"
    )
    parts = (
        [table(("Anomaly", "Count", "Contract", "Meaning and reason"), rows, title=title, numbers=(1,))]
        if rows
        else []
    )
    if len(judged) < len(findings):
        reasons: dict[str, list[str]] = {}
        for finding in findings:
            if finding.count is None:
                reasons.setdefault(finding.not_judged or "this run cannot tell", []).append(
                    finding.name.replace("_", " ")
                )
        text = "; ".join(f"{', '.join(names)} ({why})" for why, names in reasons.items())
        parts.append(el("p", el("strong", "Not judged: "), text, ".", class_="soft"))
    return parts


def _judgement(finding: Finding) -> Html:
    if finding.violated:
        return el("span", "✘ violation", class_="bad")
    if finding.count:
        return Html("permitted")
    return el(
        "span", "permitted" if finding.permitted else "✔ kept", class_="soft" if finding.permitted else "good"
    )


def _meaning(finding: Finding) -> Html:
    """Say what the anomaly is, why the contract judges it so, and which messages show it."""
    examples = ", ".join(str(number) for number in finding.examples[:5])
    shown = el("span", f" Messages: {examples}.", class_="soft") if examples and finding.count else None
    because = finding.because.rstrip(".")
    return el(
        "span",
        f"{ANOMALY_WORDS.get(finding.name, '')} ",
        el("span", *marked(because[:1].upper() + because[1:] + "."), class_="soft"),
        shown,
    )


def queues(summary: Mapping[str, Any]) -> list[Html]:
    """Time-weighted figures of queues, and how busy everybody was."""
    parts = []
    if summary["queues"]:
        rows = [
            [
                name,
                *(thousands(float(f"{q[key]:.3g}")) for key in ("depth_mean", "unacked_mean")),
                *(
                    f"{int(q[key]):,}"
                    for key in ("depth_max", "unacked_max", "enqueued", "delivered", "acked", "requeued")
                ),
            ]
            for name, q in summary["queues"].items()
        ]
        top = (
            "Queue",
            "Mean ready",
            "Mean unacked",
            "Most ready",
            "Most unacked",
            "Enqueued",
            "Delivered",
            "Acked",
            "Requeued",
        )
        parts.append(
            table(top, rows, title="Queues, time-weighted from warm-up to the end", numbers=range(1, 9))
        )
    if summary["utilisation"]:
        rows = [[name, f"{100 * share:.1f} %"] for name, share in summary["utilisation"].items()]
        parts.append(
            table(("Who", "Busy"), rows, title="Share of time at work, from warm-up to the end", numbers=(1,))
        )
    return parts


def again(trace: Trace, summary: Mapping[str, Any]) -> list[Html]:
    """How to get the same run again, and how to look at it more closely."""
    commands = (
        ("Prove that it can be repeated to the last event", "mqlab replay RUN"),
        (
            "Run the scenario above again (saved as scenario.yaml)",
            f"mqlab run scenario.yaml --seed {trace.seed}",
        ),
        ("See what chance does", f"mqlab run scenario.yaml --seed {trace.seed + 1}"),
        ("Read the life of a message", "mqlab explain RUN --message N"),
    )
    rows = [[text, el("code", command)] for text, command in commands]
    return [
        el(
            "p",
            "RUN is the folder this report stands in; it holds the scenario and everything that happened.",
        ),
        table(("To", "type"), rows, title="Commands"),
        el(
            "p",
            "Digest of the run: ",
            el("code", trace.digest),
            f" over {many(trace.event_count, 'event')}, the same on every machine.",
        ),
    ]


def foot(trace: Trace) -> Html:
    """Give versions."""
    versions = f"mqlab {__version__}, trace format {FORMAT_VERSION}"
    return el("footer", f"{versions}, trace level {trace.level}, simulated in {trace.wall_s:.2g} s.")
