"""The account of a run for people: what happened, whether that was right, and where to look next.

Everything shown is taken from the summary (the same object that ``--json`` prints) and the findings.
"""

from __future__ import annotations

__all__ = ["account", "bar"]

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mqlab.cli import words

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from mqlab.face import Run

BAR_CELLS = 24
HINTS_MAX = 3
_EIGHTHS = " ▏▎▍▌▋▊▉█"
VERDICTS = {
    "holds": "[good]✓ holds[/]",
    "fails": "[bad]✗ fails[/]",
    "none": "[quiet]– nothing was expected[/]",
}
MARKS = {True: "[good]✓[/]", False: "[bad]✗[/]", None: "[quiet]?[/]"}
LATENCIES = (("p50", "p50"), ("p90", "p90"), ("p99", "p99"), ("p999", "p99.9"), ("max", "max"))


def account(run: Run, out: Console, *, explain_with: str = "") -> None:
    """Print the whole account of ``run`` on ``out``.

    Parameters
    ----------
    run
        A run that has ended.
    out
        Where to print; see :func:`mqlab.cli.console.screen`.
    explain_with
        What ``mqlab explain`` would be given to find this run again (a folder); empty gives no hints.
    """
    for part in _parts(run):
        out.print(part)
        out.print()
    for line in _hints(run, explain_with):
        out.print(line, soft_wrap=True)


def _parts(run: Run) -> Iterator[RenderableType]:
    summary = run.summary
    yield _headline(summary)
    yield _fates(summary)
    yield _speeds(summary)
    anomalies = _anomalies(run)
    if anomalies is not None:
        yield anomalies
    if summary["expectations"]:
        yield _expectations(summary["expectations"])


def _headline(summary: Mapping[str, Any]) -> RenderableType:
    from rich.markup import escape
    from rich.text import Text

    virtual, wall = (words.duration(summary[name] * 1e9) for name in ("duration_s", "wall_s"))
    told = (
        f"[bold]{escape(summary['scenario'])}[/]  {VERDICTS[summary['verdict']]}\n"
        f"[quiet]{escape(summary['system'])}, engine {summary['engine']}, seed {summary['seed']}, "
        f"digest {summary['trace_digest']}[/]\n"
        f"{words.counted(summary['messages']['created'], 'message')}, "
        f"{words.counted(summary['events'], 'event')}, {virtual} simulated in {wall}"
    )
    return Text.from_markup(told)


def bar(part: int, whole: int, cells: int = BAR_CELLS) -> str:
    """Draw a bar of ``part`` out of ``whole``; anything above nothing is at least a hair wide.

    Examples
    --------
    >>> bar(1, 2, 4), bar(0, 2, 4), bar(1, 1000, 4)
    ('██', '', '▏')
    """
    if part <= 0 or whole <= 0:
        return ""
    eighths = max(1, round(8 * cells * part / whole))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def _flat_fates(fates: Mapping[str, Any]) -> dict[str, int]:
    flat = {name: count for name, count in fates.items() if not isinstance(count, Mapping)}
    for cause, count in (fates.get("lost") or {}).items():
        flat[f"lost:{cause}"] = count
    return flat


def _fates(summary: Mapping[str, Any]) -> RenderableType:
    from mqlab.cli.console import plain_table

    owed = summary["messages"]["owed"]
    table = plain_table("fate of what was owed", "copies", "share", "", right=(1, 2))
    for name, count in _flat_fates(summary["fates"]).items():
        if count:
            colour = "good" if name == "processed" else "bad" if name.startswith("lost:") else "fair"
            table.add_row(name, words.number(count), _share(count, owed), f"[{colour}]{bar(count, owed)}[/]")
    table.add_row("[bold]= owed[/]", f"[bold]{words.number(owed)}[/]", "", "")
    return table


def _share(part: int, whole: int) -> str:
    share = 100 * part / whole if whole else 0.0
    if 0 < share < 0.1:
        return "< 0.1 %"
    return "> 99.9 %" if 99.9 < share < 100 else f"{share:.1f} %"


def _speeds(summary: Mapping[str, Any]) -> RenderableType:
    from rich.text import Text

    latency, throughput = summary["latency_ns"], summary["throughput_per_s"]
    if latency["count"]:
        told = [f"{label} {words.duration(latency[key])}" for key, label in LATENCIES]
        first = "latency, created → processed: " + ", ".join(told)
    else:
        first = "latency: nothing was processed"
    created, processed = (words.rate(throughput[name]) for name in ("created", "processed"))
    return Text(f"{first}\nthroughput: {created} created, {processed} processed")


def _anomalies(run: Run) -> RenderableType | None:
    from rich.markup import escape
    from rich.text import Text

    from mqlab.cli.console import plain_table

    found = [finding for finding in run.findings if finding.count]
    unjudged = [finding.name for finding in run.findings if finding.count is None]
    if not found:
        return Text("anomalies: none" + (f" (not judged here: {', '.join(unjudged)})" if unjudged else ""))
    table = plain_table("anomaly", "count", "by contract", "because", right=(1,))
    for finding in found:
        ruling = "[fair]permitted[/]" if finding.permitted else "[bad]VIOLATION[/]"
        table.add_row(finding.name, words.number(finding.count), ruling, escape(finding.because))
    return table


def _expectations(expectations: Sequence[Mapping[str, Any]]) -> RenderableType:
    from rich.markup import escape

    from mqlab.cli.console import plain_table
    from mqlab.measure.found import format_found

    table = plain_table("", "expected", "found", right=(2,))
    for entry in expectations:
        found = "not judged" if entry["holds"] is None else format_found(entry["text"], entry["value"])
        table.add_row(MARKS[entry["holds"]], escape(entry["text"]), found)
    return table


def _hints(run: Run, explain_with: str) -> Iterator[str]:
    """Commands that tell the life of one message each, violations first."""
    from rich.markup import escape

    told = [finding for finding in run.findings if finding.count and finding.examples]
    told.sort(key=lambda finding: finding.permitted)
    for finding in told[:HINTS_MAX] if explain_with else ():
        message = finding.examples[0]
        command = f"mqlab explain {escape(explain_with)} --message {message}"
        yield f"[name]{command}[/]  [quiet]({finding.name}{_ending(run, message)})[/]"


def _ending(run: Run, message: int) -> str:
    from mqlab.trace.fates import fate_label

    if run.trace.fates is None:
        return ""
    labels = {fate_label(int(row["fate"]), int(row["cause"])) for row in run.trace.fates.of_message(message)}
    return ": " + ", ".join(sorted(labels)) if labels else ""
