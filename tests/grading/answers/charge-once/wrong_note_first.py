# Notes the order, then charges it: in between lies a crash.
# loses: a crash at any moment loses no order
class Desk:
    def __init__(self, bank):
        self.bank = bank

    def deliver(self, order, cents, again, line):
        if self.bank.note(order):
            self.bank.charge(order, cents)
        line.ack()
