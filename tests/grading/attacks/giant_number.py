# Tries to make the parent work for hours on one number.
# claim: protocol

import os


def add(numbers):
    os.write(4, b'{"answer":1,"value":' + b"9" * 60_000 + b"}\n")
    return 7**10_000


def find(hints):
    return 10**4000
