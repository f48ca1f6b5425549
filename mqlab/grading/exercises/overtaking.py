"""Overtaking: a checker of order, shown logs of real runs and mutants of them.

A log lists what was done, in that order: [key, number], where number counts the changes of the key from 1 on. Late is
who was first done after a later change of its key. What is missing is not late, and doing it again does not make it so.
"""

from __future__ import annotations

__all__ = ["EXERCISE", "Entry", "Log", "late", "play_again", "play_kept", "play_lossy", "play_mutant", "play_wild"]

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from mqlab.grading import plain
from mqlab.grading.counterexample import Counterexample, Step
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.student import Babbled, Student
from mqlab.grading.worlds.chance import luck

if TYPE_CHECKING:
    from mqlab.model import Model

Entry = tuple[int, int]
"""(key, number): the number-th change of the key."""

_KEYS: Final = 3
_KEPT: Final = """
name: kept
system: rabbitmq
duration: 1 s
drain: 9 s
queues: {rows_0: {}, rows_1: {}, rows_2: {}}
producers:
  table:
    arrivals: {poisson: {rate: 500/s, messages: MESSAGES}}
    message: {key: {uniform: KEYS}}
    to: {routing_key: {by_key: "rows_{key}"}}
consumers:
  first: {queue: rows_0, service: {exponential: 2 ms}}
  second: {queue: rows_1, service: {exponential: 9 ms}}
  third: {queue: rows_2, service: {exponential: 5 ms}}
"""
_WILD: Final = """
name: wild
system: rabbitmq
duration: 1 s
drain: 9 s
queues: {changes: {}}
producers:
  table: {arrivals: {poisson: {rate: 500/s, messages: MESSAGES}}, message: {key: {uniform: KEYS}}}
consumers:
  applier: {queue: changes, count: 4, prefetch: 5, service: {lognormal: {mean: 10 ms, cv: 2}}}
"""


@dataclass(frozen=True)
class Log:
    """What was done, what is late in it, and what the answer says of it."""

    done: tuple[Entry, ...]
    truth: frozenset[Entry]
    said: frozenset[Entry]


def late(done: Iterable[Entry]) -> frozenset[Entry]:
    """Name who was first done after a later one of its key.

    Examples
    --------
    >>> sorted(late([(7, 1), (7, 4), (7, 2), (8, 1), (7, 3), (7, 1)]))
    [(7, 2), (7, 3)]
    """
    highest: dict[int, int] = {}
    seen: set[Entry] = set()
    found: set[Entry] = set()
    for key, number in done:
        if (key, number) not in seen and number < highest.get(key, 0):
            found.add((key, number))
        seen.add((key, number))
        highest[key] = max(highest.get(key, 0), number)
    return frozenset(found)


def _asked(student: Student, done: Sequence[Entry]) -> Log:
    """Show the answer a log, and read what it says."""
    said: list[Any] = plain.listing(
        student.call("overtaken", [list(entry) for entry in done]), "what overtaken(…) returns"
    )
    return Log(tuple(done), late(done), frozenset(_entry(each) for each in said))


def _entry(value: Any) -> Entry:
    pair: list[Any] = plain.listing(value, "an entry of what overtaken(…) returns")
    if len(pair) != 2:
        raise Babbled(f"An entry of what overtaken(…) returns must be [key, number], but it is {plain.show(value)}.")
    return plain.whole(pair[0], "the key"), plain.whole(pair[1], "the number")


@cache
def _run(case: Case, text: str, keys: int) -> tuple[Entry, ...]:
    """Run a scenario and list what was done, in that order: the same for every answer, so it is run once."""
    from mqlab.engines.simulation import SimulationEngine

    trace = SimulationEngine().run(replace(_model(text, case.size, keys), seed=case.seed), level="fates")
    assert trace.fates is not None
    key, order = trace.fates.column("key").tolist(), trace.fates.column("processed_order").tolist()
    counted: dict[int, int] = {}
    rows: list[tuple[int, Entry]] = []
    for number in sorted(range(len(key)), key=trace.fates.column("message").tolist().__getitem__):
        counted[key[number]] = counted.get(key[number], 0) + 1
        rows.append((order[number], (key[number], counted[key[number]])))
    return tuple(entry for _, entry in sorted(rows))


@cache
def _model(text: str, messages: int, keys: int) -> Model:
    """Resolve a scenario, once."""
    from mqlab.scenario import loads

    return loads(text.replace("MESSAGES", str(messages)).replace("KEYS", str(keys))).model


def play_mutant(student: Student, case: Case) -> Log:
    """Show one key in order, but for one change, which the next one has overtaken."""
    done = list(_run(case, _KEPT, 1))
    at = luck(case, "mutant").randrange(len(done) - 1)
    done[at], done[at + 1] = done[at + 1], done[at]
    return _asked(student, done)


def play_wild(student: Student, case: Case) -> Log:
    """Show what four consumers at one queue did to two keys."""
    return _asked(student, _run(case, _WILD, 2))


def play_kept(student: Student, case: Case) -> Log:
    """Show several keys, each with a queue of its own: they pass each other, and none is out of order."""
    return _asked(student, _run(case, _KEPT, _KEYS))


def play_lossy(student: Student, case: Case) -> Log:
    """Show one key in order, with gaps: some changes were lost."""
    chance = luck(case, "lossy")
    done = list(_run(case, _KEPT, 1))
    gone = {chance.randrange(len(done) - 1)}
    gone |= {at for at in range(len(done) - 1) if chance.random() < 0.2}
    return _asked(student, [one for at, one in enumerate(done) if at not in gone])


def play_again(student: Student, case: Case) -> Log:
    """Show one key in order, some of its changes done again after later ones: an acknowledgement was lost."""
    chance = luck(case, "again")
    done = list(_run(case, _KEPT, 1))
    first = chance.randrange(len(done) - 1)
    for at in sorted({first, *(at for at in range(len(done) - 1) if chance.random() < 0.2)}, reverse=True):
        done.insert(at + 2, done[at])
    return _asked(student, done)


def _judged(log: Log) -> Counterexample | None:
    """Compare; tell the log up to the first entry that is missed or wrong."""
    disputed = log.truth ^ log.said
    if not disputed:
        return None
    at = next((at for at, one in enumerate(log.done) if one in disputed), len(log.done) - 1)
    first = log.done[at] if log.done[at] in disputed else min(disputed)
    steps = tuple(
        Step(number * 1_000_000, "consumer", "table", _spelt(one), "bad" if one == first else "plain")
        for number, one in enumerate(log.done[: _last(log, first, at) + 1])
    )
    if first in log.truth:
        said = f"Late: {_spelt(first)}. A later change of its key was done before it. Your checker does not say so."
    else:
        said = f"Your checker says that {_spelt(first)} is late, and {_reason(log, first)}."
    return Counterexample(said, steps, len(log.done))


def _last(log: Log, entry: Entry, at: int) -> int:
    """Find where the story ends: at the last time that the entry was done."""
    return max((place for place, one in enumerate(log.done) if one == entry), default=at)


def _spelt(entry: Entry) -> str:
    return f"change {entry[1]} of key {entry[0]}"


def _reason(log: Log, entry: Entry) -> str:
    if entry not in log.done:
        return "it is not in the log at all: lost, perhaps, but nothing lost is late"
    if log.done.count(entry) > 1:
        return "it is not: it was first done in its turn, and then once more"
    return "it is not: no later change of its key was done before it"


FOUND = "one change that was overtaken is found"
EXERCISE = Exercise(
    name="overtaking",
    lesson="06-ordering",
    title="A checker of order",
    entry="overtaken",
    sizes=(2, 3, 5, 8, 20),
    parts=(
        Part(FOUND, 1, play_mutant, _judged, hint="Keep in mind the highest number that was done so far."),
        Part(
            "all late changes of a wild run are found, and no others", 2, play_wild, _judged, (FOUND,),
            "A change is late if any later one of its key was done before it, not only the one just before.",
        ),
        Part(
            "different keys may pass each other", 1, play_kept, _judged, (FOUND,),
            "Order is a matter within one key. What do you have to remember for each key?",
        ),
        Part(
            "what is lost is not late", 1, play_lossy, _judged, (FOUND,),
            "A gap in the numbers says that something is missing, not that somebody was overtaken.",
        ),
        Part(
            "what is done again is not late", 1, play_again, _judged, (FOUND,),
            "Only the first time counts. How do you know that you have seen a change before?",
        ),
    ),
)  # fmt: skip
