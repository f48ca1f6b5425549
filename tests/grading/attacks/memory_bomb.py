# Tries to take all memory of the machine.
# claim: memory

def add(numbers):
    held = []
    while True:
        held.append(bytearray(10_000_000))


def find(hints):
    return len("x" * 10**11)
