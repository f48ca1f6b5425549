"""The simulation: SimPy owns the world, compiled kernels own the data plane.

The outer loop advances the core up to the world's next event, then lets that event happen:

    core ─── advance(until world.peek()) ───►   horizon reached: world.step()
                                          ───►   something for the world: wake its process, at that very time
                                          ───►   budget used up: show progress, notice Ctrl-C, go on

At equal times the world goes first. A scenario without faults and hand-written processes never leaves compiled code
except to show progress and to drain rows.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from typing import Any

import simpy

from mqlab.core import codes
from mqlab.core.build import build
from mqlab.core.counters import read_counters
from mqlab.core.ledger.build import build_ledger
from mqlab.core.ledger.counters import read_ledger_counters
from mqlab.core.ledger.machine import LedgerMachine
from mqlab.core.log.build import build_log
from mqlab.core.log.counters import read_log_counters
from mqlab.core.log.machine import LogMachine
from mqlab.core.machine import Machine
from mqlab.engines.base import Process, Progress
from mqlab.engines.world import World
from mqlab.errors import BadInput, EngineError
from mqlab.model import Fault, Model
from mqlab.policies.schedule import schedule
from mqlab.trace.schema import Counters, Level, Trace
from mqlab.trace.sinks import MemorySink, Sink

__all__ = ["IntegerEnvironment", "SimulationEngine"]

_EVENTS_AT_ONCE = 10_000_000
"""More than this at one instant, and a run is stopped: a requeued message that takes no time goes round for ever."""


class IntegerEnvironment(simpy.Environment):
    """A SimPy environment whose clock stays an integer: one ``timeout(0.5)`` would turn it into floats for good."""

    @property
    def now(self) -> int:
        """Virtual time in ns."""
        return int(super().now)

    def schedule(self, event: Any, priority: Any = 1, delay: Any = 0) -> None:
        """Schedule an event ``delay`` whole nanoseconds from now.

        Raises
        ------
        BadInput
            ``delay`` is not an integer.
        """
        if isinstance(delay, bool) or not isinstance(delay, int):
            raise BadInput(
                f"a delay of {delay!r} is not a whole number of nanoseconds",
                mend="write timeout(500_000_000) for half a second",
            )
        super().schedule(event, priority, delay)


class SimulationEngine:
    """Runs a model in virtual time, exactly repeatable."""

    name = "sim"

    def prepare(self, model: Model) -> None:
        """Have the kernels compiled, if they are not yet: the first call of any of them does it."""
        sink = MemorySink("counts")
        _machine(model, model.seed, "counts", sink).advance(0)

    def run(
        self,
        model: Model,
        *,
        seed: int | None = None,
        level: Level = "events",
        sink: Sink | None = None,
        progress: Progress | None = None,
        processes: Sequence[Process] = (),
    ) -> Trace:
        """Run ``model`` (see :meth:`mqlab.engines.base.Engine.run`).

        Raises
        ------
        BadInput
            The model wants hand-written processes and none is given, or a process is not a generator function.
        EngineError
            A rule of the engine was broken: a bug in mqlab.
        """
        started = time.perf_counter()
        chosen_seed = model.seed if seed is None else seed
        sink = MemorySink(level) if sink is None else sink
        _check_by_hand(model, processes)
        machine = _machine(model, chosen_seed, level, sink)
        clock = IntegerEnvironment(initial_time=0)
        world = World(clock, machine, model, chosen_seed)
        for fault in schedule(model, chosen_seed):
            clock.process(_fault(world, fault))
        for process in processes:
            _start(clock, world, process)
        _play(machine, clock, world, model.end_ns, progress)
        machine.finish(model.end_ns)
        fates, events = sink.close()
        run = machine.run
        return Trace(
            scenario=model.name,
            system=model.system,
            engine=self.name,
            seed=chosen_seed,
            level=level,
            duration_ns=model.end_ns,
            producing_ns=model.duration_ns,
            warmup_ns=model.warmup_ns,
            entities=machine.built.entities,
            digest=f"{int(run['digest']):016x}",
            event_count=int(machine.array("counts")["n"].sum()),
            counters=_counters(machine, model),
            fates=fates,
            events=events,
            wall_s=time.perf_counter() - started,
        )


def _machine(model: Model, seed: int, level: Level, sink: Sink) -> Machine:
    """Make the machine for a model: queues, logs and ledgers have their own programs, compiled when first needed."""
    if model.ledgers is not None:
        return LedgerMachine(build_ledger(model, seed, level), sink.events, sink.fates)
    if model.topics:
        return LogMachine(build_log(model, seed, level), sink.events, sink.fates)
    return Machine(build(model, seed, level), sink.events, sink.fates)


def _counters(machine: Machine, model: Model) -> Counters:
    if model.ledgers is not None:
        return read_ledger_counters(machine, model)
    return read_log_counters(machine, model) if model.topics else read_counters(machine, model)


def _play(machine: Machine, clock: IntegerEnvironment, world: World, end_ns: int, progress: Progress | None) -> None:
    """Let core and world take turns until the end."""
    before, scheduled = -1, 0
    while True:
        ahead = clock.peek()
        horizon = end_ns if ahead >= end_ns else int(ahead)
        reason = machine.advance(horizon)
        now = int(machine.run["now"])
        world.inbox_taken()
        if now != before:
            before, scheduled = now, int(machine.run["seq"])
        elif int(machine.run["seq"]) - scheduled > _EVENTS_AT_ONCE:
            raise BadInput(
                f"time stands still at {now} ns: {_EVENTS_AT_ONCE:,} events happened, and there is no end to them",
                mend="something goes round without taking any time: give the service, the link or the pause a duration",
            )
        if progress is not None:
            progress(min(1.0, now / end_ns))
        if reason == codes.R_OUTSIDE:
            for stop in machine.stops():
                world.stop(now, *stop)
        elif reason == codes.R_REACHED:
            if horizon == end_ns:
                return
            clock.step()


def _fault(world: World, fault: Fault) -> Generator[Any, Any, None]:
    """One fault of the scenario: it begins, and after a while it is over."""
    yield world.timeout(fault.at_ns)
    world.begin(fault)
    if fault.for_ns > 0:
        yield world.timeout(fault.for_ns)
        world.end(fault)


def _start(clock: IntegerEnvironment, world: World, process: Process) -> None:
    generator = process(world)
    if not isinstance(generator, Generator):
        name = getattr(process, "__name__", repr(process))
        raise BadInput(
            f"{name} is not a generator function", mend="a process yields events, such as world.timeout(1_000_000)"
        )
    clock.process(generator)


def _check_by_hand(model: Model, processes: Sequence[Process]) -> None:
    """Refuse to simulate people who are not there."""
    if processes:
        return
    for producer in model.producers:
        if producer.arrivals.kind == "by_hand" and not (producer.batching and producer.batching.made_by):
            raise BadInput(
                f"producers.{producer.name} publishes by hand, and there is no hand-written process",
                mend="run it from Python: mqlab.run(…, processes=[your_process])",
            )
    for consumer in model.consumers:
        if consumer.service is None:
            raise BadInput(
                f"consumers.{consumer.name} is served by hand, and there is no hand-written process",
                mend="run it from Python: mqlab.run(…, processes=[your_process])",
            )


if not hasattr(simpy.Environment, "schedule"):  # the seam that IntegerEnvironment relies on
    raise EngineError("this version of simpy has no Environment.schedule")
