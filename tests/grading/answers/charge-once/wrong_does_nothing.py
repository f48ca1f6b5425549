# Does nothing: breaks nothing, and earns nothing.
# loses: calm: every order is charged once
# loses: a lost acknowledgement charges nobody twice
# loses: a crash at any moment charges nobody twice
# loses: a crash at any moment loses no order
# loses: two desks with the same order charge it once
class Desk:
    def __init__(self, bank):
        pass

    def deliver(self, order, cents, again, line):
        line.ack()
