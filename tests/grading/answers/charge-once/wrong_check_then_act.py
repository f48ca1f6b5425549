# Looks first and acts then: in one transaction, but the note's answer is not heard.
# loses: two desks with the same order charge it once
class Desk:
    def __init__(self, bank):
        self.bank = bank

    def deliver(self, order, cents, again, line):
        if not self.bank.known(order):
            self.bank.begin()
            self.bank.note(order)
            self.bank.charge(order, cents)
            self.bank.commit()
        line.ack()
