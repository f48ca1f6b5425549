# Tries to pass for a correct consumer by charging orders that are equal to all others.
# claim: judgement
# exercise: charge-once

class Right(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


class Desk:
    def __init__(self, bank):
        self.bank = bank

    def deliver(self, order, cents, again, line):
        self.bank.note(Right(-1))
        self.bank.charge(Right(-1), Right(0))
        line.ack()
