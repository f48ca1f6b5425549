"""The check on transactions of a log: who read what did not happen."""

from __future__ import annotations

from mqlab.checks.observation import Evidence, Observation

__all__ = ["aborted_read"]

NO_TRANSACTIONS = "it concerns logs; a queue gets a message only once its transaction is committed"


def aborted_read(evidence: Evidence) -> Observation:
    """Count the records that were processed although their transaction was aborted.

    Handed out is not enough: what counts is that somebody acted on it.

        message  partition  aborted  processed
              0     orders      yes       9 ms
    """
    if not evidence.has_logs:
        return Observation(None, not_judged=NO_TRANSACTIONS)
    return evidence.rows_where((evidence["aborted"] == 1) & (evidence["processings"] > 0))
