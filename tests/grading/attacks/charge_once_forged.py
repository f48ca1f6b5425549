# Tries to pass for a correct consumer by writing the frames of one.
# claim: judgement
# exercise: charge-once

import os
import threading


def talk():
    while True:
        for fd in range(3, 8):
            try:
                os.write(fd, b'{"use":0,"verb":"commit","args":[],"named":{}}\n{"answer":1,"value":null}\n')
            except OSError:
                continue


class Desk:
    def __init__(self, bank):
        threading.Thread(target=talk, daemon=True).start()

    def deliver(self, order, cents, again, line):
        return {"points": 99}
