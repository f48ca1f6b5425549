"""Worked examples of processes written by hand: a producer, a consumer and a chaos monkey.

A process is a generator function that takes the world (:class:`mqlab.engines.world.World`). Each function here makes
one; copy it and change it. Chance comes from ``world.draw``, never from a random generator: a draw is a pure
function of the run's seed, a name and a number, so a run with these processes repeats to the last bit too.

    mqlab.run("desk.yaml", processes=[
        steady_producer("clerk", every_ns=10_000_000),
        careful_consumer("desk", work_ns=4_000_000),
        chaos_monkey("broker", every_ns=500_000_000, for_ns=50_000_000),
    ])

where the scenario says ``arrivals: by_hand`` of the producer ``clerk`` and ``service: by_hand`` of the consumer
``desk``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from mqlab.engines.world import World
from mqlab.sampling import ln

__all__ = ["careful_consumer", "chaos_monkey", "steady_producer"]

Running = Generator[Any, Any, None]
Process = Callable[[World], Running]


def steady_producer(name: str, every_ns: int, *, messages: int = -1, tries: int = 3) -> Process:
    """Publish one message each ``every_ns``, and wait for the answer before the next one.

    Parameters
    ----------
    name
        A producer whose arrivals are ``by_hand``.
    every_ns
        Time between the beginnings of two messages, longer if the answer takes longer.
    messages
        Stop after so many; -1: go on to the end of the run.
    tries
        How often to publish the same thing while the answer is no.

    Examples
    --------
    >>> process = steady_producer("clerk", every_ns=10_000_000, messages=3)
    >>> process.__name__
    'clerk'
    """

    def produce(world: World) -> Running:
        made = 0
        while messages < 0 or made < messages:
            due_ns = world.now + every_ns
            for _ in range(tries):
                receipt = world.publish(name, key=made)
                if (yield receipt.settled) != "refused":
                    break
            made += 1
            if world.now < due_ns:
                yield world.timeout(due_ns - world.now)

    produce.__name__ = name
    return produce


def careful_consumer(name: str, work_ns: int, *, fails: float = 0.0) -> Process:
    """Take one delivery after the other, work on it, and acknowledge it when the work is done.

    What it has seen before it acknowledges without doing it again. With probability ``fails`` the work goes wrong,
    and the message goes back to the queue.

    Parameters
    ----------
    name
        A consumer whose service is ``by_hand``.
    work_ns
        Mean time of a piece of work (exponentially distributed).
    fails
        Probability that it goes wrong, drawn anew for each delivery.

    Examples
    --------
    >>> careful_consumer("desk", work_ns=4_000_000, fails=0.01).__name__
    'desk'
    """

    def consume(world: World) -> Running:
        seen: set[int] = set()
        worked = 0
        while True:
            delivery = yield world.receive(name)
            if delivery.message in seen:
                delivery.ack()
                continue
            worked += 1
            yield world.timeout(round(-work_ns * ln(world.draw(f"{name}.work", worked))))
            if world.draw(f"{name}.fails", worked) <= fails:
                delivery.nack()
            else:
                seen.add(delivery.message)
                delivery.ack()

    consume.__name__ = name
    return consume


def chaos_monkey(target: str, every_ns: int, for_ns: int, *, power: bool = False) -> Process:
    """Kill somebody again and again, at random moments, and start it again after a while.

    Parameters
    ----------
    target
        A node, a producer or a consumer: ``broker``, ``stock``, ``stock[2]``.
    every_ns
        Mean time from one restart to the next kill (exponentially distributed).
    for_ns
        How long it stays down.
    power
        Cut the power of a node instead of killing its process: what was not synced is gone, and nobody is told.

    Examples
    --------
    >>> chaos_monkey("broker", every_ns=500_000_000, for_ns=50_000_000).__name__
    'monkey of broker'
    """

    def rampage(world: World) -> Running:
        round_number = 0
        while True:
            yield world.timeout(round(-every_ns * ln(world.draw(f"monkey.{target}", round_number))))
            world.kill(target, power=power)
            yield world.timeout(for_ns)
            world.restart(target)
            round_number += 1

    rampage.__name__ = f"monkey of {target}"
    return rampage
