"""The check on request and reply: whose answer a reply was taken for."""

from __future__ import annotations

from mqlab.checks.observation import Evidence, Observation

__all__ = ["NO_REPLIES", "reply_mismatch"]

NO_REPLIES = "it concerns request and reply; nobody asks for replies in this run"


def reply_mismatch(evidence: Evidence) -> Observation:
    """Find replies that a requester took as the answer to another request than the one they answer.

    A reply that came too late and was dropped is no mismatch, and neither is one that nobody took.

        message  in_reply_to  taken_for
              2            0          1
    """
    if evidence.requesting is False:
        return Observation(None, not_judged=NO_REPLIES)
    answers, taken = evidence["in_reply_to"], evidence["taken_for"]
    if evidence.requesting is None and not (answers >= 0).any():
        return Observation(None, not_judged=NO_REPLIES)
    return evidence.rows_where((answers >= 0) & (taken >= 0) & (answers != taken))
