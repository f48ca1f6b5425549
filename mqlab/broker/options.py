"""How a queue may be declared: the words of the simulated queues."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from mqlab.broker.errors import PreconditionFailed
from mqlab.errors import did_you_mean
from mqlab.model import DeadLetter

__all__ = ["QueueOptions", "options_of"]

Overflow = Literal["drop-head", "reject-publish", "reject-publish-dlx", "drop-newest"]


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """The rules of a queue; -1 means no limit.

    Examples
    --------
    >>> QueueOptions(max_length=100, overflow="reject-publish").is_plain
    False
    """

    durable: bool = False
    exclusive: bool = False
    """It belongs to the connection that declared it and is deleted with it."""
    auto_delete: bool = False
    """It is deleted when its last consumer is gone."""
    expires_ns: int = 0
    """It is deleted when nobody consumed, fetched or declared it for so long; 0: never."""
    max_length: int = -1
    """Ready messages it holds."""
    max_bytes: int = -1
    """Bytes of ready messages it holds."""
    overflow: Overflow = "drop-head"
    ttl_ns: int = -1
    """How long a message may stand in it."""
    max_priority: int = 0
    """Levels above 0 that it tells apart; 0: none."""
    dead_letter: DeadLetter | None = None
    """Where what dies in it is published."""
    single_active_consumer: bool = False
    """One consumer is served; when it is gone, the next in the order of their registration."""
    visibility_timeout_ns: int = -1
    """How long a delivery may be held unsettled; then it goes back, and the next consumer gets it (SQS)."""
    delivery_limit: int = -1
    """How often a message may come back; what comes back once more dies."""

    def __post_init__(self) -> None:
        if self.overflow not in get_args(Overflow):
            mend = did_you_mean(self.overflow, get_args(Overflow))
            raise PreconditionFailed(f"a queue knows no overflow `{self.overflow}`", mend)
        if not 0 <= self.max_priority <= 255:
            raise PreconditionFailed(f"max_priority is {self.max_priority}", "give 1 to 255 levels, or 0 for none")
        for name in ("max_length", "max_bytes", "ttl_ns", "delivery_limit"):
            if getattr(self, name) < -1:
                raise PreconditionFailed(f"{name} is {getattr(self, name)}", "give 0 or more, or -1 for no limit")
        if self.visibility_timeout_ns < -1 or self.visibility_timeout_ns == 0:
            raise PreconditionFailed(
                f"visibility_timeout_ns is {self.visibility_timeout_ns}", "give a time above 0, or -1 for none"
            )
        if self.expires_ns < 0:
            raise PreconditionFailed(f"expires_ns is {self.expires_ns}", "give a time above 0, or 0 for never")

    @property
    def is_plain(self) -> bool:
        """Whether a message only ever waits, is delivered and is settled here."""
        limited = (self.max_length, self.max_bytes, self.ttl_ns, self.delivery_limit) != (-1, -1, -1, -1)
        return not (limited or self.max_priority or self.visibility_timeout_ns >= 0)


def options_of(words: dict[str, Any]) -> QueueOptions:
    """Make options of keywords; a word that no queue knows is refused with the nearest one it does."""
    known = [each.name for each in fields(QueueOptions)]
    for word in words:
        if word not in known:
            raise PreconditionFailed(f"a queue has no option `{word}`", did_you_mean(word, known, "options"))
    return QueueOptions(**words)
