"""The report of a run: one HTML page that needs nothing from anywhere else, to read, to print, to hand on.

Its order is that of the questions: did it hold, how did everything end, what happened when, how long did it
take, what went wrong and was it permitted, what was that like for single messages, how to run it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mqlab.plots as plots
from mqlab.checks import Finding
from mqlab.model import Model
from mqlab.report import sections
from mqlab.report.page import Html, el, figure, page
from mqlab.report.playing import film, policy
from mqlab.report.remembered import remembering
from mqlab.trace.schema import Trace

__all__ = ["render"]


def render(
    trace: Trace, summary: Mapping[str, Any], findings: Sequence[Finding], model: Model, scenario_text: str
) -> str:
    """Render the report of a run.

    Parameters
    ----------
    trace
        At any level; pictures that need more than there is say so in words.
    summary
        Of :func:`mqlab.measure.summary.summarise`.
    findings
        Of :func:`mqlab.checks.judge`.
    model
        What the engine ran.
    scenario_text
        The scenario as it was written; its head comment introduces the report.

    Returns
    -------
    str
        A whole HTML page: styles, pictures and the player are inside, nothing is loaded.

    Examples
    --------
    >>> html = render(run.trace, run.summary, run.findings, run.model, run.scenario.text)  # doctest: +SKIP
    >>> Path("report.html").write_text(html, encoding="utf-8")  # doctest: +SKIP
    """
    trace = remembering(trace)
    parts = (
        ("outcome", "Outcome", sections.outcome(summary, trace)),
        ("ends", "How it ended", _pictures(trace, model, "fates_bar")),
        ("when", "What happened when", _pictures(trace, model, "timeline")),
        ("logs", "Leaders and lag", _pictures(trace, model, "logs") if plots.has_logs(trace) else []),
        ("latency", "How long it took", _pictures(trace, model, "latency_over_time", "latency_distribution")),
        ("anomalies", "What went wrong, and was it permitted?", sections.anomalies(findings, summary)),
        ("lives", "Single messages", [*sections.lives(trace, model, findings), *_close_up(trace, model)]),
        ("film", _film_title(trace), film(trace, model)),
        ("queues", "Queues and load", sections.queues(summary)),
        ("scenario", "The scenario", [el("pre", el("code", scenario_text.strip("\n")), tabindex="0")]),
        ("again", "Run it again", sections.again(trace, summary)),
    )
    links = el(
        "nav",
        el("ul", *(el("li", el("a", title, href=f"#{name}")) for name, title, content in parts if content)),
        aria_label="Sections",
    )
    body = [el("section", el("h2", title), *content, id=name) for name, title, content in parts if content]
    head = sections.head(trace, summary, scenario_text)
    allowed = policy("".join(body))
    return page(f"{trace.scenario}: report", head, links, *body, sections.foot(trace), policy=allowed)


def _pictures(trace: Trace, model: Model, *names: str) -> list[Html]:
    """Draw pictures by name."""
    return [
        figure(
            plots.to_svg(plots.draw(name, trace, model)),
            plots.PICTURES[name].title,
            plots.caption(name, trace, model),
        )
        for name in names
    ]


def _close_up(trace: Trace, model: Model) -> list[Html]:
    """Draw the stretch of time around the first crash, or where there was none, a typical one."""
    if trace.events is None or len(trace.events) == 0:
        return []
    window = plots.crash_window(trace)
    drawn = plots.draw("space_time", trace, model, window=window)
    text = plots.caption("space_time", trace, model, window=window)
    title = "A close-up of the first crash" if _crashes(trace) else "A close-up"
    return [el("h3", title), figure(plots.to_svg(drawn), title, text)]


def _crashes(trace: Trace) -> bool:
    return any(trace.counters.events_by_kind.get(kind) for kind in ("node_crashed", "client_crashed"))


def _film_title(trace: Trace) -> str:
    return "The first crash, step by step" if _crashes(trace) else "A stretch of it, step by step"
