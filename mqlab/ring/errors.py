"""What can be wrong with the use of a ring, each with the way to mend it."""

from __future__ import annotations

from mqlab.errors import BadInput, MqlabError

__all__ = [
    "AlreadyStarted", "BadRing", "HandlerFailed", "NotClaimed", "NotStarted", "PastBarrier", "RingHalted",
    "SecondProducer",
]  # fmt: skip


class BadRing(BadInput):
    """A ring cannot be built like this: its size, its dtype, its producers, its graph."""


class AlreadyStarted(BadInput):
    """The ring runs; who reads it is settled by then, because producers wait for exactly these readers."""


class NotStarted(BadInput):
    """The ring does not run yet."""


class SecondProducer(BadInput):
    """A second thread publishes to a ring that was built for one producer."""


class NotClaimed(BadInput):
    """Something is published that is not claimed, or not claimed any more, or before an earlier claim."""


class PastBarrier(BadInput):
    """A reader reaches for a record that it may not see yet, or gave back already."""


class RingHalted(MqlabError):  # noqa: N818 - it names a state, which need not be an error
    """The ring was halted; nothing can be published or read any more. Its cause, if any, is in ``__cause__``."""


class HandlerFailed(MqlabError):  # noqa: N818 - it names what happened
    """A handler raised, and the ring was halted; what it raised is in ``__cause__``.

    Attributes
    ----------
    stage
        Name of the stage.
    sequence
        The record at which it happened; for handlers of batches the first one of the batch.
    """

    def __init__(self, stage: str, sequence: int, error: BaseException) -> None:
        self.stage, self.sequence = stage, sequence
        super().__init__(
            f"handler {stage!r} failed at sequence {sequence}: {type(error).__name__}: {error}; the ring is halted, "
            "and this record and what came after it were not handled"
        )
