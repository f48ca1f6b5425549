"""The checks: each anomaly by name, judged against the contract of the system.

Adding a check is one function and one line in :data:`REGISTRY`. Its docstring defines the anomaly in
words and shows a smallest violating trace; that trace is a test.
"""

from __future__ import annotations

from collections.abc import Mapping

from mqlab.checks import delivery, log, ordering, replies, transactions
from mqlab.checks.contract import Finding, Promise, conservation, findings
from mqlab.checks.observation import Check, Evidence, Observation
from mqlab.model import Model
from mqlab.trace.schema import Trace

__all__ = ["ANOMALIES", "REGISTRY", "Evidence", "Finding", "Observation", "Promise", "conservation", "judge"]

REGISTRY: Mapping[str, Check | str] = {
    "lost": delivery.lost,
    "phantom": delivery.phantom,
    "recovered": delivery.recovered,
    "redelivered": delivery.redelivered,
    "enqueued_twice": delivery.enqueued_twice,
    "log_duplicate": log.log_duplicate,
    "duplicate_effect": delivery.duplicate_effect,
    "out_of_order": ordering.out_of_order,
    "skipped": log.skipped,
    "nonmonotonic": log.nonmonotonic,
    "inconsistent_offsets": log.inconsistent_offsets,
    "unseen": log.unseen,
    "stale": delivery.stale,
    "aborted_read": transactions.aborted_read,
    "reply_mismatch": replies.reply_mismatch,
}
"""For each anomaly its check, or why no run can be judged by it."""

ANOMALIES: tuple[str, ...] = tuple(REGISTRY)


def judge(
    trace: Trace, promises: Mapping[str, Promise], *, model: Model | None = None
) -> tuple[Finding, ...]:
    """Apply every check to a run; one finding for each of :data:`ANOMALIES`, in their order.

    Parameters
    ----------
    trace
        At level ``counts`` nothing can be judged.
    promises
        What the system promises, by anomaly; one that it does not mention is permitted.
    model
        Tells which producers ask for confirms; without it ``recovered`` is not judged.

    Examples
    --------
    >>> [finding.name for finding in judge(trace, promises) if finding.violated]       # doctest: +SKIP
    []
    """
    return findings(REGISTRY, trace, promises, model)
