# Tries to answer one byte at a time, for ever.
# claim: time

import os
import time


def add(numbers):
    while True:
        os.write(4, b" ")
        time.sleep(0.01)


find = add
