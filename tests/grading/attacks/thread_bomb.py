# Tries to start threads without end.
# claim: processes

import _thread
import time


def add(numbers):
    started = 0
    while True:
        try:
            _thread.start_new_thread(time.sleep, (1000,))
            started += 1
        except RuntimeError:
            if started > 1000:
                return sum(numbers)
            time.sleep(1000)


find = add
