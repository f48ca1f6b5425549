# Remembers in the process what it has charged.
# loses: a crash at any moment charges nobody twice
# loses: two desks with the same order charge it once
class Desk:
    def __init__(self, bank):
        self.bank = bank
        self.charged = set()

    def deliver(self, order, cents, again, line):
        if order not in self.charged:
            self.bank.charge(order, cents)
            self.charged.add(order)
        line.ack()
