"""One message's rows, the world around it, and the names of everybody: what sentences are made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mqlab.errors import BadInput
from mqlab.model import ConsumerGroup, Model, Node, ProducerGroup, Queue
from mqlab.trace.kinds import Kind
from mqlab.trace.schema import EVENT, FATE, Trace
from mqlab.units import format_duration

__all__ = ["Moment", "Story", "moment_text", "span", "story_of", "times"]

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
NOBODY = "somebody"
Part = TypeVar("Part", ConsumerGroup, Node, ProducerGroup, Queue)

SPELLS = {
    Kind.NODE_CRASHED: Kind.NODE_RESTARTED,
    Kind.CLIENT_CRASHED: Kind.CLIENT_RESTARTED,
    Kind.CONNECTION_LOST: Kind.CONNECTED,
    Kind.SILENCE_BEGAN: Kind.SILENCE_ENDED,
    Kind.ALARM_RAISED: Kind.ALARM_CLEARED,
    Kind.CONNECTION_BLOCKED: Kind.CONNECTION_UNBLOCKED,
    Kind.PARTITION_BEGAN: Kind.PARTITION_ENDED,
    Kind.SLOWED: Kind.SLOW_ENDED,
    Kind.PAUSED: Kind.RESUMED,
    Kind.SPLIT_BEGAN: Kind.SPLIT_ENDED,
}
"""World events that begin something, and what ends it."""


def moment_text(time_ns: int) -> str:
    """Spell a moment of the run: seconds, to the microsecond, with at least three decimals.

    Examples
    --------
    >>> moment_text(20_003_000_000), moment_text(1_500), moment_text(1_234_567_890)
    ('20.003 s', '0.000001 s', '1.234567 s')
    """
    seconds, rest = divmod(int(time_ns), 10**9)
    decimals = f"{rest // 1000:06d}".rstrip("0")
    return f"{seconds}.{decimals:0<3} s"


def times(count: int) -> str:
    """Say how often.

    Examples
    --------
    >>> times(1), times(2), times(3)
    ('once', 'twice', '3 times')
    """
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def span(duration_ns: int) -> str:
    """Spell a duration with three significant digits."""
    return format_duration(int(duration_ns))


@dataclass(frozen=True)
class Story:
    """Everything a trace and a model know about one message."""

    model: Model
    trace: Trace
    message: int
    events: NDArray[np.void]
    """Its EVENT rows, in order."""
    fates: NDArray[np.void]
    """Its FATE rows, in order of copies."""
    world: NDArray[np.void]
    """EVENT rows that concern no message, in order."""

    def name(self, entity: int) -> str:
        """Name an entity; a node that is called broker is "the broker"."""
        if not 0 <= entity < len(self.trace.entities):
            return NOBODY
        found = self.trace.entities[entity]
        return "the broker" if found.kind == "node" and found.name == "broker" else found.name

    def group(self, entity: int) -> str:
        """Name the group of an entity, as the scenario does."""
        return self.trace.entities[entity].group if 0 <= entity < len(self.trace.entities) else ""

    @cached_property
    def producer(self) -> ProducerGroup | None:
        """The group that sent the message."""
        wanted = self.group(int(self.fates[0]["producer"])) if len(self.fates) else ""
        return _named(self.model.producers, wanted)

    @property
    def in_reply_to(self) -> int:
        """The number of the request that this message answers; -1 if it is no reply."""
        return int(self.fates[0]["in_reply_to"]) if len(self.fates) and not self.model.topics else -1

    @property
    def is_request(self) -> bool:
        """Whether its producer waits for a reply."""
        return self.producer is not None and self.producer.request is not None

    def queue(self, entity: int) -> Queue | None:
        """Look a queue up in the model."""
        return _named(self.model.queues, self.group(entity))

    def node_of(self, entity: int) -> Node | None:
        """Look up the node on which a queue stands."""
        queue = self.queue(entity)
        return _named(self.model.nodes, queue.node) if queue else None

    def consumers(self, copy: int, queue: int) -> ConsumerGroup | None:
        """Find the group that last had a copy, or else any group that reads its queue."""
        hands = [Kind.DELIVERED, Kind.STARTED, Kind.DISPATCHED]
        for row in self.of(*hands, copy=copy)[::-1]:
            found = _named(self.model.consumers, self.group(int(row["actor"])))
            if found:
                return found
        wanted = self.group(queue)
        return next((group for group in self.model.consumers if group.queue == wanted), None)

    def of(self, *kinds: Kind, copy: int | None = None, first: int | None = None) -> NDArray[np.void]:
        """Choose the message's events of some kinds, in order."""
        mask = np.isin(self.events["kind"], kinds)
        if copy is not None:
            mask &= self.events["copy"] == copy
        if first is not None:
            mask &= self.events["first"] == first
        rows: NDArray[np.void] = self.events[mask]
        return rows

    def copy_name(self, copy: int, queue: int) -> str:
        """Tell copies apart: by their queue, and by number where a queue had several."""
        there = self.fates[self.fates["queue"] == queue]["copy"].tolist()
        where = f" in {self.name(queue)}" if queue >= 0 else ""
        if len(there) < 2 or copy not in there:
            return f"the copy{where}"
        place = there.index(copy)
        return f"the {ORDINALS[place] if place < len(ORDINALS) else f'{place + 1}th'} copy{where}"

    def since(self, begin: Kind, entity: int, time_ns: int) -> int | None:
        """Tell since when an entity has been in a spell (such as a crash) at a moment; None: it is not."""
        kinds = (begin, SPELLS[begin])
        mask = (self.world["actor"] == entity) & np.isin(self.world["kind"], kinds)
        rows = self.world[mask & (self.world["time_ns"] <= time_ns)]
        return int(rows[-1]["time_ns"]) if len(rows) and rows[-1]["kind"] == begin else None

    def down_at_the_end(self, queue: int) -> str:
        """Name the node of a queue if it was down when the run ended; else nothing."""
        model = self.queue(queue)
        for index, entity in enumerate(self.trace.entities if model else ()):
            down = entity.kind == "node" and model is not None and entity.name == model.node
            if down and self.since(Kind.NODE_CRASHED, index, self.trace.duration_ns) is not None:
                return self.name(index)
        return ""

    def power_failed(self, time_ns: int) -> bool | None:
        """Tell whether the last crash of a node until then was a power loss; None if none is known."""
        crashed = self.world[(self.world["kind"] == Kind.NODE_CRASHED) & (self.world["time_ns"] <= time_ns)]
        return bool(crashed[-1]["cause"] == 1) if len(crashed) else None


def _named(things: Iterable[Part], name: str) -> Part | None:
    return next((thing for thing in things if thing.name == name), None)


@dataclass(frozen=True)
class Moment:
    """One row of the story, and what its sentence may want to know."""

    story: Story
    row: np.void

    @property
    def time_ns(self) -> int:
        """When."""
        return int(self.row["time_ns"])

    @property
    def who(self) -> str:
        """The name of the actor."""
        return self.story.name(int(self.row["actor"]))

    @property
    def queue(self) -> str:
        """The name of the queue."""
        return self.story.name(int(self.row["queue"]))

    @property
    def copy(self) -> str:
        """What to call the copy."""
        return self.story.copy_name(int(self.row["copy"]), int(self.row["queue"]))

    @property
    def attempt(self) -> int:
        """Publish attempt or delivery number."""
        return int(self.row["attempt"])

    @property
    def first(self) -> int:
        """The detail that depends on the kind."""
        return int(self.row["first"])

    @property
    def cause(self) -> int:
        """The cause that depends on the kind."""
        return int(self.row["cause"])

    def after(self, *kinds: Kind) -> int | None:
        """Measure the time since the last of some kinds happened to this copy; None if none did."""
        earlier = self.story.of(*kinds, copy=int(self.row["copy"]))
        earlier = earlier[earlier["time_ns"] <= self.time_ns]
        return self.time_ns - int(earlier[-1]["time_ns"]) if len(earlier) else None


def story_of(trace: Trace, model: Model, message: int) -> Story:
    """Gather the rows of one message.

    Raises
    ------
    BadInput
        There is no such message, or the trace kept no events.
    """
    created = int(trace.counters.messages["created"])
    if not 0 <= message < created:
        valid = f"this run has messages 0 to {created - 1}" if created else "this run created no messages"
        raise BadInput(f"there is no message {message}", mend=valid)
    if trace.events is None or trace.fates is None:
        raise BadInput("this run kept no events to explain", mend="run it with --trace events")
    return Story(
        model,
        trace,
        message,
        trace.events.of_message(message).astype(EVENT, copy=False),
        trace.fates.of_message(message).astype(FATE, copy=False),
        _without_noise(trace.events.of_message(-1)),
    )


def _without_noise(world: NDArray[np.void]) -> NDArray[np.void]:
    noise: Sequence[Kind] = (Kind.FLUSH_BEGAN, Kind.FLUSH_ENDED, Kind.GOT_NOTHING, Kind.REPLICATED)
    rows: NDArray[np.void] = world[~np.isin(world["kind"], noise)]
    return rows
