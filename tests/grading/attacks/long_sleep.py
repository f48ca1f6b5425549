# Tries to never come to an end, without any work.
# claim: time

import time


def add(numbers):
    time.sleep(10**6)


find = add
