"""Requests and their replies, and tasks whose state is written down: what asks, what answers, what looks first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from mqlab.model.shapes import Distribution

__all__ = ["ExpectsRecord", "Record", "Reply", "Request"]


@dataclass(frozen=True, slots=True)
class Request:
    """A producer group asks for a reply to each of its messages.

    ``reply_to``: own (each member has an exclusive queue for its replies, named by the server, which goes with its
    connection) · direct (no queue: the broker hands a reply straight to the channel that asked) · queue (all members
    read replies from ``queue``, and get each other's). Replies are consumed without acknowledgement.
    ``timeout_ns`` 0 means: wait for ever. ``correlate``: a reply is taken for the request whose correlation id it
    carries; otherwise the next reply is taken for the oldest open request.
    """

    reply_to: Literal["own", "direct", "queue"]
    timeout_ns: int
    correlate: bool = True
    queue: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A consumer group answers requests, before or after it acknowledges them."""

    size_bytes: int
    before_ack: bool = True


@dataclass(frozen=True, slots=True)
class Record:
    """A producer writes the state of each task ("submitted") where workers look it up; that ``takes`` a while.

    ``order``: enqueue-first (the message is sent at once, the state is there later) · write-first (the message is
    sent when the state is there).
    """

    takes: Distribution
    order: Literal["enqueue-first", "write-first"]


@dataclass(frozen=True, slots=True)
class ExpectsRecord:
    """A worker looks up the state of a task before it begins.

    What it does when there is none yet: discard (abandon the task: refuse it for good) · requeue (put it back) ·
    wait (look again after ``every_ns``).
    """

    otherwise: Literal["discard", "requeue", "wait"]
    every_ns: int
