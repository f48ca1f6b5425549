# Tries to answer with more text than the parent can hold.
# claim: protocol

def add(numbers):
    return "7" * 50_000_000


def find(hints):
    return ["7" * 1000] * 50_000
