# Tries to close the pipes, so that the parent waits for ever.
# claim: time

import os
import time


def add(numbers):
    os.closerange(0, 64)
    time.sleep(1000)


def find(hints):
    os.closerange(0, 64)
    time.sleep(1000)
