"""Charge once: an idempotent consumer, with crashes between the charge and the acknowledgement.

The bank offers transactions and a column in which each order's number stands once. Charge and note in one transaction
are the cure; what is remembered in the process dies with it, what is noted before or after the charge leaves a gap, and
looking first and acting then lets two desks through at once.
"""

from __future__ import annotations

__all__ = ["EXERCISE", "Bank", "play_breaks", "play_calm", "play_crashes", "play_two_desks"]

from dataclasses import dataclass, field

from mqlab.grading import plain
from mqlab.grading.counterexample import Counterexample
from mqlab.grading.exercise import Case, Exercise, Part
from mqlab.grading.student import Babbled, Student, Tool
from mqlab.grading.worlds.chance import luck, some
from mqlab.grading.worlds.consuming import Consumed, at_each_moment, consume, consume_in_pairs
from mqlab.grading.worlds.showing import blame
from mqlab.grading.worlds.workers import Worker


@dataclass(frozen=True, slots=True)
class Charge:
    """Money taken: from the moment on at which it can no longer be taken back."""

    time_ns: int
    order: int
    cents: int


@dataclass
class Bank:
    """What the bank has on disk: charges, and the column of order numbers in which each stands once."""

    charges: list[Charge] = field(default_factory=list)
    noted: set[int] = field(default_factory=set)

    def line(self, worker: Worker) -> Tool:
        """Open a connection for a worker: a transaction that its former life left open is rolled back."""
        session = _Session(self, worker)
        order, cents = ("order", plain.whole), ("cents", plain.whole)
        return Tool(
            "bank",
            begin=worker.verb("bank", "bank.begin", session.begin),
            known=worker.verb("bank", "bank.known", session.known, order),
            note=worker.verb("bank", "bank.note", session.note, order),
            charge=worker.verb("bank", "bank.charge", session.charge, order, cents),
            commit=worker.verb("bank", "bank.commit", session.commit),
        )


class _Session:
    """One connection to the bank; outside a transaction each verb is one of its own."""

    def __init__(self, bank: Bank, worker: Worker) -> None:
        self.bank, self.worker = bank, worker
        self.open = False
        self.notes: set[int] = set()
        self.owed: list[tuple[int, int]] = []

    def begin(self) -> None:
        if self.open:
            raise Babbled("bank.begin() was called inside a transaction: commit the first one before.")
        self.open = True

    def known(self, order: int) -> bool:
        return order in self.bank.noted or order in self.notes

    def note(self, order: int) -> bool:
        if self.known(order):
            return False
        (self.notes if self.open else self.bank.noted).add(order)
        return True

    def charge(self, order: int, cents: int) -> None:
        self.owed.append((order, cents))
        if not self.open:
            self._take()

    def commit(self) -> bool:
        """Make the transaction last, or nothing of it: if another one has noted the same order meanwhile."""
        if not self.open:
            raise Babbled("bank.commit() was called without bank.begin().")
        self.open = False
        first = not self.notes & self.bank.noted
        if first:
            self.bank.noted |= self.notes
            self._take()
        self.notes, self.owed = set(), []
        return first

    def _take(self) -> None:
        self.bank.charges += [Charge(self.worker.now_ns, order, cents) for order, cents in self.owed]
        self.owed = []


@dataclass
class Played:
    """What the bank has, and how it came to that."""

    prices: list[int]
    bank: Bank
    told: Consumed


def _prices(case: Case) -> list[int]:
    chance = luck(case, "prices")
    return [chance.randrange(100, 10_000) for _ in range(case.size)]


def _play(student: Student, case: Case, *, crashes: frozenset[int] = frozenset(), breaks: frozenset[int] = frozenset(),
          turns: frozenset[int] | None = None) -> Played:  # fmt: skip
    prices, bank = _prices(case), Bank()

    def create(worker: Worker) -> tuple[object, ...]:
        return ("Desk", bank.line(worker))

    def args(order: int, again: bool) -> tuple[object, ...]:
        return (order, prices[order - 1], again)

    if turns is not None:
        told = consume_in_pairs(student, case.size, entry=".deliver", create=create, args=args, turns=turns)
    else:
        told = consume(student, case.size, entry=".deliver", create=create, args=args, crashes=crashes, breaks=breaks)
    return Played(prices, bank, told)


def play_calm(student: Student, case: Case) -> list[Played]:
    """Play it without anything going wrong."""
    return [_play(student, case)]


def play_breaks(student: Student, case: Case) -> list[Played]:
    """Lose acknowledgements; the desk's process lives on."""
    breaks = frozenset([0]) if case.size == 1 else some(case, "breaks", 2 * case.size, 0.5, case.size)
    return [_play(student, case, breaks=breaks)]


def play_crashes(student: Student, case: Case) -> list[Played]:
    """Let the desk's process die: for one order at each of its moments in turn, for more at some of them."""
    if case.size == 1:
        return at_each_moment(lambda at: _play(student, case, crashes=at), lambda played: played.told.moments)
    return [_play(student, case, crashes=some(case, "crashes", 400, 0.15, case.size))]


def play_two_desks(student: Student, case: Case) -> list[Played]:
    """Let two desks get the same order at the same time."""
    if case.size == 1:
        return at_each_moment(lambda at: _play(student, case, turns=at), lambda played: played.told.moments)
    return [_play(student, case, turns=some(case, "turns", 400, 0.25, 400))]


def _once_and_acked(plays: list[Played]) -> Counterexample | None:
    return _doubled(plays) or _lost(plays) or _wrong(plays) or _unacknowledged(plays)


def _doubled(plays: list[Played]) -> Counterexample | None:
    for played in plays:
        first: dict[int, Charge] = {}
        for charge in played.bank.charges:
            if charge.order in first:
                sentence = f"Order {charge.order} was charged twice."
                return _blame(sentence, played, at_ns=charge.time_ns)
            first[charge.order] = charge
    return None


def _lost(plays: list[Played]) -> Counterexample | None:
    for played in plays:
        charged = {charge.order for charge in played.bank.charges}
        for order in range(1, len(played.prices) + 1):
            if order not in charged:
                known = "the broker has forgotten it: it was acknowledged" if played.told.acked(order) else (
                    "it still waits: something before it was never acknowledged"
                )  # fmt: skip
                return _blame(f"Order {order} was never charged, and {known}.", played)
    return None


def _wrong(plays: list[Played]) -> Counterexample | None:
    for played in plays:
        for charge in played.bank.charges:
            price = played.prices[charge.order - 1] if 1 <= charge.order <= len(played.prices) else 0
            if charge.cents != price:
                sentence = f"Order {charge.order} was charged {charge.cents} cents instead of {price}."
                return _blame(sentence, played, at_ns=charge.time_ns)
    return None


def _unacknowledged(plays: list[Played]) -> Counterexample | None:
    for played in plays:
        if played.told.unfinished:
            return _blame("The work is done, but the broker was not told: it keeps the order.", played)
    return None


def _blame(sentence: str, played: Played, *, at_ns: int = -1) -> Counterexample:
    return blame(sentence, played.told.steps, len(played.prices), at_ns=at_ns, lane="bank")


CALM = "calm: every order is charged once"
EXERCISE = Exercise(
    name="charge-once",
    lesson="05-duplication",
    title="Charge once",
    entry="Desk",
    sizes=(1, 2, 3, 5, 8),
    seeds=1,  # one order is played at every moment there is; with more, a size is a draw of its own
    parts=(
        Part(CALM, 1, play_calm, _once_and_acked, hint="Charge the order, then tell the broker with line.ack()."),
        Part(
            "a lost acknowledgement charges nobody twice", 1, play_breaks, _doubled, (CALM,),
            "The same order may come again. How can the desk know that it has charged it already?",
        ),
        Part(
            "a crash at any moment charges nobody twice", 2, play_crashes, _doubled, (CALM,),
            "What the desk remembers in itself is gone after a crash; what stands at the bank is not. "
            "And what if it crashes between the charge and the note?",
        ),
        Part(
            "a crash at any moment loses no order", 2, play_crashes, _lost, (CALM,),
            "Until when must the broker keep the order? And what if the desk crashes between the note and the charge?",
        ),
        Part(
            "two desks with the same order charge it once", 2, play_two_desks, _doubled, (CALM,),
            "Between looking and acting, the other desk may have looked as well. Who can do both in one step?",
        ),
    ),
)  # fmt: skip
