"""A member of a consumer group: polls its share of the partitions, and commits how far it is.

What the group wants of it is seen to inside its polls and nowhere else, as in Kafka's client: to join again, to give up
partitions, to take new ones. So a member that does not poll is not rebalanced but, in the end, thrown out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

from mqlab.broker.errors import BrokerError, ConsumerCancelled, OffsetOutOfRange
from mqlab.broker.log.groups import Group, Part
from mqlab.broker.log.options import MemberOptions
from mqlab.broker.log.partitions import Partition
from mqlab.broker.log.readers import POLL_MAX, Reader
from mqlab.broker.log.records import Record

if TYPE_CHECKING:
    from mqlab.broker.connections import Connection
    from mqlab.broker.log.registry import Topics

__all__ = ["Member"]

OnParts = Callable[[list[Part]], object]


class Member(Reader):
    """One consumer of a group; made by :meth:`Topic.join` or :meth:`Connection.join`.

    One thread or task at a time uses it. Kept in its group as long as it polls, or is in a poll.

    Attributes
    ----------
    on_assigned, on_revoked, on_lost
        Called inside a poll with the partitions it gets, has to give up (it may still commit them), or has lost to
        others already.

    Examples
    --------
    >>> from mqlab import Broker
    >>> orders = Broker().topic("orders", partitions=2)
    >>> one = orders.join("billing", reset="earliest", auto_commit=False)
    >>> other = orders.join("billing", reset="earliest", auto_commit=False)
    >>> one.poll(), other.poll(), one.assignment, other.assignment
    ([], [], [('orders', 0)], [('orders', 1)])
    >>> orders.publish_many(range(3), partition=1)
    {1: range(0, 3)}
    >>> len(other.poll()), other.commit(), one.committed(0), other.committed(1)
    (3, {('orders', 1): 3}, None, 3)
    """

    def __init__(
        self, topics: Topics, connection: Connection | None, group: Group, names: tuple[str, ...],
        options: MemberOptions, callbacks: tuple[OnParts | None, OnParts | None, OnParts | None],
    ) -> None:  # fmt: skip
        super().__init__(topics, connection, names, options.reset)
        self.group, self.options = group, options
        self.on_assigned, self.on_revoked, self.on_lost = callbacks
        self.generation = 0
        self._names_given = count(1)
        self.id = self._new_id()
        self._seen_ns = self._clock.now_ns()
        self._next_commit_ns = self._seen_ns + options.auto_commit_interval_ns
        group.join(self, [])
        self._watch(self.id)
        with suppress(OffsetOutOfRange):  # a poll says it
            self._refresh()

    def _new_id(self) -> str:
        return f"{self.group.name}-{next(self.topics.host.broker.numbers)}.{next(self._names_given)}"

    def _watch(self, my_id: str) -> None:
        """See to it that a member that has stopped polling is noticed."""
        group, clock, patience_ns = self.group, self._clock, self.options.max_poll_interval_ns

        def look() -> None:
            there = group.members.get(my_id)
            if there is None or there.ended is not None:
                return
            late_ns = there._seen_ns + patience_ns
            if there._busy.locked():
                late_ns = clock.now_ns() + patience_ns
            if late_ns <= clock.now_ns():
                group.leave(there)
            else:
                clock.call_at(late_ns, look)

        clock.call_at(self._seen_ns + patience_ns, look)

    # inside a poll

    def poll(self, maximum: int = POLL_MAX, timeout_s: float | None = 0) -> list[Record]:
        """Do what the group wants, then take what is there, or wait for it; as :meth:`Reader.poll`."""
        try:
            return super().poll(maximum, timeout_s)
        finally:
            self._seen_ns = self._clock.now_ns()

    async def fetch(self, maximum: int = POLL_MAX, timeout_s: float | None = None) -> list[Record]:
        """Do as :meth:`poll` in a task, without keeping the event loop."""
        try:
            return await super().fetch(maximum, timeout_s)
        finally:
            self._seen_ns = self._clock.now_ns()

    def _refresh(self) -> None:
        """Commit if it is time, and follow the group until there is nothing to do but wait."""
        now_ns = self._clock.now_ns()
        if self.options.auto_commit and now_ns >= self._next_commit_ns:
            self._next_commit_ns = now_ns + self.options.auto_commit_interval_ns
            self._commit_quietly()
        while (todo := self.group.standing(self)) not in ("", "wait"):
            if todo == "enter":
                self._give_up(list(self._positions), self.on_lost)
                self.id = self._new_id()
                self.generation = 0
                self.group.join(self, [])
                self._watch(self.id)
            elif todo == "join":
                owned = self.assignment
                if not self.group.assignor.cooperative:
                    self._commit_quietly()
                    self._give_up(list(self._positions), self.on_revoked)
                self.group.join(self, owned)
            else:
                self._sync()

    def _sync(self) -> None:
        """Take the assignment of the group's new generation."""
        generation, parts = self.group.sync(self)
        mine = {self.topics.find(name).partitions[number] for name, number in parts}
        gone = [each for each in self._positions if each not in mine]
        new = {each: self._first_position(each) for each in sorted(mine, key=_part_of) if each not in self._positions}
        self.skipped += sum(max(0, at - self.group.committed.get(_part_of(each), at)) for each, at in new.items())
        self.generation = generation
        if gone:  # only a cooperative member still has what it loses
            self._commit_quietly(gone)
            self._give_up(gone, self.on_revoked)
            self.group.rebalance()
        self._positions |= new
        self._order += new
        if self.on_assigned is not None:
            self.on_assigned([_part_of(each) for each in new])

    def _give_up(self, partitions: list[Partition], callback: OnParts | None) -> None:
        try:
            if partitions and callback is not None:
                callback(sorted(map(_part_of, partitions)))
        finally:
            for each in partitions:
                del self._positions[each]
                self._order.remove(each)

    def _first_position(self, partition: Partition) -> int:
        at = self.group.committed.get(_part_of(partition))
        if at is not None and partition.start <= at <= partition.end:
            return at
        if self.reset == "none":
            name = f"{partition.topic.name}/{partition.number}"
            raise OffsetOutOfRange(
                f"group `{self.group.name}` has no committed offset for {name} that is kept",
                "commit one, or give reset='earliest' or 'latest'",
            )
        return super()._first_position(partition)

    def _note(self, partition: Partition, first: int, end: int) -> None:
        self.group.note(_part_of(partition), first, end)
        if self.topics.host.broker.draining:
            self.topics.host.broker.look_if_idle()

    def _has_news(self) -> bool:
        return super()._has_news() or self.group.standing(self) not in ("", "wait")

    @property
    def is_done(self) -> bool:
        """Whether it has read all that is there, and committed it where that is its own business."""
        if self.group.standing(self):
            return False
        committed = self.group.committed if not self.options.auto_commit else None
        for each, position in list(self._positions.items()):
            at = position if committed is None else committed.get(_part_of(each), each.start)
            if at < each.end:
                return False
        return True

    # offsets

    def commit(self, offsets: Mapping[Part, int] | None = None) -> dict[Part, int]:
        """Commit what was polled, or the offsets that are given: of each partition the next record to read.

        Returns
        -------
        dict
            What was committed, by (topic, partition).

        Raises
        ------
        UnknownMember
            The group went on without this member: it did not poll in time, or was lost.
        IllegalGeneration
            The group has rebalanced since the last poll.
        RebalanceInProgress
            It is about to, and this member has given up its partitions.
        NotAssigned
            Another member has that partition.
        """
        self._check_open()
        wanted = {_part_of(each): at for each, at in self._positions.items()} if offsets is None else dict(offsets)
        self.group.commit(self, wanted)
        return wanted

    def _commit_quietly(self, partitions: list[Partition] | None = None) -> None:
        """Commit on the way, if that is what the member is set to and the group still lets it."""
        if not self.options.auto_commit:
            return
        chosen = self._positions if partitions is None else partitions
        try:
            self.group.commit(self, {_part_of(each): self._positions[each] for each in chosen})
        except BrokerError:  # others have these partitions by now, and will read them again
            return

    def committed(self, partition: int, topic: str = "") -> int | None:
        """Say what the group has committed for a partition; None: nothing yet."""
        return self.group.committed.get((topic or self.names[0], partition))

    # the end

    def close(self) -> None:
        """Leave the group in order: with ``auto_commit`` what was polled is committed; the others rebalance at once."""
        self.end(self._why("was closed"))

    def drop(self) -> None:
        """Be lost, as by a crash: nothing is committed, and the group notices when ``session_timeout_ns`` is over."""
        if super().end(self._why("was lost")):
            self._clock.call_at(self._clock.now_ns() + self.options.session_timeout_ns, lambda: self.group.leave(self))

    def end(self, why: BrokerError) -> bool:
        """Let it read no more, and leave the group in order; False if it has ended before."""
        if not super().end(why):
            return False
        self._commit_quietly()
        self.group.leave(self)
        if self.topics.host.broker.draining:
            self.topics.host.broker.look_if_idle()
        return True

    def _why(self, how: str) -> ConsumerCancelled:
        return ConsumerCancelled(f"member `{self.id}` {how}", "join again with topic.join()")


def _part_of(partition: Partition) -> Part:
    return partition.topic.name, partition.number
