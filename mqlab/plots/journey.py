"""From event rows to the parts of a space-time diagram: who, which arrows, which stretches.

Parts refer to rows by their number, so that a diagram may place rows by time or one below the other::

    buyers[3] ──●SENT──────────────────────●CONFIRMED──
                  ╲  publish              ╱ confirm
    broker    ─────●ARRIVED──────●CONFIRM_SENT─────────
    orders    ─────▐████ready█████▌unacked░░░░░░▌ACKED──
                                  ╲ delivery   ╱ ack
    stock[1]  ─────────────────────●▐██work██▌●─────────
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mqlab.model import Model
from mqlab.trace.kinds import Direction, Kind
from mqlab.trace.schema import EVENT, Trace

__all__ = ["BEFORE", "NEVER", "Arrow", "Journey", "Stretch", "extract", "world_rows"]

BEFORE, NEVER = -1, -2
"""Row numbers of what began before the first row, and of what never happened (in these rows)."""

_SENDS = {
    Kind.SENT: Direction.PUBLISH,
    Kind.CONFIRM_SENT: Direction.CONFIRM,
    Kind.RETURN_SENT: Direction.RETURN,
    Kind.DISPATCHED: Direction.DELIVERY,
    Kind.ACK_SENT: Direction.ACK,
    Kind.NACK_SENT: Direction.ACK,
}
_ARRIVALS = {
    Kind.ARRIVED: Direction.PUBLISH,
    Kind.CONFIRMED: Direction.CONFIRM,
    Kind.REFUSED: Direction.CONFIRM,
    Kind.RETURNED: Direction.RETURN,
    Kind.DELIVERED: Direction.DELIVERY,
    Kind.ACKED: Direction.ACK,
    Kind.REQUEUED: Direction.ACK,
    Kind.DISCARDED: Direction.ACK,
    Kind.ACK_IGNORED: Direction.ACK,
}
_AT_NODE = {Kind.ARRIVED, Kind.UNROUTABLE, Kind.CONFIRM_SENT, Kind.RETURN_SENT}
_AT_QUEUE = {Kind.QUEUE_DECLARED, Kind.QUEUE_DELETED, Kind.DELETED}
_READY_BEGINS = {Kind.ENQUEUED, Kind.REQUEUED, Kind.RECOVERED}
_QUEUE_ENDS = {Kind.ACKED, Kind.DISCARDED, Kind.VANISHED, Kind.EVICTED, Kind.EXPIRED, Kind.DELETED}
_WORK_ENDS = {Kind.PROCESSED, Kind.DEDUPLICATED, Kind.FAILED, Kind.EFFECT, Kind.DROPPED, Kind.HELD}
_DOWN = {
    Kind.NODE_CRASHED: Kind.NODE_RESTARTED,
    Kind.CLIENT_CRASHED: Kind.CLIENT_RESTARTED,
    Kind.SILENCE_BEGAN: Kind.SILENCE_ENDED,
    Kind.PARTITION_BEGAN: Kind.PARTITION_ENDED,
    Kind.PAUSED: Kind.RESUMED,
}


@dataclass(frozen=True, slots=True)
class Arrow:
    """A packet from a lane to a lane; ``end`` is NEVER where no arrival was seen."""

    direction: Direction
    start: int
    end: int
    from_lane: int
    to_lane: int
    how: str
    """arrives · lost (by the link) · stale (its connection had ended) · open (no arrival in these rows)."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Part of a lane: ready or unacked in a queue, work at a consumer, down."""

    what: str
    lane: int
    start: int
    end: int
    message: int


@dataclass(frozen=True)
class Journey:
    """Rows and what they mean. Lanes are entity numbers, in the order in which they are drawn."""

    rows: NDArray[np.void]
    lanes: tuple[int, ...]
    lane_of: tuple[int, ...]
    """The lane of each row; -1: none."""
    arrows: tuple[Arrow, ...]
    stretches: tuple[Stretch, ...]


def world_rows(trace: Trace) -> NDArray[np.void]:
    """All rows that concern no message but everybody: crashes, connections, silences (not flushes)."""
    if trace.events is None:
        return np.zeros(0, EVENT)
    kinds = trace.events.column("kind")
    world = (kinds >= Kind.NODE_CRASHED) & (kinds <= Kind.SILENCE_ENDED)
    wanted = np.flatnonzero(world | ((kinds >= Kind.CLOCK_CHANGED) & (kinds <= Kind.PARTITION_ENDED)))
    rows = np.zeros(len(wanted), EVENT)
    rows["message"] = rows["queue"] = -1
    rows["kind"] = kinds[wanted]
    for name in ("time_ns", "actor", "cause", "first"):  # the columns that matter: reading all would take longer
        rows[name] = trace.events.column(name)[wanted]
    return rows


class _Reader:
    """Goes through the rows once and pairs what belongs together."""

    def __init__(self, trace: Trace, model: Model | None, rows: NDArray[np.void]) -> None:
        self.entities, self.rows = trace.entities, rows
        self.node = next((i for i, entity in enumerate(trace.entities) if entity.kind == "node"), -1)
        numbers = {entity.name: i for i, entity in enumerate(trace.entities)}
        self.node_of: Mapping[int, int] = MappingProxyType(
            {numbers[q.name]: numbers[q.node] for q in model.queues if {q.name, q.node} <= numbers.keys()}
            if model
            else {}
        )
        self.queue_of: dict[tuple[int, int], int] = {}
        self.producer_of: dict[int, int] = {}
        self.met: dict[int, int] = {}  # message -> the node it arrived at
        self.sends: dict[tuple[int, ...], tuple[int, int]] = {}  # -> row, lane
        self.answered: set[int] = set()
        self.open: dict[tuple[str, int, int], tuple[int, int]] = {}  # what, message, copy -> row, lane
        self.down: dict[int, int] = {}
        self.arrows: list[Arrow] = []
        self.stretches: list[Stretch] = []

    def is_a(self, entity: int, *kinds: str) -> bool:
        return 0 <= entity < len(self.entities) and self.entities[entity].kind in kinds

    def node_for(self, row: np.void) -> int:
        actor, queue = int(row["actor"]), int(row["queue"])
        if self.is_a(actor, "node"):
            return actor
        return self.node_of.get(queue, self.met.get(int(row["message"]), self.node))

    def lane(self, row: np.void) -> int:
        """Whose line a row belongs on."""
        kind, actor, queue = Kind(int(row["kind"])), int(row["actor"]), int(row["queue"])
        if kind == Kind.STALE_PACKET:
            return self.target(row, Direction(int(row["first"])), actor)
        if kind in _AT_NODE:
            return self.node_for(row)
        if kind == Kind.RETURNED:
            return actor
        if kind in _AT_QUEUE and self.is_a(queue, "queue"):
            return queue
        if Kind.ARRIVED <= kind < Kind.DELIVERED:
            known = self.queue_of.get((int(row["message"]), int(row["copy"])), -1)
            return queue if self.is_a(queue, "queue") else known if known >= 0 else self.node_for(row)
        return actor

    def read(self) -> tuple[int, ...]:
        """Pair everything; the lane of each row."""
        lanes = []
        for number, row in enumerate(self.rows):
            kind = Kind(int(row["kind"]))
            lane = self.lane(row)
            if kind in (Kind.PACKET_LOST, Kind.PACKET_DUPLICATED):
                lane = self.packet(number, row, kind, lane)
            elif kind in _DOWN or kind in _DOWN.values():
                self.breakdown(number, kind, int(row["actor"]))
            elif int(row["message"]) >= 0:
                self.remember(row, kind, lane)
                self.stand(number, row, kind, lane)
                self.send(number, row, kind, lane)
            lanes.append(lane)
        self.close()
        return tuple(lanes)

    def key(self, row: np.void, direction: Direction) -> tuple[int, ...]:
        """Give what a send and its arrival have in common."""
        copy = int(row["copy"]) if direction in (Direction.DELIVERY, Direction.ACK) else 0
        return direction, int(row["message"]), copy, int(row["attempt"])

    def remember(self, row: np.void, kind: Kind, lane: int) -> None:
        if kind in (Kind.CREATED, Kind.SENT) and self.is_a(lane, "producer"):
            self.producer_of[int(row["message"])] = lane
        if kind == Kind.ARRIVED:
            self.met[int(row["message"])] = lane
        if kind == Kind.ENQUEUED and self.is_a(lane, "queue"):
            self.queue_of[int(row["message"]), int(row["copy"])] = lane

    def send(self, number: int, row: np.void, kind: Kind, lane: int) -> None:
        """Open an arrow at a send, end it at the arrival."""
        if kind in _SENDS:
            self.sends[self.key(row, _SENDS[kind])] = (number, lane)
            return
        stale = kind == Kind.STALE_PACKET
        direction = Direction(int(row["first"])) if stale else _ARRIVALS.get(kind)
        if direction is None or (sent := self.sends.get(self.key(row, direction))) is None:
            return
        if kind == Kind.REQUEUED and int(row["cause"]) == 1:
            return  # it went back because the connection ended, not because somebody said so
        self.answered.add(sent[0])
        target = self.target(row, direction, int(row["actor"])) if stale else lane
        self.arrows.append(
            Arrow(direction, sent[0], number, sent[1], target, "stale" if stale else "arrives")
        )

    def packet(self, number: int, row: np.void, kind: Kind, lane: int) -> int:
        """End the arrow of a lost packet halfway; its row stands where the packet was sent."""
        direction = Direction(int(row["first"]))
        start, source = self.sends.get(self.key(row, direction), (number, lane))
        if kind == Kind.PACKET_LOST:
            self.answered.add(start)
            self.arrows.append(
                Arrow(direction, start, NEVER, source, self.target(row, direction, -1), "lost")
            )
        return source

    def target(self, row: np.void, direction: Direction, actor: int) -> int:
        """Where a packet that did not arrive was going; -1: nobody knows."""
        if direction == Direction.PUBLISH:
            return self.node_for(row)
        if direction in (Direction.CONFIRM, Direction.RETURN):
            return self.producer_of.get(int(row["message"]), -1)
        if direction == Direction.ACK:
            return self.queue_of.get((int(row["message"]), int(row["copy"])), int(row["queue"]))
        return actor if self.is_a(actor, "consumer") else -1

    def stand(self, number: int, row: np.void, kind: Kind, lane: int) -> None:
        """Stretches in which a copy stands in a queue, is out for delivery, or is worked on."""
        message, copy = int(row["message"]), int(row["copy"])
        if kind in _READY_BEGINS or kind == Kind.DISPATCHED or kind in _QUEUE_ENDS:
            self.end("ready", message, copy, number)
            self.end("unacked", message, copy, number)
        if kind in _READY_BEGINS or kind == Kind.DISPATCHED:
            self.open["ready" if kind in _READY_BEGINS else "unacked", message, copy] = (number, lane)
        elif kind == Kind.STARTED:
            self.open["work", message, copy] = (number, lane)
        elif kind in _WORK_ENDS:
            self.end("work", message, copy, number)

    def end(self, what: str, message: int, copy: int, number: int) -> None:
        if (begun := self.open.pop((what, message, copy), None)) is not None:
            self.stretches.append(Stretch(what, begun[1], begun[0], number, message))

    def breakdown(self, number: int, kind: Kind, actor: int) -> None:
        """Take a node or client down or bring it back; the queues of a node with it."""
        queues = {lane for lane in self.queue_of.values() if self.node_of.get(lane, self.node) == actor}
        if kind in _DOWN:
            self.down[actor] = number
            for (what, message, copy), (_, lane) in list(self.open.items()):
                if lane == actor or (lane in queues and what == "unacked"):
                    self.end(what, message, copy, number)
        else:
            self.stretches.append(Stretch("down", actor, self.down.pop(actor, BEFORE), number, -1))

    def close(self) -> None:
        """End what is still open at the last row."""
        for actor, start in self.down.items():
            self.stretches.append(Stretch("down", actor, start, NEVER, -1))
        for (what, message, _), (start, lane) in self.open.items():
            self.stretches.append(Stretch(what, lane, start, NEVER, message))
        for (direction, *_), (start, lane) in self.sends.items():
            if start not in self.answered:
                way = Direction(direction)
                target = self.target(self.rows[start], way, int(self.rows[start]["actor"]))
                self.arrows.append(Arrow(way, start, NEVER, lane, target, "open"))


def extract(trace: Trace, model: Model | None, rows: NDArray[np.void]) -> Journey:
    """Pair ``rows`` (of one message, or of a stretch of time, in order) into arrows and stretches."""
    reader = _Reader(trace, model, rows)
    lane_of = reader.read()
    used = {lane for lane in lane_of if lane >= 0}
    used |= {lane for arrow in reader.arrows for lane in (arrow.from_lane, arrow.to_lane) if lane >= 0}
    if reader.node >= 0:
        used |= {
            reader.node_of.get(lane, reader.node) for lane in used if trace.entities[lane].kind == "queue"
        }
        if not any(trace.entities[lane].kind == "node" for lane in used):
            used.add(reader.node)
    order = {"producer": 0, "node": 1, "queue": 2, "consumer": 3}
    lanes = tuple(sorted(used, key=lambda lane: (order[trace.entities[lane].kind], lane)))
    return Journey(rows, lanes, lane_of, tuple(reader.arrows), tuple(reader.stretches))
