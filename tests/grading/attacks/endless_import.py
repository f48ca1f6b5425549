# Tries to never come to an end while it is loaded.
# claim: time

while True:
    pass


def add(numbers):
    return 0
