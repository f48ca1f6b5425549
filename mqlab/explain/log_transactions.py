"""Transactions of a log in words: who may write, how one ended, and why a record was aborted or refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mqlab.explain.reason import Reason
from mqlab.explain.story import Moment, Story
from mqlab.trace.kinds import Kind

__all__ = ["TRANSACTION_SENTENCES", "aborted", "refused_for_good"]

_WHY = (
    "", "as its producer had asked", "because it had taken too long",
    "because another incarnation of its producer had begun",
)  # fmt: skip


def _marked(m: Moment) -> str:
    end = "committed" if m.cause == 0 else f"aborted, {_WHY[min(m.cause, 3)]}"
    return f"the transaction of {m.who} was {end}: a marker stood in {m.queue} (offset {m.first})"


TRANSACTION_SENTENCES: Mapping[Kind, Callable[[Moment], str]] = {
    Kind.PRODUCER_BEGAN: lambda m: f"{m.who} had its transactional id (epoch {m.first})",
    Kind.TRANSACTION_MARKED: _marked,
    Kind.COMMIT_SENT: lambda m: f"{m.who} asked the coordinator to {'abort' if m.cause else 'commit'} its transaction",
    Kind.FENCED: lambda m: f"{m.who} learnt that it was fenced: it may not write any more",
    Kind.FORGOTTEN: lambda m: f"{m.who} died and took it along: it waited in its buffer, or had no answer yet",
}


def aborted(story: Story, who: str) -> Reason:
    """Say why the transaction of a record was aborted."""
    marks = story.of(Kind.TRANSACTION_MARKED)
    cause = int(marks[-1]["cause"]) if len(marks) else 1
    if cause == 2:
        return Reason("Its transaction was open for longer than the coordinator allows, which aborted it",
                      (f"{who}.transactions.timeout",), f"a longer {who}.transactions.timeout")  # fmt: skip
    if cause == 3:
        return Reason(
            "Its transaction was open when a new incarnation asked for the same transactional id: that fences the old "
            "one and aborts what it had open", (f"{who}.transactions.id",),
        )  # fmt: skip
    return Reason("Its transaction was aborted: nobody who reads only what is committed sees it",
                  (f"{who}.transactions.rollback",))  # fmt: skip


def refused_for_good(story: Story, who: str) -> Reason | None:
    """Say why a producer that was fenced could not send a record; None if it was not fenced."""
    fenced = story.world[story.world["kind"] == Kind.FENCED]
    mine = [row for row in fenced if story.group(int(row["actor"])) == who.partition(".")[2]]
    if not mine:
        return None
    return Reason(
        "Its producer was fenced (ProducerFencedException): another incarnation has its transactional id, or its "
        "transaction took too long", (f"{who}.transactions.id", f"{who}.transactions.timeout"),
    )  # fmt: skip
