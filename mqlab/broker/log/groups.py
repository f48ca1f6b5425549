"""A consumer group: who is in it, which generation, who has which partition, and what is committed.

    join ─► preparing ── all members have joined again, or time is up ──► stable (generation + 1, assigned)
              ▲                                                              │
              └────────── a member joins, leaves, is lost, or is late ◄──────┘

The rules are Kafka's (group coordinator and classic protocol): a change makes everybody join again; who does so has
given up its partitions first, unless the assignor is cooperative; who does not come in time is out; and who belongs to
another generation cannot commit. One thing differs: the assignor runs here and not in a member, so members that have
joined are assigned at once.

The group's lock is a leaf, and nobody is woken or called back while it is held.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mqlab.broker.errors import IllegalGeneration, NotAssigned, PreconditionFailed, RebalanceInProgress, UnknownMember
from mqlab.broker.log.durable import keep_offsets
from mqlab.policies.assignors import ASSIGNORS

if TYPE_CHECKING:
    from mqlab.broker.log.members import Member
    from mqlab.broker.log.partitions import Partition
    from mqlab.broker.log.registry import Topics

__all__ = ["Group"]

Part = tuple[str, int]


class Group:
    """One group of a virtual host; members deal with it, users see its figures."""

    def __init__(self, topics: Topics, name: str, assignor: str) -> None:
        self.topics, self.name = topics, name
        self.assignor = ASSIGNORS[assignor]
        self.assignor_name = assignor
        self.lock = threading.Lock()
        self.generation = 0
        self.members: dict[str, Member] = {}
        self.names: set[str] = set()
        """Topics that anybody in it has ever read."""
        self.committed: dict[Part, int] = {}
        self.assignment: dict[str, list[Part]] = {}
        self.rebalances = 0
        self.delivered = self.redelivered = 0
        self.highest: dict[Part, int] = {}
        """How far each partition was ever handed out: what comes again below is redelivered."""
        self._joined: dict[str, list[Part]] = {}
        """Who has joined for the generation to come, with what it keeps."""
        self._preparing = False
        self._round = 0
        self._clock = topics.host.broker.clock

    @property
    def state(self) -> str:
        """Empty, PreparingRebalance or Stable, as Kafka names them."""
        if not self.members:
            return "Empty"
        return "PreparingRebalance" if self._preparing else "Stable"

    # who is in it

    def join(self, member: Member, owned: list[Part]) -> None:
        """Take in a member, or have one join again for the next generation."""
        with self.lock:
            if self.members and member.options.assignor != self.assignor_name:
                raise PreconditionFailed(
                    f"members of group `{self.name}` use the assignor `{self.assignor_name}`, not "
                    f"`{member.options.assignor}`",
                    "give all of them the same, or choose another group",
                )
            self.assignor_name, self.assignor = member.options.assignor, ASSIGNORS[member.options.assignor]
            if member.id not in self.members:
                self.members[member.id] = member
                self.names.update(member.names)
                self._prepare()
            self._joined[member.id] = owned
            woken = self._complete()
        self._wake(woken)

    def leave(self, member: Member) -> None:
        """Take out a member that closes, was lost, or does not come."""
        with self.lock:
            if self.members.get(member.id) is not member:
                return
            del self.members[member.id]
            self.assignment.pop(member.id, None)
            self._joined.pop(member.id, None)
            self._prepare()
            woken = self._complete()
        self._wake(woken)

    def rebalance(self) -> None:
        """Have everybody join again."""
        with self.lock:
            self._prepare()
            woken = list(self.members.values())
        self._wake(woken)

    def _prepare(self) -> None:
        """Begin a new generation; who is late for it is out. The lock is held."""
        if self._preparing:
            return
        self._preparing = True
        self._joined.clear()
        self._round += 1
        this_round = self._round
        patience_ns = max((each.options.max_poll_interval_ns for each in self.members.values()), default=0)

        def look() -> None:
            with self.lock:
                if self._round != this_round or not self._preparing:
                    return
                late = [each for each in self.members.values() if each.id not in self._joined]
            for each in late:
                self.leave(each)

        if len(self.members) > len(self._joined):
            self._clock.call_at(self._clock.now_ns() + patience_ns, look)

    def _complete(self) -> list[Member]:
        """Assign if everybody has joined; say whom to wake. The lock is held."""
        if not self._preparing:
            return []
        if len(self._joined) == len(self.members):
            self._preparing = False
            self.generation += 1
            self.rebalances += 1
            self.assignment = self._assign() if self.members else {}
        return list(self.members.values())

    def _assign(self) -> dict[str, list[Part]]:
        subscriptions = {each.id: each.names for each in self.members.values()}
        names = {name for some in subscriptions.values() for name in some}
        partitions = {name: len(self.topics.find(name).partitions) for name in sorted(names)}
        wanted: Mapping[str, list[Part]] = self.assignor.assign(subscriptions, partitions, dict(self._joined))
        if not self.assignor.cooperative:
            return {who: sorted(wanted.get(who, [])) for who in subscriptions}
        # What moves is first given up by who has it: whoever gets it gets it in the generation after.
        owner = {part: who for who, parts in self._joined.items() for part in parts}
        return {
            who: sorted(part for part in wanted.get(who, []) if owner.get(part, who) == who) for who in subscriptions
        }

    @staticmethod
    def _wake(members: list[Member]) -> None:
        for each in members:
            each.wake()

    # how a member stands

    def standing(self, member: Member) -> str:
        """Say what a member has to do: ``enter``, ``join`` again, ``wait`` for the others, ``sync``; "": nothing."""
        if self.members.get(member.id) is not member:
            return "enter"
        if self._preparing:
            return "wait" if member.id in self._joined else "join"
        return "" if member.generation == self.generation else "sync"

    def sync(self, member: Member) -> tuple[int, list[Part]]:
        """Tell a member its generation and its partitions."""
        with self.lock:
            return self.generation, self.assignment.get(member.id, [])

    # offsets

    def commit(self, member: Member, offsets: Mapping[Part, int]) -> None:
        """Remember how far a member has read; see :meth:`Member.commit` for what may go wrong."""
        with self.lock:
            if self.members.get(member.id) is not member:
                raise UnknownMember(
                    f"member `{member.id}` is not in group `{self.name}` any more: it did not poll in time",
                    "poll again to join anew; poll more often, ask for fewer records, or raise max_poll_interval_ns",
                )
            if member.generation != self.generation:
                raise IllegalGeneration(
                    f"member `{member.id}` is of generation {member.generation}, but group `{self.name}` of "
                    f"{self.generation}",
                    "poll, and commit only what you got since",
                )
            if self._preparing and member.id in self._joined and not self.assignor.cooperative:
                raise RebalanceInProgress(
                    f"group `{self.name}` is rebalancing, and `{member.id}` has given up its partitions",
                    "commit in on_revoked, which is called before",
                )
            for part in offsets:
                if part not in self.assignment.get(member.id, ()):
                    raise NotAssigned(
                        f"{part[0]}/{part[1]} is not assigned to member `{member.id}`", "commit only what it polled"
                    )
            self.committed.update(offsets)
            keep_offsets(self)
        if self.topics.host.broker.draining:
            self.topics.host.broker.look_if_idle()

    def note(self, part: Part, first: int, end: int) -> None:
        """Count records that were handed out."""
        with self.lock:
            high = self.highest.get(part, first)
            self.delivered += end - first
            self.redelivered += max(0, min(end, high) - first)
            self.highest[part] = max(high, end)

    def lag_of(self, partition: Partition) -> int:
        """Say how many records a partition has beyond what is committed; without a commit, all that it keeps."""
        at = self.committed.get((partition.topic.name, partition.number), partition.start)
        return partition.end - max(at, partition.start)

    @property
    def is_idle(self) -> bool:
        """Whether members have nothing left to do: all is read and, where they commit themselves, committed."""
        if not self.members:
            return True
        if self._preparing:
            return False
        return all(each.is_done for each in list(self.members.values()))
