# Looks, charges, then notes the order: in between lie a crash and another desk.
# loses: a crash at any moment charges nobody twice
# loses: two desks with the same order charge it once
class Desk:
    def __init__(self, bank):
        self.bank = bank

    def deliver(self, order, cents, again, line):
        if not self.bank.known(order):
            self.bank.charge(order, cents)
            self.bank.note(order)
        line.ack()
