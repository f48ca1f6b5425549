# Tries to answer with numbers that compare in strange ways.
# claim: protocol

import os


def add(numbers):
    os.write(4, b'{"answer":1,"value":NaN}\n{"answer":1,"value":-Infinity}\n{"answer":1,"value":1e999}\n')
    return float("nan")


def find(hints):
    return float("inf")
