# Tries to go on after its time by handling every signal.
# claim: time

import signal

for number in range(1, 65):
    try:
        signal.signal(number, lambda *args: None)
    except (OSError, ValueError):
        continue
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)


def add(numbers):
    while True:
        pass


def find(hints):
    while True:
        pass
