"""Synthetic traces for the pictures and the report: a small flash sale in plain Python, and the empty run.

It is no engine: one queue, one crash, rules simplified where no picture can tell. Seeds are fixed.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from mqlab.model import Model
from mqlab.trace.fates import Cause, Fate
from mqlab.trace.kinds import Direction, Kind
from mqlab.trace.schema import EVENT, FATE, Level, Rows, Trace
from tests.support.counting import count
from tests.support.flash import (
    AT_QUEUE,
    BROKER,
    BUYERS,
    ENTITIES,
    FIRST_BUYER,
    FIRST_STOCK,
    MS,
    ORDERS,
    PREFETCH,
    STOCK,
    S,
    flash_model,
)


class FlashSale:
    """The little simulation; :meth:`play` runs it to the end."""

    def __init__(self, model: Model, messages: int, seed: int) -> None:
        self.model, self.n = model, messages
        self.rng = np.random.default_rng(seed)
        self.heap: list[tuple[int, int, Any, tuple[Any, ...]]] = []
        self.order = 0
        self.rows: list[tuple[int, ...]] = []
        self.fates = np.zeros(messages, FATE)
        self.fates["in_reply_to"] = self.fates["taken_for"] = -1
        self.extra: list[np.void] = []
        self.now, self.up, self.epoch, self.processed = 0, True, 0, 0
        self.queue: deque[tuple[int, int]] = deque()  # (message, copy)
        self.unacked: dict[tuple[int, int], int] = {}  # -> consumer
        self.hands: list[deque[tuple[int, int]]] = [deque() for _ in range(STOCK)]
        self.busy = [False] * STOCK
        self.deliveries: dict[tuple[int, int], int] = {}
        self.depths: list[tuple[int, int, int]] = []
        self.draws: list[float] = []

    def at(self, delay: int, what: Any, *args: Any) -> None:
        self.order += 1
        heapq.heappush(self.heap, (self.now + delay, self.order, what, args))

    def note(
        self,
        kind: Kind,
        message: int = -1,
        copy: int = 0,
        actor: int = -1,
        attempt: int = 0,
        first: int = 0,
        cause: int = 0,
    ) -> None:
        queue = ORDERS if kind in AT_QUEUE else -1
        self.rows.append((self.now, message, first, 1, copy, actor, queue, attempt, int(kind), cause, 0))

    def draw(self) -> float:
        if not self.draws:
            self.draws = self.rng.random(100_000).tolist()
        return self.draws.pop()

    def way(self) -> int:
        return int(200_000 - 800_000 * np.log1p(-self.draw()))

    def row(self, message: int, copy: int) -> np.void:
        return self.fates[message] if copy == 0 else next(r for r in self.extra if r["message"] == message)

    # the producer
    def create(self, message: int) -> None:
        self.note(Kind.CREATED, message, actor=FIRST_BUYER + message % BUYERS, first=message // BUYERS)
        self.send(message, 1)

    def send(self, message: int, attempt: int) -> None:
        row, buyer = self.fates[message], FIRST_BUYER + message % BUYERS
        if row["confirmed_ns"] >= 0:
            return
        row["attempts"] = attempt
        if not self.up:
            self.note(Kind.PUBLISH_FAILED, message, 0, buyer, attempt)
            self.retry(message, attempt)
            return
        row["sent_ns"] = self.now if row["sent_ns"] < 0 else row["sent_ns"]
        self.note(Kind.SENT, message, 0, buyer, attempt)
        if self.draw() < 0.001:
            self.note(Kind.PACKET_LOST, message, 0, buyer, attempt, first=Direction.PUBLISH)
        else:
            self.at(self.way(), self.arrive, message, attempt, self.epoch)
        self.at(S, self.time_out, message, attempt)

    def retry(self, message: int, attempt: int) -> None:
        buyer = FIRST_BUYER + message % BUYERS
        if attempt >= 8:
            self.note(Kind.GAVE_UP, message, 0, buyer, attempt)
            row = self.fates[message]
            if row["fate"] == Fate.IN_FLIGHT and row["enqueued_ns"] < 0:
                row["fate"], row["ended_ns"] = Fate.GAVE_UP, self.now
            return
        pause = int(min(200 * MS * 2**attempt, 2 * S) * self.draw())
        self.note(Kind.BACKED_OFF, message, 0, buyer, attempt, first=pause)
        self.at(pause, self.send, message, attempt + 1)

    def time_out(self, message: int, attempt: int) -> None:
        row = self.fates[message]
        if row["confirmed_ns"] < 0 and row["attempts"] == attempt and row["fate"] != Fate.REJECTED:
            self.note(Kind.TIMED_OUT, message, 0, FIRST_BUYER + message % BUYERS, attempt)
            self.retry(message, attempt)

    def answer(self, message: int, attempt: int, refused: int, epoch: int) -> None:
        if epoch != self.epoch or self.fates[message]["confirmed_ns"] >= 0:
            return
        buyer = FIRST_BUYER + message % BUYERS
        self.note(Kind.REFUSED if refused else Kind.CONFIRMED, message, 0, buyer, attempt)
        if not refused:
            self.fates[message]["confirmed_ns"] = self.now
        elif attempt < 4:
            self.retry(message, attempt)
        else:
            self.fates[message]["fate"], self.fates[message]["ended_ns"] = Fate.REJECTED, self.now

    # the broker
    def arrive(self, message: int, attempt: int, epoch: int) -> None:
        if epoch != self.epoch:
            buyer = FIRST_BUYER + message % BUYERS
            self.note(Kind.STALE_PACKET, message, 0, buyer, attempt, first=Direction.PUBLISH)
            return
        self.note(Kind.ARRIVED, message, 0, BROKER, attempt)
        if len(self.queue) >= self.model.queues[0].max_length:
            self.note(Kind.ENQUEUE_REFUSED, message, 0, BROKER, attempt)
            self.confirm(message, attempt, 1)
            return
        row, copy = self.fates[message], 0
        if row["enqueued_ns"] >= 0 and row["fate"] in (Fate.PROCESSED, Fate.IN_FLIGHT):
            copy = 1
            extra = row.copy()
            extra["copy"], extra["copy_of"] = 1, 0
            extra["deliveries"] = extra["processings"] = extra["effects"] = 0
            extra["fate"], extra["delivered_ns"], extra["processed_ns"] = Fate.IN_FLIGHT, -1, -1
            extra["enqueued_ns"] = self.now
            self.extra.append(extra)
        else:
            row["enqueued_ns"], row["queue"], row["fate"] = self.now, ORDERS, Fate.IN_FLIGHT
        self.note(Kind.ENQUEUED, message, copy, BROKER, attempt, first=message)
        self.queue.append((message, copy))
        if message % 10 < 7:  # persistent
            self.note(Kind.WRITTEN, message, copy, BROKER, attempt)
            self.at(5 * MS - self.now % (5 * MS), self.synced, message, copy, attempt, self.epoch)
        else:
            self.confirm(message, attempt, 0)
        self.dispatch()
        return

    def synced(self, message: int, copy: int, attempt: int, epoch: int) -> None:
        if epoch == self.epoch:
            self.note(Kind.SYNCED, message, copy, BROKER, attempt)
            self.confirm(message, attempt, 0)

    def confirm(self, message: int, attempt: int, refused: int) -> None:
        self.note(Kind.CONFIRM_SENT, message, 0, FIRST_BUYER + message % BUYERS, attempt, cause=refused)
        if self.draw() < 0.001:
            self.note(
                Kind.PACKET_LOST, message, 0, FIRST_BUYER + message % BUYERS, attempt, first=Direction.CONFIRM
            )
        else:
            self.at(self.way(), self.answer, message, attempt, refused, self.epoch)

    def dispatch(self) -> None:
        held = [0] * STOCK
        for consumer in self.unacked.values():
            held[consumer] += 1
        while self.queue and self.up and min(held) < PREFETCH:
            consumer = held.index(min(held))
            held[consumer] += 1
            message, copy = self.queue.popleft()
            self.unacked[message, copy] = consumer
            tries = self.deliveries[message, copy] = self.deliveries.get((message, copy), 0) + 1
            self.note(Kind.DISPATCHED, message, copy, FIRST_STOCK + consumer, tries)
            self.at(self.way(), self.deliver, message, copy, consumer, tries, self.epoch)
        self.depths.append((self.now, len(self.queue), len(self.unacked)))

    # the consumer
    def deliver(self, message: int, copy: int, consumer: int, tries: int, epoch: int) -> None:
        if epoch == self.epoch:
            self.note(Kind.DELIVERED, message, copy, FIRST_STOCK + consumer, tries)
            row = self.row(message, copy)
            row["deliveries"] += 1
            row["delivered_ns"] = self.now if row["delivered_ns"] < 0 else row["delivered_ns"]
            self.hands[consumer].append((message, copy))
            self.start(consumer)

    def start(self, consumer: int) -> None:
        if self.hands[consumer] and not self.busy[consumer]:
            message, copy = self.hands[consumer].popleft()
            self.busy[consumer] = True
            service = int(
                4.5 * MS * np.exp(0.8 * np.sqrt(-2 * np.log(self.draw())) * np.cos(6.28 * self.draw()) - 0.32)
            )
            tries = self.deliveries[message, copy]
            self.note(Kind.STARTED, message, copy, FIRST_STOCK + consumer, tries, first=service)
            self.at(service, self.finish, message, copy, consumer, tries, self.epoch)

    def finish(self, message: int, copy: int, consumer: int, tries: int, epoch: int) -> None:
        self.busy[consumer] = False
        row = self.row(message, copy)
        self.note(Kind.PROCESSED, message, copy, FIRST_STOCK + consumer, tries)
        row["processings"] += 1
        row["effects"] += 1
        if row["processed_ns"] < 0:
            row["processed_ns"], row["processed_order"], row["consumer"] = (
                self.now,
                self.processed,
                FIRST_STOCK + consumer,
            )
            row["fate"], row["cause"] = Fate.PROCESSED, Cause.NONE
            self.processed += 1
        if epoch == self.epoch:
            self.note(Kind.ACK_SENT, message, copy, FIRST_STOCK + consumer, tries)
            self.at(self.way(), self.acked, message, copy, tries, epoch)
        self.start(consumer)

    def acked(self, message: int, copy: int, tries: int, epoch: int) -> None:
        if epoch == self.epoch and self.unacked.pop((message, copy), None) is not None:
            self.note(Kind.ACKED, message, copy, BROKER, tries)
            self.row(message, copy)["ended_ns"] = self.now
            self.dispatch()

    # the fault
    def crash(self) -> None:
        self.up, self.epoch = False, self.epoch + 1
        self.note(Kind.NODE_CRASHED, actor=BROKER)
        for consumer in range(STOCK):
            self.note(Kind.CONNECTION_LOST, actor=FIRST_STOCK + consumer)
            for message, copy in self.hands[consumer]:
                self.note(Kind.DROPPED, message, copy, FIRST_STOCK + consumer, self.deliveries[message, copy])
            self.hands[consumer].clear()
        standing = sorted([*self.unacked, *self.queue])
        self.unacked.clear()
        self.queue.clear()
        for message, copy in standing:
            if message % 10 < 7:
                self.queue.append((message, copy))
                continue
            self.note(Kind.VANISHED, message, copy, BROKER, cause=Cause.BROKER_MEMORY)
            row = self.row(message, copy)
            if row["fate"] != Fate.PROCESSED:
                row["fate"], row["cause"], row["ended_ns"] = Fate.LOST, Cause.BROKER_MEMORY, self.now
        self.depths.append((self.now, 0, 0))
        self.at(self.model.faults[0].for_ns, self.restart)

    def restart(self) -> None:
        self.up = True
        self.note(Kind.NODE_RESTARTED, actor=BROKER)
        for message, copy in self.queue:
            self.note(Kind.RECOVERED, message, copy, BROKER, cause=1)
        for client in range(FIRST_BUYER, FIRST_STOCK + STOCK):
            self.note(Kind.CONNECTED, actor=client)
        self.dispatch()

    def play(self) -> None:
        model, fates = self.model, self.fates
        for name in ("sent", "confirmed", "enqueued", "delivered", "processed", "ended"):
            fates[f"{name}_ns"] = -1
        for name in ("processed_order", "copy_of", "queue", "consumer"):
            fates[name] = -1
        fates["message"] = np.arange(self.n)
        fates["sequence"], fates["producer"] = (
            fates["message"] // BUYERS,
            FIRST_BUYER + fates["message"] % BUYERS,
        )
        fates["size_bytes"], fates["fate"], fates["key"] = (
            1024,
            Fate.IN_FLIGHT,
            self.rng.integers(500, size=self.n),
        )
        ramp = np.linspace(0, 1, 4_000)
        mass = np.cumsum(np.minimum(0.2 + 3 * ramp, 1.2))
        times = np.sort(np.interp(self.rng.random(self.n), mass / mass[-1], ramp * model.duration_ns)).astype(
            np.int64
        )
        fates["created_ns"] = times
        for message, time in enumerate(times.tolist()):
            self.at(time, self.create, message)
        self.at(model.faults[0].at_ns, self.crash)
        while self.heap and self.heap[0][0] <= model.end_ns:
            self.now, _, what, args = heapq.heappop(self.heap)
            what(*args)


@lru_cache(maxsize=8)
def flash_sale(
    messages: int = 3_000, level: Level = "events", seed: int = 1, duration_s: int = 4
) -> tuple[Trace, Model]:
    """A flash sale with a crash of the broker after a third of the time."""
    model = flash_model(duration_s * S, duration_s * S // 2, max_length=max(60, messages // 10))
    sale = FlashSale(model, messages, seed)
    sale.play()
    fates = np.concatenate([sale.fates, np.array(sale.extra, FATE)]) if sale.extra else sale.fates
    fates = fates[np.lexsort((fates["copy"], fates["message"]))]
    fates["ended_ns"] = np.where(fates["ended_ns"] < 0, model.end_ns, fates["ended_ns"])
    events = np.array(sale.rows, EVENT)
    trace = Trace(
        model.name,
        model.system,
        "sim",
        seed,
        "events",
        model.end_ns,
        model.duration_ns,
        model.warmup_ns,
        ENTITIES,
        "0123456789abcdef",
        len(events),
        count(events, fates, model.end_ns, depths=np.array(sale.depths)),
        Rows(fates),
        Rows(events),
        0.21,
    )
    return at_level(trace, level), model


def at_level(trace: Trace, level: Level) -> Trace:
    """The same run, less of it kept."""
    fates = None if level == "counts" else trace.fates
    return replace(trace, level=level, fates=fates, events=trace.events if level == "events" else None)


def empty_run(level: Level = "events") -> tuple[Trace, Model]:
    """A run in which nobody sent anything."""
    model = replace(flash_model(S, S), faults=())
    events, fates = np.zeros(0, EVENT), np.zeros(0, FATE)
    trace = Trace(
        model.name,
        model.system,
        "sim",
        1,
        "events",
        model.end_ns,
        model.duration_ns,
        0,
        ENTITIES,
        "0" * 16,
        0,
        count(events, fates, model.end_ns),
        Rows(fates),
        Rows(events),
    )
    return at_level(trace, level), model
