"""Checks on delivery: what is missing, what came from nowhere, what came or counted too often.

Each is a pure function of FATE rows. "Delivered" means that a consumer had the copy in its hands,
"processed" that work on it was finished. A table in a docstring is a smallest violating trace; columns
that do not matter are left out, and a dash means never.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mqlab.checks.observation import Evidence, Observation, pairs
from mqlab.trace.fates import Fate

__all__ = ["duplicate_effect", "enqueued_twice", "lost", "phantom", "recovered", "redelivered", "stale"]


def lost(evidence: Evidence) -> Observation:
    """Find what was confirmed to its producer and never processed, because it got lost or was thrown away.

    A message counts once for each queue that it was owed to, if its producer learnt of success, some copy
    of it there was lost, evicted or deleted with its queue, and no other copy there did better: none was
    processed, is still owed, was dead-lettered, expired or was refused by a consumer. So an extra copy
    that is thrown away while its twin is processed is no loss. What was never confirmed is not lost: its
    producer knows that it does not know. A dead letter is owed anew by the queue it reaches, also by one in
    which the message died before: it may be lost although it had been dead-lettered there.
    ``detail``, of logs with events: how many were cut off ``below_watermark``, where consumers had read already.

        message  queue   confirmed  processed  fate
              0  orders      20 ms          –  lost:broker_memory
    """
    gone = evidence.ended(Fate.LOST, Fate.EVICTED, Fate.DELETED)
    better = ~gone & ~evidence.ended(Fate.DEDUPLICATED)
    gone &= evidence["confirmed_ns"] >= 0
    if not gone.any():
        return Observation(0)
    pair, first = pairs(evidence)
    better &= ~_before_a_return(evidence, pair)
    hit = np.zeros(len(first), bool)
    hit[pair[gone]] = True
    hit[pair[better]] = False
    mask = np.zeros(len(pair), bool)
    mask[first[hit]] = True
    if not evidence.has_logs or evidence.logbook is None:
        return evidence.rows_where(mask)
    read = np.isin(evidence["message"][mask], evidence.logbook.cut_below_watermark)
    return evidence.rows_where(mask, below_watermark=int(np.count_nonzero(read)))


def _before_a_return(evidence: Evidence, pair: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Mark dead letters that came back to their queue later: what counts is how their last copy there ended.

    Rows of a message stand in the order of its copies, and a copy that repeats no other is a dead letter unless
    it is the first there.
    """
    dead = evidence.ended(Fate.DEAD_LETTERED)
    anew = evidence["copy_of"] < 0
    if not dead.any():
        return dead
    last = np.full(int(pair.max()) + 1, -1)
    rows = np.flatnonzero(anew)
    np.maximum.at(last, pair[rows], rows)
    marked: NDArray[np.bool_] = dead & (np.arange(len(pair)) < last[pair])
    return marked


def phantom(evidence: Evidence) -> Observation:
    """Find copies that were delivered or processed although nobody had sent them.

    That is: no such message number was given out, or its creation is missing, or it was sent, stored,
    delivered or processed before it was created.

        message  created  delivered     of 10 messages (0 … 9)
             12     5 ms       9 ms
    """
    created, message = evidence["created_ns"], evidence["message"]
    touched = (evidence["delivered_ns"] >= 0) | (evidence["processed_ns"] >= 0)
    touched |= (evidence["deliveries"] > 0) | (evidence["processings"] > 0)
    wrong = (created < 0) | (message < 0) | (message >= evidence.created)
    for stage in ("sent_ns", "enqueued_ns", "delivered_ns", "processed_ns"):
        wrong |= (evidence[stage] >= 0) & (evidence[stage] < created)
    return evidence.rows_where(touched & wrong)


def recovered(evidence: Evidence) -> Observation:
    """Find messages that were processed although their producer, who asked for confirms, never got one.

    Harmless in itself; whoever treats "not confirmed" as "did not happen" is wrong about these. A message
    counts once, however many queues it went to.

        message  producer            confirmed  processed  fate
              0  asks for confirms           –      30 ms  processed
    """
    if evidence.confirming is None:
        return Observation(None, not_judged="it is not known which producers ask for confirms")
    producer = evidence["producer"]
    asks = np.isin(producer, np.fromiter(evidence.confirming, np.int64, len(evidence.confirming)))
    mask = asks & (evidence["confirmed_ns"] < 0) & (evidence["processed_ns"] >= 0)
    found = evidence["message"][mask]
    count = int(np.count_nonzero(np.r_[True, found[1:] != found[:-1]])) if len(found) else 0
    return Observation(count, evidence.examples(mask))


def redelivered(evidence: Evidence) -> Observation:
    """Count deliveries of the same copy after its first.

    ``detail``: ``copies`` that were redelivered, and ``most_deliveries`` of one copy.

        message  copy  deliveries
              0     0           2
    """
    deliveries = evidence["deliveries"]
    again = deliveries > 1
    extra = int((deliveries[again] - 1).sum(dtype=np.int64))
    most = int(deliveries.max()) if len(deliveries) else 0
    return Observation(
        extra,
        evidence.examples(again),
        {"copies": int(np.count_nonzero(again)), "most_deliveries": most},
    )


def enqueued_twice(evidence: Evidence) -> Observation:
    """Count the extra copies of messages that a queue already held or had held.

    Stored is enough: whether the copy was ever delivered does not matter.

        message  copy  copy_of  enqueued
              0     0        –      5 ms
              0     1        0    900 ms
    """
    return evidence.rows_where((evidence["copy_of"] >= 0) & (evidence["enqueued_ns"] >= 0))


def duplicate_effect(evidence: Evidence) -> Observation:
    """Count business effects after the first of the same message in the same queue, over all its copies.

    Processing twice without a second effect (deduplication) is no anomaly. Where a consumer of a log makes one record
    of another, two of them that were made of the same one are the same message: each was processed by somebody.
    ``detail``: ``messages_and_queues`` concerned, and ``most_effects`` of one.

        message  queue   copy  effects
              0  orders     0        1
              0  orders     1        1
    """
    effects = evidence["effects"]
    pair, first = pairs(evidence)
    total = np.bincount(pair, weights=effects, minlength=len(first)).astype(np.int64)
    doubled = total > 1
    mask = _made_twice(evidence)
    made_twice = int(np.count_nonzero(mask))
    mask[first[doubled]] = True
    return Observation(
        int((total[doubled] - 1).sum()) + made_twice,
        evidence.examples(mask),
        {
            "messages_and_queues": int(np.count_nonzero(doubled)),
            "most_effects": int(total.max()) if len(total) else 0,
        },
    )


def _made_twice(evidence: Evidence) -> NDArray[np.bool_]:
    """Mark records of a log with an effect that were made of the same record as one before them, in one partition."""
    twice = np.zeros(len(evidence["message"]), bool)
    made = np.flatnonzero((evidence["in_reply_to"] >= 0) & (evidence["effects"] > 0) & (evidence["copy_of"] < 0))
    if not evidence.has_logs or not len(made):
        return twice
    order = made[np.lexsort((evidence["message"][made], evidence["queue"][made], evidence["in_reply_to"][made]))]
    again = np.zeros(len(order), bool)
    again[1:] = (evidence["in_reply_to"][order][1:] == evidence["in_reply_to"][order][:-1]) & (
        evidence["queue"][order][1:] == evidence["queue"][order][:-1]
    )
    twice[order[again]] = True
    return twice


def stale(evidence: Evidence) -> Observation:
    """Find copies that reached a consumer after their queue's time-to-live had passed.

    The broker sends nothing that is past its time, but what it sent in time may arrive too late. What expired
    without being delivered is no anomaly. A time-to-live of messages is not judged.

        message  queue               enqueued  delivered
              0  orders (ttl 10 ms)      5 ms      16 ms
    """
    if not evidence.ttl_ns:
        return Observation(None, not_judged="no queue of this run has a time-to-live")
    waited = evidence["delivered_ns"] - evidence["enqueued_ns"]
    both = (evidence["delivered_ns"] >= 0) & (evidence["enqueued_ns"] >= 0)
    mask = np.zeros(len(both), bool)
    for queue, ttl_ns in evidence.ttl_ns.items():
        mask |= both & (evidence["queue"] == queue) & (waited > ttl_ns)
    return evidence.rows_where(mask)
