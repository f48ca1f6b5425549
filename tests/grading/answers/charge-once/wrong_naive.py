# Charges whatever comes.
# loses: a lost acknowledgement charges nobody twice
# loses: a crash at any moment charges nobody twice
# loses: two desks with the same order charge it once
class Desk:
    def __init__(self, bank):
        self.bank = bank

    def deliver(self, order, cents, again, line):
        self.bank.charge(order, cents)
        line.ack()
