"""What may go wrong between a client and the broker: one error a mistake, with AMQP's code and how to mend it.

An error is raised where the mistake was made and changes nothing: the channel stays open. (RabbitMQ, at the other end
of a wire, can only close the channel to tell its client; where the call itself can answer, that would punish twice.)
"""

from __future__ import annotations

from mqlab.errors import MqlabError

__all__ = [
    "AccessRefused",
    "BrokerClosed",
    "BrokerError",
    "ChannelClosed",
    "ConcurrentUse",
    "ConsumerCancelled",
    "CorruptJournal",
    "IllegalGeneration",
    "JournalError",
    "JournalFailed",
    "JournalLocked",
    "NotAssigned",
    "NotFound",
    "NotStorable",
    "OffsetOutOfRange",
    "PreconditionFailed",
    "PublishRefused",
    "PublishersBlocked",
    "RebalanceInProgress",
    "ReceiveTimeout",
    "ResourceLocked",
    "TransactionRefused",
    "UnknownDelivery",
    "UnknownFormat",
    "UnknownMember",
]  # fmt: skip


class BrokerError(MqlabError):
    """Base of all errors of the broker; ``code`` is AMQP's reply code where it has one, else 0."""

    exit_code = 2
    code = 0

    def __init__(self, what: str, mend: str = "") -> None:
        self.what, self.mend = what, mend
        code = f"{self.code}: " if self.code else ""
        super().__init__(f"{code}{what}; {mend}" if mend else f"{code}{what}")


class NotFound(BrokerError):  # noqa: N818 - the names of AMQP's reply codes
    """There is no such exchange, queue, topic or virtual host."""

    code = 404


class PreconditionFailed(BrokerError):  # noqa: N818
    """What is there differs from what was declared, or is still in use."""

    code = 406


class UnknownDelivery(PreconditionFailed):
    """A delivery tag that this channel does not wait for: settled before, or never given out."""


class ResourceLocked(BrokerError):  # noqa: N818
    """An exclusive queue belongs to another connection."""

    code = 405


class AccessRefused(BrokerError):  # noqa: N818
    """A consumer wants, or has, a queue for itself; or a name is the broker's own."""

    code = 403


class ChannelClosed(BrokerError):  # noqa: N818
    """The channel, or its connection, is closed: what was unacknowledged on it has gone back to its queues."""

    code = 504


class BrokerClosed(BrokerError):  # noqa: N818
    """The broker is closing or closed and takes nothing new."""

    code = 320


class ConsumerCancelled(BrokerError):  # noqa: N818
    """The consumer ended: it was cancelled, its queue deleted, or its channel closed."""


class PublishersBlocked(BrokerError):  # noqa: N818
    """The broker holds more than its memory limit, so publishers wait, and this one has waited long enough."""


class PublishRefused(BrokerError):  # noqa: N818
    """A queue refused what was published; ``places`` says which of the messages, counted from 0."""

    def __init__(self, what: str, mend: str = "", places: tuple[int, ...] = ()) -> None:
        super().__init__(what, mend)
        self.places = places


class ReceiveTimeout(BrokerError, TimeoutError):  # noqa: N818
    """Nothing came in time."""


class TransactionRefused(PreconditionFailed):
    """A queue is full and refuses what a transaction publishes, so nothing of the transaction has happened."""


class NotAssigned(BrokerError):  # noqa: N818
    """A reader was asked about a partition that it does not read, or commits for one that another member has."""


class OffsetOutOfRange(BrokerError):  # noqa: N818 - here and below, the names of Kafka's errors
    """The offset is not kept any more, or not written yet."""


class UnknownMember(BrokerError):  # noqa: N818
    """The group went on without this member."""


class IllegalGeneration(BrokerError):  # noqa: N818
    """A commit belongs to a generation of the group that is over."""


class RebalanceInProgress(BrokerError):  # noqa: N818
    """The group is rebalancing, and this member has given up its partitions."""


class ConcurrentUse(BrokerError):  # noqa: N818
    """Two threads or tasks use one reader at a time."""


class NotStorable(PreconditionFailed):
    """A persistent message whose body the journal could not give back as it was."""


class JournalError(BrokerError):
    """The journal cannot be used."""


class CorruptJournal(JournalError):  # noqa: N818
    """What is on disk is not what was written there, and it is not the end that a crash has torn.

    ``file`` and ``offset`` say where. Nothing behind it was read: what was acknowledged there would come again.
    """

    def __init__(self, file: str, offset: int, why: str) -> None:
        self.file, self.offset = file, offset
        super().__init__(
            f"the journal is corrupt: {file}, byte {offset:,}: {why}",
            "bring the folder back from a copy, or move it away to begin with an empty journal",
        )


class UnknownFormat(JournalError):  # noqa: N818
    """The journal was written by another version of mqlab, in a format that this one does not know."""


class JournalLocked(JournalError):  # noqa: N818
    """Another broker has the journal."""


class JournalFailed(JournalError):  # noqa: N818
    """The disk refused to take something; from then on nothing is confirmed."""
