# Tries to take all memory, and never give up at an exception.
# claim: memory

held = []


def add(numbers):
    while True:
        try:
            held.append(bytearray(1_000_000))
        except MemoryError:
            continue


find = add
