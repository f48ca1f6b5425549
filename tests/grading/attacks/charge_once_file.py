# Tries to be idempotent by a note on the disk, which a crash does not wipe out.
# claim: restart
# exercise: charge-once

import os


class Desk:
    def __init__(self, bank):
        self.bank = bank
        os.makedirs("/dev/shm/mqlab-attack-orders", exist_ok=True)

    def deliver(self, order, cents, again, line):
        try:
            os.mkdir(f"/dev/shm/mqlab-attack-orders/{order}")
        except FileExistsError:
            pass
        else:
            self.bank.charge(order, cents)
        line.ack()
