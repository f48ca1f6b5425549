"""The world around the simulated data plane, as a hand-written process sees it.

A process is a generator function that takes the world. Time is whole nanoseconds; what it does at an instant happens
before anything the data plane does at that instant (the one tie rule).

    def clerk(world):
        while True:
            delivery = yield world.receive("desk")
            yield world.timeout(2_000_000)
            delivery.ack()
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

import numpy as np

from mqlab.core import codes
from mqlab.core.machine import Machine
from mqlab.errors import BadInput, did_you_mean
from mqlab.model import Fault, FaultKind, Model
from mqlab.sampling import name_identity, unit

__all__ = ["Clock", "Delivery", "Receipt", "World"]


class Clock(Protocol):
    """The part of a discrete-event environment that the world needs."""

    @property
    def now(self) -> int:
        """Virtual time in ns."""
        ...

    def timeout(self, delay: int, value: Any = None) -> Any:
        """Make an event that happens ``delay`` ns from now."""
        ...

    def event(self) -> Any:
        """Make an event that somebody will trigger."""
        ...


@dataclass(frozen=True, slots=True)
class Receipt:
    """What :meth:`World.publish` gives back."""

    message: int
    """Number of the message in the run."""
    settled: Any
    """Event that happens when the producer knows (or has given up): its value is ``"confirmed"``, ``"refused"`` or
    ``"unknown"``. Without confirms: ``"unknown"``, as soon as it is sent. Of a request: ``"answered"``, or
    ``"unknown"`` when it has timed out for good."""


class Delivery:
    """A message in a hand-written consumer's hands. Settle it exactly once."""

    def __init__(self, world: World, handle: int, serial: int, message: int, key: int, number: int) -> None:
        self._world, self._handle, self._serial = world, handle, serial
        self.message = message
        """Number of the message in the run."""
        self.key = key
        self.number = number
        """1 for the first delivery of this copy."""
        self._settled = False
        self._answers = False

    @property
    def redelivered(self) -> bool:
        """Whether the broker has delivered this copy before."""
        return self.number > 1

    def ack(self) -> None:
        """Say that the work is done: its business effect happens now; a server's reply goes out, too."""
        self._settle(codes.ACK_DONE)
        if self._answers:
            self._world._publishing += 1

    def nack(self, *, requeue: bool = True) -> None:
        """Give it back to its place in the queue, or refuse it for good."""
        self._settle(codes.ACK_REQUEUE if requeue else codes.ACK_REJECT)

    def _settle(self, answer: int) -> None:
        if self._settled:
            raise BadInput(
                f"message {self.message} was settled twice", mend="call ack() or nack() once for each delivery"
            )
        self._settled = True
        self._world.command(codes.W_SETTLE, self._handle, answer, self._serial)


_FAULTS: dict[str, tuple[int, int, int, int]] = {
    # kind: (command for a node, when it is over; for a client, when it is over); -1: it cannot befall them
    "crash": (codes.W_CRASH_NODE, codes.W_RESTART_NODE, codes.W_CRASH_CLIENT, codes.W_RESTART_CLIENT),
    "power_loss": (codes.W_POWER_LOSS, codes.W_RESTART_NODE, -1, -1),
    "reset": (-1, -1, codes.W_RESET, -1),
    "silence": (-1, -1, codes.W_SILENCE, codes.W_SPEAK),
    "partition": (-1, -1, codes.W_CUT, codes.W_CUT),
    "slow": (codes.W_SLOW_NODE, codes.W_SLOW_NODE, codes.W_SLOW_CLIENT, codes.W_SLOW_CLIENT),
    "pause": (codes.W_PAUSE_NODE, codes.W_PAUSE_NODE, codes.W_PAUSE_CLIENT, codes.W_PAUSE_CLIENT),
    "disk_full": (codes.W_DISK_FULL, codes.W_DISK_FREE, -1, -1),
    "clock": (codes.W_CLOCK, codes.W_CLOCK, -1, -1),
    "split": (codes.W_SIDE, codes.W_SIDE, codes.W_SIDE, codes.W_SIDE),
}
_DIRECTIONS = {"up": (0,), "down": (1,), "both": (0, 1)}
_WHOM = "crash, power_loss, slow, pause or clock a node; crash, reset, silence, partition, slow or pause a client"
_OUTCOMES = ("confirmed", "refused", "unknown")


def _known(kind: str) -> FaultKind:
    if kind not in _FAULTS:
        raise BadInput(f"there is no fault {kind!r}", mend=did_you_mean(kind, list(_FAULTS), "there is"))
    return cast(FaultKind, kind)


class World:
    """Access to producers, consumers, queues and nodes of a running simulation."""

    def __init__(self, clock: Clock, machine: Machine, model: Model, seed: int) -> None:
        self._clock, self._machine, self._model, self._seed = clock, machine, model, seed
        self._waiting: dict[int, list[Any]] = {}
        self._stored: dict[int, list[Delivery]] = {}
        self._receipts: dict[int, Any] = {}
        self._publishing = 0
        built = machine.built
        self._group_of = {
            member: members[0] for members in built.consumers.values() if len(members) > 1 for member in members
        }

    @property
    def now(self) -> int:
        """Virtual time in ns."""
        return self._clock.now

    def timeout(self, delay_ns: int) -> Any:
        """Wait: ``yield world.timeout(1_000_000)``. Whole nanoseconds only."""
        return self._clock.timeout(delay_ns)

    def draw(self, name: str, number: int) -> float:
        """Draw uniformly from (0, 1]: a pure function of the run's seed, ``name`` and ``number``.

        Use this instead of a random generator, and the run stays the same whatever else is added to it.
        """
        who, what = name_identity(self._seed, name), name_identity(0, str(number))
        with np.errstate(over="ignore"):  # unsigned mixing wraps on purpose
            return float(unit(name_identity(0, name), who, what, 0, 0))

    # --- messages ------------------------------------------------------------------------------------------------

    def publish(self, producer: str, *, key: int | None = None, size_bytes: int | None = None) -> Receipt:
        """Let a producer create and send a message now.

        Raises
        ------
        BadInput
            There is no such producer, its arrivals are not ``by_hand``, or its routing keys follow the business
            key and there is none for this one.
        """
        index = self._lookup(self._machine.built.producers, producer, "producer")[0]
        record = self._machine.array("producers")[index]
        if not int(record["by_hand"]):
            raise BadInput(f"producer {producer!r} creates its own messages", mend="give it `arrivals: by_hand`")
        routed = -int(record["routes"])  # below 0 where each business key has its route
        if key is not None and routed > 0 and not 0 <= key < routed:
            raise BadInput(f"producer {producer!r} has no routing key for key {key}", mend=f"use 0 to {routed - 1}")
        message = int(self._machine.run["number"]) + self._publishing
        self._publishing += 1
        self.command(codes.W_PUBLISH, index, -1 if key is None else key, -1 if size_bytes is None else size_bytes)
        settled = self._clock.event()
        self._receipts[message] = settled
        return Receipt(message, settled)

    def request(self, producer: str, *, key: int | None = None, size_bytes: int | None = None) -> Receipt:
        """Let a producer ask now: ``outcome = yield world.request("clerk").settled``.

        Raises
        ------
        BadInput
            There is no such producer, its arrivals are not ``by_hand``, or it does not ask for replies.
        """
        index = self._lookup(self._machine.built.producers, producer, "producer")[0]
        if not int(self._machine.array("producers")[index]["special"]) & codes.PRODUCER_REQUEST:
            raise BadInput(f"producer {producer!r} does not ask for replies", mend="give it `request: true`")
        return self.publish(producer, key=key, size_bytes=size_bytes)

    def receive(self, consumer: str) -> Any:
        """Wait for the next delivery to a consumer (or any member of its group): ``yield world.receive("desk")``.

        Raises
        ------
        BadInput
            There is no such consumer, or its service is not ``by_hand``.
        """
        index = self._lookup(self._machine.built.consumers, consumer, "consumer")[0]
        if not int(self._machine.array("consumers")[index]["by_hand"]):
            raise BadInput(f"consumer {consumer!r} works by itself", mend="give it `service: by_hand`")
        place = self._group_of.get(index, index)
        event = self._clock.event()
        stored = self._stored.get(place)
        if stored:
            self._hand_over(event, stored.pop(0))
        else:
            self._waiting.setdefault(place, []).append(event)
        return event

    def queue_length(self, queue: str) -> int:
        """How many messages are ready in a queue now."""
        names = [q.name for q in self._model.queues]
        if queue not in names:
            raise BadInput(f"there is no queue {queue!r}", mend=did_you_mean(queue, names, "there is"))
        return int(self._machine.array("queues")[names.index(queue)]["ready"])

    # --- faults --------------------------------------------------------------------------------------------------

    def kill(self, target: str, *, power: bool = False) -> None:
        """Kill the process of a broker or client; ``power``: cut a broker's power."""
        self.fail("power_loss" if power else "crash", target)

    def restart(self, target: str) -> None:
        """Start a killed broker or client again."""
        self.mend("crash", target)

    def fail(
        self, kind: str, target: str, *, factor: float = 10.0, by_ns: int = 0,
        direction: Literal["both", "up", "down"] = "both",
    ) -> None:  # fmt: skip
        """Let a fault begin; kinds as in a scenario's ``faults``.

        ``factor`` belongs to ``slow``, ``by_ns`` to ``clock``, and ``direction`` to ``partition``: up is to the
        broker. Give :meth:`mend` the same.
        """
        self._turn(Fault(self.now, _known(kind), target, -1, factor, by_ns, direction), 1)

    def mend(
        self, kind: str, target: str, *, factor: float = 10.0, by_ns: int = 0,
        direction: Literal["both", "up", "down"] = "both",
    ) -> None:  # fmt: skip
        """Let a fault end that :meth:`fail` began."""
        self._turn(Fault(self.now, _known(kind), target, -1, factor, by_ns, direction), 0)

    def begin(self, fault: Fault) -> None:
        """Let a fault of the model begin."""
        self._turn(fault, 1)

    def end(self, fault: Fault) -> None:
        """Let a fault of the model end."""
        self._turn(fault, 0)

    def _turn(self, fault: Fault, begins: int) -> None:
        """Put the commands of a fault that begins (1) or ends (0) into the core's inbox."""
        if fault.kind == "split":
            self._split(fault, begins)
            return
        kind, target, built = fault.kind, fault.target, self._machine.built
        on_node, off_node, on_client, off_client = _FAULTS[kind]
        node_command, client_command = (on_node, on_client) if begins else (off_node, off_client)
        name = target.removeprefix("nodes.")
        if name in built.nodes and node_command >= 0:
            self._order(node_command, built.nodes[name], fault, begins)
            return
        clients = self._lookup(built.clients, target, "client") if name not in built.nodes else []
        if client_command < 0 or not clients:
            raise BadInput(f"{kind} cannot befall {target!r}", mend=_WHOM)
        for client in clients:
            self._order(client_command, client, fault, begins)

    def _split(self, fault: Fault, begins: int) -> None:
        """Name those on the one side, and part them from all others."""
        if not self._model.topics:
            raise BadInput("split cannot befall queues", mend="cut one client off: partition, or silence")
        built = self._machine.built
        for target in fault.target.split(", "):
            name = target.removeprefix("nodes.")
            clients = [] if name in built.nodes else self._lookup(built.clients, target, "node or client")
            for index in clients or [built.nodes[name]]:
                self.command(codes.W_SIDE, index, int(bool(clients)))
        self.command(codes.W_SPLIT, 0, 0, begins)

    def _order(self, command: int, index: int, fault: Fault, begins: int) -> None:
        if fault.kind == "partition":
            for direction in _DIRECTIONS[fault.direction]:
                self.command(command, index, direction, begins)
        elif fault.kind == "slow":
            self.command(command, index, round(fault.factor * 1e6), begins)
        elif fault.kind == "clock":
            self.command(command, index, fault.by_ns if begins else -fault.by_ns)
        else:
            self.command(command, index, 0, begins)

    # --- inside --------------------------------------------------------------------------------------------------

    def command(self, kind: int, a: int, b: int = 0, c: int = 0) -> None:
        """Put a command of the core's vocabulary into its inbox, at the present instant."""
        self._machine.command(self._clock.now, kind, a, b, c)

    def inbox_taken(self) -> None:
        """Note that the core has executed all commands."""
        self._publishing = 0

    def stop(self, time_ns: int, reason: int, entity: int, handle: int, serial: int, detail: int) -> None:
        """Take a stop of the core: something happened at ``time_ns`` that a hand-written process waits for."""
        delay = time_ns - self._clock.now
        if reason == codes.STOP_SETTLED:
            event = self._receipts.pop(handle, None)
            if event is not None:
                asks = int(self._machine.array("producers")[entity]["special"]) & codes.PRODUCER_REQUEST
                outcome = "answered" if asks and _OUTCOMES[detail] == "confirmed" else _OUTCOMES[detail]
                self._later(delay, lambda: event.succeed(outcome))
            return
        record = self._machine.array("deliveries")[handle]
        copies = self._machine.array("copies")
        root = copies[int(copies[int(record["copy"])]["root"])]
        delivery = Delivery(self, handle, serial, int(root["number"]), int(root["key"]), int(record["number"]))
        asked = int(self._machine.array("producers")[int(root["producer"])]["special"]) & codes.PRODUCER_REQUEST
        serves = int(self._machine.array("consumers")[entity]["special"]) & codes.CONSUMER_SERVER
        delivery._answers = bool(asked and serves)
        place = self._group_of.get(entity, entity)
        self._later(delay, lambda: self._arrive(place, delivery))

    def _later(self, delay: int, action: Callable[[], Any]) -> None:
        self._clock.timeout(delay).callbacks.append(lambda _: action())

    def _arrive(self, place: int, delivery: Delivery) -> None:
        waiting = self._waiting.get(place)
        if waiting:
            self._hand_over(waiting.pop(0), delivery)
        else:
            self._stored.setdefault(place, []).append(delivery)

    def _hand_over(self, event: Any, delivery: Delivery) -> None:
        self.command(codes.W_START, delivery._handle, 0, delivery._serial)
        event.succeed(delivery)

    def _lookup(self, known: dict[str, list[int]], name: str, what: str) -> list[int]:
        if name not in known:
            groups = sorted(n for n in known if "[" not in n and "." not in n)
            raise BadInput(f"there is no {what} {name!r}", mend=did_you_mean(name, groups, "there is"))
        return known[name]
