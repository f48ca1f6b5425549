"""The summary of a run: the object that ``--json`` prints, ready for :mod:`json` (None, never NaN)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Protocol

from mqlab.checks import ANOMALIES, Finding
from mqlab.measure.latency import describe
from mqlab.measure.who import work_by_group
from mqlab.trace.fates import LOST_PREFIX, Cause, Fate, fate_label
from mqlab.trace.schema import STAGES, Trace

__all__ = ["Outcome", "summarise", "verdict", "with_outcomes"]

MESSAGES = ("created", "sent", "confirmed", "owed", "processed")


class Outcome(Protocol):
    """What became of one expectation; see :mod:`mqlab.scenario.expect`."""

    @property
    def text(self) -> str:
        """The expectation as it was written."""
        ...

    @property
    def holds(self) -> bool | None:
        """Whether it holds; None if it cannot be told."""
        ...

    @property
    def value(self) -> Any:
        """What was found instead."""
        ...


def summarise(trace: Trace, findings: Sequence[Finding], outcomes: Sequence[Outcome] = ()) -> dict[str, Any]:
    """Summarise a run.

    ``throughput_per_s`` has ``created``: messages created per second from 0 until producers stopped, and
    ``processed``: obligations processed per second from 0 to the end of the run, drain included. Both are
    plain ratios of totals, so they are the same at every trace level and can be checked by hand; a rate
    in a window is in the time series. ``stages`` repeats the shape of ``latency_ns`` for every stage.
    ``consumers`` says who processed what: for each consumer group the copies it was the first to process, and
    how many came ``from`` each producer group; None where fates were not kept.
    ``fates`` has all sixteen fates and, under ``lost``, every cause. ``violations`` names what the
    contract forbids and yet happened.

    Parameters
    ----------
    trace
        Any level.
    findings
        Of :func:`mqlab.checks.judge`; an anomaly without one is None.
    outcomes
        Of the scenario's expectations. None of them is known yet when they are evaluated against this
        very object, so the face leaves them out and adds them with :func:`with_outcomes`.

    Returns
    -------
    dict
        Plain ints, floats, strings, lists and dicts.

    Examples
    --------
    >>> summarise(trace, findings)["fates"]["lost"]["auto_ack"]                         # doctest: +SKIP
    0
    """
    counters = trace.counters
    counts = {finding.name: finding.count for finding in findings}
    stages = {stage: describe(counters, stage) for stage in STAGES}
    summary: dict[str, Any] = plain(
        {
            "scenario": trace.scenario,
            "system": trace.system,
            "engine": trace.engine,
            "seed": trace.seed,
            "trace_digest": trace.digest,
            "trace_level": trace.level,
            "duration_s": trace.duration_ns / 1e9,
            "wall_s": trace.wall_s,
            "events": trace.event_count,
            "messages": {name: counters.messages[name] for name in MESSAGES},
            "fates": _fates(trace),
            "anomalies": {name: counts.get(name) for name in ANOMALIES},
            "latency_ns": stages["latency"],
            "stages": stages,
            "throughput_per_s": {
                "created": _ratio(counters.messages["created"], trace.producing_ns / 1e9),
                "processed": _ratio(counters.messages["processed"], trace.duration_ns / 1e9),
            },
            "queues": {name: asdict(stats) for name, stats in counters.queues.items()},
            "consumers": work_by_group(trace),
            "utilisation": counters.utilisation,
            "gauges": counters.gauges,
            "expectations": [],
            "violations": [finding.name for finding in findings if finding.violated],
            "verdict": None,
        }
    )
    return with_outcomes(summary, findings, outcomes)


def with_outcomes(
    summary: Mapping[str, Any], findings: Sequence[Finding], outcomes: Sequence[Outcome]
) -> dict[str, Any]:
    """Add to a summary what became of the expectations, and the verdict that follows.

    Examples
    --------
    >>> with_outcomes({"verdict": None, "expectations": []}, [], [])
    {'verdict': 'none', 'expectations': []}
    """
    told = [{"text": outcome.text, "holds": outcome.holds, "value": outcome.value} for outcome in outcomes]
    return {**summary, "expectations": plain(told), "verdict": verdict(findings, outcomes)}


def verdict(findings: Sequence[Finding], outcomes: Sequence[Outcome]) -> str:
    """Say what to think of a run: "fails", "holds" or "none".

    It fails if the contract was violated or an expectation does not hold or could not be told (what is
    not proven does not hold). It is none if all is well but nothing was expected.

    Examples
    --------
    >>> verdict([], [])
    'none'
    """
    if any(finding.violated for finding in findings):
        return "fails"
    if not outcomes:
        return "none"
    return "holds" if all(outcome.holds for outcome in outcomes) else "fails"


def _fates(trace: Trace) -> dict[str, Any]:
    counted = trace.counters.fates
    found: dict[str, Any] = {
        fate_label(fate): counted.get(fate_label(fate), 0) for fate in Fate if fate != Fate.LOST
    }
    causes = [cause.name.lower() for cause in Cause if cause != Cause.NONE]
    found["lost"] = {cause: counted.get(LOST_PREFIX + cause, 0) for cause in causes}
    return found


def _ratio(amount: float, by: float) -> float | None:
    return amount / by if by > 0 else None


_PLAIN = frozenset((bool, int, str, type(None)))
"""Most of what is met, told at a glance."""


def plain(value: Any) -> Any:
    """Turn mappings and sequences into what JSON has: numpy's numbers become Python's, NaN becomes None.

    Examples
    --------
    >>> import numpy as np
    >>> plain({"a": np.int64(3), "b": [np.float64("nan"), 0.5, True]})
    {'a': 3, 'b': [None, 0.5, True]}
    """
    if type(value) in _PLAIN or isinstance(value, bool | str):
        return value
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if hasattr(value, "item"):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
