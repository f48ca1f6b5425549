"""What a run looks like in a notebook: its verdict and its fates, on a card."""

from __future__ import annotations

__all__ = ["card"]

from collections.abc import Mapping
from html import escape
from typing import Any

from mqlab.units import format_count, format_duration

COLOURS = {"holds": "#1b7a3d", "fails": "#b3261e", "none": "#666666"}
WORDS = {"holds": "✓ holds", "fails": "✗ fails", "none": "– nothing was expected"}


def card(summary: Mapping[str, Any]) -> str:
    """Give the HTML of a short table.

    Parameters
    ----------
    summary
        The object of :func:`mqlab.measure.summary.summarise`.
    """
    verdict, owed = summary["verdict"], summary["messages"]["owed"]
    rows = "".join(_row(name, count, owed) for name, count in flat_fates(summary["fates"]).items() if count)
    expected = "".join(_expectation(entry) for entry in summary["expectations"])
    latency = summary["latency_ns"]
    delays = "" if not latency["count"] else (
        f"<div>latency: median {format_duration(latency['p50'])}, "
        f"p99 {format_duration(latency['p99'])}</div>"
    )  # fmt: skip
    return (
        '<div style="font-family:sans-serif;max-width:44em">'
        f"<div><b>{escape(str(summary['scenario']))}</b> "
        f'<span style="color:{COLOURS[verdict]}"><b>{WORDS[verdict]}</b></span></div>'
        f'<div style="color:#666">{escape(str(summary["system"]))}, engine {escape(str(summary["engine"]))}, '
        f"seed {summary['seed']}, digest {escape(str(summary['trace_digest']))}</div>"
        f"<table><thead><tr><th>fate</th><th>copies</th><th>share</th></tr></thead><tbody>{rows}"
        f"{_row('= owed', owed, owed)}</tbody></table>{delays}{expected}</div>"
    )


def flat_fates(fates: Mapping[str, Any]) -> dict[str, int]:
    """Spell the causes of loss out: ``{"lost": {"wire": 3}}`` becomes ``{"lost:wire": 3}``.

    Examples
    --------
    >>> flat_fates({"processed": 5, "lost": {"wire": 3}})
    {'processed': 5, 'lost:wire': 3}
    """
    flat = {name: count for name, count in fates.items() if not isinstance(count, Mapping)}
    for cause, count in (fates.get("lost") or {}).items():
        flat[f"lost:{cause}"] = count
    return flat


def _row(name: str, count: int, owed: int) -> str:
    share = f"{100 * count / owed:.1f} %" if owed else ""
    figures = "".join(f'<td style="text-align:right">{text}</td>' for text in (format_count(count), share))
    return f'<tr><td style="text-align:left">{escape(name)}</td>{figures}</tr>'


def _expectation(entry: Mapping[str, Any]) -> str:
    mark = {True: "✓", False: "✗", None: "?"}[entry["holds"]]
    found = "" if entry["value"] is None else f" (found {escape(str(entry['value']))})"
    return f"<div>{mark} <code>{escape(entry['text'])}</code>{found}</div>"
