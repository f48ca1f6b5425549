"""The topics of a virtual host, the groups that read them, and who reads on which connection."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mqlab.broker.errors import BrokerClosed, BrokerError, NotFound, PreconditionFailed
from mqlab.broker.log.durable import keep_topic
from mqlab.broker.log.groups import Group
from mqlab.broker.log.members import Member, OnParts
from mqlab.broker.log.options import MemberOptions, TopicOptions, options_from
from mqlab.broker.log.readers import Reader
from mqlab.broker.log.topics import Topic
from mqlab.errors import did_you_mean
from mqlab.policies.assignors import ASSIGNORS

if TYPE_CHECKING:
    from mqlab.broker.connections import Connection
    from mqlab.broker.hosts import VirtualHost

__all__ = ["Topics"]


class Topics:
    """Names of one virtual host mean nothing in another."""

    def __init__(self, host: VirtualHost) -> None:
        self.host = host
        self.all: dict[str, Topic] = {}
        self.groups: dict[str, Group] = {}
        self._lock = threading.Lock()
        self._readers: dict[Reader, None] = {}
        self._ended: BrokerError | None = None

    def declare(self, name: str, words: Mapping[str, Any]) -> Topic:
        """Make a topic, or find it as declared; without any words, as it is."""
        with self._lock:
            there = self.all.get(name)
            if there is None:
                if not name:
                    raise PreconditionFailed("a topic needs a name", "give one")
                there = Topic(self.host, name, options_from(TopicOptions, "a topic", words))
                if there.is_kept and self.host.broker.journal is not None:
                    keep_topic(there, self.host.broker.journal)
                self.all[name] = there
                self.host.broker.wait_until_safe()
                return there
        wanted = options_from(TopicOptions, "a topic", words)
        for word in words:
            has, wants = getattr(there.options, word), getattr(wanted, word)
            if has != wants:
                raise PreconditionFailed(
                    f"topic `{name}` is there with {word} {has!r}, not {wants!r}",
                    f"ask for it with {word}={has!r}, or without",
                )
        return there

    def restore(self, name: str, options: TopicOptions) -> Topic:
        """Have a topic that was there before, still empty."""
        topic = self.all[name] = Topic(self.host, name, options)
        return topic

    def restore_group(self, name: str, committed: dict[tuple[str, int], int]) -> None:
        """Have a group that was there before, with what it had committed."""
        group = self.groups[name] = Group(self, name, MemberOptions().assignor)
        group.committed = {part: at for part, at in committed.items() if part[0] in self.all}
        group.names = {topic for topic, _ in group.committed}

    def rewrite(self, segment: int) -> None:
        """Have all partitions append again what they have in a segment of the journal."""
        for topic in list(self.all.values()):
            for partition in topic.partitions:
                with partition.lock:
                    if partition.log is not None:
                        partition.log.rewrite(segment)

    def find(self, name: str) -> Topic:
        """Find a topic."""
        topic = self.all.get(name)
        if topic is None:
            raise NotFound(
                f"there is no topic `{name}` in virtual host `{self.host.name}`", did_you_mean(name, self.all, "topics")
            )
        return topic

    def join(
        self, connection: Connection | None, group: str, names: Sequence[str], words: Mapping[str, Any],
        on_assigned: OnParts | None = None, on_revoked: OnParts | None = None, on_lost: OnParts | None = None,
    ) -> Member:  # fmt: skip
        """Have somebody join a group."""
        options = options_from(MemberOptions, "a member of a group", words)
        if options.assignor not in ASSIGNORS:
            raise PreconditionFailed(
                f"there is no assignor `{options.assignor}`", did_you_mean(options.assignor, ASSIGNORS, "assignors")
            )
        self._check(names)
        with self._lock:
            found = self.groups.get(group)
            if found is None:
                found = self.groups[group] = Group(self, group, options.assignor)
        member = Member(self, connection, found, tuple(names), options, (on_assigned, on_revoked, on_lost))
        self._remember(member)
        return member

    def read(
        self, connection: Connection | None, names: Sequence[str], partitions: Sequence[int] | None, start: str
    ) -> Reader:
        """Have somebody read without a group."""
        if start not in ("earliest", "latest"):
            raise PreconditionFailed(f"a reader cannot start at `{start}`", did_you_mean(start, ("earliest", "latest")))
        self._check(names)
        reader = Reader(self, connection, tuple(names), start)
        for topic in map(self.find, names):
            reader.assign(topic.partitions if partitions is None else map(topic.partition, partitions))
        self._remember(reader)
        return reader

    def _check(self, names: Sequence[str]) -> None:
        if self.host.broker.draining or self.host.broker.closed:
            raise BrokerClosed("the broker is closing and takes nothing new", "join before close()")
        if not names:
            raise PreconditionFailed("a reader needs a topic", "name one or more")
        for name in names:
            self.find(name)

    def _remember(self, reader: Reader) -> None:
        with self._lock:
            self._readers[reader] = None
            ended = self._ended
        if ended is not None:  # meanwhile
            reader.end(ended)

    def forget(self, reader: Reader) -> bool:
        """Take out who has ended; False if that was done before."""
        with self._lock:
            return self._readers.pop(reader, reader) is None

    def leave(self, connection: Connection, lost: bool) -> None:
        """End who reads on a connection that has ended."""
        with self._lock:
            mine = [each for each in self._readers if each.connection is connection]
        for each in mine:
            if lost:
                each.drop()
            else:
                each.close()

    def end(self, why: BrokerError) -> None:
        """End everybody."""
        with self._lock:
            self._ended = why
            all_readers = list(self._readers)
        for each in all_readers:
            each.end(why)

    @property
    def are_idle(self) -> bool:
        """Whether all members have done what there is to do."""
        return all(group.is_idle for group in list(self.groups.values()))
