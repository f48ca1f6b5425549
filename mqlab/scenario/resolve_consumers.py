"""What a consumer group does beyond the plain way, scenario → model: defaults filled in, contradictions refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from mqlab.model import Acks, ConsumerGroup, Exceptions, Inventory, Model, Recall, Scale
from mqlab.scenario.consuming import AcksSpec, PrefetchSpec, PullSpec, RecallSpec, TimeoutSpec
from mqlab.scenario.defaults import Book, Path, flag, word
from mqlab.scenario.groups import ConsumerSpec
from mqlab.units import format_duration, parse_count, parse_duration, parse_probability

__all__ = ["check_memories", "consumer_extras", "exceptions", "prefetch"]

BATCH_MAX: Final = 1000
CONCURRENCY_MAX: Final = 256
CHANNEL_MEMBERS_MAX: Final = 256
PREFETCH_MAX: Final = 65_535
"""AMQP 0-9-1, basic.qos: the prefetch count is a short integer."""
_GROUPS_MAX: Final = 62
_SUBSCRIBERS: Final = ("nack", "reconsume_later")


class _Extras:
    """Resolves one group's extras, one method a word of the grammar."""

    def __init__(self, book: Book, path: Path, spec: ConsumerSpec, plain: ConsumerGroup, end_ns: int) -> None:
        self.book, self.path, self.spec, self.group, self.end_ns = book, path, spec, plain, end_ns

    def refuse_by_hand(self, name: str) -> None:
        """Refuse a field that is about handlers where a hand-written process is the handler."""
        if self.group.service is None:
            what = f"`{name}` means nothing where the work is done by hand"
            raise self.book.error((*self.path, name), what, "leave it out, or give `service` a time", key=True)

    def refuse_auto(self, name: str, why: str) -> None:
        """Refuse a field that is about what is unacknowledged, where nothing ever is."""
        if self.group.ack == "auto":
            raise self.book.error((*self.path, name), f"`ack: auto` {why}", "write `ack: manual`", key=True)

    def pull_ns(self) -> int:
        """Resolve ``pull``."""
        spec = self.spec.pull
        if spec is None:
            return 0
        self.refuse_by_hand("pull")
        if self.spec.prefetch is not None:
            what = "`prefetch` does not concern a consumer that pulls: it gets one message for each question"
            raise self.book.error((*self.path, "prefetch"), what, "leave `prefetch` out", key=True)
        given = spec if isinstance(spec, PullSpec) else PullSpec()
        return self.book.pick(given.every, (*self.path, "pull", "every"), parse_duration)

    def channel(self) -> int:
        """Resolve the limit of a channel that the group's members share; -1: they share none."""
        spec, where = self.spec.prefetch, (*self.path, "prefetch", "channel")
        if not isinstance(spec, PrefetchSpec):
            return -1
        if spec.channel > PREFETCH_MAX and self.book.system.name != "direct":
            raise self.book.error(where, f"{spec.channel} is more than AMQP's 16 bits hold", "write at most 65_535")
        self.refuse_auto("prefetch", "leaves nothing unacknowledged, so a channel's limit bounds nothing")
        if self.group.count > CHANNEL_MEMBERS_MAX:
            what = f"{self.group.count} consumers are too many for one channel"
            raise self.book.error(where, what, f"use at most {CHANNEL_MEMBERS_MAX}, or a prefetch for each")
        if self.spec.scale:
            what = "members that share a channel are one process, and come and go together"
            raise self.book.error((*self.path, "scale"), what, "write `prefetch: 10`, for each consumer", key=True)
        return spec.channel

    def acks(self) -> Acks | None:
        """Resolve ``acks``."""
        spec: AcksSpec | None = self.spec.acks
        if spec is None:
            return None
        self.refuse_by_hand("acks")
        self.refuse_auto("acks", "sends no acknowledgements that could be collected")
        if spec.batch > BATCH_MAX:
            where = (*self.path, "acks", "batch")
            raise self.book.error(where, f"a batch of {spec.batch} is too large", f"use at most {BATCH_MAX}")
        return Acks(spec.batch, self.book.pick(spec.after, (*self.path, "acks", "after"), parse_duration))

    def timeout(self) -> tuple[int, int]:
        """Resolve ``timeout``: (after, check)."""
        path = (*self.path, "timeout")
        spec = self.spec.timeout or TimeoutSpec()
        after = self.book.pick(spec.after, (*path, "after"), parse_duration)
        if after == 0:
            return 0, 60_000_000_000
        if spec.after is not None:
            self.refuse_auto("timeout", "leaves nothing unacknowledged, so nothing is ever too late")
        return after, self.book.pick(spec.check, (*path, "check"), parse_duration)

    def memory(self) -> tuple[bool, Recall]:
        """Resolve ``deduplicate``."""
        spec, path = self.spec.deduplicate, (*self.path, "deduplicate")
        if not isinstance(spec, RecallSpec):
            return self.book.pick(spec, path, flag), Recall()
        how = spec.how or word(self.book.text((*path, "how")))
        lookup = self.book.pick(spec.lookup, (*path, "lookup"), parse_duration)
        if how == "check-then-act" or lookup:
            self.refuse_by_hand("deduplicate")
        count, for_ns = spec.window or (0, 0)
        return True, Recall(count, for_ns, how, lookup)

    def inventory(self) -> Inventory | None:
        """Resolve ``inventory``."""
        spec = self.spec.inventory
        if spec is None:
            return None
        how = spec.how or word(self.book.text((*self.path, "inventory", "how")))
        if how == "check-then-act":
            self.refuse_by_hand("inventory")
        return Inventory(spec.items, how)

    def concurrency(self) -> int:
        """Resolve ``concurrency``."""
        many = self.book.pick(self.spec.concurrency, (*self.path, "concurrency"), parse_count)
        if many > 1:
            self.refuse_by_hand("concurrency")
        if many > CONCURRENCY_MAX:
            where = (*self.path, "concurrency")
            raise self.book.error(where, f"{many} deliveries at once are too many", f"use at most {CONCURRENCY_MAX}")
        return many

    def scale(self) -> tuple[Scale, ...]:
        """Resolve ``scale``; the first step is how many there are at the start."""
        if not self.spec.scale:
            return ()
        self.refuse_by_hand("scale")
        steps = [Scale(0, self.group.count)]
        for i, written in enumerate(self.spec.scale):
            where = (*self.path, "scale", i, "at")
            if written.at <= steps[-1].at_ns:
                what = "the steps are not in order of time" if i else "a group begins with `count` members"
                raise self.book.error(where, what, "let each step come later than the one before")
            if written.at >= self.end_ns:
                end = format_duration(self.end_ns, digits=None)
                raise self.book.error(where, f"the step comes after the end of the run ({end})", "let it come earlier")
            how = written.how or word(self.book.text((*self.path, "scale", "how")))
            steps.append(Scale(written.at, written.count, how))
        return tuple(steps)


def consumer_extras(book: Book, path: Path, spec: ConsumerSpec, plain: ConsumerGroup, end_ns: int) -> ConsumerGroup:
    """Add to a group what its scenario says beyond the plain way."""
    extras = _Extras(book, path, spec, plain, end_ns)
    steps = extras.scale()
    deduplicate, memory = extras.memory()
    after, check = extras.timeout()
    return replace(
        plain,
        count=max((step.count for step in steps), default=plain.count),
        deduplicate=deduplicate,
        recall=memory,
        pull_ns=extras.pull_ns(),
        channel=extras.channel(),
        acks=extras.acks(),
        timeout_ns=after,
        timeout_check_ns=check,
        concurrency=extras.concurrency(),
        scale=steps,
        inventory=extras.inventory(),
    )


def prefetch(book: Book, path: Path, spec: ConsumerSpec) -> int:
    """Resolve how much one consumer may have unacknowledged; 0 for one that pulls."""
    given, where = spec.prefetch, (*path, "prefetch")
    if spec.pull is not None and given is None:
        return 0
    if isinstance(given, PrefetchSpec):
        given, where = given.consumer or 0, (*path, "prefetch", "consumer")
    if given is not None and given > PREFETCH_MAX and book.system.name != "direct":
        raise book.error(where, f"{given} is more than AMQP's 16 bits hold", "write at most 65_535, or 0 for no limit")
    return book.pick(given, (*path, "prefetch"), parse_count)


def exceptions(book: Book, owner: Path, spec: ConsumerSpec) -> Exceptions | None:
    """Resolve how a group's handler fails."""
    given = spec.exceptions
    if given is None:
        return None
    path = (*owner, "exceptions")
    if given.then in _SUBSCRIBERS and not book.system.bookies:
        what = f"`{given.then}` needs a subscription; system '{book.system.name}' has none"
        raise book.error((*path, "then"), what, "write `requeue`, `reject`, `hold` or `crash`")
    return Exceptions(
        book.pick(given.probability, (*path, "probability"), parse_probability),
        book.pick(given.per, (*path, "per"), word),
        book.pick(given.then, (*path, "then"), word),
        given.only or (),
        given.times or 0,
    )


def check_memories(book: Book, model: Model) -> None:
    """Refuse memories that several groups on one queue cannot have."""
    for group in model.consumers:
        if not group.deduplicate:
            continue
        beside = [other for other in model.consumers if other.queue == group.queue]
        where = ("consumers", group.name, "deduplicate")
        if len(beside) > 1 and (group.recall.count or group.recall.for_ns):
            what = f"a window is kept for one group on a queue, and `{group.queue}` has {len(beside)}"
            raise book.error((*where, "window"), what, "write `deduplicate: true`, or give each group its queue")
        if len(beside) > _GROUPS_MAX:
            what = f"queue `{group.queue}` has {len(beside)} groups, too many to tell their memories apart"
            raise book.error(where, what, f"use at most {_GROUPS_MAX}, or `count` for members that are alike")
