# Tries to break the parent's reader with lists nested in lists.
# claim: protocol

import os


def add(numbers):
    os.write(4, b"[" * 60_000 + b"\n")
    os.write(4, b'{"a":' * 10_000 + b"\n")


def find(hints):
    value = []
    for _ in range(100_000):
        value = [value]
    return value
