# Takes "delivered again" for "charged already".
# loses: a crash at any moment loses no order
# loses: two desks with the same order charge it once
class Desk:
    def __init__(self, bank):
        self.bank = bank

    def deliver(self, order, cents, again, line):
        if not again:
            self.bank.charge(order, cents)
        line.ack()
