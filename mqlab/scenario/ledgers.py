"""The grammar of systems with bookies: subscriptions, dead letter policies, and which fields only they know."""

from __future__ import annotations

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from mqlab.scenario.fields import Count, Name, Natural, choice
from mqlab.scenario.mapping import Spec

__all__ = [
    "LEDGER_CLUSTER", "LEDGER_CONSUMER", "LEDGER_PRODUCER", "LEDGER_TOPIC", "AckType", "DeadLetterPolicySpec",
    "SubscriptionSpec",
]  # fmt: skip

Kind = Literal["exclusive", "failover", "shared", "key_shared"]
AckType = Annotated[Literal["individual", "cumulative"], choice("individual", "cumulative")]


class SubscriptionSpec(Spec):
    """How a group of consumers subscribes."""

    shorthand: ClassVar = "type"
    type: Annotated[Kind, choice("exclusive", "failover", "shared", "key_shared")] | None = None
    name: Name | None = None
    max_unacked: Count | None = None


class DeadLetterPolicySpec(Spec):
    """What becomes of messages that come again and again."""

    shorthand: ClassVar = "max_redeliver"
    max_redeliver: Natural = Field(examples=["3"])


LEDGER_PRODUCER: Final = ("batch_records", "send_timeout")
"""Fields of a producer that only systems with bookies know."""
LEDGER_CONSUMER: Final = (
    "subscription", "ack_type", "receiver_queue", "nack_delay", "ack_timeout", "max_unacked", "dead_letter",
    "retry_after",
)  # fmt: skip
"""Fields of a consumer that only systems with bookies know."""
LEDGER_TOPIC: Final = ("ensemble", "write_quorum", "ack_quorum", "deduplication")
"""Fields of a topic that only systems with bookies know."""
LEDGER_CLUSTER: Final = ("journal_sync", "group_commit", "bookie_timeout", "failover_delay", "cursor_flush", "cache")
"""Fields of a cluster that only systems with bookies know."""
